"""Columns that grow batch by batch and rest on disk, so that only what is looked at takes memory."""

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Self

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
        self.seal()
        if self._file is None:
            return self._held[0]
        found = np.memmap(self._file, self._dtype, "r", shape=(self._n_written,))
        self.close()  # the map keeps what it shows
        return found

    def seal(self) -> None:
        """End the column: nothing is appended after that, and it may be read."""
        if self._file is None:
            self._held = [np.concatenate([np.zeros(0, self._dtype), *self._held])]
        else:
            self._write()

    def read(self, starts: npt.NDArray[np.int64], ends: npt.NDArray[np.int64]) -> npt.NDArray[Any]:
        """Return some stretches of a sealed column, joined, without mapping the file; threads may ask at once."""
        stretches = zip(starts.tolist(), ends.tolist(), strict=True)
        if self._file is None:
            return np.concatenate([np.zeros(0, self._dtype), *(self._held[0][start:end] for start, end in stretches)])
        size, number = self._dtype.itemsize, self._file.fileno()
        parts = [os.pread(number, (end - start) * size, start * size) for start, end in stretches]
        return np.frombuffer(b"".join(parts), self._dtype)

    def close(self) -> None:
        """Give the file back, if there is one."""
        if self._file is not None:
            self._file.close()

    def _write(self) -> None:
        if self._file is None:
            self._file = tempfile.TemporaryFile(dir=self._folder)  # noqa: SIM115 - closed with the column
        for values in self._held:
            self._file.write(values.tobytes())
        self._file.flush()
        self._n_written += self._n_held
        self._held, self._n_held = [], 0


class Scattered:
    """Rows of a few columns, appended batch by batch and sorted into parts, to be taken back part by part.

    Args:
        dtypes: of the columns.
        n_parts: how many parts.
        folder: where rows go that outgrow memory, into a file without a name; null keeps all in memory.
    """

    def __init__(self, dtypes: Sequence[npt.DTypeLike], n_parts: int, folder: Path | None) -> None:
        self.n_parts = n_parts
        self._columns = [GrowingColumn(dtype, folder) for dtype in dtypes]
        self._ends: list[npt.NDArray[np.int64]] = []
        self._n = 0

    def append(self, n_of_part: npt.NDArray[np.int64], columns: Sequence[npt.NDArray[Any]]) -> None:
        """Add rows that are sorted by part.

        Args:
            n_of_part: (n_parts,) how many are of each part.
            columns: the values.
        """
        for column, values in zip(self._columns, columns, strict=True):
            column.append(values)
        self._ends.append(self._n + np.concatenate(([0], np.cumsum(n_of_part))))
        self._n = int(self._ends[-1][-1])

    @contextmanager
    def finished(self) -> Iterator[Self]:
        """Make the parts readable within a block, which ends the rows."""
        for column in self._columns:
            column.seal()
        try:
            yield self
        finally:
            for column in self._columns:
                column.close()

    def part(self, number: int) -> tuple[npt.NDArray[Any], ...]:
        """Return the columns of a part, in the order in which its rows came; several threads may ask at once."""
        ends = np.array(self._ends).reshape(-1, self.n_parts + 1)
        return tuple(column.read(ends[:, number], ends[:, number + 1]) for column in self._columns)
