"""`pairwright decode` of the files that `pairwright encode --out` writes, and special tokens of rank files."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from command_line import call, isolate

import pairwright as pw

LINES = "How are these words cut?\n\nThat is the question.\n" * 20
FORMATS = ("bin", "npy", "parquet", "arrow", "jsonl")


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty folder with a model and a corpus."""
    isolate(tmp_path, monkeypatch)
    pw.train(pw.texts([LINES]), 270, special_tokens=["<|end|>"]).save("model.json")
    Path("corpus.txt").write_text(LINES)


@pytest.mark.parametrize("format", [*FORMATS, "pq", "feather", "ndjson", "txt"])
def test_decode_gives_back_what_encode_wrote(format: str) -> None:
    assert call("encode", "model.json", "corpus.txt", "--out", f"train.{format}", "--quiet").code == 0
    ended = call("decode", "model.json", f"train.{format}")
    assert (ended.code, ended.out.decode(), ended.err) == (0, LINES, "")
    assert call("decode", "model.json", f"train.{format}", "--out", "again.txt").code == 0
    assert Path("again.txt").read_text() == LINES


@pytest.mark.parametrize("format", ["parquet", "arrow", "jsonl", "txt"])
def test_lines_are_put_together_again_where_documents_are_known(format: str) -> None:
    assert call("encode", "model.json", "corpus.txt", "--lines", "--out", f"train.{format}", "--quiet").code == 0
    assert call("decode", "model.json", f"train.{format}", "--lines").out.decode() == LINES
    assert call("decode", "model.json", f"train.{format}").out.decode() == LINES.replace("\n", "")


@pytest.mark.parametrize("format", ["bin", "npy"])
def test_lines_are_refused_where_documents_are_not_known(format: str) -> None:
    assert call("encode", "model.json", "corpus.txt", "--lines", "--out", f"train.{format}", "--quiet").code == 0
    ended = call("decode", "model.json", f"train.{format}", "--lines")
    assert (ended.code, ended.out) == (2, b"")
    assert "does not tell where documents end" in ended.err


def test_what_was_appended_is_decoded_too() -> None:
    arguments = ["corpus.txt", "--lines", "--append", "<|end|>", "--out", "train.bin", "--quiet"]
    assert call("encode", "model.json", *arguments).code == 0
    assert call("decode", "model.json", "train.bin").out.decode() == LINES.replace("\n", "<|end|>")


@pytest.mark.parametrize("format", FORMATS)
def test_a_shard_of_a_folder_is_decoded_as_a_file(format: str) -> None:
    assert call("encode", "model.json", "corpus.txt", "--out", "tokens/", "--format", format, "--quiet").code == 0
    assert call("decode", "model.json", f"tokens/train-00000.{format}").out.decode() == LINES


@pytest.mark.parametrize(("format", "ending"), [("bin", "offsets"), ("npy", "offsets.npy")])
def test_offsets_are_not_taken_for_ids(format: str, ending: str) -> None:
    call("encode", "model.json", "corpus.txt", "--out", "tokens/", "--format", format, "--quiet")
    ended = call("decode", "model.json", f"tokens/train-00000.{ending}")
    assert (ended.code, ended.out) == (2, b"")
    assert ended.err.startswith(f"error: tokens/train-00000.{ending} holds the places where documents begin, no ids\n")


def test_a_token_folder_among_the_files_is_pointed_to() -> None:
    call("encode", "model.json", "corpus.txt", "--out", "tokens/", "--quiet")
    ended = call("decode", "model.json", "tokens")
    assert (ended.code, ended.out) == (2, b"")
    assert ended.err.endswith("hint: pairwright decode tokens\n")


@pytest.mark.parametrize("name", ["ids.dat", "ids.bin"])
def test_the_type_of_raw_ids_can_be_given(name: str) -> None:
    np.array([104, 105, 300 - 40], "<u4").tofile(name)
    ended = call("decode", "model.json", name, "--dtype", "uint32")
    assert ended.code == 0
    assert ended.out.startswith(b"hi")


def test_raw_ids_that_look_like_another_type_are_refused() -> None:
    np.array([104, 105, 106], "<u4").tofile("wide.bin")
    ended = call("decode", "model.json", "wide.bin")
    assert (ended.code, ended.out) == (1, b"")
    assert "every second id is 0" in ended.err
    assert "--dtype uint32" in ended.err
    # Bytes of 0 may be text: said so, they are taken.
    assert call("decode", "model.json", "wide.bin", "--dtype", "uint16").out == b"h\0i\0j\0"


def test_the_manifest_of_a_folder_tells_the_type_of_its_shards() -> None:
    Path("tokens").mkdir()
    np.array([104, 105], "<u4").tofile("tokens/train-00000.bin")
    files = [{"name": "train-00000.bin"}]
    manifest = {"splits": [{"shards": [{"files": files}]}], "settings": {"dtype": "uint32"}}
    Path("tokens/manifest.json").write_text(json.dumps(manifest))
    assert call("decode", "model.json", "tokens/train-00000.bin").out == b"hi"


def test_files_of_a_large_vocab_have_ids_of_four_bytes() -> None:
    ranks = {bytes([byte]): byte for byte in range(256)}
    tokenizer = pw.Tokenizer.from_ranks(ranks, pattern="cl100k", special_tokens={"<|end|>": 70_000})
    tokenizer.save("large.json")
    assert call("encode", "large.json", "corpus.txt", "--out", "train.bin", "--quiet").code == 0
    assert Path("train.bin").stat().st_size == 4 * len(LINES)
    assert call("decode", "large.json", "train.bin").out.decode() == LINES


def damaged(name: str) -> None:
    """Write a file of ids that cannot be decoded."""
    if name.startswith("odd"):
        Path(name).write_bytes(b"\x01\x00\x02")
    elif name.startswith("unknown"):
        np.array([104, 105, 9999], "<u2").tofile(name)
    elif name == "negative.npy":
        np.save(name, np.array([104, -100]))
    elif name == "square.npy":
        np.save(name, np.zeros((2, 2), np.uint16))
    elif name == "floats.npy":
        np.save(name, np.zeros(2))
    elif name == "cut.npy":
        np.save(name, np.zeros(200, np.uint16))
        os.truncate(name, 200)
    elif name == "header.npy":
        # Python's tokenizer, which numpy reads the header with, has an error of its own for this.
        np.save(name, np.zeros(200, np.uint16))
        content = Path(name).read_bytes()
        Path(name).write_bytes(content[:10] + b"[" * 60 + content[70:])
    elif name in ("cut.parquet", "cut.arrow"):
        call("encode", "model.json", "corpus.txt", "--out", name, "--quiet")
        os.truncate(name, Path(name).stat().st_size - 20)
    elif name == "unknown.jsonl":
        Path(name).write_text('{"tokens":[104]}\n{"tokens":[104,9999]}\n')
    else:
        texts = {"text.jsonl": '{"text":"hello"}', "cut.jsonl": '{"tokens":[1,2', "words.jsonl": '{"tokens":["1"]}'}
        Path(name).write_text(texts[name] + "\n")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("odd.bin", "odd.bin: 3 bytes are not whole ids of 2 bytes each (uint16, by a vocab of 270 ids)"),
        ("unknown.bin", "unknown.bin: unknown token id 9999 at position 2"),
        ("negative.npy", "negative.npy: unknown token id -100 at position 1"),
        ("square.npy", "square.npy: an array of uint16 with 2 dimensions"),
        ("floats.npy", "floats.npy: an array of float64"),
        ("cut.npy", "cut.npy: damaged"),
        ("header.npy", "header.npy: damaged"),
        ("cut.parquet", "cut.parquet: "),
        ("cut.arrow", "cut.arrow: "),
        ("text.jsonl", "text.jsonl, line 1: there is no list of ids"),
        ("cut.jsonl", "cut.jsonl, line 1: no JSON"),
        ("words.jsonl", "words.jsonl, line 1: there is no list of ids"),
    ],
)
def test_files_that_cannot_be_decoded_are_errors_that_say_why(name: str, message: str) -> None:
    damaged(name)
    ended = call("decode", "model.json", name, "--out", "again.txt")
    assert (ended.code, ended.out) == (1, b"")
    assert ended.err.startswith(f"error: {message}")
    assert not Path("again.txt").exists()


def test_an_unknown_id_is_told_with_its_document() -> None:
    Path("ids.jsonl").write_text('{"tokens":[104]}\n{"tokens":[104,9999]}\n')
    ended = call("decode", "model.json", "ids.jsonl")
    assert ended.code == 1
    assert ended.err.startswith("error: ids.jsonl, document 1: unknown token id 9999 at position 1\n")


def test_raw_ids_under_another_name_are_pointed_to_the_option() -> None:
    np.array([104, 200, 260], "<u2").tofile("ids.dat")
    ended = call("decode", "model.json", "ids.dat")
    assert (ended.code, ended.out) == (1, b"")
    assert "--dtype uint16" in ended.err


def test_a_file_of_ids_in_the_place_of_the_model_is_pointed_out() -> None:
    call("encode", "model.json", "corpus.txt", "--out", "train.bin", "--quiet")
    assert "pairwright decode MODEL train.bin" in call("decode", "train.bin").err
    assert "MODEL goes first: model.json train.bin" in call("decode", "train.bin", "model.json").err


@pytest.mark.parametrize("command", ["encode", "count", "decode"])
@pytest.mark.parametrize("first", ["corpus.txt", "folder"])
def test_a_model_behind_its_input_is_pointed_out(command: str, first: str) -> None:
    Path("folder").mkdir()
    ended = call(command, first, "model.json")
    assert ended.code == 1
    assert ended.err.endswith(f"hint: MODEL goes first: model.json {first}\n")


def test_a_text_before_the_model_is_pointed_out() -> None:
    assert call("show", "hello", "model.json").err.endswith("hint: MODEL goes first: model.json hello\n")
    assert call("show", "hello there", "gpt2").err.endswith("hint: MODEL goes first: gpt2 'hello there'\n")


SPECIAL = ("--special-token", "<|end|>=300", "--special-token", "a=b=301")


def test_special_tokens_of_a_rank_file_are_given_with_their_ids() -> None:
    call("convert", "model.json", "--to", "tiktoken", "--out", "ranks.tiktoken")
    rank = ("ranks.tiktoken", "--pattern", "cl100k", *SPECIAL)
    assert call("encode", *rank, "--special", "allow", given=b"h<|end|>a=b").out == b"104 300 301\n"
    assert call("decode", *rank, given=b"104 300 301").out == b"h<|end|>a=b"
    assert b"300 <|end|>" in call("info", *rank).out
    assert b"300" in call("show", *rank[:1], "<|end|>", *rank[1:]).out
    assert call("count", *rank, given=b"hi").code == 0
    assert call("convert", *rank, "--to", "pairwright", "--out", "whole.json").code == 0
    assert pw.Tokenizer.load("whole.json").special_tokens == {"<|end|>": 300, "a=b": 301}
    arguments = ["--vocab-size", "310", "--special", "<|new|>", "--out", "more.json", "--quiet"]
    assert call("train", "corpus.txt", "--base", *rank, *arguments).code == 0
    special = pw.Tokenizer.load("more.json").special_tokens
    assert list(special) == ["<|end|>", "a=b", "<|new|>"]
    assert (special["<|end|>"], special["a=b"]) == (300, 301)


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["info", "model.json", *SPECIAL], 2, "--special-token goes with a rank file"),
        (["info", "gpt2", *SPECIAL], 2, "has special tokens of its own"),
        (["train", "corpus.txt", *SPECIAL], 2, "goes with --base"),
        (["info", "ranks.tiktoken", "--pattern", "gpt2", "--special-token", "<|end|>"], 2, "is no TOKEN=ID"),
        (["info", "ranks.tiktoken", "--pattern", "gpt2", "--special-token", "<|end|>=-1"], 2, "is no TOKEN=ID"),
        (["info", "ranks.tiktoken", "--pattern", "gpt2", "--special-token", "<|end|>=104"], 1, "104"),
        (["info", "ranks.tiktoken", "--pattern", "gpt2", *SPECIAL, "--special-token", "<|end|>=302"], 2, "two ids"),
    ],
)
def test_special_tokens_that_cannot_be_meant_are_errors(arguments: list[str], code: int, message: str) -> None:
    call("convert", "model.json", "--to", "tiktoken", "--out", "ranks.tiktoken")
    ended = call(*arguments)
    assert (ended.code, ended.out) == (code, b"")
    assert message in ended.err


@pytest.mark.parametrize("size", ["1024", "1_024", "1,024"])
def test_sizes_of_a_vocab_may_be_grouped(size: str) -> None:
    ended = call("train", "corpus.txt", "--vocab-size", size, "--out", "out.json", "--quiet")
    assert ended.code == 0
    assert "ids instead of 1024" in ended.err


@pytest.mark.parametrize(("size", "message"), [("8k", "may mean 8000 or 8192 ids"), ("many", "is no number of ids")])
def test_sizes_of_a_vocab_that_have_two_meanings_are_errors(size: str, message: str) -> None:
    ended = call("train", "corpus.txt", "--vocab-size", size)
    assert ended.code == 2
    assert message in ended.err
