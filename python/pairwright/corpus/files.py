"""Documents of files."""

from __future__ import annotations

import itertools
from contextlib import closing, contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypedDict, get_args

from pairwright import arguments
from pairwright._core import refuse_foreign
from pairwright.corpus.blocks import SIZE, Block, Ended, Position, Skipped, read_blocks
from pairwright.corpus.finding import Format, Origin, find, flat, standard_input
from pairwright.corpus.framing import Framing
from pairwright.corpus.naming import DEFAULT, Name, Names, named
from pairwright.corpus.skipping import HINT, tell
from pairwright.errors import DocumentError
from pairwright.libraries import pyarrow

if TYPE_CHECKING:
    import os
    from collections.abc import Generator, Iterable, Iterator, Sequence

    from pairwright._core import Counts
    from pairwright.aliases import Report
    from pairwright.corpus.counting import Counting, Description

READ_BY_CORE = ("text", "jsonl", "json", "csv", "tsv")

BEGINNING: Position = Position(0, 0)


class Options(TypedDict, total=False):
    """How files are read; see `Corpus`."""

    lines: bool
    separator: str | bytes | None
    text_field: Name
    text_column: Name
    format: Format | None
    on_error: Literal["stop", "skip"]


@dataclass(frozen=True, init=False)
class Corpus:
    """The documents of files: plain text, JSON, CSV, all of these also compressed, parquet and Arrow.

    What a file holds is told by its name: `.jsonl` (also `.ndjson`, `.jsonlines`), `.json`, `.csv`, `.tsv` (`.tab`),
    `.parquet` (`.pq`), `.arrow` (`.feather`, `.ipc`; files and streams); all else is text. All but the last two may be
    compressed: `.gz`, `.zst`, `.bz2`, `.xz`, `.lzma`, or any name, for all but the last are known by their first bytes.
    A UTF-8 byte order mark at the start of a file is no part of its text.

    A file whose first bytes tell that it is not text (an archive, an image, a model, UTF-16, whatever has bytes that
    are 0) is refused. In a folder, and by a pattern, it is passed over with a `SkippedWarning`. So are there token
    folders and other files that pairwright wrote, `.json` files without documents, and links that lead nowhere.

    `pairwright.train`, `pairwright.count` and `pairwright.encode_corpus` take it; iterating gives the documents as
    `bytes`. Nothing is held but what is worked on.

    Args:
        paths: Files; folders, which mean all files in them and below, but for names that begin with a dot; patterns
            such as `data/**/*.jsonl.gz`; lists and other iterables of these. "-" is standard input.
        lines: In text, every line is a document, without the line feed that ends it, nor a carriage return just before
            that. Otherwise a file is one.
        separator: In text, documents are what is between these.
        text_field: In JSON, the field that has the text. A `.jsonl` file has an object in each line, and empty lines
            are passed over; a `.json` file may also be an array of objects or strings, or an object with one list.
            A field within others is named by its path, as in `data.text`; `*` stands for every element of a list, as in
            `messages.*.content`, and what they have is one document, with a line feed between each two. Elements
            without the field, or with null there, are passed over; a list without any text is no document, and told
            of in a `SkippedWarning`. A field that is called so, dots and all, goes first. A dict gives inputs, files
            in them, or patterns that files fit, a field each; `None` in it stands for all others:
            `{"chats.jsonl": "messages.*.content", None: "text"}`.
        text_column: In CSV, TSV, parquet and Arrow files, the column that has the text, or a dict of columns as for
            `text_field`. CSV begins with the names of the columns. In parquet and Arrow it may be a path into structs
            and lists, as in JSON: `meta.text`.
        format: "text", "jsonl", "json", "csv", "tsv", "parquet" or "arrow", whatever the names of the files say. "text"
            takes any file as it is; only what is compressed by its name is unpacked.
        on_error: "stop" raises an error for the first document that cannot be read. "skip" passes over it: over a line
            or a row; over a file that is missing, or does not hold what it should; over the rest of one that is
            damaged. Documents of which a part was read are left out, and to be able to do so, counting holds each of
            them as a whole. What was changed in a compressed file may show at its end alone, when what came of it was
            given. That nothing at all can be read is an error all the same.

    Raises:
        FileNotFoundError: A folder or pattern has no files, or a path is a URL. That a named file is missing shows
            when it is read.
        DocumentError: A folder is one of token files.
        TypeError: What is given is no path, nor an iterable of paths.
        ValueError: There are no paths, `lines` and `separator` are both given, the separator is empty, an option has
            none of its values, a dict of fields or columns names what is no input, only one of `text_field` and
            `text_column` is given and no input can have it, or `separator` is given and no input is text.

    """

    origins: tuple[Origin, ...]
    framing: Framing
    skips: bool

    def __init__(
        self,
        *paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
        lines: bool = False,
        separator: str | bytes | None = None,
        text_field: Name = DEFAULT,
        text_column: Name = DEFAULT,
        format: Format | None = None,
        on_error: Literal["stop", "skip"] = "stop",
    ) -> None:
        lines = arguments.flag("lines", lines)
        if lines and separator is not None:
            raise ValueError("lines and separator do not go together: leave one of them out")
        if isinstance(separator, str):
            separator = separator.encode(errors="surrogateescape")
        if separator == b"":
            raise ValueError("separator is empty: give the characters that stand between two documents")
        if separator is not None and not isinstance(separator, bytes):
            raise TypeError(f"separator must be a str or bytes, not {arguments.shown(separator)}")
        arguments.choice("on_error", on_error, ("stop", "skip"))
        if format is not None and format not in get_args(Format):
            raise ValueError(f"format={format!r}: must be one of {', '.join(get_args(Format))}")
        names = Names.of("text_field", text_field), Names.of("text_column", text_column)
        found = list(flat(paths))
        if not found:
            raise ValueError('there are no paths: name files, folders, patterns, or "-" for standard input')
        origins = named(find(found, format), *names)
        framing = Framing(lines, separator)
        framing.check(origins)
        values = {"origins": origins, "framing": framing, "skips": on_error == "skip"}
        for name, value in values.items():
            object.__setattr__(self, name, value)

    def __iter__(self) -> Iterator[bytes]:
        """Every document. Raises `OSError`, `DocumentError`; `ImportError` if a file needs pyarrow."""
        skipped: list[Skipped] = []
        read = 0
        with closing(self.blocks()) as blocks:
            for block in blocks:
                yield from map(block.text, range(block.length))
                read += block.length
                skipped += block.skipped
        tell(self, skipped, read=read)

    def place(self, skipped: Skipped) -> str:
        """Where a document or file is that cannot be read."""
        name = self.origins[skipped.at.file].name
        return f"{name}, {skipped.position}" if skipped.position else name

    def refused(self, at: Position, reason: str, hint: str | None = None) -> Skipped:
        """A document that was read, but cannot be used. Raises `DocumentError` if it is not to be passed over."""
        skipped = Skipped(at, self.framing.place(self.origins[at.file], at.document), reason)
        if not self.skips:
            raise DocumentError(f"{self.place(skipped)}: {reason}", hint=hint or HINT)
        return skipped

    def size(self, first: int = 0) -> int:
        """The bytes of all files on disk, from this one on, for the progress bar. What is no regular file counts 0."""
        return sum(origin.size() for origin in self.origins[first:])

    def check(self) -> None:
        """Raises `OSError` for the first file that is not there, `DocumentError` for the first that is not text.

        Not if such are passed over. Nobody wants to wait for hours to be told so.
        """
        if self.skips:
            return
        for origin in self.origins:
            if origin.path is not None and not origin.left_out:
                origin.path.stat()
        named = [origin for origin in self.origins if reader_of(origin) == "core" and origin.care == "refuse"]
        with advised():
            refuse_foreign([self.framing.given(origin) for origin in named])

    def prepare(self) -> None:
        """Import what reading the files needs, before other threads do anything. Raises `ImportError`."""
        if any(reader_of(origin) == "pyarrow" for origin in self.origins):
            pyarrow()
            import_module("pairwright.corpus.columns")

    def regular(self) -> Corpus:
        """Without what cannot be read twice, such as pipes."""
        regular = object.__new__(Corpus)
        files = [origin for origin in self.origins if origin.path is not None and not origin.left_out]
        origins = tuple(origin for origin in files if origin.path is not None and origin.path.is_file())
        for name, value in (("origins", origins), ("framing", self.framing), ("skips", self.skips)):
            object.__setattr__(regular, name, value)
        return regular

    def blocks(
        self,
        *,
        size: int = SIZE,
        cut_for: tuple[str, Sequence[str]] | None = None,
        start: Position = BEGINNING,
        end: int | None = None,
        refuses_empty: bool = False,
    ) -> Generator[Block, None, None]:
        """All documents from `start` on, up to the file with the number `end`; see `Block` and `read_blocks`.

        Raises `OSError` and `DocumentError`, unless the corpus passes over what cannot be read; `ImportError` if a file
        needs pyarrow.
        """
        self.check()
        yield from self._blocks(size, cut_for, start, end, refuses_empty=refuses_empty)

    def _blocks(
        self,
        size: int,
        cut_for: tuple[str, Sequence[str]] | None,
        start: Position,
        end: int | None,
        *,
        refuses_empty: bool,
    ) -> Generator[Block, None, None]:
        """As `blocks`, of files that were checked."""
        numbered = enumerate(self.origins[start.file : end], start.file)
        before = 0
        for reader, group in itertools.groupby(numbered, lambda each: reader_of(each[1])):
            files = list(group)
            first, origins = files[0][0], [origin for _, origin in files]
            begin = start if first == start.file else Position(first, 0)
            if reader == "none":
                blocks: Iterable[Block] = [left_out(first, origins, before)]
            elif reader == "core":
                blocks = read_blocks(
                    origins,
                    self.framing,
                    first=first,
                    start=begin,
                    size=size,
                    cut_for=cut_for,
                    skips=self.skips,
                    refuses_empty=refuses_empty,
                    read=before,
                )
            else:
                # Only who has such files needs pyarrow.
                from pairwright.corpus.columns import read_columns

                blocks = read_columns(
                    origins,
                    first=first,
                    start=begin,
                    size=size,
                    skips=self.skips,
                    read=before,
                )
            with advised():
                for block in blocks:
                    before = block.read
                    yield block

    def count(
        self, pattern: str, special_tokens: Sequence[str], counting: Counting, report: Report | None
    ) -> tuple[Counts, Description]:
        """Count every document; describe each file by its name, bytes and SHA-256."""
        self.check()
        counter = counting.counter(pattern, special_tokens)
        described: Description = []
        first = documents = 0
        skipped: list[Skipped] = []
        for reader, group in itertools.groupby(self.origins, reader_of):
            origins = tuple(group)
            if reader == "core":
                given = [self.framing.given(origin) for origin in origins]
                stream = standard_input(origins)
                with advised():
                    of_files, of_documents = counter.add_corpus(given, report, skips=self.skips, stream=stream)
                ended = [Ended(first + file, size, sha256, number) for file, size, sha256, number in of_files]
                skipped += [
                    Skipped(Position(first + file, document), position, reason, is_file, hint)
                    for file, document, is_file, position, reason, hint in of_documents
                ]
            else:
                ended = []
                for block in self._blocks(SIZE, None, Position(first, 0), first + len(origins), refuses_empty=False):
                    counter.add(block.texts, report)
                    ended += block.ended
                    skipped += block.skipped
            for file in ended:
                documents += file.documents
                if not (file.sha256 or file.documents):
                    # Nothing of it was learned.
                    continue
                origin = origins[file.file - first]
                of_one: dict[str, str | int] = {
                    "name": Path(origin.name).name,
                    "bytes": file.bytes,
                    "sha256": file.sha256,
                }
                is_one = origin.format == "text" and not self.framing.cuts
                described.append(of_one if is_one else of_one | {"documents": file.documents})
            first += len(origins)
        tell(self, skipped, read=documents - sum(not each.is_file for each in skipped))
        return counter.finish(report), described


def reader_of(origin: Origin) -> Literal["core", "pyarrow", "none"]:
    """What reads a file."""
    if origin.left_out:
        return "none"
    return "core" if origin.format in READ_BY_CORE else "pyarrow"


def left_out(first: int, origins: Sequence[Origin], read: int) -> Block:
    """Tells of files with the numbers from `first` on that are passed over without a look into them."""
    skipped = [
        Skipped(Position(number, 0), "", origin.left_out, is_file=True, hint=origin.hint)
        for number, origin in enumerate(origins, first)
    ]
    ended = [Ended(each.at.file, 0, "", 0) for each in skipped]
    return Block([], 0, [], read, skipped=skipped, ended=ended)


@contextmanager
def advised() -> Iterator[None]:
    """A `DocumentError` tells what to do about it."""
    try:
        yield
    except DocumentError as error:
        error.hint = f"{error.hint}; {HINT}" if error.hint else HINT
        raise
