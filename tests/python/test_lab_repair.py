"""Tokens removed, kept, renumbered, trimmed and guarded: text still round-trips, untouched text keeps its ids."""

import itertools
from collections import Counter
from typing import Any

import numpy as np
import pytest
import tiktoken
from hypothesis import given, settings, strategies as st

import pairwright as pw

TEXTS = [
    "to be or not to be, that is the question: the theatre, there and then 中文中文 aaaa aaaa. Whether nobler",
    "in the mind to suffer the slings and arrows of outrageous fortune, or to take arms against a sea of troubles",
]
CORPUS = [" ".join(TEXTS)]
TOK = pw.train(CORPUS, 330, special_tokens=["<x>", "<y>"])
REMOVABLE = list(range(256, 328))
TEXT = st.text() | st.lists(st.sampled_from([*CORPUS[0].split(), " the", "aa", "<x>", "\n"]), max_size=20).map("".join)


def encoded_by_rank(tok: pw.Tokenizer, text: str) -> list[int]:
    """The rule: of all neighbours whose joined bytes are a token, the one of the lowest id merges first."""
    ids: list[int] = []
    for piece in tok.split(text):
        parts = [bytes([byte]) for byte in piece.encode()]
        while True:
            joined = [left + right for left, right in itertools.pairwise(parts)]
            pairs = [(tok.vocab[both], at) for at, both in enumerate(joined) if both in tok.vocab]
            if not pairs:
                break
            at = min(pairs)[1]
            parts[at : at + 2] = [parts[at] + parts[at + 1]]
        ids += [tok.vocab[part] for part in parts]
    return ids


@given(st.sets(st.sampled_from(REMOVABLE)), TEXT)
@settings(max_examples=200, deadline=None)
def test_removed_ids_never_appear_and_text_round_trips(gone: set[int], text: str) -> None:
    less = TOK.without(gone)
    ids = less.encode_ordinary(text)
    assert not gone & set(ids)
    assert less.decode(ids) == text
    assert ids == encoded_by_rank(less, text)
    assert {content: id for content, id in TOK.vocab.items() if id not in gone} == dict(less.vocab)
    # What never made one of them keeps its ids.
    made = TOK.made(TOK.usage(pw.texts(text)))
    if not any(made[id] for id in gone):
        assert ids == TOK.encode_ordinary(text)


@given(st.sets(st.sampled_from(REMOVABLE)), TEXT)
@settings(max_examples=100, deadline=None)
def test_merge_lists_lose_the_merges_of_removed_tokens(gone: set[int], text: str) -> None:
    # By this list "abc" is only made of "a" and "bc", which its ranks do not say.
    vocab = {bytes([byte]): byte for byte in range(256)} | {b"ab": 256, b"bc": 257, b"abc": 258, b"abcab": 259}
    tok = pw.Tokenizer.from_merges(
        [(b"b", b"c"), (b"a", b"b"), (b"a", b"bc"), (b"abc", b"ab")], vocab=vocab, pattern="gpt2"
    )
    assert tok._is_by_list
    removed = {256 + id % 4 for id in gone}
    less = tok.without(removed)
    kept = [(a, b) for a, b in tok.merges if all(vocab[part] not in removed for part in (a, b, a + b))]
    assert less == pw.Tokenizer.from_merges(
        kept, vocab={content: id for content, id in vocab.items() if id not in removed}, pattern="gpt2"
    )
    ids = less.encode_ordinary(text)
    assert (removed & set(ids), less.decode(ids)) == (set(), text)


def test_all_merges_may_go_and_tiktoken_agrees() -> None:
    bare = TOK.without(REMOVABLE)
    assert bare.encode_ordinary("the 中") == list("the 中".encode())
    assert bare.merges == []
    gone = [TOK.vocab[left + right] for left, right in TOK.merges[64::2]]
    less = TOK.without(gone)
    pattern = less.as_tiktoken()._pat_str
    other = tiktoken.Encoding("x", pat_str=pattern, mergeable_ranks=dict(less.vocab), special_tokens={})
    assert less.encode_ordinary(CORPUS[0]) == other.encode_ordinary(CORPUS[0])
    assert less.metadata == TOK.metadata
    assert (less.pattern, less.special_tokens) == (TOK.pattern, TOK.special_tokens)


def test_special_tokens_may_go_and_are_plain_text_then() -> None:
    less = TOK.without([TOK.special_tokens["<y>"]])
    assert less.special_tokens == {"<x>": 328}
    assert less.encode("<y>") == TOK.encode_ordinary("<y>")


def test_what_cannot_go_is_refused() -> None:
    with pytest.raises(ValueError, match="id 97 is the single byte 0x61, without which some text has no ids"):
        TOK.without([300, 97])
    with pytest.raises(KeyError, match="unknown token id 330 at position 1"):
        TOK.without([300, 330])
    with pytest.raises(TypeError):
        TOK.without(["th"])  # type: ignore[list-item]
    with pytest.raises(TypeError):
        TOK.without(300)  # type: ignore[arg-type]
    assert TOK.without([]) == TOK
    assert TOK.without(np.array([300, 301])) == TOK.without({301, 300})


@given(st.sets(st.sampled_from([*REMOVABLE, 328, 329])), TEXT)
@settings(max_examples=100, deadline=None)
def test_compact_ids_are_the_old_ones_by_the_map(gone: set[int], text: str) -> None:
    less = TOK.without(gone)
    made = less.compact()
    size = len(less.vocab) + len(less.special_tokens)
    assert (made.tokenizer.vocab_size, made.old_ids.shape, made.new_ids.shape) == (size, (size,), (less.vocab_size,))
    ids = made.tokenizer.encode(text, allowed_special="all")
    assert made.old_ids[ids].tolist() == less.encode(text, allowed_special="all")
    assert (made.new_ids[made.old_ids] == np.arange(size)).all()
    assert {id for id in range(less.vocab_size) if made.new_ids[id] < 0} == gone & set(range(less.vocab_size))
    kept = TOK.keep([id for id in [*REMOVABLE, 328, 329] if id not in gone])
    assert (kept.tokenizer, kept.old_ids.tolist()) == (made.tokenizer, made.old_ids.tolist())
    assert kept.new_ids.shape == (TOK.vocab_size,)
    rows = np.arange(TOK.vocab_size) * 10.0
    assert (rows[kept.old_ids] == kept.old_ids * 10.0).all()


def test_compacting_what_has_no_holes_changes_nothing() -> None:
    made = TOK.compact()
    assert (made.tokenizer, made.old_ids.tolist()) == (TOK, list(range(330)))
    assert made.tokenizer.merges == TOK.merges
    with pytest.raises(KeyError, match="unknown token id 500 at position"):
        TOK.keep([500])


def test_trimming_leaves_what_a_text_needs() -> None:
    text = "the theatre and then the question"
    usage = TOK.usage(pw.texts(text))
    small = TOK.trim(usage)
    assert small.encode_ordinary(text) == TOK.encode_ordinary(text)
    made = TOK.made(usage)
    assert set(small.vocab.values()) == {id for content, id in TOK.vocab.items() if len(content) == 1 or made[id]}
    sizes = range(258, len(small.vocab) + 3)
    tokens = []
    for size in sizes:
        less = TOK.trim(usage, size)
        assert len(less.vocab) + len(less.special_tokens) == size
        # Every token that is left has its parts.
        assert len(less.merges) == len(less.vocab) - 256
        tokens.append(int(less.usage(pw.texts(text)).sum()))
    assert tokens == sorted(tokens, reverse=True)
    assert tokens[-1] == usage.sum()
    with pytest.raises(ValueError, match="vocab_size=200 is too small: the single bytes and the special tokens take"):
        TOK.trim(usage, 200)
    with pytest.raises(ValueError, match="made by another tokenizer"):
        TOK.trim(usage[:-1])
    assert TOK.trim(usage, vocab_size=10_000) == small


def test_rows_have_the_bytes_of_each_new_token() -> None:
    new = pw.train(CORPUS * 2, 300, special_tokens=["<x>", "<z>"]).without([270])
    rows = pw.rows(TOK, new)
    assert len(rows) == new.vocab_size
    for id in range(new.vocab_size):
        ids = rows[id].tolist()
        if id == 270:
            assert ids == []
        elif id in new.vocab.values():
            content = new.token_bytes(id)
            assert TOK.decode_bytes(ids) == content
            assert len(ids) == 1 or content not in TOK.vocab
    assert rows[new.special_tokens["<x>"]].tolist() == [TOK.special_tokens["<x>"]]
    assert rows[new.special_tokens["<z>"]].tolist() == TOK.encode_ordinary("<z>")
    with pytest.raises(TypeError, match="new must be a Tokenizer"):
        pw.rows(TOK, "new")  # type: ignore[arg-type]


@given(TEXT, TEXT)
@settings(max_examples=100, deadline=None)
def test_a_guard_gives_only_what_was_seen(corpus: str, text: str) -> None:
    usage = TOK.usage(pw.texts(corpus))
    guard = TOK.guard(usage)
    ids = guard.encode(text, disallowed_special=())
    assert TOK.decode(ids) == text
    # Single bytes cannot be split.
    assert all(usage[id] > 0 or id < 256 for id in ids)
    before = TOK.encode_ordinary(text)
    assert len(ids) == len(before) + guard.price(TOK.usage(pw.texts(text)))
    assert guard.apply(before).tolist() == ids
    assert [batch.tolist() for batch in guard.encode_batch([text, "", corpus], disallowed_special=())] == [
        ids,
        [],
        TOK.encode_ordinary(corpus),
    ]
    marked = TOK.guard(usage, unseen=329)
    assert marked.apply(before).tolist() == [id if usage[id] else 329 for id in before]
    strict = TOK.guard(usage, unseen="error")
    unseen = [id for id in before if not usage[id]]
    if unseen:
        with pytest.raises(ValueError, match=f"id {unseen[0]} at position {before.index(unseen[0])} was never seen"):
            strict.apply(before)
    else:
        assert strict.apply(before).tolist() == before
    assert Counter(guard.unseen_ids.tolist()) == Counter(id for id in range(330) if not usage[id])


def test_guards_that_make_no_sense_are_refused() -> None:
    usage = TOK.usage(CORPUS)
    for unseen, error in (("drop", ValueError), (330, ValueError), (None, TypeError), (1.5, TypeError)):
        with pytest.raises(error, match="unseen"):
            TOK.guard(usage, unseen=unseen)  # type: ignore[arg-type]
    guard = TOK.guard(usage)
    with pytest.raises(KeyError, match="unknown token id 400 at position 1"):
        guard.apply([3, 400])
    with pytest.raises(KeyError, match="-100"):
        guard.apply([-100])
    holes: Any = TOK.without([300]).guard(np.ones(330, np.uint64))
    with pytest.raises(KeyError, match="unknown token id 300 at position 0"):
        holes.apply([300])


def test_tokens_that_no_merge_makes_are_split_by_their_bytes() -> None:
    ranks = {bytes([byte]): byte for byte in range(256)} | {b"yz": 256, b"wxyz": 257}
    tok = pw.Tokenizer.from_ranks(ranks, pattern="gpt2", ignore_merges=True)
    assert tok.encode("wxyz") == [257]
    usage = tok.usage(["yz w x"])
    assert tok.guard(usage).encode("wxyz") == [119, 120, 256]
