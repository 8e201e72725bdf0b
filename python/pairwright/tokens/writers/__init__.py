"""What writes the shards of a token folder, one writer for each format."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from pairwright.libraries import pyarrow
from pairwright.tokens.manifest import FORMATS
from pairwright.tokens.writers.arrow import ArrowWriter, ParquetWriter
from pairwright.tokens.writers.base import ShardWriter
from pairwright.tokens.writers.flat import BinWriter, NpyWriter
from pairwright.tokens.writers.lines import JsonlWriter

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np

__all__ = ["FORMATS", "FORMAT_OF", "Format", "ShardWriter", "files_of", "format_of", "prepare", "writer_for"]

Format: TypeAlias = Literal["bin", "npy", "parquet", "arrow", "jsonl"]

WRITERS: dict[str, type[ShardWriter]] = {
    "bin": BinWriter,
    "npy": NpyWriter,
    "parquet": ParquetWriter,
    "arrow": ArrowWriter,
    "jsonl": JsonlWriter,
}

# The formats that endings of names stand for.
FORMAT_OF: dict[str, Format] = {
    ".bin": "bin",
    ".npy": "npy",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".arrow": "arrow",
    ".feather": "arrow",
    ".ipc": "arrow",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".jsonlines": "jsonl",
}


def format_of(path: Path) -> Format | None:
    """The format of ids that the ending of a name stands for."""
    return FORMAT_OF.get(path.suffix.lower())


def files_of(format: str, name: str) -> tuple[str, ...]:
    """The names of the files of a shard, the ids first."""
    _check(format)
    offsets = {"bin": (f"{name}.offsets",), "npy": (f"{name}.offsets.npy",)}
    return (f"{name}.{format}", *offsets.get(format, ()))


def prepare(format: str) -> None:
    """Import what the writers of a format need, before they are used on another thread. Raises `ImportError`."""
    if format in ("parquet", "arrow"):
        pyarrow()


def writer_for(
    format: str, folder: Path, name: str, dtype: np.dtype[Any], files: tuple[str, ...] | None = None
) -> ShardWriter:
    """A writer of a new shard, such as "train-00000", into `files_of` it or into other files: the one of ids may do.

    `dtype` is that of the ids in the formats that are nothing but ids: bin and npy. Raises `ValueError` for an unknown
    format, `ImportError` if the format needs pyarrow and there is none, `OSError`.
    """
    _check(format)
    return WRITERS[format](folder, name, dtype, files or files_of(format, name))


def _check(format: str) -> None:
    if format not in FORMATS:
        raise ValueError(f"unknown format {format!r}; there are {', '.join(FORMATS)}")
