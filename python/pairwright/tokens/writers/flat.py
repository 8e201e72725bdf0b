"""Shards that are nothing but ids, with a second file for where the documents end: bin and npy.

Such files are memory-mapped when they are read, so that any window of ids is there at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from pairwright.tokens.writers import npy
from pairwright.tokens.writers.base import ShardWriter

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

OFFSET = np.dtype("<i8")


class FlatWriter(ShardWriter):
    """Writes ids and offsets as they come, and holds none of them. Without a file for offsets these are not kept."""

    HEADER: ClassVar[int] = 0

    def __init__(self, folder: Path, name: str, dtype: np.dtype[Any], files: tuple[str, ...]) -> None:
        super().__init__(folder, name, dtype.newbyteorder("<"), files)
        self._ids, *offsets = (self._part(file, header=self.HEADER) for file in files)
        self._offsets = offsets[0] if offsets else None
        self._written = 0
        self._ends = 0
        # How many ids there were when the document that goes on began.
        self._began: int | None = None
        self._end(np.zeros(1, np.int64))

    @property
    def goes_on(self) -> bool:
        """Whether ids were written since the last end."""
        return self._began is not None

    def write(self, values: npt.NDArray[np.uint32], ends: npt.NDArray[np.int64]) -> None:
        """Write all of it. Raises `ValueError` if an id is too large for the type of the shard."""
        if len(values) and values.max() > np.iinfo(self.dtype).max:
            raise ValueError(f"{self.name}: the id {values.max()} is too large for {self.dtype.name}")
        last = 0
        if len(ends):
            last = int(ends[-1])
            self._end(ends + self._written)
            self._add(values[:last])
            self._began = None
        if last < len(values):
            if self._began is None:
                self._began = self._written
                self._ids.mark()
            self._add(values[last:])

    def drop(self) -> None:
        """Cut off the ids since the last end."""
        if self._began is not None:
            self._ids.go_back()
            self._written, self._began = self._began, None

    def _add(self, values: npt.NDArray[np.uint32]) -> None:
        self._ids.write(np.ascontiguousarray(values, self.dtype).data)
        self._written += len(values)

    def _end(self, offsets: npt.NDArray[np.int64]) -> None:
        if self._offsets is not None:
            self._offsets.write(np.ascontiguousarray(offsets, OFFSET).data)
        self._ends += len(offsets)

    def _finish(self) -> None:
        pass


class BinWriter(FlatWriter):
    """Little-endian integers and nothing else."""


class NpyWriter(FlatWriter):
    """The same behind a header, as `numpy.load` reads it. It tells the number of ids, and so is written last."""

    HEADER = npy.SIZE

    def _finish(self) -> None:
        self._ids.fill_header(npy.header(self.dtype, self._written))
        if self._offsets is not None:
            self._offsets.fill_header(npy.header(OFFSET, self._ends))
