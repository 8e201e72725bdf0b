"""The examples of the README, run as they stand."""

import doctest
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import pairwright

README = Path(__file__).parents[2] / "README.md"


def blocks(language: str) -> list[str]:
    found = re.findall(rf"^```{language}\n(.*?)^```", README.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert found, f"the README has no {language} example"
    return found


def test_the_python_examples_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {"__name__": "readme"}
    for block in blocks("python"):
        exec(compile(block, "README.md", "exec"), names)
    assert (tmp_path / "model.json").exists()


def test_the_shell_examples_run(tmp_path: Path) -> None:
    corpus = "How are these words cut? That is the question.\n" * 200
    (tmp_path / "corpus.txt").write_text(corpus, encoding="utf-8")
    outputs = []
    for line in "".join(blocks("shell")).splitlines():
        program, *arguments = shlex.split(line)
        assert program == "pairwright"
        command = [sys.executable, "-m", "pairwright", *arguments]
        environment = os.environ | {"PAIRWRIGHT_OFFLINE": "1", "PYTHONIOENCODING": "utf-8"}
        ended = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, check=False)
        assert ended.returncode == 0, ended.stderr.decode()
        outputs.append(ended.stdout.decode())
    assert corpus in outputs, "decode gives back what encode took"


def test_the_module_example_runs() -> None:
    assert doctest.testmod(pairwright) == (0, 4)
