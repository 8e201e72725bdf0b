"""A corpus → one file of ids."""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pairwright import arguments
from pairwright.corpus.blocks import Position
from pairwright.corpus.finding import is_one_of
from pairwright.corpus.skipping import gather, nothing_read
from pairwright.filenames import followed, shown
from pairwright.tokens import writers
from pairwright.tokens.encoding import Encoder, write_all
from pairwright.tokens.manifest import Shard
from pairwright.tokens.memory import corpus_of
from pairwright.tokens.progress import reporting
from pairwright.tokens.run import Asked, dtype_of, settings_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy as np

    from pairwright._core import Tokenizer
    from pairwright.corpus import Source
    from pairwright.corpus.blocks import Ended, Skipped
    from pairwright.tokens.progress import Progress
    from pairwright.tokens.writers import ShardWriter

# More ids than any file has.
ALL = 1 << 62


@dataclass(frozen=True)
class EncodedFile:
    """What `encode_to_file` wrote. `skipped` are the documents that were passed over: where, and why."""

    path: Path
    format: str
    dtype: str
    """The type of the ids; those of jsonl are numbers in digits."""
    documents: int
    bytes: int
    """The size of the documents' text."""
    tokens: int
    skipped: tuple[tuple[str, str], ...] = ()


def encode_to_file(
    tokenizer: Tokenizer,
    source: Source,
    path: str | os.PathLike[str],
    *,
    append: str | None = None,
    special: Literal["refuse", "allow", "text"] = "refuse",
    threads: int | None = None,
    progress: Progress = None,
) -> EncodedFile:
    """Encode a corpus into one file of ids, whose format its name tells. It is written complete or not at all.

    Files ending in `.bin` and `.npy` have the ids of all documents, one after the other, in little-endian uint16, or
    uint32 if the vocab has more than 65,536 ids; where documents end only an `append`ed id tells. Those ending in
    `.parquet` (`.pq`), `.arrow` (`.feather`, `.ipc`) and `.jsonl` (`.ndjson`, `.jsonlines`) have a row or line for each
    document. A file that was there is replaced.

    `encode_corpus` makes a folder of files instead, which tells what it was made of, can be verified, and goes on after
    a break. Arguments not named here are those of `encode_corpus`, and so is what it raises.
    """
    arguments.tokenizer("tokenizer", tokenizer)
    target = Path(arguments.named_path("path", path))
    format = writers.format_of(target)
    if format is None:
        known = ", ".join(writers.FORMAT_OF)
        raise ValueError(f"path={str(path)!r}: its ending tells no format of ids; there are {known}")
    if target.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(target))
    if followed(target).exists() and not target.is_file():
        raise ValueError(f"{shown(target)} is a pipe or device, which no file of ids replaces; name another file")
    corpus = corpus_of(source)
    # What is wrong with the number of threads is not to be said of a document. This also imports what batches need.
    tokenizer.encode_batch([], threads=threads)
    corpus.prepare()
    writers.prepare(format)
    if is_one_of(target, [origin.path for origin in corpus.origins]):
        raise ValueError(f"{shown(target)} is an input, and would be replaced; name another file")
    settings = settings_of(tokenizer, corpus, Asked(format, append, ALL, 0.0, special))
    with reporting(progress) as report:
        run = _File(followed(target), settings, dtype_of(tokenizer.vocab_size))
        write_all(Encoder(tokenizer, corpus, run, threads), report)
        if run.skipped and not run.written:
            raise nothing_read(corpus, [each for _, each in sorted(run.skipped.items())])
        shard = run.complete()
    skipped = tuple((corpus.place(each), each.reason) for _, each in sorted(run.skipped.items()))
    dtype = run.dtype.name if format in ("bin", "npy") else "uint32"
    return EncodedFile(target, format, dtype, shard.documents, shard.bytes, shard.tokens, skipped)


@dataclass
class _File:
    """What `Run` is for a folder: there is one shard, and it is the file."""

    path: Path
    settings: dict[str, Any]
    dtype: np.dtype[Any]
    skipped: dict[Position, Skipped] = field(default_factory=dict)
    ended: list[Ended] = field(default_factory=list)
    written: list[Shard] = field(default_factory=list)

    names = ("train",)
    usages = ()
    before = (0, 0)
    start = Position(0, 0)
    nexts = (Position(0, 0),)

    def writer(self, split: int) -> ShardWriter:
        """The writer of the file. Raises `OSError`."""
        assert split == 0
        files = (self.path.name,)
        return writers.writer_for(self.settings["format"], self.path.parent, self.path.name, self.dtype, files)

    def skip(self, skipped: Iterable[Skipped]) -> None:
        """Take note of documents that were passed over."""
        gather(self.skipped, skipped)

    def note(self, split: int, shard: Shard, after: Position) -> None:
        """The file is complete."""
        assert split == 0
        assert after >= self.start
        self.written.append(shard)

    def complete(self) -> Shard:
        """What was written. Where there was no document, that is a file without any."""
        if not self.written:
            with self.writer(0) as writer:
                self.written.append(Shard(0, 0, 0, writer.commit()))
        return self.written[0]
