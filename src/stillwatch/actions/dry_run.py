"""Who would be touched by a step, who would not and why, and how many of them wrongly."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from stillwatch.actions.coverage import Coverage
from stillwatch.actions.step import Step

SUREST: Final = 0.99  # of one account's probability: no calibration tells a chance of 1 in 100 from 1 in a million


@dataclass(frozen=True, slots=True)
class Certainty:
    """The posterior that a group is a distillation campaign, and the ends of its interval; null where it has none."""

    p: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Member:
    """One member as the case has it.

    Args:
        account_id: which.
        p_member: probability of belonging to the campaign as a distillation campaign.
        exchanges: its exchanges in the group's slice; null: the case does not say.
        own_exchanges: its other exchanges, which a step hits as well; null: the case does not say.
        p_group: probability of belonging to the linked group, whatever explains it; null: the case does not say.
    """

    account_id: str
    p_member: float
    exchanges: int | None
    own_exchanges: int | None
    p_group: float | None = None


@dataclass(frozen=True, slots=True)
class Spared:
    """A member that is not touched, and why."""

    account_id: str
    because: str


@dataclass(frozen=True, slots=True)
class DryRun:
    """What a step would do, before anybody agreed to it.

    Args:
        touched: members that the step would reach, the most probable first.
        spared: members that it would not reach, by account, each with the reason.
        exchanges: exchanges of the slice by those touched, or null where the case does not say.
        own_exchanges: their other exchanges, ordinary use that is hit with the rest, or null.
        expected_wrong: expected number of touched accounts that do not belong, the sum of 1 - p_member; each account's
            own, none surer than ``SUREST``. An average of two cases: a campaign with some bystanders, or none at all.
        all_wrong_probability: probability that the group is no distillation campaign, so that all of them are wrong.
        expected_bystanders: the same if the group is a campaign, the sum of 1 - p_group; null: the case does not say.
        expected_wrong_low: ``expected_wrong`` at the upper end of the posterior's interval; null where it has none.
        expected_wrong_high: the same at its lower end.
    """

    touched: tuple[Member, ...]
    spared: tuple[Spared, ...]
    exchanges: int | None
    own_exchanges: int | None
    expected_wrong: float
    all_wrong_probability: float
    expected_bystanders: float | None = None
    expected_wrong_low: float | None = None
    expected_wrong_high: float | None = None


def dry_run(
    step: Step, members: Iterable[Member], coverage: Coverage, left_out: Mapping[str, str], distillation: Certainty
) -> DryRun:
    """Return what a step would do to a group.

    Guarantee: every member is in exactly one of touched and spared, and nobody whom the registry names is touched.

    Args:
        step: which.
        members: all members of the group.
        coverage: whom the registry names; read first.
        left_out: accounts that analysts left out, with their reason.
        distillation: posterior that the group is a distillation campaign.
    """
    touched, spared = [], []
    for member in sorted(members, key=lambda item: (-item.p_member, item.account_id)):
        because = _spared_because(step, member, coverage, left_out)
        if because is None:
            touched.append(member)
        else:
            spared.append(Spared(member.account_id, because))
    return DryRun(
        touched=tuple(touched),
        spared=tuple(sorted(spared, key=lambda item: item.account_id)),
        exchanges=_total([item.exchanges for item in touched]),
        own_exchanges=_total([item.own_exchanges for item in touched]),
        expected_wrong=round(sum(1.0 - _p_campaign(item) for item in touched), 3),
        all_wrong_probability=round(1.0 - distillation.p, 6),
        expected_bystanders=_expected_wrong(touched, 1.0),
        expected_wrong_low=_expected_wrong(touched, distillation.high),
        expected_wrong_high=_expected_wrong(touched, distillation.low),
    )


def _expected_wrong(touched: list[Member], p_campaign: float | None) -> float | None:
    """Return how many are expected to be wrong where the group is a campaign with that probability; null: not known."""
    known = [item.p_group for item in touched if item.p_group is not None]
    if p_campaign is None or len(known) < len(touched):
        return None
    return round(sum(1.0 - p_campaign * min(p, SUREST) for p in known), 3)


def _p_campaign(member: Member) -> float:
    """Return a member's probability of belonging to the campaign, its membership in the group no surer than known."""
    if member.p_group is None:
        return min(member.p_member, SUREST)
    return member.p_member * min(1.0, SUREST / max(member.p_group, SUREST))


def _total(counts: list[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if len(known) == len(counts) else None


def _spared_because(step: Step, member: Member, coverage: Coverage, left_out: Mapping[str, str]) -> str | None:
    if member.account_id in coverage.named:
        return coverage.named[member.account_id]
    if member.account_id in left_out:
        return f"an analyst left it out: {left_out[member.account_id]}"
    if member.p_member < step.least_p_member:
        return f"its membership, {member.p_member:.2f}, is below {step.least_p_member:g}, the least for this step"
    return None
