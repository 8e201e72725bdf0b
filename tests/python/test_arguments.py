"""What each argument of each public function takes, and what it says to anything else."""

import copy
import pickle
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
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
