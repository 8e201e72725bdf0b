"""Tokenizers in pickles: what travels to another process, and how a process builds only once what it gets often.

A pickle brings the whole tokenizer along. The name of a published encoding would be shorter, but the process that reads
it may have no copy of the rank file, no network, or another version of pairwright that gives the name other special
tokens: it would fail, or encode to other ids, and the sender cannot know. Instead the content is small, and there is
nothing in it to be parsed: see `src/io/packed.rs`.

A pool pickles a tokenizer for every task. So a tokenizer keeps what it was packed to, and a process remembers by the
SHA-256 in front of that which tokenizers it has: what it has is not built again but handed out, one object for all.
This is safe because tokenizers cannot be changed. Those that were built last are kept even if nobody uses them: between
two tasks a worker forgets the arguments of the first.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from pairwright._core import PACKED_HEADER, Tokenizer, _from_packed

if TYPE_CHECKING:
    from collections.abc import Callable

# A large one takes some 30 MB.
KEPT = 4

_known: WeakValueDictionary[bytes, Tokenizer] = WeakValueDictionary()
_kept: deque[Tokenizer] = deque(maxlen=KEPT)


def reduce(tokenizer: Tokenizer) -> tuple[Callable[[bytes], Tokenizer], tuple[bytes]]:
    """What pickles a tokenizer."""
    content = tokenizer._packed()
    _known.setdefault(content[:PACKED_HEADER], tokenizer)
    return unpacked, (content,)


def unpacked(content: bytes) -> Tokenizer:
    """The tokenizer that was pickled. Raises `FormatError` if it is damaged, or of another version of the format."""
    header = content[:PACKED_HEADER]
    tokenizer = _known.get(header)
    if tokenizer is None:
        # Where two threads build the same, both get the one that is there first.
        tokenizer = _known.setdefault(header, _from_packed(content))
        _kept.append(tokenizer)
    return tokenizer


def forget() -> None:
    """Let go of the tokenizers that are kept, and build all others anew."""
    _known.clear()
    _kept.clear()
