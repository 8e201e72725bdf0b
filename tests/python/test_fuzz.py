"""Short runs of the fuzz targets that are written in Python. The others run in `cargo test`."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest


def target(name: str) -> ModuleType:
    path = Path(__file__).parents[1] / "fuzz" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"fuzz_{name}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["manifest", "progress"])
def test_mutated_records_are_read_or_refused(name: str) -> None:
    assert target(name).fuzz(2_000, 60, seed=0) > 100


def test_random_patterns_cut_random_texts_as_regex_does() -> None:
    assert target("patterns").fuzz(400, 60, seed=0) > 50


def test_what_fails_is_made_short_and_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    patterns = target("patterns")
    monkeypatch.setattr(patterns, "CORPUS", tmp_path)
    steps, text = patterns.shortened(
        (r"\d+|\s+|x", "[a-z]"), "some text with a z, and 12", lambda steps, text: "z" in text and r"\s+" in str(steps)
    )
    assert (steps, text) == ((r"\s+",), "z")
    path = patterns.keep(steps, text)
    assert path.read_text(encoding="utf-8") == '{\n "steps": [\n  "\\\\s+"\n ],\n "text": "z"\n}\n'
