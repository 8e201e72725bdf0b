"""Signals: ignored where they are ignored, otherwise the end of the command with nothing half-written."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from command_line import LIMIT, end, isolate, spawn, start

import pairwright as pw

pytestmark = pytest.mark.skipif(os.name != "posix", reason="these signals are those of POSIX")

LINES = b"".join(b"line number %d, and more of it\n" % number for number in range(20_000))


@pytest.fixture(autouse=True)
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tokenizer: pw.Tokenizer) -> None:
    isolate(tmp_path, monkeypatch)
    tokenizer.save("model.json")


def ignore(number: int) -> Callable[[], object]:
    return lambda: signal.signal(number, signal.SIG_IGN)


def wait_for(found: Callable[[], bool]) -> None:
    until = time.monotonic() + LIMIT
    while not found():
        assert time.monotonic() < until, sorted(Path().rglob("*"))
        time.sleep(0.01)


def test_tests_that_press_ctrl_c_pass_where_it_is_ignored(tmp_path: Path) -> None:
    """As under `nohup`, after `&` in a script, on many CI systems."""
    folder = Path(__file__).parent
    tests = [
        "test_training.py::test_an_interrupt_ends_training_at_once[count]",
        "test_training.py::test_an_interrupt_ends_training_at_once[merge]",
        "test_download.py::test_an_interrupt_passes_through_and_leaves_nothing",
    ]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist"]
    ended = subprocess.run(
        [*command, *(str(folder / test) for test in tests)],
        cwd=folder.parent.parent,
        preexec_fn=ignore(signal.SIGINT),
        env={**os.environ, "HYPOTHESIS_STORAGE_DIRECTORY": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "3 passed" in ended.stdout


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
@pytest.mark.parametrize(
    "arguments", [["encode", "model.json", "--lines", "--out", "out"], ["train", "-", "--out", "new.json"]]
)
def test_a_signal_that_is_ignored_does_nothing(number: signal.Signals, arguments: list[str]) -> None:
    process = start(*arguments, prepare=ignore(number))
    assert process.stdin is not None
    # More than a pipe holds: once it is written, the command is reading.
    process.stdin.write(LINES)
    process.stdin.flush()
    process.send_signal(number)
    ended = end(process)
    assert ended.code == 0, ended.err
    assert "interrupted" not in ended.err


@pytest.mark.parametrize(
    ("number", "code", "said"),
    [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated"), (signal.SIGHUP, 129, "terminated")],
)
@pytest.mark.parametrize(
    "arguments",
    [
        ["train", "-", "--out", "new.json"],
        ["tally", "-", "--out", "new.counts"],
        ["encode", "model.json", "--out", "new.txt"],
        ["count", "model.json", "-"],
    ],
)
def test_a_signal_ends_the_command_and_leaves_nothing_half_written(
    number: signal.Signals, code: int, said: str, arguments: list[str]
) -> None:
    before = set(Path().iterdir())
    process = start(*arguments)
    assert process.stdin is not None
    process.stdin.write(LINES)
    process.stdin.flush()
    process.send_signal(number)
    ended = end(process)
    assert (ended.code, ended.out, ended.err) == (code, b"", f"{said}\n")
    assert set(Path().iterdir()) == before


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_keeps_the_shards_that_are_whole(number: signal.Signals) -> None:
    Path("in").mkdir()
    # Several blocks, so that some are written while the last one waits for the pipe.
    Path("in/a.txt").write_bytes(LINES * 20)
    os.mkfifo("in/b.txt")
    options = ["--lines", "--shard-tokens", "50000", "--threads", "2"]
    process = start("encode", "model.json", "in/a.txt", "in/b.txt", *options, "--out", "out", stdin=subprocess.DEVNULL)
    # The pipe never gives anything: the command waits there, and has written what came before.
    held = os.open("in/b.txt", os.O_RDWR)
    wait_for(lambda: sum(path.suffix == ".bin" for path in Path("out").glob("[!.]*")) > 2)
    process.send_signal(number)
    ended = end(process)
    os.close(held)
    assert (ended.code, ended.out) == (128 + number, b"")
    assert ended.err.startswith("terminated\nhint: the same command continues after the ")
    names = {path.name for path in Path("out").iterdir()}
    assert not [name for name in names if name.startswith(".")]
    assert {"progress.json", "model.json"} < names
    assert sum(name.endswith(".bin") for name in names) > 2


def test_the_same_signal_twice_kills_a_command_that_is_stuck() -> None:
    script = (
        "import os, signal, sys\n"
        "from pairwright.cli import ending\n"
        "ending.watch()\n"
        "try:\n"
        "    os.kill(os.getpid(), signal.SIGTERM)\n"
        "    signal.pause()\n"
        "except KeyboardInterrupt as error:\n"
        "    assert type(error) is ending.TerminatedError and ending.status() == 143\n"
        "    os.kill(os.getpid(), signal.SIGTERM)\n"
        "    signal.pause()\n"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, timeout=LIMIT, check=False)
    assert (ended.returncode, ended.stderr) == (-signal.SIGTERM, b"")


def test_a_pipe_that_is_closed_ends_the_command_even_where_sigpipe_is_not_ignored() -> None:
    process = start(
        "encode", "model.json", stdin=subprocess.PIPE, prepare=lambda: signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdout.close()
    process.stdout = None
    ended = end(process, LINES)
    assert (ended.code, ended.err) == (1, "")


def test_the_library_leaves_signals_alone() -> None:
    script = (
        "import signal\n"
        "before = {number: signal.getsignal(number) for number in signal.valid_signals()}\n"
        "import pairwright as pw\n"
        "pw.train(['some words'] * 9, 260).encode_batch(['some words'])\n"
        "assert before == {number: signal.getsignal(number) for number in signal.valid_signals()}\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=LIMIT)


# A handler that raises as that of Ctrl-C does, and a signal before the first array of the process is made.
FIRST_ARRAY = """
import signal, sys, time
import pairwright as pw

class Raised(BaseException):
    pass

def raised(number, frame):
    raise Raised

tokenizer = pw.Tokenizer.load("model.json")
text = "some words of a text, and more of them. " * 5_000
signal.signal(signal.SIGALRM, raised)
{before}
try:
    signal.setitimer(signal.ITIMER_REAL, float(sys.argv[1]))
    {call}
    time.sleep(1)
except Raised:
    print("raised")
"""


@pytest.mark.parametrize("seconds", [0.0001, 0.001, 0.005, 0.02, 0.08])
@pytest.mark.parametrize(
    "call",
    [
        "tokenizer.count_batch([text])",
        "tokenizer.encode_batch([text])",
        "tokenizer.encode_to_numpy(text, threads=1)",
        "tokenizer.encode_with_spans(text)",
        "tokenizer.decode_with_spans([97] * 100_000)",
        "tokenizer.decode_bytes(ids)",
    ],
)
def test_a_signal_before_the_first_array_raises_what_its_handler_raises(call: str, seconds: float) -> None:
    before = "import numpy; ids = numpy.full(100_000, 97)" if "(ids)" in call else ""
    command = [sys.executable, "-c", FIRST_ARRAY.format(call=call, before=before), str(seconds)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "raised\n", "")


def test_a_command_in_a_script_goes_on_in_the_background() -> None:
    """A shell that is not interactive starts `cmd &` with SIGINT ignored."""
    command = f"{sys.executable} -m pairwright encode model.json --out ids.txt"
    # The shell goes on once the command has opened the pipe, and then ignores the signal already.
    script = f"{command} < pipe & exec 3> pipe; kill -INT $!; cat text.txt >&3; exec 3>&-; wait $!"
    os.mkfifo("pipe")
    Path("text.txt").write_bytes(LINES)
    ended = subprocess.run(["sh", "-c", script], capture_output=True, timeout=LIMIT, check=False)
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert Path("ids.txt").read_bytes() == spawn("encode", "model.json", given=LINES).out
