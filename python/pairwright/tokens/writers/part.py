"""A file of a shard while it is written: under a name of its own, so that what has the real name is complete."""

from __future__ import annotations

import errno
import hashlib
import os
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from pairwright.tokens.manifest import FileFacts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# What is smaller is gathered before it goes to the system: offsets come in small parts.
BUFFER = 1 << 20

# So much goes to the system until it is told to begin to bring it to the disk: at the end there is less to wait for. A
# shard of 550 MB was complete a sixth of a second earlier.
AHEAD = 32 << 20

ENDING = ".part"


class PartFile:
    """A file that gets its name in the end.

    What goes through it is hashed on the way. With a `header` so many bytes are left free at the beginning, to be
    filled when all else is written; such a file is read again to be hashed. Every `OSError` names the real name.
    """

    def __init__(self, folder: Path, name: str, *, header: int = 0) -> None:
        self.name = name
        self.closed = False
        """Whether nothing more is to be written. pyarrow asks."""
        self._is_published = False
        self._target = folder / name
        self._path = folder / f".{name}{ENDING}"
        self._hash = None if header else hashlib.sha256()
        self._size = 0
        self._begun = 0
        """How much is on its way to the disk."""
        self._mark: tuple[int, hashlib._Hash | None] | None = None
        with self._blamed():
            self._file = self._path.open("wb", BUFFER)
        self.write(bytes(header))

    def write(self, content: bytes | memoryview) -> int:
        """Write at the end; gives the number of bytes."""
        size = memoryview(content).nbytes
        if self.closed:
            return size  # What pyarrow has to say at its end, of a file that was discarded.
        with self._blamed():
            self._file.write(content)
        if self._hash is not None:
            self._hash.update(content)
        self._size += size
        if self._size - self._begun >= AHEAD:
            self._begin_to_sync()
        return size

    def tell(self) -> int:
        """How much was written."""
        return self._size

    def flush(self) -> None:
        """Nothing that would be of use: all is on the disk once the file has its name."""

    def mark(self) -> None:
        """Remember this place, to `go_back` to."""
        self._mark = self._size, self._hash.copy() if self._hash else None

    def go_back(self) -> None:
        """Forget what was written since the mark."""
        if self._mark is None:
            raise RuntimeError(f"{self.name}: there is no mark to go back to")
        (self._size, self._hash), self._mark = self._mark, None
        self._begun = min(self._begun, self._size)
        with self._blamed():
            self._file.flush()
            self._file.truncate(self._size)
            self._file.seek(self._size)

    def fill_header(self, content: bytes) -> None:
        """Write what was left free."""
        with self._blamed():
            self._file.seek(0)
            self._file.write(content)

    def complete(self) -> FileFacts:
        """Bring all to the disk and close. The file still has no name."""
        with self._blamed():
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            self.closed = True
            found = self._hash or self._read_again()
        return FileFacts(self.name, self._size, found.hexdigest())

    def publish(self) -> None:
        """Give the file its name, and take it from any other file."""
        with self._blamed():
            self._path.replace(self._target)
        self._is_published = True

    def discard(self) -> None:
        """Close and remove the file, whatever name it has by now."""
        with suppress(OSError):
            # What is still in the buffer of a full disk cannot be written now either.
            self._file.close()
        self.closed = True
        (self._target if self._is_published else self._path).unlink(missing_ok=True)

    def _begin_to_sync(self) -> None:
        # Of what is not on the disk, the system begins to write what it is told nobody will need, and keeps it.
        if hasattr(os, "posix_fadvise"):
            length = self._size - self._begun
            with suppress(OSError):
                os.posix_fadvise(self._file.fileno(), self._begun, length, os.POSIX_FADV_DONTNEED)
        self._begun = self._size

    def _read_again(self) -> hashlib._Hash:
        with self._path.open("rb") as file:
            return hashlib.file_digest(file, "sha256")

    @contextmanager
    def _blamed(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            error.filename, error.filename2 = str(self._target), None
            raise


# What file systems say that have no way to bring a folder to the disk.
UNKNOWN = (errno.EINVAL, errno.EOPNOTSUPP, errno.ENOSYS, errno.EBADF)


def sync_folder(folder: Path) -> None:
    """Bring the names of the files in a folder to the disk. Raises `OSError`."""
    if os.name == "nt":
        return  # It has no way to do so.
    try:
        number = os.open(folder, os.O_RDONLY)
    except PermissionError:
        return  # A folder that may be written to need not be readable.
    try:
        os.fsync(number)
    except OSError as error:
        if error.errno not in UNKNOWN:
            raise
    finally:
        os.close(number)


def make_folder(folder: Path) -> None:
    """Make a folder and those on the way to it, so that a power cut does not take them away again. Raises `OSError`."""
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for each in missing:
        sync_folder(each.parent)
