"""Outputs that cannot be the file that is asked for: links in a circle, pipes, other files, names of folders."""

import os
from pathlib import Path

import pytest
from command_line import call, isolate

import pairwright as pw

WRITING = {
    "train": ["train", "corpus.txt", "--vocab-size", "260", "--quiet"],
    "tally": ["tally", "corpus.txt", "--quiet"],
    "convert": ["convert", "model.json", "--to", "minbpe"],
    "encode": ["encode", "model.json", "corpus.txt", "--quiet"],
    "decode": ["decode", "model.json", "ids.txt"],
}


@pytest.fixture(autouse=True)
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tokenizer: pw.Tokenizer) -> None:
    """A folder with a model, a corpus and ids."""
    isolate(tmp_path, monkeypatch)
    tokenizer.save("model.json")
    Path("corpus.txt").write_text("a few words\n")
    Path("ids.txt").write_text("97 98")


@pytest.mark.parametrize("name", ["circle", "circle.json", "circle.txt", "circle.bin", "circle/below.txt"])
@pytest.mark.parametrize("command", WRITING)
def test_links_in_a_circle_are_an_error_and_stay(command: str, name: str) -> None:
    link = Path(name.partition("/")[0])
    link.symlink_to(link.name)
    ended = call(*WRITING[command], "--out", name)
    assert ended.code in (1, 2)
    assert ended.err.startswith(f"error: {name}: ")
    assert "Traceback" not in ended.err
    assert link.readlink() == Path(link.name)


def test_links_in_a_circle_are_an_os_error_in_python(tokenizer: pw.Tokenizer) -> None:
    for name in ("circle", "circle.bin"):
        Path(name).symlink_to(name)
    with pytest.raises(OSError, match="circle"):
        pw.encode_corpus(tokenizer, "corpus.txt", "circle")
    with pytest.raises(OSError, match="circle"):
        pw.encode_to_file(tokenizer, "corpus.txt", "circle.bin")
    assert Path("circle.bin").readlink() == Path("circle.bin")


@pytest.mark.parametrize("command", [each for each in WRITING if each != "encode"])
def test_a_name_with_a_slash_at_its_end_is_not_that_of_a_file(command: str) -> None:
    before = set(Path().iterdir())
    ended = call(*WRITING[command], "--out", "models/")
    assert (ended.code, ended.err) == (1, "error: models/: this is the name of a folder; name a file\n")
    assert set(Path().iterdir()) == before


@pytest.mark.parametrize("name", ["plain", "Makefile"])
def test_a_file_without_an_ending_is_not_replaced_by_ids_as_text(name: str) -> None:
    Path(name).write_text("mine")
    ended = call(*WRITING["encode"], "--out", name)
    assert ended.code == 2
    assert f"error: {name} is a file, and a name without an ending is that of a folder" in ended.err
    assert f"--out {name}-tokens/" in ended.err
    assert Path(name).read_text() == "mine"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
@pytest.mark.parametrize("format", ["bin", "npy", "parquet", "arrow", "jsonl"])
def test_a_pipe_is_not_replaced_by_a_file_of_ids(format: str, tokenizer: pw.Tokenizer) -> None:
    pipe = Path(f"pipe.{format}")
    os.mkfifo(pipe)
    ended = call(*WRITING["encode"], "--out", pipe)
    assert ended.code == 1
    assert f"error: {pipe} is a pipe or device" in ended.err
    with pytest.raises(ValueError, match="is a pipe or device"):
        pw.encode_to_file(tokenizer, "corpus.txt", pipe)
    assert pipe.is_fifo()
