"""`pairwright verify`."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from pairwright.cli import files
from pairwright.cli.arguments import Quiet, named
from pairwright.cli.console import console, print_table, say
from pairwright.cli.progress import InputBar
from pairwright.tokens.manifest import Manifest, Split
from pairwright.tokens.verifying import Verification

# More inputs that are gone are counted and not named.
NAMES = 5

NUMBERS = ("shards", "documents", "tokens", "bytes")


def verify(
    folder: Annotated[
        str,
        typer.Argument(
            metavar="DIR", callback=named, help="A folder that `pairwright encode` wrote.", show_default=False
        ),
    ],
    no_inputs: Annotated[
        bool, typer.Option("--no-inputs", help="Leave out the files that were encoded: look at the folder alone.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was found as JSON.")] = False,
    quiet: Quiet = False,
) -> None:
    """Compare every file of a token folder with its manifest, and the corpus with what was encoded.

    Every problem is named, and then the exit code is 1. An input that is gone is none.
    """
    found = Verification(Path(folder))
    found.load()
    with InputBar("verifying") as bar:
        bar.expect(found.size(inputs=not no_inputs))
        found.advance = bar.advance
        found.run(inputs=not no_inputs)
    if as_json:
        files.write_standard_output((json.dumps(summary(found), indent=1) + "\n").encode())
    else:
        report(found, quiet=quiet)
    if found.problems:
        raise typer.Exit(1)


def report(found: Verification, *, quiet: bool) -> None:
    """Say what was found: problems as errors, else a table."""
    for problem in found.problems:
        say(problem, label="error", style="bold red")
    if quiet:
        return
    if found.gone:
        more = f" and {len(found.gone) - NAMES:,} more" if len(found.gone) > NAMES else ""
        say(f"not compared, for they are gone: {', '.join(found.gone[:NAMES])}{more}")
    if found.manifest is not None and not found.problems:
        with files.standard_output():
            print_table(table(found.manifest), console())


def table(manifest: Manifest) -> Table:
    """What each split holds."""
    made = Table(box=None, pad_edge=False)
    made.add_column("split", style="cyan")
    for heading in NUMBERS:
        made.add_column(heading, justify="right")
    for split in manifest.splits:
        made.add_row(split.name, *(f"{number:,}" for number in numbers(split).values()))
    return made


def summary(found: Verification) -> dict[str, Any]:
    """The same for a program."""
    splits = found.manifest.splits if found.manifest is not None else ()
    return {
        "problems": found.problems,
        "gone": found.gone,
        "splits": {split.name: numbers(split) for split in splits},
    }


def numbers(split: Split) -> dict[str, int]:
    """How much a split holds."""
    return dict(zip(NUMBERS, (len(split.shards), split.documents, split.tokens, split.bytes), strict=True))
