"""Any split pattern cuts text as the `regex` module does: those of published models, and those that people write."""

import json
import os
import random
from itertools import product
from pathlib import Path

import pytest
import texts
import tiktoken
import tokenizers
from hypothesis import HealthCheck, given, settings
from splitting import as_pattern, check, expected, representatives, splitter, strings

import pairwright as pw

DIGITS = r"(?=(\d{3})+(?!\d))"
LETTERS = r"[^\r\n\p{L}\p{N}]?\p{L}+"

NEWER = (
    r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+"
    r"| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s"
)

FURTHER: dict[str, tuple[str, ...]] = {
    "lines": (r"[^\n]+|[\n]+",),
    "no white space": (r"\S+",),
    "words and others": (r"\w+|\W+",),
    "digits from the right": (DIGITS,),
    "digits from the right as a step": (r"\p{N}+", DIGITS),
    "minimind's ending": (LETTERS + r"| ?[^\s\p{L}\p{N}]+[\r\n]|\s[\r\n]+|\s+(?!\S)|\s+",),
    "cl100k in tiktoken 0.7": (NEWER,),
    "possessive": (r"a++b|[a-c]?+c|\w*+1|\s{1,2}+x|x",),
    "atomic": (r"(?>ab|a)c|(?>\s+)x|b|(?>a|ab)(?>c|d)?",),
    "look-behind": (r"(?<=[a-z])[A-Z]+|(?<![0-9])[0-9]|(?<=\s)!",),
    "look-behind as a step": (r"(?<=[a-z])(?=[A-Z])", r"\s+"),
    "negative look-behind": (r"(?<!\S)\w+(?!\w)|(?<!a)b",),
    "word boundaries": (r"\b\w+\b|\B!|\s\b",),
    "boundaries as a step": (r"\b", r"[0-9]"),
    "lazy": (r"a+?b|[a-z]{1,3}?1|[^\n]*?!|\n",),
    "lazy options": (r"a??b|(?:ab)*?c|\s{2,}?x",),
    "case ignored": (r"(?i:abc|[k-m]s)|[a-z]+(?i:x)|(?i)zz",),
    "nested repeats": (r"(?:a{1,2}b?){2,3}|(?:(?:x|yz)+1)+|\s",),
    "repeats of repeats": (r"(?:(?:ab?){2}){1,2}|(?:\d{2}){2,}",),
    "an empty alternative": (r"a|",),
    "an empty alternative as a step": (r"a|", r"b"),
    "empty first": (r"(?:|a)b|\s",),
    "a nullable loop": (r"(?:a?b?)*c|d",),
    "a loop of alternatives": (r"(?:ab|a|b)*c?",),
    "optional only": (r"a?b?", r"c*"),
    "anchors": (r"^a+|b+$|c",),
    "anchors in steps": (r"\s+", r"^a|b$"),
    "dots": (r".+|\n",),
    "any": (r"(?s:.)",),
    "look-ahead for a class": (r"a(?!b)|b(?=c)|[abc](?=\s|$)",),
    "look-ahead of some length": (r"\d{1,3}(?=(?:\d{3})*\b)|\d|\D+",),
    "look-ahead in a loop": (r"(?:(?!--).)+|--",),
    "both looks": (r"(?<=\d)(?=\D)|(?<=\D)(?=\d)", r"[a-z]"),
    "alternatives that share a beginning": (r"abc|ab|abcd|a|bcd",),
    "optional leading characters": (r"[ _]?[A-Z]?[a-z]+|[ ]?[A-Z]+(?![a-z])|[ ]?\d{1,2}|[^\S\n]+(?=\S)|.|\n",),
    "unions and intersections": (r"[\p{L}&&[^aeiou]]+|[aeiou\p{M}]+|[^\p{L}\p{M}]",),
    "scripts": (r"\p{Han}+|\p{Hiragana}+|[\p{Latin}\p{Greek}]+|\P{L}",),
    "nothing": (r"zzz",),
    "words of steps": (r"\s+|\S+", r"\p{L}+|\p{N}{1,3}", r"(?i:the)"),
}
"""What people write, by what it is about."""

LONG = 2_000
"""Characters of a long run. Where something needs time in proportion to the square, more is too much."""
PART = 4_000
"""Characters of each book."""

NAMED = {f"name {name}": known.steps for name, known in pw.list_patterns().items()}


def published() -> dict[str, tuple[str, ...]]:
    """The patterns of published models in the shared data, where it is."""
    path = Path(os.environ.get("PAIRWRIGHT_DATA", ""), "patterns.json")
    if not path.is_file():
        return {}
    return {f"published {name}": tuple(steps) for name, steps in json.loads(path.read_text(encoding="utf-8")).items()}


ALL = NAMED | published() | FURTHER
DISTINCT = {steps: name for name, steps in reversed(ALL.items())}
every_pattern = pytest.mark.parametrize("steps", [pytest.param(steps, id=name) for steps, name in DISTINCT.items()])


@every_pattern
def test_short_strings(steps: tuple[str, ...]) -> None:
    """All strings over the characters that a pattern tells apart; where that is too many, a sample."""
    assert check(steps, strings(representatives(steps), seed=0)) >= 5


@every_pattern
def test_the_empty_text(steps: tuple[str, ...]) -> None:
    assert check(steps, [""]) == 1


@every_pattern
def test_every_alignment_in_a_block(steps: tuple[str, ...]) -> None:
    """Scanners take 64 bytes at once."""
    characters, chance = representatives(steps), random.Random(1)
    body = "".join("".join(chance.choices(characters, k=3)) * chance.randint(1, 3) for _ in range(12))
    check(steps, ("x" * shift + body + filler for shift in range(65) for filler in ("", " y" * 40)))


@every_pattern
def test_runs(steps: tuple[str, ...]) -> None:
    """Of one character and of two in turn, longer than a block."""
    characters = representatives(steps)
    pairs = list(map("".join, product(characters, repeat=2)))
    units = [*characters, *random.Random(2).sample(pairs, k=min(30, len(pairs)))]
    check(steps, (before + unit * 70 + "x" for unit in units for before in ("", " ")))


@every_pattern
def test_long_runs(steps: tuple[str, ...]) -> None:
    split = splitter(steps)
    for unit in (" ", "1", "a", "^", "\n", "中", " \n", "\ta", "aB", "1a"):
        text = unit * (LONG // len(unit))
        assert split(text) == expected(steps, text), f"{unit!r} by {steps!r}"


@pytest.mark.parametrize("name", sorted(pw.list_patterns()))
def test_a_megabyte_of_anything_takes_linear_time(name: str) -> None:
    """What takes time in proportion to the square would take hours."""
    for unit in (" ", "1", "^", " \n", "\ta"):
        text = unit * (1_000_000 // len(unit))
        counts = pw.count(pw.texts([text]), pattern=name)
        assert sum(len(piece) * count for piece, count in counts.items()) == len(text)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(text=texts.text)
@every_pattern
def test_any_text(steps: tuple[str, ...], text: str) -> None:
    check(steps, [text])


@every_pattern
def test_the_handbook_in_every_language(steps: tuple[str, ...], handbook: dict[str, str]) -> None:
    for number, text in enumerate(handbook.values()):
        # Another part of each, so that all of it is seen by some pattern.
        start = 997 * number * len(steps[0]) % (len(text) - PART)
        check(steps, [text[start : start + PART]])


@every_pattern
def test_a_text_of_many_blocks(steps: tuple[str, ...], handbook: dict[str, str]) -> None:
    """Long texts are read in several places at once."""
    start = len(steps[0]) % 100
    check(steps, ["".join(text[start * 10 : start * 10 + 2_000] for text in handbook.values()) + " 12" * 5_000])


PUBLISHED = {steps: name for steps, name in DISTINCT.items() if name.startswith(("name ", "published "))}


@pytest.mark.parametrize("steps", [pytest.param(steps, id=name) for steps, name in PUBLISHED.items()])
def test_tokenizers_cuts_alike(steps: tuple[str, ...], handbook: dict[str, str]) -> None:
    splits = [tokenizers.pre_tokenizers.Split(tokenizers.Regex(step), "isolated") for step in steps]
    theirs = tokenizers.pre_tokenizers.Sequence(splits)
    split = splitter(steps)
    for text in handbook.values():
        part = text[:PART]
        if any(r"\w" in step.lower() for step in steps):
            # Joiners are in `\w` by the Unicode standard, but not in the library of tokenizers.
            part = part.translate({0x200C: None, 0x200D: None})
        assert split(part) == [piece for piece, _ in theirs.pre_tokenize_str(part)]


@pytest.mark.filterwarnings("ignore::pairwright.PatternWarning")
@pytest.mark.parametrize(
    "pattern", [pytest.param(steps[0], id=name) for steps, name in PUBLISHED.items() if len(steps) == 1]
)
def test_tiktoken_gives_the_same_ids(pattern: str, handbook: dict[str, str]) -> None:
    corpus = pw.texts([text[:40_000] for text in handbook.values()])
    tokenizer = pw.train(corpus, vocab_size=2_000, pattern=as_pattern((pattern,)))
    theirs = tiktoken.Encoding("theirs", pat_str=pattern, mergeable_ranks=dict(tokenizer.vocab), special_tokens={})
    for text in handbook.values():
        part = text[:PART]
        ids = theirs.encode_ordinary(part)
        # It drops text that is in no match.
        if theirs.decode(ids) == part:
            assert tokenizer.encode(part) == ids
