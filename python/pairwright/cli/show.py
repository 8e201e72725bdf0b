"""`pairwright show`."""

import os
from typing import Annotated

import typer

from pairwright.cli import files, model as models
from pairwright.cli.arguments import IdsOfSpecial, Model, Pattern, Special
from pairwright.cli.console import console, print_table
from pairwright.cli.special import encode
from pairwright.cli.tokens import in_line, table_of_ids


def show(
    model: Model,
    text: Annotated[
        str | None, typer.Argument(metavar="TEXT", help="The text; - and no text mean standard input.")
    ] = None,
    special: Special = "allow",
    pattern: Pattern = None,
    special_token: IdsOfSpecial = None,
) -> None:
    """Show the tokens of a text: in colours, then with id and bytes."""
    tokenizer = models.load(model, pattern, special_token, others=[] if text is None else [text])
    content = files.read(files.STANDARD) if text is None or text == files.STANDARD else os.fsencode(text)
    ids = encode(tokenizer, content, special, "TEXT").tolist()
    screen = console()
    with files.standard_output():
        screen.print(in_line(map(tokenizer.token_bytes, ids), screen), soft_wrap=True)
        screen.print()
        print_table(table_of_ids(tokenizer, ids), screen)
