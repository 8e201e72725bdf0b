"""The benchmark of the vocabulary lab: it runs, and judges by its targets."""

import json
import os
import subprocess
import sys
from pathlib import Path

import lab
import pytest

import pairwright

BENCHES = Path(__file__).resolve().parents[2] / "benches"


def bench(*arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    # No data, and nothing that was fetched at another time.
    elsewhere = {"TIKTOKEN_CACHE_DIR": "", "XDG_CACHE_HOME": os.devnull}
    environment = os.environ | {"PYTHONIOENCODING": "utf-8"} | elsewhere
    environment.pop("PAIRWRIGHT_DATA", None)
    command = [sys.executable, BENCHES / "lab.py", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, encoding="utf-8", timeout=200, check=False)


def test_a_small_run_does_every_job_and_records_it(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    done = bench("--smoke", "--json", path)
    assert done.returncode == 0, done.stderr
    summary = json.loads(path.read_text(encoding="utf-8"))
    assert summary["versions"]["pairwright"] == pairwright.__version__
    assert list(dict.fromkeys(result["job"] for result in summary["results"])) == list(lab.JOBS)
    for result in summary["results"]:
        assert result["seconds"] > 0
        # A single turn of small texts says nothing about a target.
        assert (result["target"], result["is_met"]) == ("", None)
        if result["beside_seconds"] is not None:
            assert result["ratio"] == pytest.approx(result["beside_seconds"] / result["seconds"])
        assert result["task"][:40] in done.stdout
    assert len([result for result in summary["results"] if result["ratio"]]) >= 3
    recorded = path.read_text(encoding="utf-8")
    assert not [folder for folder in (Path.home(), BENCHES.parent, tmp_path) if str(folder) in recorded]


def test_a_job_without_its_data_is_named() -> None:
    done = bench("--job", "compare")
    assert done.returncode == 1
    assert "left out: compare: PAIRWRIGHT_DATA" in done.stderr
    assert "no job was run" in done.stderr


def test_a_single_job_can_be_chosen() -> None:
    done = bench("--smoke", "--job", "audit", "--job", "audit")
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("audit of") == 1
    assert "count_batch" not in done.stderr


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The times that work takes, one after the other."""
    times: list[float] = []

    def taken(_: lab.Work) -> float:
        return next(rest)

    rest = iter(times)
    monkeypatch.setattr(lab, "seconds_of", taken)
    return times


def nothing() -> None:
    """Work that takes no time."""


def test_a_ratio_is_the_median_of_those_of_turns(clock: list[float]) -> None:
    # Ratios of 2, 0.5 and 0.9; the medians of the times are 2 and 2.
    clock += [1, 2, 4, 2, 2, 1.8]
    found = lab.run("job", lab.Task("task", nothing, nothing, ratio=0.9), 3, is_smoke=False)
    assert (found.seconds, found.beside_seconds, found.ratio, found.is_met) == (2, 2, 0.9, True)
    assert found.target == "≥ 0.9 ×"
    clock += [1, 0.89]
    assert lab.run("job", lab.Task("task", nothing, nothing, ratio=0.9), 1, is_smoke=False).is_met is False


def test_a_time_is_judged_by_its_median(clock: list[float]) -> None:
    task = lab.Task("task", nothing, seconds=0.05, size=1_000_000)
    clock += [0.9, 0.05, 0.01]
    found = lab.run("job", task, 3, is_smoke=False)
    assert (found.seconds, found.ratio, found.is_met, found.target) == (0.05, None, True, "≤ 50.0 ms")
    assert found.megabytes_per_second == pytest.approx(20)
    clock += [0.051]
    assert lab.run("job", task, 1, is_smoke=False).is_met is False
    clock += [9]
    assert lab.run("job", lab.Task("task", nothing), 1, is_smoke=False).is_met is None


def test_a_wrong_result_has_no_time() -> None:
    with pytest.raises(SystemExit, match="error: rows are missing"):
        lab.expect(0, "rows are missing")
