"""How tokens look: in colours, or with separators where there are none."""

from collections.abc import Iterable

from rich.console import Console
from rich.style import Style
from rich.table import Table
from rich.text import Text

from pairwright import Tokenizer
from pairwright.bar import quoted
from pairwright.cli.console import escape

# Neighbours must differ also where a terminal has but 16 colours, and black text be readable on each.
COLOURS = ("cyan", "yellow", "green", "magenta", "bright_blue")

SEPARATOR = "|"

# Longer tokens are told by their beginning where there is no need of all of it.
LONG = 80
SHOWN = 40


def visible(token: bytes) -> str:
    r"""A token as a reader sees it in its text: what cannot be printed as its escape, such as `\n` or `\xe2`."""
    text = token.decode(errors="backslashreplace")
    return "".join(char if char.isprintable() else escape(char) for char in text)


def in_line(tokens: Iterable[bytes], console: Console) -> Text:
    """Tokens one after the other; after a line feed the next line begins."""
    line = Text()
    separator = ""
    coloured = console.is_terminal and console.color_system is not None and not console.no_color
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


def longest(tokenizer: Tokenizer, number: int) -> str:
    """The longest ordinary tokens, the longest first."""
    tokens = sorted((token for token in tokenizer.vocab if len(token) > 1), key=len, reverse=True)
    return "  ".join(brief(token) for token in tokens[:number])


def first_merges(tokenizer: Tokenizer, number: int) -> str:
    """The first merges: which two tokens became which."""
    merges = tokenizer.merges[:number]
    return "  ".join(f"{brief(left)}+{brief(right)}" for left, right in merges)


def brief(token: bytes) -> str:
    """A token as `quoted` shows it, or the beginning of a long one with its length."""
    if len(token) <= LONG:
        return quoted(token)
    try:
        beginning = repr(token.decode()[:SHOWN])
    except UnicodeDecodeError:
        beginning = repr(token[:SHOWN])
    return f"{beginning}… ({len(token):,} bytes)"
