"""The tables by which the numbers of a dossier can be traced: members, slices, observations, organisations.

They hold metadata, counts and scores; no text.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy.sparse import csc_array

from stillwatch.assessments.sampling_error import SamplingError
from stillwatch.assessments.uncertainty import spread_of
from stillwatch.dossiers.case import Case
from stillwatch.dossiers.rounding import DIGITS, rounded
from stillwatch.dossiers.tables import MEMBERS, OBSERVATIONS, ORGANISATIONS, SLICES
from stillwatch.links.population import MISSING_TIME, BoolArray, Codes, IntArray, NumberArray
from stillwatch.links.rows import places_of
from stillwatch.pipeline.analysis import Analysis
from stillwatch.pipeline.assembly import member_accounts
from stillwatch.pipeline.drawing import listed_rows
from stillwatch.pipeline.finding import Finding
from stillwatch.pipeline.organisation_ties import OrganisationTies
from stillwatch.pipeline.stored import Ids

PART_ROWS: Final = 1 << 18  # of a slice in memory at once: some 50 MB
NO_ERROR: Final = SamplingError(None, None)
TOKENS: Final = ("input_tokens", "cached_tokens", "output_tokens", "reasoning_tokens")


def trace_tables(
    case: Case, analysis: Analysis, exchange_ids: Ids
) -> Iterator[tuple[str, pa.Schema, Iterable[pa.Table]]]:
    """Yield the tables of all campaigns in parts: name, columns, and the parts, by campaign in the order of the case.

    Args:
        case: the frozen document, for the campaigns' ids.
        analysis: what it was assembled from.
        exchange_ids: ids by row of the population.
    """
    pairs = [(one.id, finding) for one, finding in zip(case.campaigns, analysis.findings, strict=True)]
    use = csc_array(analysis.use)
    names = pa.array(analysis.population.accounts.names, pa.string())
    ties = OrganisationTies(analysis)
    yield "members", MEMBERS, (_members(name, analysis, finding, use) for name, finding in pairs)
    slices = (_slices(name, analysis, finding, exchange_ids, names) for name, finding in pairs)
    yield "slices", SLICES, chain.from_iterable(slices)
    yield "observations", OBSERVATIONS, (of_rows(_observations(name, finding), OBSERVATIONS) for name, finding in pairs)
    organisations = (of_rows(ties.rows(name, finding), ORGANISATIONS) for name, finding in pairs)
    yield "organisations", ORGANISATIONS, organisations


def _members(name: str, analysis: Analysis, finding: Finding, use: csc_array) -> pa.Table:
    accounts, p = member_accounts(analysis, finding)
    population, entities = analysis.population, analysis.entities
    known = population.accounts
    in_slice = np.bincount(population.exchanges.account[finding.group.slice_rows], minlength=len(known))
    sent = np.diff(population.exchanges.first)
    first, last = _span(analysis, listed_rows(analysis, finding), accounts)
    users = use.indices[places_of(use.indptr, finding.group.families)[0]]
    families = np.bincount(users, minlength=entities.n)[entities.of_account[accounts]]
    sharing = analysis.shared_with(finding, accounts)
    shares = [[column for column, holders in sharing.items() if holders[i]] for i in range(len(accounts))]
    organisation = known.keys["organisation_id"]
    return pa.table(
        [
            pa.array([name] * len(accounts), pa.string()),
            pa.array([known.names[a] for a in accounts.tolist()], pa.string()),
            pa.array([f"e-{int(e)}" for e in entities.of_account[accounts]], pa.string()),
            pa.array(np.round(p, DIGITS)),
            pa.array(in_slice[accounts].astype(np.int64)),
            pa.array((sent - in_slice)[accounts].astype(np.int64)),
            pa.array(families.astype(np.int64)),
            pa.array(shares, pa.list_(pa.string())),
            _times(first),
            _times(last),
            _times(known.created_us[accounts]),
            _times(known.banned_us[accounts]),
            pa.array([organisation.values[c] if c >= 0 else None for c in organisation.code[accounts]], pa.string()),
            pa.array(known.is_verified[accounts]),
            _numbers(known.plan_price_usd[accounts], pa.float64()),
        ],
        schema=MEMBERS,
    )


def _span(analysis: Analysis, rows: IntArray, accounts: IntArray) -> tuple[IntArray, IntArray]:
    """Return the first and last time of some exchanges (rising) of each account; of one without any, of all it sent."""
    exchanges = analysis.population.exchanges
    of_row = exchanges.account[rows]
    first, end = (np.searchsorted(of_row, accounts, side) for side in ("left", "right"))
    is_silent = first == end  # an account that only its identity ties
    at = np.append(rows, 0)
    first_row = np.where(is_silent, exchanges.first[accounts], at[first])
    last_row = np.where(is_silent, exchanges.first[accounts + 1] - 1, at[end - 1])
    return exchanges.requested_us[first_row], exchanges.requested_us[last_row]


def _slices(name: str, analysis: Analysis, finding: Finding, exchange_ids: Ids, names: pa.Array) -> Iterator[pa.Table]:
    """Yield a finding's slice in parts, by id of the exchange."""
    listed = listed_rows(analysis, finding)
    order = pc.sort_indices(exchange_ids.take(pa.array(listed))).to_numpy()
    for start in range(0, len(order), PART_ROWS):
        rows = listed[order[start : start + PART_ROWS]]
        yield _slice_rows(name, analysis, finding, rows, exchange_ids.take(pa.array(rows)), names)


def _slice_rows(
    name: str, analysis: Analysis, finding: Finding, rows: IntArray, ids: pa.Array, names: pa.Array
) -> pa.Table:
    exchanges = analysis.population.exchanges
    at = np.searchsorted(finding.group.slice_rows, rows)
    p = finding.group.p_exchange[at]
    return pa.table(
        [
            pa.array([name] * len(rows), pa.string()),
            ids.cast(pa.string()),
            names.take(pa.array(exchanges.account[rows])),
            _times(exchanges.requested_us[rows]),
            pa.array(np.round(p, DIGITS).astype(np.float64)),
            _texts(exchanges.keys["model"], rows),
            _texts(exchanges.keys["platform"], rows),
            _numbers(exchanges.numbers["status"][rows], pa.int32()),
            *(_numbers(exchanges.numbers[column][rows], pa.int64()) for column in TOKENS),
            _lists(exchanges.capability[rows], exchanges.flags["has_prompt"][rows]),
        ],
        schema=SLICES,
    )  # fmt: skip


def _observations(name: str, finding: Finding) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    for seen in finding.observations.values():
        spread, error = spread_of(seen, len(finding.accounts)), seen.error or NO_ERROR
        rows.append(
            (name, seen.kind.name, seen.kind.unit, _rounded(seen.value), _rounded(spread.low), _rounded(spread.high),
             spread.method, _rounded(seen.comparison), _rounded(seen.comparison_low), _rounded(seen.comparison_high),
             seen.n_compared, _rounded(error.n), _rounded(error.standard_error))
        )  # fmt: skip
    return rows


def of_rows(rows: Sequence[tuple[object, ...]], schema: pa.Schema) -> pa.Table:
    """Return rows of plain values as a table."""
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(schema)
    return pa.table(
        [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)], schema=schema
    )


def _rounded(value: float | None) -> float | None:
    return None if value is None else rounded(value)


def _times(at_us: IntArray) -> pa.Array:
    return pa.array(at_us, mask=at_us == MISSING_TIME).cast(pa.timestamp("us", "UTC"))


def _numbers(values: NumberArray, kind: pa.DataType) -> pa.Array:
    missing = np.isnan(values)
    return pa.array(np.where(missing, 0.0, values), mask=missing).cast(kind)


def _texts(codes: Codes, rows: IntArray) -> pa.Array:
    code = codes.code[rows]
    return pa.array(codes.values, pa.string()).take(pa.array(code, mask=code < 0))


def _lists(matrix: np.ndarray, is_known: BoolArray) -> pa.Array:
    """Return the rows of a matrix as lists, null where not known."""
    ends = np.concatenate([[0], np.cumsum(is_known * matrix.shape[1])]).astype(np.int32)
    values = pa.array(matrix[is_known].ravel(), pa.uint8())
    return pa.ListArray.from_arrays(pa.array(ends), values, mask=pa.array(~is_known))
