"""Reads a token folder: its documents, and windows over all of them."""

from __future__ import annotations

import hashlib
import itertools
from bisect import bisect_right
from collections.abc import Iterable
from functools import cached_property
from operator import index
from pathlib import Path
from typing import TYPE_CHECKING, Any, SupportsIndex

import numpy as np

from pairwright import arguments
from pairwright._core import Tokenizer, _from_model
from pairwright.errors import FormatError
from pairwright.tokens.manifest import DAMAGED, Manifest
from pairwright.tokens.mapped import read_only
from pairwright.tokens.shards import dtype_of, joined, joined_offsets, open_shard
from pairwright.tokens.usage import load as load_usage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy.typing as npt

    from pairwright import aliases
    from pairwright.tokens.manifest import FileFacts
    from pairwright.tokens.shards import OpenShard

# Documents are cut out of so many ids at a time: the offsets of all of them may be more than memory holds.
SLICE = 1 << 20


def open_tokens(folder: aliases.Path, split: str = "train") -> Tokens:
    """Open a token folder that `pairwright encode` wrote.

    Compares the sizes of its files with the manifest, but reads none of them; `verify_tokens` reads them all. Raises
    `OSError`; `FormatError` if the folder is not complete, damaged or no token folder; `ValueError` for a split that it
    does not have.
    """
    return Tokens(folder, split)


class Tokens:
    """The documents of one split of a token folder, as ids. Made by `open_tokens`.

    `tokens[i]` gives the ids of a document, with the id that was appended to it if one was; iterating gives those of
    every document. `window` and `windows` take the ids of all documents for one long sequence.

    Arrays are not to be written to. Those of bin, npy and arrow files are views of memory-mapped files, so that nothing
    is copied and processes share their memory; of parquet and jsonl the shard that was used last is held in memory. May
    be used from several threads at once, after a fork, and pickled, as the workers of a data loader do it: what is
    unpickled opens the folder again.
    """

    def __init__(self, folder: aliases.Path, split: str = "train") -> None:
        folder, split = arguments.named_path("folder", folder), arguments.text("split", split)
        self.folder = Path(folder).absolute()
        """Where it is."""
        self.split = split
        """The name of the split."""
        self.manifest = Manifest.load(folder)
        """What the folder says of itself: `settings`, `inputs`, `skipped`, `splits` and more."""
        shards = self.manifest.split(split).shards
        check_size(self.folder, self.manifest.tokenizer)
        for facts in itertools.chain.from_iterable(shard.files for shard in shards):
            check_size(self.folder, facts)
        self.total: int = sum(shard.tokens for shard in shards)
        """The number of ids of all documents."""
        self._files = shards
        self._shards = [open_shard(self.folder, self.manifest, shard) for shard in shards]
        # Where each shard begins, in documents and in ids; an empty one begins where the next does.
        self._firsts = [0, *itertools.accumulate(shard.documents for shard in shards)]
        self._starts = [0, *itertools.accumulate(shard.tokens for shard in shards[:-1])]
        # The ids of the shards that were opened so far and have them in one array.
        self._flats: list[npt.NDArray[Any] | None] = [None] * len(shards) or [np.empty(0, self.dtype)]
        # The last one that takes memory.
        self._loaded: tuple[int, OpenShard] | None = None

    def __len__(self) -> int:
        """The number of documents."""
        return self._firsts[-1]

    def __getitem__(self, number: SupportsIndex) -> npt.NDArray[Any]:
        """The ids of a document; negative numbers count from the end. Raises `IndexError`, `OSError`, `FormatError`."""
        try:
            at = index(number)
        except TypeError:
            # Only now, since to give a document takes less time than this check.
            at = arguments.integer("the number of a document", number)
        size = len(self)
        if not -size <= at < size:
            raise IndexError(f"document {at:,} of {size:,}")
        at %= size
        number = bisect_right(self._firsts, at) - 1
        shard = self._open(number)
        first, end = shard.offsets[at - self._firsts[number] :][:2].tolist()
        return shard.slice(first, end)

    def __iter__(self) -> Iterator[npt.NDArray[Any]]:
        """The ids of each document."""
        for shard in self._opened():
            for _, ids, offsets in shard.parts(SLICE):
                for first, end in itertools.pairwise(offsets.tolist()):
                    yield ids[first:end]

    def __repr__(self) -> str:
        return f"Tokens({str(self.folder)!r}, {self.split!r}: {len(self):,} documents, {self.total:,} ids)"

    def __reduce__(self) -> tuple[Callable[..., Tokens], tuple[str, str]]:
        return open_tokens, (str(self.folder), self.split)

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the ids: that of the files, uint16 or uint32."""
        return dtype_of(self.manifest)

    @property
    def vocab_size(self) -> int:
        """One more than the largest id of the tokenizer."""
        return self.manifest.vocab_size

    @property
    def splits(self) -> list[str]:
        """The names of all splits of the folder."""
        return [split.name for split in self.manifest.splits]

    @cached_property
    def tokenizer(self) -> Tokenizer:
        """The tokenizer that encoded the documents. Raises `OSError`; `FormatError` if it is another by now."""
        return load_tokenizer(self.folder, self.manifest)

    @cached_property
    def offsets(self) -> npt.NDArray[np.int64]:
        """Where each document begins in the sequence of all ids, and at last where all end: of shape (n + 1,)."""
        return read_only(joined_offsets([shard.offsets for shard in self._opened()]))

    def usage(self) -> npt.NDArray[np.uint64]:
        """How often each id occurs in all documents of the split: of shape (vocab_size,).

        It was counted while the folder was written, and is read from a file there. In a folder of an earlier version
        the ids are counted now. Raises `OSError`; `FormatError` if the file is damaged.
        """
        return load_usage(self.folder, self.manifest, self.manifest.split(self.split))

    def window(self, start: SupportsIndex, length: SupportsIndex) -> npt.NDArray[Any]:
        """The ids from `start` on, of all documents one after the other.

        A view of a shard; a copy where the window reaches into the next one. Raises `IndexError`.
        """
        try:
            start, length = index(start), index(length)
        except TypeError:
            # Only now, since a window takes less time than these checks.
            start, length = arguments.integer("start", start), arguments.integer("length", length)
        end = start + length
        if start < 0 or length < 0 or end > self.total:
            raise IndexError(
                f"a window of {length:,} ids from {start:,} on: there are the ids from 0 to {self.total:,}"
            )
        number = bisect_right(self._starts, start) - 1
        start -= self._starts[number]
        flat = self._flats[number]
        if flat is not None and start + length <= len(flat):
            return flat[start : start + length]
        return self._across(number, start, length)

    def windows(self, starts: Iterable[int] | npt.NDArray[np.integer[Any]], length: SupportsIndex) -> npt.NDArray[Any]:
        """Many windows of the same length, copied into an array of shape (n, length). Raises `IndexError`."""
        if not isinstance(starts, Iterable) or isinstance(starts, str):
            raise TypeError(f"starts must be an iterable of int or an array, not {arguments.shown(starts)}")
        length = arguments.integer("length", length)
        if isinstance(starts, np.ndarray):
            if starts.ndim != 1:
                raise TypeError(f"starts must have one dimension, not {starts.ndim}")
            starts = starts.tolist()
        window = self.window
        views = [window(start, length) for start in starts]
        if length < 0:
            raise IndexError(f"windows of {length:,} ids: the length must not be negative")
        gathered = np.empty((len(views), length), self.dtype)
        if views:
            np.concatenate(views, out=gathered.reshape(-1))
        return gathered

    def document_bytes(self, number: int) -> bytes:
        """The bytes of a document, without what was appended to it. Raises as `tokens[number]` and `tokenizer`."""
        ids = self[number]
        return self.tokenizer.decode_bytes(ids[:-1] if self.manifest.settings["append"] else ids)

    def text(self, number: int, errors: str = "replace") -> str:
        """The text of a document; `errors` as in `bytes.decode`."""
        return self.document_bytes(number).decode(errors=errors)

    def _open(self, number: int) -> OpenShard:
        """A shard. If it is mapped its ids are at hand from now on; else it takes the place of the last one."""
        shard = self._shards[number]
        if shard.is_mapped:
            self._flats[number] = shard.flat
            return shard
        loaded = self._loaded
        if loaded is None or loaded[0] != number:
            loaded = self._loaded = number, open_shard(self.folder, self.manifest, self._files[number])
        return loaded[1]

    def _opened(self) -> Iterator[OpenShard]:
        """All shards, each opened when it is its turn."""
        return map(self._open, range(len(self._shards)))

    def _across(self, number: int, first: int, length: int) -> npt.NDArray[Any]:
        """A window that begins in a shard which was not opened before, or that goes beyond its end."""
        parts: list[npt.NDArray[Any]] = []
        while length or not parts:
            shard = self._open(number)
            part = shard.slice(first, min(first + length, shard.tokens))
            parts.append(part)
            length -= len(part)
            number, first = number + 1, 0
        return joined(parts, self.dtype)


def check_size(folder: Path, facts: FileFacts) -> None:
    """Raises `FormatError` if a file is missing or has not the size that the manifest tells; `OSError`."""
    path = folder / facts.name
    try:
        size = path.stat().st_size
    except FileNotFoundError as error:
        raise FormatError(f"{path}: missing", hint=DAMAGED) from error
    if size != facts.bytes:
        raise FormatError(f"{path}: has {size:,} bytes, and {facts.bytes:,} in the manifest", hint=DAMAGED)


def load_tokenizer(folder: Path, manifest: Manifest) -> Tokenizer:
    """The tokenizer of a folder. Raises `OSError`; `FormatError` if it is not the one that encoded the documents."""
    path = folder / manifest.tokenizer.name
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != manifest.tokenizer.sha256:
        raise FormatError(f"{path}: is not what was written: its sha256 is not that of the manifest", hint=DAMAGED)
    return _from_model(content)
