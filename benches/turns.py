"""The processes of `encoding.py`: started in turns, stopped if they hang, their figures put into cells."""

import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import encoders
import numpy as np
import passes
from cells import LATENCIES, MEMORY, Cell, Cells
from encoders import BEYOND, Vocabulary
from report import message

UNITS = {"one letter": "a", "spaces": " ", "newlines": "\n", "!?": "!?", "one CJK character": "中"}
LONG = (100_000, 10_000_000)
FRESH = 1_000_000_000
IN_MEMORY_TEST = ["pairwright", "gigatoken"]
# What a process of a job measures by which a peer can be worth another turn.
SPEEDS = {
    ("batch", 1): ("first", "warm", "one", "short"),
    ("threads", 2): ("first-2", "warm-2"),
    ("file", 1): ("file",),
    ("file", 2): ("file-2",),
    ("latency", 1): ("latency",),
    ("long", 1): ("long",),
}
# What a process of a job says, at least.
FIGURES = {
    "batch": ("first", "warm", "one", "short", "decode"),
    "threads": ("first", "warm"),
    "file": ("file",),
    "latency": ("load", "first_encode", "latency_0", "latency_1", "latency_2"),
    "memory": ("fresh",),
}
# A peer that is so many times slower than the best one in all of its speeds has no more turns.
BEHIND = 1.5
# A GB takes long, and memory is the same in every run.
RUNS_AT_MOST = {"memory": 1}
# Seconds after which a process is stopped, far more than any of them should need.
PATIENCE = {"batch": 90, "threads": 60, "file": 120, "latency": 60, "long": 60, "memory": 180}


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
        began = time.monotonic()
        runs = min(self.runs, RUNS_AT_MOST.get(group.job, self.runs))
        for turn in range(1, runs + 1):
            if turn == 2:
                chosen = [name for name in chosen if name not in BEYOND and self._matters(group, name)]
            for name in chosen:
                where = f"{group.vocabulary.name}, {group.case}, {group.threads} thread{'s' * (group.threads > 1)}"
                message(f"{group.job}, {where}, run {turn} of {runs}: {name}")
                self._run_one(group, name, turn)
            chosen = [name for name in chosen if not self._failed(group, name)]
        message(f"{group.job}, {group.vocabulary.name}, {group.case}: {time.monotonic() - began:.0f} s")

    def _run_one(self, group: Group, name: str, turn: int) -> None:
        request = self._request(group, name, turn)
        while True:
            answer = ask(request, PATIENCE[group.job])
            self.keep(group, name, answer, tuple(key for key, _, _ in request.runs_of))
            left = tuple(each for each in request.runs_of if each[0] not in answer.figures | answer.problems)
            # What it hung at or died of is not tried again, what would have come after it is.
            if not answer.failure or not answer.begun or not left:
                return
            request = replace(request, runs_of=left)

    def _request(self, group: Group, name: str, turn: int) -> passes.Request:
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
            runs_of=self._runs_of(name, turn) if group.job == "long" else (),
            fresh_bytes=self.fresh,
            seconds=self.seconds,
        )

    def _runs_of(self, name: str, turn: int) -> tuple[tuple[str, str, int], ...]:
        # Some peers take 8 s for 10 MB of one letter: once is enough.
        sizes = self.long if turn == 1 or name == "pairwright" else self.long[:1]
        return tuple(
            (f"{size / 1000:,.0f} KB of {what}", unit, size)
            for size, (what, unit) in itertools.product(sizes, UNITS.items())
        )

    def keep(self, group: Group, name: str, answer: Answer, long: tuple[str, ...] = ()) -> None:
        """Put what a process said into cells; `long` is what it was asked for in the job of that name."""
        if "*" in answer.problems:
            self.incapable[name, group.vocabulary.name] = answer.problems["*"]
        if answer.failure:
            if name == "pairwright":
                raise SystemExit(f"error: pairwright failed: {group.job}, {group.case}: {answer.failure}")
            message(f"{name}: {answer.failure}")
            asked = long or FIGURES.get(group.job, ())
            missing = [key for key in asked if key not in answer.figures | answer.problems]
            # A process that fails when all is done has told all the same.
            answer.problems |= dict.fromkeys([answer.begun] if answer.begun else missing, answer.failure)
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
        reasons = [self.cells.at(cell, name).problem for cell in self._cells(group)]
        return any(reason and not reason.startswith("ids differ") for reason in reasons)

    def _matters(self, group: Group, name: str) -> bool:
        """Whether a contender may be the best peer: it is, or is not far behind that in something."""
        if name == "pairwright":
            return True
        for cell in self._cells(group):
            best, own = self.cells.best_peer(cell), self.cells.value(cell, name)
            if best and own and 1 / BEHIND <= best[1] / own <= BEHIND:
                return True
        return False

    def _cells(self, group: Group) -> list[Cell]:
        """The speeds that a process of the group has measured."""
        sections = SPEEDS.get((group.job, group.threads), ())
        return [
            cell
            for cell in self.cells.of
            if cell.section in sections
            and cell.vocabulary == group.vocabulary.name
            and (cell.case == group.case or group.path is None)
        ]

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
