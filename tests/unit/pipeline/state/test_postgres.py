"""A state in PostgreSQL, against a real server: the same bytes as in a folder, one writer, one transaction."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from database import PASSWORD, database, programs
from days import Days, Replayed, bytes_of
from typer.testing import CliRunner

from stillwatch.cli.commands import app
from stillwatch.errors import OutputError, StateError, StateInUseError, StillwatchError, UsageError
from stillwatch.store.state.erasure import forget
from stillwatch.store.state.folder import FolderVault
from stillwatch.store.state.place import vault_at
from stillwatch.store.state.reading import State
from stillwatch.store.state.vault import Vault

psycopg = pytest.importorskip("psycopg", reason="psycopg is not installed: pip install 'stillwatch[postgres]'")
pytestmark = pytest.mark.skipif(
    programs() is None, reason="no PostgreSQL server is installed: apt-get install postgresql"
)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """The address of a server of our own."""
    with database() as found:
        yield found


def copied(folder: Path, vault: Vault) -> None:
    """Copy a state from a folder."""
    source = FolderVault(folder)
    state = State(source)
    with vault.locked() as writer:
        for reference in state.manifest.references():
            assert writer.put(source.read(reference), reference.split(".")[1]) == reference
        manifest = source.manifest()
        assert manifest
        writer.commit(manifest, state.manifest.references())


def test_it_is_the_same_state_as_in_a_folder(days: Days, replayed: Replayed, address: str, tmp_path: Path) -> None:
    """A state that is moved into a database goes on there to the same bytes: manifest, parts and case."""
    vault = vault_at(address)
    assert vault.manifest() is None
    copied(replayed.state, vault)
    folder = shutil.copytree(replayed.state, tmp_path / "state")
    for place, out in ((vault, tmp_path / "a"), (folder, tmp_path / "b")):
        days.scan(place, out, days.whole, window_days=3)
    assert vault.manifest() == (folder / "manifest.json").read_bytes()
    assert bytes_of(tmp_path / "a", but=("run.json",)) == bytes_of(tmp_path / "b", but=("run.json",))
    state = State(vault)
    assert state.broken() == []
    assert state.manifest.references() == {path.name for path in (folder / "objects").iterdir()}
    with psycopg.connect(address) as connection:
        held = connection.execute("SELECT count(DISTINCT reference) FROM stillwatch.state_object").fetchone()
    assert held == (len(state.manifest.references()),)


def test_one_writer_at_a_time(address: str) -> None:
    """A second writer is told which process of which machine holds the state; afterwards it may write."""
    told = f"stillwatch process {os.getpid()} on "
    with vault_at(address).locked(), pytest.raises(StateInUseError, match=told), vault_at(address).locked():
        pass
    with vault_at(address).locked():
        pass


def test_a_lost_connection_commits_nothing(replayed: Replayed, address: str) -> None:
    """A session that the server ends in the middle leaves the state as it was, and no lock."""
    vault = vault_at(address)
    copied(replayed.state, vault)
    before = vault.manifest()
    with vault.locked() as writer:
        reference = writer.put(b"{}", "json")
        with psycopg.connect(address, autocommit=True) as other:
            ours = "SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'stillwatch process%'"
            other.execute(f"SELECT pg_terminate_backend(pid) FROM ({ours}) o")
        with pytest.raises(OutputError, match="cannot be written"):
            writer.commit(b"torn", [reference])
    assert vault.manifest() == before
    assert State(vault).broken() == []


def test_what_was_changed_is_named(replayed: Replayed, address: str) -> None:
    """A part that was changed in the table is refused by its name, by ``verify`` too."""
    vault = vault_at(address)
    copied(replayed.state, vault)
    name = State(vault).manifest.segments[0].sketches
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("UPDATE stillwatch.state_object SET content = 'x' WHERE reference = %s", (name,))
    done = CliRunner().invoke(app, ["state", "verify", address])
    assert done.exit_code == StateError.exit_status
    assert name in done.stderr
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("DELETE FROM stillwatch.state_object")


def test_an_erased_account_is_in_no_row(replayed: Replayed, address: str) -> None:
    """After erasure no part that the tables hold decodes to the id."""
    vault = vault_at(address)
    copied(replayed.state, vault)
    member = replayed.cases[-1].campaigns[0].accounts[0]
    assert State(vault).account(member)["days"]
    assert forget(vault, [member]).exchanges > 0
    assert State(vault).account(member)["days"] == []
    with psycopg.connect(address) as connection:
        rows = connection.execute("SELECT content FROM stillwatch.state_object").fetchall()
    assert not [row for row in rows if member.encode() in bytes(row[0])]


def test_no_password_is_told(address: str, tmp_path: Path) -> None:
    """Neither a refusal nor the record of a run holds the password, whatever is wrong with the address."""
    wrong = [
        address.replace("/postgres?", "/nowhere?"),
        address.replace("analyst", "nobody-here"),
        f"postgresql://analyst:{PASSWORD}@127.0.0.1:1/postgres",
        f"postgresql://analyst:{PASSWORD}@[::1/postgres",
        f"postgresql://analyst:{PASSWORD}@host:port{PASSWORD}/postgres",
    ]
    for place in wrong:
        with pytest.raises(StillwatchError) as refused:
            vault_at(place).manifest()
        assert PASSWORD not in str(refused.value)
        done = CliRunner().invoke(app, ["state", "show", place])
        assert done.exit_code in (StateError.exit_status, UsageError.exit_status)
        assert PASSWORD not in done.stderr + done.stdout
    assert PASSWORD not in vault_at(address).name
    with pytest.raises(StateError, match="authentication failed"):
        vault_at(address.replace(PASSWORD, "wrong")).manifest()


def test_a_role_that_may_not_write_is_told(replayed: Replayed, address: str) -> None:
    """A reader's role reads campaigns, and is refused as a writer with what it lacks."""
    copied(replayed.state, vault_at(address))
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("DROP ROLE IF EXISTS reader")
        connection.execute(f"CREATE ROLE reader LOGIN PASSWORD '{PASSWORD}'")
        connection.execute("GRANT USAGE ON SCHEMA stillwatch TO reader")
        connection.execute("GRANT SELECT ON ALL TABLES IN SCHEMA stillwatch TO reader")
    vault = vault_at(address.replace("analyst", "reader"))
    assert State(vault).campaigns()
    with pytest.raises(OutputError, match="cannot be written"), vault.locked():
        pass
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("DROP OWNED BY reader")
        connection.execute("DROP ROLE reader")
