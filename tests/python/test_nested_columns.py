"""`text_column` as a path into structs and lists of parquet and Arrow, and a field or column for each input."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from command_line import call, isolate
from hypothesis import given, strategies as st
from pyarrow import parquet

import pairwright as pw
from pairwright.corpus.nesting import Column

TEXT = st.none() | st.text(st.sampled_from("x\né😀"), max_size=3)
MESSAGE = st.none() | st.fixed_dictionaries({"role": TEXT, "content": TEXT})
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "meta": st.none() | st.fixed_dictionaries({"n": st.integers(0, 9), "text": TEXT}),
            "messages": st.none() | st.lists(MESSAGE, max_size=3),
            "tags": st.none() | st.lists(TEXT, max_size=3),
            "deep": st.none() | st.lists(st.none() | st.lists(TEXT, max_size=2), max_size=2),
            "a": st.none() | st.fixed_dictionaries({"b": TEXT}),
            "a.b": TEXT,
        }
    ),
    min_size=1,
    max_size=6,
)
MESSAGES = pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))
SCHEMA = pa.schema(
    [
        ("a", pa.struct([("b", pa.string())])),
        ("meta", pa.struct([("n", pa.int64()), ("text", pa.string())])),
        ("messages", MESSAGES),
        ("tags", pa.large_list(pa.string())),
        ("deep", pa.list_(pa.list_(pa.string()))),
        ("a.b", pa.string()),
    ]
)
PATHS = ("meta.text", "messages.*.content", "tags.*", "deep.*.*", "a.b")


def found(value: Any, parts: list[str]) -> str | None:
    """The text that a path leads to, or `None`. What is null in the elements of a list is passed over."""
    if value is None:
        return None
    if not parts:
        return str(value)
    if parts[0] == "*":
        texts = [text for each in value if (text := found(each, parts[1:])) is not None]
        return "\n".join(texts) if texts else None
    return found(value[parts[0]], parts[1:])


@given(rows=ROWS, path=st.sampled_from(PATHS), skipped=st.integers(0, 3))
def test_paths_lead_where_an_obvious_reader_finds_them(rows: list[dict[str, Any]], path: str, skipped: int) -> None:
    # The column that is called like a path goes first.
    expected = [row[path] if path in row else found(row, path.split(".")) for row in rows]
    table = pa.Table.from_pylist(rows, schema=SCHEMA)
    column = Column.of(table.schema, path)
    array = table.column(column.parts[0]).combine_chunks()
    texts = column.texts(array[skipped:])
    assert texts.to_pylist() == expected[skipped:]
    empties = column.empties(array[skipped:], texts)
    if "*" in path:
        lists = [row[path.partition(".")[0]] for row in rows[skipped:]]
        wanted = [text is None and each is not None for text, each in zip(expected[skipped:], lists, strict=True)]
        assert empties is not None
        assert empties.to_pylist() == wanted
    else:
        assert empties is None


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tokenizer: pw.Tokenizer) -> None:
    isolate(tmp_path, monkeypatch)
    tokenizer.save("model.json")


CHATS = [{"id": 1, "messages": [{"role": "user", "content": "Who?"}, {"role": "bot", "content": "Me."}]}] * 3


def write(name: str, rows: list[dict[str, Any]]) -> None:
    table = pa.Table.from_pylist(rows)
    if name.endswith(".parquet"):
        parquet.write_table(table, name, row_group_size=2)
    else:
        with pa.OSFile(name, "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
            writer.write_table(table, max_chunksize=2)


@pytest.mark.usefixtures("work")
@pytest.mark.parametrize("name", ["a.parquet", "a.arrow"])
def test_files_are_read_by_paths(name: str) -> None:
    write(name, CHATS)
    assert list(pw.Corpus(name, text_column="messages.*.content")) == [b"Who?\nMe."] * 3
    write(name, [{"meta": {"text": text * 1000}} for text in "abc"])
    assert list(pw.Corpus(name, text_column="meta.text")) == [text.encode() * 1000 for text in "abc"]
    write(name, [{"a": {"b": "struct"}, "a.b": "literal"}])
    assert list(pw.Corpus(name, text_column="a.b")) == [b"literal"]
    write(name, [{"meta": {"text": b"\xff bytes"}}])
    assert list(pw.Corpus(name, text_column="meta.text")) == [b"\xff bytes"]


@pytest.mark.usefixtures("work")
def test_paths_that_lead_nowhere_are_errors_that_name_one_that_leads_to_text() -> None:
    write("a.parquet", [{"id": 1, "meta": {"text": "a", "n": 1}}])
    for path, reason in [
        ("meta.body", "there is no column 'meta.body'; its columns are 'id', 'meta'"),
        ("meta", "the column 'meta' is struct<text: string, n: int64>, not text"),
        ("meta.n", "the column 'meta.n' is int64, not text"),
        ("meta.text.more", "there is no column 'meta.text.more'"),
        ("meta.*", "there is no column 'meta.*'"),
        ("id.*", "there is no column 'id.*'"),
    ]:
        ended = call("count", "model.json", "a.parquet", "--text-column", path)
        assert (ended.code, ended.out) == (1, b"")
        assert reason in ended.err
        assert "hint: --text-column meta.text reads another column" in ended.err


@pytest.mark.usefixtures("work")
def test_each_input_may_have_a_field_or_column_of_its_own() -> None:
    Path("more").mkdir()
    write("a.parquet", [{"text": "a"}])
    write("more/b.parquet", [{"content": "b"}])
    write("more/c=d.parquet", [{"x=y": "c"}])
    Path("e.jsonl").write_text(json.dumps({"text": "e", "data": {"text": "f"}}) + "\n")
    Path("g.csv").write_text("text,body\nh,g\n")
    columns = {
        "more": "content",
        Path("more/c=d.parquet"): "x=y",
        "g.csv": "body",
    }
    corpus = pw.Corpus(
        "a.parquet", "more", "e.jsonl", "g.csv", text_column=columns, text_field={"e.jsonl": "data.text"}
    )
    assert list(corpus) == [b"a", b"b", b"c", b"f", b"g"]
    options = ["more=content", "more/c=d.parquet=x=y", "./g.csv=body", "text"]
    arguments = [each for option in options for each in ("--text-column", option)]
    inputs = ["a.parquet", "more", "e.jsonl", "g.csv"]
    arguments += ["--text-field", "e.jsonl=data.text"]
    tok = pw.Tokenizer.load("model.json")
    ended = call("encode", "model.json", *inputs, *arguments)
    assert ended.code == 0, ended.err
    assert ended.out == b"".join(b"%d\n" % tok.encode(text)[0] for text in "abcfg")
    for command in (["count", "model.json"], ["train", "--out", "new.json"], ["tally", "--out", "new.counts"]):
        ended = call(*command, *inputs, *arguments)
        assert ended.code == 0, ended.err
    # The default is that of the others.
    assert list(pw.Corpus("a.parquet", "more/b.parquet", text_column={"a.parquet": "text", None: "content"})) == [
        b"a",
        b"b",
    ]


@pytest.mark.usefixtures("work")
def test_a_run_goes_on_with_the_same_fields_alone() -> None:
    write("a.parquet", [{"text": "a", "body": "x"}])
    Path("e.jsonl").write_text('{"text": "e", "body": "y"}\n')
    encode = ["encode", "model.json", "a.parquet", "e.jsonl", "--out", "out"]
    assert call(*encode, "--text-column", "body").code == 0
    assert call(*encode, "--text-column", "a.parquet=body").code == 0
    ended = call(*encode, "--text-field", "body")
    assert ended.code == 1
    assert "with inputs of several kinds (--text-column body, --text-field text), not" in ended.err


@pytest.mark.usefixtures("work")
def test_a_name_for_what_is_no_input_is_refused() -> None:
    write("a.parquet", [{"text": "a"}])
    ended = call("count", "model.json", "a.parquet", "--text-column", "b.parquet=content")
    assert ended.code == 2
    assert "--text-column b.parquet=content: b.parquet is none of the inputs" in ended.err
    assert "hint: name an input as it is given, or a file in it: --text-column INPUT=content" in ended.err
    ended = call("count", "model.json", "a.parquet", "--text-column", "a", "--text-column", "b")
    assert ended.code == 2
    assert "--text-column is given twice for all inputs" in ended.err
    with pytest.raises(ValueError, match=r"text_column names 'b\.parquet', which is no input"):
        pw.Corpus("a.parquet", text_column={"b.parquet": "content"})
    with pytest.raises(TypeError, match=r"text_field must be a str, or a dict of inputs with a str each, not list"):
        pw.Corpus("a.parquet", text_field=["text"])  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"text_column\['a\.parquet'\] must be a str, not int"):
        pw.Corpus("a.parquet", text_column={"a.parquet": 3})  # type: ignore[dict-item]


@pytest.mark.usefixtures("work")
def test_a_name_may_be_for_all_files_that_fit_a_pattern_and_a_slip_is_told_with_what_was_meant() -> None:
    Path("ds").mkdir()
    for name in ("ds/a.csv", "ds/b.csv", "c.csv"):
        Path(name).write_text(f"id,body,text\n1,body of {name},text of {name}\n")
    for column in ({"*.csv": "body"}, {"ds/*": "body", "c.csv": "body"}, {"?.csv": "text", None: "body"}):
        field = column.get("?.csv", "body")
        assert list(pw.Corpus("ds", "c.csv", text_column=column)) == [
            f"{field} of {name}".encode() for name in ("ds/a.csv", "ds/b.csv", "c.csv")
        ]
    # What names a file, or an input, goes first.
    corpus = pw.Corpus("ds/*.csv", text_column={"*.csv": "text", "ds/b.csv": "body"})
    assert list(corpus) == [b"text of ds/a.csv", b"body of ds/b.csv"]
    ended = call("count", "model.json", "ds", "--text-column", "*.csv=body", "--json")
    assert json.loads(ended.out)["documents"] == 2
    with pytest.raises(ValueError, match=r"text_column names '\*\.tsv', which no input fits"):
        pw.Corpus("ds", text_column={"*.tsv": "body"})
    with pytest.raises(ValueError, match=r"text_column names 'a\.csv', which is no input; say 'ds/a\.csv'"):
        pw.Corpus("ds", text_column={"a.csv": "body"})
    ended = call("count", "model.json", "ds/a.csv", "--text-column", "a.csv=body")
    assert ended.code == 2
    assert "hint: name an input as it is given, or a file in it: --text-column ds/a.csv=body" in ended.err
    ended = call("count", "model.json", "ds", "--text-column", "*.tsv=body")
    assert ended.code != 0
    assert "*.tsv" in ended.err
