"""What a scan says beside its result."""

from pathlib import Path

import orjson
import pytest

from stillwatch.cli.scanning import LARGE_SCAN, slow_kernels, unmatched_rows
from stillwatch.sketches import compiled


@pytest.mark.parametrize(
    ("n_exchanges", "is_installed", "n_lines"),
    [(LARGE_SCAN, False, 1), (LARGE_SCAN, True, 0), (LARGE_SCAN - 1, False, 0)],
)
def test_a_large_scan_without_compiled_kernels_names_the_extra(
    n_exchanges: int, n_lines: int, monkeypatch: pytest.MonkeyPatch, *, is_installed: bool
) -> None:
    """The hint comes where it would save much, and only where the extra is missing."""
    monkeypatch.setattr(compiled, "is_installed", lambda: is_installed)
    lines = slow_kernels(n_exchanges)
    assert len(lines) == n_lines
    assert all("stillwatch[fast]" in line for line in lines)


@pytest.mark.parametrize("n", [0, 1, 7])
def test_rows_of_the_registry_that_name_nobody_are_told(tmp_path: Path, n: int) -> None:
    """One line names the first rows and why they match nobody; nothing is said where all rows name somebody."""
    listed = [{"name": f"org_{i}", "why": "no account that sent anything names it"} for i in range(n)]
    run = {"registers": {"authorisations": {"n_unmatched": n, "unmatched": listed}}}
    (tmp_path / "run.json").write_bytes(orjson.dumps(run))
    lines = unmatched_rows(tmp_path)
    assert len(lines) == min(n, 1)
    assert all("org_0 (no account" in line and "spare" in line for line in lines)
    assert [("and 2 more" in line) for line in lines] == [n == 7] * len(lines)
