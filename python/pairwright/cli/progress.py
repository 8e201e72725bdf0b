"""A progress bar over bytes of input."""

import sys
from types import TracebackType
from typing import Self

from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from pairwright.cli.console import console

# What takes less than about a second needs no bar.
LARGE = 8_000_000


class Bar:
    """Shows bytes done, rate and time left on standard error, once there is much to do.

    Stays away unless standard error is a terminal, and where the output itself goes to the terminal.
    """

    def __init__(self, description: str, expected: int, *, to_screen: bool) -> None:
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            DownloadColumn(),
            TransferSpeedColumn(),
            TimeRemainingColumn(),
        )
        hidden = not stderr_is_terminal() or (to_screen and sys.stdout is not None and sys.stdout.isatty())
        self._progress = Progress(*columns, console=console(stderr=True), transient=True, disable=hidden)
        self._task = self._progress.add_task(description, total=0)
        self._expected = 0
        self.expect(expected)

    def expect(self, more: int) -> None:
        """There are so many bytes more to do than was known."""
        self._expected += more
        self._progress.update(self._task, total=self._expected)
        if self._expected >= LARGE:
            self._progress.start()

    def advance(self, size: float) -> None:
        """So many bytes more are done."""
        self._progress.advance(self._task, size)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._progress.stop()


def stderr_is_terminal() -> bool:
    """Whether a person sees standard error as it comes."""
    return sys.stderr is not None and sys.stderr.isatty()
