"""What `encoding.py` measures, cell by cell: who was how fast, who was the best peer, and whether that is enough."""

import statistics
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from rich.table import Table


@dataclass(frozen=True)
class Section:
    """A table: one row a case, one column a contender."""

    key: str
    title: str
    unit: str
    higher: bool = True
    """Whether more is better."""
    ratio: float | None = None
    """What pairwright must reach, in times the best peer."""


SECTIONS = [
    Section("first", "First pass in a fresh process, 4 KB documents, one thread", "MB/s", ratio=1.25),
    Section("warm", "Warm, 4 KB documents, one thread", "MB/s", ratio=1.25),
    Section("one", "Warm, one call over the whole corpus, one thread", "MB/s", ratio=1.25),
    Section("short", "Warm, 100-byte texts, one thread", "MB/s", ratio=1.25),
    Section("first-2", "First pass in a fresh process, 4 KB documents, two threads", "MB/s"),
    Section("warm-2", "Warm, 4 KB documents, two threads", "MB/s"),
    Section("file", "First pass over a whole file as one text, one thread", "MB/s", ratio=1.5),
    Section("file-2", "First pass over a whole file as one text, two threads", "MB/s", ratio=1.5),
    Section("scaling", "Two threads over one", "times"),
    Section("latency", "Loading, first calls, short texts", "", higher=False),
    Section("decode", "Decoding the whole corpus", "MB/s"),
    Section("count", "Counting, 4 KB documents, one thread", "MB/s"),
    Section("long", "Texts that no split pattern cuts, on first sight", "ms", higher=False),
    Section("peak", "Peak memory of a first pass, 4 KB documents", "MB", higher=False),
    Section("peak_start", "Memory before that pass: the loaded library and the documents", "MB", higher=False),
    Section("fresh", "Ever new text through one tokenizer, 4 KB documents, one thread", "MB/s"),
    Section("memory", "Ever new text through one tokenizer: memory", "MB", higher=False),
]
SECTION = {section.key: section for section in SECTIONS}

LATENCIES = {
    "load": ("load, ms", 1e3),
    "first_encode": ("first encode, ms", 1e3),
    "first_batch": ("first batch, ms", 1e3),
    "latency_0": ("11 B to a list, µs", 1e6),
    "latency_1": ("88 B to a list, µs", 1e6),
    "latency_2": ("4 KB to numpy, µs", 1e6),
}
MEMORY = {
    "fresh_start": "peak after the first chunk",
    "fresh_peak": "peak after the last one",
    "fresh_growth": "what came on top",
    "fresh_output": "ids of one chunk",
    "cache_limit": "limit of its cache",
}
AT_MOST = {
    "first encode, ms": 0.1,
    "first batch, ms": 2,
    "11 B to a list, µs": 0.15,
    "88 B to a list, µs": 0.4,
    "4 KB to numpy, µs": 6,
}
LOAD_O200K_MS = 56
DECODE_MB_A_SECOND = 600
TWO_OVER_ONE = 1.8
LONG_MS_A_BYTE = 2 / 100_000


class Cell(NamedTuple):
    """One row of one table."""

    section: str
    vocabulary: str
    case: str


@dataclass
class Measured:
    """What a contender did in a cell."""

    samples: list[float] = field(default_factory=list)
    gives: str = ""
    problem: str = ""
    """Why there is no figure, or why it does not count."""

    @property
    def median(self) -> float | None:
        """The median of its processes."""
        return statistics.median(self.samples) if self.samples else None

    @property
    def valid(self) -> float | None:
        """The figure, if what it stands for is right."""
        return None if self.problem else self.median


class Cells:
    """Everything that was measured."""

    def __init__(self) -> None:
        self.of: dict[Cell, dict[str, Measured]] = {}

    def at(self, cell: Cell, contender: str) -> Measured:
        """The place for a figure."""
        return self.of.setdefault(cell, {}).setdefault(contender, Measured())

    def value(self, cell: Cell, contender: str) -> float | None:
        """The figure of a contender, None if there is no valid one."""
        measured = self.of.get(cell, {}).get(contender)
        return None if measured is None else measured.valid

    def best_peer(self, cell: Cell) -> tuple[str, float] | None:
        """The best contender beside pairwright whose ids are right."""
        figures = [
            (name, measured.valid)
            for name, measured in self.of.get(cell, {}).items()
            if name != "pairwright" and measured.valid is not None
        ]
        if not figures:
            return None
        choose = max if SECTION[cell.section].higher else min
        return choose(figures, key=lambda figure: figure[1])

    def derive(self) -> None:
        """Add what follows from other cells."""
        for cell, contenders in list(self.of.items()):
            if cell.section in ("first-2", "warm-2", "file-2"):
                alone = cell._replace(section=cell.section.removesuffix("-2"))
                what = {"first-2": "first pass", "warm-2": "warm", "file-2": "whole file"}[cell.section]
                for name in contenders:
                    one, two = self.value(alone, name), self.value(cell, name)
                    if one and two:
                        derived = Cell("scaling", cell.vocabulary, f"{cell.case}, {what}")
                        self.at(derived, name).samples = [two / one]
            if cell.section == "memory" and cell.case == MEMORY["fresh_peak"]:
                for name, measured in contenders.items():
                    start = self.value(cell._replace(case=MEMORY["fresh_start"]), name)
                    if start is not None and measured.median is not None:
                        growth = self.at(cell._replace(case=MEMORY["fresh_growth"]), name)
                        growth.samples = [measured.median - start]

    def target(self, cell: Cell) -> tuple[str, float] | None:
        """What pairwright must reach: in "times" the best peer, or "at least" or "at most" this."""
        section = SECTION[cell.section]
        at_most: float | None = None
        at_least: float | None = None
        if section.ratio:
            return "times", section.ratio
        if cell.section == "latency":
            at_most = AT_MOST.get(cell.case)
            if cell.case == LATENCIES["load"][0] and cell.vocabulary == "o200k_base":
                at_most = LOAD_O200K_MS
        if cell.section == "long":
            at_most = LONG_MS_A_BYTE * int(cell.case.split()[0].replace(",", "")) * 1000
        if cell.section == "decode":
            at_least = DECODE_MB_A_SECOND
        if cell.section == "scaling":
            at_least = TWO_OVER_ONE
        if cell.section == "count":
            at_least = self.value(cell._replace(section="warm"), "pairwright")
        if cell.section == "memory" and cell.case == MEMORY["fresh_growth"]:
            at_most = self.value(cell._replace(case=MEMORY["cache_limit"]), "pairwright")
        if at_most is not None:
            return "at most", at_most
        return None if at_least is None else ("at least", at_least)

    def record(self, cell: Cell) -> dict[str, Any]:
        """A cell for the JSON file and the tables."""
        section = SECTION[cell.section]
        ours, best, target = self.value(cell, "pairwright"), self.best_peer(cell), self.target(cell)
        ratio = None
        if ours and best and best[1]:
            ratio = ours / best[1] if section.higher else best[1] / ours
        met = None
        if target is not None and ours is not None:
            kind, value = target
            if kind == "times":
                met = None if ratio is None else ratio >= value
            else:
                met = ours >= value if kind == "at least" else ours <= value
        return {
            **cell._asdict(),
            "unit": section.unit,
            "results": {
                name: {
                    "median": measured.median,
                    "gives": measured.gives,
                    "problem": measured.problem,
                    "samples": measured.samples,
                }
                for name, measured in self.of[cell].items()
            },
            "best_peer": best[0] if best else None,
            "ratio": ratio,
            "target": None if target is None else {"kind": target[0], "value": target[1]},
            "met": met,
        }

    def records(self) -> list[dict[str, Any]]:
        """All cells, table by table."""
        sections = [section.key for section in SECTIONS]
        cases = [case for case, _ in LATENCIES.values()]

        def order(cell: Cell) -> tuple[int, str, int]:
            return (
                sections.index(cell.section),
                cell.vocabulary,
                cases.index(cell.case) if cell.section == "latency" else 0,
            )

        return [self.record(cell) for cell in sorted(self.of, key=order)]


def tables(records: list[dict[str, Any]], contenders: list[str]) -> Iterable[Table]:
    """The tables: a column for each contender, then the best peer, how pairwright compares, and what it must reach."""
    for section in SECTIONS:
        rows = [record for record in records if record["section"] == section.key]
        if not rows:
            continue
        title = f"{section.title}: {section.unit}" if section.unit else section.title
        drawn = Table(title=title, title_justify="left")
        drawn.add_column("vocabulary")
        drawn.add_column("case")
        shown = [name for name in contenders if any(name in row["results"] for row in rows)]
        for name in shown:
            gives = {row["results"][name]["gives"] for row in rows if name in row["results"]} - {""}
            label = "" if section.key == "long" or len(gives) != 1 else f"\n{gives.pop()}"
            drawn.add_column(name + label, justify="right")
        for heading in ("best peer", "ratio", "target", "met"):
            drawn.add_column(heading, justify="right")
        for row in rows:
            figures = [_shown(row["results"].get(name)) for name in shown]
            drawn.add_row(row["vocabulary"].removesuffix("_base"), row["case"], *figures, *_judged(row))
        yield drawn


def _judged(row: dict[str, Any]) -> tuple[str, str, str, str]:
    ratio = "–" if row["ratio"] is None else f"{row['ratio']:.2f}"
    target = "–"
    if row["target"] is not None:
        kind, value = row["target"]["kind"], row["target"]["value"]
        target = f"{value:g} ×" if kind == "times" else f"{'≥' if kind == 'at least' else '≤'} {_figure(value)}"
    met = {None: "–", True: "yes", False: "NO"}[row["met"]]
    return row["best_peer"] or "–", ratio, target, met


def _shown(result: dict[str, Any] | None) -> str:
    if result is None or (result["median"] is None and not result["problem"]):
        return "–"
    if result["problem"]:
        kind = "ids differ" if result["problem"].startswith("ids differ") else "failed"
        return kind if result["median"] is None else f"{_figure(result['median'])} ({kind})"
    return _figure(result["median"])


def _figure(value: float) -> str:
    """Three digits that count."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def problems(records: list[dict[str, Any]]) -> list[str]:
    """What went wrong, once for each contender and kind of problem."""
    found: dict[str, str] = {}
    for record in records:
        for name, result in record["results"].items():
            if result["problem"]:
                where = f"{record['section']}, {record['vocabulary']}, {record['case']}"
                found.setdefault(f"{name}: {result['problem']}", where)
    return [f"{problem} ({where})" for problem, where in found.items()]
