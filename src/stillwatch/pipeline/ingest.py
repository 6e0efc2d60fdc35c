"""Traffic to sorted sketches: the only part of a scan that sees text, one batch at a time, and never writes it."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa

from stillwatch.engines.engine import Engine, Sketching
from stillwatch.links.population import SEEN, IntArray, canonical_order
from stillwatch.links.tables import Order, Rows
from stillwatch.pipeline.placing import order_of
from stillwatch.records.schema import PLACE_COLUMNS
from stillwatch.records.tally import QUARANTINE
from stillwatch.records.traffic import Traffic
from stillwatch.records.unusable import nothing_usable
from stillwatch.sketches.schema import SKETCHES

REPEATED: Final = "repeated-exchange"
DUPLICATE: Final = "duplicate-id"

_LEADING: Final = ("has_response", "status", "requested_at", "account_id", "exchange_id")
_PLACE: Final = tuple(name for name, _ in PLACE_COLUMNS)
_ALL: Final = ", ".join(f'p."{name}"' for name in SKETCHES.names)
_CONTENT: Final = ", ".join(f'"{name}"' for name in SKETCHES.names if name not in (*_LEADING, *_PLACE))
BEST_FIRST: Final = (
    f"has_response DESC, status ASC NULLS LAST, requested_at, account_id, {_CONTENT}, source_index, line, record_bytes"
)
"""Which of several rows with one id is the exchange: an answered one, the earliest; ties by every column, so that
where a row stood decides only between equal ones."""


KEPT: Final = f"SELECT {_ALL} FROM parts p WHERE NOT EXISTS (SELECT 1 FROM judged j WHERE j.row_index = p.row_index)"  # noqa: S608 - constants
"""The rows that are exchanges of their own, in SQL, once ``sketch_traffic`` has run."""


@dataclass(frozen=True, slots=True)
class Ingested:
    """The sketches of a run, deduplicated and in canonical order.

    Args:
        sketches: the sorted file, or a folder of files in order; its columns are those of
            ``SKETCH_ROWS`` and ``account``, the canonical index. Rows that were not moved: a folder, as they lie.
        order: the rows' order, where they do not lie in it.
        account_names: account ids by canonical index.
        repeated: rows that were another attempt of an exchange that is there.
        conflicting: rows that have the id of another exchange: places, as quarantine has them.
    """

    sketches: Path
    order: Order | None
    account_names: tuple[str, ...]
    repeated: int
    conflicting: pa.Table


def ingest(
    traffic: Traffic,
    sketcher: Sketching,
    engine: Engine,
    work: Path,
    progress: Callable[[int], None],
    *,
    is_moved: bool = True,
) -> Ingested:
    """Sketch every exchange of some traffic and return the sketches in canonical order.

    Args:
        traffic: what the readers hand on; it is used up.
        sketcher: makes the sketches.
        engine: sorts and deduplicates, spilling where needed.
        work: a folder for sketches; the caller removes it.
        progress: told how many exchanges were sketched so far.
        is_moved: whether rows are written anew in their order; else, if they lie on this machine, they stay.

    Raises:
        InputError: there is no exchange in the traffic.
    """
    if sketch_traffic(traffic, sketcher, engine, work, progress) == 0:
        raise nothing_usable(traffic)
    repeated, conflicting = judgements(engine, traffic)
    rows = None if is_moved else engine.rows("parts")
    if rows is not None:
        left_out = engine.query("SELECT row_index FROM judged")["row_index"].to_numpy()
        order, names = placed(engine, KEPT, rows, left_out)
        return Ingested(work / "parts", order, names, repeated, conflicting)
    path = work / "sketches.parquet"
    names = put_in_order(engine, KEPT, path)
    shutil.rmtree(work / "parts")
    return Ingested(path, None, names, repeated, conflicting)


def sketch_traffic(
    traffic: Traffic, sketcher: Sketching, engine: Engine, work: Path, progress: Callable[[int], None]
) -> int:
    """Sketch every exchange into the engine's ``parts``, judge duplicates into ``judged``, and return the rows.

    Nothing is registered where there is no row. The arguments are those of ``ingest``.
    """
    parts = work / "parts"
    parts.mkdir()
    n_rows = engine.sketch(traffic, sketcher, parts, progress)
    if n_rows:
        _judge_duplicates(engine)
    return n_rows


def judgements(engine: Engine, traffic: Traffic) -> tuple[int, pa.Table]:
    """Return how many rows repeat an exchange, and the places of those that contradict one, as quarantine has them."""
    place = "source_index, line, record_bytes"
    conflicting = engine.query(f"SELECT {place} FROM judged WHERE is_conflict ORDER BY {place}")  # noqa: S608 - names
    repeated = engine.query("SELECT count(*) AS n FROM judged WHERE NOT is_conflict")["n"][0].as_py()
    return int(repeated), _as_quarantine(conflicting, traffic)


def put_in_order(engine: Engine, rows: str, path: Path) -> tuple[str, ...]:
    """Write the rows of a query, with ``account``, their account's canonical index, sorted; return account ids by it.

    Args:
        engine: knows what the query names.
        rows: SQL over exchanges with distinct ids.
        path: the Parquet file to write.
    """
    order = _accounts_in_order(engine, rows)
    engine.register("account_order", order)
    engine.write_parquet(
        f"SELECT k.*, o.account FROM ({rows}) k JOIN account_order o USING (account_id)",  # noqa: S608 - a constant
        path,
        order_by="account, requested_at, exchange_id",
    )
    return tuple(order["account_id"].to_pylist())


def placed(engine: Engine, kept: str, rows: Rows, left_out: IntArray) -> tuple[Order, tuple[str, ...]]:
    """Return the canonical order of rows that stay where they lie, and account ids by canonical index.

    Args:
        engine: knows what the query names.
        kept: SQL over the rows that are of the order, exchanges with distinct ids.
        rows: all rows, as they lie.
        left_out: which of them are none of it, counted as they lie.
    """
    names = _accounts_in_order(engine, kept)["account_id"]
    return order_of(rows, names, left_out), tuple(names.to_pylist())


def in_order(engine: Engine, name: str, path: Path, work: Path) -> tuple[Path, Order | None, tuple[str, ...]]:
    """Return a table's rows in canonical order, where they lie if that is on this machine, and account ids.

    Args:
        engine: knows the table as ``name``: exchanges with distinct ids.
        name: the table.
        path: the folder of its files.
        work: a folder for sorted rows; then ``path`` is removed.
    """
    rows, kept = engine.rows(name), f"SELECT * EXCLUDE (row_index) FROM {name}"  # noqa: S608 - a name of ours
    if rows is not None:
        return path, *placed(engine, kept, rows, np.zeros(0, np.int64))
    moved = work / "sketches.parquet"
    names = put_in_order(engine, kept, moved)
    shutil.rmtree(path)
    return moved, None, names


def _accounts_in_order(engine: Engine, rows: str) -> pa.Table:
    seen = f"SELECT account_id, {SEEN} FROM ({rows}) GROUP BY account_id"  # noqa: S608 - constants
    return canonical_order(engine.query(seen))


def _judge_duplicates(engine: Engine) -> None:
    """Make the table ``judged``: rows that are not an exchange of their own, and whether each contradicts the one kept.

    A row repeats an exchange where account and prompt are the same: a retry, a fallback or a line logged twice. Another
    account or another prompt under the same id is a conflict: both cannot be true.
    """
    several = "SELECT exchange_id FROM parts GROUP BY exchange_id HAVING count(*) > 1"
    engine.materialise("several", several)  # apart: once its size is known, the few are sent to the many
    engine.materialise(
        "judged",
        f"""
        WITH ranked AS (
            SELECT p.row_index, p.source_index, p.line, p.record_bytes, p.account_id, p.prompt_hash,
                row_number() OVER w AS place, first_value(p.account_id) OVER w AS kept_account,
                first_value(p.prompt_hash) OVER w AS kept_prompt
            FROM parts p JOIN several USING (exchange_id)
            WINDOW w AS (PARTITION BY p.exchange_id ORDER BY {BEST_FIRST})
        )
        SELECT row_index, source_index, line, record_bytes,
            account_id <> kept_account OR coalesce(prompt_hash <> kept_prompt, false) AS is_conflict
        FROM ranked WHERE place > 1
        """,  # noqa: S608 - only names from above
    )


def _as_quarantine(places: pa.Table, traffic: Traffic) -> pa.Table:
    names = [source.name for source in traffic.sources]
    n = len(places)
    return pa.table(
        {
            "source": pa.array([names[i] for i in places["source_index"].to_pylist()], pa.string()),
            "line": places["line"].cast(pa.int64()),
            "reason": pa.array([DUPLICATE] * n, pa.string()),
            "bytes": places["record_bytes"].cast(pa.int64()),
            "detail": pa.array(["another exchange of another account or prompt has this id"] * n, pa.string()),
        },
        schema=QUARANTINE,
    )
