"""What MODEL on the command line means."""

import re
from pathlib import Path

from pairwright import Tokenizer, encodings, get_encoding, list_encodings
from pairwright._core import kind_of
from pairwright.cli.console import CommandError, UsageError
from pairwright.names import closest

# What looks more like a file that is missing than like a model's name. Versions have digits, as in gpt-4.1-mini.
FILE = re.compile(r"[/\\]|\.[A-Za-z]+$")

READERS = {
    "tokenizer.json": Tokenizer.from_huggingface,
    "tekken": Tokenizer.from_tekken,
    "minbpe": Tokenizer.from_minbpe,
}
"""What reads a file that is neither a model file nor a rank file, by the kind of its content."""


def load(model: str, pattern: str | None) -> Tokenizer:
    """The tokenizer that a MODEL stands for. A file goes before an encoding of the same name."""
    path = Path(model)
    if not path.exists():
        return load_encoding(model, pattern)
    if is_rank_file(path):
        return load_rank_file(path, pattern)
    kind, words = kind_of(path) or (None, None)
    if pattern is not None:
        is_it = f"is {words}" if words else "is none"
        raise UsageError(f"--pattern goes with a rank file; {model} {is_it}", hint="leave --pattern out")
    # Of what nothing here reads, the reader of model files says what it is.
    return READERS.get(kind or "", Tokenizer.load)(path)


def is_rank_file(path: Path) -> bool:
    """Whether a file is one of tiktoken's format, by its content whatever its name, or by its name though damaged."""
    if path.is_dir():
        return False
    kind = kind_of(path)
    return (kind is not None and kind[0] == "ranks") or (kind is None and path.suffix == ".tiktoken")


def load_encoding(name: str, pattern: str | None) -> Tokenizer:
    """A published encoding, by its name or that of a model that uses it."""
    is_file = FILE.search(name) is not None
    found = encodings.find_encoding(name) or encodings.find_model(name, by_beginning=not is_file)
    if found is None:
        raise CommandError(f"{name}: no such file, and no encoding or model has this name", hint=hint_for(name))
    if pattern is not None:
        raise UsageError(f"the encoding {found} has a pattern of its own", hint="leave --pattern out")
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


def load_rank_file(path: Path, pattern: str | None) -> Tokenizer:
    """A file in tiktoken's format, which does not tell its split pattern."""
    if pattern is None:
        raise UsageError(
            f"{path} does not tell its split pattern",
            hint="add --pattern with the one it was trained with: cl100k, gpt2, o200k, another name or a regex",
        )
    # As tiktoken does it, whose file this is.
    return Tokenizer.from_tiktoken(path, pattern=pattern, ignore_merges=True)
