"""What in a file is one document."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pairwright.errors import advise

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from pairwright.corpus.finding import Care, Origin

# What the core calls documents that are a field of JSON.
FIELDS = {"jsonl": "json", "json": "values"}

TABLES = ("csv", "tsv")


@dataclass(frozen=True)
class Framing:
    """How files of every format are cut into documents."""

    lines: bool = False
    separator: bytes | None = None

    @property
    def cuts(self) -> bool:
        """Whether a file of text has more than one document."""
        return self.lines or self.separator is not None

    def check(self, origins: Iterable[Origin]) -> None:
        """Raises `ValueError` if there is a separator and no file is text: it would have no effect.

        Lines are cut in text alone, too, but other formats have documents of the same kind: lines, rows and values.
        """
        read = [origin for origin in origins if not origin.left_out]
        if self.separator is None or not read or any(origin.format == "text" for origin in read):
            return
        first = read[0]
        unit = "line" if first.format == "jsonl" else "value" if first.format == "json" else "row"
        error = ValueError(f"only text is cut at a separator, and {first.name} is read as {first.format}")
        hint = f'leave separator={self._separator!r} out: each {unit} is a document; format="text" reads it as text'
        advise(error, hint)
        raise error

    @property
    def _separator(self) -> str:
        """As it was given. Bytes that are not UTF-8 are written as Python writes them in names of files."""
        return os.fsdecode(self.separator or b"")

    def given(self, origin: Origin) -> tuple[Path | None, str, str, bytes | None, Care]:
        """A file as the core is told of it."""
        unit, argument = self._cut(origin)
        return origin.path, origin.packing, unit, argument, origin.care

    def _cut(self, origin: Origin) -> tuple[str, bytes | None]:
        """The unit of documents in a file that the core reads, and what it needs."""
        if origin.format in FIELDS:
            return FIELDS[origin.format], origin.text.encode()
        if origin.format in TABLES:
            return origin.format, origin.text.encode()
        if self.lines:
            return "line", None
        return ("file", None) if self.separator is None else ("separator", self.separator)

    def place(self, origin: Origin, document: int) -> str:
        """Where a document is in its file, as far as its number tells."""
        if origin.format in ("parquet", "arrow"):
            return f"row {document}"
        if origin.format == "text" and self.lines:
            return f"line {document + 1}"
        # Lines without an object or a row are none of these.
        return f"document {document + 1}" if origin.format != "text" or self.cuts else ""

    def described(self, origins: Iterable[Origin]) -> dict[str, Any]:
        """The unit of documents, and what restores what was between them: for the manifest."""
        units = [self._unit(origin) for origin in origins]
        distinct: list[dict[str, Any]] = []
        for unit in units:
            if unit not in distinct:
                distinct.append(unit)
        if len(distinct) == 1:
            return distinct[0]
        return {"unit": "mixed", "units": distinct, "of_inputs": [distinct.index(unit) for unit in units]}

    def _unit(self, origin: Origin) -> dict[str, Any]:
        if origin.format in FIELDS:
            return {"unit": "json", "field": origin.text}
        if origin.format != "text":
            return {"unit": "row", "column": origin.text}
        if self.lines:
            return {"unit": "line"}
        if self.separator is not None:
            return {"unit": "separator", "separator": self._separator}
        return {"unit": "file"}
