"""How often each id occurs in a corpus, in counts, or in a token folder."""

from __future__ import annotations

import os
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pairwright import _core, arguments
from pairwright._core import Counts, Tokenizer, kind_of
from pairwright.corpus.skipping import nothing_read, tell
from pairwright.errors import SplitError, StoppedError
from pairwright.lab import metrics
from pairwright.tokens.encoding import EncodingEvent, Texts
from pairwright.tokens.memory import TextsCorpus, corpus_of
from pairwright.tokens.progress import check, reporting
from pairwright.tokens.reading import Tokens, open_tokens

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import SupportsIndex, TypeAlias

    import numpy.typing as npt

    from pairwright.corpus import Corpus, Source
    from pairwright.corpus.blocks import Block, Skipped
    from pairwright.tokens.progress import Progress

    Usage: TypeAlias = npt.NDArray[np.uint64]


# Texts of a list at a time: few enough that Ctrl-C is heeded soon, many enough for every thread.
PART = 1 << 16


def usage(
    tokenizer: Tokenizer,
    source: Source | Counts | Tokens,
    *,
    threads: SupportsIndex | None = None,
    progress: Progress = None,
) -> Usage:
    """Count the ids of a source; see `Tokenizer.usage`."""
    if isinstance(source, Counts):
        return _of_counts(tokenizer, source, threads)
    if isinstance(source, Tokens):
        return _of_tokens(tokenizer, source)
    if isinstance(source, str | os.PathLike) and is_token_folder(source):
        splits = open_tokens(source).splits
        return sum((_of_tokens(tokenizer, open_tokens(source, split)) for split in splits), zeros(tokenizer))
    corpus = corpus_of(source)
    held = corpus.held() if progress is None and isinstance(corpus, TextsCorpus) else None
    found = None if held is None else _of_texts(tokenizer, held, threads)
    return of_corpus(tokenizer, corpus, threads, progress) if found is None else found


def zeros(tokenizer: Tokenizer) -> Usage:
    """The usage of no text."""
    return np.zeros(tokenizer.vocab_size, np.uint64)


def facts(tokenizer: Tokenizer, usage: Usage) -> dict[str, Any]:
    """What a usage says as a whole: `never` counts tokens only, ids that are free are none."""
    used = metrics.used(usage)
    return {
        "tokens": int(usage.sum()),
        "vocab_size": tokenizer.vocab_size,
        "used": used,
        "never": tokens_of(tokenizer) - used,
        "renyi": metrics.renyi_efficiency(usage) if used > 1 else None,
    }


def tokens_of(tokenizer: Tokenizer) -> int:
    """The number of its tokens: ids that are free count nothing."""
    return len({*tokenizer.vocab.values(), *tokenizer.special_tokens.values()})


def checked(tokenizer: Tokenizer, usage: object, argument: str = "usage") -> Usage:
    """A usage that was given, as an array of uint64. Raises `TypeError` and `ValueError`."""
    array = np.asarray(usage)
    if array.dtype.kind not in "iu":
        raise TypeError(
            f"{argument} must be an array of integers, not {arguments.shown(usage)}; Tokenizer.usage makes it"
        )
    if array.shape != (tokenizer.vocab_size,):
        raise ValueError(
            f"{argument} has the shape {array.shape}, not one number for each of the {tokenizer.vocab_size:,} ids: "
            "it was made by another tokenizer"
        )
    if array.dtype.kind == "i" and array.size and array.min() < 0:
        raise ValueError(f"{argument} has negative numbers")
    return array.astype(np.uint64, copy=False)


def is_token_folder(path: str | os.PathLike[str]) -> bool:
    """Whether there is a folder that `encode_corpus` wrote."""
    if not Path(path).is_dir():
        return False
    kind = kind_of(Path(path))
    return kind is not None and kind[0] == "tokens"


def _of_counts(tokenizer: Tokenizer, counts: Counts, threads: SupportsIndex | None) -> Usage:
    if _core.regex_of(counts.pattern) != _core.regex_of(tokenizer.pattern):
        raise ValueError(
            f"the counts were made with the split pattern {counts.pattern!r}, the tokenizer has {tokenizer.pattern!r}; "
            "count with the pattern of the tokenizer"
        )
    if not tokenizer._is_plain:
        raise ValueError("the tokenizer normalizes text before it splits it, which counts cannot tell: give the text")
    return tokenizer._usage_of_counts(counts, threads=threads)


def _of_texts(tokenizer: Tokenizer, texts: Sequence[Any], threads: SupportsIndex | None) -> Usage | None:
    """Count the ids of texts in memory, without a copy of them. `None` if one is refused: `of_corpus` says which."""
    found = zeros(tokenizer)
    try:
        for start in range(0, len(texts), PART):
            found += tokenizer._usage_of_texts(texts[start : start + PART], threads=threads)
    except (TypeError, ValueError, SplitError):
        return None
    return found


def _of_tokens(tokenizer: Tokenizer, tokens: Tokens) -> Usage:
    if tokens.tokenizer != tokenizer:
        raise ValueError(f"{tokens.folder} was encoded with another tokenizer: pw.open_tokens(folder).tokenizer has it")
    return tokens.usage()


def of_corpus(
    tokenizer: Tokenizer,
    corpus: Corpus,
    threads: SupportsIndex | None = None,
    progress: Progress = None,
    watch: Callable[[Block], None] | None = None,
) -> Usage:
    """Count the ids of a corpus; `watch` receives every block after it was counted."""
    check(progress)
    corpus.prepare()
    counting = _Counting(tokenizer, corpus, threads)
    # Parts of a text that is normalized may have other ids than all of it. Where documents may be skipped, one that
    # turns out to be damaged must not have been counted in part.
    may_cut = tokenizer._is_plain and not corpus.skips
    cut_for: tuple[str, list[str]] | None = (tokenizer.pattern, []) if may_cut else None
    with reporting(progress) as report, closing(corpus.blocks(cut_for=cut_for)) as blocks:
        total = corpus.size()
        for block in blocks:
            counting.add(block)
            if watch is not None:
                watch(block)
            if report is not None and report(counting.event(block.read, total)) is False:
                raise StoppedError("stopped by the progress callback")
    if counting.skipped and not counting.documents:
        raise nothing_read(corpus, counting.skipped)
    tell(corpus, counting.skipped, read=counting.documents)
    return counting.usage


class _Counting:
    """Adds up blocks of a corpus. A document on which the pattern gives up counts nothing if it may be skipped."""

    def __init__(self, tokenizer: Tokenizer, corpus: Corpus, threads: SupportsIndex | None) -> None:
        self.usage = zeros(tokenizer)
        self.documents = 0
        self.skipped: list[Skipped] = []
        self._tokenizer = tokenizer
        self._corpus = corpus
        self._threads = threads
        self._bytes = 0
        self._began = time.monotonic()

    def add(self, block: Block) -> None:
        """Count the ids of a block. Raises `DocumentError`."""
        self.skipped += block.skipped
        self.documents += block.length - block.goes_on
        self._bytes += int(_core.lengths(block.texts).sum())
        try:
            self.usage += self._of(block.texts)
        except SplitError:
            for number in range(block.length):
                self._add_one(block, number)

    def event(self, read: int, total: int) -> EncodingEvent:
        """How far it is."""
        elapsed = time.monotonic() - self._began
        return EncodingEvent(read, total, self.documents, self._bytes, int(self.usage.sum()), elapsed)

    def _of(self, texts: Texts) -> Usage:
        return self._tokenizer._usage_of_texts(texts, threads=self._threads)

    def _add_one(self, block: Block, number: int) -> None:
        try:
            self.usage += self._of([block.text(number)])
        except SplitError as error:
            self.skipped.append(self._corpus.refused(block.position(number), str(error)))
            self.documents -= 1
