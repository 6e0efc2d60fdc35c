"""What a scan says beside its result."""

import pytest

from stillwatch.cli.scanning import LARGE_SCAN, slow_kernels
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
