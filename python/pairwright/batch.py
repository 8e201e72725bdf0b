"""Token batches: the ids of many texts in one flat array."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, SupportsIndex, TypeAlias, overload

import numpy as np
import numpy.typing as npt

from pairwright import _core, arguments

Side: TypeAlias = Literal["left", "right"]


@dataclass(frozen=True, eq=False, slots=True)
class TokenBatch:
    """The ids of n texts, in the layout of an Arrow large list.

    `values` has every id, uint32 of shape (total,); `offsets` is int64 of shape (n + 1,): the ids of text `i` are
    `values[offsets[i]:offsets[i + 1]]`, which is what `batch[i]` gives, without a copy. A slice of a batch is a batch.
    """

    values: npt.NDArray[np.uint32]
    offsets: npt.NDArray[np.int64]

    def __post_init__(self) -> None:
        """Raises `TypeError` for what are no arrays."""
        for name, value in (("values", self.values), ("offsets", self.offsets)):
            if not isinstance(value, np.ndarray):
                kind = "uint32" if name == "values" else "int64"
                raise TypeError(f"{name} must be a numpy array of {kind}, not {arguments.shown(value)}")

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @overload
    def __getitem__(self, index: SupportsIndex) -> npt.NDArray[np.uint32]: ...
    @overload
    def __getitem__(self, index: slice) -> "TokenBatch": ...
    def __getitem__(self, index: SupportsIndex | slice) -> "npt.NDArray[np.uint32] | TokenBatch":
        size = len(self)
        if isinstance(index, slice):
            return self._slice(range(size)[index])
        if type(index) is not int:
            index = arguments.integer("the number of a text", index)
        if not -size <= index < size:
            raise IndexError(f"text {index} of a batch of {size}")
        index %= size
        return self.values[self.offsets[index] : self.offsets[index + 1]]

    def _slice(self, chosen: range) -> "TokenBatch":
        if chosen.step == 1 and chosen:
            offsets = self.offsets[chosen.start : chosen.stop + 1]
            return TokenBatch(self.values[offsets[0] : offsets[-1]], offsets - offsets[0])
        texts = [self[each] for each in chosen]
        offsets = np.zeros(len(texts) + 1, np.int64)
        np.cumsum([len(ids) for ids in texts], out=offsets[1:])
        return TokenBatch(np.concatenate([self.values[:0], *texts]), offsets)

    def __iter__(self) -> Iterator[npt.NDArray[np.uint32]]:
        return (self[index] for index in range(len(self)))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, TokenBatch):
            return NotImplemented
        return np.array_equal(self.values, other.values) and np.array_equal(self.offsets, other.offsets)

    __hash__ = None  # type: ignore[assignment]  # arrays can change

    def __repr__(self) -> str:
        return f"TokenBatch({len(self)} texts, {len(self.values)} ids)"

    def to_matrix(
        self,
        pad_id: SupportsIndex,
        *,
        max_length: SupportsIndex | None = None,
        pad: Side = "right",
        truncate: Side = "right",
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
        """The ids as a matrix, one text a row, and a mask that is true where they are ids and not `pad_id`.

        Both are of shape (n, m): m is the number of ids of the longest text, at most `max_length`. Texts that are
        longer lose ids on the side `truncate`, shorter ones are filled up on the side `pad`. Raises `ValueError` for a
        side that is neither "left" nor "right", for a negative `max_length`, and for a `pad_id` beyond 64 bits.
        """
        if pad_id is None:
            raise TypeError("pad_id must be an int, not None: the id of a token for padding, or -100 for labels")
        pad_id = arguments.integer("pad_id", pad_id)
        if not -(2**63) <= pad_id < 2**63:
            raise ValueError(f"pad_id={pad_id}: does not fit 64 bits")
        if max_length is not None:
            max_length = arguments.integer("max_length", max_length, least=0)
        arguments.choice("pad", pad, ("left", "right"))
        arguments.choice("truncate", truncate, ("left", "right"))
        lengths = np.diff(self.offsets)
        kept = lengths if max_length is None else np.minimum(lengths, max_length)
        width = int(kept.max(initial=0))
        column = np.arange(width)
        # How far into its row a text begins, and how many of its ids are left out before that.
        shift = (width - kept if pad == "left" else np.zeros_like(kept))[:, None]
        skipped = (lengths - kept if truncate == "left" else np.zeros_like(kept))[:, None]
        mask = (column >= shift) & (column < shift + kept[:, None])
        matrix = np.full((len(self), width), pad_id, np.int64)
        source = self.offsets[:-1, None] + skipped + column - shift
        matrix[mask] = self.values[source[mask]]
        return matrix, mask

    def __arrow_c_schema__(self) -> object:
        """The Arrow type that all batches have: a large list of uint32."""
        return _core._schema_of_batches()

    def __arrow_c_array__(self, requested_schema: object = None) -> tuple[object, object]:
        """The batch as an Arrow array, for any library that asks for one. The ids are not copied.

        So `pyarrow.array(batch)` and `polars.Series(batch)` work; what changes in `values` changes there, too. Raises
        `TypeError` for other arrays than uint32 and int64, `ValueError` for offsets that are not those of texts.
        """
        # Copies what is not aligned or has gaps, as a slice with a step has.
        values = np.require(self.values, requirements=("C", "A"))
        offsets = np.require(self.offsets, requirements=("C", "A"))
        return _core._batch_to_arrow(values, offsets)

    def to_lists(self) -> list[list[int]]:
        """The ids of every text as a list of int."""
        # One conversion of all ids and cheap slices: a quarter faster for texts of 100 bytes than one conversion each.
        ids, ends = self.values.tolist(), self.offsets.tolist()
        return [ids[start:end] for start, end in itertools.pairwise(ends)]
