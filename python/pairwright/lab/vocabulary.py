"""The ordinary tokens of a vocabulary, laid out so that numpy can look at all of them at once."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from pairwright import Tokenizer


class Vocabulary:
    """The ordinary tokens, in the order of ids. Arrays "of tokens" have one entry for each of them."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.tokenizer = tokenizer
        vocab = tokenizer.vocab
        self.tokens: list[bytes] = list(vocab)
        self.ids: npt.NDArray[np.int64] = np.fromiter(vocab.values(), np.int64, len(vocab))

    def __len__(self) -> int:
        return len(self.tokens)

    @cached_property
    def lengths(self) -> npt.NDArray[np.int64]:
        """The bytes of each token."""
        return np.fromiter(map(len, self.tokens), np.int64, len(self))

    @cached_property
    def texts(self) -> list[str | None]:
        """The text of each token, `None` where its bytes are not UTF-8."""
        return [_decoded(token) for token in self.tokens]

    @cached_property
    def is_text(self) -> npt.NDArray[np.bool_]:
        """Which tokens are UTF-8."""
        return np.fromiter((text is not None for text in self.texts), np.bool_, len(self))

    @cached_property
    def characters(self) -> Characters:
        """The characters of all tokens that are UTF-8."""
        return Characters(self.texts)


class Characters:
    """The characters of many texts in one array: `codes[starts[i]:starts[i + 1]]` are those of text i."""

    def __init__(self, texts: list[str | None]) -> None:
        lengths = np.fromiter((len(text) if text else 0 for text in texts), np.int64, len(texts))
        joined = "".join(text for text in texts if text)
        self.codes: npt.NDArray[np.uint32] = np.frombuffer(joined.encode("utf-32-le"), "<u4")
        self.starts: npt.NDArray[np.int64] = np.concatenate(([0], np.cumsum(lengths)))
        self._count = len(texts)

    @cached_property
    def present(self) -> list[int]:
        """The code points that occur."""
        found: list[int] = np.flatnonzero(np.bincount(self.codes, minlength=1)).tolist()
        return found

    @cached_property
    def owners(self) -> npt.NDArray[np.int64]:
        """The text that each character belongs to."""
        return np.repeat(np.arange(self._count), np.diff(self.starts))

    def having(self, code_points: list[int]) -> npt.NDArray[np.bool_]:
        """Which texts have at least one of these code points."""
        found = np.zeros(self._count, np.bool_)
        if code_points:
            wanted = np.zeros(0x110000, np.bool_)
            wanted[code_points] = True
            found[self.owners[wanted[self.codes]]] = True
        return found

    @cached_property
    def longest_runs(self) -> npt.NDArray[np.int64]:
        """How often the same character follows itself, at the most, in each text; 0 for a text without characters."""
        longest = np.zeros(self._count, np.int64)
        if len(self.codes) == 0:
            return longest
        changes = (np.diff(self.codes) != 0) | (np.diff(self.owners) != 0)
        begins = np.concatenate(([0], np.flatnonzero(changes) + 1))
        lengths = np.diff(np.concatenate((begins, [len(self.codes)])))
        np.maximum.at(longest, self.owners[begins], lengths)
        return longest


def _decoded(token: bytes) -> str | None:
    try:
        return token.decode()
    except UnicodeDecodeError:
        return None
