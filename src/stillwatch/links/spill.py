"""Columns that grow batch by batch and rest on disk, so that only what is looked at takes memory."""

import tempfile
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

HELD_BYTES: Final = 1 << 26  # a column up to this size stays in memory


class GrowingColumn:
    """One column in the making.

    Args:
        dtype: of its values.
        folder: where it goes when it outgrows memory; null keeps all of it in memory. The file has no name there, and
            goes when the column does.
    """

    def __init__(self, dtype: npt.DTypeLike, folder: Path | None) -> None:
        self._dtype = np.dtype(dtype)
        self._folder = folder
        self._held: list[npt.NDArray[Any]] = []
        self._n_held = self._n_written = 0
        self._file: Any = None

    def append(self, values: npt.NDArray[Any]) -> None:
        """Add values at the end."""
        self._held.append(np.asarray(values, self._dtype))
        self._n_held += len(values)
        if self._folder is not None and self._n_held * self._dtype.itemsize > HELD_BYTES:
            self._write()

    def finished(self) -> npt.NDArray[Any]:
        """Return the whole column: an array, or a read-only map of a file."""
        if self._file is None:
            return np.concatenate([np.zeros(0, self._dtype), *self._held])
        self._write()
        return np.memmap(self._file, self._dtype, "r", shape=(self._n_written,))

    def _write(self) -> None:
        if self._file is None:
            self._file = tempfile.TemporaryFile(dir=self._folder)  # noqa: SIM115 - closed with the column
        for values in self._held:
            self._file.write(values.tobytes())
        self._file.flush()
        self._n_written += self._n_held
        self._held, self._n_held = [], 0
