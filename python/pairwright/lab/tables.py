"""The tables of a comparison, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pairwright.lab.comparison import Comparison
    from pairwright.lab.rows import Row

DOCUMENTS = 3

# What a column is called, which entry it has, and how that is written. What is `None` in all rows has no column.
Columns = tuple[tuple[str, str, str], ...]

ROWS: Columns = (
    ("tokens", "tokens", ",d"),
    ("bytes/token", "bytes_per_token", ".3f"),
    ("tokens/word", "tokens_per_word", ".3f"),
    ("premium", "premium", ".3f"),
    ("Rényi", "renyi", ".4f"),
    ("bits/byte", "bits_per_byte", ".3f"),
    ("fragments", "fragments", ".2%"),
    ("one-token words", "single_token_words", ".1%"),
    ("use", "use", ".1%"),
    ("drift", "drift", ".3f"),
    ("p99", "p99", ",d"),
    ("longest", "longest", ",d"),
    ("beyond context", "beyond_context", ",d"),
    ("headroom", "headroom", ".3f"),
    ("MB/s", "megabytes_per_second", ".1f"),
)

TOKENIZERS: Columns = (
    ("vocab", "vocab_size", ",d"),
    ("tokens", "tokens", ",d"),
    ("bytes/token", "bytes_per_token", ".3f"),
    ("tokens/word", "tokens_per_word", ".3f"),
    ("Gini", "gini", ".4f"),
    ("worst premium", "worst_premium", ".3f"),
    ("of", "worst_text", "s"),
    ("Rényi", "renyi", ".4f"),
    ("use", "use", ".1%"),
)


def tables(comparison: Comparison) -> Iterator[Table]:
    """A table of texts, one of tokenizers, and for each two of these what they share and where they differ."""
    yield table(comparison.rows, ("text", "tokenizer"), ROWS)
    yield table(comparison.tokenizers, ("tokenizer",), TOKENIZERS, title="all texts")
    for pair in comparison.pairs:
        title = (
            f"{pair.first} and {pair.second}: {len(pair.shared):,} tokens in both, "
            f"{pair.only_first:,} and {pair.only_second:,} in one"
        )
        made = _empty(title)
        for heading in ("text", "differs most on"):
            made.add_column(heading, overflow="fold")
        for heading in ("times", pair.first, pair.second, "difference"):
            made.add_column(_text(heading), justify="right", overflow="fold")
        for piece in pair.pieces:
            shown = repr(piece.piece.decode(errors="backslashreplace"))
            numbers = (piece.occurrences, *piece.tokens)
            made.add_row(_text(piece.text), _text(shown), *(f"{each:,}" for each in numbers), f"{piece.difference:+,}")
        ordered = sorted(pair.documents, key=lambda each: -abs(each[1].tokens[1] - each[1].tokens[0]))
        for text, document in ordered[:DOCUMENTS]:
            first, second = document.tokens
            made.add_row(_text(text), _text(document.place), "1", f"{first:,}", f"{second:,}", f"{second - first:+,}")
        yield made


def table(rows: list[Row], names: tuple[str, ...], columns: Columns, title: str | None = None) -> Table:
    """A table of rows: their names, and those of the columns that any row has something in."""
    made = _empty(title)
    for name in names:
        made.add_column(name, overflow="fold")
    shown = [each for each in columns if any(row[each[1]] is not None for row in rows)]
    for heading, key, _ in shown:
        made.add_column(heading, justify="left" if isinstance(rows[0][key], str) else "right", overflow="fold")
    for row in rows:
        made.add_row(*(_text(row[name]) for name in names), *(_text(_written(row[key], how)) for _, key, how in shown))
    return made


def _empty(title: str | None) -> Table:
    return Table(
        box=None, pad_edge=False, title=_text(title) if title else None, title_justify="left", title_style="bold"
    )


def _written(value: float | str | None, how: str) -> str:
    return "–" if value is None else format(value, how)


def _text(text: str) -> Text:
    """Text in which nothing is markup and nothing steers a terminal."""
    return Text("".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text))
