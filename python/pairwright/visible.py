"""How tokens look in a terminal: in colours, or with separators where there are none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.style import Style
from rich.table import Table
from rich.text import Text

from pairwright.bar import quoted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import Console

    from pairwright import Tokenizer

# Neighbours must differ also where a terminal has but 16 colours, and black text be readable on each.
COLOURS = ("cyan", "yellow", "green", "magenta", "bright_blue")

SEPARATOR = "|"


def escape(char: str) -> str:
    """The escape of a character in a Python literal. Bytes that are not UTF-8 are those that they are."""
    if "\udc80" <= char <= "\udcff":
        return f"\\x{ord(char) - 0xDC00:02x}"
    return char.encode("unicode_escape").decode("ascii")


def visible(token: bytes) -> str:
    r"""A token as a reader sees it in its text: what cannot be printed as its escape, such as `\n` or `\xe2`."""
    text = token.decode(errors="backslashreplace")
    return "".join(char if char.isprintable() else escape(char) for char in text)


def in_line(tokens: Iterable[bytes], console: Console | None = None) -> Text:
    """Tokens one after the other; after a line feed the next line begins."""
    line = Text()
    separator = ""
    coloured = console is not None and console.is_terminal and console.color_system is not None and not console.no_color
    for index, token in enumerate(tokens):
        if coloured:
            line.append(visible(token), Style(color="black", bgcolor=COLOURS[index % len(COLOURS)]))
        else:
            line.append(separator + visible(token))
        separator = SEPARATOR
        if token.endswith(b"\n"):
            line.append("\n")
            separator = ""
    return line


def table_of_ids(tokenizer: Tokenizer, ids: Iterable[int]) -> Table:
    """The id, bytes and text of each token."""
    table = Table(box=None, pad_edge=False)
    table.add_column("id", justify="right")
    table.add_column("bytes", overflow="fold")
    table.add_column("text", overflow="fold")
    for token_id in ids:
        token = tokenizer.token_bytes(token_id)
        table.add_row(str(token_id), token.hex(" "), Text(quoted(token)))
    return table
