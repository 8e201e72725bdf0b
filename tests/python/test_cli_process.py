"""The command as a process: streams, exit codes, signals, terminals."""

import importlib.metadata
import os
import random
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from command_line import LIMIT, call, end as ended_by, isolate, spawn, start, terminal

import pairwright

FULL = Path("/dev/full")
needs_full = pytest.mark.skipif(not FULL.exists(), reason="needs a device that is always full, which Linux has")

# More than any pipe holds.
LONG = b"all work and no play " * 50_000


@pytest.fixture(autouse=True)
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tokenizer: pairwright.Tokenizer) -> None:
    """An empty folder to work in, but for a model and a text."""
    isolate(tmp_path, monkeypatch)
    tokenizer.save("model.json")
    Path("long.txt").write_bytes(LONG)


@pytest.fixture(scope="module")
def slow_corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A corpus of words that hardly ever repeat, on which training takes many seconds."""
    letters = bytes(b"abcdefghijklmnopqrstuvwxyz      "[byte % 32] for byte in range(256))
    path = tmp_path_factory.mktemp("slow") / "corpus.txt"
    path.write_bytes(random.Random(2).randbytes(20_000_000).translate(letters))
    return path


def files() -> set[str]:
    return {path.name for path in Path().iterdir()}


def test_the_command_is_installed() -> None:
    (command,) = importlib.metadata.entry_points(group="console_scripts", name="pairwright")
    assert command.value == "pairwright.cli:main"


def test_encode_and_decode_work_as_a_pipe() -> None:
    text = random.Random(1).randbytes(100_000) + b"\r\n\x00\xff"
    encode = start("encode", "model.json", "--special", "text", "--input-format", "text", stderr=subprocess.DEVNULL)
    decode = start("decode", "model.json", stdin=encode.stdout)
    assert encode.stdin is not None
    assert encode.stdout is not None
    encode.stdout.close()
    encode.stdin.write(text)
    encode.stdin.close()
    ended = ended_by(decode)
    assert (ended.code, ended.out, ended.err, encode.wait()) == (0, text, "", 0)


def test_the_version_and_help_are_data() -> None:
    ended = spawn("--version")
    assert (ended.code, ended.out, ended.err) == (0, f"pairwright {pairwright.__version__}\n".encode(), "")
    ended = spawn("--help")
    assert (ended.code, ended.err) == (0, "")
    assert all(name in ended.out for name in (b"train", b"encode", b"decode", b"count", b"show", b"info"))


def test_no_command_or_a_wrong_one_is_wrong_usage() -> None:
    for arguments in (
        [],
        ["translate"],
        ["encode", "model.json", "--nonesuch"],
        ["show", "model.json", "two", "texts"],
    ):
        ended = spawn(*arguments)
        assert (ended.code, ended.out) == (2, b"")
        error, hint = ended.err.splitlines()
        assert error.startswith("error: ")
        assert hint.startswith("hint: pairwright ")


def test_failure_is_said_on_standard_error_without_a_traceback() -> None:
    ended = spawn("decode", "model.json", given=b"1 2 x")
    assert (ended.code, ended.out) == (1, b"")
    assert ended.err == 'error: standard input, line 1: "x" is no token id\n'


@needs_full
@pytest.mark.parametrize(
    "arguments",
    [
        ["encode", "model.json"],
        ["decode", "model.json", "-"],
        ["count", "model.json"],
        ["show", "model.json"],
        ["info", "model.json"],
        ["encode", "model.json", "long.txt"],
    ],
)
def test_a_full_standard_output_is_an_error(arguments: list[str]) -> None:
    with FULL.open("wb") as full:
        ended = spawn(*arguments, given=b"65 66", stdout=full)
    assert (ended.code, ended.err) == (1, "error: standard output: No space left on device\n")


@needs_full
def test_a_full_standard_output_is_an_error_for_help_too() -> None:
    for argument in ("--version", "--help"):
        with FULL.open("wb") as full:
            ended = spawn(argument, stdout=full)
        assert (ended.code, ended.err) == (1, "error: No space left on device\n")


@needs_full
def test_a_full_standard_error_does_not_hide_the_failure() -> None:
    with FULL.open("wb") as full:
        assert spawn("info", "missing", stderr=full).code == 1
        assert spawn("info", stderr=full).code == 2


@needs_full
def test_a_full_disk_is_an_error() -> None:
    for arguments in (["train", "long.txt"], ["encode", "model.json", "long.txt"], ["decode", "model.json"]):
        ended = spawn(*arguments, "--out", FULL, given=b"65 66")
        assert ended.code == 1
        assert ended.err.splitlines()[-1] == "error: /dev/full: No space left on device"


@pytest.mark.parametrize("old", [None, b"precious"])
def test_a_disk_that_fills_up_leaves_no_partial_file(old: bytes | None) -> None:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))

    if old is not None:
        Path("out.txt").write_bytes(old)
    before = files()
    for arguments in (["train", "long.txt"], ["encode", "model.json", "long.txt"]):
        ended = spawn(*arguments, "--out", "out.txt", prepare=limit)
        assert ended.code == 1
        assert ended.err.splitlines()[-1] == "error: out.txt: File too large"
        assert files() == before
        assert old is None or Path("out.txt").read_bytes() == old


@pytest.mark.parametrize(("number", "name"), [(0, "standard input"), (1, "standard output")])
def test_a_closed_stream_is_an_error(number: int, name: str) -> None:
    for command in ("encode", "show", "count"):
        ended = spawn(command, "model.json", prepare=lambda: os.close(number), stdin=subprocess.DEVNULL)
        assert (ended.code, ended.err) == (1, f"error: {name}: Bad file descriptor\n")


def test_a_closed_standard_error_does_not_hide_the_result() -> None:
    ended = spawn("count", "model.json", given=b"", prepare=lambda: os.close(2))
    assert (ended.code, ended.out) == (0, b"0\n")
    assert spawn("info", "missing", prepare=lambda: os.close(2)).code == 1
    assert spawn("train", "long.txt", "--out", "new.json", prepare=lambda: os.close(2)).code == 0


@pytest.mark.parametrize("command", ["encode", "show"])
def test_a_reader_that_goes_away_ends_the_command_quietly(command: str) -> None:
    with Path("long.txt").open("rb") as text:
        process = start(command, "model.json", stdin=text)
        assert process.stdout is not None
        assert process.stdout.read(10)
        process.stdout.close()
        process.stdout = None
        ended = ended_by(process)
    assert (ended.code, ended.err) == (1, "")


@pytest.mark.parametrize("phase", [b"counting", b"merging"])
def test_ctrl_c_during_training_leaves_nothing_behind(phase: bytes, slow_corpus: Path) -> None:
    before = files()
    with terminal() as screen:
        process = screen.start(
            "train", slow_corpus, "--out", "new.json", "--vocab-size", "200000", stderr=screen.program
        )
        screen.read_until(phase)
        pressed = time.monotonic()
        process.send_signal(signal.SIGINT)
        screen.read_to_end()
        # The promise is 0.2 s; a busy machine gets a hundred times that. The exit code tells that it was not done.
        assert time.monotonic() - pressed < 20
        ended = ended_by(process)
    assert (ended.code, ended.out) == (130, b"")
    assert bytes(screen.shown).endswith(b"interrupted\r\n")
    assert b"Traceback" not in screen.shown
    assert files() == before


@pytest.mark.parametrize(
    "arguments", [["train", "-", "--out", "new.json"], ["encode", "model.json"], ["count", "model.json", "-"]]
)
def test_ctrl_c_while_reading_leaves_nothing_behind(arguments: list[str]) -> None:
    before = files()
    process = start(*arguments)
    assert process.stdin is not None
    # Once more than a pipe holds is written, the command is reading.
    process.stdin.write(LONG)
    process.stdin.flush()
    process.send_signal(signal.SIGINT)
    ended = ended_by(process)
    assert (ended.code, ended.out, ended.err) == (130, b"", "interrupted\n")
    assert files() == before


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
@pytest.mark.parametrize(
    "arguments",
    [
        ["count", "model.json", "long.txt"],
        ["encode", "model.json", "long.txt", "--out", "new.txt"],
        ["decode", "model.json", "ids.txt"],
        ["train", "long.txt", "--vocab-size", "260", "--out", "model.json"],
    ],
)
def test_a_signal_while_the_core_looks_for_numpy_is_no_panic(arguments: list[str], name: str) -> None:
    Path("ids.txt").write_text("97 98")
    before = files()
    # The core asks this class for the version of numpy before it makes its first array.
    script = f"""
import signal, sys
import numpy.lib
Version = numpy.lib.NumpyVersion
class Signalling(Version):
    def __init__(self, version):
        signal.raise_signal(signal.{name})
        Version.__init__(self, version)
numpy.lib.NumpyVersion = Signalling
from pairwright.cli import main
sys.argv[1:] = {arguments!r}
main()
"""
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, timeout=LIMIT, check=False)
    code, said = (130, "interrupted") if name == "SIGINT" else (143, "terminated")
    assert (ended.returncode, ended.stderr.decode().splitlines()[-1]) == (code, said)
    assert files() == before


def test_ctrl_c_while_nobody_takes_the_output_ends_the_command() -> None:
    process = start("encode", "model.json", "long.txt")
    assert process.stdout is not None
    # From now on the command waits until the rest of its output is taken.
    assert process.stdout.read(10)
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 130
    assert process.stderr is not None
    assert process.stderr.read() == b"interrupted\n"
    process.communicate()


def test_training_shows_a_bar_on_a_terminal_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", "utf-8")  # In others a bar is made of other characters.
    with terminal() as screen:
        ended, shown = screen.run(
            "train", "long.txt", "--out", "new.json", "--vocab-size", "300", stderr=screen.program
        )
    assert (ended.code, ended.out) == (0, b"")
    assert all(word in shown for word in (b"counting", b"merging", b"100%", "━".encode()))
    assert b"What was learned" in shown
    ended = spawn("train", "long.txt", "--out", "new.json", "--vocab-size", "300")
    assert "What was learned" in ended.err
    assert not any(word in ended.err for word in ("counting", "merging", "━", "\x1b"))


def test_training_shows_no_bar_when_told_to_be_quiet() -> None:
    with terminal() as screen:
        ended, shown = screen.run(
            "train", "long.txt", "--out", "new.json", "--vocab-size", "260", "--quiet", stderr=screen.program
        )
    assert (ended.code, shown) == (0, b"")


@pytest.mark.parametrize("variable", ["FORCE_COLOR", "TTY_COMPATIBLE"])
def test_no_variable_brings_a_bar_into_a_file(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable, "1")
    Path("large.txt").write_bytes(LONG * 10)
    assert not any(word in spawn("train", "long.txt", "--out", "new.json").err for word in ("counting", "merging", "━"))
    ended = spawn("encode", "model.json", "large.txt", stdout=subprocess.DEVNULL)
    assert (ended.code, ended.err) == (0, "")


@pytest.mark.parametrize(
    ("command", "word"), [("encode", b"encoding"), ("count", b"counting"), ("decode", b"decoding")]
)
def test_large_inputs_show_a_bar_on_a_terminal(command: str, word: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", "utf-8")
    large, small = (b"65 66 67\n" * 1_000_000, b"65 66 67\n")
    for content, expected in ((large, True), (small, False)):
        Path("input").write_bytes(content)
        with terminal() as screen:
            ended, shown = screen.run(command, "model.json", "input", stderr=screen.program)
        assert ended.code == 0
        assert ended.out == call(command, "model.json", "input").out
        assert (word in shown, "━".encode() in shown) == (expected, expected)
        # The bar is gone at the end and the cursor is back.
        assert not expected or shown.endswith((b"\x1b[?25h\r\x1b[1A\x1b[2K", b"\x1b[?25h"))


def test_a_bar_stays_out_of_ids_on_the_same_terminal() -> None:
    Path("large.txt").write_bytes(LONG * 10)
    with terminal() as screen:
        ended, shown = screen.run("encode", "model.json", "large.txt", stdout=screen.program, stderr=screen.program)
    assert ended.code == 0
    assert shown.replace(b"\r\n", b"\n") == call("encode", "model.json", "large.txt").out


def test_show_has_colours_on_a_terminal_only(monkeypatch: pytest.MonkeyPatch) -> None:
    with terminal() as screen:
        _, coloured = screen.run("show", "model.json", "the statement", stdout=screen.program)
    assert b"\x1b[30;46m" in coloured
    assert b"the| statement" not in coloured
    monkeypatch.setenv("NO_COLOR", "1")
    with terminal() as screen:
        _, plain = screen.run("show", "model.json", "the statement", stdout=screen.program)
    assert plain.startswith(b"the| statement\r\n")
    monkeypatch.delenv("NO_COLOR")
    assert spawn("show", "model.json", "the statement").out.startswith(b"the| statement\n")


def test_characters_that_standard_output_cannot_write_become_escapes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    Path("m.json").write_bytes(b"")
    pairwright.train(["日日"], vocab_size=258).save("m.json")
    # As a shell gives it: bytes.
    ended = spawn("show", "m.json", os.fsdecode("日".encode()))
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith(b"\\u65e5\n")
