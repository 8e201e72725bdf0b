"""Rank files that nobody would train: tokens that no merge reaches, ids in any order, ids with holes.

A rank file means one thing: of all adjacent tokens whose joined bytes are a token, the lowest rank merges first.
"""

from collections.abc import Mapping
from pathlib import Path
from random import Random

import plain
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from limits import within
from peers import write_ranks

import pairwright as pw
from pairwright._core import PATTERNS

WHOLE = r"(?s).+"
"""The whole text is one piece."""

# One file is written anew for each example.
many_files = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)


@st.composite
def small_vocabs(draw: st.DrawFn) -> dict[bytes, int]:
    """Ranks of all bytes and of some strings over few letters; most of the strings are unreachable or late."""
    letters = draw(st.sampled_from([b"a", b"ab", b"abc", b"ab ", "é中".encode(), b"'s\n"]))
    letter = st.sampled_from([bytes([byte]) for byte in letters])
    tokens = st.lists(letter, min_size=2, max_size=draw(st.sampled_from([3, 7, 20]))).map(b"".join)
    # The bytes first and in order, as in cl100k; the bytes shuffled, as in r50k; all mixed, as in no published file.
    order = draw(st.sampled_from(["first", "shuffled", "mixed"]))
    bytes_ = [bytes([byte]) for byte in range(256)]
    chosen = draw(st.lists(tokens, unique=True, max_size=40))
    random = Random(draw(st.integers(0, 2**32)))
    if order == "shuffled":
        random.shuffle(bytes_)
    everything = bytes_ + chosen
    if order == "mixed":
        random.shuffle(everything)
    largest = draw(st.sampled_from([len(everything) - 1, 1000, 100_000]))
    ids = sorted(random.sample(range(largest + 1), len(everything)))
    return dict(zip(everything, ids, strict=True))


@st.composite
def texts_for(draw: st.DrawFn, vocab: Mapping[bytes, int]) -> bytes:
    """Tokens joined, their letters in any order, and what the vocabulary says nothing of."""
    longer = [token for token in vocab if len(token) > 1] or [b"a"]
    letters = [bytes([byte]) for byte in sorted(set(b"".join(longer)))]
    parts = st.one_of(st.sampled_from(longer), st.sampled_from(letters), st.sampled_from([*letters, b"z", b"\xff"]))
    # Both the ways of short pieces and those of long ones.
    size = draw(st.sampled_from([3, 10, 40, 200]))
    return b"".join(draw(st.lists(parts, max_size=size)))[:400]


@many_files
@given(data=st.data())
def test_any_rank_file_encodes_as_the_plain_encoder(tmp_path: Path, data: st.DataObject) -> None:
    vocab = data.draw(small_vocabs())
    path = write_ranks(tmp_path / "ranks.tiktoken", vocab)
    whole = pw.Tokenizer.from_tiktoken(path, pattern=WHOLE)
    cut = pw.Tokenizer.from_tiktoken(path, pattern="cl100k")
    texts = data.draw(st.lists(texts_for(vocab), min_size=1, max_size=6))
    for text in [*texts, *texts]:
        ids = plain.encode_piece(text, vocab)
        assert whole.encode_ordinary(text) == ids
        assert whole.encode_to_numpy(text).tolist() == ids
        assert whole.count(text) == len(ids)
        assert whole.decode_bytes(ids) == text
        assert cut.encode_ordinary(text) == plain.encode(text, PATTERNS["cl100k"], vocab)
    batch = whole.encode_batch(texts)
    assert batch.to_lists() == [plain.encode_piece(text, vocab) for text in texts]
    # Every token as a text: one that is unreachable is never given.
    assert whole.encode_batch(list(vocab)).to_lists() == [plain.encode_piece(token, vocab) for token in vocab]


@many_files
@given(data=st.data())
def test_two_rank_files_used_in_turns_do_not_mix(tmp_path: Path, data: st.DataObject) -> None:
    """Whatever is kept of one tokenizer's pieces is not taken for another's."""
    vocabs = [data.draw(small_vocabs()) for _ in range(2)]
    tokenizers = [
        pw.Tokenizer.from_tiktoken(write_ranks(tmp_path / f"{number}.tiktoken", vocab), pattern="gpt2")
        for number, vocab in enumerate(vocabs)
    ]
    for text in data.draw(st.lists(texts_for(vocabs[0]) | texts_for(vocabs[1]), max_size=4)):
        for vocab, tokenizer in zip(vocabs, tokenizers, strict=True):
            assert tokenizer.encode_ordinary(text) == plain.encode(text, PATTERNS["gpt2"], vocab)


@many_files
@given(data=st.data())
def test_a_tokenizer_in_the_place_of_one_that_is_gone_knows_nothing_of_it(tmp_path: Path, data: st.DataObject) -> None:
    for number in range(3):
        vocab = data.draw(small_vocabs())
        # The only one there is: the memory of the one before is free for it.
        tokenizer = pw.Tokenizer.from_tiktoken(write_ranks(tmp_path / f"{number}.tiktoken", vocab), pattern="gpt2")
        for text in data.draw(st.lists(texts_for(vocab), max_size=2)):
            assert tokenizer.encode_ordinary(text) == plain.encode(text, PATTERNS["gpt2"], vocab)
        shared = b"aab abab ab baa abc" * 3
        assert tokenizer.encode_ordinary(shared) == plain.encode(shared, PATTERNS["gpt2"], vocab)
        del tokenizer


def with_bytes(*tokens: bytes) -> dict[bytes, int]:
    """The 256 bytes, then these tokens."""
    return {token: rank for rank, token in enumerate([*(bytes([byte]) for byte in range(256)), *tokens])}


@pytest.mark.parametrize(
    ("tokens", "text", "expected"),
    [
        # No two tokens make xyz, so its bytes never become it.
        ([b"xyz"], b"xyz", [120, 121, 122]),
        # abcd would come of ab and cd, but bc always merges first.
        ([b"bc", b"ab", b"cd", b"abcd"], b"abcd", [97, 256, 100]),
        # Any two tokens may merge, not only those that made the token first: a + bc is abc as well as ab + c.
        ([b"bc", b"abc", b"ab"], b"abc", [257]),
        # The leftmost of equals.
        ([b"aa"], b"aaa", [256, 97]),
        ([b"aa", b"aaa"], b"aaaaa", [256, 257]),
        # A rank below that of its parts changes nothing but the order.
        ([b"abab", b"ab"], b"ababab", [256, 257]),
    ],
)
def test_what_a_rank_file_means(tmp_path: Path, tokens: list[bytes], text: bytes, expected: list[int]) -> None:
    vocab = with_bytes(*tokens)
    assert plain.encode_piece(text, vocab) == expected
    path = write_ranks(tmp_path / "ranks.tiktoken", vocab)
    for pattern in (WHOLE, "gpt2", "cl100k", "o200k"):
        assert pw.Tokenizer.from_tiktoken(path, pattern=pattern).encode(text) == expected


@pytest.mark.parametrize("letters", ["a", "ab", "abc"])
def test_a_long_piece_of_a_small_rank_file_is_the_plain_encoders(tmp_path: Path, letters: str) -> None:
    random = Random(letters)
    tokens = {"".join(random.choices(letters, k=random.randint(2, 8))).encode() for _ in range(40)}
    vocab = with_bytes(*sorted(tokens, key=lambda token: (random.random(), token)))
    tokenizer = pw.Tokenizer.from_tiktoken(write_ranks(tmp_path / "ranks.tiktoken", vocab), pattern=WHOLE)
    text = "".join(random.choices(letters, k=3000)).encode()
    assert tokenizer.encode(text) == plain.encode_piece(text, vocab)


@pytest.mark.parametrize("longest", [2, 64, 1000])
def test_tokens_that_double_are_reached_at_any_length(tmp_path: Path, longest: int) -> None:
    """Runs of a where every second doubling is a token: merges far apart depend on each other."""
    lengths = [length for length in (2, 4, 8, 16, 32, 64, 128, 256, 512, 1000) if length <= longest]
    vocab = with_bytes(*(b"a" * length for length in lengths), b"ab", b"aab")
    tokenizer = pw.Tokenizer.from_tiktoken(write_ranks(tmp_path / "ranks.tiktoken", vocab), pattern=WHOLE)
    for length in [*range(1, 70), 127, 128, 129, 255, 256, 257, 511, 1000, 1500]:
        for text in (b"a" * length, b"a" * length + b"b", b"b" + b"a" * length):
            assert tokenizer.encode(text) == plain.encode_piece(text, vocab), length
    text = b"a" * 1_000_000
    ids = within(30, lambda: tokenizer.encode_to_numpy(text))
    assert tokenizer.decode_bytes(ids) == text


@pytest.mark.parametrize("pattern", ["gpt2", "cl100k", "o200k"])
def test_a_rank_file_of_what_was_trained_gives_the_same_ids(tmp_path: Path, python_docs: str, pattern: str) -> None:
    trained = pw.train([python_docs[:100_000]], 700, pattern, special_tokens=["<|end|>"])
    trained.to_tiktoken(tmp_path / "ranks.tiktoken")
    read = pw.Tokenizer.from_tiktoken(tmp_path / "ranks.tiktoken", pattern=pattern, special_tokens={"<|end|>": 699})
    text = python_docs[100_000:130_000]
    expected = plain.encode(text, PATTERNS[pattern], trained.vocab)
    assert trained.encode(text) == expected
    assert read.encode(text) == expected
