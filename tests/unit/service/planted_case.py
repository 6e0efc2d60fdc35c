"""A case folder written from a case document, with all its tables, and a console on it without a network."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from example_case import START
from fastapi.testclient import TestClient

from stillwatch.dossiers.case import Case
from stillwatch.dossiers.document import DOCUMENT, to_json
from stillwatch.dossiers.tables import (
    ACCOUNTS,
    ACTIVITY,
    COMPARISONS,
    FAMILIES,
    MEMBERS,
    MEMBERSHIPS,
    PROFILES,
    SLICES,
    VALUES,
)  # fmt: skip
from stillwatch.links.comparison import COMPARISONS as KNOWN
from stillwatch.service.console.app import create_app
from stillwatch.service.console.source import CaseSource

N_DAYS = 20
N_ENTITIES = 58_017
U = {"hours": 0.2, "sign_up": 0.02, "first_request": 0.02}


def write_case_folder(
    folder: Path, case: Case, *, n_outside: int = 3, spell: Callable[[str], str] = lambda value: value
) -> Path:
    """Leave a case as a scan would: the document, and tables that fit it.

    Args:
        folder: where to.
        case: the document.
        n_outside: accounts with traffic in no group.
        spell: what is done to every value of identity and infrastructure, and to every family's id.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / DOCUMENT).write_bytes(to_json(case))
    for name, table in _tables(case, n_outside, spell).items():
        pq.write_table(table, folder / f"{name}.parquet", compression="zstd")
    return folder


def client_of(folder: Path) -> TestClient:
    """A client of the console on a folder, under a name that is served."""
    return TestClient(create_app(CaseSource(folder)), base_url="http://127.0.0.1:8377", raise_server_exceptions=False)


def _tables(case: Case, n_outside: int, spell: Callable[[str], str]) -> dict[str, pa.Table]:
    rng = np.random.default_rng(0)
    owner = {account: one.id for one in reversed(case.campaigns) for account in one.accounts}
    names = sorted(owner)
    outside = [f"outside-{i}" for i in range(n_outside)]
    entity = {name: f"e-{i}" for i, name in enumerate([*names, *outside])}
    accounts = [
        {"account_id": name, "campaign_id": owner.get(name), "p_member": 0.9 if name in owner else 0.0}
        | {"entity_id": entity[name], "reasons": ["shares payment_fingerprint with another member"] * (name in owner)}
        for name in sorted([*names, *outside])
    ]
    members = [
        {"account_id": name, "campaign_id": one.id, "p_group": round(0.99 - 0.4 * i / len(one.accounts), 6)}
        | {"entity_id": entity[name], "exchanges": 60 + i % 40, "other_exchanges": i % 9, "families": 1 + i % 4}
        | {"shares": ["payment_fingerprint"], "first_seen_at": START + timedelta(minutes=i), "created_at": START}
        | {"last_seen_at": START + timedelta(days=N_DAYS), "banned_at": None, "is_verified": False}
        for one in case.campaigns
        for i, name in enumerate(one.accounts)
    ]
    memberships = [{name: row[name] for name in ("account_id", "campaign_id")} | {"p_member": 0.9} for row in members]
    hours = rng.integers(0, 9, (len(names), 24))
    profiles = [
        {"account_id": name, "entity_id": entity[name], "is_authorised": False, "created_at": START}
        | {"banned_at": None, "first_at": START + timedelta(hours=i % 90), "last_at": START + timedelta(days=N_DAYS)}
        | {"n_exchanges": int(hours[i].sum()), "n_failed": 1, "n_active_days": N_DAYS, "hours": hours[i].tolist()}
        for i, name in enumerate(names)
    ]
    families = {one.id: [spell(family.id) for family in one.template_families] for one in case.campaigns}
    rows = {
        "accounts": (accounts, ACCOUNTS),
        "members": (members, MEMBERS),
        "slices": (list(_slices(case)), SLICES),
        "memberships": (sorted(memberships, key=lambda row: row["account_id"]), MEMBERSHIPS),
        "profiles": (profiles, PROFILES),
        "activity": (list(_activity(names, owner)), ACTIVITY),
        "values": (list(_values(names, spell)), VALUES),
        "families": (list(_families(names, owner, families)), FAMILIES),
        "comparisons": (list(_comparisons()), COMPARISONS),
    }
    return {name: pa.Table.from_pylist(found, schema=kind) for name, (found, kind) in rows.items()}


def _slices(case: Case) -> Any:
    """Yield two exchanges a member and group: enough for what is counted of groups that analysts make."""
    nothing = dict.fromkeys(("input_tokens", "cached_tokens", "output_tokens", "reasoning_tokens", "capability"))
    for one in case.campaigns:
        for i, name in enumerate(one.accounts):
            for k in range(2):
                row = {"campaign_id": one.id, "exchange_id": f"x-{one.id}-{i}-{k}", "account_id": name, "p_slice": 0.9}
                at = START + timedelta(days=i % N_DAYS, hours=k)
                yield row | {"requested_at": at, "model": "m", "platform": "api", "status": 200} | nothing


def _activity(names: list[str], owner: dict[str, str]) -> Any:
    for i, name in enumerate(names):
        for day in range(N_DAYS):
            at = (START + timedelta(days=day)).date()
            yield {"account_id": name, "day": at, "campaign_id": owner[name], "n_exchanges": 1 + (i + day) % 7}
            yield {"account_id": name, "day": at, "campaign_id": None, "n_exchanges": 1 + i % 2}


def _values(names: list[str], spell: Callable[[str], str]) -> Any:
    for i, name in enumerate(names):
        own = [("payment_fingerprint", f"pay-{i // 4}", None, 4), ("api_key_id", f"key-{i}", 60, 1)]
        own += [("ip", f"198.51.{i // 3 // 256}.{i // 3 % 256}", 30, 3), ("ip", f"203.0.113.{i % 200}", 9, 900)]
        own += [("user_agent", "openai-python/1.99.1", 60, 21_000)]
        for kind, value, n, holders in own:
            yield {"account_id": name, "kind": kind, "value": spell(value), "n_exchanges": n, "n_entities": holders}


def _families(names: list[str], owner: dict[str, str], families: dict[str, list[str]]) -> Any:
    for i, name in enumerate(names):
        for k, family in enumerate(families[owner[name]]):
            if k <= i % 4:
                row = {"account_id": name, "family_id": family, "campaign_id": owner[name]}
                yield row | {"n_exchanges": 10 + k, "n_entities": 200 * (k + 1)}


def _comparisons() -> Any:
    for name, one in sorted(KNOWN.items()):
        about = {"name": name, "title": one.title, "channel": one.channel, "because": one.because}
        u = U.get(name, 0.0001)
        rates = {"m": one.m, "u": u, "m_alone": one.m, "u_alone": u, "m_further": 0.5, "u_further": 0.2}
        rest = {"n_linked": 0.0, "source": "stated", "n_entities": N_ENTITIES}
        yield about | {"needs": list(one.needs)} | rates | rest
