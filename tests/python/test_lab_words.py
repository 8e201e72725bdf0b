"""Words are those of Unicode, as other implementations of its default word boundaries have them."""

import numpy as np
import pytest
import regex
from hypothesis import assume, given, settings, strategies as st

import pairwright as pw
from pairwright.lab import words

# Letters, marks, joiners, digits and punctuation of all kinds that the rules know. Vowel signs go with a letter: where
# they do not, they are letters to one library and marks to the other.
CLUSTERS = [*"abéZאבשカナーあい漢字สรด", "วั", "ดี", "का", *"012٣²½'’.,:;\"_‿", *" \t\n\r\u202f\u3000-!(👍"]
CLUSTERS += ["\u0301", "\u00ad", "\u2060", "\u200d", "カ\u3099"]
MARK = r"[\p{wb=Extend}\p{wb=Format}\p{wb=ZWJ}]"
texts = st.lists(st.sampled_from(CLUSTERS), max_size=30).map("".join)


def by_regex(text: str) -> list[str]:
    """The segments between default word boundaries that have a letter or number."""
    segments = regex.split(r"(?w)\b", text, flags=regex.V1)
    return [each for each in segments if is_word(each)]


def is_word(segment: str) -> bool:
    return regex.search(r"[\p{Alphabetic}\p{N}]", segment) is not None


def test_words_by_hand() -> None:
    text = '_x The quick ("brown") fox can\'t jump 32.3 feet, right? a_b x² 日本語 テスト_a e.g. 1,000.5% über-fein'
    expected = "_x The quick brown fox can't jump 32.3 feet right a_b x ² 日 本 語 テスト_a e.g 1,000.5 über fein"
    assert words.words(text) == expected.split()
    assert words.words("का'b a'\u0301a 1,\u20602") == ["का'b", "a'\u0301a", "1,\u20602"]
    assert words.words("") == words.words(" \n--- ___ 👍") == []


@given(texts)
@settings(max_examples=500)
def test_words_are_those_of_another_library(text: str) -> None:
    # A geresh behind a Hebrew word, and a picture that is joined to a word, are not part of it here. The other library
    # does not pass over marks beside the punctuation in a word, as rule WB4 has it.
    assume(not regex.search(rf"[אבש]{MARK}*'|\u200d👍", text))
    assume(not regex.search(r"['’.,:;\"]" + MARK + "|" + MARK + r"['’.,:;\"]", text))
    assert [strip(each) for each in words.words(text)] == [strip(each) for each in by_regex(text)]


def strip(word: str) -> str:
    """Without what goes with a mark at the start of a word, such as a space or hyphen, which are in no word here."""
    return regex.sub(r"^[^\p{Alphabetic}\p{N}\p{wb=ExtendNumLet}]+", "", word)


@given(st.lists(texts, max_size=5))
@settings(max_examples=100)
def test_counted_words_are_the_words(documents: list[str]) -> None:
    counts = pw.count(pw.texts(documents), words.PATTERN)
    pieces = words.Pieces.of(counts)
    expected = [word for document in documents for word in words.words(document)]
    assert pieces.words == len(expected)
    types = {piece.decode() for piece, is_word in zip(pieces.bare, pieces.are_words.tolist(), strict=True) if is_word}
    assert types == set(expected)


def test_bytes_that_are_not_utf8_are_no_words() -> None:
    pieces = words.Pieces.of(pw.count([b"\xff\xfe a\xff b"], words.PATTERN))
    assert pieces.words == 2


def test_languages(handbook: dict[str, str]) -> None:
    for language in ("en-US", "zh-CN", "ar-MA", "vi-VN"):
        text = handbook[language][:100_000]
        assert [strip(each) for each in words.words(text)] == [strip(each) for each in by_regex(text)], language


def test_the_pattern_takes_linear_time() -> None:
    found = pw.explain_pattern(words.PATTERN)
    assert (found.engine, found.linear) == ("automaton", True)


@pytest.mark.parametrize("spaced", [True, False])
def test_single_token_words(spaced: bool) -> None:
    # Merges give " to" or "to", and "be" in no form.
    merges = [(b"t", b"o"), (b" ", b"to")][: 2 if spaced else 1]
    tok = pw.Tokenizer.from_merges(merges, pattern="gpt2")
    pieces = words.Pieces.of(pw.count(["to be, to\n"], words.PATTERN))
    lengths = tok.count_batch(pieces.texts)
    assert words.single_token_words(tok, pieces, lengths) == (1, 2)


def test_a_token_that_encoding_does_not_give_is_no_single_token() -> None:
    # "abc" is a token that no merge reaches.
    ranks = {bytes([byte]): byte for byte in range(256)} | {b"abc": 256}
    tok = pw.Tokenizer.from_ranks(ranks, pattern="gpt2")
    pieces = words.Pieces.of(pw.count([" abc x"], words.PATTERN))
    assert words.single_token_words(tok, pieces, tok.count_batch(pieces.texts)) == (1, 2)
    assert isinstance(pieces.numbers, np.ndarray)
