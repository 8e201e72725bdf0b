"""Text is cut into the pieces that the `regex` module finds with the same split pattern.

Counts show the pieces: every distinct one with its number, in the order of first occurrence.
"""

import warnings
from collections import Counter

import plain
import pytest
import regex
import texts
from hypothesis import given, settings, strategies as st
from limits import within

import pairwright
from pairwright._core import PATTERNS

NAMES = ["gpt2", "cl100k", "o200k", "qwen", "qwen3.5", "tekken"]
"""Those with a scanner."""
PLAIN = NAMES[:3]
"""Those of which the others are variants. The core's tests ask all of them all there is."""

# The general category of this code point, a letter in any case, is another one in newer versions of Unicode.
RECATEGORISED = frozenset("\u0295")


def pieces_of(pattern: str, *documents: str | bytes) -> list[tuple[bytes, int]]:
    return pairwright.count(iter(documents), pattern=pattern).items()


def expected(pattern: str, text: str) -> list[tuple[bytes, int]]:
    counts = Counter(regex.findall(pattern, text))
    assert sum(len(piece) * count for piece, count in counts.items()) == len(text)
    return [(piece.encode(), count) for piece, count in counts.items()]


# Named patterns


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=500)
@given(text=texts.text)
def test_any_text_is_cut_as_by_regex(name: str, text: str) -> None:
    assert pieces_of(name, text) == expected(PATTERNS[name], text)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=300)
@given(content=texts.raw_bytes)
def test_any_bytes_are_cut_as_their_lossy_decoding(name: str, content: bytes) -> None:
    pieces = plain.pieces(PATTERNS[name], content)
    assert b"".join(pieces) == content
    assert pieces_of(name, content) == list(Counter(pieces).items())


@pytest.mark.parametrize("name", PLAIN)
def test_the_handbook_is_cut_as_by_regex_in_every_language(name: str, handbook: dict[str, str]) -> None:
    for language, text in handbook.items():
        assert texts.known_alike(text)
        assert pieces_of(name, text) == expected(PATTERNS[name], text), language


@pytest.mark.parametrize("name", NAMES)
def test_the_python_documentation_is_cut_as_by_regex(name: str, python_docs: str) -> None:
    assert pieces_of(name, python_docs) == expected(PATTERNS[name], python_docs)


@pytest.mark.parametrize("name", PLAIN)
def test_every_code_point_is_cut_as_by_regex(name: str) -> None:
    """Next to letters of both cases, digits, punctuation, contractions, blanks, line ends, and itself."""
    for start in range(0, len(texts.ALL_CODE_POINTS), 1 << 16):
        block = [point for point in texts.ALL_CODE_POINTS[start : start + (1 << 16)] if texts.known_alike(point)]
        text = "".join(f"a{point}B {point}{point}1\n{point}'{point} !{point}\n\n  {point}" for point in block)
        assert pieces_of(name, text) == expected(PATTERNS[name], text), f"block at U+{ord(block[0]):04X}"


@pytest.mark.filterwarnings("default:known differently")
def test_code_points_known_differently_are_new_or_recategorised() -> None:
    """One of the two modules may know a newer version of Unicode than the other; in nothing else may they differ."""
    points = texts.known_differently()
    unassigned = frozenset[str]().union(*texts.members(r"\p{Cn}", "".join(points)))
    assert points - unassigned <= RECATEGORISED
    ranges: list[list[int]] = []
    for code in sorted(map(ord, points)):
        if ranges and ranges[-1][1] == code - 1:
            ranges[-1][1] = code
        else:
            ranges.append([code, code])
    listed = ", ".join(f"{first:04X}-{last:04X}" if first < last else f"{first:04X}" for first, last in ranges)
    warnings.warn(f"known differently to `regex` and pairwright: {len(points)} code points: {listed}", stacklevel=1)


@pytest.mark.parametrize(
    ("alias", "name"),
    [
        *[("gpt4", "cl100k"), ("llama3", "cl100k"), ("r50k", "gpt2"), ("p50k", "gpt2"), ("gpt4o", "o200k")],
        *[("llama4", "o200k"), ("qwen2", "qwen"), ("qwen3", "qwen")],
    ],
)
def test_an_alias_means_its_pattern(alias: str, name: str) -> None:
    text = "They'LL  pay 12345 €!\n\n  fooBar/\n e\u0301x"
    assert pieces_of(alias, text) == pieces_of(name, text)
    assert len({str(pieces_of(name, text)) for name in NAMES}) == len(NAMES)


def test_the_older_grammar_and_the_newer_one_differ_at_the_end_of_a_text() -> None:
    assert pieces_of("cl100k", "a \n  ") == [(b"a", 1), (b" \n", 1), (b"  ", 1)]
    newer = PATTERNS["cl100k"].replace(r"|\s*[\r\n]", r"|\s++$|\s*[\r\n]")
    assert pieces_of(newer, "a \n  ") == [(b"a", 1), (b" \n  ", 1)]


# Custom patterns

CUSTOM = [
    r"\d+",
    r"\w+",
    r"zzz",
    r"a*",
    r"(?=b)",
    r"(a)(b)?|(c)",
    r"[a-z]+(?=\d)|\s+(?!\S)",
    r"(?<=a)b|(?<!b)a",
    r"(.)\1",
    r"(?i)S|\p{Lu}\p{Ll}*",
    r"(?s).{3}",
    r"^.*",
    r"(?m)^.*$",
    r"[^\s]++|\s{1,2}?",
]


@pytest.mark.parametrize("pattern", CUSTOM)
@given(text=st.text("aabbcS sK1\n") | texts.text)
def test_any_text_is_cut_by_a_custom_pattern_and_gaps_are_pieces(pattern: str, text: str) -> None:
    assert pieces_of(pattern, text) == list(Counter(plain.pieces(pattern, text)).items())


@pytest.mark.parametrize(
    ("pattern", "text", "pieces"),
    [
        (r"\d+", "ab12cd", ["ab", "12", "cd"]),
        (r"x*", "abxx", ["ab", "xx"]),
        (r"zzz", "ab", ["ab"]),
        (r"", "ab", ["ab"]),
    ],
)
def test_gaps_are_pieces_and_empty_matches_are_none(pattern: str, text: str, pieces: list[str]) -> None:
    assert pieces_of(pattern, text) == [(piece.encode(), 1) for piece in pieces]


@pytest.mark.parametrize("pattern", ["(a", "[a", "[z-a]", "a**", "*", r"\p{Nonsense}", "(?<n", r"\8"])
def test_an_invalid_pattern_is_a_value_error_that_shows_it(pattern: str) -> None:
    with pytest.raises(ValueError, match="invalid split pattern") as caught:
        pairwright.count(["some text"], pattern=pattern)
    assert not isinstance(caught.value, pairwright.PairwrightError)
    with pytest.raises(ValueError, match="invalid split pattern"):
        pairwright.train(["some text"], pattern=pattern)


# A back-reference keeps the engine from rewriting these to something linear.
CATASTROPHIC = r"b|(a|a)*\1c"


def test_a_catastrophic_pattern_is_an_error_in_counting_and_training() -> None:
    text = "b" + "a" * 64
    for work in (pairwright.count, pairwright.train):
        with pytest.raises(pairwright.SplitError, match="byte 1"):
            within(20, lambda work=work: work([text], pattern=CATASTROPHIC))  # type: ignore[misc]


def test_a_catastrophic_pattern_is_an_error_in_encoding() -> None:
    trained = pairwright.train(["cdcd"], vocab_size=257, pattern=CATASTROPHIC)
    assert trained.decode_bytes(trained.encode("abba")) == b"abba"
    with pytest.raises(pairwright.SplitError, match="byte 2"):
        within(20, lambda: trained.encode("bb" + "a" * 64))
    with pytest.raises(pairwright.SplitError):
        within(20, lambda: trained.encode_batch(["fine", "b" + "a" * 64]))
