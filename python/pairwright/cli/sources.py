"""Sources with a name, as `NAME=PATH`."""

import os
from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Unpack

from pairwright import Corpus, Counts
from pairwright._core import kind_of
from pairwright.cli import counted, files
from pairwright.cli.console import UsageError
from pairwright.corpus.files import Options
from pairwright.mixture import LONGEST


def paths_by_name(given: Sequence[str]) -> dict[str, list[str]]:
    """The paths of each name. A path without one is called by its stem.

    Raises `UsageError` if two are then called the same.
    """
    paths: dict[str, list[str]] = {}
    unnamed: set[str] = set()
    for value in given:
        name, path = split(value)
        if name is None:
            # The current folder has a name, too.
            name = Path(path).stem or Path(path).resolve().name or path
            if name in paths:
                raise UsageError(
                    f"two sources are called {name}",
                    hint=f"for more of the same say {name}={path}, or name it NAME={path}",
                )
            unnamed.add(name)
        elif name in unnamed:
            raise UsageError(f"two sources are called {name}", hint=f"say {name}={paths[name][0]}, too")
        paths.setdefault(name, []).append(path)
    return paths


def of_paths(paths: Mapping[str, Sequence[str]], **options: Unpack[Options]) -> dict[str, Corpus | Counts]:
    """What is at the paths of each name: counts files, or anything that holds text.

    Raises `UsageError` where one has both; `OSError`, `FormatError`.
    """
    return {name: _source(name, found, options) for name, found in paths.items()}


def split(value: str) -> tuple[str | None, str]:
    """NAME=PATH, or a path alone, which may have an = in the names of its folders or exist as it is."""
    name, equals, path = value.partition("=")
    if not equals or os.sep in name or Path(value).exists():
        return None, value
    if not name or not path:
        raise UsageError(f"{value!r} is no NAME=PATH", hint="give a name, =, and what has it")
    return name, path


def named_numbers(option: str, given: Sequence[str]) -> dict[str, str]:
    """What `NAME=NUMBER` says of each name, as text. Raises `UsageError`."""
    found: dict[str, str] = {}
    for value in given:
        name, sign, number = value.partition("=")
        if not (sign and name and number):
            raise UsageError(f"{option} {value}: no number of a name", hint=f"write {option} NAME=NUMBER")
        if name in found:
            raise UsageError(f"{option} gives {name} two numbers", hint="leave one of them out")
        found[name] = number
    return found


def number(option: str, value: str) -> Fraction:
    """A number such as 3, 0.25 or 1/3, exactly. Raises `UsageError`."""
    try:
        # Of a number with a large exponent the fraction would take minutes.
        if any(abs(Decimal(part).adjusted()) > LONGEST for part in value.split("/")):
            raise UsageError(f"{option} {value}: too long", hint=f"numbers have at most {LONGEST:,} digits")
        return Fraction(value)
    except (ValueError, ArithmeticError) as error:
        raise UsageError(f"{option} {value}: no number", hint="write it as 3, 0.25 or 1/3") from error


def check_names(option: str, given: Sequence[str], known: Collection[str]) -> None:
    """Raises `UsageError` unless `NAME=NUMBER` is given for every source, if any is, and for nothing else."""
    if not given:
        return
    names = named_numbers(option, given)
    if unknown := [name for name in names if name not in known]:
        raise UsageError(f"{option} {unknown[0]}: no source has this name", hint=f"there are {', '.join(known)}")
    if missing := [name for name in known if name not in names]:
        raise UsageError(f"{option} is missing for {missing[0]}", hint=f"add {option} {missing[0]}=NUMBER")


def _source(name: str, paths: Sequence[str], options: Options) -> Corpus | Counts:
    are_counts = [_is_counts(path) for path in paths]
    if all(are_counts):
        return counted.load_sum(paths)
    if any(are_counts):
        raise UsageError(f"{name} has both counts files and text", hint="`pairwright tally` counts the text")
    return Corpus(*paths, **options)


def _is_counts(path: str) -> bool:
    if path == files.STANDARD or not Path(path).is_file():
        return False
    kind = kind_of(Path(path))
    return kind is not None and kind[0] == "counts"
