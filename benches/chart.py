"""The ratios that `training.py` measured, as a chart: one panel for each job, one bar for each trainer.

    python benches/chart.py RESULTS.json CHART.svg

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
BARS = ["pairwright", "gigabpe", "rustbpe", "bpeasy", "tokenizers"]


def draw(summary: dict[str, Any], path: Path) -> None:
    """Draw the jobs of a summary; the name of the file says in what format."""
    jobs = [
        (job, [result for name in BARS for result in job["results"] if result["contender"] == name])
        for job in summary["jobs"]
    ]
    widest = max(result["ratio"] for _, results in jobs for result in results)
    # Texts as outlines look the same everywhere; a fixed salt and no date make the same file from the same figures.
    settings: dict[Any, Any] = {
        "svg.hashsalt": "pairwright",
        "font.size": 10,
        "text.color": TEXT,
        "font.family": "DejaVu Sans",
    }
    with mpl.rc_context(settings):
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
            panel.invert_yaxis()
            panel.set_xlim(0, widest * 1.18)
            panel.set_xticks([])
            panel.tick_params(axis="y", length=0, colors=TEXT)
            panel.spines[:].set_visible(False)
        here = summary["machine"]
        processor = f"{here['cores']} cores of {here['processor']}"
        note = f"Time from files to a vocabulary, as a multiple of pairwright's; {processor}"
        figure.supxlabel(note, fontsize=8, color=TEXT, x=0.01, ha="left")
        metadata = {"Date": None} if path.suffix == ".svg" else {}
        figure.savefig(path, transparent=True, metadata=metadata, dpi=200)
        plt.close(figure)


def label(result: dict[str, Any], job: dict[str, Any]) -> str:
    """The name of a trainer, with its split pattern where that is not the job's."""
    other = result["pattern"] != job["pattern"]
    return f"{result['contender']} ({result['pattern']})" if other else str(result["contender"])


def duration(seconds: float) -> str:
    """A time with its unit."""
    return f"{seconds:.1f} s" if seconds >= 1 else f"{seconds * 1e3:.0f} ms"


if __name__ == "__main__":
    draw(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")), Path(sys.argv[2]))
