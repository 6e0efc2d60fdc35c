"""A case's folder as freezing reads it: the document, its tables, the run's record, and a digest of each file read."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.dossiers.case import Campaign, Case
from stillwatch.dossiers.document import DOCUMENT, from_json
from stillwatch.dossiers.dossier import Source
from stillwatch.dossiers.tables import TABLES
from stillwatch.errors import InputError, UsageError
from stillwatch.parquet import table_of

RUN: Final = "run.json"
MOST_LISTED: Final = 8  # campaigns named in a refusal


@dataclass(frozen=True, slots=True)
class CaseFolder:
    """One campaign of a case, with what the case holds of it.

    Args:
        path: the folder.
        case: the document.
        campaign: the campaign in question.
        tables: its rows of each table that the case has; a case of an earlier version has fewer.
        run: the run's record, empty where the case has none.
        sources: the files that were read, with digests.
        also_in: other campaigns that some of its accounts are members of, with how many.
    """

    path: Path
    case: Case
    campaign: Campaign
    tables: dict[str, pa.Table]
    run: dict[str, Any]
    sources: tuple[Source, ...]
    also_in: tuple[tuple[str, int], ...] = ()


def open_case(path: Path, campaign_id: str) -> CaseFolder:
    """Return one campaign of a case.

    Raises:
        InputError: the case cannot be read.
        UsageError: it has no such campaign.
    """
    document = _read(path / DOCUMENT)
    case = from_json(document)
    campaign = next((one for one in case.campaigns if one.id == campaign_id), None)
    if campaign is None:
        known = ", ".join(one.id for one in case.campaigns[:MOST_LISTED]) or "no campaign"
        more = f" and {len(case.campaigns) - MOST_LISTED} more" if len(case.campaigns) > MOST_LISTED else ""
        raise UsageError(str(path), "no such campaign", got=repr(campaign_id), expected=known + more)
    sources = [_source(DOCUMENT, document)]
    tables = {}
    also_in: tuple[tuple[str, int], ...] = ()
    for name, kind in TABLES.items():
        file = path / f"{name}.parquet"
        if "campaign_id" in kind.names and file.is_file():
            content = _read(file)
            tables[name] = _rows_of(file, content, campaign_id)
            if name == "memberships":
                also_in = _also_in(content, campaign_id)
            sources.append(_source(file.name, content))
    run = {}
    if (path / RUN).is_file():
        content = _read(path / RUN)
        run = _object(path / RUN, content)
        sources.append(_source(RUN, content))
    return CaseFolder(path, case, campaign, tables, run, tuple(sources), also_in)


def digest(content: bytes) -> str:
    """Return the SHA-256 of some bytes in hex."""
    return hashlib.sha256(content).hexdigest()


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(
            str(path), "cannot be read", got=error.strerror, fix="Name the folder that a scan left."
        ) from None


def _source(name: str, content: bytes) -> Source:
    return Source(name, "case", digest(content), len(content))


def _rows_of(path: Path, content: bytes, campaign_id: str) -> pa.Table:
    try:
        table = table_of(content)
        return table.filter(pc.equal(table["campaign_id"], campaign_id))
    except (pa.ArrowException, KeyError) as error:
        raise InputError(str(path), "no table of a case", got=str(error).splitlines()[0]) from None


def _also_in(content: bytes, campaign_id: str) -> tuple[tuple[str, int], ...]:
    """Return the other campaigns that share accounts with this one, those with most accounts in common first."""
    table = table_of(content)
    mine = table.filter(pc.equal(table["campaign_id"], campaign_id))["account_id"]
    others = table.filter(pc.and_(pc.not_equal(table["campaign_id"], campaign_id), pc.is_in(table["account_id"], mine)))
    counted = [(row["values"], row["counts"]) for row in pc.value_counts(others["campaign_id"]).to_pylist()]
    return tuple(sorted(counted, key=lambda pair: (-pair[1], pair[0])))


def _object(path: Path, content: bytes) -> dict[str, Any]:
    try:
        plain = json.loads(content)
    except ValueError as error:
        raise InputError(str(path), "not a JSON document", got=str(error)) from None
    return plain if isinstance(plain, dict) else {}
