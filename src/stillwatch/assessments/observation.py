"""The catalogue of observations: each a number, its words, its channel and the columns that it needs.

An observation is made on the group and on matched controls alike, and stands apart from every inference.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from math import log10
from typing import Final, NamedTuple

from stillwatch.assessments import conduct, content
from stillwatch.assessments.parts import Parts
from stillwatch.assessments.sample import Sample
from stillwatch.assessments.sampling_error import SamplingError, p_within


class ByAccount(NamedTuple):
    """An observation that is made from numbers by account: the numbers of a sample, and the making."""

    parts: Callable[[Sample], Parts | None]
    made: Callable[[Parts], float | None]


@dataclass(frozen=True, slots=True)
class ObservationKind:
    """One thing that can be observed of a group.

    Args:
        name: stable identifier; weights files refer to it.
        title: what is measured, in words that claim nothing of the value: true beside every value.
        channel: content, work_list, rhythm, identity, infrastructure, volume or registry.
        unit: as ``share of accounts``.
        needs: the columns that it is computed from.
        measure: the function; null where it cannot be computed.
        by_account: what each account gives to it, and how it is made from that, where it is made so.
    """

    name: str
    title: str
    channel: str
    unit: str
    needs: tuple[str, ...]
    measure: Callable[[Sample], float | None]
    by_account: ByAccount | None = None

    def __reduce__(self) -> tuple[Callable[[str], "ObservationKind"], tuple[str]]:
        """Return what stands for a kind between processes: its name in the catalogue."""
        return _kind_named, (self.name,)


def _kind_named(name: str) -> ObservationKind:
    return KINDS[name]


@dataclass(frozen=True, slots=True)
class Observation:
    """A kind of observation, its value on the group, and the same on matched controls; null where not known.

    Args:
        kind: what was observed.
        value: on the group.
        comparison: the mean over matched controls.
        comparison_low: the least of them.
        comparison_high: the most of them.
        n_compared: control groups on which it could be made.
        error: how far the value could have come out otherwise; null: not known, or it was not sampled.
        basis: of the outcome of a test, what was counted and how its p-value was computed, in words.
    """

    kind: ObservationKind
    value: float | None
    comparison: float | None
    comparison_low: float | None = None
    comparison_high: float | None = None
    n_compared: int = 0
    error: SamplingError | None = None
    basis: str = ""

    def p_within(self, at_least: float, at_most: float) -> float | None:
        """Return the probability that the true value lies in a range; null where nothing was observed."""
        return None if self.value is None else p_within(self.value, self.error, at_least, at_most)


ACCOUNTS_SHARE: Final = "share of accounts"
EXCHANGES_SHARE: Final = "share of exchanges"
OPENINGS_SHARE: Final = "share of openings"
SIMILARITY: Final = "of 1"  # 0: not at all, 1: entirely
MOST_DIGITS: Final = 7  # of a written number; beyond, all of it
RAISED: Final = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
EXACT: Final = 1e-9  # what two numbers may differ by and be one: the last bits of a sum
P_DIGITS: Final = "digits of p"  # minus the decimal logarithm of a p-value
SUCCESSION: Final = "succession"  # a test of rhythm that is an observation by itself


def _tested_elsewhere(_sample: Sample) -> float | None:
    """Stand for an observation that the group tests make; ``with_tests`` fills it in."""
    return None


def _kinds() -> tuple[ObservationKind, ...]:
    kind = ObservationKind
    cue = {
        "reasoning_trace": "ask for hidden reasoning, verbatim or in tags",
        "false_authority": "claim a debugging session or a real system prompt",
        "rubric_grading": "ask for grades against a rubric",
        "task_writing": "ask for new training tasks",
        "censorship_rewrite": "ask for politically safe rewrites",
        "identity_probe": "ask which model answers, or test for defences",
    }
    return (
        *(
            kind(f"cue_{name}", f"Prompts that {words}", "content", EXCHANGES_SHARE, ("prompt",), partial(content.cue_share, cue=name))
            for name, words in cue.items()
        ),
        kind("thinking_tags", "Thinking written out in tags", "content", EXCHANGES_SHARE, ("prompt",), content.thinking_tag_share),
        kind("reasoning_asked", "Requests that ask for reasons or steps", "content", EXCHANGES_SHARE, ("prompt",), content.reasoning_asked_share),
        kind("capability_focus", "Requests for the two commonest capabilities", "content", EXCHANGES_SHARE, ("prompt",), content.capability_focus,
             ByAccount(content.capabilities_by_account, content.focus_of)),
        kind("trainable_share", "Requests that exercise what a rival trains on", "content", EXCHANGES_SHARE, ("prompt",), content.trainable_share,
             ByAccount(content.capabilities_by_account, content.trainable_of)),
        kind("own_subjects", "How far each account keeps to subjects of its own", "work_list", SIMILARITY, ("prompt",), content.own_subjects,
             ByAccount(content.topics, content.own_of)),
        kind("rest_subjects", "How far each account keeps to subjects of its own in the rest of its traffic", "work_list", SIMILARITY, ("prompt",),
             content.rest_subjects,
             ByAccount(content.rest_topics, content.own_of)),
        kind("shared_subject", "How alike the requests of different members are", "work_list", SIMILARITY, ("prompt",), content.shared_subject,
             ByAccount(content.topics, content.shared_of)),
        kind("replica_share", "Items whose exact text several accounts sent", "work_list", EXCHANGES_SHARE, ("prompt",), content.replica_share),
        kind("widest_family", "Accounts that use the commonest family of exchanges", "content", ACCOUNTS_SHARE, ("prompt",), content.widest_family),
        kind("favourites", "How far accounts keep to favourites among the families", "work_list", "times random dealing", ("prompt",),
             content.favourites),
        kind("one_tool_set", "Requests with the commonest set of tools", "content", EXCHANGES_SHARE, ("tool_names",), content.one_tool_set),
        kind("one_system_prompt", "Requests with the commonest system prompt", "content", EXCHANGES_SHARE, ("system_prompt",), content.one_system_prompt),
        kind("short_output_share", "Outputs as short as a label", "content", EXCHANGES_SHARE, ("output_tokens",), content.short_output_share),
        kind("median_output_tokens", "Typical output", "volume", "tokens", ("output_tokens",), content.median_output_tokens),
        kind("tool_share", "Requests that offer tools", "content", EXCHANGES_SHARE, ("tool_names",), content.tool_share),
        kind("later_turn_share", "Requests that go on a conversation", "content", EXCHANGES_SHARE, ("turn",), content.later_turn_share),
        kind("mixed_talk", "How far requests that are gone on with and requests that stand alone are mixed", "content", "of an even mixture", ("turn", "conversation_id"),
             content.mixed_talk),
        kind("end_user_share", "Requests that disclose an end user", "identity", EXCHANGES_SHARE, ("end_user_id",), content.end_user_share),
        kind("pool_size", "Accounts in the group", "volume", "accounts", (), conduct.pool_size),
        kind("slice_share", "The slice's part of the accounts' traffic", "volume", EXCHANGES_SHARE, (), content.slice_share),
        kind("identity_reuse", "Accounts that share a card, device, phone or e-mail", "identity", ACCOUNTS_SHARE,
             ("payment_fingerprint", "device_fingerprint", "phone_fingerprint", "email_fingerprint"), conduct.identity_reuse),
        kind("one_organisation", "Accounts that name the commonest organisation", "identity", ACCOUNTS_SHARE, ("organisation_id",),
             partial(conduct.largest_share, key="organisation_id")),
        kind("verified_share", "Accounts of a verified organisation", "identity", ACCOUNTS_SHARE, ("is_verified",), conduct.verified_share),
        kind("education_share", "Accounts that came by the education pathway", "identity", ACCOUNTS_SHARE, ("pathway",),
             partial(conduct.value_share, key="pathway", values=("education",))),
        kind("one_referrer", "Accounts that the commonest referrer brought", "identity", ACCOUNTS_SHARE, ("referrer_id",),
             partial(conduct.largest_share, key="referrer_id")),
        kind("one_email_domain", "Accounts with the commonest e-mail domain", "identity", ACCOUNTS_SHARE, ("email_domain",),
             partial(conduct.largest_share, key="email_domain")),
        kind("free_share", "Accounts that pay nothing", "identity", ACCOUNTS_SHARE, ("plan_price_usd",), conduct.free_share),
        kind("one_address_share", "Accounts seen at the commonest address", "infrastructure", ACCOUNTS_SHARE, ("ip",), conduct.one_address_share),
        kind("addresses_per_account", "Addresses of an account", "infrastructure", "addresses", ("ip",), conduct.addresses_per_account,
             ByAccount(conduct.addresses_by_account, conduct.median_of)),
        kind("one_client_share", "Requests from the commonest client program", "infrastructure", EXCHANGES_SHARE, ("user_agent",), conduct.one_client_share),
        kind("requests_per_active_day", "Requests on an active day", "volume", "exchanges per account and day", (),
             conduct.requests_per_active_day,
             ByAccount(conduct.pace_by_account, conduct.median_of)),
        kind("active_days", "Days with activity", "volume", "days per account", (), conduct.active_days,
             ByAccount(conduct.days_by_account, conduct.median_of)),
        kind("sign_up_burst", "Accounts created in the busiest week of sign-ups", "rhythm", ACCOUNTS_SHARE, ("created_at",), conduct.sign_up_burst),
        kind("young_share", "Accounts that were new when they began", "identity", ACCOUNTS_SHARE, ("created_at",), conduct.young_share),
        kind("two_day_share", "Activity in the busiest two days", "rhythm", EXCHANGES_SHARE, (), conduct.two_day_share),
        kind("around_the_clock", "How much of the day is in use", "rhythm", "share of expected hours", (),
             conduct.around_the_clock,
             ByAccount(conduct.hours_by_account, conduct.median_of_three)),
        kind("alone_share", "Requests that come alone, not within a sitting", "rhythm", OPENINGS_SHARE, (), conduct.alone_share),
        kind("uneven_parts", "How unequal the accounts' numbers of requests are", "volume", "times the mean", (), conduct.uneven_parts,
             ByAccount(conduct.openings_by_account, conduct.unevenness_of)),
        kind("no_ramp", "Accounts in full use from the first day", "rhythm", ACCOUNTS_SHARE, (), conduct.no_ramp),
        kind("pivot_share", "Exchanges that turned to a new model within two days", "rhythm", EXCHANGES_SHARE, ("model",), conduct.pivot_share),
        kind("taken_over_share", "Established accounts whose slice began late and from elsewhere", "infrastructure", ACCOUNTS_SHARE, ("ip",),
             conduct.taken_over_share),
        kind("foreign_share", "Established accounts whose slice began from addresses new to them", "infrastructure", ACCOUNTS_SHARE, ("ip",),
             conduct.foreign_share),
        kind("banned_share", "Accounts that were banned", "identity", ACCOUNTS_SHARE, ("banned_at",), conduct.banned_share),
        kind("identity_coordination", "Identity and addresses shared, against strangers' chance", "identity", P_DIGITS, (),
             _tested_elsewhere),
        kind("rhythm_coordination", "Sign-ups, starts, stops and bans together, against strangers' chance", "rhythm", P_DIGITS, (),
             _tested_elsewhere),
        kind(SUCCESSION, "Accounts that follow one another, the number at work kept even, against chance", "rhythm", P_DIGITS, (),
             _tested_elsewhere),
        kind("work_list_coordination", "Items that failed for one member and turned up at another, against chance", "work_list", P_DIGITS, (),
             _tested_elsewhere),
        kind("registered_share", "Accounts that stand in the registry", "registry", ACCOUNTS_SHARE, (), conduct.registered_share),
    )  # fmt: skip


KINDS: Final = {kind.name: kind for kind in _kinds()}


def observe(sample: Sample) -> dict[str, Observation]:
    """Return every observation of a group, without controls beside it."""
    return {kind.name: Observation(kind, kind.measure(sample), None) for kind in KINDS.values()}


def beside_controls(observations: Mapping[str, Observation], controls: tuple[Sample, ...]) -> dict[str, Observation]:
    """Return observations with the mean of the same on matched controls; the outcomes of tests stay as they are."""
    found = dict(observations)
    for name, seen in observations.items():
        if seen.kind.unit == P_DIGITS:
            continue
        values = [value for value in (seen.kind.measure(control) for control in controls) if value is not None]
        mean = sum(values) / len(values) if values else None
        found[name] = replace(
            seen, comparison=mean, comparison_low=min(values, default=None), comparison_high=max(values, default=None),
            n_compared=len(values),
        )  # fmt: skip
    return found


def with_tests(
    observations: dict[str, Observation],
    p_of: Mapping[str, float | None],
    error_of: Mapping[str, float | None] | None = None,
    basis_of: Mapping[str, str] | None = None,
) -> dict[str, Observation]:
    """Return observations with the outcome of the group tests, as decimal digits of their p-values.

    Args:
        observations: what was observed.
        p_of: for ``identity``, ``rhythm`` and ``work_list``, the p-value of their tests; null where none was counted.
            For a test that is an observation by itself, its own name and p-value.
        error_of: the standard error of those digits, for they rest on draws; null where a test is exact.
        basis_of: what each rests on, in words.
    """
    found = dict(observations)
    for channel, p in p_of.items():
        name = channel if channel in KINDS else f"{channel}_coordination"
        error = (error_of or {}).get(channel)
        found[name] = Observation(
            KINDS[name],
            None if p is None else -log10(p),
            0.0,
            error=SamplingError(None, error) if error else None,
            basis=(basis_of or {}).get(channel, ""),
        )
    return found


def told(seen: Observation, edges: Sequence[float] = ()) -> str:
    """Return what was observed in words: the value, and of a test what it rests on."""
    words = described(seen.kind, seen.value, edges)
    return f"{words.removesuffix('.')}: {seen.basis}." if seen.basis and seen.value is not None else words


def described(kind: ObservationKind, value: float | None, edges: Sequence[float] = ()) -> str:
    """Return an observation's value in words, without inference; its title stands beside it.

    Guarantee: the number that is written lies on the same side of each of the ``edges`` as the value itself, or on it.
    """
    if value is None:
        return f"Not known, for lack of {' or '.join(kind.needs) or 'enough traffic'}."
    if kind.unit.startswith("share of"):
        percents = [100.0 * edge for edge in edges]
        return f"{_written(100.0 * value, 0, percents)}% of {kind.unit.removeprefix('share of ')}."
    if kind.unit == P_DIGITS:
        return f"p = {_written_p(value, edges)}."
    unit = kind.unit.removesuffix("es") if value == 1.0 and kind.unit == "addresses" else kind.unit
    return f"{_written(value, 0 if value >= 100 or value == int(value) else 2, edges)} {unit}."


def _written(value: float, n_digits: int, edges: Sequence[float]) -> str:
    """Return a number with at least so many decimals, and as many as its side of each edge needs."""
    texts = (f"{value:,.{n}f}" for n in range(n_digits, MOST_DIGITS))
    return next((text for text in texts if _same_side(float(text.replace(",", "")), value, edges)), f"{value!r}")


def _written_p(digits: float, edges: Sequence[float]) -> str:
    texts = (f"{10.0**-digits:.{n}g}" for n in range(1, MOST_DIGITS))
    text = next((text for text in texts if _same_side(-log10(float(text)), digits, edges)), f"{10.0**-digits!r}")
    mantissa, _, power = text.partition("e")
    return f"{mantissa}\u00d710{str(int(power)).translate(RAISED)}" if power else mantissa


def _same_side(written: float, value: float, edges: Sequence[float]) -> bool:
    return all(_side(written, edge) == _side(value, edge) for edge in edges)


def _side(value: float, edge: float) -> int:
    """Return -1 below the edge, 1 above it and 0 on it."""
    return 0 if abs(value - edge) <= EXACT else 1 if value > edge else -1
