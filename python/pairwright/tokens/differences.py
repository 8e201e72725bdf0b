"""In what a run differs from the one that a folder belongs to, in the words of Python or of the command line."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any, TypeAlias

from pairwright.errors import PairwrightError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

RESTART = "restart=True removes what was written there and begins anew; or name another folder"


class AnotherRunError(PairwrightError):
    """A folder holds shards that were made in another way."""

    in_options: str
    """The message with options of the command line instead of keyword arguments."""

    @classmethod
    def between(cls, folder: Path, found: dict[str, Any], asked: dict[str, Any]) -> AnotherRunError:
        """The error for a folder that belongs to one run where another one was asked for."""

        def message(say: Say) -> str:
            return f"{folder} belongs to another run, with {'; '.join(_differences(found, asked, say))}"

        error = cls(message(_in_python), hint=RESTART)
        error.in_options = message(_as_option)
        return error


# How a setting and its value are said.
Say: TypeAlias = "Callable[[str, object], str]"


def _in_python(name: str, value: object) -> str:
    return f"{name}={value!r}"


def _as_option(name: str, value: object) -> str:
    option = f"--{name.replace('_', '-')}"
    if value is None:
        return f"no {option}"
    return option if value is True else f"{option} {shlex.quote(str(value))}"


def _differences(found: dict[str, Any], asked: dict[str, Any], say: Say) -> list[str]:
    """What is not the same, each as "what was found, not what is asked for"."""
    differs = []
    if found.get("tokenizer") != asked["tokenizer"]:
        differs.append("another tokenizer")
    if found.get("inputs") != asked["inputs"]:
        differs.append("other inputs")
    theirs, mine = found.get("settings", {}), asked["settings"]
    # The type of ids follows from the tokenizer.
    keys = (key for key in sorted({*theirs, *mine}) if theirs.get(key) != mine.get(key) and key != "dtype")
    differs += [f"{_setting(key, theirs.get(key), say)}, not {_setting(key, mine.get(key), say)}" for key in keys]
    return differs or ["settings that this version does not know"]


def _setting(key: str, value: Any, say: Say) -> str:  # noqa: ANN401  whatever stands in the JSON
    if key == "append" and isinstance(value, dict):
        value = value.get("token")
    if key != "documents" or not isinstance(value, dict):
        return say(key, value)
    return _documents(value, say)


def _documents(value: dict[str, Any], say: Say) -> str:
    """What in the inputs is a document."""
    unit = str(value.get("unit"))
    if unit == "mixed" and isinstance(value.get("units"), list):
        # None of them is of several kinds again, but in a record that was made up.
        kinds = ", ".join(_documents(each | {"units": None}, say) for each in value["units"] if isinstance(each, dict))
        return f"inputs of several kinds ({kinds})"
    if unit == "line":
        return say("lines", True)
    named = {"separator": ("separator", "separator"), "json": ("text_field", "field"), "row": ("text_column", "column")}
    if unit in named:
        name, field = named[unit]
        return say(name, value.get(field))
    return {"file": "whole files", "mixed": "inputs of several kinds", "text": "texts in memory"}.get(
        unit, f"documents of kind {unit!r}"
    )
