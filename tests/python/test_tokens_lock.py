"""One process at a time writes into a token folder."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import pairwright as pw
from pairwright.tokens.lock import FolderLock

fcntl = pytest.importorskip("fcntl", reason="this system has no locks of folders")


def test_who_comes_second_is_refused_and_touches_nothing(tmp_path: Path) -> None:
    tok = pw.train(["to be or not to be"], 260)
    (tmp_path / "text.txt").write_text("to be")
    folder = tmp_path / "tokens"
    folder.mkdir()
    lock = FolderLock(folder)
    with pytest.raises(pw.PairwrightError, match="another process is encoding into this folder"):
        pw.encode_corpus(tok, tmp_path / "text.txt", folder)
    assert list(folder.iterdir()) == []
    lock.close()
    assert pw.encode_corpus(tok, tmp_path / "text.txt", folder).inputs[0].documents == 1


def test_a_run_that_is_over_or_failed_lets_others_have_the_folder(tmp_path: Path) -> None:
    tok = pw.train(["to be or not to be"], 260)
    (tmp_path / "text.txt").write_text("")
    with pytest.raises(pw.DocumentError, match="it is empty"):
        pw.encode_corpus(tok, tmp_path / "text.txt", tmp_path / "tokens")
    FolderLock(tmp_path / "tokens").close()


def test_a_process_that_is_killed_lets_others_have_the_folder(tmp_path: Path) -> None:
    code = (
        "import pathlib, sys, time\n"
        "from pairwright.tokens.lock import FolderLock\n"
        "lock = FolderLock(pathlib.Path(sys.argv[1]))\n"
        "print('locked', flush=True)\n"
        "time.sleep(120)\n"
    )
    other = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE)
    assert other.stdout is not None
    assert other.stdout.readline() == b"locked\n"
    with pytest.raises(pw.PairwrightError, match="another process"):
        FolderLock(tmp_path)
    os.kill(other.pid, signal.SIGKILL)
    other.communicate()
    FolderLock(tmp_path).close()
