"""Surrogates in a `str`: encoded as tiktoken does it, and a part of a text is a part of the text that was given."""

from array import array
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import example, given, settings, strategies as st
from learned import trained

import pairwright as pw

# Halves of pairs in any order, pairs of halves, characters of one to four bytes.
TEXTS = st.text(st.sampled_from("\ud83d\ude00\udcff\ud800ab é中😀\n"), max_size=12)

NAMES = ("gpt2", "cl100k", "o200k")


def clean(text: str) -> str:
    """As tiktoken encodes it."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


@given(TEXTS, st.sampled_from(NAMES))
@example("\ud83d😀", "cl100k")
@example("😀\ude00", "cl100k")
@example("\ud800\ud83d\ude00", "cl100k")
def test_encoding_is_that_of_tiktoken(text: str, name: str) -> None:
    tok = trained(name)
    theirs = tok.as_tiktoken()
    assert tok.encode(text) == theirs.encode(text) == tok.encode(clean(text))
    assert tok.count(text) == len(theirs.encode(text))
    assert tok.encode_batch([text]).to_lists() == [theirs.encode(text)]
    assert tok.encode_to_numpy(text).tolist() == theirs.encode(text)


@settings(max_examples=300)
@given(TEXTS, st.sampled_from(NAMES), st.integers(1, 9))
@example("\ud83d\ude00\ude00", "cl100k", 4)
@example("a\udcff", "cl100k", 5)
def test_parts_are_parts_of_the_text_that_was_given(text: str, name: str, most: int) -> None:
    tok = trained(name)
    short = tok.truncate(text, most)
    assert text.startswith(short)
    assert clean(short) == tok.truncate(clean(text), most)
    pieces = tok.split(text)
    assert "".join(pieces) == text
    assert [clean(piece) for piece in pieces] == tok.split(clean(text))
    chunks = tok.chunk(text, max(most, 4))
    assert "".join(chunks) == text
    assert [clean(chunk) for chunk in chunks] == tok.chunk(clean(text), max(most, 4))
    overlapping = tok.chunk(text, max(most, 4), overlap=2)
    assert [clean(chunk) for chunk in overlapping] == tok.chunk(clean(text), max(most, 4), overlap=2)
    assert all(chunk in text for chunk in overlapping)


@settings(max_examples=300)
@given(TEXTS, st.sampled_from(NAMES))
@example("\ud83d\ude00a", "cl100k")
def test_spans_are_places_in_the_text_that_was_given(text: str, name: str) -> None:
    tok = trained(name)
    ids, spans = tok.encode_with_spans(text)
    assert ids == tok.encode(text)
    covered = 0
    for id, (start, end) in zip(ids, spans.tolist(), strict=True):
        assert start <= covered <= end
        assert tok.token_bytes(id) in clean(text[start:end]).encode()
        covered = end
    assert covered == len(text)


def test_a_pattern_that_leaves_text_out_gives_parts_of_it_too() -> None:
    steps = '[{"split": " ", "behavior": "Removed"}, {"split": "\\\\w+"}]'
    tok = pw.Tokenizer.from_merges([], pattern=steps)
    assert tok.split("a \udcffb \ud83d\ude00") == ["a", "\udcff", "b", "\ud83d\ude00"]


def test_the_place_of_a_long_character_is_counted_in_what_was_given() -> None:
    tok = pw.Tokenizer.from_ranks({bytes([byte]): byte for byte in range(256)}, pattern="gpt2")
    for text, place in (("ab\ud83d\ude00中", 2), ("\ude00\ud83d\ude00", 0)):
        with pytest.raises(ValueError, match=f"the character at {place} has more tokens"):
            tok.chunk(text, 2)


def test_bytes_views_of_bytes_are_text_and_views_of_numbers_are_not() -> None:
    tok = trained("cl100k")
    text = b"to be or not"
    ids = tok.encode(text)
    views: list[Any] = [
        bytearray(text),
        memoryview(text),
        memoryview(bytearray(text)),
        memoryview(b"-".join([text] * 2))[: len(text)],
    ]
    views += [memoryview(text[::-1])[::-1], memoryview(array("B", text)), memoryview(text).cast("c")]
    for view in views:
        assert tok.encode(view) == ids
        assert tok.encode_batch([view, text]).to_lists() == [ids, ids]
        assert tok.encode_batch((view,)).to_lists() == tok.encode_batch(iter([view])).to_lists() == [ids]
        assert tok.count_batch([view]).tolist() == [len(ids)]
        assert tok.truncate(view, 100) == text
        assert pw.count(pw.texts([view]))[b"to"] == pw.count(pw.texts(view))[b"to"] == pw.count([view])[b"to"] == 1
        assert pw.Counts.from_items([(view, 1)])[text] == 1
        assert tok.token_id(views[0][:1]) == tok.token_id("t")
    # Whoever reads into one buffer again and again.
    buffer = bytearray(1)

    def refilled() -> Iterator[Any]:
        for byte in b"abc":
            buffer[0] = byte
            yield buffer

    assert dict(pw.count(refilled()).items()) == {b"a": 1, b"b": 1, b"c": 1}
    assert tok.encode_batch(refilled()).to_lists() == [[97], [98], [99]]
    for numbers in (memoryview(array("I", [1, 2])), memoryview(array("d", [1.5]))):
        calls: list[Callable[[Any], object]] = [
            tok.encode,
            tok.count,
            tok.split,
            lambda view: tok.encode_batch([view]),
            lambda view: pw.count([view]),
        ]
        for call in calls:
            with pytest.raises(TypeError, match="memoryview of numbers"):
                call(numbers)
