"""Why traffic gave no exchange, in one refusal that says what became of the records and what to do."""

from typing import Final

import pyarrow as pa

from stillwatch.errors import InputError
from stillwatch.records.tally import Tally
from stillwatch.records.traffic import Traffic

EXPLAIN: Final = "'stillwatch records explain FILE' shows what each column is read from."
MAX_NAMES: Final = 3  # files that are named; a folder may hold thousands


def nothing_usable(traffic: Traffic) -> InputError:
    """Return the refusal of traffic that was read to its end and gave no exchange."""
    tally = traffic.tally
    names = [source.name for source in traffic.sources]
    where = ", ".join(names[:MAX_NAMES]) + (f" and {len(names) - MAX_NAMES:,} more" if len(names) > MAX_NAMES else "")
    details = first_details(traffic.quarantine())
    commonest = max(tally.by_reason, key=lambda reason: tally.by_reason[reason], default=None)
    detail = details.get(commonest) if commonest is not None else None
    return InputError(
        where or "traffic",
        "no exchange could be read",
        got=reasons(tally),
        fix=EXPLAIN if detail is None else f"The first {commonest}: {detail}. {EXPLAIN}",
    )


def reasons(tally: Tally) -> str:
    """Return in one line what became of the records, by reason."""
    counted = [f"{reason} {n:,}" for reason, n in {**tally.by_reason, **tally.by_scope}.items()]
    return f"{tally.read:,} records: " + ", ".join(counted) if counted else "no record"


def first_details(quarantine: pa.Table) -> dict[str, str]:
    """Return for each reason of a quarantine what was said of its first record, where anything was."""
    details: dict[str, str] = {}
    for reason, detail in zip(quarantine["reason"].to_pylist(), quarantine["detail"].to_pylist(), strict=True):
        if detail:
            details.setdefault(reason, detail)
    return details
