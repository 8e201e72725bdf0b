"""The corpora of `training.py`: each is one file or several that every trainer reads."""

import hashlib
import lzma
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from pydoc_data.topics import topics
from typing import IO

import pairwright as pw

LONGEST = 50_000_000


class MissingError(Exception):
    """A corpus cannot be had on this machine; says why."""


@dataclass(frozen=True)
class Corpus:
    """Files, and what tells them from others."""

    paths: tuple[Path, ...]
    bytes: int
    sha256: str
    """Of all files, one after the other."""


def load(name: str, folder: Path) -> Corpus:
    """The corpus of this name; what has to be written for it is written to the folder.

    Raises `MissingError`; `OSError` or `lzma.LZMAError` if what is there cannot be read.
    """
    paths = CORPORA[name](folder)
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.read_bytes())
    return Corpus(paths, sum(path.stat().st_size for path in paths), digest.hexdigest())


def english(folder: Path) -> tuple[Path, ...]:
    """The first 50 MB of `english.txt` or `english.txt.xz`, up to the end of a line."""
    path = folder / "english.txt"
    with _open_english() as source:
        start = source.read(LONGEST)
    path.write_bytes(start[: start.rfind(b"\n") + 1])
    return (path,)


def _open_english() -> IO[bytes]:
    data = _data()
    if (plain := data / "english.txt").exists():
        return plain.open("rb")
    if (packed := data / "english.txt.xz").exists():
        return lzma.open(packed)
    raise MissingError("neither english.txt nor english.txt.xz is in the folder named by PAIRWRIGHT_DATA")


def code(folder: Path) -> tuple[Path, ...]:
    """The source of CPython's own standard library in one file, without the few files that are not UTF-8."""
    path = folder / "python-stdlib.py"
    try:
        sources = pw.datasets.load("python-stdlib").paths
    except pw.PairwrightError as error:
        raise MissingError(str(error)) from error
    size = 0
    with path.open("wb") as file:
        for source in sources:
            content = source.read_bytes()
            if _is_utf8(content) and size + len(content) <= LONGEST:
                size += file.write(content)
    return (path,)


def handbook(folder: Path) -> tuple[Path, ...]:
    """One book in 26 languages, a file each."""
    del folder
    paths = tuple(sorted((_data() / "handbook").glob("*.txt")))
    if len(paths) != 26:
        raise MissingError(f"handbook in the folder named by PAIRWRIGHT_DATA has {len(paths)} files, not 26")
    return paths


def tinyshakespeare(folder: Path) -> tuple[Path, ...]:
    """As `pairwright train` finds it."""
    del folder
    try:
        return pw.datasets.load("tinyshakespeare").paths
    except (pw.PairwrightError, OSError) as error:
        raise MissingError(str(error)) from error


def smoke(folder: Path) -> tuple[Path, ...]:
    """A little of the documentation that every CPython carries."""
    path = folder / "python-docs.txt"
    path.write_bytes("\n".join(text for _, text in sorted(topics.items()))[:100_000].encode())
    return (path,)


CORPORA: dict[str, Callable[[Path], tuple[Path, ...]]] = {
    "english": english,
    "code": code,
    "handbook": handbook,
    "tinyshakespeare": tinyshakespeare,
    "smoke": smoke,
}


def _data() -> Path:
    folder = os.environ.get("PAIRWRIGHT_DATA")
    if not folder:
        raise MissingError("PAIRWRIGHT_DATA, which names the folder it is in, is not set")
    return Path(folder)


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True
