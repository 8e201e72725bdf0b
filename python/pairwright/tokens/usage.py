"""The usage of a split: how often each id occurs in its shards, kept in a file beside them."""

from __future__ import annotations

import hashlib
import io
from typing import TYPE_CHECKING, Any

import numpy as np

from pairwright import _core
from pairwright._core import write_atomically
from pairwright.errors import FormatError
from pairwright.tokens.manifest import DAMAGED, FileFacts, Manifest, Split
from pairwright.tokens.shards import open_shard

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path
    from typing import TypeAlias

    import numpy.typing as npt

    from pairwright.tokens.shards import OpenShard

    Usage: TypeAlias = npt.NDArray[np.uint64]

# Ids are read from a shard in parts of about so many.
SLICE = 1 << 20


class ShardUsage:
    """The usage of a shard while it is written. A document that goes on may yet be dropped."""

    def __init__(self, vocab_size: int) -> None:
        self._all = np.zeros(vocab_size, np.uint64)
        self._open = np.zeros(vocab_size, np.uint64)
        self._has_open = False

    def add(self, complete: npt.NDArray[np.uint32], goes_on: npt.NDArray[np.uint32]) -> None:
        """Add the ids of documents that end here, and those of one that goes on."""
        if len(complete):
            _core._add_usage(self._all, np.ascontiguousarray(complete))
            self._forget_open()
        if len(goes_on):
            _core._add_usage(self._all, np.ascontiguousarray(goes_on))
            _core._add_usage(self._open, np.ascontiguousarray(goes_on))
            self._has_open = True

    def drop(self) -> None:
        """Take back the ids of the document that goes on."""
        if self._has_open:
            self._all -= self._open
        self._forget_open()

    def add_to(self, usage: Usage) -> None:
        """Add all ids to a usage, once the shard is complete."""
        usage += self._all

    def _forget_open(self) -> None:
        if self._has_open:
            self._open[:] = 0
            self._has_open = False


def name_of(split: str) -> str:
    """The name of the file."""
    return f"usage-{split}.npy"


def save(folder: Path, split: str, usage: Usage) -> FileFacts:
    """Write the file of a split, as numpy reads it. Raises `OSError`."""
    content = io.BytesIO()
    np.save(content, usage)
    data = content.getvalue()
    write_atomically(folder / name_of(split), data)
    return FileFacts(name_of(split), len(data), hashlib.sha256(data).hexdigest())


def load(folder: Path, manifest: Manifest, split: Split) -> Usage:
    """The usage of a split: that of the file, or counted where the folder was written without one.

    Raises `OSError`; `FormatError` if the file or a shard is damaged.
    """
    if split.usage is None:
        shards = (open_shard(folder, manifest, shard) for shard in split.shards)
        return count(shards, manifest.vocab_size)
    path = folder / split.usage.name
    data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() != split.usage.sha256:
        raise FormatError(f"{path}: its sha256 is not that of the manifest: it was altered or damaged", hint=DAMAGED)
    usage: npt.NDArray[Any] = np.load(io.BytesIO(data), allow_pickle=False)
    if usage.dtype != np.uint64 or usage.shape != (manifest.vocab_size,) or int(usage.sum()) != split.tokens:
        raise FormatError(f"{path}: no usage of the {split.tokens:,} ids of {split.name}", hint=DAMAGED)
    return usage


def count(shards: Iterable[OpenShard], vocab_size: int) -> Usage:
    """Count the ids of shards. Raises `OSError`, `FormatError`."""
    usage = np.zeros(vocab_size, np.uint64)
    for shard in shards:
        add_shard(usage, shard)
    return usage


def add_shard(usage: Usage, shard: OpenShard) -> None:
    """Add the ids of a shard. Raises `OSError`, `FormatError`."""
    for _, ids, _ in shard.parts(SLICE):
        try:
            _core._add_usage(usage, np.ascontiguousarray(ids))
        except KeyError as error:
            raise FormatError(f"{shard.paths[0]}: {error.args[0]}", hint=DAMAGED) from error
