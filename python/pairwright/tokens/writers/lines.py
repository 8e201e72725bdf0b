"""Shards with one line of JSON for each document."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np

# numpy imports this part of it only when asked for it, and that would be on the thread that writes.
from numpy import char

from pairwright.tokens.writers.base import ShardWriter

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

# Documents are made lines of together until they have so many ids.
SLICE = 1 << 20

BEGINNING = b'{"tokens":['

# Ids below this are looked up in a table of their digits, of eight bytes each: 33 million a second, where Python's own
# integers make 8 million.
LARGEST_TABLE = 1 << 20


class JsonlWriter(ShardWriter):
    """Writes `{"tokens":[1,2,3]}` for each document, and holds none of it."""

    def __init__(self, folder: Path, name: str, dtype: np.dtype[Any], files: tuple[str, ...]) -> None:
        super().__init__(folder, name, dtype, files)
        self._file = self._part(*files)
        self._table = digits(np.arange(1, dtype=np.uint32))
        self._goes_on = False

    @property
    def goes_on(self) -> bool:
        """Whether a line was begun and not ended."""
        return self._goes_on

    def write(self, values: npt.NDArray[np.uint32], ends: npt.NDArray[np.int64]) -> None:
        """Write whole lines, and of a document that goes on the beginning of one."""
        offsets = np.concatenate([np.zeros(1, np.int64), ends])
        if self._goes_on and len(ends):
            self._go_on(values[: ends[0]])
            self._file.write(b"]}\n")
            self._goes_on, offsets = False, offsets[1:]
        self._documents(values, offsets)
        if offsets[-1] < len(values):
            self._go_on(values[offsets[-1] :])

    def drop(self) -> None:
        """Cut off the line that was begun."""
        if self._goes_on:
            self._file.go_back()
            self._goes_on = False

    def _go_on(self, values: npt.NDArray[np.uint32]) -> None:
        """Write ids of a document that is not whole here."""
        for first in range(0, len(values), SLICE):
            if self._goes_on:
                self._file.write(b",")
            else:
                self._file.mark()
                self._file.write(BEGINNING)
                self._goes_on = True
            self._file.write(self._joined(self._digits(values[first : first + SLICE])))

    def _documents(self, values: npt.NDArray[np.uint32], offsets: npt.NDArray[np.int64]) -> None:
        first = 0
        while first < len(offsets) - 1:
            last = max(int(offsets.searchsorted(offsets[first] + SLICE, "right")) - 1, first + 1)
            words = self._digits(values[offsets[first] : offsets[last]])
            ends = (offsets[first : last + 1] - offsets[first]).tolist()
            lines = [
                b"%b%b]}\n" % (BEGINNING, self._joined(words[start:end])) for start, end in itertools.pairwise(ends)
            ]
            self._file.write(b"".join(lines))
            first = last

    def _joined(self, words: npt.NDArray[np.bytes_]) -> bytes:
        # Behind the last id no comma stands, before the others nothing.
        return words.tobytes().translate(None, b"\0")[:-1]

    def _digits(self, values: npt.NDArray[np.uint32]) -> npt.NDArray[np.bytes_]:
        largest = int(values.max(initial=0))
        if largest >= LARGEST_TABLE:
            return digits(values)
        if largest >= len(self._table):
            self._table = digits(np.arange(1 << largest.bit_length(), dtype=np.uint32))
        # As integers of eight bytes, which numpy looks up faster than strings.
        return self._table.view(np.uint64)[values].view(self._table.dtype)

    def _finish(self) -> None:
        pass


def digits(values: npt.NDArray[np.uint32]) -> npt.NDArray[np.bytes_]:
    """Each number in digits, with a comma; filled up with zero bytes to a size that all have, of at least eight."""
    words = char.add(values.astype("S10"), b",")
    return words.astype("S8") if int(values.max(initial=0)) < LARGEST_TABLE else words
