"""Checks of arguments, made before any work: a value is taken as what it means, or refused by the argument's name."""

from __future__ import annotations

import operator
import os
from collections.abc import Iterable, Mapping

# `typing.TYPE_CHECKING`: `typing` takes longer to import than all above.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def integer(argument: str, value: object, *, least: int | None = None) -> int:
    """An int, of whatever has `__index__`, such as numpy's. Raises `TypeError`; `ValueError` if it is too small."""
    # A bool is an int to Python, and a slip wherever a number is asked for.
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise TypeError(f"{argument} must be an int, not {shown(value)}")
    try:
        number = operator.index(value)
    except TypeError as error:
        # Arrays have `__index__`, but only those with a single element can use it.
        raise TypeError(f"{argument} must be an int, not {shown(value)}") from error
    if least is not None and number < least:
        raise ValueError(f"{argument}={number}: must be at least {least}")
    return number


def number(argument: str, value: object) -> float:
    """A float, of any real number: numpy's and `fractions.Fraction` too. Raises `TypeError`."""
    if isinstance(value, bool | str | bytes | bytearray) or not hasattr(value, "__float__"):
        raise TypeError(f"{argument} must be a number, not {shown(value)}")
    try:
        return float(value)
    except TypeError as error:
        raise TypeError(f"{argument} must be a number, not {shown(value)}") from error


def size_or_share(argument: str, value: object) -> int | float:
    """A number of bytes, as an int, or a share, as a float. Raises `TypeError`."""
    if isinstance(value, bool) or not (hasattr(value, "__index__") or hasattr(value, "__float__")):
        raise TypeError(
            f"{argument} must be an int, a number of bytes such as 8 * 2**30, or a float, a share such as 0.5, "
            f"not {shown(value)}"
        )
    return integer(argument, value) if hasattr(value, "__index__") else number(argument, value)


def flag(argument: str, value: object) -> bool:
    """A bool, of numpy's too. Raises `TypeError`: the truth of anything else, such as "no", is hardly what is meant."""
    if isinstance(value, bool):
        return value
    if type(value).__name__ in ("bool", "bool_") and type(value).__module__ == "numpy":
        return bool(value)
    raise TypeError(f"{argument} must be True or False, not {shown(value)}")


def text(argument: str, value: object) -> str:
    """A `str`. Raises `TypeError`."""
    if not isinstance(value, str):
        raise TypeError(f"{argument} must be a str, not {shown(value)}")
    return value


def pattern(value: object) -> str:
    """The argument `pattern`. Raises `TypeError`; `ValueError` if it is no text, or JSON that is no list of steps."""
    found = text("pattern", value)
    if found.lstrip()[:1] in ("[", "{"):
        from pairwright.steps import normalized

        found = normalized(found)
    _refuse_surrogates("pattern", found)
    return found


def _refuse_surrogates(argument: str, value: str) -> None:
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"{argument} is {value!a}: a surrogate is no text") from error


def content(argument: str, value: bytes | bytearray | memoryview) -> bytes:
    """The bytes of a text. Raises `TypeError` for a view of numbers, such as ids, which is hardly meant to be text."""
    if isinstance(value, memoryview) and value.format not in ("B", "b", "c"):
        raise TypeError(
            f"{argument} must be str or bytes, not a memoryview of numbers (format {value.format!r}); "
            'view.cast("B") has their bytes'
        )
    return bytes(value)


def path(argument: str, value: object) -> str:
    """The path that a `str` or `os.PathLike` names. Raises `TypeError`, for `bytes` too, as `pathlib` does."""
    if isinstance(value, str):
        return value
    found = os.fspath(value) if isinstance(value, os.PathLike) else value
    if isinstance(found, bytes):
        raise TypeError(f"{argument} must be a str or os.PathLike, not {shown(value)}; os.fsdecode makes a str of it")
    if not isinstance(found, str):
        raise TypeError(f"{argument} must be a str or os.PathLike, not {shown(value)}")
    return found


def named_path(argument: str, value: object) -> str:
    """As `path`. Raises `ValueError` for an empty one: that would be the current folder, which is hardly meant."""
    if value == "":
        raise ValueError(f"{argument} is empty: name a file or folder")
    return path(argument, value)


def choice(argument: str, value: object, choices: Sequence[str]) -> str:
    """One of several words. Raises `TypeError`, `ValueError`."""
    quoted = [f'"{each}"' for each in choices]
    known = " or ".join((", ".join(quoted[:-1]), quoted[-1])) if len(quoted) > 1 else quoted[0]
    if not isinstance(value, str):
        raise TypeError(f"{argument} must be {known}, not {shown(value)}")
    if value not in choices:
        raise ValueError(f"{argument}={value!r}: must be {known}")
    return value


def names(argument: str, value: object) -> list[str]:
    """The names of special tokens, of any iterable of `str`; those of a set are sorted, since it has no order.

    Raises `TypeError`, for a single `str` too: its characters are hardly meant.
    """
    if isinstance(value, str):
        raise TypeError(f"{argument} must be a list of names, not one str; pass [{value!r}]")
    if isinstance(value, Mapping):
        raise TypeError(
            f"{argument} must be a list of names, not {shown(value)}: ids follow the order; pass a list of its keys"
        )
    if isinstance(value, bytes | bytearray) or not isinstance(value, Iterable):
        raise TypeError(f"{argument} must be a list of names, not {shown(value)}")
    found: list[str] = []
    for place, name in enumerate(value):
        if not isinstance(name, str):
            raise TypeError(f"{argument}[{place}] must be a str, not {shown(name)}")
        _refuse_surrogates(f"{argument}[{place}]", name)
        found.append(str(name))
    return sorted(found) if isinstance(value, set | frozenset) else found


def tokenizer(argument: str, value: object) -> None:
    """Raises `TypeError` for what is no `Tokenizer`, such as the path of one."""
    from pairwright._core import Tokenizer

    if not isinstance(value, Tokenizer):
        raise TypeError(f"{argument} must be a Tokenizer, not {shown(value)}; Tokenizer.load reads a model file")


def receiver(argument: str, value: object) -> None:
    """Raises `TypeError` for what is neither `None`, a bool nor callable."""
    if not (value is None or isinstance(value, bool) or callable(value)):
        raise TypeError(f"{argument} must be None, a bool or a callable, not {shown(value)}")


def shown(value: object) -> str:
    """A value in an error message: short ones of simple types as they are, of any others the type."""
    if value is None:
        return "None"
    kind = type(value)
    if kind in (bool, int, float, str, bytes):
        written = repr(value)
        return f"{kind.__name__} {written}" if len(written) <= 40 else kind.__name__
    return kind.__name__
