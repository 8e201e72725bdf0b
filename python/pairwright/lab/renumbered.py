"""A tokenizer with other ids, and the map between the two, for the rows of embeddings and heads."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from pairwright._core import Tokenizer
    from pairwright.aliases import Ids


@dataclass(frozen=True, eq=False)
class Renumbered:
    """What `Tokenizer.compact` and `Tokenizer.keep` give."""

    tokenizer: Tokenizer
    old_ids: npt.NDArray[np.int64]
    """The old id of each new one, of shape (tokenizer.vocab_size,): `embeddings[old_ids]` has the rows to keep."""
    new_ids: npt.NDArray[np.int64]
    """The new id of each old one, of shape (old vocab_size,); -1 for an id that is gone: `new_ids[ids]` renumbers."""


def compact(tokenizer: Tokenizer) -> Renumbered:
    """Close the holes between ids; see `Tokenizer.compact`."""
    made, old = tokenizer._compact()
    old_ids = old.astype(np.int64)
    new_ids = np.full(tokenizer.vocab_size, -1, np.int64)
    new_ids[old_ids] = np.arange(len(old_ids))
    return Renumbered(made, old_ids, new_ids)


def keep(tokenizer: Tokenizer, ids: Ids | AbstractSet[int]) -> Renumbered:
    """Keep some tokens and no others; see `Tokenizer.keep`."""
    # Their order does not matter, so that they may be a set.
    asked = tokenizer._ids_of(list(ids) if isinstance(ids, AbstractSet) else ids).tolist()
    for position, token in enumerate(asked):
        if token not in tokenizer:
            raise KeyError(f"unknown token id {token} at position {position}")
    kept = set(asked)
    vocab = tokenizer.vocab
    gone = [token for bytes_, token in vocab.items() if token not in kept and len(bytes_) > 1]
    gone += [token for token in tokenizer.special_tokens.values() if token not in kept]
    result = compact(tokenizer.without(gone))
    # The map of `without` ends before ids at the end that are gone.
    new_ids = np.full(tokenizer.vocab_size, -1, np.int64)
    new_ids[result.old_ids] = np.arange(len(result.old_ids))
    return Renumbered(result.tokenizer, result.old_ids, new_ids)
