"""`pairwright convert`."""

import shlex
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from pairwright import Tokenizer
from pairwright.cli import files, model as models
from pairwright.cli.arguments import IdsOfSpecial, Model, Pattern, named
from pairwright.cli.console import UsageError, say


class Format(StrEnum):
    """What a tokenizer can be written as."""

    PAIRWRIGHT = "pairwright"
    TIKTOKEN = "tiktoken"
    HUGGINGFACE = "huggingface"
    MINBPE = "minbpe"


WRITERS = {
    Format.PAIRWRIGHT: Tokenizer.save,
    Format.TIKTOKEN: Tokenizer.to_tiktoken,
    Format.HUGGINGFACE: Tokenizer.to_huggingface,
    Format.MINBPE: Tokenizer.to_minbpe,
}

# Special tokens that a message names.
SHOWN = 8


def convert(
    model: Model,
    to: Annotated[Format, typer.Option(help="The format to write.", show_default=False)],
    out: Annotated[str, typer.Option(metavar="FILE", callback=named, help="Where it goes.", show_default=False)],
    pattern: Pattern = None,
    special_token: IdsOfSpecial = None,
) -> None:
    """Write a tokenizer in another format, with the same ids: for tiktoken, tokenizers or minbpe."""
    if out == files.STANDARD:
        raise UsageError("a tokenizer cannot go to standard output", hint="name a file with --out")
    if to is not Format.PAIRWRIGHT:
        files.refuse_input(out, [model])
    if to is not Format.HUGGINGFACE or out.endswith(".json"):
        # Otherwise it is a folder, which is made.
        files.check_target(out)
    tokenizer = models.load(model, pattern, special_token)
    WRITERS[to](tokenizer, Path(out))
    if to is Format.TIKTOKEN:
        say(f"{out} has no place for the split pattern and special tokens; to read it, add {missing(tokenizer)}")


def missing(tokenizer: Tokenizer) -> str:
    """The options that tell what a rank file does not."""
    special = [f"{name}={token_id}" for name, token_id in tokenizer.special_tokens.items()]
    if len(special) > SHOWN:
        special = [*special[:SHOWN], "…"]
    return shlex.join(
        ["--pattern", tokenizer.pattern, *(word for each in special for word in ("--special-token", each))]
    )
