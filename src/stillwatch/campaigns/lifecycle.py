"""Campaigns from day to day: which of today's groups goes on which campaign, and what happened to each.

A group goes on a campaign where, of members, days on which members took part and rare phrases, half is in common
on average (of the smaller side, so that growth is no change); the assignment of groups to campaigns is the one of
highest total Jaccard similarity. Each event has its reason in numbers. One book and the same sightings always give
the same next book: a run that is repeated from the same book changes nothing.

Source: optimal assignment, Kuhn 1955 and Crouse 2016 (scipy); events of evolving groups as in Palla, Barabasi and
Vicsek 2007, Quantifying social group evolution; ours: docs/decisions/0014-state.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Final

import numpy as np
import pyarrow as pa
from scipy.optimize import linear_sum_assignment

from stillwatch.campaigns import record as r
from stillwatch.campaigns.record import Event, Record, Sighting
from stillwatch.campaigns.replacement import replaced_inside, replacement_links
from stillwatch.campaigns.resemblance import Overlap, incidence, likeness, overlap
from stillwatch.links.population import FloatArray

LEAST_ALIKE: Final = 0.5  # of the smaller side in common: with less, more speaks for another group than for this one
DORMANT_DAYS: Final = 3  # without an exchange; a weekend is two
NOTABLE: Final = 0.1  # of the members: what comes and goes below that is the edge of the group, not its growth
LEAST_NOTABLE: Final = 3  # members, for small groups

Days = Mapping[str, tuple[tuple[str, str], ...]]
"""For each campaign, which account took part on which day."""


@dataclass(frozen=True, slots=True)
class Book:
    """All campaigns of a state.

    Args:
        records: by id, in order.
        days: of each record, within the window of the last scan.
        as_of: last day of that window, or null before the first.
        since: first day of that window, likewise.
    """

    records: tuple[Record, ...] = ()
    days: Days = field(default_factory=dict)
    as_of: str | None = None
    since: str | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """First and last day of a scan's window."""

    first: str
    last: str


def follow(
    book: Book, sightings: Sequence[Sighting], window: Window, banned: Mapping[str, str]
) -> tuple[Book, tuple[str, ...]]:
    """Return the book after one more scan, and the campaign's id of each sighting.

    Args:
        book: the campaigns before.
        sightings: today's groups, in the order of the case.
        window: what was scanned.
        banned: day of the ban of every account that was banned by the window's last day.
    """
    old = [one for one in book.records if one.status != r.MERGED]
    old_days = {one.id: _within(book.days.get(one.id, ()), window.first) for one in old}
    common = _overlaps(old, old_days, sightings, book.as_of or window.last)
    goes_on = _assign(common)
    ids = _ids(old, sightings, goes_on)
    records = {one.id: one for one in book.records}
    days: dict[str, tuple[tuple[str, str], ...]] = {}
    fresh: list[tuple[int, Sighting]] = []
    for j, sighting in enumerate(sightings):
        days[ids[j]] = sighting.days
        if j in goes_on:
            records[ids[j]] = _continued(old[goes_on[j]], sighting, window, banned)
        else:
            fresh.append((j, sighting))
    for j, sighting in fresh:
        parent = _parent(j, common, goes_on, old)
        records[ids[j]] = _begun(ids[j], sighting, window, parent)
        if parent is not None:
            told = f"{len(sighting.accounts)} accounts go on as {ids[j]}"
            records[parent.id] = _with(records[parent.id], window, "split", told, (ids[j],))
    matched = {old[i].id for i in goes_on.values()}
    for i, one in enumerate(old):
        if one.id not in matched:
            into = _heir(i, common, ids)
            records[one.id] = _unmatched(one, old_days[one.id], into, window)
            days[one.id] = old_days[one.id]
            if into is not None and one.status != r.ENDED:
                told = f"{one.id} with {len(one.accounts)} accounts is part of it now"
                records[into] = _with(records[into], window, "merged", told, (one.id,))
    for link in replacement_links(records, {ids[j]: one for j, one in fresh}, book.records, banned):
        new, earlier = records[link.new], records[link.old]
        new = replace(new, replaces=(*new.replaces, link.old))
        earlier = replace(earlier, replaced_by=(*earlier.replaced_by, link.new))
        records[link.new] = _with(new, window, "replaced", f"it goes on for {link.old}: {link.reason}", (link.old,))
        told = f"{link.new} goes on in its place: {link.reason}"
        records[link.old] = _with(earlier, window, "replaced", told, (link.new,))
    ordered = tuple(records[name] for name in sorted(records))
    return Book(ordered, {name: days[name] for name in sorted(days)}, window.last, window.first), ids


def _within(days: tuple[tuple[str, str], ...], first: str) -> tuple[tuple[str, str], ...]:
    return tuple(pair for pair in days if pair[1] >= first)


def _overlaps(old: Sequence[Record], old_days: Days, new: Sequence[Sighting], until: str) -> dict[str, Overlap]:
    """Return what campaigns and groups have in common; days are compared up to the last scan only."""
    before = [["\n".join(pair) for pair in old_days[one.id]] for one in old]
    now = [["\n".join(pair) for pair in one.days if pair[1] <= until] for one in new]
    members = [incidence([one.accounts for one in side], pa.string()) for side in (old, new)]
    days = [incidence(side, pa.string()) for side in (before, now)]
    phrases = [incidence([one.phrases for one in side], pa.uint64()) for side in (old, new)]
    return {"members": overlap(*members), "days": overlap(*days), "phrases": overlap(*phrases)}


def _assign(common: Mapping[str, Overlap]) -> dict[int, int]:
    """Return, by index of the sighting, the index of the campaign that it goes on."""
    alike, jaccard = likeness(list(common.values()))
    if not alike.size:
        return {}
    is_one = (alike >= LEAST_ALIKE) & (common["members"].shared > 0)
    gain: FloatArray = np.where(is_one, jaccard, 0.0)
    rows, columns = linear_sum_assignment(gain, maximize=True)
    return {int(j): int(i) for i, j in zip(rows, columns, strict=True) if is_one[i, j]}


def _ids(old: Sequence[Record], sightings: Sequence[Sighting], goes_on: Mapping[int, int]) -> tuple[str, ...]:
    """Return an id for each sighting: the campaign's, or its own; one that another campaign had gets a further mark."""
    taken = {one.id for one in old}
    found = []
    for j, sighting in enumerate(sightings):
        name = old[goes_on[j]].id if j in goes_on else sighting.id
        while j not in goes_on and name in taken:
            name += "x"
        taken.add(name)
        found.append(name)
    return tuple(found)


def _parent(j: int, common: Mapping[str, Overlap], goes_on: Mapping[int, int], old: Sequence[Record]) -> Record | None:
    """Return the campaign that a new group comes from: most of its members were in it, and it goes on elsewhere."""
    if not old:
        return None
    share = common["members"].inherited[:, j]
    i = int(np.argmax(share))
    return old[i] if share[i] >= LEAST_ALIKE and i in goes_on.values() else None


def _heir(i: int, common: Mapping[str, Overlap], ids: Sequence[str]) -> str | None:
    """Return the id of the group that holds most of a campaign's members, or null where none does."""
    if not ids:
        return None
    share = common["members"].kept[i]
    j = int(np.argmax(share))
    return ids[j] if share[j] >= LEAST_ALIKE else None


def _begun(name: str, sighting: Sighting, window: Window, parent: Record | None) -> Record:
    blank = Record(
        id=name,
        status=r.ACTIVE,
        accounts=(),
        phrases=(),
        first_reported=window.last,
        last_reported=window.last,
        first_seen=sighting.first_seen,
        last_seen=sighting.last_seen,
        exchanges=0,
        attempts=0,
        leading_hypothesis="",
        p_leading=0.0,
        q_value=1.0,
        is_accusation=False,
    )
    told = f"{len(sighting.accounts)} accounts with {sighting.exchanges} exchanges since {sighting.first_seen}"
    begun = _seen(blank, sighting, window)
    if parent is None:
        begun = _with(begun, window, "new", told)
    else:
        begun = _with(begun, window, "split", f"{told}; most of them were in {parent.id}", (parent.id,))
    return _judged(_rested(begun, window), blank, sighting, window)


def _continued(one: Record, sighting: Sighting, window: Window, banned: Mapping[str, str]) -> Record:
    before = one.n_at_last_event
    joined = len(set(sighting.accounts) - set(one.accounts))
    left = len(set(one.accounts) - set(sighting.accounts))
    now = _seen(one, sighting, window)
    change = len(sighting.accounts) - before
    if abs(change) >= max(LEAST_NOTABLE, NOTABLE * before):
        told = (
            f"{before} accounts before, {len(sighting.accounts)} now; since the last scan {joined} joined, {left} left"
        )
        now = _with(now, window, "grew" if change > 0 else "shrank", told)
    inside = replaced_inside(sighting, banned, one.bans_seen)
    if inside is not None:
        now = replace(now, bans_seen=(*now.bans_seen, inside.day))
        now = _with(now, window, "replaced", inside.reason)
    return _judged(_rested(now, window), one, sighting, window)


def _seen(one: Record, sighting: Sighting, window: Window) -> Record:
    return replace(
        one,
        accounts=sighting.accounts,
        phrases=sighting.phrases,
        last_reported=window.last,
        first_seen=min(one.first_seen, sighting.first_seen),
        last_seen=max(one.last_seen, sighting.last_seen),
        exchanges=sighting.exchanges,
        attempts=sighting.attempts,
        leading_hypothesis=sighting.leading_hypothesis,
        p_leading=sighting.p_leading,
        q_value=sighting.q_value,
        is_accusation=sighting.is_accusation,
    )


def _rested(one: Record, window: Window) -> Record:
    """Return a campaign that was found, as dormant or active by its last exchange."""
    silent = (date.fromisoformat(window.last) - date.fromisoformat(one.last_seen)).days
    if silent >= DORMANT_DAYS:
        if one.status == r.DORMANT:
            return one
        told = f"its last exchange was {silent} days before, on {one.last_seen}"
        return _with(replace(one, status=r.DORMANT), window, "dormant", told)
    if one.status == r.ACTIVE:
        return one
    told = f"it was {one.status}; exchanges of it again, the last on {one.last_seen}"
    return _with(replace(one, status=r.ACTIVE), window, "resumed", told)


def _judged(now: Record, before: Record, sighting: Sighting, window: Window) -> Record:
    told = f"{sighting.leading_hypothesis} with {sighting.p_leading:.0%}, q = {sighting.q_value:.2g}"
    if sighting.is_accusation and not before.is_accusation:
        if now.accused is None:
            now = replace(now, accused=window.last, exchanges_lost=sighting.exchanges)
            told += f"; {sighting.exchanges} exchanges until then"
        return _with(now, window, "accused", told)
    if before.is_accusation and not sighting.is_accusation:
        return _with(now, window, "cleared", told)
    return now


def _unmatched(one: Record, days: tuple[tuple[str, str], ...], into: str | None, window: Window) -> Record:
    """Return a campaign that no group of this scan goes on."""
    if one.status == r.ENDED:
        return one
    if into is not None:
        told = f"most of its {len(one.accounts)} accounts are in {into} now"
        return _with(replace(one, status=r.MERGED, merged_into=into), window, "merged", told, (into,))
    if not days:
        told = f"nothing of it is left in the window; its last exchange was on {one.last_seen}"
        return _with(replace(one, status=r.ENDED), window, "ended", told)
    if one.status in (r.DORMANT, r.UNCONFIRMED):
        return one
    told = "what is left of it in the window is no group beyond chance"
    return _with(replace(one, status=r.UNCONFIRMED), window, "unconfirmed", told)


def _with(one: Record, window: Window, kind: str, reason: str, others: tuple[str, ...] = ()) -> Record:
    event = Event(window.last, kind, reason, len(one.accounts), others)
    return replace(one, events=(*one.events, event))
