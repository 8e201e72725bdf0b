"""Hints are shown where people look: in tracebacks, once, also after an exception has crossed to another process."""

import copy
import errno
import multiprocessing
import pickle
import subprocess
import sys
import traceback
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest
from command_line import call

import pairwright as pw
from pairwright import errors
from pairwright.errors import PairwrightError
from pairwright.tokens.differences import AnotherRunError

HINT = "read the manual"

OWN = [
    value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, pw.PairwrightError)
] + [AnotherRunError]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def hints_in(error: BaseException) -> list[str]:
    """What a traceback says of what to do."""
    lines = "".join(traceback.format_exception(error)).splitlines()
    return [line.removeprefix("hint: ") for line in lines if line.startswith("hint: ")]


@pytest.mark.parametrize("kind", OWN)
def test_a_traceback_shows_the_hint_once_also_of_copies_and_pickles(kind: type[PairwrightError]) -> None:
    error = kind("it failed", hint=HINT)
    error.add_note("in the third folder")
    copies = [copy.copy(error), copy.deepcopy(error)]
    copies += [pickle.loads(pickle.dumps(error, protocol)) for protocol in range(pickle.HIGHEST_PROTOCOL + 1)]
    copies.append(pickle.loads(pickle.dumps(copies[-1])))
    for each in (error, *copies):
        assert (type(each), each.args, str(each), each.hint) == (kind, ("it failed",), "it failed", HINT)
        assert each.__notes__ == [f"hint: {HINT}", "in the third folder"]
        assert hints_in(each) == [HINT]
    # What is done to a copy does not reach the original.
    copies[0].hint = "ask a friend"
    assert copies[0].__notes__ == ["hint: ask a friend", "in the third folder"]
    copies[0].hint = None
    assert (copies[0].hint, copies[0].__notes__) == (None, ["in the third folder"])
    assert (error.hint, error.__notes__) == (HINT, [f"hint: {HINT}", "in the third folder"])


@pytest.mark.parametrize("kind", OWN)
def test_without_a_hint_there_are_no_notes(kind: type[PairwrightError]) -> None:
    for error in (kind("it failed"), pickle.loads(pickle.dumps(kind("it failed")))):
        assert error.hint is None
        assert not hasattr(error, "__notes__")
        assert hints_in(error) == []


def read_no_text() -> None:
    Path("image.txt").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    pw.train(pw.Corpus("image.txt"), 300)


def begin_another_run() -> None:
    tok = pw.train(["to be or not to be"], 258)
    Path("corpus.txt").write_text("to be\n")
    for lines in (False, True):
        pw.encode_corpus(tok, pw.Corpus("corpus.txt", lines=lines), "out")


def take_a_word_for_a_pattern() -> None:
    pw.train(["to be"], 300, pattern="cl100")


def open_nothing() -> None:
    Path("empty").mkdir()
    pw.open_tokens("empty")


FAILING = [read_no_text, begin_another_run, take_a_word_for_a_pattern, open_nothing]


@pytest.mark.parametrize("fail", FAILING)
def test_hints_of_the_core_and_of_python_cross_to_another_process(fail: Callable[[], None]) -> None:
    with pytest.raises((PairwrightError, ValueError)) as here:
        fail()
    assert len(hints_in(here.value)) == 1
    if isinstance(here.value, PairwrightError):
        assert hints_in(here.value) == [here.value.hint]
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        there = pool.submit(pickle.loads, pickle.dumps(here.value)).result(timeout=120)
    assert (type(there), str(there), there.__notes__) == (type(here.value), str(here.value), here.value.__notes__)
    assert getattr(there, "hint", None) == getattr(here.value, "hint", None)


def test_an_uncaught_exception_prints_its_hint_and_the_command_line_does_so_once() -> None:
    Path("image.txt").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    script = "import pairwright as pw; pw.count(pw.Corpus('image.txt'))"
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, encoding="utf-8", timeout=120)
    assert ended.returncode == 1
    assert [line[:6] for line in ended.stderr.splitlines()[-2:]] == ["pairwr", "hint: "]
    for arguments in (("train", "image.txt"), ("train", "--pattern", "cl100", __file__), ("verify", ".")):
        ended_at = call(*arguments)
        error, hint = ended_at.err.splitlines()
        assert (ended_at.code, error[:7], hint.count("hint: ")) == (1, "error: ", 1)
        assert hint.startswith("hint: ")


def test_an_error_of_the_system_has_its_number_and_a_hint(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as caught:
        pw.count(pw.texts(["a"]), spill_folder=tmp_path / "missing")
    assert caught.value.errno == errno.ENOENT
    (hint,) = hints_in(caught.value)
    assert "spill_folder" in hint
