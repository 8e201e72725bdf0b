"""Runs `pairwright` for tests: in this process where that will do, in one of its own where signals or streams matter."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from pairwright.cli.run import run

# Against hangs only: everything here takes a second or two.
LIMIT = 120.0

COMMAND = (sys.executable, "-m", "pairwright")


@dataclass(frozen=True)
class Ended:
    """How a command ended: its exit code and what it wrote."""

    code: int
    out: bytes
    err: str

    def lines(self) -> list[str]:
        """The lines of standard error."""
        return self.err.splitlines()


class Buffers:
    """Standard streams in memory, for commands run in this process."""

    def __init__(self, content: bytes) -> None:
        import io

        self.stdin = io.TextIOWrapper(io.BytesIO(content))
        self.stdout = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
        self.stderr = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", errors="backslashreplace")

    def read(self, stream: str) -> bytes:
        text: Any = getattr(self, stream)
        text.flush()
        content: bytes = text.buffer.getvalue()
        return content


def call(*arguments: str | Path, stdin: bytes = b"") -> Ended:
    """Run a command in this process."""
    buffers, before = Buffers(stdin), (sys.stdin, sys.stdout, sys.stderr)
    sys.stdin, sys.stdout, sys.stderr = buffers.stdin, buffers.stdout, buffers.stderr
    try:
        code = run([str(each) for each in arguments])
    finally:
        sys.stdin, sys.stdout, sys.stderr = before
    return Ended(code, buffers.read("stdout"), buffers.read("stderr").decode())


def start(
    *arguments: str | Path,
    prepare: Callable[[], None] | None = None,
    **options: int | IO[bytes] | dict[str, str] | Path,
) -> subprocess.Popen[bytes]:
    """Start a command in a process of its own; Ctrl-C reaches it even where the tests run in the background."""

    def prepare_child() -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        if prepare is not None:
            prepare()

    streams: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options
    return subprocess.Popen([*COMMAND, *map(str, arguments)], preexec_fn=prepare_child, **streams)


def spawn(*arguments: str | Path, stdin: bytes = b"", **options: Any) -> Ended:
    """Run a command in a process of its own."""
    process = start(*arguments, **options)
    try:
        out, err = process.communicate(stdin if process.stdin is not None else None, timeout=LIMIT)
    finally:
        process.kill()
    return Ended(process.returncode, out or b"", (err or b"").decode())


@dataclass
class Terminal:
    """The screen side of a terminal, and a file descriptor of the program's side."""

    screen: int
    program: int
    shown: bytearray = field(default_factory=bytearray)

    def let_go(self) -> None:
        """Leave the program's side to the program, so that its end can be seen."""
        os.close(self.program)

    def read(self) -> bool:
        """Take in what has been shown since; False once the program is gone."""
        try:
            part = os.read(self.screen, 1 << 16)
        except OSError:
            # This is how Linux says that the other side is closed.
            return False
        self.shown += part
        return bool(part)

    def read_until(self, word: bytes) -> None:
        """Wait until a word is shown."""
        while word not in self.shown:
            assert self.read(), f"{word!r} was never shown, but {bytes(self.shown)!r}"

    def read_to_end(self) -> bytes:
        """All that was shown."""
        while self.read():
            pass
        return bytes(self.shown)


@contextmanager
def terminal() -> Iterator[Terminal]:
    """A terminal that a program can write to."""
    import pty

    screen, program = pty.openpty()
    try:
        yield Terminal(screen, program)
    finally:
        os.close(screen)
