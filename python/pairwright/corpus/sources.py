"""What can be trained on, counted and encoded: paths and patterns, texts, a column of Arrow."""

from __future__ import annotations

import errno
import itertools
import os
from collections.abc import Iterable, Iterator, Mapping, Sized
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from pairwright import arguments
from pairwright.corpus.files import Corpus
from pairwright.corpus.finding import STANDARD, URL, in_order, value_of
from pairwright.corpus.guessing import (
    FEW,
    HEAD,
    WILDCARDS,
    exists,
    may_be_name,
    may_be_path,
    may_look_like_path,
    means_files,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TypeGuard

    from pairwright._core import Counts
    from pairwright.aliases import Arrow, Report
    from pairwright.corpus.counting import Counting, Description

Item: TypeAlias = "str | bytes | bytearray | memoryview | os.PathLike[str]"
Source: TypeAlias = "str | os.PathLike[str] | Iterable[Item] | Arrow | Corpus | Texts"


@dataclass(frozen=True)
class Texts:
    """Documents in memory, or as they come; see `texts`."""

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


def texts(source: str | bytes | Iterable[str | bytes] | Arrow) -> Texts:
    """Texts, whatever they look like: for `train`, `count` and `encode_corpus`.

    Those take a list of strings for files if each of them names one, and refuse it if that is not clear. What this
    gives is always text.

    Args:
        source: An iterable of `str` or `bytes`, of which each is one document; a single `str` or `bytes`, which is one
            document; a column or stream of texts of any library that offers Arrow's PyCapsule interface.

    Raises:
        TypeError: It is none of these.

    """
    if isinstance(source, str | bytes | bytearray | memoryview):
        return Texts([source if isinstance(source, str) else arguments.content("source", source)])
    if isinstance(source, os.PathLike | Corpus):
        raise TypeError(f"texts() takes text, not {type(source).__name__}: pw.Corpus reads files")
    if isinstance(source, Texts):
        return source
    if is_arrow(source):
        return Texts(source)
    return Texts(_items(source))


def resolve(source: Source) -> Corpus | Texts:
    """What a source means.

    A `str` or path is a file, or whatever else `Corpus` makes of it. An iterable of paths is several of them, one of
    `bytes` is text. Strings, in a list, an array or a column, are paths and patterns if each of them names something
    that exists, and text if none does; `ValueError` or `FileNotFoundError` tells where that is not clear. Of many no
    more than the first decide. Arrow data that cannot be iterated, or only once, are text. What `texts` and `Corpus`
    gave is what it is. Raises `TypeError` for anything else.
    """
    if isinstance(source, os.PathLike):
        return Corpus(source)
    if isinstance(source, str):
        return _of_path(source)
    if isinstance(source, bytes | bytearray | memoryview):
        raise TypeError(
            "a single bytes object is ambiguous: pass pw.texts(data) for a text, os.fsdecode(data) for a path"
        )
    if isinstance(source, Corpus | Texts):
        return source
    if not isinstance(source, list | tuple) and is_arrow(source):
        column = _only_column(source)
        # What gives nothing again once it was read is not looked at.
        found = _of_column(column) if isinstance(column, Iterable) and isinstance(column, Sized) else None
        return found if isinstance(found, Corpus) else Texts(source)
    items = _items(source)
    if isinstance(items, list | tuple):
        return Corpus(*map(_path, items)) if _means_files(list(items)) else Texts(items)
    return _of_column(items) if isinstance(items, Sized) else _of_iterator(iter(items))


def _only_column(source: Arrow) -> object:
    """The column of a table of pyarrow, pandas or polars that has one, for that is what is read of it."""
    table = cast("Any", source)
    if getattr(table, "num_columns", 0) == 1:
        return table.column(0)
    is_frame = hasattr(table, "iloc") or hasattr(table, "to_series")
    if not is_frame or len(getattr(table, "columns", ())) != 1:
        return source
    return table.iloc[:, 0] if hasattr(table, "iloc") else table.to_series()


def _of_column(source: Iterable[Any]) -> Corpus | Texts:
    """What a column or an array means, by its first items. Tables are left to what reads them."""
    if getattr(source, "ndim", 1) != 1:
        return Texts(source)
    try:
        head = [value_of(item) for item in itertools.islice(source, HEAD)]
    except UnicodeDecodeError:
        # Strings of Arrow need not be UTF-8.
        return Texts(source)
    if not _means_files(head):
        return Texts(source)
    items = [value_of(item) for item in source]
    return Corpus(*map(_path, items)) if len(items) == len(head) or _means_files(items) else Texts(source)


def _means_files(items: list[Any]) -> bool:
    if any(isinstance(item, os.PathLike) for item in items):
        return True
    return bool(items) and all(isinstance(item, str) for item in items) and means_files(items)


def _of_path(source: str) -> Corpus:
    if not may_be_path(source):
        raise ValueError("a single str is taken for a path, and this is none; pass pw.texts(text) to take it as text")
    is_pattern = any(char in source for char in WILDCARDS)
    is_path = is_pattern or may_look_like_path(source) or URL.match(source) is not None
    if source != STANDARD and not exists(source) and not is_path:
        reason = "no such file or folder; pass pw.texts(text) to take it as text"
        raise FileNotFoundError(errno.ENOENT, reason, source)
    return Corpus(source)


def _of_iterator(items: Iterator[str | bytes | os.PathLike[str]]) -> Corpus | Texts:
    """What an iterator gives first decides. More is only taken from it if that is no plain text."""
    first = next(items, None)
    if isinstance(first, os.PathLike):
        return Corpus(first, *map(_path, items))
    if first is None:
        return Texts(())
    is_path = isinstance(first, str) and (exists(first) or may_look_like_path(first))
    if not isinstance(first, str) or not (is_path or may_be_name(first)):
        return Texts(itertools.chain([first], items))
    head = [first, *itertools.islice(items, HEAD - 1 if is_path else FEW)]
    if all(isinstance(item, str) for item in head) and means_files([str(item) for item in head]):
        return Corpus(*map(_path, head), *map(_path, items))
    return Texts(itertools.chain(head, items))


def _items(source: object) -> Iterable[Any]:
    """What there is to iterate: a set in an order that does not change from process to process."""
    if isinstance(source, Mapping):
        raise TypeError(f"a {type(source).__name__} is ambiguous: pass its values, as in list(data.values())")
    if not isinstance(source, Iterable):
        raise TypeError(
            "source must be a path, several paths, an iterable of texts or pw.texts(...), "
            f"not {arguments.shown(source)}"
        )
    return in_order(source) if isinstance(source, set | frozenset) else source


def _path(item: object) -> str | os.PathLike[str]:
    if isinstance(item, str | os.PathLike):
        return item
    raise TypeError(f"a corpus has either paths or texts, not both: found {type(item).__name__} among paths")


def is_arrow(source: object) -> TypeGuard[Arrow]:
    """Whether an object offers Arrow data."""
    return hasattr(source, "__arrow_c_array__") or hasattr(source, "__arrow_c_stream__")
