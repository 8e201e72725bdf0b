"""What serving code needs: truncated texts, chunks, padded matrices, spans of ids, objects of other libraries."""

import time
from collections.abc import Callable
from functools import cache
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

import numpy as np
import pytest
import texts
import tiktoken
import tokenizers
from hypothesis import given, settings, strategies as st
from learned import trained

import pairwright as pw

PATTERNS = ["cl100k", "gpt2", "o200k", "qwen", r"\w+|\s+", '[{"split":"\\\\p{N}{1,3}"},{"split":"gpt2"}]']

every_pattern = pytest.mark.parametrize("pattern", PATTERNS)

some_text = st.lists(
    texts.any_text | st.sampled_from(["def truncate(", " the", "<|end|>", "café ", "中文", "😀", "\n\n    "])
).map("".join)


# Truncating


@every_pattern
@given(text=some_text, most=st.integers(0, 60))
def test_a_truncated_text_is_the_longest_that_fits(pattern: str, text: str, most: int) -> None:
    tok = trained(pattern)
    fitting = [end for end in range(len(text) + 1) if tok.count(text[:end]) <= most]
    assert tok.truncate(text, most) == text[: fitting[-1]]
    assert tok.truncate(text.encode(), most) == text[: fitting[-1]].encode()


def test_truncating_long_texts(python_docs: str) -> None:
    tok = trained("cl100k")
    total = tok.count(python_docs)
    for most in [0, 1, 7, 1000, total // 2, total - 1, total, total + 1, 2**62]:
        short = tok.truncate(python_docs, most)
        assert python_docs.startswith(short)
        assert tok.count(short) <= most
        assert short == python_docs or tok.count(python_docs[: len(short) + 1]) > most
    for text in ["a" * 300_000, "中" * 100_000, " " * 300_000, "!?" * 100_000]:
        short = tok.truncate(text, 5000)
        assert tok.count(short) <= 5000 < tok.count(text[: len(short) + 1])


def test_truncating_what_is_no_text_or_to_no_number() -> None:
    tok = trained("cl100k")
    for bad, error in [(-1, ValueError), (2**70, ValueError), ("3", TypeError), (None, TypeError)]:
        with pytest.raises(error, match="max_tokens"):
            tok.truncate("text", bad)  # type: ignore[call-overload]
    with pytest.raises(TypeError):
        tok.truncate(5, 5)  # type: ignore[call-overload]
    assert tok.truncate(b"\xff\xfe\xe4\xb8", 1) == b"\xff"
    assert tok.truncate("lone \ud800", 100) == "lone \ud800"


# Chunks


def slow_chunks(tok: pw.Tokenizer, text: Any, places: list[int], most: int, overlap: int) -> list[Any]:
    """By the book: every start and every end is tried."""

    def end_of(start: int) -> int:
        return max(end for end in places if end >= start and tok.count(text[start:end]) <= most)

    chunks = []
    before = at = 0
    while at < len(text):
        starts = [start for start in places if before < start < at or start == at]
        start = next(
            start for start in starts if start == at or (tok.count(text[start:at]) <= overlap and end_of(start) > at)
        )
        before, at = start, end_of(start)
        chunks.append(text[before:at])
    return chunks


odd_text = st.lists(
    st.sampled_from(
        [
            "  and\n🏻b🏻🏻",
            "e\u0301\u0323",
            "👩‍👩‍👧",
            "🇩🇪",
            "\r\n",
            "🏻",
            "\u0301",
            "12",
            "٣",
            "ǅ",
            "ʰ",
            "'ll",
            "A中",
            "<|end|>",
        ]
    )
    | st.builds(str.__mul__, st.sampled_from([*"a A1\n!^'中é", "\r\n", "\n ", "ab"]), st.integers(1, 60)),
    max_size=6,
).map("".join)


@every_pattern
@given(text=some_text | odd_text, most=st.integers(12, 40), overlap=st.integers(0, 39))
@settings(max_examples=50)
def test_chunks_are_the_longest_and_overlap_the_most(pattern: str, text: str, most: int, overlap: int) -> None:
    tok = trained(pattern)
    overlap = min(overlap, most - 1)
    places = list(range(len(text) + 1))
    chunks = slow_chunks(tok, text, places, most, overlap)
    assert tok.chunk(text, most, overlap=overlap) == chunks
    in_bytes = [len(text[:place].encode()) for place in places]
    assert tok.chunk(text.encode(), most, overlap=overlap) == [chunk.encode() for chunk in chunks]
    assert slow_chunks(tok, text.encode(), in_bytes, most, overlap) == [chunk.encode() for chunk in chunks]
    if overlap == 0:
        assert "".join(chunks) == text


@pytest.mark.parametrize("form", ["NFC", "NFD", "NFKC"])
@given(text=some_text | odd_text, most=st.integers(16, 40), overlap=st.integers(0, 39))
@settings(max_examples=50)
def test_chunks_of_a_tokenizer_that_normalizes(form: str, text: str, most: int, overlap: int) -> None:
    tok = normalizing(form)
    overlap = min(overlap, most - 1)
    places = list(range(len(text) + 1))
    assert tok.chunk(text, most, overlap=overlap) == slow_chunks(tok, text, places, most, overlap)


@cache
def normalizing(form: str) -> pw.Tokenizer:
    huggingface = trained("cl100k").as_huggingface()
    huggingface.normalizer = getattr(tokenizers.normalizers, form)()
    with TemporaryDirectory() as folder:
        huggingface.save(f"{folder}/tokenizer.json")
        return pw.Tokenizer.from_huggingface(folder)


def test_overlaps_are_as_long_as_asked_for(python_docs: str) -> None:
    tok = trained("cl100k")
    chunks = tok.chunk(python_docs[:20_000], 100, overlap=20)
    assert len(chunks) > 50
    for before, behind in pairwise(chunks):
        common = max(length for length in range(len(before)) if behind.startswith(before[len(before) - length :]))
        assert tok.count(before[len(before) - common :]) <= 20 < tok.count(before[len(before) - common - 1 :])
    assert all(tok.count(chunk) <= 100 for chunk in chunks)
    assert tok.chunk(" " * 1_000, 3, overlap=1)[-1].isspace()
    assert tok.chunk("", 10) == []
    assert tok.chunk("a b", 10) == ["a b"]


RUNS = [*"\n a1^'中A", "\r\n", "\n 🏻", "a'", "\n       ", "A中", "e\u0301", "the end "]


@pytest.mark.parametrize("pattern", ["cl100k", "gpt2", "o200k", r"\w+|\s+"])
def test_runs_are_cut_in_linear_time(pattern: str) -> None:
    tok = trained(pattern)

    def seconds(size: int) -> float:
        start = time.thread_time()
        for unit in RUNS:
            text = unit * (size // len(unit))
            for most, overlap in [(4, 0), (64, 20), (1_000, 0)]:
                chunks = tok.chunk(text, most, overlap=overlap)
                assert overlap > 0 or "".join(chunks) == text
                assert tok.count(chunks[0]) <= most
                assert tok.truncate(text, most) == chunks[0]
        return time.thread_time() - start

    # Eight times as much text takes eight times as long, and would take 64 times as long if that were quadratic.
    few, many = (min(seconds(size) for _ in range(2)) for size in (4_000, 32_000))
    assert many < 25 * few


def test_chunks_that_cannot_be_are_refused() -> None:
    tok = trained("cl100k")
    with pytest.raises(ValueError, match="the character at 2 has more tokens than max_tokens=1; raise it to at least"):
        tok.chunk("ab\U0001f9ff", 1) if tok.count("ab") == 1 else tok.chunk("a \U0001f9ff", 1)
    for most, overlap, message in [
        *[(0, 0, "max_tokens=0"), (5, 5, "overlap=5"), (5, 9, "overlap=9"), (5, -1, "overlap=-1")],
        (-3, 0, "max_tokens=-3"),
    ]:
        with pytest.raises(ValueError, match=message):
            tok.chunk("text", most, overlap=overlap)


# Matrices

sides = st.sampled_from(["left", "right"])


@given(
    lists=st.lists(st.lists(st.integers(0, 2**32 - 1), max_size=8), max_size=8),
    most=st.none() | st.integers(0, 10),
    pad=sides,
    truncate=sides,
)
def test_a_matrix_has_every_text_in_its_row(
    lists: list[list[int]], most: int | None, pad: Literal["left", "right"], truncate: Literal["left", "right"]
) -> None:
    offsets = np.cumsum([0, *map(len, lists)])
    batch = pw.TokenBatch(np.array([id for ids in lists for id in ids], np.uint32), offsets)
    matrix, mask = batch.to_matrix(-100, max_length=most, pad=pad, truncate=truncate)
    kept = [
        ids if most is None else ids[:most] if truncate == "right" else ids[max(0, len(ids) - most) :] for ids in lists
    ]
    width = max(map(len, kept), default=0)
    assert matrix.shape == mask.shape == (len(lists), width)
    assert matrix.dtype == np.dtype("int64")
    assert mask.dtype == np.dtype("bool")
    for ids, row, known in zip(kept, matrix.tolist(), mask.tolist(), strict=True):
        padding = [-100] * (width - len(ids))
        assert row == (padding + ids if pad == "left" else ids + padding)
        assert known == (
            [False] * len(padding) + [True] * len(ids) if pad == "left" else [True] * len(ids) + [False] * len(padding)
        )


def test_a_matrix_of_texts() -> None:
    tok = trained("cl100k")
    batch = tok.encode_batch(["a", "the end of it all", ""])
    matrix, mask = batch.to_matrix(tok.token_id("<|end|>"), max_length=3)
    assert matrix.shape == (3, 3)
    assert matrix[1].tolist() == tok.encode("the end of it all")[:3]
    assert mask.sum(axis=1).tolist() == [1, 3, 0]
    wrong: list[dict[str, Any]] = [{"pad": "middle"}, {"truncate": "up"}, {"max_length": -1}]
    for arguments in wrong:
        with pytest.raises(ValueError, match=next(iter(arguments))):
            batch.to_matrix(0, **arguments)


# Spans of ids


@every_pattern
@given(data=st.data())
def test_spans_of_ids_are_those_of_the_text(pattern: str, data: st.DataObject) -> None:
    tok = trained(pattern)
    text = data.draw(some_text)
    ids, spans = tok.encode_with_spans(text, disallowed_special=())
    decoded, same = tok.decode_with_spans(ids)
    assert decoded == text
    assert same.tolist() == spans.tolist()
    # Any ids at all.
    ids = data.draw(st.lists(st.integers(0, tok.vocab_size - 1), max_size=20))
    decoded, spans = tok.decode_with_spans(np.array(ids, np.uint32))
    assert decoded == tok.decode(ids)
    assert spans.shape == (len(ids), 2)
    assert spans.dtype == np.int64
    if ids:
        assert spans[0][0] == 0
        assert spans[-1][1] == len(decoded)
        assert (spans[1:, 0] <= spans[:-1, 1]).all()
        assert (spans[1:, 0] >= spans[:-1, 1] - 1).all()


def test_spans_of_unknown_ids_are_refused() -> None:
    with pytest.raises(KeyError, match="position 1"):
        trained("cl100k").decode_with_spans([97, 10**6])


# Objects of other libraries


@pytest.mark.parametrize("pattern", ["cl100k", "gpt2", "o200k", "qwen", r"\w+|[^\w]+"])
@given(text=some_text)
@settings(max_examples=50)
def test_the_same_in_tiktoken_and_tokenizers(pattern: str, text: str) -> None:
    tok, encoding, huggingface = made(pattern)
    ids = tok.encode(text, allowed_special="all")
    assert encoding.encode(text, allowed_special="all") == ids
    assert huggingface.encode(text).ids == ids
    assert encoding.decode(ids) == tok.decode(ids) == text


@cache
def made(pattern: str) -> tuple[pw.Tokenizer, tiktoken.Encoding, tokenizers.Tokenizer]:
    tok = trained(pattern)
    return tok, tok.as_tiktoken(), tok.as_huggingface()


def test_objects_have_names_and_libraries_may_be_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    tok = trained("cl100k")
    assert isinstance(tok.as_tiktoken("mine"), tiktoken.Encoding)
    assert tok.as_tiktoken("mine").name == "mine"
    assert isinstance(tok.as_huggingface(), tokenizers.Tokenizer)
    for library, call in (("tiktoken", tok.as_tiktoken), ("tokenizers", tok.as_huggingface)):
        monkeypatch.setitem(__import__("sys").modules, library, None)
        with pytest.raises(ImportError) as caught:
            call()
        assert caught.value.__notes__ == [
            f"hint: this makes an object of {library}, which is not installed: pip install {library}"
        ]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: pw.Tokenizer.from_merges([(b"a", b"b"), (b"b", b"c"), (b"a", b"bc")], pattern="gpt2"), "merge list"),
        (lambda: pw.Tokenizer.from_merges([], pattern=PATTERNS[-1]), "several steps"),
        (
            lambda: pw.Tokenizer.from_ranks(
                {bytes([byte]): byte for byte in range(256)} | {b"abc": 256}, pattern="gpt2"
            ),
            "no merge gives",
        ),
    ],
)
def test_what_tiktoken_cannot_do_is_refused(make: Callable[[], pw.Tokenizer], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make().as_tiktoken()


def test_what_tokenizers_normalizes_is_refused_by_tiktoken(tmp_path: Path) -> None:
    normalizing = trained("cl100k").as_huggingface()
    normalizing.normalizer = tokenizers.normalizers.NFC()
    normalizing.save(str(tmp_path / "tokenizer.json"))
    with pytest.raises(ValueError, match="neither normalizes"):
        pw.Tokenizer.from_huggingface(tmp_path).as_tiktoken()
