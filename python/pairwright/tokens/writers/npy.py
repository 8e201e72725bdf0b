"""The header of a npy file. numpy's own writer must know the length of the array before the first of its values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

# Room for any length; the format asks for a multiple of 64.
SIZE = 128

MAGIC = b"\x93NUMPY\x01\x00"


def header(dtype: np.dtype[Any], length: int) -> bytes:
    """The header of an array of one dimension, always of the same size."""
    text = f"{{'descr': '{dtype.str}', 'fortran_order': False, 'shape': ({length},), }}".encode("ascii")
    rest = SIZE - len(MAGIC) - 2
    return MAGIC + rest.to_bytes(2, "little") + text.ljust(rest - 1) + b"\n"
