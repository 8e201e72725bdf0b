"""Training and encoding give exactly what the plain procedure gives, on any number of threads."""

import hashlib
import json
import warnings
from itertools import pairwise
from pathlib import Path
from random import Random

import plain
import pytest
import regex
import texts
from hypothesis import assume, given, settings, strategies as st
from plain import SpecialIds, TieBreak

import pairwright
from pairwright._core import PATTERNS

GOLDEN = json.loads((Path(__file__).parent / "golden" / "tinyshakespeare-1024.json").read_text(encoding="ascii"))
SPECIAL_TOKENS = ["<bos>", "<eos>", "<pad>", "<unk>"]


def assert_equals_plain(trained: pairwright.Tokenizer, learned: plain.Learned) -> None:
    """Token for token, ids included."""
    special = trained.special_tokens.values()
    assert trained.merges == learned.merges
    assert {number: trained.token_bytes(number) for number in range(trained.vocab_size)} == learned.tokens
    assert trained.vocab == {token: number for number, token in learned.tokens.items() if number not in special}


# The plain procedure itself


@given(st.text("ab \n", max_size=80))
def test_distinct_words_in_order_of_first_occurrence_change_nothing(text: str) -> None:
    words = [list(piece.encode()) for piece in regex.findall(plain.PATTERN, text)]
    tokens = [bytes([byte]) for byte in range(256)]
    merges = []
    for _ in range(20):
        counts: dict[plain.Pair, int] = {}
        for word in words:
            for pair in pairwise(word):
                counts[pair] = counts.get(pair, 0) + 1
        if not counts:
            break
        left, right = max(counts, key=counts.__getitem__)
        words = [plain.merge(word, (left, right), len(tokens)) for word in words]
        merges.append((tokens[left], tokens[right]))
        tokens.append(tokens[left] + tokens[right])
    assert plain.train(text, 256 + 20).merges == merges


def test_the_plain_procedure_does_the_textbook_example() -> None:
    # From the Wikipedia article on byte-pair encoding: aaabdaaabac becomes XdXac with Z = aa, Y = ab, X = ZY.
    learned = plain.train("aaabdaaabac", 256 + 3, tie_break="lowest_pair")
    assert learned.merges == [(b"a", b"a"), (b"a", b"b"), (b"aa", b"ab")]
    ids = plain.encode("aaabdaaabac", plain.PATTERN, {token: number for number, token in learned.tokens.items()})
    assert ids == [258, ord("d"), 258, ord("a"), ord("c")]


# Training


def test_tinyshakespeare_gives_the_golden_vocabulary(tinyshakespeare_path: Path) -> None:
    assert hashlib.sha256(tinyshakespeare_path.read_bytes()).hexdigest() == GOLDEN["sha256"]
    assert (GOLDEN["pattern"], GOLDEN["special_tokens"]) == (plain.PATTERN, SPECIAL_TOKENS)
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
    assert len(set(tokens)) == len(tokens) == 1024
    assert_equals_plain(trained, plain.Learned(merges, dict(enumerate(tokens))))
    assert trained.special_tokens == {"<bos>": 256, "<eos>": 257, "<pad>": 258, "<unk>": 259}


@pytest.mark.parametrize("tie_break", ["first_seen", "lowest_pair"])
@pytest.mark.parametrize("corpus", ["tinyshakespeare", "python_docs"])
def test_a_slice_trains_as_the_plain_procedure(
    corpus: str, tie_break: TieBreak, request: pytest.FixtureRequest
) -> None:
    text = request.getfixturevalue(corpus)[100_000:150_000]
    learned = plain.train(text, 700, SPECIAL_TOKENS, special_ids="first", tie_break=tie_break)
    assert len(learned.merges) == 700 - 256 - 4
    for pattern in ("cl100k", plain.PATTERN):
        trained = pairwright.train([text], 700, pattern, SPECIAL_TOKENS, special_ids="first", tie_break=tie_break)
        assert trained.pattern == pattern
        assert_equals_plain(trained, learned)


small_corpora = st.one_of(
    st.text("ab", max_size=60),
    st.text("aA b1\n", max_size=80),
    # Words from few syllables: equal counts, runs and overlaps everywhere.
    st.lists(st.sampled_from(["aa", "aaa", "ab", "ba", " ", " ab", "aba", "11", "!", "\n"]), max_size=40).map("".join),
    texts.text,
    st.lists(st.one_of(st.text("ab ", max_size=9), st.sampled_from(SPECIAL_TOKENS)), max_size=12).map("".join),
).map(str.encode) | texts.raw_bytes  # fmt: skip


@settings(max_examples=500)
@given(
    corpus=small_corpora,
    special_tokens=st.lists(st.sampled_from([*SPECIAL_TOKENS, "<bos", "ab", "b\n"]), unique=True, max_size=4),
    room=st.integers(0, 30),
    pattern=st.sampled_from(["cl100k", "gpt2", "o200k", plain.PATTERN, r"[^b]+", r"[b]", r"\w+\s|\d"]),
    special_ids=st.sampled_from(["first", "last"]),
    tie_break=st.sampled_from(["first_seen", "lowest_pair"]),
)
def test_any_bytes_train_as_the_plain_procedure(
    corpus: bytes,
    special_tokens: list[str],
    room: int,
    pattern: str,
    special_ids: SpecialIds,
    tie_break: TieBreak,
) -> None:
    assume(any(plain.without(special_tokens, corpus)))
    vocab_size = 256 + len(special_tokens) + room
    learned = plain.train(
        corpus,
        vocab_size,
        special_tokens,
        pattern=PATTERNS.get(pattern, pattern),
        special_ids=special_ids,
        tie_break=tie_break,
    )
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        trained = pairwright.train(
            [corpus], vocab_size, pattern, special_tokens, special_ids=special_ids, tie_break=tie_break
        )
    assert_equals_plain(trained, learned)
    too_few = len(learned.merges) < room
    assert [warning.category for warning in caught] == [pairwright.FewerMergesWarning] * too_few


# Threads and files


def without_time(model: Path) -> str:
    """The text of a model file but for the time it was made."""
    content = json.loads(model.read_bytes())
    del content["metadata"]["time"]
    return json.dumps(content)


@pytest.mark.parametrize("tie_break", ["first_seen", "lowest_pair"])
def test_threads_do_not_change_the_model_file(python_docs: str, tmp_path: Path, tie_break: TieBreak) -> None:
    # Large enough for several blocks on every thread.
    corpus = tmp_path / "corpus.txt"
    corpus.write_text(python_docs * 3, encoding="utf-8")
    models = []
    for threads in (1, 2, 8):
        trained = pairwright.train(
            corpus, vocab_size=2000, special_tokens=["print"], tie_break=tie_break, threads=threads
        )
        trained.save(tmp_path / f"{threads}.json")
        models.append(without_time(tmp_path / f"{threads}.json"))
    assert models[0] == models[1] == models[2]


@pytest.mark.parametrize("pattern", ["gpt2", "cl100k", "o200k"])
def test_cutting_into_files_between_pieces_changes_no_vocabulary(
    python_docs: str, tmp_path: Path, pattern: str
) -> None:
    text = python_docs[:200_000]
    edges = [match.start() for match in regex.finditer(PATTERNS[pattern], text)]
    cuts = [0, *sorted(Random(0).sample(edges, 9)), len(text)]
    files = []
    for number, (start, end) in enumerate(pairwise(cuts)):
        files.append(tmp_path / f"{number}.txt")
        files[-1].write_text(text[start:end], encoding="utf-8", newline="")
    whole = pairwright.train([text], 1500, pattern, tie_break="first_seen")
    parts = pairwright.train(files, 1500, pattern, tie_break="first_seen")
    assert (parts.vocab, parts.merges) == (whole.vocab, whole.merges)


# Encoding


@settings(max_examples=300)
@given(content=texts.raw_bytes)
def test_any_bytes_encode_as_the_plain_encoder(tokenizer: pairwright.Tokenizer, content: bytes) -> None:
    assert tokenizer.pattern == "cl100k"
    assert tokenizer.encode_ordinary(content) == plain.encode(content, PATTERNS["cl100k"], tokenizer.vocab)


@settings(max_examples=300)
@given(data=st.data())
def test_tokens_of_the_vocabulary_encode_as_the_plain_encoder(
    tokenizer: pairwright.Tokenizer, data: st.DataObject
) -> None:
    tokens = st.sampled_from(list(tokenizer.vocab))
    content = b"".join(data.draw(st.lists(tokens, max_size=60)))
    assert tokenizer.encode_ordinary(content) == plain.encode(content, PATTERNS["cl100k"], tokenizer.vocab)


@pytest.mark.filterwarnings("ignore::pairwright.PatternWarning")
@pytest.mark.parametrize("pattern", ["gpt2", "o200k", r"[^\n]+|\n", r"(?s).{50}"])
def test_real_text_encodes_as_the_plain_encoder_whatever_the_pattern(python_docs: str, pattern: str) -> None:
    text = python_docs[300_000:320_000]
    trained = pairwright.train([python_docs[:100_000]], 800, pattern, special_tokens=["import"], special_ids="first")
    assert trained.encode_ordinary(text) == plain.encode(text, PATTERNS.get(pattern, pattern), trained.vocab)


@given(
    contents=st.lists(st.one_of(texts.raw_bytes, st.binary(max_size=200), texts.any_text), max_size=6),
    allow=st.booleans(),
)
def test_decoding_inverts_encoding(tokenizer: pairwright.Tokenizer, contents: list[str | bytes], allow: bool) -> None:
    content = b"<|end|>".join(plain.as_bytes(content) for content in contents)
    ids = tokenizer.encode(content, allowed_special="all" if allow else (), disallowed_special=())
    assert tokenizer.decode_bytes(ids) == content
    assert tokenizer.decode(ids) == content.decode(errors="replace")
    assert ids.count(tokenizer.special_tokens["<|end|>"]) == (content.count(b"<|end|>") if allow else 0)
