"""The same vocabularies as rustbpe and minbpe."""

import warnings

import pytest
import rustbpe
import texts
from hypothesis import given, strategies as st
from MiniBpeRust import rustminibpe

import pairwright
from pairwright import datasets
from pairwright._core import PATTERNS


def assert_trains_as_rustbpe(corpus: list[str], vocab_size: int) -> None:
    peer = rustbpe.Tokenizer()
    peer.train_from_iterator(iter(corpus), vocab_size, pattern=PATTERNS["cl100k"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", pairwright.FewerMergesWarning)
        trained = pairwright.train(pairwright.texts(corpus), vocab_size, tie_break="lowest_pair")
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
        trained = pairwright.train(pairwright.texts([text]), vocab_size, tie_break="first_seen")
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
