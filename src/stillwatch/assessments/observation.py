"""The catalogue of observations: each a number, its words, its channel and the columns that it needs.

An observation is made on the group and on matched controls alike, and stands apart from every inference.
"""

from collections.abc import Callable, Mapping
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
        title: a few words for people.
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
    """

    kind: ObservationKind
    value: float | None
    comparison: float | None
    comparison_low: float | None = None
    comparison_high: float | None = None
    n_compared: int = 0
    error: SamplingError | None = None

    def p_within(self, at_least: float, at_most: float) -> float | None:
        """Return the probability that the true value lies in a range; null where nothing was observed."""
        return None if self.value is None else p_within(self.value, self.error, at_least, at_most)


ACCOUNTS_SHARE: Final = "share of accounts"
EXCHANGES_SHARE: Final = "share of exchanges"
OPENINGS_SHARE: Final = "share of openings"
P_DIGITS: Final = "digits of p"  # minus the decimal logarithm of a p-value


def _tested_elsewhere(_sample: Sample) -> float | None:
    """Stand for an observation that the group tests make; ``with_tests`` fills it in."""
    return None


def _kinds() -> tuple[ObservationKind, ...]:
    kind = ObservationKind
    cue = {
        "reasoning_trace": "asks for hidden reasoning, verbatim or in tags",
        "false_authority": "claims a debugging session or a real system prompt",
        "rubric_grading": "asks for grades against a rubric",
        "task_writing": "asks for new training tasks",
        "censorship_rewrite": "asks for politically safe rewrites",
        "identity_probe": "asks which model answers, or tests for defences",
    }
    return (
        *(
            kind(f"cue_{name}", f"Prompt {words}", "content", EXCHANGES_SHARE, ("prompt",), partial(content.cue_share, cue=name))
            for name, words in cue.items()
        ),
        kind("thinking_tags", "Thinking is written out in tags", "content", EXCHANGES_SHARE, ("prompt",), content.thinking_tag_share),
        kind("capability_focus", "Two capabilities take most requests", "content", EXCHANGES_SHARE, ("prompt",), content.capability_focus,
             ByAccount(content.capabilities_by_account, content.focus_of)),
        kind("trainable_share", "Requests exercise what a rival trains on", "content", EXCHANGES_SHARE, ("prompt",), content.trainable_share,
             ByAccount(content.capabilities_by_account, content.trainable_of)),
        kind("own_subjects", "Each account keeps to subjects of its own", "work_list", "similarity", ("prompt",), content.own_subjects,
             ByAccount(content.topics, content.own_of)),
        kind("rest_subjects", "Each account keeps to subjects of its own in the rest of its traffic", "work_list", "similarity", ("prompt",),
             content.rest_subjects,
             ByAccount(content.rest_topics, content.own_of)),
        kind("shared_subject", "Different members ask about alike things", "work_list", "similarity", ("prompt",), content.shared_subject,
             ByAccount(content.topics, content.shared_of)),
        kind("replica_share", "The same item is sent by several accounts", "work_list", EXCHANGES_SHARE, ("prompt",), content.replica_share),
        kind("widest_family", "Members use one family of exchanges", "content", ACCOUNTS_SHARE, ("prompt",), content.widest_family),
        kind("favourites", "Accounts keep to favourites among the families", "work_list", "times random dealing", ("prompt",),
             content.favourites),
        kind("one_tool_set", "One set of tools", "content", EXCHANGES_SHARE, ("tool_names",), content.one_tool_set),
        kind("one_system_prompt", "One system prompt", "content", EXCHANGES_SHARE, ("system_prompt",), content.one_system_prompt),
        kind("short_output_share", "Outputs no longer than a label", "content", EXCHANGES_SHARE, ("output_tokens",), content.short_output_share),
        kind("median_output_tokens", "Typical output", "volume", "tokens", ("output_tokens",), content.median_output_tokens),
        kind("tool_share", "Requests offer tools", "content", EXCHANGES_SHARE, ("tool_names",), content.tool_share),
        kind("later_turn_share", "Requests go on a conversation", "content", EXCHANGES_SHARE, ("turn",), content.later_turn_share),
        kind("mixed_talk", "Some requests are gone on with and others stand alone", "content", "times an even mixture", ("turn", "conversation_id"),
             content.mixed_talk),
        kind("end_user_share", "End users are disclosed", "identity", EXCHANGES_SHARE, ("end_user_id",), content.end_user_share),
        kind("pool_size", "Accounts in the group", "volume", "accounts", (), conduct.pool_size),
        kind("slice_share", "The slice fills the accounts' traffic", "volume", EXCHANGES_SHARE, (), content.slice_share),
        kind("identity_reuse", "Cards, devices, phones or e-mails are shared", "identity", ACCOUNTS_SHARE,
             ("payment_fingerprint", "device_fingerprint", "phone_fingerprint", "email_fingerprint"), conduct.identity_reuse),
        kind("one_organisation", "Accounts name one organisation", "identity", ACCOUNTS_SHARE, ("organisation_id",),
             partial(conduct.largest_share, key="organisation_id")),
        kind("verified_share", "The organisation was verified", "identity", ACCOUNTS_SHARE, ("is_verified",), conduct.verified_share),
        kind("education_share", "Accounts came by the education pathway", "identity", ACCOUNTS_SHARE, ("pathway",),
             partial(conduct.value_share, key="pathway", values=("education",))),
        kind("one_referrer", "One referrer brought them", "identity", ACCOUNTS_SHARE, ("referrer_id",),
             partial(conduct.largest_share, key="referrer_id")),
        kind("one_email_domain", "One e-mail domain", "identity", ACCOUNTS_SHARE, ("email_domain",),
             partial(conduct.largest_share, key="email_domain")),
        kind("free_share", "Accounts pay nothing", "identity", ACCOUNTS_SHARE, ("plan_price_usd",), conduct.free_share),
        kind("one_address_share", "Accounts were seen at one address", "infrastructure", ACCOUNTS_SHARE, ("ip",), conduct.one_address_share),
        kind("addresses_per_account", "Addresses of an account", "infrastructure", "addresses", ("ip",), conduct.addresses_per_account,
             ByAccount(conduct.addresses_by_account, conduct.median_of)),
        kind("one_client_share", "One client program", "infrastructure", EXCHANGES_SHARE, ("user_agent",), conduct.one_client_share),
        kind("requests_per_active_day", "Requests on an active day", "volume", "exchanges per account and day", (),
             conduct.requests_per_active_day,
             ByAccount(conduct.pace_by_account, conduct.median_of)),
        kind("active_days", "Days with activity", "volume", "days per account", (), conduct.active_days,
             ByAccount(conduct.days_by_account, conduct.median_of)),
        kind("sign_up_burst", "Accounts were created in one week", "rhythm", ACCOUNTS_SHARE, ("created_at",), conduct.sign_up_burst),
        kind("young_share", "Accounts were new when they began", "identity", ACCOUNTS_SHARE, ("created_at",), conduct.young_share),
        kind("two_day_share", "Activity falls within two days", "rhythm", EXCHANGES_SHARE, (), conduct.two_day_share),
        kind("around_the_clock", "Use around the clock, without a daily pause", "rhythm", "share of expected hours", (),
             conduct.around_the_clock,
             ByAccount(conduct.hours_by_account, conduct.median_of_three)),
        kind("alone_share", "Requests come alone, not within a sitting", "rhythm", OPENINGS_SHARE, (), conduct.alone_share),
        kind("uneven_parts", "Accounts send unequal numbers", "volume", "times the mean", (), conduct.uneven_parts,
             ByAccount(conduct.openings_by_account, conduct.unevenness_of)),
        kind("no_ramp", "Full use from the first day", "rhythm", ACCOUNTS_SHARE, (), conduct.no_ramp),
        kind("pivot_share", "Turned to a new model within two days", "rhythm", EXCHANGES_SHARE, ("model",), conduct.pivot_share),
        kind("taken_over_share", "Began late, from elsewhere, in established accounts", "infrastructure", ACCOUNTS_SHARE, ("ip",),
             conduct.taken_over_share),
        kind("foreign_share", "Began in established accounts, from addresses new to them", "infrastructure", ACCOUNTS_SHARE, ("ip",),
             conduct.foreign_share),
        kind("banned_share", "Accounts were banned", "identity", ACCOUNTS_SHARE, ("banned_at",), conduct.banned_share),
        kind("identity_coordination", "Identity or addresses shared beyond strangers' chance", "identity", P_DIGITS, (),
             _tested_elsewhere),
        kind("rhythm_coordination", "Sign-ups, starts, stops or bans together beyond strangers' chance", "rhythm", P_DIGITS, (),
             _tested_elsewhere),
        kind("work_list_coordination", "Items that failed for one member turn up at another beyond chance", "work_list", P_DIGITS, (),
             _tested_elsewhere),
        kind("registered_share", "Accounts stand in the registry", "registry", ACCOUNTS_SHARE, (), conduct.registered_share),
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


def with_tests(observations: dict[str, Observation], p_of: Mapping[str, float | None]) -> dict[str, Observation]:
    """Return observations with the outcome of the group tests, as decimal digits of their p-values.

    Args:
        observations: what was observed.
        p_of: for ``identity``, ``rhythm`` and ``work_list``, the p-value of their tests; null where none was counted.
    """
    found = dict(observations)
    for channel, p in p_of.items():
        name = f"{channel}_coordination"
        found[name] = Observation(KINDS[name], None if p is None else -log10(p), 0.0)
    return found


def described(kind: ObservationKind, value: float | None) -> str:
    """Return an observation's value in words, without inference; its title stands beside it."""
    if value is None:
        return f"Not known, for lack of {' or '.join(kind.needs) or 'enough traffic'}."
    if kind.unit.startswith("share of"):
        return f"{value:.0%} of {kind.unit.removeprefix('share of ')}."
    if kind.unit == P_DIGITS:
        return f"p = {10.0**-value:.1g} against matched controls."
    return f"{value:,.2f} {kind.unit}." if value < 100 else f"{value:,.0f} {kind.unit}."
