"""Compares tokenizers on texts."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from pairwright import _core, arguments
from pairwright._core import Counts, Settings, Tokenizer
from pairwright.errors import advise
from pairwright.lab import metrics
from pairwright.lab.classes import Classes
from pairwright.lab.comparison import Comparison, divergence
from pairwright.lab.observing import Encoded, Observed, Observing
from pairwright.lab.pairs import Pair
from pairwright.lab.rows import Row, defined, of_usage, row
from pairwright.tokens.encoding import EncodingEvent
from pairwright.tokens.memory import corpus_of
from pairwright.tokens.progress import reporting
from pairwright.tokens.reading import Tokens

if TYPE_CHECKING:
    from typing import SupportsIndex

    from pairwright.corpus import Corpus, Source
    from pairwright.tokens.progress import Progress


def compare(
    tokenizers: Mapping[str, Tokenizer],
    texts: Mapping[str, Source],
    reference: str | None = None,
    *,
    context: SupportsIndex | None = None,
    headroom: bool = False,
    speed: bool = False,
    threads: SupportsIndex | None = None,
    progress: Progress = None,
) -> Comparison:
    """Compare tokenizers on texts: how many tokens each needs, how fairly, and where they differ.

    Args:
        tokenizers: The tokenizers, by names that the result has them by.
        texts: The texts by name, each in whatever form `train` takes text. Every text is read once, and no more of it
            is held than some megabytes, the longest document, and its distinct words. Special tokens in it are plain
            text.
        reference: The name of the text that all others are translations of, document by document. With it there are
            premiums, and Gini coefficients are of tokens, not of tokens a byte.
        context: Count the documents with more than so many tokens.
        headroom: Train a vocabulary of the same size, with the same split pattern, on each text, and tell how many
            times its tokens each tokenizer needs. Takes as long as that training. Not for tokenizers that normalize.
        speed: Tell how fast texts were encoded. That is the only number that another run gives otherwise.
        threads: The number of threads that encode; `None` uses every core.
        progress: `True` shows a bar on stderr if it is a terminal; a callable receives `EncodingEvent` objects, and
            ends the work with `StoppedError` if it returns `False`.

    Raises:
        TypeError: The tokenizers or texts are no dict by name, or one of them is none.
        ValueError: There are none; a text is empty; `reference` is none of the texts, or another text has not as many
            documents.
        OSError, DocumentError: As for `train`.

    """
    tokenizers = named("tokenizers", tokenizers)
    for name, tokenizer in tokenizers.items():
        arguments.tokenizer(f"tokenizers[{name!r}]", tokenizer)
    corpora = {name: _corpus(name, source) for name, source in named("texts", texts).items()}
    if reference is not None and arguments.text("reference", reference) not in corpora:
        raise ValueError(f"reference={reference!r}: is none of the texts {', '.join(map(repr, corpora))}")
    limit = None if context is None else arguments.integer("context", context, least=1)
    headroom, speed = arguments.flag("headroom", headroom), arguments.flag("speed", speed)
    number = None if threads is None else arguments.integer("threads", threads, least=1)
    comparing = _Comparing(tokenizers, reference, limit, number, headroom=headroom, speed=speed)
    with reporting(progress) as report:
        began = time.monotonic()
        event = EncodingEvent(0, sum(corpus.size() for corpus in corpora.values()), 0, 0, 0, 0.0)
        # The reference first: that another text has not as many documents then shows at once.
        for name in sorted(corpora, key=lambda each: each != reference):
            observing = Observing(name, corpora[name], tokenizers, number, comparing.patterns)
            try:
                event = observing.run(report, began, event)
            except TypeError as error:
                # Of an item that is no text: which of the sources has it, its message does not tell.
                error.add_note(f"in texts[{name!r}]")
                raise
            comparing.add(observing.observed)
    return comparing.finish(list(corpora))


def named(argument: str, value: object) -> dict[str, Any]:
    """The argument, a dict by name. Raises `TypeError`, `ValueError` for none and for empty names."""
    what = "a dict of names and " + argument
    if not isinstance(value, Mapping):
        raise TypeError(f"{argument} must be {what}, not {arguments.shown(value)}")
    if not value:
        raise ValueError(f"{argument} is empty: give {what}")
    for name in value:
        if not arguments.text(f"a name in {argument}", name):
            raise ValueError(f"a name in {argument} is empty")
    return dict(value)


def _corpus(name: str, source: Source) -> Corpus:
    """The corpus of a text. Raises `TypeError` for what has tokens or counts, which tell nothing of the text."""
    if isinstance(source, Counts | Tokens):
        raise TypeError(f"texts[{name!r}] must be text, not {type(source).__name__}, which has no words in it")
    try:
        return corpus_of(source)
    except (TypeError, ValueError, OSError) as error:
        error.add_note(f"in texts[{name!r}]")
        raise


class _Comparing:
    """Takes in one text after the other."""

    def __init__(
        self,
        tokenizers: dict[str, Tokenizer],
        reference: str | None,
        context: int | None,
        threads: int | None,
        *,
        headroom: bool,
        speed: bool,
    ) -> None:
        self._tokenizers = tokenizers
        self._reference = reference
        self._context = context
        self._threads = threads
        self._speed = speed
        # Counts tell nothing of text that is normalized before it is split.
        self._plain = {name for name, tok in tokenizers.items() if headroom and tok._is_plain}
        self.patterns = frozenset(tokenizers[name].pattern for name in self._plain)
        self._classes = {name: Classes.of(tok) for name, tok in tokenizers.items()}
        self._total = {name: Encoded(np.zeros(tok.vocab_size, np.uint64)) for name, tok in tokenizers.items()}
        names = list(tokenizers)
        self._pairs = [Pair.of(a, b, tokenizers) for at, a in enumerate(names) for b in names[at + 1 :]]
        self._rows: dict[tuple[str, str], Row] = {}
        self._usages: dict[tuple[str, str], Any] = {}
        self._beginnings: dict[str, bytes] = {}

    def add(self, observed: Observed) -> None:
        """Take in a text. Raises `ValueError` if it has not as many documents as the reference text."""
        self._check_parallel(observed)
        pieces = observed.pieces
        assert pieces is not None
        self._beginnings[observed.name] = observed.beginning
        lengths = {}
        for name, tokenizer in self._tokenizers.items():
            lengths[name] = tokenizer.count_batch(pieces.texts, threads=self._threads)
            encoded = observed.encoded[name]
            names = name, observed.name
            found = row(names, tokenizer, self._classes[name], observed, lengths[name], self._context)
            found["headroom"] = self._headroom(name, observed) if name in self._plain else None
            speed = metrics.ratio(observed.bytes / 1e6, encoded.seconds)
            found["megabytes_per_second"] = speed if self._speed else None
            self._rows[names] = found
            seen = np.flatnonzero(encoded.usage)
            self._usages[names] = seen, encoded.usage[seen]
            self._total[name].usage += encoded.usage
        for pair in self._pairs:
            both = pair.first, pair.second
            pair.add(observed.name, pieces, (lengths[pair.first], lengths[pair.second]))
            pair.documents += [(observed.name, each) for each in observed.differences[both]]

    def finish(self, texts: list[str]) -> Comparison:
        """What was found, with what takes several texts."""
        first, beside = next(iter(self._tokenizers)), self._reference or texts[0]
        for (name, text), found in self._rows.items():
            tokens, standard = found["tokens"], self._rows[name, beside]["tokens"]
            found["premium"] = None if self._reference is None else metrics.ratio(tokens, standard)
            found["normalized_length"] = metrics.ratio(tokens, self._rows[first, text]["tokens"])
            several = len(texts) > 1
            found["drift"] = divergence(self._usages[name, text], self._usages[name, beside]) if several else None
        rows = [defined(self._rows[name, text]) for text in texts for name in self._tokenizers]
        order = {text: number for number, text in enumerate(texts)}
        for pair in self._pairs:
            pair.documents.sort(key=lambda each: order[each[0]])
        summaries = [defined(self._summary(name, rows)) for name in self._tokenizers]
        beginnings = {text: self._beginnings[text] for text in texts}
        return Comparison(rows, summaries, self._pairs, self._reference, self._context, beginnings, self._usages)

    def _check_parallel(self, observed: Observed) -> None:
        if self._reference is None or observed.name == self._reference:
            return
        # The reference text is the first that is added.
        expected = next(iter(self._rows.values()))["documents"]
        if observed.documents != expected:
            error = ValueError(
                f"the text {observed.name!r} has {observed.documents:,} documents and the reference text "
                f"{self._reference!r} has {expected:,}: premiums need parallel text, document by document"
            )
            advise(error, f"leave out reference={self._reference!r} to compare text that is not parallel")
            raise error

    def _headroom(self, name: str, observed: Observed) -> float:
        """Tokens over those of a vocabulary that was trained on the text, with as many ordinary tokens."""
        tokenizer = self._tokenizers[name]
        counts = observed.counts[tokenizer.pattern]
        settings = Settings(
            vocab_size=max(len(tokenizer.vocab), 256),
            special_tokens=[],
            special_ids="last",
            tie_break="lowest_pair",
            min_frequency=1,
            max_token_bytes=None,
            threads=self._threads,
        )
        best, _, _ = _core.train(counts, settings)
        tokens = best._usage_of_counts(counts, threads=self._threads).sum()
        return metrics.ratio(observed.encoded[name].tokens, int(tokens))

    def _summary(self, name: str, rows: list[Row]) -> Row:
        """All texts together."""
        own = [each for each in rows if each["tokenizer"] == name]
        sums = {key: sum(each[key] for each in own) for key in ("documents", "bytes", "characters", "words", "tokens")}
        tokenizer = self._tokenizers[name]
        total = self._total[name]
        costs = [each["tokens"] / (1 if self._reference is not None else each["bytes"]) for each in own]
        priced = [each for each in own if each["premium"] is not None]
        worst = max(priced, key=lambda each: each["premium"], default=None)
        return {
            "tokenizer": name,
            "vocab_size": tokenizer.vocab_size,
            **sums,
            "bytes_per_token": metrics.ratio(sums["bytes"], sums["tokens"]),
            "characters_per_token": metrics.ratio(sums["characters"], sums["tokens"]),
            "tokens_per_word": metrics.ratio(sums["tokens"], sums["words"]),
            "gini": metrics.gini(costs) if len(own) > 1 else None,
            "worst_text": worst["text"] if worst else None,
            "worst_premium": worst["premium"] if worst else None,
            **of_usage(total, self._classes[name], sums["bytes"], tokenizer.vocab_size),
        }
