"""The same ids as tiktoken, the same vocabularies as rustbpe and minbpe."""

import base64
import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import plain
import pytest
import rustbpe
import texts
import tiktoken
from hypothesis import given, settings, strategies as st
from limits import within
from MiniBpeRust import rustminibpe
from tiktoken_ext import openai_public

import pairwright
from pairwright import datasets
from pairwright._core import PATTERNS

# The named pattern of each published encoding.
ENCODINGS = {"cl100k_base": "cl100k", "o200k_base": "o200k", "r50k_base": "r50k", "p50k_base": "p50k"}
EVERY_NAME = ["trained", *ENCODINGS]
every_encoding = pytest.mark.parametrize("name", EVERY_NAME)


@dataclass(frozen=True, eq=False)
class Peers:
    """One vocabulary in tiktoken and in pairwright."""

    encoding: tiktoken.Encoding
    tokenizer: pairwright.Tokenizer
    vocab: dict[bytes, int]
    tokens: list[bytes]

    def assert_same_ids(self, text: str) -> None:
        expected = self.encoding.encode_ordinary(text)
        assert self.tokenizer.encode_ordinary(text) == expected
        assert self.tokenizer.decode_bytes(expected) == plain.as_bytes(text)


LoadPeers = Callable[[str], Peers]


def read_ranks(path: Path) -> dict[bytes, int]:
    lines = path.read_bytes().split(b"\n")
    return {base64.b64decode(token): int(rank) for token, rank in (line.split() for line in lines if line)}


@pytest.fixture(scope="session")
def load_peers(data: Callable[[str], Path], tokenizer: pairwright.Tokenizer) -> LoadPeers:
    """Gives a published encoding, with all that tiktoken says of it, or "trained": a vocabulary trained here."""

    def trained() -> Peers:
        vocab = tokenizer.vocab
        # tiktoken takes a piece that is a token for that token, without merging. That is the same thing where every
        # token merges into itself.
        assert all(plain.encode_piece(token, vocab) == [number] for token, number in vocab.items())
        pattern, special_tokens = PATTERNS[tokenizer.pattern], tokenizer.special_tokens
        encoding = tiktoken.Encoding("trained", pat_str=pattern, mergeable_ranks=vocab, special_tokens=special_tokens)
        return Peers(encoding, tokenizer, vocab, list(vocab))

    def published(name: str) -> Peers:
        path = data(f"vocab/{name}.tiktoken")
        with pytest.MonkeyPatch.context() as patch:
            # tiktoken knows the ranks only as an address to download them from.
            patch.setattr(openai_public, "load_tiktoken_bpe", lambda *_args, **_kwargs: read_ranks(path))
            settings: dict[str, Any] = openai_public.ENCODING_CONSTRUCTORS[name]()
        loaded = pairwright.Tokenizer.from_tiktoken(
            path, pattern=ENCODINGS[name], special_tokens=settings["special_tokens"]
        )
        return Peers(tiktoken.Encoding(**settings), loaded, loaded.vocab, list(loaded.vocab))

    @cache
    def load(name: str) -> Peers:
        return trained() if name == "trained" else published(name)

    return load


@pytest.fixture(scope="session", params=EVERY_NAME)
def peers(request: pytest.FixtureRequest, load_peers: LoadPeers) -> Peers:
    return load_peers(request.param)


# Real text


def test_ids_of_the_python_documentation(peers: Peers, python_docs: str) -> None:
    peers.assert_same_ids(python_docs)


def test_ids_of_tinyshakespeare(peers: Peers, tinyshakespeare: str) -> None:
    peers.assert_same_ids(tinyshakespeare)


def test_ids_of_the_handbook_in_every_language(peers: Peers, handbook: dict[str, str]) -> None:
    for language, text in handbook.items():
        # Two documents keep both cores busy; tiktoken is what takes the time.
        parts = [text[: len(text) // 2], text[len(text) // 2 :]]
        expected = peers.encoding.encode_ordinary_batch(parts, num_threads=2)
        batch = peers.tokenizer.encode_batch(parts)
        assert np.array_equal(batch.values, np.concatenate(expected)), language
        assert batch.offsets.tolist() == [0, len(expected[0]), len(expected[0]) + len(expected[1])]
        assert [peers.tokenizer.encode(part) for part in parts] == expected, language
        assert peers.tokenizer.decode_batch(batch) == parts, language


# Tokens, code points, any text


def test_every_token_has_the_same_id(peers: Peers) -> None:
    encoding, tokenizer = peers.encoding, peers.tokenizer
    assert tokenizer.vocab_size == encoding.n_vocab
    assert sorted(peers.tokens) == sorted(encoding.token_byte_values())
    assert {token: encoding.encode_single_token(token) for token in peers.tokens} == peers.vocab
    special = {token: encoding.encode_single_token(token) for token in encoding.special_tokens_set}
    assert tokenizer.special_tokens == special


def test_ids_of_every_token_as_a_text(peers: Peers) -> None:
    contents = [token.decode(errors="replace") for token in peers.tokens]
    batch = peers.tokenizer.encode_batch(contents)
    assert batch.to_lists() == [peers.encoding.encode_ordinary(content) for content in contents]
    Random(0).shuffle(contents)
    peers.assert_same_ids("".join(contents))


def test_ids_of_every_code_point(peers: Peers) -> None:
    peers.assert_same_ids("".join(f"a{point}B {point}1\n{point}'{point}" for point in texts.PLANES_IN_USE))


@every_encoding
@settings(max_examples=300)
@given(data=st.data())
def test_ids_of_any_text(load_peers: LoadPeers, name: str, data: st.DataObject) -> None:
    peers = load_peers(name)
    tokens = st.lists(st.sampled_from(peers.tokens), max_size=50).map(b"".join)
    peers.assert_same_ids(
        data.draw(texts.any_text | st.text() | tokens.map(lambda content: content.decode(errors="ignore")))
    )


@every_encoding
@given(content=texts.raw_bytes | st.binary(max_size=60))
def test_any_bytes_encode_as_the_plain_encoder_with_the_same_ranks(
    load_peers: LoadPeers, name: str, content: bytes
) -> None:
    peers = load_peers(name)
    pattern = PATTERNS["gpt2" if name.endswith("50k_base") else peers.tokenizer.pattern]
    assert peers.tokenizer.encode_ordinary(content) == plain.encode(content, pattern, peers.vocab)


# Special tokens and surrogates


FRAGMENTS = ["<|", "|>", "<|endof", "text|>", "<|nonsense|>", "word", " ", "\n", "'s", "a"]


@st.composite
def special_cases(draw: st.DrawFn, names: list[str]) -> tuple[str, dict[str, Any]]:
    """A text with special tokens, whole and broken, and what is allowed and refused in it."""
    parts = st.one_of(st.sampled_from(names), st.sampled_from(FRAGMENTS), texts.any_text)
    text = "".join(draw(st.lists(parts, max_size=12)))
    options: dict[str, Any] = {}
    if draw(st.booleans()):
        options["allowed_special"] = draw(st.just("all") | st.sets(st.sampled_from([*names, "<|nonsense|>"])))
    if draw(st.booleans()):
        some = st.sets(st.sampled_from([*names, "<|nonsense|>", "word"]))
        options["disallowed_special"] = draw(st.one_of(st.just("all"), st.just(()), some, some.map(sorted)))
    return text, options


def refused_or(encode: Callable[..., Any], text: str, options: dict[str, Any]) -> tuple[list[int] | None, str]:
    """The ids, or the message of the refusal."""
    try:
        return list(encode(text, **options)), ""
    except ValueError as error:
        return None, str(error)


@pytest.mark.parametrize("name", ["trained", "cl100k_base", "o200k_base"])
@settings(max_examples=400)
@given(data=st.data())
def test_special_tokens_are_allowed_and_refused_as_in_tiktoken(
    load_peers: LoadPeers, name: str, data: st.DataObject
) -> None:
    peers = load_peers(name)
    text, options = data.draw(special_cases(sorted(peers.tokenizer.special_tokens)))
    ids, refusal = refused_or(peers.encoding.encode, text, options)
    for encode in (
        peers.tokenizer.encode,
        peers.tokenizer.encode_to_numpy,
        lambda text, **options: peers.tokenizer.encode_batch([text], **options)[0],
        lambda text, **options: peers.tokenizer.encode_with_spans(text, **options)[0],
    ):
        own_ids, own_refusal = refused_or(encode, text, options)
        assert own_ids == ids
        if ids is None:
            refused = re.search("disallowed special token '(.*?)'", refusal)
            assert refused is not None
            assert refused[1] in own_refusal
            assert "allowed_special=" in own_refusal
            assert "disallowed_special=()" in own_refusal


@every_encoding
@given(text=st.lists(st.characters(categories=["Cs"]) | st.sampled_from(texts.CHARACTERS), min_size=1).map("".join))
def test_surrogates_encode_as_in_tiktoken(load_peers: LoadPeers, name: str, text: str) -> None:
    peers = load_peers(name)
    assert peers.tokenizer.encode(text) == peers.encoding.encode(text)
    peers.assert_same_ids(text)


def test_a_lone_surrogate_becomes_the_replacement_character(tokenizer: pairwright.Tokenizer) -> None:
    assert tokenizer.decode(tokenizer.encode("a\ud800b\udfff")) == "a\ufffdb\ufffd"
    assert tokenizer.decode(tokenizer.encode("\ud83d\ude00")) == "😀"


# Long pieces


@pytest.mark.parametrize("unit", ["a", " ", "\n", "!?", "中", "\u3000", "'", "1", " \n"])
def test_a_megabyte_of_one_thing_encodes_and_a_part_of_it_as_in_tiktoken(peers: Peers, unit: str) -> None:
    peers.assert_same_ids(unit * (20_000 // len(unit.encode())))
    text = unit * (1_000_000 // len(unit.encode()))
    ids = within(5, lambda: peers.tokenizer.encode(text))
    assert peers.tokenizer.decode(ids) == text


# Training


def assert_trains_as_rustbpe(corpus: list[str], vocab_size: int) -> None:
    peer = rustbpe.Tokenizer()
    peer.train_from_iterator(iter(corpus), vocab_size, pattern=PATTERNS["cl100k"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", pairwright.FewerMergesWarning)
        trained = pairwright.train(iter(corpus), vocab_size, tie_break="lowest_pair")
    assert list(trained.vocab.items()) == peer.get_mergeable_ranks()


@pytest.mark.parametrize("vocab_size", [4096, 16384])
def test_tinyshakespeare_trains_as_in_rustbpe(tinyshakespeare: str, vocab_size: int) -> None:
    assert_trains_as_rustbpe([tinyshakespeare], vocab_size)


def test_the_python_documentation_trains_as_in_rustbpe(python_docs: str) -> None:
    assert_trains_as_rustbpe([python_docs], 4096)
    assert_trains_as_rustbpe(python_docs.split("\n\n"), 4096)


def test_english_prose_trains_as_in_rustbpe(english: str) -> None:
    assert_trains_as_rustbpe([english[:20_000_000]], 32_768)


def test_source_code_trains_as_in_rustbpe() -> None:
    assert_trains_as_rustbpe(
        [path.read_text(errors="replace") for path in datasets.load("python-stdlib").paths], 32_768
    )


def assert_trains_as_minibpe(text: str, vocab_size: int) -> None:
    """Against a fast rewrite of minbpe, which counts all pairs anew for each merge and takes the first of the best."""
    merges = rustminibpe.train_on_text(text, PATTERNS["cl100k"], vocab_size)
    vocab = [bytes([byte]) for byte in range(256)]
    vocab.extend(vocab[left] + vocab[right] for (left, right), _ in merges)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", pairwright.FewerMergesWarning)
        trained = pairwright.train([text], vocab_size, tie_break="first_seen")
    assert trained.merges == [(vocab[left], vocab[right]) for (left, right), _ in merges]


def test_the_python_documentation_trains_as_in_minibpe(python_docs: str) -> None:
    assert_trains_as_minibpe(python_docs, 4096)


def test_tinyshakespeare_trains_as_in_minibpe(tinyshakespeare: str) -> None:
    assert_trains_as_minibpe(tinyshakespeare, 16_384)


def test_many_scripts_train_as_in_minibpe(handbook: dict[str, str]) -> None:
    assert_trains_as_minibpe("\n".join(text[:100_000] for text in handbook.values()), 32_768)


@given(text=st.text("aab b!\n", max_size=200) | texts.any_text)
def test_any_text_trains_as_in_minibpe(text: str) -> None:
    assert_trains_as_minibpe(text + "a", 256 + 25)


def test_many_scripts_train_as_in_rustbpe(handbook: dict[str, str]) -> None:
    assert_trains_as_rustbpe([text[:100_000] for text in handbook.values()], 8192)


@given(corpus=st.lists(st.text("aab b!\n", max_size=50) | texts.any_text, min_size=1, max_size=5))
def test_any_text_trains_as_in_rustbpe(corpus: list[str]) -> None:
    corpus.append("a")
    assert_trains_as_rustbpe(corpus, 256 + 25)
