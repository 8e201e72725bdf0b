"""`pairwright show`."""

import os
import shlex
from pathlib import Path
from typing import Annotated

import typer

from pairwright.cli import files, model as models
from pairwright.cli.arguments import IdsOfSpecial, Model, Pattern, Special
from pairwright.cli.console import console, print_table, say
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
    if text is not None and text != files.STANDARD and is_file(text):
        say(f"the text is the name {text}, not the file; to show the file, write: < {shlex.quote(text)}", label="note")
    content = files.read(files.STANDARD) if text is None or text == files.STANDARD else os.fsencode(text)
    ids = encode(tokenizer, content, special, "TEXT").tolist()
    screen = console()
    with files.standard_output():
        screen.print(in_line(map(tokenizer.token_bytes, ids), screen), soft_wrap=True)
        screen.print()
        print_table(table_of_ids(tokenizer, ids), screen)


def is_file(text: str) -> bool:
    """Whether a text is also the name of a file."""
    try:
        return Path(text).is_file()
    except (OSError, ValueError):
        # It is too long for a name, or no name for another reason.
        return False
