"""The progress bar, the same for all work: what is done, how much of it, how fast, how long the rest will take."""

from __future__ import annotations

import sys
from time import monotonic
from typing import TYPE_CHECKING, Any, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Column

from pairwright.pace import Pace
from pairwright.progress import stderr_is_terminal

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.progress import TaskID

    from pairwright.progress import ProgressEvent

WORDS = {"count": "counting", "merge": "merging"}

# The columns must not jump as numbers and tokens come and go, and all of them fit 80 characters.
WIDTH = 16


class Bar:
    """One line for each phase of the work, on standard error; nothing at all if that is no terminal."""

    def __init__(self, *, hidden: bool = False) -> None:
        columns = (
            text("{task.description:<8}"),
            BarColumn(WIDTH),
            text("{task.fields[share]:>4}"),
            text("{task.fields[rate]:>15}"),
            text("{task.fields[left]:>12}"),
            text("{task.fields[token]}", width=WIDTH),
        )
        self._progress = Progress(
            *columns,
            console=Console(stderr=True),
            transient=True,
            # What is printed meanwhile goes above the bar, unless it goes to a file: there it belongs.
            redirect_stdout=sys.stdout is not None and sys.stdout.isatty(),
            disable=hidden or not stderr_is_terminal(),
        )
        self._tasks: dict[str, TaskID] = {}

    def receive(self, event: ProgressEvent) -> None:
        """Show an event of training."""
        words = megabytes if event.phase == "count" else merges
        token = quoted(event.token) if event.token is not None else ""
        self.show(WORDS[event.phase], event.done, event.total, words, event.rate, event.remaining, token)

    def show(
        self,
        what: str,
        done: float,
        total: float,
        words: Callable[[float], str],
        rate: float,
        remaining: float | None,
        token: str = "",
    ) -> None:
        """Bring the line of this phase up to date, or add it.

        `total` is 0 if it is not known, `words` says how much an amount is, `rate` is for each second.
        """
        shown: dict[str, Any] = {
            "share": f"{min(done / total, 1):.0%}" if total else words(done),
            "rate": f"{words(rate)}/s",
            # A finished phase has no time left to speak of.
            "left": f"{in_time(remaining)} left" if remaining else "",
            "token": token,
        }
        if what not in self._tasks:
            self._tasks[what] = self._progress.add_task(what, **shown)
        self._progress.update(self._tasks[what], completed=done, total=total or None, **shown)

    def start(self) -> None:
        """Appear, unless that has happened already."""
        self._progress.start()

    def stop(self) -> None:
        """Disappear."""
        # Where it never appeared rich would print an empty line.
        if self._progress.live.is_started:
            self._progress.stop()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


class ByteBar:
    """A bar for work on bytes alone."""

    def __init__(self, what: str, total: float = 0, *, hidden: bool = False) -> None:
        self.bar = Bar(hidden=hidden)
        self.total = total
        self._what = what
        self._done = 0.0
        self._began = monotonic()
        self._pace = Pace()
        self._pace.at(0.0, 0, total)

    def advance(self, size: float) -> None:
        """So many bytes more are done."""
        self._done += size
        rate, remaining = self._pace.at(monotonic() - self._began, self._done, self.total)
        self.bar.show(self._what, self._done, self.total, megabytes, rate, remaining)


def text(template: str, width: int | None = None) -> TextColumn:
    """A column of plain text; what is longer than its width ends in an ellipsis."""
    return TextColumn(template, markup=False, table_column=Column(no_wrap=True, overflow="ellipsis", width=width))


def megabytes(size: float) -> str:
    """A number of bytes in words."""
    return f"{size / 1e6:,.1f} MB"


def merges(number: float) -> str:
    """A number of merges in words."""
    return f"{number:,.0f} merges"


def in_time(seconds: float) -> str:
    """A time in hours, minutes and seconds, such as 1:02:03, or 2:03 without hours."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def quoted(token: bytes) -> str:
    """A token on its own: the Python literal of its text, or of its bytes if they are no text."""
    try:
        return repr(token.decode())
    except UnicodeDecodeError:
        return repr(token)
