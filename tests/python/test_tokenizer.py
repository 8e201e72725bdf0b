"""Every member of `Tokenizer`."""

import copy
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st

import pairwright as pw

TEXT = "the cat sat on the mat; the cat ate the rat. Ünïcödé, 中文, 😉 — <|end|>"


@pytest.fixture(scope="module")
def tok() -> pw.Tokenizer:
    return pw.train([TEXT * 5, "another document"], vocab_size=300, special_tokens=["<|end|>", "<|pad|>"])


def test_every_way_to_encode_gives_the_same_ids(tok: pw.Tokenizer) -> None:
    ids = tok.encode_ordinary(TEXT)
    assert ids
    assert all(type(id) is int for id in ids)
    assert tok.encode(TEXT, disallowed_special=()) == ids
    assert tok.encode(TEXT.encode(), disallowed_special=()) == ids
    array = tok.encode_to_numpy(TEXT, disallowed_special=())
    assert array.dtype == np.uint32
    assert array.tolist() == ids
    assert tok.count(TEXT) == len(ids)
    assert tok.count_batch([TEXT, "", TEXT]).tolist() == [len(ids), 0, len(ids)]
    assert tok.count_batch([TEXT]).dtype == np.int64
    spanned, spans = tok.encode_with_spans(TEXT, disallowed_special=())
    assert spanned == ids
    assert spans.shape == (len(ids), 2)
    assert tok.encode_batch([TEXT], disallowed_special=())[0].tolist() == ids


def test_special_tokens_follow_tiktoken(tok: pw.Tokenizer) -> None:
    end = tok.special_tokens["<|end|>"]
    with pytest.raises(ValueError, match=r"<\|end\|>.*allowed_special.*disallowed_special"):
        tok.encode(TEXT)
    assert tok.encode(TEXT, allowed_special="all")[-1] == end
    assert tok.encode(TEXT, allowed_special={"<|end|>"})[-1] == end
    assert tok.encode(TEXT, allowed_special=["<|end|>"], disallowed_special=())[-1] == end
    assert end not in tok.encode(TEXT, disallowed_special=())
    assert end not in tok.encode(TEXT, disallowed_special={"<|pad|>"})
    with pytest.raises(ValueError, match="cat"):
        tok.encode(TEXT, disallowed_special={"cat"})
    with pytest.raises(ValueError, match="all"):
        tok.encode(TEXT, allowed_special="<|end|>")
    for wrong in (None, 5, [5]):
        with pytest.raises(TypeError):
            tok.encode(TEXT, disallowed_special=wrong)  # type: ignore[arg-type]
    for call in (tok.encode_to_numpy, tok.encode_with_spans):
        with pytest.raises(ValueError, match="disallowed_special"):
            call(TEXT)
    with pytest.raises(ValueError, match="disallowed_special"):
        tok.encode_batch(["fine", TEXT])


def test_decoding_inverts_encoding_for_text_and_bytes(tok: pw.Tokenizer) -> None:
    ids = tok.encode(TEXT, allowed_special="all")
    for form in (
        ids,
        tuple(ids),
        iter(ids),
        np.array(ids),
        np.array(ids, np.uint32),
        np.array(ids, np.uint8 if max(ids) < 256 else np.int16),
    ):
        assert tok.decode(form) == TEXT
    assert tok.decode_bytes(ids) == TEXT.encode()
    strided = np.repeat(np.array(ids, np.uint32), 2)[::2]
    assert tok.decode(strided) == TEXT
    assert tok.decode([]) == ""


@given(st.binary())
def test_all_bytes_survive(data: bytes) -> None:
    tok = SMALL
    assert tok.decode_bytes(tok.encode_ordinary(data)) == data
    assert tok.decode(tok.encode_ordinary(data)) == data.decode(errors="replace")


@given(st.text(st.characters(codec="utf-8")))
def test_all_text_survives(text: str) -> None:
    ids, spans = SMALL.encode_with_spans(text, disallowed_special=())
    assert SMALL.decode(ids) == text
    pieces = [SMALL.token_bytes(id) for id in ids]
    # A span covers the token, and no span starts before the one before it.
    for bytes_, (start, end) in zip(pieces, spans.tolist(), strict=True):
        assert bytes_ in text[start:end].encode()
    assert spans[:, 0].tolist() == sorted(spans[:, 0].tolist())
    if ids:
        assert spans[0, 0] == 0
        assert spans[-1, 1] == len(text)


@given(st.lists(st.text()), st.integers(1, 4))
def test_a_batch_equals_the_single_texts(texts: list[str], threads: int) -> None:
    batch = SMALL.encode_batch(texts, disallowed_special=(), threads=threads)
    assert batch.to_lists() == [SMALL.encode_ordinary(text) for text in texts]
    assert SMALL.decode_batch(batch) == texts
    assert SMALL.decode_batch(batch.to_lists()) == texts
    assert SMALL.count_batch(texts, threads=threads).tolist() == [len(ids) for ids in batch]


SMALL = pw.train([TEXT * 5], vocab_size=290)


def test_large_batches_on_threads_keep_their_order(tok: pw.Tokenizer) -> None:
    texts = [TEXT[i % len(TEXT) :] * (i % 50) for i in range(3000)]
    expected = tok.encode_batch(texts, disallowed_special=(), threads=1)
    for threads in (2, 3, 8, None):
        assert tok.encode_batch(texts, disallowed_special=(), threads=threads) == expected
    assert expected.values.dtype == np.uint32
    assert expected.offsets.dtype == np.int64
    assert len(expected) == len(texts)
    assert expected[7].base is not None, "a view, not a copy"
    assert expected[-1].tolist() == tok.encode_ordinary(texts[-1])
    assert [ids.tolist() for ids in expected] == expected.to_lists()
    with pytest.raises(IndexError, match="3000"):
        expected[3000]


def test_an_unknown_id_is_named_with_its_position(tok: pw.Tokenizer) -> None:
    size = tok.vocab_size
    for bad in (size, -1, 2**32, 10**30):
        for call in (tok.decode, tok.decode_bytes):
            with pytest.raises(KeyError, match=f"{bad} at position 2"):
                call([97, 98, bad])
        with pytest.raises(KeyError, match=str(bad)):
            tok.token_bytes(bad)
        with pytest.raises(KeyError, match=str(bad)):
            tok.stream_decoder().push(bad)
    with pytest.raises(KeyError, match=f"{size} at position 1"):
        tok.decode_batch([[97], [98, size]])


@pytest.mark.parametrize("wrong", [None, 3, 1.5, ["a"], object()])
def test_wrong_types_are_type_errors(tok: pw.Tokenizer, wrong: Any) -> None:
    for call in (tok.encode, tok.encode_ordinary, tok.encode_to_numpy, tok.count, tok.token_id, tok.encode_with_spans):
        with pytest.raises(TypeError, match="str or bytes"):
            call(wrong)
    for ids in ("abc", [1.5], ["1"], [None], np.array([1.5]), np.array([[1]]), None, 5):
        with pytest.raises(TypeError):
            tok.decode(ids)  # type: ignore[arg-type]
    for texts in ("one text", b"one text", 5, [wrong]):
        with pytest.raises(TypeError):
            tok.encode_batch(texts)  # type: ignore[arg-type]
    for threads in (0, -1):
        with pytest.raises(ValueError, match=f"threads={threads}"):
            tok.encode_batch(["x"], threads=threads)


def test_lone_surrogates_become_the_replacement_character(tok: pw.Tokenizer) -> None:
    assert tok.decode(tok.encode("a\ud800b")) == "a\ufffdb"
    assert tok.decode(tok.encode("\ud83d\ude09")) == "😉"
    assert tok.decode_batch(tok.encode_batch(["\udc80"])) == ["\ufffd"]


def test_decode_errors_are_those_of_bytes_decode(tok: pw.Tokenizer) -> None:
    ids = tok.encode(b"a\xffb")
    assert tok.decode(ids) == "a\ufffdb"
    assert tok.decode(ids, errors="ignore") == "ab"
    assert tok.decode(ids, "backslashreplace") == "a\\xffb"
    with pytest.raises(UnicodeDecodeError):
        tok.decode(ids, errors="strict")


@given(st.binary())
def test_streaming_gives_the_same_text(data: bytes) -> None:
    stream = SMALL.stream_decoder()
    shown = ""
    taken = b""
    for id in SMALL.encode_ordinary(data):
        shown += stream.push(id)
        taken += SMALL.token_bytes(id)
        # Never more than the beginning of one character is held back.
        assert data.decode(errors="replace").startswith(shown)
        assert len(taken.decode(errors="replace")) - len(shown) <= 1
    assert shown + stream.finish() == data.decode(errors="replace")


def test_what_a_tokenizer_tells_of_itself(tok: pw.Tokenizer) -> None:
    assert tok.vocab_size == 300 == len(tok.vocab) + len(tok.special_tokens)
    assert tok.special_tokens == {"<|end|>": 298, "<|pad|>": 299}
    assert tok.pattern == "cl100k"
    assert list(tok.vocab.values()) == list(range(298))
    assert list(tok.vocab)[:256] == [bytes([byte]) for byte in range(256)]
    assert [left + right for left, right in tok.merges] == list(tok.vocab)[256:]
    assert all(tok.token_bytes(id) == bytes_ and tok.token_id(bytes_) == id for bytes_, id in tok.vocab.items())
    assert tok.token_id("<|pad|>") == 299
    assert tok.token_bytes(299) == b"<|pad|>"
    with pytest.raises(KeyError, match="zebra"):
        tok.token_id("zebra")
    assert repr(tok) == "Tokenizer(vocab_size=300, pattern='cl100k', special_tokens=2)"
    assert tok.metadata["settings"]["vocab_size"] == 300


def test_pickle_copy_equality_and_hash(tok: pw.Tokenizer, tmp_path: Path) -> None:
    path = tmp_path / "model.json"
    tok.save(path)
    for same in (pickle.loads(pickle.dumps(tok)), copy.copy(tok), copy.deepcopy(tok), pw.Tokenizer.load(str(path))):
        assert same == tok
        assert hash(same) == hash(tok)
        assert same.metadata == tok.metadata
        assert same.merges == tok.merges
    other = pw.train([TEXT], vocab_size=290, special_tokens=["<|end|>", "<|pad|>"], pattern="gpt2")
    assert other != tok
    assert tok != "tok"
    assert len({tok, other, pickle.loads(pickle.dumps(tok))}) == 2


def test_rank_files_round_trip(tok: pw.Tokenizer, tmp_path: Path) -> None:
    path = tmp_path / "ranks.tiktoken"
    tok.to_tiktoken(path)
    assert len(path.read_text().splitlines()) == 298
    again = pw.Tokenizer.from_tiktoken(path, pattern="cl100k", special_tokens=tok.special_tokens)
    assert again == tok
    assert again.merges == tok.merges
    with pytest.raises(ValueError, match="is also that of"):
        pw.Tokenizer.from_tiktoken(path, pattern="cl100k", special_tokens={"<|x|>": 97})
    with pytest.raises(ValueError, match="-1"):
        pw.Tokenizer.from_tiktoken(path, pattern="cl100k", special_tokens={"<|x|>": -1})
    with pytest.raises(ValueError, match="invalid split pattern"):
        pw.Tokenizer.from_tiktoken(path, pattern="(")
    path.write_text(path.read_text().replace("\n", " x\n", 1))
    with pytest.raises(pw.FormatError, match="line 1"):
        pw.Tokenizer.from_tiktoken(path, pattern="cl100k")
