"""Each statutory factor, indicator and technique: what speaks for it, what against, or why it cannot be seen here.

One rule for all observations: a group's number speaks for a factor where the lower end of its interval is above every
matched control, speaks weakly for it where it is above their mean, and against it where it is not. A test of
coordination speaks for it at one in a hundred. None of it decides: the rival hypotheses do the weighing.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

import pyarrow.compute as pc

from stillwatch.assessments.catalogue import KINDS, P_DIGITS
from stillwatch.dossiers.freezing.case_folder import CaseFolder
from stillwatch.dossiers.freezing.frameworks import ASKED, Asked
from stillwatch.dossiers.freezing.ledger import Ledger, shown
from stillwatch.dossiers.freezing.observed import Seen
from stillwatch.dossiers.number import Rows, Statement, say
from stillwatch.dossiers.selection import of_campaign
from stillwatch.dossiers.weighed_part import MIXED, NOT_OBSERVABLE, NOT_OBSERVED, OBSERVED, Criterion

SHARED: Final = "observation.identity_reuse"
LEAST_DIGITS: Final = 2.0  # of a p-value: one in a hundred
STRIKING_RATIO: Final = 10.0  # times the plan's price that the usage is worth; flat plans always have heavy users


@dataclass
class Balance:
    """What speaks for a criterion, what against, and what could not be looked at."""

    speaks_for: list[Statement] = field(default_factory=list)
    speaks_against: list[Statement] = field(default_factory=list)
    not_observable: list[Statement] = field(default_factory=list)

    @property
    def standing(self) -> str:
        """Return how the criterion stands."""
        if self.speaks_for:
            return MIXED if self.speaks_against else OBSERVED
        return NOT_OBSERVED if self.speaks_against else NOT_OBSERVABLE


def criteria(
    case: CaseFolder, ledger: Ledger, seen: Mapping[str, Seen], correlation: tuple[Statement, ...]
) -> tuple[Criterion, ...]:
    """Return every criterion of every framework, in their order."""
    found = []
    for asked in ASKED:
        balance = Balance()
        if asked.never:
            balance.not_observable.append(say(asked.never))
        for name in asked.observations:
            _weigh(name, case, ledger, seen, balance)
        if asked.special == "development":
            _development(case, ledger, correlation, balance)
        elif asked.special:
            SPECIAL[asked.special](case, ledger, balance)
        found.append(_criterion(asked, balance))
    return tuple(found)


def _criterion(asked: Asked, balance: Balance) -> Criterion:
    return Criterion(
        asked.framework, asked.id, asked.title, f"{asked.framework} {asked.id}", balance.standing,
        tuple(balance.speaks_for), tuple(balance.speaks_against), tuple(balance.not_observable),
    )  # fmt: skip


def _weigh(name: str, case: CaseFolder, ledger: Ledger, seen: Mapping[str, Seen], balance: Balance) -> None:
    kind = KINDS[name]
    one = seen.get(name)
    if one is None or one.value is None:
        missing = next((item.missing for item in case.campaign.missing if item.name == name), ())
        lack = f"the column {' or '.join(missing)} is missing" if missing else _why_not(name, case)
        balance.not_observable.append(say("[[v:0]]: [[v:1]].", kind.title, lack))
        return
    value = ledger[one.value]
    assert value.value is not None
    if kind.unit == P_DIGITS:
        is_for = value.value >= LEAST_DIGITS
        text = f"[[v:0]]: {shown(one.value)}" + ("." if is_for else ", no more than chance.")
        (balance.speaks_for if is_for else balance.speaks_against).append(say(text, kind.title))
        return
    if one.comparison is None:
        balance.not_observable.append(say(f"[[v:0]]: {shown(one.value)}, without controls to compare.", kind.title))
        return
    control = ledger[one.comparison]
    low = value.interval.low if value.interval else value.value
    high_control = control.interval.high if control.interval else control.value
    beside = f"[[v:0]]: {shown(one.value)}; matched controls: {shown(one.comparison)}"
    if high_control is not None and low > high_control:
        balance.speaks_for.append(say(f"{beside}. It is above every one of them.", kind.title))
    elif control.value is not None and low > control.value:
        balance.speaks_for.append(say(f"{beside}. It is above their mean, not above all of them.", kind.title))
    else:
        balance.speaks_against.append(say(f"{beside}. It is no more than theirs, as far as can be told.", kind.title))


def _why_not(name: str, case: CaseFolder) -> str:
    if "observations" not in case.tables:
        return "the case has no table of observations"
    if KINDS[name].unit == P_DIGITS:
        return "no test of this kind was counted"
    return "there was too little traffic to make the observation"


def _development(case: CaseFolder, ledger: Ledger, correlation: tuple[Statement, ...], balance: Balance) -> None:
    del case
    p_values = [n for n in ledger.numbers if n.ref.startswith("timeline.") and n.ref.endswith(".p")]
    for statement in correlation:
        named = [n for n in p_values if f"[[n:{n.ref}]]" in statement.text]
        if not named:
            balance.not_observable.append(statement)
        elif all(n.value is not None and n.value <= 0.05 for n in named):  # one in twenty: a statement, not a verdict
            balance.speaks_for.append(statement)
        else:
            balance.speaks_against.append(statement)


def _authorised(case: CaseFolder, ledger: Ledger, balance: Balance) -> None:
    if "authorisations" not in case.run.get("registers", {}):
        balance.not_observable.append(say("No registry of authorisations was given to the scan."))
        return
    ref = "observation.registered_share"
    value = ledger.value(ref)
    text = f"Accounts named in the registry of authorisations: {shown(ref)}."
    if value is None:
        balance.not_observable.append(say("Whether the registry names the accounts is not in the case."))
    else:
        (balance.speaks_for if value > 0 else balance.speaks_against).append(say(text))


def _credentials(case: CaseFolder, ledger: Ledger, balance: Balance) -> None:
    del case
    text = "Whether a credential is false or stolen is not in a log. That accounts share cards, devices or phones"
    text += (
        f" ({shown(SHARED)}) is no misrepresentation by itself." if SHARED in ledger else " would be no proof of it."
    )
    balance.not_observable.append(say(text))


def _subscription(case: CaseFolder, ledger: Ledger, balance: Balance) -> None:
    total = ledger.value("taken.price")
    if "members" not in case.tables or total is None:
        balance.not_observable.append(say("No price list was given (--prices), or no model of it was used."))
        return
    members = case.tables["members"]
    known = members.filter(pc.is_valid(members["plan_price_usd"]))
    if not len(known):
        balance.not_observable.append(say("The column plan_price_usd is missing."))
        return
    paid = float(pc.sum(known["plan_price_usd"]).as_py())
    where = Rows(
        "members.parquet", of_campaign(case.campaign.id, "plan_price_usd != null"), ("plan_price_usd",), len(known)
    )
    ref = ledger.put("members.plan_price", "monthly price of the members' plans together", paid, "USD", rows=where,
                     method="a sum over members whose plan has a known price", needs=("plan_price_usd",))  # fmt: skip
    text = f"The plans cost {shown(ref)} a month together; the slice comes to {shown('taken.price')} at list."
    (balance.speaks_for if total > STRIKING_RATIO * paid else balance.speaks_against).append(say(text))


def _aggregator(case: CaseFolder, ledger: Ledger, balance: Balance) -> None:
    table = case.tables.get("slices")
    if table is None or table["platform"].null_count == len(table):
        balance.not_observable.append(say("The column platform is missing."))
        return
    through = pc.fill_null(pc.starts_with(table["platform"], "aggregator:"), fill_value=False)
    n = int(pc.sum(through).as_py() or 0)
    where = Rows("slices.parquet", of_campaign(case.campaign.id), ("platform",), len(table))
    ref = ledger.put("platform.aggregator", "exchanges of the slice that came through an aggregator", float(n),
                     "exchanges", rows=where, method="a count; nothing is estimated", needs=("platform",))  # fmt: skip
    text = f"Through an aggregator came {shown(ref)} of {shown('campaign.attempts')}."
    if n and (ledger.value("observation.end_user_share") or 0.0) == 0.0:
        balance.speaks_for.append(say(text + " They disclose no end users."))
    else:
        balance.speaks_against.append(say(text))
    balance.not_observable.append(say("A relay that presents itself as an ordinary customer is not marked in a log."))


def _failover(case: CaseFolder, ledger: Ledger, balance: Balance) -> None:
    platforms = _platforms(case)
    if platforms is None:
        balance.not_observable.append(say("The column platform is missing: what moved between accounts may have moved between "
                                          "pathways too, or not."))  # fmt: skip
    else:
        text = "What was seen moved from account to account. By pathway, the slice came through: [[v:0]]."
        balance.not_observable.append(say(text, platforms))
    del ledger
    if any("banned_at" in item.missing for item in case.campaign.missing):
        balance.not_observable.append(say("When accounts were banned is not known: the column banned_at is missing."))


def _platforms(case: CaseFolder) -> str | None:
    """Return the pathways that the slice came through, the most used first; null where the column is missing."""
    table = case.tables.get("slices")
    if table is None or table["platform"].null_count == len(table):
        return None
    counted = [(row["counts"], row["values"]) for row in pc.value_counts(table["platform"].drop_null()).to_pylist()]
    return ", ".join(name for _, name in sorted(counted, key=lambda pair: (-pair[0], pair[1])))


def _api(case: CaseFolder, ledger: Ledger, balance: Balance) -> None:
    del case, ledger
    balance.speaks_for.append(
        say(f"All {shown('campaign.attempts')} exchanges of the slice were requests to the interface.")
    )


SPECIAL: Final[Mapping[str, Callable[[CaseFolder, Ledger, Balance], None]]] = {
    "authorised": _authorised,
    "credentials": _credentials,
    "subscription": _subscription,
    "aggregator": _aggregator,
    "failover": _failover,
    "api": _api,
}
