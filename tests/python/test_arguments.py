"""What each argument of each public function takes, and what it says to anything else."""

import array
import codecs
import copy
import pickle
import warnings
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd  # type: ignore[import-untyped]
import polars as pl
import pyarrow as pa
import pytest
import tiktoken
from limits import within

import pairwright as pw
from pairwright._core import PATTERNS
from pairwright.compat import tiktoken as as_in_tiktoken

CORPUS = ["to be or not to be, that is the question", "that is not the question"]


def test_numbers_of_numpy_are_numbers() -> None:
    plain = pw.train(CORPUS, 270, min_frequency=2, max_token_bytes=3, special_tokens=["<e>"], memory_limit=0.5)
    for kind in (np.int64, np.int32, np.uint16):
        numbers: dict[str, Any] = {
            "vocab_size": kind(270),
            "min_frequency": kind(2),
            "max_token_bytes": kind(3),
            "threads": kind(1),
        }
        for limit in (np.float64(0.5), np.float32(0.5), Fraction(1, 2), np.int64(2**30)):
            made = pw.train(CORPUS, special_tokens=["<e>"], memory_limit=limit, **numbers)
            assert made == plain
            assert made.metadata["settings"] == plain.metadata["settings"]
            assert pickle.loads(pickle.dumps(made)) == made
    assert pw.count(CORPUS, threads=np.int8(2)) == pw.count(CORPUS)


def test_nothing_is_done_before_the_arguments_are_checked(tmp_path: Path) -> None:
    """Each is refused before the corpus is asked for its first text."""

    class Unread:
        def __iter__(self) -> Any:
            raise AssertionError("the corpus was read")

    wrong: list[dict[str, Any]] = [
        {"threads": "2"},
        {"memory_limit": "8GB"},
        {"memory_limit": True},
        {"spill_folder": 5},
        {"spill_folder": b"folder"},
        {"progress": 5},
        {"special_tokens": "<e>"},
        {"special_tokens": ["<e>", 5]},
        {"pattern": 5},
    ]
    of_training: list[dict[str, Any]] = [
        {"vocab_size": 300.0},
        {"vocab_size": True},
        {"vocab_size": np.array([300, 301])},
        {"min_frequency": "2"},
        {"max_token_bytes": 2.5},
        {"special_ids": "frist"},
        {"special_ids": 5},
        {"tie_break": "lowest"},
        {"base": tmp_path},
    ]
    for options in wrong:
        with pytest.raises((TypeError, ValueError), match=next(iter(options))):
            pw.count(Unread(), **options)
    for options in wrong + of_training:
        with pytest.raises((TypeError, ValueError), match=next(iter(options))):
            pw.train(Unread(), **options)
        with pytest.raises((TypeError, ValueError), match=next(iter(options))):
            pw.train(pw.count(CORPUS), **options)


def test_special_tokens_are_any_iterable_of_names() -> None:
    expected = {"<a>": 256, "<b>": 257}
    ways: tuple[Any, ...] = (
        ["<a>", "<b>"],
        ("<a>", "<b>"),
        iter(["<a>", "<b>"]),
        (name for name in ["<a>", "<b>"]),
        np.array(["<a>", "<b>"]),
        # A set has no order, and ids that differ from run to run would be worse than the wrong ones.
        {"<b>", "<a>"},
        frozenset({"<b>", "<a>"}),
        {"<a>": 1, "<b>": 2}.keys(),
    )
    for names in ways:
        made = pw.train(CORPUS, 258, special_tokens=names)
        assert made.special_tokens == expected
        assert all(type(name) is str for name in made.metadata["settings"]["special_tokens"])
    wrong: tuple[tuple[Any, str], ...] = (
        ("<a>", r"special_tokens must be a list of names, not one str; pass \['<a>'\]"),
        (b"<a>", "special_tokens must be a list of names, not bytes"),
        ({"<a>": 5}, "special_tokens must be a list of names, not dict.*order"),
        (5, "special_tokens must be a list of names, not int 5"),
        (["<a>", b"<b>"], r"special_tokens\[1\] must be a str, not bytes b'<b>'"),
        ([None], r"special_tokens\[0\] must be a str, not None"),
    )
    for names, message in wrong:
        for call in (pw.train, pw.count):
            with pytest.raises(TypeError, match=message):
                call(CORPUS, special_tokens=names)


@pytest.fixture(scope="module")
def tok() -> pw.Tokenizer:
    return pw.train(CORPUS * 3, 265, special_tokens=["<|end|>", "<|pad|>"])


# What a tokenizer tells of its content


def test_the_content_of_a_tokenizer_is_made_once(tok: pw.Tokenizer) -> None:
    assert tok.vocab is tok.vocab
    assert tok.merges is tok.merges
    assert tok.special_tokens is tok.special_tokens
    again = pickle.loads(pickle.dumps(tok))
    assert (again.vocab, again.merges, again.special_tokens) == (tok.vocab, tok.merges, tok.special_tokens)


def test_a_vocab_is_a_dict_and_merges_are_a_list_that_cannot_be_changed(tok: pw.Tokenizer) -> None:
    vocab, merges, special = tok.vocab, tok.merges, tok.special_tokens
    plain, listed = dict(vocab), list(merges)
    assert type(plain) is dict
    assert type(listed) is list
    assert isinstance(vocab, dict)
    assert isinstance(merges, list)
    assert vocab == plain
    assert plain == vocab
    assert merges == listed
    assert listed == merges
    assert len(plain) == 263
    assert plain[b"a"] == vocab.get(b"a") == 97
    assert {**vocab} == plain
    changes: list[Any] = [
        lambda: vocab.__setitem__(b"new", 1),
        lambda: vocab.__delitem__(b"a"),
        vocab.clear,
        lambda: vocab.pop(b"a"),
        vocab.popitem,
        lambda: vocab.setdefault(b"new", 1),
        lambda: vocab.update({b"new": 1}),
        lambda: vocab.__ior__({b"new": 1}),
        lambda: special.update(new=1),
        lambda: merges.append((b"a", b"b")),
        lambda: merges.extend([(b"a", b"b")]),
        lambda: merges.insert(0, (b"a", b"b")),
        merges.pop,
        lambda: merges.remove(merges[0]),
        merges.clear,
        merges.sort,
        merges.reverse,
        lambda: merges.__setitem__(0, (b"a", b"b")),
        lambda: merges.__delitem__(0),
        lambda: merges.__iadd__([(b"a", b"b")]),
        lambda: merges.__imul__(2),
    ]
    for change in changes:
        with pytest.raises(
            TypeError, match=r"belongs to a tokenizer and cannot be changed; change a copy: (dict|list)\("
        ):
            change()
    assert (vocab, merges) == (plain, listed)
    # Copies are ordinary ones.
    copies: list[Any] = [
        vocab.copy(),
        vocab | {},
        {} | vocab,
        copy.copy(vocab),
        copy.deepcopy(vocab),
        *(pickle.loads(pickle.dumps(vocab, protocol)) for protocol in range(pickle.HIGHEST_PROTOCOL + 1)),
    ]
    for copied in copies:
        assert type(copied) is dict
        assert copied == plain
    assert list(plain) == list(vocab)
    copies = [
        merges.copy(),
        merges[:],
        [*merges],
        merges + list[Any](),
        merges * 1,
        copy.copy(merges),
        copy.deepcopy(merges),
        *(pickle.loads(pickle.dumps(merges, protocol)) for protocol in range(pickle.HIGHEST_PROTOCOL + 1)),
    ]
    for copied in copies:
        assert type(copied) is list
        assert copied == listed


def test_a_vocab_makes_encodings_of_tiktoken(tok: pw.Tokenizer) -> None:
    theirs = tiktoken.Encoding("x", pat_str=PATTERNS["cl100k"], mergeable_ranks=tok.vocab, special_tokens={})
    assert theirs.encode("to be") == tok.encode("to be")
    assert theirs.n_vocab == 263
    ours = as_in_tiktoken.Encoding.from_tokenizer("x", tok)
    assert type(ours._mergeable_ranks) is dict
    assert ours._mergeable_ranks is ours._mergeable_ranks
    ours._special_tokens["<new>"] = 300
    assert "<new>" not in tok.special_tokens
    extended = tiktoken.Encoding(
        "y", pat_str=ours._pat_str, mergeable_ranks=ours._mergeable_ranks, special_tokens=ours._special_tokens
    )
    assert extended.encode("<new>", allowed_special="all") == [300]
    adapted = tok.as_tiktoken()
    adapted._special_tokens["<new>"] = 300
    assert "<new>" not in tok.special_tokens


def test_what_is_in_a_tokenizer(tok: pw.Tokenizer) -> None:
    assert len(tok) == tok.vocab_size == 265
    assert tok
    holes = pw.Tokenizer.from_ranks({**tok.vocab, b"zz": 300}, pattern="cl100k", special_tokens={"<s>": 500})
    assert [number for number in range(-3, 600) if number in holes] == [*range(263), 300, 500]
    assert len(holes) == 501
    for number in (5, np.int64(264), np.uint8(255), b"".join(tok.merges[0]), " ", b"\xff", "<|pad|>", b"<|end|>"):
        assert number in tok
    for number in (265, -1, -100, 2**32, 10**30, np.int64(-1), b"zebra", "<|", "", b"to be or"):
        assert number not in tok
    others: tuple[Any, ...] = (None, True, 5.0, [5], np.array([1, 2]), np.float64(5))
    for wrong in others:
        with pytest.raises(TypeError, match=r"an id \(int\), or a token \(str or bytes\), not"):
            _ = wrong in tok
    with pytest.raises(TypeError, match="not iterable"):
        iter(tok)  # type: ignore[call-overload]


def test_look_ups_in_a_loop_take_no_time() -> None:
    """Each made 200,000 objects once, so that this took hours."""
    ranks = {bytes([byte]): byte for byte in range(256)}
    ranks |= {
        b"%c%c%c" % (one, two, three): 256 + one * 2500 + two * 50 + three
        for one in range(50)
        for two in range(50)
        for three in range(50)
    }
    large = pw.Tokenizer.from_ranks(ranks, pattern="gpt2", ignore_merges=True)
    tokens = list(ranks)

    def look_up() -> int:
        return sum(token in large.vocab and large.vocab[token] >= 0 for token in tokens) + len(large.merges)

    assert within(60, look_up) == len(ranks)


# Ids and texts


class Tensor:
    """As torch has them: no array of numpy, but a list on request."""

    def __init__(self, *values: Any) -> None:
        self.values = np.array(values)
        self.ndim = self.values.ndim

    def tolist(self) -> Any:
        return self.values.tolist()

    def __iter__(self) -> Any:
        return (Tensor(*each) for each in self.values)


def test_ids_are_any_sequence_of_integers(tok: pw.Tokenizer) -> None:
    forms: list[Any] = [
        [97, 98],
        (97, 98),
        range(97, 99),
        iter([97, 98]),
        (number for number in [97, 98]),
        {97: 1, 98: 2}.keys(),
        array.array("H", [97, 98]),
        memoryview(np.array([97, 98], np.uint16)),  # type: ignore[arg-type]
        [np.int64(97), np.uint8(98)],
        Tensor(97, 98),
        pa.array([97, 98]),
        pa.chunked_array([[97], [98]]),
        pl.Series([97, 98]),
        pd.Series([97, 98], index=[5, 4]),
        *(
            np.array([97, 98], kind)
            for kind in (np.uint8, np.int16, np.uint16, np.int32, np.int64, np.uint64, ">u4", object)
        ),
        np.array([97, 0, 98, 0], np.int64)[::2],
    ]
    for form in forms:
        assert tok.decode(form) == "ab", form
    for form in [[], (), np.array([]), np.array([], np.uint32), Tensor(), pa.array([], pa.int64())]:
        assert tok.decode(form) == ""
    long = np.tile(np.array([97, 98]), 100_000)
    assert tok.decode(long) == "ab" * 100_000
    long[150_001] = -100
    with pytest.raises(KeyError, match="-100 at position 150001"):
        tok.decode(long)
    for batch in (np.array([[97, 98]] * 3), [Tensor(97, 98)] * 3, Tensor([97, 98], [97, 98], [97, 98])):
        assert tok.decode_batch(batch) == ["ab"] * 3


def test_what_is_wrong_with_ids_is_said(tok: pw.Tokenizer) -> None:
    ours = tok.encode_batch(["to", "be"])
    cases: list[tuple[Any, str]] = [
        ([[97, 98]], "ids must be integers, not list at position 0; decode_batch takes several sequences of ids"),
        (Tensor([97, 98]), "ids must have one dimension, not 2; decode_batch"),
        (np.array([[97]]), "ids must have one dimension, not 2; decode_batch"),
        (ours, "not TokenBatch; decode_batch takes it"),
        ("ab", "ids must be a sequence of integers, not str 'ab'; encode makes ids of a text"),
        (b"ab", "not bytes b'ab'; numpy.frombuffer"),
        (5, r"not int 5; pass \[id\]"),
        (None, "ids must be a sequence of integers, not None"),
        ({97, 98}, "not set; a set has no order"),
        ({"input_ids": [97]}, r'not dict; pass its \["input_ids"\]'),
        (np.array([97.0]), "not an array of float64; array.astype"),
        (Tensor(97.5), "ids must be integers, not float 97.5 at position 0"),
        ([97, True], "ids must be integers, not bool True at position 1"),
        (np.array([True]), r"not an array of bool; a mask selects ids: ids\[mask\]"),
        (pa.array([97, None]), "ids must be integers, not None at position 1"),
    ]
    for ids, message in cases:
        for call in (tok.decode, tok.decode_bytes, tok.decode_with_spans):
            with pytest.raises(TypeError, match=message):
                call(ids)
    advice = "negative ids, such as -100, mark what a loss ignores or what is padded: leave them out"
    unknown: list[tuple[Any, str]] = [
        ([97, -100], f"unknown token id -100 at position 1; {advice}"),
        (np.array([97, -1]), f"unknown token id -1 at position 1; {advice}"),
        (np.array([-100]).astype(np.uint32), "4294967196 at position 0; as a signed integer it is -100"),
        ([97, 98, 265], "265 at position 2; the ids of this tokenizer are below its vocab_size, 265"),
    ]
    for ids, message in unknown:
        for call in (tok.decode, tok.decode_bytes, tok.decode_with_spans):
            with pytest.raises(KeyError, match=message):
                call(ids)
    with pytest.raises(KeyError, match=f"-100 at position 1 of batch.2.; {advice}"):
        tok.decode_batch([[97], [98], [97, -100]])
    matrix, _ = ours.to_matrix(-100)
    with pytest.raises(KeyError, match=f"unknown token id -100 at position .* of batch.*{advice}"):
        tok.decode_batch(np.pad(matrix, 1, constant_values=-100))
    holes = pw.Tokenizer.from_ranks({**tok.vocab, b"zz": 300}, pattern="cl100k")
    with pytest.raises(KeyError, match="unknown token id 280 at position 0; no token of this tokenizer has it"):
        holes.decode([280])


def test_the_text_that_is_none_is_named(tok: pw.Tokenizer) -> None:
    for call in (tok.encode_batch, tok.count_batch):
        with pytest.raises(TypeError, match=r"texts\[1\] must be str or bytes, not int 3"):
            call(["a", 3])  # type: ignore[list-item]
        with pytest.raises(TypeError, match=r"texts\[0\] must be str or bytes, not dict; pass one of its values"):
            call([{"text": "a"}])  # type: ignore[list-item]
        with pytest.raises(TypeError, match=r"not dict; pass its values, such as list\(texts.values\(\)\)"):
            call({"a": "b"})
        with pytest.raises(TypeError, match="texts must have one dimension, not 2; select one column of this ndarray"):
            call(np.array([["a", "b"]]))
    with pytest.raises(
        TypeError, match="text must be str or bytes, not list; encode_batch and count_batch take several"
    ):
        tok.encode(["a"])  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"not PosixPath|WindowsPath; read the file first: path.read_bytes\(\)"):
        tok.encode(Path("a"))  # type: ignore[arg-type]
    assert tok.encode(memoryview(b"to be")[::1]) == tok.encode("to be") == tok.encode(bytearray(b"to be"))  # type: ignore[arg-type]
    assert tok.encode_batch({"a": "to be"}.values()).to_lists() == [tok.encode("to be")]


def test_errors_of_decoding_are_known_before_they_are_needed(tok: pw.Tokenizer) -> None:
    for call in (lambda: tok.decode([97], errors="repalce"), lambda: tok.decode_batch([[97]], errors="repalce")):
        with pytest.raises(LookupError, match='errors="repalce": unknown; there are "replace", "strict"'):
            call()
    codecs.register_error("pairwright-test", lambda error: ("?", error.end))  # type: ignore[attr-defined]
    assert tok.decode([97, 255], errors="pairwright-test") == "a?"


# Special tokens


def test_an_allowed_name_that_is_no_special_token_is_warned_of(tok: pw.Tokenizer) -> None:
    text = "to be<|end|>"
    with pytest.warns(pw.UnknownSpecialWarning, match=r'allowed_special has "<\|edn\|>".*mean \["<\|end\|>"') as warned:
        ids = tok.encode(text, allowed_special={"<|edn|>"}, disallowed_special=())
    # It points at the line of the caller.
    assert warned[0].filename == __file__
    # As in tiktoken, it has no effect.
    assert ids == tok.encode_ordinary(text)
    for call in (tok.encode_to_numpy, tok.encode_with_spans, lambda text, **names: tok.encode_batch([text], **names)):
        with pytest.warns(pw.UnknownSpecialWarning, match="no special token of this tokenizer"):
            call("to be", allowed_special=["<|end|>", "<|x|>"])
    with pytest.warns(pw.UnknownSpecialWarning, match="it has none"):
        pw.train(CORPUS, 256).encode("a", allowed_special={"<|end|>"})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        # A name that is refused is refused in any text.
        tok.encode("to be", allowed_special={"<|end|>"}, disallowed_special={"<|nonsense|>"})
        ours = as_in_tiktoken.Encoding.from_tokenizer("x", tok)
        assert ours.encode(text, allowed_special={"<|edn|>"}, disallowed_special=()) == tok.encode_ordinary(text)


# Batches


def test_a_batch_is_cut_as_a_list_is(tok: pw.Tokenizer) -> None:
    batch = tok.encode_batch(["to be", "", "or not", "to", "be"])
    lists = batch.to_lists()
    for cut in (slice(None), slice(1, 3), slice(-2, None), slice(3, 1), slice(None, None, 2), slice(None, None, -1)):
        part = batch[cut]
        assert isinstance(part, pw.TokenBatch)
        assert part.to_lists() == lists[cut]
        assert tok.decode_batch(part) == ["to be", "", "or not", "to", "be"][cut]
        assert part.values.dtype == np.uint32
        assert part.offsets.dtype == np.int64
    assert batch[np.int64(2)].tolist() == lists[2]
    others: tuple[Any, ...] = (1.0, "1", None, True, [1], np.array([1, 2]))
    for wrong in others:
        with pytest.raises(TypeError, match="the number of a text must be an int, not"):
            batch[wrong]
    matrix, _ = batch.to_matrix(np.int64(-100), max_length=np.int8(2))
    assert matrix.tolist() == batch.to_matrix(-100, max_length=2)[0].tolist()
    with pytest.raises(TypeError, match="pad_id must be an int, not None: the id of a token for padding, or -100"):
        batch.to_matrix(None)  # type: ignore[arg-type]


# What is looked up


def test_operators_say_what_they_take(tok: pw.Tokenizer, tmp_path: Path) -> None:
    counts: Any = pw.count(CORPUS)
    (tmp_path / "corpus.txt").write_text(CORPUS[0])
    pw.encode_corpus(tok, tmp_path / "corpus.txt", tmp_path / "tokens")
    tokens: Any = pw.open_tokens(tmp_path / "tokens")
    cases: list[tuple[Any, str]] = [
        (lambda: counts[5], "a pretoken must be str or bytes, not int 5"),
        (lambda: counts * "2", "counts can be multiplied by a number, not by str '2'"),
        (lambda: "2" * counts, "counts can be multiplied by a number, not by str '2'"),
        (lambda: [2] * counts, "counts can be multiplied by a number, not by list"),
        (lambda: counts + 5, "unsupported operand"),
        (lambda: counts + "the", "unsupported operand"),
        (lambda: tokens["0"], "the number of a document must be an int, not str '0'"),
        (lambda: tokens[0:2], "the number of a document must be an int, not slice"),
    ]
    for call, message in cases:
        with pytest.raises(TypeError, match=message):
            call()
    assert (counts * np.int64(2)).total == (np.float64(2) * counts).total == 2 * counts.total
    assert tokens[np.int16(-1)].tolist() == tok.encode(CORPUS[0])
