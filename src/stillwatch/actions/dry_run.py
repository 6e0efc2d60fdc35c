"""Who would be touched by a step, who would not and why, and how many of them wrongly."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from stillwatch.actions.coverage import Coverage
from stillwatch.actions.step import Step


@dataclass(frozen=True, slots=True)
class Member:
    """One member as the case has it.

    Args:
        account_id: which.
        p_member: probability of belonging to the campaign as a distillation campaign.
        exchanges: its exchanges in the group's slice; null: the case does not say.
        own_exchanges: its other exchanges, which a step hits as well; null: the case does not say.
    """

    account_id: str
    p_member: float
    exchanges: int | None
    own_exchanges: int | None


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
        expected_wrong: expected number of touched accounts that do not belong, the sum of 1 - p_member.
        all_wrong_probability: probability that the group is no distillation campaign, so that all of them are wrong.
    """

    touched: tuple[Member, ...]
    spared: tuple[Spared, ...]
    exchanges: int | None
    own_exchanges: int | None
    expected_wrong: float
    all_wrong_probability: float


def dry_run(
    step: Step, members: Iterable[Member], coverage: Coverage, left_out: Mapping[str, str], p_distillation: float
) -> DryRun:
    """Return what a step would do to a group.

    Guarantee: every member is in exactly one of touched and spared, and nobody whom the registry names is touched.

    Args:
        step: which.
        members: all members of the group.
        coverage: whom the registry names; read first.
        left_out: accounts that analysts left out, with their reason.
        p_distillation: posterior that the group is a distillation campaign.
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
        expected_wrong=round(sum(1.0 - item.p_member for item in touched), 3),
        all_wrong_probability=round(1.0 - p_distillation, 6),
    )


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
