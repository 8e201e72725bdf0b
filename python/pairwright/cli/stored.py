"""Files of ids in the formats that `pairwright encode --out` writes, as `pairwright decode` reads them."""

import json
import shlex
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from pairwright import filenames
from pairwright.cli.console import CommandError, UsageError
from pairwright.libraries import opened
from pairwright.npy import array_of
from pairwright.tokens.arrow import COLUMN, Lists, lists_of, reading
from pairwright.tokens.manifest import MANIFEST
from pairwright.tokens.mapped import memory
from pairwright.tokens.run import dtype_of
from pairwright.tokens.writers import FORMAT_OF

Ids: TypeAlias = npt.NDArray[Any]
Kind: TypeAlias = Literal["bin", "npy", "parquet", "arrow", "jsonl"]
Dtype: TypeAlias = Literal["uint16", "uint32"]

# So many ids of a file without documents are decoded at a time.
SLICE = 1 << 20

# The first bytes of files that tell their format themselves.
MAGICS: tuple[tuple[bytes, Kind], ...] = ((b"\x93NUMPY", "npy"), (b"PAR1", "parquet"), (b"ARROW1", "arrow"))


@dataclass
class StoredIds(ABC):
    """A file of ids. `vocab_size` is that of the model that decodes it."""

    path: Path
    vocab_size: int

    @property
    def name(self) -> str:
        """What messages call it."""
        return filenames.shown(self.path)

    @abstractmethod
    def documents(self) -> Iterator[tuple[str, Ids]]:
        """The ids of each document, with what a message calls it. Raises `OSError`, `PairwrightError`."""


class FlatIds(StoredIds):
    """One array of ids, in which nothing tells where documents end."""

    @abstractmethod
    def array(self) -> Ids:
        """All ids, mapped into memory."""

    def documents(self) -> Iterator[tuple[str, Ids]]:
        """The whole file is one."""
        yield self.name, self.array()


@dataclass
class RawIds(FlatIds):
    """Integers and nothing else."""

    dtype: Dtype | None = None

    def array(self) -> Ids:
        """See the base class. Raises `CommandError` if the type of the ids cannot be right."""
        content = memory(self.path)
        given = self.dtype or recorded_dtype(self.path)
        dtype = np.dtype(given).newbyteorder("<") if given else dtype_of(self.vocab_size)
        if len(content) % dtype.itemsize:
            source = "--dtype" if self.dtype else "its manifest" if given else f"a vocab of {self.vocab_size:,} ids"
            raise CommandError(
                f"{self.name}: {len(content):,} bytes are not whole ids of {dtype.itemsize} bytes each "
                f"({dtype.name}, by {source})",
                hint="the file is cut short or not a file of ids; name another type of ids with --dtype",
            )
        ids = np.frombuffer(content, dtype)
        if given is None and dtype.itemsize == 2 and looks_wider(ids):
            raise CommandError(
                f"{self.name}: read as uint16, every second id is 0, as in a file of uint32",
                hint="say which it is: --dtype uint32 or --dtype uint16",
            )
        return ids


class NumpyIds(FlatIds):
    """An array of numpy."""

    def array(self) -> Ids:
        """See the base class. Raises `CommandError` for an array of something else."""
        try:
            ids: Ids = array_of(self.path, mapped=True)
        except ValueError as error:
            raise CommandError(f"{self.name}: damaged, or no file of numpy ({error})") from error
        if ids.ndim != 1 or ids.dtype.kind not in "iu":
            raise CommandError(
                f"{self.name}: an array of {ids.dtype.name} with {ids.ndim} dimensions; ids are one row of integers"
            )
        return np.asarray(ids)


@dataclass
class TableIds(StoredIds):
    """A row for each document, in parquet or Arrow."""

    kind: Kind = "parquet"

    def documents(self) -> Iterator[tuple[str, Ids]]:
        """See the base class."""
        number = 0
        for lists in self._batches():
            for start, end in zip(lists.offsets[:-1].tolist(), lists.offsets[1:].tolist(), strict=True):
                yield f"{self.name}, document {number:,}", lists.values[start:end]
                number += 1

    def _batches(self) -> Iterator[Lists]:
        if self.kind == "arrow":
            yield from lists_of(self.path)
            return
        with reading(self.path) as arrow, opened(self.path) as source, arrow.parquet.ParquetFile(source) as file:
            if COLUMN not in file.schema_arrow.names:
                there_are = ", ".join(file.schema_arrow.names) or "none"
                raise CommandError(f"{self.name}: there is no column {COLUMN!r} of ids; there are: {there_are}")
            for batch in file.iter_batches(columns=[COLUMN]):
                yield Lists(batch, self.path)


class JsonIds(StoredIds):
    """A line of JSON for each document."""

    def documents(self) -> Iterator[tuple[str, Ids]]:
        """See the base class."""
        number = 0
        with self.path.open("rb") as file:
            for at, line in enumerate(file, 1):
                if line.isspace():
                    continue
                yield f"{self.name}, document {number:,}", self._ids(line, at)
                number += 1

    def _ids(self, line: bytes, at: int) -> Ids:
        try:
            parsed = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise CommandError(f"{self.name}, line {at:,}: no JSON ({error})") from error
        ids = parsed.get(COLUMN) if isinstance(parsed, dict) else None
        if not isinstance(ids, list) or not all(type(each) is int for each in ids):
            raise CommandError(
                f'{self.name}, line {at:,}: there is no list of ids "{COLUMN}"',
                hint='encode writes {"tokens": [1, 2, 3]} for each document',
            )
        try:
            return np.array(ids, np.int64)
        except OverflowError as error:
            raise CommandError(f"{self.name}, line {at:,}: {max(ids, key=abs)} is no token id") from error


def open_stored(name: str, vocab_size: int, dtype: Dtype | None) -> StoredIds | None:
    """A file of ids in one of the formats; `None` for ids as text. Raises `OSError`, `UsageError`."""
    path = Path(name)
    if path.name.endswith((".offsets", ".offsets.npy")):
        raise UsageError(
            f"{name} holds the places where documents begin, no ids",
            hint="decode the file of ids beside it, or the whole folder: "
            f"pairwright decode {shlex.quote(str(path.parent))}",
        )
    kind = kind_of_stored(path)
    if dtype is not None and kind not in (None, "bin"):
        raise UsageError(f"--dtype goes with files of nothing but ids; {name} is {kind}", hint="leave --dtype out")
    if dtype is not None or kind == "bin":
        return RawIds(path, vocab_size, dtype)
    if kind == "npy":
        return NumpyIds(path, vocab_size)
    if kind in ("parquet", "arrow"):
        return TableIds(path, vocab_size, kind)
    return JsonIds(path, vocab_size) if kind == "jsonl" else None


def kind_of_stored(path: Path) -> Kind | None:
    """The format of a file of ids: by its first bytes if they tell, else by its name. Raises `OSError`."""
    if path.is_file():
        with path.open("rb") as file:
            start = file.read(8)
        found = next((kind for magic, kind in MAGICS if start.startswith(magic)), None)
        if found is not None:
            return found
    return FORMAT_OF.get(path.suffix.lower())


def recorded_dtype(path: Path) -> str | None:
    """The type of ids that the manifest of a token folder records for one of its shards."""
    try:
        manifest = json.loads((path.parent / MANIFEST).read_bytes())
        names = {file["name"] for split in manifest["splits"] for shard in split["shards"] for file in shard["files"]}
        dtype = manifest["settings"]["dtype"]
    except (OSError, ValueError, KeyError, TypeError):
        # There is no manifest, or one that tells nothing of this file.
        return None
    return dtype if path.name in names and dtype in ("uint16", "uint32") else None


def looks_wider(ids: Ids) -> bool:
    """Whether ids read as uint16 look like uint32: every second one is 0, and not all the others are."""
    head = ids[: SLICE // 2 * 2]
    return len(ids) >= 2 and len(ids) % 2 == 0 and not head[1::2].any() and bool(head[::2].any())
