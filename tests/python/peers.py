"""One vocabulary in tiktoken and in pairwright, and what must then be equal."""

import base64
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import plain
import pytest
import tiktoken
from tiktoken_ext import openai_public

import pairwright
from pairwright._core import PATTERNS

ENCODINGS = {"cl100k_base": "cl100k", "o200k_base": "o200k", "r50k_base": "r50k", "p50k_base": "p50k"}
"""The named pattern of each published encoding."""

TRAINED = ["trained", "trained-gpt2", "trained-o200k"]
"""Vocabularies that are trained here, one for each named pattern; the first is under cl100k."""

Array = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class Peers:
    """One vocabulary in tiktoken and in pairwright."""

    encoding: tiktoken.Encoding
    tokenizer: pairwright.Tokenizer
    vocab: dict[bytes, int]
    tokens: list[bytes]

    @property
    def regex(self) -> str:
        """The regex of the tokenizer's named pattern, as the `regex` module takes it."""
        return PATTERNS.get(self.tokenizer.pattern, PATTERNS["gpt2"])

    def assert_same_ids(self, text: str) -> None:
        """The ids of a short text, and back."""
        expected = self.encoding.encode_ordinary(text)
        assert self.tokenizer.encode_ordinary(text) == expected
        assert self.tokenizer.decode_bytes(expected) == plain.as_bytes(text)

    def assert_all_ways(self, documents: Sequence[str], threads: Sequence[int | None] = (1, 2, 3, None)) -> None:
        """The ids of documents of any size, in every way there is to ask for them, and back."""
        # tiktoken is what takes the time: it gets both cores.
        with ThreadPoolExecutor(2) as pool:
            # With nothing refused and nothing allowed, special tokens are plain text.
            expected = list(
                pool.map(lambda text: self.encoding.encode_to_numpy(text, disallowed_special=()), documents)
            )
        lengths = [len(ids) for ids in expected]
        tokenizer = self.tokenizer
        for number, (text, ids) in enumerate(zip(documents, expected, strict=True)):
            place = f"document {number}, which starts {text[:30]!r}"
            assert_equal(tokenizer.encode_to_numpy(text, disallowed_special=()), ids, place)
            assert tokenizer.count(text) == len(ids), place
            assert tokenizer.decode_bytes(ids) == text.encode(), place
        for count in threads:
            batch = tokenizer.encode_batch(documents, disallowed_special=(), threads=count)
            assert_equal(batch.values, np.concatenate(expected), f"a batch on {count} threads")
            assert_equal(batch.offsets, np.cumsum([0, *lengths]), f"the offsets of a batch on {count} threads")
            assert tokenizer.count_batch(documents, threads=count).tolist() == lengths
        # A list is what costs most: one document tells.
        assert_equal(np.array(tokenizer.encode_ordinary(documents[-1])), expected[-1], "the last document as a list")
        assert tokenizer.decode_batch(batch) == list(documents)


LoadPeers = Callable[[str], Peers]
"""Gives the peers of a name: see the fixture `load_peers`."""


def assert_equal(found: Array, expected: Array, what: str) -> None:
    """Two arrays are equal; pytest would take minutes to explain a difference of long ones."""
    if not np.array_equal(found, expected):
        common = min(len(found), len(expected))
        at = int(np.argmax(np.append(found[:common] != expected[:common], True)))
        raise AssertionError(f"{what}, from {at}: {found[at : at + 8]} and not {expected[at : at + 8]}")


def read_ranks(path: Path) -> dict[bytes, int]:
    """A rank file, read in the plainest way."""
    lines = path.read_bytes().split(b"\n")
    return {base64.b64decode(token): int(rank) for token, rank in (line.split() for line in lines if line)}


def write_ranks(path: Path, ranks: dict[bytes, int]) -> Path:
    """A rank file, written in the plainest way."""
    path.write_bytes(b"".join(b"%s %d\n" % (base64.b64encode(token), rank) for token, rank in ranks.items()))
    return path


def published(name: str, path: Path) -> Peers:
    """A published encoding, with all that tiktoken says of it but the ranks, which it would download."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(openai_public, "load_tiktoken_bpe", lambda *_args, **_kwargs: read_ranks(path))
        settings: dict[str, Any] = openai_public.ENCODING_CONSTRUCTORS[name]()
    loaded = pairwright.Tokenizer.from_tiktoken(
        path, pattern=ENCODINGS[name], special_tokens=settings["special_tokens"]
    )
    return Peers(tiktoken.Encoding(**settings), loaded, loaded.vocab, list(loaded.vocab))


def trained(tokenizer: pairwright.Tokenizer) -> Peers:
    """What was trained here, for tiktoken too."""
    vocab = tokenizer.vocab
    # tiktoken takes a piece that is a token for that token, without merging. That is the same thing where every token
    # merges into itself.
    assert all(plain.encode_piece(token, vocab) == [number] for token, number in vocab.items())
    encoding = tiktoken.Encoding(
        "trained",
        pat_str=PATTERNS[tokenizer.pattern],
        mergeable_ranks=vocab,
        special_tokens=tokenizer.special_tokens,
    )
    return Peers(encoding, tokenizer, vocab, list(vocab))
