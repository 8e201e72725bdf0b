"""The shards of a token folder as they are read: their ids, and where the documents end.

Those of bin, npy and Arrow files are memory-mapped; a parquet or jsonl shard is read as a whole when something of it is
asked for.
"""

from __future__ import annotations

import itertools
import json
from abc import ABC, abstractmethod
from bisect import bisect_right
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from pairwright.errors import FormatError
from pairwright.libraries import opened
from pairwright.tokens.arrow import COLUMN, Lists, lists_of, reading
from pairwright.tokens.mapped import mapped, mapped_npy, read_only

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import numpy.typing as npt

    from pairwright.tokens.manifest import Manifest, Shard

OFFSET = np.dtype("<i8")

ID = np.dtype("<u4")

# Python's integers take much memory: so many become an array.
SLICE = 1 << 16


class OpenShard(ABC):
    """A shard that is read. Nothing is opened before it is asked for. Everything raises `OSError`, `FormatError`."""

    is_mapped: ClassVar[bool] = True
    """Whether it takes no memory of its own."""

    def __init__(self, folder: Path, shard: Shard, dtype: np.dtype[Any]) -> None:
        self.paths = [folder / facts.name for facts in shard.files]
        self.dtype = dtype
        self.documents = shard.documents
        self.tokens = shard.tokens

    @property
    @abstractmethod
    def flat(self) -> npt.NDArray[Any] | None:
        """All ids in one array, or `None` where that would be a copy."""

    @property
    @abstractmethod
    def offsets(self) -> npt.NDArray[np.int64]:
        """Where the documents begin and, last, where all end."""

    def slice(self, first: int, end: int) -> npt.NDArray[Any]:
        """Some of the ids: a view of the shard if that can be."""
        flat = self.flat
        assert flat is not None
        return flat[first:end]

    def parts(self, size: int) -> Iterator[tuple[int, npt.NDArray[Any], npt.NDArray[np.int64]]]:
        """All documents in parts of about so many ids, and no more documents: the number of the first, ids, offsets.

        The offsets of a part begin with 0. Those of the shard must be in order.
        """
        offsets, first = self.offsets, 0
        while first < self.documents:
            last = max(int(offsets.searchsorted(offsets[first] + size, "right")) - 1, first + 1)
            last = min(last, first + size)
            ids = self.slice(int(offsets[first]), int(offsets[last]))
            yield first, ids, offsets[first : last + 1] - offsets[first]
            first = last

    def check(self, ids: int, offsets: npt.NDArray[np.int64] | None = None) -> None:
        """Compare what was found with the manifest. Raises `FormatError`."""
        if ids != self.tokens:
            raise FormatError(f"{self.paths[0]}: there are {ids:,} ids, and {self.tokens:,} in the manifest")
        if offsets is not None and len(offsets) != self.documents + 1:
            raise FormatError(
                f"{self.paths[-1]}: there are {len(offsets) - 1:,} documents, and {self.documents:,} in the manifest"
            )


class FlatShard(OpenShard):
    """Two files, each of them an array."""

    @staticmethod
    @abstractmethod
    def array(path: Path, dtype: np.dtype[Any]) -> npt.NDArray[Any]:
        """The array in a file."""

    @cached_property
    def flat(self) -> npt.NDArray[Any]:
        """The first file."""
        ids = self.array(self.paths[0], self.dtype)
        self.check(len(ids))
        return ids

    @cached_property
    def offsets(self) -> npt.NDArray[np.int64]:
        """The second file."""
        offsets = self.array(self.paths[1], OFFSET)
        self.check(len(self.flat), offsets)
        return offsets


class BinShard(FlatShard):
    """Numbers and nothing else."""

    array = staticmethod(mapped)


class NpyShard(FlatShard):
    """The same behind a header."""

    array = staticmethod(mapped_npy)


class ArrowShard(OpenShard):
    """Lists in record batches, of which each has its ids in one array. No document is in two of them."""

    @cached_property
    def _lists(self) -> list[Lists]:
        (path,) = self.paths
        lists = list(lists_of(path))
        self.check(sum(len(each.values) for each in lists))
        return lists

    @cached_property
    def _starts(self) -> list[int]:
        return list(itertools.accumulate((len(lists.values) for lists in self._lists), initial=0))

    @property
    def flat(self) -> npt.NDArray[Any] | None:
        """The ids, if there is only one batch."""
        return self._lists[0].values if len(self._lists) == 1 else None

    @cached_property
    def offsets(self) -> npt.NDArray[np.int64]:
        """Those of all batches, one after the other."""
        offsets = joined_offsets([lists.offsets for lists in self._lists])
        self.check(self.tokens, offsets)
        return offsets

    def slice(self, first: int, end: int) -> npt.NDArray[Any]:
        """A view within a batch, else a copy."""
        parts = []
        at = bisect_right(self._starts, first) - 1
        while first < end:
            values, start = self._lists[at].values, self._starts[at]
            parts.append(values[first - start : end - start])
            first, at = start + len(values), at + 1
        return joined(parts, self.dtype)


class LoadedShard(OpenShard):
    """A shard that has to be read as a whole."""

    is_mapped = False

    @abstractmethod
    def _load(self) -> tuple[npt.NDArray[Any], npt.NDArray[np.int64]]:
        """All ids, and where the documents end."""

    @cached_property
    def _loaded(self) -> tuple[npt.NDArray[Any], npt.NDArray[np.int64]]:
        flat, offsets = self._load()
        self.check(len(flat), offsets)
        return read_only(flat), read_only(offsets)

    @property
    def flat(self) -> npt.NDArray[Any]:
        """What was read."""
        return self._loaded[0]

    @property
    def offsets(self) -> npt.NDArray[np.int64]:
        """What was read."""
        return self._loaded[1]


class ParquetShard(LoadedShard):
    """One row for each document."""

    def _load(self) -> tuple[npt.NDArray[Any], npt.NDArray[np.int64]]:
        (path,) = self.paths
        with reading(path) as arrow, opened(path) as source, arrow.parquet.ParquetFile(source) as file:
            batches = [Lists(batch, path) for batch in file.iter_batches()]
        return joined([lists.values for lists in batches], self.dtype), joined_offsets(
            [lists.offsets for lists in batches]
        )


class JsonlShard(LoadedShard):
    """One line for each document."""

    def _load(self) -> tuple[npt.NDArray[Any], npt.NDArray[np.int64]]:
        (path,) = self.paths
        parts: list[npt.NDArray[Any]] = []
        ends, ids, done, number = [0], [], 0, 0
        try:
            with path.open(encoding="ascii") as file:
                for number, line in enumerate(file, 1):  # noqa: B007  the error tells it
                    ids += json.loads(line)[COLUMN]
                    ends.append(done + len(ids))
                    if len(ids) >= SLICE:
                        parts.append(np.array(ids, self.dtype))
                        ids, done = [], ends[-1]
            parts.append(np.array(ids, self.dtype))
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
            raise FormatError(f"{path}: no lists of token ids at line {number:,}, or just before") from error
        return joined(parts, self.dtype), np.array(ends, np.int64)


SHARDS: dict[str, type[OpenShard]] = {
    "bin": BinShard,
    "npy": NpyShard,
    "parquet": ParquetShard,
    "arrow": ArrowShard,
    "jsonl": JsonlShard,
}


def dtype_of(manifest: Manifest) -> np.dtype[Any]:
    """The type of the ids, which rows and lines do not choose."""
    settings = manifest.settings
    return np.dtype(settings["dtype"]).newbyteorder("<") if settings["format"] in ("bin", "npy") else ID


def open_shard(folder: Path, manifest: Manifest, shard: Shard) -> OpenShard:
    """A shard of a folder, of which nothing is opened yet."""
    return SHARDS[manifest.settings["format"]](folder, shard, dtype_of(manifest))


def joined(parts: Sequence[npt.NDArray[Any]], dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    """One array of several, not to be written to: the only one as it is, else a copy."""
    if len(parts) == 1:
        return parts[0]
    return read_only(np.concatenate(parts, dtype=dtype) if parts else np.empty(0, dtype))


def joined_offsets(parts: Sequence[npt.NDArray[np.int64]]) -> npt.NDArray[np.int64]:
    """The offsets of documents one after the other, of each part from 0 on."""
    ends = itertools.accumulate((int(part[-1]) for part in parts), initial=0)
    shifted = [part[1:] + start for part, start in zip(parts, ends, strict=False)]
    return joined([np.zeros(1, np.int64), *shifted], np.dtype(np.int64))
