"""Which files of a folder are those of a run. Nothing else in it is ever removed."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

from pairwright.filenames import followed, shown
from pairwright.tokens.manifest import FORMAT, MANIFEST, MODEL, PROGRESS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pairwright.corpus import Corpus

SPLITS = ("train", "validation")

SHARD = re.compile(r"(train|validation)-\d{5,}\.(bin|offsets|npy|offsets\.npy|parquet|arrow|jsonl)")

USAGE = re.compile(r"usage-(train|validation)\.npy")

PART = re.compile(rf"\.{SHARD.pattern}\.part")

# What the core calls a file until it is complete.
TEMPORARY = re.compile(r"\.pairwright-\w+\.tmp")


def check_outside(folder: Path, corpus: Corpus) -> None:
    """Raises `ValueError` if a folder is in one of the inputs: what is written there would be one the next time."""
    target = followed(folder)
    for given in {origin.given for origin in corpus.origins if origin.path is not None}:
        if Path(given).is_dir() and followed(given) in target.parents:
            raise ValueError(
                f"{shown(folder)} is in {given}, all files of which are inputs; name a folder outside of it"
            )


def shard_files(folder: Path) -> Iterator[Path]:
    """Files with the names of shards and of their usage, whatever run they are of."""
    return (path for path in sorted(folder.iterdir()) if SHARD.fullmatch(path.name) or USAGE.fullmatch(path.name))


def leftovers(folder: Path) -> list[Path]:
    """The files that a run which was killed has left unfinished."""
    return [path for path in sorted(folder.iterdir()) if PART.fullmatch(path.name) or TEMPORARY.fullmatch(path.name)]


def remove_leftovers(folder: Path) -> None:
    """Remove what a run that was killed has left unfinished. Raises `OSError`."""
    for path in leftovers(folder):
        path.unlink(missing_ok=True)


def remove_shards(folder: Path, known: Iterable[str] = ()) -> None:
    """Remove all shards, and all usage, but those with these names of files. Raises `OSError`."""
    kept = set(known)
    for path in shard_files(folder):
        if path.name not in kept:
            path.unlink(missing_ok=True)


def is_of_a_run(folder: Path) -> bool:
    """Whether a run wrote into this folder, even if its records are damaged by now. Raises `OSError`."""
    return _is_record(folder / PROGRESS) or f'"{FORMAT}"'.encode() in _content(folder / MANIFEST) or _has_model(folder)


def _has_model(folder: Path) -> bool:
    """Whether there is a tokenizer beside a record: no other program puts these two names together."""
    has_record = (folder / MANIFEST).exists() or (folder / PROGRESS).exists()
    return has_record and b'"format": "pairwright"' in _content(folder / MODEL)[:100]


def _is_record(path: Path) -> bool:
    try:
        value = json.loads(_content(path))
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict) and {"run", "splits"} <= value.keys()


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""
