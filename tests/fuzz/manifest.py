"""Fuzzes the reader of manifests: any JSON is a manifest that is written as it was, or a `FormatError`.

`python3 dev.py fuzz manifest` runs it; a short run is among the tests.
"""

import copy
import json
import random
import sys
import time
from pathlib import Path
from typing import Any

import pairwright as pw
from pairwright.tokens.manifest import Manifest, checksum, parsed, rendered

CORPUS = Path(__file__).parent / "corpus" / "manifest"

VALUES: list[Any] = [
    *(None, True, False, 0, -1, 1, 2**31, 2**64, 10**30, 1.5, 1e308, float("nan")),
    *("", "x", "..", "a/b", "a\0b", "\ud800", "0123456789abcdef" * 4, "bin", "parquet", "uint32"),
    *([], {}, [[]], [{}], {"": None}),
]


def mutated(content: bytes, rng: random.Random) -> bytes:
    """Altered in a few places: as bytes, or as JSON with a checksum that fits."""
    if rng.random() < 0.3:
        data = bytearray(content)
        for _ in range(rng.randint(1, 4)):
            at = rng.randrange(len(data) + 1)
            data[at : at + rng.randrange(4)] = rng.randbytes(rng.randrange(4))
        return bytes(data)
    value = json.loads(content)
    for _ in range(rng.randint(1, 3)):
        alter(value, rng)
    if isinstance(value, dict) and rng.random() < 0.95:
        value["checksum"] = checksum(value)
    return json.dumps(value).encode()


def alter(value: Any, rng: random.Random) -> None:
    """Change something in a parsed value."""
    inner = [each for each in (value.values() if isinstance(value, dict) else value) if isinstance(each, (dict, list))]
    if inner and rng.random() < 0.7:
        return alter(rng.choice(inner), rng)
    if isinstance(value, dict):
        key = rng.choice([*value, "more"])
        if rng.random() < 0.2:
            value.pop(key, None)
        else:
            value[key] = copy.deepcopy(rng.choice(VALUES))
    elif value and rng.random() < 0.5:
        del value[rng.randrange(len(value))]
    else:
        value.append(copy.deepcopy(rng.choice([*VALUES, *value])))
    return None


def read(content: bytes) -> None:
    """The target."""
    try:
        manifest = Manifest.from_json(parsed(content, "m"), "m")
    except pw.FormatError as error:
        shown = str(error)
        if not shown.startswith("m"):
            raise AssertionError(f"the error does not name the file: {shown}") from error
        return
    again = Manifest.from_json(parsed(rendered(manifest.to_json()), "m"), "m")
    # As text, since a number that is none equals nothing.
    assert rendered(again.to_json()) == rendered(manifest.to_json())


def fuzz(runs: int, seconds: float, seed: int) -> int:
    """Try all kept inputs and mutations of them: at most so many, and for so long. Gives how many it were."""
    seeds = [path.read_bytes() for path in sorted(CORPUS.iterdir())]
    assert seeds
    for content in seeds:
        read(content)
    whole = [content for content in seeds if content.startswith(b"{")]
    rng, end, number = random.Random(seed), time.monotonic() + seconds, 0
    while number < runs and time.monotonic() < end:
        content = mutated(rng.choice(whole), rng)
        try:
            read(content)
        except Exception as error:
            error.add_note(f"the input, to be kept in {CORPUS}: {content!r}")
            raise
        number += 1
    return number


if __name__ == "__main__":
    seconds = float(sys.argv[1])
    number = fuzz(sys.maxsize, seconds, random.randrange(2**32))
    sys.stdout.write(f"{number:,} runs in {seconds:.0f} s: nothing found\n")
