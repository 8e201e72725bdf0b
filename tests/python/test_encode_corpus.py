"""`encode_corpus`: the ids of every document, whatever the formats, threads, shards and blocks; what is told of it."""

import itertools
import json
import os
import random
import signal
import subprocess
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from command_line import call, end, isolate, spawn, start
from corpus_files import WAYS, content, documents, lines_of, packed, table_of, write, write_arrow
from hypothesis import given, settings, strategies as st

import pairwright as pw
from pairwright.corpus import files
from pairwright.special import MEANING
from pairwright.tokens import encoding
from pairwright.tokens.manifest import FORMATS

DOCUMENTS = documents()

# Of more bytes than any block that is asked for here, and of no block's size.
LONG = b" ".join(documents(60, 3))

END = "<|end|>"


@pytest.fixture(autouse=True)
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tokenizer: pw.Tokenizer) -> None:
    """An empty folder to work in, but for a model."""
    isolate(tmp_path, monkeypatch)
    tokenizer.save("model.json")


@pytest.fixture
def lines() -> Path:
    """The documents, one in each line."""
    return write(Path("in"), "lines.txt", DOCUMENTS)[0]


def small_blocks(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    """Have blocks of about this many bytes, so that documents come in parts."""
    blocks = files.Corpus.blocks

    def small(self: pw.Corpus, **options: Any) -> Any:
        return blocks(self, **{**options, "size": size})

    monkeypatch.setattr(files.Corpus, "blocks", small)


def splits_of(folder: Path) -> dict[str, list[list[int]]]:
    """The ids of every document of each split, as they are read back. Checks all that can be checked."""
    assert pw.verify_tokens(folder) == []
    opened = {name: pw.open_tokens(folder, name) for name in pw.open_tokens(folder).splits}
    assert not (folder / "progress.json").exists()
    return {name: [ids.tolist() for ids in tokens] for name, tokens in opened.items()}


def expected_of(tokenizer: pw.Tokenizer, texts: Sequence[bytes], append: str | None = None) -> list[list[int]]:
    """The ids of every document: the oracle."""
    end_ = [] if append is None else [tokenizer.special_tokens[append]]
    return [[*tokenizer.encode(text), *end_] for text in texts]


@pytest.mark.parametrize("name", WAYS)
@pytest.mark.parametrize("append", [None, END])
def test_every_input_format_gives_the_ids_of_its_documents(
    name: str, append: str | None, tokenizer: pw.Tokenizer
) -> None:
    corpus = pw.Corpus(*write(Path("in"), name, DOCUMENTS), **WAYS[name])
    manifest = pw.encode_corpus(tokenizer, corpus, "out", append=append)
    assert splits_of(Path("out")) == {"train": expected_of(tokenizer, DOCUMENTS, append)}
    assert list(pw.decode_tokens("out")) == DOCUMENTS
    assert [each.name for each in manifest.inputs] == [origin.name for origin in corpus.origins]
    assert sum(each.documents for each in manifest.inputs) == manifest.splits[0].documents == len(DOCUMENTS)
    assert manifest.splits[0].bytes == sum(map(len, DOCUMENTS))


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("validation", [0.0, 0.3])
def test_threads_blocks_and_inputs_change_no_byte_of_any_output_format(
    format: Any, validation: float, tokenizer: pw.Tokenizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = [*DOCUMENTS[:30], LONG, *DOCUMENTS[30:]]
    sources = [
        pw.Corpus(write(Path("a"), "lines.txt", texts)[0], lines=True),
        pw.Corpus(write(Path("b"), "objects.ndjson.gz", texts)[0]),
        pw.Corpus(*write(Path("c"), "file.txt", texts)),
        pw.Corpus(write(Path("d"), "rows.parquet", texts)[0]),
    ]
    options: dict[str, Any] = {"format": format, "shard_tokens": 300, "append": END, "validation": validation}
    # So that the first part of a document has it, whatever the size of the blocks.
    monkeypatch.setattr(encoding, "HASHED", 100)
    pw.encode_corpus(tokenizer, sources[0], "whole", **options)
    shards = {name: data for name, data in content(Path("whole")).items() if name != "manifest.json"}
    assert len(shards) > 5
    assert sorted(itertools.chain(*splits_of(Path("whole")).values())) == sorted(expected_of(tokenizer, texts, END))
    for number, source in enumerate(sources):
        for threads, size in ((1, 1 << 20), (2, 100), (4, 700)):
            folder = Path(f"out-{number}-{threads}")
            with monkeypatch.context() as context:
                small_blocks(context, size)
                pw.encode_corpus(tokenizer, source, folder, threads=threads, **options)
            found = content(folder)
            del found["manifest.json"]
            assert found == shards


texts = st.text(st.sampled_from("ab é中\t'12"), max_size=150)


@given(
    drawn=st.lists(st.tuples(texts, st.sampled_from([1, 1, 1, 30, 90])), min_size=1, max_size=10),
    size=st.integers(1, 150),
    shard_tokens=st.integers(1, 120),
    append=st.sampled_from([None, END]),
    validation=st.sampled_from([0.0, 0.5]),
    format=st.sampled_from(FORMATS),
    name=st.sampled_from(["file.txt", "file.txt.gz", "lines.txt", "rows.arrow"]),
)
@settings(max_examples=60)
def test_documents_in_parts_have_the_ids_of_the_whole_ones(
    drawn: Sequence[tuple[str, int]],
    size: int,
    shard_tokens: int,
    append: str | None,
    validation: float,
    format: Any,
    name: str,
    tokenizer: pw.Tokenizer,
) -> None:
    given_ = [(text * times).encode() or b" " for text, times in drawn]
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as context:
        small_blocks(context, size)
        corpus = pw.Corpus(*write(Path(folder, "in"), name, given_), **WAYS[name])
        out = Path(folder, "out")
        manifest = pw.encode_corpus(
            tokenizer, corpus, out, format=format, shard_tokens=shard_tokens, append=append, validation=validation
        )
        expected = expected_of(tokenizer, given_, append)
        found = splits_of(out)
        assert sorted(itertools.chain(*found.values())) == sorted(expected)
        if not validation:
            assert found == {"train": expected}
        # A shard ends with the document that brings it to its size, and with no other.
        for split in manifest.splits:
            start = 0
            for number, shard in enumerate(split.shards):
                sizes = [len(ids) for ids in found[split.name][start : start + shard.documents]]
                assert sum(sizes[:-1]) < shard_tokens
                assert sum(sizes) >= shard_tokens or number == len(split.shards) - 1
                assert sum(sizes) == shard.tokens
                start += shard.documents


@pytest.mark.parametrize("pattern", ["cl100k", r"\w+|\W"])
def test_a_long_document_in_parts_is_one_document(
    pattern: str, python_docs: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokenizer = pw.train([python_docs[:50_000]], 400, pattern, special_tokens=[END])
    text = (python_docs[:30_000] + END) * 3 + python_docs[:70]
    Path("long.txt").write_text(text, encoding="utf-8")
    Path("short.txt").write_text("short")
    small_blocks(monkeypatch, 2000)
    for special in ("allow", "text"):
        kinds: Any = special
        pw.encode_corpus(tokenizer, "*.txt", f"out-{special}", special=kinds, shard_tokens=100, append=END)
        found = splits_of(Path(f"out-{special}"))["train"]
        meaning: dict[str, Any] = MEANING[special]
        ids = [[*tokenizer.encode(text, **meaning), 399], [*tokenizer.encode("short"), 399]]
        assert found == ids


def test_a_document_goes_to_its_split_whatever_is_beside_it(tokenizer: pw.Tokenizer) -> None:
    many = documents(300, 9)
    shuffled = random.Random(1).sample(many, len(many))
    found = []
    for number, part in enumerate((many, shuffled, many[:100])):
        path = write(Path(f"in{number}"), "lines.txt", part)[0]
        pw.encode_corpus(tokenizer, pw.Corpus(path, lines=True), f"out{number}", validation=0.2, shard_tokens=500)
        splits_of(Path(f"out{number}"))
        found.append([set(pw.decode_tokens(f"out{number}", split)) for split in ("train", "validation")])
    assert found[0] == found[1]
    assert found[2] == [side & set(many[:100]) for side in found[0]]
    assert not found[0][0] & found[0][1]
    assert 0.1 < len(found[0][1]) / len(set(many)) < 0.35
    # A larger share takes what a smaller one took, and more.
    pw.encode_corpus(tokenizer, pw.Corpus("in0", lines=True), "more", validation=0.5)
    assert found[0][1] < set(pw.decode_tokens("more", "validation"))


def test_the_same_corpus_gives_the_same_folder_and_a_complete_one_is_left_alone(
    tokenizer: pw.Tokenizer, lines: Path
) -> None:
    corpus = pw.Corpus(lines, lines=True)
    first = pw.encode_corpus(tokenizer, corpus, "a", validation=0.2, shard_tokens=500)
    pw.encode_corpus(tokenizer, corpus, "b", validation=0.2, shard_tokens=500, threads=1)
    assert content(Path("a")) == content(Path("b"))
    times = {path: path.stat().st_mtime_ns for path in Path("a").iterdir()}
    events: list[pw.EncodingEvent] = []
    again = pw.encode_corpus(tokenizer, corpus, "a", validation=0.2, shard_tokens=500, progress=events.append)
    assert (again, events) == (first, [])
    assert {path: path.stat().st_mtime_ns for path in Path("a").iterdir()} == times
    assert pw.encode_corpus(tokenizer, corpus, "c", validation=0) == pw.encode_corpus(tokenizer, corpus, "c")


def test_a_source_may_be_a_path_a_folder_or_a_pattern(tokenizer: pw.Tokenizer) -> None:
    paths = write(Path("in"), "file.txt", DOCUMENTS[:5])
    whole = expected_of(tokenizer, DOCUMENTS[:5])
    sources: list[tuple[Any, list[list[int]]]] = [
        (paths[0], whole[:1]),
        (str(paths[0]), whole[:1]),
        ("in", whole),
        ("in/*.txt", whole),
    ]
    for number, (source, expected) in enumerate(sources):
        pw.encode_corpus(tokenizer, source, f"out{number}")
        assert splits_of(Path(f"out{number}")) == {"train": expected}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"format": "csv"}, 'format=\'csv\': must be "bin", "npy", "parquet"'),
        ({"special": "ignore"}, 'special=\'ignore\': must be "refuse", "allow" or "text"'),
        ({"shard_tokens": 0}, "shard_tokens=0: must be at least 1"),
        ({"validation": 1.0}, "validation=1.0: must be a share"),
        ({"validation": -0.1}, "validation=-0.1: must be a share"),
        ({"validation": float("nan")}, "validation=nan: must be a share"),
        ({"append": "<|eot|>"}, r"append='<\|eot\|>': it is no special token of this tokenizer; there are '<\|end\|>'"),
        ({"threads": -1}, "threads=-1: must not be negative"),
    ],
)
def test_settings_that_cannot_be_are_told_before_anything_is_written(
    options: dict[str, Any], message: str, tokenizer: pw.Tokenizer, lines: Path
) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        pw.encode_corpus(tokenizer, pw.Corpus(lines, lines=True, on_error="skip"), "out", **options)
    assert not isinstance(caught.value, pw.DocumentError)
    assert not Path("out").exists()


def test_progress_tells_what_is_done(tokenizer: pw.Tokenizer, lines: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small_blocks(monkeypatch, 500)
    lines.write_bytes(lines.read_bytes() * 5)
    events: list[pw.EncodingEvent] = []
    manifest = pw.encode_corpus(tokenizer, pw.Corpus(lines, lines=True), "out", append=END, progress=events.append)
    assert len(events) > 3
    assert all(
        before.read <= after.read and before.tokens <= after.tokens for before, after in itertools.pairwise(events)
    )
    last, split = events[-1], manifest.splits[0]
    assert (last.documents, last.bytes, last.tokens) == (split.documents, split.bytes, split.tokens)
    assert last.read == last.total == lines.stat().st_size


def test_a_callback_that_stops_the_work_ends_it_and_the_same_call_goes_on(
    tokenizer: pw.Tokenizer, lines: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_blocks(monkeypatch, 500)
    lines.write_bytes(lines.read_bytes() * 8)
    corpus = pw.Corpus(lines, lines=True)
    pw.encode_corpus(tokenizer, corpus, "whole", shard_tokens=300, validation=0.3)
    seen = 0
    for most in range(6, 100, 6):
        events: list[pw.EncodingEvent] = []

        def receive(event: pw.EncodingEvent, events: list[pw.EncodingEvent] = events, most: int = most) -> bool:
            events.append(event)
            time.sleep(0.005)  # so that the writer has time for a shard
            return len(events) < most

        try:
            pw.encode_corpus(tokenizer, corpus, "out", shard_tokens=300, validation=0.3, progress=receive)
            break
        except pw.StoppedError as error:
            assert "progress callback" in str(error)  # noqa: PT017  the last time there is none
            seen += 1
            assert not [name for name in content(Path("out")) if name.startswith(".")]
            assert not Path("out/manifest.json").exists()
            with pytest.raises(pw.FormatError, match="not complete"):
                pw.open_tokens("out")
    assert seen
    assert content(Path("out")) == content(Path("whole"))
    splits_of(Path("out"))


def threads_of_process() -> set[str]:
    """The names of the threads of this process, those of the core too."""
    names = set()
    for path in Path("/proc/self/task").iterdir():
        # One may end while others are read.
        with suppress(FileNotFoundError, ProcessLookupError):
            names.add((path / "comm").read_text().strip())
    return names


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="this system has no /proc")
@pytest.mark.parametrize("name", ["lines.txt", "rows.parquet"])
def test_an_error_anywhere_comes_through_and_leaves_no_thread_and_no_file(
    name: str, tokenizer: pw.Tokenizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_blocks(monkeypatch, 300)
    path = write(Path("in"), name, DOCUMENTS * 10)[0]
    corpus = pw.Corpus(path, **WAYS[name])

    def fail(event: pw.EncodingEvent) -> None:
        raise LookupError(event.documents)

    def interrupt(_: pw.EncodingEvent) -> None:
        os.kill(os.getpid(), signal.SIGINT)

    def fail_to_write(*_: object) -> None:
        raise OSError(5, "no luck", "a file")

    before = threading.active_count()
    for error, callback in ((LookupError, fail), (KeyboardInterrupt, interrupt)):
        with pytest.raises(error):
            pw.encode_corpus(tokenizer, corpus, "out", progress=callback)
    with monkeypatch.context() as context:
        context.setattr("pairwright.tokens.output.Output.write", fail_to_write)
        with pytest.raises(OSError, match="no luck"):
            pw.encode_corpus(tokenizer, corpus, "out")
    assert threading.active_count() == before
    # The thread that reads ends when it has read what it is at.
    until = time.monotonic() + 60
    while any(name.startswith("pairwright-") for name in threads_of_process()) and time.monotonic() < until:
        time.sleep(0.01)
    assert not [name for name in threads_of_process() if name.startswith("pairwright-re")]
    assert set(content(Path("out"))) == {"progress.json", "model.json"}
    pw.encode_corpus(tokenizer, corpus, "out")
    assert splits_of(Path("out")) == {"train": expected_of(tokenizer, DOCUMENTS * 10)}


# The command line.


def test_the_command_writes_a_folder_and_a_summary(tokenizer: pw.Tokenizer, lines: Path) -> None:
    options = ["--lines", "--append", END, "--shard-tokens", "300", "--validation", "30%", "--format", "npy"]
    ended = call("encode", "model.json", lines, *options, "--out", "out")
    assert (ended.code, ended.out) == (0, b"")
    pw.encode_corpus(
        tokenizer, pw.Corpus(lines, lines=True), "same", append=END, shard_tokens=300, validation=0.3, format="npy"
    )
    assert content(Path("out")) == content(Path("same"))
    facts = {line.split()[0]: " ".join(line.split()[1:]) for line in ended.err.splitlines()}
    manifest = json.loads(Path("out/manifest.json").read_bytes())
    assert facts["documents"] == "40"
    assert facts["tokens"] == f"{manifest['tokens']:,}"
    shards = sum(len(split["shards"]) for split in manifest["splits"])
    assert facts["folder"] == f"out, {shards} npy shards"
    assert "MB/s" in facts["time"]
    again = call("encode", "model.json", lines, *options, "--out", "out")
    assert again.code == 0
    assert "nothing was left to do" in again.err


def test_the_summary_is_json_if_it_is_asked_for_and_nothing_is_said_if_it_is_not() -> None:
    write(Path("in"), "lines.txt", DOCUMENTS)
    Path("in/more.jsonl").write_bytes(lines_of([b"good"]) + b"{}\n")
    options = ["--lines", "--on-error", "skip", "--validation", "0.3"]
    ended = call("encode", "model.json", "in", *options, "--json", "--quiet", "--out", "out")
    assert (ended.code, ended.err) == (0, "")
    found = json.loads(ended.out)
    manifest = json.loads(Path("out/manifest.json").read_bytes())
    assert {key: found[key] for key in ("documents", "bytes", "tokens")} == {
        key: manifest[key] for key in ("documents", "bytes", "tokens")
    }
    assert (found["folder"], found["skipped"], found["documents"]) == ("out", 1, 41)
    assert found["bytes_per_token"] == found["bytes"] / found["tokens"]
    assert found["seconds"] > 0
    assert found["mb_per_second"] > 0
    assert found["splits"]["train"]["documents"] + found["splits"]["validation"]["documents"] == 41
    said = call("encode", "model.json", "in", *options, "--out", "out2").err
    assert 'skipped: in/more.jsonl, line 2: there is no field "text", nor any other' in said.splitlines()
    assert call("encode", "model.json", "in", *options, "--quiet", "--out", "out3").err == ""


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["--append", END], "--append goes with a folder"),
        (["--shard-tokens", "5"], "--shard-tokens goes with a folder"),
        (["--validation", "0.1"], "--validation goes with a folder"),
        (["--format", "bin"], "--format goes with a folder"),
        (["--json"], "--json goes with a folder"),
        (
            ["--append", END, "--out", "ids.txt"],
            "--append goes with a folder or a file of ids, and ids.txt is a file of text",
        ),
        (["--json", "--out", "-"], "--json goes with a folder"),
        (["--validation", "1.5", "--out", "out"], "is no share such as 0.01 or 1%"),
        (["--validation", "some", "--out", "out"], "is no share such as 0.01 or 1%"),
        (["--validation", "nan", "--out", "out"], "is no share such as 0.01 or 1%"),
        (["--shard-tokens", "0", "--out", "out"], "greater than or equal to 1"),
        (["--separator", r"\q", "--out", "out"], r"\q is no escape; there are \n, \t, \r, \0, \\"),
        (["--separator", "a\\", "--out", "out"], r"is no escape; there are \n"),
        (["--format", "csv", "--out", "out"], "csv"),
    ],
)
def test_wrong_usage_is_told_from_failure(arguments: list[str], error: str, lines: Path) -> None:
    ended = call("encode", "model.json", lines, *arguments)
    assert (ended.code, ended.out) == (2, b"")
    first, second = ended.err.splitlines()
    assert first.startswith("error: ")
    assert error in first
    assert second.startswith("hint: ")
    assert not Path("out").exists()


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["--lines", "--separator", "x", "--out", "out"], "lines and separator do not go together"),
        (["--separator", "", "--out", "out"], "separator is empty"),
        (
            ["--append", "<|eot|>", "--out", "out"],
            "it is no special token of this tokenizer; there are '<|end|>', '<|pad|>'",
        ),
        (["--threads", "-1", "--out", "out"], "threads=-1: must not be negative"),
        (["--threads", "-1"], "threads=-1: must not be negative"),
    ],
)
def test_what_only_the_work_can_find_out_is_one_line(arguments: list[str], error: str, lines: Path) -> None:
    ended = call("encode", "model.json", lines, *arguments)
    assert ended.code == 1
    assert ended.err.startswith("error: ")
    assert error in ended.err.splitlines()[0]
    assert "Traceback" not in ended.err
    assert not Path("out").exists()


def test_separators_may_be_typed_with_escapes() -> None:
    Path("a.txt").write_bytes(b"one\0two\0three")
    Path("b.txt").write_bytes(b"ein\\zwei")
    for number, (typed, name, expected) in enumerate(
        ((r"\0", "a.txt", [b"one", b"two", b"three"]), (r"\\", "b.txt", [b"ein", b"zwei"]))
    ):
        assert call("encode", "model.json", name, "--separator", typed, "--out", f"out{number}").code == 0
        assert list(pw.decode_tokens(f"out{number}")) == expected
        decoded = call("decode", f"out{number}")
        assert decoded.out == Path(name).read_bytes()


def test_standard_input_is_encoded_and_verified(tokenizer: pw.Tokenizer) -> None:
    given_ = b"\n".join(DOCUMENTS)
    for number, run in enumerate((spawn, call)):
        ended = run("encode", "model.json", "--lines", "--out", f"out{number}", given=given_)
        assert ended.code == 0, ended.err
        assert splits_of(Path(f"out{number}")) == {"train": expected_of(tokenizer, DOCUMENTS)}
        manifest = json.loads(Path(f"out{number}/manifest.json").read_bytes())
        assert manifest["inputs"][0]["name"] == "-"
        verified = call("verify", f"out{number}")
        assert (verified.code, "gone" in verified.err) == (0, False)
    ended = call("encode", "model.json", "-", "--lines", "--out", "out0", given=given_)
    assert ended.err.splitlines()[0] == "error: out0 is complete, and standard input may differ"


def test_ctrl_c_while_a_pipe_gives_nothing_ends_the_command_and_it_goes_on_later() -> None:
    process = start("encode", "model.json", "--lines", "--out", "out", "--shard-tokens", "50")
    assert process.stdin is not None
    process.stdin.write(b"first\n" * 100_000)
    process.stdin.flush()
    process.send_signal(signal.SIGINT)
    ended = end(process)
    assert (ended.code, ended.out, ended.err) == (130, b"", "interrupted\n")
    assert not [name for name in content(Path("out")) if name.startswith(".")] if Path("out").exists() else True
    ended = spawn("encode", "model.json", "--lines", "--out", "out", "--shard-tokens", "50", given=b"one\ntwo")
    assert ended.code == 0, ended.err
    assert list(pw.decode_tokens("out")) == [b"one", b"two"]


def test_encoding_shows_a_bar_on_a_terminal_only(lines: Path) -> None:
    from command_line import terminal

    with terminal() as screen:
        ended, shown = screen.run("encode", "model.json", lines, "--lines", "--out", "out", stderr=screen.program)
    assert (ended.code, ended.out) == (0, b"")
    assert b"encoding" in shown
    assert b"documents" in shown
    ended = spawn("encode", "model.json", lines, "--lines", "--out", "out2", stdout=subprocess.DEVNULL)
    assert "encoding" not in ended.err


def test_columns_of_every_kind_of_text_are_encoded(tokenizer: pw.Tokenizer) -> None:
    import pyarrow as pa

    kinds = [pa.string(), pa.large_string(), pa.string_view(), pa.binary(), pa.large_binary(), pa.binary_view()]
    for number, kind in enumerate(kinds):
        write_arrow(Path(f"{number}.arrow"), table_of(DOCUMENTS, kind))
        pw.encode_corpus(tokenizer, f"{number}.arrow", f"out{number}", shard_tokens=200)
        assert splits_of(Path(f"out{number}")) == {"train": expected_of(tokenizer, DOCUMENTS)}
    assert packed("a.txt", b"") == b""
