"""Kinds of tokens that only their own bytes decide: of characters, of runs, and of other tokens like them."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from pairwright.lab import utf8

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    import numpy.typing as npt

    from pairwright.lab.vocabulary import Vocabulary

    Indices = npt.NDArray[np.int64]

LONG_RUN = 16

WHITE = frozenset("\t\n\r")

# Letters and marks that show nothing: combining grapheme joiner, Hangul fillers, Khmer inherent vowels, Mongolian and
# other variation selectors, and the blank of Braille. Unicode calls most of them "default ignorable".
FILLERS = frozenset(
    chain(
        (0x34F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0),
        range(0x180B, 0x1810),
        range(0xFE00, 0xFE10),
        range(0xE0100, 0xE01F0),
    )
)


def is_control(char: str) -> bool:
    """Whether it is a control character other than tab and the line ends."""
    return unicodedata.category(char) == "Cc" and char not in WHITE


def is_invisible(char: str) -> bool:
    """Whether it shows nothing, and is neither an ordinary space nor a control character."""
    category = unicodedata.category(char)
    return category in ("Cf", "Zl", "Zp") or (category == "Zs" and char != " ") or ord(char) in FILLERS


def is_unassigned(char: str) -> bool:
    """Whether Unicode has no character there."""
    return unicodedata.category(char) == "Cn"


def having(vocabulary: Vocabulary, holds: Callable[[str], bool]) -> Indices:
    """The tokens in UTF-8 with a character of a kind."""
    characters = vocabulary.characters
    return np.flatnonzero(characters.having([point for point in characters.present if holds(chr(point))]))


def unassigned(vocabulary: Vocabulary) -> Indices:
    """The tokens that occur only in text with code points that are not assigned."""
    found = having(vocabulary, is_unassigned).tolist()
    for index in np.flatnonzero(~vocabulary.is_text & (vocabulary.lengths > 1)).tolist():
        shape = utf8.parts(vocabulary.tokens[index])
        if shape is not None and (
            any(map(is_unassigned, shape.text)) or not utf8.may_be_assigned(shape.head, shape.tail)
        ):
            found.append(index)
    return np.array(sorted(found), np.int64)


def long_runs(vocabulary: Vocabulary) -> Indices:
    """The tokens with a long run of one character."""
    return np.flatnonzero(vocabulary.characters.longest_runs >= LONG_RUN)


class Variants:
    """Tokens in UTF-8 that are the same under some function of their text."""

    def __init__(self, vocabulary: Vocabulary, key: Callable[[str], str]) -> None:
        texts = np.flatnonzero(vocabulary.is_text)
        self._keys = [key(text) for text in vocabulary.texts if text is not None]
        last = dict(zip(self._keys, range(len(self._keys)), strict=True))
        lasts = np.fromiter(map(last.__getitem__, self._keys), np.int64, len(self._keys))
        # All but the last of those that are the same, and then these too.
        found = lasts != np.arange(len(self._keys))
        found[lasts[found]] = True
        self._places = np.flatnonzero(found)
        self.indices: Indices = texts[self._places]

    @cached_property
    def _same(self) -> dict[int, list[int]]:
        same: dict[str, list[int]] = defaultdict(list)
        for place, index in zip(self._places.tolist(), self.indices.tolist(), strict=True):
            same[self._keys[place]].append(index)
        return {index: indices for indices in same.values() for index in indices}

    def others(self, index: int) -> list[int]:
        """Those that one is like."""
        return [other for other in self._same[index] if other != index]


def without_space(text: str) -> str:
    """The same for texts that differ only in a leading space."""
    return text[1:] if text[:1] == " " else text


def normal_form(text: str) -> str:
    """The same for texts that differ only in their Unicode form."""
    return text if text.isascii() else unicodedata.normalize("NFKC", text)


def containing(vocabulary: Vocabulary, names: Iterable[str]) -> dict[int, list[str]]:
    """The ordinary tokens with the names of special tokens in them."""
    wanted = [name.encode() for name in names]
    if not wanted:
        return {}
    shortest = min(map(len, wanted))
    pattern = re.compile(b"|".join(map(re.escape, wanted)))
    long = np.flatnonzero(vocabulary.lengths >= shortest).tolist()
    found = (index for index in long if pattern.search(vocabulary.tokens[index]))
    return {index: [name.decode() for name in wanted if name in vocabulary.tokens[index]] for index in found}


def code_points(text: str, holds: Callable[[str], bool]) -> list[str]:
    """The code points of a kind in a text, as Unicode writes them."""
    return list(dict.fromkeys(_named(ord(char)) for char in text if holds(char)))


def possible(shape: utf8.Parts) -> Iterator[str]:
    """What a fragment can be part of: the code points that end its bytes."""
    if shape.tail:
        points = utf8.code_points(shape.tail)
        yield f"{_named(points[0])} to {_named(points[-1])}"


def _named(point: int) -> str:
    return f"U+{point:04X}"
