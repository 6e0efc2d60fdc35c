"""What was taken: exchanges and tokens by model, their price at list, and the capabilities that they exercise."""

from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.dossiers.freezing.case_folder import CaseFolder
from stillwatch.dossiers.freezing.given import Facts, Price
from stillwatch.dossiers.freezing.ledger import Ledger, shown, slug
from stillwatch.dossiers.freezing.resampling import ratio_intervals
from stillwatch.dossiers.number import Interval, Rows, Statement, say
from stillwatch.dossiers.selection import clause, of_campaign
from stillwatch.dossiers.taken_part import Capability, Take, TakenPart

FIRM: Final = 0.9  # probability from which on an account or an exchange is counted at the lower end
UNNAMED: Final = "(no model named)"
RANGE: Final = (
    f"a range, no confidence interval: rows whose account and exchange each belong with at least {FIRM:.0%}, "
)
COUNTED: Final = (
    ("input_tokens", "input tokens, cached ones included"),
    ("cached_tokens", "cached input tokens"),
    ("output_tokens", "output tokens, reasoning included"),
)


def taken_part(case: CaseFolder, ledger: Ledger, facts: Facts) -> TakenPart:
    """Return what was taken; where the case has no table of slices, only what its document says."""
    if "slices" not in case.tables:
        said = say("The case has no table of slices: tokens and models are not known. Scan the traffic again.")
        return TakenPart((said,), (), _stated_capabilities(case, ledger))
    answered = _answered(case)
    takes = tuple(_take(model, rows, case, ledger, facts) for model, rows in _by_model(answered))
    total = _totals(answered, case, ledger)
    return TakenPart(
        (*_summary(case, ledger, total), *_price_statements(answered, case, ledger, facts, takes)),
        takes,
        _capabilities(case, ledger),
    )


def _answered(case: CaseFolder) -> pa.Table:
    """Return the answered rows of the slice, each with the membership of its account as ``p_group``."""
    table = case.tables["slices"]
    table = table.filter(pc.less(pc.fill_null(table["status"], 0), 400))
    p_of = {}
    if "members" in case.tables:
        members = case.tables["members"]
        p_of = dict(zip(members["account_id"].to_pylist(), members["p_group"].to_pylist(), strict=True))
    p = [p_of.get(account, 1.0) for account in table["account_id"].to_pylist()]
    return table.append_column("p_group", pa.array(p, pa.float64()))


def _by_model(answered: pa.Table) -> list[tuple[str, pa.Table]]:
    named = pc.fill_null(answered["model"], UNNAMED)
    counted = {row["values"]: row["counts"] for row in pc.value_counts(named).to_pylist()}
    order = sorted(counted, key=lambda model: (-counted[model], model))
    return [(model, answered.filter(pc.equal(named, model))) for model in order]


def _sum(table: pa.Table, column: str) -> int:
    return int(pc.sum(table[column]).as_py() or 0)


def _firm(table: pa.Table) -> pa.Table:
    return table.filter(pc.and_(pc.greater_equal(table["p_group"], FIRM), pc.greater_equal(table["p_slice"], FIRM)))


def _count(ref: str, title: str, table: pa.Table, column: str | None, where: Rows, ledger: Ledger) -> str:
    firm = _firm(table)
    if column is None:
        low, high, unit, note = len(firm), len(table), "exchanges", ""
    else:
        low, high, unit = _sum(firm, column), _sum(table, column), "tokens"
        missing = table[column].null_count
        if missing == len(table) and missing:
            return ledger.put(ref, title, None, unit, rows=where, method="a sum", needs=(column,),
                              note=f"not known: the traffic has no {column}")  # fmt: skip
        note = f"not known for {missing:,} of {len(table):,} exchanges, which count as 0" if missing else ""
    return ledger.put(
        ref, title, float(high), unit, rows=where, method="a sum over the answered exchanges of the slice",
        interval=Interval(low, high, 0.0, RANGE + "to all rows of the slice"), needs=(column,) if column else (),
        note=note,
    )  # fmt: skip


def _take(model: str, table: pa.Table, case: CaseFolder, ledger: Ledger, facts: Facts) -> Take:
    name = f"taken.{slug(model)}"
    selection = of_campaign(case.campaign.id, clause("model", None if model == UNNAMED else model), "status < 400")
    where = Rows("slices.parquet", selection, ("status", *(c for c, _ in COUNTED)), len(table))
    exchanges = _count(f"{name}.exchanges", f"{model}: answered exchanges", table, None, where, ledger)
    tokens = [_count(f"{name}.{c}", f"{model}: {title}", table, c, where, ledger) for c, title in COUNTED]
    price = None
    if facts.prices is not None and model in facts.prices.prices:
        listed = facts.prices.prices[model]
        price = ledger.put(
            f"{name}.price", f"{model}: price at list", _price(table, listed), facts.prices.currency, rows=where,
            interval=Interval(_price(_firm(table), listed), _price(table, listed), 0.0, RANGE + "to all rows"),
            method=f"uncached input at {listed.input:g}, cached input at {listed.cached:g} and output at "
            f"{listed.output:g} a million tokens ({facts.prices.file}, as of {facts.prices.as_of or 'no stated day'})",
            needs=("input_tokens", "cached_tokens", "output_tokens"),
        )  # fmt: skip
    return Take(model, exchanges, tokens[0], tokens[1], tokens[2], price)


def _price(table: pa.Table, price: Price) -> float:
    cached = _sum(table, "cached_tokens")
    uncached = max(_sum(table, "input_tokens") - cached, 0)
    return (uncached * price.input + cached * price.cached + _sum(table, "output_tokens") * price.output) / 1e6


def _totals(answered: pa.Table, case: CaseFolder, ledger: Ledger) -> list[str]:
    columns = ("status", *(column for column, _ in COUNTED))
    where = Rows("slices.parquet", of_campaign(case.campaign.id, "status < 400"), columns, len(answered))
    refs = [_count("taken.exchanges", "answered exchanges", answered, None, where, ledger)]
    refs += [_count(f"taken.{column}", title, answered, column, where, ledger) for column, title in COUNTED]
    refs.append(_count("taken.reasoning_tokens", "reasoning tokens", answered, "reasoning_tokens", where, ledger))
    return refs


def _summary(case: CaseFolder, ledger: Ledger, total: list[str]) -> list[Statement]:
    exchanges, inputs, _, outputs, reasoning = total
    said = [
        say(
            f"{shown(exchanges)} answered exchanges: {shown(inputs)} input tokens and {shown(outputs)} output tokens, "
            f"of which {shown(reasoning)} of reasoning."
        )
    ]
    share = ledger.value("observation.trainable_share")
    if share is not None:
        said.append(
            say(
                "Code, mathematics, science, agents, data analysis, grading and task writing, which a rival model would be "
                f"trained on, are {shown('observation.trainable_share')} of what the requests exercise."
            )
        )
    if case.campaign.attempts > case.campaign.exchanges:
        said.append(say(f"Failed requests are attempts and no harvest; with them it is {shown('campaign.attempts')}."))
    return said


def _price_statements(
    answered: pa.Table, case: CaseFolder, ledger: Ledger, facts: Facts, takes: tuple[Take, ...]
) -> list[Statement]:
    if facts.prices is None:
        return [
            say("The price at list is not stated: no price list was given (--prices FILE.toml). None is made up here.")
        ]
    unpriced = [take.model for take in takes if take.price is None]
    said = []
    if len(unpriced) < len(takes):
        refs = [take.price for take in takes if take.price]
        intervals = [ledger[ref].interval for ref in refs]
        where = Rows("slices.parquet", of_campaign(case.campaign.id, "status < 400"), ("model",), len(answered))
        total = ledger.put(
            "taken.price", "price at list of the models that have one", sum(ledger.value(ref) or 0.0 for ref in refs),
            facts.prices.currency, rows=where, method="the sum of the models' prices at list",
            interval=Interval(sum(i.low for i in intervals if i), sum(i.high for i in intervals if i), 0.0,
                              RANGE + "to all rows"),
            note="list prices; what was paid is not known here",
        )  # fmt: skip
        said.append(say(f"At list prices ([[v:0]]) that is {shown(total)}.", facts.prices.source or facts.prices.file))
    if unpriced:
        said.append(say("The price list has no price for [[v:0]]; none is made up here.", ", ".join(unpriced)))
    return said


def _stated_capabilities(case: CaseFolder, ledger: Ledger) -> tuple[Capability, ...]:
    found = []
    for item in case.campaign.capability_shares:
        name = slug(item.name)
        refs = [
            ledger.put(f"capability.{name}.{key}", f"{item.name}: {title}", value, "share of exchanges",
                       rows=ledger.in_case(f"capability_shares[name = {item.name}].{field}"),
                       method="mean probability by the capability model", needs=("prompt",))
            for key, title, field, value in (
                ("share", "share of the slice", "share", item.share),
                ("at_large", "share of the traffic at large", "share_at_large", item.share_at_large),
            )
        ]  # fmt: skip
        found.append(Capability(item.name, refs[0], refs[1]))
    return tuple(found)


def _capabilities(case: CaseFolder, ledger: Ledger) -> tuple[Capability, ...]:
    """Return the shares over the slice's rows, each with a bootstrap interval over accounts."""
    table = case.tables["slices"]
    table = table.filter(pc.is_valid(table["capability"]))
    stated = case.campaign.capability_shares
    if not len(table) or not stated:
        return _stated_capabilities(case, ledger)
    width = len(stated)
    matrix = table["capability"].combine_chunks().flatten().to_numpy().reshape(len(table), -1)[:, :width]
    account = table["account_id"].combine_chunks().dictionary_encode().indices.to_numpy()
    sums = np.zeros((int(account.max()) + 1, width))
    np.add.at(sums, account, matrix.astype(np.float64))
    intervals = ratio_intervals(sums, sums.sum(axis=1))
    shares = sums.sum(axis=0) / sums.sum()
    where = Rows(
        "slices.parquet", of_campaign(case.campaign.id, "capability != null"), ("account_id", "capability"), len(table)
    )
    found = []
    for k, item in enumerate(stated):
        name = slug(item.name)
        interval = None
        if intervals is not None:
            low, high = intervals[k].tolist()
            interval = Interval(low, high, 0.95, f"95% bootstrap, 1,000 draws of {len(sums)} accounts")
        share = ledger.put(
            f"capability.{name}.share", f"{item.name}: share of the slice", float(shares[k]), "share of exchanges",
            rows=where, interval=interval, method="mean probability by the capability model", needs=("prompt",),
        )  # fmt: skip
        at_large = ledger.put(
            f"capability.{name}.at_large", f"{item.name}: share of the traffic at large", item.share_at_large,
            "share of exchanges", rows=ledger.in_case(f"capability_shares[name = {item.name}].share_at_large"),
            method="the same over all traffic of the scan", needs=("prompt",),
        )  # fmt: skip
        found.append(Capability(item.name, share, at_large))
    return tuple(found)
