"""A second stage with a pattern that cuts less: tokens that cross words, exact and written as tokenizer.json."""

import itertools
import json
import re
from pathlib import Path
from pydoc_data.topics import topics
from typing import Any

import pytest
from command_line import call, isolate
from hypothesis import given, settings, strategies as st
from tokenizers import Tokenizer as HuggingFace

import pairwright as pw

LINES = [line for line in topics["for"].splitlines() if line]
DIGITS = r"\p{N}{1,3}"
TEXT = st.lists(st.sampled_from(["to", " be", " or", " the", " of the", ",", "\n", " 123", "4", "中", "\x80"])).map(
    "".join
)


def encoded_by_hand(tokenizer: pw.Tokenizer, text: str) -> list[int]:
    """Merging by rank within the pieces between numbers."""
    ids = []
    for piece in re.findall(r"[0-9]{1,3}|[^0-9]+", text):
        parts = [bytes([byte]) for byte in piece.encode()]
        while True:
            pairs = [tokenizer.vocab.get(left + right) for left, right in itertools.pairwise(parts)]
            best = min((rank for rank in pairs if rank is not None), default=None)
            if best is None:
                break
            at = pairs.index(best)
            parts[at : at + 2] = [parts[at] + parts[at + 1]]
        ids += [tokenizer.vocab[part] for part in parts]
    return ids


@pytest.fixture(scope="module")
def superwords() -> pw.Tokenizer:
    base = pw.train(LINES, 280)
    return pw.train(LINES, 310, DIGITS, base=base)


def test_tokens_cross_words(superwords: pw.Tokenizer) -> None:
    new = [superwords.token_bytes(id) for id in range(280, 310)]
    assert any(b" " in token[1:] for token in new)
    assert superwords.pattern == DIGITS
    base = pw.train(LINES, 280)
    assert [superwords.token_bytes(id) for id in range(280)] == [base.token_bytes(id) for id in range(280)]
    assert sum(map(superwords.count, LINES)) < sum(map(pw.train(LINES, 310).count, LINES))


@given(TEXT)
@settings(max_examples=200, deadline=None)
def test_encoding_is_merging_by_rank_within_the_second_pattern(superwords: pw.Tokenizer, text: str) -> None:
    ids = superwords.encode(text)
    assert ids == encoded_by_hand(superwords, text)
    assert superwords.decode(ids) == text


def test_other_libraries_encode_alike(superwords: pw.Tokenizer, tmp_path: Path) -> None:
    superwords.to_huggingface(tmp_path / "tokenizer.json")
    theirs = HuggingFace.from_file(str(tmp_path / "tokenizer.json"))
    for text in [*LINES[:20], "of the 12345 or of the 中\n\nto be"]:
        assert theirs.encode(text).ids == superwords.encode(text)
    assert pw.Tokenizer.from_huggingface(tmp_path / "tokenizer.json").encode(LINES[1]) == superwords.encode(LINES[1])


def test_stages_are_bases_with_special_tokens_behind_all() -> None:
    one_run = pw.train(LINES, 310, DIGITS, ["<|end|>"], stages=[(281, "cl100k")])
    by_hand = pw.train(LINES, 310, DIGITS, ["<|end|>"], base=pw.train(LINES, 280))
    assert one_run == by_hand
    assert one_run.special_tokens == {"<|end|>": 309}
    first = pw.train(LINES, 310, DIGITS, ["<|end|>"], special_ids="first", stages=[(281, "cl100k")])
    assert first.special_tokens == {"<|end|>": 256}
    assert one_run.metadata["base"]["settings"]["pattern"] == "cl100k"
    three = pw.train(LINES, 310, "(?s:.+)", stages=[(270, "cl100k"), (290, DIGITS)])
    assert three.vocab_size == 310


def test_stages_with_languages() -> None:
    languages = {"a": LINES, "b": [line.replace("the", "der") for line in LINES]}
    one_run = pw.train(languages, 310, DIGITS, objective="parity", stages=[(280, "cl100k")])
    base = pw.train(languages, 280, objective="parity")
    assert one_run == pw.train(languages, 310, DIGITS, objective="parity", base=base)


@pytest.mark.parametrize("most", [1, 2, 3])
def test_tokens_have_no_more_words_than_the_limit(most: int) -> None:
    tokenizer = pw.train(LINES, 600, DIGITS, stages=[(270, "cl100k")], max_token_words=most)
    words = [len(tokenizer.token_bytes(id).split()) for id in range(600)]
    assert max(words) == most
    # Longer ones are not learned at the cost of others.
    assert tokenizer.vocab_size == 600


def test_stopping_in_the_first_stage_ends_all() -> None:
    tokenizer = pw.train(
        LINES, 310, DIGITS, ["<|end|>"], stages=[(290, "cl100k")], progress=lambda event: event.phase != "merge"
    )
    assert tokenizer.metadata["stopped"]["phase"] == "merge"
    assert (tokenizer.pattern, tokenizer.special_tokens) == ("cl100k", {"<|end|>": 256})


def test_a_pattern_that_cuts_a_token_of_the_base_is_refused() -> None:
    base = pw.train(LINES, 300, "(?s:.+)")
    with pytest.raises(ValueError, match=r"pattern=\"cl100k\", b\"[^\"]+\": cuts this token of the base"):
        pw.train(LINES, 310, "cl100k", base=base)
    with pytest.raises(ValueError, match="cuts this token of the base"):
        pw.train(pw.count(LINES, "cl100k"), 310, pattern="cl100k", base=base)


def test_a_pattern_that_cuts_elsewhere_is_warned_of() -> None:
    base = pw.train(LINES, 280, "gpt2")
    with pytest.warns(pw.PatternWarning, match="cuts ' 1' into ' ' and '1', and that of the base, 'gpt2', does not"):
        pw.train(LINES, 290, DIGITS, base=base)


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"stages": [(280, "cl100k")], "pattern": None}, ValueError, "name the last pattern"),
        ({"stages": [(320, "cl100k")]}, ValueError, "a stage of 320 ids must be smaller"),
        ({"stages": [(280, "cl100k")], "source": iter(LINES)}, ValueError, "can be read only once"),
        ({"stages": [(280, "cl100k")], "source": pw.texts(iter(LINES))}, ValueError, "can be read only once"),
        ({"stages": [(280, "cl100k")], "source": pw.count(LINES)}, ValueError, "pass the text"),
        ({"stages": [(280, "no-such")]}, ValueError, "no-such"),
        ({"max_token_words": 0}, ValueError, "max_token_words=0"),
    ],
)
def test_what_means_nothing_is_refused(given: dict[str, Any], error: type[Exception], message: str) -> None:
    call: Any = {"source": LINES, "vocab_size": 310, "pattern": DIGITS} | given
    with pytest.raises(error, match=message):
        pw.train(**call)


def test_the_command_line_learns_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    isolate(tmp_path, monkeypatch)
    Path("lines.txt").write_text("\n".join(LINES), encoding="utf-8")
    given = ["lines.txt", "--lines", "--vocab-size", "310", "--pattern", DIGITS, "--max-token-words", "2"]
    ended = call("train", *given, "--stage", "280:cl100k", "--out", "model.json")
    assert ended.code == 0, ended.err
    expected = pw.train(LINES, 310, DIGITS, stages=[(280, "cl100k")], max_token_words=2)
    assert pw.Tokenizer.load("model.json") == expected
    assert json.loads(Path("model.json").read_text())["metadata"]["settings"]["max_token_words"] == 2
    for options, message in [
        (["--stage", "many:cl100k"], "--stage many:cl100k: no stage"),
        (["--stage", "280"], "--stage 280: no stage"),
        (["--stage", "400:cl100k"], "a stage of 400 ids must be smaller"),
    ]:
        ended = call("train", *given, *options, "--out", "other.json")
        assert (ended.code != 0, message in ended.err) == (True, True), ended.err
    ended = call("train", "lines.txt", "--stage", "280:cl100k", "--out", "other.json")
    assert "--stage goes with --pattern" in ended.err
    assert not Path("other.json").exists()
