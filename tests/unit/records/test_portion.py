"""Traffic read in portions: the same exchanges, counts and quarantine as read whole."""

import dataclasses
import pickle
from pathlib import Path

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stillwatch.records.outcome import Place, Record
from stillwatch.records.portion import ROW_BY_ROW, counted, portions_of
from stillwatch.records.readers.canonical import Cut
from stillwatch.records.schema import EXCHANGES
from stillwatch.records.tally import QUARANTINE
from stillwatch.records.traffic import ReadOptions, Traffic, read_traffic

GATEWAYS = Path(__file__).parents[2] / "fixtures" / "gateways"
SMALL = ReadOptions(cut=Cut(run_bytes=4_000))


def rows(n: int, seed: int = 0) -> pa.Table:
    """Return exchanges of which every seventh has no account."""
    rng = np.random.default_rng(seed)
    made = [
        {
            "exchange_id": f"{seed}-{i}",
            "account_id": None if i % 7 == 3 else f"a{i % 5}",
            "requested_at": 1_772_000_000_000_000 + i,
            "prompt": "".join(rng.choice(list("abc "), 60)),
            "turn": -1 if i % 11 == 0 else 0,
        }
        for i in range(n)
    ]
    return pa.Table.from_pylist([dict.fromkeys(EXCHANGES.names) | one for one in made], schema=EXCHANGES)


def read_whole(paths: list[Path], options: ReadOptions) -> tuple[pa.Table, Traffic]:
    """Return all exchanges of some files, and the traffic that was read."""
    traffic = read_traffic(paths, options)
    batches = list(traffic)
    return pa.Table.from_batches(batches), traffic


def read_apart(paths: list[Path], options: ReadOptions) -> tuple[pa.Table, Traffic, int]:
    """Return the same, read by portions as workers would, last portion first; and how many portions there were."""
    traffic = read_traffic(paths, options)
    portions = portions_of(traffic)
    reports, tables, listed = {}, {}, {}
    for number, portion in reversed(list(enumerate(portions))):
        mine = pickle.loads(pickle.dumps(portion)).traffic()
        index = pa.array(portion.indexes, pa.int32())
        batches = [
            batch.set_column(
                batch.schema.get_field_index("source_index"), "source_index", index.take(batch["source_index"])
            )
            for batch in mine
        ]
        tables[number] = pa.Table.from_batches(batches) if batches else None
        reports[number] = orjson.loads(orjson.dumps(mine.report()))
        listed[number] = mine.quarantine_as_met()
    ordered = [reports[number] for number in range(len(portions))]
    kept = [number for number, counts in enumerate(counted(portions, ordered)) if counts]
    quarantine = pa.concat_tables([QUARANTINE.empty_table(), *(listed[number] for number in kept)])
    traffic.absorb([(reports[number], portions[number].indexes) for number in kept], quarantine)
    return pa.concat_tables([tables[n] for n in kept if tables[n] is not None]), traffic, len(portions)


def assert_same(paths: list[Path], options: ReadOptions) -> int:
    """Compare both ways; return the number of portions."""
    whole, one = read_whole(paths, options)
    apart, other, n_portions = read_apart(paths, options)
    keys = [(name, "ascending") for name in ("source_index", "line", "exchange_id")]
    assert apart.sort_by(keys).equals(whole.sort_by(keys))
    assert other.tally.as_document() == one.tally.as_document()
    assert other.quarantine().equals(one.quarantine())
    return n_portions


def test_a_file_is_cut_between_row_groups(tmp_path: Path) -> None:
    """Rows, lines, warnings, quarantine and digest of a cut file are those of the whole."""
    pq.write_table(rows(500), tmp_path / "a.parquet", row_group_size=40)
    (tmp_path / "b.jsonl").write_text('{"exchange_id": "x", "account_id": "a", "requested_at": 1772000000}\nbroken\n')
    assert assert_same([tmp_path / "a.parquet", tmp_path / "b.jsonl"], SMALL) >= 4


def test_what_lies_behind_damage_does_not_count(tmp_path: Path) -> None:
    """A damaged row group ends its file for every reader, although other workers could read what follows."""
    path = tmp_path / "a.parquet"
    pq.write_table(
        rows(500), path, row_group_size=40, use_dictionary=False, compression="none", write_page_checksum=False
    )
    metadata = pq.read_metadata(path)
    column = next(i for i in range(metadata.num_columns) if metadata.schema.column(i).path == "exchange_id")
    chunk = metadata.row_group(6).column(column)
    with path.open("r+b") as file:
        file.seek(chunk.data_page_offset)
        file.write(b"\xff" * min(chunk.total_compressed_size, 64))
    named = dataclasses.replace(SMALL, format="canonical")  # its first rows, all in one batch, are no sample
    assert assert_same([path], named) >= 4
    _, traffic = read_whole([path], named)
    assert traffic.tally.by_reason["corrupt-file"] == 1
    assert 0 < traffic.tally.used < 400


@pytest.mark.parametrize("limit", [0, 5, 40, 71, 72])
def test_the_limit_of_the_quarantine_holds_for_all_portions_together(tmp_path: Path, limit: int) -> None:
    """As many records are listed as when read whole; the others are counted."""
    pq.write_table(rows(500), tmp_path / "a.parquet", row_group_size=40)
    limits = dataclasses.replace(SMALL.limits, max_quarantine_rows=limit)
    assert_same([tmp_path / "a.parquet"], dataclasses.replace(SMALL, limits=limits))


def test_files_whose_records_are_joined_stay_together() -> None:
    """Every gateway's log gives the same in portions; a format that joins lines is one portion."""
    paths = sorted(
        path for path in GATEWAYS.iterdir() if path.is_file() and path.suffix in (".jsonl", ".parquet", ".pb")
    )
    assert_same(paths, SMALL)
    portions = portions_of(read_traffic(paths, SMALL))
    readers = [portion.recognitions[0].reader for portion in portions]
    joined = [reader.name for reader in readers if reader is not None and not isinstance(reader, ROW_BY_ROW)]
    assert len(joined) == len(set(joined)) >= 5
    assert sorted(index for portion in portions for index in portion.indexes) == list(range(len(paths)))


def test_readers_that_are_cut_judge_each_record_alone() -> None:
    """A record fed to a pass of its own has the outcomes that it has among all others."""
    n_seen = 0
    for one in read_traffic([GATEWAYS]).recognitions:
        if one.reader is None or not isinstance(one.reader, ROW_BY_ROW) or one.form.container != "json-lines":
            continue
        values = [orjson.loads(line) for line in one.source.path.read_bytes().splitlines() if line.strip()]
        together = one.reader.session()
        for number, value in enumerate(values):
            record = Record(Place("log", number + 1, 1), value)
            alone = one.reader.session()
            assert list(together.feed(record)) == [*alone.feed(record), *alone.finish()], number
            n_seen += 1
        assert list(together.finish()) == []
    assert n_seen > 0
