"""Learning a vocabulary from a corpus."""

from __future__ import annotations

import json
import time
import warnings
from typing import TYPE_CHECKING

from pairwright import _core, arguments, languages
from pairwright._core import Counts, Settings, Tokenizer
from pairwright.corpus import Corpus, Counting, Description, Source, Texts, resolve
from pairwright.errors import FewerMergesWarning, StoppedError
from pairwright.parity import core_of, development_of, objective_of, settings_of
from pairwright.reported import reporting_if
from pairwright.stages import check_pattern, checked as stages_of, learn as learn_stages
from pairwright.warned import warn_if_whole, warn_of_reserved

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any, Literal, NoReturn, SupportsFloat, SupportsIndex

    from pairwright.languages import Given, Resolved
    from pairwright.parity import Parity
    from pairwright.progress import Progress, Reporter

WHOLE = ""
"""The name of a corpus that is not of several languages."""


def count(
    source: Source,
    pattern: str = "cl100k",
    special_tokens: Iterable[str] = (),
    *,
    threads: SupportsIndex | None = None,
    memory_limit: SupportsIndex | SupportsFloat | None = None,
    spill_folder: str | os.PathLike[str] | None = None,
    progress: Progress = None,
) -> Counts:
    """Count the distinct pieces of a corpus: all that training needs to know of it.

    Arguments are those of `train`. Raises what `train` raises for them, and `StoppedError` if the callback `progress`
    returns `False`: half a corpus counted by several threads is not the counts of anything. Warns with `PatternWarning`
    as `train` does.
    """
    arguments.receiver("progress", progress)
    pattern = arguments.pattern(pattern)
    names = arguments.names("special_tokens", special_tokens)
    counting = Counting(threads, memory_limit, spill_folder)
    corpus = resolve(source)
    with reporting_if(progress, corpus.size()) as report:
        counts, described = corpus.count(pattern, names, counting, report)
    warn_if_whole(counts, described)
    return counts


def train(
    source: Source | Counts | Given,
    vocab_size: SupportsIndex = 4096,
    pattern: str | None = None,
    special_tokens: Iterable[str] | None = None,
    *,
    base: Tokenizer | None = None,
    first_id: int | None = None,
    special_ids: Literal["first", "last"] = "last",
    tie_break: Literal["lowest_pair", "first_seen"] = "lowest_pair",
    min_frequency: SupportsIndex = 1,
    max_token_bytes: SupportsIndex | None = None,
    max_token_words: SupportsIndex | None = None,
    stages: Iterable[tuple[SupportsIndex, str]] = (),
    objective: Literal["frequency", "parity"] | Parity = "frequency",
    threads: SupportsIndex | None = None,
    memory_limit: SupportsIndex | SupportsFloat | None = None,
    spill_folder: str | os.PathLike[str] | None = None,
    progress: Progress = None,
) -> Tokenizer:
    """Learn a byte-level BPE vocabulary.

    Starting from the 256 bytes, the most frequent pair of adjacent tokens becomes a new token, again and again; no
    token crosses a cut of the split pattern. This is the algorithm of Sennrich, Haddow and Birch, "Neural Machine
    Translation of Rare Words with Subword Units" (2016), on bytes. The result depends on nothing but the corpus and the
    settings: not on the number of threads, and not on the machine.

    Args:
        source: A path, folder or pattern; several of them (strings that all name something that exists count as such),
            or a `Corpus` of them, which tells how files are read; an iterable of `str` or `bytes`, each one document
            (`pairwright.texts` says that strings are text, whatever exists); a column or stream of texts of any library
            that offers Arrow's PyCapsule interface (see `Tokenizer.encode_batch`); or `Counts`. No piece spans two
            documents or files. With the objective "parity" a mapping from the name of each language to one of these.
        vocab_size: The number of ids: 256 bytes, merges and special tokens. Wherever an `int` is taken, so are the
            integers of numpy.
        pattern: "cl100k" (the default), "gpt2", "o200k", "qwen", the name of another pattern, of an encoding or of a
            model, in any spelling ("GPT-4o", "o200k_base", "qwen2.5"); or any regex, followed to the letter. What lies
            between two matches of a regex is a piece too, so that nothing is lost. A word that is no name is refused:
            write "(?:word)" for a regex that matches nothing but the word. A JSON list of objects with the field
            `split` is a pattern of several steps, of which each cuts the pieces of the one before.
        special_tokens: Names, in order; those of a `set`, which has none, sorted. They cut the text and are never
            counted or merged.
        base: Learn more merges on top of this tokenizer and keep every id it has. Words start as the ids it encodes
            them as; its split pattern, special tokens and `ignore_merges` stay, `special_tokens` names those to be
            added. New ids follow its largest one. Text in which no new token's bytes occur keeps its ids. With another
            `pattern`, which has to cut less, tokens may cross the words of the base ("superwords"); the result has that
            pattern, and its ids are those of merging by rank within its pieces.
        first_id: With a base: where new ids start, to keep free those that its models use for other tokens.
            `vocab_size` counts the ids that stay free.
        special_ids: "last" gives special tokens ids after the merges, "first" before them: 256, 257, …, or those that
            follow the ids of the base.
        tie_break: Among equally frequent pairs, "lowest_pair" takes the smallest (left id, right id), "first_seen" the
            one that comes first in the text as merged so far.
        min_frequency: Pairs that occur less often are not merged.
        max_token_bytes: Tokens do not grow longer than this many bytes; `None` sets no limit.
        max_token_words: Tokens do not grow to more words than this: the parts between white space of ASCII.
        stages: Learn with these split patterns first, each up to a vocabulary size: `stages=[(8000, "cl100k")]` learns
            8,000 ids with "cl100k", then the rest with `pattern`. It is what `base` does, in one call; special tokens
            get their ids as if there was one stage. The corpus is read once for each stage.
        objective: "frequency" merges the most frequent pair of the whole corpus. "parity", or a `Parity` with settings,
            merges the most frequent pair of the language that is compressed worst; it takes as much memory again, since
            rare pairs are kept, too.
        threads: The number of threads that count, and that merge what occurs very often, at most 1,024; `None` uses
            every core.
        memory_limit: What counting may hold in memory: a number of bytes (`int`), or a share of the machine's memory
            (`float`); `None` is one half of it. Counts that pass it are kept on disk and brought together at the end;
            the result is the same. Not under this limit are a document that cannot be cut and the distinct pretokens
            of the corpus, which learning needs in memory.
        spill_folder: Where counts that pass the limit are kept, in files without a name that vanish however the process
            ends; `None` is the system's folder for temporary files.
        progress: `True` shows a bar on stderr if it is a terminal; a callable receives `ProgressEvent` objects about
            every 50 ms. If it returns `False`, training stops with what it has learned so far; anything else, `None`
            included, lets it go on. What it raises ends training and comes through.

    Returns:
        The tokenizer; `metadata` tells the corpus (names, bytes, SHA-256), the settings and the time. If training was
        stopped, the tokenizer has only the first merges, and `metadata["stopped"]` tells the phase and how many were
        learned and asked for. Stopped in the phase "count" it has none: there are only the bytes or the base, and the
        special tokens, and `metadata["corpus"]` is empty.

    Raises:
        ValueError: A setting is out of range or contradicts `Counts` or `base`, the corpus is empty, a row of it is
            null, the pattern is invalid or no name that is known, or a special token is empty, given twice or has the
            bytes of an ordinary token.
        TypeError: The source is none of these.
        OSError: A file cannot be read, or there is none though strings look like paths.
        DocumentError: A document of a file cannot be read: the file is damaged, or a line is no JSON with text.
        SplitError: A custom pattern gave up on the text.

    Warns:
        FewerMergesWarning: Fewer pairs were left to merge than `vocab_size` has room for. The tokenizer is smaller.
            Not if training was stopped.
        PatternWarning: The regex leaves texts whole or nearly so. Not if it is "(?s:.+)", which says so.
        SkippedWarning: Documents could not be read, and the corpus was to pass over such.
        ReservedIdsWarning: The base is a published vocabulary, and new tokens got ids that its models use for special
            tokens. Not with `first_id`.

    """
    began = time.monotonic()
    if base is not None and not isinstance(base, Tokenizer):
        raise TypeError(f"base must be a Tokenizer, not {type(base).__name__}; load a model with Tokenizer.load")
    arguments.receiver("progress", progress)
    vocab_size = arguments.integer("vocab_size", vocab_size)
    min_frequency = arguments.integer("min_frequency", min_frequency)
    if max_token_bytes is not None:
        max_token_bytes = arguments.integer("max_token_bytes", max_token_bytes)
    if pattern is not None:
        pattern = arguments.pattern(pattern)
    if max_token_words is not None:
        max_token_words = arguments.integer("max_token_words", max_token_words)
    names = arguments.names("special_tokens", () if special_tokens is None else special_tokens)
    arguments.choice("special_ids", special_ids, ("first", "last"))
    if first_stages := stages_of(stages, vocab_size):
        if pattern is None:
            raise ValueError("stages come before that of pattern: name the last pattern, too")

        def train_stage(size: int, pattern: str, base: Tokenizer | None) -> Tokenizer:
            return train(
                source,
                size,
                pattern,
                names,
                base=base,
                first_id=first_id if base is given_base else None,
                special_ids=special_ids,
                tie_break=tie_break,
                min_frequency=min_frequency,
                max_token_bytes=max_token_bytes,
                max_token_words=max_token_words,
                objective=objective,
                threads=threads,
                memory_limit=memory_limit,
                spill_folder=spill_folder,
                progress=progress,
            )

        given_base = base
        base = learn_stages(first_stages, source, base, special_ids, train_stage)
        if "stopped" in base.metadata:
            return base
        first_id = None
    parity = objective_of(objective)
    each: Resolved = {}
    development: Resolved = {}
    if parity is not None:
        each = languages.named("source", source)
        development = development_of(parity, each)
        pattern, counted_names = languages.agreed((each, development), pattern, names or None)
        names = counted_names or []
    if parity is None and isinstance(source, Counts):
        if pattern is not None and _core.regex_of(pattern) != _core.regex_of(source.pattern):
            _refuse("pattern", pattern, source.pattern)
        if names and names != source.special_tokens:
            _refuse("special_tokens", names, source.special_tokens)
        if base is not None and pattern is None and _core.regex_of(source.pattern) != _core.regex_of(base.pattern):
            raise ValueError(
                f"the counts were made with {source.pattern!r}, and the base has {base.pattern!r}: count anew, or pass "
                f"pattern={source.pattern!r} to learn tokens on top that cross the words of the base"
            )
        pattern, names = source.pattern, source.special_tokens
    else:
        if pattern is None:
            pattern = base.pattern if base else "cl100k"
        kept = base.special_tokens if base else {}
        names = [*kept, *(name for name in names if name not in kept)]
    if base is not None and _core.regex_of(pattern) != _core.regex_of(base.pattern):
        check_pattern(base, pattern, stacklevel=2)
    asked_for: dict[str, Any] = {
        "vocab_size": vocab_size,
        "special_tokens": names,
        "special_ids": arguments.choice("special_ids", special_ids, ("first", "last")),
        "tie_break": arguments.choice("tie_break", tie_break, ("lowest_pair", "first_seen")),
        "min_frequency": min_frequency,
        "max_token_bytes": max_token_bytes,
    }
    if max_token_words is not None:
        asked_for["max_token_words"] = max_token_words
    if first_id is not None:
        asked_for["first_id"] = arguments.integer("first_id", first_id)
    settings = Settings(**asked_for, base=base, threads=threads)
    counting = Counting(threads, memory_limit, spill_folder)
    if parity is None:
        each = {WHOLE: source if isinstance(source, Counts) else resolve(source)}
    described: Description = []
    measured: dict[str, Counts] = {}
    learned_of_each: list[tuple[int, int, int]] = []
    of_development: Description = []
    stopped: str | None = None
    with reporting_if(progress, languages.size((each, development))) as report:
        try:
            if parity is None:
                counted, described = _count_whole(each[WHOLE], pattern, names, counting, report)
            else:
                counted, described = languages.count_each(each, pattern, names, counting, report)
                measured, of_development = languages.count_each(development, pattern, names, counting, report)
            if base is None:
                _warn_of_whole(counted, described)
        except StoppedError:
            # Unless it comes from another call, which the corpus makes to produce its texts.
            if report is None or not report.has_stopped:
                raise
            counted, stopped = {WHOLE: Counts.from_items([], pattern, names)}, "count"
            tokenizer, asked = _core.unlearned(counted[WHOLE], settings)
        else:
            if parity is None:
                tokenizer, asked, was_stopped = _core.train(counted[WHOLE], settings, report)
            else:
                given, balance = core_of(parity, counted, measured)
                (tokenizer, asked, was_stopped), learned_of_each = _core.train_parity(given, balance, settings, report)
            stopped = "merge" if was_stopped else None
    # If nothing was learned the ids may end before `first_id`.
    learned = max(0, tokenizer.vocab_size - vocab_size + asked)
    if learned < asked and not stopped:
        warnings.warn(
            f"only {learned} of {asked} merges could be learned, no pair is left; the vocabulary has "
            f"{tokenizer.vocab_size} ids instead of {vocab_size}",
            FewerMergesWarning,
            stacklevel=2,
        )
    if base is not None and first_id is None:
        warn_of_reserved(base, range(base.vocab_size, tokenizer.vocab_size))
    if parity is not None:
        asked_for["objective"] = settings_of(parity)
    metadata = {
        "corpus": described,
        **({"development": of_development} if of_development else {}),
        "settings": {"pattern": next(iter(counted.values())).pattern, **asked_for},
        **({"base": _described(base)} if base else {}),
        "version": _core.__version__,
        "pretokens": sum(map(len, counted.values())),
        "pieces": sum(counts.total for counts in counted.values()),
        **({"languages": _of_each(counted, learned_of_each)} if learned_of_each else {}),
        **({"stopped": {"phase": stopped, "learned": learned, "asked": asked}} if stopped else {}),
        # Left out of the model file's checksum: all else is the same whenever the same corpus is trained again.
        "time": {
            "finished": time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime()),
            "seconds": round(time.monotonic() - began, 3),
        },
    }
    return tokenizer._with_metadata(json.dumps(metadata))


def _count_whole(
    corpus: Corpus | Texts | Counts, pattern: str, names: Sequence[str], counting: Counting, report: Reporter | None
) -> tuple[dict[str, Counts], Description]:
    """The counts of a corpus without languages."""
    if isinstance(corpus, Counts):
        return {WHOLE: corpus}, []
    counts, described = corpus.count(pattern, names, counting, report)
    return {WHOLE: counts}, described


def _of_each(counted: Iterable[str], learned: Iterable[tuple[int, int, int]]) -> list[dict[str, object]]:
    """What became of every language, in the order given."""
    facts = ("learned", "tokens", "bytes")
    found = zip(counted, learned, strict=True)
    return [{"language": name, **dict(zip(facts, values, strict=True))} for name, values in found]


def _warn_of_whole(counted: Mapping[str, Counts], described: Description) -> None:
    for name, counts in counted.items():
        warn_if_whole(counts, [found for found in described if found.get("language", WHOLE) == name], stacklevel=4)


def _described(base: Tokenizer) -> dict[str, object]:
    """What is known of a base, but for the time it took: see the comment on the time above."""
    known = {key: value for key, value in base.metadata.items() if key != "time"}
    return {"vocab_size": base.vocab_size, **known}


def _refuse(setting: str, given: object, counted: object) -> NoReturn:
    raise ValueError(f"{setting}={given!r}: the counts were made with {counted!r}; leave {setting} out or count anew")
