"""The tokens of a text, to look at in a terminal or a notebook."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from pairwright import arguments
from pairwright.lab.merging import Merging
from pairwright.special import MEANING

if TYPE_CHECKING:
    from pairwright._core import Tokenizer
    from pairwright.aliases import Text
    from pairwright.lab.merging import PieceMerges
    from pairwright.lab.tree import Tree
    from pairwright.special import Treatment


MOST = 5000
"""Tokens that a notebook shows of a long text: it holds all that it shows in memory."""


def show(tokenizer: Tokenizer, text: Text, *, special: Treatment = "allow") -> Shown:
    """Show the tokens of a text; see `Tokenizer.show`."""
    arguments.tokenizer("tokenizer", tokenizer)
    arguments.choice("special", special, tuple(MEANING))
    return Shown(tokenizer, text, tokenizer.encode(text, **MEANING[special]))


class Shown:
    """The tokens of a text; made by `Tokenizer.show`.

    As text (`str`) they are on one line, separated by `|`, and in a table with id and bytes. A notebook shows them in
    colours, with id, rank, bytes and merges on hover, of a long text the first 5,000; `html` gives a page with all. A
    double line is below tokens that share a character.
    """

    ids: list[int]
    tokens: list[bytes]
    """The bytes of each token."""

    def __init__(self, tokenizer: Tokenizer, text: Text, ids: list[int]) -> None:
        self.tokenizer = tokenizer
        self.ids = ids
        self.tokens = list(map(tokenizer.token_bytes, ids))
        self._text = text

    @cached_property
    def pieces(self) -> list[PieceMerges]:
        """The pieces of the text, each with the merges that made its tokens, as `Tokenizer.merge_steps` gives them.

        Raises `ValueError` for a text of which the tokenizer leaves out parts.
        """
        return self._merging.pieces(self._text, self.ids)

    @cached_property
    def trees(self) -> list[Tree] | None:
        """For each token, what it was merged from; `None` where the pieces of the text cannot be told."""
        from pairwright.lab.tree import trees

        try:
            return trees(self._merging, self.pieces)
        except ValueError:
            return None

    @property
    def summary(self) -> str:
        """The number of tokens and bytes, in words."""
        size = sum(map(len, self.tokens))
        numbers = (len(self), "token"), (size, "byte")
        return ", ".join(f"{number:,} {word}{'s' * (number != 1)}" for number, word in numbers)

    @cached_property
    def _merging(self) -> Merging:
        return Merging(self.tokenizer)

    def html(self, *, merges: bool = False) -> str:
        """A page of HTML with all tokens, without scripts; with `merges` also in which order each piece is merged.

        Raises `ValueError` for `merges` of a text of which the tokenizer leaves out parts.
        """
        from pairwright.lab.page import page

        return page({repr(self.tokenizer): self}, merges=arguments.flag("merges", merges))

    def __len__(self) -> int:
        return len(self.ids)

    def __str__(self) -> str:
        from pairwright.lab.tables import as_text
        from pairwright.visible import in_line, table_of_ids

        line = in_line(self.tokens).plain
        return f"{line}\n\n{as_text([table_of_ids(self.tokenizer, self.ids)])}"

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        from pairwright.lab.markup import STYLE, fragment

        return f"<style>{STYLE}</style>{fragment(self, most=MOST)}"
