"""What a file is, by its content: readers name the right one, and the command line finds it whatever the name."""

import base64
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from carried import LLAMA3, LLAMA4, QWEN, TOKENIZER_JSON, carried
from command_line import call, isolate

import pairwright as pw
from pairwright._core import kind_of

SENTENCE_PIECE = b"\x0a\x0e\x0a\x05<unk>\x15\x00\x00\x00\x00\x18\x02\x0a\x0c\x0a\x03<s>\x15\x00\x00\x00\x00\x18\x03"

READERS: dict[str, Callable[[Path], object]] = {
    "model": pw.Tokenizer.load,
    "ranks": lambda path: pw.Tokenizer.from_tiktoken(path, pattern="cl100k"),
    "tokenizer.json": pw.Tokenizer.from_huggingface,
    "tekken": pw.Tokenizer.from_tekken,
    "minbpe": pw.Tokenizer.from_minbpe,
    "counts": pw.Counts.load,
}
NAMED = {
    "model": "this is a model file of pairwright, not .*; Tokenizer.load reads it",
    "ranks": "this is a rank file, not .*; Tokenizer.from_tiktoken.* reads it",
    "tokenizer.json": "this is a tokenizer.json, not .*; Tokenizer.from_huggingface reads it",
    "tekken": "this is a tekken.json, not .*; Tokenizer.from_tekken reads it",
    "minbpe": "this is a minbpe model, not .*; Tokenizer.from_minbpe reads it",
    "counts": "this is a counts file of pairwright, not .*; Counts.load reads it",
    "tokens": "this is a folder of token files, not .*; open_tokens reads it",
    "folder": "this is a tokenizer.json, not .*; Tokenizer.from_huggingface reads it",
    "tokenizer_config.json": "this is a tokenizer_config.json, not .*; the vocabulary is in the tokenizer.json",
    "vocab.json": "this is a vocab.json of tokens without their merges",
    "merges.txt": "this is a merges.txt of merges without the ids",
    "sentencepiece": "this is a SentencePiece model, not .*; pairwright does not read these",
    "gguf": "this is a GGUF file, not .*; pairwright does not read these",
}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory, tokenizer: pw.Tokenizer) -> dict[str, Path]:
    """One of each, under a name that says nothing."""
    folder = tmp_path_factory.mktemp("kinds")
    found = {name: folder / f"{number}.data" for number, name in enumerate(NAMED)}
    tokenizer.save(found["model"])
    tokenizer.to_tiktoken(found["ranks"])
    tokenizer.to_huggingface(folder / "tokenizer.json")
    (folder / "tokenizer.json").rename(found["tokenizer.json"])
    tokens = [{"rank": rank, "token_bytes": base64.b64encode(bytes([rank])).decode()} for rank in range(256)]
    config = {"pattern": ".", "default_vocab_size": 276, "default_num_special_tokens": 20, "version": "v3"}
    found["tekken"].write_text(json.dumps({"config": config, "vocab": tokens}))
    tokenizer.to_minbpe(found["minbpe"])
    pw.count(["some text"]).save(found["counts"])
    (folder / "text.txt").write_text("some text")
    pw.encode_corpus(tokenizer, folder / "text.txt", found["tokens"])
    found["folder"].mkdir()
    tokenizer.to_huggingface(found["folder"], config={})
    found["tokenizer_config.json"].write_bytes((found["folder"] / "tokenizer_config.json").read_bytes())
    found["vocab.json"].write_text(json.dumps({"!": 0, "a": 1}))
    found["merges.txt"].write_text("#version: 0.2\na b\n")
    found["sentencepiece"].write_bytes(SENTENCE_PIECE)
    found["gguf"].write_bytes(b"GGUF\x03\x00\x00\x00")
    return found


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("kind", NAMED)
def test_every_reader_names_what_reads_a_file(reader: str, kind: str, files: dict[str, Path]) -> None:
    path = files[kind]
    if reader == kind or (reader, kind) == ("tokenizer.json", "folder"):
        READERS[reader](path)
        return
    with pytest.raises(pw.FormatError, match=NAMED[kind]) as caught:
        READERS[reader](path)
    assert str(caught.value).startswith(f"{path}: this is ")


def test_a_kind_is_known_whatever_the_name(files: dict[str, Path], tmp_path: Path) -> None:
    for kind, path in files.items():
        found = kind_of(path)
        assert found is not None
        assert found[0] == ("tokenizer.json" if kind == "folder" else kind)
    text = tmp_path / "tokenizer.json"
    text.write_text("no JSON, nor a rank file\n")
    assert kind_of(text) is None
    assert kind_of(tmp_path / "..") is None
    with pytest.raises(FileNotFoundError):
        kind_of(tmp_path / "none")
    # Damaged files are what they would be.
    for kind in ("model", "tokenizer.json", "counts", "minbpe", "ranks"):
        content = files[kind].read_bytes()
        text.write_bytes(content[: min(1000, len(content) // 2)])
        found = kind_of(text)
        assert found is not None
        assert found[0] == kind
        if kind != "minbpe":  # Fewer merges are merges, too.
            with pytest.raises(pw.FormatError) as caught:
                READERS[kind](text)
            assert "this is" not in str(caught.value)


@pytest.mark.parametrize("package", [LLAMA3, LLAMA4, QWEN, *TOKENIZER_JSON.values()])
def test_published_files_are_known(package: tuple[str, str]) -> None:
    found = kind_of(carried(*package))
    assert found is not None
    assert found[0] == ("tokenizer.json" if package in TOKENIZER_JSON.values() else "ranks")


def test_the_command_line_reads_any_name(
    files: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tokenizer: pw.Tokenizer
) -> None:
    isolate(tmp_path, monkeypatch)
    expected = " ".join(map(str, tokenizer.encode("Is it so?"))).encode() + b"\n"
    for kind in ("model", "tokenizer.json", "minbpe", "folder"):
        ended = call("encode", files[kind], given=b"Is it so?")
        assert (ended.code, ended.out, ended.err) == (0, expected, "")
        ended = call("encode", files[kind], "--pattern", "gpt2", given=b"Is it so?")
        assert ended.code == 2
        assert "--pattern goes with a rank file; " in ended.err
    assert call("encode", files["tekken"], given=b"a").out == b"117\n"
    ended = call("encode", files["ranks"], "--pattern", "cl100k", given=b"Is it so?")
    assert (ended.code, ended.out, ended.err) == (0, expected, "")
    ended = call("info", files["ranks"])
    assert (ended.code, ended.err.splitlines()[0]) == (2, f"error: {files['ranks']} does not tell its split pattern")
    for kind in ("counts", "tokens", "vocab.json", "merges.txt", "sentencepiece", "gguf"):
        ended = call("info", files[kind])
        assert ended.code == 1
        assert ended.err.startswith(f"error: {files[kind]}: this is ")


def test_llama_3_s_own_file_is_taken_under_its_own_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    isolate(tmp_path, monkeypatch)
    model = carried(*LLAMA3)
    assert model.name == "tokenizer.model"
    assert call("encode", model, "--pattern", "llama3", given=b"hello world").out == b"15339 1917\n"
    ended = call("convert", model, "--pattern", "llama3", "--to", "huggingface", "--out", "tokenizer.json")
    assert (ended.code, ended.err) == (0, "")
    assert call("encode", "tokenizer.json", given=b"hello world").out == b"15339 1917\n"


@pytest.mark.parametrize("kind", NAMED)
def test_the_command_line_names_commands_and_no_functions(
    kind: str, files: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    isolate(tmp_path, monkeypatch)
    as_model, as_text = call("info", files[kind]), call("count", files["model"], files[kind])
    said = as_model.err + as_text.err
    assert not re.search(r"Tokenizer\.|Counts\.|open_tokens", said), said
    expected = {
        "counts": "; pairwright train --counts learns from it\n",
        "tokens": "; pairwright decode reads it\n",
        "vocab.json": "; give the tokenizer.json of the same vocabulary\n",
        "merges.txt": "; give the tokenizer.json of the same vocabulary\n",
        "tokenizer_config.json": "; the vocabulary is in the tokenizer.json beside it: give that file\n",
    }
    if kind in expected:
        assert (as_model.code, as_model.err.endswith(expected[kind])) == (1, True), as_model
