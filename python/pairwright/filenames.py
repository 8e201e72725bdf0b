r"""Names of files as text that can be stored and shown anywhere.

A name need not be UTF-8, and may have line breaks in it. As text, each byte that is not UTF-8, and each control
character, is written as `\xff`, and so is a backslash that such digits follow. All other names are what they are.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pairwright import aliases

CONTROL = re.compile(r"[\x00-\x1f\x7f]")
LITERAL = re.compile(rb"\\(?=x[0-9a-f]{2})")
ESCAPED = re.compile(rb"\\x([0-9a-f]{2})")


def shown(path: aliases.Path) -> str:
    """A name as text: valid, without line breaks, and such that `actual` gives the name again."""
    name = os.fspath(path)
    if name.isprintable() and "\\x" not in name:
        return name
    try:
        content = os.fsencode(name)
    except UnicodeEncodeError:
        # No name that the system could have given.
        content = name.encode(errors="backslashreplace")
    text = LITERAL.sub(rb"\\x5c", content).decode(errors="backslashreplace")
    return CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


def followed(path: aliases.Path) -> Path:
    """The path that a name leads to at the end of all links. Raises `OSError` for links that lead in a circle."""
    # What `Path.resolve` says of a circle depends on the version of Python, and may be a RuntimeError.
    with suppress(FileNotFoundError):
        Path(path).stat()
    return Path(os.path.realpath(path))


def actual(text: str) -> str:
    """The name that is shown so, as Python has it."""
    try:
        content = text.encode()
    except UnicodeEncodeError:
        return text  # `shown` gives no such text.
    # Names are stored as UTF-8, whatever the system's encoding of names is here. Bytes that were escaped one by one may
    # make up a character.
    return os.fsdecode(ESCAPED.sub(lambda found: bytes.fromhex(found[1].decode()), content))
