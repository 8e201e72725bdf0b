"""A column of parquet and Arrow files, through pyarrow: every row is a document."""

from __future__ import annotations

import functools
import hashlib
import mmap
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from pairwright.corpus.ahead import Ahead
from pairwright.corpus.blocks import Block, Ended, Position, Skipped
from pairwright.corpus.nesting import Column, NoTextError, text_columns
from pairwright.errors import DocumentError
from pairwright.libraries import opened, pyarrow

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Mapping, Sequence

    from pairwright.corpus.finding import Origin

# Rows of parquet that are decoded at a time, at most: those of a column of short texts would be too many otherwise.
ROWS = 1 << 16

# Bytes of a dictionary's texts that are written out at a time, at most, however often a file refers to the same one.
MOST_DECODED = 256 << 20

# Bytes that are read from a file at a time.
BUFFER = 1 << 20

MAGIC = b"ARROW1"

# What the text of a message or of a part of one is called.
OF_MESSAGES = ("content", "text", "value")

# The column of ids that `encode` writes.
IDS = "tokens"

# Bytes of text that come from a mapped file before its pages are let go of.
FORGET = 64 << 20

# Objects of pyarrow, which comes without types.
Library: TypeAlias = Any
Texts: TypeAlias = Any
Source: TypeAlias = Any
ParquetFile: TypeAlias = Any
Schema: TypeAlias = Any

# The size of a file and the time of its last change.
State: TypeAlias = "tuple[int, int]"


class FileError(Exception):
    """A file, or the rest of it, cannot be read, for a reason. `position` is where, if not behind the rows before."""

    def __init__(
        self, reason: str, position: str | None = None, hint: str | None = None, *, is_left: bool = False
    ) -> None:
        super().__init__(reason)
        self.position = position
        self.hint = hint
        self.is_left = is_left
        """Whether the file is passed over even if nothing else is: nobody named it, and there is no text in it."""


def read_columns(
    origins: Sequence[Origin],
    *,
    first: int,
    start: Position,
    size: int,
    skips: bool,
    read: int,
) -> Iterator[Block]:
    """The blocks of files with the numbers from `first` on, beginning at `start`; see `read_blocks`.

    Raises `DocumentError`, `OSError`; `ImportError` if there is no pyarrow.
    """
    pyarrow()
    reading = _Reading(size, skips, read)
    numbered = enumerate(origins, first)
    files = (reading.file(number, origin, start) for number, origin in numbered)
    with closing(Ahead(block for blocks in files for block in blocks)) as blocks:
        yield from blocks


def _parts(texts: Texts) -> Iterator[Texts]:
    """The rows of a dictionary, written out in parts that fit into memory for sure; anything else as it is."""
    pa = pyarrow()
    wanted = {pa.string(): pa.binary(), pa.binary(): pa.binary()}
    wanted |= {pa.large_string(): pa.large_binary(), pa.large_binary(): pa.large_binary()}
    if not pa.types.is_dictionary(texts.type) or texts.type.value_type not in wanted:
        yield texts
        return
    # As bytes, for strings need not be UTF-8.
    dictionary = texts.dictionary.cast(wanted[texts.type.value_type])
    dictionary.validate(full=True)
    longest = pa.compute.max(pa.compute.binary_length(dictionary)).as_py() or 1
    rows = max(MOST_DECODED // longest, 1)
    for begin in range(0, len(texts), rows):
        # This compares the indices with the dictionary, which they must not lead out of.
        yield pa.DictionaryArray.from_arrays(texts.indices[begin : begin + rows], dictionary).dictionary_decode()


class _Reading:
    def __init__(self, size: int, skips: bool, read: int) -> None:
        self.column = ""
        """That of the file at hand."""
        self.is_named = True
        """Whether the file at hand was named, and not found in a folder."""
        self.size = size
        self.skips = skips
        self.read = read
        self.taken = 0
        """Bytes of text so far."""

    def file(self, number: int, origin: Origin, start: Position) -> Iterator[Block]:
        """The blocks of one file; the last tells that it ended."""
        if origin.path is None:
            raise ValueError(f"{origin.format} cannot be read from standard input; name a file")
        self.column, self.is_named = origin.text, origin.care != "pass"
        row = start.document if number == start.file else 0
        skipped: list[Skipped] = []
        before, size, sha256 = self.read, 0, ""
        try:
            was = _state(origin.path)
            size = was[0]
            for block, rows in self._blocks(origin, was, Position(number, row)):
                row += rows
                yield block
            sha256 = _sha256(origin.path)
            _check_unchanged(origin.path, was)
        except (FileError, OSError) as error:
            skipped.append(self._passed_over(origin, Position(number, row), error))
            with suppress(OSError):
                sha256 = _sha256(origin.path)
        self.read = before + size
        ended = Ended(number, size, sha256, row)
        yield Block([], 0, [], self.read, skipped=skipped, ended=[ended])

    def _blocks(self, origin: Origin, was: State, at: Position) -> Iterator[tuple[Block, int]]:
        """The rows of a file from one on, with their number."""
        assert origin.path is not None
        before, size = self.read, was[0]
        if size == 0:
            raise FileError("it is empty")
        # pyarrow would say at length that it may not read it.
        origin.path.open("rb").close()
        for texts, empties, share in self._rows(origin, at.document):
            _check_unchanged(origin.path, was)
            self.read = before + int(size * share)
            nulls, rows = _nulls(texts, empties), len(texts)
            failed = None if self.skips else next((index for index, is_empty in nulls.items() if not is_empty), None)
            if failed is not None:
                # What comes before is there to be used.
                texts, rows = texts[:failed], failed
                nulls = {index: is_empty for index, is_empty in nulls.items() if index < failed}
            yield self._block(texts, at, nulls), rows
            at = Position(at.file, at.document + rows)
            if failed is not None:
                raise FileError(self._null, f"row {at.document}")

    def _passed_over(self, origin: Origin, at: Position, error: FileError | OSError) -> Skipped:
        """What is to be said of the rest of a file. Raises the error if the rest is not to be passed over."""
        position = getattr(error, "position", None) or (f"after {at.document} rows" if at.document else "")
        if isinstance(error, OSError):
            if error.filename is None:
                error.filename = str(origin.path)
            if not self.skips:
                raise error
            return Skipped(at, position, error.strerror or str(error), is_file=True)
        if not self.skips and not error.is_left:
            where = f"{origin.name}, {position}" if position else origin.name
            raise DocumentError(f"{where}: {error}", hint=error.hint) from error
        return Skipped(at, position, str(error), is_file=True, hint=error.hint)

    def _block(self, texts: Texts, at: Position, nulls: Mapping[int, bool]) -> Block:
        """Rows from a place on without those that are null, behind which documents are not those that follow."""
        runs, skipped = [], []
        follows = 0
        for number, index in enumerate([*nulls, len(texts)]):
            if index > follows:
                runs.append((follows - number, Position(at.file, at.document + follows)))
            if index < len(texts):
                place = Position(at.file, at.document + index)
                reason = f"there is no text in the column {self.column!r}" if nulls[index] else self._null
                skipped.append(Skipped(place, f"row {place.document}", reason))
            follows = index + 1
        texts = texts.drop_null() if nulls else texts
        return Block(texts, len(texts), runs, self.read, skipped=skipped)

    @property
    def _null(self) -> str:
        return f"the column {self.column!r} is null"

    def _rows(self, origin: Origin, row: int) -> Iterator[tuple[Texts, Texts, float]]:
        """The column from a row on: some rows, which of them are lists of no texts, and how much of the file has then
        been read.
        """
        assert origin.path is not None
        pa = pyarrow()
        try:
            rows = self._of_parquet if origin.format == "parquet" else self._of_arrow
            # What comes of lists is no dictionary, and so in one part.
            found = rows(origin.path, row)
            parts = ((part, empties, share) for texts, empties, share in found for part in _parts(texts))
            for given, empties, share in parts:
                texts = self._checked(given)
                # What is long is cut, without a copy.
                step = max(1, len(texts) * self.size // max(texts.nbytes, 1))
                for begin in range(0, len(texts), step):
                    part = texts[begin : begin + step]
                    self.taken += part.nbytes
                    yield part, None if empties is None else empties[begin : begin + step], share
        except MemoryError:
            # pyarrow's own is also one of the next.
            raise
        except (pa.ArrowException, UnicodeDecodeError) as error:
            raise FileError(f"the {origin.format} data are damaged: {error}") from error
        except OSError as error:
            # Damage to parquet files is told so, too, but without a number of the system.
            if error.errno is not None:
                raise
            raise FileError(f"the {origin.format} data are damaged: {error}") from error

    def _of_parquet(self, path: os.PathLike[str], row: int) -> Iterator[tuple[Texts, Texts, float]]:
        # Page by page: a group of rows may have gigabytes.
        with opened(Path(path)) as source:
            file, column = self._open_parquet(source)
            groups = [file.metadata.row_group(number).num_rows for number in range(file.num_row_groups)]
            total = max(sum(groups), 1)
            first, before = 0, 0
            while first < len(groups) and before + groups[first] <= row:
                before += groups[first]
                first += 1
            numbers = list(range(first, len(groups)))
            # Small groups are read together; but if damage is passed over, what is lost is not to depend on the first.
            together = [[number] for number in numbers] if self.skips else [numbers]
            at_once = self._rows_at_once(file, column)
            for groups in together:
                for batch in file.iter_batches(at_once, groups, [column.in_parquet], use_threads=False):
                    rows = len(batch)
                    wanted = batch.column(column.parts[0])[max(row - before, 0) :]
                    texts = column.texts(wanted)
                    yield texts, column.empties(wanted, texts), (before + rows) / total
                    before += rows

    def _open_parquet(self, source: Source) -> tuple[ParquetFile, Column]:
        """A file whose column comes as a dictionary: a small file may hold a long text once, and refer to it often."""
        open_file = functools.partial(pyarrow().parquet.ParquetFile, source, buffer_size=BUFFER, pre_buffer=False)
        file = open_file()
        column = self._found(file.schema_arrow)
        if len(column.parts) > 1:
            # pyarrow reads no dictionaries within structs and lists.
            return file, column
        return open_file(metadata=file.metadata, read_dictionary=[column.parts[0]]), column

    def _rows_at_once(self, file: ParquetFile, column: Column) -> int:
        """How many rows have about as many bytes as a block."""
        if not file.num_row_groups or not file.metadata.num_rows:
            return 1
        leaves = [file.schema.column(number).path for number in range(len(file.schema))]
        wanted = [number for number, leaf in enumerate(leaves) if column.has_leaf(leaf)]
        # Of a damaged file pyarrow says so here. Asked for the size first it ends the process.
        next(file.iter_batches(1, row_groups=[0], columns=[column.in_parquet], use_threads=False), None)
        group = file.metadata.row_group(0)
        size = sum(group.column(number).total_uncompressed_size for number in wanted)
        each = max(size // max(group.num_rows, 1), 1)
        return int(min(max(self.size // each, 1), ROWS))

    def _of_arrow(self, path: os.PathLike[str], row: int) -> Iterator[tuple[Texts, Texts, float]]:
        pa = pyarrow()
        with Path(path).open("rb") as file:
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        source = pa.BufferReader(pa.py_buffer(mapped))
        is_file = mapped[: len(MAGIC)] == MAGIC
        reader = pa.ipc.open_file(source) if is_file else pa.ipc.open_stream(source)
        column = self._found(reader.schema)
        count = reader.num_record_batches if is_file else None
        batches = (reader.get_batch(number) for number in range(count)) if count is not None else iter(reader)
        before = forgotten = 0
        for number, batch in enumerate(batches, 1):
            rows = batch.column(column.parts[0])
            share = number / count if count is not None else source.tell() / len(mapped)
            for begin in range(max(row - before, 0), len(rows), ROWS):
                wanted = rows[begin : begin + ROWS]
                texts = column.texts(wanted)
                yield texts, column.empties(wanted, texts), share
                forgotten = self._forget(mapped, forgotten)
            before += len(rows)

    def _forget(self, mapped: mmap.mmap, forgotten: int) -> int:
        """Let go of pages of a file, so that not all of it counts as memory of this process in the end.

        What is still in use comes back from the system's cache. Gives what had been read then.
        """
        if self.taken - forgotten < FORGET or not hasattr(mapped, "madvise"):
            return forgotten
        mapped.madvise(mmap.MADV_DONTNEED)
        return self.taken

    def _found(self, schema: Schema) -> Column:
        """The column in a file. Raises `FileError` if there is none that has texts."""
        try:
            return Column.of(schema, self.column)
        except NoTextError as error:
            if not self.is_named and _has_ids(schema):
                raise FileError("it has token ids, not text", is_left=True) from error
            raise FileError(str(error), hint=_another(schema, self.column)) from error

    def _checked(self, texts: Texts) -> Texts:
        """The bytes of a column of text. What is damaged in a file could lead anywhere, so it is looked for first."""
        pa = pyarrow()
        kind = texts.type.value_type if pa.types.is_dictionary(texts.type) else texts.type
        if kind in (pa.string(), pa.binary()):
            wanted = pa.binary()
        elif kind in (pa.large_string(), pa.large_binary(), pa.string_view(), pa.binary_view()):
            wanted = pa.large_binary()
        else:
            raise FileError(f"the column {self.column!r} is {texts.type}, not text")
        if kind != texts.type or kind in (pa.string_view(), pa.binary_view()):
            texts.validate(full=True)
        # Without a copy, and before it is looked at, for strings need not be UTF-8.
        texts = texts.cast(wanted)
        texts.validate(full=True)
        return texts


def _another(schema: Schema, wanted: str) -> str | None:
    """The hint to read a column that has texts, at best one within that which was asked for."""

    def distance(name: str) -> tuple[bool, bool]:
        return not name.startswith(f"{wanted}."), name.rpartition(".")[2] not in OF_MESSAGES

    names = [name for name in text_columns(schema) if name != wanted]
    is_within = any(name.startswith(f"{wanted}.") for name in names)
    name = min(names, key=distance) if is_within else next(iter(names), None)
    return None if name is None else f'text_column="{name}" reads another column'


def _has_ids(schema: Schema) -> bool:
    """Whether a file has the column that `encode` writes, and no other."""
    if schema.names != [IDS]:
        return False
    types, kind = pyarrow().types, schema.field(0).type
    return bool(types.is_large_list(kind) and types.is_uint32(kind.value_type))


def _sha256(path: os.PathLike[str]) -> str:
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _nulls(texts: Texts, empties: Texts) -> dict[int, bool]:
    """The rows that are null, and whether each of them is a list of no texts."""
    if not texts.null_count:
        return {}
    nulls = [index for index, is_null in enumerate(texts.is_null().to_pylist()) if is_null]
    return {index: empties is not None and bool(empties[index].as_py()) for index in nulls}


def _state(path: Path) -> State:
    found = path.stat()
    return found.st_size, found.st_mtime_ns


def _check_unchanged(path: Path, was: State) -> None:
    if _state(path) != was:
        raise FileError("it was written to while it was read")
