"""The examples of the documentation, run as they stand, without the network and without data of this machine."""

from pathlib import Path

import pytest
from examples import blocks, run_python, run_shell

DOCS = Path(__file__).parents[2] / "docs"
CORPUS = "How are these words cut? That is the question.\n" * 200

PAGES = sorted(page.relative_to(DOCS).as_posix() for page in DOCS.rglob("*.md"))


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of its own, and nothing from elsewhere."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PAIRWRIGHT_OFFLINE", "1")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.delenv("PAIRWRIGHT_DATA", raising=False)


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(DOCS / page, "python")])
def test_the_python_examples_run(page: str) -> None:
    run_python(DOCS / page)


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(DOCS / page, "shell")])
def test_the_shell_examples_run(page: str, tmp_path: Path) -> None:
    (tmp_path / "corpus.txt").write_text(CORPUS, encoding="utf-8")
    assert CORPUS in run_shell(DOCS / page, tmp_path), "decode gives back what encode took"


@pytest.mark.parametrize("page", PAGES)
def test_lines_are_not_long(page: str) -> None:
    assert all(len(line) <= 120 for line in (DOCS / page).read_text(encoding="utf-8").splitlines())
