"""The tables of a comparison, for people."""

from __future__ import annotations

from io import StringIO
from typing import TYPE_CHECKING, Literal

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pairwright.lab.comparison import Comparison
    from pairwright.lab.rows import Row

WIDTH = 4096
"""As text, lines of tables are not broken."""

DOCUMENTS = 3

# Blanks between two columns.
GAP = 2

# What a column is called, which entry it has, and how that is written. What is `None` in all rows has no column.
Columns = tuple[tuple[str, str, str], ...]

# What was asked for comes first, and after that what tells more: a narrow terminal shows as many as fit.
ROWS: Columns = (
    ("tokens", "tokens", ",d"),
    ("bytes/token", "bytes_per_token", ".3f"),
    ("tokens/word", "tokens_per_word", ".3f"),
    ("premium", "premium", ".3f"),
    ("beyond context", "beyond_context", ",d"),
    ("headroom", "headroom", ".3f"),
    ("MB/s", "megabytes_per_second", ".1f"),
    ("Rényi", "renyi", ".4f"),
    ("bits/byte", "bits_per_byte", ".3f"),
    ("fragments", "fragments", ".2%"),
    ("one-token words", "single_token_words", ".1%"),
    ("use", "use", ".1%"),
    ("drift", "drift", ".3f"),
    ("p99", "p99", ",d"),
    ("longest", "longest", ",d"),
)

TOKENIZERS: Columns = (
    ("vocab", "vocab_size", ",d"),
    ("tokens", "tokens", ",d"),
    ("bytes/token", "bytes_per_token", ".3f"),
    ("tokens/word", "tokens_per_word", ".3f"),
    ("Gini", "gini", ".4f"),
    ("worst premium", "worst_premium", ".3f"),
    ("worst text", "worst_text", "s"),
    ("Rényi", "renyi", ".4f"),
    ("use", "use", ".1%"),
)


def as_text(tables: Iterable[Table]) -> str:
    """Tables as plain text, with an empty line between two, and without blanks at the ends of lines."""
    stream = StringIO()
    screen = Console(file=stream, width=WIDTH, markup=False, highlight=False, emoji=False, color_system=None)
    for number, table in enumerate(tables):
        screen.print(*([] if number == 0 else [""]), table, sep="\n")
    return "\n".join(line.rstrip() for line in stream.getvalue().splitlines())


def tables(comparison: Comparison, width: int | None = None) -> Iterator[Table]:
    """A table of texts, one of tokenizers, and for each two of these what they share and where they differ.

    The first two leave out columns that a screen of this width has no room for, and say so.
    """
    yield table(comparison.rows, ("text", "tokenizer"), ROWS, width)
    yield table(comparison.tokenizers, ("tokenizer",), TOKENIZERS, width, title="all texts")
    for pair in comparison.pairs:
        title = (
            f"{pair.first} and {pair.second}: {len(pair.shared):,} tokens in both, "
            f"{pair.only_first:,} and {pair.only_second:,} in one"
        )
        made = _empty(title)
        for heading in ("text", "differs most on"):
            made.add_column(heading, overflow="fold")
        for heading in ("times", pair.first, pair.second, "difference"):
            made.add_column(_text(heading), justify="right", no_wrap=True)
        for piece in pair.pieces:
            shown = repr(piece.piece.decode(errors="backslashreplace"))
            numbers = (piece.occurrences, *piece.tokens)
            made.add_row(_text(piece.text), _text(shown), *(f"{each:,}" for each in numbers), f"{piece.difference:+,}")
        ordered = sorted(pair.documents, key=lambda each: -abs(each[1].tokens[1] - each[1].tokens[0]))
        for text, document in ordered[:DOCUMENTS]:
            first, second = document.tokens
            made.add_row(_text(text), _text(document.place), "1", f"{first:,}", f"{second:,}", f"{second - first:+,}")
        yield made


def table(
    rows: list[Row], names: tuple[str, ...], columns: Columns, width: int | None, title: str | None = None
) -> Table:
    """A table of rows: their names, and those of the columns that any row has something in."""
    cells = {name: [_text(row[name]) for row in rows] for name in names}
    used = sum(GAP + _width(name, column) for name, column in cells.items()) - GAP
    left_out: list[str] = []
    words: set[str] = set(names)
    for heading, key, how in columns:
        if all(row[key] is None for row in rows):
            continue
        column = [_text(_written(row[key], how)) for row in rows]
        used += GAP + _width(heading, column)
        if width is not None and used > width:
            left_out.append(heading)
            continue
        cells[heading] = column
        if how == "s":
            words.add(heading)
    made = _empty(title)
    for heading in cells:
        justify: Literal["left", "right"] = "left" if heading in words else "right"
        made.add_column(heading, justify=justify, overflow="fold", no_wrap=heading not in names)
    for row in zip(*cells.values(), strict=True):
        made.add_row(*row)
    if left_out:
        made.caption = f"no room for: {', '.join(left_out)}"
        made.caption_justify = "left"
    return made


def _width(heading: str, column: list[Text]) -> int:
    return max(cell_len(heading), *(each.cell_len for each in column))


def _empty(title: str | None) -> Table:
    return Table(
        box=None, pad_edge=False, title=_text(title) if title else None, title_justify="left", title_style="bold"
    )


def _written(value: float | str | None, how: str) -> str:
    return "–" if value is None else format(value, how)


def _text(text: str) -> Text:
    """Text in which nothing is markup and nothing steers a terminal."""
    return Text("".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text))
