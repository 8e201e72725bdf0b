"""What a source means: files, folders and patterns that are there, texts, or an error that tells how to say it."""

import itertools
import os
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd  # type: ignore[import-untyped]
import polars as pl
import pyarrow as pa
import pytest
from command_line import call, isolate

import pairwright as pw
from pairwright.corpus import Corpus, Texts, guessing, resolve
from pairwright.corpus.finding import value_of

TEXT = "to be or not to be"


@pytest.fixture(autouse=True)
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with a few files."""
    isolate(tmp_path, monkeypatch)
    Path("data/empty folder").mkdir(parents=True)
    for name in ("a.txt", "b.txt", "hello", "data/c.txt", "data/my notes.txt"):
        Path(name).write_text(f"what is in {name}")


def files(source: Any) -> list[str]:
    """The files that a source means."""
    found = resolve(source)
    assert isinstance(found, Corpus)
    return [origin.name for origin in found.origins]


def texts(source: Any) -> list[Any]:
    """The texts that a source means."""
    return listed(resolve(source))


def listed(found: Corpus | Texts) -> list[Any]:
    """All of some texts."""
    assert isinstance(found, Texts)
    assert isinstance(found.texts, Iterable)
    return [value_of(text) for text in found.texts]


NAMES: list[tuple[list[str], list[str]]] = [
    (["data"], ["data/c.txt", "data/my notes.txt"]),
    (["data/*.txt"], ["data/c.txt", "data/my notes.txt"]),
    (["*.txt"], ["a.txt", "b.txt"]),
    (["**/c.txt"], ["data/c.txt"]),
    (["b.txt", "a.txt", "data/c.txt"], ["b.txt", "a.txt", "data/c.txt"]),
    (["a.txt", "data", "[b].txt"], ["a.txt", "data/c.txt", "data/my notes.txt", "b.txt"]),
    (["hello"], ["hello"]),
    (["data/my notes.txt"], ["data/my notes.txt"]),
    (["*"], ["a.txt", "b.txt", "hello"]),
    (["a.txt"] * 1500, ["a.txt"] * 1500),
]
SHAPES: list[Callable[[list[str]], Any]] = [
    list,
    tuple,
    iter,
    deque,
    np.array,
    lambda names: np.array(names, object),
    pd.Series,
    lambda names: pd.Series(names, [0.5 * number for number in range(len(names))], "string"),
    lambda names: pd.Series(names, dtype="category"),
    pd.Index,
    pa.array,
    lambda names: pa.chunked_array([names[:1], names[1:]], pa.large_string()),
    lambda names: pa.array(names).dictionary_encode(),
    lambda names: (name for name in names),
    lambda names: OrderedDict.fromkeys(names).keys() if len(set(names)) == len(names) else deque(names),
]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("names", "expected"), NAMES)
def test_strings_that_all_name_something_are_files(
    names: list[str], expected: list[str], shape: Callable[[list[str]], Any]
) -> None:
    assert files(shape(names)) == expected


MISSING = [
    ["missing.txt"],
    ["missing.txt", "gone.jsonl"],
    ["missing.txt", "folder"],
    ["folder/", "word"],
    ["data/*.jsonl"],
    ["*.parquet"],
    ["data/empty folder/*"],
    ["./corpus"],
    ["../other"],
    ["/no/such/file"],
    ["~/corpus.txt"],
    ["/no/such folder/file.txt"],
    ["C:\\data\\corpus"],
    ["more/data", "and/more"],
    ["missing.txt\n", "gone.txt\n"],
    ["corpus.JSONL.GZ"],
    ["my_file"],
    ["my_file", "other_file"],
    ["train-00001", "train-00002"],
    ["shard0", "shard1"],
    ["docs"],
    ["Data"],
    ["https://example.org/corpus.txt"],
]


@pytest.mark.parametrize("shape", [list, tuple, iter, np.array, pd.Series, pa.array])
@pytest.mark.parametrize("names", MISSING)
def test_strings_that_look_like_paths_and_name_nothing_are_refused(
    names: list[str], shape: Callable[[list[str]], Any]
) -> None:
    for taking in (resolve, pw.train, pw.count):
        with pytest.raises(FileNotFoundError, match=r"pw\.Corpus\(\[\.\.\.\]\).*pw\.texts\(\[\.\.\.\]\)") as caught:
            taking(shape(names))
        assert caught.value.filename in {name.strip() for name in names}
    assert listed(pw.texts(shape(names))) == names


def test_a_name_is_taken_as_text_once_that_is_said_or_there_are_many() -> None:
    for names in (["my_file"], ["docs"], ["shard0", "shard1"]):
        assert pw.count(pw.texts(names)) == pw.count([name.encode() for name in names])
    Path("my_file").write_text(TEXT)
    assert files(["my_file"]) == ["my_file"]
    assert texts(["snake_case"] * 17) == ["snake_case"] * 17
    assert texts(["snake_case", "and more words"]) == ["snake_case", "and more words"]


SOME = [
    ["a.txt", "missing.txt"],
    ["missing.txt", "a.txt"],
    ["data", TEXT],
    [TEXT, "hello"],
    ["data", ""],
    ["data/*.txt", "x"],
    ["a.txt"] * 1200 + ["missing.txt"],
]


@pytest.mark.parametrize("shape", [list, np.array, pd.Series, pa.array])
@pytest.mark.parametrize("names", SOME)
def test_strings_of_which_some_name_something_are_refused(names: list[str], shape: Callable[[list[str]], Any]) -> None:
    for taking in (resolve, pw.train):
        with pytest.raises(ValueError, match=r"is a file, folder or pattern, and '.*' is none; say pw\.Corpus"):
            taking(shape(names))
    assert pw.count(pw.texts(names)) == pw.count(name.encode() for name in names)


REAL = [
    [TEXT],
    ["a", "b"],
    ["word"],
    ["aaabdaaabac"],
    ["docs", "corpora"],
    ["x2"],
    ["e-mail"],
    ["the", "dog", "barks"],
    ["", "x"],
    [""],
    ["What is this?", "Is it [x]? Yes/no"],
    ["a.txt and b.txt\nare files"],
    ["Read src/main.py first", "and README.md"],
    ["see data/c.txt", "x"],
    ["*", "?", "[", ".", "/", "a"],
    ["1/2 cup of sugar", "and/or"],
    ["and/or", "either"],
    ["</s>", "<b>bold</b>"],
    ["x" * 5000],
    ["long/" + "name" * 100],
    ["first line\nsecond line\n"],
    ["中文没有空格", "你好"],
    ["half \udc80 of a pair"],
    ["\ud800"],
    ["nul \0 byte", "a"],
    ["text"] * 1100 + ["a.txt"],
]


@pytest.mark.parametrize("shape", [list, tuple, iter])
@pytest.mark.parametrize("given", REAL)
def test_texts_are_texts(given: list[str], shape: Callable[[list[str]], Any]) -> None:
    assert texts(shape(given)) == given


def test_an_iterator_is_not_used_up_to_find_out_what_it_gives() -> None:
    endless = (f"text number {number}" for number in itertools.count())
    found = resolve(endless)
    assert isinstance(found, Texts)
    assert isinstance(found.texts, Iterable)
    assert list(itertools.islice(found.texts, 3)) == ["text number 0", "text number 1", "text number 2"]
    assert next(endless) == "text number 3"


def test_sets_come_in_one_order() -> None:
    words = {f"word{number}" for number in range(100)}
    assert texts(words) == texts(frozenset(sorted(words))) == sorted(words)
    assert files({"b.txt", "a.txt", "data/c.txt"}) == ["a.txt", "b.txt", "data/c.txt"]
    assert files({Path("b.txt"), Path("a.txt")}) == ["a.txt", "b.txt"]
    assert [origin.name for origin in pw.Corpus({"b.txt", "a.txt"}).origins] == ["a.txt", "b.txt"]
    assert listed(pw.texts({"b", b"a", "\ud800"})) == ["\ud800", "b", b"a"]


def test_bytes_are_text_and_paths_are_files() -> None:
    assert texts([b"a.txt"]) == [b"a.txt"]
    assert texts(["a.txt", b"a.txt"]) == ["a.txt", b"a.txt"]
    assert files([Path("missing.txt"), "data/*.txt"]) == ["missing.txt", "data/c.txt", "data/my notes.txt"]
    assert files(Path("data")) == files("data") == files("data/*.txt")
    assert files(pd.Series([Path("a.txt"), Path("b.txt")])) == ["a.txt", "b.txt"]
    assert isinstance(resolve(pa.array([b"a.txt"])), Texts)
    assert pw.count([bytearray(b"a.txt"), memoryview(b"x")]) == pw.count([b"a.txt", b"x"])


def test_tables_and_columns_of_something_else_are_left_to_what_reads_them() -> None:
    strings = pa.array([b"a.txt", b"\xff"]).view(pa.string())
    sources: list[Any] = [
        pa.table({"a.txt": ["some text"], "b": [1]}),
        pa.table({"a.txt": ["some text"]}),
        pd.DataFrame({"a.txt": ["some text"]}),
        pd.DataFrame({"a.txt": ["a.txt"], "b.txt": ["b.txt"]}),
        strings,
        pa.array(["a.txt", None]),
        pa.array([], pa.string()),
        pa.RecordBatchReader.from_batches(pa.schema([("a", pa.string())]), []),
    ]
    for source in sources:
        assert isinstance(resolve(source), Texts)
    assert pw.count(strings) == pw.count([b"a.txt", b"\xff"])


def test_a_table_of_one_column_is_decided_as_its_column_is() -> None:
    tables: list[Any] = [pa.table({"path": ["a.txt"]}), pd.DataFrame({"path": ["a.txt"]})]
    tables += [pl.DataFrame({"path": ["a.txt"]}), pl.Series(["a.txt"])]
    for table in tables:
        assert files(table) == ["a.txt"]
        assert pw.count(table) == pw.count("a.txt")
        assert pw.count(pw.texts(table)) == pw.count([b"a.txt"])


def test_of_a_long_column_no_more_than_the_beginning_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[str] = []
    exists = guessing.exists

    def look(text: str) -> bool:
        looked.append(text)
        return exists(text)

    monkeypatch.setattr(guessing, "exists", look)
    words = [f"some text {number}" for number in range(50_000)]
    columns: list[Any] = [pd.Series(words), pa.array(words), np.array(words), deque(words)]
    for column in columns:
        looked.clear()
        found = resolve(column)
        assert isinstance(found, Texts)
        assert found.texts is column
        assert len(looked) == guessing.HEAD


def test_everything_that_takes_a_source_takes_columns_of_paths(tokenizer: pw.Tokenizer) -> None:
    for column in (pd.Series(["a.txt", "b.txt"]), pa.array(["a.txt", "b.txt"]), np.array(["a.txt", "b.txt"])):
        expected = pw.Corpus("a.txt", "b.txt")
        assert pw.Corpus(column) == expected
        assert pw.count(column) == pw.count(expected)
        assert pw.train(column, 257) == pw.train(expected, 257)
        pw.encode_to_file(tokenizer, column, "ids.npy")
        assert np.load("ids.npy").tolist() == [id for text in expected for id in tokenizer.encode(text)]
        manifest = pw.encode_corpus(tokenizer, column, "tokens", restart=True)
        assert [each.name for each in manifest.inputs] == ["a.txt", "b.txt"]
        assert pw.count(pw.texts(column)) == pw.count([b"a.txt", b"b.txt"])


def test_a_url_is_named_as_it_is_and_not_read() -> None:
    url = "https://example.org/corpus.txt"
    for source in (url, [url], "s3://bucket/data", pd.Series([url])):
        with pytest.raises(FileNotFoundError, match=r"a URL is not read.* download the file") as caught:
            pw.count(source)
        assert "://" in caught.value.filename
    with pytest.raises(FileNotFoundError, match="a URL is not read"):
        pw.Corpus(url)
    ended = call("tally", url, "--out", "x.counts")
    assert (ended.code, url in ended.err, "a URL is not read" in ended.err) == (1, True, True)
    assert pw.count(["see https://example.org/ for more"]).total > 1


def test_what_is_no_source_is_refused_by_name() -> None:
    bad: list[tuple[Any, type[Exception], str]] = [
        (TEXT, FileNotFoundError, r"pass pw\.texts\(text\)"),
        ("two\nlines", ValueError, r"pass pw\.texts\(text\)"),
        ("", ValueError, r"pass pw\.texts\(text\)"),
        (b"a.txt", TypeError, r"pass pw\.texts\(data\) for a text"),
        (5, TypeError, "source must be a path, .*, not int 5"),
        (None, TypeError, "source must be a path, .*, not None"),
        ({"a": "x"}, TypeError, r"a dict is ambiguous: pass its values"),
        ([Path("a.txt"), b"text"], TypeError, "either paths or texts"),
    ]
    for source, kind, message in bad:
        with pytest.raises(kind, match=message):
            pw.train(source)
    for source in ("missing.txt", "no/such", "nothing*"):
        with pytest.raises(FileNotFoundError) as caught:
            pw.train(source)
        assert caught.value.filename == source


def test_texts_are_always_text() -> None:
    counts = pw.count([TEXT.encode()])
    single: list[Any] = [TEXT, TEXT.encode(), [TEXT], bytearray(TEXT.encode()), memoryview(TEXT.encode())]
    more: list[Any] = [iter([TEXT]), pa.array([TEXT]), np.array([TEXT]), pw.texts(TEXT)]
    for source in single + more:
        assert pw.count(pw.texts(source)) == counts
    assert pw.train(pw.texts(["a.txt", "data"]), 257) == pw.train([b"a.txt", b"data"], 257)
    assert pw.train(pw.texts("two\nlines"), 257).metadata["corpus"][0]["documents"] == 1
    bad: list[tuple[Any, str]] = [
        (Path("a.txt"), r"pw\.Corpus reads files"),
        (pw.Corpus("a.txt"), r"pw\.Corpus reads files"),
        (5, "source must be a path, .*, not int 5"),
        ({"a": 1}, "a dict is ambiguous"),
    ]
    for source, message in bad:
        with pytest.raises(TypeError, match=message):
            pw.texts(source)


def test_a_corpus_takes_lists_of_paths() -> None:
    expected = pw.Corpus("a.txt", "b.txt", lines=True)
    ways: list[tuple[Any, ...]] = [
        (["a.txt", "b.txt"],),
        (("a.txt", Path("b.txt")),),
        (iter(["a.txt"]), "b.txt"),
        (np.array(["a.txt", "b.txt"]),),
        (b"a.txt", [b"b.txt"]),
    ]
    for paths in ways:
        assert pw.Corpus(*paths, lines=True) == expected
    assert list(pw.Corpus(["*.txt"])) == list(expected)
    bad: list[tuple[Any, type[Exception], str]] = [
        ([], ValueError, "there are no paths"),
        ([["a.txt"]], TypeError, "found list in a list"),
        ([5], TypeError, "found int in a list"),
        (5, TypeError, "not int"),
        ({"a.txt": 1}, TypeError, "not dict"),
    ]
    for given, kind, message in bad:
        with pytest.raises(kind, match=message):
            pw.Corpus(given)


def test_a_name_that_is_not_text_is_a_name() -> None:
    name = os.fsdecode(b"odd\xff.txt")
    Path(name).write_text(TEXT)
    assert pw.count([name]) == pw.count(name) == pw.count(os.fsencode(TEXT) for _ in range(1))


@pytest.mark.parametrize("text", ["/", ".", ".."])
def test_signs_that_mean_something_to_the_file_system_are_neither_read_nor_learned(text: str) -> None:
    sources: list[Any] = [[text], (text,), iter([text]), [text] * 3]
    for source in sources:
        with pytest.raises(ValueError, match=r"may be a text.*pw\.Corpus.*pw\.texts"):
            pw.count(source)
    assert pw.count(pw.texts([text])).items() == [(text.encode(), 1)]
    assert pw.count([text, "some words"]).total > 1
    assert files(["hello", "."]) == ["hello", *files(Corpus("."))]
