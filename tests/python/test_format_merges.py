"""Merge lists, tokens with ranks, and minbpe's models."""

import json
from collections.abc import Mapping, Sequence
from itertools import pairwise, product
from pathlib import Path

import plain
import pytest
import regex
import texts
from carried import LLAMA3, carried
from hypothesis import HealthCheck, given, settings, strategies as st

import pairwright as pw
from pairwright._core import PATTERNS

Merges = list[tuple[bytes, bytes]]

WHOLE = r"(?s:.+)"


def encode_by_list(piece: bytes, merges: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
    """Of the pairs that are in the list the first in it, and of equal ones the leftmost, until there is none."""
    ranks = {pair: rank for rank, pair in enumerate(merges)}
    parts = [bytes([byte]) for byte in piece]
    while True:
        found = [(ranks[pair], at) for at, pair in enumerate(pairwise(parts)) if pair in ranks]
        if not found:
            return parts
        at = min(found)[1]
        parts[at : at + 2] = [parts[at] + parts[at + 1]]


@st.composite
def merge_lists(draw: st.DrawFn) -> Merges:
    """Any merges of few letters, each of tokens that are there by then."""
    tokens = [b"a", b"b", b" "]
    merges: Merges = []
    for _ in range(draw(st.integers(0, 20))):
        pair = draw(st.tuples(st.sampled_from(tokens), st.sampled_from(tokens)))
        if pair not in merges and len(pair[0] + pair[1]) <= 12:
            merges.append(pair)
            if pair[0] + pair[1] not in tokens:
                tokens.append(pair[0] + pair[1])
    return merges


@given(merges=merge_lists(), text=st.text("aab ", max_size=60), random=st.randoms(use_true_random=False))
@settings(max_examples=200)
def test_any_merge_list_is_followed(merges: Merges, text: str, random: st.DataObject) -> None:
    made = pw.Tokenizer.from_merges(merges, pattern=WHOLE)
    expected = encode_by_list(text.encode(), merges)
    assert [made.token_bytes(id) for id in made.encode(text)] == expected
    assert made.merges == listed(made, merges)
    # In any order, and with ids in another one.
    ids = list(range(len(made.vocab)))
    random.shuffle(ids)  # type: ignore[attr-defined]
    random.shuffle(merges)  # type: ignore[attr-defined]
    vocab = dict(zip(made.vocab, ids, strict=True))
    shuffled = pw.Tokenizer.from_merges(merges, vocab=vocab, pattern=WHOLE)
    expected = encode_by_list(text.encode(), merges)
    assert shuffled.encode(text) == [vocab[token] for token in expected]
    assert shuffled.merges == listed(shuffled, merges)


def listed(made: pw.Tokenizer, merges: Merges) -> Merges:
    """The merges that a tokenizer keeps of a list: all, or, where the list means ranks, those that can happen."""
    return merges if made._is_by_list else [pair for pair in merges if pair in made.merges]


@given(merges=merge_lists(), text=st.text("aab ", max_size=60))
def test_a_piece_that_is_a_token_where_merges_are_ignored(merges: Merges, text: str) -> None:
    made = pw.Tokenizer.from_merges(merges, pattern=r"\S+|\s+", ignore_merges=True)
    expected: list[bytes] = []
    for piece in regex.findall(r"\S+|\s+", text):
        token = piece.encode()
        expected += [token] if token in made.vocab else encode_by_list(token, merges)
    assert [made.token_bytes(id) for id in made.encode(text)] == expected


def test_a_list_that_means_the_ranks_is_by_ranks(tmp_path: Path) -> None:
    vocab = {bytes([byte]): byte for byte in range(256)} | {b"ab": 256, b"bc": 257, b"abc": 258}
    by_ranks = pw.Tokenizer.from_ranks(vocab, pattern=WHOLE)
    recovered = [(b"a", b"b"), (b"b", b"c"), (b"ab", b"c")]
    for place in range(4):
        merges = [*recovered[:place], (b"a", b"bc"), *recovered[place:]]
        made = pw.Tokenizer.from_merges(merges, vocab=vocab, pattern=WHOLE)
        assert made == by_ranks
        assert made.merges == recovered
        for length in range(9):
            for letters in product("abc", repeat=length):
                text = "".join(letters)
                found = [made.token_bytes(id) for id in made.encode(text)]
                assert found == encode_by_list(text.encode(), merges)
        made.to_tiktoken(tmp_path / "ranks.tiktoken")
        assert pw.Tokenizer.from_tiktoken(tmp_path / "ranks.tiktoken", pattern=WHOLE) == by_ranks
        assert made.as_tiktoken().encode("abcab") == by_ranks.encode("abcab")
        assert pw.train(["abcabc"], 260, base=made).vocab == vocab | {b"abcabc": 259}
    # In another order it is another rule.
    other = pw.Tokenizer.from_merges([recovered[1], recovered[0], recovered[2]], vocab=vocab, pattern=WHOLE)
    assert other != by_ranks
    assert other.encode("abc") == [97, 257]


def every_way(vocab: Mapping[bytes, int]) -> Merges:
    """As transformers makes a merge list of a rank file: all two tokens that make one, in the order of ranks."""
    merges: Merges = []
    for token in sorted(vocab, key=vocab.__getitem__):
        cuts = [(token[:at], token[at:]) for at in range(1, len(token))]
        made = [pair for pair in cuts if all(part in vocab for part in pair)]
        merges += sorted(made, key=lambda pair: (vocab[pair[0]], vocab[pair[1]]))
    return merges


@given(
    tokens=st.lists(st.text("abc", min_size=2, max_size=6).map(str.encode), unique=True, max_size=12),
    random=st.randoms(use_true_random=False),
)
@settings(max_examples=200)
def test_every_way_to_make_a_token_in_the_order_of_ranks_means_the_ranks(
    tokens: list[bytes], random: st.DataObject
) -> None:
    vocab = {bytes([byte]): byte for byte in range(256)} | {token: 256 + at for at, token in enumerate(tokens)}
    by_ranks = pw.Tokenizer.from_ranks(vocab, pattern=WHOLE)
    merges = every_way(vocab)
    assert pw.Tokenizer.from_merges(merges, vocab=vocab, pattern=WHOLE) == by_ranks
    # Of any other list that is taken for the ranks the ids are theirs.
    random.shuffle(merges)  # type: ignore[attr-defined]
    made = pw.Tokenizer.from_merges(merges, vocab=vocab, pattern=WHOLE)
    for _ in range(50):
        text = "".join(random.choices("abc", k=8))  # type: ignore[attr-defined]
        found = [made.token_bytes(id) for id in made.encode(text)]
        assert found == encode_by_list(text.encode(), merges)
        if not made._is_by_list:
            assert made.encode(text) == by_ranks.encode(text)


def test_the_tokenizer_json_of_llama_3_is_by_ranks(tmp_path: Path) -> None:
    own = pw.Tokenizer.from_tiktoken(carried(*LLAMA3), pattern="llama3", ignore_merges=True)
    path = tmp_path / "tokenizer.json"
    own.to_huggingface(path)
    content = json.loads(path.read_text(encoding="utf-8"))
    vocab = own.vocab
    alphabet = {id: text for text, id in content["model"]["vocab"].items()}
    merges = every_way(vocab)
    assert len(merges) == 280_147
    content["model"]["merges"] = [[alphabet[vocab[part]] for part in pair] for pair in merges]
    path.write_text(json.dumps(content))
    read = pw.Tokenizer.from_huggingface(path)
    assert read == own
    assert not read._is_by_list
    read.to_tiktoken(tmp_path / "ranks.tiktoken")
    is_same = (tmp_path / "ranks.tiktoken").read_bytes() == carried(*LLAMA3).read_bytes()
    assert is_same


def test_what_was_trained_is_made_of_its_merges_and_of_its_ranks(tokenizer: pw.Tokenizer, python_docs: str) -> None:
    by_merges = pw.Tokenizer.from_merges(
        tokenizer.merges, pattern=tokenizer.pattern, special_tokens=tokenizer.special_tokens
    )
    by_ranks = pw.Tokenizer.from_ranks(
        tokenizer.vocab, pattern=tokenizer.pattern, special_tokens=tokenizer.special_tokens
    )
    assert tokenizer == by_merges == by_ranks
    assert by_merges.vocab == tokenizer.vocab
    text = python_docs[:50_000]
    assert by_merges.encode(text) == by_ranks.encode(text) == tokenizer.encode(text)


def test_ranks_mean_more_merges_than_some_lists(tmp_path: Path) -> None:
    merges = [(b"a", b"b"), (b"b", b"c"), (b"a", b"bc")]
    by_list = pw.Tokenizer.from_merges(merges, pattern=WHOLE)
    by_ranks = pw.Tokenizer.from_ranks(by_list.vocab, pattern=WHOLE)
    assert by_list.encode("abc") == [256, 99]
    assert by_ranks.encode("abc") == [258]
    assert by_list != by_ranks
    with pytest.raises(ValueError, match="merges by ranks alone"):
        by_list.to_tiktoken(tmp_path / "ranks.tiktoken")
    assert not (tmp_path / "ranks.tiktoken").exists()
    assert by_ranks.merges == [(b"a", b"b"), (b"b", b"c"), (b"ab", b"c")]
    for one in (by_list, by_ranks, pw.Tokenizer.from_ranks(by_list.vocab, pattern=WHOLE, ignore_merges=True)):
        one.save(tmp_path / "model.json")
        assert pw.Tokenizer.load(tmp_path / "model.json") == one
    # What the list leaves two stays two: only with a new token there is another encoding.
    grown = pw.train(["abcd abcd"], 260, WHOLE, base=by_list)
    assert grown.encode("abc") == [256, 99]
    assert grown._is_by_list
    # That "bc" becomes a part of "abc" never happens.
    assert grown.merges[:2] == merges[:2]


@pytest.mark.parametrize(
    ("merges", "message"),
    [
        ([(b"a", b"b"), (b"abc", b"d")], r"merge 1 \(b\"abc\", b\"d\"\) is of b\"abc\", which is no token"),
        ([(b"a", b"b"), (b"a", b"b")], "is listed twice"),
    ],
)
def test_merges_of_what_is_no_token_are_refused(merges: Merges, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        pw.Tokenizer.from_merges(merges, pattern="gpt2")


def test_bad_arguments_are_refused() -> None:
    ranks = {bytes([byte]): byte for byte in range(256)}
    for bad, message in [
        (ranks | {b"ab": 3}, "token id 3"),
        (ranks | {b"ab": -1}, "no token id"),
        (ranks | {b"ab": 2**40}, "no token id"),
        ({b"a": 0}, "the single byte 0x00"),
    ]:
        with pytest.raises(ValueError, match=message):
            pw.Tokenizer.from_ranks(bad, pattern="gpt2")
    with pytest.raises(TypeError, match="a token in ranks must be bytes, not str"):
        pw.Tokenizer.from_ranks({"a": 0}, pattern="gpt2")  # type: ignore[dict-item]
    with pytest.raises(TypeError, match=r"merges\[0\] must be a pair"):
        pw.Tokenizer.from_merges([b"ab"], pattern="gpt2")  # type: ignore[list-item]
    with pytest.raises(ValueError, match="gives no token"):
        pw.Tokenizer.from_merges([(b"a", b"b")], vocab=ranks, pattern="gpt2")
    with pytest.raises(ValueError, match="invalid split pattern"):
        pw.Tokenizer.from_ranks(ranks, pattern="(")


# Pieces


@given(text=texts.any_text)
def test_pieces_joined_are_the_text(text: str) -> None:
    for pattern in ["cl100k", "gpt2", r"[a-z]+", '[{"split":"\\\\p{N}"},{"split":"gpt2"}]']:
        made = pw.Tokenizer.from_merges([], pattern=pattern)
        assert "".join(made.split(text)) == text
        assert made.split(text.encode()) == [piece.encode() for piece in made.split(text)]
        # Without merges ids are bytes, and pieces do not show in them.
        assert made.encode_ordinary(text) == list(text.encode())


def test_a_piece_is_not_split(tokenizer: pw.Tokenizer) -> None:
    assert tokenizer.split("that is  it") == ["that", " is", " ", " it"]
    assert tokenizer.split(b"a\xff b") == [b"a", b"\xff", b" b"]
    assert tokenizer.split("") == []
    assert tokenizer.split("lone \ud800") == ["lone", " \ud800"]
    assert tokenizer.decode(tokenizer.encode_piece("that is  it")) == "that is  it"
    assert tokenizer.encode_piece("<|end|>") == tokenizer.encode_piece(b"<|end|>") != [tokenizer.token_id("<|end|>")]
    assert tokenizer.encode_piece("") == []


# minbpe


def minbpe_model(path: Path) -> tuple[str, dict[str, int], list[tuple[int, int]]]:
    """A model as minbpe reads it: the pattern, special tokens, merges of ids."""
    lines = path.read_text(encoding="utf-8").split("\n")
    assert lines[0] == "minbpe v1"
    count = int(lines[2])
    special = {token: int(id) for token, id in (line.split() for line in lines[3 : 3 + count])}
    merges = [(int(left), int(right)) for left, right in (line.split() for line in lines[3 + count : -1])]
    assert lines[-1] == ""
    return lines[1], special, merges


def test_what_was_trained_is_written_for_minbpe_and_read_again(tokenizer: pw.Tokenizer, tmp_path: Path) -> None:
    path = tmp_path / "trained.model"
    tokenizer.to_minbpe(path)
    pattern, special, merges = minbpe_model(path)
    assert pattern == PATTERNS["cl100k"]
    assert special == tokenizer.special_tokens
    tokens = {id: bytes([id]) for id in range(256)}
    for id, (left, right) in enumerate(merges, 256):
        tokens[id] = tokens[left] + tokens[right]
    assert {token: id for id, token in tokens.items()} == tokenizer.vocab
    assert pw.Tokenizer.from_minbpe(path) == tokenizer


@given(merges=merge_lists(), text=st.text("aab ", max_size=40))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_model_is_read_as_minbpe_reads_it(tmp_path: Path, merges: Merges, text: str) -> None:
    made = pw.Tokenizer.from_merges(merges, pattern=WHOLE)
    lines = [f"{made.token_id(left)} {made.token_id(right)}" for left, right in merges]
    path = tmp_path / "any.model"
    # One that gives bytes that are a token already would have a second id for them.
    twice = len({left + right for left, right in merges}) < len(merges)
    path.write_text("\n".join(["minbpe v1", "", "0", *lines, ""]))
    if twice:
        with pytest.raises(pw.FormatError, match="a second id"):
            pw.Tokenizer.from_minbpe(path)
        return
    read = pw.Tokenizer.from_minbpe(path)
    assert read == made
    assert [read.token_bytes(id) for id in read.encode(text)] == encode_by_list(text.encode(), merges)
    read.to_minbpe(path)
    assert pw.Tokenizer.from_minbpe(path) == made
    if made.merges == merges:
        assert minbpe_model(path) == ("", {}, [(made.token_id(left), made.token_id(right)) for left, right in merges])


def test_damaged_models_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.model"
    path.write_text("minbpe v1\n\n1\n<s> x\n")
    with pytest.raises(pw.FormatError, match="model: line 4"):
        pw.Tokenizer.from_minbpe(path)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(pw.FormatError, match="not a minbpe model"):
        pw.Tokenizer.from_minbpe(path)
    with pytest.raises(FileNotFoundError):
        pw.Tokenizer.from_minbpe(tmp_path / "none")
    first = pw.train(["some text, some more"], 262, special_tokens=["<s>"], special_ids="first")
    with pytest.raises(ValueError, match="ids are not those"):
        first.to_minbpe(tmp_path / "first.model")
    assert not (tmp_path / "first.model").exists()
    assert plain.encode_piece(b"some", first.vocab) == first.encode_piece("some")
