"""For each token of a new tokenizer, the ids of an old one that have its bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pairwright import arguments
from pairwright.batch import TokenBatch

if TYPE_CHECKING:
    from pairwright._core import Tokenizer


def rows(old: Tokenizer, new: Tokenizer) -> TokenBatch:
    """For each id of `new`, the ids of `old` that have its bytes, to initialise embeddings with their mean.

    `rows(old, new)[id]` is one id if `old` has a token of the same bytes, and otherwise the ids that its merges make of
    these bytes, as one piece. A special token is the special token of the same name, or its name as plain text. An id
    that is no token has none.

    Raises:
        TypeError: One of the two is no `Tokenizer`.

    """
    arguments.tokenizer("old", old)
    arguments.tokenizer("new", new)
    values: list[int] = []
    offsets = [0]
    names = {token: name for name, token in reversed(new.special_tokens.items())}
    by_id = {token: content for content, token in new.vocab.items()}
    for token in range(new.vocab_size):
        content = by_id.get(token)
        if content is not None:
            known = old.vocab.get(content)
            values += old.encode_piece(content) if known is None else [known]
        elif token in names:
            special = old.special_tokens.get(names[token])
            values += old.encode_ordinary(names[token]) if special is None else [special]
        offsets.append(len(values))
    return TokenBatch(np.array(values, np.uint32), np.array(offsets, np.int64))
