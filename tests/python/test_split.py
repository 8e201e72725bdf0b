"""Text is cut into the pieces that the `regex` module finds with the same split pattern.

Counts show the pieces: every distinct one with its number, in the order of first occurrence.
"""

import warnings
from collections import Counter
from functools import partial
from pathlib import Path

import plain
import pytest
import regex
import texts
from hypothesis import given, settings, strategies as st
from limits import within
from peers import write_ranks

import pairwright
from pairwright._core import PATTERNS, WHOLE
from pairwright.download import MANIFEST

NAMES = ["gpt2", "cl100k", "o200k", "qwen", "qwen3.5", "tekken"]
"""Those with a scanner."""
PLAIN = NAMES[:3]
"""Those of which the others are variants. The core's tests ask all of them all there is."""

# The general category of this code point, a letter in any case, is another one in newer versions of Unicode.
RECATEGORISED = frozenset("\u0295")


def pieces_of(pattern: str, *documents: str | bytes) -> list[tuple[bytes, int]]:
    with warnings.catch_warnings():
        # A random text may be several words that a pattern leaves whole.
        warnings.simplefilter("ignore", pairwright.PatternWarning)
        return pairwright.count(pairwright.texts(documents), pattern=pattern).items()


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


WHOLESOME = "(?:zz)+"
"""What is in no text."""

# Names in other spellings, and what is nearly a name

SPELLINGS = {
    "gpt2": ["GPT2", "gpt-2", "r50k_base", "p50k_base", "P50K-edit", "text-davinci-003", "gpt2-xl"],
    "cl100k": ["cl100k_base", "CL100K", "cl-100k", "gpt-4", "gpt-4-0613", "gpt-3.5-turbo", "Llama-3", "llama 3.1 8B"],
    "o200k": ["o200k_base", "O200K_BASE", "o200k-harmony", "gpt-4o", "GPT4o", "gpt-4o-2024-05-13", "gpt-oss-20b"],
    "qwen": ["Qwen", "qwen2.5", "Qwen-2.5", "qwen25", "Qwen/Qwen2.5-7B-Instruct", "Qwen3-0.6B"],
    "qwen3.5": ["qwen-3.5", "QWEN3_5", "Qwen/Qwen3.5-35B-A3B"],
    "tekken": ["Tekken", "Mistral-Nemo-Instruct-2407"],
    "kimi": ["Kimi-K2", "moonshotai/Kimi-K2-Instruct"],
}
PAIRS = [(spelling, name) for name, spellings in SPELLINGS.items() for spelling in spellings]
RANKS = {bytes([byte]): byte for byte in range(256)}


@pytest.mark.parametrize(("spelling", "name"), PAIRS)
def test_a_name_in_another_spelling_means_its_pattern(spelling: str, name: str, tmp_path: Path) -> None:
    text = ["They'LL  pay 12345 €!\n\n  fooBar/\n e\u0301x 中文"]
    counts = pairwright.count(text, pattern=spelling)
    assert counts == pairwright.count(text, pattern=name)
    write_ranks(tmp_path / "ranks.tiktoken", RANKS)
    trained = pairwright.train(text, 256, spelling)
    made: list[pairwright.Tokenizer | pairwright.Counts] = [
        counts,
        trained,
        pairwright.Counts.from_items([], spelling),
        pairwright.train(counts, 256, spelling),
        pairwright.train(text, 256, spelling, base=pairwright.Tokenizer.from_ranks(RANKS, pattern=name)),
        pairwright.Tokenizer.from_ranks(RANKS, pattern=spelling),
        pairwright.Tokenizer.from_merges([(b"a", b"b")], pattern=spelling),
        pairwright.Tokenizer.from_tiktoken(tmp_path / "ranks.tiktoken", pattern=spelling),
    ]
    assert {each.pattern for each in made} == {name}
    trained.save(tmp_path / "model.json")
    assert pairwright.Tokenizer.load(tmp_path / "model.json").pattern == name


def test_every_published_name_means_its_pattern() -> None:
    for name, entry in MANIFEST["encodings"].items():
        assert pairwright.Counts.from_items([], name).pattern == entry["pattern"]
    for encoding, known in MANIFEST["models"].items():
        for name in [*known["names"], *(f"{prefix}x" for prefix in known["prefixes"])]:
            pattern = MANIFEST["encodings"][encoding]["pattern"]
            assert pairwright.Counts.from_items([], name.upper()).pattern == pattern, name


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        *[
            ("cl100", "cl100k"),
            ("o200k_bas", "o200k_base"),
            ("gpt-4p", "gpt-4"),
            ("qwen3.6", "qwen3.5"),
            ("tekkn", "tekken"),
        ],
        *[(word, None) for word in ("foo", "a", "0.0", "a b", "'s", "foo:bar", "中文")],
    ],
)
def test_a_word_that_is_no_name_is_refused(word: str, meant: str | None) -> None:
    for work in (
        partial(pairwright.count, ["some text"], pattern=word),
        partial(pairwright.train, ["some text"], pattern=word),
        partial(pairwright.train, pairwright.count(["some text"]), pattern=word),
        partial(pairwright.Counts.from_items, [], word),
        partial(pairwright.Tokenizer.from_ranks, RANKS, pattern=word),
        partial(pairwright.Tokenizer.from_merges, [], pattern=word),
    ):
        with pytest.raises(ValueError, match=f'unknown split pattern "{regex.escape(word)}"') as caught:
            work()
        said = str(caught.value)
        assert "bailing, bloom, cl100k, deepseek-coder, deepseek-v3, glm4, gpt2, kimi, minicpm5, nanochat" in said
        assert said.endswith(f"did you mean '{meant}'?") if meant else "did you mean" not in said
        assert caught.value.__notes__ == [f"hint: write (?:{word}) for a regex that matches nothing but this text"]
    forced = pairwright.count(pairwright.texts([f"-{word}-"]), pattern=f"(?:{word})")
    assert forced.pattern == f"(?:{word})"
    assert forced[word] == 1


def test_an_empty_pattern_is_refused() -> None:
    with pytest.raises(ValueError, match="it is empty; there are bailing, bloom, cl100k"):
        pairwright.count(["some text"], pattern="")


# What is known of patterns

PUBLISHED = {"glm4", "nanochat", "bailing", "seed", "bloom", "smollm", "deepseek-v3", "deepseek-coder", "minicpm5"}


def test_named_patterns_are_listed_with_their_sources() -> None:
    listed = pairwright.list_patterns()
    assert list(listed) == list(PATTERNS)
    assert set(listed) > {*NAMES, *PUBLISHED}
    for name, known in listed.items():
        assert known.name == name
        assert known.source
        assert known.steps
        assert known.regex == (known.steps[0] if len(known.steps) == 1 else None)
        assert pairwright.count(["text"], pattern=name).pattern == name
        for alias in known.aliases:
            assert pairwright.count(["text"], pattern=alias).pattern == name
    assert listed["smollm"].steps == (r"\p{N}", PATTERNS["gpt2"])


@pytest.mark.parametrize("name", sorted(PUBLISHED))
def test_a_model_keeps_the_name_of_its_pattern(name: str, tmp_path: Path) -> None:
    text = ["They'LL  pay 12345 €!\n\n  fooBar/\n e\u0301x 中文ひらがな"] * 3
    trained = pairwright.train(text, 270, name)
    trained.save(tmp_path / "model.json")
    loaded = pairwright.Tokenizer.load(tmp_path / "model.json")
    assert loaded == trained
    assert loaded.pattern == name
    # In the format of another library there is no name.
    trained.to_huggingface(tmp_path / "tokenizer.json")
    again = pairwright.Tokenizer.from_huggingface(tmp_path / "tokenizer.json")
    assert again.split(text[0]) == trained.split(text[0])
    assert again.pattern == (name if name != "glm4" else PATTERNS["glm4"])


def test_distilled_and_other_models_do_not_have_the_pattern_of_their_family() -> None:
    for model in ("deepseek-r1-distill-qwen-7b", "deepseek-coder-v2-lite-base", "smollm3", "minicpm-2b"):
        with pytest.raises(ValueError, match="unknown split pattern"):
            pairwright.count(["text"], pattern=model)


def test_what_a_pattern_becomes_is_explained() -> None:
    explained = pairwright.explain_pattern("gpt-4o")
    assert (explained.pattern, explained.engine, explained.linear, explained.parallel) == (
        "o200k",
        "family",
        True,
        True,
    )
    assert "numbers: up to 3 in a row" in str(explained)
    stepped = pairwright.explain_pattern("deepseek-v3")
    assert [step.pattern for step in stepped.steps] == list(pairwright.list_patterns()["deepseek-v3"].steps)
    assert pairwright.explain_pattern(r"(a)\1").engine == "backtracking"
    with pytest.raises(ValueError, match="unknown split pattern"):
        pairwright.explain_pattern("foo")


# Regexes that leave texts whole


@pytest.mark.parametrize(
    ("documents", "number"),
    [
        (["a b c " * 1000], "1 piece"),
        (["a b c " * 200] * 5, "5 pieces"),
        (["some words in a line, of which there are few"] * 300, "300"),
    ],
)
def test_a_regex_that_leaves_texts_whole_is_warned_of(documents: list[str], number: str) -> None:
    size = f"{sum(map(len, documents)):,} bytes"
    whole = f"{regex.escape(repr(WHOLESOME))} cuts {size} of text into no more than {number}.*bloom, cl100k, "
    with pytest.warns(pairwright.PatternWarning, match=whole) as caught:
        counts = pairwright.count(pairwright.texts(documents), pattern=WHOLESOME)
    assert caught[0].filename == __file__
    with pytest.warns(pairwright.PatternWarning, match=whole) as caught:
        base = pairwright.train(iter(documents), 256, WHOLESOME)
    assert caught[0].filename == __file__
    # A base has its pattern, which is not to be changed.
    pairwright.train(iter(documents), 258, base=base)
    if len(documents) < 100:
        with pytest.warns(pairwright.PatternWarning, match=whole):
            pairwright.train(counts, 256)


def test_files_that_a_regex_leaves_whole_are_warned_of(tmp_path: Path) -> None:
    for number in range(100):
        (tmp_path / f"{number}.txt").write_text("a file of a few words, and not of very many ones\n")
    with pytest.warns(pairwright.PatternWarning, match="4,900 bytes of text into no more than 100 pieces"):
        pairwright.count(tmp_path, pattern=WHOLESOME)


@pytest.mark.parametrize(
    ("documents", "pattern"),
    [
        (["a b c " * 1000], WHOLE),
        (["a" * 6000], "gpt2"),
        (["a" * 4000], WHOLESOME),
        (["a b c " * 1000], r"\w+|\W+"),
        (["https://example.org/a/long/path/of-many-parts?and=more\n" * 100], r"\S+|\s+"),
        (["1,234.5 kg of apples, 12 m of rope\n" * 100], r"\d[\d,.]* ?\w*|[^\d\s]+|\s+"),
        (["short"], ".+"),
        (["emma", "olivia", "ava"] * 1000, WHOLESOME),
        (["中文" * 50 + "。" for _ in range(30)], r"\w+|\W+"),
    ],
)
def test_what_is_cut_or_meant_to_be_whole_is_not_warned_of(documents: list[str], pattern: str) -> None:
    pairwright.train(pairwright.count(pairwright.texts(documents), pattern=pattern), 256)


@pytest.mark.parametrize("pattern", [r".+", r"[^\n]+", r".+\n", r".+\n?", r"(?m)^.*$", WHOLESOME])
@pytest.mark.parametrize(
    "line",
    [
        "How are these words cut? That is the question.\n",
        "To be, or not to be.\n",
        "今天天气很好，我们去公园，大家都高兴。\n",
    ],
)
@pytest.mark.parametrize("number", [13, 1000])
def test_lines_that_are_pieces_are_warned_of(pattern: str, line: str, number: int) -> None:
    with pytest.warns(pairwright.PatternWarning, match="tokens may cross words and lines"):
        pairwright.count(pairwright.texts([line * number]), pattern=pattern)
    with pytest.warns(pairwright.PatternWarning):
        pairwright.train(pairwright.texts([line * number]), 258, pattern)


# Custom patterns

CUSTOM = [
    r"\d+",
    r"\w+",
    r"zz+",
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
        (r"zz+", "ab", ["ab"]),
        (r"(?:zzz)", "zzzab", ["zzz", "ab"]),
        (r"(?:)", "ab", ["ab"]),
        (r" ", "a b", ["a", " ", "b"]),
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
