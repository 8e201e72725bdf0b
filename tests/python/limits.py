"""A limit for work that must end, so that a hang fails one test instead of stopping all."""

from collections.abc import Callable
from concurrent.futures import Future
from threading import Thread
from typing import TypeVar

T = TypeVar("T")


def within(seconds: float, work: Callable[[], T]) -> T:
    """What `work` returns or raises; `TimeoutError` if that takes longer."""
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:
            future.set_exception(error)

    # A daemon does not keep the process from ending; the compiled module releases the interpreter while it works.
    Thread(target=run, daemon=True).start()
    return future.result(seconds)
