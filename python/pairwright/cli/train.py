"""`pairwright train`."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

import typer

import pairwright
from pairwright import Corpus, Counts, Parity, Tokenizer
from pairwright.cli import demonstration, files, model as models
from pairwright.cli.arguments import (
    IdsOfSpecial,
    InputFormat,
    Lines,
    MemoryLimit,
    OnError,
    Quiet,
    Separator,
    SpecialTokens,
    SpillFolder,
    TextColumn,
    TextField,
    Threads,
    named,
    vocab_size as parse_vocab_size,
)
from pairwright.cli.console import UsageError, console, print_table, say
from pairwright.cli.corpus import Source
from pairwright.cli.existing import check_replaceable
from pairwright.cli.learned import table_of_learned
from pairwright.cli.reading import refuse_without_files, text_names
from pairwright.cli.sources import check_names, named_numbers, number, of_paths, paths_by_name
from pairwright.corpus.files import Options
from pairwright.filenames import shown
from pairwright.parity import ALPHA, settings_of
from pairwright.progress import stderr_is_terminal

VOCAB_SIZE = 4096
OUT = "model.json"

VocabSize: TypeAlias = Annotated[
    Any,
    typer.Option(
        metavar="N",
        parser=parse_vocab_size,
        help="256 bytes, merges and special tokens.",
        show_default=f"{VOCAB_SIZE}; {demonstration.VOCAB_SIZE} in the demonstration",
    ),
]


def train(
    corpus: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="CORPUS",
            callback=named,
            help="Files, folders or patterns to learn from: text, JSON, CSV, parquet, Arrow; - is standard input. "
            "With none and no --dataset: the demonstration.",
            show_default=False,
        ),
    ] = None,
    vocab_size: VocabSize = None,
    pattern: Annotated[
        str | None,
        typer.Option(
            metavar="PATTERN",
            help="The split pattern: the name of a pattern, encoding or model, such as cl100k, gpt-4o or qwen2.5, or a "
            "regex.",
            show_default="cl100k; that of the counts",
        ),
    ] = None,
    special: SpecialTokens = None,
    base: Annotated[
        str | None,
        typer.Option(
            metavar="MODEL",
            callback=named,
            help="Learn more merges on top of this model and keep every id. A rank file takes --pattern too.",
            show_default=False,
        ),
    ] = None,
    special_token: IdsOfSpecial = None,
    first_id: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="With --base: where new ids start, to keep those before it free.",
            show_default="behind those of the base",
        ),
    ] = None,
    special_ids: Annotated[
        Literal["first", "last"], typer.Option(help="Ids of special tokens: before or after those of the merges.")
    ] = "last",
    tie_break: Annotated[
        Literal["lowest_pair", "first_seen"], typer.Option(help="Which of equally frequent pairs is merged first.")
    ] = "lowest_pair",
    min_frequency: Annotated[int, typer.Option(metavar="N", help="Pairs that occur less often are not merged.")] = 1,
    max_token_bytes: Annotated[
        int | None, typer.Option(metavar="N", help="Tokens do not grow longer.", show_default="no limit")
    ] = None,
    max_token_words: Annotated[
        int | None, typer.Option(metavar="N", help="Tokens do not grow to more words.", show_default="no limit")
    ] = None,
    stage: Annotated[
        list[str] | None,
        typer.Option(
            metavar="N:PATTERN",
            help="First learn N ids with another split pattern; may be given for each stage. Then come those of "
            "--pattern.",
            show_default=False,
        ),
    ] = None,
    objective: Annotated[
        Literal["frequency", "parity"],
        typer.Option(
            help="frequency: merge the most frequent pair. parity: that of the language that is compressed worst; then "
            "each CORPUS is NAME=PATH, a text or a counts file."
        ),
    ] = "frequency",
    development: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=PATH",
            callback=named,
            help="With parity: what a language is measured on, for each; the texts say the same in every language.",
            show_default="the texts to learn from",
        ),
    ] = None,
    ratio: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=R",
            help="With parity, for texts that do not say the same: how many bytes a language takes, beside the others.",
            show_default=False,
        ),
    ] = None,
    global_merges: Annotated[
        int, typer.Option(metavar="N", help="With parity: so many merges first, for all languages together.")
    ] = 0,
    window: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="With parity: pass over a language that had more than --alpha equal shares of the last N merges.",
            show_default=False,
        ),
    ] = None,
    alpha: Annotated[float, typer.Option(metavar="A", help="With --window.")] = ALPHA,
    lines: Lines = False,
    separator: Separator = None,
    text_field: TextField = None,
    text_column: TextColumn = None,
    input_format: InputFormat = None,
    on_error: OnError = "stop",
    threads: Threads = None,
    memory_limit: MemoryLimit = None,
    spill_folder: SpillFolder = None,
    out: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            callback=named,
            help="Where the model goes. A file that is there is replaced if it is named here, or is the same model.",
            show_default=OUT,
        ),
    ] = None,
    dataset: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Learn from tinyshakespeare, python-docs or python-stdlib.", show_default=False
        ),
    ] = None,
    counts: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE",
            callback=named,
            help="Learn from what `pairwright tally` counted; several are added up.",
            show_default=False,
        ),
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Learn a vocabulary from a corpus and save it as a model file.

    With no corpus this is the demonstration: it trains on TinyShakespeare with four special tokens, then encodes and
    decodes a passage.
    """
    sources = {"a corpus": bool(corpus), "--dataset": dataset is not None, "--counts": bool(counts)}
    given = [source for source, is_given in sources.items() if is_given]
    if len(given) > 1:
        raise UsageError(f"{given[0]} and {given[1]} do not go together", hint="leave one of them out")
    parity = parity_of(
        objective,
        {
            "--development": development,
            "--ratio": ratio,
            "--global-merges": global_merges,
            "--window": window,
            "--alpha": None if alpha == ALPHA else alpha,
        },
    )
    if parity and (dataset is not None or counts or not corpus):
        raise UsageError(
            "--objective parity needs a text for each language",
            hint="name texts or counts files, as in en=english.txt de=german.counts",
        )
    if parity and window is None and alpha != ALPHA:
        raise UsageError("--alpha goes with --window", hint="--window 100 is what the authors took")
    languages = paths_by_name(corpus or []) if parity else {}
    measured = paths_by_name(development or [])
    inputs = [path for each in [*languages.values(), *measured.values()] for path in each] if parity else corpus
    options = Options(
        lines=lines,
        separator=separator,
        text_field=text_names("--text-field", text_field, inputs),
        text_column=text_names("--text-column", text_column, inputs),
        format=input_format,
        on_error=on_error,
    )
    if not corpus:
        refuse_without_files(options, given[0] if given else "the demonstration")
    if out == files.STANDARD:
        raise UsageError("a model cannot go to standard output", hint="name a file with --out")
    target = OUT if out is None else out
    stages = stages_of(stage or [])
    if stages and pattern is None:
        raise UsageError("--stage goes with --pattern", hint="--pattern names the last split pattern")
    if stages and out is None:
        raise UsageError("--stage goes with --out", hint=f"name a file, as in --out {OUT}")
    files.check_target(target)
    demonstrates = not given
    on_top_of = None
    if base is not None:
        takes_pattern = Path(base).exists() and models.is_rank_file(Path(base))
        on_top_of = models.load(base, pattern if takes_pattern else None, special_token)
    elif special_token:
        raise UsageError(
            "--special-token gives the special tokens of a rank file, and goes with --base",
            hint="--special names those of the new vocab, which gives them their ids",
        )
    elif first_id is not None:
        raise UsageError("--first-id goes with --base", hint="leave --first-id out")
    learn_for: Literal["frequency"] | Parity = "frequency"
    if parity:
        learn_from = Source.of_languages(of_paths(languages, **options))
        learn_for = settings_of_parity(
            of_paths(measured, **options), ratio, languages, global_merges=global_merges, window=window, alpha=alpha
        )
    elif corpus:
        learn_from = Source.of_files(corpus, **options)
    elif dataset is not None:
        learn_from = Source.of_dataset(dataset)
    elif counts:
        learn_from = Source.of_counts(counts)
    else:
        learn_from = demonstration.corpus()
    files.refuse_input(target, [*learn_from.paths, *(counts or ())])
    if vocab_size is None:
        vocab_size = demonstration.VOCAB_SIZE if demonstrates else VOCAB_SIZE
    special_tokens = special or (demonstration.SPECIAL_TOKENS if demonstrates else None)
    if out is None:
        kept = source_tokens(learn_from, on_top_of)
        asked_for = {
            "pattern": pattern or source_pattern(learn_from, on_top_of),
            "vocab_size": vocab_size,
            "special_tokens": [*kept, *(name for name in special_tokens or () if name not in kept)],
            "special_ids": special_ids,
            "tie_break": tie_break,
            "min_frequency": min_frequency,
            "max_token_bytes": max_token_bytes,
            **({} if max_token_words is None else {"max_token_words": max_token_words}),
            **({} if first_id is None else {"first_id": first_id}),
            **({} if isinstance(learn_for, str) else {"objective": settings_of(learn_for)}),
        }
        check_replaceable(Path(target), learn_from, asked_for, on_top_of)
    tokenizer = pairwright.train(
        learn_from.source,
        vocab_size=vocab_size,
        pattern=pattern,
        special_tokens=special_tokens,
        base=on_top_of,
        first_id=first_id,
        special_ids=special_ids,
        tie_break=tie_break,
        min_frequency=min_frequency,
        max_token_bytes=max_token_bytes,
        max_token_words=max_token_words,
        stages=stages,
        objective=learn_for,
        threads=threads,
        memory_limit=memory_limit,
        spill_folder=spill_folder,
        progress=stderr_is_terminal() and not quiet,
    )
    tokenizer.save(target)
    if not quiet:
        print_table(table_of_learned(tokenizer, learn_from, Path(target)), console(stderr=True))
        say(f"saved {shown(target)}")
    if demonstrates:
        demonstration.round_trip(Path(target), learn_from, quiet=quiet)


def source_pattern(source: Source, base: Tokenizer | None) -> str:
    """The split pattern where none is given."""
    if (counts := first_counts(source)) is not None:
        return counts.pattern
    return "cl100k" if base is None else base.pattern


def source_tokens(source: Source, base: Tokenizer | None) -> Sequence[str]:
    """The special tokens that there are before any is given."""
    if (counts := first_counts(source)) is not None:
        return counts.special_tokens
    return [] if base is None else list(base.special_tokens)


def stages_of(given: Sequence[str]) -> list[tuple[int, str]]:
    """The stages before the last. Raises `UsageError`."""
    stages = []
    for value in given:
        size, colon, pattern = value.partition(":")
        if not colon or not size.isdecimal() or not pattern:
            raise UsageError(f"--stage {value}: no stage", hint="write --stage N:PATTERN, such as 8000:cl100k")
        stages.append((int(size), pattern))
    return stages


def first_counts(source: Source) -> Counts | None:
    """Counts among what is learned from; all others must have been made as they were."""
    return next((each for each in (source.counts, *source.languages.values()) if isinstance(each, Counts)), None)


def parity_of(objective: str, given: Mapping[str, object]) -> bool:
    """Whether languages are treated alike. Raises `UsageError` for options that go with that and are given without."""
    misplaced = [option for option, value in given.items() if value]
    if objective != "parity" and misplaced:
        raise UsageError(
            f"{misplaced[0]} goes with --objective parity", hint=f"leave {misplaced[0]} out, or ask for it"
        )
    return objective == "parity"


def settings_of_parity(
    development: Mapping[str, Corpus | Counts],
    ratio: Sequence[str] | None,
    languages: Collection[str],
    *,
    global_merges: int,
    window: int | None,
    alpha: float,
) -> Parity:
    """The settings. Raises `UsageError`, `ValueError`."""
    check_names("--ratio", ratio or [], languages)
    ratios = {name: number("--ratio", value) for name, value in named_numbers("--ratio", ratio or []).items()}
    return Parity(
        development=development or None,
        ratios=ratios or None,
        global_merges=global_merges,
        window=window,
        alpha=alpha,
    )
