"""`Corpus`: every format gives the same documents, whatever the blocks; what cannot be read is named or passed over."""

import gzip
import hashlib
import io
import json
import os
import random
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pyarrow.parquet
import pytest
from broken_files import BROKEN, THREE, broken
from command_line import call, isolate, spawn
from corpus_files import DENIED, MISSING, WAYS, as_nobody, documents, lines_of, packed, table_of, write, write_arrow
from hypothesis import given, settings, strategies as st

import pairwright as pw
from pairwright.corpus.blocks import Block, Position

DOCUMENTS = documents()


@pytest.fixture(autouse=True)
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty folder to work in."""
    isolate(tmp_path, monkeypatch)


def joined(blocks: Iterable[Block], *, keeps: bool = False) -> dict[Position, bytes]:
    """The documents of blocks by their place. Documents that are abandoned are left out."""
    found: dict[Position, bytes] = {}
    last: Position | None = None
    for block in blocks:
        if block.abandons:
            assert last is not None
            del found[last]
        for number in range(block.length):
            at = block.position(number)
            goes_on = number == 0 and block.continues
            assert goes_on == (at in found)
            found[at] = found.get(at, b"") + block.text(number)
        last = block.position(block.length - 1) if block.goes_on else None
        assert not block.goes_on or block.length
    assert last is None or keeps
    assert list(found) == sorted(found)
    return found


@pytest.mark.parametrize("name", WAYS)
def test_every_format_gives_the_same_documents(name: str) -> None:
    paths = write(Path("in"), name, DOCUMENTS)
    corpus = pw.Corpus(*paths, **WAYS[name])
    assert list(corpus) == DOCUMENTS
    assert list(pw.Corpus("in", **WAYS[name])) == DOCUMENTS
    assert corpus.size() == sum(path.stat().st_size for path in paths)
    read = list(corpus.blocks())
    assert read[-1].read == corpus.size()
    ended = [file for block in read for file in block.ended]
    assert [(file.bytes, file.sha256) for file in ended] == [
        (path.stat().st_size, hashlib.sha256(path.read_bytes()).hexdigest()) for path in paths
    ]
    assert sum(file.documents for file in ended) == len(DOCUMENTS)


@pytest.mark.parametrize("name", WAYS)
@pytest.mark.parametrize("size", [1, 300, 5000])
def test_blocks_of_any_size_have_the_same_documents_from_any_place_on(name: str, size: int) -> None:
    corpus = pw.Corpus(*write(Path("in"), name, DOCUMENTS), *write(Path("more"), "lines.txt", [b"last"]), **WAYS[name])
    cut_for = ("cl100k", ["<|endof|>"])
    whole = joined(corpus.blocks())
    assert [*whole.values()][:-1] == DOCUMENTS
    for start in [Position(0, 0), *list(whole)[7::11], Position(len(corpus.origins) - 1, 5)]:
        rest = {at: text for at, text in whole.items() if at >= start}
        assert joined(corpus.blocks(size=size, start=start, cut_for=cut_for)) == rest
        assert joined(corpus.blocks(size=size, start=start)) == rest


cuts = st.sampled_from(
    ["a", "bc", "\n", "\r\n", "\r", "\ufeff", "--", "-", " ", "é", "中", "<|e|>", "<|e", "", "word " * 30]
)


@given(
    parts=st.lists(cuts, max_size=60),
    separator=st.sampled_from([b"--", b"\n\n", b"-", "é".encode(), b"\xff"]),
    size=st.integers(1, 400),
    packing=st.sampled_from(["", ".gz", ".zst", ".bz2", ".xz"]),
    marked=st.booleans(),
)
@settings(max_examples=150)
def test_text_is_cut_as_python_cuts_it(
    parts: Sequence[str], separator: bytes, size: int, packing: str, marked: bool
) -> None:
    content = "\ufeff" * marked + "".join(parts)
    # Python, too, takes no more than one mark away.
    text = content.encode().decode("utf-8-sig").encode()

    def split(by: bytes) -> list[bytes]:
        pieces = text.split(by)
        return pieces[:-1] if pieces[-1] == b"" else pieces

    with TemporaryDirectory() as folder:
        path = Path(folder, f"text.txt{packing}")
        path.write_bytes(packed(path.name, content.encode()))
        lines = io.BytesIO(text).readlines()
        for options, expected in (
            ({}, [text]),
            ({"lines": True}, [re.sub(rb"\r?\n\Z", b"", line) for line in lines]),
            ({"separator": separator}, split(separator)),
        ):
            corpus = pw.Corpus(path, **options)
            blocks = corpus.blocks(size=size, cut_for=("cl100k", ["<|e|>"]))
            assert list(joined(blocks).values()) == expected
            assert list(corpus) == expected


@given(
    texts=st.lists(st.none() | st.text(st.sampled_from('ab \né中😀\0"\\'), max_size=30), max_size=30),
    rows=st.integers(1, 9),
    size=st.integers(1, 200),
    start=st.integers(0, 31),
    kind=st.sampled_from([pa.string(), pa.large_string(), pa.string_view(), pa.binary(), pa.large_binary()]),
    name=st.sampled_from(["rows.parquet", "rows.arrow", "stream.arrow", "objects.jsonl"]),
)
@settings(max_examples=150)
def test_rows_and_objects_are_documents_and_nulls_are_passed_over(
    texts: Sequence[str | None], rows: int, size: int, start: int, kind: pa.DataType, name: str
) -> None:
    encoded = [None if text is None else text.encode() for text in texts]
    with TemporaryDirectory() as folder:
        path = Path(folder, name)
        if name == "objects.jsonl":
            path.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
        elif name == "rows.parquet":
            pyarrow.parquet.write_table(table_of(encoded, kind), path, row_group_size=rows)
        else:
            write_arrow(path, table_of(encoded, kind), stream=name.startswith("stream"), rows=rows)
        skipping = pw.Corpus(path, on_error="skip")
        expected = {Position(0, at): text for at, text in enumerate(encoded) if text is not None and at >= start}
        blocks = list(skipping.blocks(size=size, start=Position(0, start)))
        assert joined(blocks) == expected
        nulls = [each.at.document for block in blocks for each in block.skipped]
        expected_nulls = [at for at, text in enumerate(encoded) if text is None and at >= start]
        if name == "objects.jsonl" and not any(text is not None for text in texts) and start == 0:
            # Not a line is good: that is a fault of the file.
            expected_nulls = expected_nulls[:1]
        assert nulls == expected_nulls
        if None not in texts:
            assert list(pw.Corpus(path)) == encoded
        else:
            with pytest.raises(pw.DocumentError, match="null"):
                list(pw.Corpus(path))


def test_columns_that_repeat_their_texts_are_text_too() -> None:
    repeated = [b"one", b"two", None, b"one"] * 10
    column = pa.array(repeated, pa.binary()).cast(pa.string()).dictionary_encode()
    write_arrow(Path("a.arrow"), pa.table({"text": column}))
    pyarrow.parquet.write_table(pa.table({"text": column}), "a.parquet")
    for name in ("a.arrow", "a.parquet"):
        corpus = pw.Corpus(name, on_error="skip")
        assert list(joined(corpus.blocks()).values()) == [text for text in repeated if text is not None]


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string()])
@pytest.mark.parametrize("is_dictionary", [False, True])
def test_what_is_no_utf_8_is_kept_byte_for_byte_in_columns_of_strings(kind: pa.DataType, is_dictionary: bool) -> None:
    texts = [b"caf\xe9", b"good", b"\xff", b"caf\xe9"]
    width = pa.binary() if kind == pa.string() else pa.large_binary()
    column = pa.Array.from_buffers(kind, len(texts), pa.array(texts, width).buffers())
    if is_dictionary:
        column = pa.DictionaryArray.from_arrays(pa.array([0, 1, 2, 0], pa.int32()), column[:3])
    write_arrow(Path("rows.arrow"), pa.table({"text": column}))
    pyarrow.parquet.write_table(pa.table({"text": column}), "rows.parquet")
    for name in ("rows.arrow", "rows.parquet"):
        assert list(pw.Corpus(name)) == texts


def test_what_is_no_utf_8_is_kept_byte_for_byte_in_text_and_in_columns_of_bytes() -> None:
    texts = [b"caf\xe9", b"\xff\xfe\x01", b"\xed\xa0\x80", b"good"]
    Path("lines.txt").write_bytes(b"\n".join(texts))
    write_arrow(Path("rows.arrow"), table_of(texts, pa.binary()))
    pyarrow.parquet.write_table(table_of(texts, pa.binary()), "rows.parquet")
    for name in ("lines.txt", "rows.arrow", "rows.parquet"):
        assert list(pw.Corpus(name, lines=True)) == texts
        assert pw.count(pw.Corpus(name, lines=True)) == pw.count(texts)


def test_files_of_a_folder_come_in_the_order_of_their_names() -> None:
    names = ["b.txt", "a/z.jsonl", "a/b/c.txt.gz", "B.txt", "c.parquet"]
    hidden = [".hidden.txt", ".git/config.txt", "a/.b/c.txt"]
    for name in [*names, *hidden]:
        path = Path("in", name)
        path.parent.mkdir(parents=True, exist_ok=True)
        write(path.parent, "lines.txt", [name.encode()])
        (path.parent / "lines.txt").rename(path)
    found = [path.as_posix() for path in (origin.path for origin in pw.Corpus("in").origins) if path is not None]
    assert found == ["in/B.txt", "in/a/b/c.txt.gz", "in/a/z.jsonl", "in/b.txt", "in/c.parquet"]
    formats = [(origin.format, origin.packing) for origin in pw.Corpus("in").origins]
    assert formats == [("text", ""), ("text", "gzip"), ("jsonl", ""), ("text", ""), ("parquet", "")]
    patterns = {
        "in/*.txt": ["in/B.txt", "in/b.txt"],
        "in/**/*.gz": ["in/a/b/c.txt.gz"],
        "in/a/[xyz].jsonl": ["in/a/z.jsonl"],
    }
    for pattern, expected in patterns.items():
        assert [origin.name for origin in pw.Corpus(pattern).origins] == expected
    Path("in/[x].txt").write_bytes(b"a name, not a pattern")
    assert list(pw.Corpus("in/[x].txt")) == [b"a name, not a pattern"]
    assert [origin.name for origin in pw.Corpus("in/b.txt", Path("in/a"), "in/b.txt").origins] == [
        "in/b.txt", "in/a/b/c.txt.gz", "in/a/z.jsonl", "in/b.txt",
    ]  # fmt: skip
    (Path("empty") / ".hidden").mkdir(parents=True)
    for given_, message in (("empty", "the folder has no files"), ("in/*.csv", "no file fits this pattern")):
        with pytest.raises(FileNotFoundError, match=message) as caught:
            pw.Corpus(given_)
        assert caught.value.filename == given_


def test_a_format_that_is_named_goes_before_the_name() -> None:
    Path("data.bin").write_bytes(lines_of([b"one", b"two"]))
    assert list(pw.Corpus("data.bin", format="jsonl")) == [b"one", b"two"]
    Path("data.jsonl").write_bytes(b"not JSON")
    assert list(pw.Corpus("data.jsonl", format="text")) == [b"not JSON"]
    Path("lines.gz").write_bytes(gzip.compress(lines_of([b"one", b"two"], "body")))
    assert list(pw.Corpus("lines.gz", format="jsonl", text_field="body")) == [b"one", b"two"]


@pytest.mark.parametrize(
    ("paths", "options", "message"),
    [
        (["a"], {"lines": True, "separator": "x"}, "do not go together"),
        (["a"], {"separator": ""}, "separator is empty"),
        (["a"], {"separator": b""}, "separator is empty"),
        (["a"], {"on_error": "ignore"}, 'must be "stop" or "skip"'),
        (["a"], {"format": "xml"}, "must be one of text, jsonl, json, csv, tsv, parquet, arrow"),
        (["a.parquet.gz"], {}, "a parquet file is compressed inside; unpack it first"),
        ([], {}, "there are no paths"),
        (["a.csv"], {"separator": "x"}, r"only text is cut at a separator, and a\.csv is read as csv"),
        (["a.parquet", "b.jsonl.gz"], {"separator": "x"}, r"only text is cut at a separator, and a\.parquet is"),
        (
            ["a.txt"],
            {"separator": "x", "format": "json"},
            r"only text is cut at a separator, and a\.txt is read as json",
        ),
    ],
)
def test_options_that_cannot_be_meant(paths: list[str], options: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        pw.Corpus(*paths, **options)


@pytest.mark.parametrize("name", WAYS)
def test_training_and_counting_take_every_format(name: str) -> None:
    corpus = pw.Corpus(*write(Path("in"), name, DOCUMENTS), **WAYS[name])
    counts = pw.count(DOCUMENTS, special_tokens=["<|endof|>"])
    for threads in (1, 2, 4):
        assert pw.count(corpus, special_tokens=["<|endof|>"], threads=threads) == counts
    learned = pw.train(corpus, 300)
    assert learned == pw.train(DOCUMENTS, 300)
    described = learned.metadata["corpus"]
    assert [each["name"] for each in described] == [Path(origin.name).name for origin in corpus.origins]
    for each, origin in zip(described, corpus.origins, strict=True):
        assert origin.path is not None
        content = origin.path.read_bytes()
        assert (each["bytes"], each["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
    # A file of text is one document, which goes without saying.
    number = None if name.startswith("file") else len(DOCUMENTS)
    assert described[0].get("documents") == number


def test_files_of_several_formats_are_one_corpus(tokenizer: pw.Tokenizer) -> None:
    tokenizer.save("model.json")
    parts = [DOCUMENTS[at : at + 8] for at in range(0, 40, 8)]
    names = ["lines.txt.zst", "rows.parquet", "objects.jsonl", "stream.feather", "rows.arrow"]
    paths = [write(Path("in"), name, part)[0] for name, part in zip(names, parts, strict=True)]
    corpus = pw.Corpus(*paths, lines=True)
    assert list(corpus) == DOCUMENTS
    assert pw.count(corpus) == pw.count(DOCUMENTS)
    ended = call("count", "model.json", *paths, "--lines", "--json")
    found = json.loads(ended.out)
    assert [each["documents"] for each in found["files"]] == [8] * 5
    expected = [sum(tokenizer.count(text) for text in part) for part in parts]
    assert [each["tokens"] for each in found["files"]] == expected
    assert (found["documents"], found["tokens"], found["skipped"]) == (40, sum(expected), 0)
    shown = call("count", "model.json", *paths, "--lines").out.decode().splitlines()
    assert shown == [*(f"{n}\t{p}" for n, p in zip(expected, paths, strict=True)), f"{sum(expected)}\ttotal"]
    # Printed ids are the same, too: a line for each document.
    ids = call("encode", "model.json", *paths, "--lines", "--special", "text").out.decode().splitlines()
    assert ids == [" ".join(map(str, tokenizer.encode_ordinary(text))) for text in DOCUMENTS]


@pytest.mark.parametrize("name", WAYS)
def test_the_command_line_reads_every_format(name: str, tokenizer: pw.Tokenizer) -> None:
    tokenizer.save("model.json")
    write(Path("in"), name, DOCUMENTS)
    options = {
        "lines": ["--lines"],
        "separated": ["--separator", r"\n--\n"],
        "objects": ["--text-field", "text"],
        "rows": ["--text-column", "text"],
    }.get(name.partition(".")[0], [])
    ended = call("tally", "in", *options, "--out", "x.counts", "--quiet")
    assert (ended.code, ended.err) == (0, "")
    assert pw.Counts.load("x.counts") == pw.count(DOCUMENTS)
    assert call("train", "in", *options, "--vocab-size", "300", "--out", "new.json", "--quiet").code == 0
    assert pw.Tokenizer.load("new.json") == pw.train(DOCUMENTS, 300)
    counted = json.loads(call("count", "model.json", "in", *options, "--json").out)
    assert counted["documents"] == len(DOCUMENTS)
    assert counted["tokens"] == sum(tokenizer.count(text) for text in DOCUMENTS)


def test_standard_input_is_text_or_lines_from_a_pipe_or_from_what_python_has_instead(tokenizer: pw.Tokenizer) -> None:
    tokenizer.save("model.json")
    for options, given_ in ((["--lines"], b"\n".join(DOCUMENTS)), (["--input-format", "jsonl"], lines_of(DOCUMENTS))):
        for run in (spawn, call):
            counted = json.loads(run("count", "model.json", "-", *options, "--json", given=given_).out)
            assert (counted["files"][0]["name"], counted["documents"]) == ("-", len(DOCUMENTS))
            assert run("tally", "-", *options, "--out", "x.counts", "--quiet", given=given_).err == ""
            assert pw.Counts.load("x.counts") == pw.count(DOCUMENTS)
    ended = call("count", "model.json", "--input-format", "parquet", given=b"")
    assert ended.err == "error: parquet cannot be read from standard input; name a file\n"


@pytest.mark.parametrize("packing", ["", ".gz", ".zst", ".bz2", ".xz"])
def test_long_documents_are_counted_in_parts(
    packing: str, tokenizer: pw.Tokenizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pairwright.corpus import files

    tokenizer.save("model.json")
    drawn = random.Random(3)
    long = b" ".join(drawn.randbytes(3).hex().encode() for _ in range(20_000))
    texts = [long, b"", long[:50_000], b"short"]
    for number, text in enumerate(texts):
        Path(f"{number}.txt{packing}").write_bytes(packed(packing, text))
    blocks = files.Corpus.blocks

    def small(self: pw.Corpus, **options: Any) -> Any:
        return blocks(self, **{**options, "size": 10_000})

    monkeypatch.setattr(files.Corpus, "blocks", small)
    found = json.loads(call("count", "model.json", f"*.txt{packing}", "--json").out)
    assert [each["tokens"] for each in found["files"]] == [tokenizer.count(text) for text in texts]
    assert [each["documents"] for each in found["files"]] == [1] * 4


def kept(corpus: pw.Corpus, size: int) -> tuple[list[bytes], list[Any]]:
    """The documents of a corpus that passes over others, and these."""
    blocks = list(corpus.blocks(size=size, cut_for=("cl100k", [])))
    return list(joined(blocks).values()), [each for block in blocks for each in block.skipped]


@pytest.mark.parametrize("name", BROKEN)
def test_what_cannot_be_read_is_named_and_what_came_before_is_given(name: str) -> None:
    case = broken(Path("in"), name)
    came: list[bytes] = []
    with pytest.raises(pw.DocumentError) as caught:
        # What comes before the error stays.
        came.extend(pw.Corpus(case.path, **case.options))
    assert str(caught.value).startswith(case.message)
    assert case.reason in str(caught.value)
    assert 'on_error="skip"' in str(getattr(caught.value, "hint", None))
    before = THREE[:1] if case.good == THREE else case.good
    assert case.is_doubtful or came == list(before[: len(came)])
    # A damaged group of rows takes those with it that would be in the same block.
    assert name == "zeros.parquet" or len(came) >= (len(before) if case.at_least is None else case.at_least)
    for work in (pw.count, pw.train):
        with pytest.raises(pw.DocumentError) as caught:
            work(pw.Corpus(case.path, **case.options))
        assert case.reason in str(caught.value)
        assert 'on_error="skip"' in str(getattr(caught.value, "hint", None))


@pytest.mark.parametrize("name", BROKEN)
def test_what_cannot_be_read_is_passed_over_if_that_is_asked_for(name: str) -> None:
    case = broken(Path("in"), name)
    Path("in/good.txt").write_bytes(b"good\n")
    corpus = pw.Corpus(case.path, "in/good.txt", **case.options, on_error="skip")
    last = b"good" if case.options.get("lines") else b"good\n"
    first = None
    for size in (1 << 20, 3000):
        found, skipped = kept(corpus, size)
        assert found[-1] == last
        assert case.has_kept(found[:-1])
        (each,) = skipped
        assert case.reason in each.reason
        assert (each.at.file, each.is_file) == (0, case.is_file)
        if case.place:
            assert each.position == case.place or each.position.startswith(case.place)
        first = first or found
        with pytest.warns(
            pw.SkippedWarning, match=f"^1 {'file' if case.is_file else 'document'} was skipped: "
        ) as warned:
            assert case.has_kept(list(corpus)[:-1])
        assert case.reason in str(warned[0].message)
        assert str(case.path) in str(warned[0].message)
    with pytest.warns(pw.SkippedWarning, match=" was skipped: "):
        counts = pw.count(corpus)
    if case.at_least is None:
        assert counts == pw.count([*case.good, last])
    with pytest.warns(pw.SkippedWarning, match=" was skipped: "):
        learned = pw.train(corpus, 258 if case.good else 257)
    ended = {each["name"]: each for each in learned.metadata["corpus"]}
    assert ended[case.path.name]["sha256"] == hashlib.sha256(case.path.read_bytes()).hexdigest()


@pytest.mark.parametrize(
    "name",
    [
        *("half.gz", "flipped.gz", "cut.zst", "cut.bz2", "flipped.bz2", "half.xz", "cut.jsonl.gz"),
        *("cut.arrow", "cut.parquet", "zeros.parquet"),
    ],
)
def test_what_is_kept_of_a_damaged_file_is_the_same_wherever_reading_begins(name: str) -> None:
    case = broken(Path("in"), name)
    corpus = pw.Corpus(case.path, **case.options, on_error="skip")
    whole = joined(corpus.blocks(size=20_000))
    for start in range(0, len(whole), max(len(whole) // 7, 1)):
        blocks = list(corpus.blocks(size=20_000, start=Position(0, start)))
        assert joined(blocks) == {at: text for at, text in whole.items() if at.document >= start}
        (skipped,) = [each for block in blocks for each in block.skipped]
        assert skipped.at == Position(0, len(whole))


def test_many_skipped_documents_are_told_with_their_number() -> None:
    Path("a.jsonl").write_text("{\n" * 1200 + '{"text":"good"}\n')
    with pytest.warns(pw.SkippedWarning) as warned:
        assert list(pw.Corpus("a.jsonl", on_error="skip")) == [b"good"]
    said = str(warned[0].message)
    assert said.startswith("1,200 documents were skipped: a.jsonl, line 1, column 1: ")
    assert said.endswith("; and 1,197 more")
    ended = call("tally", "a.jsonl", "--on-error", "skip", "--out", "x.counts", "--quiet")
    assert (ended.code, ended.err) == (0, f"warning: {said}\n")


@pytest.mark.parametrize("name", ["a.txt", "a.jsonl.gz", "a.parquet", "a.arrow"])
def test_files_that_are_not_there_or_closed_are_named(name: str) -> None:
    for work in (pw.count, lambda corpus: list(corpus)):
        with pytest.raises(FileNotFoundError) as caught:
            work(pw.Corpus(name))
        assert os.fspath(caught.value.filename) == name
    Path("good.jsonl").write_bytes(lines_of([b"good"]))
    corpus = pw.Corpus(name, "good.jsonl", on_error="skip")
    with pytest.warns(pw.SkippedWarning, match=f"^1 file was skipped: {name}: {MISSING}"):
        assert list(corpus) == [b"good"]
    with pytest.warns(pw.SkippedWarning, match=MISSING):
        assert pw.count(corpus) == pw.count([b"good"])
    ways = {
        "a.txt": "file.txt",
        "a.jsonl.gz": "objects.ndjson.gz",
        "a.parquet": "rows.parquet",
        "a.arrow": "rows.arrow",
    }
    write(Path(), ways[name], [b"closed"])[0].rename(name)
    Path(name).chmod(0)
    with as_nobody():
        for read in (pw.count, lambda corpus: list(corpus)):
            with pytest.raises(PermissionError) as denied:
                read(pw.Corpus(name))
            assert os.fspath(denied.value.filename) == name
        with pytest.warns(pw.SkippedWarning, match=f"{name}: {DENIED}"):
            assert list(corpus) == [b"good"]


@pytest.mark.parametrize(
    "name", ["lines.txt", "file.txt", "objects.jsonl", "rows.parquet", "rows.arrow", "stream.feather"]
)
@pytest.mark.parametrize("on_error", ["stop", "skip"])
def test_a_file_that_changes_while_it_is_read_is_noticed(name: str, on_error: Any) -> None:
    many = documents(3000, 5)
    path = write(Path("in"), name, [b" ".join(many)] if name == "file.txt" else many)[0]
    reason = "it was written to while it was read"
    options = {"lines": True} if name.startswith("lines") else {}
    blocks = pw.Corpus(path, **options, on_error=on_error).blocks(size=5000, cut_for=("cl100k", []))  # type: ignore[arg-type]
    first = next(blocks)
    assert first.length
    with path.open("ab") as file:
        file.write(b"\n")
    if on_error == "stop":
        with pytest.raises(pw.DocumentError, match=reason) as caught:
            list(blocks)
        assert str(caught.value).startswith(str(path))
        return
    rest = list(blocks)
    (skipped,) = [each for block in rest for each in block.skipped]
    assert skipped.reason == reason
    found = joined([first, *rest])
    assert list(found.values()) == ([] if name == "file.txt" else many[: len(found)])


@pytest.mark.parametrize("name", ["rows.arrow", "stream.feather", "rows.parquet"])
def test_any_damage_is_an_error_and_not_the_end_of_the_process(name: str) -> None:
    path = write(Path("in"), name, [text[:100].decode(errors="ignore").encode() for text in DOCUMENTS])[0]
    good = path.read_bytes()
    drawn = random.Random(7)
    for _ in range(150):
        damaged = bytearray(good)
        for _ in range(drawn.randrange(1, 4)):
            damaged[drawn.randrange(len(good))] ^= 1 << drawn.randrange(8)
        path.write_bytes(damaged)
        try:
            pw.count(pw.Corpus(path))
        except pw.DocumentError as error:
            assert str(path) in str(error)  # noqa: PT017  most are damaged in a way that nobody can notice


def test_an_empty_path_is_refused_and_not_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.txt").write_text("to be")
    tokenizer = pw.Tokenizer.from_ranks({bytes([byte]): byte for byte in range(256)}, pattern="gpt2")
    pw.encode_corpus(tokenizer, pw.Corpus("a.txt"), tmp_path / "tokens")
    monkeypatch.chdir(tmp_path / "tokens")
    works: list[Callable[[], object]] = [
        lambda: pw.Corpus(""),
        lambda: pw.Corpus("../a.txt", ""),
        lambda: pw.count(pw.Corpus("../a.txt"), spill_folder=""),
        lambda: pw.encode_corpus(tokenizer, pw.Corpus("../a.txt"), ""),
        lambda: pw.open_tokens(""),
        lambda: pw.verify_tokens(""),
        lambda: pw.decode_tokens(""),
    ]
    for work in works:
        with pytest.raises(ValueError, match="is empty: name a file or folder"):
            work()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_pipes_in_a_folder_are_not_waited_for(tmp_path: Path) -> None:
    Path(tmp_path, "a.txt").write_bytes(b"a")
    os.mkfifo(tmp_path / "b.txt")
    for source in (tmp_path, tmp_path / "*.txt"):
        assert list(pw.Corpus(source)) == [b"a"]
