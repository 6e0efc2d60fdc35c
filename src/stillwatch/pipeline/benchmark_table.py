"""The benchmark's results as tables of plain cells, for a terminal or a Markdown page."""

import re
from collections.abc import Sequence
from typing import Any, Final

from stillwatch.pipeline.scenarios import DISCIPLINES

Table = tuple[str, tuple[str, ...], Sequence[tuple[str, ...]]]
"""A title, the columns, and the rows."""

SYSTEM: Final = "stillwatch"
NONE: Final = "-"
SEED: Final = re.compile(r"-\d+$")  # at the end of a held-out scenario's id
COLUMNS: Final = (
    "scenario", "system", "precision", "recall", "wrong", "R@0.3%", "R to 100", "ARI",
    "ECE acc", "ECE exch", "AUC", "top-1", "s", "speed", "MiB",
)  # fmt: skip
LEGEND: Final = (
    "wrong: innocent accounts accused. R@0.3%: recall of a rival's best setting while at most 0.3% of the innocent are "
    "accused. R to 100: recall of accounts with at most 100 requests. ARI: campaigns against accused groups. ECE: "
    "calibration error of p_member and p_extraction. AUC: of exchanges inside mixed accounts. top-1: groups rightly "
    "named. speed: stillwatch's seconds on the same world over this row's. A rival's threshold and setting are its "
    "best on the truth, which flatters it."
)


def tables(document: dict[str, Any], *, only_own: bool = False) -> list[Table]:
    """Return the tables of a document: the main one, and those of what else was run.

    Args:
        document: what the benchmark returned.
        only_own: whether the rivals' wrong accusations by class, which are many, are left out.
    """
    rows = document["rows"]
    main: Table = ("Detection", COLUMNS, [_row(row) for row in rows])
    others = (
        _campaigns(rows),
        _classes([row for row in rows if not only_own or row["system"] == SYSTEM]),
        _nulls(rows),
        _adversary(rows),
    )
    return [main, *(table for table in others if table[2])]


def markdown(document: dict[str, Any]) -> str:
    """Return a document as one Markdown page."""
    about = (
        f"stillwatch {document['stillwatch_version']}, {document['n_processes']} processes of one thread each on "
        f"{document['n_cores']} cores, {document['seconds']:.0f} s."
    )
    lines = [f"# stillwatch bench --size {document['size']}", "", about]
    for title, columns, rows in tables(document):
        lines += ["", f"## {title}", "", _line(columns), _line(["---"] * len(columns)), *map(_line, rows)]
        lines += ["", LEGEND] if columns == COLUMNS else []
    if document["rivals"]:
        lines += ["", "## Rivals", "", _line(["rival", "source", "setting"]), _line(["---"] * 3)]
        lines += [_line([name, about["source"], about["setting"]]) for name, about in document["rivals"].items()]
    lines += ["", "## Not done", "", *(f"- {text}" for text in document["failures"])] if document["failures"] else []
    return "\n".join(lines) + "\n"


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _row(row: dict[str, Any]) -> tuple[str, ...]:
    if row["status"] != "done" and "n_worlds" not in row and "is_same_case" not in row:
        return (row["scenario"], row["system"], row["status"], *[""] * (len(COLUMNS) - 3))
    thin = row.get("low_volume", {})
    seconds, peak = row.get("seconds"), row.get("peak_bytes")
    wrong = None if "n_correct" not in row and "n_worlds" not in row else row["n_accused"] - row.get("n_correct", 0)
    return (
        row["scenario"],
        row["system"],
        shown(row.get("precision")),
        shown(row.get("recall")),
        NONE if wrong is None else f"{wrong:,}",
        shown(row.get("recall_at_low_rate")),
        shown(thin.get("recall")),
        shown(row.get("agreement")),
        shown(row.get("account_calibration_error"), 4),
        shown(row.get("exchange_calibration_error"), 4),
        shown(row.get("exchange_auc")),
        shown(row.get("top_1"), 2),
        NONE if seconds is None else f"{seconds:,.1f}",
        NONE if "speed_ratio" not in row else f"{row['speed_ratio']:.2f}x",
        NONE if not peak else f"{peak / 2**20:,.0f}",
    )


def _campaigns(rows: Sequence[dict[str, Any]]) -> Table:
    """Return stillwatch's recall of each campaign, and what else is only its own."""
    found = []
    for row in rows:
        if row["system"] == SYSTEM and row.get("recall_by_campaign"):
            parts = (
                f"{name.removeprefix('distillation-')} {hits}/{n}"
                for name, (hits, n) in row["recall_by_campaign"].items()
            )
            found.append(
                (
                    row["scenario"],
                    ", ".join(parts),
                    shown(row["relay_or_distillation"], 2),
                    str(row["authorised_called_distillation"]),
                    str(row["registered_accused"]),
                    {True: "yes", False: "NO"}.get(row.get("is_same_case"), ""),  # type: ignore[arg-type]
                )
            )
    columns = ("scenario", "found of each campaign", "relay or distillation", "authorised called so",
               "registered accused", "same as texts")  # fmt: skip
    return "What stillwatch found", columns, found


def _classes(rows: Sequence[dict[str, Any]]) -> Table:
    """Return whom each system accused wrongly, by class."""
    found = []
    for row in rows:
        wrong = {name: n for name, n in row.get("accused_by_class", {}).items() if n[0]}
        if wrong:
            text = ", ".join(f"{name} {n:,}/{of:,}" for name, (n, of) in wrong.items())
            groups = ", ".join(f"{name} {n}" for name, n in row["accused_groups_by_class"].items())
            found.append((row["scenario"], row["system"], text, groups if row["system"] == SYSTEM else ""))
    return "Accused wrongly, by class", ("scenario", "system", "accounts", "groups"), found


def _nulls(rows: Sequence[dict[str, Any]]) -> Table:
    found = [
        (
            row["scenario"],
            f"{row['n_worlds_accusing']} of {row['n_worlds']}",
            shown(row["share_accusing_at_most"], 4),
            f"{row['n_accused']:,} of {row['accounts']:,}",
            str(len(row["seeds_refused"])),
        )
        for row in rows
        if "n_worlds" in row
    ]
    columns = ("scenario", "worlds that accuse", "at most, 95%", "accounts accused", "worlds not scanned")
    return "Worlds without a campaign", columns, found


def _adversary(rows: Sequence[dict[str, Any]]) -> Table:
    found = []
    for row in rows:
        if "cost" in row:
            cost, name = row["cost"], SEED.sub("", row["scenario"].removeprefix("adversary-"))
            found.append(
                (
                    row["scenario"],
                    DISCIPLINES[name][0],
                    shown(row["recall"]),
                    *(counted(cost[key]) for key in ("accounts", "pools")),
                    shown(cost["requests_per_accepted"], 2),
                    counted(cost["requests"]),
                )
            )
    columns = ("scenario", "what is bought", "recall", "accounts", "pools", "requests an accepted one", "requests")
    return "What a million accepted exchanges a month cost, and what is found", columns, found


def shown(value: float | None, places: int = 3) -> str:
    """Return a number of some decimal places, or a dash for none."""
    return NONE if value is None else f"{value:.{places}f}"


def counted(value: float | None) -> str:
    """Return a count with separators, or a dash for none."""
    return NONE if value is None else f"{value:,.0f}"
