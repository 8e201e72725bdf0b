"""Where files of objects and tables have their text: in one field or column for all inputs, or in one for each."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeAlias

from pairwright import arguments

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pairwright.corpus.finding import Format, Origin

# Inputs are `str`, `os.PathLike` or `None`. A type checker would refuse a dict whose keys are only some of these.
Name: TypeAlias = "str | Mapping[Any, str]"

DEFAULT = "text"

OBJECTS = ("jsonl", "json")


@dataclass(frozen=True)
class Names:
    """The names of one argument: `text_field` or `text_column`."""

    argument: str
    default: str = DEFAULT
    of_inputs: Mapping[str, str] = field(default_factory=dict)
    """By the path of an input, or of a file that was found for one."""

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

    def of_file(self, origin: Origin) -> str:
        """The name for a file: that of the file itself goes before that of the input it was found for."""
        return next((self.of_inputs[key] for key in _keys(origin) if key in self.of_inputs), self.default)

    def check(self, origins: Iterable[Origin]) -> None:
        """Raises `ValueError` if a name is for an input that there is not."""
        known = {key for origin in origins for key in _keys(origin)}
        unknown = next((key for key in self.of_inputs if key not in known), None)
        if unknown is not None:
            raise ValueError(f"{self.argument} names {unknown!r}, which is no input; name inputs as they are given")


def named(origins: Iterable[Origin], field: Names, column: Names) -> tuple[Origin, ...]:
    """The same files, each with the name of what has its text. Raises `ValueError`."""
    found = tuple(origins)
    field.check(found)
    column.check(found)
    return tuple(replace(each, text=_text(each.format, field.of_file(each), column.of_file(each))) for each in found)


def _text(format: Format, field: str, column: str) -> str:
    if format == "text":
        return ""
    return field if format in OBJECTS else column


def _keys(origin: Origin) -> list[str]:
    """What a file may be called by, the closest name first."""
    own = [] if origin.path is None else [os.path.normpath(origin.path)]
    return [*own, os.path.normpath(origin.given)]


def _normal(argument: str, key: object) -> str:
    return os.path.normpath(arguments.named_path(f"an input of {argument}", key))
