"""The part of observation: counts, measured observations beside matched controls, tests and shared values."""

from dataclasses import dataclass
from typing import Any, Final

from stillwatch.assessments.catalogue import ACCOUNTS_SHARE, KINDS, P_DIGITS, ObservationKind
from stillwatch.dossiers.case import Campaign, Infrastructure
from stillwatch.dossiers.freezing.case_folder import CaseFolder
from stillwatch.dossiers.freezing.innocent import INNOCENT
from stillwatch.dossiers.freezing.ledger import Ledger, shown, slug
from stillwatch.dossiers.judged import Confidence
from stillwatch.dossiers.number import Interval, Rows, Statement, say
from stillwatch.dossiers.observed_part import Measured, Member, ObservationPart, Shared, TestRow
from stillwatch.dossiers.selection import clause, of_campaign

UNITS: Final = {"tokens": "output tokens"}  # of an observation, said in full
HANDED_OVER, SIGN_TEST = "work_list_coordination", "passed_on"  # the observation, and the test that counts its items
N_SUMMED: Final = 4  # observations told at once, those that weigh most
FEW_ACCOUNTS: Final = 20  # below that, shares of accounts have intervals of a third and more


@dataclass(frozen=True, slots=True)
class Seen:
    """One observation as frozen: references of its value and of its controls' mean, null where not known."""

    kind: ObservationKind
    value: str | None
    comparison: str | None


def counts(case: CaseFolder, ledger: Ledger) -> None:
    """Enter the campaign's own counts and times."""
    campaign = case.campaign
    everything = Rows("slices.parquet", of_campaign(campaign.id), ("exchange_id", "status"), campaign.attempts)
    answered = Rows(
        "slices.parquet", of_campaign(campaign.id, "status < 400"), ("exchange_id", "status"), campaign.exchanges
    )
    members = Rows("members.parquet", of_campaign(campaign.id), ("account_id",), campaign.n_accounts)

    def rows(field: str, table: Rows) -> Rows:
        return table if table.file.removesuffix(".parquet") in case.tables else ledger.in_case(field)

    counted = "a count; nothing is estimated"
    for field, title, unit, value, where in (
        ("n_accounts", "accounts of the campaign", "accounts", campaign.n_accounts, rows("n_accounts", members)),
        ("n_entities", "entities after folding what openly belongs together", "entities", campaign.n_entities,
         ledger.in_case("n_entities")),
        ("exchanges", "answered exchanges of the slice", "exchanges", campaign.exchanges, rows("exchanges", answered)),
        ("attempts", "exchanges of the slice, failed ones included", "exchanges", campaign.attempts,
         rows("attempts", everything)),
    ):  # fmt: skip
        ledger.put(f"campaign.{field}", title, float(value), unit, rows=where, method=counted)
    for field, title, moment in (
        ("first_seen_at", "first exchange of the slice", campaign.first_seen_at),
        ("last_seen_at", "last exchange of the slice", campaign.last_seen_at),
    ):
        ledger.put_time(
            f"campaign.{field}", title, moment, rows=rows(field, everything), method="the earliest or latest time"
        )
    ledger.put(
        "campaign.q_value", "q-value of coordination", campaign.q_value, "q-value", rows=ledger.in_case("q_value"),
        method=f"Benjamini-Hochberg over {case.case.funnel.tested_groups} tested groups, of the tests that did not "
        "form the group, combined; a q-value is itself a statement of uncertainty",
    )  # fmt: skip


def measured(case: CaseFolder, ledger: Ledger) -> dict[str, Seen]:
    """Enter every observation of the campaign beside its controls, and return them by name."""
    if "observations" in case.tables:
        found = {}
        for row in case.tables["observations"].to_pylist():
            if row["observation"] in KINDS:
                found[row["observation"]] = _from_table(row, ledger)
        return found
    return {item.name: _from_indicator(item, ledger) for item in case.campaign.indicators if item.name in KINDS}


def _from_table(row: dict[str, Any], ledger: Ledger) -> Seen:
    kind = KINDS[row["observation"]]
    where = Rows(
        "observations.parquet",
        of_campaign(ledger.campaign_id, clause("observation", kind.name)),
        ("value", "low", "high", "comparison"),
        1,
    )
    value = comparison = None
    if row["value"] is not None:
        interval = None
        if row["low"] is not None:
            interval = Interval(row["low"], row["high"], 0.95, row["method"])
        value = ledger.put(
            f"observation.{kind.name}", kind.title, row["value"], UNITS.get(kind.unit, kind.unit), rows=where, method=how(kind),
            interval=interval, needs=kind.needs, note="" if interval else "no interval: " + row["method"],
        )  # fmt: skip
    if row["comparison"] is not None and kind.unit != P_DIGITS:
        spread = Interval(
            row["comparison_low"], row["comparison_high"], 0.0, f"least and most of {row['n_controls']} control groups"
        )
        comparison = ledger.put(
            f"control.{kind.name}", f"{kind.title}: matched controls", row["comparison"], UNITS.get(kind.unit, kind.unit), rows=where,
            method=f"mean of {row['n_controls']} groups of strangers with the same activity", interval=spread,
            needs=kind.needs,
        )  # fmt: skip
    return Seen(kind, value, comparison)


def _from_indicator(item: Any, ledger: Ledger) -> Seen:
    kind = KINDS[item.name]
    where = ledger.in_case(f"indicators[name = {item.name}]")
    note = "no interval: the case has no table of observations"
    value = comparison = None
    if item.value is not None:
        value = ledger.put(f"observation.{kind.name}", kind.title, item.value, kind.unit, rows=where,
                           method=how(kind), needs=kind.needs, note=note)  # fmt: skip
    if item.comparison is not None:
        comparison = ledger.put(f"control.{kind.name}", f"{kind.title}: matched controls", item.comparison, kind.unit,
                                rows=where, method="mean of groups of strangers with the same activity",
                                needs=kind.needs, note=note)  # fmt: skip
    return Seen(kind, value, comparison)


def how(kind: ObservationKind) -> str:
    """Return how an observation is computed: the first sentence of its function, and the function's name."""
    function = getattr(kind.measure, "func", kind.measure)
    first = (function.__doc__ or "").strip().split("\n")[0].rstrip(".")
    words = first.removeprefix("Return ")
    if kind.unit == P_DIGITS:
        words = "minus the decimal logarithm of the combined p-value of the tests of this channel"
    return f"{words} ({function.__module__.removeprefix('stillwatch.')}.{function.__name__})"


def tests(campaign: Campaign, ledger: Ledger) -> tuple[TestRow, ...]:
    """Enter the tests of coordination and return them by reference."""
    found = []
    for test in campaign.tests:
        name = slug(test.name)
        where = ledger.in_case(f"tests[name = {test.name}]")
        drawn = f"against {test.n_controls} controls drawn under the null" if test.n_controls else "exact test"
        method = test.method or drawn
        statistic, mean, high, p = (
            ledger.put(f"test.{name}.{field}", f"{test.name}: {title}", value, unit, rows=where, method=method)
            for field, title, unit, value in (
                ("statistic", "statistic", "", test.statistic),
                ("null_mean", "mean under the null", "", test.null_mean),
                ("null_high", "99th percentile under the null", "", test.null_high),
                ("p", "p-value", "p-value", test.p_value),
            )
        )
        found.append(TestRow(test.name, test.null, statistic, mean, high, p, test.is_selection))
    return tuple(found)


def shared(campaign: Campaign, ledger: Ledger) -> tuple[Shared, ...]:
    """Enter how many accounts hold each shared value inside and outside, and return the values."""
    return tuple(row for item in campaign.infrastructure for row in _shared(item, ledger))


def _shared(item: Infrastructure, ledger: Ledger) -> list[Shared]:
    found = []
    for value in item.top:
        name = f"shared.{slug(item.kind)}.{slug(value.value)}"
        where = ledger.in_case(f"infrastructure[kind = {item.kind}].top[value = {value.value}]")
        inside, outside = (
            ledger.put(f"{name}.{side}", f"holders of one {item.kind} {side} the campaign", float(n), "accounts",
                       rows=where, method="a count; nothing is estimated", needs=(item.kind,))
            for side, n in (("inside", value.n_accounts), ("outside", value.n_accounts_outside))
        )  # fmt: skip
        found.append(Shared(item.kind, value.value, inside, outside))
    return found


def members(case: CaseFolder) -> tuple[Member, ...]:
    """Return the campaign's accounts, the most firmly tied first."""
    if "members" not in case.tables:
        return tuple(Member(name, None, None, None, None, ()) for name in case.campaign.accounts)
    listed = set(case.campaign.accounts)
    rows = [row for row in case.tables["members"].to_pylist() if row["account_id"] in listed]
    rows.sort(key=lambda row: (-row["p_group"], -row["exchanges"], row["account_id"]))
    return tuple(
        Member(row["account_id"], row["p_group"], row["exchanges"], row["other_exchanges"], row["families"],
               tuple(row["shares"]))
        for row in rows
    )  # fmt: skip


def observation_part(case: CaseFolder, ledger: Ledger, seen: dict[str, Seen]) -> ObservationPart:
    """Return what was seen, without inference."""
    campaign = case.campaign
    return ObservationPart(
        summary=_summary(case, seen),
        confidence=_confidence(case, seen),
        measured=tuple(
            Measured(name, one.kind.title, one.kind.channel, one.value, one.comparison, INNOCENT.get(name, ""))
            for name, one in seen.items()
            if one.value is not None
        ),
        tests=tests(campaign, ledger),
        shared=shared(campaign, ledger),
        members=members(case),
        not_computed=tuple(
            say("[[v:0]] was not computed: the traffic has no [[v:1]].", item.title, " or ".join(item.missing))
            for item in campaign.missing
        ),
    )


def _summary(case: CaseFolder, seen: dict[str, Seen]) -> tuple[Statement, ...]:
    """Return how much there is, and the observations that weigh most in what follows."""
    said = [
        say(
            f"{shown('campaign.n_accounts')} accounts sent {shown('campaign.attempts')} exchanges that belong "
            f"together, of which {shown('campaign.exchanges')} were answered, from {shown('campaign.first_seen_at')} "
            f"to {shown('campaign.last_seen_at')}."
        )
    ]
    share = seen.get("slice_share")
    if share is not None and share.value:
        said.append(say(f"They are {shown(share.value)} of these accounts' traffic; the rest is their own."))
    weighty = [item.name for item in case.campaign.hypotheses[0].evidence if item.bits > 0]
    for name in [name for name in dict.fromkeys(weighty) if name in seen and seen[name].value][:N_SUMMED]:
        one = seen[name]
        said.append(say(f"[[v:0]]: {shown(one.value or '')}{_beside(one, case.campaign)}.", one.kind.title))
    return tuple(said)


def _beside(one: Seen, campaign: Campaign) -> str:
    """Return what stands beside an observation: how many items were handed over and by chance, or matched controls."""
    if one.kind.name == HANDED_OVER and any(
        test.name == SIGN_TEST and test.statistic and not test.is_selection for test in campaign.tests
    ):
        counted, by_chance = (shown(f"test.{slug(SIGN_TEST)}.{field}") for field in ("statistic", "null_mean"))
        return f"; counted: {counted}, expected by chance: {by_chance}"
    return f"; matched controls: {shown(one.comparison)}" if one.comparison else ""


def _confidence(case: CaseFolder, seen: dict[str, Seen]) -> Confidence:
    """Return how far the observations can be trusted: complete columns and enough accounts, or not."""
    campaign = case.campaign
    because = [say("Observations are counts over complete rows of the log; the files and their digests are listed.")]
    level = "high"
    if campaign.missing:
        level = "moderate"
        columns = sorted({column for item in campaign.missing for column in item.missing})
        because.append(say("Some could not be made, for want of [[v:0]].", ", ".join(columns)))
    if campaign.n_accounts < FEW_ACCOUNTS:
        level = "moderate"
        because.append(say(f"There are few accounts ({shown('campaign.n_accounts')}): shares have wide intervals."))
    if "observations" not in case.tables:
        level = "low"
        because.append(say("The case has no table of observations, so that few numbers have intervals. Scan again."))
    elif any(one.value is None and one.kind.unit == ACCOUNTS_SHARE for one in seen.values()):
        because.append(say("Where an observation is missing, nothing was put in its place."))
    return Confidence(level, tuple(because))
