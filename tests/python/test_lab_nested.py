"""One usage tells those of all smaller vocabularies; `first` is what training to that size gives."""

import json
import lzma
import os
import pydoc_data.topics
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from carried import LLAMA3, PUBLISHED, carried
from hypothesis import given, settings, strategies as st

import pairwright as pw

WORDS = ["ab", "abc", "a", "aa", "aaaa", "bca", "cc", "b", "中", "中文", " ", "\n"]
TEXT = st.lists(st.sampled_from(WORDS), max_size=40).map("".join)
BYTES = {bytes([byte]): byte for byte in range(256)}


def by_hand(tok: pw.Tokenizer, text: str) -> list[int]:
    found = Counter(tok.encode_ordinary(text))
    return [found[id] for id in range(tok.vocab_size)]


def content(tok: pw.Tokenizer) -> Any:
    """All that a model file holds, but for the time."""
    found = json.loads(tok._model_file())
    found["metadata"].pop("time")
    found.pop("sha256", None)
    return found


@given(
    TEXT.filter(bool),
    st.sampled_from(["lowest_pair", "first_seen"]),
    st.sampled_from(["first", "last"]),
    st.sampled_from([(), ("<x>",), ("<x>", "<y>")]),
)
@settings(max_examples=60, deadline=None)
@pytest.mark.filterwarnings("ignore::pairwright.FewerMergesWarning", "ignore::pairwright.PatternWarning")
def test_the_first_part_is_what_training_to_that_size_gives(
    text: str, tie_break: Any, special_ids: Any, names: tuple[str, ...]
) -> None:
    def train(size: int) -> pw.Tokenizer:
        return pw.train(
            pw.texts(text), size, special_tokens=names, special_ids=special_ids, tie_break=tie_break, pattern="(?s:.+)"
        )

    whole = train(290)
    for size in range(256 + len(names), whole.vocab_size + 1):
        first, trained = whole.first(size), train(size)
        assert first == trained
        assert first.special_tokens == trained.special_tokens
        assert first.merges == trained.merges
        assert content(first) == content(trained)


SIZES = (260, 300, 512, 1000, 1024, 2000, 4096, 5000, 7777, 8000)
SPECIAL = ["<x>", "<y>"]


@pytest.mark.parametrize("tie_break", ["lowest_pair", "first_seen"])
@pytest.mark.parametrize("special_ids", ["first", "last"])
def test_ten_sizes_of_english_are_what_training_gives(
    english_counts: pw.Counts, tie_break: Any, special_ids: Any
) -> None:
    def train(size: int) -> pw.Tokenizer:
        return pw.train(english_counts, size, special_ids=special_ids, tie_break=tie_break)

    whole = train(max(SIZES))
    assert whole.vocab_size == 8000
    assert min(whole.special_tokens.values()) == (256 if special_ids == "first" else 7998)
    for size in SIZES:
        first, trained = whole.first(size), train(size)
        assert first.vocab_size == size
        assert first == trained
        assert first.merges == trained.merges
        assert content(first) == content(trained)


def test_the_tie_rules_differ_on_english(english_counts: pw.Counts) -> None:
    """Else the test above would be one test twice."""
    trained = [pw.train(english_counts, 8000, tie_break=rule).merges for rule in ("lowest_pair", "first_seen")]
    assert trained[0] != trained[1]


@pytest.fixture(scope="module")
def english_counts(python_docs: str) -> pw.Counts:
    """4 MB of `english.txt.xz` where it is there, else the documentation of Python."""
    path = Path(os.environ.get("PAIRWRIGHT_DATA", ""), "english.txt.xz")
    if not path.is_file():
        return pw.count([python_docs], special_tokens=SPECIAL)
    with lzma.open(path) as file:
        return pw.count(pw.texts([file.read(4_000_000)]), special_tokens=SPECIAL)


@given(TEXT, TEXT)
@settings(max_examples=60, deadline=None)
@pytest.mark.filterwarnings("ignore::pairwright.FewerMergesWarning", "ignore::pairwright.PatternWarning")
def test_a_usage_tells_that_of_every_smaller_vocabulary(corpus: str, text: str) -> None:
    whole = pw.train(pw.texts("abcabc中文" + corpus), 280, special_tokens=["<x>"], pattern="(?s:.+)")
    usage = whole.usage(pw.texts(text))
    curve = whole.curve(usage)
    assert len(curve) == len(whole.merges) + 1
    for size in range(257, whole.vocab_size + 1):
        smaller = whole.first(size)
        expected = by_hand(smaller, text)
        assert whole.usage_at(usage, size).tolist() == expected
        assert curve[size - 257] == sum(expected)
    made = whole.made(usage)
    assert curve[0] - curve[-1] == sum(int(made[whole.vocab[left + right]]) for left, right in whole.merges)


@given(TEXT.filter(bool), st.sampled_from(["lowest_pair", "first_seen"]))
@settings(max_examples=60, deadline=None)
@pytest.mark.filterwarnings("ignore::pairwright.FewerMergesWarning", "ignore::pairwright.PatternWarning")
def test_training_counts_the_tokens_after_each_merge(corpus: str, tie_break: Any) -> None:
    tok = pw.train(pw.texts(corpus), 280, tie_break=tie_break, special_tokens=["<x>"])
    curve = tok.curve()
    words = {piece: ([bytes([byte]) for byte in piece], count) for piece, count in pw.count(pw.texts(corpus)).items()}
    expected = [sum(len(word) * count for word, count in words.values())]
    for left, right in tok.merges:
        for word, _ in words.values():
            at = 0
            while at + 1 < len(word):
                if word[at : at + 2] == [left, right]:
                    word[at : at + 2] = [left + right]
                at += 1
        expected.append(sum(len(word) * count for word, count in words.values()))
    assert curve.tolist() == expected


def test_the_curve_of_training_goes_with_the_tokenizer_that_was_trained(tmp_path: Path) -> None:
    text = Path(pydoc_data.topics.__file__).read_text()[:100_000]
    tok = pw.train([text], 1000)
    # On real text encoding and training cut alike.
    assert np.array_equal(tok.curve(), tok.curve(tok.usage([text])))
    larger = pw.train([text], 1010, base=tok)
    assert (larger.curve()[0], len(larger.curve())) == (tok.curve()[-1], 11)
    tok.save(tmp_path / "model.json")
    for other in (pw.Tokenizer.load(tmp_path / "model.json"), tok.first(500)):
        with pytest.raises(ValueError, match="pass a usage"):
            other.curve()


def test_made_counts_both_halves() -> None:
    tok = pw.Tokenizer.from_ranks(BYTES | {b"aa": 256, b"aaaa": 257}, pattern="gpt2")
    usage = np.zeros(258, np.uint64)
    usage[[257, 256, 97]] = [3, 1, 5]
    made = tok.made(usage)
    assert (made[257], made[256], made[97]) == (3, 7, 19)
    assert tok.curve(usage).tolist() == [19, 12, 9]
    assert tok.usage_at(usage, 257)[[97, 256]].tolist() == [5, 7]


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_vocabularies_have_all_smaller_ones(name: str) -> None:
    pattern = {"p50k_base": "gpt2"}.get(name, name)
    tok = pw.Tokenizer.from_tiktoken(carried(*PUBLISHED[name]), pattern=pattern)
    text = Path(pydoc_data.topics.__file__).read_text()[:300_000] + "中文字符，混合 text in Русский 123" * 20
    usage = tok.usage(pw.texts(text))
    for size in (300, 1000, 20_000, 50_000):
        size += len(tok.special_tokens)
        smaller = tok.first(size)
        assert smaller.vocab_size == size
        assert tok.usage_at(usage, size).tolist() == by_hand(smaller, text)


@pytest.mark.parametrize(("name", "leaves"), [("cl100k_base", 74_282), ("o200k_base", 144_598)])
def test_merged_tokens_of_published_vocabularies_that_are_no_part_of_another(name: str, leaves: int) -> None:
    tok = pw.Tokenizer.from_tiktoken(carried(*PUBLISHED[name]), pattern=name)
    merged = {left + right for left, right in tok.merges}
    assert len(merged) == len(tok.merges) == len(tok.vocab) - 256
    parts = {part for pair in tok.merges for part in pair}
    assert len(merged - parts) == leaves


def test_special_tokens_behind_the_merges_move_and_those_before_stay() -> None:
    text = ["to be or not to be, that is the question"]
    last = pw.train(text, 280, special_tokens=["<a>", "<b>"])
    assert last.first(260).special_tokens == {"<a>": 258, "<b>": 259}
    first = pw.train(text, 280, special_tokens=["<a>", "<b>"], special_ids="first")
    assert first.first(260).special_tokens == {"<a>": 256, "<b>": 257}
    assert (last.first(280), first.first(280)) == (last, first)
    assert last.first(258).merges == []
    usage = np.arange(280, dtype=np.uint64)
    assert last.usage_at(usage, 260)[[258, 259]].tolist() == [278, 279]
    assert first.usage_at(usage, 260)[[256, 257]].tolist() == [256, 257]


def test_sizes_that_there_are_not_are_refused() -> None:
    tok = pw.train(["to be or not to be, that is the question"], 280, special_tokens=["<a>"])
    for size in (256, 3, 0):
        with pytest.raises(ValueError, match=f"vocab_size={size}: leaves no room for the single bytes"):
            tok.first(size)
    with pytest.raises(ValueError, match="vocab_size=281: must be no more ids than the tokenizer has"):
        tok.first(281)
    with pytest.raises(ValueError, match="must not be negative"):
        tok.first(-1)
    with pytest.raises(TypeError, match="vocab_size must be an int"):
        tok.first("many")  # type: ignore[arg-type]
    assert tok.first(np.int64(270)).vocab_size == 270


def test_vocabularies_that_are_not_nested_are_refused_with_the_reason() -> None:
    tok = pw.Tokenizer.from_ranks(BYTES | {b"abc": 256, b"ab": 257}, pattern="gpt2")
    reason = 'token 256 b"abc" is merged from token 257 b"ab", which has a larger id'
    for work in (lambda: tok.first(257), lambda: tok.curve(np.zeros(258, np.uint64))):
        with pytest.raises(ValueError, match=f"no smaller ones within it: {reason}"):
            work()
    # How often tokens were made is known all the same.
    usage = tok.usage(["abc ab"])
    assert tok.made(usage)[[256, 257, 97, 99]].tolist() == [1, 2, 2, 1]


def test_llama_3_is_not_nested() -> None:
    tok = pw.Tokenizer.from_tiktoken(carried(*LLAMA3), pattern="llama3", ignore_merges=True)
    with pytest.raises(ValueError, match="which has a larger id"):
        tok.first(100_000)


def test_a_token_that_no_merge_makes_cannot_be_taken_apart() -> None:
    tok = pw.Tokenizer.from_ranks(BYTES | {b"xyz": 256}, pattern="gpt2", ignore_merges=True)
    usage = tok.usage(["xyz"])
    assert usage[256] == 1
    with pytest.raises(ValueError, match='token 256 b"xyz" is in use, and no merge makes it'):
        tok.curve(usage)
    assert tok.curve(tok.usage(["abc"])).tolist() == [3]


def test_usages_of_another_shape_or_kind_are_refused() -> None:
    tok = pw.train(["to be or not to be"], 260)
    for work in (tok.made, tok.curve, lambda usage: tok.usage_at(usage, 258)):
        with pytest.raises(ValueError, match=r"usage has the shape \(3,\), not one number for each of the 260 ids"):
            work(np.zeros(3, np.uint64))
        with pytest.raises(TypeError, match="usage must be an array of integers"):
            work(np.zeros(260))
        with pytest.raises(ValueError, match="negative"):
            work(np.full(260, -1))
        with pytest.raises(OverflowError, match="more than 2"):
            work(np.full(260, 2**64 - 1, np.uint64))
        assert work([0] * 260).sum() == 0
