"""How fast the vocabulary lab is, beside what it is to reach.

    PAIRWRIGHT_DATA=FOLDER python benches/lab.py [--smoke] [--job NAME …] [--repeats N] [--json FILE]

Jobs, each with its target:

- `usage`: how often each id of o200k_base occurs in 8 MB of English prose, at the speed of counting its tokens, and of
  counting pretokens where both read a file;
- `sizes`: ten smaller vocabularies of o200k_base from a usage, in 50 ms; and all of them, which has no target;
- `audit`: o200k_base without inputs, in a second;
- `compare`: five tokenizers on a book in 26 languages, in ten seconds on two cores;
- `without`: encoding with o200k_base without 20,000 of its tokens, at 90 % of the speed with all of them.

Everything is done once before, and the result is checked. Where two things are compared they are done in turn, and the
ratio is the median of those of all turns, so that a machine that changes its speed changes it for both. Encoders
remember pieces from the turn before, and nothing of other tasks. Jobs without their data are left out. `--smoke` only
shows that it works: small texts and vocabularies, once, without targets.
"""

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import corpora
import numpy as np
from corpora import MissingError
from report import machine, machine_line, message, versions, write_json
from rich.console import Console
from rich.table import Table

import pairwright as pw

PROSE = 8_000_000
REMOVED = 20_000
LEARNED = 32_000
PUBLISHED = ("r50k_base", "p50k_base", "cl100k_base", "o200k_base")

Work = Callable[[], object]


@dataclass(frozen=True)
class Task:
    """A row of the table: work that is timed, alone or in turn with other work."""

    name: str
    work: Work
    beside: Work | None = None
    seconds: float | None = None
    """The target for the time of the work."""
    ratio: float | None = None
    """The target for how many times as fast as the other work it is."""
    size: int = 0
    """The bytes of text, where a speed says more than a time."""


@dataclass(frozen=True)
class Result:
    """What a task took."""

    job: str
    task: str
    seconds: float
    """The median."""
    beside_seconds: float | None
    ratio: float | None
    """The median, of each turn, of the time of the other work over that of this one."""
    megabytes_per_second: float | None
    target: str
    is_met: bool | None
    """`None` if there is no target."""


class Setting:
    """The texts and tokenizers of all jobs, made when they are first asked for."""

    def __init__(self, folder: Path, *, is_smoke: bool) -> None:
        self.folder = folder
        self.is_smoke = is_smoke
        self._tokenizers: dict[str, pw.Tokenizer] = {}

    def tokenizer(self, name: str) -> pw.Tokenizer:
        """A published encoding, or in a short run a vocabulary that is trained here. Raises `MissingError`."""
        if name not in self._tokenizers:
            if self.is_smoke:
                size = 1000 + 100 * len(self._tokenizers)
                self._tokenizers[name] = pw.train(corpora.smoke(self.folder)[0], size)
            else:
                os.environ["PAIRWRIGHT_OFFLINE"] = "1"
                try:
                    self._tokenizers[name] = pw.get_encoding(name)
                except (pw.PairwrightError, OSError) as error:
                    raise MissingError(str(error)) from error
        return self._tokenizers[name]

    def prose(self) -> Path:
        """A file of prose."""
        if self.is_smoke:
            return corpora.smoke(self.folder)[0]
        return corpora.start(corpora.english_start(self.folder)[0], PROSE, self.folder)

    def documents(self) -> list[str]:
        """Prose, a paragraph each."""
        return self.prose().read_text(encoding="utf-8").split("\n\n")

    def languages(self) -> dict[str, Path]:
        """The same book in many languages, by name."""
        paths = corpora.smoke(self.folder) if self.is_smoke else corpora.handbook(self.folder)
        return {path.stem: path for path in paths}


def usage(setting: Setting) -> Iterator[Task]:
    """How often each id occurs, beside how many tokens there are."""
    tok, documents = setting.tokenizer("o200k_base"), setting.documents()
    size = sum(len(document.encode()) for document in documents)
    path = setting.prose()
    expect(tok.usage(documents).sum() == tok.count_batch(documents).sum(), "a usage has another number of tokens")
    for title, threads in (("one thread", 1), ("every core", None)):
        yield Task(
            f"usage of paragraphs, {title}, beside count_batch",
            partial(tok.usage, pw.texts(documents), threads=threads),
            partial(tok.count_batch, documents, threads=threads),
            ratio=1,
            size=size,
        )
    yield Task(
        "usage of a file, one thread, beside pw.count",
        partial(tok.usage, path, threads=1),
        partial(pw.count, path, tok.pattern, threads=1),
        ratio=1,
        size=path.stat().st_size,
    )


def sizes(setting: Setting) -> Iterator[Task]:
    """What smaller vocabularies make of a text, from its usage."""
    tok, documents = setting.tokenizer("o200k_base"), setting.documents()
    usage = tok.usage(documents)
    found = pw.sizes(tok, usage)
    size, tokens = (int(found.rows[0][name] or 0) for name in ("vocab_size", "tokens"))
    expect(tok.first(size).count_batch(documents).sum() == tokens, "a size has another number of tokens")
    yield Task(
        f"{len(found.rows)} sizes of a usage of {tok.vocab_size:,} ids", lambda: pw.sizes(tok, usage), seconds=0.05
    )
    yield Task(f"the tokens at all of its {len(tok.curve(usage)):,} sizes", lambda: tok.curve(usage))


def audit(setting: Setting) -> Iterator[Task]:
    """The audit of a vocabulary alone."""
    tok = setting.tokenizer("o200k_base")
    expect(not len(tok.audit().groups["unreachable"]), "there are tokens that no merge makes")
    yield Task(f"audit of {tok.vocab_size:,} ids without inputs", tok.audit, seconds=1)


def compare(setting: Setting) -> Iterator[Task]:
    """Published vocabularies, and one that is trained on the texts."""
    languages = setting.languages()
    tokenizers = {name: setting.tokenizer(name) for name in PUBLISHED}
    tokenizers["trained here"] = pw.train(list(languages.values()), 1200 if setting.is_smoke else LEARNED)
    found = pw.compare(tokenizers, languages)
    expect(len(found.rows) == len(tokenizers) * len(languages), "rows are missing")
    yield Task(
        f"compare {len(tokenizers)} tokenizers on {len(languages)} languages",
        lambda: pw.compare(tokenizers, languages),
        seconds=10,
        size=sum(path.stat().st_size for path in languages.values()) * len(tokenizers),
    )


def without(setting: Setting) -> Iterator[Task]:
    """Encoding without some of the tokens, beside encoding with all."""
    tok, documents = setting.tokenizer("o200k_base"), setting.documents()
    merged = [id for token, id in tok.vocab.items() if len(token) > 1]
    removed = np.random.default_rng(0).choice(merged, 100 if setting.is_smoke else REMOVED, replace=False)
    less = tok.without(removed)
    encoded = less.encode_batch(documents)
    expect(not np.isin(encoded.values, removed).any(), "a token that was removed is given")
    expect(less.decode_batch(encoded) == documents, "a text does not come back")
    yield Task(
        f"encode_batch without {len(removed):,} tokens, beside with all, one thread",
        lambda: less.encode_batch(documents, threads=1),
        lambda: tok.encode_batch(documents, threads=1),
        ratio=0.9,
        size=sum(len(document.encode()) for document in documents),
    )


# A further job is a function like these, which checks a result and gives its tasks, and a line of the text above.
JOBS: dict[str, Callable[[Setting], Iterator[Task]]] = {
    "usage": usage,
    "sizes": sizes,
    "audit": audit,
    "compare": compare,
    "without": without,
}


def expect(is_right: object, otherwise: str) -> None:
    """End if a result is wrong: its time means nothing."""
    if not is_right:
        sys.exit(f"error: {otherwise}")


def seconds_of(work: Work) -> float:
    """The time that work takes once."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def run(job: str, task: Task, repeats: int, *, is_smoke: bool) -> Result:
    """Do the work so many times, in turn with what it is beside."""
    pw.clear_cache()
    for work in (task.work, task.beside):
        if work is not None:
            work()
    turns = [(seconds_of(task.work), seconds_of(task.beside) if task.beside else None) for _ in range(repeats)]
    seconds = statistics.median(own for own, _ in turns)
    ratios = [other / own for own, other in turns if other is not None]
    ratio = statistics.median(ratios) if ratios else None
    target, is_met = "", None
    if task.seconds is not None and not is_smoke:
        target, is_met = f"≤ {shown(task.seconds)}", seconds <= task.seconds
    elif task.ratio is not None and ratio is not None and not is_smoke:
        target, is_met = f"≥ {task.ratio:g} ×", ratio >= task.ratio
    return Result(
        job=job,
        task=task.name,
        seconds=seconds,
        beside_seconds=statistics.median(other for _, other in turns if other is not None) if ratios else None,
        ratio=ratio,
        megabytes_per_second=task.size / seconds / 1e6 if task.size else None,
        target=target,
        is_met=is_met,
    )


def shown(seconds: float) -> str:
    """A time in the unit in which it has few digits."""
    return f"{seconds:.2f} s" if seconds >= 1 else f"{seconds * 1e3:.1f} ms"


def table(results: list[Result]) -> Table:
    """All results."""
    drawn = Table(title="The vocabulary lab", title_justify="left")
    drawn.add_column("job")
    for heading in ("time", "MB/s", "beside", "speed", "target", ""):
        drawn.add_column(heading, justify="right", no_wrap=True)
    for result in results:
        drawn.add_row(
            result.task,
            shown(result.seconds),
            "" if result.megabytes_per_second is None else f"{result.megabytes_per_second:,.0f}",
            "" if result.beside_seconds is None else shown(result.beside_seconds),
            "" if result.ratio is None else f"{result.ratio:.2f} ×",
            result.target,
            {True: "met", False: "missed", None: ""}[result.is_met],
        )
    return drawn


def main() -> None:
    """Do all jobs, print the table, write the file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--smoke", action="store_true", help="only see that it runs, with small texts")
    parser.add_argument("--job", action="append", choices=JOBS, help="only this job; may be given several times")
    parser.add_argument("--repeats", type=int, default=7, help="how often each task is timed")
    parser.add_argument("--json", type=Path, help="write everything that was measured to this file")
    asked = parser.parse_args()
    if asked.repeats < 1:
        parser.error("--repeats must be at least 1")
    repeats = 1 if asked.smoke else asked.repeats
    results: list[Result] = []
    with TemporaryDirectory() as folder:
        setting = Setting(Path(folder), is_smoke=asked.smoke)
        for name in dict.fromkeys(asked.job or JOBS):
            try:
                for task in JOBS[name](setting):
                    message(task.name)
                    results.append(run(name, task, repeats, is_smoke=asked.smoke))
            except MissingError as error:
                message(f"left out: {name}: {error}")
    if not results:
        sys.exit("error: no job was run")
    here = machine()
    console = Console(width=120)
    console.print(table(results))
    console.print(f"Medians of {repeats}. {machine_line(here)}", soft_wrap=True)
    if asked.json:
        summary: dict[str, Any] = {
            "date": datetime.now(UTC).date().isoformat(),
            "machine": here,
            "versions": versions(["pairwright", "numpy"]),
            "repeats": repeats,
            "results": [asdict(result) for result in results],
        }
        write_json(summary, asked.json)


if __name__ == "__main__":
    main()
