"""`encode_corpus` where something goes wrong: kills, documents that cannot be used, other folders, full disks."""

import errno
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow.parquet
import pytest
from broken_files import BROKEN, GZIP, JOINED, MANY, THREE, broken
from command_line import call, end, isolate, spawn, start
from corpus_files import DENIED, MISSING, as_nobody, content, documents, lines_of, packed, table_of, write
from foreign_files import PNG
from test_encode_corpus import END, LONG, expected_of, small_blocks, splits_of

import pairwright as pw
from pairwright.cli.hints import RESTART_OPTION
from pairwright.special import MEANING
from pairwright.tokens import encoding
from pairwright.tokens.differences import RESTART
from pairwright.tokens.manifest import FORMATS, checksum

DOCUMENTS = documents()

SPECIAL = "<|pad|>"


@pytest.fixture(autouse=True)
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tokenizer: pw.Tokenizer) -> None:
    """An empty folder to work in, but for a model."""
    isolate(tmp_path, monkeypatch)
    tokenizer.save("model.json")


# Kills.


def write_mixed(texts: Sequence[bytes]) -> None:
    """A folder of files of many formats, with something in each of two that is skipped, and one that is not text."""
    names = ["lines.txt", "lines.txt.zst", "lines.txt.xz", "objects.ndjson.gz", "rows.parquet", "stream.feather"]
    part = len(texts) // len(names)
    for number, name in enumerate(names):
        write(Path("in", str(number)), name, texts[part * number : part * (number + 1)])
    Path("in/1b.txt").write_bytes(PNG)
    Path("in/2b.jsonl").write_bytes(
        lines_of(texts[:50]) + b"{}\n" + lines_of([SPECIAL.encode()]) + lines_of(texts[50:90])
    )


@pytest.mark.parametrize(
    ("options", "kills"),
    [
        ([], 10),
        (["--validation", "0.2"], 10),
        (["--format", "parquet", "--append", END], 4),
    ],
)
def test_a_run_that_is_killed_again_and_again_gives_the_folder_of_one_that_was_not(
    options: list[str], kills: int
) -> None:
    write_mixed(documents(2000, 2))
    command = ["encode", "model.json", "in", "--lines", "--shard-tokens", "2000", "--on-error", "skip", *options]
    assert call(*command, "--out", "whole", "--quiet").code == 0
    drawn = random.Random(kills)
    progress = Path("out/progress.json")
    killed = 0
    for _ in range(kills):
        before = progress.read_bytes() if progress.exists() else b""
        process = start(*command, "--out", "out", "--quiet", stdin=subprocess.DEVNULL)
        # The first thing that a run does is to write anew what it takes up; each one gets further than the last.
        while process.poll() is None and (not progress.exists() or progress.read_bytes() == before):
            time.sleep(0.001)
        time.sleep(drawn.random() * 0.05)
        process.kill()
        killed += end(process).code == -signal.SIGKILL
    assert killed >= kills // 2
    ended = spawn(*command, "--out", "out", "--quiet")
    assert (ended.code, ended.err) == (0, "")
    assert content(Path("out")) == content(Path("whole"))
    splits_of(Path("out"))
    assert len(json.loads(Path("out/manifest.json").read_bytes())["skipped"]) == 3


# Where a run may be killed: a function, at which of its calls, before it or after it.
POINTS = [
    *(("part.PartFile.publish", call_, when) for call_ in (1, 2, 3, 4) for when in ("before", "after")),
    *(("part.PartFile.complete", call_, "after") for call_ in (1, 2, 3)),
    *(("run.Run._save", call_, when) for call_ in (1, 2, 5) for when in ("before", "after")),
    *(("run.write_atomically", 2, when) for when in ("before", "after")),
    *(("run.remove_leftovers", 1, when) for when in ("before", "after")),
    *(("manifest.Manifest.save", 1, when) for when in ("before", "after")),
    *(("output.Output.write", call_, "after") for call_ in (1, 2)),
    ("output.Output.finish", 1, "after"),
]

DYING = """
    import json, os, sys
    from pathlib import Path
    import pairwright as pw
    from pairwright.tokens import encoding, manifest, output, run
    from pairwright.tokens.writers import part
    from pairwright.corpus import files

    blocks = files.Corpus.blocks
    files.Corpus.blocks = lambda self, **options: blocks(self, **{**options, "size": 1000})

    def die_at(name, number, when):
        owner, _, last = name.rpartition(".")
        owner = eval(owner)
        original = getattr(owner, last)
        calls = 0

        def dying(*arguments, **options):
            nonlocal calls
            calls += 1
            if calls == number and when == "before":
                os._exit(77)
            result = original(*arguments, **options)
            if calls == number:
                os._exit(77)
            return result

        setattr(owner, last, dying)

    tokenizer = pw.Tokenizer.load("model.json")
    for number, (name, nth, when) in enumerate(json.loads(sys.argv[1])):
        child = os.fork()
        if child == 0:
            try:
                die_at(name, nth, when)
                corpus = pw.Corpus("in", lines=True)
                pw.encode_corpus(tokenizer, corpus, f"out{number}", shard_tokens=300, validation=float(sys.argv[2]))
            finally:
                os._exit(1)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        assert code == 77, (name, nth, when, code)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.parametrize("validation", ["0", "0.3"])
def test_a_run_that_is_killed_at_the_worst_moments_goes_on(validation: str, tokenizer: pw.Tokenizer) -> None:
    write(Path("in"), "lines.txt", DOCUMENTS)
    options: dict[str, Any] = {"shard_tokens": 300, "validation": float(validation)}
    corpus = pw.Corpus("in", lines=True)
    pw.encode_corpus(tokenizer, corpus, "whole", **options)
    whole = content(Path("whole"))
    script = textwrap.dedent(DYING)
    ended = subprocess.run(
        [sys.executable, "-c", script, json.dumps(POINTS), validation], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    for number, point in enumerate(POINTS):
        folder = Path(f"out{number}")
        pw.encode_corpus(tokenizer, corpus, folder, **options)
        assert content(folder) == whole, point
    splits_of(Path("whole"))


# Documents that cannot be used.


@pytest.mark.parametrize("name", BROKEN)
def test_what_cannot_be_read_ends_the_work_or_is_skipped_and_told(name: str, tokenizer: pw.Tokenizer) -> None:
    case = broken(Path("in"), name)
    first = b"before " * 20_000
    Path("in/a.txt").write_bytes(first + b"\n")
    Path("in/z.txt").write_bytes(b"behind\n")
    paths = [Path("in/a.txt"), case.path, Path("in/z.txt")]
    options: dict[str, Any] = {"shard_tokens": 20_000, "append": END}
    stopping, skipping = (pw.Corpus(*paths, **case.options, on_error=on_error) for on_error in ("stop", "skip"))
    with pytest.raises(pw.DocumentError) as caught:
        pw.encode_corpus(tokenizer, stopping, "out", **options)
    assert str(caught.value).startswith(case.message)
    assert case.reason in str(caught.value)
    found = content(Path("out"))
    # What came before is kept.
    assert {"model.json", "progress.json", "train-00000.bin", "train-00000.offsets"} <= set(found)
    assert "manifest.json" not in found
    assert not [each for each in found if each.startswith(".")]
    # The same folder goes on once such documents are to be skipped.
    manifest = pw.encode_corpus(tokenizer, skipping, "out", **options)
    pw.encode_corpus(tokenizer, skipping, "fresh", **options)
    assert content(Path("out")) == content(Path("fresh"))
    (skipped,) = manifest.skipped
    assert skipped.input == str(case.path)
    assert case.reason in skipped.reason
    assert skipped.position.startswith(case.place)
    assert (skipped.document is None) == case.is_file
    assert [each.bytes for each in manifest.inputs] == [path.stat().st_size for path in paths]
    lines = case.options.get("lines")
    ends = [first if lines else first + b"\n", b"behind" if lines else b"behind\n"]
    texts = list(pw.decode_tokens("out"))
    assert [texts[0], texts[-1]] == ends
    assert case.has_kept(texts[1:-1])
    assert splits_of(Path("out"))["train"] == expected_of(tokenizer, texts, END)
    assert manifest.inputs[1].documents == len(texts) - 2 + (not case.is_file)
    # It is complete: nothing is left to do.
    assert pw.encode_corpus(tokenizer, skipping, "out", **options) == manifest


def test_the_command_line_names_what_cannot_be_used_and_the_way_on() -> None:
    case = broken(Path("in"), "field.jsonl")
    ended = call("encode", "model.json", case.path, "--out", "out")
    assert (ended.code, ended.out) == (1, b"")
    assert ended.err.splitlines() == [
        'error: in/field.jsonl, line 2: there is no field "text", only "body"',
        "hint: --text-field body reads another field; --on-error skip goes on without documents that cannot be used",
    ]
    assert call("encode", "model.json", case.path, "--out", "out", "--on-error", "skip").code == 0
    assert list(pw.decode_tokens("out")) == list(THREE)
    Path("special.txt").write_text(f"good\nnot {SPECIAL}\n")
    for out, where in (([], "line 2"), (["--out", "out2"], "line 2")):
        ended = call("encode", "model.json", "special.txt", "--lines", *out)
        error, hint = ended.err.splitlines()
        assert error == f'error: special.txt, {where}: the text holds the special token "{SPECIAL}" at byte 4'
        assert "allow" in hint
        assert "text" in hint
    ended = call("encode", "model.json", "special.txt", "--lines", "--on-error", "skip")
    assert (ended.code, len(ended.out.splitlines())) == (0, 1)
    assert ended.err.startswith("warning: 1 document was skipped: special.txt, line 2: the text holds")


@pytest.mark.parametrize("name", ["a.txt", "a.jsonl.gz", "a.parquet", "a.arrow", "a.txt.zst"])
@pytest.mark.parametrize("is_there", [False, True])
def test_files_that_are_missing_or_closed_are_named_or_skipped(
    name: str, is_there: bool, tokenizer: pw.Tokenizer
) -> None:
    Path("good.txt").write_bytes(b"good")
    if is_there:
        Path(name).write_bytes(b"closed")
        Path(name).chmod(0)
    reason = DENIED if is_there else MISSING
    # The folders of the tests are closed to nobody.
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        out = Path(folder, "out")
        with as_nobody():
            with pytest.raises(PermissionError if is_there else FileNotFoundError) as caught:
                pw.encode_corpus(tokenizer, pw.Corpus("good.txt", name), out, shard_tokens=1)
            assert os.fspath(caught.value.filename) == name
            corpus = pw.Corpus("good.txt", name, on_error="skip")
            manifest = pw.encode_corpus(tokenizer, corpus, out, shard_tokens=1)
            (skipped,) = manifest.skipped
            assert (skipped.input, skipped.position) == (name, "")
            assert skipped.reason.startswith(reason)
            assert splits_of(out) == {"train": expected_of(tokenizer, [b"good"])}
            assert pw.encode_corpus(tokenizer, corpus, out, shard_tokens=1) == manifest
            assert call("verify", out).code == 0


@pytest.mark.parametrize("name", ["a.txt", "a.jsonl", "a.txt.gz", "a.txt.zst", "a.parquet", "a.arrow"])
def test_an_empty_file_is_an_error(name: str, tokenizer: pw.Tokenizer) -> None:
    Path(name).touch()
    Path("good.txt").write_bytes(b"good")
    ways: list[dict[str, Any]] = [{}, {"lines": True}]
    for options in ways:
        with pytest.raises(pw.DocumentError, match=f"^{name}.*: it is empty"):
            pw.encode_corpus(tokenizer, pw.Corpus(name, **options), "stopped")
        shutil.rmtree("stopped")
        manifest = pw.encode_corpus(
            tokenizer, pw.Corpus(name, "good.txt", on_error="skip", **options), f"out{len(options)}"
        )
        assert [each.input for each in manifest.skipped] == [name]
        assert splits_of(Path(f"out{len(options)}")) == {"train": expected_of(tokenizer, [b"good"])}


REFUSED = f"a long text {SPECIAL} and more of it ".encode()


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("validation", [0.0, 0.5])
@pytest.mark.parametrize("name", ["file.txt", "file.txt.gz", "lines.txt", "objects.jsonl", "rows.parquet"])
def test_documents_that_are_refused_leave_no_trace_wherever_the_token_is(
    format: Any, validation: float, name: str, tokenizer: pw.Tokenizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encoding, "HASHED", 100)
    small_blocks(monkeypatch, 500)
    good = DOCUMENTS[:6]
    # At the beginning of a long one, at its end, in several of its parts, and in short ones next to each other.
    bad = [REFUSED + LONG, LONG + REFUSED, REFUSED + LONG + REFUSED + LONG, REFUSED, SPECIAL.encode()]
    texts = [good[0], bad[0], good[1], bad[1], bad[2], good[2], good[3], bad[3], bad[4], LONG, good[4], good[5]]
    kept = [text for text in texts if text not in bad]
    paths = write(Path("in"), name, texts)
    options: dict[str, Any] = {"format": format, "shard_tokens": 100, "append": END, "validation": validation}
    ways: dict[str, Any] = {"lines": True} if name.startswith("lines") else {}
    manifest = pw.encode_corpus(tokenizer, pw.Corpus(*paths, **ways, on_error="skip"), "out", **options)
    pw.encode_corpus(tokenizer, pw.Corpus(*write(Path("good"), name, kept), **ways), "good-out", **options)
    found, wanted = content(Path("out")), content(Path("good-out"))
    del found["manifest.json"], wanted["manifest.json"]
    assert found == wanted
    splits_of(Path("out"))
    assert [each.reason for each in manifest.skipped] == [
        f'the text holds the special token "{SPECIAL}" at byte {text.find(SPECIAL.encode())}' for text in bad
    ]
    places = {"lines.txt": "line 2", "objects.jsonl": "document 2", "rows.parquet": "row 1"}
    assert manifest.skipped[0].position == places.get(name, "")
    with pytest.raises(pw.DocumentError, match="at byte 12") as caught:
        pw.encode_corpus(tokenizer, pw.Corpus(*paths, **ways), "stopped", **options)
    assert 'on_error="skip"' in str(caught.value.hint)
    for special in ("allow", "text"):
        kind: Any = special
        pw.encode_corpus(tokenizer, pw.Corpus(*paths, **ways), f"out-{special}", special=kind, shard_tokens=100)
        meaning = MEANING[special]
        assert splits_of(Path(f"out-{special}"))["train"] == [tokenizer.encode(text, **meaning) for text in texts]


@pytest.mark.parametrize("format", FORMATS)
def test_a_long_document_of_a_damaged_file_leaves_no_trace(
    format: Any, tokenizer: pw.Tokenizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_blocks(monkeypatch, 5000)
    for number, (name, text) in enumerate((("1.txt", DOCUMENTS[0]), ("3.txt", DOCUMENTS[1]), ("5.txt", DOCUMENTS[2]))):
        assert number < 3
        Path(name).write_bytes(text)
    # The second one holds a special token besides: it is skipped once.
    marked = packed("a.gz", REFUSED + JOINED)
    Path("2.txt.gz").write_bytes(GZIP[:-9])
    Path("4.txt.gz").write_bytes(marked[: len(marked) // 2])
    events: list[pw.EncodingEvent] = []
    corpus = pw.Corpus("*.txt*", on_error="skip")
    manifest = pw.encode_corpus(tokenizer, corpus, "out", format=format, shard_tokens=50, progress=events.append)
    assert splits_of(Path("out")) == {"train": expected_of(tokenizer, DOCUMENTS[:3])}
    assert len(events) > 40
    assert [(each.input, each.document) for each in manifest.skipped] == [("2.txt.gz", None), ("4.txt.gz", None)]
    assert manifest.splits[0].bytes == sum(map(len, DOCUMENTS[:3]))
    assert all(each.sha256 for each in manifest.inputs)


def test_documents_on_which_a_pattern_gives_up_are_named_or_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    small_blocks(monkeypatch, 500)
    tokenizer = pw.train(DOCUMENTS, 280, r"(a|a)*\1c|\w+|\W")
    tokenizer.save("own.json")
    texts = [DOCUMENTS[0], b"a" * 64, DOCUMENTS[1], b"x " * 3000 + b"a" * 64]
    path = write(Path("in"), "lines.txt", texts)[0]
    with pytest.raises(pw.DocumentError, match=r"in/lines.txt, line 2: the split pattern") as caught:
        pw.encode_corpus(tokenizer, pw.Corpus(path, lines=True), "out")
    assert isinstance(caught.value.__context__, pw.SplitError)
    manifest = pw.encode_corpus(tokenizer, pw.Corpus(path, lines=True, on_error="skip"), "out")
    assert [each.position for each in manifest.skipped] == ["line 2", "line 4"]
    good = [DOCUMENTS[0], DOCUMENTS[1]]
    assert splits_of(Path("out")) == {"train": expected_of(tokenizer, good)}
    ended = call("count", "own.json", path, "--lines")
    assert (ended.code, ended.out) == (1, b"")
    assert ended.err.startswith("error: in/lines.txt, line 2: the split pattern")
    ended = call("count", "own.json", path, "--lines", "--on-error", "skip", "--json")
    assert json.loads(ended.out)["tokens"] == sum(map(tokenizer.count, good))
    assert (json.loads(ended.out)["documents"], json.loads(ended.out)["skipped"]) == (2, 2)
    assert ended.err.startswith("warning: 2 documents were skipped: in/lines.txt, line 2: ")


def test_a_file_that_changes_while_it_is_encoded_is_noticed(
    tokenizer: pw.Tokenizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_blocks(monkeypatch, 500)
    path = write(Path("in"), "lines.txt", DOCUMENTS * 200)[0]

    def append(_: pw.EncodingEvent) -> None:
        with path.open("ab") as file:
            file.write(b"\n")

    corpus = pw.Corpus(path, lines=True)
    with pytest.raises(pw.DocumentError, match=r"in/lines.txt, after \d+ bytes of text: it was written to while"):
        pw.encode_corpus(tokenizer, corpus, "out", shard_tokens=1000, progress=append)
    # What was encoded before may not be what is there now.
    with pytest.raises(pw.PairwrightError, match=r"in/lines.txt: it has changed since") as caught:
        pw.encode_corpus(tokenizer, corpus, "out", shard_tokens=1000)
    assert caught.value.hint == RESTART
    # As the hint says, on the command line too.
    command = ["encode", "model.json", str(path), "--lines", "--shard-tokens", "1000", "--out", "out"]
    ended = call(*command)
    assert (ended.code, ended.err.splitlines()[1]) == (1, f"hint: {RESTART_OPTION}")
    assert call(*command, "--restart", "--quiet").code == 0
    assert list(pw.decode_tokens("out")) == path.read_bytes().splitlines()


def test_skipped_documents_are_told_after_a_break_as_without_one(
    tokenizer: pw.Tokenizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_blocks(monkeypatch, 500)
    drawn = random.Random(4)
    kinds = [b'{"text": ', b'{"text":"x %b"}' % SPECIAL.encode(), b'{"body":""}']
    lines = [drawn.choice(kinds) if drawn.random() < 0.2 else lines_of([text]).strip() for text in DOCUMENTS * 10]
    Path("a.jsonl").write_bytes(b"\n".join(lines))
    shutil.copy("a.jsonl", "b.jsonl")
    corpus = pw.Corpus("a.jsonl", "b.jsonl", on_error="skip")
    options: dict[str, Any] = {"shard_tokens": 2000, "validation": 0.05}
    pw.encode_corpus(tokenizer, corpus, "whole", **options)
    for most in (5, 20, 35, 60):
        events: list[pw.EncodingEvent] = []

        def receive(event: pw.EncodingEvent, events: list[pw.EncodingEvent] = events, most: int = most) -> bool:
            events.append(event)
            time.sleep(0.002)
            return len(events) < most

        with pytest.raises(pw.StoppedError):
            pw.encode_corpus(tokenizer, corpus, "out", **options, progress=receive)
    manifest = pw.encode_corpus(tokenizer, corpus, "out", **options)
    assert content(Path("out")) == content(Path("whole"))
    assert len(manifest.skipped) == 2 * sum(line in kinds for line in lines)
    assert list(manifest.skipped) == sorted(manifest.skipped, key=lambda each: (each.input, each.document))


# Folders that do not fit.


def broken_off(tokenizer: pw.Tokenizer, corpus: pw.Corpus, folder: str = "out", **options: Any) -> None:
    """Break a run off when a shard is complete."""

    def receive(_: pw.EncodingEvent) -> bool:
        time.sleep(0.01)
        return not any(Path(folder).glob("train-*.bin"))

    with pytest.raises(pw.StoppedError):
        pw.encode_corpus(tokenizer, corpus, folder, **options, progress=receive)
    assert any(Path(folder).glob("train-*.bin"))


@pytest.mark.parametrize("is_complete", [False, True])
def test_a_folder_of_another_run_is_refused_and_not_altered(
    is_complete: bool, tokenizer: pw.Tokenizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_blocks(monkeypatch, 500)
    lines = write(Path("in"), "lines.txt", DOCUMENTS * 20)[0]
    corpus = pw.Corpus(lines, lines=True)
    options: dict[str, Any] = {"shard_tokens": 2000, "append": END}
    if is_complete:
        pw.encode_corpus(tokenizer, corpus, "out", **options)
    else:
        broken_off(tokenizer, corpus, **options)
    other = pw.train(DOCUMENTS, 300, special_tokens=[END])
    more = write(Path("more"), "lines.txt", DOCUMENTS)[0]
    before = content(Path("out"))
    cases: list[tuple[pw.Tokenizer, pw.Corpus, dict[str, Any], str]] = [
        (other, corpus, {}, "with another tokenizer"),
        (tokenizer, pw.Corpus(lines, more, lines=True), {}, "with other inputs"),
        (tokenizer, pw.Corpus(lines, separator="\n"), {}, "with lines=True, not separator='\\n'"),
        (tokenizer, pw.Corpus(lines), {}, "with lines=True, not whole files"),
        (tokenizer, corpus, {"shard_tokens": 300}, "with shard_tokens=2000, not shard_tokens=300"),
        (tokenizer, corpus, {"append": None}, "with append='<|end|>', not append=None"),
        (tokenizer, corpus, {"validation": 0.1}, "with validation=0.0, not validation=0.1"),
        (tokenizer, corpus, {"format": "npy"}, "with format='bin', not format='npy'"),
        (tokenizer, corpus, {"special": "text"}, "with special='refuse', not special='text'"),
        (
            tokenizer,
            corpus,
            {"format": "npy", "append": "<|pad|>"},
            "with append='<|end|>', not append='<|pad|>'; format='bin', not format='npy'",
        ),
    ]
    for used, source, changed, message in cases:
        with pytest.raises(pw.PairwrightError) as caught:
            pw.encode_corpus(used, source, "out", **{**options, **changed})
        assert f"out belongs to another run, {message}" in str(caught.value)
        assert caught.value.hint == RESTART
        assert content(Path("out")) == before
    # A changed input is refused, too.
    text = lines.read_bytes()
    lines.write_bytes(text + b"more")
    with pytest.raises(pw.PairwrightError, match=r"in/lines.txt: it has changed since"):
        pw.encode_corpus(tokenizer, corpus, "out", **options)
    assert content(Path("out")) == before
    ended = call("encode", "model.json", lines, "--lines", "--shard-tokens", "2000", "--append", END, "--out", "out")
    error, hint = ended.err.splitlines()
    assert (ended.code, error.startswith("error: in/lines.txt: it has changed since"), hint[:6]) == (1, True, "hint: ")


def test_a_changed_file_is_noticed_wherever_the_splits_are(
    tokenizer: pw.Tokenizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_blocks(monkeypatch, 500)
    paths = [write(Path(f"in{number}"), "lines.txt", documents(200, number))[0] for number in range(4)]
    corpus = pw.Corpus(*paths, lines=True)
    # None of these goes to the validation split, so that its shards begin with the first file.
    options: dict[str, Any] = {"shard_tokens": 500, "validation": 1e-9}
    pw.encode_corpus(tokenizer, corpus, "whole", **options)

    def receive(event: pw.EncodingEvent) -> bool:
        time.sleep(0.005)
        return event.documents < 500

    with pytest.raises(pw.StoppedError):
        pw.encode_corpus(tokenizer, corpus, "out", **options, progress=receive)
    original = paths[1].read_bytes()
    stamp = paths[1].stat()
    paths[1].write_bytes(b"changed\n")
    with pytest.raises(pw.PairwrightError, match=r"in1/lines.txt: it has changed since"):
        pw.encode_corpus(tokenizer, corpus, "out", **options)
    # What no shard holds yet may change.
    paths[1].write_bytes(original)
    os.utime(paths[1], ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    paths[3].touch()
    pw.encode_corpus(tokenizer, corpus, "out", **options)
    assert content(Path("out")) == content(Path("whole"))


def test_a_folder_with_other_files_is_refused_and_not_altered(tokenizer: pw.Tokenizer) -> None:
    write(Path("in"), "file.txt", DOCUMENTS[:2])
    Path("out").mkdir()
    for name in ("notes.txt", "model.json", "train-00000.bin"):
        Path("out", name).write_text("mine")
        with pytest.raises(
            pw.PairwrightError, match=f"out is not empty and holds no run of pairwright: there is {name}"
        ):
            pw.encode_corpus(tokenizer, "in", "out")
        assert content(Path("out")) == {name: b"mine"}
        Path("out", name).unlink()
    Path("out/.gitkeep").touch()
    pw.encode_corpus(tokenizer, "in", "out")
    assert Path("out/.gitkeep").exists()
    Path("file").touch()
    with pytest.raises(FileExistsError):
        pw.encode_corpus(tokenizer, "in", "file")
    ended = call("encode", "model.json", "in", "--out", "file", "--format", "bin")
    assert (ended.code, ended.err.splitlines()[0]) == (
        2,
        "error: file is a file, and a name without an ending is that of a folder",
    )
    assert Path("file").read_bytes() == b""


def test_a_file_system_without_locks_keeps_nobody_away(
    tokenizer: pw.Tokenizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))

    write(Path("in"), "file.txt", DOCUMENTS[:2])
    monkeypatch.setattr("fcntl.flock", refuse)
    pw.encode_corpus(tokenizer, "in", "out")
    assert splits_of(Path("out")) == {"train": expected_of(tokenizer, DOCUMENTS[:2])}


@pytest.mark.parametrize(
    "damage",
    [b"", b"{}", b"[]", b"null", b'{"run": 5}', b'{"run": {}}', b"\xff", b'{"run": {"tokenizer": "?"}}', b"{" * 9],
)
def test_a_damaged_record_of_progress_is_told_with_the_way_on(damage: bytes, tokenizer: pw.Tokenizer) -> None:
    write(Path("in"), "file.txt", DOCUMENTS)
    with pytest.raises(pw.StoppedError):
        pw.encode_corpus(tokenizer, "in", "out", progress=lambda _: False)
    Path("out/progress.json").write_bytes(damage)
    before = content(Path("out"))
    with pytest.raises(pw.PairwrightError) as caught:
        pw.encode_corpus(tokenizer, "in", "out")
    assert "out" in str(caught.value)
    assert caught.value.hint
    assert content(Path("out")) == before


@pytest.mark.parametrize(
    ("altered", "said"),
    [
        ({"splits": [{"shards": [], "next": {"file": 0, "document": 0}}] * 2}, "2 splits, not 1"),
        ({"splits": {}}, "splits is not a list"),
        ({"splits": []}, "there is no split"),
        ({"ended": [{"file": 1, "bytes": 1, "sha256": "", "documents": 1}]}, "in input 2 of 1"),
        ({"states": []}, "0 states of 1 inputs"),
        ({"states": [[1]]}, "neither null nor a size"),
        (
            {"skipped": [{"at": {"file": 0, "document": True}, "position": "", "reason": ""}]},
            "skipped\\[0\\].at.document",
        ),
        ({"skipped": [{"at": {"file": 0}, "position": "", "reason": ""}]}, "document is missing"),
        ({"checksum": "0" * 64}, "the checksum does not match"),
    ],
)
def test_a_record_that_makes_no_sense_is_refused(
    altered: dict[str, Any], said: str, tokenizer: pw.Tokenizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_blocks(monkeypatch, 500)
    corpus = pw.Corpus(write(Path("in"), "lines.txt", DOCUMENTS * 20)[0], lines=True)
    broken_off(tokenizer, corpus, shard_tokens=2000)
    path = Path("out/progress.json")
    record = json.loads(path.read_bytes())
    if "2 splits" in said:
        altered = {"splits": record["splits"] * 2}
    record |= altered
    path.write_text(json.dumps({**record, "checksum": checksum(record), **altered}))
    before = content(Path("out"))
    with pytest.raises(pw.FormatError, match=said) as caught:
        pw.encode_corpus(tokenizer, corpus, "out", shard_tokens=2000)
    assert caught.value.hint == RESTART
    assert content(Path("out")) == before


def test_one_altered_digit_is_noticed(tokenizer: pw.Tokenizer, monkeypatch: pytest.MonkeyPatch) -> None:
    small_blocks(monkeypatch, 500)
    corpus = pw.Corpus(write(Path("in"), "lines.txt", DOCUMENTS * 20)[0], lines=True)
    broken_off(tokenizer, corpus, shard_tokens=2000)
    path = Path("out/progress.json")
    record = json.loads(path.read_bytes())
    record["splits"][0]["next"]["document"] += 1
    path.write_text(json.dumps(record))
    # It would be encoded, without one document.
    with pytest.raises(pw.FormatError, match="the checksum does not match"):
        pw.encode_corpus(tokenizer, corpus, "out", shard_tokens=2000)
    # A record of an earlier version has no checksum.
    record["splits"][0]["next"]["document"] -= 1
    del record["checksum"]
    path.write_text(json.dumps(record))
    pw.encode_corpus(tokenizer, corpus, "out", shard_tokens=2000)
    pw.encode_corpus(tokenizer, corpus, "fresh", shard_tokens=2000)
    assert content(Path("out")) == content(Path("fresh"))


def test_a_record_of_another_version_is_refused(tokenizer: pw.Tokenizer, monkeypatch: pytest.MonkeyPatch) -> None:
    small_blocks(monkeypatch, 500)
    corpus = pw.Corpus(write(Path("in"), "lines.txt", DOCUMENTS * 20)[0], lines=True)
    broken_off(tokenizer, corpus, shard_tokens=2000)
    path = Path("out/progress.json")
    record = json.loads(path.read_bytes())
    record["run"]["more"] = 1
    path.write_text(json.dumps(record | {"checksum": checksum(record)}))
    with pytest.raises(pw.PairwrightError, match="another run, with settings that this version does not know"):
        pw.encode_corpus(tokenizer, corpus, "out", shard_tokens=2000)


# Runs that come after a failed one.


def test_a_run_that_completed_nothing_binds_nothing(tokenizer: pw.Tokenizer) -> None:
    pyarrow.parquet.write_table(table_of(DOCUMENTS).rename_columns(["id", "content"]), "a.parquet")
    command = ["encode", "model.json", "a.parquet", "--out", "bins"]
    ended = call(*command)
    assert (ended.code, "there is no column 'text'" in ended.err) == (1, True)
    assert call(*command, "--text-column", "content", "--quiet").code == 0
    assert splits_of(Path("bins")) == {"train": expected_of(tokenizer, DOCUMENTS)}
    # Whatever is different.
    other = pw.train(DOCUMENTS, 300, special_tokens=[END])
    good = write(Path("in"), "lines.txt", DOCUMENTS)[0]
    with pytest.raises(pw.DocumentError):
        pw.encode_corpus(tokenizer, "a.parquet", "out", validation=0.5, format="jsonl")
    assert set(content(Path("out"))) == {"model.json", "progress.json"}
    options: dict[str, Any] = {"append": END, "shard_tokens": 50, "special": "text", "format": "npy"}
    pw.encode_corpus(other, pw.Corpus(good, lines=True), "out", **options)
    pw.encode_corpus(other, pw.Corpus(good, lines=True), "fresh", **options)
    assert content(Path("out")) == content(Path("fresh"))


@pytest.mark.parametrize("state", ["broken off", "complete", "damaged record", "damaged manifest", "no run"])
def test_a_restart_begins_anew_and_removes_nothing_of_others(
    state: str, tokenizer: pw.Tokenizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_blocks(monkeypatch, 500)
    lines = write(Path("in"), "lines.txt", DOCUMENTS * 20)[0]
    corpus = pw.Corpus(lines, lines=True)
    if state in ("complete", "damaged manifest"):
        pw.encode_corpus(tokenizer, corpus, "out", shard_tokens=300, format="npy", validation=0.5)
    elif state != "no run":
        broken_off(tokenizer, corpus, shard_tokens=300)
    if state.startswith("damaged"):
        record = Path("out", "progress.json" if state == "damaged record" else "manifest.json")
        record.write_bytes(record.read_bytes()[:-3])
    theirs = {".gitkeep": b"", "notes.txt": b"mine", "train-log.txt": b"mine", ".x.part": b"1", "train-1.bin": b"mine"}
    Path("out").mkdir(exist_ok=True)
    for name, text in theirs.items():
        if state != "no run" or name.startswith("."):
            Path("out", name).write_bytes(text)
    pw.encode_corpus(tokenizer, "in", "fresh", append=END)
    if state != "no run":
        before = content(Path("out"))
        with pytest.raises(pw.PairwrightError) as caught:
            pw.encode_corpus(tokenizer, "in", "out", append=END)
        assert caught.value.hint == RESTART
        assert content(Path("out")) == before
    pw.encode_corpus(tokenizer, "in", "out", append=END, restart=True)
    found = {name: text for name, text in content(Path("out")).items() if name not in theirs}
    assert found == content(Path("fresh"))
    if state != "no run":
        assert {name: text for name, text in content(Path("out")).items() if name in theirs} == theirs
    # Restarted although it is complete and the same.
    pw.encode_corpus(tokenizer, "in", "out", append=END, restart=True)
    assert {name: text for name, text in content(Path("out")).items() if name not in theirs} == found


def test_a_restart_takes_no_folder_that_no_run_wrote(tokenizer: pw.Tokenizer) -> None:
    write(Path("in"), "file.txt", DOCUMENTS[:2])
    for name, text in (("train-00000.bin", "mine"), ("manifest.json", '{"name": "app"}'), ("progress.json", "{}")):
        Path("out").mkdir()
        Path("out", name).write_text(text)
        with pytest.raises(pw.PairwrightError, match="out"):
            pw.encode_corpus(tokenizer, "in", "out", restart=True)
        assert content(Path("out")) == {name: text.encode()}
        shutil.rmtree("out")


def test_the_command_line_says_in_options_what_differs(tokenizer: pw.Tokenizer) -> None:
    lines = write(Path("in"), "lines.txt", DOCUMENTS)[0]
    pw.encode_corpus(tokenizer, pw.Corpus(lines, lines=True), "out", append=END)
    cases = [
        (["--lines"], "--append '<|end|>', not no --append"),
        (["--lines", "--append", END, "--shard-tokens", "7"], "--shard-tokens 100000000, not --shard-tokens 7"),
        (["--append", END], "--lines, not whole files"),
        (["--separator", "x y", "--append", END], "--lines, not --separator 'x y'"),
        (["--lines", "--append", END, "--validation", "1%"], "--validation 0.0, not --validation 0.01"),
        (["in/lines.txt", "--lines", "--append", END], "other inputs"),
    ]
    for options, told in cases:
        ended = call("encode", "model.json", lines, *options, "--out", "out")
        assert ended.code == 1
        assert ended.err.splitlines() == [
            f"error: out belongs to another run, with {told}",
            f"hint: {RESTART_OPTION}",
        ]
    assert call("encode", "model.json", lines, "--out", "out", "--restart").code == 0
    ended = call("encode", "model.json", lines, "--restart")
    assert (ended.code, ended.err.splitlines()[0]) == (2, "error: --restart goes with a folder")


def test_standard_input_begins_anew(tokenizer: pw.Tokenizer, monkeypatch: pytest.MonkeyPatch) -> None:
    small_blocks(monkeypatch, 500)
    with monkeypatch.context() as context:
        context.setattr(
            "pairwright.tokens.manifest.Manifest.save", lambda *_: (_ for _ in ()).throw(OSError(5, "gone"))
        )
        ended = call(
            "encode", "model.json", "--lines", "--shard-tokens", "50", "--out", "out", given=b"\n".join(DOCUMENTS)
        )
    assert ended.code == 1
    assert len(list(Path("out").glob("train-*.bin"))) > 5
    ended = call("encode", "model.json", "--lines", "--shard-tokens", "50", "--out", "out", given=b"one\ntwo")
    assert ended.code == 0, ended.err
    assert splits_of(Path("out")) == {"train": expected_of(tokenizer, [b"one", b"two"])}


# Disks.


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """No file can grow beyond so many bytes, as if the disk were full."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, before)


@pytest.mark.parametrize("format", FORMATS)
def test_a_full_disk_leaves_nothing_half_written_and_the_same_command_goes_on(
    format: Any, tokenizer: pw.Tokenizer
) -> None:
    many = [*DOCUMENTS, LONG * 200, *DOCUMENTS]
    path = write(Path("in"), "lines.txt", many)[0]
    corpus = pw.Corpus(path, lines=True)
    options: dict[str, Any] = {"format": format, "shard_tokens": 1000}
    limit = Path("model.json").stat().st_size + 10_000
    with files_of_at_most(limit), pytest.raises(OSError, match="File too large") as caught:
        pw.encode_corpus(tokenizer, corpus, "out", **options)
    assert "out/train-" in os.fspath(caught.value.filename)
    found = content(Path("out"))
    assert not [name for name in found if name.startswith(".")]
    assert "manifest.json" not in found
    known = [
        file["name"] for shard in json.loads(found["progress.json"])["splits"][0]["shards"] for file in shard["files"]
    ]
    assert sorted(known) == sorted(name for name in found if name.startswith("train-"))
    assert known
    command = ["encode", "model.json", path, "--lines", "--shard-tokens", "1000", "--format", format, "--out", "out"]
    with files_of_at_most(limit):
        ended = call(*command)
    assert (ended.code, "\nerror: out/train-" in ended.err, "File too large" in ended.err) == (1, True, True)
    assert call(*command).code == 0
    assert splits_of(Path("out")) == {"train": expected_of(tokenizer, many)}


def test_a_disk_that_is_full_for_the_records_leaves_no_half_of_them(tokenizer: pw.Tokenizer) -> None:
    write(Path("in"), "file.txt", DOCUMENTS)
    with files_of_at_most(100), pytest.raises(OSError, match="File too large"):
        pw.encode_corpus(tokenizer, "in", "out")
    assert content(Path("out")) == {}
    pw.encode_corpus(tokenizer, "in", "out")
    assert splits_of(Path("out")) == {"train": expected_of(tokenizer, DOCUMENTS)}


def test_damaged_parquet_is_skipped_alike_before_and_after_a_break(tokenizer: pw.Tokenizer) -> None:
    case = broken(Path("in"), "zeros.parquet")
    pyarrow.parquet.write_table(table_of(MANY[:100]), "in/more.parquet")
    corpus = pw.Corpus(case.path, "in/more.parquet", on_error="skip")
    pw.encode_corpus(tokenizer, corpus, "whole", shard_tokens=3000)
    broken_off(tokenizer, corpus, shard_tokens=3000)
    pw.encode_corpus(tokenizer, corpus, "out", shard_tokens=3000)
    assert content(Path("out")) == content(Path("whole"))


def test_a_folder_within_an_input_is_refused_before_it_is_one(tmp_path: Path, tokenizer: pw.Tokenizer) -> None:
    Path(tmp_path, "in").mkdir()
    Path(tmp_path, "in/a.txt").write_bytes(b"a")
    for restart in (False, True):
        with pytest.raises(ValueError, match="all files of which are inputs; name a folder outside of it"):
            pw.encode_corpus(tokenizer, tmp_path / "in", tmp_path / "in/deep/out", restart=restart)
        assert [path.name for path in Path(tmp_path, "in").iterdir()] == ["a.txt"]
    assert pw.encode_corpus(tokenizer, tmp_path / "in/a.txt", tmp_path / "in/out").splits[0].documents == 1
    path = tmp_path / "in/b.bin"
    path.write_bytes(b"some text")
    with pytest.raises(ValueError, match="is an input, and would be replaced"):
        pw.encode_to_file(tokenizer, pw.Corpus(path, format="text"), path)
    assert path.read_bytes() == b"some text"
