"""From ids of one tokenizer to those of another: what encoding the text gives, and which ids share which bytes."""

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

import pairwright as pw

TEXT = "to be or not to be, that is the question: naïve café 中文 🙂 "
A = pw.train([TEXT * 2], 300, "gpt2", special_tokens=["<|end|>", "<|a|>"])
B = pw.train([TEXT[::-1] * 2, TEXT], 290, "o200k", special_tokens=["<|b|>", "<|end|>"], special_ids="first")
TO_B = pw.bridge(A, B)

texts = st.text(st.sampled_from(TEXT + "x\n")) | st.text() | st.binary()
ids_of_a = st.lists(st.integers(0, A.vocab_size - 3))


@given(texts)
@settings(max_examples=200)
def test_ids_are_those_of_the_text(text: str | bytes) -> None:
    assert TO_B(A.encode_ordinary(text)) == B.encode_ordinary(text)


@given(ids_of_a)
@settings(max_examples=200)
def test_any_ids_have_the_bytes_that_they_stand_for(ids: list[int]) -> None:
    found = TO_B(ids)
    assert found == B.encode_ordinary(A.decode_bytes(ids))
    assert pw.bridge(B, A)(found) == A.encode_ordinary(A.decode_bytes(ids))


@given(ids_of_a)
@settings(max_examples=200)
def test_groups_are_the_smallest_that_share_their_bytes(ids: list[int]) -> None:
    found = TO_B.align(ids)
    content = A.decode_bytes(ids)
    assert found.ids == TO_B(ids)
    ends = [(0, 0, 0)]
    for (a, b, c, d), (start, end) in zip(found.groups.tolist(), found.bytes.tolist(), strict=True):
        assert (a, c, start) == ends[-1]
        assert a < b
        assert c < d
        assert A.decode_bytes(ids[a:b]) == B.decode_bytes(found.ids[c:d]) == content[start:end]
        ends.append((b, d, end))
    assert ends[-1] == (len(ids), len(found.ids), len(content))
    assert len(found) == len(found.groups)
    common = boundaries(A, ids) & boundaries(B, found.ids)
    assert {end for _, _, end in ends} == common | {0}


def boundaries(tok: pw.Tokenizer, ids: list[int]) -> set[int]:
    return {len(tok.decode_bytes(ids[:number])) for number in range(1, len(ids) + 1)}


@given(ids_of_a)
@settings(max_examples=200)
def test_sources_are_the_ids_that_share_a_byte(ids: list[int]) -> None:
    found = TO_B.align(ids)
    for spans, tok, own in ((found.first_spans, A, ids), (found.second_spans, B, found.ids)):
        expected = [len(tok.decode_bytes(own[:number])) for number in range(len(own) + 1)]
        assert spans.tolist() == [list(each) for each in pairwise(expected)]
    for (start, end), (first, last) in zip(found.second_spans.tolist(), found.sources.tolist(), strict=True):
        shared = [n for n, (a, b) in enumerate(found.first_spans.tolist()) if a < end and start < b]
        assert list(range(first, last)) == shared


def test_alignment_by_hand() -> None:
    a = pw.Tokenizer.from_merges([(b"a", b"b"), (b"c", b"d")], pattern="gpt2")
    b = pw.Tokenizer.from_merges([(b"b", b"c"), (b"d", b"e")], pattern="gpt2")
    # ab|cd|e and a|bc|de: only the end is shared. Then f on both sides.
    found = pw.bridge(a, b).align(a.encode("abcdef"))
    assert found.ids == [ord("a"), 256, 257, ord("f")]
    assert found.groups.tolist() == [[0, 3, 0, 3], [3, 4, 3, 4]]
    assert found.bytes.tolist() == [[0, 5], [5, 6]]
    assert found.sources.tolist() == [[0, 1], [0, 2], [1, 3], [3, 4]]


def test_special_tokens_become_those_of_the_same_name() -> None:
    end = A.special_tokens["<|end|>"]
    ids = [*A.encode("to be"), end, *A.encode(" or"), end, end]
    expected = [*B.encode("to be"), 257, *B.encode(" or"), 257, 257]
    assert B.special_tokens["<|end|>"] == 257
    assert TO_B(ids) == expected
    found = TO_B.align(ids)
    assert found.ids == expected
    assert found.groups[-1].tolist() == [len(ids) - 1, len(ids), len(expected) - 1, len(expected)]
    assert TO_B([end]) == [257]


def test_text_that_looks_like_a_special_token_stays_text() -> None:
    for text in ("<|end|>", "<|b|> x"):
        assert TO_B(A.encode_ordinary(text)) == B.encode_ordinary(text)


def test_special_tokens_that_the_other_has_not_are_refused_or_text() -> None:
    ids = [*A.encode("be"), A.special_tokens["<|a|>"], *A.encode("to")]
    at = len(A.encode("be"))
    with pytest.raises(ValueError, match=rf"ids\[{at}\] is the special token '<\|a\|>'") as caught:
        TO_B(ids)
    assert caught.value.__notes__ == ['hint: special="text" takes its name as plain text']
    lenient = pw.bridge(A, B, special="text")
    assert lenient(ids) == B.encode_ordinary("be<|a|>to")
    assert lenient.align(ids).ids == lenient(ids)
    end = A.special_tokens["<|end|>"]
    assert lenient([*ids, end]) == [*lenient(ids), 257]


@given(st.lists(st.lists(st.integers(0, A.vocab_size - 2)), max_size=5))
@settings(max_examples=100)
def test_batches_are_single_ones(sequences: list[list[int]]) -> None:
    expected = [TO_B(ids) for ids in sequences]
    assert TO_B.batch(sequences).to_lists() == expected
    assert TO_B.batch(iter(sequences), threads=1).to_lists() == expected
    found = TO_B.batch(A.encode_batch(["to be", "", "or"]))
    assert (found.values.dtype.name, found.offsets.dtype.name) == ("uint32", "int64")
    assert found == B.encode_batch(["to be", "", "or"])


def test_every_kind_of_ids() -> None:
    ids = A.encode("to be or")
    expected = B.encode("to be or")
    kinds: list[Any] = [iter(ids), tuple(ids), np.array(ids), np.array(ids, np.uint16), range(97, 99)]
    assert [TO_B(each) for each in kinds] == [expected] * 4 + [B.encode("ab")]
    assert TO_B([]) == TO_B(np.array([], np.int64)) == TO_B.align([]).ids == []
    assert TO_B.align([]).groups.shape == (0, 4)


@pytest.mark.parametrize("wrong", ["text", b"bytes", 5, None, {"a": 1}, {97}, [1.5], [[97]], np.array([[97]]), [True]])
def test_what_are_no_ids_is_refused(wrong: Any) -> None:
    for call in (TO_B, TO_B.align):
        with pytest.raises(TypeError):
            call(wrong)


def test_unknown_ids_are_named() -> None:
    for call in (TO_B, TO_B.align):
        with pytest.raises(KeyError, match="-100"):
            call([97, -100])
    with pytest.raises(TypeError, match="batch must be"):
        TO_B.batch("text")  # type: ignore[arg-type]


def test_what_is_no_tokenizer_is_refused() -> None:
    wrong: Any = "cl100k_base"
    with pytest.raises(TypeError, match="first must be a Tokenizer"):
        pw.bridge(wrong, B)
    with pytest.raises(TypeError, match="second must be a Tokenizer"):
        pw.bridge(A, wrong)
    with pytest.raises(ValueError, match=r'special=.* must be "error" or "text"'):
        pw.bridge(A, B, special="skip")  # type: ignore[arg-type]


def test_tokens_without_bytes_belong_to_those_beside_them() -> None:
    ranks = {bytes([byte]): byte for byte in range(256)} | {b"": 256}
    empty = pw.Tokenizer.from_ranks(ranks, pattern="gpt2")
    found = pw.bridge(empty, B).align([256, 97, 256, 98])
    assert found.groups.tolist() == [[0, 3, 0, 1], [3, 4, 1, 2]]
    assert found.sources.tolist() == [[1, 2], [3, 4]]
    assert pw.bridge(empty, B).align([256, 256]).groups.tolist() == [[0, 2, 0, 0]]


def test_text_that_the_other_normalizes_is_an_error(tmp_path: Path) -> None:
    A.to_huggingface(tmp_path / "tokenizer.json")
    model = json.loads((tmp_path / "tokenizer.json").read_text())
    model["normalizer"] = {"type": "NFC"}
    (tmp_path / "tokenizer.json").write_text(json.dumps(model))
    nfc = pw.Tokenizer.from_huggingface(tmp_path)
    to_nfc = pw.bridge(B, nfc)
    assert to_nfc(B.encode("café")) == nfc.encode("café")
    with pytest.raises(ValueError, match="does not give this text back"):
        to_nfc(B.encode("cafe\u0301"))


def test_published_vocabularies(load_peers: Any) -> None:
    first, second = (load_peers(name).tokenizer for name in ("cl100k_base", "o200k_base"))
    text = TEXT * 100
    to_second = pw.bridge(first, second)
    assert to_second(first.encode(text)) == second.encode(text)
    found = to_second.align(first.encode(text))
    assert found.bytes[-1, 1] == len(text.encode())
