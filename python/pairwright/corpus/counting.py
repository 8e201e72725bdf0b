"""How documents are counted, and what is said of them then."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from pairwright._core import Counter

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

Description: TypeAlias = "list[dict[str, str | int]]"


@dataclass(frozen=True)
class Counting:
    """How to count; see `pairwright.count`."""

    threads: int | None = None
    memory_limit: int | float | None = None
    spill_folder: str | os.PathLike[str] | None = None

    def counter(self, pattern: str, special_tokens: Sequence[str]) -> Counter:
        """A counter that counts so."""
        return Counter(
            pattern=pattern,
            special_tokens=special_tokens,
            threads=self.threads,
            memory_limit=self.memory_limit,
            spill_folder=None if self.spill_folder is None else Path(self.spill_folder),
        )
