"""`pairwright compare`."""

import json as to_json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Unpack

import typer

from pairwright import Comparison, Corpus, Tokenizer, compare as compare_tokenizers
from pairwright.cli import files, model as models, reading
from pairwright.cli.arguments import (
    IdsOfSpecial,
    InputFormat,
    Json,
    Lines,
    OnError,
    Pattern,
    Quiet,
    Separator,
    Threads,
    named,
)
from pairwright.cli.console import UsageError, console, print_table
from pairwright.cli.sources import split
from pairwright.corpus.files import Options
from pairwright.corpus.naming import DEFAULT


def compare(
    model: Annotated[
        list[str],
        typer.Argument(
            metavar="[NAME=]MODEL...",
            callback=named,
            help="Model files, rank files (with --pattern), tokenizer.json files or names of encodings; a name is what "
            "the table calls it.",
            show_default=False,
        ),
    ],
    on: Annotated[
        list[str] | None,
        typer.Option(
            "--on",
            metavar="[NAME=]PATH",
            callback=named,
            help="A text: a file, folder or pattern; may be given for each text, and again for more of the same name. "
            "Without a name, each file is a text of its own.",
            show_default=False,
        ),
    ] = None,
    reference: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The text that the others are translations of.", show_default=False),
    ] = None,
    context: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Count documents with more than N tokens.", show_default=False),
    ] = None,
    headroom: Annotated[
        bool, typer.Option("--headroom", help="Compare with a vocabulary of the same size trained on each text.")
    ] = False,
    speed: Annotated[bool, typer.Option("--speed", help="Tell how fast texts are encoded.")] = False,
    lines: Lines = False,
    separator: Separator = None,
    text_field: Annotated[
        str | None, typer.Option(metavar="NAME", help="In JSON, the field with the text.", show_default="text")
    ] = None,
    text_column: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="In CSV, TSV, parquet and Arrow, the column with the text.", show_default="text"
        ),
    ] = None,
    input_format: InputFormat = None,
    on_error: OnError = "stop",
    threads: Threads = None,
    json: Json = False,
    quiet: Quiet = False,
    pattern: Pattern = None,
    special_token: IdsOfSpecial = None,
) -> None:
    """Compare tokenizers on texts: tokens, fertility, premiums, entropies, and where they differ."""
    corpora = texts_of(
        on or [],
        lines=lines,
        separator=separator,
        text_field=text_field or DEFAULT,
        text_column=text_column or DEFAULT,
        format=input_format,
        on_error=on_error,
    )
    if reference is not None and reference not in corpora:
        raise UsageError(f"--reference {reference}: none of the texts", hint=f"there are {', '.join(corpora)}")
    # What takes less than about a second needs no bar.
    is_long = sum(corpus.size() for corpus in corpora.values()) >= reading.LARGE
    found = compare_tokenizers(
        tokenizers_of(model, lambda each: models.load(each, pattern, special_token)),
        corpora,
        reference,
        context=context,
        headroom=headroom,
        speed=speed,
        threads=threads,
        progress=is_long and not quiet,
    )
    with files.output(None) as write:
        if json:
            write(to_json.dumps(found.to_dict()).encode() + b"\n")
            return
    print_comparison(found)


def print_comparison(comparison: Comparison) -> None:
    """Print its tables."""
    from pairwright.lab.tables import tables

    with files.standard_output():
        screen = console()
        for number, table in enumerate(tables(comparison, screen.width if screen.is_terminal else None)):
            if number:
                screen.print()
            print_table(table, screen)


def tokenizers_of(given: list[str], load: Callable[[str], Tokenizer]) -> dict[str, Tokenizer]:
    """The tokenizers by their names. Raises `UsageError` if two have the same."""
    found: dict[str, str] = {}
    for value in given:
        name, model = split(value)
        if name is None:
            name = Path(model).stem if Path(model).exists() else model
        if name in found:
            other = Path(model).parent.name or "other"
            raise UsageError(
                f"two tokenizers are called {name}", hint=f"name them: {name}={found[name]} {other}={model}"
            )
        found[name] = model
    return {name: load(model) for name, model in found.items()}


def texts_of(given: list[str], **options: Unpack[Options]) -> dict[str, Corpus]:
    """The texts by their names. Raises `UsageError` if there are none, or two files have the same name."""
    if not given:
        raise UsageError("there is no text", hint="name one with --on NAME=PATH; it may be given for each text")
    paths: dict[str, list[str]] = {}
    unnamed: dict[str, str] = {}
    for value in given:
        name, path = split(value)
        if name is not None:
            paths.setdefault(name, []).append(path)
            continue
        for stem, file in each_file(path, options):
            if stem in unnamed:
                raise UsageError(
                    f"two texts are called {stem}: {unnamed[stem]} and {file}", hint=f"name them: --on NAME={file}"
                )
            unnamed[stem] = file
    for stem, file in unnamed.items():
        if stem in paths:
            raise UsageError(f"two texts are called {stem}", hint=f"for more of one text say --on {stem}={file}")
        paths[stem] = [file]
    return {name: Corpus(*each, **options) for name, each in paths.items()}


def each_file(path: str, options: Options) -> Iterator[tuple[str, str]]:
    """The files that a path without a name means, with names of their own."""
    for origin in Corpus(path, **options).origins:
        if origin.path is None:
            yield files.STANDARD_INPUT, files.STANDARD
        elif not origin.left_out:
            yield origin.path.stem, os.fspath(origin.path)
