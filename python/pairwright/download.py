"""Finding or fetching the files that the manifest pins.

A file is looked for in the folder named by `PAIRWRIGHT_DATA`, then in the user's cache folder, then where other
libraries keep it, then on the network. Wherever it comes from, its sha256 is compared before anybody reads it.
"""

import hashlib
import json
import os
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from pairwright._core import DATASETS, write_atomically
from pairwright.errors import ChecksumError, DownloadError
from pairwright.progress import stderr_is_terminal

MANIFEST: dict[str, dict[str, dict[str, Any]]] = json.loads(DATASETS)
"""What the project knows by name: section ("datasets", "encodings") → name → entry."""

TIMEOUT = (10.0, 30.0)
"""Seconds to wait for a connection, and for each next part of the answer."""

_PART = 1 << 16


@dataclass(frozen=True, slots=True)
class PinnedFile:
    """A file whose content is known: its path below a data folder, its address, its size in bytes and its sha256."""

    path: str
    url: str
    size: int
    sha256: str

    @classmethod
    def from_entry(cls, entry: Mapping[str, Any]) -> Self:
        """The file of an entry of the manifest."""
        return cls(path=entry["file"], url=entry["url"], size=entry["size"], sha256=entry["sha256"])


def cache_folder() -> Path:
    """Where fetched files are kept: the user's cache folder for this library."""
    # Imported here, as requests and rich are below: `import pairwright` is not to wait for them.
    from platformdirs import user_cache_dir

    return Path(user_cache_dir("pairwright"))


def is_offline() -> bool:
    """Whether `PAIRWRIGHT_OFFLINE` forbids the network: it is set, and not to 0."""
    return os.environ.get("PAIRWRIGHT_OFFLINE", "") not in ("", "0")


def find_or_fetch(file: PinnedFile, elsewhere: Iterable[Path] = ()) -> Path:
    """The path of a file whose content has just been found right.

    A damaged file in the cache is reported with a warning and fetched anew. `elsewhere` are places where others may
    have left a copy, which is as good as the network: it is copied to the cache. One that cannot be read, or is another
    file, is reported with a warning and passed over.

    Raises `ChecksumError` naming both sums if the file in `PAIRWRIGHT_DATA`, the download or, offline, the file in the
    cache is not the expected one; `DownloadError` (an `OSError`) if the file cannot be fetched or stored; any other
    `OSError` if a file that is there cannot be read. Whatever is raised, no half-written file is left.
    """
    data = os.environ.get("PAIRWRIGHT_DATA")
    own = Path(data, file.path) if data else None
    if own and _is_there(own, file):
        return own
    cached = cache_folder() / file.path
    try:
        if _is_there(cached, file):
            return cached
    except ChecksumError as error:
        if is_offline():
            raise
        warnings.warn(f"{error}; fetching it anew", stacklevel=2)
    places = list(elsewhere)
    copy = next(filter(None, (_copy_of(place, file) for place in places)), None)
    if copy:
        _store(cached, copy)
        return cached
    remedy = f"fetch {file.url} by other means and put it at {own or cached}"
    if is_offline():
        looked = " or ".join(str(path) for path in (own, cached, *places) if path)
        raise DownloadError(
            f"there is no file {looked}, and PAIRWRIGHT_OFFLINE forbids to fetch it",
            hint=f"unset PAIRWRIGHT_OFFLINE, or {remedy}",
        )
    content = _download(file, remedy)
    _store(cached, content)
    return cached


def _is_there(path: Path, file: PinnedFile) -> bool:
    """Whether there is such a file. Raises `ChecksumError` if it is not the expected one."""
    try:
        with path.open("rb") as stream:
            found = hashlib.file_digest(stream, "sha256").hexdigest()
            size = os.fstat(stream.fileno()).st_size
    except FileNotFoundError:
        return False
    if found != file.sha256:
        raise ChecksumError(
            f"{path} is not the expected file: {_compare(size, found, file)}",
            hint=f"delete it, or put the file from {file.url} in its place",
        )
    return True


def _copy_of(place: Path, file: PinnedFile) -> bytes | None:
    """The content of a copy that is not ours, so that it is read once and can be no other when it is used."""
    try:
        content = place.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        warnings.warn(f"{place} cannot be read: {error.strerror or error}; looking further", stacklevel=3)
        return None
    found = hashlib.sha256(content).hexdigest()
    if found != file.sha256:
        compared = _compare(len(content), found, file)
        warnings.warn(f"{place} is not the expected file: {compared}; looking further", stacklevel=3)
        return None
    return content


def _download(file: PinnedFile, remedy: str) -> bytes:
    """The content of the file, from the network. It is kept in memory: pinned files are small, and so a failure has
    nothing to clean up.
    """
    import requests

    content = bytearray()
    try:
        with requests.get(file.url, stream=True, timeout=TIMEOUT) as response, _progress(file) as advance:
            response.raise_for_status()
            for part in response.iter_content(_PART):
                content += part
                advance(len(part))
                if len(content) > file.size:
                    break
    except requests.HTTPError as error:
        reason = f"the server answered {error.response.status_code} {error.response.reason}"
        raise DownloadError(f"cannot fetch {file.url}: {reason}", hint=remedy) from error
    # Not only RequestException: a wrong certificate bundle, for one, is a plain OSError.
    except OSError as error:
        raise DownloadError(f"cannot fetch {file.url}: {_root(error)}", hint=f"try again, or {remedy}") from error
    if len(content) > file.size:
        raise ChecksumError(f"{file.url} sent more than the expected {file.size:,} bytes", hint=remedy)
    found = hashlib.sha256(content).hexdigest()
    if found != file.sha256:
        raise ChecksumError(
            f"{file.url} did not send the expected file: {_compare(len(content), found, file)}",
            hint=f"try again, or {remedy}",
        )
    return bytes(content)


def _store(path: Path, content: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, content)
    except OSError as error:
        raise DownloadError(
            f"cannot write {path}: {error.strerror or error}",
            hint="make room and give yourself the right to write there, or name a folder that holds the file in "
            "PAIRWRIGHT_DATA",
        ) from error


def _compare(size: int, found: str, file: PinnedFile) -> str:
    return f"{size:,} bytes with sha256 {found}, expected {file.size:,} bytes with sha256 {file.sha256}"


def _root(error: BaseException) -> BaseException:
    """The error that the network libraries wrapped, several times over, in ones that say less in more words."""
    # Not through __context__: that leads out of the download, to whatever the caller was handling.
    inner = [error.__cause__, getattr(error, "reason", None), *error.args]
    found = next((each for each in inner if isinstance(each, BaseException)), None)
    return error if found is None else _root(found)


@contextmanager
def _progress(file: PinnedFile) -> Iterator[Callable[[int], None]]:
    """A progress bar on stderr if that is a terminal. Gives what to call with each number of bytes received."""
    if not stderr_is_terminal():
        yield lambda _: None
        return
    from pairwright.bar import ByteBar

    progress = ByteBar(f"fetching {Path(file.path).name}", file.size)
    with progress.bar:
        yield progress.advance
