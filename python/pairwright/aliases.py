"""Names for the types that many calls take."""

from collections.abc import Callable, Collection, Iterable
from os import PathLike
from typing import Any, Literal, Protocol, SupportsIndex, TypeAlias

import numpy as np
import numpy.typing as npt

Text: TypeAlias = str | bytes
Path: TypeAlias = str | PathLike[str]
Ids: TypeAlias = Iterable[int] | npt.NDArray[np.integer[Any]]


class ArrowArray(Protocol):
    """An array of Arrow, of any library."""

    def __arrow_c_array__(self, requested_schema: object = None, /) -> tuple[object, object]:
        """The capsules of the schema and of the array."""


class ArrowStream(Protocol):
    """A stream of arrays of Arrow, of any library."""

    def __arrow_c_stream__(self, requested_schema: object = None, /) -> object:
        """The capsule of the stream."""


Arrow: TypeAlias = ArrowArray | ArrowStream
"""A column, or a table with a single column: of pyarrow, polars, duckdb, pandas and others."""


class Ratio(Protocol):
    """A number that knows what fraction it is: `float`, `fractions.Fraction`, `decimal.Decimal`, numpy's floats."""

    def as_integer_ratio(self) -> tuple[int, int]:
        """The numerator and the denominator."""


Fraction: TypeAlias = SupportsIndex | Ratio
Special: TypeAlias = Literal["all"] | Collection[str]

Origin: TypeAlias = tuple[Path | None, str, str, bytes | None, Literal["take", "refuse", "pass"]]
"""A file as the core is told of it; see `_core.Reader`."""

Report: TypeAlias = Callable[[Literal["count", "merge"], int, int, tuple[bytes, bytes] | None, int], object]
"""Receives (phase, done, total, pair, count), about every 50 ms; what it raises ends the work, `False` stops it.

In the phase "count", `done` and `total` are bytes of all documents handed over so far, `pair` is None and `count` 0; to
stop is to raise `StoppedError`. In the phase "merge" they are merges, `pair` has the tokens merged last (None in the
first event) and `count` is how often the pair occurred; to stop is to end with the merges so far.
"""
