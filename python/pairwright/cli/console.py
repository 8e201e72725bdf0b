"""What people read: messages on standard error, tables and coloured tokens on either stream."""

import contextlib

from rich.console import Console
from rich.table import Table
from rich.text import Text

from pairwright.visible import escape

# A pipe or file has no width: lines must not be broken for it.
UNBROKEN = 4096


class CommandError(Exception):
    """A failure that the command line itself finds. `hint` says what to do about it."""

    exit_code = 1

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


class UsageError(CommandError):
    """A command line that cannot be meant."""

    exit_code = 2


def console(*, stderr: bool = False) -> Console:
    """A console for standard output or standard error as they are now. Nothing in the text is markup."""
    made = Console(stderr=stderr, markup=False, highlight=False, emoji=False)
    if not made.is_terminal:
        made.width = UNBROKEN
    return made


def print_table(table: Table, screen: Console) -> None:
    """Print a table, without the spaces that fill up its last column where these would only be in the way."""
    if screen.is_terminal:
        screen.print(table)
        return
    with screen.capture() as captured:
        screen.print(table)
    lines = [line.rstrip() for line in captured.get().splitlines()]
    screen.print("\n".join(lines), soft_wrap=True)


def say(text: str, *, label: str | None = None, style: str = "") -> None:
    """A line for people, on standard error."""
    line = Text()
    if label:
        line.append(f"{label}: ", style)
    line.append(harmless(text))
    # If standard error is full or gone there is nowhere left to say it; the exit code still tells.
    with contextlib.suppress(OSError):
        console(stderr=True).print(line, soft_wrap=True)


def harmless(text: str) -> str:
    """Text without characters that would steer a terminal; each becomes its escape. Line breaks stay."""
    return "".join(char if char.isprintable() or char == "\n" else escape(char) for char in text)
