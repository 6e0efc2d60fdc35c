"""Which decided group each group of a case continues, and what holds for it now.

Source: ours, docs/desk.md (matching by id, else by members).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from stillwatch.dossiers.case import Case, DeskStatus, LeftOut
from stillwatch.store.desk.database import Database, instant
from stillwatch.store.desk.decision import Decision, decisions, snapshot_of
from stillwatch.store.desk.snapshot import Snapshot, new_evidence, overlap
from stillwatch.store.desk.standing import Desk, Standing, standing

LEAST_OVERLAP: Final = 0.5  # of either group's accounts: most of one are in the other


@dataclass(frozen=True, slots=True)
class Held:
    """What the desk holds of one case.

    Args:
        statuses: by campaign id, for each group about which something was decided.
        left_out: accounts left out of accusations, with the decision.
    """

    statuses: Mapping[str, DeskStatus]
    left_out: Mapping[str, Decision]


@dataclass(frozen=True, slots=True)
class _Known:
    """A decided group: what holds, every id it was seen under, and its newest evidence."""

    standing: Standing
    aliases: frozenset[str]
    latest: Snapshot | None
    when_decided: Snapshot | None


def held_of(database: Database, case: Case) -> Held:
    """Return what the desk holds of a case; a group about which nothing was decided is in none of it.

    A decided group is recognised by its id; where that is not in the case, by its members, if most of either group's
    accounts are in the other.
    """
    log = decisions(database)
    if not log:
        return Held({}, {})
    desk = standing(log)
    known = [_known(database, item, log) for item in desk.groups.values()]
    here = {campaign.id for campaign in case.campaigns}
    gone = [item for item in known if not item.aliases & here]
    statuses = {}
    for campaign in case.campaigns:
        now = Snapshot.of(case, campaign)
        same = [(item, 1.0) for item in known if campaign.id in item.aliases]
        like = [(item, share) for item in gone if (share := _likeness(item, now)) >= LEAST_OVERLAP]
        matched = sorted(same, key=lambda pair: pair[0].standing.campaign_id != campaign.id)
        matched += sorted(like, key=lambda pair: (-pair[1], pair[0].standing.campaign_id))
        left_out = tuple(_left_out(account, desk) for account in campaign.accounts if account in desk.left_out)
        if matched or left_out:
            statuses[campaign.id] = _status([item for item, _ in matched], now, left_out)
    return Held(statuses, desk.left_out)


def _known(database: Database, item: Standing, log: tuple[Decision, ...]) -> _Known:
    mine = [one for one in log if one.campaign_id == item.campaign_id and one.snapshot_sha256]
    kept = {one.snapshot_sha256: one for one in mine}
    snapshots = {sha256: snapshot_of(database, one) for sha256, one in kept.items()}
    seen_as = {snapshot.campaign_id for snapshot in snapshots.values() if snapshot}
    latest = snapshots[item.latest_snapshot.snapshot_sha256] if item.latest_snapshot else None
    when_decided = snapshots.get(item.status.snapshot_sha256) if item.status else None
    return _Known(item, frozenset({item.campaign_id, *seen_as}), latest, when_decided)


def _likeness(item: _Known, now: Snapshot) -> float:
    return max(overlap(item.latest, now), overlap(now, item.latest)) if item.latest else 0.0


def _left_out(account: str, desk: Desk) -> LeftOut:
    item = desk.left_out[account]
    return LeftOut(account, item.actor, instant(item.at), item.reason)


def _status(matched: list[_Known], now: Snapshot, left_out: tuple[LeftOut, ...]) -> DeskStatus:
    """Return what holds for a group that continues some decided ones, the closest first; the newest status counts."""
    decided = [item for item in matched if item.standing.status]
    newest = max(decided, key=lambda item: item.standing.status.id if item.standing.status else 0, default=None)
    name, by, at, reason = "open", None, None, ""
    news: tuple[str, ...] = ()
    if newest is not None and newest.standing.status is not None:
        last = newest.standing.status
        name, by, at, reason = newest.standing.name, last.actor, instant(last.at), last.reason
        if name == "dismissed":
            news = _news(newest.when_decided, now, {item.account_id for item in left_out})
            name = "reopened" if news else name
    closest = matched[0] if matched else None
    share = overlap(closest.latest, now) if closest and closest.latest else 1.0
    return DeskStatus(
        status=name,
        by=by,
        at=at,
        reason=reason,
        matched_id=closest.standing.campaign_id if closest else now.campaign_id,
        overlap=round(share, 6),
        new_evidence=news,
        left_out=left_out,
        merged_with=tuple(dict.fromkeys(one for item in matched for one in item.standing.merged_with)),
        parts=tuple(dict.fromkeys(part for item in matched for part in item.standing.parts)),
        assigned_to=next((item.standing.assigned_to for item in matched if item.standing.assigned_to), None),
    )


def _news(before: Snapshot | None, now: Snapshot, left_out: set[str]) -> tuple[str, ...]:
    if before is None:
        return ("The evidence as it stood then was not kept, so that nothing can be compared.",)
    return new_evidence(before, now.without(left_out - set(before.accounts)))
