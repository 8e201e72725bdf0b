"""Mixing counts by weights, shares and temperature."""

import json
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command_line import call, isolate
from hypothesis import given, strategies as st

import pairwright as pw
from pairwright import Counts, StoppedError

# 90 and 10 bytes.
SIZES = {"much": 90, "little": 10}
TEXTS = {"much": ["abcdefgh " * 10], "little": ["xyz 123 4\n"]}


def test_the_published_example() -> None:
    """Shares and weights of 90 : 10 at α = 0.3, by hand: 90^0.3 = 3.857, 10^0.3 = 1.995."""
    weights = pw.mixing_weights(SIZES, temperature=0.3)
    assert float(weights["much"]) == pytest.approx(0.73230, abs=5e-6)
    assert float(weights["little"]) == pytest.approx(3.40927, abs=5e-6)
    assert float(weights["much"] * 90 / 100) == pytest.approx(0.65907, abs=5e-6)
    assert float(weights["little"] * 10 / 100) == pytest.approx(0.34093, abs=5e-6)


def test_weights_of_temperatures_and_shares_that_are_exact() -> None:
    assert pw.mixing_weights(SIZES, temperature=1) == {"much": 1, "little": 1}
    assert pw.mixing_weights(SIZES, temperature=0) == {"much": Fraction(5, 9), "little": 5}
    assert pw.mixing_weights(SIZES, shares={"much": 1, "little": 2}) == {
        "much": Fraction(10, 27),
        "little": Fraction(20, 3),
    }
    halves: Any = {"much": Decimal("0.5"), "little": np.float64(0.5)}
    assert pw.mixing_weights(SIZES, shares=halves) == pw.mixing_weights(SIZES, temperature=0)


@given(
    st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 2**50), min_size=1),
    st.fractions(0, 1, max_denominator=10),
)
def test_shares_follow_the_formula(sizes: dict[str, int], temperature: Fraction) -> None:
    weights = pw.mixing_weights(sizes, temperature=temperature)
    powers = {name: size ** float(temperature) for name, size in sizes.items()}
    for name, size in sizes.items():
        share = powers[name] / sum(powers.values())
        assert float(weights[name]) * size / sum(sizes.values()) == pytest.approx(share, rel=1e-9)


def test_counts_are_multiplied_and_added() -> None:
    first, second = Counts.from_items([("a", 3), ("b", 5)]), Counts.from_items([("b", 1), ("c", 2)])
    mixed = pw.mix({"x": first, "y": second}, weights={"x": Fraction(1, 2), "y": 3})
    # 3 halves and 5 halves are rounded up.
    assert dict(mixed.items()) == {b"a": 2, b"b": 3 + 3, b"c": 6}
    assert mixed == first * 0.5 + second * 3


def test_a_source_of_weight_0_is_left_out() -> None:
    assert pw.mix(TEXTS, weights={"much": 0, "little": 1}) == pw.count(TEXTS["little"])


def test_texts_counts_and_files_mix_alike(tmp_path: Path) -> None:
    path = tmp_path / "much.txt"
    path.write_text(TEXTS["much"][0], encoding="utf-8")
    expected = pw.count(TEXTS["much"]) * Fraction(5, 9) + pw.count(TEXTS["little"]) * 5
    assert pw.mix(TEXTS, temperature=0) == expected
    assert pw.mix({"much": path, "little": pw.count(TEXTS["little"])}, temperature=0, threads=3) == expected


def test_sizes_by_documents_and_by_tokens() -> None:
    texts = {"one": ["a b c d"], "three": ["a", "b", "c"]}
    one, three = pw.count(texts["one"]), pw.count(texts["three"])
    assert pw.mix(texts, temperature=0, by="documents") == one * 2 + three * Fraction(2, 3)
    tokenizer = pw.train(["a b c d"], 259)
    tokens = {name: sum(tokenizer.count(text) for text in each) for name, each in texts.items()}
    weights = pw.mixing_weights(tokens, temperature=0)
    assert pw.mix(texts, temperature=0, by=tokenizer) == one * weights["one"] + three * weights["three"]


def test_special_tokens_cut_the_text() -> None:
    mixed = pw.mix({"a": ["x<|end|>y"]}, special_tokens=["<|end|>"], weights={"a": 2})
    assert dict(mixed.items()) == {b"x": 2, b"y": 2}
    assert mixed.special_tokens == ["<|end|>"]


def test_progress_tells_of_all_bytes_and_can_stop() -> None:
    events: list[Any] = []
    pw.mix(TEXTS, temperature=0, progress=events.append)
    assert [event.phase for event in events] == ["count"] * len(events)
    with pytest.raises(StoppedError):
        pw.mix(TEXTS, temperature=0, progress=lambda _: False)


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({}, ValueError, "exactly one of weights, shares and temperature, not none of them"),
        ({"temperature": 1, "shares": SIZES}, ValueError, "not shares and temperature"),
        ({"temperature": 1.5}, ValueError, "temperature=1.5: must be from 0 to 1"),
        ({"temperature": -1}, ValueError, "temperature=-1: must not be negative"),
        ({"temperature": float("nan")}, ValueError, "temperature=nan: must be a finite number"),
        ({"temperature": Decimal("1e-9999999")}, ValueError, "at most 1,000 digits"),
        ({"temperature": Fraction(1, 10**2000)}, ValueError, "at most 1,000 digits"),
        ({"temperature": "0.3"}, TypeError, "temperature must be a number"),
        ({"weights": {"much": 1}}, ValueError, "weights lacks 'little'"),
        ({"weights": {"much": 1, "little": 1, "none": 1}}, ValueError, "weights has 'none'"),
        ({"weights": {"much": 1, "little": -1}}, ValueError, r"weights\['little'\]=-1"),
        ({"weights": {"much": 0, "little": 0}}, ValueError, "all weights are 0"),
        ({"shares": {"much": 0, "little": 0}}, ValueError, "all shares are 0"),
        ({"shares": [1, 2]}, TypeError, "shares must give each source a number"),
        ({"temperature": 1, "by": "words"}, ValueError, 'by=\'words\': must be "bytes" or "documents"'),
        ({"temperature": 1, "by": 5}, TypeError, "by must be"),
    ],
)
def test_what_means_nothing_is_refused(given: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        pw.mix(TEXTS, **given)


def test_sources_that_do_not_fit_are_refused() -> None:
    counts = pw.count(["a"])
    with pytest.raises(ValueError, match="counts do not tell how many documents"):
        pw.mix({"a": counts}, temperature=1, by="documents")
    with pytest.raises(ValueError, match="there are counts made with 'gpt2'"):
        pw.mix({"a": counts, "b": pw.count(["a"], "gpt2")}, temperature=1)
    with pytest.raises(ValueError, match="b: the corpus has no text to count"):
        pw.mix({"a": counts, "b": []}, temperature=1)
    with pytest.raises(OverflowError, match="2\\*\\*64"):
        pw.mix({"a": counts}, weights={"a": 2**64})
    with pytest.raises(TypeError, match="sources must give each source a name"):
        pw.mix(["a"], temperature=1)  # type: ignore[arg-type]
    with pytest.raises(FileNotFoundError):
        pw.mix({"a": "missing.txt"}, temperature=1)


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    isolate(tmp_path, monkeypatch)
    for name, (text,) in TEXTS.items():
        Path(f"{name}.txt").write_text(text, encoding="utf-8")
    pw.count(["little.txt"]).save("little.counts")


@pytest.mark.usefixtures("files")
def test_the_command_line_mixes_the_same() -> None:
    ended = call("mix", "much.txt", "little=little.counts", "--temperature", "0", "--out", "mixed.counts", "--json")
    assert ended.code == 0, ended.err
    assert Counts.load("mixed.counts") == pw.mix(TEXTS, temperature=0)
    rows = json.loads(ended.out)
    assert [(row["source"], row["size"], row["exact_weight"]) for row in rows] == [
        ("much", 90, "5/9"),
        ("little", 10, "5"),
    ]
    assert [row["share"] for row in rows] == [0.5, 0.5]
    ended = call("mix", "much.txt", "little.txt", "--weight", "much=1/3", "--weight", "little=2", "--out", "m.counts")
    assert Counts.load("m.counts") == pw.mix(TEXTS, weights={"much": Fraction(1, 3), "little": 2})
    assert "share before" in ended.err
    assert not ended.out


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["much.txt"], "nothing says how to mix"),
        (["much.txt", "--temperature", "0", "--share", "much=1"], "--share and --temperature do not go together"),
        (["much.txt", "little.txt", "--share", "much=1"], "--share is missing for little"),
        (["much.txt", "--weight", "mush=1"], "--weight mush: no source has this name"),
        (["much.txt", "--weight", "much=1", "--weight", "much=2"], "gives much two numbers"),
        (["much.txt", "--temperature", "cold"], "--temperature cold: no number"),
        (["a=little.counts", "a=little.txt", "--temperature", "0"], "a has both counts files and text"),
        (["much.txt", "--temperature", "1e-9999999"], "--temperature 1e-9999999: too long"),
        (["much.txt", "--temperature", "1/1e999999999"], "--temperature 1/1e999999999: too long"),
        (["much.txt", "--temperature", "nan"], "--temperature nan: no number"),
        (["much.txt", "--temperature", "1/0"], "--temperature 1/0: no number"),
        (["much.txt", "--temperature", "0", "--by", "words"], "words"),
        (["mixed.counts", "--temperature", "0"], "mixed.counts"),
    ],
)
def test_the_command_line_refuses(arguments: list[str], message: str) -> None:
    ended = call("mix", *arguments, "--out", "mixed.counts")
    assert ended.code != 0
    assert message in ended.err
    assert not Path("mixed.counts").exists()


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize(
    "arguments",
    [
        ("mix", "little.counts", "much.txt", "--temperature", "0", "--out", "little.counts"),
        ("mix", "little.txt", "much.txt", "--temperature", "0", "--by", "model.json", "--out", "model.json"),
        ("show", "model.json", "text", "--html", "--out", "model.json"),
        ("show", "model.json", "text", "--with", "x=other.json", "--html", "--out", "other.json"),
        ("report", "x=model.json", "--on", "much.txt", "--out", "model.json"),
        ("report", "model.json", "--on", "much.txt", "--out", "r.html", "--json", "model.json"),
    ],
)
def test_what_is_read_is_never_replaced(arguments: tuple[str, ...]) -> None:
    pw.train(TEXTS["much"], 260).save("model.json")
    pw.train(TEXTS["much"], 261).save("other.json")
    before = {path: path.read_bytes() for path in Path().iterdir()}
    ended = call(*arguments)
    assert (ended.code, "is an input" in ended.err) == (2, True), ended.err
    assert {path: path.read_bytes() for path in Path().iterdir()} == before
