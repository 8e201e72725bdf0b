"""`pairwright tally`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

import pairwright
from pairwright.cli import counted, files
from pairwright.cli.arguments import (
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
)
from pairwright.cli.console import UsageError, say
from pairwright.cli.corpus import Source
from pairwright.cli.reading import given_of, refuse_without_files, text_names
from pairwright.corpus.files import Options
from pairwright.filenames import shown
from pairwright.progress import stderr_is_terminal

PATTERN = "cl100k"


def tally(
    out: Annotated[str, typer.Option(metavar="FILE", callback=named, help="Where the counts go.", show_default=False)],
    corpus: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="CORPUS",
            callback=named,
            help="Files, folders or patterns to count; - is standard input. With --merge: counts files.",
            show_default=False,
        ),
    ] = None,
    merge: Annotated[bool, typer.Option("--merge", help="Add counts files instead of counting text.")] = False,
    pattern: Annotated[
        str | None,
        typer.Option(
            metavar="PATTERN",
            help="The split pattern: the name of a pattern, encoding or model, such as cl100k, gpt-4o or qwen2.5, or a "
            "regex.",
            show_default=PATTERN,
        ),
    ] = None,
    special: SpecialTokens = None,
    lines: Lines = False,
    separator: Separator = None,
    text_field: TextField = None,
    text_column: TextColumn = None,
    input_format: InputFormat = None,
    on_error: OnError = "stop",
    threads: Threads = None,
    memory_limit: MemoryLimit = None,
    spill_folder: SpillFolder = None,
    dataset: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Count tinyshakespeare, python-docs or python-stdlib.", show_default=False),
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Count the distinct pieces of a corpus, or add counts up, and save them for `train --counts`.

    Special tokens cut the text and are not counted. Counts can be added if they were made with the same pattern and
    special tokens; in the sum the files follow each other in the order given.
    """
    if out == files.STANDARD:
        raise UsageError("counts cannot go to standard output", hint="name a file with --out")
    options = Options(
        lines=lines,
        separator=separator,
        text_field=text_names("--text-field", text_field, corpus),
        text_column=text_names("--text-column", text_column, corpus),
        format=input_format,
        on_error=on_error,
    )
    if merge:
        given = {
            "--pattern": pattern,
            "--special": special,
            "--threads": threads,
            "--memory-limit": memory_limit,
            "--spill-folder": spill_folder,
            "--dataset": dataset,
        }
        misplaced = [option for option, value in given.items() if value not in (None, [])]
        names = merged(corpus, [*misplaced, *given_of(options)])
        files.check_target(out)
        counts = counted.load_sum(names)
    else:
        counts = pairwright.count(
            chosen(corpus, dataset, out, options).text,
            PATTERN if pattern is None else pattern,
            special or (),
            threads=threads,
            memory_limit=memory_limit,
            spill_folder=spill_folder,
            progress=stderr_is_terminal() and not quiet,
        )
    counts.save(out)
    if not quiet:
        size = Path(out).stat().st_size
        say(f"saved {shown(out)}: {len(counts):,} pretokens, {counts.total:,} pieces, {size:,} bytes")


def merged(names: Sequence[str] | None, misplaced: Sequence[str]) -> Sequence[str]:
    """The counts files to add. Raises `UsageError`."""
    if misplaced:
        raise UsageError(
            f"--merge and {misplaced[0]} do not go together",
            hint=f"the counts files tell how they were made; leave {misplaced[0]} out",
        )
    if not names:
        raise UsageError("--merge needs counts files to add", hint="name some that `pairwright tally` wrote")
    return names


def chosen(names: Sequence[str] | None, dataset: str | None, out: str, options: Options) -> Source:
    """The corpus to count. Raises `UsageError`, and `OSError` if counts could not be written to `out`."""
    if names and dataset is not None:
        raise UsageError("a corpus and --dataset do not go together", hint="leave one of them out")
    if not names and dataset is None:
        raise UsageError("there is nothing to count", hint="name files, - for standard input, or --dataset")
    if dataset is not None:
        refuse_without_files(options, "--dataset")
    files.check_target(out)
    found = Source.of_dataset(dataset) if dataset is not None else Source.of_files(names or (), **options)
    files.refuse_input(out, found.paths)
    return found
