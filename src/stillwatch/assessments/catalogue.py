"""The catalogue of observations: each a name, its words, its channel, its unit and the columns that it needs.

An observation is made on the group and on matched controls alike, and stands apart from every inference.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final, NamedTuple

from stillwatch.assessments import content, identity, infrastructure, rhythm, volume
from stillwatch.assessments.parts import Parts, median_of, median_of_three
from stillwatch.assessments.sample import Sample

ACCOUNTS_SHARE: Final = "share of accounts"
EXCHANGES_SHARE: Final = "share of exchanges"
OPENINGS_SHARE: Final = "share of openings"
SIMILARITY: Final = "of 1"  # 0: not at all, 1: entirely
P_DIGITS: Final = "digits of p"  # minus the decimal logarithm of a p-value
SUCCESSION: Final = "succession"  # a test of rhythm that is an observation by itself


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


def _tested_elsewhere(_sample: Sample) -> float | None:
    """Stand for an observation that the group tests make; ``with_tests`` fills it in."""
    return None


_kind: Final = ObservationKind  # a short name, so that a row is a line

CUES: Final = {
    "reasoning_trace": "ask for hidden reasoning, verbatim or in tags",
    "false_authority": "claim a debugging session or a real system prompt",
    "rubric_grading": "ask for grades against a rubric",
    "task_writing": "ask for new training tasks",
    "censorship_rewrite": "ask for politically safe rewrites",
    "identity_probe": "ask which model answers, or test for defences",
}
"""Cues of the prompts, and what those prompts do."""
_CUES: Final = tuple(
    _kind(f"cue_{name}", f"Prompts that {words}", "content", EXCHANGES_SHARE, ("prompt",), partial(content.cue_share, cue=name))
    for name, words in CUES.items()
)  # fmt: skip
_REQUESTS: Final = (
    _kind("thinking_tags", "Thinking written out in tags", "content", EXCHANGES_SHARE, ("prompt",), content.thinking_tag_share),
    _kind("reasoning_asked", "Requests that ask for reasons or steps", "content", EXCHANGES_SHARE, ("prompt",), content.reasoning_asked_share),
    _kind("capability_focus", "Requests for the two commonest capabilities", "content", EXCHANGES_SHARE, ("prompt",), content.capability_focus,
          ByAccount(content.capabilities_by_account, content.focus_of)),
    _kind("trainable_share", "Requests that exercise what a rival trains on", "content", EXCHANGES_SHARE, ("prompt",), content.trainable_share,
          ByAccount(content.capabilities_by_account, content.trainable_of)),
    _kind("own_subjects", "How far each account keeps to subjects of its own", "work_list", SIMILARITY, ("prompt",), content.own_subjects,
          ByAccount(content.topics, content.own_of)),
    _kind("rest_subjects", "How far each account keeps to subjects of its own in the rest of its traffic", "work_list", SIMILARITY, ("prompt",),
          content.rest_subjects,
          ByAccount(content.rest_topics, content.own_of)),
    _kind("shared_subject", "How alike the requests of different members are", "work_list", SIMILARITY, ("prompt",), content.shared_subject,
          ByAccount(content.topics, content.shared_of)),
    _kind("replica_share", "Items whose exact text several accounts sent", "work_list", EXCHANGES_SHARE, ("prompt",), content.replica_share),
    _kind("widest_family", "Accounts that use the commonest family of exchanges", "content", ACCOUNTS_SHARE, ("prompt",), content.widest_family),
    _kind("favourites", "How far accounts keep to favourites among the families", "work_list", "times random dealing", ("prompt",),
          content.favourites),
    _kind("one_tool_set", "Requests with the commonest set of tools", "content", EXCHANGES_SHARE, ("tool_names",), content.one_tool_set),
    _kind("one_system_prompt", "Requests with the commonest system prompt", "content", EXCHANGES_SHARE, ("system_prompt",), content.one_system_prompt),
    _kind("short_output_share", "Outputs as short as a label", "content", EXCHANGES_SHARE, ("output_tokens",), content.short_output_share),
    _kind("median_output_tokens", "Typical output", "volume", "tokens", ("output_tokens",), content.median_output_tokens),
    _kind("tool_share", "Requests that offer tools", "content", EXCHANGES_SHARE, ("tool_names",), content.tool_share),
    _kind("later_turn_share", "Requests that go on a conversation", "content", EXCHANGES_SHARE, ("turn",), content.later_turn_share),
    _kind("mixed_talk", "How far requests that are gone on with and requests that stand alone are mixed", "content", "of an even mixture", ("turn", "conversation_id"),
          content.mixed_talk),
    _kind("end_user_share", "Requests that disclose an end user", "identity", EXCHANGES_SHARE, ("end_user_id",), content.end_user_share),
)  # fmt: skip
"""Of what is asked, and how."""

_ACCOUNTS: Final = (
    _kind("pool_size", "Accounts in the group", "volume", "accounts", (), volume.pool_size),
    _kind("slice_share", "The slice's part of the accounts' traffic", "volume", EXCHANGES_SHARE, (), content.slice_share),
    _kind("identity_reuse", "Accounts that share a card, device, phone or e-mail", "identity", ACCOUNTS_SHARE,
          ("payment_fingerprint", "device_fingerprint", "phone_fingerprint", "email_fingerprint"), identity.identity_reuse),
    _kind("one_organisation", "Accounts that name the commonest organisation", "identity", ACCOUNTS_SHARE, ("organisation_id",),
          partial(identity.largest_share, key="organisation_id")),
    _kind("verified_share", "Accounts of a verified organisation", "identity", ACCOUNTS_SHARE, ("is_verified",), identity.verified_share),
    _kind("education_share", "Accounts that came by the education pathway", "identity", ACCOUNTS_SHARE, ("pathway",),
          partial(identity.value_share, key="pathway", values=("education",))),
    _kind("one_referrer", "Accounts that the commonest referrer brought", "identity", ACCOUNTS_SHARE, ("referrer_id",),
          partial(identity.largest_share, key="referrer_id")),
    _kind("one_email_domain", "Accounts with the commonest e-mail domain", "identity", ACCOUNTS_SHARE, ("email_domain",),
          partial(identity.largest_share, key="email_domain")),
    _kind("free_share", "Accounts that pay nothing", "identity", ACCOUNTS_SHARE, ("plan_price_usd",), identity.free_share),
)  # fmt: skip
"""Of who the members are."""

_ADDRESSES: Final = (
    _kind("one_address_share", "Accounts seen at the commonest address", "infrastructure", ACCOUNTS_SHARE, ("ip",), infrastructure.one_address_share),
    _kind("addresses_per_account", "Addresses of an account", "infrastructure", "addresses", ("ip",), infrastructure.addresses_per_account,
          ByAccount(infrastructure.addresses_by_account, median_of)),
    _kind("one_client_share", "Requests from the commonest client program", "infrastructure", EXCHANGES_SHARE, ("user_agent",), infrastructure.one_client_share),
)  # fmt: skip
"""Of from where and with what they send."""

_TIMES: Final = (
    _kind("requests_per_active_day", "Requests on an active day", "volume", "exchanges per account and day", (),
          volume.requests_per_active_day,
          ByAccount(volume.pace_by_account, median_of)),
    _kind("active_days", "Days with activity", "volume", "days per account", (), volume.active_days,
          ByAccount(volume.days_by_account, median_of)),
    _kind("sign_up_burst", "Accounts created in the busiest week of sign-ups", "rhythm", ACCOUNTS_SHARE, ("created_at",), rhythm.sign_up_burst),
    _kind("young_share", "Accounts that were new when they began", "identity", ACCOUNTS_SHARE, ("created_at",), identity.young_share),
    _kind("two_day_share", "Activity in the busiest two days", "rhythm", EXCHANGES_SHARE, (), rhythm.two_day_share),
    _kind("around_the_clock", "How much of the day is in use", "rhythm", "share of expected hours", (),
          rhythm.around_the_clock,
          ByAccount(rhythm.hours_by_account, median_of_three)),
    _kind("alone_share", "Requests that come alone, not within a sitting", "rhythm", OPENINGS_SHARE, (), rhythm.alone_share),
    _kind("uneven_parts", "How unequal the accounts' numbers of requests are", "volume", "times the mean", (), volume.uneven_parts,
          ByAccount(volume.openings_by_account, volume.unevenness_of)),
    _kind("no_ramp", "Accounts in full use from the first day", "rhythm", ACCOUNTS_SHARE, (), rhythm.no_ramp),
    _kind("pivot_share", "Exchanges that turned to a new model within two days", "rhythm", EXCHANGES_SHARE, ("model",), rhythm.pivot_share),
)  # fmt: skip
"""Of how much and when."""

_TAKEN_OVER: Final = (
    _kind("taken_over_share", "Established accounts whose slice began late and from elsewhere", "infrastructure", ACCOUNTS_SHARE, ("ip",),
          infrastructure.taken_over_share),
    _kind("foreign_share", "Established accounts whose slice began from addresses new to them", "infrastructure", ACCOUNTS_SHARE, ("ip",),
          infrastructure.foreign_share),
    _kind("banned_share", "Accounts that were banned", "identity", ACCOUNTS_SHARE, ("banned_at",), identity.banned_share),
)  # fmt: skip
"""Of whose accounts they were, and what became of them."""

_TESTED: Final = (
    _kind("identity_coordination", "Identity and addresses shared, against strangers' chance", "identity", P_DIGITS, (),
          _tested_elsewhere),
    _kind("rhythm_coordination", "Sign-ups, starts, stops and bans together, against strangers' chance", "rhythm", P_DIGITS, (),
          _tested_elsewhere),
    _kind(SUCCESSION, "Accounts that follow one another, the number at work kept even, against chance", "rhythm", P_DIGITS, (),
          _tested_elsewhere),
    _kind("work_list_coordination", "Items that failed for one member and turned up at another, against chance", "work_list", P_DIGITS, (),
          _tested_elsewhere),
    _kind("registered_share", "Accounts that stand in the registry", "registry", ACCOUNTS_SHARE, (), identity.registered_share),
)  # fmt: skip
"""Of the outcomes of group tests, and the registry."""

KINDS: Final = {
    kind.name: kind for kind in (*_CUES, *_REQUESTS, *_ACCOUNTS, *_ADDRESSES, *_TIMES, *_TAKEN_OVER, *_TESTED)
}
"""Every kind by its name, in the order in which they are told."""
