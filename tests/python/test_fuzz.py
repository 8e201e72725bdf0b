"""A short run of the fuzz target that is written in Python. The others run in `cargo test`."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="module")
def target() -> ModuleType:
    path = Path(__file__).parents[1] / "fuzz" / "manifest.py"
    spec = importlib.util.spec_from_file_location("fuzz_manifest", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_mutated_manifests_are_read_or_refused(target: ModuleType) -> None:
    assert target.fuzz(2_000, 60, seed=0) > 100
