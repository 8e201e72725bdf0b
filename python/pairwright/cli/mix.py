"""`pairwright mix`."""

import json as to_json
from fractions import Fraction
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from pairwright import Counts
from pairwright.cli import files, model as models
from pairwright.cli.arguments import (
    InputFormat,
    Json,
    Lines,
    MemoryLimit,
    OnError,
    Quiet,
    Separator,
    SpecialTokens,
    SpillFolder,
    TextColumn,
    TextField,
    Threads,
    named,
)
from pairwright.cli.console import UsageError, console, print_table, say
from pairwright.cli.reading import text_names
from pairwright.cli.sources import check_names, named_numbers, number, of_paths, paths_by_name
from pairwright.corpus import Counting
from pairwright.corpus.files import Options
from pairwright.filenames import shown
from pairwright.mixture import Mixture, mixed
from pairwright.progress import stderr_is_terminal


def mix(
    source: Annotated[
        list[str],
        typer.Argument(
            metavar="NAME=PATH...",
            callback=named,
            help="Texts and counts files; what has the same name is one source.",
            show_default=False,
        ),
    ],
    out: Annotated[str, typer.Option(metavar="FILE", callback=named, help="Where the counts go.", show_default=False)],
    weight: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=W", help="Count this source W times: 3, 0.25 or 1/3.", show_default=False),
    ] = None,
    share: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=Q", help="Make this source Q parts of the whole.", show_default=False),
    ] = None,
    temperature: Annotated[
        str | None,
        typer.Option(
            metavar="A",
            help="Shares in proportion to size to the power of A: 1 leaves sources as they are, 0 makes all equal.",
            show_default=False,
        ),
    ] = None,
    by: Annotated[
        str, typer.Option(metavar="UNIT", help="What the size of a source is: bytes, documents, or tokens of a MODEL.")
    ] = "bytes",
    pattern: Annotated[
        str | None,
        typer.Option(
            metavar="PATTERN", help="The split pattern: a name or a regex.", show_default="that of counts, or cl100k"
        ),
    ] = None,
    special: SpecialTokens = None,
    lines: Lines = False,
    separator: Separator = None,
    text_field: TextField = None,
    text_column: TextColumn = None,
    input_format: InputFormat = None,
    on_error: OnError = "stop",
    threads: Threads = None,
    memory_limit: MemoryLimit = None,
    spill_folder: SpillFolder = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Mix texts by weights, shares or a temperature, and save the counts for `train --counts`.

    Give one of --weight, --share and --temperature. Weights are exact. Every count is multiplied and rounded, halves
    up.
    """
    if out == files.STANDARD:
        raise UsageError("counts cannot go to standard output", hint="name a file with --out")
    asked = [
        option
        for option, value in (("--weight", weight), ("--share", share), ("--temperature", temperature))
        if value is not None and value != []
    ]
    if len(asked) != 1:
        raise UsageError(
            f"{' and '.join(asked)} do not go together" if asked else "nothing says how to mix",
            hint="give one of --weight, --share and --temperature",
        )
    files.check_target(out)
    paths = paths_by_name(source)
    inputs = [path for each in paths.values() for path in each]
    files.refuse_input(out, [*inputs, by])
    options = Options(
        lines=lines,
        separator=separator,
        text_field=text_names("--text-field", text_field, inputs),
        text_column=text_names("--text-column", text_column, inputs),
        format=input_format,
        on_error=on_error,
    )
    sources = of_paths(paths, **options)
    for each in sources.values():
        if not isinstance(each, Counts):
            files.refuse_input(out, [origin.path for origin in each.origins])
    for option, given in (("--weight", weight), ("--share", share)):
        check_names(option, given or [], paths)
    mixture = mixed(
        sources,
        pattern,
        special,
        weights=fractions("--weight", weight) if weight else None,
        shares=fractions("--share", share) if share else None,
        temperature=None if temperature is None else number("--temperature", temperature),
        by=by if by in ("bytes", "documents") else models.load(by, None),
        counting=Counting(threads, memory_limit, spill_folder),
        progress=stderr_is_terminal() and not quiet,
    )
    mixture.counts.save(out)
    if json:
        with files.output(None) as write:
            write(to_json.dumps(rows(mixture)).encode() + b"\n")
    if not quiet:
        if not json:
            print_table(table(mixture, by if by in ("bytes", "documents") else "tokens"), console(stderr=True))
        counts, size = mixture.counts, Path(out).stat().st_size
        say(f"saved {shown(out)}: {len(counts):,} pretokens, {counts.total:,} pieces, {size:,} bytes")


def rows(mixture: Mixture) -> list[dict[str, str | int | float]]:
    """Of each source its size, its share before and after, and its weight."""
    before = sum(mixture.sizes.values())
    after = sum(size * mixture.weights[name] for name, size in mixture.sizes.items())
    return [
        {
            "source": name,
            "size": size,
            "share_before": size / before,
            "share": float(size * mixture.weights[name] / after),
            "weight": float(mixture.weights[name]),
            "exact_weight": str(mixture.weights[name]),
        }
        for name, size in mixture.sizes.items()
    ]


def table(mixture: Mixture, unit: str) -> Table:
    """The same to read."""
    found = Table(title="Mixture")
    found.add_column("source")
    for heading in (unit, "share before", "share", "weight"):
        found.add_column(heading, justify="right")
    for row in rows(mixture):
        shares = (f"{row['share_before']:.2%}", f"{row['share']:.2%}")
        found.add_row(str(row["source"]), f"{row['size']:,}", *shares, f"{row['weight']:.5g}")
    return found


def fractions(option: str, given: list[str]) -> dict[str, Fraction]:
    """The number of each name. Raises `UsageError`."""
    return {name: number(option, value) for name, value in named_numbers(option, given).items()}
