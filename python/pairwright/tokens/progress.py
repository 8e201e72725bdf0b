"""What encoding a corpus says of itself while it works, and the bar that shows it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeAlias

from pairwright.pace import Pace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pairwright.bar import Bar
    from pairwright.tokens.encoding import EncodingEvent

Receiver: TypeAlias = "Callable[[EncodingEvent], object]"
Progress: TypeAlias = "bool | Receiver | None"


class Follower:
    """Shows in a bar how far it is."""

    def __init__(self, bar: Bar) -> None:
        self.bar = bar
        self.last: EncodingEvent | None = None
        """What was done by this call: less than all where a run goes on."""
        self._pace = Pace()
        self._pace.at(0.0, 0, 0)
        self._skipped = 0

    def receive(self, event: EncodingEvent) -> None:
        """Take note of an event."""
        # Imported where a bar is shown: rich takes a while.
        from pairwright.bar import megabytes

        self.last = event
        if event.shards_before and not event.bytes:
            # Still within what an earlier run has encoded: reading over it is no measure of the speed.
            self._pace, self._skipped = Pace(), event.read
        total = max(event.total - self._skipped, 0)
        rate, remaining = self._pace.at(event.elapsed, event.read - self._skipped, total)
        done = f"{event.documents:,} documents, {event.tokens / 1e6:,.1f}M tokens"
        self.bar.show("encoding", event.read, event.total, megabytes, rate, remaining, done)


def check(progress: object) -> None:
    """Raises `TypeError` for what is no progress."""
    if progress is not None and not isinstance(progress, bool) and not callable(progress):
        raise TypeError(f"progress must be None, a bool or a callable, not {type(progress).__name__}")


@contextmanager
def reporting(progress: Progress) -> Iterator[Receiver | None]:
    """What receives the events: with `True` a bar on standard error if that is a terminal."""
    check(progress)
    if progress is True:
        from pairwright.bar import Bar

        with Bar() as bar:
            yield Follower(bar).receive
    else:
        yield progress or None
