"""Published encodings by name."""

import hashlib
import os
import tempfile
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import Any

from pairwright._core import Tokenizer, same_name
from pairwright.download import MANIFEST, PinnedFile, find_or_fetch
from pairwright.names import check_name, suggestion

_loaded: dict[str, Tokenizer] = {}
_lock = Lock()


def list_encodings() -> list[str]:
    """The names that `get_encoding` knows."""
    return list(MANIFEST["encodings"])


def get_encoding(name: str) -> Tokenizer:
    """The published encoding of this name, with its split pattern and special tokens.

    Case, and the characters `-`, `_`, `.` and blank between the parts of the name, do not matter.

    Its rank file is looked for in `vocab/` below the folder named by `PAIRWRIGHT_DATA` and below the user's cache
    folder, in tiktoken's own cache folder (`TIKTOKEN_CACHE_DIR`, else that of the temporary files), in installed
    extensions of tiktoken that carry it, and then fetched; its sha256 is compared. Later calls in the same process give
    the same tokenizer.

    Raises `ValueError` for an unknown name and for that of a model, which `encoding_for_model` takes; `DownloadError`
    (an `OSError`), `ChecksumError` or `OSError` if the rank file cannot be had.
    """
    name = _name_of_encoding(name)
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

    A name that is not known is that of the longest known beginning: "gpt-4o-2024-05-13" is a "gpt-4o-". One that fits
    nowhere is looked for in other spellings: "GPT-4o", "gpt4o". Raises `KeyError` if there is none, and as
    `get_encoding`.
    """
    return get_encoding(encoding_name_for_model(model))


def encoding_name_for_model(model: str) -> str:
    """The name of the encoding that `encoding_for_model` gives. Raises `KeyError` if there is none."""
    check_name("model", model, _READERS)
    name = spelled_exactly(model) or find_model(model, by_beginning=True)
    if name is not None:
        return name
    meant = find_encoding(model)
    if meant is not None:
        raise KeyError(f"{model!r} is the name of an encoding, not of a model: call get_encoding({meant!r})")
    known = [name for known in MANIFEST["models"].values() for name in known["names"]]
    raise KeyError(
        f"no encoding is known for a model {model!r}; get_encoding takes the name of an encoding"
        f"{suggestion(model, known)}"
    )


def spelled_exactly(model: str) -> str | None:
    """The name of the encoding of a model that is known by just this name, or by its beginning: as in tiktoken."""
    models = MANIFEST["models"]
    for name, known in models.items():
        if model in known["names"]:
            return name
    prefixes = {prefix: name for name, known in models.items() for prefix in known["prefixes"]}
    known_prefix = max(filter(model.startswith, prefixes), key=len, default=None)
    return None if known_prefix is None else prefixes[known_prefix]


def find_model(model: str, *, by_beginning: bool = False) -> str | None:
    """The encoding of the model that a name means, in any spelling; on request also if only its beginning is known."""
    models = MANIFEST["models"].values()
    names = [name for known in models for name in known["names"]]
    prefixes = [prefix for known in models for prefix in known["prefixes"]]
    found = same_name(_text(model), names, prefixes if by_beginning else [])
    return None if found is None else spelled_exactly(found)


_READERS = "Tokenizer.load and Tokenizer.from_tiktoken, from_huggingface and others read files"


def find_encoding(name: str) -> str | None:
    """The encoding that a name means, in any spelling."""
    known = list_encodings()
    return name if name in known else same_name(_text(name), known)


def _text(name: str) -> str:
    """A name in valid Unicode, which that of a file need not be."""
    return name.encode(errors="replace").decode()


def _name_of_encoding(name: str) -> str:
    """The name in the manifest. Raises `ValueError`, `TypeError`."""
    check_name("name", name, _READERS)
    found = find_encoding(name)
    if found is not None:
        return found
    of_model = spelled_exactly(name) or find_model(name, by_beginning=True)
    if of_model is not None:
        raise ValueError(
            f"{name!r} is the name of a model, not of an encoding: call encoding_for_model({name!r}), which gives "
            f"{of_model}"
        )
    known = list_encodings()
    raise ValueError(f"unknown encoding {name!r}; there are {', '.join(known)}{suggestion(name, known)}")


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
