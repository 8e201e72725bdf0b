"""`pairwright encode`."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from pairwright.cli import files, model as models
from pairwright.cli.arguments import (
    InputFormat,
    Inputs,
    Json,
    Lines,
    Model,
    OnError,
    Pattern,
    Quiet,
    Separator,
    Special,
    TextColumn,
    TextField,
    Threads,
)
from pairwright.cli.console import UsageError
from pairwright.cli.folder import encode_into
from pairwright.cli.printing import print_ids
from pairwright.cli.reading import corpus_of

SHARD_TOKENS = 100_000_000


def share(text: str) -> float:
    """A share of all documents, such as 0.01 or 1%."""
    try:
        value = float(text[:-1]) / 100 if text.endswith("%") else float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < 1:
        raise typer.BadParameter(f"{text!r} is no share such as 0.01 or 1%")
    return value


def encode(
    model: Model,
    input: Inputs = None,
    out: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Where the ids go instead of standard output: into a folder of token files or, if the name has an "
            "ending such as .txt and there is no --format, as text into a file.",
        ),
    ] = None,
    format: Annotated[
        Literal["bin", "npy", "parquet", "arrow", "jsonl"] | None,
        typer.Option(help="The format of the token files in the folder.", show_default="bin"),
    ] = None,
    append: Annotated[
        str | None, typer.Option(metavar="TOKEN", help="A special token that ends every document, in the folder.")
    ] = None,
    shard_tokens: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=1,
            help="A token file ends with the document that brings it to so many ids.",
            show_default=f"{SHARD_TOKENS:,}",
        ),
    ] = None,
    validation: Annotated[
        float | None,
        typer.Option(
            metavar="SHARE", parser=share, help="The share of documents, chosen by their hash, for files of their own."
        ),
    ] = None,
    restart: Annotated[
        bool, typer.Option("--restart", help="Begin anew, whatever an earlier run has written into the folder.")
    ] = False,
    special: Special = "refuse",
    lines: Lines = False,
    separator: Separator = None,
    text_field: TextField = "text",
    text_column: TextColumn = "text",
    input_format: InputFormat = None,
    on_error: OnError = "stop",
    threads: Threads = None,
    json: Json = False,
    quiet: Quiet = False,
    pattern: Pattern = None,
) -> None:
    """Encode documents into a folder of token files, or print their ids, separated by spaces, one line per document.

    A folder is written with a manifest, which `pairwright verify` checks. A command that was broken off goes on where
    the complete files end when it is given again.
    """
    of_folder = {"--append": append, "--shard-tokens": shard_tokens, "--validation": validation, "--format": format}
    given = [option for option, value in of_folder.items() if value is not None]
    given += [option for option, is_given in (("--restart", restart), ("--json", json)) if is_given]
    if (out is None or files.is_standard(out)) and given:
        raise UsageError(f"{given[0]} goes with a folder", hint="name one with --out")
    is_folder = out is not None and not files.is_standard(out) and means_folder(out, asked=format is not None)
    if out is not None and not is_folder and given:
        raise UsageError(
            f"{given[0]} goes with a folder, and {out} is the name of a file",
            hint="name a folder without an ending, or add --format bin",
        )
    tokenizer = models.load(model, pattern)
    corpus = corpus_of(
        input,
        lines=lines,
        separator=separator,
        text_field=text_field,
        text_column=text_column,
        format=input_format,
        on_error=on_error,
    )
    if not is_folder or out is None:
        print_ids(tokenizer, corpus, out, special, threads=threads, quiet=quiet)
        return
    encode_into(
        Path(out),
        tokenizer,
        corpus,
        format=format or "bin",
        append=append,
        shard_tokens=shard_tokens or SHARD_TOKENS,
        validation=validation or 0.0,
        special=special,
        restart=restart,
        threads=threads,
        json=json,
        quiet=quiet,
    )


def means_folder(name: str, *, asked: bool) -> bool:
    """Whether a name is that of a folder to write token files into."""
    path = Path(name)
    if path.exists():
        return path.is_dir()
    return asked or name.endswith(("/", "\\")) or not path.suffix
