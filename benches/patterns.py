"""How fast text is cut by split patterns: those of published models and close variants, and others that people write.

    PAIRWRIGHT_DATA=FOLDER python benches/patterns.py [--smoke] [--pattern NAME …] [--text NAME …] [--repeats N]
                                                      [--limit SECONDS] [--json FILE] [--work count|train|encode]

`pw.count` is measured on one thread. `--work train` measures learning 8,000 ids from a file instead, `--work encode` a
second pass of that vocabulary over documents of 4 KB. Each cell, a pattern and a text, has a process of
its own, which works in turn by the pattern and by the named one that is nearest to it, so that both see the same
machine; the medians are compared. A cell that is not done within the limit is killed. On prose, code and text that is
not ASCII the table gives MB/s and the ratio to the named pattern; on long runs of one character, or of two in turn,
milliseconds per MB, for 1 MB and 10 MB.

The patterns are those of `patterns.json` in the data folder, if it is there, and those below.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import corpora
from report import machine, machine_line, message, versions, write_json

import pairwright as pw

MB = 1_000_000
PROSE = 8 * MB
"""The most of each corpus."""
CORPORA = {"English": "english-start", "code": "code-start", "non-ASCII": "nonascii"}
RUNS = {
    "space": " ",
    "1": "1",
    "a": "a",
    "^": "^",
    "newline": "\n",
    "中": "中",
    "1a": "1a",
    "space newline": " \n",
    "tab a": "\ta",
}
SIZES = (1, 10)
"""Of runs, in MB."""

VOCAB_SIZE = 8_000
"""Of vocabularies that are trained."""

NAMED = ("gpt2", "cl100k", "o200k", "qwen", "qwen3.5", "tekken")
DEEPSEEK = (
    r"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+"
    r"| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
FURTHER: dict[str, tuple[str, ...]] = {
    "qwen without contractions": (
        r"[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
    ),
    "DeepSeek V3, last step": (DEEPSEEK,),
    "lines": (r"[^\n]+|[\n]+",),
    "no white space": (r"\S+",),
    "words": (r"\w+|\W+",),
    "digits from the right": (r"(?=(\d{3})+(?!\d))",),
    "ending of minimind": (r"\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]|\s[\r\n]+|\s+(?!\S)|\s+",),
}


@dataclass(frozen=True)
class Cell:
    """What was measured of a pattern on a text."""

    pattern: str
    nearest: str
    """The named pattern that it is compared with."""
    text: str
    size: int
    """In bytes."""
    seconds: float | None
    """The median. `None` if there is none."""
    nearest_seconds: float | None
    outcome: str
    """`done`; `time limit`; or what it failed with."""

    def shown(self) -> str:
        """For the table."""
        if self.seconds is None:
            return {"time limit": "> limit"}.get(self.outcome, self.outcome.partition(":")[0])
        if self.text not in CORPORA and self.text != "smoke":
            return f"{self.seconds * 1e3 * MB / self.size:.1f}"
        ratio = f" ({self.nearest_seconds / self.seconds:.2f})" if self.nearest_seconds else ""
        return f"{self.size / MB / self.seconds:.0f}{ratio}"


def patterns() -> dict[str, tuple[str, ...]]:
    """All patterns, by name: of each its steps."""
    named: dict[str, tuple[str, ...]] = {name: (name,) for name in NAMED}
    folder = os.environ.get("PAIRWRIGHT_DATA")
    path = Path(folder or "", "patterns.json")
    published = json.loads(path.read_text(encoding="utf-8")) if folder and path.is_file() else {}
    return named | {f"published {name}": tuple(steps) for name, steps in published.items()} | FURTHER


def as_pattern(steps: Sequence[str]) -> str:
    """What pairwright calls it."""
    return steps[0] if len(steps) == 1 else json.dumps([{"split": step} for step in steps], separators=(",", ":"))


def nearest(name: str, steps: Sequence[str]) -> str:
    """The named pattern that a pattern is most like, by its words and digits."""
    if name in NAMED:
        return name
    last = steps[-1]
    if r"\p{Lu}" in last:
        return "o200k" if "(?i:" in last else "tekken"
    if "?[\\p{L}\\p{M}]+" in last:
        return "qwen3.5"
    if r"[^\r\n\p{L}\p{N}]?" in last:
        return "qwen" if r"\p{N}|" in last or r"\p{N}{1}|" in last else "cl100k"
    return "gpt2"


def texts(folder: Path, *, is_smoke: bool) -> dict[str, Path]:
    """All texts, by name, each in a file."""
    found = {}
    for name, corpus in ({"smoke": "smoke"} if is_smoke else CORPORA).items():
        try:
            (path,) = corpora.load(corpus, folder).paths
        except corpora.MissingError as error:
            message(f"left out: {name}: {error}")
            continue
        found[name] = corpora.start(path, PROSE, folder)
    for name, unit in RUNS.items():
        for size in SIZES:
            length = (1_000 if is_smoke else MB) * size
            path = folder / f"run-{len(found)}.txt"
            path.write_bytes(unit.encode() * (length // len(unit.encode())))
            found[f"{name}, {size} MB"] = path
    return found


def measure(work: str, pattern: str, other: str, path: Path, repeats: int) -> Iterator[tuple[float, float]]:
    """Seconds by one pattern and by another, in turn. Runs in a process of its own."""
    text = path.read_bytes()
    documents = [text[at : at + 4096] for at in range(0, len(text), 4096)]
    vocabularies: dict[str, pw.Tokenizer] = {}

    def seconds(by: str) -> float:
        began = time.perf_counter()
        match work:
            case "train":
                pw.train(path, VOCAB_SIZE, pattern=by, threads=1)
            case "encode":
                vocabularies[by].encode_batch(documents, threads=1)
            case _:
                pw.count(pw.texts([text]), pattern=by, threads=1)
        return time.perf_counter() - began

    warnings.simplefilter("ignore", pw.PatternWarning)
    warnings.simplefilter("ignore", pw.FewerMergesWarning)
    for by in (pattern, other):
        # What is done once in a process is done before.
        pw.count(pw.texts(["a b"]), pattern=by, threads=1)
        if work == "encode":
            vocabularies[by] = pw.train(path, VOCAB_SIZE, pattern=by)
            seconds(by)
    for _ in range(repeats):
        yield seconds(pattern), seconds(other)


def child(job: str) -> None:
    """Measure one cell, print what comes of it: a line for each turn."""
    asked = json.loads(job)
    try:
        for pair in measure(asked["work"], asked["pattern"], asked["nearest"], Path(asked["path"]), asked["repeats"]):
            print(json.dumps(pair), flush=True)
    except (pw.PairwrightError, ValueError) as error:
        print(json.dumps(f"{type(error).__name__}: {error}"[:300]), flush=True)


def run(work: str, name: str, steps: Sequence[str], text: str, path: Path, repeats: int, limit: float) -> Cell:
    """One cell."""
    other, size = nearest(name, steps), path.stat().st_size
    job = {"work": work, "pattern": as_pattern(steps), "nearest": other, "path": str(path), "repeats": repeats}
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "PYTHONIOENCODING": "utf-8"}
    command = [sys.executable, __file__, "--child", json.dumps(job)]
    try:
        ended = subprocess.run(
            command, env=environment, stdout=subprocess.PIPE, timeout=limit, check=True, encoding="utf-8"
        )
        printed, outcome = ended.stdout, "done"
    except subprocess.TimeoutExpired as expired:
        # What was measured before still counts.
        printed, outcome = (expired.stdout or b"").decode(), "time limit"
    lines = [json.loads(line) for line in printed.splitlines() if line.endswith(("]", '"'))]
    failed = [line for line in lines if isinstance(line, str)]
    times = [line for line in lines if not isinstance(line, str)]
    if failed or not times:
        return Cell(name, other, text, size, None, None, failed[0] if failed else outcome)
    own, theirs = (statistics.median(column) for column in zip(*times, strict=True))
    return Cell(name, other, text, size, own, theirs, "done")


def table(cells: Sequence[Cell]) -> str:
    """A row for each pattern, a column for each text."""
    columns = list(dict.fromkeys(cell.text for cell in cells))
    rows: dict[str, dict[str, Cell]] = {}
    for cell in cells:
        rows.setdefault(cell.pattern, {})[cell.text] = cell
    lines = ["| pattern | nearest | " + " | ".join(columns) + " |", "|---" * (len(columns) + 2) + "|"]
    for name, row in rows.items():
        shown = (row[column].shown() if column in row else "" for column in columns)
        lines.append(f"| {name} | {next(iter(row.values())).nearest} | " + " | ".join(shown) + " |")
    return "\n".join(lines)


def main() -> None:
    """Measure all cells, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--smoke", action="store_true", help="only see that it runs, with a few patterns and small texts"
    )
    parser.add_argument("--pattern", action="append", default=[], help="only patterns with this in their name")
    parser.add_argument("--text", action="append", default=[], help="only texts with this in their name")
    parser.add_argument("--repeats", type=int, default=5, help="turns of each cell")
    parser.add_argument("--limit", type=float, default=20, help="seconds for each cell")
    parser.add_argument("--work", choices=("count", "train", "encode"), default="count", help="what is measured")
    parser.add_argument("--json", type=Path, help="write what was measured to a file")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(options.child)
        return
    chosen = {
        name: steps
        for name, steps in patterns().items()
        if not options.pattern or any(word in name for word in options.pattern)
    }
    if options.smoke:
        chosen = {name: chosen[name] for name in ("cl100k", "lines") if name in chosen}
    cells = []
    with TemporaryDirectory() as folder:
        found = texts(Path(folder), is_smoke=options.smoke)
        if options.smoke:
            found = dict(list(found.items())[:3])
        for name, steps in chosen.items():
            for text, path in found.items():
                if options.text and not any(word in text for word in options.text):
                    continue
                repeats = 1 if options.smoke else options.repeats
                cell = run(options.work, name, steps, text, path, repeats, options.limit)
                cells.append(cell)
                message(f"{name}: {text}: {cell.shown()}")
    here = machine()
    print(table(cells))
    print(f"\nProse and code: MB/s (ratio to the nearest named pattern). Runs: ms/MB.\n{machine_line(here)}")
    if options.json:
        write_json(
            {"machine": here, "versions": versions(["pairwright"]), "cells": [asdict(cell) for cell in cells]},
            options.json,
        )
    if options.smoke and not all(cell.outcome == "done" for cell in cells):
        sys.exit("error: some cells were not measured")


if __name__ == "__main__":
    main()
