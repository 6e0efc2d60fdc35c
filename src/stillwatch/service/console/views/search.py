"""Search over groups, accounts, keys, addresses, fingerprints and template families; and who has a value."""

from dataclasses import dataclass
from typing import Any, Final

from pydantic import BaseModel, Field

from stillwatch.errors import NotFoundError
from stillwatch.service.console.address import account_address, family_address, value_address, with_query
from stillwatch.service.console.store import CaseStore
from stillwatch.service.console.views.paging import Paging, paging
from stillwatch.service.console.views.queue import QueueQuery, QueueRow, queue_view

MOST_HITS: Final = 20  # of each kind
LEAST_LETTERS: Final = 2  # one letter finds everything


class SearchQuery(BaseModel):
    """What is looked for: part of an id or a value, in any case of letters."""

    q: str = Field(default="", max_length=300)


class HoldersQuery(BaseModel):
    """Which page of the accounts that have a value."""

    page: int = Field(default=1, ge=1, le=1_000_000)
    size: int = Field(default=50, ge=1, le=200)


@dataclass(frozen=True, slots=True)
class AccountHit:
    """An account whose id matches."""

    account_id: str
    address: str
    campaign_id: str | None
    p_member: float


@dataclass(frozen=True, slots=True)
class ValueHit:
    """A value that matches: how many accounts of reported groups have it, and entities of the whole traffic."""

    kind: str
    value: str
    address: str
    n_accounts: int
    n_entities: int


@dataclass(frozen=True, slots=True)
class SearchView:
    """What was found, at most twenty of each kind; ``n_...`` count them all."""

    q: str
    is_asked: bool
    groups: tuple[QueueRow, ...]
    n_groups: int
    accounts: tuple[AccountHit, ...]
    n_accounts: int
    values: tuple[ValueHit, ...]
    n_values: int


@dataclass(frozen=True, slots=True)
class Holder:
    """An account that has a value or uses a family."""

    account_id: str
    address: str
    campaign_id: str | None
    p_member: float
    n_exchanges: int | None


@dataclass(frozen=True, slots=True)
class HoldersView:
    """Who has a value or uses a family.

    Args:
        kind: the column, or ``family``.
        n_entities: entities of the whole traffic that have it.
        rows: accounts of reported groups only; the case keeps nothing of others.
    """

    kind: str
    value: str
    address: str
    n_entities: int
    rows: tuple[Holder, ...]
    paging: Paging


def search_view(store: CaseStore, query: SearchQuery) -> SearchView:
    """Return what a search finds."""
    wanted = query.q.strip()
    if len(wanted) < LEAST_LETTERS:
        return SearchView(wanted, False, (), 0, (), 0, (), 0)
    groups = queue_view(store.case, QueueQuery(q=wanted[:200], size=MOST_HITS))
    accounts = store.rows(
        "SELECT account_id, campaign_id, p_member, count(*) OVER () AS n FROM accounts "
        "WHERE contains(lower(account_id), lower($1)) "
        "ORDER BY lower(account_id) <> lower($1), campaign_id IS NULL, p_member DESC, account_id LIMIT $2",
        [wanted, MOST_HITS],
    )
    values = _values(store, wanted)
    return SearchView(
        wanted,
        True,
        groups.rows,
        groups.paging.n_rows,
        tuple(
            AccountHit(row["account_id"], account_address(row["account_id"]), _group_of(store, row), row["p_member"])
            for row in accounts
        ),
        accounts[0]["n"] if accounts else 0,
        tuple(
            ValueHit(row["kind"], row["value"], _address(row), row["n_accounts"], row["n_entities"]) for row in values
        ),
        values[0]["n"] if values else 0,
    )


def _group_of(store: CaseStore, row: dict[str, Any]) -> str | None:
    return store.campaign_of(row["campaign_id"], row["account_id"]) if row["campaign_id"] is not None else None


def _address(row: dict[str, Any]) -> str:
    return family_address(row["value"]) if row["kind"] == "family" else value_address(row["kind"], row["value"])


def _values(store: CaseStore, wanted: str) -> list[dict[str, Any]]:
    if not store.has_evidence:
        return []
    return store.rows(
        "SELECT *, count(*) OVER () AS n FROM ("
        "SELECT kind, value, count(*) AS n_accounts, max(n_entities) AS n_entities FROM values "
        "WHERE contains(lower(value), lower($1)) GROUP BY kind, value UNION ALL "
        "SELECT 'family', family_id, count(*), max(n_entities) FROM families "
        "WHERE contains(family_id, lower($1)) GROUP BY family_id) "
        "ORDER BY lower(value) <> lower($1), n_accounts DESC, kind, value LIMIT $2",
        [wanted, MOST_HITS],
    )


def value_view(store: CaseStore, kind: str, value: str, query: HoldersQuery) -> HoldersView:
    """Return the accounts of reported groups that have a value.

    Raises:
        NotFoundError: none has it.
    """
    source = "SELECT account_id, n_exchanges, n_entities FROM values WHERE kind = $1 AND value = $2"
    return _holders(store, (kind, value, value_address(kind, value)), (source, [kind, value]), query)


def family_view(store: CaseStore, family_id: str, query: HoldersQuery) -> HoldersView:
    """Return the accounts of reported groups that use a template family.

    Raises:
        NotFoundError: none uses it.
    """
    source = "SELECT account_id, n_exchanges, n_entities FROM families WHERE family_id = $1"
    return _holders(store, ("family", family_id, family_address(family_id)), (source, [family_id]), query)


def _holders(
    store: CaseStore, named: tuple[str, str, str], source: tuple[str, list[Any]], query: HoldersQuery
) -> HoldersView:
    kind, value, address = named
    sql, wanted = source
    known = []
    if store.has_evidence:
        known = store.rows(f"SELECT count(*) AS n, max(n_entities) AS n_entities FROM ({sql})", wanted)  # noqa: S608 - constants
    if not known or not known[0]["n"]:
        fix = "The case keeps values and families of accounts in reported groups only."
        raise NotFoundError(kind[:40], "no account of a reported group has this", got=value[:80], fix=fix)
    where = paging(
        known[0]["n"], query.page, query.size, lambda page: with_query(address, {"page": page if page > 1 else None})
    )
    n = len(wanted)
    rows = store.rows(
        f"SELECT h.account_id, h.n_exchanges, a.campaign_id, a.p_member FROM ({sql}) h "  # noqa: S608 - constants
        f"JOIN accounts a USING (account_id) ORDER BY a.p_member DESC, h.account_id LIMIT ${n + 1} OFFSET ${n + 2}",
        [*wanted, query.size, max(where.first - 1, 0)],
    )
    holders = tuple(
        Holder(
            row["account_id"],
            account_address(row["account_id"]),
            _group_of(store, row),
            row["p_member"],
            row["n_exchanges"],
        )
        for row in rows
    )
    return HoldersView(kind, value, address, known[0]["n_entities"], holders, where)
