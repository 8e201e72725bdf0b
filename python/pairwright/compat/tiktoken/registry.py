"""Encodings by name: the published ones, and those that extensions of tiktoken bring along."""

import importlib
import os
import pkgutil
from collections.abc import Callable
from importlib.util import find_spec
from threading import RLock
from typing import Any

from pairwright.compat.tiktoken.core import Encoding
from pairwright.encodings import get_encoding as published, list_encodings

ENCODINGS: dict[str, Encoding] = {}
"""Those that were asked for."""

_PUBLISHED = "openai_public"
"""tiktoken's module of the published encodings, in the package of its extensions."""

_lock = RLock()


def get_encoding(encoding_name: str) -> Encoding:
    """The encoding of this name: a published one, or one of an installed extension of tiktoken.

    Later calls give the same object. Raises `ValueError` for an unknown name, and as `pairwright.get_encoding`.
    """
    if not isinstance(encoding_name, str):
        raise ValueError(f"the name of an encoding must be str, not {type(encoding_name).__name__}")
    if encoding_name in ENCODINGS:
        return ENCODINGS[encoding_name]
    with _lock:
        if encoding_name not in ENCODINGS:
            ENCODINGS[encoding_name] = _made(encoding_name)
        return ENCODINGS[encoding_name]


def list_encoding_names() -> list[str]:
    """The names that `get_encoding` knows."""
    return [*list_encodings(), *(name for name in _extensions() if name not in list_encodings())]


def _made(name: str) -> Encoding:
    if name in list_encodings():
        return Encoding.from_tokenizer(name, published(name))
    extensions = _extensions()
    if name not in extensions:
        raise ValueError(f"unknown encoding {name!r}; there are {', '.join(list_encoding_names())}")
    return Encoding(**extensions[name]())


def _extensions() -> dict[str, Callable[[], dict[str, Any]]]:
    """What the modules of the package `tiktoken_ext` offer: by name, what gives the arguments of `Encoding`."""
    constructors: dict[str, Callable[[], dict[str, Any]]] = {}
    package = find_spec("tiktoken_ext")
    for module in pkgutil.iter_modules(package.submodule_search_locations if package else ()):
        if module.name == _PUBLISHED:
            continue
        full_name = f"tiktoken_ext.{module.name}"
        offered = getattr(importlib.import_module(full_name), "ENCODING_CONSTRUCTORS", None)
        if offered is None:
            raise ValueError(f"{full_name} is no extension of tiktoken: it has no ENCODING_CONSTRUCTORS")
        for name, constructor in offered.items():
            if name in constructors:
                raise ValueError(f"{full_name} defines the encoding {name!r}, which another extension defines too")
            constructors[name] = constructor
    return constructors


def _renew_lock() -> None:
    global _lock
    _lock = RLock()


# A child forked while another thread loads an encoding inherits a lock that nobody would ever release.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_lock)
