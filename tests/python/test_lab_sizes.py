"""What every smaller vocabulary makes of a text, and what it costs, by formulas that are checked by hand."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pairwright as pw
from pairwright.lab.cost import cost

CORPUS = ["to be or not to be, that is the question: whether nobler in the mind to suffer the slings and arrows"] * 3
TOK = pw.train(CORPUS, 300, special_tokens=["<x>"])
TEXT = "whether to be the question"


def test_every_size_is_what_encoding_with_it_gives() -> None:
    found = pw.sizes(TOK, [TEXT], range(257, 301))
    assert [row["vocab_size"] for row in found] == list(range(257, 301))
    for row in found:
        smaller = TOK.first(int(row["vocab_size"] or 0))
        ids = smaller.encode_ordinary(TEXT)
        assert (row["tokens"], row["bytes"], row["used"]) == (len(ids), len(TEXT), len(set(ids)))
        assert row["bytes_per_token"] == len(TEXT) / len(ids)
        assert row["use"] == len(set(ids)) / smaller.vocab_size
    assert found.best is None


def test_sizes_take_texts_counts_and_usages() -> None:
    usage = TOK.usage([TEXT])
    sources: list[Any] = [[TEXT], pw.count([TEXT]), usage, pw.texts(TEXT)]
    expected = pw.sizes(TOK, usage).to_dict()
    assert all(pw.sizes(TOK, source).to_dict() == expected for source in sources)
    # Special tokens stand for no bytes.
    usage[TOK.special_tokens["<x>"]] = 7
    with_special = pw.sizes(TOK, usage).rows[-1]
    assert (with_special["bytes"], with_special["tokens"]) == (len(TEXT), expected["rows"][-1]["tokens"] + 7)


def test_default_sizes_are_powers_of_two_and_the_whole() -> None:
    tok = pw.Tokenizer.from_ranks(
        {bytes([byte]): byte for byte in range(256)} | {b"%05d" % number: number for number in range(256, 2500)},
        pattern="gpt2",
    )
    assert [row["vocab_size"] for row in pw.sizes(tok, ["text"])] == [512, 1024, 2048, 2500]
    assert [row["vocab_size"] for row in pw.sizes(TOK, ["text"])] == [300]


def test_costs_by_hand() -> None:
    model = pw.LanguageModel(width=10, layers=2, context=100)
    assert cost(300, 2.0, model) == {
        "embedding_parameters": 6000,
        "embedding_share": 6000 / 8400,
        "weight_bytes": 12000,
        "optimizer_bytes": 48000,
        "logit_bytes": 600,
        "head_share": 3000 / 5400,
        "flops_per_byte": 6 * 5400 / 2,
        "context_bytes": 200.0,
        "cache_bytes_per_byte": 2 * 2 * 10 * 2 / 2,
    }
    tied = pw.LanguageModel(width=10, layers=2, tied=True, parameters=1000, kv_heads=1, head_size=4, precision=1)
    found = cost(300, 2.0, tied)
    assert (found["embedding_parameters"], found["embedding_share"]) == (3000, 3000 / 4000)
    assert found["cache_bytes_per_byte"] == 2 * 2 * 4 * 1 / 2


def test_the_best_size_has_the_fewest_flops_for_a_byte() -> None:
    small, large = pw.LanguageModel(width=8, layers=1), pw.LanguageModel(width=8, layers=1, parameters=10**9)
    sizes = range(257, 301)
    for model in (small, large):
        found = pw.sizes(TOK, [TEXT], sizes, model=model)
        flops = {row["vocab_size"]: row["flops_per_byte"] or 0 for row in found}
        assert found.best == min(flops, key=lambda size: flops[size])
    # Where the body is all that counts, the fewest tokens win.
    tokens = {row["vocab_size"]: row["tokens"] or 0 for row in pw.sizes(TOK, [TEXT], sizes)}
    assert tokens[pw.sizes(TOK, [TEXT], sizes, model=large).best or 0] == min(tokens.values())
    assert "fewest FLOPs/byte" in str(pw.sizes(TOK, [TEXT], sizes, model=small))


def test_a_text_without_tokens_has_no_ratios() -> None:
    (row,) = pw.sizes(TOK, [], model=pw.LanguageModel(width=8, layers=1))
    assert (row["tokens"], row["bytes_per_token"], row["renyi"]) == (0, None, None)
    json.dumps(pw.sizes(TOK, []).to_dict(), allow_nan=False)
    assert "–" in str(pw.sizes(TOK, []))


def test_wrong_arguments_are_refused() -> None:
    for at, error, message in [
        ([3], ValueError, "vocab_size=3: leaves no room"),
        ([301], ValueError, "vocab_size=301: must be no more"),
        ([], ValueError, "at has no size"),
        (5, TypeError, "at must be an iterable of sizes"),
        (["many"], TypeError, "a size of at must be an int"),
    ]:
        with pytest.raises(error, match=message):
            pw.sizes(TOK, [TEXT], at)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="model must be a LanguageModel"):
        pw.sizes(TOK, [TEXT], model={"width": 3})  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="width=0: must be at least 1"):
        pw.LanguageModel(width=0, layers=1)
    with pytest.raises(ValueError, match="kv_heads and head_size go together"):
        pw.LanguageModel(width=1, layers=1, kv_heads=1)
    with pytest.raises(ValueError, match="made by another tokenizer"):
        pw.sizes(TOK, np.zeros(3, np.uint64))
    with pytest.raises(FileNotFoundError):
        pw.sizes(TOK, Path("missing.txt"))
