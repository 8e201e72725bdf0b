"""What `training.py` and `encoding.py` measured, as charts: one bar for each contender.

    python benches/chart.py RESULTS.json CHART.svg              # of training.py
    python benches/chart.py RESULTS.json CHART.svg first|warm   # of encoding.py

Grey that is legible on white and on black, and no background, so that the chart can stand on either.
"""

import json
import sys
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")
from matplotlib import pyplot as plt

TEXT = "#7d8590"
OURS = "#e8590c"
PEERS = "#4c8dd6"
# Texts as outlines look the same everywhere; a fixed salt and no date make the same file from the same figures.
SETTINGS: dict[Any, Any] = {
    "svg.hashsalt": "pairwright",
    "font.size": 10,
    "text.color": TEXT,
    "font.family": "DejaVu Sans",
}
BARS = ["pairwright", "gigabpe", "rustbpe", "bpeasy", "tokenizers"]


def draw(summary: dict[str, Any], path: Path) -> None:
    """Draw the jobs of a summary; the name of the file says in what format."""
    jobs = [
        (job, [result for name in BARS for result in job["results"] if result["contender"] == name])
        for job in summary["jobs"]
    ]
    widest = max(result["ratio"] for _, results in jobs for result in results)
    with mpl.rc_context(SETTINGS):
        heights = [len(results) for _, results in jobs]
        figure, panels = plt.subplots(
            len(jobs),
            figsize=(8, 0.26 * sum(heights) + 0.6 * len(jobs) + 0.5),
            squeeze=False,
            layout="constrained",
            gridspec_kw={"height_ratios": heights},
        )
        for panel, (job, results) in zip(panels[:, 0], jobs, strict=True):
            title = f"{job['title']}, {job['bytes'] / 1e6:.0f} MB → {job['vocab_size']:,} ({job['pattern']})"
            panel.set_title(title, loc="left", fontsize=10, fontweight="bold", color=TEXT)
            panel.barh(
                [label(result, job) for result in results],
                [result["ratio"] for result in results],
                color=[OURS if result["contender"] == "pairwright" else PEERS for result in results],
                height=0.72,
            )
            for place, result in enumerate(results):
                figures = f"{result['ratio']:.1f} × ({duration(result['median_seconds'])})"
                panel.text(result["ratio"] + widest / 100, place, figures, va="center", fontsize=9)
            finish(panel, widest * 1.18)
        here = summary["machine"]
        processor = f"{here['cores']} cores of {here['processor']}"
        note = f"Time from files to a vocabulary, as a multiple of pairwright's; {processor}"
        figure.supxlabel(note, fontsize=8, color=TEXT, x=0.01, ha="left")
        save(figure, path)


def label(result: dict[str, Any], job: dict[str, Any]) -> str:
    """The name of a trainer, with its split pattern where that is not the job's."""
    other = result["pattern"] != job["pattern"]
    return f"{result['contender']} ({result['pattern']})" if other else str(result["contender"])


def duration(seconds: float) -> str:
    """A time with its unit."""
    return f"{seconds:.1f} s" if seconds >= 1 else f"{seconds * 1e3:.0f} ms"


def draw_encoding(summary: dict[str, Any], section: str, path: Path) -> None:
    """Draw one table of `encoding.py`, MB/s: a row of panels a corpus, a column a vocabulary, a bar an encoder."""
    cells = [cell for cell in summary["cells"] if cell["section"] == section]
    cases = list(dict.fromkeys(cell["case"] for cell in cells))
    vocabularies = list(dict.fromkeys(cell["vocabulary"] for cell in cells))
    if not cells:
        raise ValueError(f"nothing was measured for {section!r}")

    def bars(case: str, vocabulary: str) -> list[tuple[str, float]]:
        found = [cell for cell in cells if cell["case"] == case and cell["vocabulary"] == vocabulary]
        figures = [
            (name, result["median"])
            for cell in found
            for name, result in cell["results"].items()
            if result["median"] is not None and not result["problem"]
        ]
        return sorted(figures, key=lambda figure: figure[1], reverse=True)

    drawn = {(case, vocabulary): bars(case, vocabulary) for case in cases for vocabulary in vocabularies}
    widest = max(speed for figures in drawn.values() for _, speed in figures)
    number = max(len(figures) for figures in drawn.values())
    with mpl.rc_context(SETTINGS):
        figure, panels = plt.subplots(
            len(cases),
            len(vocabularies),
            figsize=(4.6 * len(vocabularies), (0.2 * number + 0.5) * len(cases) + 0.4),
            squeeze=False,
            layout="constrained",
        )
        for row, case in zip(panels, cases, strict=True):
            for panel, vocabulary in zip(row, vocabularies, strict=True):
                figures = drawn[case, vocabulary]
                panel.set_title(f"{case}, {vocabulary}", loc="left", fontsize=10, fontweight="bold", color=TEXT)
                panel.barh(
                    [name for name, _ in figures],
                    [speed for _, speed in figures],
                    color=[OURS if name == "pairwright" else PEERS for name, _ in figures],
                    height=0.72,
                )
                for place, (_, speed) in enumerate(figures):
                    text = f"{speed:.0f}" if speed >= 10 else f"{speed:.1f}"
                    panel.text(speed + widest / 100, place, text, va="center", fontsize=9)
                finish(panel, widest * 1.12)
        what = {"warm": "seen before", "first": "on first sight, in a fresh process"}[section]
        processor = summary["machine"]["processor"]
        note = f"MB/s of text in documents of 4 KB {what}; more is better; one core of {processor}"
        figure.supxlabel(note, fontsize=8, color=TEXT, x=0.01, ha="left")
        save(figure, path)


def finish(panel: Any, width: float) -> None:  # noqa: ANN401  matplotlib has no types
    """Take away what a panel does not need."""
    panel.invert_yaxis()
    panel.set_xlim(0, width)
    panel.set_xticks([])
    panel.tick_params(axis="y", length=0, colors=TEXT)
    panel.spines[:].set_visible(False)


def save(figure: Any, path: Path) -> None:  # noqa: ANN401
    """Write the file; the same figures give the same file."""
    metadata = {"Date": None} if path.suffix == ".svg" else {}
    figure.savefig(path, transparent=True, metadata=metadata, dpi=200)
    plt.close(figure)


def main() -> None:
    """Draw what was asked for."""
    results, path, *section = sys.argv[1:]
    summary = json.loads(Path(results).read_text(encoding="utf-8"))
    if section:
        draw_encoding(summary, section[0], Path(path))
    else:
        draw(summary, Path(path))


if __name__ == "__main__":
    main()
