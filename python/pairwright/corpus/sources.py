"""What can be trained on: a path, several paths, an iterable of texts, a column of Arrow."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from pairwright.corpus.files import Corpus

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TypeGuard

    from pairwright._core import Counts
    from pairwright.aliases import Arrow, Report
    from pairwright.corpus.counting import Counting, Description

Source: TypeAlias = "str | os.PathLike[str] | Iterable[str | bytes | os.PathLike[str]] | Arrow | Corpus | Texts"

# No system allows longer paths.
LONGEST_PATH = 4096


@dataclass(frozen=True)
class Texts:
    """Documents in memory, or as they come."""

    texts: Iterable[object] | Arrow
    name: str = "<texts>"

    def size(self) -> int:
        """Not known before all have come."""
        return 0

    def count(
        self, pattern: str, special_tokens: Sequence[str], counting: Counting, report: Report | None
    ) -> tuple[Counts, Description]:
        """Count every document; describe them by their number, bytes and SHA-256 (see `Counter.digest`)."""
        counter = counting.counter(pattern, special_tokens)
        counter.add(self.texts, report)
        documents, size, sha256 = counter.digest()
        described: Description = [{"name": self.name, "documents": documents, "bytes": size, "sha256": sha256}]
        return counter.finish(report), described


def resolve(source: Source) -> Corpus | Texts:
    """What a source means.

    A `str` or path is a file, or whatever else `Corpus` makes of it. An iterable of paths is several of them, an
    iterable of `bytes` or `str` is text, with one exception: a list or tuple of `str` that all name existing files is
    several files. One in which only some do is refused, since training on the names of files is hardly what is meant. A
    column of Arrow is text.
    """
    if isinstance(source, str | os.PathLike):
        if isinstance(source, str) and not may_be_path(source):
            raise ValueError("a single str is taken for a path; to train on a text itself, pass a list: [text]")
        return Corpus(source)
    if isinstance(source, bytes | bytearray):
        raise TypeError("a single bytes object is ambiguous: pass [data] to train on it, os.fsdecode(data) for a path")
    if isinstance(source, Corpus | Texts):
        return source
    if not isinstance(source, list | tuple) and is_arrow(source):
        return Texts(source)
    if not isinstance(source, Iterable):
        raise TypeError(f"cannot train on {type(source).__name__}: pass a path, several paths or an iterable of texts")
    if not isinstance(source, list | tuple):
        return _of_iterator(iter(source))
    if any(isinstance(item, os.PathLike) for item in source):
        return Corpus(*map(_path, source))
    if source and all(isinstance(item, str) and may_be_path(item) for item in source):
        missing = [item for item in source if not os.path.isfile(item)]  # noqa: PTH113  also takes names that are invalid
        if not missing:
            return Corpus(*source)
        if len(missing) < len(source):
            raise ValueError(
                f"{missing[0]!r} is no file, but other strings of the list are; "
                "pass pathlib.Path objects to train on files, or iter(texts) to train on the strings themselves"
            )
    return Texts(source)


def _of_iterator(items: Iterator[str | bytes | os.PathLike[str]]) -> Corpus | Texts:
    """The first item of an iterator decides what it gives."""
    first = next(items, None)
    if isinstance(first, os.PathLike):
        return Corpus(first, *map(_path, items))
    return Texts(itertools.chain([first], items) if first is not None else ())


def _path(item: object) -> str | os.PathLike[str]:
    if isinstance(item, str | os.PathLike):
        return item
    raise TypeError(f"a corpus has either paths or texts, not both: found {type(item).__name__} among paths")


def is_arrow(source: object) -> TypeGuard[Arrow]:
    """Whether an object offers Arrow data."""
    return hasattr(source, "__arrow_c_array__") or hasattr(source, "__arrow_c_stream__")


def may_be_path(text: str) -> bool:
    """Whether a text could at all be the name of a file."""
    return 0 < len(text) <= LONGEST_PATH and "\n" not in text and "\0" not in text
