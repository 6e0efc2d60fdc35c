"""A case folder written from a case document, with its tables, and a console on it without a network."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from fastapi.testclient import TestClient

from stillwatch.dossiers.case import Case
from stillwatch.dossiers.document import DOCUMENT, to_json
from stillwatch.service.console.app import create_app
from stillwatch.service.console.source import CaseSource


def write_case_folder(folder: Path, case: Case) -> Path:
    """Leave a case as a scan would: the document, and the tables that follow from it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / DOCUMENT).write_bytes(to_json(case))
    rows = sorted({(account, one.id, 0.9) for one in case.campaigns for account in one.accounts})
    columns = list(zip(*rows, strict=True)) or [(), (), ()]
    kinds = (("account_id", pa.string()), ("campaign_id", pa.string()), ("p_member", pa.float64()))
    memberships = pa.table({name: pa.array(column, kind) for (name, kind), column in zip(kinds, columns, strict=True)})
    pq.write_table(memberships, folder / "memberships.parquet")
    first = {account: campaign for account, campaign, _ in reversed(rows)}
    accounts = pa.table(
        {
            "account_id": pa.array(sorted(first), pa.string()),
            "campaign_id": pa.array([first[name] for name in sorted(first)], pa.string()),
            "p_member": pa.array([0.9] * len(first), pa.float64()),
            "entity_id": pa.array([f"e-{i}" for i in range(len(first))], pa.string()),
            "reasons": pa.array([["shares ip with another member"]] * len(first), pa.list_(pa.string())),
        }
    )
    pq.write_table(accounts, folder / "accounts.parquet")
    return folder


def client_of(folder: Path) -> TestClient:
    """A client of the console on a folder, under a name that is served."""
    return TestClient(create_app(CaseSource(folder)), base_url="http://127.0.0.1:8377", raise_server_exceptions=False)
