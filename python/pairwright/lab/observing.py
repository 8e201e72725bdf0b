"""Reads a text once and encodes it with every tokenizer, some megabytes at a time."""

from __future__ import annotations

import itertools
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from operator import itemgetter
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from pairwright import _core
from pairwright.corpus.skipping import nothing_read, tell
from pairwright.errors import SplitError, StoppedError
from pairwright.lab import words
from pairwright.tokens.encoding import EncodingEvent, Texts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy.typing as npt

    from pairwright._core import Counts, Tokenizer
    from pairwright.batch import TokenBatch
    from pairwright.corpus import Corpus
    from pairwright.corpus.blocks import Block, Position, Skipped

DOCUMENTS = 3
"""The documents that are named of those on which two tokenizers differ."""


BEGINNING = 1024
"""The bytes that are kept of the beginning of a text."""


@dataclass
class Encoded:
    """What one tokenizer made of one text."""

    usage: npt.NDArray[np.uint64]
    seconds: float = 0.0
    lengths: Counter[int] = field(default_factory=Counter)
    """How many documents have each number of tokens."""

    @property
    def tokens(self) -> int:
        """The number of tokens."""
        return int(self.usage.sum())

    @property
    def sequences(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """The lengths of documents, ascending, and how many have each."""
        items = sorted(self.lengths.items())
        return np.array([each for each, _ in items], np.int64), np.array([each for _, each in items], np.int64)

    def add(self, batch: TokenBatch) -> None:
        """Add the documents of a block."""
        _core._add_usage(self.usage, batch.values)
        lengths, numbers = np.unique(np.diff(batch.offsets), return_counts=True)
        self.lengths.update(dict(zip(lengths.tolist(), numbers.tolist(), strict=True)))


@dataclass(frozen=True)
class Difference:
    """A document that two tokenizers encode to different numbers of tokens."""

    place: str
    tokens: tuple[int, int]


# Within the class `bytes` is a number.
Content: TypeAlias = bytes


@dataclass
class Observed:
    """A text, and what each tokenizer made of it, by its name."""

    name: str
    encoded: dict[str, Encoded]
    documents: int = 0
    bytes: int = 0
    characters: int = 0
    pieces: words.Pieces | None = None
    differences: dict[tuple[str, str], list[Difference]] = field(default_factory=dict)
    """The documents with the largest difference, for each two tokenizers."""
    counts: dict[str, Counts] = field(default_factory=dict)
    """Pretokens by split pattern, if they were asked for."""
    beginning: Content = b""
    """The first bytes of the first document that has any."""


class Observing:
    """Observes a text block by block. A document that one tokenizer cannot split is left out for all of them."""

    def __init__(
        self,
        name: str,
        corpus: Corpus,
        tokenizers: Mapping[str, Tokenizer],
        threads: int | None,
        patterns: frozenset[str],
    ) -> None:
        encoded = {each: Encoded(np.zeros(tok.vocab_size, np.uint64)) for each, tok in tokenizers.items()}
        self.observed = Observed(name, encoded)
        self._corpus = corpus
        self._tokenizers = tokenizers
        self._threads = threads
        self._skipped: list[Skipped] = []
        self._counters = {each: _core.Counter(pattern=each, threads=threads) for each in {words.PATTERN, *patterns}}
        self._largest: dict[tuple[str, str], list[tuple[int, Position, tuple[int, int]]]] = {
            pair: [] for pair in itertools.combinations(tokenizers, 2)
        }

    def run(self, report: Callable[[EncodingEvent], object] | None, began: float, done: EncodingEvent) -> EncodingEvent:
        """Read all of it. `done` is how far the texts before it were, what comes back how far it is then.

        Raises `OSError`, `DocumentError`, `StoppedError`; `ValueError` for a text without a byte.
        """
        self._corpus.prepare()
        observed, event = self.observed, done
        # Patterns differ: no place to cut a long document is right for all of them.
        with closing(self._corpus.blocks()) as blocks:
            for block in blocks:
                self._add(block)
                event = EncodingEvent(
                    done.read + block.read,
                    done.total,
                    done.documents + observed.documents,
                    done.bytes + observed.bytes,
                    done.tokens + sum(each.tokens for each in observed.encoded.values()),
                    time.monotonic() - began,
                )
                if report is not None and report(event) is False:
                    raise StoppedError("stopped by the progress callback")
        if self._skipped and not observed.documents:
            raise nothing_read(self._corpus, self._skipped)
        tell(self._corpus, self._skipped, read=observed.documents)
        if not observed.bytes:
            raise ValueError(f"the text {observed.name!r} is empty: there is nothing to measure")
        counts = {pattern: counter.finish() for pattern, counter in self._counters.items()}
        observed.pieces = words.Pieces.of(counts.pop(words.PATTERN))
        observed.counts = counts
        observed.differences = {pair: [self._named(*each) for each in found] for pair, found in self._largest.items()}
        return event

    def _add(self, block: Block) -> None:
        self._skipped += block.skipped
        texts, numbers = block.texts, list(range(block.length))
        try:
            batches = self._encode(texts)
        except SplitError:
            numbers = [number for number in numbers if self._can_split(block, number)]
            texts = [block.text(number) for number in numbers]
            batches = self._encode(texts)
        observed = self.observed
        observed.documents += len(numbers)
        observed.bytes += int(_core.lengths(texts).sum())
        observed.characters += sum(len(block.text(number).decode(errors="replace")) for number in numbers)
        for number in numbers:
            if observed.beginning:
                break
            observed.beginning = block.text(number)[:BEGINNING]
        for counter in self._counters.values():
            counter.add(texts)
        lengths = {}
        for name, (batch, seconds) in batches.items():
            observed.encoded[name].add(batch)
            observed.encoded[name].seconds += seconds
            lengths[name] = np.diff(batch.offsets)
        for (first, second), largest in self._largest.items():
            found = _largest(lengths[first], lengths[second])
            largest += [(size, block.position(numbers[at]), tokens) for size, at, tokens in found]
            # Of equal differences those that come first.
            largest.sort(key=lambda each: -each[0])
            del largest[DOCUMENTS:]

    def _encode(self, texts: Texts) -> dict[str, tuple[TokenBatch, float]]:
        """The ids of every tokenizer, special tokens as plain text, and the seconds that it took."""
        found = {}
        for name, tokenizer in self._tokenizers.items():
            began = time.perf_counter()
            batch = tokenizer.encode_batch(texts, disallowed_special=(), threads=self._threads)
            found[name] = batch, time.perf_counter() - began
        return found

    def _can_split(self, block: Block, number: int) -> bool:
        for name, tokenizer in self._tokenizers.items():
            try:
                tokenizer.count(block.text(number), threads=self._threads)
            except SplitError as error:
                reason = f"{name} cannot split it: {error}"
                self._skipped.append(self._corpus.refused(block.position(number), reason))
                return False
        return True

    def _named(self, _: int, at: Position, tokens: tuple[int, int]) -> Difference:
        origin = self._corpus.origins[at.file]
        place = self._corpus.framing.place(origin, at.document)
        return Difference(f"{origin.name}, {place}" if place else origin.name, tokens)


def _largest(first: npt.NDArray[np.int64], second: npt.NDArray[np.int64]) -> list[tuple[int, int, tuple[int, int]]]:
    """The largest differences of two arrays: their size, where they are, and both numbers."""
    sizes = np.abs(first - second)
    chosen = _most(sizes) if len(sizes) > DOCUMENTS else np.arange(len(sizes))
    found = [(int(sizes[at]), int(at), (int(first[at]), int(second[at]))) for at in chosen]
    return sorted([each for each in found if each[0]], key=itemgetter(0), reverse=True)


def _most(sizes: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Where the largest numbers are, the first of equal ones, without sorting all."""
    least = np.partition(sizes, -DOCUMENTS)[-DOCUMENTS]
    above = np.flatnonzero(sizes > least)
    return np.concatenate([above, np.flatnonzero(sizes == least)])[:DOCUMENTS]
