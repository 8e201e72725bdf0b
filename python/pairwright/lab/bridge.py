"""From ids of one tokenizer to those of another, by the bytes that they stand for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set as AbstractSet
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import numpy as np

from pairwright import arguments
from pairwright.batch import TokenBatch
from pairwright.errors import advise

if TYPE_CHECKING:
    import numpy.typing as npt

    from pairwright._core import Tokenizer
    from pairwright.aliases import Ids

    Array = npt.NDArray[np.int64]

# A part of a sequence: text, or the id that a special token has in the second tokenizer.
Part = bytes | int


@dataclass(frozen=True, eq=False)
class Alignment:
    """Which ids of two tokenizers stand for the same bytes; made by `Bridge.align`."""

    ids: list[int]
    """The ids of the second tokenizer."""
    groups: Array
    """Shape (n, 4): start and end in the ids of the first tokenizer, start and end in those of the second.

    The ids of a group stand for the same bytes on both sides, and no smaller part of it does. Groups follow each other
    without a gap.
    """
    bytes: Array
    """Shape (n, 2): start and end of each group in the bytes of the text."""
    first_spans: Array
    """Shape (number of first ids, 2): start and end of each id of the first tokenizer in the bytes of the text."""
    second_spans: Array
    """The same of the second."""

    def __len__(self) -> int:
        return len(self.groups)

    @property
    def sources(self) -> Array:
        """For each id of the second tokenizer, start and end of the ids of the first that it shares bytes with.

        Shape (number of second ids, 2). An id without bytes has an empty range.
        """
        starts, ends = self.second_spans.T
        # Tokens that end where this one starts share nothing with it, nor do those that start where it ends.
        first = np.searchsorted(self.first_spans[:, 1], starts, side="right")
        last = np.searchsorted(self.first_spans[:, 0], ends, side="left")
        return np.stack([first, np.where(starts < ends, last, first)], axis=1)


class Bridge:
    """Turns ids of one tokenizer into those of another; made by `pairwright.bridge`."""

    def __init__(self, first: Tokenizer, second: Tokenizer, *, special: Literal["error", "text"] = "error") -> None:
        """See `pairwright.bridge`."""
        arguments.tokenizer("first", first)
        arguments.tokenizer("second", second)
        self.first, self.second = first, second
        self.special = arguments.choice("special", special, ("error", "text"))
        # An id may have several names: one that both tokenizers know goes before others.
        shared = {token_id: name for name, token_id in first.special_tokens.items() if name in second.special_tokens}
        self._known = {token_id: second.special_tokens[name] for token_id, name in shared.items()}
        self._names = {token_id: name for name, token_id in first.special_tokens.items()} | shared

    def __repr__(self) -> str:
        return f"Bridge({self.first!r}, {self.second!r}, special={self.special!r})"

    def __call__(self, ids: Ids) -> list[int]:
        """The ids of the second tokenizer: those of `second.encode_ordinary` for the bytes that the ids stand for.

        Special tokens keep their place, and text on both sides of one is encoded by itself. Raises `KeyError` for an
        unknown id, naming its position; `ValueError` for a special token that the second tokenizer does not have,
        unless `special="text"`, and for text that the second tokenizer normalizes and so cannot give back.
        """
        found: list[int] = self._encode([self._array(ids)])[0].tolist()
        return found

    def batch(self, batch: TokenBatch | Iterable[Ids], *, threads: int | None = None) -> TokenBatch:
        """The same of many sequences, in parallel. Raises what a call does."""
        if isinstance(batch, str | bytes | bytearray | memoryview | Mapping) or not isinstance(batch, Iterable):
            raise TypeError(f"batch must be a TokenBatch or several sequences of ids, not {arguments.shown(batch)}")
        found = self._encode([self._array(ids) for ids in batch], threads)
        offsets = np.zeros(len(found) + 1, np.int64)
        np.cumsum([len(ids) for ids in found], out=offsets[1:])
        return TokenBatch(np.concatenate([np.zeros(0, np.uint32), *found]), offsets)

    def align(self, ids: Ids) -> Alignment:
        """The ids of the second tokenizer, and which ids of both stand for the same bytes. Raises what a call does."""
        numbers = self._array(ids)
        found = self._encode([numbers])[0]
        first = np.cumsum(self._sizes[0][numbers])
        second = np.cumsum(self._sizes[1][found])
        size = int(first[-1]) if len(first) else 0
        ends = np.intersect1d(first, second)
        # Tokens without bytes are in a group with those before them; at the start with those behind.
        ends = ends[ends > 0] if size else np.zeros(min(len(first) + len(second), 1), np.int64)
        in_first, in_second = (np.searchsorted(each, ends, side="right") for each in (first, second))
        groups = np.stack([_starts(in_first), in_first, _starts(in_second), in_second], axis=1).astype(np.int64)
        return Alignment(found.tolist(), groups, _spans(ends), _spans(first), _spans(second))

    @cached_property
    def _sizes(self) -> tuple[Array, Array]:
        """The bytes of each token of both."""
        return _sizes(self.first), _sizes(self.second)

    def _array(self, ids: Ids) -> Array:
        """The ids as an array. Raises what `decode_bytes` raises for what is none, and for an unknown one."""
        refused = isinstance(ids, str | bytes | bytearray | memoryview | Mapping | AbstractSet)
        if not refused and not hasattr(ids, "__array__") and isinstance(ids, Iterable):
            # What can be iterated but once is needed twice.
            ids = list(ids)
        self.first.decode_bytes(ids)
        return np.asarray(ids).astype(np.int64)

    def _encode(self, sequences: list[Array], threads: int | None = None) -> list[npt.NDArray[np.uint32]]:
        """The ids of each sequence. All texts between special tokens are encoded at once."""
        parts = [self._parts(ids) for ids in sequences]
        texts = [part for each in parts for part in each if isinstance(part, bytes)]
        encoded = iter(self.second.encode_batch(texts, disallowed_special=(), threads=threads))
        found = []
        for ids, each in zip(sequences, parts, strict=True):
            pieces = [next(encoded) if isinstance(part, bytes) else np.array([part], np.uint32) for part in each]
            found.append(np.concatenate([np.zeros(0, np.uint32), *pieces]))
            if self.second.decode_bytes(found[-1]) != self.first.decode_bytes(ids):
                raise ValueError(
                    "the second tokenizer does not give this text back: it normalizes text, or leaves some of it out, "
                    "so no ids of it stand for the same bytes"
                )
        return found

    def _parts(self, ids: Array) -> list[Part]:
        """The text between special tokens, and the ids of these."""
        parts: list[Part] = []
        start = 0
        for at in np.flatnonzero(np.isin(ids, list(self._names))).tolist():
            token_id = int(ids[at])
            if token_id not in self._known:
                if self.special == "text":
                    continue
                name = self._names[token_id]
                error = ValueError(
                    f"ids[{at}] is the special token {name!r}, which the second tokenizer does not have as one"
                )
                advise(error, 'special="text" takes its name as plain text')
                raise error
            parts += [self.first.decode_bytes(ids[start:at]), self._known[token_id]]
            start = at + 1
        return [*parts, self.first.decode_bytes(ids[start:])]


def bridge(first: Tokenizer, second: Tokenizer, *, special: Literal["error", "text"] = "error") -> Bridge:
    """From ids of one tokenizer to those of another, exactly, by the bytes that they stand for.

    Args:
        first: The tokenizer that the ids are of.
        second: The tokenizer to have ids of.
        special: A special token becomes the one of the same name. If the second tokenizer has none, it is a
            `ValueError` ("error") or plain text, together with the text on both sides of it ("text").

    >>> import pairwright as pw
    >>> a, b = pw.train(["to be or not to be"], 262), pw.train(["that is the question"], 262)
    >>> to_b = pw.bridge(a, b)
    >>> to_b(a.encode("to be that")) == b.encode("to be that")
    True

    """
    return Bridge(first, second, special=special)


def _sizes(tokenizer: Tokenizer) -> Array:
    sizes = np.zeros(tokenizer.vocab_size, np.int64)
    for name, token_id in tokenizer.special_tokens.items():
        sizes[token_id] = len(name.encode())
    for token, token_id in tokenizer.vocab.items():
        sizes[token_id] = len(token)
    return sizes


def _starts(ends: Array) -> Array:
    """Where each begins of what follows without a gap: at 0, and where the one before ends."""
    starts: Array = np.concatenate([np.zeros(1, np.int64), ends])
    return starts[: len(ends)]


def _spans(ends: Array) -> Array:
    return np.stack([_starts(ends), ends], axis=1)
