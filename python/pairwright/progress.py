"""What training says of itself while it works."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from pairwright.pace import Pace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass(frozen=True, slots=True)
class ProgressEvent:
    """A moment in training. What receives it may return `False` to stop; see `train` and `count`.

    In the phase "count", `done` and `total` are bytes of the corpus; `total` is 0 where it is not known. In the phase
    "merge" they are merges; `pair` are the two tokens that were merged last, `token` is what they became, and `count`
    is how often the pair occurred. Nothing is merged yet in the first event of that phase: there `pair` and `token` are
    `None`, and `count` is 0.
    """

    phase: Literal["count", "merge"]
    done: int
    total: int
    elapsed: float
    """Seconds since the work began."""
    rate: float = 0.0
    """Bytes or merges per second, over the last second or so; when the phase is done, on average."""
    remaining: float | None = None
    """Estimated seconds until the phase ends; `None` while nothing can be said.

    For "count" this is what is left at the present rate. Merges become rarer and so cheaper as they go on: for "merge"
    it follows from how much cheaper they became since half as many were done. Expect it to be off by a factor of two.
    """
    pair: tuple[bytes, bytes] | None = None
    count: int = 0

    @property
    def token(self) -> bytes | None:
        """The token that was learned last."""
        return None if self.pair is None else self.pair[0] + self.pair[1]


Receiver: TypeAlias = "Callable[[ProgressEvent], object]"
Progress: TypeAlias = "bool | Receiver | None"


class Reporter:
    """Turns what the core says into events."""

    def __init__(self, receive: Receiver, total: int) -> None:
        self._receive = receive
        self._total = total
        self._done = self._before = 0
        self._began = time.monotonic()
        self._paces = {"count": Pace(), "merge": Pace(eases=True)}
        self._paces["count"].at(0.0, 0, total)
        self.has_stopped = False
        """Whether the receiver asked to stop."""

    def __call__(
        self, phase: Literal["count", "merge"], done: int, total: int, pair: tuple[bytes, bytes] | None, count: int
    ) -> bool:
        """Receive what `_core.Report` does; gives whether to go on."""
        elapsed = time.monotonic() - self._began
        if phase == "count":
            done = self._done = self._before + done
            # The core knows what it was given so far. A file may have grown since its size was asked for.
            total = self._total if self._total >= done else 0
        rate, remaining = self._paces[phase].at(elapsed, done, total)
        self.has_stopped = (
            self._receive(ProgressEvent(phase, done, total, elapsed, rate, remaining, pair, count)) is False
        )
        return not self.has_stopped

    def next_corpus(self) -> None:
        """From here on another corpus is counted, and its bytes come on top of those so far."""
        self._before = self._done


@contextmanager
def reporting(progress: bool | Receiver, total: int) -> Iterator[Reporter]:
    """The report to hand to the core. `total` is the size of the corpus in bytes, 0 if it is not known."""
    if progress is True:
        # Imported here so that only those who see the bar wait for it.
        from pairwright.bar import Bar

        with Bar() as bar:
            yield Reporter(bar.receive, total)
    elif callable(progress):
        yield Reporter(progress, total)
    else:
        raise TypeError(f"progress must be None, a bool or a callable, not {type(progress).__name__}")


def stderr_is_terminal() -> bool:
    """Whether a person sees standard error as it comes. A rich console will not do: variables can turn it into one."""
    return sys.stderr is not None and sys.stderr.isatty()
