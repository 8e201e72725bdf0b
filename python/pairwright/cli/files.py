"""Bytes in and bytes out. The name `-` stands for standard input or standard output."""

import errno
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from pairwright import filenames
from pairwright._core import write_atomically
from pairwright.cli.console import UsageError
from pairwright.corpus.finding import is_one_of
from pairwright.tokens.writers.part import PartFile, sync_folder

STANDARD = "-"

COMPRESSED = (".gz", ".gzip", ".zst", ".zstd", ".xz", ".lzma", ".bz2", ".lz4", ".br", ".zip", ".7z", ".tar", ".tgz")

SEPARATORS = tuple(each for each in (os.sep, os.altsep) if each)

STANDARD_INPUT = "standard input"
STANDARD_OUTPUT = "standard output"


def inputs(files: Sequence[str] | None) -> list[str]:
    """The inputs to read: standard input if none is named."""
    return list(files or [STANDARD])


def size(name: str) -> int:
    """The bytes of an input as far as they are known before it is read. Raises `OSError`."""
    return 0 if name == STANDARD else Path(name).stat().st_size


def read(name: str) -> bytes:
    """All bytes of an input. Raises `OSError`."""
    with blaming(shown(name)):
        return opened(sys.stdin).buffer.read() if name == STANDARD else Path(name).read_bytes()


def is_standard(name: str | None) -> bool:
    """Whether this output is standard output."""
    return name is None or name == STANDARD


def shown(name: str) -> str:
    """The name of an input in messages."""
    return STANDARD_INPUT if name == STANDARD else filenames.shown(name)


@contextmanager
def output(name: str | None) -> Iterator[Callable[[bytes], object]]:
    """Gives a function that takes the output in parts. A file is written at the end, complete or not at all."""
    if name is None or is_standard(name):
        yield write_standard_output
        flush_standard_output()
    else:
        check_target(name)
        parts = bytearray()
        yield parts.extend
        write_atomically(name, bytes(parts))


@contextmanager
def streamed(name: str | None) -> Iterator[Callable[[bytes], object]]:
    """As `output`, for more than memory may hold: a file is written part by part, under another name until the end."""
    if name is None or is_standard(name):
        yield write_standard_output
        flush_standard_output()
        return
    check_target(name)
    path = filenames.followed(name)
    if path.exists() and not path.is_file():
        with blaming(name), path.open("wb") as device:
            yield device.write
        return
    part = PartFile(path.parent, path.name)
    try:
        yield part.write
        part.complete()
        part.publish()
    except BaseException:
        part.discard()
        raise
    sync_folder(path.parent)


def check_ending(name: str) -> None:
    """Raises `UsageError` for the name of a compressed file: what is written is not compressed."""
    path = Path(name)
    if path.suffix.lower() in COMPRESSED and (path.is_file() or not path.exists()):
        raise UsageError(
            f"{name}: what is written is not compressed, and {path.suffix} says that it is",
            hint=f"name it {path.stem}, and compress it afterwards",
        )


def check_target(name: str) -> None:
    """Find out before the work, not after it, that its result could not be written.

    Raises `OSError`; `UsageError` for the name of a compressed file.
    """
    check_ending(name)
    path = Path(name)
    folder = filenames.followed(name).parent
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), name)
    if name.endswith(SEPARATORS):  # A `Path` has no slash at its end.
        raise IsADirectoryError(errno.EISDIR, "this is the name of a folder; name a file", name)
    if not folder.is_dir():
        raise FileNotFoundError(errno.ENOENT, "there is no such folder", str(path.parent))
    if not os.access(folder if path.is_file() or not path.exists() else path, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), name)


def refuse_input(out: str | None, inputs: Iterable[str | os.PathLike[str] | None]) -> None:
    """Raises `UsageError` if the output is one of the inputs, which would be lost."""
    if out is not None and not is_standard(out) and is_one_of(out, inputs):
        raise UsageError(f"{out} is an input, and --out would replace it", hint="name another file with --out")


def write_standard_output(content: bytes) -> None:
    """Write bytes as they are. Raises `OSError`."""
    with standard_output() as stream:
        stream.buffer.write(content)


def flush_standard_output() -> None:
    """Raises `OSError` if what was printed cannot be written: a full disk often shows only here."""
    if sys.stdout is not None:
        with blaming(STANDARD_OUTPUT):
            sys.stdout.flush()


@contextmanager
def standard_output() -> Iterator[TextIO]:
    """Standard output; an `OSError` of it names it."""
    with blaming(STANDARD_OUTPUT):
        yield opened(sys.stdout)


@contextmanager
def blaming(name: str) -> Iterator[None]:
    """An `OSError` that names no file gets this name."""
    try:
        yield
    except OSError as error:
        if error.filename is None and error.errno != errno.EPIPE:
            error.filename = name
        raise


def opened(stream: TextIO | None) -> TextIO:
    """A standard stream, which Python has as None if it was closed before the start."""
    if stream is None:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))
    return stream
