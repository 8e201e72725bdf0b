"""How often each id occurs: the same from texts, files, counts and token folders, on any number of threads."""

import pickle
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

import pairwright as pw
from pairwright import _core

TEXTS = ["to be or not to be, that is the question", "", "naïve café 中文 🙂", "to be <|end|> or not\n\n  \n" * 50]
END = "<|end|>"


TOKENIZER = pw.train([*TEXTS, "the question of the question"], 300, special_tokens=[END])


@pytest.fixture
def tok() -> pw.Tokenizer:
    return TOKENIZER


def by_hand(tok: pw.Tokenizer, texts: Any) -> list[int]:
    found = Counter(id for text in texts for id in tok.encode_ordinary(text))
    return [found[id] for id in range(tok.vocab_size)]


@given(st.lists(st.text() | st.binary()), st.sampled_from([1, 2, 3]))
@settings(max_examples=100)
def test_usage_is_the_histogram_of_encoding(texts: list[str | bytes], threads: int) -> None:
    tok = TOKENIZER
    usage = tok.usage(pw.texts(texts), threads=threads)
    assert (usage.dtype.name, usage.shape) == ("uint64", (tok.vocab_size,))
    assert usage.tolist() == by_hand(tok, texts)


any_texts = st.text() | st.text(st.characters(categories=["Cs", "Lu"])) | st.binary() | st.binary().map(bytearray)


@given(st.lists(any_texts), st.integers(1, 4))
@settings(max_examples=100)
def test_a_list_is_counted_as_other_sources_are(texts: list[Any], part: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pairwright.lab.usage.PART", part)
        found = TOKENIZER.usage(pw.texts(texts)).tolist()
        assert found == TOKENIZER.usage(pw.texts(tuple(texts))).tolist()
    assert found == TOKENIZER.usage(pw.texts(iter(texts))).tolist()
    assert found == TOKENIZER.usage(pw.texts(texts), progress=lambda _: None).tolist()


def test_a_text_of_a_list_that_is_refused_is_named() -> None:
    with pytest.raises(TypeError, match="text 2 must be str or bytes, not int"):
        TOKENIZER.usage(pw.texts(["a", "b", 3]))  # type: ignore[list-item]
    gives_up = pw.Tokenizer.from_merges([], pattern=r"(a|a)*\1c|\w+|\W")
    with pytest.raises(pw.DocumentError, match="<texts>, text 1: "):
        gives_up.usage(["fine", "a" * 64])
    with pytest.raises(TypeError, match="threads must be an int"):
        TOKENIZER.usage(["a"], threads="two")  # type: ignore[arg-type]


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_long_texts_are_counted_in_parts(tok: pw.Tokenizer, threads: int) -> None:
    text = "".join(TEXTS) * 3000
    assert tok.usage(pw.texts(text), threads=threads).tolist() == by_hand(tok, [text])


def test_every_source_gives_the_same(tok: pw.Tokenizer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    texts = [text for text in TEXTS if text]
    for number, text in enumerate(texts):
        Path(f"{number}.txt").write_text(text, newline="")
    expected = by_hand(tok, texts)
    sources: list[Any] = [texts, iter(texts), ".", Path(), ["0.txt", "1.txt", "2.txt"], pw.Corpus("*.txt")]
    for source in sources:
        assert tok.usage(source).tolist() == expected, source
    manifest = pw.encode_corpus(tok, pw.Corpus("*.txt"), "tokens", special="text", validation=0.5)
    assert len(manifest.splits) == 2
    assert tok.usage("tokens").tolist() == expected
    by_split = [tok.usage(pw.open_tokens("tokens", split.name)) for split in manifest.splits]
    assert np.sum(by_split, axis=0).tolist() == expected
    for format in ("npy", "parquet", "arrow", "jsonl"):
        pw.encode_corpus(tok, pw.Corpus("*.txt"), format, format=format, special="allow", append=END)
        expected_of_folder = Counter(
            id for text in texts for id in [*tok.encode(text, allowed_special="all"), tok.special_tokens[END]]
        )
        assert tok.usage(format).tolist() == [expected_of_folder[id] for id in range(tok.vocab_size)]


def test_counts_are_encoded_once_and_weighted(tok: pw.Tokenizer) -> None:
    text = "to be or not to be, that is the question. " * 5
    counts = pw.count(pw.texts(text))
    assert tok.usage(counts).tolist() == by_hand(tok, [text])
    assert tok.usage(counts * 7).tolist() == [7 * number for number in by_hand(tok, [text])]
    many = pw.Counts.from_items([(b"%d" % number, number) for number in range(1, 20_000)])
    expected: Counter[int] = Counter()
    for piece, count in many.items():
        for id in tok.encode_ordinary(piece):
            expected[id] += count
    assert tok.usage(many, threads=3).tolist() == [expected[id] for id in range(tok.vocab_size)]
    with pytest.raises(OverflowError, match="the usage passes"):
        tok.usage(pw.Counts.from_items([(b"zz", 1 << 63)]))


def test_special_tokens_that_were_cut_out_count_nothing(tok: pw.Tokenizer) -> None:
    counts = pw.count(pw.texts(f"to be{END}or not"), special_tokens=[END])
    assert tok.usage(counts).tolist() == by_hand(tok, ["to be", "or not"])


def test_usages_add_up_and_are_arrays(tok: pw.Tokenizer) -> None:
    first, second = tok.usage(TEXTS[:1]), tok.usage(TEXTS[2:])
    assert (first + second).tolist() == by_hand(tok, [TEXTS[0], *TEXTS[2:]])
    assert pickle.loads(pickle.dumps(first)).tolist() == first.tolist()
    assert tok.usage([]).tolist() == [0] * tok.vocab_size


def test_sources_of_another_tokenizer_are_refused(
    tok: pw.Tokenizer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    other = pw.train(["entirely other text"], 260, pattern="gpt2")
    with pytest.raises(ValueError, match="made with the split pattern 'gpt2', the tokenizer has 'cl100k'"):
        tok.usage(pw.count(["text"], pattern="gpt2"))
    pw.encode_corpus(other, ["some text"], "tokens")
    with pytest.raises(ValueError, match="was encoded with another tokenizer"):
        tok.usage("tokens")
    with pytest.raises(ValueError, match="was encoded with another tokenizer"):
        tok.usage(pw.open_tokens("tokens"))
    assert tok.usage(pw.count(["text"], pattern=_core.regex_of("cl100k"))).sum() > 0


def test_what_is_no_source_is_refused(tok: pw.Tokenizer) -> None:
    with pytest.raises(FileNotFoundError):
        tok.usage("missing.txt")
    with pytest.raises(TypeError):
        tok.usage(3)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="progress must be"):
        tok.usage(["a"], progress=3)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="threads"):
        tok.usage(["a"], threads="two")  # type: ignore[arg-type]


def test_progress_is_told_and_may_stop(tok: pw.Tokenizer) -> None:
    events: list[pw.EncodingEvent] = []
    usage = tok.usage(TEXTS, progress=events.append)
    assert (events[-1].documents, events[-1].tokens) == (len(TEXTS), usage.sum())
    assert events[-1].bytes == sum(len(text.encode()) for text in TEXTS)
    with pytest.raises(pw.StoppedError):
        tok.usage(TEXTS, progress=lambda _: False)


def test_documents_that_cannot_be_read_are_skipped_whole(
    tok: pw.Tokenizer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.jsonl").write_text('{"text": "to be"}\n{"text": 3}\n{"text": "or not"}\n')
    with pytest.raises(pw.DocumentError, match="line 2"):
        tok.usage("a.jsonl")
    with pytest.warns(pw.SkippedWarning, match="line 2"):
        usage = tok.usage(pw.Corpus("a.jsonl", on_error="skip"))
    assert usage.tolist() == by_hand(tok, ["to be", "or not"])
    slow = pw.train(["bbb abc bbb"], 257, pattern=r"(b|b)*\1c|[^b]+|b")
    Path("b.jsonl").write_text('{"text": "%s"}\n{"text": "abc"}\n' % ("b" * 5000))
    with pytest.warns(pw.SkippedWarning, match="document 1"):
        usage = slow.usage(pw.Corpus("b.jsonl", on_error="skip"))
    assert usage.tolist() == by_hand(slow, ["abc"])
