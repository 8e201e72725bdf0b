"""Runs the command line and turns whatever ends it into an exit code and at most a few lines on standard error."""

import errno
import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TextIO

import typer

from pairwright.cli.app import app
from pairwright.cli.console import CommandError, message
from pairwright.cli.files import flush_standard_output
from pairwright.errors import FewerMergesWarning, PairwrightError

FAILURE, USAGE, INTERRUPTED = 1, 2, 130


def run(arguments: Sequence[str]) -> int:
    """Run one command; gives its exit code. Errors a user can cause become a line on standard error."""
    if isinstance(sys.stdout, TextIO) or hasattr(sys.stdout, "reconfigure"):
        # A terminal that cannot show a character gets its escape, not an error.
        sys.stdout.reconfigure(errors="backslashreplace")
    code = FAILURE
    try:
        with warnings_as_messages():
            code = app(list(arguments), prog_name="pairwright", standalone_mode=False) or 0
        flush_standard_output()
    except KeyboardInterrupt:
        code = INTERRUPTED
    except SystemExit as exit:
        # typer and rich end so, quietly, when the reader of a pipe has gone.
        code = exit.code if isinstance(exit.code, int) else FAILURE
    except typer.TyperException as error:
        code = error.exit_code
        fail(error.format_message(), help_hint(error))
    except (CommandError, PairwrightError, OSError, ValueError, KeyError, MemoryError) as error:
        if isinstance(error, OSError) and error.errno == errno.EPIPE:
            return discard_standard_output(FAILURE)
        code = getattr(error, "exit_code", FAILURE)
        fail(describe(error), getattr(error, "hint", None))
    if code == INTERRUPTED:
        message("interrupted")
    return discard_standard_output(code) if code else code


def fail(text: str, hint: str | None) -> None:
    message(text, label="error", style="bold red")
    if hint:
        message(hint, label="hint", style="bold cyan")


def describe(error: Exception) -> str:
    """What went wrong, in words."""
    if isinstance(error, OSError) and error.filename is not None and error.strerror:
        name = error.filename
        return f"{os.fsdecode(name) if isinstance(name, str | bytes) else name}: {error.strerror}"
    if isinstance(error, KeyError) and error.args:
        # `str` of a KeyError is the repr of its message.
        return str(error.args[0])
    if isinstance(error, MemoryError):
        return "out of memory"
    return str(error) or type(error).__name__


def help_hint(error: typer.TyperException) -> str | None:
    context = getattr(error, "ctx", None)
    return f"{context.command_path} --help" if context is not None else None


@contextmanager
def warnings_as_messages() -> Iterator[None]:
    def show(
        warning: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        message(str(warning), label="warning", style="bold yellow")

    with warnings.catch_warnings():
        warnings.simplefilter("always", FewerMergesWarning)
        warnings.showwarning = show
        yield


def discard_standard_output(code: int) -> int:
    """What is still buffered goes nowhere: else Python would try again to write it while it shuts down, and complain."""
    if sys.__stdout__ is not None:
        with open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), sys.__stdout__.fileno())
    return code
