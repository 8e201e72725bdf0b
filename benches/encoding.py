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
- memory: 1 GB in which ever new words come.
"""

import argparse
import importlib.util
import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import corpora
import encoders
import numpy as np
import passes
import vocabularies
from cells import LATENCIES, MEMORY, Cell, Cells, problems, tables
from corpora import Corpus, MissingError
from encoders import BEYOND, DISTRIBUTIONS, ENCODERS, Vocabulary
from report import machine, machine_line, message, versions, write_json
from rich.console import Console

CORPORA = {
    "english": "english-start",
    "code": "code-start",
    "multi": "multi",
    "non-ASCII": "nonascii",
}
FILES = {"english": "english-whole", "code": "sources"}
SMOKE = "smoke"
JOBS = ["batch", "threads", "file", "latency", "long", "memory"]
IN_MEMORY_TEST = ["pairwright", "gigatoken"]

SENTENCE = "The quick brown fox jumps over the lazy dog, and 7 wizards box six jugs of liquid rhyme."
UNITS = {"one letter": "a", "spaces": " ", "newlines": "\n", "!?": "!?", "one CJK character": "中"}
LONG = (100_000, 10_000_000)
FRESH = 1_000_000_000
PART = 1_000_000
"""What those that are beyond comparison encode of a corpus."""

# A peer that is not half as fast as the best one in anything that a process measures is left out after so many turns.
TRIED = 2
# Seconds after which a process is stopped, far more than any of them should need.
PATIENCE = {"batch": 90, "threads": 60, "file": 120, "latency": 60, "long": 20, "memory": 180}


@dataclass(frozen=True)
class Group:
    """Processes that are compared with each other."""

    job: str
    vocabulary: Vocabulary
    case: str
    threads: int = 1
    path: Path | None = None
    """The corpus, and None where there is none."""
    part: Path | None = None
    """Its start, for those that are too slow for all of it."""


@dataclass
class Answer:
    """What a process said."""

    figures: dict[str, tuple[float, str]] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)
    begun: str = ""
    """What it was at when it was stopped."""
    failure: str = ""


class Bench:
    """Runs groups of processes, and keeps what they measure."""

    def __init__(self, contenders: list[str], runs: int, folder: Path, *, smoke: bool) -> None:
        self.contenders = contenders
        self.runs = runs
        self.folder = folder
        self.cells = Cells()
        self.long = tuple(size // 10 for size in LONG) if smoke else LONG
        self.fresh = FRESH // 1000 if smoke else FRESH
        self.seconds = passes.SECONDS / 100 if smoke else passes.SECONDS
        self.texts: tuple[str, ...] = ()
        self.incapable: dict[tuple[str, str], str] = {}
        """Who cannot do a vocabulary at all, and why."""

    def run(self, group: Group) -> None:
        """All turns of a group."""
        chosen = [name for name in self.contenders if (name, group.vocabulary.name) not in self.incapable]
        if group.job == "memory":
            chosen = [name for name in chosen if name in IN_MEMORY_TEST]
        # A GB takes its time, and the memory it takes does not change from run to run.
        runs = 1 if group.job == "memory" else self.runs
        for turn in range(1, runs + 1):
            if turn == TRIED + 1:
                chosen = [name for name in chosen if self._matters(group, name)]
            for name in chosen:
                if turn > 1 and name in BEYOND and group.job != "latency":
                    continue
                where = f"{group.vocabulary.name}, {group.case}, {group.threads} thread{'s' * (group.threads > 1)}"
                message(f"{group.job}, {where}, run {turn} of {runs}: {name}")
                self._run_one(group, name)
            chosen = [name for name in chosen if not self._failed(group, name)]

    def _run_one(self, group: Group, name: str) -> None:
        request = self._request(group, name)
        while True:
            answer = ask(request, PATIENCE[group.job])
            self._keep(group, name, answer)
            left = tuple(each for each in request.runs_of if each[0] not in answer.figures | answer.problems)
            # What it hung at or died of is not tried again, what would have come after it is.
            if not answer.failure or not answer.begun or not left:
                return
            request = replace(request, runs_of=left)

    def _request(self, group: Group, name: str) -> passes.Request:
        vocabulary = group.vocabulary
        if group.job == "latency":
            # Only here is it of interest how long it takes to load the format that everyone has.
            vocabulary = replace(vocabulary, packed="")
        path = group.part if name in BEYOND and group.part else group.path
        return passes.Request(
            job="batch" if group.job == "threads" else group.job,
            encoder=name,
            vocabulary=asdict(vocabulary),
            threads=group.threads,
            path=str(path or ""),
            expected=str(self._expected(group.vocabulary, path)) if path else "",
            texts=self.texts,
            texts_ids=self._ids_of_texts(group.vocabulary) if group.job == "latency" else (),
            runs_of=self._runs_of() if group.job == "long" else (),
            fresh_bytes=self.fresh,
            seconds=self.seconds,
        )

    def _runs_of(self) -> tuple[tuple[str, str, int], ...]:
        return tuple(
            (f"{size / 1000:,.0f} KB of {what}", unit, size)
            for size, (what, unit) in itertools.product(self.long, UNITS.items())
        )

    def _keep(self, group: Group, name: str, answer: Answer) -> None:
        if "*" in answer.problems:
            self.incapable[name, group.vocabulary.name] = answer.problems["*"]
        if answer.failure:
            if name == "pairwright":
                raise SystemExit(f"error: pairwright failed: {group.job}, {group.case}: {answer.failure}")
            key = answer.begun or {"batch": "first", "threads": "first", "memory": "fresh_peak"}.get(
                group.job, group.job
            )
            answer.problems.setdefault("load" if key == "latency" else key, answer.failure)
        for key, text in answer.problems.items():
            if key == "*":
                continue
            if name == "pairwright":
                raise SystemExit(f"error: pairwright: {group.vocabulary.name}, {group.case}: {key}: {text}")
            self.cells.at(cell_of(group, key)[0], name).problem = text
        for key, (value, gives) in answer.figures.items():
            cell, scale = cell_of(group, key)
            measured = self.cells.at(cell, name)
            if group.job == "long":
                self._compare_long(cell, name, gives)
            measured.samples.append(value * scale)
            measured.gives = gives

    def _compare_long(self, cell: Cell, name: str, digest: str) -> None:
        """Compare with tiktoken; with pairwright, where tiktoken cannot do it."""
        others = self.cells.of[cell]
        for reference in ("tiktoken", "pairwright"):
            right = others[reference].gives if reference in others else ""
            if reference != name and right and right != digest:
                if name == "pairwright" or {name, reference} == {"tiktoken", "pairwright"}:
                    raise SystemExit(f"error: pairwright and tiktoken differ: {cell.vocabulary}, {cell.case}")
                others[name].problem = f"ids differ from those of {reference}"
                return

    def _failed(self, group: Group, name: str) -> bool:
        """Whether there is nothing more to be had: it cannot do the vocabulary, or it died or hung."""
        if (name, group.vocabulary.name) in self.incapable:
            return True
        stopped = [
            contenders[name].problem
            for cell, contenders in self.cells.of.items()
            if name in contenders and self._belongs(cell, group)
        ]
        return any(problem and not problem.startswith("ids differ") for problem in stopped)

    def _belongs(self, cell: Cell, group: Group) -> bool:
        """Whether a process of the group measures this cell."""
        if cell.vocabulary != group.vocabulary.name:
            return False
        if group.job in ("latency", "long", "memory"):
            return cell.section == group.job
        sections = {"batch": ("first", "warm", "one", "short", "count", "decode"), "threads": ("first-2", "warm-2")}
        return cell.case == group.case and cell.section in sections.get(
            group.job, ("file" if group.threads == 1 else "file-2",)
        )

    def _matters(self, group: Group, name: str) -> bool:
        """Whether a contender may still be the best peer in anything."""
        if name == "pairwright" or group.job in ("latency", "memory"):
            return True
        for cell in self.cells.of:
            best, own = self.cells.best_peer(cell), self.cells.value(cell, name)
            if self._belongs(cell, group) and best and own and 0.5 < best[1] / own < 2:
                return True
        return False

    # What tiktoken says

    def _expected(self, vocabulary: Vocabulary, path: Path) -> Path:
        return self.folder / f"{vocabulary.name}-{path.name}"

    def prepare(self, groups: list[Group]) -> None:
        """Let tiktoken encode every corpus in every shape in which it will be compared."""
        wanted: dict[tuple[str, Path], tuple[Vocabulary, set[str]]] = {}
        for group in groups:
            shapes = {"batch": {"documents", "short", "one"}, "threads": {"documents"}, "file": {"one"}}
            for path in (group.path, group.part):
                if path and group.job in shapes:
                    key = (group.vocabulary.name, path)
                    wanted.setdefault(key, (group.vocabulary, set()))[1].update(shapes[group.job])
        message(f"tiktoken encodes what all others are compared with: {len(wanted)} texts")
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            tasks = [
                pool.submit(self._expect, vocabulary, path, shape)
                for (_, path), (vocabulary, shapes_) in wanted.items()
                for shape in sorted(shapes_)
            ]
            for task in tasks:
                task.result()

    def _expect(self, vocabulary: Vocabulary, path: Path, shape: str) -> None:
        content = path.read_bytes()
        encoder = encoders.tiktoken(vocabulary, 1)()
        if shape == "one":
            ids = encoder.one.call(content.decode())
        else:
            size = passes.DOCUMENT if shape == "documents" else passes.SHORT
            ids = encoder.batch.ids(encoder.batch.call(passes.parts(content, size)))
        folder = self._expected(vocabulary, path)
        folder.mkdir(exist_ok=True)
        np.save(folder / f"{shape}.npy", ids)

    def _ids_of_texts(self, vocabulary: Vocabulary) -> tuple[tuple[int, ...], ...]:
        encoder = encoders.tiktoken(vocabulary, 1)()
        return tuple(tuple(encoder.one.call(text).tolist()) for text in self.texts)


def cell_of(group: Group, key: str) -> tuple[Cell, float]:
    """The cell of a figure of a process, and what it is multiplied with to have the cell's unit."""
    name = group.vocabulary.name
    if key in LATENCIES:
        case, scale = LATENCIES[key]
        return Cell("latency", name, case), scale
    if group.job == "memory":
        return Cell("fresh", name, "chunks of 13 MB") if key == "fresh" else Cell("memory", name, MEMORY[key]), 1
    if group.job == "long":
        return Cell("long", name, key), 1e3
    return Cell(key if group.threads == 1 else f"{key}-2", name, group.case), 1


def ask(request: passes.Request, patience: float) -> Answer:
    """Have a process answer a request."""
    environment = os.environ | {"RAYON_NUM_THREADS": str(request.threads), "TOKENIZERS_PARALLELISM": "true"}
    answer = Answer()
    with tempfile.TemporaryFile("w+", encoding="utf-8") as output, tempfile.TemporaryFile("w+") as errors:
        try:
            done = subprocess.run(
                [sys.executable, passes.__file__],
                input=json.dumps(asdict(request)),
                stdout=output,
                stderr=errors,
                encoding="utf-8",
                env=environment,
                check=False,
                timeout=patience,
            )
            if done.returncode:
                errors.seek(0)
                last = ([line.strip() for line in errors if line.strip()] or [""])[-1]
                answer.failure = f"exit status {done.returncode}: {last}"[:200]
        except subprocess.TimeoutExpired:
            answer.failure = f"not done after {patience:g} s"
        output.seek(0)
        for line in output:
            said = json.loads(line)
            if "figure" in said:
                answer.figures[said["figure"]] = (said["value"], said["gives"])
            elif "problem" in said:
                answer.problems[said["problem"]] = said["text"]
            else:
                answer.begun = said["begin"]
    if answer.begun in answer.figures or answer.begun in answer.problems:
        answer.begun = ""
    return answer


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
            if job in ("threads", "file"):
                add(job, case, name, threads=2)
        if job in ("latency", "long"):
            groups.append(Group(job, vocabulary, "texts"))
        if job == "memory":
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
        for group in groups:
            bench.run(group)
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
    console.print(f"Medians of {summary['runs']} processes, interleaved, in {summary['seconds']} s. {named}.")
    console.print(machine_line(summary["machine"]))
    console.print(
        f"{' and '.join(BEYOND)}: one process and {PART / 1e6:g} MB of each corpus. Who is less than half as fast as "
        f"the best peer in all that a process measures: {TRIED} processes."
    )
    for name, corpus in summary["corpora"].items():
        console.print(f"{name}: {corpus['bytes'] / 1e6:.1f} MB, sha256 {corpus['sha256'][:16]}…")
    for problem in summary["problems"]:
        console.print(f"Problem: {problem}", markup=False)
    for name, reason in summary["left_out"].items():
        console.print(f"Left out: {name}: {reason}.")


if __name__ == "__main__":
    main()
