"""Splitting by any pattern with the `regex` module: the judge of everything that splits, whatever it is made of.

Its rules are those of `src/split`: a pattern is searched for from left to right; what lies between two matches is a
piece; a match of nothing is no piece, and the next search starts one character further. In a split of several steps
matches of nothing divide. Each step sees one piece of the step before and nothing around it.
"""

import json
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from itertools import pairwise, product

import regex

import pairwright as pw

Steps = Sequence[str]

MOST, SAMPLE = 20_000, 2_000
"""How many strings of one length are all looked at, and how many of those of which there are more."""

TOKEN = regex.compile(
    r"""
      \\[pP]\{\^?\w+\} | \\[pP]\w | \\x\{[0-9a-fA-F]+\} | \\u[0-9a-fA-F]{4} | \\.
    | \[\^?\]?(?:\\[pP]\{\w+\}|\\.|\[[^\]]*\]|[^\]\\])*\]
    | \(\?(?:[imsx-]*:|<?[=!]|>|[imsx-]+\))
    | .
    """,
    regex.VERBOSE | regex.DOTALL,
)
"""What a regex is made of: escapes, classes, beginnings of groups, and single characters."""


def as_python(pattern: str) -> str:
    """A pattern of Rust's dialect in that of the `regex` module."""
    # `$` is the very end of the text here, and in Python also the place before a last line end.
    tokens = [{"$": r"\Z", r"\z": r"\Z"}.get(token, token) for token in TOKEN.findall(pattern)]
    # Intersections of classes need the newer version of its syntax.
    return ("(?V1)" if "&&" in pattern else "(?V0)") + "".join(tokens)


SECONDS = 5
"""What the `regex` module may take for a match, which can be exponential. Beyond that it raises `TimeoutError`."""


@cache
def compiled(pattern: str) -> regex.Pattern[str]:
    """A pattern for the `regex` module."""
    return regex.compile(as_python(pattern))


def matches(pattern: str, text: str) -> Iterator[tuple[int, int]]:
    """The places of all matches. One of nothing is left out if another match ends where it is."""
    search, start, last = compiled(pattern).search, 0, -1
    while start <= len(text) and (found := search(text, start, timeout=SECONDS)):
        start, end = found.span()
        is_empty = start == end
        if not is_empty or end != last:
            yield start, end
            last = end
        start = end + is_empty


def pieces(pattern: str, text: str) -> list[str]:
    """The pieces of a text by one regex."""
    found, done = [], 0
    for start, end in matches(pattern, text):
        if start < end:
            found += [text[done:start], text[start:end]]
            done = end
    return [piece for piece in [*found, text[done:]] if piece]


def segments(pattern: str, text: str) -> list[str]:
    """The pieces of a text by one step: matches of nothing divide, too."""
    edges = [0, *(edge for match in matches(pattern, text) for edge in match), len(text)]
    return [text[start:end] for start, end in pairwise(edges) if start < end]


def expected(steps: Steps, text: str) -> list[str]:
    """The pieces of a text."""
    if len(steps) == 1:
        return pieces(steps[0], text)
    found = [text] if text else []
    for step in steps:
        found = [inner for piece in found for inner in segments(step, piece)]
    return found


def as_pattern(steps: Steps) -> str:
    """What pairwright calls the pattern of such steps."""
    if len(steps) == 1:
        # A regex that looks like a name would be taken for one.
        return steps[0] if regex.search(r"[^\w .-]", steps[0]) else f"(?:{steps[0]})"
    return json.dumps([{"split": step} for step in steps], ensure_ascii=False, separators=(",", ":"))


def splitter(steps: Steps) -> Callable[[str], list[str]]:
    """What pairwright makes of such steps. Raises `ValueError`."""
    return pw.Tokenizer.from_ranks(BYTES, pattern=as_pattern(steps)).split


BYTES = {bytes([byte]): byte for byte in range(256)}


def check(steps: Steps, some_texts: Iterable[str]) -> int:
    """Assert that texts are cut as by `regex`. Gives their number."""
    split, number = splitter(steps), 0
    for text in some_texts:
        number += 1
        judged, found = expected(steps, text), split(text)
        assert found == judged, f"{steps!r} cuts {text!r} into {found}, not {judged}"
    return number


# Characters that a pattern tells apart: old ones, which all versions of Unicode know alike

POOL = frozenset(
    {
        *"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0189_ \t\n\v\f\r\x00\x1c\x85\xa0",
        *"'!\"#$%&()*+,-./:;<=>?@[\\]^`{|}~§€¡«’…",
        *"éÉßſ\u212aǅʰªª中一龥あア한กЖω٣½Ⅷ۱、。۔،ー〇\u0301\u093e\u20dd\u200b\u200d\u2028\u3000\ufffd😀",
        *("\ue000", "\U0010ffff"),
    }
)


@cache
def representatives(steps: tuple[str, ...], pool: str = "".join(sorted(POOL))) -> tuple[str, ...]:
    """One character of a pool for each set of characters that no part of a pattern tells apart."""
    atoms: set[str] = set()
    for step in steps:
        for token in TOKEN.findall(step):
            if token.startswith(("[", "\\")) and token not in (r"\b", r"\B", r"\A", r"\z", r"\Z", r"\G"):
                atoms.add(token if not regex.fullmatch(r"\\\d", token) else "")
            elif len(token) == 1 and token not in "()|?*+{}^$":
                atoms.add(regex.escape(token) if token != "." else ".")
    # Word boundaries tell words apart; case does where it is ignored.
    if any(r"\b" in step or r"\B" in step for step in steps):
        atoms.add(r"\w")
    flags = ["", "(?i)"] if any("(?i" in step for step in steps) else [""]
    tests = [compiled(flag + as_python(atom)[5:]) for atom in sorted(atoms - {""}) for flag in flags]
    by_signature: dict[tuple[bool, ...], str] = {}
    # Plain characters stand for others rather than odd ones.
    for character in sorted(pool, key=lambda each: (not each.isascii(), not each.isprintable(), each)):
        by_signature.setdefault(tuple(test.fullmatch(character) is not None for test in tests), character)
    return tuple(by_signature.values())


def strings(characters: Sequence[str], seed: int, longest: int = 5) -> Iterator[str]:
    """All strings of some characters up to a length; of those lengths of which there are too many, a sample."""
    chance = random.Random(seed)
    for length in range(1, longest + 1):
        if len(characters) ** length <= MOST:
            yield from map("".join, product(characters, repeat=length))
        else:
            yield from ("".join(chance.choices(characters, k=length)) for _ in range(SAMPLE))
