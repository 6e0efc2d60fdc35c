"""What leaves a state: an account on request, to the last byte; days by age; and what is left adds up."""

import json
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from days import KEY, Days, Replayed, bytes_of

from stillwatch.errors import UsageError
from stillwatch.pipeline.adding import hash_of_account
from stillwatch.store.state.erasure import forget, prune
from stillwatch.store.state.place import vault_at
from stillwatch.store.state.reading import open_state


def decoded(state: Path) -> str:
    """Return every byte of a state as text, and every value of its tables, uncompressed."""
    found = []
    for path in state.rglob("*"):
        if path.is_file():
            found.append(path.read_bytes().decode("latin-1"))
            if path.suffix == ".parquet":
                table = pq.read_table(path)
                found += [
                    json.dumps(column.to_pylist(), default=str) for column in table if not pa.types.is_list(column.type)
                ]
    return "\n".join(found)


@pytest.fixture
def state(replayed: Replayed, tmp_path: Path) -> Path:
    """A copy of the replayed state."""
    return shutil.copytree(replayed.state, tmp_path / "state")


@pytest.fixture(scope="module")
def member(replayed: Replayed) -> str:
    """A member of a campaign."""
    return replayed.cases[-1].campaigns[0].accounts[0]


def test_an_erased_account_is_in_no_byte(state: Path, member: str, days: Days, tmp_path: Path) -> None:
    """After erasure the id is nowhere in the folder; before, it was in many places; the state is whole and goes on."""
    before = decoded(state)
    assert before.count(f'"{member}"') > 6
    kept = open_state(state).account(member)
    assert kept["facts"]
    assert kept["campaigns"]
    n_exchanges = sum(day["n_exchanges"] for day in kept["days"])
    erased = forget(vault_at(str(state)), [member])
    assert (erased.exchanges, erased.days) == (n_exchanges, len(kept["days"]))
    assert erased.campaigns >= 1
    after = decoded(state)
    assert member not in after
    assert state.joinpath("lock").read_bytes() == b""
    assert open_state(state).broken() == []
    assert open_state(state).last_case() is None
    assert open_state(state).account(member)["days"] == []
    case = days.scan(state, tmp_path / "case", accounts=())
    assert dict(case.funnel.out_of_scope_by_reason) == {"erased-account": n_exchanges}
    assert case.funnel.read == case.funnel.used + n_exchanges
    assert member not in decoded(state)


def test_a_kept_out_account_does_not_come_back(state: Path, member: str, days: Days, tmp_path: Path) -> None:
    """With its keyed hash the account stays out, whatever is added; without, another file brings it back."""
    open_again = shutil.copytree(state, tmp_path / "open")
    forget(vault_at(str(state)), [member], [hash_of_account(KEY, member)])
    forget(vault_at(str(open_again)), [member])
    table = pq.read_table(days.whole)
    pq.write_table(table, tmp_path / "all.parquet", compression="gzip")  # the same rows in other bytes
    days.scan(state, tmp_path / "case", tmp_path / "all.parquet", accounts=(), authorisations=())
    assert member not in decoded(state)
    days.scan(open_again, tmp_path / "case", tmp_path / "all.parquet", accounts=(), authorisations=())
    assert len(open_state(open_again).account(member)["days"]) > 0


def test_an_unknown_account_changes_nothing(state: Path, replayed: Replayed) -> None:
    """Erasing an account that was never there leaves every byte."""
    assert forget(vault_at(str(state)), ["nobody"]).exchanges == 0
    assert bytes_of(state) == bytes_of(replayed.state)


def test_pruned_days_are_gone_but_for_their_counts(state: Path, member: str, days: Days, tmp_path: Path) -> None:
    """Two days are kept; of the others the counts by account stay until they are pruned too; none comes back."""
    vault = vault_at(str(state))
    rows = [len(pq.read_table(day)) for day in days.days]
    listed = open_state(state).account(member)["days"]
    pruned = prune(vault, 2)
    assert pruned.exchanges == sum(rows[:-2])
    after = open_state(state)
    assert after.holdings().exchanges == sum(rows[-2:])
    assert after.account(member)["days"] == listed
    assert after.broken() == []
    table = pq.read_table(days.whole)
    pq.write_table(table, tmp_path / "all.parquet", compression="gzip")
    case = days.scan(state, tmp_path / "case", tmp_path / "all.parquet")
    assert dict(case.funnel.out_of_scope_by_reason) == {
        "before-retention": sum(rows[:-2]), "repeated-exchange": sum(rows[-2:]),
    }  # fmt: skip
    assert case.funnel.used == sum(rows[-2:])
    prune(vault, 1, history_days=1)
    last = days.days[-1].stem
    assert {day["day"] for day in open_state(state).account(member)["days"]} <= {last}
    with pytest.raises(UsageError):
        prune(vault, 3, history_days=2)


def test_prune_is_one_commit(state: Path) -> None:
    """Pruning twice by the same age changes nothing more."""
    prune(vault_at(str(state)), 3)
    once = bytes_of(state)
    prune(vault_at(str(state)), 3)
    assert bytes_of(state) == once
