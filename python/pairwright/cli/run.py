"""Runs the command line and turns whatever ends it into an exit code and at most a few lines on standard error."""

import errno
import io
import os
import re
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import typer

from pairwright.cli import ending
from pairwright.cli.app import app
from pairwright.cli.console import CommandError, say
from pairwright.cli.ending import INTERRUPTED, message
from pairwright.cli.files import flush_standard_output
from pairwright.cli.hints import in_commands, in_options
from pairwright.corpus.skipping import HINTED
from pairwright.errors import (
    MARK,
    FewerMergesWarning,
    FormatError,
    PairwrightError,
    PatternWarning,
    ReservedIdsWarning,
    SkippedWarning,
)
from pairwright.filenames import shown
from pairwright.tokens.differences import AnotherRunError

FAILURE = 1

# What a user can cause. An ImportError is that of another library, which a format needs: not installed, or broken.
ERRORS = (
    CommandError,
    PairwrightError,
    OSError,
    ValueError,
    OverflowError,
    KeyError,
    MemoryError,
    ImportError,
)


def run(arguments: Sequence[str]) -> int:
    """Run one command; gives its exit code. Errors that a user can cause become a line on standard error."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        # Where a character cannot be written it becomes its escape, not an error.
        sys.stdout.reconfigure(errors="backslashreplace")
    code = FAILURE
    ending.hints.clear()
    try:
        with warnings_as_lines():
            code = app(list(arguments), prog_name="pairwright", standalone_mode=False) or 0
        if code != INTERRUPTED:
            flush_standard_output()
    except KeyboardInterrupt:
        code = INTERRUPTED
    except SystemExit as ended:
        # typer and rich end so, quietly, when the reader of a pipe has gone.
        code = ended.code if isinstance(ended.code, int) else FAILURE
    except typer.TyperException as error:
        code = error.exit_code
        fail(message_of(error), help_hint(error))
    except ERRORS as error:
        code = getattr(error, "exit_code", FAILURE)
        if getattr(error, "errno", None) != errno.EPIPE:
            fail(describe(error), hint_of(error))
    if code == INTERRUPTED:
        say(message())
        for hint in ending.hints:
            say(hint, label="hint", style="bold cyan")
    return code


def fail(text: str, hint: str | None) -> None:
    """Say what went wrong and what to do about it."""
    say(text, label="error", style="bold red")
    if hint:
        say(hint, label="hint", style="bold cyan")


def describe(error: Exception) -> str:
    """What went wrong, in words."""
    if isinstance(error, AnotherRunError):
        return error.in_options
    if isinstance(error, OSError) and error.strerror:
        name = error.filename
        if name is None:
            return error.strerror
        return f"{shown(os.fsdecode(name)) if isinstance(name, str | bytes) else name}: {error.strerror}"
    if isinstance(error, KeyError) and error.args:
        # `str` of a KeyError is the repr of its message.
        return str(error.args[0])
    if isinstance(error, UnicodeEncodeError):
        return f"{error.object!a} is no valid text"
    if isinstance(error, MemoryError):
        return "out of memory"
    if isinstance(error, FormatError):
        # Its last part says what reads the file.
        text, semicolon, advice = str(error).rpartition("; ")
        return f"{text}{semicolon}{in_commands(advice)}"
    return str(error) or type(error).__name__


def hint_of(error: Exception) -> str | None:
    """What to do about it, in the words of the command line. A builtin exception has it in its notes."""
    notes = (note.removeprefix(MARK) for note in getattr(error, "__notes__", ()))
    hint = getattr(error, "hint", None) or "; ".join(notes)
    return in_options(hint) if hint else None


def message_of(error: typer.TyperException) -> str:
    """What is wrong with the command line, in one line: typer breaks lists of choices, and says "Value error"."""
    return re.sub(r"\n\t?", " ", error.format_message()).replace(": Value error, ", ": ", 1)


def help_hint(error: typer.TyperException) -> str | None:
    """Where to read how the command is used."""
    context = getattr(error, "ctx", None)
    return f"{context.command_path} --help" if context is not None else None


@contextmanager
def warnings_as_lines() -> Iterator[None]:
    """Warnings are said in one line each."""

    def show(message: Warning | str, *_: object, **__: object) -> None:
        text, hinted, hint = str(message).partition(HINTED)
        if isinstance(message, ReservedIdsWarning):
            text = in_options(text)
        say(text + hinted + in_options(hint), label="warning", style="bold yellow")

    with warnings.catch_warnings():
        for category in (FewerMergesWarning, PatternWarning, SkippedWarning, ReservedIdsWarning):
            warnings.simplefilter("always", category)
        warnings.showwarning = show
        yield
