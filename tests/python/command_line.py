"""Runs `pairwright` for tests: in this process, or in one of its own where signals or real streams matter."""

import io
import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import pytest

from pairwright.cli.run import run

# Against hangs only: everything here takes a few seconds at most.
LIMIT = 120.0

COMMAND = (sys.executable, "-m", "pairwright")


@dataclass(frozen=True)
class Ended:
    """How a command ended: its exit code and what it wrote."""

    code: int
    out: bytes
    err: str


def isolate(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in an empty folder, with no network, no shared data, an empty cache and an unremarkable terminal."""
    work = folder / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
    monkeypatch.setenv("PAIRWRIGHT_OFFLINE", "1")
    for name in ("PAIRWRIGHT_DATA", "NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    # What other tests of this process have loaded is not there.
    monkeypatch.setattr("pairwright.encodings._loaded", {})
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLORTERM", "truecolor")


def call(*arguments: str | Path, given: bytes = b"") -> Ended:
    """Run a command in this process; `given` is its standard input."""
    before = sys.stdin, sys.stdout, sys.stderr
    out, err = io.BytesIO(), io.BytesIO()
    sys.stdin = io.TextIOWrapper(io.BytesIO(given))
    sys.stdout = written = io.TextIOWrapper(out, encoding="utf-8")
    sys.stderr = said = io.TextIOWrapper(err, encoding="utf-8", errors="backslashreplace")
    try:
        # As a shell gives them: bytes, which Python reads by its locale.
        given_bytes = (str(each).encode("utf-8", "surrogateescape") for each in arguments)
        code = run([os.fsdecode(each) for each in given_bytes])
    finally:
        sys.stdin, sys.stdout, sys.stderr = before
    written.flush()
    said.flush()
    return Ended(code, out.getvalue(), err.getvalue().decode())


def start(
    *arguments: str | Path,
    stdin: int | IO[bytes] | None = subprocess.PIPE,
    stdout: int | IO[bytes] | None = subprocess.PIPE,
    stderr: int | IO[bytes] | None = subprocess.PIPE,
    prepare: Callable[[], object] | None = None,
) -> subprocess.Popen[bytes]:
    """Start a command in a process of its own. `prepare` runs in it before."""

    def prepare_child() -> None:
        # Tests that run in the background have inherited that it is ignored.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        if prepare is not None:
            prepare()

    command = [*COMMAND, *map(str, arguments)]
    return subprocess.Popen(command, stdin=stdin, stdout=stdout, stderr=stderr, preexec_fn=prepare_child)


def end(process: subprocess.Popen[bytes], stdin: bytes | None = None) -> Ended:
    """Wait for the end of a command, and take what is left of its output."""
    try:
        out, err = process.communicate(stdin, timeout=LIMIT)
    finally:
        process.kill()
    return Ended(process.returncode, out or b"", (err or b"").decode())


def spawn(*arguments: str | Path, given: bytes = b"", **streams: Any) -> Ended:
    """Run a command in a process of its own; `given` is its standard input."""
    process = start(*arguments, **streams)
    return end(process, given if process.stdin is not None else None)


@dataclass
class Terminal:
    """The screen's side of a terminal, and a file descriptor of the program's side."""

    screen: int
    program: int
    shown: bytearray = field(default_factory=bytearray)

    def read(self) -> bool:
        """Take in what has been shown since; False once no program is left that could show anything."""
        if not select.select([self.screen], [], [], LIMIT)[0]:
            raise TimeoutError(f"nothing was shown for {LIMIT} s after {bytes(self.shown[-1000:])!r}")
        try:
            part = os.read(self.screen, 1 << 16)
        except OSError:
            # Linux says so that the other side is closed.
            return False
        self.shown += part
        return bool(part)

    def read_until(self, word: bytes) -> None:
        """Wait until a word is shown."""
        while word not in self.shown:
            assert self.read(), f"{word!r} was never shown, only {bytes(self.shown)!r}"

    def run(self, *arguments: str | Path, **streams: Any) -> tuple[Ended, bytes]:
        """Run a command to its end; gives also what was shown."""
        process = self.start(*arguments, **streams)
        # The command waits wherever its output is not taken, so both have to be taken at the same time.
        with ThreadPoolExecutor(1) as reader:
            reading = reader.submit(self.read_to_end)
            ended = end(process)
            return ended, reading.result()

    def read_to_end(self) -> bytes:
        """Take in the rest; gives all that was shown."""
        while self.read():
            pass
        return bytes(self.shown)

    def start(self, *arguments: str | Path, **streams: Any) -> subprocess.Popen[bytes]:
        """Start a command to which this terminal was given as a stream."""
        process = start(*arguments, **streams)
        # From now on only the command holds the program's side, so that its end can be seen.
        os.close(self.program)
        return process


@contextmanager
def terminal() -> Iterator[Terminal]:
    """A terminal that a program can write to."""
    import pty

    screen, program = pty.openpty()
    try:
        yield Terminal(screen, program)
    finally:
        os.close(screen)
