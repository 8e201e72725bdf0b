"""What is not imported: `import pairwright` and training stay light for programs that do little else."""

import pickle
import subprocess
import sys
from pathlib import Path

import pytest

import pairwright

# `hashlib` is what checks downloads; the core hashes a corpus itself. `inspect` and `typing` come with dataclasses.
HEAVY = {"hashlib", "numpy", "platformdirs", "requests", "rich", "typer"}
HEAVIER_THAN_THE_PACKAGE = HEAVY | {"dataclasses", "inspect", "json", "pathlib", "re", "typing"}


def imported_by(code: str) -> set[str]:
    """The modules that a program has imported at its end, without those that Python itself starts with."""
    # Without `site`, since that runs whatever is installed in the environment.
    paths = [path for path in sys.path if path]
    start = f"import sys; sys.path[:] = {paths!r}; before = set(sys.modules)"
    program = f"{start}\n{code}\nprint(*(set(sys.modules) - before), sep='\\n')"
    ended = subprocess.run([sys.executable, "-I", "-S", "-c", program], capture_output=True, check=True, text=True)
    return set(ended.stdout.split())


def test_importing_imports_little() -> None:
    imported = imported_by("import pairwright")
    assert imported >= {"pairwright", "pairwright._core", "pairwright.errors"}
    assert not imported & HEAVIER_THAN_THE_PACKAGE
    assert {name for name in imported if name.startswith("pairwright")} == {
        "pairwright",
        "pairwright._core",
        "pairwright.errors",
    }


def test_training_saving_and_encoding_as_lists_import_no_numpy(tmp_path: Path) -> None:
    corpus = tmp_path / "corpus.txt"
    corpus.write_text("to be or not to be, that is the question\n" * 10)
    imported = imported_by(
        f"""if True:
        import pairwright as pw
        tok = pw.train({str(corpus)!r}, 270, special_tokens=["<end>"])
        assert pw.train(pw.count({str(corpus)!r}, special_tokens=["<end>"]), 270) == tok
        assert pw.train([open({str(corpus)!r}).read()], 270, special_tokens=["<end>"]) == tok
        tok.save({str(tmp_path / "model.json")!r})
        tok = pw.Tokenizer.load({str(tmp_path / "model.json")!r})
        assert tok.decode_batch([tok.encode("to be"), tok.encode("or not")]) == ["to be", "or not"]
        assert tok.decode(tok.encode("to be")) == "to be"
        """
    )
    assert "pairwright.training" in imported
    assert not imported & HEAVY
    assert "pairwright.progress" not in imported


def test_what_is_heavy_is_imported_when_it_is_used() -> None:
    """That the two tests above could fail."""
    used = "import pairwright as pw; pw.train(['to be or not to be'], 260)"
    assert "numpy" in imported_by(f"{used}.encode_to_numpy('to be')")
    assert "numpy" in imported_by(f"{used}.encode_batch(['to be'])")
    assert "hashlib" in imported_by("import pairwright as pw; pw.datasets")


def test_every_public_name_is_there_and_listed() -> None:
    for name in pairwright.__all__:
        assert getattr(pairwright, name) is not None
    assert set(pairwright.__all__) <= set(dir(pairwright))
    listed = "import pairwright; assert set(pairwright.__all__) <= set(dir(pairwright)), dir(pairwright)"
    assert "pairwright.training" not in imported_by(listed)
    imported_by("from pairwright import *; assert train and TokenBatch and datasets.list_datasets()")
    with pytest.raises(AttributeError, match="module 'pairwright' has no attribute 'nonesuch'"):
        pairwright.nonesuch  # type: ignore[attr-defined]  # noqa: B018


def test_a_batch_is_unpickled_where_nothing_was_imported_before() -> None:
    batch = pairwright.train(["to be or not to be"], 260).encode_batch(["to be", "or not"])
    content = pickle.dumps(batch)
    imported_by(f"import pickle; assert pickle.loads({content!r}).to_lists() == {batch.to_lists()!r}")
    assert pickle.loads(content) == batch
