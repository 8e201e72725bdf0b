"""Counts that pass the memory limit are kept on disk, and nothing else changes."""

import errno
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from command_line import call, isolate

import pairwright

POSIX = os.name == "posix"


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory, python_docs: str) -> Path:
    """About 2 MB with many distinct pieces."""
    path = tmp_path_factory.mktemp("corpus") / "corpus.txt"
    words = " ".join(f"w{chr(97 + number % 26)}{number * 7919:b}x" for number in range(20_000))
    path.write_text(python_docs + words + "\n\n" + python_docs, encoding="utf-8")
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder for counts, empty at the end of every test."""
    folder = tmp_path / "spill"
    folder.mkdir()
    yield folder
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("tie_break", ["lowest_pair", "first_seen"])
@pytest.mark.parametrize("threads", [1, 2, 8])
def test_the_model_is_the_same_with_and_without_a_limit(
    corpus: Path, folder: Path, tie_break: Any, threads: int
) -> None:
    expected = pairwright.train(corpus, 2000, tie_break=tie_break)
    text = corpus.read_text(encoding="utf-8")
    for limit in (1, 3_000_000):
        for source in (corpus, [text[:1_000_001], text[1_000_001:]]):
            limited: dict[str, Any] = {"memory_limit": limit, "spill_folder": folder, "threads": threads}
            counts = pairwright.count(source, **limited)
            assert list(counts.items()) == list(pairwright.count(source).items())
        trained = pairwright.train(corpus, 2000, tie_break=tie_break, **limited)
        assert trained.vocab == expected.vocab
        assert trained.merges == expected.merges


def test_eight_shards_that_were_spilled_sum_up_to_the_whole(corpus: Path, folder: Path) -> None:
    text = corpus.read_text(encoding="utf-8")
    cuts = [text.index("e ", len(text) * shard // 8) + 1 for shard in range(1, 8)]
    shards = [text[start:end] for start, end in zip([0, *cuts], [*cuts, None], strict=True)]
    total = sum(pairwright.count([shard], memory_limit=1, spill_folder=folder) for shard in shards)
    assert isinstance(total, pairwright.Counts)
    for tie_break in ("lowest_pair", "first_seen"):
        whole = pairwright.train(corpus, 2000, tie_break=tie_break)
        assert pairwright.train(total, 2000, tie_break=tie_break).merges == whole.merges


@pytest.mark.parametrize(
    ("limit", "error", "message"),
    [
        (0, ValueError, "at least 1 byte"),
        (-1, ValueError, "must not be negative"),
        (0.0, ValueError, "more than 0.0 and at most 1.0"),
        (1.5, ValueError, "more than 0.0 and at most 1.0"),
        (float("nan"), ValueError, "more than 0.0 and at most 1.0"),
        ("4GB", TypeError, "memory_limit must be an int"),
    ],
)
def test_limits_that_are_none(limit: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        pairwright.count(["a"], memory_limit=limit)


def test_a_limit_may_be_a_share_of_the_machine() -> None:
    assert pairwright.count(["a b"], memory_limit=0.25).total == 2
    assert pairwright.count(["a b"], memory_limit=1.0).total == 2


def test_a_folder_that_cannot_be_used_is_named_before_the_corpus_is_read(tmp_path: Path) -> None:
    def unread() -> Iterator[str]:
        yield "the first tells that these are texts"
        raise AssertionError("the corpus was read")

    with pytest.raises(FileNotFoundError, match="missing") as raised:
        pairwright.count(unread(), spill_folder=tmp_path / "missing")
    assert any("spill_folder" in note for note in raised.value.__notes__)
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(OSError, match="file"):
        pairwright.train(unread(), memory_limit=1, spill_folder=file)


@pytest.mark.skipif(not POSIX, reason="file sizes can be limited on POSIX only")
def test_a_disk_that_fills_is_an_error_that_leaves_nothing(corpus: Path, folder: Path) -> None:
    # No file of the process may grow beyond 100 kB: to what writes them that is a full disk.
    script = f"""
import resource, pairwright
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    pairwright.count({str(corpus)!r}, memory_limit=1_000_000, spill_folder={str(folder)!r}, threads=2)
except OSError as error:
    print(error.errno, error.filename, error.__notes__[0])
"""
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=120)
    assert ended.stdout.startswith(f"{errno.EFBIG} {folder} hint: counts that pass memory_limit")


@pytest.mark.parametrize("batches", [0, 1, 3])
def test_an_iterator_that_raises_half_way_comes_through(folder: Path, batches: int) -> None:
    class HalfWayError(Exception):
        pass

    def documents() -> Iterator[str]:
        for number in range(batches * 1000):
            yield f"word{number} " * 1000
        raise HalfWayError

    with pytest.raises(HalfWayError):
        pairwright.train(documents(), 300, memory_limit=1, spill_folder=folder)


def test_documents_are_fetched_while_others_are_counted() -> None:
    """The iterator is asked for more before what it gave is counted, and no further than one batch ahead."""
    megabyte = "some words and more " * 50_000
    given = 0
    ahead = []

    def documents() -> Iterator[str]:
        nonlocal given
        for _ in range(64):
            given += 1
            yield megabyte

    def note(event: pairwright.ProgressEvent) -> None:
        ahead.append(given - event.done // 1_000_000)

    counts = pairwright.count(documents(), progress=note)
    assert counts.total == 64 * 200_001
    assert max(ahead) <= 24


def test_line_ends_are_learned_from_files(tmp_path: Path) -> None:
    path = tmp_path / "paragraphs.txt"
    path.write_bytes(b"one\n\ntwo\n\nthree\n\n\nfour\n\n" * 5000)
    for limit in (None, 1):
        tokenizer = pairwright.train(path, 269, memory_limit=limit)
        assert {b"\n\n", b"\n\n\n"} <= set(tokenizer.vocab)


class TestCommandLine:
    @pytest.fixture(autouse=True)
    def _isolated(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        isolate(tmp_path, monkeypatch)

    @pytest.mark.parametrize("size", ["1", "700kB", "2MB", "1MiB", "0.01", "1%"])
    def test_counts_are_the_same_under_any_limit(self, corpus: Path, folder: Path, size: str) -> None:
        for name, options in (("plain", []), ("limited", ["--memory-limit", size, "--spill-folder", str(folder)])):
            ended = call("tally", corpus, "--out", f"{name}.counts", *options)
            assert ended.code == 0, ended.err
        assert Path("plain.counts").read_bytes() == Path("limited.counts").read_bytes()

    @pytest.mark.parametrize("size", ["much", "4XB", "4iB", "-1", "", "1e9"])
    def test_sizes_that_are_none_are_wrong_usage(self, corpus: Path, size: str) -> None:
        ended = call("train", corpus, f"--memory-limit={size}")
        assert ended.code == 2
        assert "neither a size such as 4GB nor a share" in " ".join(ended.err.split())

    def test_a_missing_folder_is_named(self, corpus: Path) -> None:
        ended = call("train", corpus, "--spill-folder", "missing")
        assert ended.code == 1
        assert "missing" in ended.err
        assert not Path("model.json").exists()
