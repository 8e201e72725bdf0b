"""Files of any name: not UTF-8, with line breaks, tabs, quotes, very long, from right to left."""

import json
import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest
from command_line import call, isolate, spawn
from hypothesis import given, strategies as st

import pairwright as pw
from pairwright.filenames import actual, shown

NAMES = [
    b"odd\xff",
    b"\xc3\x28 \xed\xa0\x80",
    b"two\nlines",
    b"a\ttab\x1b31m\x7f",
    b"quotes \"'`$(x)",
    b"back\\slash\\xff",
    b"n" * 200,
    "emoji 😀 \u202e rtl שלום".encode(),
    "caf\u00e9 \u0085".encode(),
    b" spaces ",
]
TEXT = "to be or not to be\n" * 20


@pytest.fixture(autouse=True)
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tokenizer: pw.Tokenizer) -> None:
    """An empty folder to work in."""
    isolate(tmp_path, monkeypatch)
    tokenizer.save("model.json")


@given(name=st.binary(min_size=1, max_size=20).filter(lambda name: b"\0" not in name) | st.sampled_from(NAMES))
def test_a_name_comes_back_from_what_is_shown(name: bytes) -> None:
    path = os.fsdecode(name)
    text = shown(path)
    assert not set(text.encode().decode()) & {chr(code) for code in (*range(32), 127)}
    assert os.fsencode(actual(text)) == name
    if path.isprintable() and "\\x" not in path:
        assert text == path


def test_names_are_escaped_as_documented() -> None:
    assert shown(os.fsdecode(b"odd\xff.txt")) == "odd\\xff.txt"
    assert shown("two\nlines") == "two\\x0alines"
    assert shown(r"a\xff") == r"a\x5cxff"
    assert shown(r"C:\data\notes.txt") == r"C:\data\notes.txt"
    assert shown("\ud800") == "\\ud800"


@pytest.mark.parametrize("name", NAMES)
def test_everything_works_with_files_of_any_name(name: bytes) -> None:
    base = os.fsdecode(name)
    text, model, out = base + ".txt", base + ".json", base + " tokens"
    Path(text).write_text(TEXT)
    ended = spawn("train", text, "--vocab-size", "270", "--out", model)
    assert (ended.code, ended.out) == (0, b"")
    assert len([line for line in ended.err.splitlines() if line.startswith("saved ")]) == 1
    learned = pw.Tokenizer.load(model)
    assert learned.metadata["corpus"][0]["name"] == shown(text)
    json.dumps(learned.metadata).encode()
    assert spawn("info", model).code == 0
    assert call("tally", text, "--out", base + ".counts").code == 0
    assert call("train", "--counts", base + ".counts", "--vocab-size", "270", "--out", "again.json").code == 0
    counted = call("count", model, text, text)
    assert counted.out.decode().split("\n")[0].split("\t", 1)[1] == shown(text)
    assert json.loads(call("count", model, text, "--json").out)["files"][0]["name"] == shown(text)
    for format in ("bin", "parquet", "arrow", "jsonl"):
        folder = f"{out} {format}"
        encode = ["encode", model, text, "--out", folder, "--format", format, "--json"]
        for _ in range(2):
            ended = call(*encode)
            assert ended.code == 0, ended.err
            assert json.loads(ended.out)["folder"] == shown(folder)
        manifest = Path(folder, "manifest.json").read_bytes()
        assert json.loads(manifest)["inputs"][0]["name"] == shown(text)
        assert b"\\ud" not in manifest.replace(b"\\ud83d\\ude00", b"")
        verified = call("verify", folder, "--json")
        assert (verified.code, json.loads(verified.out)["gone"]) == (0, [])
        assert call("decode", folder).out == TEXT.encode()
        assert list(pw.decode_tokens(folder)) == [TEXT.encode()]
    Path(text).write_text("changed")
    assert call("verify", folder).code == 1
    assert call("encode", model, text, "--out", base + ".bin").code == 0
    assert call("convert", model, "--to", "tiktoken", "--out", base + ".tiktoken").code == 0


@pytest.mark.parametrize("name", NAMES)
def test_errors_and_summaries_name_files_of_any_name(name: bytes, tokenizer: pw.Tokenizer) -> None:
    base = os.fsdecode(name)
    Path("good.txt").write_text(TEXT)
    Path(base + ".jsonl").write_text('{"body": 1}\n')
    pyarrow.parquet.write_table(pa.table({"text": ["x"]}), "x.parquet")
    Path("x.parquet").rename(base + ".parquet")
    assert list(pw.Corpus(base + ".parquet")) == [b"x"]
    for file in (base + ".jsonl", base + " missing.txt"):
        ended = spawn("count", "model.json", file)
        assert ended.code == 1
        assert "\ufffd" not in ended.err
        if file.isprintable():
            assert ended.err.startswith(f"error: {shown(file)}")
        with pytest.warns(pw.SkippedWarning) as warned:
            list(pw.Corpus(file, "good.txt", on_error="skip"))
        assert str(warned[0].message).startswith(f"1 file was skipped: {shown(file)}: ")
        manifest = pw.encode_corpus(tokenizer, pw.Corpus(file, "good.txt", on_error="skip"), f"out{len(file)}")
        assert [each.input for each in manifest.skipped] == [shown(file)]
    with pytest.raises(pw.DocumentError) as caught:
        list(pw.Corpus(base + ".jsonl"))
    assert str(caught.value).startswith(f"{shown(base)}.jsonl, line 1")
    with pytest.raises(FileNotFoundError) as missing:
        list(pw.Corpus(base + " missing.txt"))
    assert missing.value.filename == base + " missing.txt"


def test_a_separator_need_not_be_utf_8() -> None:
    Path("a.txt").write_bytes(b"one\xfftwo")
    separator = os.fsdecode(b"\xff")
    assert list(pw.Corpus("a.txt", separator=separator)) == [b"one", b"two"]
    assert call("encode", "model.json", "a.txt", "--separator", separator, "--out", "out").code == 0
    assert call("decode", "out").out == b"one\xfftwo"
