"""Shards with one line of JSON for each document."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np

from pairwright.tokens.writers.base import HoldingWriter

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

# Documents are made lines of together until they have so many ids.
SLICE = 1 << 20

# Ids below this are looked up in a table of their digits, of eight bytes each: 33 million a second, where Python's own
# integers make 8 million.
LARGEST_TABLE = 1 << 20


class JsonlWriter(HoldingWriter):
    """Writes `{"tokens":[1,2,3]}` for each document."""

    def __init__(self, folder: Path, name: str, dtype: np.dtype[Any]) -> None:
        super().__init__(folder, name, dtype)
        self._file = self._part(f"{name}.jsonl")
        self._table = digits(np.arange(1, dtype=np.uint32))

    def _documents(self, values: npt.NDArray[np.uint32], offsets: npt.NDArray[np.int64]) -> None:
        first = 0
        while first < len(offsets) - 1:
            last = max(int(offsets.searchsorted(offsets[first] + SLICE, "right")) - 1, first + 1)
            words = self._digits(values[offsets[first] : offsets[last]])
            ends = (offsets[first : last + 1] - offsets[first]).tolist()
            lines = []
            for start, end in itertools.pairwise(ends):
                # Behind the last id no comma stands, before the others nothing.
                numbers = words[start:end].tobytes().translate(None, b"\0")[:-1]
                lines.append(b'{"tokens":[%b]}\n' % numbers)
            self._file.write(b"".join(lines))
            first = last

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
    words = np.char.add(values.astype("S10"), b",")
    return words.astype("S8") if int(values.max(initial=0)) < LARGEST_TABLE else words
