"""Machine code that was kept is used only while the source of all kernels is the same."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from stillwatch.sketches import compiled

pytestmark = pytest.mark.skipif(not compiled.is_available(), reason="the extra `fast` (numba) is not installed")

CALLED = """
from kernels.outer import twice
print(twice(1))
"""
INNER = "from kernels.jit import kernel\n\n\n@kernel\ndef once(value):\n    return value * {factor}\n"
OUTER = """
from kernels.inner import once
from kernels.jit import kernel

@kernel
def twice(value):
    return once(once(value))
"""


def called(folder: Path) -> str:
    """Return what the outer kernel says in a process of its own."""
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    environment.pop("NUMBA_CACHE_DIR", None)
    done = subprocess.run([sys.executable, "-c", CALLED], capture_output=True, text=True, check=True, env=environment)
    return done.stdout.strip()


def test_a_change_of_one_kernel_is_seen_by_those_that_call_it(tmp_path: Path) -> None:
    """Numba looks at a kernel's own file alone; the stamp of all files makes the callers compile anew."""
    package = tmp_path / "kernels"
    package.mkdir()
    (package / "__init__.py").touch()
    shutil.copy(Path(compiled.__file__).with_name("jit.py"), package / "jit.py")
    (package / "inner.py").write_text(INNER.format(factor=3))
    (package / "outer.py").write_text(OUTER)
    assert called(tmp_path) == "9"
    assert list(package.glob("__pycache__/outer.twice*.nbi"))
    (package / "inner.py").write_text(INNER.format(factor=5))
    assert called(tmp_path) == "25"
