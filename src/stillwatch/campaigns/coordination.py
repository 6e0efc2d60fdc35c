"""Tests of coordination: does a group share, sign up, start, stop and turn to a new model as strangers would not?

Each statistic is computed on the group and on matched controls; a channel that proposed the group is computed too,
and shown, but never counted. Each kind of evidence (identity, rhythm, work list) gets an equal part of the level, and
each counted channel an equal part of its kind's: a weighted Bonferroni, valid whatever the dependence between channels
and however many columns a log happens to have (Genovese, Roeder and Wasserman 2006, with weights fixed beforehand).

Source: ours: docs/decisions/0006-group-tests.md.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np

from stillwatch.campaigns.control import Pool, draw_controls, tail_p_value
from stillwatch.links.identity import ADDRESS_TIE, Ties
from stillwatch.links.population import MISSING_TIME, BoolArray, CodeArray, FloatArray, IntArray
from stillwatch.links.rows import distinct

Statistic: TypeAlias = Callable[[IntArray], FloatArray]
"""From (c, m) groups of entities to (c,) values; larger is more coordinated."""

LEAST_SEEN: Final = (
    0.25  # of the members were seen to begin, or stop: three of a hundred do not make it a group's burst
)
BURST_SHARE: Final = 0.5  # of the members: two pools, one replacing the other, still have half their sign-ups together
LEAST_TIMES: Final = 3  # two may always be close
NO_BURST: Final = -64.0  # bits: less than any times can score
N_CONTROLS: Final = 999
ERROR_OF_SCALE: Final = 0.1  # one over the root of the hundred controls in the upper tenth that it is estimated from
CHUNK_MEMBERS: Final = 500_000  # entities looked up at once: bounds memory whatever the size of a group
TESTED_KINDS: Final[Mapping[str, tuple[str, ...]]] = {
    "identity": ("identity", "infrastructure"),
    "rhythm": ("rhythm", "occasion"),
    "work_list": ("work_list",),
}
"""The kinds of evidence that share the level equally, and the kinds of channels that each consists of.

A referrer is an occasion: an invitation, a course or a launch brings strangers in under one code, in one week.
"""
KIND_OF_TIE: Final[Mapping[str, str]] = {ADDRESS_TIE: "infrastructure", "referrer_id": "occasion"}  # others: identity
CENSORED: Final = ("first_request", "last_request")  # times that a log's edge may stand for
FORM_TOGETHER: Final = ("infrastructure", "occasion")  # identity and these propose together
DAY_US: Final = 86_400_000_000
HOUR_US: Final = 3_600_000_000


@dataclass(frozen=True, slots=True)
class Channel:
    """One way in which a group may be coordinated.

    Args:
        name: stable identifier.
        kind: ``identity``, ``infrastructure``, ``occasion``, ``rhythm`` or ``work_list``.
        null: the null in words.
        needs: the columns it needs.
        statistic: the function.
        quantum: the smallest step that it can take.
        among: for what some entities alone show: who does, (n_entities,), and the pool of them. Members who do are then
            compared with as many strangers who do.
    """

    name: str
    kind: str
    null: str
    needs: tuple[str, ...]
    statistic: Statistic
    quantum: float
    among: tuple[BoolArray, Pool] | None = None


@dataclass(frozen=True, slots=True)
class TestResult:
    """A channel's outcome for one group; see ``dossiers.case.GroupTest`` for the fields' meaning.

    ``drawn`` is what ``n_controls`` of were drawn, in words.
    """

    name: str
    kind: str
    null: str
    statistic: float
    null_mean: float
    null_high: float
    p_value: float
    n_controls: int
    is_selection: bool
    drawn: str = "groups of strangers with the same activity"


def shared_value_statistic(tie: Ties, n_entities: int, beside: IntArray | None = None) -> Statistic:
    """Return the statistic of one tie: the sum, over members, of the bits of the rarest value shared with another.

    Bits of a value are ``log2(N / n)`` over the whole population, so that what strangers share weighs little in group
    and controls alike. Sharing with one of the entities ``beside``, none of which is in a group, counts as well.
    """
    bits = np.log2(n_entities / np.maximum(tie.n_entities(), 1))
    value, first = tie.shared_by_entity(n_entities)
    is_beside = np.zeros(n_entities, bool)
    is_beside[beside if beside is not None else []] = True
    n_beside = np.bincount(tie.value[is_beside[tie.entity]], minlength=len(bits))

    def of_chunk(groups: IntArray) -> FloatArray:
        n, m = groups.shape
        member, held = _values_of(groups.ravel(), first, value)
        shared = _is_repeated((member // m) * len(bits) + held) | (n_beside[held] >= 1)
        best = np.zeros(n * m)
        np.maximum.at(best, member[shared], bits[held[shared]])
        return np.asarray(best.reshape(n, m).sum(axis=1), np.float64)

    def statistic(groups: IntArray) -> FloatArray:
        step = max(CHUNK_MEMBERS // groups.shape[1], 1)
        return np.concatenate([of_chunk(groups[start : start + step]) for start in range(0, len(groups), step)])

    return statistic


def _is_repeated(values: IntArray) -> BoolArray:
    """Return which values occur more than once: few do, so that those are looked for and no value is counted."""
    ordered = np.sort(values)
    repeated = distinct(ordered[1:][ordered[1:] == ordered[:-1]])
    if not len(repeated):
        return np.zeros(len(values), bool)
    place = np.minimum(np.searchsorted(repeated, values), len(repeated) - 1)
    return np.asarray(repeated[place] == values, np.bool_)


def _values_of(members: IntArray, first: IntArray, value: CodeArray) -> tuple[IntArray, IntArray]:
    """Return (position in ``members``, value) of every value that each of ``members`` holds."""
    lengths = first[members + 1] - first[members]
    position = np.repeat(np.arange(len(members)), lengths)
    offset = np.arange(int(lengths.sum())) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    return position, value[np.repeat(first[members], lengths) + offset].astype(np.int64)


def burst_statistic(at_us: IntArray) -> Statistic:
    """Return the statistic of simultaneity: minus log2 of the hours that hold half of the group's times.

    Args:
        at_us: one time an entity, ``MISSING_TIME`` where not known; members without a time are left out, and a group
            with fewer than three times scores the lowest possible.
    """
    never = np.int64(1) << np.int64(60)  # sorts after every real time
    known_us = np.where(at_us == MISSING_TIME, never, at_us)

    def statistic(groups: IntArray) -> FloatArray:
        times = np.sort(known_us[groups], axis=1)
        known = np.count_nonzero(times < never, axis=1)
        result = np.full(len(groups), NO_BURST)
        for n in np.unique(known[known >= LEAST_TIMES]):
            rows = known == n
            half = max(int(np.ceil(n * BURST_SHARE)), LEAST_TIMES)
            of_rows = times if rows.all() else times[rows]
            spans = of_rows[:, half - 1 : n] - of_rows[:, : n - half + 1]
            result[rows] = -np.log2(np.maximum(spans.min(axis=1), HOUR_US) / HOUR_US) + np.log2(n / groups.shape[1])
        return result

    return statistic


def pivot_statistic(first_use_us: tuple[IntArray, ...]) -> Statistic:
    """Return the statistic of turning to a new model: the tightest burst of first uses over the models.

    Args:
        first_use_us: for each new model, every entity's first use of it, ``MISSING_TIME`` for never.
    """
    bursts = [burst_statistic(at_us) for at_us in first_use_us]

    def statistic(groups: IntArray) -> FloatArray:
        return np.asarray(np.max([burst(groups) for burst in bursts], axis=0), np.float64)

    return statistic


def channels_of(
    ties: Mapping[str, Ties],
    n_entities: int,
    times: Mapping[str, IntArray],
    first_use_us: tuple[IntArray, ...] = (),
    strata: IntArray | None = None,
) -> tuple[Channel, ...]:
    """Return the channels that this population's columns allow.

    Args:
        ties: from ``links.identity``.
        n_entities: entities in all.
        times: of ``sign_up``, ``first_request``, ``last_request`` and ``ban``, those that are known.
        first_use_us: of each model that appeared within the log, every entity's first use.
        strata: activity of every entity, where first and last requests are those that were seen to be so: they are
            compared among entities of which they were; see ``censoring``. Null where all of them are.
    """
    matched = "strangers with the same activity"
    found = [
        Channel(
            f"shared_{column.removesuffix('_fingerprint').removesuffix('_id')}",
            KIND_OF_TIE.get(column, "identity"),
            f"{matched} share values of {column} as often",
            (column,),
            shared_value_statistic(tie, n_entities),
            2 * float(np.log2(max(n_entities, 2))),  # one more pair that shares
        )
        for column, tie in ties.items()
    ]
    words = {
        "sign_up": ("created_at", "signed up as close together"),
        "first_request": ("requested_at", "began to send as close together"),
        "last_request": ("requested_at", "fell silent as close together"),
        "ban": ("banned_at", "were banned as close together"),
    }
    for name, at_us in times.items():
        is_seen = at_us != MISSING_TIME
        is_censored = strata is not None and name in CENSORED
        among = (is_seen, Pool.of(strata, np.flatnonzero(is_seen))) if strata is not None and is_censored else None
        null = f"{matched} {words[name][1]}"
        found.append(Channel(f"{name}_burst", "rhythm", null, (words[name][0],), burst_statistic(at_us), 0.1, among))
    if first_use_us:
        null = f"{matched} turned to a new model as close together"
        found.append(Channel("pivot_burst", "rhythm", null, ("model",), pivot_statistic(first_use_us), 0.1))
    return tuple(found)


def assess_elsewhere(
    outsiders: IntArray,
    proposed: IntArray,
    ties: Mapping[str, Ties],
    strata: IntArray,
    seed: int,
    everyone: Pool | None = None,
) -> tuple[TestResult, ...]:
    """Return whether users of a group's families who had no part in proposing it share values with it.

    For a group that identity proposed: its own ties cannot count, those of ``outsiders``, whom content alone chose, do.
    The null is that they are a random draw of equal activity from all entities that were not proposed.
    """
    pool = everyone or Pool.of(strata, np.arange(len(strata)))
    controls = draw_controls(outsiders, strata, pool.without(proposed), N_CONTROLS, seed) if len(outsiders) else None
    if controls is None:
        return ()
    results = []
    for column, tie in ties.items():
        statistic = shared_value_statistic(tie, len(strata), proposed)
        value, null = float(statistic(outsiders[None, :])[0]), statistic(controls)
        results.append(
            TestResult(
                f"shared_{column.removesuffix('_fingerprint').removesuffix('_id')}_elsewhere",
                KIND_OF_TIE.get(column, "identity"),
                f"strangers with the same activity share values of {column} with the group as often",
                value,
                float(np.mean(null)),
                float(np.quantile(null, 0.99)),
                tail_p_value(value, null, float(np.log2(max(len(strata), 2)))),
                len(null),
                False,
            )
        )
    return tuple(results)


def assess_coordination(
    group: IntArray, channels: tuple[Channel, ...], strata: IntArray, selected_by: str, seed: int,
    everyone: Pool | None = None,
) -> tuple[TestResult, ...]:  # fmt: skip
    """Return the outcome of every channel for one group; empty where there are too few strangers to compare with.

    ``everyone`` is the pool of all entities, for who tests many groups.
    """
    controls = draw_controls(group, strata, everyone or np.arange(len(strata)), N_CONTROLS, seed)
    if controls is None:
        return ()
    results = []
    for channel in channels:
        members, drawn = (group, controls) if channel.among is None else _seen(group, channel.among, strata, seed)
        is_selection = channel.kind == selected_by or (selected_by == "identity" and channel.kind in FORM_TOGETHER)
        if drawn is None:
            results.append(
                TestResult(channel.name, channel.kind, channel.null, NO_BURST, NO_BURST, NO_BURST, 1.0, 0, is_selection)
            )
            continue
        value = float(channel.statistic(members[None, :])[0])
        null = channel.statistic(drawn)
        results.append(
            TestResult(
                channel.name,
                channel.kind,
                channel.null,
                value,
                float(np.mean(null)),
                float(np.quantile(null, 0.99)),
                tail_p_value(value, null, channel.quantum),
                len(null),
                is_selection,
            )
        )
    return tuple(results)


def _seen(
    group: IntArray, among: tuple[BoolArray, Pool], strata: IntArray, seed: int
) -> tuple[IntArray, IntArray | None]:
    """Return the members who show what a channel looks at, and as many strangers who do; null where too few do."""
    is_seen, pool = among
    members = group[is_seen[group]]
    if len(members) < max(LEAST_TIMES, LEAST_SEEN * len(group)):
        return members, None
    return members, draw_controls(members, strata, pool, N_CONTROLS, seed)


def combined_p_value(results: tuple[TestResult, ...]) -> float:
    """Return the group's p-value, at most 1: the smallest of its kinds' times the number of kinds that count."""
    of_kind = [p_value_of(results, kinds) for kinds in TESTED_KINDS.values()]
    counted = [p for p in of_kind if p is not None]
    return min(1.0, min(counted) * len(counted)) if counted else 1.0


def p_value_of(results: tuple[TestResult, ...], kinds: tuple[str, ...]) -> float | None:
    """Return the Bonferroni p-value over the counted channels of some kinds; null where none was counted."""
    counted = [result.p_value for result in results if not result.is_selection and result.kind in kinds]
    return min(1.0, min(counted) * len(counted)) if counted else None


def digits_error(results: tuple[TestResult, ...], kinds: tuple[str, ...]) -> float | None:
    """Return the standard error, in decimal digits, of ``p_value_of``: what other controls would have made of it.

    A share of n draws has a standard error of its own, which at p of 1 / (n + 1) is the whole of it; beyond all draws
    the scale of the tail, the mean of a hundred excesses, adds a tenth of each digit. Null where nothing was drawn,
    for the test is exact, or where none was counted.
    """
    counted = [result for result in results if not result.is_selection and result.kind in kinds]
    if not counted:
        return None
    decisive = min(counted, key=lambda result: result.p_value)
    if not decisive.n_controls:
        return None
    n = decisive.n_controls + 1
    p = max(decisive.p_value, 1 / n)
    beyond = max(float(np.log10(p / decisive.p_value)), 0.0)
    return float(np.hypot(np.sqrt((1 - p) / (p * n)) / np.log(10), beyond * ERROR_OF_SCALE))
