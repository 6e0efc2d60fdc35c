"""Takes evidence away from a world's tables, or turns its text into sketches, before a scan sees them."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.errors import UsageError
from stillwatch.sketches.schema import TEXT_COLUMNS

TABLES: Final = ("exchanges", "accounts", "authorisations")

Columns = Mapping[str, frozenset[str]]
"""The columns that are taken away, by table."""

IDENTITY: Final = frozenset(
    {
        "email_domain",
        "email_fingerprint",
        "payment_fingerprint",
        "payment_kind",
        "phone_fingerprint",
        "device_fingerprint",
        "referrer_id",
    }
)  # organisations stay: they fold accounts that openly belong together, which is no evidence
NETWORK: Final = frozenset({"ip", "user_agent", "tls_fingerprint"})
TEXT: Final = frozenset({"system_prompt", "prompt", "response"})

ABLATIONS: Final[Mapping[str, Columns]] = {
    "identity": {"accounts": IDENTITY},
    "network": {"exchanges": NETWORK},
    "text": {"exchanges": TEXT},
    "content": {"exchanges": frozenset(TEXT_COLUMNS)},  # with tool names and thinking signatures: all a sketch is of
}


def take_away(name: str, world: Path, out: Path) -> None:
    """Write a world's input tables without a family of evidence.

    Raises:
        UsageError: no such family.
    """
    if name not in ABLATIONS:
        raise UsageError("ablation", "no such evidence", got=name, expected=", ".join(ABLATIONS))
    rewrite(world, out, {table: dropping(columns) for table, columns in ABLATIONS[name].items()})


def dropping(columns: frozenset[str]) -> Callable[[pa.Table], pa.Table]:
    """Return what drops columns from a table."""
    return lambda table: table.drop_columns([name for name in table.column_names if name in columns])


def rewrite(world: Path, out: Path, changes: Mapping[str, Callable[[pa.Table], pa.Table]]) -> None:
    """Write a world's input tables, some of them changed."""
    out.mkdir(parents=True, exist_ok=True)
    for name in TABLES:
        table = pq.read_table(world / f"{name}.parquet")
        pq.write_table(changes.get(name, lambda same: same)(table), out / f"{name}.parquet", compression="zstd")
