"""Files that are not text: refused with what they are, passed over in a folder, read as they are if asked for."""

import gzip
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from command_line import call, isolate, spawn
from foreign_files import DISGUISED, FOREIGN, TEXT

import pairwright as pw

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture(autouse=True)
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tokenizer: pw.Tokenizer) -> None:
    """An empty folder to work in, but for a model."""
    isolate(tmp_path, monkeypatch)
    tokenizer.save("model.json")


@pytest.mark.parametrize("name", FOREIGN)
def test_a_file_that_is_not_text_is_refused_with_what_it_is_and_what_to_do(name: str, tokenizer: pw.Tokenizer) -> None:
    content, what = FOREIGN[name]
    Path(name).write_bytes(content)
    for work in (list, pw.count, pw.train, lambda corpus: pw.encode_corpus(tokenizer, corpus, "out")):
        with pytest.raises(pw.DocumentError) as caught:
            work(pw.Corpus(name))
        assert str(caught.value).startswith(f"{name}: it is ")
        assert what in str(caught.value)
        assert 'format="text" takes it as it is' in str(caught.value.hint)
    with pytest.raises(pw.DocumentError):
        list(pw.Corpus(name, lines=True))
    if Path(name).suffix not in (".csv", ".jsonl"):
        with pytest.raises(pw.DocumentError):
            list(pw.Corpus(name, separator="\n\n"))
    # Whatever is asked for as text is text, but for compression by its name.
    packed = Path(name).suffix in (".gz", ".zst")
    taken = list(pw.Corpus(name, format="text"))
    assert packed or taken == [content.removeprefix(b"\xef\xbb\xbf")]
    assert not packed or len(taken) == 1


def test_the_byte_order_mark_of_a_file_is_no_text_and_any_other_is() -> None:
    mark = "\ufeff".encode()
    Path("a.txt").write_bytes(mark + mark + b"one\r\n" + mark + b"two")
    for format in (None, "text"):
        assert list(pw.Corpus("a.txt", format=format)) == [mark + b"one\r\n" + mark + b"two"]
        assert list(pw.Corpus("a.txt", format=format, lines=True)) == [mark + b"one", mark + b"two"]
        assert list(pw.Corpus("a.txt", format=format, separator=mark)) == [b"", b"one\r\n", b"two"]
    Path("b.jsonl").write_bytes(mark + b'{"text": "one"}\n')
    Path("c.txt").write_bytes(mark)
    assert list(pw.Corpus("b.jsonl", "c.txt")) == [b"one", b""]
    assert spawn("encode", "model.json", given=mark + b"one").out == call("encode", "model.json", given=b"one").out


def test_every_command_refuses_what_is_not_text() -> None:
    for name in ("image.txt", "utf-16.txt", "a.zip"):
        content, what = FOREIGN[name]
        Path(name).write_bytes(content)
        for command in (
            ["train", "--out", "new.json"],
            ["tally", "--out", "x.counts"],
            ["count", "model.json"],
            ["encode", "model.json"],
        ):
            ended = call(*command, name)
            assert ended.code == 1
            assert f"error: {name}: it is {what}, not" in ended.err
            assert "--input-format text takes it as it is" in ended.err
            assert not Path("x.counts").exists()
        # Through a pipe it is no other file.
        ended = spawn("count", "model.json", "-", given=content)
        assert ended.code == 1
        assert f"error: standard input: it is {what}, not" in ended.err
    counted = call("count", "model.json", "a.zip", "--input-format", "text", "--json")
    assert json.loads(counted.out)["documents"] == 1


def test_in_a_folder_and_by_a_pattern_what_is_not_text_is_passed_over_and_told(tokenizer: pw.Tokenizer) -> None:
    Path("in").mkdir()
    for name, (content, _) in FOREIGN.items():
        Path("in", name).write_bytes(content)
    Path("in/zz.txt").write_text(TEXT)
    for given in ("in", "in/*"):
        corpus = pw.Corpus(given)
        works: list[tuple[Callable[[Any], object], object]] = [
            (list, [TEXT.encode()]),
            (pw.count, pw.count([TEXT])),
            (lambda corpus: pw.train(corpus, 260), pw.train([TEXT], 260)),
        ]
        for work, expected in works:
            with pytest.warns(pw.SkippedWarning) as warned:
                assert work(corpus) == expected
            (told,) = warned
            assert str(told.message).startswith(f"{len(FOREIGN)} files were skipped:")
            for name, (_, what) in FOREIGN.items():
                assert f"in/{name}: it is " in str(told.message)
                assert what in str(told.message)
        for size in (1, 100, 1 << 20):
            blocks = list(corpus.blocks(size=size))
            assert blocks[-1].read == corpus.size()
            assert sum(each.is_file for block in blocks for each in block.skipped) == len(FOREIGN)
    with pytest.warns(pw.SkippedWarning):
        learned = pw.train("in", 260)
    assert [each["name"] for each in learned.metadata["corpus"]] == ["zz.txt"]
    manifest = pw.encode_corpus(tokenizer, "in", "out")
    assert {each.input: each.document for each in manifest.skipped} == {f"in/{name}": None for name in FOREIGN}
    assert list(pw.decode_tokens("out")) == [TEXT.encode()]
    # The same call finds nothing to do, and the inputs are what they were.
    assert pw.encode_corpus(tokenizer, "in", "out") == manifest
    assert pw.verify_tokens("out") == []
    ended = call("encode", "model.json", "in", "--out", "again")
    assert ended.code == 0
    assert "in/a.zip: it is a zip archive, not text" in " ".join(ended.err.split())
    ended = call("tally", "in", "--out", "x.counts", "--quiet")
    assert ended.code == 0
    assert ended.err.startswith(f"warning: {len(FOREIGN)} files were skipped:")


def test_a_folder_without_any_text_is_an_error(tokenizer: pw.Tokenizer) -> None:
    Path("in").mkdir()
    Path("in/a.png").write_bytes(FOREIGN["image.png"][0])
    for work in (list, pw.count, pw.train, lambda corpus: pw.encode_corpus(tokenizer, corpus, "out")):
        with pytest.raises(pw.DocumentError, match=r"in/a\.png: it is a PNG image, not text"):
            work(pw.Corpus("in"))


@pytest.mark.parametrize("name", DISGUISED)
def test_compressed_text_under_any_name_is_unpacked(name: str) -> None:
    Path(name).write_bytes(DISGUISED[name])
    assert list(pw.Corpus(name)) == [TEXT.encode()]
    assert pw.count(name) == pw.count([TEXT])
    Path("rows.csv").write_bytes(gzip.compress(b"text\na\n"))
    Path("lines.jsonl").write_bytes(gzip.compress(b'{"text": "a"}\n'))
    assert list(pw.Corpus("rows.csv", "lines.jsonl")) == [b"a", b"a"]
    if name.count(".") < 2:
        assert list(pw.Corpus(name, format="text")) == [DISGUISED[name]]
    counted = spawn("count", "model.json", "-", "--json", given=DISGUISED[name])
    assert json.loads(counted.out) == json.loads(call("count", "model.json", name, "--json").out) | {
        "files": [json.loads(counted.out)["files"][0] | {"name": "-"}]
    }


def test_text_is_not_taken_for_anything_else() -> None:
    texts = [
        *("MZ", "BM", "GGUF", "PAR1 and more", "GIF89a", "PK", "ID3 tags", "BZh91AY", "II*", "OTTO", "RIFF", "caf\xe9"),
        *("Rar!", "ustar", "<html>", "#!/bin/sh", "%!PS", "{}", "[1]", "\x1b[0m", "\x0c", "中文", "\x7f"),
    ]
    for name in ("a.txt", "a", "a.bin", "a.png", "a.zip", "a.br"):
        for text in texts:
            for encoding in ("utf-8", "latin-1", "gbk"):
                content = text.encode(encoding, "replace")
                Path(name).write_bytes(content)
                if not (name in ("a.bin", "a.br") and encoding != "utf-8" and not content.isascii()):
                    assert list(pw.Corpus(name)) == [content]
    # A separator that has a NUL tells that there are some.
    Path("a.txt").write_bytes(b"one\0two\0")
    assert list(pw.Corpus("a.txt", separator=b"\0")) == [b"one", b"two"]
    # A first block that ends within a character is UTF-8 all the same.
    Path("a.bin").write_text("a" + "中" * 9000, encoding="utf-8")
    assert list(pw.Corpus("a.bin")) == [("a" + "中" * 9000).encode()]


def test_a_file_that_is_not_text_is_passed_over_if_errors_are() -> None:
    Path("a.zip").write_bytes(FOREIGN["a.zip"][0])
    Path("b.txt").write_text(TEXT)
    with pytest.warns(pw.SkippedWarning, match=r"1 file was skipped: a\.zip: it is a zip archive, not text"):
        assert list(pw.Corpus("a.zip", "b.txt", on_error="skip")) == [TEXT.encode()]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_file_that_is_not_text_is_told_of_before_any_work() -> None:
    Path("a.txt").write_text(TEXT)
    Path("b.txt").write_bytes(FOREIGN["image.png"][0])
    # Nobody looks at what can be read once.
    os.mkfifo("pipe")
    blocks = pw.Corpus("pipe", "a.txt", "b.txt").blocks(size=1)
    with pytest.raises(pw.DocumentError, match=r"b\.txt: it is a PNG image, not text"):
        next(blocks)
