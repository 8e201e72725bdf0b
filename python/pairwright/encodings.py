"""Published encodings by name."""

import hashlib
import os
import tempfile
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import Any

from pairwright._core import Tokenizer
from pairwright.download import MANIFEST, PinnedFile, find_or_fetch

_loaded: dict[str, Tokenizer] = {}
_lock = Lock()


def list_encodings() -> list[str]:
    """The names that `get_encoding` knows."""
    return list(MANIFEST["encodings"])


def get_encoding(name: str) -> Tokenizer:
    """The published encoding of this name, with its split pattern and special tokens.

    Its rank file is looked for in `vocab/` below the folder named by `PAIRWRIGHT_DATA` and below the user's cache
    folder, in tiktoken's own cache folder (`TIKTOKEN_CACHE_DIR`, else that of the temporary files), in installed
    extensions of tiktoken that carry it, and then fetched; its sha256 is compared. Later calls in the same process give
    the same tokenizer.

    Raises `ValueError` for an unknown name; `DownloadError` (an `OSError`), `ChecksumError` or `OSError` if the rank
    file cannot be had.
    """
    if name not in MANIFEST["encodings"]:
        raise ValueError(f"unknown encoding {name!r}; there are {', '.join(list_encodings())}")
    if name in _loaded:
        return _loaded[name]
    # Two threads that ask at once are not to fetch the same file twice.
    with _lock:
        if name not in _loaded:
            entry = MANIFEST["encodings"][name]
            file = PinnedFile.from_entry(entry)
            _loaded[name] = Tokenizer.from_tiktoken(
                find_or_fetch(file, _places_of_tiktoken(file)),
                pattern=entry["pattern"],
                special_tokens=_special_tokens(entry),
            )
        return _loaded[name]


def encoding_for_model(model: str) -> Tokenizer:
    """The published encoding that a model of OpenAI uses, by the model's name.

    A name that is not known is that of the longest known beginning: "gpt-4o-2024-05-13" is a "gpt-4o-". Raises
    `KeyError` if there is none, and as `get_encoding`.
    """
    return get_encoding(encoding_name_for_model(model))


def encoding_name_for_model(model: str) -> str:
    """The name of the encoding that `encoding_for_model` gives. Raises `KeyError` if there is none."""
    models = MANIFEST["models"]
    for name, known in models.items():
        if model in known["names"]:
            return name
    prefixes = {prefix: name for name, known in models.items() for prefix in known["prefixes"]}
    known_prefix = max(filter(model.startswith, prefixes), key=len, default=None)
    if known_prefix is None:
        raise KeyError(f"no encoding is known for a model {model!r}; get_encoding takes the name of an encoding")
    return prefixes[known_prefix]


def _special_tokens(entry: Mapping[str, Any]) -> dict[str, int]:
    special_tokens: dict[str, int] = dict(entry["special_tokens"])
    reserved = entry.get("reserved_tokens", {"name": "", "ids": []})
    for first, end in reserved["ids"]:
        special_tokens |= {reserved["name"].format(id=number): number for number in range(first, end)}
    return special_tokens


def _places_of_tiktoken(file: PinnedFile) -> Iterator[Path]:
    """Where tiktoken keeps a file that it has fetched, and where its extensions may bring one along."""
    cache = os.environ.get("TIKTOKEN_CACHE_DIR", os.environ.get("DATA_GYM_CACHE_DIR"))
    if cache is None:
        cache = str(Path(tempfile.gettempdir(), "data-gym-cache"))
    # It names a file by the sha1 of its address. An empty variable is its way to say: no cache.
    if cache:
        yield Path(cache, hashlib.sha1(file.url.encode(), usedforsecurity=False).hexdigest())
    extensions = find_spec("tiktoken_ext")
    for folder in (extensions and extensions.submodule_search_locations) or ():
        yield from sorted(Path(folder).rglob(Path(file.path).name))


def _renew_lock() -> None:
    global _lock
    _lock = Lock()


# A child forked while another thread fetches inherits a lock that nobody would ever release.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_lock)
