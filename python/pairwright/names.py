"""Names that are nearly right: what was probably meant."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from pairwright import arguments
from pairwright._core import PATTERN_NAMES
from pairwright.errors import advise

if TYPE_CHECKING:
    from collections.abc import Iterable


def closest(name: str, names: Iterable[str]) -> str | None:
    """The one of some names that was probably meant: the shortest that this one begins, else the most similar one."""
    by_folded = {known.casefold(): known for known in reversed(list(names))}
    folded = name.casefold().strip()
    begun = [known for known in by_folded if len(folded) > 1 and known.startswith(folded)]
    similar = difflib.get_close_matches(folded, by_folded, n=1)
    found = [*sorted(begun, key=len), *similar]
    return by_folded[found[0]] if found else None


def suggestion(name: str, names: Iterable[str]) -> str:
    """What to append to a message on an unknown name, if one of some names is similar."""
    meant = closest(name, names)
    return "" if meant is None else f"; did you mean {meant!r}?"


def unknown_pattern(message: str, pattern: str) -> ValueError:
    """The error for a split pattern that is no name and no regex. For use by the core."""
    error = ValueError(message + suggestion(pattern, PATTERN_NAMES))
    advise(error, f"write (?:{pattern.strip()}) for a regex that matches nothing but this text")
    return error


def check_name(argument: str, name: object, instead: str) -> None:
    """Raise `TypeError` for what is no `str`. `instead` tells what may have been meant."""
    try:
        arguments.text(argument, name)
    except TypeError as error:
        advise(error, instead)
        raise
