"""An iterator that runs on a thread of its own, ahead of who takes what it gives."""

from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator

Item = TypeVar("Item")

# What waits to be taken, besides what is being made.
WAITING = 2

# How often a thread that waits looks whether anybody still wants what it has.
PATIENCE = 0.1


class _Raised:
    def __init__(self, error: BaseException) -> None:
        self.error = error


class _End:
    pass


class Ahead(Generic[Item]):
    """Gives what `items` gives, and raises what it raises. The thread ends when this is closed."""

    def __init__(self, items: Iterator[Item]) -> None:
        self._items = items
        self._queue: queue.Queue[Item | _Raised | _End] = queue.Queue(WAITING)
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True, name="pairwright-ahead")
        self._thread.start()

    def __iter__(self) -> Iterator[Item]:
        while True:
            item = self._queue.get()
            if isinstance(item, _End):
                return
            if isinstance(item, _Raised):
                raise item.error
            yield item

    def close(self) -> None:
        """Have the thread end, and wait for it."""
        self._closed.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            for item in self._items:
                if not self._put(item):
                    return
            self._put(_End())
        except BaseException as error:
            self._put(_Raised(error))

    def _put(self, item: Item | _Raised | _End) -> bool:
        while not self._closed.is_set():
            try:
                self._queue.put(item, timeout=PATIENCE)
            except queue.Full:
                continue
            return True
        return False
