"""Corpora by name, to train on without having to look for one."""

import os
import sysconfig
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pairwright import arguments
from pairwright._core import same_name
from pairwright.download import MANIFEST, PinnedFile, find_or_fetch
from pairwright.errors import PairwrightError
from pairwright.names import check_name, suggestion


@dataclass(frozen=True, slots=True)
class Dataset:
    """A corpus with a name: either files, each one document, or texts, each one document.

    `pairwright.train` and `pairwright.count` take either of them as their source.
    """

    name: str
    paths: tuple[Path, ...] = ()
    texts: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        arguments.text("name", self.name)
        for name, value, kind in (("paths", self.paths, "paths"), ("texts", self.texts, "str")):
            if isinstance(value, str | bytes | os.PathLike) or not isinstance(value, Iterable):
                raise TypeError(f"{name} must be a tuple of {kind}, not {arguments.shown(value)}")
        for place, path in enumerate(self.paths):
            arguments.path(f"paths[{place}]", path)
        for place, text in enumerate(self.texts):
            arguments.text(f"texts[{place}]", text)
        # Of any iterable, so that a generator is not used up by the first who asks.
        object.__setattr__(self, "paths", tuple(map(Path, self.paths)))
        object.__setattr__(self, "texts", tuple(self.texts))
        if bool(self.paths) == bool(self.texts):
            raise ValueError(f"the dataset {self.name!r} must have either paths or texts")


def list_datasets() -> list[str]:
    """The names that `load` knows."""
    return list(MANIFEST["datasets"])


def load(name: str) -> Dataset:
    """The dataset of this name, in any case and with any of `-`, `_`, `.` and blank between its parts.

    - "tinyshakespeare": 1,115,394 bytes of plays; from the folder named by `PAIRWRIGHT_DATA`, the user's cache folder
      or the network.
    - "python-docs": the language reference inside the running Python, one document per topic.
    - "python-stdlib": the source files of the running Python's standard library.

    Raises `ValueError` for an unknown name; `DownloadError` (an `OSError`), `ChecksumError` or `OSError` if
    TinyShakespeare cannot be had; `PairwrightError` if this Python comes without what the other two need.
    """
    check_name("name", name, "pairwright.train takes the path of a file or folder")
    known = list_datasets()
    found = name if name in known else same_name(name, known)
    if found is None:
        raise ValueError(f"unknown dataset {name!r}; there are {', '.join(known)}{suggestion(name, known)}")
    name = found
    if name in _INSIDE_PYTHON:
        return _INSIDE_PYTHON[name](name)
    return Dataset(name, paths=(find_or_fetch(PinnedFile.from_entry(MANIFEST["datasets"][name])),))


def default() -> tuple[Dataset, str | None]:
    """The dataset to use where none is named: TinyShakespeare and None, or if that cannot be had "python-docs" and the
    reason.

    Raises `PairwrightError` if this Python comes without its documentation, too.
    """
    try:
        return load("tinyshakespeare"), None
    except (PairwrightError, OSError) as error:
        reason = str(error)
    return load("python-docs"), reason


def _python_docs(name: str) -> Dataset:
    try:
        from pydoc_data.topics import topics
    except ImportError as error:
        raise PairwrightError(
            f"the dataset {name!r} cannot be had: this Python comes without the module pydoc_data ({error})",
            hint="install the whole standard library, or name another dataset or files of your own",
        ) from error
    return Dataset(name, texts=tuple(text for _, text in sorted(topics.items())))


def _python_stdlib(name: str) -> Dataset:
    folder = Path(sysconfig.get_path("stdlib"))
    paths = tuple(sorted(_source_files(folder))) if folder.is_dir() else ()
    if not paths:
        raise PairwrightError(
            f"the dataset {name!r} cannot be had: this Python has no source files in {folder}",
            hint="install the whole standard library, or name another dataset or files of your own",
        )
    return Dataset(name, paths=paths)


def _source_files(folder: Path) -> Iterator[Path]:
    def fail(error: OSError) -> None:
        # os.walk passes over folders that it cannot read, unless told otherwise.
        raise error

    for parent, folders, files in os.walk(folder, onerror=fail):
        # Packages that were installed beside the standard library are not part of it.
        folders[:] = [each for each in folders if each not in ("site-packages", "dist-packages")]
        for file in files:
            path = Path(parent, file)
            # Some distributions have links here to files that are not installed.
            if path.suffix == ".py" and path.is_file():
                yield path


_INSIDE_PYTHON: dict[str, Callable[[str], Dataset]] = {"python-docs": _python_docs, "python-stdlib": _python_stdlib}
