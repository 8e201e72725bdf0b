"""Matrices of a model with a row for each id: arrays, npy files, and tensors in safetensors files.

Files are mapped, and rows become float64 a part at a time: the matrix of a large model may be longer than memory.
"""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from pairwright import arguments
from pairwright.errors import FormatError, advise
from pairwright.filenames import shown
from pairwright.npy import array_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import numpy.typing as npt

    Doubles = npt.NDArray[np.float64]

INPUT = (
    *("embed_tokens.weight", "wte.weight", "word_embeddings.weight", "tok_embeddings.weight", "embed_in.weight"),
    *("token_embedding.weight", "shared.weight"),
)
"""How published models name their input embedding: the last parts of the name."""

OUTPUT = ("lm_head.weight", "embed_out.weight", "output.weight")
"""How they name the matrix of the output layer."""

# Values of float64 at a time: 32 MB.
PART = 1 << 22

# More names than this do not help.
LISTED = 12

# That of the safetensors library.
LONGEST_HEADER = 100_000_000

NPY = b"\x93NUMPY"

WHICH = "{argument}=(file, name) says which"
"""The hint where a file has several matrices."""

FLOATS = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2"}


class Matrix:
    """A matrix of floats, by rows. Raises `TypeError` for what has no floats, `ValueError` for other shapes."""

    def __init__(self, name: str, values: npt.NDArray[Any], *, is_bfloat16: bool = False) -> None:
        """Take an array; `name` is what errors call it. Values that are bfloat16 are given as their bits in uint16."""
        # numpy knows bfloat16 only from other packages, whose type has no kind of its own.
        if not is_bfloat16 and values.dtype.kind != "f" and values.dtype.name != "bfloat16":
            hint = ", perhaps bfloat16: save it as float32" if values.dtype.kind == "V" else ""
            raise TypeError(f"{name} must be a matrix of floats, and has the type {values.dtype}{hint}")
        if values.ndim != 2 or not values.shape[1]:
            raise ValueError(f"{name} must be a matrix, a row for each id, and has the shape {values.shape}")
        self.name = name
        self.rows: int = values.shape[0]
        self.width: int = values.shape[1]
        self._values = values
        self._is_bfloat16 = is_bfloat16

    def parts(self) -> Iterator[tuple[int, Doubles]]:
        """All rows in parts, each with the number of its first row."""
        step = max(1, PART // self.width)
        for start in range(0, self.rows, step):
            yield start, self._as_doubles(self._values[start : start + step])

    def at(self, rows: npt.NDArray[np.integer]) -> Doubles:
        """Some rows, by their numbers."""
        return self._as_doubles(self._values[rows])

    def equals(self, other: Matrix) -> bool:
        """Whether all values are the same."""
        if (self.rows, self.width) != (other.rows, other.width):
            return False
        both = zip(self.parts(), other.parts(), strict=True)
        return all(np.array_equal(ours, theirs, equal_nan=True) for (_, ours), (_, theirs) in both)

    def _as_doubles(self, values: npt.NDArray[Any]) -> Doubles:
        if self._is_bfloat16:
            # A bfloat16 is the upper half of a float32.
            values = (values.astype(np.uint32) << 16).view(np.float32)
        # In the order of rows also where the file has columns, so that sums round alike.
        return values.astype(np.float64, order="C")


class _Tensor(NamedTuple):
    """A tensor in a safetensors file."""

    dtype: str
    shape: tuple[int, ...]
    start: int
    """The first byte of it in the file."""


def matrix(argument: str, given: object, known: Sequence[str]) -> Matrix:
    """A matrix that was given: an array, a path, or a path and the name of a tensor.

    `known` are the names by which a tensor is found in a file with several. Raises `TypeError`, `ValueError`,
    `FormatError`, `OSError`.
    """
    if isinstance(given, str | os.PathLike):
        return _of_file(argument, Path(given), None, known)
    if isinstance(given, tuple) and len(given) == 2 and isinstance(given[1], str):
        path, name = given
        if isinstance(path, str | os.PathLike):
            return _of_file(argument, Path(path), name, known)
    try:
        values = np.asarray(given)
    except (TypeError, ValueError, RuntimeError) as error:
        raise TypeError(
            f"{argument} must be an array, a file or (file, name of a tensor), not {arguments.shown(given)}: {error}"
        ) from error
    if values.dtype.kind in "OUS" or values.ndim == 0:
        raise TypeError(
            f"{argument} must be an array, a file or (file, name of a tensor), not {arguments.shown(given)}"
        )
    return Matrix(argument, values)


def beside(given: object, known: Sequence[str]) -> Matrix | None:
    """A tensor with one of the known names in the same safetensors file as a matrix that was found by its name."""
    if not isinstance(given, str | os.PathLike) or _is_npy(Path(given)):
        return None
    tensors = _tensors(Path(given))
    names = _named(tensors, known)
    return _matrix_of(Path(given), names[0], tensors[names[0]]) if len(names) == 1 else None


def _of_file(argument: str, path: Path, name: str | None, known: Sequence[str]) -> Matrix:
    if path.exists() and not path.is_file() and not path.is_dir():
        raise ValueError(f"{shown(path)} is not a regular file, which is needed to read parts of it")
    if _is_npy(path):
        if name is not None:
            raise ValueError(f"{shown(path)} is an npy file, with one array and no tensor {name!r}")
        return _of_npy(path)
    tensors = _tensors(path)
    try:
        chosen = _choice(path, tensors, name, known)
    except ValueError as error:
        if not isinstance(error, FormatError) and name is None:
            advise(error, WHICH.format(argument=argument))
        raise
    return _matrix_of(path, chosen, tensors[chosen])


def _is_npy(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(NPY)) == NPY


def _of_npy(path: Path) -> Matrix:
    try:
        values = array_of(path, mapped=True)
    except ValueError as error:
        raise FormatError(f"{shown(path)} is no npy file with a matrix of floats, or a damaged one: {error}") from error
    return _in_file(shown(path), values)


def _in_file(name: str, values: npt.NDArray[Any], *, is_bfloat16: bool = False) -> Matrix:
    try:
        return Matrix(name, values, is_bfloat16=is_bfloat16)
    except (TypeError, ValueError) as error:
        raise FormatError(str(error)) from error


def _tensors(path: Path) -> dict[str, _Tensor]:
    """The tensors of a safetensors file by name.

    Read here, not by the safetensors library: with numpy, that has no bfloat16, which most models are stored in. A file
    is the length of the header in 8 bytes, little-endian, the header in JSON, and the bytes of all tensors.
    """
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        length = int.from_bytes(file.read(8), "little")
        if size < 10 or not 2 <= length <= size - 8 or file.read(1) != b"{":
            raise FormatError(f"{shown(path)} is neither an npy nor a safetensors file, or it is damaged")
        if length > LONGEST_HEADER:
            raise FormatError(f"{shown(path)} has a header of {length:,} bytes; safetensors files have at most 100 MB")
        content = b"{" + file.read(length - 1)
    try:
        header = json.loads(content)
        header.pop("__metadata__", None)
        return {name: _checked(entry, 8 + length, size) for name, entry in header.items()}
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise FormatError(f"{shown(path)} is a damaged safetensors file: {error}") from error


def _checked(entry: Mapping[str, Any], offset: int, size: int) -> _Tensor:
    """A tensor of a header. Raises `ValueError`, `TypeError` or `KeyError`."""
    dtype, shape, (start, end) = entry["dtype"], entry["shape"], entry["data_offsets"]
    numbers = [*shape, start, end]
    if not all(type(number) is int and number >= 0 for number in numbers) or not isinstance(dtype, str):
        raise ValueError("its header has shapes or offsets that are no numbers")
    if start > end or offset + end > size:
        raise ValueError(f"its header tells of {offset + end:,} bytes, and it has {size:,}")
    if dtype in FLOATS and end - start != math.prod(shape) * np.dtype(FLOATS[dtype]).itemsize:
        raise ValueError(f"its header tells of {end - start:,} bytes for a tensor of {dtype} in the shape {shape}")
    return _Tensor(dtype, tuple(shape), offset + start)


def _choice(path: Path, tensors: Mapping[str, _Tensor], name: str | None, known: Sequence[str]) -> str:
    """The name of the tensor that is meant."""
    matrices = [each for each, tensor in tensors.items() if len(tensor.shape) == 2]
    if name is not None:
        if name in tensors:
            return name
        raise ValueError(f"{shown(path)} has no tensor {name!r}; it has {_listed(matrices)}")
    named = _named(tensors, known)
    chosen = named or matrices
    if len(chosen) == 1:
        return chosen[0]
    if not matrices:
        raise FormatError(f"{shown(path)} has no matrix among its {len(tensors)} tensors")
    raise ValueError(
        f"{shown(path)} has several matrices, and none or more than one has a name such as {' or '.join(known[:2])}: "
        f"name one of {_listed(chosen)}"
    )


def _named(tensors: Mapping[str, _Tensor], known: Sequence[str]) -> list[str]:
    """The matrices with one of the known names, whatever is before it: of `output.weight` there are others too."""
    return [
        name
        for name, tensor in tensors.items()
        if len(tensor.shape) == 2
        and any(name == end or (name.endswith(f".{end}") and end != "output.weight") for end in known)
    ]


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
    return ", ".join(names[:LISTED]) + more if names else "no matrix"


def _matrix_of(path: Path, name: str, tensor: _Tensor) -> Matrix:
    called = f"{shown(path)}, tensor {name},"
    if tensor.dtype not in FLOATS:
        raise FormatError(
            f"{called} must have floats, and has the type {tensor.dtype}; {', '.join(FLOATS)} can be read: convert it"
        )
    if not math.prod(tensor.shape):
        values: npt.NDArray[Any] = np.zeros(tensor.shape, FLOATS[tensor.dtype])
    else:
        values = np.memmap(path, FLOATS[tensor.dtype], "r", tensor.start, tensor.shape)
    return _in_file(called, values, is_bfloat16=tensor.dtype == "BF16")
