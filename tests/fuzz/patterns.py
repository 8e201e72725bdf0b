"""Fuzzes split patterns: random ones of the kinds that people write cut random text into the pieces of `regex`.

`python3 dev.py fuzz patterns` runs it; a short run is among the tests. `python tests/fuzz/patterns.py SECONDS [SEED]`
goes through the same patterns and texts again. What fails is made as short as it goes and kept as JSON in
tests/fuzz/corpus/patterns, which every run begins with.
"""

from __future__ import annotations

import contextlib
import json
import random
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[1] / "python"))

import regex
import splitting

import pairwright as pw

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CORPUS = Path(__file__).parent / "corpus" / "patterns"

TEXTS = 12
"""Texts for each pattern."""
LONG = 10_000
"""Characters of a text that is read in several places at once."""

# Letters without `i` and `I`, which have a case of their own in the `regex` module for the sake of Turkish.
CHARACTERS = "abcxyzABCXYZstlSTLé中1290٣½ \t\n\r\u3000'!?-_/.,\u0301ſ😀"


def pattern(chance: random.Random) -> str:
    """A regex."""
    made = "|".join(alternative(chance) for _ in range(chance.randint(1, 5)))
    endings = ["", "", r"|\s+(?!\S)|\s+", r"|\s*[\r\n]+|\s+(?!\S)|\s+", r"|\s+", "|.", r"|\s++$|\s"]
    return made + chance.choice(endings)


def alternative(chance: random.Random) -> str:
    """What stands between two bars."""
    kind = chance.random()
    if kind < 0.2:
        return chance.choice(["'(?i:[sdmt]|ll|ve|re)", "(?i:'s|'t|'re)", "'s|'t", "'(?:[sdmt]|ll)"])
    if kind < 0.5:
        # The likes of `[^\r\n\p{L}\p{N}]?\p{L}+`.
        lead = chance.choice(["", " ?", r"\s?", "[^\\r\\n\\p{L}\\p{N}]?", "[^\\r\\n\\p{L}\\p{N}]?+", one(chance) + "?"])
        return lead + repeated(chance, one(chance)) + chance.choice(["", "", r"[\r\n]*", r"[\r\n/]*", r"[\r\n]"])
    return before(chance) + "".join(part(chance, 2) for _ in range(chance.randint(1, 3))) + behind(chance)


def part(chance: random.Random, depth: int) -> str:
    """Something that is repeated, or not."""
    kind = chance.random()
    if depth == 0 or kind < 0.6:
        return repeated(chance, one(chance))
    inner = "|".join(
        "".join(part(chance, depth - 1) for _ in range(chance.randint(1, 2))) for _ in range(chance.randint(1, 3))
    )
    opening = chance.choice(["(?:", "(?:", "(?:", "(", "(?>", "(?i:"])
    return repeated(chance, f"{opening}{inner})", nested=True)


def repeated(chance: random.Random, what: str, *, nested: bool = False) -> str:
    """With a quantifier, perhaps."""
    few = ["", "", "", "?", "{1,2}", "{2}"]
    quantifier = chance.choice(few if nested else [*few, "+", "+", "+", "*", "{1,3}", "{2,}", "{1}"])
    return what + quantifier + (chance.choice(["", "", "", "", "+", "?"]) if quantifier else "")


def one(chance: random.Random) -> str:
    """What matches one character."""
    kind = chance.random()
    if kind < 0.35:
        return chance.choice(
            [r"\p{L}", r"\p{N}", r"\s", r"\S", r"\d", r"\w", r"\W", r"\p{Lu}", r"\p{Ll}", r"\p{P}", r"\p{M}"]
        )
    if kind < 0.5:
        return regex.escape(chance.choice("abcxst1 '!-/\n中"), literal_spaces=True)
    if kind < 0.55:
        return "."
    members = chance.sample(CLASSES, chance.randint(1, 4))
    return f"[{chance.choice(['', '', '^'])}{''.join(members)}]"


CLASSES = [
    "a-z",
    "A-Z",
    "0-9",
    "abc",
    r"\s",
    r"\p{L}",
    r"\p{N}",
    r"\p{M}",
    r"\p{P}",
    r"\r\n",
    "/",
    "'",
    "_",
    " ",
    "一-龥",
    r"\p{Lu}",
    r"\p{Ll}",
]


def before(chance: random.Random) -> str:
    """A look behind at one character, seldom."""
    return (
        f"(?<{chance.choice('=!')}{one(chance)})" if chance.random() < 0.1 else chance.choice(["", "", "", "", r"\b"])
    )


def behind(chance: random.Random) -> str:
    """A look ahead, sometimes."""
    if chance.random() < 0.7:
        return ""
    inner = "".join(repeated(chance, one(chance)) for _ in range(chance.randint(1, 2)))
    return chance.choice([f"(?={inner})", f"(?!{inner})", r"(?!\S)", r"\b", f"(?={inner}|$)"])


def text(chance: random.Random, characters: str) -> str:
    """Runs of few characters."""
    few = chance.choices(characters, k=chance.randint(1, 5))
    runs = (chance.choice(few) * chance.choice([1, 1, 1, 2, 3, 7]) for _ in range(chance.randint(0, 24)))
    # Sometimes across the end of a block of 64.
    return "x " * chance.choice([0, 0, 0, 30]) + "".join(runs)


def steps(chance: random.Random) -> tuple[str, ...]:
    """One regex, or several of which each cuts the pieces of the one before."""
    return tuple(pattern(chance) for _ in range(chance.choice([1, 1, 1, 1, 2, 3])))


def long_text(chance: random.Random, characters: str) -> str:
    """Many texts one after the other."""
    few = [text(chance, characters) for _ in range(10)]
    return ("".join(chance.choices(few, k=60)) * LONG)[:LONG]


def differs(split: tuple[str, ...], given: str) -> bool:
    """Whether a text is cut otherwise than by `regex`."""
    try:
        return splitting.splitter(split)(given) != splitting.expected(split, given)
    except (pw.SplitError, TimeoutError):
        return False


def read(split: tuple[str, ...], given: list[str]) -> None:
    """The target. Raises `AssertionError`."""
    with contextlib.suppress(pw.SplitError, TimeoutError):
        splitting.check(split, given)


def shortened(
    split: tuple[str, ...], given: str, fails: Callable[[tuple[str, ...], str], bool]
) -> tuple[tuple[str, ...], str]:
    """What fails, with fewer alternatives and steps, on the shortest text that is found by leaving parts out."""
    while smaller := next((each for each in smaller_than(split, given) if fails(*each)), None):
        split, given = smaller
    return split, given


def smaller_than(split: tuple[str, ...], given: str) -> Iterator[tuple[tuple[str, ...], str]]:
    """A little less."""
    for length in (len(given) // 2, 8, 4, 2, 1):
        for at in range(len(given) - length + 1 if length else 0):
            yield split, given[:at] + given[at + length :]
    for number, step in enumerate(split):
        if len(split) > 1:
            yield split[:number] + split[number + 1 :], given
        alternatives = step.split("|")
        for at in range(len(alternatives) if len(alternatives) > 1 else 0):
            fewer = "|".join(alternatives[:at] + alternatives[at + 1 :])
            if is_valid(fewer):
                yield (*split[:number], fewer, *split[number + 1 :]), given


def is_valid(step: str) -> bool:
    """Whether both libraries take a regex and mean the same."""
    if "(?i" in step and regex.search(r"\\p\{L[lu]\}|a-z|A-Z|\[\^[^]]*[a-z]", step):
        # For the `regex` module, `(?i:x)` anywhere makes every `\p{Ll}`, `\p{Lu}` and `[^A-Z_]` ignore case.
        return False
    try:
        splitting.compiled(step)
        splitting.splitter((step,))
    except (regex.error, ValueError):
        return False
    return True


def keep(split: tuple[str, ...], given: str) -> Path:
    """Write what fails where every run begins."""
    content = json.dumps({"steps": split, "text": given}, ensure_ascii=False, indent=1) + "\n"
    name = f"{random.Random(content).getrandbits(40):010x}.json"
    (CORPUS / name).write_text(content, encoding="utf-8")
    return CORPUS / name


def fuzz(runs: int, seconds: float, seed: int) -> int:
    """Try what is kept and random patterns: at most so many, and for so long. Gives how many patterns it were."""
    for path in sorted(CORPUS.glob("*.json")):
        kept = json.loads(path.read_text(encoding="utf-8"))
        read(tuple(kept["steps"]), [kept["text"]])
    chance, end, number = random.Random(seed), time.monotonic() + seconds, 0
    while number < runs and time.monotonic() < end:
        split = steps(chance)
        characters = "".join(splitting.representatives(split, CHARACTERS)) if chance.random() < 0.5 else CHARACTERS
        given = [text(chance, characters) for _ in range(TEXTS)]
        if chance.random() < 0.3:
            given.append(long_text(chance, characters))
        number += 1
        # What one of the two does not take is nobody's pattern.
        if not all(map(is_valid, split)):
            continue
        try:
            read(split, given)
        except AssertionError as error:
            failing = next(text for text in given if differs(split, text))
            path = keep(*shortened(split, failing, differs))
            error.add_note(f"seed {seed}, pattern {number}; shortened and kept in {path}")
            raise
    return number


if __name__ == "__main__":
    seconds = float(sys.argv[1])
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else random.randrange(2**32)
    number = fuzz(sys.maxsize, seconds, seed)
    sys.stdout.write(f"{number:,} patterns in {seconds:.0f} s from seed {seed}: nothing found\n")
