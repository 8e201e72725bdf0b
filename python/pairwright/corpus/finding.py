"""Paths, folders and patterns → files, and what each of them holds by its name."""

from __future__ import annotations

import errno
import glob
import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from pairwright import arguments
from pairwright.filenames import shown

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

Format: TypeAlias = Literal["text", "jsonl", "json", "csv", "tsv", "parquet", "arrow"]

Care: TypeAlias = Literal["take", "refuse", "pass"]
"""What becomes of a file that is not text by its first bytes: it is read as it is, refused, or passed over."""

FORMATS: dict[str, Format] = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".jsonlines": "jsonl",
    ".json": "json",
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".arrow": "arrow",
    ".feather": "arrow",
    ".ipc": "arrow",
}

PACKINGS = {
    ".gz": "gzip",
    ".gzip": "gzip",
    ".zst": "zstd",
    ".zstd": "zstd",
    ".bz2": "bzip2",
    ".bzip2": "bzip2",
    ".xz": "xz",
}

STANDARD = "-"
"""The path that means standard input."""

NAME = "standard input"


@dataclass(frozen=True)
class Origin:
    """A file, and what it holds. Without a path it is standard input."""

    path: Path | None
    format: Format
    packing: str = ""
    """How it is compressed by its name: "gzip", "zstd", "bzip2", "xz" or not at all."""
    care: Care = "refuse"
    text: str = ""
    """The field of its objects, or the column of its table, that has the text."""
    given: str = field(default="", compare=False)
    """The input that it was found for, as it was named."""

    @property
    def name(self) -> str:
        """What it is called in messages and manifests."""
        return NAME if self.path is None else shown(self.path)

    def size(self) -> int:
        """Its bytes on disk. What is no regular file counts 0."""
        return self.path.stat().st_size if self.path is not None and self.path.is_file() else 0


def standard_input(origins: Iterable[Origin]) -> BinaryIO | None:
    """What the core is to read instead of standard input, if one of the files is that and Python has another.

    Raises `OSError` if there is none: it may have been closed before the start.
    """
    if all(origin.path is not None for origin in origins):
        return None
    if sys.stdin is None:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF), NAME)
    try:
        sys.stdin.fileno()
    except (OSError, AttributeError):
        return sys.stdin.buffer
    return None


def is_one_of(target: str | os.PathLike[str], paths: Iterable[str | os.PathLike[str] | None]) -> bool:
    """Whether a file is one of these, under whatever name; `None` is standard input. What would write it loses it."""
    if not Path(target).is_file():
        return False
    return any(path is not None and Path(path).is_file() and Path(target).samefile(path) for path in paths)


def in_order(items: Iterable[Any]) -> list[Any]:
    """Strings, bytes and paths of a set in one order: that of their bytes."""
    try:
        return sorted(items, key=os.fsencode)
    except UnicodeEncodeError:
        # Half of a surrogate pair, in a text.
        return sorted(items, key=repr)


def flat(paths: Iterable[object]) -> Iterator[str | os.PathLike[str]]:
    """Paths, of which some may come in lists or other iterables. Raises `TypeError` for what is no path."""
    for each in paths:
        if isinstance(each, str | os.PathLike):
            yield each
        elif isinstance(each, bytes):
            yield os.fsdecode(each)
        elif isinstance(each, Iterable) and not isinstance(each, Mapping):
            for path in in_order(each) if isinstance(each, set | frozenset) else each:
                if not isinstance(path, str | bytes | os.PathLike):
                    raise TypeError(f"a Corpus takes paths and lists of paths: found {type(path).__name__} in a list")
                yield os.fsdecode(path) if isinstance(path, bytes) else path
        else:
            raise TypeError(f"a Corpus takes paths and lists of paths, not {type(each).__name__}")


def find(paths: Iterable[str | os.PathLike[str]], format: Format | None) -> tuple[Origin, ...]:
    """The files that paths mean, in their order.

    A folder means all files in it and below, in the order of their names, without those whose name, or that of a
    folder on the way, begins with a dot. What names no file but has one of the characters *, ? and [ is a pattern (`**`
    means any folders), and means the files that it fits, in the order of their names. Raises `FileNotFoundError` if
    nothing is found.
    """
    origins = []
    for path in paths:
        given = arguments.named_path("a path", path)
        if given == STANDARD:
            care: Care = "take" if format == "text" else "refuse"
            origins.append(Origin(None, format or "text", care=care, given=given))
        else:
            origins += [_origin(found, format, given) for found in _files(given)]
    return tuple(origins)


def _origin(path: Path, format: Format | None, given: str) -> Origin:
    packing = PACKINGS.get(path.suffix.lower(), "")
    name = path.stem if packing else path.name
    found = format or FORMATS.get(Path(name).suffix.lower(), "text")
    if packing and found in ("parquet", "arrow"):
        raise ValueError(f"{shown(path)}: a {found} file is compressed inside; unpack it first")
    # Nobody asked for the images in a folder of texts.
    care: Care = "take" if format == "text" else "refuse" if str(path) == str(Path(given)) else "pass"
    return Origin(path, found, packing, care, given=given)


def _files(given: str) -> Iterable[Path]:
    path = Path(given)
    if path.is_dir():
        return _some(sorted(_below(path)), given, "the folder has no files")
    if not path.exists() and any(char in given for char in "*?["):
        found = sorted(glob.glob(given, recursive=True))  # noqa: PTH207  it takes absolute patterns, too
        return _some([path for path in map(Path, found) if _may_be_read(path)], given, "no file fits this pattern")
    # Whether it is there is found out when it is read, and then told as for any other file.
    return [path]


def _below(folder: Path) -> Iterator[Path]:
    def fail(error: OSError) -> None:
        # os.walk passes over folders that it cannot read, unless told otherwise.
        raise error

    for parent, folders, files in os.walk(folder, onerror=fail):
        folders[:] = [each for each in folders if not each.startswith(".")]
        paths = (Path(parent, file) for file in files if not file.startswith("."))
        yield from filter(_may_be_read, paths)


def _may_be_read(path: Path) -> bool:
    """Whether something that nobody named is a file. A pipe could be waited for for ever; a link that leads nowhere is
    told as a file that is missing.
    """
    return path.is_file() or (path.is_symlink() and not path.exists())


def _some(files: list[Path], given: str, otherwise: str) -> list[Path]:
    if not files:
        raise FileNotFoundError(errno.ENOENT, otherwise, given)
    return files
