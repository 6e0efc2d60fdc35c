"""No text and no key in anything that a scan writes, whether it ends well or not."""

import gzip
import json
import os
import signal
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from console import start, stillwatch

PLACES = ("system", "prompt", "response", "tool", "torn", "column", "account-note")
KEY = bytes(range(65, 97))  # printable, so that it would be seen in any encoding


def canary(place):
    """A string that nothing writes by chance."""
    return f"zqcanary{place.replace('-', '')}xw"


def traffic(n_accounts=12, n_each=6):
    """Exchanges of a plain campaign, with a canary in every kind of text."""
    began = datetime(2026, 3, 2, tzinfo=UTC)
    for account in range(n_accounts):
        for turn in range(n_each):
            yield {
                "exchange_id": f"e-{account}-{turn}",
                "account_id": f"a-{account}",
                "requested_at": (began + timedelta(hours=7 * turn, minutes=account)).isoformat(),
                "system_prompt": f"You solve tasks step by step {canary('system')}",
                "prompt": f"Solve task {account * n_each + turn} and show all reasoning {canary('prompt')}",
                "response": f"Step one {canary('response')} and so on",
                "model": "sable-2",
                "ip": f"198.51.100.{account}",
                "user_agent": "client/1.0",
            }


def write_lines(path, rows, tail=""):
    """Rows as JSON Lines."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows) + tail, encoding="utf-8")


@pytest.fixture
def key_file(tmp_path):
    """A key whose bytes can be searched for."""
    path = tmp_path / "in" / "sketch.key"
    path.parent.mkdir()
    path.write_text(KEY.hex() + "\n", encoding="ascii")
    path.chmod(0o600)
    return path


def everything(folder, *streams):
    """Yield the name and the bytes of all that was written: files as they lie, tables decompressed, both streams."""
    for number, stream in enumerate(streams):
        yield f"stream {number}", stream.encode()
    for path in sorted(folder.rglob("*")):
        yield f"name of {path}", os.fsencode(path.relative_to(folder))
        if not path.is_file():
            continue
        content = path.read_bytes()
        yield str(path), gzip.decompress(content) if path.suffix == ".gz" else content
        if path.suffix == ".parquet":
            table = pq.read_table(path)
            yield f"{path} values", repr(table.to_pydict()).encode()
            yield f"{path} schema", repr(table.schema).encode() + repr(pq.read_metadata(path).metadata).encode()


def assert_clean(folder, *streams):
    """Assert that neither a canary nor the key is anywhere, in any case of letters."""
    secrets = [canary(place).encode() for place in PLACES] + [KEY, KEY.hex().encode(), b"zqcanary"]
    found = [(name, s) for name, content in everything(folder, *streams) for s in secrets if s in content.lower()]
    found += [(name, KEY) for name, content in everything(folder, *streams) if KEY in content]
    assert found == []


def test_a_scan_that_ends_well(tmp_path, key_file):
    """Texts, a torn line, an unknown column and the key leave no trace in the case or on a stream."""
    log = tmp_path / "in" / "log.jsonl"
    rows = [*traffic(), {"exchange_id": "odd", "prompt": canary("prompt"), "unheard_of": canary("column")}]
    rows += [{**row, "requested_at": canary("prompt")} for row in traffic(1, 2)]
    write_lines(log, rows, tail='{"prompt": "' + canary("torn"))
    accounts = tmp_path / "in" / "accounts.jsonl"
    write_lines(accounts, [{"account_id": f"a-{i}", "note": canary("account-note")} for i in range(12)])
    out = tmp_path / "out"
    out.mkdir()
    arguments = ["scan", log, "--accounts", accounts, "--key-file", key_file, "--format", "canonical"]
    for options in (["--out", out / "text"], ["--out", out / "json", "--json"]):
        done = stillwatch(*arguments, *options)
        assert done.status == 0, done.err
        assert_clean(out, done.out, done.err)
    assert done.document["counts"]["quarantined"] == 4


def columns_of_the_wrong_type(folder):
    """A Parquet file whose times are prose."""
    path = folder / "bad.parquet"
    rows = [{**row, "requested_at": [canary("prompt")]} for row in traffic(2, 2)]
    pq.write_table(pa.Table.from_pylist(rows), path)
    return [path]


def nothing_but_prose(folder):
    """A file that is no log."""
    path = folder / "prose.txt"
    path.write_text(f"{canary('prompt')}\n" * 50)
    return [path]


def no_usable_row(folder):
    """A log without a single account."""
    path = folder / "rows.jsonl"
    write_lines(path, [{**row, "account_id": None} for row in traffic(3, 3)])
    return [path, "--format", "canonical"]


def a_wrong_setting(folder):
    """Good traffic and a settings file that is refused."""
    log, settings = folder / "log.jsonl", folder / "settings.toml"
    write_lines(log, traffic(2, 2))
    settings.write_text("q_level = 7.0\n")
    return [log, "--settings", settings]


@pytest.mark.parametrize("broken", [columns_of_the_wrong_type, nothing_but_prose, no_usable_row, a_wrong_setting])
@pytest.mark.parametrize("options", [[], ["--json"]], ids=["text", "json"])
def test_a_scan_that_is_refused(tmp_path, key_file, broken, options):
    """A refusal names the place and the kind of fault, never the content, and leaves nothing."""
    out = tmp_path / "out"
    out.mkdir()
    done = stillwatch("scan", *broken(tmp_path / "in"), "--key-file", key_file, "--out", out / "case", *options)
    assert done.status in {3, 4}
    assert done.out == ""
    assert_clean(out, done.out, done.err)
    assert list(out.iterdir()) == []


def test_a_scan_that_is_stopped(tmp_path, key_file):
    """An interruption leaves neither content nor key on a stream or on disk."""
    log, out = tmp_path / "in" / "log.jsonl", tmp_path / "out"
    out.mkdir()
    write_lines(log, traffic(400, 20))
    process = start("scan", log, "--key-file", key_file, "--out", out / "case")
    first = process.stderr.readline()
    process.send_signal(signal.SIGINT)
    shown, said = process.communicate(timeout=240)
    assert process.returncode == 130
    assert_clean(out, shown, first + said)
