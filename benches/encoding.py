"""pairwright beside tiktoken, tokenizers, gigatoken, fastokens, snaptokens, toktok, quicktok and splintr: encoding.

    PAIRWRIGHT_DATA=FOLDER python benches/encoding.py [--only batch …] [--json FILE] [--chart FOLDER]

Everyone loads the same vocabulary and is used in the best way its API offers. Every run has a process of its own, and
the contenders take turns, so that a machine that changes its speed changes it for all. One thread means one core, too.
The tables give medians of the processes, MB/s of UTF-8, and the ratio to the best peer, above 1 where pairwright is
better. Ids are compared with tiktoken's in every process, before a figure is written; a peer whose ids differ is shown,
and is never the best. Jobs:

- batch: a corpus in documents of 4 KB: the first pass of a fresh process, after imports, loading and one trivial batch;
  passes over what has been seen before; one call; texts of 100 bytes; counting; decoding; memory;
- threads: the first and later passes over documents of 4 KB on two threads;
- file: a first pass over a whole file as one text, on one and on two threads;
- latency: loading, the first call, short texts;
- long: 100 KB and 10 MB that no split pattern cuts;
- memory: 1 GB in which ever new words come, with the first vocabulary only.

tiktoken and tokenizers, which are slower by far, encode the start of a corpus and have one turn. So have peers that are
1.5 times slower than the best one in all that their process measures.
"""

import argparse
import importlib.util
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import corpora
import passes
import vocabularies
from cells import problems, tables
from corpora import Corpus, MissingError
from encoders import BEYOND, DISTRIBUTIONS, ENCODERS, Vocabulary
from report import machine, machine_line, message, versions, write_json
from rich.console import Console
from turns import Bench, Group

CORPORA = {
    "english": "english-start",
    "code": "code-start",
    "multi": "multi",
    "non-ASCII": "nonascii",
}
FILES = {"english": "english-whole", "code": "sources"}
THREADED = ["english", "non-ASCII"]
SMOKE = "smoke"
JOBS = ["batch", "threads", "file", "latency", "long", "memory"]

SENTENCE = "The quick brown fox jumps over the lazy dog, and 7 wizards box six jugs of liquid rhyme."
PART = 1_000_000
"""What those that are beyond comparison encode of a corpus."""


def arguments() -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=JOBS, default=JOBS, metavar="JOB", help=", ".join(JOBS))
    parser.add_argument("--vocab", nargs="+", choices=vocabularies.NAMES, default=vocabularies.NAMES)
    parser.add_argument("--corpus", nargs="+", choices=list(CORPORA), default=list(CORPORA))
    parser.add_argument("--contenders", nargs="+", choices=list(ENCODERS), help="beside pairwright and tiktoken")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--smoke", action="store_true", help="one run of everything, small, that needs no data")
    parser.add_argument("--json", type=Path, help="write everything that was measured to this file")
    parser.add_argument("--chart", type=Path, metavar="FOLDER", help="draw encoding-warm.svg and encoding-first.svg")
    asked = parser.parse_args()
    if asked.runs < 1:
        parser.error("--runs must be at least 1")
    if asked.chart and "batch" not in asked.only:
        parser.error("--chart draws what the job batch measures")
    absent = [name for name in ENCODERS if importlib.util.find_spec(name) is None]
    if asked.contenders is None:
        # A smoke run makes do with what is there.
        asked.contenders = [name for name in ENCODERS if not asked.smoke or name not in absent]
    asked.contenders = [name for name in ENCODERS if name in ("pairwright", "tiktoken", *asked.contenders)]
    needed = [name for name in asked.contenders if name in absent]
    if asked.chart and importlib.util.find_spec("matplotlib") is None:
        needed.append("matplotlib")
    if needed:
        parser.error(f"{', '.join(needed)} not installed: pip install -r requirements/bench.txt")
    return asked


class Texts:
    """The corpora of a run, each made once, and why others could not be had."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.loaded: dict[str, Corpus] = {}
        self.left_out: dict[str, str] = {}

    def path(self, name: str) -> Path | None:
        """The file of a corpus."""
        if name in self.left_out:
            return None
        try:
            corpus = self.loaded.setdefault(name, self.loaded.get(name) or corpora.load(name, self.folder))
        except MissingError as error:
            self.left_out[name] = str(error)
            return None
        return corpus.paths[0]


def plan(asked: argparse.Namespace, texts: Texts, vocabulary: Vocabulary) -> list[Group]:
    """The groups of a vocabulary, as far as their corpora can be had."""
    groups: list[Group] = []

    def add(job: str, case: str, name: str, threads: int = 1) -> None:
        path = texts.path(name)
        if path:
            size = PART // 50 if asked.smoke else PART
            part = None if job == "memory" else corpora.start(path, size, texts.folder)
            groups.append(Group(job, vocabulary, case, threads, path, part))

    chosen = {SMOKE: SMOKE} if asked.smoke else {case: CORPORA[case] for case in CORPORA if case in asked.corpus}
    files = {SMOKE: SMOKE} if asked.smoke else {case: FILES[case] for case in FILES if case in asked.corpus}
    for job in asked.only:
        for case, name in (files if job == "file" else chosen).items():
            if job in ("batch", "file"):
                add(job, case, name)
            if job == "file" or (job == "threads" and case in (SMOKE, *THREADED)):
                add(job, case, name, threads=2)
        if job in ("latency", "long"):
            groups.append(Group(job, vocabulary, "texts"))
        if job == "memory" and vocabulary.name in (asked.vocab[0], "trained"):
            add(job, "fresh", next(iter(chosen.values())))
    return groups


def main() -> None:
    """Run what was asked for, print the tables, write the files."""
    asked = arguments()
    began = time.monotonic()
    runs = 1 if asked.smoke else asked.runs
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        texts = Texts(folder)
        bench = Bench(asked.contenders, runs, folder, smoke=asked.smoke)
        groups: list[Group] = []
        for name in [SMOKE] if asked.smoke else asked.vocab:
            try:
                if asked.smoke:
                    (path,) = corpora.smoke(folder)
                    vocabulary = vocabularies.trained(path, folder)
                else:
                    vocabulary = vocabularies.published(name, folder)
            except MissingError as error:
                texts.left_out[name] = str(error)
                continue
            groups += plan(asked, texts, vocabulary)
        (prose,) = corpora.smoke(folder)
        bench.texts = (passes.TRIVIAL, SENTENCE, passes.parts(prose.read_bytes(), passes.DOCUMENT)[1])
        bench.prepare(groups)
        stopped = False
        try:
            for group in groups:
                bench.run(group)
        except KeyboardInterrupt:
            stopped = True
    bench.cells.derive()
    records = bench.cells.records()
    summary = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": machine(),
        "versions": versions([DISTRIBUTIONS.get(name, name) for name in asked.contenders]),
        "runs": runs,
        "seconds": round(time.monotonic() - began),
        "corpora": {name: {"bytes": corpus.bytes, "sha256": corpus.sha256} for name, corpus in texts.loaded.items()},
        "cells": records,
        "problems": problems(records) + [f"{name}: {vocab}: {why}" for (name, vocab), why in bench.incapable.items()],
        "left_out": texts.left_out,
    }
    report(summary, asked.contenders)
    if stopped:
        message("interrupted: the tables hold what was measured until then; no file is written")
        raise SystemExit(130)
    if not records:
        raise SystemExit("error: nothing was run")
    if asked.json:
        write_json(summary, asked.json)
    if asked.chart:
        from chart import draw_encoding

        asked.chart.mkdir(parents=True, exist_ok=True)
        for section in ("warm", "first"):
            draw_encoding(summary, section, asked.chart / f"encoding-{section}.svg")


def report(summary: dict[str, Any], contenders: list[str]) -> None:
    """Print what was measured, on what, and what was not."""
    console = Console(width=190)
    for each in tables(summary["cells"], contenders):
        console.print(each)
    named = ", ".join(f"{name} {number}" for name, number in summary["versions"].items())
    console.print(f"Medians of up to {summary['runs']} processes, interleaved, in {summary['seconds']} s. {named}.")
    console.print(machine_line(summary["machine"]))
    slow = " and ".join(BEYOND)
    console.print(f"{slow}: one process and {PART / 1e6:g} MB of a corpus; peers far behind the best: one process.")
    for name, corpus in summary["corpora"].items():
        console.print(f"{name}: {corpus['bytes'] / 1e6:.1f} MB, sha256 {corpus['sha256'][:16]}…")
    for problem in summary["problems"]:
        console.print(f"Problem: {problem}", markup=False)
    for name, reason in summary["left_out"].items():
        console.print(f"Left out: {name}: {reason}.")


if __name__ == "__main__":
    main()
