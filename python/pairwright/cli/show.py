"""`pairwright show`."""

import os
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from pairwright import Shown, Tokenizer
from pairwright.bar import quoted
from pairwright.cli import files, model as models
from pairwright.cli.arguments import IdsOfSpecial, Model, Out, Pattern, Special, named
from pairwright.cli.compare import tokenizers_of
from pairwright.cli.console import CommandError, UsageError, console, harmless, print_table, say
from pairwright.cli.sources import split
from pairwright.cli.special import encode
from pairwright.visible import in_line, table_of_ids


def show(
    model: Model,
    text: Annotated[
        str | None, typer.Argument(metavar="TEXT", help="The text; - and no text mean standard input.")
    ] = None,
    with_: Annotated[
        list[str] | None,
        typer.Option(
            "--with",
            metavar="[NAME=]MODEL",
            callback=named,
            help="Show the tokens of this tokenizer below; may be given several times.",
            show_default=False,
        ),
    ] = None,
    merges: Annotated[
        bool, typer.Option("--merges", help="Tell in which order each piece of the text is merged.")
    ] = False,
    html: Annotated[
        bool,
        typer.Option("--html", help="Write a page of HTML with id, rank, bytes and merges of each token on hover."),
    ] = False,
    out: Out = None,
    special: Special = "allow",
    pattern: Pattern = None,
    special_token: IdsOfSpecial = None,
) -> None:
    """Show the tokens of a text: in colours, then with id and bytes."""
    if out is not None:
        if not html:
            raise UsageError("--out says where the page of HTML goes", hint="add --html, or redirect with >")
        if not files.is_standard(out):
            files.check_target(out)
            files.refuse_input(out, [split(each)[1] for each in [model, *(with_ or [])]])
    others = [] if text is None else [text]
    if with_:
        tokenizers = tokenizers_of([model, *with_], lambda each: models.load(each, pattern, special_token))
    else:
        name = Path(model).stem if Path(model).exists() else model
        tokenizers = {name: models.load(model, pattern, special_token, others=others)}
    if text is not None and text != files.STANDARD and is_file(text):
        say(f"the text is the name {text}, not the file; to show the file, write: < {shlex.quote(text)}", label="note")
    content = files.read(files.STANDARD) if text is None or text == files.STANDARD else os.fsencode(text)
    found = {
        name: Shown(tokenizer, content, encode(tokenizer, content, special, "TEXT").tolist())
        for name, tokenizer in tokenizers.items()
    }
    if merges:
        check_pieces(found)
    if html:
        from pairwright.lab.page import page

        with files.output(out) as write:
            write(page(found, merges=merges).encode())
        return
    screen = console()
    with files.standard_output():
        for number, (name, shown) in enumerate(found.items()):
            if number:
                screen.print()
            if len(found) > 1:
                screen.print(Text(harmless(f"{name}: {shown.summary}"), "bold"), soft_wrap=True)
            print_tokens(shown.tokenizer, shown, screen, merges=merges)


def print_tokens(tokenizer: Tokenizer, shown: Shown, screen: Console, *, merges: bool) -> None:
    """Print the tokens of one tokenizer, and a table of them or of merges."""
    screen.print(in_line(shown.tokens, screen), soft_wrap=True)
    screen.print()
    if not merges:
        print_table(table_of_ids(tokenizer, shown.ids), screen)
        return
    print_table(table_of_merges(shown, screen), screen)


def table_of_merges(shown: Shown, screen: Console) -> Table:
    """The merges of each piece, in order, with the tokens after each."""
    from pairwright.lab.page import distinct, steps

    table = Table(box=None, pad_edge=False)
    table.add_column("step", justify="right", no_wrap=True)
    table.add_column("rank", justify="right", no_wrap=True)
    table.add_column("merge", overflow="fold")
    table.add_column("tokens", overflow="fold")
    for piece, times in distinct(shown.pieces):
        number = f" × {times:,}" if times > 1 else ""
        for step, (rank, merge, tokens) in enumerate(steps(shown, piece)):
            words = quoted(piece.piece) + number + (f": {merge}" if merge else "") if step == 0 else merge
            table.add_row(str(step), rank, Text(words, "bold" if step == 0 else ""), in_line(tokens, screen))
    return table


def check_pieces(found: Mapping[str, Shown]) -> None:
    """Raises `CommandError` for a text whose pieces cannot be told."""
    for shown in found.values():
        try:
            _ = shown.pieces
        except ValueError as error:
            raise CommandError(str(error), hint="leave --merges out") from error


def is_file(text: str) -> bool:
    """Whether a text is also the name of a file."""
    try:
        return Path(text).is_file()
    except (OSError, ValueError):
        # It is too long for a name, or no name for another reason.
        return False
