"""The shards of a run while they are written."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from pairwright.corpus.blocks import Position
from pairwright.tokens.manifest import Shard
from pairwright.tokens.usage import ShardUsage

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy.typing as npt

    from pairwright.batch import TokenBatch
    from pairwright.corpus.blocks import Block, Ended, Skipped
    from pairwright.tokens.usage import Usage
    from pairwright.tokens.writers import ShardWriter


@dataclass
class Part:
    """A block, encoded.

    `lengths` has the bytes of every text of the block, `sides` the number of the split that it goes to; `texts` are the
    numbers of those whose ids are in `batch`, `refused` the numbers of those that cannot be encoded.
    """

    block: Block
    lengths: npt.NDArray[np.int64]
    sides: npt.NDArray[np.uint8]
    texts: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    batch: TokenBatch | None = None
    refused: list[tuple[int, Skipped]] = field(default_factory=list)


class Destination(Protocol):
    """Where a corpus is encoded to: a `Run` into a folder, or a single file."""

    settings: dict[str, Any]
    ended: list[Ended]
    before: tuple[int, int]
    """The number of shards that an earlier run completed, and of the documents in them."""

    @property
    def names(self) -> Sequence[str]:
        """The names of the splits."""

    @property
    def usages(self) -> Sequence[Usage]:
        """For each split, how often each id occurs in its shards; nothing if that is not to be counted."""

    @property
    def start(self) -> Position:
        """Where to begin to read."""

    @property
    def nexts(self) -> Sequence[Position]:
        """For each split, the place of the first document that is still to be written."""

    def writer(self, split: int) -> ShardWriter:
        """A writer of the next shard of a split. Raises `OSError`."""

    def skip(self, skipped: Iterable[Skipped]) -> None:
        """Take note of documents that were passed over."""

    def note(self, split: int, shard: Shard, after: Position) -> None:
        """A shard is complete; the next document of its split is not before `after`. Raises `OSError`."""


class Output:
    """Takes the parts of a run in order, and has complete shards noted down."""

    def __init__(self, run: Destination) -> None:
        self._run = run
        self._splits = [_Split(run, number) for number in range(len(run.names))]

    def write(self, part: Part) -> None:
        """Write what a part has. Raises `OSError`."""
        block = part.block
        gone = block.abandons or any(block.continues and index == 0 for index, _ in part.refused)
        if gone:
            for split in self._splits:
                split.drop()
        self._run.skip([*block.skipped, *(skipped for _, skipped in part.refused)])
        self._run.ended += block.ended
        for split in self._splits:
            split.write(part)

    def finish(self) -> None:
        """Complete the last shards. Raises `OSError`."""
        for split in self._splits:
            split.finish()

    def close(self) -> None:
        """Remove what is not complete."""
        for split in self._splits:
            split.discard()


class _Split:
    """The shards of one split."""

    def __init__(self, run: Destination, number: int) -> None:
        self._run = run
        self._number = number
        self._writer: ShardWriter | None = None
        self._begin()

    def _begin(self) -> None:
        # Of the shard at hand: documents that have ended; ids and bytes, and how many of them are of one that goes on.
        self.documents = self.tokens = self.bytes = 0
        self._open_tokens = self._open_bytes = 0
        self._after = Position(0, 0)
        usages = self._run.usages
        self._usage = ShardUsage(len(usages[self._number])) if usages else None

    def write(self, part: Part) -> None:
        """Write the texts of a part that go to this split."""
        if part.batch is None or not len(part.texts):
            return
        mine = np.flatnonzero(part.sides[part.texts] == self._number)
        if not len(mine):
            return
        values, offsets = part.batch.values, part.batch.offsets
        if len(mine) < len(part.texts):
            sizes = np.diff(offsets)
            values = values[np.repeat(part.sides[part.texts] == self._number, sizes)]
            offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes[mine])])
        texts = part.texts[mine]
        goes_on = part.block.goes_on and int(texts[-1]) == part.block.length - 1
        start, count = 0, len(texts)
        while start < count:
            wanted = int(offsets[start]) + self._run.settings["shard_tokens"] - self.tokens
            last = max(int(np.searchsorted(offsets[1:], wanted)), start)
            is_full = last < count - goes_on
            end = last + 1 if is_full else count
            self._append(part, values, offsets, texts, start, end, goes_on and end == count)
            if is_full:
                self._commit()
            start = end

    def _append(
        self,
        part: Part,
        values: npt.NDArray[np.uint32],
        offsets: npt.NDArray[np.int64],
        texts: npt.NDArray[np.int64],
        start: int,
        end: int,
        goes_on: bool,
    ) -> None:
        if self._writer is None:
            self._writer = self._run.writer(self._number)
        first, complete = offsets[start], end - goes_on
        self._writer.write(values[first : offsets[end]], offsets[start + 1 : complete + 1] - first)
        self.tokens += int(offsets[end] - first)
        if self._usage is not None:
            self._usage.add(values[first : offsets[complete]], values[offsets[complete] : offsets[end]])
        lengths = part.lengths[texts[start:end]]
        self.bytes += int(lengths.sum())
        if complete > start:
            self.documents += complete - start
            self._open_tokens = self._open_bytes = 0
            last = part.block.position(int(texts[complete - 1]))
            self._after = Position(last.file, last.document + 1)
        if goes_on:
            self._open_tokens += int(offsets[end] - offsets[complete])
            self._open_bytes += int(lengths[-1])

    def drop(self) -> None:
        """Forget the document that goes on, if one of this split does."""
        if self._writer is not None:
            self._writer.drop()
        if self._usage is not None:
            self._usage.drop()
        self.tokens -= self._open_tokens
        self.bytes -= self._open_bytes
        self._open_tokens = self._open_bytes = 0

    def _commit(self) -> None:
        assert self._writer is not None
        files = self._writer.commit()
        shard = Shard(self.documents, self.bytes, self.tokens, files)
        self._writer = None
        if self._usage is not None:
            self._usage.add_to(self._run.usages[self._number])
        self._run.note(self._number, shard, self._after)
        self._begin()

    def finish(self) -> None:
        """Complete the last shard."""
        if self._writer is not None and self.documents:
            self._commit()

    def discard(self) -> None:
        """Remove the shard that is not complete."""
        if self._writer is not None:
            self._writer.discard()
