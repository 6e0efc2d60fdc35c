"""A proposal: one step against one whole group, frozen with its dry run; a second person agrees to exactly this.

Source: ours, docs/desk.md (two people, the whole group at once).
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from stillwatch.actions.dry_run import DryRun, Member, Spared
from stillwatch.actions.step import STEPS, Step
from stillwatch.errors import DeskError

SCHEMA: Final = "stillwatch.proposal/1"
OPTIONAL: Final = ("expected_bystanders", "expected_wrong_low", "expected_wrong_high")  # of a dry run
DAYS_TO_AGREE: Final = 7  # a dry run of last month says little about who would be touched today


@dataclass(frozen=True, slots=True)
class Group:
    """What a policy asks of a group.

    Args:
        campaign_id: its id.
        case_sha256: digest of the document that it stands in.
        is_accusation: whether the case accuses it.
        status: what the desk holds: open, confirmed, dismissed or reopened.
        newest_decision: the desk's newest decision when the dry run was made; 0: none.
    """

    campaign_id: str
    case_sha256: str
    is_accusation: bool
    status: str
    newest_decision: int


@dataclass(frozen=True, slots=True)
class Proposal:
    """One proposal, frozen; its digest is what the second person agrees to.

    Times are aware UTC. After ``agree_by`` nobody can agree any more; the step, once agreed to, ends at ``ends_at``.
    """

    schema: str
    id: str
    group: Group
    step: str
    effect: str
    rollback: str
    proposed_by: str
    proposed_at: datetime
    reason: str
    registry: str
    agree_by: datetime
    ends_at: datetime
    dry_run: DryRun

    @property
    def sha256(self) -> str:
        """Return the digest of the whole proposal."""
        return hashlib.sha256(json.dumps(to_plain(self), sort_keys=True, separators=(",", ":")).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Asked:
    """Who proposes, when, why, and which registry was checked."""

    by: str
    at: datetime
    reason: str
    registry: str


def propose(group: Group, step: Step, run: DryRun, asked: Asked) -> Proposal:
    """Return a proposal, or refuse what policy does not allow for the group.

    Raises:
        DeskError: the group is not accused, not confirmed or dismissed as the step asks, or nobody would be touched.
    """
    where = f"{step.name} against {group.campaign_id}"
    if group.status == "dismissed" and step.needs_accusation:
        raise DeskError(where, "an analyst dismissed the group", fix="Undo the dismissal first, or propose to watch.")
    if step.needs_accusation and not group.is_accusation:
        raise DeskError(
            where, "the case does not accuse the group", expected="an accusation", fix="Propose to watch instead."
        )
    if step.needs_confirmation and group.status != "confirmed":
        raise DeskError(
            where,
            "nobody confirmed the group",
            got=group.status,
            expected="confirmed",
            fix="Look at its evidence and confirm it, or propose a milder step.",
        )
    if not run.touched:
        raise DeskError(where, "nobody would be touched", fix="See in the dry run who is spared, and why.")
    seed = json.dumps([group.case_sha256, group.campaign_id, step.name, asked.by, asked.at.isoformat()])
    return Proposal(
        SCHEMA,
        "p-" + hashlib.sha256(seed.encode()).hexdigest()[:12],
        group,
        step.name,
        step.effect,
        step.rollback,
        asked.by,
        asked.at,
        asked.reason,
        asked.registry,
        asked.at + timedelta(days=DAYS_TO_AGREE),
        asked.at + timedelta(days=step.days),
        run,
    )


def step_of(name: str) -> Step:
    """Return a step by its name.

    Raises:
        DeskError: there is none of that name.
    """
    if name not in STEPS:
        raise DeskError("step", "unknown", got=ascii(name)[:40], expected=", ".join(STEPS))
    return STEPS[name]


def to_plain(proposal: Proposal) -> dict[str, Any]:
    """Return a proposal as plain JSON values."""
    plain = asdict(proposal)
    for row, names in ((plain["dry_run"], OPTIONAL), *((item, ("p_group",)) for item in plain["dry_run"]["touched"])):
        for name in names:
            if row[name] is None:  # as in a proposal of before, whose digest stays what it was
                del row[name]
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in plain.items()}


def from_plain(plain: dict[str, Any]) -> Proposal:
    """Return the proposal that ``to_plain`` wrote."""
    run = plain["dry_run"]
    read = DryRun(
        tuple(Member(**item) for item in run["touched"]),
        tuple(Spared(**item) for item in run["spared"]),
        run["exchanges"],
        run["own_exchanges"],
        run["expected_wrong"],
        run["all_wrong_probability"],
        *(run.get(name) for name in OPTIONAL),
    )
    times = {name: datetime.fromisoformat(plain[name]) for name in ("proposed_at", "agree_by", "ends_at")}
    return Proposal(**{**plain, **times, "group": Group(**plain["group"]), "dry_run": read})
