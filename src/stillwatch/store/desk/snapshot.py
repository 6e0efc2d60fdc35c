"""What a group looked like when somebody decided about it, and what a later scan adds to that.

Source: ours, docs/desk.md (what counts as new evidence).
"""

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Final

from stillwatch.dossiers.case import Campaign, Case

LEAST_NEW_MEMBERS: Final = 5  # as many as make a group; fewer come and go from day to day
NEW_MEMBER_SHARE: Final = 0.1  # of the decided group; below that a group has its ordinary turnover
NEW_BITS: Final = 1.0  # one bit doubles the odds of distillation
NEW_POSTERIOR: Final = 0.1  # as far as the level of accusation lies from certainty
MOST_LISTED: Final = 12  # families that a case lists of a group
LEADING: Final = "distillation"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The evidence of one group, as far as a later scan is held against it.

    Args:
        campaign_id: its id in the case.
        key_id: the sketches' key; families of different keys cannot be compared.
        accounts: its members.
        leading: the most probable hypothesis, whether or not it accuses.
        p_distillation: the posterior of distillation.
        q_value: of coordination.
        q_level: the level at which it counted as shown.
        bits: evidence for distillation by observation, in bits.
        families: listed families by id, with their exchanges.
        sharing: kinds of infrastructure, with how many accounts share a value of it.
        exchanges: of the slice.
    """

    campaign_id: str
    key_id: str
    accounts: tuple[str, ...]
    leading: str
    p_distillation: float
    q_value: float
    q_level: float
    bits: Mapping[str, float]
    families: Mapping[str, int]
    sharing: Mapping[str, int]
    exchanges: int

    @classmethod
    def of(cls, case: Case, campaign: Campaign) -> "Snapshot":
        """Return the snapshot of a group in a case."""
        distillation = next((item for item in campaign.hypotheses if item.name == LEADING), None)
        return cls(
            campaign.id,
            case.key_id,
            campaign.accounts,
            campaign.hypotheses[0].name if campaign.hypotheses else campaign.leading_hypothesis,
            distillation.posterior if distillation else 0.0,
            campaign.q_value,
            case.q_level,
            {item.name: item.bits for item in distillation.evidence} if distillation else {},
            {item.id: item.n_exchanges for item in campaign.template_families},
            {item.kind: item.n_accounts_sharing for item in campaign.infrastructure},
            campaign.exchanges,
        )

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> "Snapshot":
        """Return the snapshot that was written as plain JSON."""
        values = {field.name: plain[field.name] for field in fields(cls)}
        return cls(**{**values, "accounts": tuple(values["accounts"])})

    def without(self, accounts: Container[str]) -> "Snapshot":
        """Return the snapshot without some of its members."""
        return replace(self, accounts=tuple(name for name in self.accounts if name not in accounts))


def overlap(before: Snapshot, now: Snapshot) -> float:
    """Return the share of the earlier group's accounts that are in the later one, in [0, 1]."""
    mine = set(before.accounts)
    return len(mine.intersection(now.accounts)) / len(mine) if mine else 0.0


def new_evidence(before: Snapshot, now: Snapshot) -> tuple[str, ...]:
    """Return sentences that say what the later group has that the earlier had not; empty where that is nothing.

    Guarantee: a group against itself has no new evidence, and evidence that only became weaker is none.
    """
    return tuple(_new(before, now))


def _new(before: Snapshot, now: Snapshot) -> Iterator[str]:
    fresh = set(now.accounts).difference(before.accounts)
    if len(fresh) >= max(LEAST_NEW_MEMBERS, NEW_MEMBER_SHARE * len(before.accounts)):
        yield f"{len(fresh):,} members are new, beside {len(before.accounts):,} then."
    if now.leading == LEADING != before.leading:
        yield f"{LEADING.capitalize()} leads now; then {before.leading.replace('_', ' ')} led."
    if now.q_value <= now.q_level and before.q_value > before.q_level:
        yield f"Coordination is shown now (q = {now.q_value:.2g}); then it was not (q = {before.q_value:.2g})."
    if now.p_distillation - before.p_distillation >= NEW_POSTERIOR:
        yield f"The posterior of {LEADING} is {now.p_distillation:.0%}; then it was {before.p_distillation:.0%}."
    for name, bits in now.bits.items():
        gain = bits - max(before.bits.get(name, 0.0), 0.0)
        if gain >= NEW_BITS:
            yield f"{name.replace('_', ' ').capitalize()} speaks {gain:.1f} bits more for {LEADING} than then."
    yield from _new_families(before, now)
    kinds = [kind for kind, n in now.sharing.items() if n and not before.sharing.get(kind)]
    if kinds:
        yield f"Members share what they did not share then: {', '.join(sorted(kinds)).replace('_', ' ')}."


def _new_families(before: Snapshot, now: Snapshot) -> Iterator[str]:
    if before.key_id != now.key_id:
        return  # another key gives every family another id
    is_cut = len(before.families) >= MOST_LISTED  # a smaller family may have been there, unlisted
    smallest = min(before.families.values()) if is_cut else 0
    fresh = [n for name, n in now.families.items() if name not in before.families and n > smallest]
    if fresh:
        verb = "y is" if len(fresh) == 1 else "ies are"
        yield f"{len(fresh)} template famil{verb} new, with {sum(fresh):,} exchanges."
