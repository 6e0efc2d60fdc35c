"""What a key that half the traffic shares costs: python bench/skew.py [--world WORLD] [--engine spark] [--json].

Half of a world's accounts, drawn at random, are given one value of a key: one system prompt, one address, the
addresses of one /24, one organisation (a default, given where none was verified; then a verified one, of a half, a
fifth and a twentieth of the accounts: a reseller, who has none of those that are licensed or verified already), one
referrer, one prompt that each of them sends again and again. And a firm of sixty honest accounts had three of its
keys stolen: what three members of the largest campaign sent was sent with them, and counts as theirs. Each variant is
scanned in a process of its own. Printed beside the world as it is: processor seconds, memory, the partners that an
account is linked to at most and on average, the uses of phrases and the matches of families, and how many are
accused, members and others.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

SHARE: Final = 0.5
ONE: Final = "organisation-everywhere"
FIRM: Final = 60
N_STOLEN: Final = 3
STOLEN: Final = "a firm of 60 with 3 keys stolen"
RESOLD: Final = {
    "one verified organisation": 0.5,
    "one verified organisation, a fifth": 0.2,
    "one verified organisation, a twentieth": 0.05,
}
PROMPT: Final = "Summarise the attached quarterly report in five bullet points for a board that has not read it yet."
SYSTEM: Final = (
    "You are the assistant of a large public application. Answer in the user's own words, briefly, and cite."
)
Tables = tuple[pa.Table, pa.Table]


def _set(table: pa.Table, column: str, chosen: np.ndarray[Any, Any], values: Any) -> pa.Table:
    """Return a table with other values in the chosen rows of a column, which is made where it is missing."""
    known = column in table.column_names
    before = table[column].to_pylist() if known else [None] * len(table)
    for row, value in zip(np.flatnonzero(chosen).tolist(), values, strict=True):
        before[row] = value
    kind = table.schema.field(column).type if known else pa.array(list(values)[:1]).type
    array = pa.array(before, kind)
    return (
        table.set_column(table.column_names.index(column), column, array)
        if known
        else table.append_column(column, array)
    )


def _exchanges(column: str, make: Callable[[np.random.Generator, int], list[Any]]) -> Callable[..., Tables]:
    def changed(
        exchanges: pa.Table, accounts: pa.Table, mine: np.ndarray[Any, Any], theirs: np.ndarray[Any, Any]
    ) -> Tables:
        del theirs
        values = make(np.random.default_rng(5), int(mine.sum()))
        return _set(exchanges, column, mine, values), accounts

    return changed


def _accounts(column: str, value: str) -> Callable[..., Tables]:
    def changed(
        exchanges: pa.Table, accounts: pa.Table, mine: np.ndarray[Any, Any], theirs: np.ndarray[Any, Any]
    ) -> Tables:
        del mine
        if column == "organisation_id":  # a field's default stands where nothing was verified
            theirs = theirs & ~np.array(accounts["is_verified"].to_pylist(), bool)
        return exchanges, _set(accounts, column, theirs, [value] * int(theirs.sum()))

    return changed


def _verified(accounts: pa.Table, chosen: np.ndarray[Any, Any]) -> pa.Table:
    """Return accounts of which the chosen ones belong to one verified organisation."""
    n = int(chosen.sum())
    return _set(_set(accounts, "organisation_id", chosen, [ONE] * n), "is_verified", chosen, [True] * n)


def _resold(world: Path, exchanges: pa.Table, accounts: pa.Table, share: float) -> Tables:
    """Return traffic in which a share of the accounts belongs to one verified organisation.

    Licensed accounts and those of another verified organisation are none of it: they would lose licence and name.
    """
    licensed = pq.read_table(world / "authorisations.parquet")
    is_free = ~np.array(accounts["is_verified"].to_pylist(), bool)
    for column in ("account_id", "organisation_id"):
        named = {value for value in licensed[column].to_pylist() if value is not None}
        is_free &= ~np.array([value in named for value in accounts[column].to_pylist()])
    theirs = np.random.default_rng(4).random(len(accounts)) < share
    return exchanges, _verified(accounts, theirs & is_free)


def _stolen(world: Path, exchanges: pa.Table, accounts: pa.Table) -> tuple[pa.Table, pa.Table, list[str]]:
    """Return traffic in which members of the largest campaign use keys of an honest firm, and whose keys these are."""
    truth = pq.read_table(world / "truth_accounts.parquet").to_pylist()
    campaigns = Counter(row["group_id"] for row in truth if row["class"] == "distillation")
    largest = campaigns.most_common(1)[0][0]
    members = [row["account_id"] for row in truth if row["group_id"] == largest][:N_STOLEN]
    firm = [row["account_id"] for row in truth if row["class"] == "organic"][:: max(len(truth) // (4 * FIRM), 1)][:FIRM]
    keys = dict(zip(members, firm, strict=False))
    sender = [keys.get(name, name) for name in exchanges["account_id"].to_pylist()]
    place = exchanges.column_names.index("account_id")
    moved = exchanges.set_column(place, "account_id", pa.array(sender, exchanges.schema.field("account_id").type))
    return moved, _verified(accounts, np.isin(np.array(accounts["account_id"].to_pylist()), firm)), firm[: len(keys)]


VARIANTS: Final[dict[str, Callable[..., Tables]]] = {
    "as it is": lambda exchanges, accounts, *_: (exchanges, accounts),
    "one system prompt": _exchanges("system_prompt", lambda _, n: [SYSTEM] * n),
    "one address": _exchanges("ip", lambda _, n: ["192.0.2.1"] * n),
    "one /24": _exchanges("ip", lambda rng, n: [f"192.0.2.{i}" for i in rng.integers(0, 256, n)]),
    "one referrer": _accounts("referrer_id", "referrer-everywhere"),
    "one organisation": _accounts("organisation_id", ONE),
    "one prompt": _exchanges("prompt", lambda _, n: [PROMPT] * n),
}


def skewed(world: Path, variant: str, out: Path) -> None:
    """Write a world's input in which half of the accounts share a key."""
    exchanges, accounts = (pq.read_table(world / f"{name}.parquet") for name in ("exchanges", "accounts"))
    names = np.array(accounts["account_id"].to_pylist())
    theirs = np.random.default_rng(4).random(len(names)) < SHARE
    mine = np.isin(np.array(exchanges["account_id"].to_pylist()), names[theirs])
    stolen: list[str] = []
    if variant in RESOLD:
        exchanges, accounts = _resold(world, exchanges, accounts, RESOLD[variant])
    elif variant == STOLEN:
        exchanges, accounts, stolen = _stolen(world, exchanges, accounts)
    else:
        exchanges, accounts = VARIANTS[variant](exchanges, accounts, mine, theirs)
    (out / "stolen.json").write_text(json.dumps(stolen), encoding="utf-8")
    pq.write_table(exchanges, out / "exchanges.parquet")
    pq.write_table(accounts, out / "accounts.parquet")


def scanned(world: Path, given: Path, engine: str, work: Path) -> dict[str, Any]:
    """Scan skewed input in this process, and return what it took and what was kept of pairs."""
    from stillwatch.links.blocking import blocked_pairs, holdings_of  # noqa: PLC0415 - in the process that scans
    from stillwatch.links.identity import tie_graph  # noqa: PLC0415
    from stillwatch.pipeline.intake import TrafficIntake  # noqa: PLC0415
    from stillwatch.pipeline.scan import ScanRequest, scan  # noqa: PLC0415
    from stillwatch.records.traffic import read_traffic  # noqa: PLC0415
    from stillwatch.sketches.key import SketchKey  # noqa: PLC0415

    seen: list[Any] = []

    class Watched(TrafficIntake):
        """Traffic alone, whose analysis is looked at."""

        def named(self, analysis: Any, case: Any) -> Any:
            seen.append((analysis, resource.getrusage(resource.RUSAGE_SELF)))
            return super().named(analysis, case)

    master = "local[2]" if engine == "spark" else None
    tables = [str(given / "accounts.parquet")], [str(world / "authorisations.parquet")]
    request = ScanRequest([str(given / "exchanges.parquet")], work / "case", SketchKey.public_demo_key(), *tables,
                          spark_master=master)  # fmt: skip
    scan(request, lambda *_: None, Watched(read_traffic(request.traffic, request.read)))
    analysis, used = seen[-1]
    n = analysis.entities.n
    left, right, _ = tie_graph(analysis.ties, n)
    partners = np.bincount(np.concatenate([left, right]), minlength=n)
    values = sum(np.bincount(tie.entity, minlength=n) for tie in analysis.ties.values())
    blocked = blocked_pairs(holdings_of(analysis.ties, analysis.use), n)
    truth = pq.read_table(world / "truth_accounts.parquet")
    guilty = {
        a
        for a, c in zip(truth["account_id"].to_pylist(), truth["class"].to_pylist(), strict=True)
        if c == "distillation"
    } | set(json.loads((given / "stolen.json").read_text(encoding="utf-8")))
    accused = {
        str(a)
        for one in analysis.findings
        if one.is_accusation
        for a in np.array(analysis.population.accounts.names)[one.accounts]
    }
    return {
        "exchanges": len(analysis.population.exchanges),
        "entities": n,
        "cpu_seconds": round(used.ru_utime + used.ru_stime, 1),
        "peak_bytes": used.ru_maxrss * 1024,
        "most_partners": int(partners.max(initial=0)),
        "most_partners_a_value": round(float((partners / np.maximum(values, 1)).max(initial=0)), 2),
        "mean_partners": round(float(partners.mean()), 2),
        "most_blocked": max((int(np.bincount(np.concatenate(pair)).max()) for pair in blocked.values()), default=0),
        "uses": len(analysis.families.used.entity),
        "matches": len(analysis.families.exchange),
        "tested": analysis.n_tested,
        "members accused": len(accused & guilty),
        "others accused": len(accused - guilty),
    }


def main() -> None:
    """Measure every variant and print the table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--world", type=Path, help="a world's folder; the demo world of seed 1 if there is none")
    parser.add_argument("--engine", choices=("embedded", "spark"), default="embedded")
    parser.add_argument("--only", choices=sorted([*VARIANTS, *RESOLD, STOLEN]), action="append")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--given", type=Path, help=argparse.SUPPRESS)  # the scan's own process
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        if chosen.given:
            print(json.dumps(scanned(chosen.world, chosen.given, chosen.engine, Path(name))))
            return
        world = chosen.world or Path(name, "world")
        if not chosen.world:
            made = [sys.executable, "-m", "stillwatch", "world", "--preset", "demo", "--seed", "1", "--out", str(world)]
            subprocess.run(made, check=True, capture_output=True)
        rows = {}
        for variant in chosen.only or [*VARIANTS, *RESOLD, STOLEN]:
            with tempfile.TemporaryDirectory() as given:
                skewed(world, variant, Path(given))
                command = [sys.executable, __file__, "--world", str(world), "--engine", chosen.engine, "--given", given]
                said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            rows[variant] = json.loads(said.splitlines()[-1])
            sys.stderr.write(f"{variant}: {rows[variant]}\n")
    if chosen.json:
        print(json.dumps(rows, indent=2))
        return
    names = list(next(iter(rows.values())))
    print("| half of the accounts have | " + " | ".join(names) + " |\n|---" + "|---:" * len(names) + "|")
    for variant, row in rows.items():
        print(f"| {variant} | " + " | ".join(f"{row[one]:,}" for one in names) + " |")


if __name__ == "__main__":
    main()
