"""Training and encoding give exactly what the plain procedure gives."""

import copy
import hashlib
import json
import warnings
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Literal

import pairwright
import plain
import pytest
import regex
import texts
from hypothesis import assume, example, given, settings, strategies as st
from pairwright._core import PATTERNS

GOLDEN = json.loads((Path(__file__).parent / "golden" / "tinyshakespeare-1024.json").read_text(encoding="ascii"))
SPECIAL_TOKENS = ["<bos>", "<eos>", "<pad>", "<unk>"]

TieBreak = Literal["first_seen", "lowest_pair"]
SpecialIds = Literal["first", "last"]


def equals_plain(tokenizer: pairwright.Tokenizer, learned: plain.Learned) -> None:
    """Token for token, ids included."""
    special = tokenizer.special_tokens.values()
    assert tokenizer.merges == learned.merges
    assert {id_: tokenizer.token_bytes(id_) for id_ in range(tokenizer.vocab_size)} == learned.tokens
    assert tokenizer.vocab == {token: id_ for id_, token in learned.tokens.items() if id_ not in special}


# The plain procedure itself.


def train_word_by_word(text: str, merges: int) -> list[tuple[bytes, bytes]]:
    """The procedure with every word of the text on its own, as it is defined."""
    words = [list(piece.encode()) for piece in regex.findall(plain.PATTERN, text)]
    tokens = [bytes([byte]) for byte in range(256)]
    learned = []
    for _ in range(merges):
        counts: dict[tuple[int, int], int] = {}
        for word in words:
            for pair in pairwise(word):
                counts[pair] = counts.get(pair, 0) + 1
        if not counts:
            break
        left, right = max(counts, key=lambda pair: counts[pair])
        words = [plain.merge(word, (left, right), len(tokens)) for word in words]
        learned.append((tokens[left], tokens[right]))
        tokens.append(tokens[left] + tokens[right])
    return learned


@given(st.text("ab \n", max_size=80))
def test_distinct_words_in_order_of_first_occurrence_change_nothing(text: str) -> None:
    learned = plain.train(text, 256 + 20)
    assume(not learned.reused)
    assert learned.merges == train_word_by_word(text, 20)


def test_the_plain_procedure_does_the_textbook_example() -> None:
    # From the Wikipedia article on byte-pair encoding: aaabdaaabac → XdXac with Z = aa, Y = ab, X = ZY.
    learned = plain.train("aaabdaaabac", 256 + 3)
    assert learned.merges == [(b"a", b"a"), (b"a", b"b"), (b"aa", b"ab")]
    assert plain.encode_piece(b"aaabdaaabac", {token: id_ for id_, token in learned.tokens.items()}) == [
        *(258, ord("d"), 258, ord("a"), ord("c"))
    ]


# Training.


def test_tinyshakespeare_gives_the_golden_vocabulary(tinyshakespeare_path: Path) -> None:
    corpus = tinyshakespeare_path.read_bytes()
    assert hashlib.sha256(corpus).hexdigest() == GOLDEN["sha256"]
    assert GOLDEN["pattern"] == plain.PATTERN
    assert GOLDEN["special_tokens"] == SPECIAL_TOKENS
    counts = pairwright.count(tinyshakespeare_path)
    assert (counts.total, len(counts)) == (GOLDEN["pieces"], GOLDEN["pretokens"])

    trained = pairwright.train(
        tinyshakespeare_path,
        vocab_size=1024,
        special_tokens=SPECIAL_TOKENS,
        special_ids="first",
        tie_break="first_seen",
    )
    merges = [(left.encode("latin-1"), right.encode("latin-1")) for left, right in GOLDEN["merges"]]
    tokens = [bytes([byte]) for byte in range(256)]
    tokens += [token.encode() for token in SPECIAL_TOKENS]
    tokens += [left + right for left, right in merges]
    assert trained.vocab_size == len(tokens) == 1024
    assert trained.merges == merges
    assert [trained.token_bytes(id_) for id_ in range(1024)] == tokens
    assert trained.special_tokens == {"<bos>": 256, "<eos>": 257, "<pad>": 258, "<unk>": 259}


def test_no_token_of_the_golden_vocabulary_is_learned_twice() -> None:
    # Where two merges give the same bytes, pairwright reuses the id and the procedure as it is defined does not.
    joined = [left + right for left, right in GOLDEN["merges"]]
    assert len(set(joined)) == len(joined) == 1024 - 256 - 4


@pytest.mark.parametrize("pattern", ["cl100k", plain.PATTERN], ids=["named", "spelled out"])
@pytest.mark.parametrize("tie_break", ["first_seen", "lowest_pair"])
@pytest.mark.parametrize("corpus", ["tinyshakespeare", "python_docs"])
def test_a_slice_trains_as_the_plain_procedure(
    corpus: str, tie_break: TieBreak, pattern: str, request: pytest.FixtureRequest
) -> None:
    text: str = request.getfixturevalue(corpus)[100_000:150_000]
    settings = {"vocab_size": 600, "special_tokens": SPECIAL_TOKENS}
    learned = plain.train(text, **settings, special_ids="first", tie_break=tie_break)
    assert len(learned.merges) == 600 - 256 - 4
    trained = pairwright.train([text], **settings, special_ids="first", tie_break=tie_break, pattern=pattern)
    equals_plain(trained, learned)
    assert trained.pattern == pattern


small_alphabets = st.one_of(
    st.text("ab", max_size=60),
    st.text("aA b1\n", max_size=80),
    # Words from few syllables: equal counts, runs and overlaps everywhere.
    st.lists(st.sampled_from(["aa", "aaa", "ab", "ba", " ", " ab", "aba", "11", "!", "\n"]), max_size=40).map("".join),
    texts.texts,
)


@settings(max_examples=400)
@given(
    text=st.one_of(small_alphabets, st.lists(st.one_of(small_alphabets, st.sampled_from(SPECIAL_TOKENS))).map("".join)),
    special_tokens=st.lists(st.sampled_from([*SPECIAL_TOKENS, "<bos", "ab", "b\n"]), unique=True, max_size=4),
    room=st.integers(0, 30),
    special_ids=st.sampled_from(["first", "last"]),
    tie_break=st.sampled_from(["first_seen", "lowest_pair"]),
    pattern=st.sampled_from(["cl100k", "gpt2", "o200k", plain.PATTERN, r"[^b]+", r"b"]),
)
# Two merges with the same bytes: aab is aa+b and later a+ab.
@example("aab aab aab abaab", [], 30, "last", "first_seen", "cl100k")
def test_any_text_trains_as_the_plain_procedure(
    text: str, special_tokens: list[str], room: int, special_ids: SpecialIds, tie_break: TieBreak, pattern: str
) -> None:
    options = {"vocab_size": 256 + len(special_tokens) + room, "special_tokens": special_tokens}
    learned = plain.train(
        text, **options, pattern=PATTERNS.get(pattern, pattern), special_ids=special_ids, tie_break=tie_break
    )
    collide = set(special_tokens) & {token.decode(errors="replace") for pair in learned.merges for token in [b"".join(pair)]}
    assume(any(plain.without(special_tokens, text)) and not collide)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        trained = pairwright.train(
            [text.encode()], **options, pattern=pattern, special_ids=special_ids, tie_break=tie_break
        )
    equals_plain(trained, learned)
    assert [warning.category for warning in caught] == [pairwright.FewerMergesWarning] * (len(learned.merges) < room)


def test_a_pair_whose_bytes_are_a_token_takes_no_id_of_its_own() -> None:
    ...
