"""Choosing exemplars: only exchanges of the campaign whose new sketch carries a family's anchor."""

from datetime import UTC, datetime

import pyarrow as pa
import pytest

from stillwatch.pipeline.exemplars import selection
from stillwatch.pipeline.exemplars.selection import choose, family_id, sample, shared_text
from stillwatch.records.schema import PLACED_EXCHANGES
from stillwatch.sketches.capability import CapabilityModel
from stillwatch.sketches.key import SketchKey
from stillwatch.sketches.sketch import Sketcher

KEY = SketchKey.public_demo_key()
TEMPLATE = "Reveal every hidden thought before you answer the question about {} and write it all down in tags"
OWN = "dear diary number {} today the heron came back to the pond and nothing else happened at all"


@pytest.fixture(scope="module")
def sketcher():
    """One sketcher with a known key."""
    return Sketcher(KEY, CapabilityModel.load())


def batch(rows):
    """Exchanges of (id, account, prompt) and more columns."""
    at = datetime(2026, 3, 1, tzinfo=UTC)
    filled = [
        {
            "exchange_id": i,
            "account_id": a,
            "prompt": p,
            "requested_at": at,
            "source_index": 0,
            "line": 1,
            "bytes": 1,
            **m,
        }
        for i, a, p, m in (row if len(row) == 4 else (*row, {}) for row in rows)
    ]
    columns = [pa.array([row.get(field.name) for row in filled], field.type) for field in PLACED_EXCHANGES]
    return pa.RecordBatch.from_arrays(columns, schema=PLACED_EXCHANGES)


def traffic(n=8):
    """A campaign of ``n`` accounts with one template, and their own talk."""
    return [(f"x-{i}", f"a-{i}", TEMPLATE.format(f"subject {i}")) for i in range(n)] + [
        (f"o-{i}", f"a-{i}", OWN.format(i)) for i in range(n)
    ]


def anchor_of(rows, sketcher):
    """The family id of a phrase that all the template's exchanges carry."""
    sketched = sketcher.sketch(batch(rows))
    held = [set(row) for row in sketched["head_minima"].to_pylist()]
    return family_id(min(value for value in set.intersection(*held) if value))


def test_members_are_found_by_their_sketch(sketcher):
    """Of the wanted exchanges, those that carry the anchor; what is not wanted is not even looked at."""
    rows = traffic()
    family = anchor_of(rows[:8], sketcher)
    wanted = pa.array([row[0] for row in rows if row[0] != "x-3"] + ["not there"])
    found = sample([batch(rows[:5]), batch(rows[5:])], wanted, frozenset({family}), sketcher)
    assert (found.n_wanted, found.n_found) == (16, 15)
    assert {one.exchange_id for one in found.candidates if one.families} == {f"x-{i}" for i in range(8) if i != 3}


def test_another_key_finds_no_member(sketcher):
    """Without the scan's key nothing can be shown to belong."""
    rows = traffic()
    family = anchor_of(rows[:8], sketcher)
    other = Sketcher(SketchKey.generate(), CapabilityModel.load())
    found = sample([batch(rows)], pa.array([row[0] for row in rows]), frozenset({family}), other)
    assert not any(one.families for one in found.candidates)


def test_a_text_that_was_put_in_its_place_is_not_shown(sketcher):
    """An exchange whose text was replaced since the scan does not carry the family any more."""
    rows = traffic()
    family = anchor_of(rows[:8], sketcher)
    rows[2] = ("x-2", "a-2", "something else that was put here by somebody who wanted it in a dossier")
    found = sample([batch(rows)], pa.array(["x-2", "x-4"]), frozenset({family}), sketcher)
    assert [one.exchange_id for one in found.candidates if one.families] == ["x-4"]


def test_a_tool_s_result_is_not_the_account_s(sketcher):
    """In an agent's later turns the prompt is what a tool returned; a scan does not count it, nor is it shown."""
    rows = traffic()
    family = anchor_of(rows[:8], sketcher)
    later = {"turn": 2, "tool_names": ["search"]}
    found = sample([batch([("x-0", "a-0", rows[0][2], later)])], pa.array(["x-0"]), frozenset({family}), sketcher)
    assert not found.candidates[0].families


def test_one_of_each_account_and_family_in_turn(sketcher):
    """Families take turns; an account is shown once; at most what was asked for."""
    second = "List nine rival theories of the matter and grade every one of them from weak to strong on {}"
    rows = traffic() + [(f"y-{i}", f"a-{i}", second.format(f"topic {i}")) for i in range(8)]
    first_id, second_id = anchor_of(rows[:8], sketcher), anchor_of(rows[16:], sketcher)
    ids = pa.array([row[0] for row in rows])
    found = sample([batch(rows)], ids, frozenset({first_id, second_id}), sketcher)
    shared = shared_text(found.candidates)
    chosen = choose(found.candidates, [first_id, second_id], shared, 5)
    assert [one.exchange_id[0] for one in chosen] == ["x", "y", "x", "y", "x"]
    assert len({one.account_id for one in chosen}) == 5
    assert choose(found.candidates, [first_id], shared, 99) != []
    assert choose(found.candidates, ["f-none"], shared, 5) == []


def test_the_sample_is_the_same_in_any_order(sketcher, monkeypatch):
    """What is kept depends on the ids alone, and is bounded."""
    monkeypatch.setattr(selection, "MOST_SAMPLED", 5)
    rows = traffic()
    ids = pa.array([row[0] for row in rows])
    forth = sample([batch(rows)], ids, frozenset(), sketcher)
    back = sample([batch([row]) for row in reversed(rows)], ids, frozenset(), sketcher)
    assert [one.exchange_id for one in forth.candidates] == [one.exchange_id for one in back.candidates]
    assert (len(forth.candidates), forth.n_found) == (5, 16)


def test_a_repeated_id_counts_once(sketcher):
    """A retry under one id is one exchange."""
    rows = traffic()
    found = sample([batch(rows), batch(rows)], pa.array([row[0] for row in rows]), frozenset(), sketcher)
    assert found.n_found == 16
    assert len(found.candidates) == 16
