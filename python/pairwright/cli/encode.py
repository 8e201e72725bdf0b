"""`pairwright encode`."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from pairwright.cli import files, model as models
from pairwright.cli.arguments import (
    IdsOfSpecial,
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
    named,
)
from pairwright.cli.folder import encode_as_file, encode_into
from pairwright.cli.printing import print_ids
from pairwright.cli.reading import corpus_of, text_names
from pairwright.cli.target import target_of

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
            callback=named,
            help="Where the ids go instead of standard output: into a folder of token files, or into a single file if "
            "the name ends in .bin, .npy, .parquet, .arrow, .jsonl or, for ids as text, .txt. "
            "A folder's name has no ending, or a slash behind it; other endings are refused.",
        ),
    ] = None,
    format: Annotated[
        Literal["bin", "npy", "parquet", "arrow", "jsonl"] | None,
        typer.Option(help="The format of the token files in the folder.", show_default="bin"),
    ] = None,
    append: Annotated[
        str | None, typer.Option(metavar="TOKEN", help="A special token that ends every document, in files of ids.")
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
    """Encode documents into a folder of token files, or print their ids, separated by spaces, one line per document.

    A folder is written with a manifest, which `pairwright verify` checks. If the command is interrupted, give the same
    command again: it continues after the files that are complete.
    """
    of_folder = {"--shard-tokens": shard_tokens, "--validation": validation, "--restart": restart, "--json": json}
    of_folder_alone = [option for option, value in of_folder.items() if value is not None and value is not False]
    of_ids = [option for option, value in (("--format", format), ("--append", append)) if value is not None]
    target = target_of(out, format, [*of_ids, *of_folder_alone], of_folder_alone)
    tokenizer = models.load(model, pattern, special_token, others=input or ())
    corpus = corpus_of(
        input,
        lines=lines,
        separator=separator,
        text_field=text_names("--text-field", text_field, input),
        text_column=text_names("--text-column", text_column, input),
        format=input_format,
        on_error=on_error,
    )
    if target.kind != "folder":
        files.refuse_input(out, [model, *(origin.path for origin in corpus.origins)])
    if out is None or target.kind == "text":
        print_ids(tokenizer, corpus, out, special, threads=threads, quiet=quiet)
        return
    if target.kind == "file":
        encode_as_file(out, tokenizer, corpus, append=append, special=special, threads=threads, quiet=quiet)
        return
    encode_into(
        Path(out),
        tokenizer,
        corpus,
        format=target.format or "bin",
        append=append,
        shard_tokens=shard_tokens or SHARD_TOKENS,
        validation=validation or 0.0,
        special=special,
        restart=restart,
        threads=threads,
        json=json,
        quiet=quiet,
    )
