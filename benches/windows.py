"""How many random windows a second are read from a token folder.

    python benches/windows.py [--json FILE] [--folder FOLDER]

Writes shards of random ids into a temporary folder, 1 GB in all, and reads windows of 2,048 ids from random places,
some of them across shards:

- views, of which no id is looked at;
- views of which every id is added up;
- batches of 256 windows, copied into an array.

All of them in a loop of one Python thread; the same ids are once in one shard and once in 16. The files have just been
written, so that the system has them in memory.
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from report import machine, machine_line, message, versions, write_json
from rich.console import Console
from rich.table import Table

import pairwright
from pairwright.tokens.manifest import MODEL, FileFacts, Manifest, Shard, Split
from pairwright.tokens.writers import writer_for

LENGTH = 2048
BATCH = 256
DOCUMENT = 1000
VOCAB_SIZE = 50_000


@dataclass(frozen=True)
class Result:
    """What reading windows took."""

    title: str
    shards: int
    windows: int
    seconds: float

    @property
    def rate(self) -> float:
        """Windows a second."""
        return self.windows / self.seconds


def write_folder(folder: Path, shards: int, ids: int) -> None:
    """A token folder of random ids, so many in each shard."""
    dtype = np.dtype(np.uint16)
    draw = np.random.default_rng(0)
    written = []
    for number in range(shards):
        with writer_for("bin", folder, f"train-{number:05}", dtype) as writer:
            left = ids
            while left:
                part = draw.integers(0, VOCAB_SIZE, min(left, 1_000 * DOCUMENT), np.uint32)
                writer.write(part, np.arange(DOCUMENT, len(part) + 1, DOCUMENT))
                left -= len(part)
            written.append(Shard(ids // DOCUMENT, 0, ids, writer.commit()))
    pairwright.train(["to be or not to be"], 260).save(folder / MODEL)
    settings = {"format": "bin", "dtype": dtype.name, "append": None, "documents": {"unit": "line"}}
    model = FileFacts(MODEL, (folder / MODEL).stat().st_size, "0" * 64)
    Manifest(model, VOCAB_SIZE, settings, (), (), (Split("train", tuple(written)),)).save(folder)


def measured(tokens: pairwright.Tokens, shards: int, number: int) -> Iterator[Result]:
    """Every way to read windows, each so many times."""
    starts = np.random.default_rng(1).integers(0, tokens.total - LENGTH, number).tolist()

    def views() -> None:
        for start in starts:
            tokens.window(start, LENGTH)

    def sums() -> None:
        for start in starts:
            tokens.window(start, LENGTH).sum()

    def batches() -> None:
        for first in range(0, number, BATCH):
            tokens.windows(starts[first : first + BATCH], LENGTH)

    ways: dict[str, Callable[[], None]] = {
        "views": views,
        "views, added up": sums,
        f"batches of {BATCH}, copied": batches,
    }
    for title, way in ways.items():
        began = time.perf_counter()
        way()
        yield Result(title, shards, number, time.perf_counter() - began)


def table(results: list[Result]) -> Table:
    """All results."""
    drawn = Table(title=f"Random windows of {LENGTH:,} ids", title_justify="left")
    drawn.add_column("windows")
    for heading in ("shards", "seconds", "windows/s", "ids/s"):
        drawn.add_column(heading, justify="right")
    for result in results:
        drawn.add_row(
            result.title,
            f"{result.shards}",
            f"{result.seconds:.2f}",
            f"{result.rate:,.0f}",
            f"{result.rate * LENGTH:.2g}",
        )
    return drawn


def main() -> None:
    """Write the folder, read windows, print the table, write the file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, help="where the shards are written; some 1.1 GB must be free")
    parser.add_argument("--smoke", action="store_true", help="a thousandth of every size")
    parser.add_argument("--json", type=Path, help="write everything that was measured to this file")
    asked = parser.parse_args()
    unit = 1_000 if asked.smoke else 1_000_000
    results: list[Result] = []
    for shards in (1, 16):
        with tempfile.TemporaryDirectory(dir=asked.folder) as temporary:
            message(f"writing {shards} shards")
            write_folder(Path(temporary), shards, 512 * unit // shards)
            results += measured(pairwright.open_tokens(temporary), shards, unit)
    Console(width=100).print(table(results))
    here = machine()
    print(machine_line(here))
    if asked.json:
        summary: dict[str, Any] = {
            "date": datetime.now(UTC).date().isoformat(),
            "machine": here,
            "versions": versions(["pairwright", "numpy"]),
            "results": [asdict(result) for result in results],
        }
        write_json(summary, asked.json)


if __name__ == "__main__":
    main()
