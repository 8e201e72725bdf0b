"""Where files of objects and tables have their text: in one field or column for all inputs, or in one for each."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, TypeAlias

from pairwright import arguments
from pairwright.errors import advise

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pairwright.corpus.finding import Format, Origin

# Inputs are `str`, `os.PathLike` or `None`. A type checker would refuse a dict whose keys are only some of these.
Name: TypeAlias = "str | Mapping[Any, str]"

DEFAULT = "text"

OBJECTS = ("jsonl", "json")

TABLES = ("csv", "tsv", "parquet", "arrow")


@dataclass(frozen=True)
class Names:
    """The names of one argument: `text_field` or `text_column`."""

    argument: str
    default: str = DEFAULT
    of_inputs: Mapping[str, str] = field(default_factory=dict)
    """By the path of an input, or of a file that was found for one, or by a pattern that files fit."""

    @classmethod
    def of(cls, argument: str, value: Name) -> Names:
        """What the argument says. Raises `TypeError`."""
        if isinstance(value, str):
            return cls(argument, value)
        if not isinstance(value, Mapping):
            raise TypeError(
                f"{argument} must be a str, or a dict of inputs with a str each, not {arguments.shown(value)}"
            )
        names = {key: arguments.text(f"{argument}[{key!r}]", name) for key, name in value.items()}
        default = names.pop(None, DEFAULT)
        return cls(argument, default, {_normal(argument, key): name for key, name in names.items()})

    @property
    def is_given(self) -> bool:
        """Whether it asks for anything but the default."""
        return bool(self.of_inputs) or self.default != DEFAULT

    def of_file(self, origin: Origin) -> str:
        """The name for a file: that of itself, of the input it was found for, or of the first pattern it fits."""
        keys = (key for key in _keys(origin) if key in self.of_inputs)
        patterns = (key for key in self.of_inputs if _fits(origin, key))
        return next((self.of_inputs[key] for key in (*keys, *patterns)), self.default)

    def check(self, origins: Iterable[Origin]) -> None:
        """Raises `ValueError` if a name is for an input that there is not, and names one that may be meant."""
        files = tuple(origins)
        known = {key for origin in files for key in _keys(origin)}
        for key in self.of_inputs:
            if key in known or any(_fits(origin, key) for origin in files):
                continue
            if is_pattern(key):
                raise ValueError(f"{self.argument} names {key!r}, which no input fits")
            others = (each for origin in files for each in _keys(origin) if PurePath(each).name == PurePath(key).name)
            found = next(others, None)
            advice = "name inputs as they are given" if found is None else f"say {found!r}"
            raise ValueError(f"{self.argument} names {key!r}, which is no input; {advice}")


def named(origins: Iterable[Origin], field: Names, column: Names) -> tuple[Origin, ...]:
    """The same files, each with the name of what has its text. Raises `ValueError`."""
    found = tuple(origins)
    field.check(found)
    column.check(found)
    _check_used(found, field, column)
    return tuple(replace(each, text=_text(each.format, field.of_file(each), column.of_file(each))) for each in found)


def _text(format: Format, field: str, column: str) -> str:
    if format == "text":
        return ""
    return field if format in OBJECTS else column


def _check_used(origins: tuple[Origin, ...], field: Names, column: Names) -> None:
    """Raises `ValueError` if only one argument is given, and it is not the one that the files need.

    Without this, the argument would be ignored: a field has no effect on tables, neither has any effect on text.
    """
    if field.is_given == column.is_given:
        return
    given, what, kind, formats = (
        (field, "field", "JSON", OBJECTS) if field.is_given else (column, "column", "a table", TABLES)
    )
    if any(origin.format in formats for origin in origins):
        return
    name = given.default if given.default != DEFAULT else next(iter(given.of_inputs.values()), DEFAULT)
    first = next((each for each in origins if not each.left_out), origins[0])
    error = ValueError(
        f"{given.argument}={name!r} names a {what} of {kind}, but {first.name} is read as {first.format}"
    )
    if first.format == "text":
        advise(error, f'format="{"jsonl" if given is field else "csv"}" reads it in this format')
    else:
        advise(error, f'{column.argument if given is field else field.argument}="{name}" reads it')
    raise error


def is_pattern(key: str) -> bool:
    """Whether a name is for all files that fit it."""
    return any(char in key for char in "*?[")


def _fits(origin: Origin, key: str) -> bool:
    """Whether a file fits a pattern. One without a slash is for names of files, wherever they are."""
    return is_pattern(key) and origin.path is not None and PurePath(os.path.normpath(origin.path)).match(key)


def _keys(origin: Origin) -> list[str]:
    """What a file may be called by, the closest name first."""
    own = [] if origin.path is None else [os.path.normpath(origin.path)]
    return [*own, os.path.normpath(origin.given)]


def _normal(argument: str, key: object) -> str:
    return os.path.normpath(arguments.named_path(f"an input of {argument}", key))
