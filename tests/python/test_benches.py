"""The comparison with other trainers: it runs, it measures what it says, it refuses what was trained wrong."""

import json
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import texts
from corpora import Corpus
from hypothesis import example, given, strategies as st
from trainers import byte_alphabet, documents, last_cut, spelled_out
from training import SMOKE, Bench

import pairwright

BENCHES = Path(__file__).resolve().parents[2] / "benches"
# These need no package beside those that the tests need anyway.
OURS = ["pairwright-one-thread", "pairwright-gpt2", "pairwright-count", "rustbpe"]


def bench(*arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    environment = os.environ | {"PYTHONIOENCODING": "utf-8"}
    environment.pop("PAIRWRIGHT_DATA", None)
    command = [sys.executable, BENCHES / "training.py", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, encoding="utf-8", timeout=200, check=False)


def results_of(path: Path) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """What a run recorded, and the results of its only job by contender."""
    summary = json.loads(path.read_text(encoding="utf-8"))
    (job,) = summary["jobs"]
    return summary, {result["contender"]: result for result in job["results"]}


def test_a_small_run_checks_measures_and_records(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    done = bench("--smoke", "--contenders", *OURS, "--json", path)
    assert done.returncode == 0, done.stderr
    summary, results = results_of(path)
    assert list(results) == ["pairwright", *OURS]
    assert all(name in done.stdout for name in results)
    assert summary["versions"] == {"pairwright": pairwright.__version__, "rustbpe": "0.1.0"}
    assert results["pairwright"]["check"] == "= rustbpe"
    assert results["rustbpe"]["check"] == results["pairwright-one-thread"]["check"] == "= pairwright"
    assert results["pairwright"]["ratio"] == 1
    for result in results.values():
        (run,) = result["runs"]
        assert 0 < run["seconds"] == result["median_seconds"]
        assert run["start_seconds"] > 0
        if run["peak_bytes"] is not None:
            # A Python with a library in it has some megabytes; the process that started it does not count.
            assert 5e6 < run["start_bytes"] <= run["peak_bytes"] < 200e6
    recorded = path.read_text(encoding="utf-8")
    assert not [folder for folder in (Path.home(), BENCHES.parent, tmp_path) if str(folder) in recorded]


def test_a_small_run_beside_every_peer(tmp_path: Path) -> None:
    for peer in ("gigabpe", "bpeasy", "tokenizers", "matplotlib"):
        pytest.importorskip(peer, reason=f"needs {peer}, of requirements/bench.txt")
    path, chart = tmp_path / "results.json", tmp_path / "chart.svg"
    done = bench("--smoke", "--json", path, "--chart", chart)
    assert done.returncode == 0, done.stderr
    _, results = results_of(path)
    drawn = chart.read_text(encoding="utf-8")
    for peer in ("gigabpe", "rustbpe", "bpeasy", "tokenizers"):
        # Matplotlib names each text in a comment beside its outlines.
        assert f"<!-- {peer}" in drawn
        ratio = results[peer]["ratio"]
        assert f"<!-- {ratio:.1f} ×" in drawn
        assert ratio == pytest.approx(results[peer]["median_seconds"] / results["pairwright"]["median_seconds"])


def test_a_job_without_its_data_is_named() -> None:
    done = bench("--job", "english", "--job", "handbook", "--contenders", "pairwright")
    assert done.returncode == 1
    for job in ("english", "handbook"):
        assert f"Left out: {job}: PAIRWRIGHT_DATA" in done.stdout
    assert "no job was run" in done.stderr


def made(**tokens: list[bytes]) -> Bench:
    """A job in which these were learned."""
    job = Bench(SMOKE, Corpus((), 0, ""), Path())
    job.tokens = {name.replace("_", "-"): learned for name, learned in tokens.items()}
    return job


SINGLE = [bytes([byte]) for byte in range(256)]
LEARNED = [*SINGLE, *(b"%03d" % number for number in range(SMOKE.vocab_size - 256))]


def test_a_vocabulary_that_is_not_the_one_expected_is_refused() -> None:
    swapped = [*LEARNED[:-2], LEARNED[-1], LEARNED[-2]]
    others = [*SINGLE, *(b"other%03d" % number for number in range(SMOKE.vocab_size - 256))]
    assert made(pairwright=LEARNED, rustbpe=LEARNED).check("rustbpe") == "= pairwright"
    assert made(pairwright=LEARNED, bpeasy=swapped).check("bpeasy") == "256 of 256 merges"
    with pytest.raises(SystemExit, match="rustbpe and pairwright do not give the same tokens"):
        made(pairwright=LEARNED, rustbpe=swapped).check("rustbpe")
    with pytest.raises(SystemExit, match="only 0 of 256 merges of bpeasy are those of pairwright"):
        made(pairwright=LEARNED, bpeasy=others).check("bpeasy")
    with pytest.raises(SystemExit, match="only 0 of 256 merges of gigabpe are those of pairwright-lines"):
        made(pairwright=LEARNED, pairwright_lines=LEARNED, gigabpe=others).check("gigabpe")
    with pytest.raises(SystemExit, match="tokenizers gives 511 tokens, not 512"):
        made(pairwright=LEARNED, tokenizers=LEARNED[:-1]).check("tokenizers")


@pytest.mark.parametrize("pattern", ["cl100k", "o200k"])
@given(
    text=st.text("aZ9 \t\n\r'.!/é中", max_size=60) | texts.any_text,
    size=st.integers(min_value=1, max_value=20),
)
@example(text="a!\n/b \n\nc\r\n\r\nd\n1'\ns", size=1)
def test_documents_are_cut_where_the_split_pattern_cuts_anyway(pattern: str, text: str, size: int) -> None:
    text = text.encode(errors="replace").decode()
    with TemporaryDirectory() as folder:
        path = Path(folder, "corpus.txt")
        path.write_bytes(text.encode())
        cut = list(documents([str(path)], size))
    assert "".join(cut) == text
    assert all(document[0].isascii() and document[0].isalnum() for document in cut[1:])
    expected, counts = (pairwright.count(pairwright.texts(source), pattern) for source in ([text], cut))
    assert dict(counts.items()) == dict(expected.items())


def test_a_document_ends_before_the_last_line_that_starts_with_a_letter_or_digit() -> None:
    assert last_cut("one\ntwo\n three\n") == len("one\n")
    assert last_cut("one\n é\n\n") == 0
    assert last_cut("one\nt") == len("one\n")
    assert last_cut("one\n") == last_cut("") == 0


def test_tokens_in_the_alphabet_of_gpt2_are_read() -> None:
    alphabet = byte_alphabet()
    assert sorted(alphabet.values()) == list(range(256))
    assert spelled_out({"Ġthe": 1, "Ċ": 0, "Ã©": 2}) == [b"\n", b" the", "é".encode()]
