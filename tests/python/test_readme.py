"""The examples of the README, run as they stand."""

import doctest
from pathlib import Path

import pytest
from examples import blocks, run_python, run_shell

import pairwright

README = Path(__file__).parents[2] / "README.md"


def test_there_are_examples() -> None:
    assert blocks(README, "python")
    assert blocks(README, "shell")


def test_the_python_examples_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run_python(README)
    assert (tmp_path / "model.json").exists()


def test_the_shell_examples_run(tmp_path: Path) -> None:
    # English with enough different words for the sizes of the examples, and without their special token.
    corpus = README.read_text(encoding="utf-8").replace("<|end|>", "the end") * 3
    (tmp_path / "corpus.txt").write_text(corpus, encoding="utf-8")
    assert corpus in run_shell(README, tmp_path), "decode gives back what encode took"


def test_the_module_example_runs() -> None:
    assert doctest.testmod(pairwright) == (0, 4)
