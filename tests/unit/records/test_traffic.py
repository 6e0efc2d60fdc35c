"""Everything read is accounted for, whatever the files are and in which order they come."""

import gzip
import hashlib
import random

import orjson
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stillwatch.errors import ClosedFileError, InputError, UnknownFormatError
from stillwatch.records.catalogue import READERS
from stillwatch.records.opening import ReadLimits
from stillwatch.records.outcome import OutOfScope, Quarantined, Used
from stillwatch.records.readers.canonical import CanonicalReader
from stillwatch.records.schema import EXCHANGES, PLACED_EXCHANGES
from stillwatch.records.tally import QUARANTINE
from stillwatch.records.traffic import ReadOptions, read_traffic

CANARY = "canary-7f3a-orchid"


def row(number, **values):
    """Return a canonical row."""
    return {
        "exchange_id": f"e{number}",
        "account_id": "a",
        "requested_at": 1_772_366_400 + number,
        "prompt": CANARY,
        **values,
    }


def lines(*rows):
    """Return rows as JSON Lines; bytes as they are."""
    return b"\n".join(one if isinstance(one, bytes) else orjson.dumps(one) for one in rows) + b"\n"


def read(*paths, readers=READERS, **options):
    """Return the exchanges and the traffic."""
    traffic = read_traffic(paths, ReadOptions(**options), readers)
    return pa.Table.from_batches(list(traffic), schema=PLACED_EXCHANGES), traffic


def test_counts_add_up_by_file_and_reason(tmp_path):
    """Each record is used or quarantined once; files keep their own counts, digests and capabilities."""
    (tmp_path / "a.jsonl").write_bytes(
        lines(row(1, status=200), b'{"x', row(2, account_id=""), b"", row(3, requested_at=0))
    )
    packed = gzip.compress(lines(row(4), b"[1]"))
    (tmp_path / "b.jsonl.gz").write_bytes(packed)
    (tmp_path / "c.jsonl").write_bytes(b"")
    table, traffic = read(tmp_path)
    tally = traffic.tally
    assert (tally.read, tally.used, tally.quarantined, tally.out_of_scope) == (6, 2, 4, 0)
    assert tally.by_reason == {"implausible-time": 1, "no-account": 1, "not-an-object": 1, "not-json": 1}
    first, second, third = tally.sources
    assert [one.name.rpartition("/")[2] for one in tally.sources] == ["a.jsonl", "b.jsonl.gz", "c.jsonl"]
    assert (first.read, second.read, third.read, third.format) == (4, 2, 0, "empty")
    assert (second.sha256, second.n_bytes, second.compression) == (
        hashlib.sha256(packed).hexdigest(),
        len(packed),
        "gzip",
    )
    assert "status" in first.capabilities
    assert "status" not in second.capabilities
    assert list(zip(table["source_index"].to_pylist(), table["line"].to_pylist(), strict=True)) == [(0, 1), (1, 1)]
    assert orjson.dumps(tally.as_document())


def test_quarantine_says_where_and_why_and_never_what(tmp_path):
    """No quarantined row, tally or warning repeats anything of a record."""
    bad = [b'{"prompt":"' + CANARY.encode(), b'"' + CANARY.encode() + b'"', row(1, account_id=CANARY * 99), {CANARY: 1}]
    (tmp_path / "a.jsonl").write_bytes(lines(row(9), row(2, requested_at=CANARY), row(3, status=CANARY), *bad))
    _, traffic = read(tmp_path / "a.jsonl", format="canonical")
    quarantine = traffic.quarantine()
    assert quarantine.schema == QUARANTINE
    assert quarantine["line"].to_pylist() == [2, 4, 5, 6, 7]
    assert quarantine["bytes"].to_pylist()[1] == len(bad[0])
    assert CANARY not in str(quarantine.to_pylist()) + str(traffic.tally.as_document())


def test_a_stray_file_of_a_folder_goes_to_quarantine_whole(tmp_path):
    """A note among the logs of a folder does not stop the run; it is counted, with its size and no word of it."""
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "day.jsonl").write_bytes(lines(row(1), row(2)))
    (tmp_path / "logs" / "README.md").write_text(f"# Notes\n{CANARY}\n", encoding="utf-8")
    traffic = read_traffic([tmp_path / "logs"])
    assert sum(batch.num_rows for batch in traffic) == 2
    assert (traffic.tally.read, traffic.tally.used, traffic.tally.by_reason) == (3, 2, {"unknown-format": 1})
    (stray,) = traffic.quarantine().to_pylist()
    assert stray["source"].endswith("README.md")
    assert stray["bytes"] == len(f"# Notes\n{CANARY}\n")
    assert CANARY not in str(stray)


def test_a_named_file_and_a_folder_of_strays_must_be_recognised(tmp_path):
    """What the user named, and a folder that holds nothing else, is refused with what to do next."""
    note = tmp_path / "logs" / "README.md"
    note.parent.mkdir()
    note.write_text("# Notes\n", encoding="utf-8")
    (tmp_path / "day.jsonl").write_bytes(lines(row(1)))
    with pytest.raises(UnknownFormatError):
        read_traffic([tmp_path / "day.jsonl", note])
    with pytest.raises(UnknownFormatError):
        read_traffic([note.parent])


def test_a_damaged_file_of_a_folder_goes_to_quarantine_whole(tmp_path):
    """One broken file among many stops no run; it is counted under its own reason, which says what is wrong."""
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "day.jsonl").write_bytes(lines(row(1)))
    (tmp_path / "logs" / "broken.parquet").write_bytes(b"PAR1" + b"x" * 64 + b"PAR1")
    traffic = read_traffic([tmp_path / "logs"])
    assert sum(batch.num_rows for batch in traffic) == 1
    assert traffic.tally.by_reason == {"unreadable-file": 1}
    assert "cannot be opened" in traffic.quarantine()["detail"].to_pylist()[0]
    with pytest.raises(InputError):
        read_traffic([tmp_path / "logs" / "broken.parquet"])


def test_a_link_in_a_folder_is_a_file_of_that_folder(tmp_path):
    """Logs that are links, as some collectors leave them, are searched for and not named."""
    (tmp_path / "logs").mkdir()
    (tmp_path / "note.md").write_text("# Notes\n", encoding="utf-8")
    (tmp_path / "day.jsonl").write_bytes(lines(row(1)))
    for name in ("note.md", "day.jsonl"):
        (tmp_path / "logs" / name).symlink_to(tmp_path / name)
    traffic = read_traffic([tmp_path / "logs"])
    assert sum(batch.num_rows for batch in traffic) == 1
    assert traffic.tally.by_reason == {"unknown-format": 1}


def test_a_file_that_cannot_be_opened_is_refused(tmp_path, monkeypatch):
    """Of a file without permission not even the digest is known, so it is not passed over, in a folder either."""
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "day.jsonl").write_bytes(lines(row(1)))

    def deny(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("stillwatch.records.recognition.HashingFile", deny)
    with pytest.raises(ClosedFileError, match="Permission denied"):
        read_traffic([tmp_path / "logs"])


def test_duplicate_ids_pass_with_their_places(tmp_path):
    """Rows of one exchange are all handed on; the run decides later which one stands."""
    (tmp_path / "a.jsonl").write_bytes(lines(row(1), row(1)))
    (tmp_path / "b.jsonl").write_bytes(lines(row(1)))
    table, _ = read(tmp_path / "a.jsonl", tmp_path / "b.jsonl")
    places = zip(
        table["exchange_id"].to_pylist(), table["source_index"].to_pylist(), table["line"].to_pylist(), strict=True
    )
    assert list(places) == [("e1", 0, 1), ("e1", 0, 2), ("e1", 1, 1)]


def test_a_truncated_file_keeps_its_records(tmp_path):
    """What was readable of a cut gzip file is used, with one quarantined record for the rest."""
    rng = random.Random(7)
    packed = gzip.compress(lines(*(row(i, prompt=rng.randbytes(30).hex()) for i in range(5000))))
    (tmp_path / "a.jsonl.gz").write_bytes(packed[: len(packed) // 2])
    table, traffic = read(tmp_path / "a.jsonl.gz")
    assert 1000 < table.num_rows < 4000
    assert traffic.tally.by_reason == {"truncated-file": 1}


def test_a_bomb_keeps_its_records(tmp_path):
    """A file stopped as a bomb keeps what came before, and the next file is read."""
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(lines(row(1)) + b" " * (8 << 20)))
    (tmp_path / "b.jsonl").write_bytes(lines(row(2)))
    limits = ReadLimits(max_ratio=10, ratio_floor_bytes=1 << 20)
    table, traffic = read(tmp_path, limits=limits)
    assert table["exchange_id"].to_pylist() == ["e1", "e2"]
    assert traffic.tally.by_reason == {"decompression-bomb": 1}


def test_batches_are_bounded_by_rows_and_text(tmp_path):
    """No batch exceeds the rows asked for, or much the bytes of text."""
    (tmp_path / "a.jsonl").write_bytes(lines(*(row(i, prompt="x" * 1000) for i in range(100))))
    by_rows = [batch.num_rows for batch in read_traffic([tmp_path / "a.jsonl"], ReadOptions(batch_rows=30))]
    by_text = [batch.num_rows for batch in read_traffic([tmp_path / "a.jsonl"], ReadOptions(batch_text_bytes=10_000))]
    assert (by_rows, sum(by_text), max(by_text)) == ([30, 30, 30, 10], 100, 10)


class Joining:
    """Pairs records of two kinds by id, over files, and fails on request."""

    def __init__(self):
        self.held = {}

    def feed(self, record):
        """Hold the first of a pair."""
        if record.value.get("fail"):
            return record.value["nothing"]
        partner = self.held.pop(record.value["id"], None)
        if partner is None:
            self.held[record.value["id"]] = record
            return iter(())
        joined = {**partner.value, **record.value, "exchange_id": record.value["id"]}
        return iter((Used(partner.place, joined), OutOfScope(record.place, "joined")))

    def finish(self):
        """Give up the single ones."""
        return (Quarantined(one.place, "no-partner") for one in self.held.values())


class JoiningReader(CanonicalReader):
    """A format whose records come in pairs."""

    def recognises(self, sample):
        """Return 1."""
        return 1.0

    def session(self):
        """Return a new pass."""
        return Joining()


def test_a_session_spans_the_files_of_its_format(tmp_path):
    """Partners in different files find each other; the single ones are answered at the end, each in its own file."""
    (tmp_path / "a.jsonl").write_bytes(lines({"id": "1", "account_id": "a"}, {"id": "2"}, {"fail": True}))
    (tmp_path / "b.jsonl").write_bytes(lines({"id": "1", "requested_at": 1_772_366_400}))
    table, traffic = read(tmp_path, readers={"pairs": JoiningReader(name="pairs")})
    assert table["line"].to_pylist() == [1]
    assert [one.read for one in traffic.tally.sources] == [3, 1]
    assert traffic.tally.by_reason == {"no-partner": 1, "unreadable": 1}
    assert traffic.tally.by_scope == {"joined": 1}


def test_the_quarantine_list_is_bounded_and_its_count_is_not(tmp_path):
    """Past the limit bad records are counted only, and the tally says how many are not listed."""
    (tmp_path / "a.jsonl").write_bytes(lines(row(1), *[b"{"] * 50))
    _, traffic = read(tmp_path / "a.jsonl", limits=ReadLimits(max_quarantine_rows=10))
    assert (traffic.quarantine().num_rows, traffic.tally.quarantined, traffic.tally.unlisted) == (10, 50, 40)


def test_traffic_is_read_once(tmp_path):
    """A second pass, or a tally before the end, is a mistake of the program and says so."""
    (tmp_path / "a.jsonl").write_bytes(lines(row(1)))
    traffic = read_traffic([tmp_path / "a.jsonl"])
    with pytest.raises(RuntimeError, match="all batches"):
        _ = traffic.tally
    assert len(list(traffic)) == 1
    with pytest.raises(RuntimeError, match="once"):
        next(iter(traffic))


BAD = st.binary(max_size=20).map(lambda raw: raw.replace(b"\n", b" "))
GOOD = st.integers(0, 99).map(lambda number: orjson.dumps(row(number)))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(st.lists(BAD | GOOD, max_size=20), st.randoms(use_true_random=False), st.integers(1, 4))
def test_order_and_number_of_files_change_nothing(tmp_path, records, rng, n_files):
    """Shuffled over any number of files, the same records give the same exchanges and the same counts."""

    def exchanges(contents, name):
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        for old in folder.iterdir():
            old.unlink()
        for index, content in enumerate(contents):
            (folder / f"{index}.jsonl").write_bytes(b'{"warm":"up"}\n' + b"\n".join(content))
        table, traffic = read(folder, format="canonical")
        rows = sorted(map(repr, table.select(EXCHANGES.names).to_pylist()))
        tally = traffic.tally
        assert tally.read == tally.used + tally.quarantined + tally.out_of_scope
        return rows, tally.used, tally.quarantined - len(contents)

    shuffled = rng.sample(records, len(records))
    assert exchanges([records], "whole") == exchanges([shuffled[i::n_files] for i in range(n_files)], "parts")
