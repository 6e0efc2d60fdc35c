"""From a case, a desk and a registry to a proposal, and to a second person's agreement."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from stillwatch.actions.coverage import NOT_CHECKED, Coverage, covered
from stillwatch.actions.dry_run import Certainty, Member, dry_run
from stillwatch.actions.proposal import Asked, Group, Proposal, propose, step_of
from stillwatch.dossiers.case import Campaign
from stillwatch.dossiers.document import DOCUMENT, from_json
from stillwatch.errors import StaleError
from stillwatch.pipeline.regrouped import members_in, regrouped
from stillwatch.records.registers import read_accounts, read_authorisations, whole
from stillwatch.store.desk import proposal as kept
from stillwatch.store.desk.database import Database
from stillwatch.store.desk.decision import decisions
from stillwatch.store.desk.matching import held_of
from stillwatch.store.desk.person import Person

DISTILLATION: Final = "distillation"
NO_EXCHANGES: Final = (0, 0)  # in the group's slice and outside


@dataclass(frozen=True, slots=True)
class Registers:
    """Where the provider's own tables lie; read anew each time, for leave may have been given since the scan."""

    authorisations: Sequence[str] = ()
    accounts: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody wants to propose."""

    campaign_id: str
    step: str
    by: str
    reason: str


def prepare(folder: Path, database: Database, registers: Registers, wanted: Wanted) -> Proposal:
    """Return a proposal with its dry run; nothing is recorded.

    The registry is read first: whoever it names is spared, and named as spared.

    Raises:
        NotFoundError: the case has no such group.
        DeskError: policy does not allow the step for the group.
        InputError: the case or the registry cannot be read.
    """
    at = database.clock()
    document = (folder / DOCUMENT).read_bytes()
    case = from_json(document)
    shown = regrouped(folder, case, database)
    campaign = shown.campaign(wanted.campaign_id)
    log = decisions(database)
    held = held_of(database, shown.case)
    status = held.statuses.get(campaign.id)
    group = Group(
        campaign_id=status.matched_id if status else campaign.id,
        case_sha256=hashlib.sha256(document).hexdigest(),
        is_accusation=campaign.is_accusation,
        status=status.status if status else "open",
        newest_decision=log[-1].id if log else 0,
    )
    coverage = coverage_of(folder, registers, at)
    left_out = {name: item.reason for name, item in held.left_out.items()}
    bases = shown.bases(campaign.id)
    posterior = min((_distillation(one) for one in case.campaigns if one.id in bases), key=lambda one: one.p)
    step = step_of(wanted.step)
    run = dry_run(step, members_of(folder, campaign, bases), coverage, left_out, posterior)
    return propose(group, step, run, Asked(wanted.by, at, wanted.reason, coverage.source))


def approve(
    folder: Path, database: Database, registers: Registers, proposal_id: str, person: Person, sha256: str
) -> kept.Standing:
    """Record that a second person agrees to a proposal, after the registry was read once more.

    Raises:
        StaleError: the registry names somebody who would be touched, or somebody decided about the group since.
        DeskError: the person may not agree, or the proposal does not stand so.
    """
    held = kept.proposal(database, proposal_id)
    coverage = coverage_of(folder, registers, database.clock())
    named = sorted(item.account_id for item in held.proposal.dry_run.touched if item.account_id in coverage.named)
    if named:
        raise StaleError(
            f"proposal {proposal_id}",
            "the registry names accounts that it would touch",
            got=f"{len(named)}: {', '.join(named[:5])}",
            expected="none",
            fix="Withdraw it and propose anew; the new dry run spares them.",
        )
    return kept.act(database, proposal_id, "approve", person, sha256)


def _distillation(campaign: Campaign) -> Certainty:
    found = next((item for item in campaign.hypotheses if item.name == DISTILLATION), None)
    return Certainty(0.0) if found is None else Certainty(found.posterior, found.posterior_low, found.posterior_high)


def coverage_of(folder: Path, registers: Registers, at: datetime) -> Coverage:
    """Return whom the registry names now, and whom the scan's own registry named.

    Raises:
        InputError: a register, or a row of the registry, cannot be read.
    """
    profiles = folder / "profiles.parquet"
    then: dict[str, str] = {}
    if profiles.is_file():
        rows = pq.read_table(profiles, columns=["account_id", "is_authorised"]).to_pylist()
        then = {row["account_id"]: "the scan's registry names it" for row in rows if row["is_authorised"]}
    if not registers.authorisations:
        return Coverage(NOT_CHECKED, then)
    registry = whole(read_authorisations(registers.authorisations), "--authorisations")
    accounts: list[dict[str, Any]] = read_accounts(registers.accounts).table.to_pylist() if registers.accounts else []
    source = ", ".join(f"{name} (SHA-256 {digest})" for name, digest in registry.digests.items())
    now = covered(registry.table.to_pylist(), accounts, source, at)
    return replace(now, named={**then, **now.named})


def members_of(folder: Path, campaign: Campaign, bases: Sequence[str]) -> tuple[Member, ...]:
    """Return the members of a group with their membership and exchanges; those without a listed membership have 0.

    Args:
        folder: the case.
        campaign: the group as analysts hold it.
        bases: the scan's groups that it was made of.
    """
    rows = pq.read_table(folder / "memberships.parquet", filters=[("campaign_id", "in", bases)])
    p_of = members_in(rows, campaign.accounts)
    counts = _exchanges_of(folder, campaign, bases)
    p_group = _p_group_of(folder, bases)
    return tuple(
        Member(
            name,
            p_of.get(name, 0.0),
            None if counts is None else counts.get(name, NO_EXCHANGES)[0],
            None if counts is None else counts.get(name, NO_EXCHANGES)[1],
            p_group.get(name),
        )
        for name in campaign.accounts
    )


def _p_group_of(folder: Path, bases: Sequence[str]) -> dict[str, float]:
    """Return, by account, the highest probability of belonging to one of the groups; empty where the case lacks it."""
    path = folder / "members.parquet"
    if not path.is_file():
        return {}
    rows = pq.read_table(path, columns=["account_id", "p_group"], filters=[("campaign_id", "in", bases)])
    best = rows.group_by("account_id").aggregate([("p_group", "max")])
    return dict(zip(best["account_id"].to_pylist(), best["p_group_max"].to_pylist(), strict=True))


def _exchanges_of(folder: Path, campaign: Campaign, bases: Sequence[str]) -> dict[str, tuple[int, int]] | None:
    """Return, by account, its exchanges in the group's slice and outside; null where the case has no such table."""
    path = folder / "activity.parquet"
    if not path.is_file():
        return None
    table = pq.read_table(path, columns=["account_id", "campaign_id", "n_exchanges"])
    mine = table.filter(pc.is_in(table["account_id"], pa.array(campaign.accounts)))
    counts: dict[str, tuple[int, int]] = {}
    for row in mine.group_by(["account_id", "campaign_id"]).aggregate([("n_exchanges", "sum")]).to_pylist():
        inside, outside = counts.get(row["account_id"], (0, 0))
        n = row["n_exchanges_sum"]
        counts[row["account_id"]] = (inside + n, outside) if row["campaign_id"] in bases else (inside, outside + n)
    return counts
