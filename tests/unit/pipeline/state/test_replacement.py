"""A campaign that was found is banned as a whole; other accounts go on with its programme, and it is known again."""

import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from days import Days, make_days

from stillwatch.store.state.reading import open_state

HERE = Path(__file__).parent
N_BEFORE = 3  # days until the ban
POOL = "distillation-pool"
IDENTITY = ("email_fingerprint", "phone_fingerprint", "payment_fingerprint", "device_fingerprint", "referrer_id")


@dataclass(frozen=True)
class Ban:
    """The days before the ban in one state, its campaign, and the days after it as they would go on."""

    days: Days
    state: Path
    campaign: str
    pool: frozenset[str]
    heirs: dict[str, str]
    rest: tuple[Path, ...]


@pytest.fixture(scope="module")
def ban(tmp_path_factory: pytest.TempPathFactory) -> Ban:
    """A world whose campaign goes on under other names and identities after the third day."""
    folder = tmp_path_factory.mktemp("ban")
    days = make_days(folder / "world", str(HERE / "pool.toml"))
    case = days.scan(folder / "state", folder / "case", *days.days[:N_BEFORE])
    truth = pq.read_table(days.folder / "truth_accounts.parquet")
    planted = set(truth.filter(pc.equal(truth["group_id"], POOL))["account_id"].to_pylist())
    campaign = max(case.campaigns, key=lambda one: len(planted & set(one.accounts)))
    assert planted == set(campaign.accounts)
    assert campaign.is_accusation
    heirs = {account: f"acct_{i:020x}" for i, account in enumerate(campaign.accounts)}
    rest = []
    for path in days.days[N_BEFORE:]:
        table = pq.read_table(path)
        names = [heirs.get(name, name) for name in table["account_id"].to_pylist()]
        at = table.schema.get_field_index("account_id")
        rest.append(folder / path.name)
        pq.write_table(table.set_column(at, table.schema.field(at), pa.array(names, pa.string())), rest[-1])
    return Ban(days, folder / "state", campaign.id, frozenset(campaign.accounts), heirs, tuple(rest))


def registered(ban: Ban, out: Path, *, is_banned: bool = True) -> list[str]:
    """Write the accounts of the day after: the pool banned that night, its heirs with identities of their own."""
    table = pq.read_table(ban.days.folder / "accounts.parquet")
    midnight = datetime.fromisoformat(ban.rest[0].stem).replace(tzinfo=UTC)
    rows: list[dict[str, Any]] = []
    for row in table.to_pylist():
        name = row["account_id"]
        if name in ban.pool:
            fresh = {one: f"heir-{row[one]}" for one in IDENTITY if row[one] is not None}
            rows.append({**row, **fresh, "account_id": ban.heirs[name], "created_at": midnight})
        rows.append({**row, "banned_at": midnight} if name in ban.pool and is_banned else row)
    pq.write_table(pa.Table.from_pylist(rows, table.schema), out)
    return [str(out)]


def test_a_replacement_that_comes_alone_is_linked_to_the_banned_campaign(ban: Ban, tmp_path: Path) -> None:
    """In a window in which only the heirs are at work they are a new campaign, which names the old one and why."""
    state = shutil.copytree(ban.state, tmp_path / "state")
    accounts = registered(ban, tmp_path / "accounts.parquet")
    case = ban.days.scan(state, tmp_path / "case", *ban.rest, window_days=len(ban.rest), accounts=accounts)
    heirs = set(ban.heirs.values())
    (new,) = [one for one in case.campaigns if heirs & set(one.accounts)]
    assert set(new.accounts) <= heirs
    assert new.lifecycle is not None
    assert new.lifecycle.replaces == (ban.campaign,)
    n, of = len(ban.pool), f"members of {ban.campaign} were banned around {ban.rest[0].stem}"
    (told,) = [event for event in new.lifecycle.events if event.kind == "replaced"]
    assert told.campaigns == (ban.campaign,)
    assert told.reason.startswith(f"it goes on for {ban.campaign}: {n} of {n} {of}; it began on {ban.rest[0].stem}")
    (old,) = [one for one in open_state(str(state)).campaigns() if one.id == ban.campaign]
    assert old.replaced_by == (new.id,)


def test_a_replacement_beside_the_banned_pool_goes_on_under_its_name(ban: Ban, tmp_path: Path) -> None:
    """In a window that holds both pools they are one campaign, which keeps its id and tells of the replacement."""
    accounts = registered(ban, tmp_path / "accounts.parquet")
    case = ban.days.scan(
        shutil.copytree(ban.state, tmp_path / "state"), tmp_path / "case", *ban.rest, accounts=accounts
    )
    (both,) = [one for one in case.campaigns if one.id == ban.campaign]
    assert set(both.accounts) >= ban.pool
    assert set(both.accounts) & set(ban.heirs.values())
    assert both.lifecycle is not None
    (told,) = [event for event in both.lifecycle.events if event.kind == "replaced"]
    assert f"of {len(ban.pool)} members were banned around {ban.rest[0].stem}" in told.reason


def test_without_a_ban_nothing_is_a_replacement(ban: Ban, tmp_path: Path) -> None:
    """The same heirs, with nobody banned, are a new campaign and no more."""
    state = shutil.copytree(ban.state, tmp_path / "state")
    accounts = registered(ban, tmp_path / "accounts.parquet", is_banned=False)
    case = ban.days.scan(state, tmp_path / "case", *ban.rest, window_days=len(ban.rest), accounts=accounts)
    (new,) = [one for one in case.campaigns if set(ban.heirs.values()) & set(one.accounts)]
    assert new.lifecycle is not None
    assert new.lifecycle.replaces == ()
    assert [event.kind for event in new.lifecycle.events if event.kind == "replaced"] == []
