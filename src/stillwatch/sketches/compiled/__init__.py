"""The sketches' kernels compiled to machine code, where the extra ``fast`` (numba) is installed; else numpy serves.

Both give the same bits: a property test compares them on every kind of text. ``STILLWATCH_COMPILED=0`` in the
environment turns the compiled ones off.
"""

import importlib.util
import os
from typing import Final

VARIABLE: Final = "STILLWATCH_COMPILED"


def is_installed() -> bool:
    """Return whether the extra `fast` is there."""
    return importlib.util.find_spec("numba") is not None


def is_available() -> bool:
    """Return whether the compiled kernels can be used: numba is installed, and nobody turned them off."""
    return os.environ.get(VARIABLE, "1") != "0" and is_installed()


IS_ON: Final = is_available()
"""Whether this process uses them; decided once, when the sketches are first imported."""
