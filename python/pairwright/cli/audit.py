"""`pairwright audit`."""

import json as to_json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import numpy.typing as npt
import typer
from rich.table import Table
from rich.text import Text

from pairwright import Audit, Corpus, Counts, Tokenizer
from pairwright._core import kind_of
from pairwright.cli import counted_ids, files, model as models
from pairwright.cli.arguments import (
    IdsOfSpecial,
    InputFormat,
    Json,
    Lines,
    Model,
    OnError,
    Pattern,
    Quiet,
    Separator,
    TextColumn,
    TextField,
    Threads,
    named,
)
from pairwright.cli.console import CommandError, UsageError, console, print_table
from pairwright.cli.reading import refuse_without_files, text_names
from pairwright.corpus.files import Options
from pairwright.errors import FormatError
from pairwright.lab.audit import RARE
from pairwright.lab.groups import GROUPS
from pairwright.lab.specials import Finder
from pairwright.lab.usage import checked, of_corpus, usage as usage_of, zeros
from pairwright.progress import stderr_is_terminal


def group(name: str) -> str:
    """The name of a group."""
    if name not in GROUPS:
        raise typer.BadParameter(f"there is no group {name!r}; there are {', '.join(GROUPS)}")
    return name


def audit(
    model: Model,
    input: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="INPUT",
            callback=named,
            help="Text to see which tokens occur: files, folders or patterns, - for standard input; or token folders "
            "and counts files. Without any, the vocabulary alone is examined.",
            show_default=False,
        ),
    ] = None,
    usage: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            callback=named,
            help="Instead of inputs: a .npy file with what Tokenizer.usage gave.",
            show_default=False,
        ),
    ] = None,
    group: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", parser=group, help="Only this group; may be given several times."),
    ] = None,
    rare: Annotated[int, typer.Option(metavar="N", help="Tokens seen fewer times than this are called rare.")] = RARE,
    strict: Annotated[
        bool,
        typer.Option("--strict", help="End with exit code 1 if there are problems; with --group, any token in one."),
    ] = False,
    lines: Lines = False,
    separator: Separator = None,
    text_field: TextField = None,
    text_column: TextColumn = None,
    input_format: InputFormat = None,
    on_error: OnError = "stop",
    threads: Threads = None,
    json: Json = False,
    quiet: Quiet = False,
    pattern: Pattern = None,
    special_token: IdsOfSpecial = None,
) -> None:
    """Look for tokens that are of little use to a model, or a risk: unreachable, never seen, fragments and more."""
    if rare < 1:
        raise UsageError(f"--rare {rare}: must be at least 1")
    options = Options(
        lines=lines,
        separator=separator,
        text_field=text_names("--text-field", text_field, input),
        text_column=text_names("--text-column", text_column, input),
        format=input_format,
        on_error=on_error,
    )
    if not input:
        refuse_without_files(options, "no INPUT")
    elif usage is not None:
        raise UsageError("inputs and --usage do not go together", hint="leave one of them out")
    tokenizer = models.load(model, pattern, special_token, others=input or ())
    counts, names = None, None
    if usage is not None:
        counts = loaded(usage, tokenizer)
    elif input:
        counts, names = counted(tokenizer, input, options, threads=threads, quiet=quiet)
    found = Audit(tokenizer, counts, names, rare=rare, threads=threads)
    if group:
        keep(found, group)
    with files.standard_output():
        if json:
            files.write_standard_output(to_json.dumps(found.to_dict()).encode() + b"\n")
        else:
            report(found)
    if strict and (any(map(len, found.groups.values())) if group else found.problems):
        raise typer.Exit(1)


def loaded(name: str, tokenizer: Tokenizer) -> npt.NDArray[np.uint64]:
    """A usage from a file of numpy. Raises `OSError`, `FormatError`, `ValueError`."""
    try:
        array = counted_ids.array_of(name)
    except ValueError as error:
        raise FormatError(
            f"{files.shown(name)} is no .npy file of numbers", hint="np.save writes what Tokenizer.usage gives"
        ) from error
    try:
        return checked(tokenizer, array, files.shown(name))
    except TypeError as error:
        raise FormatError(str(error)) from error


def counted(
    tokenizer: Tokenizer, names: Sequence[str], options: Options, *, threads: int | None, quiet: bool
) -> tuple[npt.NDArray[np.uint64], dict[str, int] | None]:
    """The usage of all inputs and, if all are text, how often the names of special tokens occur in them."""
    progress = stderr_is_terminal() and not quiet
    usage = zeros(tokenizer)
    texts = []
    for name in names:
        kind, _ = (kind_of(Path(name)) if Path(name).exists() else None) or (None, "")
        if kind == "counts":
            usage += usage_of(tokenizer, Counts.load(name), threads=threads)
        elif kind == "tokens":
            usage += usage_of(tokenizer, name)
        else:
            texts.append(name)
    if not texts:
        refuse_without_files(options, "no text among the inputs")
        return usage, None
    finder = Finder(tokenizer.special_tokens)
    usage += of_corpus(tokenizer, Corpus(*texts, **options), threads, progress, finder.add)
    return usage, dict(finder.counts) if len(texts) == len(names) else None


def keep(found: Audit, names: Sequence[str]) -> None:
    """Leave only some groups. Raises `CommandError` for one that could not be looked for."""
    for name in names:
        if name in found.skipped:
            hint = "name INPUTs" if found.usage is None else None
            raise CommandError(f"the group {name} could not be examined: {found.skipped[name]}", hint=hint)
    found.groups = {name: ids for name, ids in found.groups.items() if name in names}
    found.skipped = {}


def report(found: Audit) -> None:
    """Print a table, and what else there is to say."""
    table = Table(box=None, pad_edge=False)
    table.add_column("group", style="cyan", no_wrap=True)
    table.add_column("tokens", justify="right", no_wrap=True)
    table.add_column("share", justify="right", no_wrap=True)
    table.add_column("examples", overflow="fold")
    for name, number, share, examples in found.rows():
        style = "bold red" if name in found.problems else ""
        table.add_row(Text(name, style), f"{number:,}", f"{share:.2%}", Text(examples))
    screen = console()
    print_table(table, screen)
    screen.print()
    for line in found.lines_below():
        screen.print(line, soft_wrap=not screen.is_terminal)
