"""Tests of shared phrases, through the embedded engine."""

from collections import defaultdict
from pathlib import Path

import numpy as np
from planted_traffic import planted

from stillwatch.links.phrase import shared_phrases


def test_phrases_are_counted_by_entity_as_an_oracle_counts_them(tmp_path: Path) -> None:
    """Which entity used which phrase in how many exchanges equals a count with Python sets."""
    rng = np.random.default_rng(5)
    rows = [{"account": f"a{rng.integers(12)}", "phrases": rng.integers(1, 60, 4).tolist()} for _ in range(100)]
    made = planted(rows)
    truth: dict[int, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for row in rows:
        for phrase in set(row["phrases"]):
            truth[phrase][made.entity(row["account"])] += 1
    with made.tables(tmp_path) as engine:
        found = shared_phrases(engine, least_entities=5)
    assert found.value.tolist() == sorted(phrase for phrase, users in truth.items() if len(users) >= 5)
    assert 0 < len(found.value) < len(truth)
    for i, phrase in enumerate(found.value.tolist()):
        span = slice(found.first[i], found.first[i + 1])
        uses = dict(zip(found.entity[span].tolist(), found.n_exchanges[span].tolist(), strict=True))
        assert uses == truth[phrase]
    assert found.n_entities.tolist() == [len(truth[phrase]) for phrase in found.value.tolist()]


def test_an_entity_counts_once_however_many_accounts_it_has(tmp_path: Path) -> None:
    """Accounts of one verified organisation do not make a phrase shared."""
    facts = [{"account_id": f"s{i}", "organisation_id": "org", "is_verified": True} for i in range(9)]
    made = planted([{"account": f"s{i}", "phrases": [7, 8]} for i in range(9)], facts)
    with made.tables(tmp_path) as engine:
        assert len(shared_phrases(engine, least_entities=2).value) == 0


def test_empty_bins_and_nulls_are_no_phrase(tmp_path: Path) -> None:
    """Texts too short to fill their bins, and requests without system prompt or tools, share nothing by that."""
    made = planted([{"account": f"a{i}", "phrases": [1000 + i]} for i in range(9)])
    with made.tables(tmp_path) as engine:
        assert len(shared_phrases(engine, least_entities=2).value) == 0


def test_whole_texts_and_zones_count_as_phrases(tmp_path: Path) -> None:
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
    with made.tables(tmp_path) as engine:
        found = shared_phrases(engine, least_entities=5)
    assert found.value.tolist() == [21, 22, 23, 24, 2**63 + 1, 2**64 - 1]
    assert found.n_exchanges.tolist() == [1] * 30


def test_what_a_tool_returned_is_nobodys_phrase(tmp_path: Path) -> None:
    """In an agent's later turns the prompt is a tool's result: there the system prompt alone counts."""
    row = {"prompt_hash": 31, "system_hash": 32, "system_minima": [33] + [0] * 7, "phrases": [34]}
    for turn, n_tools, wanted in ((2, 3, [32, 33]), (0, 3, [31, 32, 33, 34]), (2, 0, [31, 32, 33, 34])):
        made = planted([{"account": f"a{i}", **row, "turn": turn, "n_tools": n_tools} for i in range(5)])
        with made.tables(tmp_path) as engine:
            assert shared_phrases(engine, least_entities=5).value.tolist() == wanted
