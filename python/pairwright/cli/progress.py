"""A progress bar over the bytes of inputs."""

import sys
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Self

from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from pairwright.cli import files
from pairwright.cli.console import console
from pairwright.progress import stderr_is_terminal

# What takes less than about a second needs no bar.
LARGE = 8_000_000


class Bar:
    """Shows bytes done, rate and time left on standard error, once there is much to do.

    Stays away unless standard error is a terminal, and where the output goes `to_screen` at the same time.
    """

    def __init__(self, description: str, *, to_screen: bool = False) -> None:
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

    def over(self, names: Sequence[str]) -> Iterator[tuple[str, bytes]]:
        """Read each input; its bytes are then expected to be done. Raises `OSError`, before any if one is missing."""
        sizes = [files.size(name) for name in names]
        self._expect(sum(sizes))
        for name, size in zip(names, sizes, strict=True):
            content = files.read(name)
            self._expect(len(content) - size)
            yield files.shown(name), content

    def advance(self, size: float) -> None:
        """So many bytes more are done."""
        self._progress.advance(self._task, size)

    def _expect(self, more: int) -> None:
        self._expected += more
        self._progress.update(self._task, total=self._expected)
        if self._expected >= LARGE:
            self._progress.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._progress.stop()
