"""Training on top of a tokenizer: what is kept, what is learned, and which ids it gets."""

import warnings
from collections import Counter
from collections.abc import Iterable
from functools import cache
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest
from carried import LLAMA3, QWEN, carried
from command_line import call, isolate
from hypothesis import given, settings, strategies as st

import pairwright as pw
from pairwright.families import FAMILIES, family_of

PATTERN = r"\w+|\W"
BYTES = {bytes([byte]): byte for byte in range(256)}


def random_base(random: Random, *, by_list: bool, ignore_merges: bool) -> pw.Tokenizer:
    """A few tokens of few letters, of which some are reached by no merge, with ids in any order."""
    tokens = {"".join(random.choices("abc", k=random.randrange(2, 6))).encode() for _ in range(random.randrange(9))}
    shuffled = sorted(tokens)
    random.shuffle(shuffled)
    vocab = BYTES | {token: 256 + at for at, token in enumerate(shuffled)}
    if not by_list:
        return pw.Tokenizer.from_ranks(vocab, pattern=PATTERN, ignore_merges=ignore_merges)
    merges = [(token[:at], token[at:]) for token in tokens for at in range(1, len(token))]
    merges = [pair for pair in merges if all(part in vocab for part in pair) and random.random() < 0.8]
    random.shuffle(merges)
    return pw.Tokenizer.from_merges(merges, vocab=vocab, pattern=PATTERN, ignore_merges=ignore_merges)


def plain_extension(
    words: Iterable[bytes], base: pw.Tokenizer, number: int
) -> tuple[dict[bytes, int], dict[bytes, list[int]]]:
    """The tokens and the ids of each word after so many new tokens, learned in the plainest way."""
    counts = Counter(words)
    vocab = dict(base.vocab)
    tokens = {id: token for token, id in vocab.items()}
    ids = {word: base.encode_piece(word) for word in counts}
    refused: set[tuple[int, ...]] = set()
    if base._is_by_list:
        # Without a new token nothing is to be encoded in another way: what the base leaves two stays two.
        merging = pw.Tokenizer.from_merges(base.merges, vocab=vocab, pattern=PATTERN)
        refused = {tuple(halves) for token in vocab if len(halves := merging.encode_piece(token)) == 2}
    while number > 0:
        found: Counter[tuple[int, int]] = Counter()
        for word, count in counts.items():
            for pair in pairwise(ids[word]):
                if pair not in refused:
                    found[pair] += count
        if not found:
            break
        best = min(found, key=lambda pair: (-found[pair], pair))
        joined = tokens[best[0]] + tokens[best[1]]
        if joined not in vocab:
            vocab[joined] = max(tokens) + 1
            tokens[vocab[joined]] = joined
            number -= 1
        for word in counts:
            merged: list[int] = []
            rest = ids[word]
            while rest:
                is_pair = tuple(rest[:2]) == best
                merged.append(vocab[joined] if is_pair else rest[0])
                rest = rest[2 if is_pair else 1 :]
            ids[word] = merged
    return vocab, ids


@given(
    seed=st.integers(0, 2**64),
    words=st.lists(st.text("abc", min_size=1, max_size=9), min_size=1, max_size=12),
    by_list=st.booleans(),
    ignore_merges=st.booleans(),
    number=st.integers(0, 8),
)
@settings(max_examples=400)
def test_any_base_is_extended_as_in_the_plainest_way(
    seed: int, words: list[str], by_list: bool, ignore_merges: bool, number: int
) -> None:
    random = Random(seed)
    base = random_base(random, by_list=by_list, ignore_merges=ignore_merges)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", pw.FewerMergesWarning)
        grown = pw.train([" ".join(words)], base.vocab_size + number, base=base)
    expected, ids = plain_extension(
        [word.encode() for word in " ".join(words).replace(" ", "| |").split("|")], base, number
    )
    assert grown.vocab == expected
    assert grown.ignore_merges == ignore_merges
    # What was learned is what encoding gives.
    for word, learned in ids.items():
        assert grown.encode_piece(word) == learned
    # Where no new token's bytes occur the ids stay as they were.
    new = [token.decode() for token in set(grown.vocab) - set(base.vocab)]
    for _ in range(100):
        text = "".join(random.choices("abc", k=random.randrange(12)))
        if not any(token in text for token in new):
            assert grown.encode(text) == base.encode(text)


def test_a_token_that_no_merge_gives_may_be_given_by_a_new_one(tmp_path: Path) -> None:
    base = pw.Tokenizer.from_ranks(BYTES | {b"xyz": 256, b"ab": 257}, pattern=PATTERN, ignore_merges=True)
    grown = pw.train(["xyzw xyzw xyz"], 259, base=base)
    assert grown.vocab == base.vocab | {b"xy": 258}
    assert grown.encode("xyz") == [256]
    # It takes no id, and comes when it is frequent.
    more = pw.train(["xyzv xyzw xyz"], 260, base=base)
    assert more.vocab == base.vocab | {b"xy": 258, b"xyzv": 259}
    assert more.merges == [(b"a", b"b"), (b"x", b"y"), (b"xy", b"z"), (b"xyz", b"v")]
    assert more.encode("xyzv xyzz") == [259, 32, 256, 122]
    for one in (grown, more):
        one.save(tmp_path / "model.json")
        assert pw.Tokenizer.load(tmp_path / "model.json") == one
        one.to_huggingface(tmp_path / "tokenizer.json")
        assert pw.Tokenizer.from_huggingface(tmp_path / "tokenizer.json").encode("xyzv xyzz") == one.encode("xyzv xyzz")
    # And on top of that again.
    again = pw.train(["xyzvab xyzvab"], 261, base=more)
    assert again.encode("xyzvab xyzv ab xyz") == [260, 32, 259, 32, 257, 32, 256]


def test_a_list_that_ranks_cannot_say_stays_one_and_one_that_they_can_does_not(tmp_path: Path) -> None:
    base = pw.Tokenizer.from_ranks(BYTES | {b"xyz": 256}, pattern=PATTERN, ignore_merges=True)
    apart = pw.train(["hello hello"], 258, base=base)
    apart.to_tiktoken(tmp_path / "ranks.tiktoken")
    read = pw.Tokenizer.from_tiktoken(tmp_path / "ranks.tiktoken", pattern=PATTERN, ignore_merges=True)
    assert read == apart
    # "xyz" is reached by the new "xy", which by its rank would come before "zw".
    entangled = pw.train(["zw zw zw xyzw xyzw"], 259, base=base)
    assert set(entangled.vocab) - set(base.vocab) == {b"zw", b"xy"}
    assert [entangled.token_bytes(id) for id in entangled.encode("xyzw")] == [b"xy", b"zw"]
    with pytest.raises(ValueError, match=r"merge list that means something else; a tokenizer\.json holds it"):
        entangled.to_tiktoken(tmp_path / "entangled.tiktoken")


@cache
def llama3() -> pw.Tokenizer:
    return pw.Tokenizer.from_tiktoken(carried(*LLAMA3), pattern="llama3", ignore_merges=True)


def test_llama_3_is_extended(python_docs: str) -> None:
    base = llama3()
    with pytest.warns(
        pw.ReservedIdsWarning, match="new tokens have the ids 128000 to 128019, which Llama 3 uses"
    ) as caught:
        grown = pw.train([python_docs], 128_020, base=base)
    assert "first_id=128256" in str(caught[0].message)
    assert grown.ignore_merges
    assert list(grown.vocab.items())[:128_000] == list(base.vocab.items())
    new = list(grown.vocab)[128_000:]
    assert len(new) == 20
    # A token by itself, that no merge gives or that one does, is itself still.
    known = [token.decode() for token in base.vocab if token.isalpha()][::50]
    assert [grown.encode_piece(token) for token in known] == [[grown.token_id(token)] for token in known]
    pieces = pw.count([python_docs], "llama3").items()
    for piece, _ in pieces[::7]:
        if not any(token in piece for token in new):
            assert grown.encode_piece(piece) == base.encode_piece(piece)
    assert grown.count(python_docs) < base.count(python_docs)


# Where new ids start


def test_new_ids_start_where_they_are_asked_to(tmp_path: Path) -> None:
    base = pw.train(["abc abc"], 258, pattern=PATTERN)
    grown = pw.train(["hello hello"], 304, base=base, special_tokens=["<e>"], first_id=300)
    assert grown.special_tokens == {"<e>": 303}
    assert list(grown.vocab.values())[258:] == [300, 301, 302]
    assert grown.vocab_size == 304
    assert grown.metadata["settings"]["first_id"] == 300
    assert "first_id" not in base.metadata["settings"]
    grown.save(tmp_path / "model.json")
    assert pw.Tokenizer.load(tmp_path / "model.json") == grown
    first = pw.train(["hello hello"], 304, base=base, special_tokens=["<e>"], first_id=300, special_ids="first")
    assert first.special_tokens == {"<e>": 300}
    with pytest.warns(pw.FewerMergesWarning, match="only 0 of 4 merges"):
        pw.train(["a b"], 304, base=base, first_id=300)
    for first_id, vocab_size, message in (
        (257, 300, "first_id=257: the base has this id or a larger one"),
        (300, 299, "vocab_size=299 is too small: the ids below first_id=300"),
        (-1, 300, "first_id"),
        (2**40, 300, "too small"),
    ):
        with pytest.raises(ValueError, match=message):
            pw.train(["a"], vocab_size, base=base, first_id=first_id)
    with pytest.raises(ValueError, match="first_id=300: there is no base"):
        pw.train(["a"], 310, first_id=300)
    with pytest.raises(TypeError, match="first_id"):
        pw.train(["a"], 310, base=base, first_id="300")  # type: ignore[arg-type]


def test_ids_that_a_family_reserves_are_named() -> None:
    special = {"<|endoftext|>": 151_643, "<|im_start|>": 151_644, "<|im_end|>": 151_645}
    path = carried(*QWEN)
    alone = pw.Tokenizer.from_tiktoken(path, pattern="qwen", ignore_merges=True)
    named = pw.Tokenizer.from_tiktoken(path, pattern="qwen", ignore_merges=True, special_tokens=special)
    text = ["wordsword"]
    with pytest.warns(pw.ReservedIdsWarning) as caught:
        pw.train(text, 151_644, base=alone)
    [warning] = caught
    assert str(warning.message) == (
        "new tokens have the id 151643, which Qwen uses for special tokens; to keep such ids free pass first_id=151851"
    )
    assert warning.filename == __file__
    with pytest.warns(pw.ReservedIdsWarning, match="have the id 151646, which Qwen uses"):
        pw.train(text, 151_647, base=named)
    # The ids of tokens, not those that there was room for; the ids of others between them are left out.
    some = {"<|im_start|>": 151_645, "<|endoftext|>": 151_643}
    sparse = pw.Tokenizer.from_tiktoken(path, pattern="qwen", ignore_merges=True, special_tokens=some)
    with pytest.warns((pw.ReservedIdsWarning, pw.FewerMergesWarning)) as caught:
        grown = pw.train(["words" * 4], 160_000, base=sparse)
    texts = [str(warning.message) for warning in caught if warning.category is pw.ReservedIdsWarning]
    last = grown.vocab_size - 1
    assert 151_646 < last < 151_850
    [said] = texts
    assert said.startswith(f"new tokens have the ids 151646 to {last}, which Qwen uses for special tokens; ")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert pw.train(text, 151_852, base=alone, first_id=151_851).vocab[b"wordsword"] == 151_851
        # Who names a first id has decided.
        pw.train(text, 151_645, base=alone, first_id=151_644)
        # Of what is not the family's nothing is known.
        other = pw.Tokenizer.from_ranks(dict(list(alone.vocab.items())[:-1]), pattern="qwen")
        pw.train(text, 151_643, base=other)


def test_families_are_known_by_what_they_hold() -> None:
    assert {family.name: family for family in FAMILIES}["Llama 3"] is family_of(llama3())
    tokens = list(llama3().vocab)
    tokens[127_999], tokens[127_998] = tokens[127_998], tokens[127_999]
    swapped = pw.Tokenizer.from_ranks({token: id for id, token in enumerate(tokens)}, pattern="llama3")
    assert family_of(swapped) is None
    assert all(len(family.reserved) > 0 and family.reserved.start >= family.tokens for family in FAMILIES)


def test_on_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    isolate(tmp_path, monkeypatch)
    Path("text.txt").write_text("wordsword")
    model = str(carried(*LLAMA3))
    ended = call("train", "text.txt", "--base", model, "--pattern", "llama3", "--vocab-size", "128001", "--quiet")
    assert ended.code == 0
    [warning] = ended.err.splitlines()
    assert warning.startswith("warning: new tokens have the id 128000, which Llama 3 uses")
    assert warning.endswith("to keep such ids free pass --first-id 128256")
    ended = call(
        *("train", "text.txt", "--base", model, "--pattern", "llama3", "--out", "apart.json", "--quiet"),
        *("--vocab-size", "128257", "--first-id", "128256"),
    )
    assert (ended.code, ended.err) == (0, "")
    assert pw.Tokenizer.load("apart.json").encode("wordsword") == [128_256]
    ended = call("train", "text.txt", "--first-id", "300")
    assert (ended.code, ended.err.splitlines()[0]) == (2, "error: --first-id goes with --base")
    ended = call("train", "text.txt", "--base", model)
    assert ended.code == 2
    assert "does not tell its split pattern" in ended.err
