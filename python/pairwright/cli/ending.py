"""Signals that ask the command to end.

SIGTERM and SIGHUP end it as Ctrl-C does: files that are half-written go, shards that are whole stay for the next run.
The exit status tells them apart: 128 and the number of the signal, as of a process that the signal killed.
"""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

# What sends them: `kill`, `timeout`, batch schedulers and service managers; a terminal that is closed.
NAMES = ("SIGTERM", "SIGHUP")

INTERRUPTED = 130

hints: list[str] = []
"""What to do after the command was interrupted. typer keeps the exception, and its notes with it, to itself."""

_received: list[int] = []


class TerminatedError(KeyboardInterrupt):
    """One of these signals came. It passes wherever Ctrl-C does."""


def watch() -> None:
    """Have them raise. A signal that is ignored, as SIGHUP is under `nohup`, stays so."""
    for name in NAMES:
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) == signal.SIG_DFL:
            signal.signal(number, receive)


def receive(number: int, _: FrameType | None) -> None:
    """Raise where the main thread is. The same signal once more kills the process."""
    signal.signal(number, signal.SIG_DFL)
    _received.append(number)
    raise TerminatedError


@contextmanager
def held_back() -> Iterator[None]:
    """Signals that end the command, Ctrl-C too, wait until this is over."""
    came: list[int] = []
    before = {}
    if threading.current_thread() is threading.main_thread():
        for number in (getattr(signal, name, None) for name in ("SIGINT", *NAMES)):
            if number is not None and callable(signal.getsignal(number)):
                before[number] = signal.signal(number, lambda which, _: came.append(which))
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    for which in came[:1]:
        signal.raise_signal(which)


def status() -> int:
    """The exit status of a command that a signal has ended."""
    return 128 + _received[0] if _received else INTERRUPTED


def message() -> str:
    """What is said about it."""
    return "terminated" if _received else "interrupted"
