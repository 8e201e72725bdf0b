"""CSV, TSV and JSON that is more than lines: documents are those that Python's readers find, whatever the blocks."""

import csv
import io
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from command_line import call, isolate, spawn
from corpus_files import documents, packed
from hypothesis import given, settings, strategies as st
from test_corpus import joined

import pairwright as pw
from pairwright.corpus.blocks import Position

DOCUMENTS = documents()


@pytest.fixture(autouse=True)
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tokenizer: pw.Tokenizer) -> None:
    """An empty folder to work in, but for a model."""
    isolate(tmp_path, monkeypatch)
    tokenizer.save("model.json")


def check_blocks(corpus: pw.Corpus, expected: Sequence[bytes], size: int, start: int) -> None:
    """Whether blocks of a size have these documents from one on."""
    blocks = corpus.blocks(size=size, start=Position(0, start), cut_for=("cl100k", []))
    assert joined(blocks) == {Position(0, at): text for at, text in enumerate(expected) if at >= start}


cells = st.lists(st.sampled_from(["a", "é", "中", '"', "\r\n", "\n", "\t", ",", ";", " "]), max_size=8).map("".join)


@given(
    rows=st.lists(st.tuples(cells, cells, cells), max_size=12),
    column=st.integers(0, 2),
    delimiter=st.sampled_from([",", ";", "\t"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    ends=st.sampled_from(["\n", "\r\n"]),
    last=st.booleans(),
    marked=st.booleans(),
    packing=st.sampled_from(["", ".gz", ".bz2"]),
    size=st.integers(1, 300),
    start=st.integers(0, 12),
)
@settings(max_examples=150)
def test_what_python_writes_as_csv_is_read_as_it_was(
    rows: Any,
    column: int,
    delimiter: str,
    quoting: Any,
    ends: str,
    last: bool,
    marked: bool,
    packing: str,
    size: int,
    start: int,
) -> None:
    content = io.StringIO(newline="")
    # Carriage returns are quoted only where they are part of the line ends.
    quoting = csv.QUOTE_ALL if ends == "\n" else quoting
    writer = csv.writer(content, delimiter=delimiter, quoting=quoting, lineterminator=ends)
    names = ["id", "other", "the rest"]
    names[column] = "text"
    writer.writerows([names, *rows])
    text = "\ufeff" * marked + content.getvalue()
    text = text if last else text.removesuffix(ends)
    with TemporaryDirectory() as folder:
        path = Path(folder, ("rows.tsv" if delimiter == "\t" else "rows.csv") + packing)
        path.write_bytes(packed(path.name, text.encode()))
        corpus = pw.Corpus(path)
        expected = [row[column].encode() for row in rows]
        assert list(corpus) == expected
        check_blocks(corpus, expected, size, start)


def rows_of(text: str) -> Iterator[list[str]]:
    """The rows of a table, strictly. Raises `ValueError`."""
    try:
        for row in csv.reader(io.StringIO(text, newline=""), strict=True):
            if row:
                yield row
    except csv.Error as error:
        raise ValueError from error


@given(
    parts=st.lists(st.sampled_from(["a", '"', '""', "\r\n", "\n", "\r", ",", "b c", " "]), max_size=30),
    size=st.integers(1, 99),
)
@settings(max_examples=400)
def test_any_text_is_the_table_that_python_finds_or_an_error(parts: Sequence[str], size: int) -> None:
    text = "text,b\n" + "".join(parts)
    expected = []
    fails = False
    try:
        for number, row in enumerate(rows_of(text)):
            if len(row) != 2:
                raise ValueError(row)
            if number:
                expected.append(row[0].encode())
    except ValueError:
        fails = True
    with TemporaryDirectory() as folder:
        path = Path(folder, "rows.csv")
        path.write_bytes(text.encode())
        found: list[bytes] = []
        try:
            for block in pw.Corpus(path).blocks(size=size):
                found.extend(map(block.text, range(block.length)))
        except pw.DocumentError:
            assert fails
        else:
            assert not fails
        assert found == expected


BAD_ROWS = {
    "1,a,b\n": "it has 3 fields, and the header has 2",
    "1\n": "it has 1 field, and the header has 2",
    '1,"a" b\n': "text stands behind the quotes that open in line 3",
    '1,"a\nb" c,\n': "text stands behind the quotes that open in line 3",
}


@pytest.mark.parametrize("row", BAD_ROWS)
def test_a_row_that_is_none_is_named_or_passed_over(row: str) -> None:
    Path("a.csv").write_text(f"id,text\n0,one\n{row}2,three\n")
    with pytest.raises(pw.DocumentError, match=f"a.csv, line 3: {BAD_ROWS[row]}"):
        list(pw.Corpus("a.csv"))
    with pytest.warns(pw.SkippedWarning, match="1 document was skipped: a.csv, line 3: "):
        assert list(pw.Corpus("a.csv", on_error="skip")) == [b"one", b"three"]


def test_quotes_that_are_not_closed_are_an_error() -> None:
    Path("a.csv").write_text('id,text\n0,one\n1,"two\n2,three\n')
    message = "a.csv, line 3: the quotes that open in line 3 are not closed"
    with pytest.raises(pw.DocumentError, match=message):
        list(pw.Corpus("a.csv"))
    with pytest.warns(pw.SkippedWarning, match=message):
        assert list(pw.Corpus("a.csv", on_error="skip")) == [b"one"]


def test_between_tabs_quotes_may_be_part_of_the_text() -> None:
    rows = ['"Well," she said.', 'said "so"', '""a"" b', '"all of it"', '"a ""b"" c" d', 'a "']
    Path("a.tsv").write_text("id\ttext\n" + "".join(f"1\t{row}\n" for row in rows))
    expected = [row.encode() for row in rows]
    expected[3] = b"all of it"
    assert list(pw.Corpus("a.tsv")) == expected


def test_a_column_that_is_not_there_is_told_with_those_that_are(tokenizer: pw.Tokenizer) -> None:
    Path("a.csv").write_text("id,body\n1,one\n")
    Path("b.csv").write_text("text,id,text\n1,one,2\n")
    Path("c.csv").write_text("One sentence without a header.\nAnother one.\n")
    cases = {
        "a.csv": "there is no column 'text'; its columns are 'id', 'body'",
        "b.csv": "there are 2 columns 'text'",
        "c.csv": "there is no column 'text'; its columns are 'One sentence without a header.'",
    }
    for name, message in cases.items():
        for work in (list, pw.count, lambda corpus: pw.encode_corpus(tokenizer, corpus, f"{name}.out")):  # noqa: B023
            with pytest.raises(pw.DocumentError) as caught:
                work(pw.Corpus(name))
            assert str(caught.value) == f"{name}: {message}"
            assert "text_column=" in str(caught.value.hint)
            assert 'format="text" takes the file as it is' in str(caught.value.hint)
        ended = call("tally", name, "--out", "x.counts")
        assert ended.code == 1
        assert "--text-column" in ended.err
        assert "--input-format text" in ended.err
        assert list(pw.Corpus(name, format="text")) == [Path(name).read_bytes()]
    assert list(pw.Corpus("a.csv", text_column="body")) == [b"one"]
    Path("d.csv").write_text("id,text\n")
    assert list(pw.Corpus("d.csv")) == []


WAYS = ("lines", "array", "pretty array", "objects", "pretty objects", "list", "pretty list", "strings")


def written(texts: Sequence[str], way: str) -> str:
    """Documents as JSON."""
    objects = [{"id": [{"a": "]}"}], "text": text} for text in texts]
    if way == "lines":
        return "".join(json.dumps(each) + "\n" for each in objects)
    if way.endswith("objects"):
        return "".join(json.dumps(each, indent=1 if way.startswith("pretty") else None) for each in objects)
    value: object = texts if way == "strings" else objects
    if way.endswith("list"):
        value = {"version": 1, "tags": ["x", "y"], "none": [], "data": objects}
    return json.dumps(value, indent=2 if way.startswith("pretty") else None, ensure_ascii=False)


@given(
    texts=st.lists(st.text(st.sampled_from('a" \\\n\ré中😀[]{},:\0'), max_size=20), max_size=12),
    way=st.sampled_from(WAYS),
    packing=st.sampled_from(["", ".gz", ".xz"]),
    marked=st.booleans(),
    size=st.integers(1, 300),
    start=st.integers(0, 12),
)
@settings(max_examples=250)
def test_json_of_any_form_has_its_documents(
    texts: Sequence[str], way: str, packing: str, marked: bool, size: int, start: int
) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder, f"texts.json{packing}")
        path.write_bytes(packed(path.name, ("\ufeff" * marked + written(texts, way)).encode()))
        corpus = pw.Corpus(path)
        expected = [text.encode() for text in texts]
        if way.endswith("list") and not texts:
            with pytest.raises(pw.DocumentError, match='there is no field "text"'):
                list(corpus)
            return
        assert list(corpus) == expected
        check_blocks(corpus, expected, size, start)


BAD_JSON = {
    '[{"text": "a"}, {"text": "b"}': ("document 3: the JSON ends too early", 2),
    '[{"text": "a"}, {"text": "b': ("document 2: the JSON ends too early", 1),
    '[{"text": "a"} {"text": "b"}]': ("document 2: there is no comma before it", 1),
    '[{"text": "a"}] x': ("document 2: something stands behind the array", 1),
    '[{"text": "a"},, {"text": "b"}]': ("document 2: a value is missing", 1),
    '[{"text": "a"}, {"text": "b\n"}]': ("document 2: a line ends within a string", 1),
    '{"text": "a"\n': ("document 1: the JSON ends too early", 0),
    '{"name": "a", "keywords": ["b"]}': ('there is no field "text", only "keywords", "name"', 0),
    '{"train": [{"text": "a"}], "test": [{"text": "b"}]}': ('it has several lists of objects: "train", "test"', 0),
    "no JSON": ("line 1, column 2: expected ident", 0),
    '{"text": "a"}\n{"text": tw\n': ("line 2, column 11", 1),
}


@pytest.mark.parametrize("content", BAD_JSON)
def test_json_that_is_none_is_named_and_what_came_before_is_given(content: str) -> None:
    message, good = BAD_JSON[content]
    Path("a.json").write_text(content)
    came: list[bytes] = []
    with pytest.raises(pw.DocumentError) as caught:
        came.extend(pw.Corpus("a.json"))
    assert message in str(caught.value)
    assert came == [b"a", b"b"][:good]
    Path("b.txt").write_text("good")
    with pytest.warns(pw.SkippedWarning):
        assert list(pw.Corpus("a.json", "b.txt", on_error="skip")) == [*came, b"good"]


def test_an_element_that_is_bad_is_passed_over() -> None:
    Path("a.json").write_text('[{"text": "a"}, {"text": 3}, {"body": "x"}, {"text": nul}, 7, [{}], {"text": "b"}]')
    with pytest.raises(pw.DocumentError, match=r"a\.json, document 2: invalid type: integer `3`"):
        list(pw.Corpus("a.json"))
    with pytest.warns(pw.SkippedWarning, match=r"5 documents were skipped: a\.json, document 2: "):
        assert list(pw.Corpus("a.json", on_error="skip")) == [b"a", b"b"]


@pytest.mark.parametrize("name", ["rows.csv", "rows.tsv.xz", "texts.json", "texts.json.bz2"])
def test_all_that_takes_files_takes_tables_and_json(name: str, tokenizer: pw.Tokenizer) -> None:
    if name.startswith("rows"):
        content = io.StringIO(newline="")
        writer = csv.writer(content, delimiter="\t" if ".tsv" in name else ",", quoting=csv.QUOTE_ALL)
        writer.writerows([("id", "body"), *((1, text.decode()) for text in DOCUMENTS)])
        keyword, option = "text_column", "--text-column"
    else:
        content = io.StringIO(json.dumps([{"body": text.decode()} for text in DOCUMENTS], indent=1))
        keyword, option = "text_field", "--text-field"
    Path(name).write_bytes(packed(name, content.getvalue().encode()))
    corpus = pw.Corpus(name, **{keyword: "body"})  # type: ignore[arg-type]
    for threads in (1, 3):
        assert pw.count(corpus, threads=threads) == pw.count(DOCUMENTS)
    learned = pw.train(corpus, 300)
    assert learned == pw.train(DOCUMENTS, 300)
    assert learned.metadata["corpus"][0]["documents"] == len(DOCUMENTS)
    manifest = pw.encode_corpus(tokenizer, corpus, "out", shard_tokens=300)
    assert list(pw.decode_tokens("out")) == DOCUMENTS
    assert sum(split.documents for split in manifest.splits) == len(DOCUMENTS)
    ids = [" ".join(map(str, tokenizer.encode_ordinary(text))) for text in DOCUMENTS]
    ended = call("encode", "model.json", name, option, "body", "--special", "text")
    assert ended.out.decode().splitlines() == ids
    format = next(each for each in ("csv", "tsv", "json") if f".{each}" in name)
    ended = spawn(
        "count", "model.json", "-", "--input-format", format, option, "body", "--json", given=Path(name).read_bytes()
    )
    assert json.loads(ended.out)["documents"] == len(DOCUMENTS)
    assert call("tally", name, option, "body", "--out", "x.counts", "--quiet").err == ""
    assert pw.Counts.load("x.counts") == pw.count(DOCUMENTS)


def test_a_first_row_that_does_not_end_is_not_taken_for_names() -> None:
    Path("a.csv").write_bytes(b"no table " * (2 << 20))
    with pytest.raises(pw.DocumentError, match="its first row is too long to have the names of columns"):
        list(pw.Corpus("a.csv"))


UNUSED = {
    ("a.csv", "text_field"): ("a.csv is read as csv", "--text-column body reads it"),
    ("a.jsonl.gz", "text_column"): ("a.jsonl.gz is read as jsonl", "--text-field body reads it"),
    ("a.txt", "text_field"): ("a.txt is read as text", "--input-format jsonl reads it in this format"),
    ("a.txt", "text_column"): ("a.txt is read as text", "--input-format csv reads it in this format"),
    ("-", "text_field"): ("standard input is read as text", "--input-format jsonl reads it in this format"),
    ("in", "text_field"): ("in/a.csv is read as csv", "--text-column body reads it"),
}


@pytest.mark.parametrize(("name", "argument"), UNUSED)
def test_a_field_or_column_that_no_input_can_have_is_refused(name: str, argument: str) -> None:
    """Each of these files has a text under the default name too, which would be read instead."""
    Path("in").mkdir()
    for path in ("a.csv", "in/a.csv"):
        Path(path).write_text("text,body\nx,y\n")
    objects = b'{"text": "x", "body": "y"}\n'
    Path("a.jsonl.gz").write_bytes(packed("a.gz", objects))
    Path("a.txt").write_bytes(objects)
    reason, hint = UNUSED[name, argument]
    option = "--" + argument.replace("_", "-")
    for value, given_ in (("body", ["body"]), ({name: "body"}, [f"{name}=body"])):
        with pytest.raises(ValueError, match=reason) as caught:
            pw.Corpus(name, **{argument: value})  # type: ignore[arg-type]
        assert str(caught.value).startswith(f"{argument}='body' names a ")
        ended = call("count", "model.json", name, option, *given_, given=objects)
        assert ended.code == 1
        assert reason in ended.err
        assert f"hint: {hint}" in ended.err


def test_a_field_and_a_column_may_be_named_for_whatever_there_is() -> None:
    Path("a.csv").write_text("body\nx\n")
    Path("b.jsonl").write_text('{"body": "y"}\n')
    assert list(pw.Corpus("a.csv", text_field="body", text_column="body")) == [b"x"]
    assert list(pw.Corpus("b.jsonl", text_field="body", text_column="body")) == [b"y"]
    assert list(pw.Corpus("a.csv", "b.jsonl", text_field="body", text_column="body")) == [b"x", b"y"]
    Path("c.csv").write_text("text\nz\n")
    assert list(pw.Corpus("c.csv", "b.jsonl", text_field="body")) == [b"z", b"y"]
