"""Whether strings are paths or texts: by what exists, and by what looks like the path of something that does not."""

from __future__ import annotations

import errno
import glob
import os
import re
from pathlib import PurePath
from typing import TYPE_CHECKING

from pairwright.corpus.finding import FORMATS, PACKINGS, URL

if TYPE_CHECKING:
    from collections.abc import Sequence

# No system allows longer paths, nor longer names in them.
LONGEST_PATH = 4096
LONGEST_NAME = 255

# The file system is asked about so many strings of a list: what comes behind them is like them.
HEAD = 1000

WILDCARDS = "*?["

# The ends of the names that corpora have.
ENDINGS = {
    *FORMATS,
    *PACKINGS,
    *(".txt", ".text", ".md", ".rst", ".log", ".tex", ".html", ".htm", ".xml", ".csv", ".tsv", ".json", ".py"),
    *(".xz", ".bz2", ".zip", ".tar", ".tgz", ".bin", ".npy", ".pdf"),
}

# Lists of more words are hardly names of files.
FEW = 16

# What folders of text are called, of which a text of one word is hardly made.
FOLDERS = {
    *("articles", "books", "corpora", "corpus", "data", "dataset", "datasets", "doc", "docs", "documents", "files"),
    *("input", "inputs", "src", "texts", "train", "training", "valid", "validation", "wiki"),
}

# Words with an underscore, or with a number at the end, are names more often than text.
NAME = re.compile(r"[A-Za-z0-9.-]*[A-Za-z0-9]_[A-Za-z0-9_.-]+|[A-Za-z_.-]{3,}\d+|[A-Za-z0-9_.-]+-\d+")
WORD = re.compile(r"[A-Za-z0-9_.-]+")

HOW = "say pw.Corpus([...]) to read files, pw.texts([...]) to take the strings as text"


def may_be_path(text: str) -> bool:
    """Whether a text could at all be the name of a file."""
    return 0 < len(text) <= LONGEST_PATH and "\n" not in text and "\0" not in text


def means_files(texts: Sequence[str]) -> bool:
    """Whether the strings of a list are paths and patterns.

    They are if each of them names something that exists. Raises `ValueError` if only some do, or if all are signs such
    as "/"; `FileNotFoundError` if none does and yet they look like paths: to learn from the names of files is hardly
    what is meant.
    """
    head = texts[:HEAD]
    existing = [exists(text) for text in head]
    # "/" and "." are folders, and characters all the same.
    are_signs = all(_is_bare(text) and not any(char in text for char in WILDCARDS) for text in head)
    if head and all(existing) and not are_signs:
        missing = next((text for text in texts[HEAD:] if not exists(text)), None)
        if missing is None:
            return True
        raise _some(texts[0], missing)
    if head and all(existing):
        raise ValueError(f"{head[0]!r} may be a text, and is a file, folder or pattern; {HOW}")
    named = [text for text, is_there in zip(head, existing, strict=True) if is_there and not _is_bare(text)]
    if named:
        raise _some(named[0], head[existing.index(False)])
    are_words = not any(_has_space(text) for text in head)
    doubtful = next((text for text in head if looks_like_path(text) and are_words), None)
    if doubtful is None and head and all(map(may_look_like_path, head)):
        doubtful = head[0]
    if doubtful is None:
        doubtful = _name_among(head)
    if doubtful is not None:
        what = "a URL is not read, download the file" if URL.match(doubtful) else "no such file, folder or pattern"
        raise FileNotFoundError(errno.ENOENT, f"{what}; {HOW}", doubtful.strip())
    return False


def may_be_name(text: str) -> bool:
    """Whether a string could be the name of a file or folder, if it is one of a few."""
    return text.lower() in FOLDERS or NAME.fullmatch(text) is not None


def _name_among(words: Sequence[str]) -> str | None:
    """Of a few words without white space the first that is rather the name of a file or folder."""
    if not 0 < len(words) <= FEW or not all(map(WORD.fullmatch, words)):
        return None
    if len(words) == 1 and words[0].lower() in FOLDERS:
        return words[0]
    return next(filter(NAME.fullmatch, words), None)


def exists(text: str) -> bool:
    """Whether there is a file or folder of this name, or one that fits this pattern."""
    if not may_be_path(text):
        return False
    if os.path.lexists(text):
        return True
    if not any(char in text for char in WILDCARDS) or (_has_space(text) and not _has_separator(text)):
        return False
    return any(not os.path.isdir(found) for found in glob.iglob(text, recursive=True))  # noqa: PTH112, PTH207  strings


def looks_like_path(text: str) -> bool:
    """Whether a string is hardly anything but a path or a pattern, though it may name nothing."""
    text = text.strip()
    if not _fits(text):
        return False
    ends = PurePath(text).suffix.lower() in ENDINGS
    begins = re.match(r"(~|\.{1,2})?[/\\]|[A-Za-z]:[/\\]", text) is not None
    if _has_space(text):
        last = PurePath(text).name
        return (begins and ends) or ("*" in last and _has_separator(text) and not _has_space(last))
    is_pattern = any(char in text for char in WILDCARDS) and (_has_separator(text) or "*." in text)
    return ends or begins or is_pattern or text.endswith(("/", os.sep))


def may_look_like_path(text: str) -> bool:
    """Whether a string could be a path: text rarely looks so."""
    return looks_like_path(text) or (_fits(text.strip()) and not _has_space(text) and _has_separator(text))


def _fits(text: str) -> bool:
    """Whether a string may be a path, and has none of the characters that names rarely have."""
    if not may_be_path(text) or _is_bare(text) or any(char in text for char in '<>|"'):
        return False
    return all(len(part.encode(errors="replace")) <= LONGEST_NAME for part in PurePath(text).parts)


def _is_bare(text: str) -> bool:
    return not any(map(str.isalnum, text))


def _has_space(text: str) -> bool:
    return any(map(str.isspace, text.strip()))


def _has_separator(text: str) -> bool:
    return "/" in text or os.sep in text


def _some(existing: str, missing: str) -> ValueError:
    return ValueError(f"{existing!r} is a file, folder or pattern, and {missing!r} is none; {HOW}")
