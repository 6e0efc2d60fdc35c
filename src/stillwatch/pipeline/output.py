"""The folder CASE/: written beside its place and moved there whole, so that nothing half-written is ever seen."""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Final

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from stillwatch.dossiers.case import Case
from stillwatch.dossiers.document import to_json
from stillwatch.dossiers.render.html import render_html
from stillwatch.engines.side_by_side import IN_TURN, SideBySide
from stillwatch.links.population import FloatArray, IntArray
from stillwatch.pipeline.analysis import Analysis
from stillwatch.pipeline.assembly import member_accounts
from stillwatch.pipeline.evidence import evidence_tables
from stillwatch.pipeline.finding import DISTILLATION, Finding
from stillwatch.pipeline.folder import whole_folder
from stillwatch.pipeline.reasons import reasons_of
from stillwatch.pipeline.stored import Ids
from stillwatch.pipeline.traces import trace_tables

RUN: Final = "run.json"
UNTESTED: Final = 0.5  # of a group's weight is lost where no counted test speaks: the posterior still ranks it
NOT_ACCUSED: Final = 0.1  # of a posterior's odds is left to a group that lacks what an accusation asks for
GROUP_ROWS: Final = 1 << 20  # of a Parquet file: Arrow's own number for a whole table
EXCHANGES: Final = pa.schema(
    [("exchange_id", pa.string()), ("campaign_id", pa.string()), ("p_extraction", pa.float64())]
)


def case_folder(target: Path, *, replace: bool) -> AbstractContextManager[Path]:
    """Yield a new folder that becomes the case ``target`` when the block ends well; see ``whole_folder``."""
    return whole_folder(target, mark=RUN, noun="case", replace=replace)


def write_case(  # noqa: PLR0913, PLR0917 - all that a case holds
    folder: Path,
    case: Case,
    analysis: Analysis,
    exchange_ids: Ids,
    quarantine: pa.Table,
    run: dict[str, Any],
    workers: SideBySide = IN_TURN,
) -> None:
    """Write every file of a case.

    Args:
        folder: where to.
        case: the frozen document.
        analysis: what it was assembled from, for the tables.
        exchange_ids: ids by row of the population.
        quarantine: places and reasons.
        run: the run's record.
        workers: write the document while the tables are made.
    """
    with workers.meanwhile(lambda: _write_document(folder, case)):
        _write_tables(folder, case, analysis, exchange_ids)
    _write(
        quarantine.sort_by([("source", "ascending"), ("line", "ascending"), ("reason", "ascending")]),
        folder / "quarantine.parquet",
    )
    (folder / RUN).write_bytes(
        orjson.dumps(run, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE)
    )


def _write_document(folder: Path, case: Case) -> None:
    (folder / "campaigns.json").write_bytes(to_json(case))
    (folder / "report.html").write_text(render_html(case), encoding="utf-8")


def _write_tables(folder: Path, case: Case, analysis: Analysis, exchange_ids: Ids) -> None:
    memberships = _memberships(case, analysis)
    ids = tuple(one.id for one in case.campaigns)
    _write(memberships, folder / "memberships.parquet")
    _write(_accounts(analysis, memberships, ids), folder / "accounts.parquet")
    campaign, p_extraction = _slices(analysis)
    exchanges = _exchanges(case, analysis, exchange_ids, campaign, p_extraction)
    _write_parts(EXCHANGES, exchanges, folder / "exchanges.parquet")
    del p_extraction
    for name, schema, parts in trace_tables(case, analysis, exchange_ids):
        _write_parts(schema, parts, folder / f"{name}.parquet")
    for name, table in evidence_tables(analysis, campaign, ids):
        _write(table, folder / f"{name}.parquet")


def _write(table: pa.Table, path: Path) -> None:
    pq.write_table(table, path, compression="zstd")


def _write_parts(schema: pa.Schema, parts: Iterable[pa.Table], path: Path) -> None:
    """Write a table that comes in parts: the bytes of ``_write`` of the whole, and one group of rows in memory."""
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        held, n = schema.empty_table(), 0
        for part in parts:
            held = pa.concat_tables([held, part])
            while len(held) >= GROUP_ROWS:
                writer.write_table(held.slice(0, GROUP_ROWS).combine_chunks(), GROUP_ROWS)
                held, n = held.slice(GROUP_ROWS), n + GROUP_ROWS
        if len(held) or not n:
            writer.write_table(held.combine_chunks(), GROUP_ROWS)


def p_distillation(finding: Finding) -> float:
    """Return the probability that a finding is distillation: its posterior, as far as an accusation stands behind it.

    A group that is not accused lacks a sign of purpose, coordination, or a posterior that holds. That is evidence too:
    campaigns seldom lack them and honest pools mostly do, so that the posterior's odds count a tenth.
    """
    posterior = next(item.posterior for item in finding.hypotheses if item.name == DISTILLATION)
    if finding.is_accusation:
        return posterior
    left = NOT_ACCUSED * posterior
    return left / (left + 1.0 - posterior) * (1.0 - UNTESTED * finding.q_value)


def _memberships(case: Case, analysis: Analysis) -> pa.Table:
    """Return a row for each account and group; of groups that are as probable, the one first in the case stands first.

    A group's id says nothing of it: it is made of names, and in a state of the day on which it was first seen.
    """
    rows: list[tuple[str, str, float, bool]] = []
    for campaign, finding in zip(case.campaigns, analysis.findings, strict=True):
        accounts, p = member_accounts(analysis, finding)
        weight = p_distillation(finding)
        rows += [
            (analysis.population.accounts.names[a], campaign.id, _rounded(weight * float(q)), finding.is_accusation)
            for a, q in zip(accounts, p, strict=True)
        ]
    rows.sort(key=lambda row: (row[0], not row[3], -row[2]))  # stable: in the order of the case
    return pa.table(
        {
            "account_id": pa.array([row[0] for row in rows], pa.string()),
            "campaign_id": pa.array([row[1] for row in rows], pa.string()),
            "p_member": pa.array([row[2] for row in rows], pa.float64()),
        }
    )


def _rounded(value: float) -> float:
    return float(np.round(value, 6))


def _accounts(analysis: Analysis, memberships: pa.Table, ids: tuple[str, ...]) -> pa.Table:
    names = analysis.population.accounts.names
    campaign: dict[str, str] = {}
    stay_out = dict.fromkeys(names, 1.0)
    for account, group, p in zip(*(memberships[name].to_pylist() for name in memberships.column_names), strict=True):
        campaign.setdefault(account, group)  # rows are sorted: accusations first, then the most probable
        stay_out[account] *= 1.0 - p
    reasons = reasons_of(analysis, ids, campaign)
    order = sorted(range(len(names)), key=names.__getitem__)
    return pa.table(
        {
            "account_id": pa.array([names[i] for i in order], pa.string()),
            "campaign_id": pa.array([campaign.get(names[i]) for i in order], pa.string()),
            "p_member": pa.array([_rounded(1.0 - stay_out[names[i]]) for i in order], pa.float64()),
            "entity_id": pa.array([f"e-{int(analysis.entities.of_account[i])}" for i in order], pa.string()),
            "reasons": pa.array([reasons.get(i, []) for i in order], pa.list_(pa.string())),
        }
    )


def _slices(analysis: Analysis) -> tuple[IntArray, FloatArray]:
    """Return, for every exchange, the finding to whose slice it belongs (-1: none), and how probably it was taken."""
    exchanges = analysis.population.exchanges
    p: FloatArray = np.zeros(len(exchanges))
    campaign = np.full(len(exchanges), -1, np.int64)
    for i, finding in reversed(list(enumerate(analysis.findings))):  # earlier findings, which lead, are written last
        accounts, _ = member_accounts(analysis, finding)
        rows = finding.group.slice_rows
        kept = np.isin(exchanges.account[rows], accounts)
        weight = p_distillation(finding)
        rows, own = rows[kept], finding.group.p_exchange[kept]
        stronger = (weight * own >= p[rows]) | finding.is_accusation
        p[rows[stronger]] = weight * own[stronger]
        campaign[rows[stronger]] = i
        doubtful, own = finding.group.doubtful_rows, finding.group.p_doubtful
        kept = np.isin(exchanges.account[doubtful], accounts)
        p[doubtful[kept]] = np.maximum(p[doubtful[kept]], weight * own[kept])
    return campaign, p


def _exchanges(
    case: Case, analysis: Analysis, exchange_ids: Ids, campaign: IntArray, p: FloatArray
) -> Iterator[pa.Table]:
    """Yield a row for every exchange of every member account, with the campaign of its slice where it has one."""
    is_member = np.zeros(len(analysis.population.accounts), bool)
    for finding in analysis.findings:
        is_member[member_accounts(analysis, finding)[0]] = True
    rows = np.flatnonzero(is_member[analysis.population.exchanges.account])
    rows = rows[pc.sort_indices(exchange_ids.take(pa.array(rows))).to_numpy()]
    ids = pa.array([item.id for item in case.campaigns], pa.string())
    for start in range(0, len(rows), GROUP_ROWS):
        part = rows[start : start + GROUP_ROWS]
        of_slice = pa.array(campaign[part], mask=campaign[part] < 0)
        columns = [exchange_ids.take(pa.array(part)), ids.take(of_slice), pa.array(np.round(p[part], 6))]
        yield pa.table(columns, schema=EXCHANGES)
