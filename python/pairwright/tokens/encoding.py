"""A corpus → a token folder.

Three things go on at the same time: blocks are read ahead, this thread encodes them with the help of all cores, and one
more thread writes. What the folder holds depends on the corpus, the tokenizer and the settings alone: a document ends a
shard if it brings it to its size, and goes to a split by its hash. A run that was broken off goes on behind the shards
that are complete.
"""

from __future__ import annotations

import os
import queue
import threading
import time
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np

from pairwright import arguments
from pairwright._core import Tokenizer, hashes, lengths
from pairwright.errors import PairwrightError, StoppedError
from pairwright.special import MEANING, refusal
from pairwright.tokens import writers
from pairwright.tokens.folder import check_outside
from pairwright.tokens.memory import corpus_of
from pairwright.tokens.output import Output, Part
from pairwright.tokens.progress import check, reporting
from pairwright.tokens.run import Asked, Run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy.typing as npt

    from pairwright.batch import TokenBatch
    from pairwright.corpus import Corpus, Source
    from pairwright.corpus.blocks import Block
    from pairwright.tokens.manifest import Manifest
    from pairwright.tokens.output import Destination
    from pairwright.tokens.progress import Progress

SHARD_TOKENS = 100_000_000

# The part of a document by whose hash it goes to a split. Every block that begins with a long one has as much of it.
HASHED = 64 << 10

# Blocks that wait to be written.
WAITING = 2

# What `Tokenizer.encode_batch` takes, and a block has.
Texts: TypeAlias = Any

HINT = (
    'special="allow" encodes it as its id, special="text" as plain text; on_error="skip" goes on without such documents'
)


@dataclass(frozen=True, slots=True)
class EncodingEvent:
    """A moment of encoding a corpus. What receives it may return `False` to stop; the same call goes on then."""

    read: int
    """Bytes of files that have been read, as they are on disk, from the file on with which the work began."""
    total: int
    """Bytes of all these files; 0 where it is not known."""
    documents: int
    bytes: int
    """Bytes of text that have been encoded."""
    tokens: int
    elapsed: float
    """Seconds since the work began."""
    shards_before: int = 0
    """Shards that an earlier run completed, behind which this one goes on."""
    documents_before: int = 0
    """Documents in these shards."""


def encode_corpus(
    tokenizer: Tokenizer,
    source: Source,
    folder: str | os.PathLike[str],
    *,
    format: Literal["bin", "npy", "parquet", "arrow", "jsonl"] = "bin",
    append: str | None = None,
    shard_tokens: int = SHARD_TOKENS,
    validation: float = 0.0,
    special: Literal["refuse", "allow", "text"] = "refuse",
    restart: bool = False,
    threads: int | None = None,
    progress: Progress = None,
) -> Manifest:
    """Encode a corpus into a folder of token files that `pairwright.open_tokens` reads.

    If the folder holds a part of the same run, which was broken off, the work goes on behind the shards that are
    complete; what comes out is the same. If it holds all of it, the files of the corpus are compared with those that
    were encoded, and nothing else is done. A run that has completed no shard leaves its folder to any other.

    Args:
        tokenizer: The tokenizer; it is saved in the folder, too.
        source: What `train` takes: a `Corpus`, paths, folders or patterns, texts, a column of Arrow, `texts(…)`. Texts
            cannot be compared with those of an earlier run: one that was broken off begins anew with them, and a folder
            that is complete is refused.
        folder: Where the files go; it is made if it is not there.
        format: "bin" (flat little-endian ids, uint16 if all ids of the vocab fit and else uint32, with the offsets of
            documents beside them), "npy" (the same as files of numpy), "parquet" or "arrow" (a row for each document),
            "jsonl" (a line for each).
        append: A special token whose id ends the ids of every document.
        shard_tokens: A shard ends with the document that brings it to so many ids.
        validation: The share of documents that go to shards of their own, `validation-…`. Which they are depends on
            nothing but their first 64 KiB: those of which the XXH3 hash (64 bits) is below this share of its range.
        special: What to make of special tokens in the text: "refuse" the document, "allow" their ids, or take them for
            plain "text".
        restart: Begin anew: remove what an earlier run has written into the folder, and no other file.
        threads: The number of threads that encode; `None` uses every core.
        progress: `True` shows a bar on stderr if it is a terminal; a callable receives `EncodingEvent` objects, one for
            each block of some megabytes. If it returns `False`, the work is broken off with `StoppedError`.

    Returns:
        The manifest of the folder.

    Raises:
        DocumentError: A document cannot be read or encoded, and the corpus does not pass over such. It names the file,
            the place and the reason. So is an empty file. Or the corpus passes over all that there is.
        OSError: A file cannot be read or written.
        ValueError: A setting is out of range, or `append` is no special token.
        PairwrightError: The folder has files of something else, or of another run.

    """
    target = Path(arguments.named_path("folder", folder))
    if writers.format_of(target) is not None and not target.is_dir() and not str(folder).endswith(("/", os.sep)):
        raise ValueError(
            f"folder={str(folder)!r} is the name of a file: pairwright.encode_to_file writes a single one; "
            "leave the ending out, or end it with a slash, for a folder"
        )
    arguments.tokenizer("tokenizer", tokenizer)
    restart = arguments.flag("restart", restart)
    corpus = corpus_of(source)
    check(progress)
    # What is wrong with the number of threads is not to be said of a document. This also imports what batches need.
    tokenizer.encode_batch([], threads=threads)
    # Before any thread starts: two threads that import the same library at once can break each other's import.
    corpus.prepare()
    writers.prepare(format)
    check_outside(target, corpus)
    run = Run.open(
        target,
        tokenizer,
        corpus,
        Asked(format, append, shard_tokens, validation, special),
        restart=restart,
    )
    with closing(run), reporting(progress) as report:
        if run.manifest is not None:
            return run.manifest
        write_all(Encoder(tokenizer, corpus, run, threads), report)
        return run.complete()


def write_all(encoder: Encoder, report: Callable[[EncodingEvent], object] | None) -> None:
    """Encode all that is left to do, and write it. Raises what `encode_corpus` raises for documents and files."""
    with closing(Output(encoder.run)) as output:
        writer = Writer(output)
        try:
            encoder.encode(writer.take, report)
            writer.finish()
        finally:
            writer.close()
        output.finish()


@dataclass
class Encoder:
    """Turns blocks of documents into parts of the output."""

    tokenizer: Tokenizer
    corpus: Corpus
    run: Destination
    threads: int | None
    refused: bool = False
    """Whether the document that the block before ended in cannot be encoded."""
    split: int = 0
    """The number of the split that the document goes to in which the block before ended."""
    before: int = 0
    """Bytes of that document in earlier blocks."""
    documents: int = 0
    size: int = 0
    tokens: int = 0
    began: float = field(default_factory=time.monotonic)

    def encode(self, write: Callable[[Part], None], progress: Callable[[EncodingEvent], object] | None) -> None:
        """Encode all that is left to do."""
        settings = self.run.settings
        tokens = [] if settings["special"] == "text" else list(self.tokenizer.special_tokens)
        # Parts of a text that is normalized may have other ids than all of it.
        cut_for = (self.tokenizer.pattern, tokens) if self.tokenizer._is_plain else None
        total = self.corpus.size(self.run.start.file)
        with closing(self.corpus.blocks(cut_for=cut_for, start=self.run.start, refuses_empty=True)) as blocks:
            for block in blocks:
                write(self.part(block))
                if progress is not None:
                    elapsed = time.monotonic() - self.began
                    event = EncodingEvent(
                        block.read, total, self.documents, self.size, self.tokens, elapsed, *self.run.before
                    )
                    if progress(event) is False:
                        raise StoppedError("stopped by the progress callback")

    def part(self, block: Block) -> Part:
        """The ids of a block, and where they go."""
        if block.abandons:
            self.refused = False
        wanted, sides = self._sorted_out(block)
        part = Part(block, lengths(block.texts), sides)
        chosen = block.texts if len(wanted) == block.length else list(map(block.text, wanted.tolist()))
        complete = len(wanted) - (block.goes_on and len(wanted) > 0 and wanted[-1] == block.length - 1)
        try:
            batch = self._batch(chosen, complete)
        except (ValueError, PairwrightError):
            wanted, batch = self._one_by_one(block, wanted, part)
        part.texts, part.batch = wanted, batch
        # The text is not to wait in memory until its ids are written.
        part.block = replace(block, texts=())
        self._follow(part)
        return part

    def _sorted_out(self, block: Block) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint8]]:
        """The texts that are to be encoded, and the number of the split that each one goes to."""
        sides = np.zeros(block.length, np.uint8)
        share = self.run.settings["validation"]
        if share:
            sides[:] = hashes(block.texts, HASHED) < np.uint64(int(share * 2.0**64))
        if block.continues:
            sides[0] = self.split
        wanted = np.ones(block.length, bool)
        if block.continues and self.refused:
            wanted[0] = False
        # What complete shards hold. Behind the last of them nothing needs to be looked at.
        if block.length and block.position(0) < max(self.run.nexts):
            for index in range(block.length):
                wanted[index] &= block.position(index) >= self.run.nexts[sides[index]]
        return np.flatnonzero(wanted), sides

    def _batch(self, texts: Texts, complete: int) -> TokenBatch:
        settings = self.run.settings
        meaning = MEANING[settings["special"]]
        ending = settings["append"] and settings["append"]["id"]
        allowed, disallowed = meaning["allowed_special"], meaning["disallowed_special"]
        return self.tokenizer._encode_documents(texts, allowed, disallowed, self.threads, ending, complete)

    def _one_by_one(
        self, block: Block, wanted: npt.NDArray[np.int64], part: Part
    ) -> tuple[npt.NDArray[np.int64], TokenBatch]:
        """The same where a document cannot be encoded. Raises `DocumentError`, unless it is to be passed over."""
        kept = []
        for index in wanted.tolist():
            text = block.text(index)
            try:
                self._batch([text], 1)
            except (ValueError, PairwrightError) as error:
                before = self.before if block.continues and index == 0 else 0
                reason = refusal(self.tokenizer, text, self.run.settings["special"], before)
                hint = HINT if reason else None
                skipped = self.corpus.refused(block.position(index), reason or str(error), hint)
                part.refused.append((index, skipped))
            else:
                kept.append(index)
        complete = len(kept) - (block.goes_on and bool(kept) and kept[-1] == block.length - 1)
        return np.array(kept, np.int64), self._batch(list(map(block.text, kept)), complete)

    def _follow(self, part: Part) -> None:
        """Remember what is to be known of the document that goes on, and what was done so far."""
        block, texts, last = part.block, part.texts, part.block.length - 1
        is_last_there = len(texts) > 0 and int(texts[-1]) == last
        if block.goes_on:
            begun = self.before if block.continues and last == 0 else 0
            self.before = begun + int(part.lengths[last])
            self.split = int(part.sides[last])
            self.refused = not is_last_there
        elif block.length:
            self.before, self.refused = 0, False
        self.documents += len(texts) - (block.goes_on and is_last_there)
        self.size += int(part.lengths[texts].sum())
        self.tokens += len(part.batch.values) if part.batch is not None else 0


class Writer:
    """Writes on a thread of its own."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._queue: queue.Queue[Part | None] = queue.Queue(WAITING)
        self._error: BaseException | None = None
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True, name="pairwright-writer")
        self._thread.start()

    def take(self, part: Part | None) -> None:
        """Have something written, or `None`: all. Raises what went wrong with what was taken before."""
        while True:
            if self._error is not None:
                raise self._error
            try:
                return self._queue.put(part, timeout=0.1)
            except queue.Full:
                continue

    def finish(self) -> None:
        """Wait until all is written."""
        self.take(None)
        self._thread.join()
        if self._error is not None:
            raise self._error

    def close(self) -> None:
        """End the thread, whatever is still to be written."""
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            for part in self._parts():
                self._output.write(part)
        except BaseException as error:
            self._error = error

    def _parts(self) -> Iterator[Part]:
        while not self._over.is_set():
            try:
                part = self._queue.get(timeout=0.1)
            except queue.Empty:
                continue
            if part is None:
                return
            yield part
