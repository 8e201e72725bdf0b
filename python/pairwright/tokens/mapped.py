"""Arrays that are files: memory-mapped, read-only, there at once and shared by all processes that open them."""

from __future__ import annotations

import ast
import errno
import mmap
import sys
from typing import TYPE_CHECKING, Any

import numpy as np

from pairwright.errors import FormatError, advise

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

MAGIC = b"\x93NUMPY"

# A mapping holds no open file of its own where Python can do without, so that a folder may have any number of shards.
MAPPED: dict[str, Any] = {"trackfd": False} if sys.version_info >= (3, 13) else {}


def mapped(path: Path, dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    """The array that a file is. Raises `OSError`; `FormatError` if that cannot be."""
    content = memory(path)
    if len(content) % dtype.itemsize:
        raise FormatError(f"{path}: {len(content):,} bytes are not whole numbers of {dtype.itemsize} bytes")
    return read_only(np.frombuffer(content, dtype))


def mapped_npy(path: Path, dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    """The array in a npy file. Raises `OSError`; `FormatError` if it is not of this type and of one dimension.

    numpy maps such files too, but only as `memmap`: slices of it take several times as long as those of an array.
    """
    content = memory(path)
    begins = 10 + int.from_bytes(content[8:10], "little")
    try:
        header = ast.literal_eval(bytes(content[10:begins]).decode("latin-1"))
    except (ValueError, SyntaxError):
        header = None
    length = (len(content) - begins) // dtype.itemsize
    expected = {"descr": dtype.str, "fortran_order": False, "shape": (length,)}
    if bytes(content[:8]) != MAGIC + b"\x01\x00" or header != expected:
        raise FormatError(f"{path}: no npy file of one dimension of {dtype.name}, or not as long as it says")
    return read_only(np.frombuffer(content, dtype, length, begins))


def memory(path: Path) -> memoryview:
    """The bytes of a file, which stay on the disk until they are looked at. Raises `OSError`."""
    try:
        with path.open("rb") as file:
            return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ, **MAPPED))
    except ValueError:
        return memoryview(b"")  # Nothing cannot be mapped.
    except OSError as error:
        error.filename = str(path)
        if error.errno == errno.EMFILE:
            advise(error, "each mapped file counts as open: raise `ulimit -n`, or make larger shards")
        raise


def read_only(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The same array, not to be written to, and neither are its slices."""
    array.flags.writeable = False
    return array
