"""`encode_corpus` and `encode_to_file` of texts that are no files: all that `train` takes."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd  # type: ignore[import-untyped]
import pyarrow as pa
import pytest
from command_line import call, isolate
from corpus_files import content, documents, write
from test_encode_corpus import END, expected_of, splits_of

import pairwright as pw
from pairwright.tokens.differences import RESTART

DOCUMENTS = [*documents(), b"", b"\xff bytes"]
TEXTS = [text.decode(errors="surrogateescape") for text in DOCUMENTS[:-1]]


@pytest.fixture(autouse=True)
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty folder to work in."""
    isolate(tmp_path, monkeypatch)


SOURCES: dict[str, Callable[[], Any]] = {
    "list": lambda: TEXTS,
    "tuple": lambda: tuple(TEXTS),
    "generator": lambda: (text for text in TEXTS),
    "iterator": lambda: iter(TEXTS),
    "bytes": lambda: [text.encode() for text in TEXTS],
    "mixed": lambda: [bytearray(text.encode()) if place % 2 else text for place, text in enumerate(TEXTS)],
    "texts": lambda: pw.texts(TEXTS),
    "texts of an iterator": lambda: pw.texts(iter(TEXTS)),
    "column": lambda: pa.array(TEXTS),
    "column in parts": lambda: pa.chunked_array([TEXTS[:5], TEXTS[5:]]),
    "table": lambda: pa.table({"any": TEXTS}),
    "series": lambda: pd.Series(TEXTS),
}


@pytest.mark.parametrize("name", SOURCES)
@pytest.mark.parametrize("format", ["bin", "jsonl"])
def test_texts_of_every_kind_are_encoded(name: str, format: Any, tokenizer: pw.Tokenizer) -> None:
    manifest = pw.encode_corpus(tokenizer, SOURCES[name](), "out", format=format, append=END, shard_tokens=300)
    expected = expected_of(tokenizer, [text.encode() for text in TEXTS], END)
    assert splits_of(Path("out")) == {"train": expected}
    assert list(pw.decode_tokens("out")) == [text.encode() for text in TEXTS]
    (given,) = manifest.inputs
    assert (given.name, given.documents, given.bytes) == ("<texts>", len(TEXTS), sum(len(t.encode()) for t in TEXTS))
    assert call("verify", "out").code == 0
    assert "gone" not in call("verify", "out").err
    assert len(call("decode", "out").out.splitlines()) == len(TEXTS)
    told = pw.encode_to_file(tokenizer, SOURCES[name](), "ids.bin", append=END)
    assert told.tokens == sum(map(len, expected))


def test_strings_are_files_or_texts_as_in_training(tokenizer: pw.Tokenizer) -> None:
    path = write(Path("in"), "lines.txt", documents())[0]
    pw.encode_corpus(tokenizer, [str(path)], "one")
    pw.encode_corpus(tokenizer, [path, Path("in")], "two")
    pw.encode_corpus(tokenizer, pw.texts([str(path)]), "three")
    assert [pw.open_tokens(name).manifest.inputs[0].name for name in ("one", "two", "three")] == [
        str(path),
        str(path),
        "<texts>",
    ]
    assert list(pw.decode_tokens("three")) == [str(path).encode()]
    with pytest.raises((ValueError, FileNotFoundError)):
        pw.encode_corpus(tokenizer, ["missing.txt"], "four")
    with pytest.raises(TypeError, match="bytes"):
        pw.encode_corpus(tokenizer, b"text", "four")  # type: ignore[arg-type]
    assert not Path("four").exists()


@pytest.mark.parametrize(
    ("texts", "error"),
    [
        (["a", 3], "text 1 must be str or bytes, not int"),
        (iter(["a", "b", None]), "text 2 must be str or bytes, not NoneType"),
        (pa.array(["a", None]), "text 1 must be str or bytes, not NoneType"),
    ],
)
def test_what_is_no_text_is_named(texts: Any, error: str, tokenizer: pw.Tokenizer) -> None:
    with pytest.raises(TypeError, match=error):
        pw.encode_corpus(tokenizer, texts, "out")
    assert not list(Path("out").glob("train-*"))
    with pytest.raises(ValueError, match="a table with the columns 'a', 'b': pass the one with the texts"):
        pw.encode_corpus(tokenizer, pw.texts(pa.table({"a": ["x"], "b": ["y"]})), "out")
    # Nothing was completed, and so the folder is free.
    pw.encode_corpus(tokenizer, ["good"], "out")
    assert splits_of(Path("out")) == {"train": expected_of(tokenizer, [b"good"])}


def test_a_text_with_a_special_token_is_named_by_its_number(tokenizer: pw.Tokenizer) -> None:
    with pytest.raises(pw.DocumentError, match=r"^<texts>, text 1: the text holds the special token") as caught:
        pw.encode_corpus(tokenizer, ["good", f"bad {END}"], "out")
    assert "allow" in str(caught.value.hint)


def test_lone_surrogates_are_encoded_as_everywhere(tokenizer: pw.Tokenizer) -> None:
    texts = ["a\ud800b", "\udc00", "é😀\udfff"]
    pw.encode_corpus(tokenizer, texts, "out")
    assert splits_of(Path("out"))["train"] == [tokenizer.encode(text) for text in texts]


def test_texts_begin_anew_after_a_break_and_are_not_taken_for_the_same(tokenizer: pw.Tokenizer) -> None:
    def failing() -> Any:
        # Until the first shard is there.
        while not list(Path("out").glob("train-*")):
            yield from TEXTS * 100
        raise LookupError("no more")

    with pytest.raises(LookupError):
        pw.encode_corpus(tokenizer, failing(), "out", shard_tokens=500_000)
    assert list(Path("out").glob("train-*"))
    # Whatever the settings are now.
    pw.encode_corpus(tokenizer, iter(TEXTS), "out", shard_tokens=300, append=END)
    pw.encode_corpus(tokenizer, TEXTS, "fresh", shard_tokens=300, append=END)
    assert content(Path("out")) == content(Path("fresh"))
    with pytest.raises(pw.PairwrightError, match="out is complete, and texts in memory may differ") as caught:
        pw.encode_corpus(tokenizer, TEXTS, "out", shard_tokens=300, append=END)
    assert caught.value.hint == RESTART
    pw.encode_corpus(tokenizer, TEXTS[:3], "out", restart=True)
    assert len(pw.open_tokens("out")) == 3
