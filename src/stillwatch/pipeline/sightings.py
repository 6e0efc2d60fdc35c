"""From an analysis and its case to what the campaigns' lifecycle looks at, and back into the case."""

from dataclasses import replace
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.campaigns.lifecycle import Book
from stillwatch.campaigns.record import Record, Sighting
from stillwatch.dossiers.case import Campaign, Case
from stillwatch.dossiers.decided import Lifecycle, LifecycleEvent
from stillwatch.pipeline.analysis import Analysis
from stillwatch.pipeline.finding import Finding

DAY_US: Final = 86_400_000_000
MOST_PHRASES: Final = 256  # the least values of each campaign: as good as all, for they are a random sample
RARE_SHARE: Final = 0.8  # of the entities that use a phrase are members: it is theirs, and no public app's


def sightings_of(analysis: Analysis, case: Case) -> tuple[Sighting, ...]:
    """Return the case's groups as the lifecycle sees them, in their order."""
    return tuple(
        _sighting(analysis, finding, campaign, case.q_level)
        for finding, campaign in zip(analysis.findings, case.campaigns, strict=True)
    )


def bans_of(accounts: pa.Table | None, last_day: str) -> dict[str, str]:
    """Return the day of the ban of every account in a table that was banned by a day, with traffic or without."""
    if accounts is None or "banned_at" not in accounts.column_names:
        return {}
    banned = accounts.filter(pc.is_valid(accounts["banned_at"]))
    days = pc.strftime(banned["banned_at"], "%Y-%m-%d").to_pylist()
    return {name: day for name, day in zip(banned["account_id"].to_pylist(), days, strict=True) if day <= last_day}


def with_lifecycles(case: Case, ids: tuple[str, ...], book: Book) -> Case:
    """Return a case whose groups have their lasting ids and their story so far."""
    records = {one.id: one for one in book.records}
    campaigns = tuple(
        replace(campaign, id=name, lifecycle=lifecycle_of(records[name]))
        for campaign, name in zip(case.campaigns, ids, strict=True)
    )
    return replace(case, campaigns=campaigns)


def lifecycle_of(one: Record) -> Lifecycle:
    """Return a record's story as a case tells it."""
    return Lifecycle(
        status=one.status,
        first_reported_on=one.first_reported,
        accused_on=one.accused,
        exchanges_lost=one.exchanges_lost,
        replaces=one.replaces,
        replaced_by=one.replaced_by,
        events=tuple(LifecycleEvent(e.day, e.kind, e.reason, e.n_accounts, e.campaigns) for e in one.events),
    )


def _sighting(analysis: Analysis, finding: Finding, campaign: Campaign, q_level: float) -> Sighting:
    names = analysis.population.accounts.names
    exchanges = analysis.population.exchanges
    rows = finding.group.slice_rows
    pair = np.unique(exchanges.account[rows].astype(np.int64) << 32 | exchanges.requested_us[rows] // DAY_US)
    days = np.datetime_as_string((pair & (2**32 - 1)).astype("datetime64[D]"))
    members = frozenset(campaign.accounts)
    took_part = sorted((names[a], str(day)) for a, day in zip(pair >> 32, days, strict=True) if names[a] in members)
    return Sighting(
        id=campaign.id,
        accounts=tuple(sorted(campaign.accounts)),
        phrases=_rare_phrases(analysis, finding),
        days=tuple(took_part),
        exchanges=campaign.exchanges,
        attempts=campaign.attempts,
        first_seen=campaign.first_seen_at.date().isoformat(),
        last_seen=campaign.last_seen_at.date().isoformat(),
        leading_hypothesis=campaign.leading_hypothesis,
        p_leading=campaign.p_leading,
        q_value=campaign.q_value,
        is_accusation=campaign.is_accusation,
        is_coordinated=campaign.q_value <= q_level,
    )


def _rare_phrases(analysis: Analysis, finding: Finding) -> tuple[int, ...]:
    """Return the phrases of a finding's families whose users are nearly all members; the least values.

    Phrase by phrase: a family as a whole meets ever more passers-by, with one phrase each, the longer the window is.
    """
    families, mine = analysis.families, finding.group.families
    values, uses = families.phrases(mine), families.uses(mine)
    is_member = np.zeros(analysis.entities.n, bool)
    is_member[finding.group.entities] = True
    n_users = np.bincount(uses.place, minlength=len(values))
    n_members = np.bincount(uses.place, weights=is_member[uses.entity], minlength=len(values))
    rare = values[n_members >= RARE_SHARE * n_users]
    return tuple(int(value) for value in rare[:MOST_PHRASES])
