"""`pairwright report`."""

import json as to_json
import os
from typing import Annotated

import typer

from pairwright import LanguageModel, report as report_on
from pairwright.cli import files, model as models, reading
from pairwright.cli.arguments import (
    IdsOfSpecial,
    InputFormat,
    Lines,
    OnError,
    Pattern,
    Quiet,
    Separator,
    Threads,
    named,
)
from pairwright.cli.compare import texts_of, tokenizers_of
from pairwright.cli.console import UsageError, harmless, say
from pairwright.cli.sources import split
from pairwright.corpus.finding import is_one_of
from pairwright.corpus.naming import DEFAULT

# Longer examples are named by their beginning.
SHOWN = 40


def report(
    model: Annotated[
        list[str],
        typer.Argument(
            metavar="[NAME=]MODEL...",
            callback=named,
            help="Model files, rank files (with --pattern), tokenizer.json files or names of encodings; a name is what "
            "the report calls it.",
            show_default=False,
        ),
    ],
    out: Annotated[
        str, typer.Option(metavar="FILE.html", callback=named, help="Write the page to this file.", show_default=False)
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
    json: Annotated[
        str | None,
        typer.Option(
            "--json",
            metavar="FILE.json",
            callback=named,
            help="Also write all numbers of the page as JSON.",
            show_default=False,
        ),
    ] = None,
    reference: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The text that the others are translations of.", show_default=False),
    ] = None,
    example: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TEXT",
            help="Show the tokens of this text too; may be given several times.",
            show_default=False,
        ),
    ] = None,
    width: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Tell the costs for a language model of this width.")
    ] = None,
    layers: Annotated[int | None, typer.Option(min=1, metavar="N", help="The layers of the model.")] = None,
    tied: Annotated[bool, typer.Option("--tied", help="Embedding and head are one matrix.")] = False,
    context: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="N",
            help="The tokens that the model sees at once; count documents with more.",
            show_default=False,
        ),
    ] = None,
    headroom: Annotated[
        bool, typer.Option("--headroom", help="Compare with a vocabulary of the same size trained on each text.")
    ] = False,
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
    quiet: Quiet = False,
    pattern: Pattern = None,
    special_token: IdsOfSpecial = None,
) -> None:
    """Write a page that compares tokenizers on texts: bars, sizes with costs, usage, audits and examples."""
    from pairwright.lab.report import charts

    if (width is None) != (layers is None):
        given, missing = ("--width", "--layers") if layers is None else ("--layers", "--width")
        raise UsageError(f"{given} is a measure of a language model, which needs both", hint=f"add {missing} N")
    if tied and width is None:
        raise UsageError("--tied is said of a language model, which is not given", hint="add --width N --layers N")
    for target in (out, json):
        if target is not None and not files.is_standard(target):
            files.check_target(target)
            files.refuse_input(target, [split(each)[1] for each in model])
    if json is not None and json == out:
        raise UsageError("--out and --json name the same file", hint="give each a name of its own")
    # Before the work, not after it.
    charts.library()
    corpora = texts_of(
        on or [],
        lines=lines,
        separator=separator,
        text_field=text_field or DEFAULT,
        text_column=text_column or DEFAULT,
        format=input_format,
        on_error=on_error,
    ) if on else None  # fmt: skip
    if reference is not None and (corpora is None or reference not in corpora):
        raise UsageError(
            f"--reference {reference}: none of the texts", hint=f"there are {', '.join(corpora or ['none'])}"
        )
    for option, target in (("--out", out), ("--json", json)):
        for corpus in (corpora or {}).values():
            paths = [origin.path for origin in corpus.origins]
            if target is not None and not files.is_standard(target) and is_one_of(target, paths):
                raise UsageError(f"{target} is an input, and {option} would replace it", hint="name another file")
    measured = None
    if width is not None and layers is not None:
        measured = LanguageModel(
            width=width, layers=layers, tied=tied, **({} if context is None else {"context": context})
        )
    is_long = sum(corpus.size() for corpus in (corpora or {}).values()) >= reading.LARGE
    found = report_on(
        tokenizers_of(model, lambda each: models.load(each, pattern, special_token)),
        corpora,
        reference,
        model=measured,
        examples=examples_of(example) if example else None,
        context=context,
        headroom=headroom,
        threads=threads,
        progress=is_long and not quiet,
    )
    content = found.html().encode()
    with files.output(out) as write:
        write(content)
    if json is not None:
        with files.output(json) as write:
            write(to_json.dumps(found.to_dict()).encode() + b"\n")
    if not quiet and not files.is_standard(out):
        say(f"wrote {files.shown(out)}: {len(content):,} bytes")


def examples_of(texts: list[str]) -> dict[str, bytes]:
    """The texts by names: all of a text, or its beginning and how long it is."""
    found: dict[str, bytes] = {}
    for text in dict.fromkeys(texts):
        name = harmless(text).replace("\n", " ") or "(empty)"
        if len(name) > SHOWN:
            name = f"{name[:SHOWN]}… ({len(text):,} characters)"
        number = 1
        while (name if number == 1 else f"{name} {number}") in found:
            number += 1
        found[name if number == 1 else f"{name} {number}"] = os.fsencode(text)
    return found
