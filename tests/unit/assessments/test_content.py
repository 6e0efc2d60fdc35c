"""Tests of observations of content on hand-made samples."""

from typing import Any

import numpy as np
import pytest
from planted_traffic import planted

from stillwatch.assessments import content
from stillwatch.assessments.sample import NOTHING, Sample
from stillwatch.links.rows import rows_of_accounts
from stillwatch.sketches.schema import CAPABILITIES, CUES, TOPIC_DIMENSIONS
from stillwatch.sketches.shape import Shape


def sample_of(rows: list[dict[str, Any]], matches: list[tuple[int, int]] | None = None) -> Sample:
    """Return a sample of all accounts and exchanges; matches are pairs of family and account index."""
    made = planted(rows)
    accounts = np.arange(len(made.population.accounts))
    every = rows_of_accounts(made.population, accounts)
    family, account = (np.array([m[k] for m in matches or []], np.int64) for k in (0, 1))
    return Sample(
        made.population, made.entities, accounts, every, every, np.zeros(len(accounts), bool),
        family if matches else NOTHING, account if matches else NOTHING,
    )  # fmt: skip


def cues(**bits: float) -> dict[str, Any]:
    """Return a row's cue bits."""
    return {"cue_bits": [bits.get(name, 0.0) for name in CUES]}


def capability(**shares: int) -> dict[str, Any]:
    """Return a row's capability scores, of 255."""
    return {"capability": [shares.get(name, 0) for name in CAPABILITIES]}


def topic(subject: int) -> dict[str, Any]:
    """Return a row whose topic is one pure subject."""
    vector = [0] * TOPIC_DIMENSIONS
    vector[subject] = 127
    return {"topic": vector}


def test_cues_count_where_they_are_clear() -> None:
    """Three bits make a cue; less is chance speech; one cue says nothing of another."""
    sample = sample_of([{"account": "a", **cues(reasoning_trace=b)} for b in (3.0, 8.0, 2.9, 0.0)])
    assert content.cue_share(sample, "reasoning_trace") == 0.5
    assert content.cue_share(sample, "identity_probe") == 0.0


def test_thinking_tags_count_in_any_zone() -> None:
    """Tags in the prompt, in the system prompt or in the answer count; other tags do not."""
    shapes = (
        Shape.THINKING_TAGS,
        Shape.RESPONSE_THINKING_TAGS | Shape.URL,
        Shape.SYSTEM_THINKING_TAGS,
        Shape.TAGS,
        Shape(0),
    )
    sample = sample_of([{"account": "a", "shape": int(shape)} for shape in shapes])
    assert content.thinking_tag_share(sample) == pytest.approx(3 / 5)


def test_capabilities_are_shares() -> None:
    """Shares add up to one; focus is that of the two largest; what a rival trains on excludes conversation."""
    sample = sample_of(
        [{"account": "a", **capability(code=255)}, {"account": "b", **capability(maths=102, conversation=153)}]
    )
    shares = content.capability_shares(sample)
    assert shares is not None
    assert shares.sum() == pytest.approx(1.0)
    assert content.capability_focus(sample) == pytest.approx(0.5 + 0.3)
    assert content.trainable_share(sample) == pytest.approx(0.5 + 0.2)


def test_own_subjects_are_told_from_a_list_dealt_out() -> None:
    """Accounts that keep to a subject each score 1; subjects dealt at random score near 0 whatever the account."""
    own = sample_of([{"account": f"a{i}", **topic(i)} for i in range(6) for _ in range(5)])
    assert content.own_subjects(own) == pytest.approx(1.0)
    assert content.shared_subject(own) == pytest.approx(0.0)
    rng = np.random.default_rng(0)
    dealt = sample_of([{"account": f"a{i}", **topic(int(rng.integers(6)))} for i in range(20) for _ in range(20)])
    assert content.own_subjects(dealt) < 0.05
    one = sample_of([{"account": f"a{i}", **topic(3)} for i in range(6) for _ in range(3)])
    assert content.shared_subject(one) == pytest.approx(1.0)
    assert content.own_subjects(one) == pytest.approx(0.0)


def test_too_little_to_compare_is_not_known() -> None:
    """Two accounts, single requests and requests without a topic leave the subjects unknown, and no zero."""
    assert (
        content.own_subjects(sample_of([{"account": f"a{i}", **topic(1)} for i in range(2) for _ in range(9)])) is None
    )
    assert content.own_subjects(sample_of([{"account": f"a{i}", **topic(1)} for i in range(9)])) is None
    assert content.own_subjects(sample_of([{"account": f"a{i}"} for i in range(6) for _ in range(5)])) is None


def test_replicas_are_texts_of_several_accounts() -> None:
    """An account that repeats itself makes no replica; later turns and requests without text are left out."""
    rows = [{"account": "a", "prompt_hash": h} for h in (1, 1, 2)] + [
        {"account": "b", "prompt_hash": h} for h in (2, 3)
    ]
    rows += [{"account": "b", "prompt_hash": 1, "turn": 1}, {"account": "a", "prompt_hash": None}]
    assert content.replica_share(sample_of(rows)) == pytest.approx(2 / 5)


def test_one_system_prompt_and_one_tool_set_count_over_all_exchanges() -> None:
    """The commonest of them over every exchange of the slice; having none is no common value."""
    systems = sample_of([{"account": "a", "system_hash": h} for h in (7, 7, 8, None)])
    assert content.one_system_prompt(systems) == 0.5
    tools = sample_of(
        [{"account": "a", "tools_hash": h, "n_tools": n} for h, n in ((7, 2), (7, 2), (None, 0), (None, 0))]
    )
    assert content.one_tool_set(tools) == 0.5
    assert content.tool_share(tools) == 0.5
    assert content.one_tool_set(sample_of([{"account": "a", "n_tools": 0}])) == 0.0


def test_outputs_are_those_of_answered_exchanges() -> None:
    """Failed exchanges without output count neither as short nor towards the typical length."""
    sample = sample_of([{"account": "a", "output_tokens": n} for n in (1, 24, 25, 300, 0, None)])
    assert content.short_output_share(sample) == 0.5
    assert content.median_output_tokens(sample) == pytest.approx(24.5)


def test_a_mixture_of_talk_is_told_from_programmes_that_always_or_never_go_on() -> None:
    """Half of the openings gone on with is 1; all or none is 0; conversations count whole, whoever is in question."""

    def talks(*lengths: int) -> float | None:
        rows = [
            {"account": "a", "conversation_id": f"c{i}" if n else None, "turn": turn if n else None}
            for i, n in enumerate(lengths)
            for turn in range(max(n, 1))
        ]
        return content.mixed_talk(sample_of([*rows, {"account": "a", "conversation_id": "z", "turn": 1}]))

    assert talks(1, 1, 0) == 0.0
    assert talks(3, 5, 2) == 0.0
    assert talks(3, 1, 2, 0) == 1.0
    assert talks(3, 1, 1, 1) == 0.5
    assert content.mixed_talk(sample_of([{"account": "a"}])) is None


def test_turns_and_end_users() -> None:
    """Later turns count from turn 1; a disclosed end user counts by exchange."""
    sample = sample_of(
        [{"account": "a", "turn": t, "end_user_id": u} for t, u in ((0, "u"), (1, None), (2, None), (None, None))]
    )
    assert content.later_turn_share(sample) == 0.5
    assert content.end_user_share(sample) == 0.25


def test_favourites_tell_habits_from_dealing() -> None:
    """Random dealing gives about 1 whatever the volume; accounts with a template of their own give much more."""
    rng = np.random.default_rng(1)
    rows = [{"account": f"a{i:02d}", "hours": i} for i in range(30)]
    dealt = [(int(rng.integers(6)), i) for i in range(30) for _ in range(5 + i)]
    habits = [(i % 6, i) for i in range(30) for _ in range(12)]
    assert content.favourites(sample_of(rows, dealt)) == pytest.approx(1.0, abs=0.4)
    assert content.favourites(sample_of(rows, habits)) > 5
    assert content.favourites(sample_of(rows, [(0, i) for i in range(30)])) is None
    assert content.favourites(sample_of(rows)) is None


def test_the_widest_family_is_by_accounts() -> None:
    """One account's many uses do not make a family wide."""
    rows = [{"account": f"a{i}", "hours": i} for i in range(4)]
    assert content.widest_family(sample_of(rows, [(0, 0)] * 50 + [(1, 0), (1, 1), (1, 2)])) == 0.75
    assert content.widest_family(sample_of(rows)) == 0.0
