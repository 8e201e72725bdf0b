"""`pairwright shrink`."""

from pathlib import Path
from typing import Annotated, Any, TypeAlias

import typer

from pairwright import Tokenizer
from pairwright.cli import counted_ids, files, model as models, reading
from pairwright.cli.arguments import (
    IdsOfSpecial,
    InputFormat,
    Inputs,
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
    vocab_size,
)
from pairwright.cli.console import UsageError, say
from pairwright.lab.usage import tokens_of


def ids(text: str) -> list[int]:
    """Ids in digits, with commas between them, and runs such as 300-310."""
    found: list[int] = []
    for word in text.split(","):
        first, dash, last = word.strip().partition("-")
        if not first.isdecimal() or (dash and not last.isdecimal()) or (dash and int(last) < int(first)):
            raise ValueError(f"{word!r} is neither an id nor a run of ids such as 300-310")
        found += range(int(first), int(last or first) + 1)
    return found


First: TypeAlias = Annotated[
    Any,
    typer.Option(metavar="N", parser=vocab_size, help="What training to N ids would have given.", show_default=False),
]

Trim: TypeAlias = Annotated[
    Any,
    typer.Option(
        metavar="N",
        parser=vocab_size,
        help="Leave the N tokens that serve the inputs best, with their ids.",
        show_default=False,
    ),
]


def shrink(
    model: Model,
    out: Annotated[str, typer.Option(metavar="FILE", callback=named, help="The model file.", show_default=False)],
    input: Inputs = None,
    first: First = None,
    without: Annotated[
        list[Any] | None,
        typer.Option(
            metavar="IDS",
            parser=ids,
            help="Never give these ids: 300,305 or 300-310; may be given several times.",
            show_default=False,
        ),
    ] = None,
    unused: Annotated[bool, typer.Option("--unused", help="Drop what the inputs do not need.")] = False,
    trim: Trim = None,
    compact: Annotated[bool, typer.Option("--compact", help="Number the ids anew, without holes.")] = False,
    map: Annotated[
        str | None,
        typer.Option(
            metavar="FILE.npy",
            callback=named,
            help="With --compact: write the old id of each new one, to pick rows of embeddings.",
        ),
    ] = None,
    usage: Annotated[
        str | None,
        typer.Option(
            metavar="FILE.npy", callback=named, help="What `pairwright usage --out` wrote, in the place of inputs."
        ),
    ] = None,
    lines: Lines = False,
    separator: Separator = None,
    text_field: TextField = None,
    text_column: TextColumn = None,
    input_format: InputFormat = None,
    on_error: OnError = "stop",
    threads: Threads = None,
    quiet: Quiet = False,
    pattern: Pattern = None,
    special_token: IdsOfSpecial = None,
) -> None:
    """Write a smaller tokenizer: cut short, without some ids, or with those that a text needs."""
    ways = {"--first": first, "--without": without, "--unused": unused or None, "--trim": trim}
    given = [option for option, value in ways.items() if value is not None]
    if len(given) > 1:
        raise UsageError(f"{given[0]} and {given[1]} do not go together", hint="run shrink once for each")
    if not given and not compact:
        raise UsageError("nothing says what is to go", hint=f"add one of {', '.join(ways)} or --compact")
    needs_usage = bool({"--unused", "--trim"} & set(given))
    if not needs_usage and (input or usage):
        name = usage or (input or [""])[0]
        raise UsageError(f"{name} is read for --unused and --trim alone", hint="leave it out, or add one of these")
    if map is not None and not compact:
        raise UsageError("--map has the ids that --compact gives", hint="add --compact")
    if out == files.STANDARD:
        raise UsageError("a model cannot go to standard output", hint="name a file with --out")
    for target in (out, map):
        if target is not None:
            files.check_target(target)
    tokenizer = models.load(model, pattern, special_token, others=input or ())
    made = tokenizer
    if first is not None:
        made = tokenizer.first(first)
    elif without is not None:
        made = tokenizer.without([token for each in without for token in each])
    elif needs_usage:
        found = counted_ids.usage_of(
            tokenizer,
            input,
            usage,
            threads=threads,
            quiet=quiet,
            lines=lines,
            separator=separator,
            text_field=reading.text_names("--text-field", text_field, input),
            text_column=reading.text_names("--text-column", text_column, input),
            format=input_format,
            on_error=on_error,
        )
        made = tokenizer.trim(found, trim)
    write(tokenizer, made, out, map, compact=compact, quiet=quiet)


def write(before: Tokenizer, made: Tokenizer, out: str, map: str | None, *, compact: bool, quiet: bool) -> None:
    """Write the result, and say what it is."""
    if compact:
        renumbered = made.compact()
        made = renumbered.tokenizer
        if map is not None:
            counted_ids.save(map, renumbered.old_ids)
    made.save(Path(out))
    if not quiet:
        tokens = tokens_of(made)
        say(f"{tokens_of(before):,} tokens before, {tokens:,} now; ids up to {made.vocab_size - 1:,}")
        say(f"saved {out}")
