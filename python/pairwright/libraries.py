"""Optional libraries, imported when they are first needed."""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING

from pairwright.errors import advise

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import ModuleType
    from typing import BinaryIO

_importing = threading.RLock()


def _renew_lock() -> None:
    global _importing
    _importing = threading.RLock()


# A child forked while another thread imports inherits a lock that nobody would ever release.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_lock)


def load(name: str, *parts: str, note: str) -> ModuleType:
    """Import a library with these submodules, one thread at a time.

    A run calls this before it starts its threads. Raises `ModuleNotFoundError` with the hint `note` if the library is
    not installed, `ImportError` with the cause if it is installed but broken.
    """
    with _importing:
        try:
            # The library before its submodules. A thread that begins with a submodule holds the lock of that while it
            # waits for the package. If another thread imports the package meanwhile and needs the submodule, Python
            # breaks the deadlock by giving one of them a module that is only half there.
            library = import_module(name)
            for part in parts:
                import_module(f"{name}.{part}")
        except ImportError as error:
            if isinstance(error, ModuleNotFoundError) and error.name == name:
                advise(error, note)
                raise
            raise ImportError(f"{name} is installed but cannot be imported: {error}", name=name) from error
        return library


def pyarrow() -> ModuleType:
    """The module pyarrow with all that reading and writing use, some of which it imports itself only when called."""
    return load("pyarrow", "compute", "ipc", "parquet", note=PYARROW)


@contextmanager
def opened(path: Path) -> Iterator[Path | BinaryIO]:
    """A file for pyarrow, which takes no names that are not UTF-8: those are opened here."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        with path.open("rb") as file:
            yield file
    else:
        yield path


PYARROW = "parquet and Arrow files need pyarrow: pip install 'pairwright[arrow]'"
