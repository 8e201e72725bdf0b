"""How alike training treats languages, and how long that takes.

    PAIRWRIGHT_DATA=FOLDER python benches/languages.py [--smoke] [--vocab-size N] [--repeats N] [--peer]

Trains vocabularies on a book in 26 languages, as ordinary training does, on a mixture, and by parity. Of each it tells
the tokens of all books, the Gini coefficient of the tokens of each, the worst premium over English, and the time from
counts. The targets: parity takes at most three times as long as ordinary training; with `--peer`, it is at least fifty
times as fast as `tokenizers`' `ParityBpeTrainer`, which has the first part of five of the books to learn 8,000 merges
from, and is timed once.

All are trained once before, and then in turn; times are medians. `--smoke` only shows that it works: small texts, once.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import corpora
from corpora import MissingError
from report import machine, machine_line, message
from rich.console import Console
from rich.table import Table

import pairwright as pw
from pairwright._core import PATTERNS
from pairwright.lab.metrics import gini

VOCAB_SIZE = 32_000

# What the peer gets: 1.8 MB in five languages.
PEER_LANGUAGES = ("en-US", "de-DE", "ru-RU", "ja-JP", "ar-MA")
PEER_BYTES = 360_000
PEER_MERGES = 8_000

Train = Callable[[], pw.Tokenizer]


def trainings(counts: dict[str, pw.Counts], vocab_size: int) -> dict[str, Train]:
    """All that is compared, by name. The first is ordinary training."""
    half = vocab_size // 2
    whole = pw.mix(counts, weights=dict.fromkeys(counts, 1))
    return {
        "ordinary": lambda: pw.train(whole, vocab_size),
        "mixture, temperature 0.3": lambda: pw.train(pw.mix(counts, temperature=0.3), vocab_size),
        "parity": lambda: pw.train(counts, vocab_size, objective="parity"),
        f"parity, {half:,} global merges": lambda: pw.train(
            counts, vocab_size, objective=pw.Parity(global_merges=half)
        ),
        "parity, window 100": lambda: pw.train(counts, vocab_size, objective=pw.Parity(window=100)),
    }


def table(counts: dict[str, pw.Counts], reference: str, vocab_size: int, repeats: int) -> Table:
    """What became of the languages, and the times."""
    todo = trainings(counts, vocab_size)
    tokenizers = {name: train() for name, train in todo.items()}
    times: dict[str, list[float]] = {name: [] for name in todo}
    for _ in range(repeats):
        for name, train in todo.items():
            began = time.perf_counter()
            train()
            times[name].append(time.perf_counter() - began)
    title = f"{len(counts)} languages, {vocab_size:,} ids"
    drawn = Table(title=title, title_justify="left")
    drawn.add_column("training")
    for heading in ("tokens", "Gini", f"worst premium over {reference}", "time", "of ordinary"):
        drawn.add_column(heading, justify="right", no_wrap=True)
    ordinary = times["ordinary"]
    for name, tokenizer in tokenizers.items():
        tokens = {language: int(tokenizer.usage(each).sum()) for language, each in counts.items()}
        worst = max(tokens, key=lambda language: tokens[language])
        ratio = statistics.median(own / other for own, other in zip(times[name], ordinary, strict=True))
        drawn.add_row(
            name,
            f"{sum(tokens.values()):,}",
            f"{gini(list(tokens.values())):.4f}",
            f"{tokens[worst] / tokens[reference]:.3f} ({worst})",
            f"{statistics.median(times[name]):.2f} s",
            f"{ratio:.2f} ×",
        )
    return drawn


def beside_peer(books: dict[str, Path], repeats: int) -> str:
    """The time of `tokenizers` for the same, over ours. Both read texts."""
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers, trainers

    texts = {name: books[name].read_bytes()[:PEER_BYTES].decode(errors="ignore") for name in PEER_LANGUAGES}
    regex = PATTERNS["cl100k"]

    def ours() -> object:
        given = {name: pw.texts(text) for name, text in texts.items()}
        return pw.train(given, 256 + PEER_MERGES, objective="parity")

    def theirs() -> object:
        tokenizer = Tokenizer(models.BPE())
        split = pre_tokenizers.Split(Regex(regex), "isolated")
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence([split, pre_tokenizers.ByteLevel(False, use_regex=False)])
        trainer = trainers.ParityBpeTrainer(num_merges=PEER_MERGES, show_progress=False)
        lines = [text.splitlines(keepends=True) for text in texts.values()]
        trainer.train_from_iterator(tokenizer, [iter(each) for each in lines], [iter(each) for each in lines])
        return tokenizer

    own = []
    for _ in range(repeats + 1):
        began = time.perf_counter()
        ours()
        own.append(time.perf_counter() - began)
    began = time.perf_counter()
    theirs()
    their = time.perf_counter() - began
    mine = statistics.median(own[1:])
    size = sum(len(text.encode()) for text in texts.values())
    return (
        f"{PEER_MERGES:,} merges of {size:,} bytes in {len(texts)} languages: {mine:.3f} s, "
        f"tokenizers' ParityBpeTrainer {their:.1f} s: {their / mine:.0f} × (target 50)"
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--smoke", action="store_true", help="only see that it runs, with small texts")
    parser.add_argument("--vocab-size", type=int, default=VOCAB_SIZE, help="the ids to train")
    parser.add_argument("--repeats", type=int, default=3, help="how often each training is timed")
    parser.add_argument("--peer", action="store_true", help="compare with tokenizers")
    asked = parser.parse_args()
    with TemporaryDirectory() as folder:
        try:
            paths = corpora.smoke(Path(folder)) if asked.smoke else corpora.handbook(Path(folder))
        except MissingError as error:
            sys.exit(f"error: {error}")
        books = {path.stem: path for path in paths}
        counts = {name: pw.count(path) for name, path in books.items()}
        if asked.smoke:
            text = paths[0].read_text(encoding="utf-8")
            counts = {
                "first half": pw.count([text[: len(text) // 2]]),
                "second half": pw.count([text[len(text) // 2 :]]),
            }
        reference = "en-US" if "en-US" in counts else next(iter(counts))
        vocab_size, repeats = (600, 1) if asked.smoke else (asked.vocab_size, asked.repeats)
        message(f"training {len(trainings(counts, vocab_size))} vocabularies")
        console = Console(width=120)
        console.print(table(counts, reference, vocab_size, repeats))
        if asked.peer and not asked.smoke:
            console.print(beside_peer(books, repeats), soft_wrap=True)
        console.print(f"Medians of {repeats}. {machine_line(machine())}", soft_wrap=True)


if __name__ == "__main__":
    main()
