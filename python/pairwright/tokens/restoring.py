"""Makes the documents of a token folder again, byte for byte."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from pairwright.tokens.manifest import Manifest
from pairwright.tokens.reading import open_tokens

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pairwright import aliases
    from pairwright.tokens.reading import Tokens

ALL = "all"


def decode_tokens(folder: aliases.Path, split: str = ALL) -> Iterator[bytes]:
    """The documents of a token folder, one after the other, without what was appended to them.

    "all" means every split, the first one first. Raises as `open_tokens`, and `KeyError` for an id that the tokenizer
    does not know.
    """
    return itertools.chain.from_iterable(map(documents, open_splits(folder, split)))


def open_splits(folder: aliases.Path, split: str) -> list[Tokens]:
    """One split, or all of them. Raises as `open_tokens`."""
    names = [each.name for each in Manifest.load(folder).splits] if split == ALL else [split]
    return [open_tokens(folder, name) for name in names]


def documents(tokens: Tokens) -> Iterator[bytes]:
    """The bytes of each document."""
    decode = tokens.tokenizer.decode_bytes
    end = -1 if tokens.manifest.settings["append"] else None
    return (decode(ids[:end]) for ids in tokens)
