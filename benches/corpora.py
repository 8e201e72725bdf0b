"""The corpora of the comparisons: each is one file or several that every contender reads."""

import hashlib
import lzma
import os
import sysconfig
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from pydoc_data.topics import topics
from typing import IO

import pairwright as pw

LONGEST = 50_000_000
ENCODED = 13_000_000
"""How much of a corpus is encoded again and again."""
LONGEST_FILE = 60_000_000


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
    with _open_english() as source:
        return _written(folder / "english.txt", _lines(source.read(LONGEST)))


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
    _write_sources(path, sources, LONGEST)
    return (path,)


def _write_sources(path: Path, sources: Iterable[Path], longest: int) -> None:
    size = 0
    with path.open("wb") as file:
        for source in sources:
            content = source.read_bytes()
            if _is_utf8(content) and size + len(content) <= longest:
                size += file.write(content)


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


def english_start(folder: Path) -> tuple[Path, ...]:
    """The first 13 MB of `english`, up to the end of a line."""
    with _open_english() as source:
        return _written(folder / "english-start.txt", _lines(source.read(ENCODED)))


def code_start(folder: Path) -> tuple[Path, ...]:
    """The first 13 MB of `code`, up to the end of a line."""
    (whole,) = code(folder)
    with whole.open("rb") as source:
        return _written(folder / "code-start.py", _lines(source.read(ENCODED)))


def multi(folder: Path) -> tuple[Path, ...]:
    """The first half megabyte of each of the 26 files of `handbook`, up to the end of a line: mostly Latin letters."""
    files = handbook(folder)
    starts = (_lines(path.read_bytes()[: ENCODED // len(files)]) for path in files)
    return _written(folder / "multi.txt", b"".join(starts))


def nonascii(folder: Path) -> tuple[Path, ...]:
    """All lines of `handbook` of whose bytes more than half are no ASCII, up to 13 MB.

    These are mostly Persian, Russian, Japanese, Arabic, and Chinese.
    """
    lines = (line for path in handbook(folder) for line in path.read_bytes().splitlines(keepends=True))
    chosen = b"".join(line for line in lines if 2 * sum(byte >= 128 for byte in line) > len(line))
    return _written(folder / "nonascii.txt", _lines(chosen[:ENCODED]))


def english_whole(folder: Path) -> tuple[Path, ...]:
    """All of `english.txt` or `english.txt.xz`."""
    with _open_english() as source:
        return _written(folder / "english-whole.txt", source.read())


def sources(folder: Path) -> tuple[Path, ...]:
    """The source of the standard library and of all packages that are installed, up to 60 MB in one file.

    Without files in which something looks like a special token, which encoders treat in different ways.
    """
    path = folder / "sources.py"
    try:
        library = pw.datasets.load("python-stdlib").paths
    except pw.PairwrightError as error:
        raise MissingError(str(error)) from error
    packages = sorted(Path(sysconfig.get_path("purelib")).rglob("*.py"))
    plain = (source for source in (*library, *packages) if b"<|" not in source.read_bytes())
    _write_sources(path, plain, LONGEST_FILE)
    return (path,)


def start(path: Path, size: int, folder: Path) -> Path:
    """The start of a file, up to the end of a line."""
    with path.open("rb") as source:
        (written,) = _written(folder / f"{path.stem}-start{path.suffix}", _lines(source.read(size)))
    return written


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
    "english-start": english_start,
    "code-start": code_start,
    "multi": multi,
    "nonascii": nonascii,
    "english-whole": english_whole,
    "sources": sources,
}


def _data() -> Path:
    folder = os.environ.get("PAIRWRIGHT_DATA")
    if not folder:
        raise MissingError("PAIRWRIGHT_DATA, which names the folder it is in, is not set")
    return Path(folder)


def _lines(content: bytes) -> bytes:
    """Without what follows the last newline."""
    return content[: content.rfind(b"\n") + 1]


def _written(path: Path, content: bytes) -> tuple[Path, ...]:
    path.write_bytes(content)
    return (path,)


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True
