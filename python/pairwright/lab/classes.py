"""Classes of tokens by their bytes: single bytes, fragments of characters, digits, white space, symbols."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from pairwright import Tokenizer

    Bools = npt.NDArray[np.bool_]

DIGITS = b"0123456789"
SPACES = b" \t\n\v\f\r"
SYMBOLS = b"!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"


@dataclass(frozen=True)
class Classes:
    """What each id of a tokenizer is: arrays of shape (vocab_size,). Ids without bytes are in no class."""

    sizes: npt.NDArray[np.int64]
    """The bytes of each token."""
    single_bytes: Bools
    """One byte."""
    fragments: Bools
    """Not UTF-8 on its own: a part of a character, or a character and a part of another. Single bytes from 0x80 on too.
    """
    digits: Bools
    """ASCII digits and nothing else, but for one space before them."""
    white_space: Bools
    """ASCII white space and nothing else: indentation, blank lines."""
    symbols: Bools
    """ASCII punctuation and nothing else, but for one space before it: operators, brackets, markup."""

    @classmethod
    def of(cls, tokenizer: Tokenizer) -> Classes:
        """The classes of a vocabulary, special tokens included."""
        size = tokenizer.vocab_size
        tokens = [b""] * size
        for name, token_id in tokenizer.special_tokens.items():
            tokens[token_id] = name.encode()
        for token, token_id in tokenizer.vocab.items():
            tokens[token_id] = token
        sizes = np.fromiter(map(len, tokens), np.int64, size)
        digits, white_space, symbols = (np.zeros(size, np.bool_) for _ in range(3))
        fragments = np.zeros(size, np.bool_)
        for token_id, token in enumerate(tokens):
            if not token.isascii():
                fragments[token_id] = not is_utf8(token)
                continue
            rest = token.removeprefix(b" ")
            digits[token_id] = rest.isdigit()
            white_space[token_id] = token.isspace()
            symbols[token_id] = rest != b"" and not rest.strip(SYMBOLS)
        return cls(sizes, sizes == 1, fragments, digits, white_space, symbols)


def is_utf8(token: bytes) -> bool:
    """Whether bytes are whole characters."""
    try:
        token.decode()
    except UnicodeDecodeError:
        return False
    return True
