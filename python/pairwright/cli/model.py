"""What MODEL on the command line means."""

import json
from collections.abc import Callable
from pathlib import Path

from pairwright import FormatError, Tokenizer, encodings, get_encoding, list_encodings
from pairwright.cli.console import CommandError, UsageError
from pairwright.names import closest


def load(model: str, pattern: str | None) -> Tokenizer:
    """The tokenizer that a MODEL stands for. A file goes before an encoding of the same name."""
    path = Path(model)
    if not path.exists():
        return load_encoding(model, pattern)
    if path.suffix == ".tiktoken":
        return load_rank_file(path, pattern)
    if pattern is not None:
        raise UsageError(f"--pattern goes with a .tiktoken file; {model} is none", hint="leave --pattern out")
    if (path / "tokenizer.json").is_file():
        return Tokenizer.from_huggingface(path)
    try:
        return Tokenizer.load(path)
    except FormatError as error:
        reader = reader_of(path)
        if reader is not None:
            return reader(path)
        if error.hint is None and not looks_like_json(path):
            error.hint = "a rank file needs a name that ends in .tiktoken, and --pattern"
        raise


def load_encoding(name: str, pattern: str | None) -> Tokenizer:
    """A published encoding, by its name or that of a model that uses it."""
    found = encodings.find_encoding(name) or encodings.find_model(name)
    if found is None:
        raise CommandError(f"{name}: no such file, and no encoding or model has this name", hint=hint_for(name))
    if pattern is not None:
        raise UsageError(f"the encoding {found} has a pattern of its own", hint="leave --pattern out")
    return get_encoding(found)


def hint_for(name: str) -> str:
    """What may have been meant by a MODEL that is nothing."""
    known = list_encodings()
    # As a model file that is missing looks much like a name that begins as that of a model, it is not taken for one.
    meant = encodings.find_model(name, by_beginning=True) or closest(name, known)
    return (
        (f"did you mean {meant}? " if meant is not None else "")
        + "name a file that `pairwright train` wrote, a .tiktoken file, a tokenizer.json, or one of "
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


def reader_of(path: Path) -> Callable[[Path], Tokenizer] | None:
    """What reads a file that is no model file, by its content and whatever its name; `None` if nothing does."""
    content = path.read_bytes()
    if content.startswith(b"minbpe "):
        return Tokenizer.from_minbpe
    try:
        parsed = json.loads(content)
    except ValueError:
        return None
    if not isinstance(parsed, dict) or "format" in parsed:
        return None
    if isinstance(parsed.get("model"), dict):
        return Tokenizer.from_huggingface
    if isinstance(parsed.get("config"), dict) and isinstance(parsed.get("vocab"), list):
        return Tokenizer.from_tekken
    return None


def looks_like_json(path: Path) -> bool:
    """Whether a file at least begins as a JSON object does."""
    with path.open("rb") as file:
        return file.read(64).lstrip().startswith(b"{")
