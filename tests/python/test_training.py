"""`train` and `count`: what they take, what they tell, what they refuse."""

import os
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import regex
from hypothesis import given, strategies as st

import pairwright as pw

TEXT = "to be, or not to be: that is the question\n" * 20


def learned(tok: pw.Tokenizer) -> list[bytes]:
    return list(tok.vocab)[256:]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "corpus.txt"
    path.write_text(TEXT)
    return path


def test_sources_that_hold_the_same_text_train_the_same(file: Path) -> None:
    counts = pw.count(file)
    sources: list[Any] = [
        file,
        str(file),
        [file],
        [str(file)],
        (file,),
        iter([file]),
        [TEXT],
        iter([TEXT]),
        [TEXT.encode()],
        counts,
    ]
    tokenizers = [pw.train(source, vocab_size=280) for source in sources]
    assert all(tok == tokenizers[0] for tok in tokenizers)
    assert pw.train([file, file], 280) == pw.train([TEXT, TEXT], 280) == pw.train([TEXT * 2], 280)


def test_a_document_ends_every_piece() -> None:
    assert list(pw.count(["ab", "cd"])) == [b"ab", b"cd"]
    assert list(pw.count(["abcd"])) == [b"abcd"]


def test_counts_tell_what_was_counted() -> None:
    counts = pw.count(["b a a a<e>b"], "gpt2", ["<e>"])
    assert counts.items() == [(b"b", 2), (b" a", 3)]
    assert list(counts) == [b"b", b" a"]
    assert len(counts) == 2
    assert counts.total == 5
    assert counts[b" a"] == counts[" a"] == 3
    assert b"b" in counts
    assert b"z" not in counts
    assert 5 not in counts
    with pytest.raises(KeyError, match="z"):
        counts["z"]
    assert counts.pattern == "gpt2"
    assert counts.special_tokens == ["<e>"]
    assert repr(counts) == "Counts(2 pretokens, total=5, pattern='gpt2')"
    tok = pw.train(counts, 258, special_ids="first")
    assert tok == pw.train(counts, 258, "r50k", ["<e>"], special_ids="first")
    assert tok == pw.train(counts, 258, pw._core.PATTERNS["gpt2"], special_ids="first")
    assert tok.special_tokens == {"<e>": 256}
    assert tok.pattern == "gpt2"
    for contradiction in ({"pattern": "cl100k"}, {"special_tokens": ["<f>"]}):
        with pytest.raises(ValueError, match="the counts were made with"):
            pw.train(counts, 258, **contradiction)


def test_what_is_no_document_is_named() -> None:
    with pytest.raises(TypeError, match="document 1 of the corpus is int"):
        pw.train(["a", 5])  # type: ignore[list-item]


def test_metadata_tells_the_corpus_and_the_settings(file: Path) -> None:
    metadata = pw.train(file, 270, special_tokens=["<e>"], min_frequency=2).metadata
    assert metadata["corpus"][0]["name"] == "corpus.txt"
    assert metadata["corpus"][0]["bytes"] == len(TEXT)
    assert len(metadata["corpus"][0]["sha256"]) == 64
    assert metadata["settings"] == {
        "pattern": "cl100k",
        "vocab_size": 270,
        "special_tokens": ["<e>"],
        "special_ids": "last",
        "tie_break": "lowest_pair",
        "min_frequency": 2,
        "max_token_bytes": None,
    }
    assert metadata["version"] == pw.__version__
    assert metadata["pieces"] > metadata["pretokens"] > 0
    assert metadata["time"]["seconds"] >= 0
    texts = pw.train([TEXT, b"x"], 270).metadata["corpus"]
    assert texts == [{"name": "<texts>", "documents": 2, "bytes": len(TEXT) + 1, "sha256": texts[0]["sha256"]}]


def test_limits_on_tokens_hold() -> None:
    assert max(map(len, learned(pw.train([TEXT], 270, max_token_bytes=3)))) == 3
    with pytest.warns(pw.FewerMergesWarning, match="merges could be learned"):
        rare = pw.train(["ab ab ab cd"], 300, min_frequency=2)
    assert b"cd" not in rare.vocab
    assert b"ab" in rare.vocab


def test_too_few_pairs_warn_and_give_a_valid_model(tmp_path: Path) -> None:
    with pytest.warns(pw.FewerMergesWarning, match="only 2 of 743 merges .* 259 ids instead of 1000"):
        tok = pw.train(["abc"], 1000, special_tokens=["<e>"])
    assert learned(tok) == [b"ab", b"abc"]
    assert tok.special_tokens == {"<e>": 258}
    tok.save(tmp_path / "m.json")
    assert pw.Tokenizer.load(tmp_path / "m.json") == tok


def test_a_byte_level_vocabulary_without_merges_is_one() -> None:
    tok = pw.train(["abc"], 256)
    assert tok.merges == []
    assert tok.encode("aé") == [97, 0xC3, 0xA9]


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"vocab_size": 255}, ValueError, "vocab_size=255 is too small: 256 bytes"),
        ({"vocab_size": 257, "special_tokens": ["<a>", "<b>"]}, ValueError, "need at least 258"),
        ({"vocab_size": -1}, ValueError, "vocab_size=-1"),
        ({"vocab_size": 2**70}, ValueError, "out of range"),
        ({"vocab_size": 2**25}, ValueError, "16,777,215"),
        ({"vocab_size": "1000"}, TypeError, "vocab_size must be an int"),
        ({"vocab_size": 300.0}, TypeError, "vocab_size must be an int"),
        ({"min_frequency": 0}, ValueError, "min_frequency=0"),
        ({"max_token_bytes": 0}, ValueError, "max_token_bytes=0"),
        ({"special_tokens": ["<a>", "<a>"]}, ValueError, "given twice"),
        ({"special_tokens": [""]}, ValueError, "is empty"),
        ({"special_tokens": ["a"]}, ValueError, 'special token "a" has the bytes of the ordinary token 97'),
        ({"special_tokens": "<a>"}, TypeError, "special_tokens must be a list"),
        ({"special_tokens": [5]}, TypeError, "str"),
        ({"special_ids": "middle"}, ValueError, "special_ids"),
        ({"tie_break": "random"}, ValueError, "tie_break"),
        ({"pattern": "(unclosed"}, ValueError, "invalid split pattern"),
        ({"pattern": 5}, TypeError, "str"),
        ({"threads": 0}, ValueError, "threads=0"),
        ({"threads": -3}, ValueError, "threads=-3: must not be negative"),
        ({"threads": 2**80}, ValueError, "threads=.*out of range"),
        ({"threads": 1.5}, TypeError, "threads must be an int"),
        ({"progress": "yes"}, TypeError, "progress must be"),
    ],
)
def test_settings_that_cannot_be_met(settings: dict[str, object], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        pw.train([TEXT], **settings)  # type: ignore[arg-type]


def test_settings_are_checked_before_the_corpus_is_read() -> None:
    def documents() -> Iterator[str]:
        pytest.fail("the corpus was read")
        yield ""

    with pytest.raises(ValueError, match="too small"):
        pw.train(documents(), vocab_size=10)


@pytest.mark.parametrize("source", [[], [""], iter(()), ["<e>"]])
def test_an_empty_corpus_is_refused(source: list[str]) -> None:
    with pytest.raises(ValueError, match="corpus is empty"):
        pw.train(source, special_tokens=["<e>"])


def test_catastrophic_patterns_end_in_an_exception() -> None:
    with pytest.raises(pw.SplitError, match="failed in the text that starts at byte"):
        pw.train(["a" * 64], pattern=r"(a|a)*\1c")
    with pytest.raises(pw.SplitError, match="named pattern"):
        pw.train(["a" * 40 + "!"], pattern=r"(?:a|a)*+\b(?=(a|a)*\1c)|(x|y)*\2|(a|a)*\3c")


def test_files_that_cannot_be_read(tmp_path: Path, file: Path) -> None:
    with pytest.raises(FileNotFoundError) as caught:
        pw.train(tmp_path / "missing.txt")
    assert caught.value.filename == str(tmp_path / "missing.txt")
    (tmp_path / "folder").mkdir()
    with pytest.raises(FileNotFoundError, match="the folder has no files"):
        pw.train(tmp_path / "folder")
    file.chmod(0)
    user = os.geteuid()
    if user == 0:
        # The superuser may read everything; be nobody for a moment. The folders above are closed to nobody too, which
        # is the same error.
        os.seteuid(65534)
    try:
        with pytest.raises(PermissionError):
            pw.train(file)
    finally:
        os.seteuid(user)


def test_invalid_utf_8_is_kept_byte_for_byte(tmp_path: Path) -> None:
    data = b"caf\xe9 caf\xe9 caf\xe9 \xff\xfe\x01"
    path = tmp_path / "latin1.txt"
    path.write_bytes(data)
    tok = pw.train(path, 262)
    assert b"caf" in tok.vocab
    assert b"".join(piece * count for piece, count in pw.count(path).items() if count == 1).endswith(b"\xff\xfe\x01")
    assert tok == pw.train([data], 262)
    assert tok.decode_bytes(tok.encode(data)) == data


def test_a_model_that_cannot_be_written_leaves_the_old_one(tmp_path: Path, file: Path) -> None:
    path = tmp_path / "model.json"
    path.write_text("old")
    tok = pw.train(file, 280)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        for save in (tok.save, tok.to_tiktoken):
            with pytest.raises(OSError, match="File too large"):
                save(path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, before)
    assert path.read_text() == "old"
    assert sorted(tmp_path.iterdir()) == [file, path]
    with pytest.raises(OSError, match="No space left"):
        tok.save("/dev/full")
    with pytest.raises(IsADirectoryError):
        tok.save(tmp_path)
    with pytest.raises(FileNotFoundError):
        tok.save(tmp_path / "missing" / "model.json")


def test_model_files_that_are_none(tmp_path: Path, file: Path) -> None:
    path = tmp_path / "model.json"
    pw.train(file, 280).save(path)
    good = path.read_text()
    for content, message in (
        (good[:-100], "truncated"),
        ("", "no JSON object"),
        ("not json", "no JSON object"),
        ('{"format": "other"}', "not a pairwright model file"),
        (good.replace('"version": 1', '"version": 99'), "newer pairwright"),
        (good.replace("cl100k", "gpt2"), "altered"),
    ):
        path.write_text(content)
        with pytest.raises(pw.FormatError, match=message) as caught:
            pw.Tokenizer.load(path)
        assert str(path) in str(caught.value)
    with pytest.raises(FileNotFoundError):
        pw.Tokenizer.load(tmp_path / "missing.json")
    with pytest.raises(IsADirectoryError):
        pw.Tokenizer.load(tmp_path)


def test_an_exception_in_a_callback_or_an_iterator_comes_through(file: Path) -> None:
    def fail(event: pw.ProgressEvent) -> None:
        raise LookupError(event.phase)

    with pytest.raises(LookupError, match="count"):
        pw.train(file, progress=fail)

    def documents() -> Iterator[str]:
        yield "first"
        raise OSError("the source broke")

    with pytest.raises(OSError, match="the source broke"):
        pw.train(documents())


def test_progress_true_draws_nothing_where_there_is_no_terminal(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pw.train(file, 280, progress=True)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("phase", ["count", "merge"])
def test_an_interrupt_ends_training_at_once(phase: str) -> None:
    """Ctrl-C during either phase: an alarm stands in for the key, since it too is a signal with a Python handler."""
    text = "".join(f"{number * 7919 % 1000003:x} " for number in range(400_000))
    started = threading.Event()

    def on_event(event: pw.ProgressEvent) -> None:
        if event.phase == phase and not started.is_set():
            started.set()
            os.kill(os.getpid(), signal.SIGINT)

    # Many small documents keep counting busy; many distinct pieces keep merging busy.
    with pytest.raises(KeyboardInterrupt):
        pw.train([text] * 4, 200_000, progress=on_event)
    assert started.is_set()


@given(st.lists(st.text(st.sampled_from("ab <>e\n'")), max_size=5), st.integers(1, 4))
def test_counting_is_findall_between_special_tokens(texts: list[str], threads: int) -> None:
    counted: dict[bytes, int] = {}
    for text in texts:
        for part in text.split("<e>"):
            for piece in regex.findall(pw._core.PATTERNS["cl100k"], part):
                counted[piece.encode()] = counted.get(piece.encode(), 0) + 1
    assert pw.count(texts, special_tokens=["<e>"], threads=threads).items() == list(counted.items())


def test_importing_is_light() -> None:
    code = "import sys, pairwright; print([m for m in ('typer', 'rich', 'requests', 'click') if m in sys.modules])"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert shown.strip() == "[]"


def test_extending_keeps_every_id(file: Path) -> None:
    base = pw.train(file, 262, special_tokens=["<e>"], special_ids="first")
    more = pw.train(["a new kind of text, again a new kind"], 275, base=base, special_tokens=["<e>", "<f>"])
    assert list(more.vocab.items())[: len(base.vocab)] == list(base.vocab.items())
    assert more.merges[: len(base.merges)] == base.merges
    assert more.special_tokens == {"<e>": 256, "<f>": 274}
    assert more.vocab_size == 275
    assert any(b"new" in token for token in learned(more)[len(base.merges) :])
    assert more.metadata["base"]["vocab_size"] == 262
    assert pw.train([TEXT], 270, base=base) == pw.train(file, 270, special_tokens=["<e>"], special_ids="first")
    counts = pw.count(file, special_tokens=["<e>"])
    assert pw.train(counts, 270, base=base) == pw.train(file, 270, base=base)


def test_a_base_that_does_not_fit_is_refused(file: Path) -> None:
    base = pw.train(file, 262, "gpt2", ["<e>"])
    with pytest.raises(ValueError, match="the base has 'cl100k': count anew"):
        pw.train(pw.count(file, "o200k"), 270, base=pw.train(file, 262))
    with pytest.raises(ValueError, match="was not cut out"):
        pw.train(pw.count(file, "gpt2"), 270, base=base)
    with pytest.raises(ValueError, match="262 ids of the base"):
        pw.train(file, 261, base=base)
    with pytest.raises(TypeError, match="Tokenizer"):
        pw.train(file, 270, base="model.json")  # type: ignore[arg-type]
