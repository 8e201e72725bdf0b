"""`pairwright audit`."""

import json as to_json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
import typer
from rich.table import Table
from rich.text import Text

from pairwright import Audit, Corpus, Counts, Tokenizer
from pairwright._core import kind_of
from pairwright.cli import files, model as models
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
from pairwright.cli.shrink import ids
from pairwright.corpus.files import Options
from pairwright.errors import FormatError
from pairwright.lab.audit import RARE
from pairwright.lab.embeddings import Model as Matrices, model as matrices
from pairwright.lab.groups import EMBEDDINGS, GROUPS
from pairwright.lab.specials import Finder
from pairwright.lab.usage import checked, of_corpus, usage as usage_of, zeros
from pairwright.npy import array_of
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
    embeddings: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            callback=named,
            help="Also look for tokens that a model was hardly trained on: its input embedding, .npy or .safetensors.",
            show_default=False,
        ),
    ] = None,
    tensor: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Which tensor of --embeddings it is.",
            show_default="the usual name, or the only matrix",
        ),
    ] = None,
    head: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            callback=named,
            help="With --embeddings: the matrix of the output layer, where it is not the same.",
            show_default=False,
        ),
    ] = None,
    head_tensor: Annotated[
        str | None, typer.Option(metavar="NAME", help="Which tensor of --head it is.", show_default=False)
    ] = None,
    unused: Annotated[
        list[Any] | None,
        typer.Option(
            metavar="IDS",
            parser=ids,
            help="With --embeddings: ids that the model was never trained on, 300,305 or 300-310.",
            show_default="padding, free slots, tokens that no text gives",
        ),
    ] = None,
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
    check_matrices(embeddings, {"--tensor": tensor, "--head": head, "--unused": unused}, head, head_tensor)
    tokenizer = models.load(model, pattern, special_token, others=input or ())
    given = load_matrices(tokenizer, embeddings, tensor, head, head_tensor, unused)
    counts, names = None, None
    if usage is not None:
        counts = loaded(usage, tokenizer)
    elif input:
        counts, names = counted(tokenizer, input, options, threads=threads, quiet=quiet)
    found = Audit(tokenizer, counts, names, rare=rare, threads=threads, model=given)
    if group:
        keep(found, group)
    with files.standard_output():
        if json:
            files.write_standard_output(to_json.dumps(found.to_dict()).encode() + b"\n")
        else:
            report(found)
    if strict and (any(map(len, found.groups.values())) if group else found.problems):
        raise typer.Exit(1)


def check_matrices(
    embeddings: str | None, needing: dict[str, object], head: str | None, head_tensor: str | None
) -> None:
    """Raise `UsageError` for options about matrices that are not there."""
    for option, value in needing.items():
        if value is not None and embeddings is None:
            raise UsageError(f"{option} tells about --embeddings, which is not given")
    if head_tensor is not None and head is None:
        raise UsageError("--head-tensor tells about --head, which is not given")


def load_matrices(
    tokenizer: Tokenizer,
    embeddings: str | None,
    tensor: str | None,
    head: str | None,
    head_tensor: str | None,
    unused: Sequence[Sequence[int]] | None,
) -> Matrices | None:
    """The matrices of a model. Raises `OSError`, `FormatError`, `ValueError`."""
    return matrices(
        tokenizer,
        embeddings if tensor is None else (embeddings, tensor),
        head if head_tensor is None else (head, head_tensor),
        None if unused is None else [id for run in unused for id in run],
    )


def loaded(name: str, tokenizer: Tokenizer) -> npt.NDArray[np.uint64]:
    """A usage from a file of numpy. Raises `OSError`, `FormatError`, `ValueError`."""
    try:
        array = array_of(name)
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
            if GROUPS[name].needs == EMBEDDINGS:
                hint = "add --embeddings FILE" if found.embeddings is None else None
            else:
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
