"""`pairwright usage`."""

import json as to_json
from typing import Annotated

import numpy as np
import numpy.typing as npt
import typer
from rich.table import Table
from rich.text import Text

from pairwright import Tokenizer
from pairwright.bar import quoted
from pairwright.cli import counted_ids, files, model as models, reading
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
    TextColumn,
    TextField,
    Threads,
    named,
)
from pairwright.cli.console import UsageError, console, print_table
from pairwright.lab.usage import facts

# Tokens that the table shows.
MOST = 20


def usage(
    model: Model,
    input: Inputs = None,
    out: Annotated[
        str | None,
        typer.Option(metavar="FILE.npy", callback=named, help="Write the number of each id as an array of numpy."),
    ] = None,
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
    """Count how often each id occurs in texts, or in a token folder; special tokens in text are plain text."""
    if out is not None:
        if not out.endswith(".npy"):
            raise UsageError(f"{out}: a usage is written as npy", hint=f"--out {out}.npy")
        files.check_target(out)
    tokenizer = models.load(model, pattern, special_token, others=input or ())
    found = counted_ids.usage_of(
        tokenizer,
        input,
        None,
        threads=threads,
        quiet=quiet,
        lines=lines,
        separator=separator,
        text_field=reading.text_names("--text-field", text_field, input),
        text_column=reading.text_names("--text-column", text_column, input),
        format=input_format,
        on_error=on_error,
    )
    if out is not None:
        counted_ids.save(out, found)
    if json:
        with files.output(None) as write:
            write(to_json.dumps({**facts(tokenizer, found), "usage": found.tolist()}).encode() + b"\n")
        return
    with files.standard_output():
        screen = console()
        for table in tables(tokenizer, found):
            print_table(table, screen)


def tables(tokenizer: Tokenizer, found: npt.NDArray[np.uint64]) -> tuple[Table, Table]:
    """The same for people, and the most frequent tokens."""
    told = facts(tokenizer, found)
    summary = Table(box=None, show_header=False, pad_edge=False)
    summary.add_row("tokens", f"{told['tokens']:,}")
    share = told["used"] / max(told["used"] + told["never"], 1)
    summary.add_row("ids that occur", f"{told['used']:,} ({share:.1%})")
    summary.add_row("ids that do not", f"{told['never']:,}")
    if told["renyi"] is not None:
        summary.add_row("Rényi efficiency", f"{told['renyi']:.4f}")
    most = Table(box=None, pad_edge=False)
    most.add_column("id", justify="right")
    most.add_column("times", justify="right")
    most.add_column("share", justify="right")
    most.add_column("token")
    # Equal numbers in the order of ids.
    for token in np.argsort(-found.astype(np.float64), kind="stable")[:MOST].tolist():
        if found[token]:
            share = int(found[token]) / told["tokens"]
            shown = Text(quoted(tokenizer.token_bytes(token)))
            most.add_row(str(token), f"{int(found[token]):,}", f"{share:.2%}", shown)
    return summary, most
