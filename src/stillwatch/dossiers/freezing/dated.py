"""The timeline: what happened when, beside releases of the provider's models and of others'."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

import numpy as np
import pyarrow.compute as pc

from stillwatch.dossiers.dated_part import Days, Event, TimelinePart
from stillwatch.dossiers.freezing.case_folder import CaseFolder
from stillwatch.dossiers.freezing.given import Facts
from stillwatch.dossiers.freezing.ledger import Ledger, shown, slug
from stillwatch.dossiers.number import Rows, Statement, say
from stillwatch.dossiers.selection import of_campaign

WINDOW_DAYS: Final = 30  # before a release: about the time in which data still enters a model that is being trained
LEAST_DAYS: Final = 20  # of traffic: with fewer, no shift of the timeline can be surprising at 1 in 20


def timeline_part(case: CaseFolder, ledger: Ledger, facts: Facts) -> TimelinePart:
    """Return the dated facts in order, the slice day by day, and how it lies to the development of other models."""
    line = case.campaign.timeline
    events = sorted(
        [*_of_traffic(case, ledger), *_of_accounts(case, ledger), *_of_releases(facts)],
        key=lambda event: (event.at, event.kind, event.said.text, event.said.values),
    )
    days = Days(line.start_at, line.step_s, line.extraction, line.own, line.active_accounts)
    return TimelinePart(tuple(events), days, tuple(_correlation(case, ledger, facts)))


def _of_traffic(case: CaseFolder, ledger: Ledger) -> Iterator[Event]:
    campaign = case.campaign
    yield Event(campaign.first_seen_at, "traffic", say("First exchange of the slice."))
    yield Event(campaign.last_seen_at, "traffic", say("Last exchange of the slice."))
    line = campaign.timeline
    if any(line.extraction):
        busiest = max(range(len(line.extraction)), key=lambda k: line.extraction[k])
        ref = ledger.put(
            "timeline.busiest", "exchanges of the slice in its busiest step", float(line.extraction[busiest]),
            "exchanges", rows=ledger.in_case("timeline.extraction", n_rows=len(line.extraction)), method="a count; nothing is estimated",
        )  # fmt: skip
        at = line.start_at + timedelta(seconds=busiest * line.step_s)
        yield Event(at, "traffic", say(f"Busiest step, of [[v:0]] h: {shown(ref)}.", f"{line.step_s / 3600:g}"))
    for release in line.releases:
        ref = ledger.put(
            f"timeline.{slug(release.model)}.moved", f"{release.model}: share of the slice a day after it was first seen",
            release.share_after_a_day, "share of exchanges", rows=ledger.in_case("timeline.releases", n_rows=len(line.releases)),
            method="of the slice's exchanges in the second day after the model was first seen in the whole traffic",
            needs=("model",),
        )  # fmt: skip
        said = say(f"[[v:0]] first seen in the traffic; a day later {shown(ref)} of the slice.", release.model)
        yield Event(release.first_seen_at, "provider_release", said)


def _of_accounts(case: CaseFolder, ledger: Ledger) -> Iterator[Event]:
    if "members" not in case.tables:
        return
    members = case.tables["members"]
    for column, first, n_title in (
        (
            "created_at",
            "First account of the campaign signed up; with it, {}",
            "accounts of the campaign that were made",
        ),
        ("banned_at", "First account of the campaign banned; with it, {}", "accounts of the campaign that were banned"),
    ):
        known = [at for at in members[column].to_pylist() if at is not None]
        if not known:
            continue
        where = Rows("members.parquet", of_campaign(case.campaign.id, f"{column} != null"), (column,), len(known))
        ref = ledger.put(f"timeline.{column}", f"{n_title}, as far as known", float(len(known)), "accounts",
                         rows=where, method="a count of dates that are known", needs=(column,))  # fmt: skip
        yield Event(min(known), "account", say(first.format(shown(ref)) + " in all."))
        if len(known) > 1:
            yield Event(max(known), "account", say("Last of them."))


def _of_releases(facts: Facts) -> Iterator[Event]:
    for release in facts.releases:
        if release.organisation is None:
            yield Event(release.at, "provider_release", say("The provider released [[v:0]].", release.model))
        else:
            yield Event(
                release.at, "other_release", say("[[v:1]] released [[v:0]].", release.model, release.organisation)
            )


def _correlation(case: CaseFolder, ledger: Ledger, facts: Facts) -> Iterator[Statement]:
    others = sorted({release.organisation for release in facts.releases if release.organisation is not None})
    if not others:
        yield say(
            "No timeline of another model was given (--releases FILE.toml with an organisation), so that nothing can be said."
        )
        return
    if "slices" not in case.tables:
        yield say("The case has no table of slices, so that nothing can be said.")
        return
    for name in others:
        at = [release.at for release in facts.releases if release.organisation == name]
        yield from _of_one(name, at, case, ledger, facts)


def _of_one(name: str, at: list[datetime], case: CaseFolder, ledger: Ledger, facts: Facts) -> Iterator[Statement]:
    start = (case.case.first_seen_at or case.campaign.first_seen_at).replace(hour=0, minute=0, second=0, microsecond=0)
    end = case.case.last_seen_at or case.campaign.last_seen_at
    n_days = (end - start).days + 1
    requested = case.tables["slices"]["requested_at"]
    day = pc.days_between(np.datetime64(start.replace(tzinfo=None), "us"), requested.cast("timestamp[us]")).to_numpy()
    counts = np.bincount(day, minlength=n_days)[:n_days].astype(np.float64)
    inside = np.zeros(n_days, bool)
    for moment in at:
        last = (moment - start).days
        inside[max(last - WINDOW_DAYS, 0) : max(min(last + 1, n_days), 0)] = True
    if not inside.any() or inside.all():
        which = "covers all of" if inside.all() else "lies outside"
        yield say(
            f"The {WINDOW_DAYS} days before each release of [[v:0]] [[v:1]] the traffic at hand: no correlation can be "
            "seen or denied.", name, which,
        )  # fmt: skip
        return
    share = counts[inside].sum() / max(counts.sum(), 1.0)
    shifted = np.array([counts[np.roll(inside, k)].sum() for k in range(n_days)])
    p = float(np.mean(shifted >= counts[inside].sum() - 0.5))
    where = Rows("slices.parquet", of_campaign(case.campaign.id), ("requested_at",), len(requested))
    about = f"{WINDOW_DAYS} days before releases of {name} ({facts.releases_file})"
    refs = [
        ledger.put(f"timeline.{slug(name)}.share", f"share of the slice in the {about}", float(share),
                   "share of exchanges", rows=where, method="a count by days in UTC"),
        ledger.put(f"timeline.{slug(name)}.expected", f"share of the traffic's days in the {about}",
                   float(inside.mean()), "share of days", rows=where, method="a count of days"),
        ledger.put(f"timeline.{slug(name)}.p", f"p-value of the slice falling in the {about}", p, "p-value",
                   rows=where, method=f"share of the {n_days} circular shifts of the days that hold as much",
                   note="with few days of traffic it cannot be small" if n_days < LEAST_DAYS else ""),
    ]  # fmt: skip
    yield say(
        f"{shown(refs[0])} of the slice falls in the {WINDOW_DAYS} days before releases of [[v:0]], which are "
        f"{shown(refs[1])} of the traffic's days (p = {shown(refs[2])}).", name,
    )  # fmt: skip
