"""How a text that is still being written may go on in ids (tiktoken's `encode_with_unstable`).

The last piece of a text is not settled before its end is: more text may make other tokens of it. So its ids are taken
back, and every sequence of tokens is looked for that covers its bytes and may go beyond them.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from pairwright._core import Tokenizer

_BLANKS = b" \n\t"

# White space to Python, and not to Unicode or tiktoken.
_SEPARATORS = "\x1c\x1d\x1e\x1f"


def stable(tokenizer: Tokenizer, content: bytes, ids: Sequence[int], ends: npt.NDArray[np.int64]) -> int:
    """How many of the ids of a text in UTF-8 stay, whatever follows: those before its last piece.

    `ends` tells where each token ends in the text. If the last piece begins with a token of blanks, others of them
    right before it are unsettled too: what follows can move the end of a piece of white space. All ids stay if the last
    one is that of a special token.
    """
    special = np.fromiter(tokenizer.special_tokens.values(), np.int64)
    found = np.flatnonzero(np.isin(ids, special))
    ordinary = ends[found[-1]] if len(found) else 0
    pieces = tokenizer.split(content[ordinary:])
    if not pieces:
        return len(ids)
    kept = len(ids) - len(tokenizer.encode_piece(pieces[-1]))

    def is_blank(number: int) -> bool:
        return not tokenizer.token_bytes(ids[number]).strip(_BLANKS)

    if is_blank(kept):
        while kept > 0 and is_blank(kept - 1):
            kept -= 1
    return kept


def completions(tokenizer: Tokenizer, tokens: Sequence[bytes], rest: bytes) -> list[list[int]]:
    """Sequences of ids that cover these bytes, of which the last token may go beyond them; sorted.

    `tokens` are all ordinary tokens, sorted.
    """
    found: set[tuple[int, ...]] = set()
    if not rest:
        return []
    found.update((tokenizer.token_id(token),) for token in _beginning_with(tokens, rest))
    for at in range(1, len(rest)):
        for token in _beginning_with(tokens, rest[at:]):
            found.add(_covering(tokenizer, rest[:at] + token, len(rest)))
    found.update(_cut_before_a_blank(tokenizer, rest))
    return sorted(map(list, found))


def _beginning_with(tokens: Sequence[bytes], beginning: bytes) -> Iterator[bytes]:
    for at in range(bisect_left(tokens, beginning), len(tokens)):
        if not tokens[at].startswith(beginning):
            return
        yield tokens[at]


def _covering(tokenizer: Tokenizer, content: bytes, length: int) -> tuple[int, ...]:
    """The first ids of some bytes, as many as cover this length."""
    try:
        ids = tokenizer.encode_ordinary(content.decode())
    except UnicodeDecodeError:
        ids = tokenizer.encode_piece(content)
    covered = 0
    for number, id in enumerate(ids, 1):
        covered += len(tokenizer.token_bytes(id))
        if covered >= length:
            return tuple(ids[:number])
    return tuple(ids)


def _cut_before_a_blank(tokenizer: Tokenizer, rest: bytes) -> Iterator[tuple[int, ...]]:
    """A last character of white space may turn out to be a piece of its own, when something else follows it."""
    last = rest.decode(errors="replace")[-1:]
    start = len(rest) - len(last.encode())
    if start > 0 and last.isspace() and last not in _SEPARATORS:
        yield (*tokenizer.encode_piece(rest[:start]), *tokenizer.encode_piece(rest[start:]))
