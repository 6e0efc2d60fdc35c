"""Tests of the channels of coordination on planted groups."""

import numpy as np
import pytest

from stillwatch.campaigns.control import activity_strata
from stillwatch.campaigns.coordination import (
    TESTED_KINDS,
    assess_coordination,
    burst_statistic,
    channels_of,
    combined_p_value,
    digits_error,
    p_value_of,
    shared_value_statistic,
)
from stillwatch.campaigns.coordination import (
    TestResult as Outcome,
)
from stillwatch.links.identity import Ties
from stillwatch.links.population import MISSING_TIME

N = 1024
HOUR_US = 3_600_000_000
DAY_US = 24 * HOUR_US


def tie_of(pairs: set[tuple[int, int]], column: str = "payment_fingerprint") -> Ties:
    """Return a tie of (value, entity) pairs."""
    value, entity = (np.array(part, np.int32) for part in zip(*sorted(pairs), strict=True))
    return Ties(column, value, entity, tuple(f"v{i}" for i in range(int(value.max()) + 1)))


def brute_burst(times: list[int | None], n_members: int) -> float:
    """Return the burst statistic by trying every pair of times as the ends of the interval."""
    known = sorted(t for t in times if t is not None)
    if len(known) < 3:
        return -64.0
    half = max(-(-len(known) // 2), 3)
    spans = [b - a for a in known for b in known if sum(a <= t <= b for t in known) >= half and b >= a]
    hours = max(min(spans), HOUR_US) / HOUR_US
    return float(-np.log2(hours) + np.log2(len(known) / n_members))


def brute_shared(tie: Ties, group: list[int]) -> float:
    """Return the statistic of shared values with Python sets."""
    held = {e: {int(v) for v, who in zip(tie.value, tie.entity, strict=True) if who == e} for e in group}
    holders = {v: sum(tie.value == v) for v in set(tie.value.tolist())}
    total = 0.0
    for e in group:
        shared = [v for v in held[e] if any(v in held[o] for o in group if o != e)]
        total += max((float(np.log2(N / holders[v])) for v in shared), default=0.0)
    return total


def test_the_burst_statistic_equals_trying_every_interval() -> None:
    """Vectorised over groups and with unknown times, it equals a brute-force oracle."""
    rng = np.random.default_rng(2)
    at_us = rng.integers(0, 30 * DAY_US, 60)
    at_us[rng.random(60) < 0.3] = MISSING_TIME
    at_us[:4] = at_us[4]  # equal to the microsecond
    statistic = burst_statistic(at_us)
    for size in (3, 4, 5, 8, 11):
        groups = np.array([rng.choice(60, size, replace=False) for _ in range(40)])
        wanted = [
            brute_burst([None if at_us[e] == MISSING_TIME else int(at_us[e]) for e in group], size) for group in groups
        ]
        assert statistic(groups) == pytest.approx(wanted)


def test_a_tighter_group_bursts_more_and_an_hour_is_as_tight_as_it_gets() -> None:
    """Shrinking all distances raises the statistic, down to the resolution of an hour."""
    spread = np.arange(10) * DAY_US
    group = np.arange(10)[None, :]
    values = [float(burst_statistic(spread // shrink)(group)[0]) for shrink in (1, 2, 8, 96, 10_000, 10**9)]
    assert values[:4] == sorted(values[:4])
    assert values[-2] == values[-1] == 0.0


def test_shared_values_are_summed_as_sets_say() -> None:
    """The bits of the rarest value that each member shares with another, summed, equal an oracle's for many groups."""
    rng = np.random.default_rng(4)
    tie = tie_of({(int(rng.integers(40)), int(rng.integers(120))) for _ in range(260)})
    statistic = shared_value_statistic(tie, N)
    groups = np.array([rng.choice(120, 9, replace=False) for _ in range(50)])
    assert statistic(groups) == pytest.approx([brute_shared(tie, group.tolist()) for group in groups])


def test_chunks_do_not_change_the_statistic(monkeypatch: pytest.MonkeyPatch) -> None:
    """Groups looked up a few at a time give what they give at once."""
    rng = np.random.default_rng(4)
    tie = tie_of({(int(rng.integers(40)), int(rng.integers(120))) for _ in range(260)})
    groups = np.array([rng.choice(120, 9, replace=False) for _ in range(50)])
    whole = shared_value_statistic(tie, N)(groups)
    monkeypatch.setattr("stillwatch.campaigns.coordination.CHUNK_MEMBERS", 20)
    assert np.array_equal(shared_value_statistic(tie, N)(groups), whole)


def population(seed: int) -> tuple[Ties, dict[str, np.ndarray], np.ndarray]:
    """Return ties, times and activity of strangers: half have a card, some couples share one."""
    rng = np.random.default_rng(seed)
    cards = {(i, int(e)) for i, e in enumerate(rng.choice(N, N // 2, replace=False))}
    couples = rng.choice(N, (60, 2), replace=False)
    cards |= {(N + i, int(e)) for i, couple in enumerate(couples) for e in couple}
    sign_up = rng.integers(0, 400 * DAY_US, N)
    sign_up[rng.random(N) < 0.1] = MISSING_TIME
    times = {"sign_up": sign_up, "first_request": rng.integers(0, 30 * DAY_US, N)}
    return tie_of(cards), times, activity_strata(rng.geometric(0.02, N))


def assess(
    tie: Ties, times: dict[str, np.ndarray], strata: np.ndarray, group: np.ndarray, by: str
) -> dict[str, Outcome]:
    """Return the outcomes of every channel by name."""
    channels = channels_of({tie.column: tie}, N, times)
    return {result.name: result for result in assess_coordination(np.sort(group), channels, strata, by, seed=0)}


def with_pool(seed: int) -> tuple[Ties, dict[str, np.ndarray], np.ndarray, np.ndarray]:
    """Return a population in which twelve entities share three cards and signed up within two days."""
    tie, times, strata = population(seed)
    rng = np.random.default_rng(seed + 1)
    pool = rng.choice(N, 12, replace=False)
    pairs = set(zip(tie.value.tolist(), tie.entity.tolist(), strict=True))
    pairs |= {(2 * N + i // 4, int(e)) for i, e in enumerate(pool)}
    times["sign_up"][pool] = 200 * DAY_US + rng.integers(0, 2 * DAY_US, 12)
    return tie_of(pairs), times, strata, pool


def test_planted_cards_and_sign_ups_are_detected() -> None:
    """A pool of three cards and one burst of sign-ups gets small p-values in just these channels."""
    tie, times, strata, pool = with_pool(20)
    found = assess(tie, times, strata, pool, "content")
    assert found["shared_payment"].p_value < 1e-4
    assert found["sign_up_burst"].p_value < 1e-3
    assert found["first_request_burst"].p_value > 0.01
    assert combined_p_value(tuple(found.values())) < 3e-4
    for result in found.values():
        assert result.n_controls >= 999
        assert not result.is_selection


def test_strangers_are_not_detected() -> None:
    """Groups of strangers, even with a couple that shares a card, stay insignificant."""
    tie, times, strata, _ = with_pool(30)
    rng = np.random.default_rng(99)
    p = [
        combined_p_value(tuple(assess(tie, times, strata, rng.choice(N, 12, replace=False), "content").values()))
        for _ in range(12)
    ]
    assert min(p) > 0.004  # Bonferroni over a dozen groups at 5 in 100


def test_the_channel_that_proposed_a_group_is_shown_and_not_counted() -> None:
    """A group found by its cards has a tiny p-value there, marked as selection, and the combined one ignores it."""
    tie, times, strata, pool = with_pool(40)
    del times["sign_up"]
    found = assess(tie, times, strata, pool, "identity")
    assert found["shared_payment"].is_selection
    assert found["shared_payment"].p_value < 1e-4
    assert not found["first_request_burst"].is_selection
    assert combined_p_value(tuple(found.values())) == found["first_request_burst"].p_value


def test_addresses_are_selection_for_identity_groups_too() -> None:
    """Addresses help to form identity groups, so they are not counted for them; for content groups they are."""
    tie, times, strata, pool = with_pool(50)
    addresses = Ties("ip", tie.value, tie.entity, tie.names)
    for by, expected in (("identity", True), ("content", False)):
        result = assess(addresses, times, strata, pool, by)["shared_ip"]
        assert result.kind == "infrastructure"
        assert result.is_selection == expected


def test_a_referrer_is_an_occasion_and_no_identity() -> None:
    """An invitation brings strangers in under one code: it counts with what happens together, not as a card."""
    tie, times, strata, pool = with_pool(50)
    referrers = Ties("referrer_id", tie.value, tie.entity, tie.names)
    for by, expected in (("identity", True), ("content", False)):
        found = assess(referrers, times, strata, pool, by)
        assert found["shared_referrer"].kind == "occasion"
        assert found["shared_referrer"].is_selection == expected
    counted = tuple(found.values())
    assert p_value_of(counted, TESTED_KINDS["identity"]) is None
    assert (p_value_of(counted, TESTED_KINDS["rhythm"]) or 1.0) < 1e-4


def test_the_combined_p_value_gives_each_kind_of_evidence_an_equal_part() -> None:
    """The smallest times its kind's channels times the kinds that count; more columns of one kind cost another none."""

    def result(p: float, kind: str = "rhythm", *, is_selection: bool = False) -> Outcome:
        return Outcome("n", kind, "null", 0.0, 0.0, 0.0, p, 99, is_selection)

    assert combined_p_value((result(0.01), result(0.4), result(1e-9, is_selection=True))) == pytest.approx(0.02)
    assert combined_p_value((result(0.9), result(0.8))) == 1.0
    assert combined_p_value((result(1e-9, is_selection=True),)) == 1.0
    assert combined_p_value(()) == 1.0
    passed_on = result(0.001, "work_list")
    for n in (1, 9):
        assert combined_p_value((passed_on, *[result(0.5)] * n)) == pytest.approx(0.002)
    identity = (result(0.5, "identity"), result(0.004, "infrastructure"))  # one kind together
    assert combined_p_value((*identity, result(0.5))) == pytest.approx(0.004 * 2 * 2)


def test_turning_to_a_new_model_together_is_seen_and_strangers_turning_is_not() -> None:
    """A pool that moves within hours of a release bursts where its strangers move over two weeks."""
    rng = np.random.default_rng(8)
    first_use = rng.integers(0, 14 * DAY_US, N)
    first_use[rng.random(N) < 0.3] = MISSING_TIME
    pool = np.arange(20)
    first_use[pool[:14]] = 3 * DAY_US + rng.integers(0, 6 * HOUR_US, 14)
    strata = activity_strata(rng.geometric(0.03, N))
    other = rng.integers(0, 14 * DAY_US, N)  # a second release to which nobody turns together
    channels = channels_of({}, N, {}, (other, first_use))
    assert [channel.name for channel in channels] == ["pivot_burst"]
    (planted,) = assess_coordination(pool, channels, strata, "content", 0)
    assert planted.p_value < 1e-4
    p = [assess_coordination(np.sort(rng.choice(N, 20, replace=False)), channels, strata, "content", i)[0].p_value
         for i in range(20)]  # fmt: skip
    assert min(p) > 0.05 / 20 / 5


def test_too_small_a_world_is_not_tested() -> None:
    """Where strangers are too few to compare with, there is no result at all, and so no significance."""
    tie, times, strata, _ = with_pool(60)
    channels = channels_of({tie.column: tie}, N, times)
    assert assess_coordination(np.arange(N // 2 + 1), channels, strata, "content", seed=0) == ()


def test_only_known_columns_make_channels() -> None:
    """Each channel names the columns that it needs, and none is there without them."""
    tie, times, _, _ = with_pool(70)
    names = {channel.name: channel.needs for channel in channels_of({tie.column: tie}, N, times)}
    assert names == {
        "shared_payment": ("payment_fingerprint",),
        "sign_up_burst": ("created_at",),
        "first_request_burst": ("requested_at",),
    }
    assert channels_of({}, N, {}) == ()


def outcome(p_value: float, n_controls: int = 999, *, is_selection: bool = False) -> Outcome:
    """Return a result of identity with this p-value."""
    return Outcome("shared_device", "identity", "", 1.0, 0.0, 0.0, p_value, n_controls, is_selection)


@pytest.mark.parametrize("n_sharing", [2, 4, 8])
def test_the_error_of_a_p_value_is_what_other_controls_make_of_it(n_sharing: int) -> None:
    """Over forty draws of controls, digits of p scatter as their error says, and beyond them all no more."""
    rng = np.random.default_rng(3)
    pairs = {(int(value), entity) for entity, value in enumerate(rng.integers(0, 300, N))}
    pairs |= {(1000 + i // 2, i) for i in range(n_sharing)}
    channels = channels_of({"payment_fingerprint": tie_of(pairs)}, N, {})
    strata, group = activity_strata(np.arange(N)), np.arange(12)
    digits, errors = [], []
    for seed in range(40):
        results = assess_coordination(group, channels, strata, "content", seed)
        digits.append(-np.log10(p_value_of(results, TESTED_KINDS["identity"]) or 1.0))
        errors.append(digits_error(results, TESTED_KINDS["identity"]) or 0.0)
    assert np.std(digits) <= 1.3 * np.mean(errors)
    if np.max(digits) < 2.5:  # all within the controls, where the share of n draws is the whole of it
        assert np.std(digits) >= 0.7 * np.mean(errors)


def test_only_what_was_drawn_has_an_error() -> None:
    """An exact test has none, nor has what does not count; a share of a hundred in a thousand is known to 4%."""
    kinds = TESTED_KINDS["identity"]
    assert digits_error((outcome(1e-5, 0),), kinds) is None
    assert digits_error((), kinds) is None
    assert digits_error((outcome(0.01, is_selection=True),), kinds) is None
    assert digits_error((outcome(0.1), outcome(0.5)), kinds) == pytest.approx(np.sqrt(0.9 / 100) / np.log(10))
    assert digits_error((outcome(1e-3),), kinds) == pytest.approx(np.log10(np.e), abs=1e-3)
    assert digits_error((outcome(1e-8),), kinds) == pytest.approx(np.hypot(np.log10(np.e), 0.5), abs=1e-3)


def censored_times(n: int, seen: np.ndarray, at_us: np.ndarray) -> np.ndarray:
    """Return times of n entities of which those of ``seen`` alone are known."""
    times = np.full(n, MISSING_TIME)
    times[seen] = at_us
    return times


def first_burst(times: np.ndarray, group: np.ndarray) -> Outcome:
    """Return the outcome of the test of first requests for a group."""
    strata = np.zeros(len(times), np.int64)
    channels = channels_of({}, len(times), {"first_request": times}, (), strata)
    (result,) = assess_coordination(group, channels, strata, "content", 1)
    return result


def test_newcomers_among_old_customers_are_no_burst() -> None:
    """Members who all began within the log, weeks apart, are compared with others who did, not with old customers."""
    rng = np.random.default_rng(6)
    seen = np.arange(0, 400)
    times = censored_times(2000, seen, rng.integers(0, 30 * DAY_US, 400))
    assert first_burst(times, np.arange(40)).p_value > 0.05


def test_a_few_who_began_together_are_not_the_group() -> None:
    """Three of forty began within one minute, the others before the log: that is no beginning of the group's."""
    times = censored_times(2000, np.r_[0:3, 100:400], np.r_[1:4, np.linspace(0, 30 * DAY_US, 300)].astype(np.int64))
    assert first_burst(times, np.arange(40)).p_value == 1.0


def test_a_pool_that_began_together_is_seen_beside_its_old_accounts() -> None:
    """Half of a pool began within an hour in the middle of the log; the other half was there before."""
    rng = np.random.default_rng(7)
    at_us = np.r_[15 * DAY_US + rng.integers(0, DAY_US // 24, 20), rng.integers(0, 30 * DAY_US, 400)]
    times = censored_times(2000, np.r_[0:20, 100:500], at_us)
    assert first_burst(times, np.arange(40)).p_value < 1e-3
