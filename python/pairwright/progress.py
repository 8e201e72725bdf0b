"""What training says of itself while it works."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.progress import TaskID

    from pairwright.aliases import Report


@dataclass(frozen=True, slots=True)
class ProgressEvent:
    """A moment in training.

    In the phase "count", `done` and `total` are bytes; `total` is 0 where it is not known. In the phase "merge" they
    are merges, `token` is the one learned last and `count` how often its pair occurred. `elapsed` is in seconds since
    training began.
    """

    phase: Literal["count", "merge"]
    done: int
    total: int
    elapsed: float
    token: bytes | None = None
    count: int = 0


Progress: TypeAlias = "bool | Callable[[ProgressEvent], object] | None"


class Reporter:
    """Turns what the core says of one document or batch into events for the whole corpus."""

    def __init__(self, receive: Callable[[ProgressEvent], object], total: int) -> None:
        self._receive = receive
        self._total = total
        self._before = 0
        self._started = time.monotonic()

    def __call__(self, phase: str, done: int, total: int, token: bytes | None, count: int) -> None:
        """Receive one event of the core; see `_core.Report`."""
        elapsed = time.monotonic() - self._started
        if phase == "merge":
            self._receive(ProgressEvent("merge", done, total, elapsed, token, count))
            return
        self._receive(ProgressEvent("count", self._before + done, self._total, elapsed))
        if done == total:
            self._before += total


@contextmanager
def reporting(progress: bool | Callable[[ProgressEvent], object], total: int) -> Iterator[Report]:
    """The report to hand to the core. `total` is the size of the corpus in bytes, 0 if it is not known."""
    if progress is True:
        with bar() as receive:
            yield Reporter(receive, total)
    elif callable(progress):
        yield Reporter(progress, total)
    else:
        raise TypeError(f"progress must be None, a bool or a callable, not {type(progress).__name__}")


@contextmanager
def bar() -> Iterator[Callable[[ProgressEvent], None]]:
    """A progress bar with rate and time left on stderr; nothing at all if stderr is no terminal."""
    # Imported here so that `import pairwright` stays light.
    from rich.console import Console
    from rich.progress import BarColumn, Progress as Bar, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description:<8}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    with Bar(*columns, console=Console(stderr=True), transient=True, disable=not stderr_is_terminal()) as rich_bar:
        tasks: dict[str, tuple[TaskID, float]] = {}

        def receive(event: ProgressEvent) -> None:
            if event.phase not in tasks:
                description = {"count": "counting", "merge": "merging"}[event.phase]
                number = rich_bar.add_task(description, total=event.total or None, rate="")
                tasks[event.phase] = (number, event.elapsed)
            number, began = tasks[event.phase]
            seconds = event.elapsed - began
            # The first event of a phase is where its time begins.
            per_second = event.done / seconds if seconds > 0 else 0
            rate = f"{per_second / 1e6:,.1f} MB/s" if event.phase == "count" else f"{per_second:,.0f} merges/s"
            rich_bar.update(number, completed=event.done, total=event.total or None, rate=rate)

        yield receive


def stderr_is_terminal() -> bool:
    """Whether a person sees standard error as it comes. A rich console will not do: variables can turn it into one."""
    return sys.stderr is not None and sys.stderr.isatty()
