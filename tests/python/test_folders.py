"""What is in a folder besides text: what pairwright wrote, settings of programs, dangling links, empty files."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from command_line import call, isolate

import pairwright as pw

TEXT = "to be or not to be"


@pytest.fixture(autouse=True)
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tokenizer: pw.Tokenizer) -> None:
    """A folder with a text."""
    isolate(tmp_path, monkeypatch)
    tokenizer.save("model.json")
    Path("in").mkdir()
    Path("in/a.txt").write_text(TEXT)
    Path("in/z.txt").write_text("last")


def read(source: Any, **options: Any) -> tuple[list[bytes], str]:
    """The documents, and what is said of the rest."""
    with pytest.warns(pw.SkippedWarning) as warned:
        documents = list(pw.Corpus(source, **options))
    (warning,) = warned
    return documents, str(warning.message)


def unfinished(tokenizer: pw.Tokenizer, path: Path) -> None:
    """A folder that a run which was stopped left behind."""
    with pytest.raises(pw.StoppedError):
        pw.encode_corpus(tokenizer, "in/a.txt", path, progress=lambda _: False)


OWN: dict[str, tuple[Callable[[pw.Tokenizer, Path], object], str]] = {
    "m.json": (lambda tok, path: tok.save(path), "it is a model file of pairwright, not text"),
    "model": (lambda tok, path: tok.save(path), "it is a model file of pairwright, not text"),
    "c.counts": (lambda _, path: pw.count("in/a.txt").save(path), "it is a counts file of pairwright, not text"),
    "c.txt": (lambda _, path: pw.count("in/a.txt").save(path), "it is a counts file of pairwright, not text"),
    "tokens": (lambda tok, path: pw.encode_corpus(tok, "in/a.txt", path), "it is a folder of token files"),
    "rows": (lambda tok, path: pw.encode_corpus(tok, "in/a.txt", path, format="parquet"), "a folder of token files"),
    "stopped": (unfinished, "it is a folder of token files"),
    "m.tiktoken": (lambda tok, path: tok.to_tiktoken(path), "it is a rank file, not text"),
    "ids.bin": (lambda tok, path: pw.encode_to_file(tok, "in/a.txt", path), "it is binary data by its name"),
    "ids.npy": (lambda tok, path: pw.encode_to_file(tok, "in/a.txt", path), "it is an array of numpy"),
    "ids.jsonl": (lambda tok, path: pw.encode_to_file(tok, "in/a.txt", path), "it has token ids, not text"),
    "ids.parquet": (lambda tok, path: pw.encode_to_file(tok, "in/a.txt", path), "it has token ids, not text"),
    "ids.arrow": (lambda tok, path: pw.encode_to_file(tok, "in/a.txt", path), "it has token ids, not text"),
    "ids.txt": (
        lambda tok, path: path.write_text(" ".join(map(str, tok.encode(TEXT * 9))) + "\n"),
        "it has nothing but numbers, as a file of token ids has",
    ),
}


@pytest.mark.parametrize("name", OWN)
def test_what_pairwright_wrote_is_passed_over_in_folders_and_by_patterns(name: str, tokenizer: pw.Tokenizer) -> None:
    make, reason = OWN[name]
    Path("in/sub").mkdir()
    path = Path("in/sub", name)
    make(tokenizer, path)
    documents, said = read("in")
    assert documents == [TEXT.encode(), b"last"]
    assert said.startswith(f"1 file was skipped: {path}: ")
    assert reason in said
    if not path.is_dir():
        assert read(["in/*.txt", "in/sub/*"])[0] == documents
    with pytest.warns(pw.SkippedWarning):
        assert pw.count("in") == pw.count([TEXT, "last"])
    manifest = pw.encode_corpus(tokenizer, "in", "out")
    assert [(each.input, each.document) for each in manifest.skipped] == [(str(path), None)]
    # What is complete is found to be so.
    assert pw.encode_corpus(tokenizer, "in", "out") == manifest
    ended = call("count", "model.json", "in")
    names = [line.split("\t")[1] for line in ended.out.decode().splitlines()]
    assert names == ["in/a.txt", "in/z.txt", "total"]
    assert reason in ended.err


def test_a_run_goes_on_with_the_next_file_behind_what_was_left_out(tokenizer: pw.Tokenizer) -> None:
    pw.encode_corpus(tokenizer, "in/a.txt", "in/tokens")
    Path("in/gone.txt").symlink_to("nowhere")
    seen: list[int] = []

    def stop(event: pw.EncodingEvent) -> bool:
        seen.append(event.documents)
        return event.documents < 1

    with pytest.raises(pw.StoppedError):
        pw.encode_corpus(tokenizer, pw.Corpus("in", lines=True), "out", shard_tokens=1, progress=stop)
    # Another file there does not change what is encoded.
    Path("in/tokens/more").touch()
    manifest = pw.encode_corpus(tokenizer, pw.Corpus("in", lines=True), "out", shard_tokens=1)
    assert [each.input for each in manifest.skipped] == ["in/gone.txt", "in/tokens"]
    assert [bytes(tokenizer.decode_bytes(ids)) for ids in pw.open_tokens("out")] == [TEXT.encode(), b"last"]
    assert call("verify", "out").code == 0


def test_what_pairwright_wrote_is_refused_if_it_is_named(tokenizer: pw.Tokenizer) -> None:
    pw.encode_corpus(tokenizer, "in/a.txt", "tokens")
    pw.count("in/a.txt").save("x.counts")
    for name, reason, hint in [
        ("tokens", "tokens: it is a folder of token files, not text", "open_tokens reads it"),
        ("model.json", "model.json: it is a model file of pairwright, not text", "Tokenizer.load reads it"),
        ("x.counts", "x.counts: it is a counts file of pairwright, not text", "Counts.load reads it"),
    ]:
        with pytest.raises(pw.DocumentError, match=reason) as caught:
            pw.count(name)
        assert hint in str(caught.value.hint)
    # Unless that is asked for. Ids as text may be just that.
    assert list(pw.Corpus("model.json", format="text")) == [Path("model.json").read_bytes()]
    assert len(list(pw.Corpus("tokens", format="text"))) == 5
    Path("numbers.txt").write_text("12 345 678\n" * 20)
    assert list(pw.Corpus("numbers.txt", lines=True)) == [b"12 345 678"] * 20


def test_a_folder_with_a_manifest_of_something_else_is_read() -> None:
    Path("in/manifest.json").write_text('{"name": "app", "icons": [{"src": "x"}]}')
    documents, said = read("in")
    assert (documents, "in/manifest.json" in said) == ([TEXT.encode(), b"last"], True)
    Path("in/manifest.json").write_text('[{"text": "a"}]')
    assert list(pw.Corpus("in")) == [TEXT.encode(), b"a", b"last"]


SETTINGS = {
    "package.json": ('{\n "name": "x",\n "scripts": {"a": "b"},\n "files": ["dist"]\n}\n', 'there is no field "text"'),
    "tsconfig.json": ('{\n // a comment\n "include": ["src"]\n}\n', ""),
    "files.json": ('{"include": ["src"]}', 'there is no field "text", only "include"'),
    "contributors.json": ('{"contributors": [{"name": "A"}, {"name": "B"}]}', 'there is no field "text"'),
    "list.json": ('[{"id": 1}, {"id": 2}]', 'there is no field "text", only "id"'),
    "numbers.json": ("[1, 2, 3]", "expected a JSON object"),
    "number.json": ("3", "expected a JSON object"),
    "null.json": ('{"text": null}', "invalid type: null"),
    "lines.json": ('{"id": 1}\n{"id": 2}\n', 'there is no field "text", only "id"'),
    "cut.json": ('{\n"name": ', "the JSON ends too early"),
    "both.json": ('{"text": "x", "data": [{"text": "y"}]}', "a list of objects that have it"),
}


@pytest.mark.parametrize("name", SETTINGS)
@pytest.mark.parametrize("on_error", ["stop", "skip"])
def test_json_without_documents_is_passed_over_unless_it_is_named_or_all_there_is(
    name: str, on_error: Any, tokenizer: pw.Tokenizer
) -> None:
    content, reason = SETTINGS[name]
    Path("in", name).write_text(content)
    documents, said = read("in", on_error=on_error)
    assert documents == [TEXT.encode(), b"last"]
    assert f"in/{name}" in said
    assert reason in said
    with pytest.warns(pw.SkippedWarning):
        counts = pw.train(pw.Corpus("in", on_error=on_error), 257)
    # With "skip" it is a file that was read, and had no good documents.
    expected = ["a.txt", "z.txt"] if on_error == "stop" else sorted(["a.txt", name, "z.txt"])
    assert [each["name"] for each in counts.metadata["corpus"]] == expected
    if name != "files.json":
        with pytest.raises(pw.DocumentError, match=name):
            list(pw.Corpus(f"in/{name}"))
    Path("in/a.txt").unlink()
    Path("in/z.txt").unlink()
    for taking in (pw.count, list, lambda corpus: pw.encode_corpus(tokenizer, corpus, "out")):
        with pytest.raises(pw.DocumentError, match="nothing could be read") as caught:
            taking(pw.Corpus("in", on_error=on_error))
        assert reason in str(caught.value)


def test_json_of_which_some_can_be_read_is_data_and_what_is_wrong_in_it_an_error() -> None:
    for content in (
        '[{"id": 1}, {"text": "x"}]',
        '[{"text": "x"}, {"id": 1}]',
        '[{"text": "x"}, ',
        '{"id": 1}\n{"text": "x"}',
    ):
        Path("in/data.json").write_text(content)
        with pytest.raises(pw.DocumentError, match=r"in/data\.json"):
            list(pw.Corpus("in"))
    # So is a damaged file, whatever is in it.
    Path("in/data.json").unlink()
    Path("in/data.json.gz").write_bytes(b"\x1f\x8b\x08 and no more of gzip")
    with pytest.raises(pw.DocumentError, match="the gzip data"):
        list(pw.Corpus("in"))


def test_a_list_of_strings_in_a_folder_needs_to_be_asked_for() -> None:
    Path("in/data.json").write_text('{"data": ["x", "y"]}')
    documents, said = read("in")
    assert documents == [TEXT.encode(), b"last"]
    assert 'text_field="data" reads the strings of this list, each of them a document' in said
    assert list(pw.Corpus("in", text_field="data")) == [TEXT.encode(), b"x", b"y", b"last"]
    assert list(pw.Corpus("in/data.json")) == [b"x", b"y"]


def test_links_that_lead_nowhere_are_passed_over_and_named_ones_are_missing(tokenizer: pw.Tokenizer) -> None:
    Path("in/b.txt").symlink_to("nowhere")
    Path("in/c.jsonl.gz").symlink_to("/no/such/file")
    for source in ("in", "in/*"):
        documents, said = read(source)
        assert documents == [TEXT.encode(), b"last"]
        assert said.splitlines()[1:] == [
            "  in/b.txt: it is a link that leads nowhere",
            "  in/c.jsonl.gz: it is a link that leads nowhere",
        ]
    assert len(pw.encode_corpus(tokenizer, "in", "out").skipped) == 2
    with pytest.raises(FileNotFoundError, match=r"in/b\.txt"):
        pw.count("in/b.txt")


def test_packed_parquet_in_a_folder_is_passed_over_and_a_named_one_refused() -> None:
    Path("in/a.parquet.gz").write_bytes(b"")
    documents, said = read("in")
    assert documents == [TEXT.encode(), b"last"]
    assert "in/a.parquet.gz: a parquet file is compressed inside" in said
    assert "hint: unpack it first" in said
    with pytest.raises(ValueError, match=r"in/a\.parquet\.gz: a parquet file is compressed inside.*unpack it first"):
        pw.Corpus("in/a.parquet.gz")


@pytest.mark.parametrize("name", ["in/__init__.py", "in/empty.jsonl", "in/empty.csv", "in/empty.json"])
def test_an_empty_file_in_a_folder_does_not_stop_encoding(name: str, tokenizer: pw.Tokenizer) -> None:
    Path(name).touch()
    manifest = pw.encode_corpus(tokenizer, "in", "out")
    assert not manifest.skipped
    expected = [b""] * name.endswith(".py") + [TEXT.encode(), b"last"]
    assert [bytes(tokenizer.decode_bytes(ids)) for ids in pw.open_tokens("out")] == expected
    assert list(pw.Corpus("in")) == expected
    with pytest.raises(pw.DocumentError, match="it is empty"):
        pw.encode_corpus(tokenizer, name, "other")


def test_count_has_no_row_for_what_was_passed_over() -> None:
    Path("in/b.png").write_bytes(b"\x89PNG\r\n\x1a\n\0\0")
    Path("in/empty.txt").touch()
    ended = call("count", "model.json", "in")
    names = [line.split("\t")[1] for line in ended.out.decode().splitlines()]
    assert names == ["in/a.txt", "in/empty.txt", "in/z.txt", "total"]
    assert "in/b.png: it is a PNG image" in ended.err
    told = json.loads(call("count", "model.json", "in", "--json").out)
    assert [each["name"] for each in told["files"]] == names[:-1]
    assert [each["name"] for each in told["skipped_files"]] == ["in/b.png"]
