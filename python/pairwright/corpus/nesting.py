"""Texts within structs and lists of parquet and Arrow, by a path such as `meta.text` or `messages.*.content`.

The rules are those for JSON: the longest literal name goes before the rest of a path, and the strings of a list, which
`*` stands for, are one document with a line feed between each two. What is null in an
element of a list is passed over.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from pairwright.libraries import pyarrow

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

# Objects of pyarrow, which comes without types.
Schema: TypeAlias = Any
DataType: TypeAlias = Any
Array: TypeAlias = Any

EACH = "*"

BETWEEN = b"\n"

TEXT = ("string", "large_string", "string_view", "binary", "large_binary", "binary_view")

LISTS = ("list", "large_list", "fixed_size_list")


class NoTextError(Exception):
    """A schema has no column of this name with texts."""


@dataclass(frozen=True)
class Column:
    """A column with texts, or the way to texts within one: the names of fields, and `*` for the elements of a list."""

    parts: tuple[str, ...]

    @classmethod
    def of(cls, schema: Schema, name: str) -> Column:
        """The column that a name or path means. Raises `NoTextError`."""
        if schema.names.count(name) > 1:
            raise NoTextError(f"there are {schema.names.count(name)} columns {name!r}")
        found = _way(schema, name.split("."))
        if found is None:
            shown = ", ".join(map(repr, schema.names)) or "none"
            raise NoTextError(f"there is no column {name!r}; its columns are {shown}")
        parts, kind = found
        if not is_text(kind):
            raise NoTextError(f"the column {name!r} is {kind}, not text")
        return cls(parts)

    @property
    def in_parquet(self) -> str:
        """What pyarrow is to read for it: no more of a struct than the field, but all of what is in a list."""
        return self.parts[0] if EACH in self.parts else ".".join(self.parts)

    def has_leaf(self, leaf: str) -> bool:
        """Whether a leaf of a parquet file is read for it."""
        return leaf == self.in_parquet or leaf.startswith(f"{self.in_parquet}.")

    def texts(self, rows: Array) -> Array:
        """The texts in rows of the first of its parts: null for what is null on the way, and for a list of no texts."""
        if len(self.parts) > 1:
            # Of a damaged file, before anything follows its offsets.
            rows.validate(full=True)
        return _texts(rows, self.parts[1:])

    def empties(self, rows: Array, texts: Array) -> Array | None:
        """Which of these texts are null because a list has no texts. `None` if there is no list on the way."""
        if EACH not in self.parts:
            return None
        compute = pyarrow().compute
        for part in self.parts[1 : self.parts.index(EACH)]:
            rows = compute.struct_field(rows, part)
        return compute.and_(texts.is_null(), rows.is_valid())


def is_text(kind: DataType) -> bool:
    """Whether a column of this type has texts."""
    types = pyarrow().types
    kind = kind.value_type if types.is_dictionary(kind) else kind
    return any(getattr(types, f"is_{name}")(kind) for name in TEXT)


def text_columns(schema: Schema) -> Iterator[str]:
    """The columns with texts, those within others last."""
    yield from (field.name for field in schema if is_text(field.type))
    for field in schema:
        yield from (f"{field.name}.{rest}" for rest in _within(field.type))


def _within(kind: DataType) -> Iterator[str]:
    types = pyarrow().types
    if _is_list(kind):
        yield from [EACH] if is_text(kind.value_type) else (f"{EACH}.{rest}" for rest in _within(kind.value_type))
    elif types.is_struct(kind):
        yield from text_columns(kind)


def _way(fields: Iterable[Any], parts: Sequence[str]) -> tuple[tuple[str, ...], DataType] | None:
    """The names on the way that the parts of a path tell, and the type that it ends at."""
    kinds = {field.name: field.type for field in fields}
    length = next((n for n in range(len(parts), 0, -1) if ".".join(parts[:n]) in kinds), None)
    if length is None:
        return None
    name = ".".join(parts[:length])
    kind, rest, way = kinds[name], parts[length:], [name]
    while rest and rest[0] == EACH and _is_list(kind):
        kind, rest = kind.value_type, rest[1:]
        way.append(EACH)
    if not rest:
        return tuple(way), kind
    inner = _way(kind, rest) if pyarrow().types.is_struct(kind) else None
    return None if inner is None else ((*way, *inner[0]), inner[1])


def _is_list(kind: DataType) -> bool:
    return any(getattr(pyarrow().types, f"is_{name}")(kind) for name in LISTS)


def _texts(rows: Array, parts: Sequence[str]) -> Array:
    if not parts:
        return rows
    compute = pyarrow().compute
    if parts[0] != EACH:
        return _texts(compute.struct_field(rows, parts[0]), parts[1:])
    return _joined(rows, _texts(compute.list_flatten(rows), parts[1:]))


def _joined(lists: Array, inner: Array) -> Array:
    """One text for each list, of those of its elements that are not null. Without any it is null."""
    pa = pyarrow()
    kind = inner.type.value_type if pa.types.is_dictionary(inner.type) else inner.type
    is_bytes = any(getattr(pa.types, f"is_{name}")(kind) for name in TEXT[3:])
    # Large, so that any number of bytes fits. Joining works on strings; bytes are cast, for they need not be UTF-8.
    texts = inner.cast(pa.large_binary() if is_bytes else pa.large_string())
    is_text = texts.is_valid().to_numpy(zero_copy_only=False)
    before = np.concatenate([[0], np.cumsum(is_text, dtype=np.int64)])
    lengths = pa.compute.list_value_length(lists).fill_null(0).to_numpy(zero_copy_only=False)
    offsets = np.zeros(len(lists) + 1, np.int64)
    np.cumsum(lengths, out=offsets[1:])
    offsets = before[offsets]
    is_none = pa.array(offsets[1:] == offsets[:-1], pa.bool_())
    grouped = pa.LargeListArray.from_arrays(pa.array(offsets), texts.drop_null(), mask=is_none)
    return pa.compute.binary_join(grouped, pa.scalar(BETWEEN if is_bytes else BETWEEN.decode(), texts.type))
