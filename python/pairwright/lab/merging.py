"""In which order the pieces of a text are merged, step by step."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from itertools import pairwise
from typing import TYPE_CHECKING

from pairwright import _core, arguments
from pairwright.special import MEANING
from pairwright.tokens.memory import encoded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pairwright._core import Tokenizer
    from pairwright.aliases import Text
    from pairwright.special import Treatment


# In the text of a split pattern of several steps, what leaves out parts of a text.
REMOVED = '"behavior":"Removed"'


@dataclass(frozen=True)
class MergeStep:
    """One merge in a piece: of two neighbours, which become one token."""

    rank: int
    """Which of the tokenizer's merges it is: its place in `Tokenizer.merges`."""
    at: int
    """Where: `ids[at]` and `ids[at + 1]` are merged, of the ids that the piece has before the step."""
    left: int
    right: int
    """The ids of the two."""
    id: int
    """The id of the token that they become."""


@dataclass(frozen=True)
class PieceMerges:
    """How one piece of a text became tokens."""

    piece: bytes
    """The bytes of the piece, or the name of a special token."""
    start: tuple[int, ...]
    """The ids before the first step: those of the bytes, or the one id of a piece that is not merged."""
    steps: tuple[MergeStep, ...]
    """The merges in the order in which they happen."""
    ids: tuple[int, ...]
    """The ids in the end: those of `encode`."""
    how: str = "merged"
    """"merged"; "whole" for a piece that is a token and is not merged at all, because the tokenizer has
    `ignore_merges`; "special" for a special token.
    """

    def states(self) -> Iterator[tuple[int, ...]]:
        """The ids before the first step, and after each."""
        ids = list(self.start)
        yield tuple(ids)
        for step in self.steps:
            ids[step.at : step.at + 2] = [step.id]
            yield tuple(ids)


def merge_steps(tokenizer: Tokenizer, text: Text, *, special: Treatment = "allow") -> list[PieceMerges]:
    """Tell in which order the pieces of a text are merged; see `Tokenizer.merge_steps`."""
    arguments.tokenizer("tokenizer", tokenizer)
    arguments.choice("special", special, tuple(MEANING))
    return Merging(tokenizer).pieces(text, tokenizer.encode(text, **MEANING[special]))


class Merging:
    """Merges pieces as the tokenizer does, and takes notes."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.tokenizer = tokenizer
        self._vocab = tokenizer.vocab
        self._special = set(tokenizer.special_tokens.values())
        self._removes = REMOVED in _core.regex_of(tokenizer.pattern)
        table = tokenizer._merge_table()
        self.merges: dict[tuple[int, int], tuple[int, int]] = {
            (left, right): (rank, made) for rank, (left, right, made) in enumerate(table.tolist())
        }
        """The rank of each merge and the id that it makes, by the ids of its two parts."""

    def pieces(self, text: Text, ids: list[int]) -> list[PieceMerges]:
        """The pieces of a text of which these are the ids.

        Raises `ValueError` for a text of which the tokenizer leaves out parts, so that its pieces cannot be told.
        """
        # Where parts of a text are left out, the ids do not tell what stood between two tokens.
        if not self._removes:
            found = self._of_ids(ids)
        elif self._special.isdisjoint(ids):
            found = [self.merged(piece) for piece in self.tokenizer.split(encoded(text, 0))]
        else:
            found = []
        if [token for each in found for token in each.ids] != ids:
            raise ValueError("the tokenizer leaves out parts of this text, so that its pieces cannot be told")
        return found

    def merged(self, piece: bytes) -> PieceMerges:
        """How one piece becomes tokens."""
        whole = self._vocab.get(piece)
        if whole is not None and self.tokenizer.ignore_merges:
            return PieceMerges(piece, (whole,), (), (whole,), "whole")
        return self.by_merges(piece)

    def by_merges(self, piece: bytes) -> PieceMerges:
        """What merging alone makes of a piece: the merge of the lowest rank first, of equal ones the leftmost."""
        ids = [self._vocab[piece[at : at + 1]] for at in range(len(piece))]
        begin = tuple(ids)
        starts = list(range(len(ids)))
        waiting: list[tuple[int, int, int, int]] = []
        for at, (left, right) in enumerate(pairwise(ids)):
            if (left, right) in self.merges:
                waiting.append((self.merges[left, right][0], at, left, right))
        heapify(waiting)
        steps = []
        while waiting:
            rank, start, left, right = heappop(waiting)
            at = bisect_left(starts, start)
            # Since it was found, a neighbour may have been merged with another.
            if at + 1 >= len(ids) or starts[at] != start or (ids[at], ids[at + 1]) != (left, right):
                continue
            made = self.merges[left, right][1]
            steps.append(MergeStep(rank, at, left, right, made))
            ids[at : at + 2] = [made]
            del starts[at + 1]
            for first in (at - 1, at):
                if 0 <= first < len(ids) - 1 and (ids[first], ids[first + 1]) in self.merges:
                    pair = ids[first], ids[first + 1]
                    heappush(waiting, (self.merges[pair][0], starts[first], *pair))
        return PieceMerges(piece, begin, tuple(steps), tuple(ids))

    def _of_ids(self, ids: list[int]) -> list[PieceMerges]:
        """The pieces of the text that the ids have between special tokens."""
        found: list[PieceMerges] = []
        between: list[int] = []
        for token in [*ids, None]:
            if token is not None and token not in self._special:
                between.append(token)
                continue
            content = self.tokenizer.decode_bytes(between)
            found += [self.merged(piece) for piece in self.tokenizer.split(content)]
            between = []
            if token is not None:
                found.append(PieceMerges(self.tokenizer.token_bytes(token), (token,), (), (token,), "special"))
        return found
