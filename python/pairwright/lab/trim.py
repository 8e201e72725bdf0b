"""The part of a vocabulary that serves one corpus best."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pairwright import arguments
from pairwright.lab.usage import checked

if TYPE_CHECKING:
    from typing import SupportsIndex

    import numpy.typing as npt

    from pairwright._core import Tokenizer


def trim(tokenizer: Tokenizer, usage: npt.ArrayLike, vocab_size: SupportsIndex | None = None) -> Tokenizer:
    """Leave the tokens that a text needs, at most so many; see `Tokenizer.trim`."""
    counts = checked(tokenizer, usage)
    made = tokenizer.made(counts)
    ids = np.fromiter(tokenizer.vocab.values(), np.int64, len(tokenizer.vocab))
    lengths = np.fromiter(map(len, tokenizer.vocab), np.int64, len(ids))
    ids, lengths = ids[lengths > 1], lengths[lengths > 1]
    used = made[ids] > 0
    gone = ids[~used].tolist()
    if vocab_size is not None:
        fixed = 256 + len(set(tokenizer.special_tokens.values()))
        room = arguments.integer("vocab_size", vocab_size) - fixed
        if room < 0:
            raise ValueError(
                f"vocab_size={vocab_size} is too small: the single bytes and the special tokens take {fixed} ids"
            )
        ids, lengths = ids[used], lengths[used]
        # A token was made at most as often as its parts, and is longer: so none is left without its parts.
        order = np.lexsort((-ids, -lengths, made[ids]))
        gone += ids[order][: max(len(ids) - room, 0)].tolist()
    return tokenizer.without(gone)
