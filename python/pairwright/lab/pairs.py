"""Two tokenizers side by side: which tokens they share, and where their numbers of tokens differ most."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from pairwright._core import Tokenizer
    from pairwright.lab.observing import Difference
    from pairwright.lab.words import Pieces

PIECES = 10
"""The pieces that are kept of those on which two tokenizers differ."""


@dataclass(frozen=True)
class PieceDifference:
    """A piece of text that two tokenizers encode to different numbers of tokens when it stands alone."""

    text: str
    """The name of the text that it is of."""
    piece: bytes
    """A word or symbols with the one space before them, or white space."""
    occurrences: int
    tokens: tuple[int, int]
    """The tokens of one occurrence, by the first and the second tokenizer."""

    @property
    def difference(self) -> int:
        """How many more tokens the second gives for all occurrences; negative if the first gives more."""
        return self.occurrences * (self.tokens[1] - self.tokens[0])

    def to_dict(self) -> dict[str, Any]:
        """As JSON can have it: bytes that are not UTF-8 are written as escapes."""
        piece = self.piece.decode(errors="backslashreplace")
        return asdict(self) | {"piece": piece, "tokens": list(self.tokens), "difference": self.difference}


@dataclass
class Pair:
    """Two of the compared tokenizers."""

    first: str
    second: str
    shared: npt.NDArray[np.int64]
    """The ordinary tokens that both have, by their bytes: ids of shape (n, 2), ascending by the first's."""
    only_first: int
    """How many ordinary tokens the first has and the second has not."""
    only_second: int
    pieces: list[PieceDifference] = field(default_factory=list)
    """The pieces with the largest difference, the largest first, each of the text in which it makes the most."""
    documents: list[tuple[str, Difference]] = field(default_factory=list)
    """For each text, the documents with the largest difference."""

    @classmethod
    def of(cls, first: str, second: str, tokenizers: dict[str, Tokenizer]) -> Pair:
        """Two tokenizers, by their names, before any text."""
        ids, others = tokenizers[first].vocab, tokenizers[second].vocab
        rows = [(token_id, others[token]) for token, token_id in ids.items() if token in others]
        shared = np.array(rows, np.int64).reshape(-1, 2)
        return cls(first, second, shared, len(ids) - len(rows), len(others) - len(rows))

    def add(self, text: str, pieces: Pieces, lengths: tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]) -> None:
        """Take note of the pieces of a text on which they differ most."""
        sizes = np.abs(lengths[1] - lengths[0]) * pieces.numbers
        # Ties go to the bytes of the piece: the order of pieces is not that of the text if counting went to disk.
        some = np.flatnonzero(sizes)
        least = np.partition(sizes[some], -PIECES)[-PIECES] if len(some) > PIECES else 1
        for at in np.flatnonzero(sizes >= least).tolist():
            tokens = int(lengths[0][at]), int(lengths[1][at])
            self.pieces.append(PieceDifference(text, pieces.texts[at], int(pieces.numbers[at]), tokens))
        self.pieces.sort(key=lambda each: (-abs(each.difference), each.text, each.piece))
        distinct: dict[bytes, PieceDifference] = {}
        for piece in self.pieces:
            distinct.setdefault(piece.piece, piece)
        self.pieces = list(distinct.values())[:PIECES]

    def to_dict(self) -> dict[str, Any]:
        """As JSON can have it."""
        return {
            "tokenizers": [self.first, self.second],
            "shared": len(self.shared),
            "only": [self.only_first, self.only_second],
            "pieces": [each.to_dict() for each in self.pieces],
            "documents": [
                {"text": text, "document": each.place, "tokens": list(each.tokens)} for text, each in self.documents
            ],
        }
