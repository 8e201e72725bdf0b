"""Fuzzes the readers of manifests and of records of progress: any JSON is one that is written as it was, or an error.

The targets are in `manifest.py` and `progress.py`.
"""

import copy
import json
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pairwright as pw
from pairwright.tokens.differences import AnotherRunError
from pairwright.tokens.manifest import Manifest, checksum, parsed, rendered
from pairwright.tokens.record import Record

CORPUS = Path(__file__).parent / "corpus"

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


def manifest(content: bytes) -> None:
    """A target."""
    found = Manifest.from_json(parsed(content, "m"), "m")
    again = Manifest.from_json(parsed(rendered(found.to_json()), "m"), "m")
    # As text, since a number that is none equals nothing.
    assert rendered(again.to_json()) == rendered(found.to_json())


def progress(content: bytes) -> None:
    """A target."""
    record = Record.of(content, "m")
    assert Record.of(record.rendered(), "m").rendered() == record.rendered()
    # The order of places must be known.
    assert max(record.nexts) >= min(record.nexts)
    # What differs can be told.
    asked = {"tokenizer": "0" * 64, "settings": {"format": "bin", "documents": {"unit": "file"}}, "inputs": ["x"]}
    assert str(AnotherRunError.between(Path("out"), record.run, asked))


TARGETS: dict[str, Callable[[bytes], None]] = {"manifest": manifest, "progress": progress}


def read(target: str, content: bytes) -> None:
    """Have a target read something."""
    try:
        TARGETS[target](content)
    except pw.FormatError as error:
        shown = str(error)
        if not shown.startswith("m"):
            raise AssertionError(f"the error does not name the file: {shown}") from error


def fuzz(target: str, runs: int, seconds: float, seed: int) -> int:
    """Try all kept inputs and mutations of them: at most so many, and for so long. Gives how many it were."""
    folder = CORPUS / target
    seeds = [path.read_bytes() for path in sorted(folder.iterdir())]
    assert seeds
    for content in seeds:
        read(target, content)
    whole = [content for content in seeds if content.startswith(b"{")]
    rng, end, number = random.Random(seed), time.monotonic() + seconds, 0
    while number < runs and time.monotonic() < end:
        content = mutated(rng.choice(whole), rng)
        try:
            read(target, content)
        except Exception as error:
            error.add_note(f"the input, to be kept in {folder}: {content!r}")
            raise
        number += 1
    return number


def main(target: str) -> None:
    """Fuzz for as many seconds as the command line says."""
    seconds = float(sys.argv[1])
    number = fuzz(target, sys.maxsize, seconds, random.randrange(2**32))
    sys.stdout.write(f"{number:,} runs in {seconds:.0f} s: nothing found\n")
