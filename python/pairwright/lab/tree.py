"""Of what the tokens of a text were merged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pairwright.lab.merging import Merging, PieceMerges

NO_MERGE = "a whole piece; no merges give it"


@dataclass(frozen=True, eq=False, repr=False)
class Tree:
    """A token and the two that it was merged from, down to bytes."""

    id: int
    rank: int | None = None
    """Which of the merges made it; `None` for a byte and for what no merge made."""
    left: Tree | None = None
    right: Tree | None = None
    note: str = ""


def trees(merging: Merging, pieces: Iterable[PieceMerges]) -> list[Tree]:
    """A tree for each token of the pieces."""
    known: dict[PieceMerges, list[Tree]] = {}
    found: list[Tree] = []
    for piece in pieces:
        if piece not in known:
            known[piece] = _of_piece(merging, piece)
        found += known[piece]
    return found


def _of_piece(merging: Merging, piece: PieceMerges) -> list[Tree]:
    merged = piece
    if piece.how == "whole":
        # It was not merged here, but inside a longer piece merges may give the same token.
        merged = merging.by_merges(piece.piece)
        if merged.ids != piece.ids:
            return [Tree(piece.ids[0], note="" if len(piece.piece) == 1 else NO_MERGE)]
    nodes = [Tree(token) for token in merged.start]
    for step in merged.steps:
        left, right = nodes[step.at : step.at + 2]
        nodes[step.at : step.at + 2] = [Tree(step.id, step.rank, left, right)]
    return nodes
