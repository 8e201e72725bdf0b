"""Shards with one row for each document, through pyarrow: parquet and Arrow IPC files."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from pairwright.libraries import pyarrow
from pairwright.tokens.arrow import COLUMN
from pairwright.tokens.writers.base import HoldingWriter

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

    from pairwright.tokens.writers.part import PartFile

# A group of rows, or record batch, ends with the document that brings it to so many ids, or with as many documents: it
# must depend on the documents alone, and be small enough to be held.
GROUP = 1_000_000


class GroupWriter(Protocol):
    """What pyarrow writes with."""

    def write_batch(self, batch: object) -> None:
        """Write a group of rows."""

    def close(self) -> None:
        """Write what comes last."""


class RowWriter(HoldingWriter):
    """Gathers documents into groups of rows."""

    def __init__(self, folder: Path, name: str, dtype: np.dtype[Any], files: tuple[str, ...]) -> None:
        self._arrow = pyarrow()
        super().__init__(folder, name, dtype, files)
        # Ids are never missing, and large lists hold a document of any size.
        item = self._arrow.field("item", self._arrow.uint32(), nullable=False)
        column = self._arrow.field(COLUMN, self._arrow.large_list(item), nullable=False)
        self._schema = self._arrow.schema([column])
        self._values: list[npt.NDArray[np.uint32]] = []
        self._ends: list[npt.NDArray[np.int64]] = []
        self._ids = self._rows = 0
        self._writer = self._opened(self._part(*files))

    @abstractmethod
    def _opened(self, file: PartFile) -> GroupWriter:
        """The writer of pyarrow."""

    def _documents(self, values: npt.NDArray[np.uint32], offsets: npt.NDArray[np.int64]) -> None:
        first = 0
        while first < len(offsets) - 1:
            # The document that brings the group to its size, if it is among these.
            full = int(offsets[first]) + GROUP - self._ids
            last = min(int(np.searchsorted(offsets[1:], full)) + 1, first + GROUP - self._rows)
            end = min(last, len(offsets) - 1)
            self._gather(values[offsets[first] : offsets[end]], offsets[first + 1 : end + 1] - offsets[first])
            if last == end:
                self._write_group()
            first = end

    def _gather(self, values: npt.NDArray[np.uint32], ends: npt.NDArray[np.int64]) -> None:
        # Copies: whoever called may use the arrays for something else.
        self._values.append(values.copy())
        self._ends.append(ends + self._ids)
        self._ids += len(values)
        self._rows += len(ends)

    def _write_group(self) -> None:
        offsets = np.concatenate([np.zeros(1, np.int64), *self._ends])
        values = np.concatenate(self._values, dtype=np.uint32)
        self._values, self._ends, self._ids, self._rows = [], [], 0, 0
        arrow = self._arrow
        # Through buffers. Given an array of numpy, pyarrow imports pandas, here on the thread that writes, only to find
        # out that it is no series.
        lists = arrow.LargeListArray.from_arrays(
            arrow.Array.from_buffers(arrow.int64(), len(offsets), [None, arrow.py_buffer(offsets)]),
            arrow.Array.from_buffers(arrow.uint32(), len(values), [None, arrow.py_buffer(values)]),
            type=self._schema.field(0).type,
        )
        self._writer.write_batch(arrow.record_batch([lists], schema=self._schema))

    def _finish(self) -> None:
        if self._rows:
            self._write_group()
        self._writer.close()


class ArrowWriter(RowWriter):
    """An Arrow IPC file, not compressed, so that it can be memory-mapped."""

    def _opened(self, file: PartFile) -> GroupWriter:
        writer: GroupWriter = self._arrow.ipc.new_file(file, self._schema)
        return writer


class ParquetWriter(RowWriter):
    """A parquet file."""

    def _opened(self, file: PartFile) -> GroupWriter:
        writer: GroupWriter = self._arrow.parquet.ParquetWriter(file, self._schema, compression="zstd")
        return writer
