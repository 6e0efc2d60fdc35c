"""Tests of shared phrases, indexed here and counted by the embedded engine's SQL."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest
from planted_traffic import Planted, planted

from stillwatch.links import phrase_index
from stillwatch.links.phrase import Phrases, PhraseSource
from stillwatch.links.phrase_index import IndexedPhrases, stable_order
from stillwatch.links.phrase_query import QueriedPhrases
from stillwatch.links.tables import Tables

Source: TypeAlias = Callable[[Tables, Planted], PhraseSource]


class Rows:
    """Rows in batches of a size that no engine would choose."""

    n_threads = 2

    def __init__(self, table: pa.Table) -> None:
        self.table, self.n_rows = table, len(table)

    def batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Yield seven rows at a time."""
        yield from self.table.select(columns).to_batches(7)

    def placed(self, columns: Sequence[str]) -> Iterator[tuple[npt.NDArray[np.int32], pa.RecordBatch]]:
        """Yield seven rows at a time, the last first, and where they stand."""
        for number, batch in reversed(list(enumerate(self.batches(columns)))):
            yield np.arange(7 * number, 7 * number + batch.num_rows, dtype=np.int32), batch


def indexed(tables: Tables, made: Planted) -> PhraseSource:
    """Return an index of the planted rows."""
    del tables
    return IndexedPhrases(Rows(made.table.combine_chunks()), made.entities.of_account)


def queried(tables: Tables, made: Planted) -> PhraseSource:
    """Return what counts the planted rows by SQL, as on a cluster."""
    del made
    return QueriedPhrases(tables)


@pytest.fixture(params=[indexed, queried])
def source(request: pytest.FixtureRequest) -> Source:
    """Return each way to look phrases up in turn."""
    way: Source = request.param
    return way


def shared(source: Source, made: Planted, spill: Path, least_entities: int) -> Phrases:
    """Return the shared phrases of planted traffic."""
    with made.tables(spill) as engine:
        return source(engine, made).shared(least_entities)


def test_phrases_are_counted_by_entity_as_an_oracle_counts_them(tmp_path: Path, source: Source) -> None:
    """Which entity used which phrase in how many exchanges equals a count with Python sets."""
    rng = np.random.default_rng(5)
    rows = [{"account": f"a{rng.integers(12)}", "phrases": rng.integers(1, 60, 4).tolist()} for _ in range(100)]
    made = planted(rows)
    truth: dict[int, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for row in rows:
        for phrase in set(row["phrases"]):
            truth[phrase][made.entity(row["account"])] += 1
    found = shared(source, made, tmp_path, 5)
    assert found.value.tolist() == sorted(phrase for phrase, users in truth.items() if len(users) >= 5)
    assert 0 < len(found.value) < len(truth)
    for i, phrase in enumerate(found.value.tolist()):
        span = slice(found.first[i], found.first[i + 1])
        uses = dict(zip(found.entity[span].tolist(), found.n_exchanges[span].tolist(), strict=True))
        assert uses == truth[phrase]
    assert found.n_entities.tolist() == [len(truth[phrase]) for phrase in found.value.tolist()]


def test_an_entity_counts_once_however_many_accounts_it_has(tmp_path: Path, source: Source) -> None:
    """Accounts of one verified organisation do not make a phrase shared."""
    facts = [{"account_id": f"s{i}", "organisation_id": "org", "is_verified": True} for i in range(9)]
    made = planted([{"account": f"s{i}", "phrases": [7, 8]} for i in range(9)], facts)
    assert len(shared(source, made, tmp_path, 2).value) == 0


def test_empty_bins_and_nulls_are_no_phrase(tmp_path: Path, source: Source) -> None:
    """Texts too short to fill their bins, and requests without system prompt or tools, share nothing by that."""
    made = planted([{"account": f"a{i}", "phrases": [1000 + i]} for i in range(9)])
    assert len(shared(source, made, tmp_path, 2).value) == 0


def test_whole_texts_and_zones_count_as_phrases(tmp_path: Path, source: Source) -> None:
    """The hash of a system prompt or a prompt is a phrase, so is a minimum of any zone; tool sets are none."""
    row = {
        "system_hash": 2**63 + 1,
        "prompt_hash": 2**64 - 1,
        "tools_hash": 13,
        "system_minima": [21] + [0] * 7,
        "head_minima": [22] + [0] * 7,
        "tail_minima": [23] + [0] * 7,
        "phrases": [24, 22],
    }
    made = planted([{"account": f"a{i}", **row} for i in range(5)])
    found = shared(source, made, tmp_path, 5)
    assert found.value.tolist() == [21, 22, 23, 24, 2**63 + 1, 2**64 - 1]
    assert found.n_exchanges.tolist() == [1] * 30


def test_what_a_tool_returned_is_nobodys_phrase(tmp_path: Path, source: Source) -> None:
    """In an agent's later turns the prompt is a tool's result: there the system prompt alone counts."""
    row = {"prompt_hash": 31, "system_hash": 32, "system_minima": [33] + [0] * 7, "phrases": [34]}
    for turn, n_tools, wanted in ((2, 3, [32, 33]), (0, 3, [31, 32, 33, 34]), (2, 0, [31, 32, 33, 34])):
        made = planted([{"account": f"a{i}", **row, "turn": turn, "n_tools": n_tools} for i in range(5)])
        assert shared(source, made, tmp_path, 5).value.tolist() == wanted


def test_exchanges_that_carry_phrases_of_a_group_are_those_that_an_oracle_finds(
    tmp_path: Path, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For each group of phrases, every exchange that carries any of them comes once, with how many it carries."""
    monkeypatch.setattr(phrase_index, "POSTINGS_AT_ONCE", 30)  # several blocks of groups
    rng = np.random.default_rng(6)
    rows = [{"account": f"a{rng.integers(12)}", "phrases": rng.integers(1, 60, 4).tolist()} for _ in range(100)]
    made = planted(rows)
    said = [set(row) - {0} for row in made.table["body_minima"].to_pylist()]
    with made.tables(tmp_path) as engine:
        looked_up = source(engine, made)
        value = looked_up.shared(5).value
        group = rng.integers(0, 4, len(value))
        member = np.argsort(group, kind="stable")
        first = np.searchsorted(group[member], np.arange(5))
        found = list(looked_up.carried(member, first))
    carried = [np.concatenate(column).tolist() for column in zip(*found, strict=True)]
    of_group = [set(value[group == number].tolist()) for number in range(4)]
    wanted = [(g, row, len(said[row] & of_group[g])) for g in range(4) for row in range(100) if said[row] & of_group[g]]
    assert list(zip(*carried, strict=True)) == wanted


def test_an_index_depends_on_neither_parts_nor_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many parts there are and wherever they rest, the phrases, their uses and their postings are the same."""
    rng = np.random.default_rng(7)
    values = rng.integers(1, 2**64, 50, dtype=np.uint64)
    rows = [{"account": f"a{rng.integers(20)}", "phrases": rng.choice(values, 5).tolist()} for _ in range(300)]
    facts = [{"account_id": f"a{i}", "organisation_id": "org", "is_verified": True} for i in range(0, 20, 6)]
    made = planted(rows, facts)
    found = []
    for pairs, held, folder in ((200_000, 2**26, None), (30, 2**26, None), (100, 64, tmp_path)):
        monkeypatch.setattr(phrase_index, "PART_PAIRS", pairs)
        monkeypatch.setattr("stillwatch.links.spill.HELD_BYTES", held)
        index = IndexedPhrases(Rows(made.table.combine_chunks()), made.entities.of_account, folder)
        phrases = index.shared(3)
        one_group = np.array([0, len(phrases.value)])
        parts = (phrases.value, phrases.first, phrases.entity, phrases.n_exchanges)
        found.append(
            [np.array(part).tolist() for part in (*parts, *next(index.carried(np.arange(one_group[1]), one_group)))]
        )
    assert len(found[0][0]) > 20
    assert found[0] == found[1] == found[2]


def test_places_sort_phrases_that_differ_in_their_last_bits_only() -> None:
    """Phrases that agree in all leading bits are told apart, and equal ones stay in their order."""
    base = np.uint64(0xDEADBEEF) << np.uint64(32)
    phrase = base + np.array([3, 1, 2, 1, 3, 0, 0, 2], np.uint64)
    assert stable_order(phrase).tolist() == np.argsort(phrase, kind="stable").tolist()
    apart = np.array([9, 5, 9, 5, 1], np.uint64) << np.uint64(50)
    assert stable_order(apart).tolist() == [4, 1, 3, 0, 2]
    assert stable_order(phrase[:0]).tolist() == []
