"""What MODEL on the command line means."""

import os
import re
import shlex
from collections.abc import Sequence
from pathlib import Path

from pairwright import Tokenizer, arguments, encodings, get_encoding, list_encodings
from pairwright._core import kind_of
from pairwright.cli.console import CommandError, UsageError
from pairwright.cli.stored import kind_of_stored
from pairwright.errors import PairwrightError
from pairwright.names import closest

# What looks more like a file that is missing than like a model's name. Versions have digits, as in gpt-4.1-mini.
FILE = re.compile(r"[/\\]|\.[A-Za-z]+$")

READERS = {
    "tokenizer.json": Tokenizer.from_huggingface,
    "tekken": Tokenizer.from_tekken,
    "minbpe": Tokenizer.from_minbpe,
}
"""What reads a file that is neither a model file nor a rank file, by the kind of its content."""


def load(
    model: str,
    pattern: str | None,
    special_tokens: Sequence[tuple[str, int]] | None = None,
    *,
    others: Sequence[str] = (),
) -> Tokenizer:
    """The tokenizer that a MODEL stands for. A file goes before the encoding of its name, a folder must have another.

    `special_tokens` are those of a rank file, with their ids. `others` are the arguments behind MODEL: one of them may
    be the model if this is none.
    """
    path = Path(model)
    if path.is_dir() and names_encoding(model):
        if (path / "tokenizer.json").exists():
            raise ambiguous(path)
        return load_encoding(model, pattern, special_tokens, others)
    if not path.exists():
        return load_encoding(model, pattern, special_tokens, others)
    if is_rank_file(path):
        return load_rank_file(path, pattern, special_tokens)
    kind, words = kind_of(path) or (None, None)
    for option, given in (("--pattern", pattern), ("--special-token", special_tokens)):
        if given:
            is_it = f"is {words}" if words else "is none"
            raise UsageError(f"{option} goes with a rank file; {model} {is_it}", hint=f"leave {option} out")
    try:
        # Of what nothing here reads, the reader of model files says what it is.
        return READERS.get(kind or "", Tokenizer.load)(path)
    except (PairwrightError, IsADirectoryError) as error:
        found = swapped(model, others) if kind is None else None
        if kind is None and found is None and kind_of_stored(path) is not None:
            found = f"name the model before the file of ids: pairwright decode MODEL {shlex.quote(model)}"
        if found is None:
            raise
        text = f"{model} is a folder, not a model" if isinstance(error, IsADirectoryError) else str(error)
        raise CommandError(text, hint=found) from error


def swapped(model: str, others: Sequence[str]) -> str | None:
    """What to say if MODEL is none and one of the other arguments is a model."""
    for name in others:
        path = Path(name)
        is_model = kind_of(path) is not None if path.is_file() else False
        if is_model or (not path.exists() and encodings.find_encoding(name) is not None):
            return f"MODEL goes first: {shlex.join([name, model])}"
    return None


def names_encoding(model: str) -> bool:
    """Whether it is the name of an encoding or of a model that uses one."""
    return bool(encodings.find_encoding(model) or encodings.find_model(model))


def ambiguous(folder: Path) -> UsageError:
    """The error for a folder that has what an encoding has as well: its name."""
    return UsageError(
        f"{folder} is a folder here and the name of an encoding", hint=f"write .{os.sep}{folder} for the folder"
    )


def is_rank_file(path: Path) -> bool:
    """Whether a file is one of tiktoken's format, by its content whatever its name, or by its name though damaged."""
    if path.is_dir():
        return False
    kind = kind_of(path)
    return (kind is not None and kind[0] == "ranks") or (kind is None and path.suffix == ".tiktoken")


def load_encoding(
    name: str, pattern: str | None, special_tokens: Sequence[tuple[str, int]] | None, others: Sequence[str]
) -> Tokenizer:
    """A published encoding, by its name or that of a model that uses it."""
    is_file = FILE.search(name) is not None
    found = encodings.find_encoding(name) or encodings.find_model(name, by_beginning=not is_file)
    if found is None:
        raise CommandError(
            f"{name}: no such file, and no encoding or model has this name",
            hint=swapped(name, others) or hint_for(name),
        )
    for option, given, has in (
        ("--pattern", pattern, "a pattern"),
        ("--special-token", special_tokens, "special tokens"),
    ):
        if given:
            raise UsageError(f"the encoding {found} has {has} of its own", hint=f"leave {option} out")
    return get_encoding(found)


def hint_for(name: str) -> str:
    """What may have been meant by a MODEL that is nothing."""
    known = list_encodings()
    meant = encodings.find_model(name, by_beginning=True) or closest(name, known)
    return (
        (f"did you mean {meant}? " if meant is not None else "")
        + "name a file that `pairwright train` wrote, a rank file, a tokenizer.json, or one of "
        + ", ".join(known)
    )


def load_rank_file(
    path: Path, pattern: str | None, special_tokens: Sequence[tuple[str, int]] | None = None
) -> Tokenizer:
    """A file in tiktoken's format, which tells neither its split pattern nor its special tokens."""
    if pattern is None:
        raise UsageError(
            f"{path} does not tell its split pattern",
            hint="add --pattern with the one it was trained with: cl100k, gpt2, o200k, another name or a regex",
        )
    pattern = arguments.pattern(pattern)
    ids: dict[str, int] = {}
    for name, token_id in special_tokens or ():
        if ids.setdefault(name, token_id) != token_id:
            raise UsageError(f"--special-token gives {name} two ids: {ids[name]} and {token_id}", hint="leave one out")
    # As tiktoken does it, whose file this is.
    return Tokenizer.from_tiktoken(path, pattern=pattern, special_tokens=ids or None, ignore_merges=True)
