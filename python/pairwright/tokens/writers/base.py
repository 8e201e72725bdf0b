"""What all writers of shards share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from pairwright.tokens.writers.part import PartFile, sync_folder

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

    from pairwright.tokens.manifest import FileFacts


class ShardWriter(ABC):
    """Writes the ids of documents into the files of one shard.

    The files have their names only after `commit`, and then their bytes depend on the documents alone, not on how these
    were cut up for `write`. Every `OSError` names the file; after one there is nothing left to do but `discard`.
    """

    def __init__(self, folder: Path, name: str, dtype: np.dtype[Any], files: tuple[str, ...]) -> None:
        self.folder = folder
        self.name = name
        self.files = files
        self.dtype = dtype
        self._parts: list[PartFile] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.discard()

    @abstractmethod
    def write(self, values: npt.NDArray[np.uint32], ends: npt.NDArray[np.int64]) -> None:
        """Write ids that follow those before. Raises `OSError`.

        `ends` are the places in `values` where documents end, in order; one that occurs twice ends an empty document.
        Ids behind the last belong to a document that goes on in the next call.
        """

    @abstractmethod
    def drop(self) -> None:
        """Forget the ids of the document that goes on, if one does."""

    @property
    @abstractmethod
    def goes_on(self) -> bool:
        """Whether ids were written of a document that has not ended."""

    @abstractmethod
    def _finish(self) -> None:
        """Write what a file has at its end, or could not have before it."""

    def commit(self) -> tuple[FileFacts, ...]:
        """Bring all to the disk and give the files their names.

        Raises `OSError`, after which none has its name, unless the names alone could not be brought to the disk;
        `ValueError` if a document goes on.
        """
        if self.goes_on:
            raise ValueError(f"{self.name}: a document goes on; end it or drop it")
        self._finish()
        facts = tuple(part.complete() for part in self._parts)
        try:
            for part in self._parts:
                part.publish()
        except OSError:
            self.discard()
            raise
        # From here on nothing is taken back: a file may have replaced an older one.
        self._parts = []
        sync_folder(self.folder)
        return facts

    def discard(self) -> None:
        """Remove what was written, unless it was committed. May be called twice."""
        for part in self._parts:
            part.discard()
        self._parts = []

    def _part(self, name: str, *, header: int = 0) -> PartFile:
        """A file of the shard. Raises `OSError`."""
        try:
            part = PartFile(self.folder, name, header=header)
        except OSError:
            self.discard()
            raise
        self._parts.append(part)
        return part


class HoldingWriter(ShardWriter):
    """A writer of a format that takes whole documents: holds the ids of the one that goes on in memory."""

    def __init__(self, folder: Path, name: str, dtype: np.dtype[Any], files: tuple[str, ...]) -> None:
        super().__init__(folder, name, dtype, files)
        self._held: list[npt.NDArray[np.uint32]] = []

    @property
    def goes_on(self) -> bool:
        """Whether ids are held."""
        return bool(self._held)

    def write(self, values: npt.NDArray[np.uint32], ends: npt.NDArray[np.int64]) -> None:
        """Write the documents that end, hold the rest."""
        last = 0
        if len(ends):
            last = int(ends[-1])
            held = sum(map(len, self._held))
            whole = np.concatenate([*self._held, values[:last]]) if held else values[:last]
            offsets = np.zeros(len(ends) + 1, np.int64)
            np.add(ends, held, out=offsets[1:])
            self._held = []
            self._documents(whole, offsets)
        if last < len(values):
            # A copy: whoever called may use the array for something else.
            self._held.append(values[last:].copy())

    def drop(self) -> None:
        """Forget what is held."""
        self._held = []

    @abstractmethod
    def _documents(self, values: npt.NDArray[np.uint32], offsets: npt.NDArray[np.int64]) -> None:
        """Write whole documents: the first offset is 0, the last is the end of the values."""
