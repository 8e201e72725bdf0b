"""Words by the rules of Unicode, counted while text is read."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from pairwright._core import Counts, Tokenizer

if TYPE_CHECKING:
    import numpy.typing as npt


def _pattern() -> str:
    """The split pattern: a word or symbols, with the one space before them, or white space.

    Words are the segments of UAX #29, default word boundaries, that hold a letter or number. Each letter takes the
    marks, format characters and joiners behind it along (rule WB4). The names say which rules a part follows.
    """
    marks = r"[\p{wb=Extend}\p{wb=Format}\p{wb=ZWJ}]*"

    def one_of(*classes: str) -> str:
        return "(?:[" + "".join(rf"\p{{wb={each}}}" for each in classes) + f"]{marks})"

    hebrew = one_of("Hebrew_Letter")
    letter = f"(?:{hebrew}(?:{one_of('Double_Quote')}{hebrew})*|{one_of('ALetter')})"  # WB7b, WB7c
    letters = f"{letter}(?:{one_of('MidLetter', 'MidNumLet', 'Single_Quote')}?{letter})*"  # WB5, WB6, WB7
    numeric = one_of("Numeric")
    numbers = f"{numeric}(?:{one_of('MidNum', 'MidNumLet', 'Single_Quote')}?{numeric})*"  # WB8, WB11, WB12
    both = f"(?:{letters}|{numbers})+"  # WB9, WB10
    part = f"(?:{both}|{one_of('Katakana')}+)"  # WB13
    joiner = one_of("ExtendNumLet")
    word = f"{joiner}*{part}(?:{joiner}+{part})*{joiner}*"  # WB13a, WB13b
    # What has no rule of its own, such as an ideograph or a Thai letter, is a segment for itself (WB999).
    other = rf"[\p{{Alphabetic}}\p{{N}}]{marks}"
    # What no word begins with. That the segments of UAX #29 are shorter does not matter: they are no words.
    letters_of = "".join(rf"\p{{wb={each}}}" for each in ("ALetter", "Hebrew_Letter", "Katakana", "Numeric"))
    symbols = rf"[^\s\p{{Alphabetic}}\p{{N}}\p{{wb=ExtendNumLet}}{letters_of}]+"
    return rf" ?(?:{word}|{other}|{symbols})|\s+(?!\S)|(?s:.)"


PATTERN = _pattern()
"""Cuts text into words and what is between them. A geresh at the end of a Hebrew word (WB7a) is left to the latter."""


@cache
def _characters() -> Tokenizer:
    return Tokenizer.from_merges([], pattern=r"[\p{Alphabetic}\p{N}]+|[^\p{Alphabetic}\p{N}]+")


def words(text: str) -> list[str]:
    """The words of a text, in order, by the same rules."""
    pieces = [piece.removeprefix(" ") or piece for piece in _splitter().split(text)]
    chosen = _are_words([piece.encode("utf-8", "replace") for piece in pieces])
    return [piece for piece, is_word in zip(pieces, chosen.tolist(), strict=True) if is_word]


@cache
def _splitter() -> Tokenizer:
    return Tokenizer.from_merges([], pattern=PATTERN)


def _are_words(pieces: list[bytes]) -> npt.NDArray[np.bool_]:
    """Which pieces are words: those with a letter or a number.

    The classes of characters are those of the core, whatever version of Unicode this Python has.
    """
    # Bytes that are not UTF-8 decode to U+FFFD, which is neither.
    decoded = [piece.decode(errors="replace") for piece in pieces]
    characters = sorted(set("").union(*decoded))
    # Runs take turns, and the first is one of letters.
    runs = _characters().split("a" + "".join(characters))
    others = {character for run in runs[1::2] for character in run}
    return np.array([not others.issuperset(text) for text in decoded], np.bool_)


@dataclass(frozen=True)
class Pieces:
    """The distinct pieces of a text: words, runs of symbols, white space. One space before a piece is part of it."""

    texts: list[bytes]
    numbers: npt.NDArray[np.int64]
    """How often each occurs."""
    bare: list[bytes]
    """The same without the space."""
    are_words: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, counts: Counts) -> Pieces:
        """Those that were counted with `PATTERN`."""
        items = counts.items()
        texts = [piece for piece, _ in items]
        bare = [piece.removeprefix(b" ") or piece for piece in texts]
        return cls(texts, np.array([number for _, number in items], np.int64), bare, _are_words(bare))

    @property
    def words(self) -> int:
        """The number of words."""
        return int(self.numbers[self.are_words].sum())


def single_token_words(tokenizer: Tokenizer, pieces: Pieces, lengths: npt.NDArray[np.int64]) -> tuple[int, int]:
    """The number of distinct words that are one token, with a space before them or without, and of all of them.

    Nayeem et al., "Beyond Fertility" (2025). `lengths` has the number of tokens of each piece.
    """
    chosen = pieces.are_words.tolist()
    found = {
        word
        for word, is_word, length in zip(pieces.bare, chosen, lengths.tolist(), strict=True)
        if is_word and length == 1
    }
    types = {word for word, is_word in zip(pieces.bare, chosen, strict=True) if is_word}
    # The form that does not occur in the text may be one token as well, if it is a token at all.
    other = [form for word in types - found for form in (word, b" " + word) if form in tokenizer]
    ones = tokenizer.count_batch(other) == 1
    found.update(form.removeprefix(b" ") for form, is_one in zip(other, ones.tolist(), strict=True) if is_one)
    return len(found), len(types)
