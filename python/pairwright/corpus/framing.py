"""What in a file is one document."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from pairwright.corpus.finding import Origin


@dataclass(frozen=True)
class Framing:
    """How files of every format are cut into documents."""

    lines: bool = False
    separator: bytes | None = None
    text_field: str = "text"
    text_column: str = "text"

    @property
    def cuts(self) -> bool:
        """Whether a file of text has more than one document."""
        return self.lines or self.separator is not None

    def given(self, origin: Origin) -> tuple[Path | None, str, str, bytes | None]:
        """A file as the core is told of it."""
        if origin.format == "jsonl":
            return origin.path, origin.packing, "json", self.text_field.encode()
        if self.lines:
            return origin.path, origin.packing, "line", None
        if self.separator is not None:
            return origin.path, origin.packing, "separator", self.separator
        return origin.path, origin.packing, "file", None

    def place(self, origin: Origin, document: int) -> str:
        """Where a document is in its file, as far as its number tells."""
        if origin.format in ("parquet", "arrow"):
            return f"row {document}"
        if origin.format == "text" and self.lines:
            return f"line {document + 1}"
        # Lines of JSON without an object are none of these.
        return f"document {document + 1}" if origin.format == "jsonl" or self.cuts else ""

    def described(self, origins: Iterable[Origin]) -> dict[str, Any]:
        """The unit of documents, and what restores what was between them: for the manifest."""
        units = [self._unit(origin) for origin in origins]
        return units[0] if all(unit == units[0] for unit in units) else {"unit": "mixed"}

    def _unit(self, origin: Origin) -> dict[str, Any]:
        if origin.format == "jsonl":
            return {"unit": "json", "field": self.text_field}
        if origin.format != "text":
            return {"unit": "row", "column": self.text_column}
        if self.lines:
            return {"unit": "line"}
        if self.separator is not None:
            # Bytes that are no text as Python has them in names of files.
            return {"unit": "separator", "separator": os.fsdecode(self.separator)}
        return {"unit": "file"}
