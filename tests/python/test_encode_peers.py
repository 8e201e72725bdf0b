"""The same ids as tiktoken: of real text, of what its vocabularies are made of, of any text."""

import re
import warnings
from collections.abc import Callable
from random import Random
from typing import Any

import plain
import pytest
import texts
from hypothesis import given, settings, strategies as st
from peers import ENCODINGS, TRAINED, LoadPeers, Peers

import pairwright as pw
from pairwright import datasets

every_encoding = pytest.mark.parametrize("name", [*TRAINED, *ENCODINGS])

# Real text


def test_ids_of_the_python_documentation(peers: Peers, python_docs: str) -> None:
    peers.assert_same_ids(python_docs)
    paragraphs = python_docs.split("\n\n")
    peers.assert_all_ways([python_docs, *paragraphs[:500], "", *paragraphs[500:]])


@pytest.mark.parametrize("name", ["trained", "r50k_base", "cl100k_base", "o200k_base"])
def test_ids_of_the_sources_of_the_standard_library(load_peers: LoadPeers, name: str) -> None:
    peers = load_peers(name)
    paths = datasets.load("python-stdlib").paths
    # A tenth has to do for what is trained here.
    paths = paths if name in ENCODINGS else paths[::10]
    peers.assert_all_ways([path.read_bytes().decode(errors="replace") for path in paths], threads=[2])


@pytest.mark.parametrize("name", ENCODINGS)
def test_ids_of_the_handbook_in_every_language(load_peers: LoadPeers, name: str, handbook: dict[str, str]) -> None:
    load_peers(name).assert_all_ways(list(handbook.values()), threads=[None])


@every_encoding
def test_ids_of_short_documents_in_every_language(load_peers: LoadPeers, name: str, handbook: dict[str, str]) -> None:
    """Cut wherever it happens: in words, in white space, between a letter and its accent."""
    random = Random(name)
    documents = []
    for text in handbook.values():
        start = random.randrange(len(text) - 100_000)
        for _ in range(40):
            length = random.choice([0, 1, 2, 5, 30, 100, 1000, 4096])
            documents.append(text[start : start + length])
            start += length
    load_peers(name).assert_all_ways(documents, threads=[1, 2, 3, 8, None])


@pytest.mark.parametrize("name", ["r50k_base", "cl100k_base", "o200k_base"])
def test_ids_of_english_prose(load_peers: LoadPeers, name: str, english: str) -> None:
    load_peers(name).assert_all_ways([english[:8_000_000]], threads=[2])


def test_ids_of_tinyshakespeare(peers: Peers, tinyshakespeare: str) -> None:
    peers.assert_all_ways([tinyshakespeare, *tinyshakespeare.splitlines(keepends=True)[:4000]])


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
@settings(max_examples=200)
@given(data=st.data())
def test_ids_of_joined_tokens(load_peers: LoadPeers, name: str, data: st.DataObject) -> None:
    peers = load_peers(name)
    content = b"".join(data.draw(st.lists(st.sampled_from(peers.tokens), max_size=50)))
    peers.assert_same_ids(content.decode(errors="ignore"))
    peers.assert_same_ids(content.decode(errors="replace"))
    if texts.known_alike(content):
        # tiktoken has nothing to say of bytes that are not UTF-8.
        assert peers.tokenizer.encode_ordinary(content) == plain.encode(content, peers.regex, peers.vocab)


@every_encoding
@settings(max_examples=200)
@given(text=texts.any_text | texts.by_class | st.text())
def test_ids_of_any_text(load_peers: LoadPeers, name: str, text: str) -> None:
    load_peers(name).assert_same_ids(text)


@every_encoding
@settings(max_examples=50)
@given(documents=st.lists(texts.by_class | st.text(), min_size=1, max_size=20))
def test_any_documents_in_all_ways(load_peers: LoadPeers, name: str, documents: list[str]) -> None:
    load_peers(name).assert_all_ways(documents, threads=[1, 2, None])


@every_encoding
@given(content=texts.raw_bytes | st.binary(max_size=60).filter(texts.known_alike))
def test_any_bytes_encode_as_the_plain_encoder_with_the_same_ranks(
    load_peers: LoadPeers, name: str, content: bytes
) -> None:
    peers = load_peers(name)
    assert peers.tokenizer.encode_ordinary(content) == plain.encode(content, peers.regex, peers.vocab)


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
    with warnings.catch_warnings():
        # tiktoken says nothing of names that are no special tokens.
        warnings.simplefilter("ignore", pw.UnknownSpecialWarning)
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
