"""Inputs that some encoder was seen to get wrong, to refuse, or to hang on; each with what is right."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import plain
import pytest
import texts
import tiktoken
from hypothesis import given, settings, strategies as st
from limits import within
from peers import LoadPeers, Peers, assert_equal, write_ranks
from processes import run_python

import pairwright as pw
from pairwright._core import PATTERNS

Encode = Callable[[str, str | bytes], list[bytes]]


@pytest.fixture
def pieces_of(tmp_path: Path) -> Encode:
    """Shows how a text is cut by encoding it.

    Every string of bytes inside the text is a token, shorter ones first: whatever two tokens stand side by side in a
    piece merge, so that each piece ends as one token.
    """

    def cut(pattern: str, text: str | bytes) -> list[bytes]:
        content = plain.as_bytes(text)
        inside = {content[start:end] for start in range(len(content)) for end in range(start + 2, len(content) + 1)}
        tokens = [bytes([byte]) for byte in range(256)] + sorted(inside, key=lambda token: (len(token), token))
        ranks = {token: rank for rank, token in enumerate(tokens)}
        tokenizer = pw.Tokenizer.from_tiktoken(write_ranks(tmp_path / "inside.tiktoken", ranks), pattern=pattern)
        return [tokenizer.token_bytes(id) for id in tokenizer.encode(text)]

    return cut


# How text is cut


@pytest.mark.parametrize(
    ("pattern", "text", "pieces"),
    [
        # ſ (U+017F) is an s to whom case does not matter: 'ſ is the contraction 's, though not for gpt2, to whom case
        # does matter. There it is an apostrophe and a letter.
        ("cl100k", "it'ſt", "it|'ſ|t"),
        ("o200k", "it'ſt", "it'ſ|t"),
        ("gpt2", "it'ſt", "it|'|ſt"),
        ("cl100k", "'ſ", "'ſ"),
        ("cl100k", " 'ſ", " '|ſ"),
        ("o200k", "'ſ", "'ſ"),
        # The Kelvin sign is a k, and no contraction has one.
        ("cl100k", "it'\u212at", "it|'\u212at"),
        ("o200k", "it'\u212at", "it|'\u212at"),
        # The contractions of gpt2 and r50k are case-sensitive, those of cl100k and o200k are not.
        ("gpt2", "I'M we'LL we'll", "I|'|M| we|'|LL| we|'ll"),
        ("r50k", "I'M we'LL we'll", "I|'|M| we|'|LL| we|'ll"),
        ("cl100k", "I'M we'LL we'll", "I|'M| we|'LL| we|'ll"),
        ("o200k", "I'M we'LL we'll", "I'M| we'LL| we'll"),
        ("cl100k", "I'lL've'rE", "I|'lL|'ve|'rE"),
        # Only one that is complete: 'l is none.
        ("cl100k", "a'l b'v c'r", "a|'l| b|'v| c|'r"),
        ("gpt2", "a'l b'd", "a|'|l| b|'d"),
        # Of three spaces, two are a piece and the third goes with what follows.
        ("gpt2", "a   b", "a|  | b"),
        ("cl100k", "a   b", "a|  | b"),
        ("o200k", "a   b", "a|  | b"),
        ("cl100k", "a   1", "a|  | |1"),
        ("gpt2", "a   1", "a|  | 1"),
        ("cl100k", "a   ", "a|   "),
        ("cl100k", "   \u3000b", "   |\u3000b"),
        ("gpt2", "   \u3000b", "   |\u3000|b"),
        # The named pattern is the older grammar: a newline ends white space, also at the end of the text.
        ("cl100k", "a \n  ", "a| \n|  "),
        ("cl100k", "a \n  b", "a| \n| | b"),
        ("o200k", "a \n  ", "a| \n|  "),
        ("gpt2", "a \n  b", "a| \n | b"),
        ("cl100k", "\n \n\n \n  b", "\n \n\n \n| | b"),
        # What is white space beyond ASCII goes with a letter that follows, as any other character that is neither
        # letter nor digit nor line end. In gpt2 only a space goes with what follows.
        ("cl100k", "a\x85b\xa0c\u2028d\u3000e", "a|\x85b|\xa0c|\u2028d|\u3000e"),
        ("o200k", "a\x85b\xa0c\u2028d\u3000e", "a|\x85b|\xa0c|\u2028d|\u3000e"),
        ("gpt2", "a\x85b\xa0c\u2028d\u3000e", "a|\x85|b|\xa0|c|\u2028|d|\u3000|e"),
        ("cl100k", "1\x85\x852\u2029\u20293", "1|\x85|\x85|2|\u2029|\u2029|3"),
        # These two are no white space, whatever they look like.
        ("gpt2", "a \u200b\u200b b", "a| \u200b\u200b| b"),
        ("gpt2", "a \ufeffb", "a| \ufeff|b"),
        # Line ends: \r and \n alike, and no other.
        ("cl100k", "a\r\n\r\nb\n\rc", "a|\r\n\r\n|b|\n\r|c"),
        ("cl100k", "!\r\n\r\n!", "!\r\n\r\n|!"),
        ("cl100k", "a\r\n  b", "a|\r\n| | b"),
        ("gpt2", "a\r\n  b", "a|\r\n | b"),
        ("cl100k", "!\x0b!", "!|\x0b|!"),
        # A slash goes with what comes before it under o200k alone.
        ("o200k", "a/\n/b", "a|/\n/|b"),
        ("cl100k", "a/\n/b", "a|/\n|/b"),
        # Letters in no or in both cases: title case (ǅ) and modifiers (ʰ) are letters to all.
        ("cl100k", "aǅbʰー", "aǅbʰー"),
        ("gpt2", "aǅbʰー", "aǅbʰー"),
        # Under o200k a word is upper case first; ǅ begins one, ʰ and ー may stand in either part.
        ("o200k", "aǅbʰーC", "a|ǅbʰー|C"),
        ("o200k", "fooBarBAZqux", "foo|Bar|BAZqux"),
        ("o200k", "中Ab文c文B", "中Ab文c文|B"),
        # Marks are letters to o200k, to the others they are not.
        ("o200k", "e\u0301a\u0301", "e\u0301a\u0301"),
        ("cl100k", "e\u0301a\u0301", "e|\u0301a|\u0301"),
        ("gpt2", "e\u0301a\u0301", "e|\u0301|a|\u0301"),
        ("o200k", " \u0301\u0301x", " \u0301\u0301x"),
        # Digits of two, three and four bytes, three to a piece; all of a run for gpt2.
        ("cl100k", "٣٤٥٦", "٣٤٥|٦"),
        ("cl100k", "𝟘𝟙𝟚𝟛", "𝟘𝟙𝟚|𝟛"),
        ("o200k", "𝟘𝟙𝟚𝟛 12345", "𝟘𝟙𝟚|𝟛| |123|45"),
        ("gpt2", "𝟘𝟙𝟚𝟛 12345", "𝟘𝟙𝟚𝟛| 12345"),
        ("cl100k", "½Ⅷ〇²9", "½Ⅷ〇|²9"),
        # Emoji are neither letters nor digits, nor are their joiners and private use. A selector is a mark.
        ("cl100k", "a👩\u200d🚀b", "a|👩\u200d🚀|b"),
        ("gpt2", "a 👩\u200d🚀b", "a| 👩\u200d🚀|b"),
        ("o200k", "❤\ufe0fa", "❤\ufe0fa"),
        ("cl100k", "\ue000a\U0010fffdb", "\ue000a|\U0010fffdb"),
    ],
)
def test_text_is_cut_as_the_regex_says(pieces_of: Encode, pattern: str, text: str, pieces: str) -> None:
    cut = [piece.encode() for piece in pieces.split("|")]
    # What is written here is what the regex says, and what the encoder does.
    assert plain.pieces(PATTERNS["gpt2" if pattern == "r50k" else pattern], text) == cut
    assert pieces_of(pattern, text) == cut


LETTERS = r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+"
"""How most spellings of the GPT-4 pattern begin."""

SPELLINGS = {
    "older": plain.PATTERN,
    "possessive": LETTERS + r"+|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s",
    "greedy": r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
    "two digits": LETTERS + r"|\p{N}{1,2}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+",
    "gpt2": r"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",
    "gpt2 possessive": r"'(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s",
}
"""Patterns in use: each means what it says, to the letter, whatever named pattern it looks like."""


@pytest.mark.parametrize(
    ("spelling", "pieces"),
    [("older", "a| \n|  "), ("possessive", "a| \n  "), ("greedy", "a| \n|  "), ("two digits", "a| \n|  ")],
)
def test_a_pattern_given_as_a_string_is_followed_to_the_letter(pieces_of: Encode, spelling: str, pieces: str) -> None:
    # tiktoken 0.14 takes white space at the end of the text whole, though there is a newline in it.
    assert pieces_of(SPELLINGS[spelling], "a \n  ") == [piece.encode() for piece in pieces.split("|")]


def test_three_digits_or_two(pieces_of: Encode) -> None:
    assert pieces_of(SPELLINGS["older"], "1234567") == [b"123", b"456", b"7"]
    assert pieces_of(SPELLINGS["two digits"], "1234567") == [b"12", b"34", b"56", b"7"]


@cache
def spelled(pattern: str) -> tuple[pw.Tokenizer, tiktoken.Encoding]:
    """A small vocabulary under a pattern, with as many merges of white space as there may be."""
    corpus = ["a \n  b\n\n  \t c \r\n\r\n  d'll   12 345  !?\n\n" * 3, "   ", "\n\n\n", " \n \n", "\u3000\u3000"]
    tokenizer = pw.train(corpus, 272, pattern)
    ranks = tokenizer.vocab
    return tokenizer, tiktoken.Encoding("spelled", pat_str=pattern, mergeable_ranks=ranks, special_tokens={})


@pytest.mark.parametrize("spelling", SPELLINGS)
@given(text=st.text(" \n\r\t\u3000a1'sſL!/", max_size=30) | texts.by_class)
def test_every_spelling_gives_the_ids_of_tiktoken(spelling: str, text: str) -> None:
    tokenizer, encoding = spelled(SPELLINGS[spelling])
    assert tokenizer.encode_ordinary(text) == encoding.encode_ordinary(text)


@pytest.mark.parametrize(
    "around", ["a{}b", "a{}1", "a {} b", "{}a", "a{}", "{0}{0}{0}", "a{0}{0}\n{0}b", "'{}s", "!{}\n"]
)
def test_every_white_space_has_the_ids_of_tiktoken(peers: Peers, around: str) -> None:
    for space in [*texts.WHITE_SPACE, "\u200b", "\u180e", "\ufeff", "\r\n"]:
        peers.assert_same_ids(around.format(space))
        for other in ("\x85", "\u2028", "\n"):
            peers.assert_same_ids(around.format(space + other) + around.format(other + space + space))


# Long documents


@pytest.mark.parametrize("pattern", ["gpt2", "cl100k", "o200k"])
def test_a_document_is_never_cut_inside_three_spaces(pattern: str) -> None:
    # One piece is `  ` and the next ` a`; a cut elsewhere gives a piece of three spaces, or of one.
    tokenizer = pw.train(["a   a   a    a  a" * 5, "   "], 260, pattern)
    encoding = tiktoken.Encoding("x", pat_str=PATTERNS[pattern], mergeable_ranks=tokenizer.vocab, special_tokens={})
    for unit in ("   a", "aa   ", "a    \n   ", "  1  "):
        for shift in range(4):
            text = "x" * shift + unit * (300_000 // len(unit))
            expected = encoding.encode_to_numpy(text)
            assert_equal(tokenizer.encode_to_numpy(text), expected, f"{unit!r} shifted by {shift}")
            batch = tokenizer.encode_batch([text, text, "", text], threads=2)
            assert_equal(batch.values, np.concatenate([expected] * 3), f"{unit!r} shifted by {shift} in a batch")


@pytest.mark.parametrize("pattern", ["gpt2", "cl100k", "o200k"])
def test_a_document_may_end_anywhere(pattern: str) -> None:
    """A text that ends right behind what a scanner has looked at ahead was once a panic."""
    tokenizer = pw.train(["中，中文，文中 a"], 262, pattern)
    random = Random(0)
    text = "".join(random.choices(["中", "文", "，", "的", "é", "😀", "a"], [9, 9, 2, 9, 1, 1, 1], k=2500))
    whole = tokenizer.encode_ordinary(text)
    assert tokenizer.decode(whole) == text
    counts = tokenizer.count_batch([text[:end] for end in range(len(text))])
    assert counts.max() <= len(whole)
    for lead in range(300, 341):
        parts = ["中" * lead, "，", "中" * (340 - lead)]
        prefix = "".join(parts)
        counts = tokenizer.count_batch([prefix + "，" * tail for tail in range(355, 370)])
        assert sorted(counts.tolist()) == counts.tolist()


LONG = [
    "a",
    "A",
    " ",
    "\n",
    "!?",
    "中",
    "\u3000",
    "'",
    "1",
    " \n",
    "\u0301",
    "\r\n",
    "ab",
    "é",
    "😀",
    "'s",
    "<|end|",
    "\xa0",
]
"""What is one piece however long it is, or many."""


@pytest.mark.parametrize("unit", LONG)
def test_a_megabyte_of_one_thing_encodes_and_a_part_of_it_as_in_tiktoken(peers: Peers, unit: str) -> None:
    peers.assert_same_ids(unit * (20_000 // len(unit.encode())))
    text = unit * (1_000_000 // len(unit.encode()))
    ids = within(10, lambda: peers.tokenizer.encode_to_numpy(text, disallowed_special=()))
    assert peers.tokenizer.decode_bytes(ids) == text.encode()
    assert within(10, lambda: peers.tokenizer.count(text)) == len(ids)


@pytest.mark.parametrize("unit", ["a", " ", "!?", "\n", "中", "'s"])
@pytest.mark.parametrize("name", ["trained-gpt2", "trained", "trained-o200k", "cl100k_base"])
def test_ten_megabytes_of_one_thing_take_no_more_than_their_share(load_peers: LoadPeers, name: str, unit: str) -> None:
    tokenizer = load_peers(name).tokenizer
    text = unit * (10_000_000 // len(unit.encode()))
    # Anything that grows with the square would take hours.
    ids = within(60, lambda: tokenizer.encode_to_numpy(text))
    assert tokenizer.decode_bytes(ids) == text.encode()
    part = tokenizer.encode_to_numpy(text[: 1_000_000 // len(unit.encode())])
    # The same tokens all the way: where they merge from the left they do so at any length.
    assert np.array_equal(ids[: len(part) - 200], part[:-200])


def test_a_long_run_inside_a_text_changes_nothing_around_it(peers: Peers) -> None:
    for unit in ("a", " ", "\n", "中", "!?", "\u3000"):
        peers.assert_same_ids(f"before {unit * 5000} and after")
        peers.assert_same_ids(f"before{unit * 5000}after's")


# Special tokens inside data


def test_a_special_token_in_data_is_refused_and_never_taken_unasked(load_peers: LoadPeers) -> None:
    tokenizer = load_peers("trained").tokenizer
    end = tokenizer.special_tokens["<|end|>"]
    text = "a document <|end|> and more"
    for data in (text, text.encode()):
        for encode in (
            tokenizer.encode,
            tokenizer.encode_to_numpy,
            tokenizer.encode_with_spans,
            lambda data, **options: tokenizer.encode_batch(["fine", data], **options),
        ):
            with pytest.raises(ValueError, match=r"<\|end\|>"):
                encode(data)
            encode(data, disallowed_special=())
        assert end not in tokenizer.encode(data, disallowed_special=())
        assert end not in tokenizer.encode_ordinary(data)
        assert tokenizer.encode(data, allowed_special={"<|end|>"}).count(end) == 1
        # Counting never trips over it.
        assert tokenizer.count(data) == len(tokenizer.encode_ordinary(data))
        assert tokenizer.count_batch([data, data]).tolist() == [tokenizer.count(data)] * 2
    # Parts of one are ordinary text.
    assert tokenizer.decode(tokenizer.encode("<|end|<|end <|pad |>")) == "<|end|<|end <|pad |>"


# Unknown ids


@pytest.mark.parametrize("position", [0, 1, 999, 100_000])
@pytest.mark.parametrize("bad", [1000, 2**31, 2**32 - 1, 2**32, -1, 2**63, 10**30])
def test_an_unknown_id_is_a_key_error_that_names_it_and_its_position(
    load_peers: LoadPeers, bad: int, position: int
) -> None:
    tokenizer = load_peers("trained").tokenizer
    assert tokenizer.vocab_size == 1000
    ids: list[int] = [97] * 100_001
    ids[position] = bad
    forms: list[Any] = [ids, tuple(ids), iter(ids)]
    if -(2**63) <= bad < 2**63:
        forms.append(np.array(ids, np.int64))
    if 0 <= bad < 2**32:
        forms.append(np.array(ids, np.uint32))
    for form in forms:
        with pytest.raises(KeyError, match=rf"\b{bad} at position {position}\b|{bad} at position {position}\b"):
            tokenizer.decode_bytes(form)
    with pytest.raises(KeyError, match=f"{bad} at position {position}"):
        tokenizer.decode(ids)


def test_an_id_in_a_hole_is_unknown(tmp_path: Path) -> None:
    ranks = {bytes([byte]): byte for byte in range(256)} | {b"ab": 300, b"abab": 5000}
    path = write_ranks(tmp_path / "ranks.tiktoken", ranks)
    tokenizer = pw.Tokenizer.from_tiktoken(path, pattern="cl100k", special_tokens={"<|end|>": 6000})
    assert tokenizer.decode([300, 5000, 6000]) == "abababab"[:6] + "<|end|>"
    for hole in (256, 299, 301, 4999, 5001, 5999, 6001):
        with pytest.raises(KeyError, match=f"{hole} at position 1"):
            tokenizer.decode([300, hole])
        with pytest.raises(KeyError, match=f"{hole} at position 1"):
            tokenizer.decode_bytes(np.array([300, hole], np.uint32))


# Patterns that fail


def test_a_pattern_that_fails_is_an_ordinary_exception_and_leaves_everything_usable() -> None:
    script = r"""
    import threading
    deep = ["(" * 50_000 + "a" + ")" * 50_000, "(?:" * 5000 + "a" + ")*" * 5000, "(?=" * 5000 + "a" + ")" * 5000]
    deep += ["a{1000}{1000}{1000}", "[" * 10_000 + "a" + "]" * 10_000, "a|" * 100_000 + "b", "\\p{L}{0,1000000}"]
    for pattern in deep:
        try:
            tok = pw.train(["ab ab"], 256, pattern)
            assert tok.decode(tok.encode("ab ab")) == "ab ab"
        except (ValueError, pw.PairwrightError, OverflowError, MemoryError) as error:
            print(type(error).__name__)
    # Backtracking without end, or as deep as the text is long.
    for pattern in [r"b|(a|a)*\1c", r"((a|b)+)\2+c|.", r"(?:(a)|b)*?\1$|a", r"(?=(a+)+\1c)a|."]:
        tok = pw.train(["aba"], 256, pattern)
        def work():
            for text in ("a" * 64, "ab" * 1000, "a" * 5000):
                try:
                    assert tok.decode(tok.encode(text)) == text
                except pw.SplitError as error:
                    assert "byte" in str(error), error
                try:
                    tok.encode_batch(["b", text, "b"], threads=2)
                except pw.SplitError as error:
                    assert "byte" in str(error), error
        work()
        # A thread's stack is small.
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        assert tok.encode("b") == [98]
    print("done")
    """
    assert run_python(script).splitlines()[-1] == "done"


# Surrogates


@settings(max_examples=200)
@given(text=st.text(st.characters(categories=["Cs"]) | st.sampled_from("a \n中é😀'"), min_size=1, max_size=20))
def test_a_lone_surrogate_is_u_fffd_to_everyone(load_peers: LoadPeers, text: str) -> None:
    tokenizer = load_peers("trained").tokenizer
    ids = tokenizer.encode_ordinary(plain.as_bytes(text))
    assert tokenizer.encode(text) == ids
    assert tokenizer.encode_to_numpy(text).tolist() == ids
    assert tokenizer.encode_batch([text, "a", text]).to_lists() == [ids, tokenizer.encode("a"), ids]
    assert tokenizer.count(text) == len(ids)
    assert tokenizer.decode(ids) == plain.as_bytes(text).decode()


def test_a_pair_of_surrogates_is_the_character(load_peers: LoadPeers) -> None:
    tokenizer = load_peers("trained").tokenizer
    assert tokenizer.decode(tokenizer.encode("a\ud800b\udfff")) == "a\ufffdb\ufffd"
    assert tokenizer.decode(tokenizer.encode("\ud83d\ude00")) == "😀"
