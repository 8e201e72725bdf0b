"""Paths, folders and patterns → files, and what each of them holds by its name."""

from __future__ import annotations

import errno
import glob
import os
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from pairwright import _core, arguments
from pairwright.errors import DocumentError
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
    ".lzma": "lzma",
}

STANDARD = "-"
"""The path that means standard input."""

UNPACK = "unpack it first"

TOKENS = 'open_tokens reads it; format="text" takes the files in it as they are'

NAME = "standard input"

URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")

# One of these is in a folder that `encode_corpus` wrote.
RECORDS = {"manifest.json", "progress.json"}


@dataclass(frozen=True)
class Origin:
    """A file, and what it holds. Without a path it is standard input."""

    path: Path | None
    format: Format
    packing: str = ""
    """How it is compressed by its name: "gzip", "zstd", "bzip2", "xz", "lzma" or not at all."""
    care: Care = "refuse"
    text: str = ""
    """The field of its objects, or the column of its table, that has the text."""
    given: str = field(default="", compare=False)
    """The input that it was found for, as it was named."""
    left_out: str = ""
    """Why it is passed over without a look into it: it was found in a folder, or by a pattern, and is no text."""
    hint: str | None = field(default=None, compare=False)
    """What to do about that."""

    @property
    def name(self) -> str:
        """What it is called in messages and manifests."""
        return NAME if self.path is None else shown(self.path)

    def size(self) -> int:
        """Its bytes on disk. What is no regular file counts 0."""
        is_read = self.path is not None and not self.left_out and self.path.is_file()
        return self.path.stat().st_size if is_read and self.path is not None else 0


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
                found = value_of(path)
                if not isinstance(found, str | bytes | os.PathLike):
                    raise TypeError(f"a Corpus takes paths and lists of paths: found {type(path).__name__} in a list")
                yield os.fsdecode(found) if isinstance(found, bytes) else found
        else:
            raise TypeError(f"a Corpus takes paths and lists of paths, not {type(each).__name__}")


def value_of(item: object) -> object:
    """What an item of a column is: numpy and libraries of Arrow have types of their own for strings."""
    if isinstance(item, str):
        return str(item)
    return item.as_py() if hasattr(item, "as_py") else item


def find(paths: Iterable[str | os.PathLike[str]], format: Format | None) -> tuple[Origin, ...]:
    """The files that paths mean, in their order.

    A folder means all files in it and below, in the order of their names, without those whose name, or that of a
    folder on the way, begins with a dot. What names no file but has one of the characters *, ? and [ is a pattern (`**`
    means any folders), and means the files that it fits, in the order of their names. What is found so and cannot be
    text, such as a folder of token files, is left out, and there to be told of. Raises `FileNotFoundError` if nothing
    is found, `DocumentError` for a folder of token files.
    """
    origins = []
    for path in paths:
        given = arguments.named_path("a path", path)
        if given == STANDARD:
            care: Care = "take" if format == "text" else "refuse"
            origins.append(Origin(None, format or "text", care=care, given=given))
        else:
            origins += [_origin(found, format, given) for found in _files(given, is_text=format == "text")]
    return tuple(origins)


def _origin(path: Path, format: Format | None, given: str) -> Origin:
    packing = PACKINGS.get(path.suffix.lower(), "")
    name = path.stem if packing else path.name
    found = format or FORMATS.get(Path(name).suffix.lower(), "text")
    is_named = str(path) == str(Path(given))
    # Nobody asked for the images in a folder of texts.
    care: Care = "take" if format == "text" else "refuse" if is_named else "pass"
    origin = Origin(path, found, packing, care, given=given)
    reason, hint = "", None
    if packing and found in ("parquet", "arrow"):
        reason, hint = f"a {found} file is compressed inside", UNPACK
        if is_named:
            raise ValueError(f"{shown(path)}: {reason}; {hint}")
    elif not is_named and path.is_dir():
        reason, hint = "it is a folder of token files", TOKENS
    elif not is_named and path.is_symlink() and not path.exists():
        reason, hint = "it is a link that leads nowhere", None
    return replace(origin, format="text", packing="", left_out=reason, hint=hint) if reason else origin


def _files(given: str, *, is_text: bool) -> Iterable[Path]:
    path = Path(given)
    if URL.match(given) and not path.exists():
        raise FileNotFoundError(errno.ENOENT, "a URL is not read: download the file, and name it", given)
    if path.is_dir():
        if not is_text and _has_tokens(path, (each.name for each in path.iterdir())):
            raise DocumentError(f"{shown(path)}: it is a folder of token files, not text", hint=TOKENS)
        return _some(sorted(_below(path, is_text=is_text)), given, "the folder has no files")
    if not path.exists() and any(char in given for char in "*?["):
        found = sorted(glob.glob(given, recursive=True))  # noqa: PTH207  it takes absolute patterns, too
        return _some([path for path in map(Path, found) if _may_be_read(path)], given, "no file fits this pattern")
    # Whether it is there is found out when it is read, and then told as for any other file.
    return [path]


def _below(folder: Path, *, is_text: bool) -> Iterator[Path]:
    """The files in a folder and below; instead of those of token files their folder."""

    def fail(error: OSError) -> None:
        # os.walk passes over folders that it cannot read, unless told otherwise.
        raise error

    for parent, folders, files in os.walk(folder, onerror=fail):
        if not is_text and _has_tokens(Path(parent), files):
            folders.clear()
            yield Path(parent)
            continue
        folders[:] = [each for each in folders if not each.startswith(".")]
        paths = (Path(parent, file) for file in files if not file.startswith("."))
        yield from filter(_may_be_read, paths)


def _has_tokens(folder: Path, files: Iterable[str]) -> bool:
    """Whether a folder with these files is one of token files, be it complete or not."""
    if RECORDS.isdisjoint(files):
        return False
    from pairwright.tokens.folder import is_of_a_run

    kind = _core.kind_of(folder)
    return (kind is not None and kind[0] == "tokens") or is_of_a_run(folder)


def _may_be_read(path: Path) -> bool:
    """Whether something that nobody named is to be read or told of. A pipe could be waited for for ever."""
    return path.is_file() or (path.is_symlink() and not path.exists())


def _some(files: list[Path], given: str, otherwise: str) -> list[Path]:
    if not files:
        raise FileNotFoundError(errno.ENOENT, otherwise, given)
    return files
