"""Every call that writes, syncs, renames or closes is made to fail: the old or the new content is there afterwards.

Each file of `faults` runs with `shim.c` between itself and the C library. By default some of the calls are drawn; with
PAIRWRIGHT_FAULTS=all in the environment every fault happens at every call, as `python3 dev.py faults` has it.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

FAULTS = Path(__file__).parent / "faults"

# Tries of each kind of work, of a tenth of a second each; those of a power cut take longer.
MOST = 12

WORKS = [
    *("model", "counts", "a.npy", "a.parquet", "spill", "restart"),
    *(f"folder of {format}" for format in ("bin", "npy", "parquet", "arrow", "jsonl")),
]


@pytest.fixture(scope="session")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library that has calls fail."""
    compiler = shutil.which("cc")
    if sys.platform != "linux" or compiler is None:
        pytest.skip("needs Linux and a C compiler")
    library = tmp_path_factory.mktemp("shim") / "shim.so"
    command = [
        compiler,
        "-shared",
        "-fPIC",
        "-O1",
        "-Wall",
        "-Werror",
        "-o",
        str(library),
        str(FAULTS / "shim.c"),
        "-ldl",
    ]
    subprocess.run(command, check=True)
    return library


def run(shim: Path, place: Path, work: str, most: int) -> subprocess.CompletedProcess[str]:
    """Try one kind of work; the environment of the tests is that of users."""
    environment = os.environ | {"LD_PRELOAD": str(shim), "PAIRWRIGHT_SHIM": str(shim)}
    command = [sys.executable, str(FAULTS / "driver.py"), str(place), work, str(most)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=3600)


@pytest.mark.parametrize("work", WORKS)
def test_whatever_call_fails_nothing_is_half_there_and_the_work_can_be_done_again(
    work: str, shim: Path, tmp_path: Path
) -> None:
    ended = run(shim, tmp_path, work, 0 if os.environ.get("PAIRWRIGHT_FAULTS") == "all" else MOST)
    assert ended.returncode == 0, ended.stderr[-3000:]
    told = json.loads(ended.stdout)
    # That the shim sees anything at all.
    assert told["calls"] >= (2 if work == "spill" else 5)


@pytest.mark.parametrize(
    ("work", "found"),
    [("written in place", "neither old nor new"), ("renamed unsynced", "renamed unsynced, done, then ")],
)
def test_what_is_not_safe_is_found(work: str, found: str, shim: Path, tmp_path: Path) -> None:
    ended = run(shim, tmp_path, work, 0)
    assert ended.returncode == 1
    assert found in ended.stderr.splitlines()[-1]
