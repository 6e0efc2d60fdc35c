"""``stillwatch state``: what a person and what a program is told, and how they are refused."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from days import KEY, Days, Replayed
from typer.testing import CliRunner

from stillwatch.cli.commands import app
from stillwatch.store.state.reading import open_state


def run(*arguments: object) -> Any:
    """Run a command in this process."""
    return CliRunner().invoke(app, ["state", *map(str, arguments)])


def document(*arguments: object) -> Any:
    """Return what a command that ends well prints as JSON."""
    done = run(*arguments, "--json")
    assert done.exit_code == 0, done.stderr
    return json.loads(done.stdout)


def test_show_says_what_is_held(replayed: Replayed) -> None:
    """Counts, days and campaigns by status; the text names the same numbers."""
    shown = document("show", replayed.state)
    assert shown["exchanges"] == replayed.cases[-1].funnel.used
    assert (shown["first_day"], shown["last_day"], shown["days"]) == ("2026-03-02", "2026-03-07", 6)
    assert sum(shown["campaigns"].values()) >= len(replayed.cases[-1].campaigns)
    assert shown["has_case"] is True
    assert str(shown["exchanges"]) in run("show", replayed.state).stdout


def test_show_tells_all_of_one_account(replayed: Replayed) -> None:
    """Facts, days and campaigns of one account; of a stranger nothing."""
    account = replayed.cases[-1].campaigns[0].accounts[0]
    shown = document("show", replayed.state, "--account", account)
    assert replayed.cases[-1].campaigns[0].id in shown["campaigns"]
    assert shown["days"][0]["n_exchanges"] >= 1
    assert document("show", replayed.state, "--account", "nobody")["days"] == []


def test_campaigns_and_their_history(replayed: Replayed) -> None:
    """Each campaign with what was lost before it was accused; its events with their reasons."""
    listed = {one["id"]: one for one in document("campaigns", replayed.state)}
    accused = next(one for one in replayed.cases[-1].campaigns if one.is_accusation)
    assert listed[accused.id]["exchanges_lost"] > 0
    assert listed[accused.id]["n_accounts"] == accused.n_accounts
    assert "accounts" not in listed[accused.id]
    told = run("history", replayed.state, accused.id).stdout
    assert "new" in told
    assert "accused" in told
    assert accused.id in run("campaigns", replayed.state).stdout
    assert run("history", replayed.state, "c-none").exit_code == 3


def test_the_last_case_is_in_the_state(replayed: Replayed) -> None:
    """A program that has the state alone has the case of the last scan, byte for byte."""
    state = open_state(replayed.state)
    assert state.last_case() == replayed.cases[-1]
    files = state.case_files()
    assert "exchanges.parquet" in files
    assert all(content == (replayed.case / name).read_bytes() for name, content in files.items())


@pytest.mark.parametrize("harm", ["flip", "lose", "manifest"])
def test_verify_names_what_is_broken(replayed: Replayed, tmp_path: Path, harm: str) -> None:
    """A flipped byte, a lost file and an edited manifest are found, named, and told by the exit status."""
    state = shutil.copytree(replayed.state, tmp_path / "state")
    assert document("verify", state)["broken"] == []
    part = max((state / "objects").iterdir(), key=lambda path: path.stat().st_size)
    if harm == "flip":
        content = bytearray(part.read_bytes())
        content[len(content) // 2] ^= 1
        part.write_bytes(content)
    elif harm == "lose":
        part.unlink()
    else:
        text = (state / "manifest.json").read_text()
        (state / "manifest.json").write_text(text.replace('"n_erased": 0', '"n_erased": 1', 1))
    done = run("verify", state)
    assert done.exit_code == 8
    assert ("manifest" if harm == "manifest" else part.name) in done.stderr


def test_forget_and_prune(replayed: Replayed, tmp_path: Path) -> None:
    """Erasure and pruning say what they took out, and what they do not reach."""
    state = shutil.copytree(replayed.state, tmp_path / "state")
    account = replayed.cases[-1].campaigns[0].accounts[0]
    assert run("forget", state, "--account", account, "--keep-out").exit_code == 2
    (tmp_path / "key").write_text("ab" * 32)
    (tmp_path / "key").chmod(0o600)
    assert run("forget", state, "--account", account, "--keep-out", "--key-file", tmp_path / "key").exit_code == 2
    (tmp_path / "key").write_text(KEY.hexadecimal())
    done = document("forget", state, "--account", account, "--keep-out", "--key-file", tmp_path / "key")
    assert done["erased"]["exchanges"] > 0
    assert "backups" in done["note"]
    assert document("show", state)["kept_out"] == 1
    assert document("prune", state, "--older-than", 2)["exchanges"] > 0
    assert document("show", state)["days"] == 2


def test_no_state_is_a_clear_refusal(tmp_path: Path) -> None:
    """A folder without a state is refused with what to do next."""
    done = run("show", tmp_path / "nothing")
    assert done.exit_code == 8
    assert "no state stands there" in done.stderr


def test_scan_takes_a_state(days: Days, replayed: Replayed, tmp_path: Path) -> None:
    """The command adds nothing that is known, says so, and tells each group's status to programs."""
    state = shutil.copytree(replayed.state, tmp_path / "state")
    key = tmp_path / "key"
    key.write_text(KEY.hexadecimal())
    key.chmod(0o600)
    out = tmp_path / "case"
    arguments = ["scan", str(days.days[0]), "--state", str(state), "--key-file", str(key), "--out", str(out), "--json"]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.stderr
    told = json.loads(done.stdout)
    assert any("already in the state, not read again: 2026-03-02.parquet" in line for line in told["warnings"])
    assert any("nothing was added" in line for line in told["warnings"])
    assert {one["status"] for one in told["campaigns"]} <= {"active", "dormant"}
    assert (out / "campaigns.json").read_bytes() == (replayed.case / "campaigns.json").read_bytes()
    assert "From day to day" in (out / "report.html").read_text()


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--out", "case"], "nothing to read was named"),
        (["t.parquet", "--out", "case", "--window", "9"], "needs a state"),
        (["t.parquet", "--out", "case", "--state", "state"], "needs a key that is kept"),
        (["t.parquet", "--out", "state/case", "--state", "state", "--key-file", "k"], "lies inside the state"),
        ([".", "--out", "../case", "--state", "state", "--key-file", "k"], "lies inside the traffic"),
        (["t.parquet", "--out", "case", "--state", "state", "--key-file", "k", "--window", "0"], "--window"),
    ],
)
def test_options_that_do_not_fit_are_refused(
    arguments: list[str], problem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each misfit is a usage error that says what is wrong, before anything is made."""
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["scan", *arguments])
    assert done.exit_code == 2
    assert problem in done.stderr
    assert list(tmp_path.iterdir()) == []
