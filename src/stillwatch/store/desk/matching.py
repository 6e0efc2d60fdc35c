"""Which decided group each group of a case continues, and what holds for it now.

Source: ours, docs/desk.md (matching by id, else by members).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from stillwatch.dossiers.case import Case
from stillwatch.dossiers.decided import DeskStatus, LeftOut
from stillwatch.store.desk.database import Database, instant
from stillwatch.store.desk.decision import Decision, decisions, read_snapshots
from stillwatch.store.desk.regrouping import Regrouping, part_id, regrouping
from stillwatch.store.desk.snapshot import Snapshot, new_evidence, overlap
from stillwatch.store.desk.standing import Desk, Standing, standing

LEAST_OVERLAP: Final = 0.5  # of either group's accounts: most of one are in the other
PART_OVERLAP: Final = 0.8  # of a group's accounts are a part's: then the scan found the part by itself


@dataclass(frozen=True, slots=True)
class Held:
    """What the desk holds of one case.

    Args:
        statuses: by campaign id, for each group about which something was decided.
        left_out: accounts left out of accusations, with the decision.
        regrouping: the case's groups after merges and splits.
    """

    statuses: Mapping[str, DeskStatus] = field(default_factory=dict)
    left_out: Mapping[str, Decision] = field(default_factory=dict)
    regrouping: Regrouping = field(default_factory=Regrouping)


@dataclass(frozen=True, slots=True)
class _Known:
    """A decided group: what holds, every id it was seen under, its newest evidence, and what it was split from."""

    standing: Standing
    aliases: frozenset[str]
    latest: Snapshot | None
    when_decided: Snapshot | None
    split_from: str | None


def held_of(database: Database, case: Case) -> Held:
    """Return what the desk holds of a case; a group about which nothing was decided is in none of it.

    A decided group is recognised by its id; where that is not in the case, by its members, if most of either group's
    accounts are in the other. A part that was split off is recognised only in a group that is mostly the part, and
    then what was decided about the whole says nothing of it.
    """
    log = decisions(database)
    if not log:
        return Held()
    desk = standing(log)
    parts = {part_id(item.accounts): item.campaign_id for item in log if item.kind == "split"}
    known = [_known(database, item, parts.get(item.campaign_id)) for item in desk.groups.values()]
    here = {campaign.id for campaign in case.campaigns}
    gone = [item for item in known if not item.aliases & here]
    statuses, known_as = {}, {}
    for campaign in case.campaigns:
        now = Snapshot.of(case, campaign)
        matched = _matched(now, known, gone)
        known_as[campaign.id] = tuple(item.standing.campaign_id for item in matched)
        left_out = tuple(_left_out(account, desk) for account in campaign.accounts if account in desk.left_out)
        if matched or left_out:
            statuses[campaign.id] = _status(matched, now, left_out)
    return Held(statuses, desk.left_out, regrouping(case, known_as, log))


def _matched(now: Snapshot, known: list[_Known], gone: list[_Known]) -> list[_Known]:
    """Return the decided groups that a group continues, the closest first."""
    same = [item for item in known if now.campaign_id in item.aliases]
    like = [
        (item, share)
        for item in gone
        if (share := _likeness(item, now)) >= (PART_OVERLAP if item.split_from else LEAST_OVERLAP)
    ]
    wholes = {item.split_from for item, _ in like} | {item.split_from for item in same}
    same.sort(key=lambda item: item.standing.campaign_id != now.campaign_id)
    like.sort(key=lambda pair: (-pair[1], pair[0].standing.campaign_id))
    return same + [item for item, _ in like if item.standing.campaign_id not in wholes]


def _known(database: Database, item: Standing, split_from: str | None) -> _Known:
    snapshots = read_snapshots(database, item.snapshots)
    seen_as = {snapshot.campaign_id for snapshot in snapshots.values()}
    latest = snapshots[item.snapshots[-1]] if item.snapshots else None
    when_decided = snapshots.get(item.status.snapshot_sha256 or "") if item.status else None
    return _Known(item, frozenset({item.campaign_id, *seen_as}), latest, when_decided, split_from)


def _likeness(item: _Known, now: Snapshot) -> float:
    if item.latest is None:
        return 0.0
    mine = overlap(now, item.latest)
    return mine if item.split_from else max(overlap(item.latest, now), mine)


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
        merged_with=tuple(dict.fromkeys(_merged_with(matched, now.campaign_id))),
        parts=tuple(dict.fromkeys(part for item in matched for part in item.standing.parts)),
        assigned_to=next((item.standing.assigned_to for item in matched if item.standing.assigned_to), None),
    )


def _merged_with(matched: list[_Known], campaign_id: str) -> Iterator[str]:
    return (one for item in matched for one in item.standing.merged_with if one != campaign_id)


def _news(before: Snapshot | None, now: Snapshot, left_out: set[str]) -> tuple[str, ...]:
    if before is None:
        return ("The evidence as it stood then was not kept, so that nothing can be compared.",)
    return new_evidence(before, now.without(left_out - set(before.accounts)))
