"""Facts in two columns: what they are about, and what there is to say."""

from collections.abc import Iterable

from rich.table import Table
from rich.text import Text

from pairwright.cli.console import harmless


def table(facts: Iterable[tuple[str, str]], title: str | None = None) -> Table:
    """A table of facts; each may have several lines."""
    made = Table(box=None, show_header=False, pad_edge=False, title=title, title_justify="left", title_style="bold")
    made.add_column(style="cyan", no_wrap=True)
    made.add_column(overflow="fold")
    for label, fact in facts:
        made.add_row(label, Text(harmless(fact)))
    return made


def in_words(value: object) -> str:
    """A value of a model's metadata, of whatever shape: a nested one on lines of its own."""
    if isinstance(value, dict):
        return "\n".join(f"{key}: {in_one_line(each)}" for key, each in value.items())
    if isinstance(value, list):
        return "\n".join(in_one_line(each) for each in value)
    return in_one_line(value)


def in_one_line(value: object) -> str:
    """A value in one line."""
    if isinstance(value, dict):
        # A corpus is known by its name; the model file has its keys in the order of the alphabet.
        keys = sorted(value, key=lambda key: key != "name")
        return ", ".join(f"{key} {in_one_line(value[key])}" for key in keys)
    if isinstance(value, list):
        return ", ".join(map(in_one_line, value)) or "none"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return "none" if value is None else str(value)
