"""Files that cannot be read as asked are told apart from documents in them; what comes of nothing is no result."""

import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet
import pytest
from command_line import call, isolate

import pairwright as pw
from pairwright.cli.hints import in_options

GOOD = [b"one text", b"another"]


@pytest.fixture(autouse=True)
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tokenizer: pw.Tokenizer) -> None:
    """An empty folder to work in."""
    isolate(tmp_path, monkeypatch)
    tokenizer.save("model.json")


def lines(path: str, values: list[Any]) -> None:
    Path(path).write_text("".join(json.dumps(value) + "\n" for value in values))


def rows(path: str, columns: dict[str, list[Any]]) -> None:
    pyarrow.parquet.write_table(pa.table(columns), path)


@pytest.fixture
def mixed() -> list[str]:
    """Good documents, a hundred bad lines, and files of which each is wrong in its own way."""
    lines("a.jsonl", [{"text": "one text"}, *[{"n": 1}] * 100, {"text": "another"}])
    rows("b.parquet", {"id": [1], "body": ["x"]})
    lines("c.jsonl", [{"content": "x", "id": "1"}] * 20)
    Path("d.parquet").write_bytes(b"no parquet at all\n")
    Path("e.jsonl.gz").write_bytes(b"no gzip at all\n")
    rows("f.parquet", {"text": [7]})
    return ["a.jsonl", "b.parquet", "c.jsonl", "d.parquet", "e.jsonl.gz", "f.parquet", "missing.txt"]


BAD = {
    "b.parquet": "there is no column 'text'; its columns are 'id', 'body'",
    "c.jsonl": 'no line has the field "text"; line 1: there is no field "text", only "content", "id"',
    "d.parquet": "the parquet data are damaged: ",
    "e.jsonl.gz": "the gzip data are damaged: ",
    "f.parquet": "the column 'text' is int64, not text",
    "missing.txt": "No such file or directory",
}


def test_every_file_has_a_line_of_its_own_in_the_summary(mixed: list[str]) -> None:
    corpus = pw.Corpus(mixed, on_error="skip")
    results: list[Callable[[], Any]] = [
        lambda: list(corpus),
        lambda: pw.count(corpus),
        lambda: pw.train(corpus, 257),
    ]
    expected = [GOOD, pw.count(GOOD), pw.train(GOOD, 257)]
    for result, wanted in zip(results, expected, strict=True):
        with pytest.warns(pw.SkippedWarning) as warned:
            assert result() == wanted
        first, *others = str(warned[0].message).splitlines()
        assert first == "6 files and 100 documents were skipped:"
        for line, (name, reason) in zip(others, BAD.items(), strict=False):
            assert line.strip().startswith(name)
            assert reason in line
        documents, hint = others[6:]
        assert documents.startswith("  a.jsonl, line 2: there is no field")
        assert documents.endswith("; and 97 more documents")
        assert hint == '  hint: for b.parquet: text_column="body" reads another column'


def test_the_command_line_and_the_manifest_tell_files_from_documents(mixed: list[str]) -> None:
    for command in (["tally", "--out", "x.counts"], ["train", "--out", "y.json", "--vocab-size", "257"]):
        ended = call(*command, *mixed, "--on-error", "skip", "--quiet")
        assert ended.code == 0
        assert "warning: 6 files and 100 documents were skipped:\n  b.parquet: there is no column" in ended.err
        assert "\n  hint: for b.parquet: --text-column body reads another column" in ended.err
    counted = json.loads(call("count", "model.json", *mixed, "--on-error", "skip", "--json").out)
    assert (counted["documents"], counted["skipped"]) == (2, 100)
    assert [each["name"] for each in counted["skipped_files"]] == list(BAD)
    ended = call("encode", "model.json", *mixed, "--on-error", "skip", "--out", "out", "--json")
    told = json.loads(ended.out)
    assert (told["documents"], told["skipped"]) == (2, 100)
    assert [each["name"] for each in told["skipped_files"]] == list(BAD)
    assert [line for line in ended.err.splitlines() if line.startswith("skipped: ")][5].startswith(
        "skipped: missing.txt"
    )
    assert "skipped: 95 more documents, see out/manifest.json" in ended.err
    manifest = json.loads(Path("out/manifest.json").read_bytes())
    files = [each for each in manifest["skipped"] if each["document"] is None]
    assert {each["input"]: each["reason"] for each in files}.keys() == BAD.keys()
    assert all(BAD[each["input"]] in each["reason"] for each in files)
    assert len(manifest["skipped"]) == 106
    assert [each["documents"] for each in manifest["inputs"]] == [102, 0, 0, 0, 0, 0, 0]
    again = call("encode", "model.json", *mixed, "--on-error", "skip", "--out", "out")
    assert (again.code, "6 files and 100 documents" in again.err) == (0, True)
    assert call("verify", "out").code == 0


NOTHING: list[tuple[Callable[[], Any], dict[str, Any], str]] = [
    (lambda: rows("x.parquet", {"body": ["a", "b"]}), {}, "there is no column 'text'"),
    (lambda: rows("x.parquet", {"text": ["a"]}), {"text_column": "body"}, "there is no column 'body'"),
    (lambda: rows("x.parquet", {"text": pa.array([None, None], pa.string())}), {}, "2 documents were skipped"),
    (lambda: lines("x.jsonl", [{"body": "a"}] * 9), {}, 'no line has the field "text"'),
    (lambda: Path("x.jsonl").write_text("text\n" * 9), {}, "none of its 9 lines can be read"),
    (lambda: Path("x.txt.gz").write_bytes(b""), {}, "it is empty"),
    (lambda: None, {}, "No such file or directory"),
]


@pytest.mark.parametrize(("make", "options", "message"), NOTHING)
def test_nothing_but_what_was_skipped_is_an_error(
    make: Callable[[], Any], options: dict[str, Any], message: str, tokenizer: pw.Tokenizer
) -> None:
    make()
    found = [str(path) for path in Path().glob("x.*")] or ["x.txt"]
    corpus = pw.Corpus(found, **options, on_error="skip")
    results: list[Callable[[], Any]] = [
        lambda: list(corpus),
        lambda: pw.count(corpus),
        lambda: pw.train(corpus, 257),
        lambda: pw.encode_corpus(tokenizer, corpus, "tokens"),
    ]
    for result in results:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with pytest.raises(pw.DocumentError, match=r"^nothing could be read: ") as caught:
                result()
        assert message in str(caught.value)
    assert not Path("tokens/manifest.json").exists()
    given = [f"--{name.replace('_', '-')}={value}" for name, value in options.items()]
    for command in (
        ["train", *found, "--out", "new"],
        ["tally", *found, "--out", "new"],
        ["count", "model.json", *found],
        ["encode", "model.json", *found],
        ["encode", "model.json", *found, "--out", "new"],
        ["encode", "model.json", *found, "--out", "new.txt"],
        ["encode", "model.json", *found, "--out", "new.bin"],
    ):
        ended = call(*command, *given, "--on-error", "skip")
        assert (ended.code, ended.out) == (1, b"")
        assert message in ended.err
        assert not Path("new").is_file()
        assert not Path("new/manifest.json").exists()
        assert not Path("new.txt").exists()
        assert not Path("new.bin").exists()


def test_a_file_with_text_in_another_column_is_told_with_the_way_to_read_it() -> None:
    rows("x.parquet", {"id": [1], "body": ["a"]})
    ended = call("count", "model.json", "x.parquet")
    assert ended.err.splitlines() == [
        "error: x.parquet: there is no column 'text'; its columns are 'id', 'body'",
        "hint: --text-column body reads another column; --on-error skip goes on without documents that cannot be used",
    ]
    with pytest.raises(pw.DocumentError) as caught:
        pw.count("x.parquet")
    assert str(caught.value.hint).startswith('text_column="body" reads another column; on_error="skip"')
    lines("x.jsonl", [{"id": 1, "data": {"text": "a"}}])
    with pytest.raises(pw.DocumentError) as caught:
        pw.count("x.jsonl")
    assert str(caught.value.hint).startswith('text_field="data.text" reads another field; on_error="skip"')


@pytest.mark.parametrize(
    ("hint", "expected"),
    [
        ('on_error="skip" goes on', "--on-error skip goes on"),
        ('text_column="my column" reads it', "--text-column 'my column' reads it"),
        ("text_field='a' or text_field=\"b\"", "--text-field a or --text-field b"),
        ('text_column="text_column" is one', "--text-column text_column is one"),
        ("raise memory_limit or name another spill_folder", "raise --memory-limit or name another --spill-folder"),
        ("vocab_size=300 is enough", "--vocab-size 300 is enough"),
        ("lines=True cuts lines", "--lines cuts lines"),
        ('format="text" takes it as it is', "--input-format text takes it as it is"),
        ("a pattern, a separator and lines", "a pattern, a separator and lines"),
        ("name a folder that `pairwright encode` wrote", "name a folder that `pairwright encode` wrote"),
    ],
)
def test_hints_name_options_on_the_command_line(hint: str, expected: str) -> None:
    assert in_options(hint) == expected
