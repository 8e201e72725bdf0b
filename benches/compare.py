"""pairwright beside rustbpe and tiktoken: the table of the README.

    PAIRWRIGHT_DATA=FOLDER python benches/compare.py [--runs 5] [--smoke]

Every job runs in turn with each library, so that a machine that changes its speed changes it for all; the table gives
medians of the runs and the ratio of medians. Results are compared before any time is printed. `--smoke` runs each job
once on a small corpus that needs no data, to show that the comparison works.
"""

import argparse
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import corpora
import rustbpe
import tiktoken
from rich.console import Console
from rich.table import Table

import pairwright as pw
from pairwright._core import PATTERNS


@dataclass(frozen=True)
class Job:
    """A job that several libraries do: each contender returns what it made, which must be equal."""

    name: str
    contenders: dict[str, Callable[[], Any]]


def training(path: Path, vocab_size: int) -> Job:
    """From a file to a vocabulary."""

    def ours() -> list[bytes]:
        return list(pw.train(path, vocab_size).vocab)

    def peer() -> list[bytes]:
        trainer = rustbpe.Tokenizer()
        trainer.train_from_iterator(iter([path.read_text(encoding="utf-8")]), vocab_size, pattern=PATTERNS["cl100k"])
        return [bytes(token) for token, _ in trainer.get_mergeable_ranks()]

    return Job(f"train {path.name} → {vocab_size:,}", {"pairwright": ours, "rustbpe": peer})


def encoding(name: str, tok: pw.Tokenizer, text: str) -> list[Job]:
    """One call over a text, and many documents of 4 KB; then back."""
    peer = tiktoken.Encoding(name, pat_str=PATTERNS["cl100k"], mergeable_ranks=tok.vocab, special_tokens={})
    documents = [text[start : start + 4096] for start in range(0, len(text), 4096)]
    cores = os.cpu_count() or 1
    ids = tok.encode_ordinary(text)
    return [
        Job(
            f"encode, one call, list ({name})",
            {"pairwright": lambda: tok.encode_ordinary(text), "tiktoken": lambda: peer.encode_ordinary(text)},
        ),
        Job(
            f"encode, 4 KB documents, all cores ({name})",
            {
                "pairwright": lambda: tok.encode_batch(documents).to_lists(),
                "tiktoken": lambda: peer.encode_ordinary_batch(documents, num_threads=cores),
            },
        ),
        Job(f"decode ({name})", {"pairwright": lambda: tok.decode(ids), "tiktoken": lambda: peer.decode(ids)}),
    ]


def runs_of_one_character(name: str, tok: pw.Tokenizer) -> list[Job]:
    """A megabyte that no pattern cuts. tiktoken's regex engine gives up on some of these."""

    def job(what: str, character: str) -> Job:
        text = character * 2**20
        return Job(f"encode, 1 MB of {what} ({name})", {"pairwright": lambda: tok.encode_to_numpy(text).tolist()})

    return [job("one letter", "a"), job("spaces", " "), job("newlines", "\n")]


def run(job: Job, runs: int) -> dict[str, float]:
    """The median time of each contender in seconds, after one run that is checked and not counted."""
    results = {name: work() for name, work in job.contenders.items()}
    first = results["pairwright"]
    for name, result in results.items():
        if result != first:
            raise SystemExit(f"error: {job.name}: {name} gives another result than pairwright")
    times: dict[str, list[float]] = {name: [] for name in job.contenders}
    for _ in range(runs):
        for name, work in job.contenders.items():
            began = time.perf_counter()
            work()
            times[name].append(time.perf_counter() - began)
    return {name: statistics.median(taken) for name, taken in times.items()}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--smoke", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if arguments.smoke:
            runs = 1
            (path,) = corpora.smoke(Path(folder))
            jobs = [
                training(path, 1024),
                *encoding("trained here", pw.train(path, 1024), path.read_text(encoding="utf-8")),
            ]
        else:
            runs = arguments.runs
            path = pw.datasets.load("tinyshakespeare").paths[0]
            text = path.read_text(encoding="utf-8")
            cl100k = pw.get_encoding("cl100k_base")
            jobs = [training(path, 1024), training(path, 16384), *encoding("cl100k_base", cl100k, text)]
            jobs += runs_of_one_character("cl100k_base", cl100k)
        table = Table("job", "pairwright ms", "peer", "peer ms", "times faster")
        for job in jobs:
            medians = run(job, runs)
            ours = medians.pop("pairwright")
            if not medians:
                table.add_row(job.name, f"{ours * 1e3:.1f}", "–", "–", "–")
            for peer, taken in medians.items():
                table.add_row(job.name, f"{ours * 1e3:.1f}", peer, f"{taken * 1e3:.1f}", f"{taken / ours:.1f}")
    console = Console(width=120)
    console.print(table)
    system = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    console.print(f"medians of {runs}, interleaved; {system}; pairwright {pw.__version__}")


if __name__ == "__main__":
    try:
        main()
    except pw.PairwrightError as error:
        sys.exit(f"error: {error}\nhint: {error.hint}")
