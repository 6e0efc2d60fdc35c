"""A scan that is stopped in the middle leaves nothing half-written and says so by its exit status."""

import signal

import pytest
from console import start, stillwatch


@pytest.fixture(autouse=True)
def _heard_hang_up():
    """Tests that run detached (nohup) hand on that SIGHUP is ignored, and stillwatch keeps to that."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_stopped_scan_leaves_nothing(tiny, tmp_path, number):
    """Whatever asks it to end, neither a case nor a partial folder stays."""
    process = start("scan", *tiny.inputs, "--out", tmp_path / "case")
    assert process.stderr.readline().startswith("reading and sketching: ")
    process.send_signal(number)
    shown, said = process.communicate(timeout=240)
    assert process.returncode == 130
    assert shown == ""
    assert said.endswith("stillwatch: stopped. [interrupted]\n")
    assert "Traceback" not in said
    assert list(tmp_path.iterdir()) == []


def test_a_stopped_scan_keeps_the_earlier_case(tiny, tmp_path):
    """With --replace, the case that stood there still stands, byte for byte."""
    out = tmp_path / "case"
    assert stillwatch("scan", *tiny.inputs, "--out", out, "--json").status == 0
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    process = start("scan", *tiny.inputs, "--out", out, "--replace")
    process.stderr.readline()
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=240)
    assert process.returncode == 130
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before
    assert [path.name for path in tmp_path.iterdir()] == ["case"]
