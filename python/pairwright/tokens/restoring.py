"""Makes the documents of a token folder again, byte for byte."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np

from pairwright import arguments
from pairwright.tokens.manifest import Manifest
from pairwright.tokens.reading import open_tokens

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from pairwright import Tokenizer, aliases
    from pairwright.tokens.reading import Tokens

ALL = "all"

# So many ids are decoded together, in whole documents.
SLICE = 1 << 20


def decode_tokens(folder: aliases.Path, split: str = ALL) -> Iterator[bytes]:
    """The documents of a token folder, one after the other, without what was appended to them.

    "all" means every split, the first one first. Raises as `open_tokens`, and `KeyError` for an id that the tokenizer
    does not know.
    """
    folder, split = arguments.named_path("folder", folder), arguments.text("split", split)
    return itertools.chain.from_iterable(map(documents, open_splits(folder, split)))


def open_splits(folder: aliases.Path, split: str) -> list[Tokens]:
    """One split, or all of them. Raises as `open_tokens`."""
    names = [each.name for each in Manifest.load(folder).splits] if split == ALL else [split]
    return [open_tokens(folder, name) for name in names]


def documents(tokens: Tokens) -> Iterator[bytes]:
    """The bytes of each document.

    Many are decoded together and then cut, which takes a third of the time for lines of 60 bytes.
    """
    decode, sizes = tokens.tokenizer.decode_bytes, sizes_of(tokens.tokenizer)
    append = tokens.manifest.settings["append"]
    behind = int(sizes[append["id"]]) if append else 0
    for shard in tokens._opened():
        for _, ids, offsets in shard.parts(SLICE):
            content = decode(ids)
            # Where the bytes of each id begin.
            places = np.zeros(len(ids) + 1, np.int64)
            np.cumsum(sizes[ids], out=places[1:])
            for start, end in itertools.pairwise(places[offsets].tolist()):
                yield content[start : end - behind]


def sizes_of(tokenizer: Tokenizer) -> npt.NDArray[np.int64]:
    """The number of bytes of each id; 0 for one that the tokenizer does not have."""
    sizes = np.zeros(tokenizer.vocab_size, np.int64)
    for token, number in tokenizer.vocab.items():
        sizes[number] = len(token)
    for number in tokenizer.special_tokens.values():
        sizes[number] = len(tokenizer.token_bytes(number))
    return sizes
