"""Published encodings by name."""

import os
from threading import Lock

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
    folder, then fetched; its sha256 is compared. Later calls in the same process give the same tokenizer.

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
            path = find_or_fetch(PinnedFile.from_entry(entry))
            _loaded[name] = Tokenizer.from_tiktoken(
                path, pattern=entry["pattern"], special_tokens=entry["special_tokens"]
            )
        return _loaded[name]


def _renew_lock() -> None:
    global _lock
    _lock = Lock()


# A child forked while another thread fetches inherits a lock that nobody would ever release.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_lock)
