"""Signals that ask the command to end.

SIGTERM and SIGHUP end it as Ctrl-C does: files that are half-written go, shards that are whole stay for the next run.
The exit status tells them apart: 128 and the number of the signal, as of a process that the signal killed.
"""

import signal
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


def status() -> int:
    """The exit status of a command that a signal has ended."""
    return 128 + _received[0] if _received else INTERRUPTED


def message() -> str:
    """What is said about it."""
    return "terminated" if _received else "interrupted"
