"""One long text on several threads gives the ids it gives on one."""

from collections.abc import Callable
from random import Random
from typing import Any

import numpy as np
import plain
import pytest
import texts
from hypothesis import given, settings, strategies as st
from peers import Peers, assert_equal

import pairwright as pw

MEGABYTE = 1_000_000


def repeated(text: str, size: int) -> str:
    """A text of about `size` bytes of UTF-8."""
    return text * (size // len(plain.as_bytes(text)) + 1)


def words(letters: str, size: int, separators: list[str]) -> str:
    """Words of some letters, with separators between them; of about `size` bytes."""
    random = Random(letters)
    parts: list[str] = []
    while size > 0:
        parts.append("".join(random.choices(letters, k=random.randrange(1, 12))) + random.choice(separators))
        size -= len(parts[-1].encode())
    return "".join(parts)


HAN = "的一是不了人我在有他这中大来上个国到说们为子和你地出道也时年"

LONG = {
    "Chinese without a space or a line": words(HAN, MEGABYTE, [""]),
    "Chinese with its own marks": words(HAN, MEGABYTE, ["", "", "，", "。"]),
    "one line of letters": words("abcdefghijklmnop", MEGABYTE, [""]),
    "one line of digits": words("0123456789", MEGABYTE, [""]),
    "one line of words": words("abcdefgh", MEGABYTE, [" ", "  ", "   ", ", "]),
    "white space": words(" \t", MEGABYTE, [" ", "\n", "\r\n", "   ", "\n\n", "\u3000", "\x85", "\xa0"]),
    "one letter": "a" * MEGABYTE,
    "spaces": " " * MEGABYTE,
    "newlines": "\n" * MEGABYTE,
    "one Chinese character": "中" * (MEGABYTE // 3),
    "marks": "!?" * (MEGABYTE // 2),
    "contractions": words("stdmrvel", MEGABYTE, ["'", "'", "'s", "'S", "'ll", " "]),
    "cases": words("aBcDǅʰe", MEGABYTE, ["", "", " ", "'re", "\u0301"]),
    "code": words("abcxyz_", MEGABYTE, ["();\n", " = ", "\n\n    ", "\t", '["', '"]', "/*", "*/\n", "//"]),
}
"""Texts in which a cut at the wrong place changes ids, or in which there is hardly a place to cut."""


def tok_of(pattern: str, docs: str) -> pw.Tokenizer:
    # The tokens of many characters reach across where a text might be cut.
    corpus = [docs[:200_000], words(HAN, 20_000, ["", "，"]), "a" * 500, " " * 500, "\n" * 500, "!?" * 300]
    return pw.train(corpus, 3000, pattern, special_tokens=["<|end|>", "<|pad|>", "<|end|><|end|>"])


@pytest.fixture(scope="module", params=["gpt2", "cl100k", "o200k", r"\p{L}+|\p{N}+|[^\p{L}\p{N}]+"])
def tok(request: pytest.FixtureRequest, python_docs: str) -> pw.Tokenizer:
    return tok_of(request.param, python_docs)


def assert_threads_change_nothing(tok: pw.Tokenizer, text: str | bytes, **options: Any) -> None:
    expected = tok.encode_to_numpy(text, threads=1, **options)
    for threads in (2, 3, None):
        found = tok.encode_to_numpy(text, threads=threads, **options)
        assert_equal(found, expected, f"{text[:20]!r} on {threads} threads")


@pytest.mark.parametrize("kind", LONG)
def test_a_long_text_has_the_same_ids_on_any_threads(tok: pw.Tokenizer, kind: str) -> None:
    assert_threads_change_nothing(tok, LONG[kind])


def test_english_has_the_same_ids_in_every_way_on_any_threads(tok: pw.Tokenizer, python_docs: str) -> None:
    text = repeated(python_docs, 4 * MEGABYTE)
    assert_threads_change_nothing(tok, text)
    expected = tok.encode_to_numpy(text, threads=1)
    for threads in (1, 2, None):
        assert_equal(np.array(tok.encode(text, threads=threads)), expected, f"a list on {threads} threads")
        assert_equal(np.array(tok.encode_ordinary(text, threads=threads)), expected, f"ordinary on {threads} threads")
        assert tok.count(text, threads=threads) == len(expected)
        batch = tok.encode_batch([text, text[:5000], text], threads=threads)
        assert_equal(batch[0], expected, f"the first of a batch on {threads} threads")
        assert_equal(batch[2], expected, f"the last of a batch on {threads} threads")
    assert tok.decode(expected) == text


@pytest.mark.parametrize("kind", ["Chinese without a space or a line", "one line of letters", "one line of words"])
def test_special_tokens_anywhere_are_found_on_any_threads(tok: pw.Tokenizer, kind: str) -> None:
    random = Random(kind)
    text = LONG[kind]
    places = sorted(random.sample(range(len(text)), 300))
    tokens = ["<|end|>", "<|pad|>", "<|end|><|end|>", "<|end|><|end|><|end|>", "<|end", "|>"]
    parts = [text[start:end] for start, end in zip([0, *places], [*places, len(text)], strict=True)]
    mixed = "<|end|>" + "".join(part + random.choice(tokens) for part in parts) + "<|pad|>"
    for options in (
        {"allowed_special": "all"},
        {"allowed_special": {"<|pad|>"}, "disallowed_special": ()},
        {"disallowed_special": ()},
    ):
        assert_threads_change_nothing(tok, mixed, **options)
    ids = tok.encode_to_numpy(mixed, allowed_special="all", threads=2)
    special = set(tok.special_tokens.values())
    assert ids[0] in special
    assert ids[-1] in special


@pytest.mark.parametrize("at", [0, MEGABYTE // 2, -1])
def test_a_special_token_that_is_refused_is_refused_on_any_threads(tok: pw.Tokenizer, at: int) -> None:
    text = "words and words " * (MEGABYTE // 16)
    text = text[:at] + "<|end|>" + text[at:]
    messages = set()
    for threads in (1, 2, None):
        for encode in (tok.encode, tok.encode_to_numpy):
            with pytest.raises(ValueError, match=r"<\|end\|>") as raised:
                encode(text, threads=threads)
            messages.add(str(raised.value))
    assert len(messages) == 1, "they name the same place"
    assert tok.count(text, threads=2) == len(tok.encode_ordinary(text, threads=1))


def test_no_run_of_white_space_is_torn_wherever_it_lies(tok: pw.Tokenizer) -> None:
    """The trap of `\\s+(?!\\S)`: a cut inside three spaces gives 3 where the whole gives 2 and 1."""
    runs = [space * length for space in (" ", "\n", "\t", "\u3000", "\xa0", "\r\n") for length in (1, 2, 3, 7)]
    text = "".join(repeated("ab" + run, 70_000) for run in runs)
    # Whatever the size of a block, its edge meets every place of some run.
    for shift in range(3):
        assert_threads_change_nothing(tok, "x" * shift + text)


def test_bytes_that_are_not_utf_8_have_the_same_ids_on_any_threads(tok: pw.Tokenizer) -> None:
    random = Random(0)
    assert_threads_change_nothing(tok, random.randbytes(MEGABYTE))
    # Valid characters of three bytes, with one byte too many at times: no cut inside a character.
    han = LONG["Chinese with its own marks"].encode()
    assert_threads_change_nothing(tok, han)
    broken = bytearray(han)
    for _ in range(1000):
        del broken[random.randrange(len(broken))]
    assert_threads_change_nothing(tok, bytes(broken))


def test_lone_surrogates_become_u_fffd_on_any_threads(tok: pw.Tokenizer) -> None:
    text = repeated("a word \ud800 and \udfff more \ud83d\ude09 ", MEGABYTE)
    expected = tok.encode_to_numpy(plain.as_bytes(text), threads=1)
    for threads in (1, 2, None):
        assert_equal(tok.encode_to_numpy(text, threads=threads), expected, f"on {threads} threads")


@pytest.mark.parametrize("kind", ["one line of words", "Chinese without a space or a line", "cases", "contractions"])
def test_long_texts_have_the_ids_of_tiktoken_on_any_threads(peers: Peers, kind: str) -> None:
    text = LONG[kind][:200_000]
    expected = peers.encoding.encode_to_numpy(text, disallowed_special=())
    for threads in (1, 2, 3, None):
        found = peers.tokenizer.encode_to_numpy(text, disallowed_special=(), threads=threads)
        assert_equal(found, expected, f"{kind} on {threads} threads")


@settings(max_examples=60)
@given(
    unit=st.lists(texts.by_class | st.sampled_from(["<|end|>", "<|pad|>", "   ", "\n \n"]), min_size=1).map("".join),
    allow=st.booleans(),
)
def test_any_text_many_times_has_the_same_ids_on_any_threads(unit: str, allow: bool) -> None:
    text = repeated(unit or "a", 200_000)
    options: dict[str, Any] = {"allowed_special": "all"} if allow else {"disallowed_special": ()}
    for tok in SMALL:
        expected = tok.encode_to_numpy(text, threads=1, **options)
        for threads in (2, 3, None):
            assert_equal(tok.encode_to_numpy(text, threads=threads, **options), expected, f"on {threads} threads")


SMALL = [
    pw.train(["the cat sat on the mat  \n  " * 5], 270, pattern, special_tokens=["<|end|>", "<|pad|>"])
    for pattern in ("gpt2", "cl100k", "o200k")
]


def calls(tok: pw.Tokenizer) -> list[Callable[..., Any]]:
    return [tok.encode, tok.encode_ordinary, tok.encode_to_numpy, tok.count]


@pytest.mark.parametrize("size", [0, 1, 100, 300_000])
def test_threads_must_be_one_or_more(size: int) -> None:
    tok = SMALL[0]
    text = "a b" * (size // 3 + 1) if size else ""
    for call in calls(tok):
        for threads in (0, -1, -(2**70)):
            with pytest.raises(ValueError, match="threads"):
                call(text, threads=threads)
        for wrong in ("2", 1.5, [2]):
            with pytest.raises(TypeError):
                call(text, threads=wrong)
        # More than there are cores, more than there is text.
        for number in (1, 2, 64, 5000, None):
            result = call(text, threads=number)
            assert np.array_equal(result, call(text, threads=1))
    with pytest.raises(TypeError):
        tok.encode(text, 2)  # type: ignore[call-arg, arg-type]


def test_threads_is_taken_by_every_call_of_the_manual() -> None:
    for tok in SMALL:
        assert tok.encode("cat", threads=2) == tok.encode_ordinary("cat", threads=2) == tok.encode("cat")
        assert tok.encode_to_numpy("cat", threads=2).tolist() == tok.encode("cat")
        assert tok.count("cat", threads=2) == len(tok.encode("cat"))
