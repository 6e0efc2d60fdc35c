"""Everything works without the console: people, proposals, agreement, files, the log."""

import json
import sqlite3
import subprocess

import pytest
from console import SCRIPT, plain_environment, stillwatch


def typed(password, *arguments):
    """Run a command whose standard input is a password; return its status, output and errors."""
    command = [SCRIPT, *map(str, arguments)]
    done = subprocess.run(
        command, check=False, input=password + "\n", text=True, capture_output=True, env=plain_environment()
    )
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def desk(tmp_path):
    """A desk with an analyst and two approvers."""
    desk = tmp_path / "desk.sqlite"
    for name, role in (("ada", "analyst"), ("ben", "approver")):
        status, _, errors = typed(f"sentence of {name}", "console", "user", "add", name, "--role", role, "--desk", desk)
        assert status == 0, errors
    return desk


def test_proposal_from_the_command_line_to_the_file(tiny, desk, tmp_path):
    """A dry run records nothing and needs no login; ada proposes, ben agrees, and the file names whom it touches."""
    accused = json.loads((tiny.case / "campaigns.json").read_text())["campaigns"][0]["id"]
    registry = (
        "--authorisations",
        tiny.world / "authorisations.parquet",
        "--accounts",
        tiny.world / "accounts.parquet",
    )
    asked = (
        "propose",
        tiny.case,
        accused,
        "--step",
        "rate_limit",
        "--reason",
        "they harvest",
        *registry,
        "--desk",
        desk,
    )
    ada, ben = ("--user", "ada", "--json"), ("--user", "ben", "--json")
    for user in (("--json",), ada):
        status, out, _ = typed("sentence of ada", "actions", *asked, "--dry-run", *user)
        assert status == 0
        assert len(json.loads(out)["proposal"]["dry_run"]["touched"]) > 0
    elsewhere = tmp_path / "elsewhere" / "desk.sqlite"
    elsewhere.parent.mkdir()
    assert typed("", "actions", *asked[:-1], elsewhere, "--dry-run", "--json")[0] == 0
    assert not list(elsewhere.parent.iterdir())
    assert typed("", "actions", *asked, "--json")[0] == 2
    assert stillwatch("actions", "show", tiny.case, "--desk", desk, "--json").document == []
    status, out, _ = typed("sentence of ada", "actions", *asked, *ada)
    made = json.loads(out)["proposal"]["id"]
    where = (tiny.case, made, "--desk", desk)
    assert typed("sentence of ada", "actions", "approve", *where, *ada)[0] == 6
    assert typed("sentence of ada", "actions", "export", *where, "--out", tmp_path / "x.csv", *ada)[0] == 6
    assert typed("wrong", "actions", "approve", *where, *ben)[0] == 6
    status, out, errors = typed("sentence of ben", "actions", "approve", *where, *registry, *ben)
    assert status == 0, errors
    assert json.loads(out)["state"] == "approved"
    status, _, errors = typed("sentence of ada", "actions", "export", *where, "--out", tmp_path / "x.csv", *ada)
    assert status == 0, errors
    assert (tmp_path / "x.csv").read_text().count('"apply:rate_limit"') > 0
    reason = ("--reason", "an appeal")
    assert typed("sentence of ada", "actions", "roll-back", *where, *reason, *ada)[0] == 0
    assert typed("sentence of ada", "actions", "withdraw", *where, *reason, *ada)[0] == 6
    assert stillwatch("audit", "verify", desk).status == 0


def test_log_that_was_changed_is_named(desk):
    """Verification against a kept head names the first broken entry, with a status of its own."""
    head = stillwatch("audit", "head", desk).out.strip()
    assert stillwatch("audit", "verify", desk, "--head", head).status == 0
    connection = sqlite3.connect(desk)
    connection.execute("DROP TRIGGER audit_is_not_changed")
    connection.execute("UPDATE audit SET actor = 'somebody' WHERE seq = 2")
    connection.commit()
    connection.close()
    done = stillwatch("audit", "verify", desk, "--json")
    assert done.status == 7
    assert json.loads(done.err)["error"]["where"].endswith("entry 2")


def test_password_is_never_an_argument_and_short_ones_are_refused(tmp_path):
    """There is no option for it; twelve characters are the least."""
    desk = tmp_path / "desk.sqlite"
    add = ("console", "user", "add", "ada", "--role", "analyst", "--desk", desk)
    assert stillwatch(*add, "--password", "a long sentence").status == 2
    assert typed("short", *add)[0] == 6
    status, out, _ = typed("long enough it is", *add, "--json")
    assert (status, json.loads(out)[0]["name"]) == (0, "ada")
    assert typed("long enough it is", *add)[0] == 6
    assert stillwatch("console", "user", "disable", "ada", "--desk", desk).status == 0
    assert stillwatch("console", "user", "list", "--desk", desk, "--json").document[0]["is_disabled"]


@pytest.mark.parametrize("options", [(), ("--read-only",)])
def test_console_is_not_opened_to_a_network_without_login_and_tls(tiny, tmp_path, options):
    """Without people, and with people but in the clear, it refuses to start and says what to do."""
    where = ("console", tiny.case, "--state", tmp_path / "state", "--host", "0.0.0.0", "--port", 0, *options)
    done = stillwatch(*where)
    assert done.status == 2
    assert "without login" in done.err
    typed("long enough it is", "console", "user", "add", "ada", "--role", "analyst", "--desk", tmp_path / "state")
    done = stillwatch(*where)
    assert done.status == 2
    assert ("in the clear" if not options else "without login") in done.err
