"""Counts files on the command line."""

from collections.abc import Sequence

from pairwright import Counts
from pairwright._core import _from_counts
from pairwright.cli import files
from pairwright.cli.console import CommandError


def load(name: str) -> Counts:
    """Read a counts file, or one that comes through standard input. Raises `OSError`, `FormatError`."""
    return _from_counts(files.read(name), files.STANDARD_INPUT) if name == files.STANDARD else Counts.load(name)


def load_sum(names: Sequence[str]) -> Counts:
    """The sum of several counts files, of at least one. Raises as `load`, and `CommandError` if they do not fit."""
    first, *others = names
    total = load(first)
    for name in others:
        counts = load(name)
        try:
            total = total + counts
        except (ValueError, OverflowError) as error:
            raise CommandError(f"{files.shown(name)} cannot be added to {files.shown(first)}: {error}") from error
    return total
