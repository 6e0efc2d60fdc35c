"""The part of attribution: for whom the exchanges of the slice were sent, as far as anything says so.

A pool may serve several customers, so that what is asked is not who is *the* customer but which part of the slice each
organisation may have been sent. Each member counts by its exchanges; how far what it names can be believed is a
stated number of a weights file. What nothing speaks for is unknown, and unknown is always among the answers. Country,
language and the geography of addresses are never looked at.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from importlib.resources import files
from typing import Any, Final

from stillwatch.dossiers.attributed_part import AttributionPart, Organisation, PoolPart
from stillwatch.dossiers.calibrated import judgement
from stillwatch.dossiers.freezing.case_folder import CaseFolder
from stillwatch.dossiers.freezing.given import Facts
from stillwatch.dossiers.freezing.ledger import Ledger, shown, slug
from stillwatch.dossiers.judged import Confidence
from stillwatch.dossiers.number import Interval, Rows, Statement, say
from stillwatch.dossiers.selection import clause, of_campaign

WEIGHTS: Final = "attribution-2026-11"
UNKNOWN: Final = "unknown"
POOLS: Final = ("distillation", "relay", "undetermined")  # whose accounts somebody runs for others
STRIKING_P: Final = 0.05  # of a timeline: one in twenty
MOST_LISTED: Final = 8  # organisations; what the others were named for is unknown


@dataclass(frozen=True, slots=True)
class Reliability:
    """How far a naming or a tie can be believed, in [0, 1]."""

    verified: float
    declared: float
    tied: float
    timeline: float

    def halved(self) -> "Reliability":
        """Return what a reader who believes half as much would state."""
        return Reliability(*(getattr(self, f.name) / 2 for f in fields(self)))

    def raised(self) -> "Reliability":
        """Return what a reader who doubts half as much would state."""
        return Reliability(*((1 + getattr(self, f.name)) / 2 for f in fields(self)))


def reliability() -> Reliability:
    """Return the released reliabilities."""
    text = (files("stillwatch.assessments") / "weights" / f"{WEIGHTS}.toml").read_text(encoding="utf-8")
    parsed = tomllib.loads(text)
    return Reliability(**{name: parsed[name] for name in ("verified", "declared", "tied", "timeline")})


def attribution_part(case: CaseFolder, ledger: Ledger, facts: Facts) -> AttributionPart:
    """Return the organisations as hypotheses, unknown among them, and the parts of the pool."""
    rows = _rows(case)
    weights = reliability()
    n = case.campaign.attempts
    found = []
    assigned = 0.0
    for row in rows[:MOST_LISTED]:
        of_slice = row["exchanges"] / max(n, 1)
        share = _believed(row, weights) * of_slice
        assigned += share
        ends = tuple(_believed(row, other) * of_slice for other in (weights.halved(), weights.raised()))
        found.append(_organisation(row, share, _range(*ends), case, ledger, facts))
    striking = _striking(ledger, facts)
    for name in striking:
        part = (1.0 - assigned) / len(striking)
        ends = tuple(other.timeline * part for other in (weights.halved(), weights.raised()))
        found.append(_by_timeline(name, weights.timeline * part, _range(*ends), ledger))
    named = [ledger[o.judgement.p] for o in found]
    rest = 1.0 - sum(one.value or 0.0 for one in named)
    low, high = (1.0 - sum(getattr(one.interval, end) for one in named) for end in ("high", "low"))
    found.append(_unknown(rest, _range(max(low, 0.0), max(high, 0.0)) if named else None, case, ledger))
    found.sort(key=lambda o: (-(ledger.value(o.judgement.p) or 0.0), o.name))
    return AttributionPart(
        _summary(case, rows), _confidence(case, rows), tuple(found), _parts(rows, case, ledger, facts)
    )


def _range(low: float, high: float) -> Interval:
    """Return a range over what others might state of the reliabilities; it is no confidence interval."""
    return Interval(
        min(low, 1.0), min(high, 1.0), 0.0, "with all stated reliabilities halved, and with all doubts halved"
    )


def _rows(case: CaseFolder) -> list[dict[str, Any]]:
    if "organisations" not in case.tables:
        return []
    rows = case.tables["organisations"].to_pylist()
    return sorted(rows, key=lambda row: (-row["exchanges"], row["organisation_id"]))


def _believed(row: Mapping[str, Any], weights: Reliability) -> float:
    """Return the mean reliability over the members that name the organisation or are tied to it."""
    declared = row["n_members"] - row["n_verified"]
    total = row["n_members"] + row["n_tied"]
    return float(
        (row["n_verified"] * weights.verified + declared * weights.declared + row["n_tied"] * weights.tied)
        / max(total, 1)
    )


def _title(identifier: str, facts: Facts) -> str:
    return facts.organisation_names.get(identifier, identifier)


def _organisation(
    row: dict[str, Any], share: float, around: Interval, case: CaseFolder, ledger: Ledger, facts: Facts
) -> Organisation:
    name = slug(row["organisation_id"])
    title = _title(row["organisation_id"], facts)
    where = Rows("organisations.parquet", of_campaign(case.campaign.id, clause("organisation_id", row["organisation_id"])),
                 ("n_members", "n_verified", "n_tied", "exchanges", "n_accounts"), 1)  # fmt: skip
    p = ledger.put(
        f"organisation.{name}.p", f"probability that an exchange of the slice was sent for {title}", share,
        "probability", rows=where, method="exchanges of the members that name it or are tied to it, by how far that can be "
        f"believed, over all of the slice; weights file {WEIGHTS}, stated and not learned",
        needs=("organisation_id", "is_verified"), interval=around,
    )  # fmt: skip
    counts = {
        key: ledger.put(f"organisation.{name}.{key}", f"{title}: {words}", float(row[key]), unit, rows=where,
                        method="a count; nothing is estimated", needs=("organisation_id",))
        for key, words, unit in (
            ("n_members", "members that name it", "accounts"),
            ("n_verified", "members that name it and are verified", "accounts"),
            ("n_tied", "members tied to its accounts outside", "accounts"),
            ("n_accounts", "accounts of the whole traffic that name it", "accounts"),
            ("exchanges", "exchanges of the slice by members that name it or are tied to it", "exchanges"),
        )
    }  # fmt: skip
    speaks_for, against = [], []
    if row["n_members"]:
        speaks_for.append(
            say(f"Members that name it: {shown(counts['n_members'])}; of them verified: {shown(counts['n_verified'])}.")
        )
    if row["n_tied"]:
        speaks_for.append(
            say("Members that name nobody, but share a rare value of identity or address with accounts outside that name "
                f"it: {shown(counts['n_tied'])}.")
        )  # fmt: skip
    outside = row["n_accounts"] - row["n_members"]
    if outside > 0:
        against.append(
            say(
                f"{shown(counts['n_accounts'])} accounts name it in all, and not only here: it may have nothing to do with the pool."
            )
        )
    against.append(
        say(f"Only {shown(counts['exchanges'])} of {shown('campaign.attempts')} exchanges come from members that name it or "
            "are tied to it. Pools use false names; an account is not an organisation.")
    )  # fmt: skip
    return Organisation(row["organisation_id"], title, judgement(share, p), tuple(speaks_for), tuple(against))


def _striking(ledger: Ledger, facts: Facts) -> list[str]:
    names = sorted({r.organisation for r in facts.releases if r.organisation is not None})
    return [
        name for name in names if (ledger.value(f"timeline.{slug(name)}.p") or 1.0) <= STRIKING_P
    ]  # fmt: skip


def _by_timeline(name: str, share: float, around: Interval, ledger: Ledger) -> Organisation:
    ref = slug(name)
    p = ledger.put(f"organisation.{ref}.p", f"probability that an exchange of the slice was sent for {name}", share,
                   "probability", rows=Rows(WEIGHTS + ".toml", "timeline", ("timeline",), 1),
                   method=f"a stated share of what nobody is named for; weights file {WEIGHTS}",
                   interval=around)  # fmt: skip
    return Organisation(
        name, name, judgement(share, p),
        (say(f"The slice precedes its releases more than chance would have it (p = {shown(f'timeline.{ref}.p')})."),),
        (say("Any date precedes some release of somebody; nothing in the accounts names it."),),
    )  # fmt: skip


def _unknown(share: float, around: Interval | None, case: CaseFolder, ledger: Ledger) -> Organisation:
    where = Rows("organisations.parquet", of_campaign(case.campaign.id), ("exchanges",),
                 len(case.tables["organisations"]) if "organisations" in case.tables else 0)  # fmt: skip
    p = ledger.put(f"organisation.{UNKNOWN}.p", "probability that who is behind an exchange of the slice is unknown",
                   max(share, 0.0), "probability", rows=where, method="what no organisation is named for",
                   interval=around)  # fmt: skip
    said = [say("Nothing in the case ties the rest of the slice to anybody.")]
    return Organisation(UNKNOWN, "Unknown", judgement(max(share, 0.0), p), tuple(said), ())


def _summary(case: CaseFolder, rows: list[dict[str, Any]]) -> tuple[Statement, ...]:
    said = []
    if "organisations" not in case.tables:
        said.append(say("The case has no table of organisations: who is behind the accounts was not examined."))
    elif not rows:
        said.append(say("No member names an organisation, and none is tied to an account that does: unknown."))
    else:
        said.append(
            say("Members name or are tied to [[v:0]]; what they say of themselves is weak evidence of who pays.",
                "one organisation" if len(rows) == 1 else f"{len(rows)} organisations")
        )  # fmt: skip
    explained = {one.id: one.leading_hypothesis for one in case.case.campaigns}
    for is_pool, text in (
        (True, "The pool is shared: accounts of it are members of another pool too, [[v:0]]."),
        (False, "Some of its accounts use what other groups use, for which there are other explanations: [[v:0]]."),
    ):
        shared = [f"{name} ({n} in both)" for name, n in case.also_in if (explained.get(name) in POOLS) == is_pool]
        if shared:
            said.append(say(text, ", ".join(shared)))
    said.append(say("The finding does not depend on it. Country, language and geography were not looked at."))
    return tuple(said)


def _confidence(case: CaseFolder, rows: list[dict[str, Any]]) -> Confidence:
    because = [
        say("How far a name can be believed is stated and not learned: no record says who paid for which exchange.")
    ]
    if "organisations" in case.tables and not rows:
        because.append(say("The accounts name nobody."))
    return Confidence("low", tuple(because))


def _parts(rows: list[dict[str, Any]], case: CaseFolder, ledger: Ledger, facts: Facts) -> tuple[PoolPart, ...]:
    found = [
        PoolPart(
            say("Names, or is tied to, [[v:0]].", _title(row["organisation_id"], facts)),
            _members_of(row, case, ledger),
            f"organisation.{slug(row['organisation_id'])}.exchanges",
            is_unknown=False,
        )
        for row in rows[:MOST_LISTED]
    ]
    named_accounts = sum(row["n_members"] + row["n_tied"] for row in rows)
    named_exchanges = min(sum(row["exchanges"] for row in rows), case.campaign.attempts)
    where = Rows("organisations.parquet", of_campaign(case.campaign.id), ("n_members", "exchanges"), len(rows))
    rest = [
        ledger.put(f"organisation.{UNKNOWN}.{key}", f"{words} that no organisation is named for", float(n), words,
                   rows=where, method="the rest", note="members that are tied to several count for each of them")
        for key, words, n in (
            ("n_members", "accounts", max(case.campaign.n_accounts - named_accounts, 0)),
            ("exchanges", "exchanges", max(case.campaign.attempts - named_exchanges, 0)),
        )
    ]  # fmt: skip
    return (*found, PoolPart(say("Neither names nor is tied to anybody."), rest[0], rest[1], is_unknown=True))


def _members_of(row: dict[str, Any], case: CaseFolder, ledger: Ledger) -> str:
    where = Rows("organisations.parquet", of_campaign(case.campaign.id, clause("organisation_id", row["organisation_id"])),
                 ("n_members", "n_tied"), 1)  # fmt: skip
    return ledger.put(f"organisation.{slug(row['organisation_id'])}.accounts", "members that name it or are tied to it",
                      float(row["n_members"] + row["n_tied"]), "accounts", rows=where, method="a sum of counts")  # fmt: skip
