"""pairwright beside gigabpe, rustbpe, bpeasy and tokenizers: training, from files to a vocabulary.

    PAIRWRIGHT_DATA=FOLDER python benches/training.py [--json FILE] [--chart FILE]

Every run has a process of its own, and the contenders take turns, so that a machine that changes its speed changes it
for all. The table gives medians of the runs, and how many times as long as pairwright each took. Time runs from before
the corpus is opened until the vocabulary is a Python object; the start of the interpreter and the imports have a column
of their own. Memory is the most that the process had. What was trained is checked before any time is printed:

- pairwright equals rustbpe token for token under the same split pattern;
- bpeasy and tokenizers have rules of their own for ties: nearly all of their tokens must be pairwright's, too;
- so must those of gigabpe, which splits with GPT-2's pattern line by line, as pairwright learns them from lines;
- every run of a contender gives the same tokens, and the vocabulary has the size that was asked for.
"""

import argparse
import importlib.util
import statistics
import tempfile
import time
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import corpora
import trainers
from corpora import Corpus, MissingError
from report import machine, machine_line, message, versions, write_json
from rich.console import Console
from rich.table import Table
from trainers import Request, Run

from pairwright._core import PATTERNS

PEERS = ["gigabpe", "rustbpe", "bpeasy", "tokenizers"]
OURS = ["pairwright", "pairwright-one-thread", "pairwright-gpt2", "pairwright-count"]
CONTENDERS = OURS + PEERS

# With different rules for ties, trainers that do the same thing agree on more than this share of merges;
# on the five jobs they agreed on 99.7 % or more.
SHARED = 0.97


@dataclass(frozen=True)
class Job:
    """A vocabulary to train."""

    corpus: str
    title: str
    vocab_size: int
    pattern: str


JOBS = [
    Job("english", "English prose", 32_768, "cl100k"),
    Job("code", "Python's standard library", 32_768, "cl100k"),
    Job("handbook", "A handbook in 26 languages", 65_536, "o200k"),
    Job("tinyshakespeare", "TinyShakespeare", 1_024, "cl100k"),
    Job("tinyshakespeare", "TinyShakespeare", 16_384, "cl100k"),
]
SMOKE = Job("smoke", "Python's documentation", 512, "cl100k")


@dataclass
class Result:
    """What a contender did in all runs of a job."""

    contender: str
    pattern: str
    check: str
    """What its tokens were compared with, and how that went."""
    runs: list[Run] = field(default_factory=list)

    def median(self, name: str) -> float | None:
        """The median of one of the figures of `Run`, None where the system did not tell it."""
        figures = [getattr(run, name) for run in self.runs]
        return None if None in figures else statistics.median(figures)

    @property
    def seconds(self) -> float:
        """The median time."""
        return statistics.median(run.seconds for run in self.runs)


class Bench:
    """One job: runs the contenders in turn, and checks what they give."""

    def __init__(self, job: Job, corpus: Corpus, folder: Path) -> None:
        self.job = job
        self.corpus = corpus
        self.folder = folder
        self.tokens: dict[str, list[bytes]] = {}

    def run(self, contenders: list[str], runs: int) -> list[Result]:
        """All runs of all contenders. Ends the program if what was trained is not what it should be."""
        results = [Result(name, split_pattern(name, self.job), "") for name in contenders]
        for turn in range(1, runs + 1):
            for result in results:
                message(f"{self.job.title} → {self.job.vocab_size:,}, run {turn} of {runs}: {result.contender}")
                result.runs.append(self._train(result.contender))
            if turn == 1:
                if any(result.pattern == "gpt2" for result in results):
                    self._train("pairwright-lines")
                for result in results:
                    result.check = self.check(result.contender)
        return results

    def _train(self, trainer: str) -> Run:
        tokens = self.folder / "tokens.json"
        request = Request(
            trainer=trainer,
            paths=[str(path) for path in self.corpus.paths],
            vocab_size=self.job.vocab_size,
            pattern=self.job.pattern,
            regex=PATTERNS[self.job.pattern],
            tokens=str(tokens),
            spawned=time.monotonic(),
        )
        run, learned = trainers.run(request)
        if self.tokens.setdefault(trainer, learned) != learned:
            raise SystemExit(f"error: {trainer} does not give the same tokens in every run")
        return run

    def check(self, contender: str) -> str:
        """What there is to say of what a contender learned."""
        own = self.tokens[contender]
        if contender == "pairwright-count":
            return f"{len(own):,} distinct pieces"
        if len(own) != self.job.vocab_size:
            raise SystemExit(f"error: {contender} gives {len(own)} tokens, not {self.job.vocab_size}")
        if contender == "pairwright":
            return "= rustbpe" if "rustbpe" in self.tokens else "not compared: needs rustbpe"
        if contender in ("rustbpe", "pairwright-one-thread"):
            if own != self.tokens["pairwright"]:
                raise SystemExit(f"error: {contender} and pairwright do not give the same tokens")
            return "= pairwright"
        expected = "pairwright-lines" if split_pattern(contender, self.job) == "gpt2" else "pairwright"
        shared, number = self._shared(contender, expected)
        if shared < SHARED * number:
            raise SystemExit(f"error: only {shared} of {number} merges of {contender} are those of {expected}")
        return f"{shared:,} of {number:,} merges"

    def _shared(self, contender: str, expected: str) -> tuple[int, int]:
        """How many merges both know, and of how many: as many as the one that has fewer learned."""
        # Some have all 256 bytes in the vocabulary, others only those that occur; the rest of it are merges.
        own, other = ([token for token in self.tokens[name] if len(token) > 1] for name in (contender, expected))
        number = min(len(own), len(other))
        return len(set(own[:number]) & set(other[:number])), number


def split_pattern(contender: str, job: Job) -> str:
    """The split pattern that a contender uses for a job."""
    return "gpt2" if contender in ("gigabpe", "pairwright-gpt2") else job.pattern


def table(job: Job, corpus: Corpus, results: list[Result]) -> Table:
    """The table of a job."""
    drawn = Table(title=f"{job.title}, {corpus.bytes / 1e6:.1f} MB → {job.vocab_size:,}", title_justify="left")
    for heading in ("contender", "pattern"):
        drawn.add_column(heading)
    for heading in ("seconds", "from–to", "ratio", "MB/s", "peak MB (start)", "start s"):
        drawn.add_column(heading, justify="right")
    drawn.add_column("checked")
    ours = next(result.seconds for result in results if result.contender == "pairwright")
    for result in results:
        times = [run.seconds for run in result.runs]
        peak, before, start = (result.median(name) for name in ("peak_bytes", "start_bytes", "start_seconds"))
        drawn.add_row(
            result.contender,
            result.pattern,
            f"{result.seconds:.3f}",
            f"{min(times):.3f}–{max(times):.3f}",
            f"{result.seconds / ours:.2f}",
            f"{corpus.bytes / 1e6 / result.seconds:.0f}",
            "–" if peak is None or before is None else f"{peak / 1e6:.0f} ({before / 1e6:.0f})",
            "–" if start is None else f"{start:.2f}",
            result.check,
        )
    return drawn


def record(job: Job, corpus: Corpus, results: list[Result]) -> dict[str, Any]:
    """A job for the JSON file. Nothing in it names a folder."""
    ours = next(result.seconds for result in results if result.contender == "pairwright")
    return {
        **asdict(job),
        "files": len(corpus.paths),
        "bytes": corpus.bytes,
        "sha256": corpus.sha256,
        "results": [
            {**asdict(result), "median_seconds": result.seconds, "ratio": result.seconds / ours} for result in results
        ],
    }


def arguments() -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--job", action="append", choices=sorted({job.corpus for job in JOBS}), help="only this corpus; may be repeated"
    )
    parser.add_argument("--contenders", nargs="+", choices=CONTENDERS, default=CONTENDERS, help="beside pairwright")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--smoke", action="store_true", help="one run on a small corpus that needs no data")
    parser.add_argument("--json", type=Path, help="write everything that was measured to this file")
    parser.add_argument("--chart", type=Path, help="draw the ratios; .svg or .png")
    asked = parser.parse_args()
    if asked.runs < 1:
        parser.error("--runs must be at least 1")
    if asked.smoke and asked.job:
        parser.error("--smoke has a job of its own; leave out --job")
    needed = [name for name in PEERS if name in asked.contenders] + (["matplotlib"] if asked.chart else [])
    if absent := [name for name in needed if importlib.util.find_spec(name) is None]:
        parser.error(f"{', '.join(absent)} not installed: pip install -r requirements/bench.txt")
    return asked


def main() -> None:
    """Run what was asked for, print the table, write the files."""
    asked = arguments()
    jobs = [SMOKE] if asked.smoke else [job for job in JOBS if not asked.job or job.corpus in asked.job]
    runs = 1 if asked.smoke else asked.runs
    contenders = [name for name in CONTENDERS if name == "pairwright" or name in asked.contenders]
    tables: list[Table] = []
    recorded: list[dict[str, Any]] = []
    left_out: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        loaded: dict[str, Corpus] = {}
        for job in jobs:
            try:
                corpus = loaded[job.corpus] = loaded.get(job.corpus) or corpora.load(job.corpus, folder)
            except MissingError as error:
                left_out[job.corpus] = str(error)
                continue
            results = Bench(job, corpus, folder).run(contenders, runs)
            tables.append(table(job, corpus, results))
            recorded.append(record(job, corpus, results))
    summary = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": machine(),
        "versions": versions([name for name in ["pairwright", *PEERS] if name in contenders]),
        "runs": runs,
        "jobs": recorded,
        "left_out": left_out,
    }
    report(tables, summary)
    if not recorded:
        raise SystemExit("error: no job was run")
    write(summary, asked.json, asked.chart)


def report(tables: list[Table], summary: dict[str, Any]) -> None:
    """Print what was measured, on what, and what was not."""
    console = Console(width=130)
    for each in tables:
        console.print(each)
    named = ", ".join(f"{name} {number}" for name, number in summary["versions"].items())
    console.print(f"Medians of {summary['runs']}, interleaved; times as long as pairwright. {named}.")
    console.print(machine_line(summary["machine"]))
    for name, reason in summary["left_out"].items():
        console.print(f"Left out: {name}: {reason}.")


def write(summary: dict[str, Any], results: Path | None, chart: Path | None) -> None:
    """Write the files that were asked for."""
    if results:
        write_json(summary, results)
    if chart:
        from chart import draw

        chart.parent.mkdir(parents=True, exist_ok=True)
        draw(summary, chart)


if __name__ == "__main__":
    main()
