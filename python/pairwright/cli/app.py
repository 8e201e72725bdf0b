"""The commands, put together."""

from typing import Annotated

import typer

from pairwright import __version__
from pairwright.cli.audit import audit
from pairwright.cli.compare import compare
from pairwright.cli.convert import convert
from pairwright.cli.count import count
from pairwright.cli.decode import decode
from pairwright.cli.encode import encode
from pairwright.cli.info import info
from pairwright.cli.mix import mix
from pairwright.cli.report import report
from pairwright.cli.show import show
from pairwright.cli.shrink import shrink
from pairwright.cli.sizes import sizes
from pairwright.cli.tally import tally
from pairwright.cli.train import train
from pairwright.cli.usage import usage
from pairwright.cli.verify import verify

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


def print_version(asked: bool) -> None:
    """Print the version and exit, if asked to."""
    if asked:
        typer.echo(f"pairwright {__version__}")
        raise typer.Exit


@app.callback()
def pairwright(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=print_version, help="Print the version and exit.")
    ] = False,
) -> None:
    """Train and run byte-level BPE tokenizers.

    Data goes to standard output, messages and progress to standard error.
    """


for command in (
    train,
    tally,
    mix,
    encode,
    decode,
    verify,
    count,
    usage,
    show,
    info,
    audit,
    compare,
    sizes,
    report,
    shrink,
    convert,
):
    app.command()(command)
