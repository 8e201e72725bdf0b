"""Ids that a model was never trained on, replaced before they reach it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pairwright import arguments
from pairwright.batch import TokenBatch
from pairwright.lab.usage import checked

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Literal, SupportsIndex, TypeAlias

    import numpy.typing as npt

    from pairwright._core import Tokenizer
    from pairwright.aliases import Ids, Text

    Unseen: TypeAlias = "Literal['split', 'error'] | SupportsIndex"


class Guard:
    """Encodes as its tokenizer does, but for ids that a usage does not have. Made by `Tokenizer.guard`."""

    def __init__(self, tokenizer: Tokenizer, usage: npt.ArrayLike, unseen: Unseen = "split") -> None:
        """See `Tokenizer.guard`."""
        arguments.tokenizer("tokenizer", tokenizer)
        seen = checked(tokenizer, usage) > 0
        self.tokenizer = tokenizer
        self.unseen = unseen if isinstance(unseen, str) else arguments.integer("unseen", unseen)
        """What becomes of an id that was never seen."""
        if isinstance(self.unseen, str):
            arguments.choice("unseen", self.unseen, ("split", "error"))
        elif self.unseen not in tokenizer:
            raise ValueError(f"unseen={self.unseen} is no token of the tokenizer")
        self.unseen_ids: npt.NDArray[np.int64] = np.array(
            [token for token in np.flatnonzero(~seen).tolist() if token in tokenizer], np.int64
        )
        """The tokens that were never seen, in the order of ids."""
        table = _parts(tokenizer, self.unseen, self.unseen_ids.tolist())
        # Of the ids of each token: where they begin, how many there are, and all of them; of what is no token there are
        # none.
        self._sizes = np.array([len(parts) for parts in table], np.int64)
        self._starts = np.cumsum(self._sizes) - self._sizes
        self._values = np.array([token for parts in table for token in parts], np.uint32)
        self._is_unseen = np.zeros(tokenizer.vocab_size, bool)
        self._is_unseen[self.unseen_ids] = True

    def __repr__(self) -> str:
        return f"Guard(unseen={self.unseen!r}, unseen_ids={len(self.unseen_ids):,} of {self.tokenizer.vocab_size:,})"

    def apply(self, ids: Ids) -> npt.NDArray[np.uint32]:
        """The same ids, with others in the place of those that were never seen: an array of uint32.

        Raises `KeyError` for an id that is no token; with "error", `ValueError` for one that was never seen.
        """
        return self._apply(self.tokenizer._ids_of(ids))[0]

    def encode(self, text: Text, **options: Any) -> list[int]:  # noqa: ANN401  those of Tokenizer.encode
        """The ids of a text; options and errors as `Tokenizer.encode` and `apply`."""
        ids: list[int] = self.apply(self.tokenizer.encode_to_numpy(text, **options)).tolist()
        return ids

    def encode_batch(self, texts: Iterable[Text], **options: Any) -> TokenBatch:  # noqa: ANN401
        """The ids of many texts; options and errors as `Tokenizer.encode_batch` and `apply`."""
        batch = self.tokenizer.encode_batch(texts, **options)
        values, ends = self._apply(batch.values)
        return TokenBatch(values, ends[batch.offsets])

    def price(self, usage: npt.ArrayLike) -> int:
        """How many tokens more a text has under the guard, of which this is the usage under the tokenizer."""
        counts = checked(self.tokenizer, usage)
        return sum(int(count) * int(size - 1) for count, size in zip(counts, self._sizes, strict=True) if count)

    def _apply(self, ids: npt.NDArray[np.uint32]) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.int64]]:
        """The ids, and where those of each id that was given begin and end."""
        at = ids.astype(np.int64)
        sizes = np.zeros(len(at), np.int64)
        inside = at < len(self._sizes)
        sizes[inside] = self._sizes[at[inside]]
        if (sizes == 0).any():
            position = int(np.flatnonzero(sizes == 0)[0])
            raise KeyError(f"unknown token id {at[position]} at position {position}")
        if self.unseen == "error" and self._is_unseen[at].any():
            position = int(np.flatnonzero(self._is_unseen[at])[0])
            shown = self.tokenizer.token_bytes(int(at[position]))
            raise ValueError(f"id {at[position]} at position {position} was never seen: its token is {shown!r}")
        ends = np.concatenate([[0], np.cumsum(sizes)])
        # The first place of each id, and how far behind it.
        places = np.repeat(self._starts[at] - ends[:-1], sizes) + np.arange(ends[-1])
        return self._values[places], ends


def _parts(tokenizer: Tokenizer, unseen: str | int, unseen_ids: list[int]) -> list[tuple[int, ...]]:
    """What each id is replaced by: itself if it was seen. Nothing for what is no token."""
    table: list[tuple[int, ...]] = [(token,) if token in tokenizer else () for token in range(tokenizer.vocab_size)]
    if not isinstance(unseen, str):
        for token in unseen_ids:
            table[token] = (unseen,)
    if unseen != "split":
        return table
    halves = {whole: (left, right) for left, right, whole in tokenizer._merge_table().tolist()}
    contents = {token: content for content, token in tokenizer.vocab.items()}
    # The shortest first, so that the parts of a token are known before it.
    for token in sorted((token for token in unseen_ids if token in contents), key=lambda each: len(contents[each])):
        if token in halves:
            left, right = halves[token]
            table[token] = table[left] + table[right]
        elif len(contents[token]) > 1:
            # No merge makes it: what merging makes of its bytes.
            table[token] = tuple(part for each in tokenizer._merged(contents[token]) for part in table[each])
    return table
