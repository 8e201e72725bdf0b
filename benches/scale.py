"""How training grows: with the bytes, with the distinct pretokens, with the vocabulary, within a memory limit.

    PAIRWRIGHT_DATA=FOLDER python benches/scale.py [--json FILE] [--folder FOLDER]

Writes corpora of up to 8 GB into a temporary folder, one after the other, so that some 9 GB must be free there, and
trains on each in a process of its own:

- English prose, repeated to 2 GB and 8 GB. In each repetition a part of the letters is exchanged for others, so that
  new words keep coming; the memory limit is the same for both.
- The first of these also without a limit: the vocabulary must be the same.
- One line of 50 MB and one of 100 MB in which the split pattern finds no place to cut.
- 10 and 20 million distinct pretokens.
- English prose, 50 MB, to 32,768, 131,072 and 262,144 tokens.

Memory is the most that the process had; memory-mapped files count. Each corpus is read once before the clock starts.
"""

import argparse
import itertools
import random
import string
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import corpora
import trainers
from report import machine, machine_line, message, write_json
from rich.console import Console
from rich.table import Table

import pairwright
from pairwright._core import PATTERNS

LETTERS = string.ascii_lowercase.encode()


@dataclass(frozen=True)
class Job:
    """A vocabulary to train."""

    title: str
    corpus: Callable[[Path], None]
    """Writes it."""
    vocab_size: int
    memory_limit: int | None = None
    same_as: str | None = None
    """The title of an earlier job on the same corpus, which must give the same tokens."""


@dataclass(frozen=True)
class Result:
    """What a job took. Sizes are in bytes."""

    title: str
    bytes: int
    pretokens: int
    vocab_size: int
    memory_limit: int | None
    seconds: float
    peak_bytes: int | None


def varied(source: bytes, size: int) -> Callable[[Path], None]:
    """The source again and again up to a size, with a twentieth of each repetition in other letters."""

    def write(path: Path) -> None:
        draw = random.Random(0)  # noqa: S311  nothing secret about it
        left = size
        with path.open("wb") as file:
            while left > 0:
                start = draw.randrange(len(source))
                end = start + len(source) // 20
                others = bytes.maketrans(LETTERS, bytes(draw.sample(list(LETTERS), len(LETTERS))))
                text = source[:start] + source[start:end].translate(others) + source[end:]
                left -= file.write(text[:left])

    return write


def one_line(size: int) -> Callable[[Path], None]:
    """Letters and nothing else."""

    def write(path: Path) -> None:
        draw = random.Random(0)  # noqa: S311
        words = ["".join(draw.choices(string.ascii_lowercase, k=draw.randint(1, 12))) for _ in range(20_000)]
        with path.open("w", encoding="ascii") as file:
            left = size
            while left > 0:
                left -= file.write("".join(draw.choices(words, k=10_000))[:left])

    return write


def distinct(number: int) -> Callable[[Path], None]:
    """So many different words, a space before each: all the numbers, written with letters, in no order."""

    def write(path: Path) -> None:
        # Seven letters of sixteen hold 28 bits; an odd factor shuffles the numbers below a power of two.
        three = ["".join(letters) for letters in itertools.product("bcdfgklmnprstvwz", repeat=3)]
        with path.open("w", encoding="ascii") as file:
            for start in range(0, number, 100_000):
                codes = (each * 209_905_573 % (1 << 28) for each in range(start, min(number, start + 100_000)))
                file.write(
                    "".join(f" {three[code & 4095]}{three[code >> 12 & 4095]}{three[code >> 24]}" for code in codes)
                )

    return write


def jobs(source: bytes, *, smoke: bool) -> Iterator[Job]:
    """All jobs, those on the same corpus one after the other."""
    unit = 1_000 if smoke else 1_000_000
    limit = 600 * unit
    vocab_size = 300 if smoke else 32_768
    large, larger = varied(source, 2_000 * unit), varied(source, 8_000 * unit)
    yield Job("varied English, 2 GB, limit 600 MB", large, vocab_size, limit)
    yield Job("varied English, 2 GB", large, vocab_size, same_as="varied English, 2 GB, limit 600 MB")
    yield Job("varied English, 8 GB, limit 600 MB", larger, vocab_size, limit)
    for size in (50, 100):
        yield Job(f"one line, {size} MB", one_line(size * unit), vocab_size)
    for number in (10, 20):
        yield Job(f"{number} million distinct pretokens", distinct(number * unit), vocab_size)
    for size in (300, 400, 500) if smoke else (32_768, 131_072, 262_144):
        yield Job(f"English to {size:,}", lambda path: _written(path, source[: 50 * unit]), size)


def _written(path: Path, content: bytes) -> None:
    path.write_bytes(content)


class Bench:
    """Runs jobs in a folder."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "corpus.txt"
        self.tokens_path = folder / "tokens.json"
        self.written: Callable[[Path], None] | None = None
        self.tokens: dict[str, list[bytes]] = {}

    def run(self, job: Job) -> Result:
        """Run a job. Ends the program if what was trained is not what it should be."""
        if self.written is not job.corpus:
            message(f"writing {job.title}")
            job.corpus(self.path)
            self.written = job.corpus
        message(f"counting {job.title}")
        # Also brings the file into the system's cache as far as there is room.
        pretokens = len(pairwright.count(self.path))
        message(f"training {job.title}")
        request = trainers.Request(
            trainer="pairwright",
            paths=[str(self.path)],
            vocab_size=job.vocab_size,
            pattern="cl100k",
            regex=PATTERNS["cl100k"],
            tokens=str(self.tokens_path),
            spawned=time.monotonic(),
            memory_limit=job.memory_limit,
        )
        run, tokens = trainers.run(request)
        if len(tokens) != job.vocab_size:
            raise SystemExit(f"error: {job.title} gives {len(tokens)} tokens, not {job.vocab_size}")
        if job.same_as and tokens != self.tokens[job.same_as]:
            raise SystemExit(f"error: {job.title} does not give the tokens of {job.same_as}")
        self.tokens[job.title] = tokens
        size = self.path.stat().st_size
        return Result(job.title, size, pretokens, job.vocab_size, job.memory_limit, run.seconds, run.peak_bytes)


def table(results: list[Result]) -> Table:
    """All results."""
    drawn = Table(title="Training", title_justify="left")
    drawn.add_column("corpus")
    for heading in ("MB", "distinct pretokens", "tokens", "seconds", "MB/s", "peak MB"):
        drawn.add_column(heading, justify="right")
    for result in results:
        drawn.add_row(
            result.title,
            f"{result.bytes / 1e6:,.0f}",
            f"{result.pretokens:,}",
            f"{result.vocab_size:,}",
            f"{result.seconds:.2f}",
            f"{result.bytes / 1e6 / result.seconds:.0f}",
            "–" if result.peak_bytes is None else f"{result.peak_bytes / 1e6:.0f}",
        )
    return drawn


def main() -> None:
    """Run what was asked for, print the table, write the file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", help="only the jobs with this in their title")
    parser.add_argument("--folder", type=Path, help="where corpora are written; some 9 GB must be free")
    parser.add_argument(
        "--smoke", action="store_true", help="a thousandth of every size, on a corpus that needs no data"
    )
    parser.add_argument("--json", type=Path, help="write everything that was measured to this file")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=asked.folder) as temporary:
        folder = Path(temporary)
        try:
            source = corpora.load("smoke" if asked.smoke else "english", folder).paths[0].read_bytes()
        except corpora.MissingError as error:
            raise SystemExit(f"error: {error}") from error
        bench = Bench(folder)
        chosen = [job for job in jobs(source, smoke=asked.smoke) if not asked.only or asked.only in job.title]
        results = [bench.run(job) for job in chosen]
    Console(width=130).print(table(results))
    here = machine()
    print(machine_line(here))
    if asked.json:
        summary: dict[str, Any] = {
            "date": datetime.now(UTC).date().isoformat(),
            "machine": here,
            "version": pairwright.__version__,
            "results": [asdict(result) for result in results],
        }
        write_json(summary, asked.json)


if __name__ == "__main__":
    main()
