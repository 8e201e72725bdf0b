"""Names for the types that many calls take."""

from collections.abc import Callable, Collection, Iterable
from os import PathLike
from typing import Any, Literal, Protocol, SupportsIndex, TypeAlias

import numpy as np
import numpy.typing as npt

Text: TypeAlias = str | bytes
Path: TypeAlias = str | PathLike[str]
Ids: TypeAlias = Iterable[int] | npt.NDArray[np.integer[Any]]


class Ratio(Protocol):
    """A number that knows what fraction it is: `float`, `fractions.Fraction`, `decimal.Decimal`, numpy's floats."""

    def as_integer_ratio(self) -> tuple[int, int]:
        """The numerator and the denominator."""


Fraction: TypeAlias = SupportsIndex | Ratio
Special: TypeAlias = Literal["all"] | Collection[str]

Report: TypeAlias = Callable[[str, int, int, bytes | None, int], None]
"""Receives (phase, done, total, token, count), about every 50 ms; what it raises ends the work.

In the phase "count", `done` and `total` are bytes of the documents handed over in one call, `token` is None and `count`
0. In the phase "merge" they are merges, `token` is the last one learned and `count` that of its pair.
"""
