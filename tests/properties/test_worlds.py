"""Laws of worlds that hold for any parameters."""

from datetime import UTC, datetime

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.worlds.account import DAY_S, Contribution, Ground, Window
from stillwatch.worlds.audit import auc
from stillwatch.worlds.campaign import Campaign
from stillwatch.worlds.campaign_prompts import STRATEGIES, split_zones
from stillwatch.worlds.identity import Population
from stillwatch.worlds.rhythm import DAY_SHAPES, Rhythm, balanced, draw_times, intensity, session_sizes
from stillwatch.worlds.texts import load_texts
from stillwatch.worlds.traffic import render

TEXTS = load_texts("tune")
WINDOW = Window(datetime(2026, 3, 2, tzinfo=UTC), 5, (2.0 * DAY_S,))
GROUND = Ground(TEXTS, WINDOW, Population(TEXTS, WINDOW, np.random.default_rng(0)), ("a", "b", "c"), 0)
SEEDS = st.integers(0, 2**32 - 1)
KNOBS = st.fixed_dictionaries(
    {
        "n_accounts": st.integers(1, 12),
        "per_day": st.floats(0.2, 6),
        "cover": st.sampled_from([0.0, 0.3, 0.8]),
        "strategy": st.sampled_from(sorted(STRATEGIES)),
        "work_list": st.sampled_from(sorted(TEXTS.work_lists)),
        "zone": st.sampled_from(["prompt", "system"]),
        "identity": st.sampled_from(["sloppy", "medium", "clean"]),
        "timing": st.sampled_from(["flat", "office", "human"]),
        "platform": st.sampled_from(["mixed", "api", "console", "bedrock"]),
        "has_ramp": st.booleans(),
        "ban_day": st.sampled_from([None, 2.0]),
        "relay": st.sampled_from([0.0, 0.4]),
        "probe": st.integers(0, 3),
        "leak_share": st.sampled_from([0.0, 0.5, 1.0]),
        "also": st.sampled_from([[], [["work_list", "code"], ["agent_trajectory", "agent"]]]),
    }
)


@settings(max_examples=20, deadline=None)
@given(KNOBS, SEEDS)
def test_any_campaign_renders_soundly(knobs: dict, seed: int) -> None:
    """Whatever the knobs: unique ids, times within window and life, no answer without success, and a truth for each."""
    whole = Contribution()
    for block in (task() for task in Campaign("law", **knobs).tasks(GROUND, np.random.SeedSequence(seed))):
        whole.extend(block)
    made = render(whole, WINDOW, np.random.default_rng(seed))
    rows = made.exchanges.to_pylist()
    assert len({row["exchange_id"] for row in rows}) == len(rows) == len(made.labels) == len(made.groups)
    lives = {row["account_id"]: row for row in made.accounts.to_pylist()}
    for row, label, group in zip(rows, made.labels, made.groups, strict=True):
        life = lives[row["account_id"]]
        assert row["requested_at"] >= max(life["created_at"], WINDOW.start_at)
        if life["banned_at"] is not None and row["requested_at"] >= life["banned_at"]:
            assert row["status"] in (403, 200, 429, 500, 503, 529)
            assert (row["requested_at"] - life["banned_at"]).total_seconds() < 1800
        assert (row["response"] is None) == (row["status"] != 200)
        assert label in ("distillation", "organic", "relay")
        assert (group is None) == (label == "organic")
        assert row["prompt"].strip()


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(sorted(DAY_SHAPES)),
    st.floats(-12, 12),
    st.floats(0, 4 * DAY_S),
    st.floats(3600, DAY_S),
    st.integers(0, 200),
    SEEDS,
)
def test_times_stay_within_a_life(shape, offset, start_s, length_s, n, seed) -> None:
    """Every drawn time lies within an hour of the life it was drawn for, and as many are drawn as asked."""
    rng = np.random.default_rng(seed)
    rhythm = Rhythm(shape, offset, start_s=start_s, end_s=start_s + length_s)
    owner, times = draw_times(intensity(rhythm, WINDOW, rng)[None, :], np.asarray([n]), rng)
    assert len(owner) == len(times) == n
    assert np.all((times >= start_s - 3600) & (times <= start_s + length_s + 3600))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 3000), SEEDS)
def test_sittings_always_add_up(n: int, seed: int) -> None:
    """Sizes of sittings are positive and add up to what was asked."""
    sizes = session_sizes(n, np.random.default_rng(seed))
    assert sizes.sum() == n
    assert np.all(sizes >= 1)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 40), st.integers(0, 400), SEEDS)
def test_a_strict_balancer_never_strays(n_accounts: int, n: int, seed: int) -> None:
    """At full evenness no account is ever two requests ahead of another."""
    dealt = balanced(n_accounts, np.arange(float(n)), np.random.default_rng(seed))
    load = np.bincount(dealt, minlength=n_accounts)
    assert load.max() - load.min() <= 1


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=2, max_size=60))
def test_an_auc_knows_no_direction(pairs: list[tuple[int, bool]]) -> None:
    """Turning the scores round changes nothing, and the value lies between a half and one."""
    scores = np.asarray([float(score) for score, _ in pairs])
    positive = np.asarray([truth for _, truth in pairs])
    value = auc(scores, positive)
    assert (value is None) == (positive.all() or not positive.any())
    if value is not None:
        assert 0.5 <= value <= 1
        assert abs(value - (auc(-scores, positive) or 0)) < 1e-12


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(["Do it.", "{task}", "Answer: {answer}", "", "End."]), min_size=1, max_size=8))
def test_zones_lose_no_slot(lines: list[str]) -> None:
    """The fixed part of a wording has no slot that differs by task, and the varied part keeps each of them."""
    fixed, varied = split_zones("\n".join(lines))
    assert "{task}" not in fixed
    assert "{answer}" not in fixed
    for slot in ("{task}", "{answer}"):
        assert "\n".join(lines).count(slot) <= varied.count(slot)
