"""How documents are counted, and what is said of them then."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from pairwright import arguments
from pairwright._core import Counter

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence
    from typing import SupportsFloat, SupportsIndex

Description: TypeAlias = "list[dict[str, str | int]]"


@dataclass(frozen=True)
class Counting:
    """How to count; see `pairwright.count`."""

    threads: SupportsIndex | None = None
    memory_limit: SupportsIndex | SupportsFloat | None = None
    spill_folder: str | os.PathLike[str] | None = None

    def __post_init__(self) -> None:
        """Raises `TypeError` before any text is read."""
        if self.threads is not None:
            arguments.integer("threads", self.threads)
        if self.memory_limit is not None:
            arguments.size_or_share("memory_limit", self.memory_limit)
        if self.spill_folder is not None:
            arguments.named_path("spill_folder", self.spill_folder)

    def counter(self, pattern: str, special_tokens: Sequence[str]) -> Counter:
        """A counter that counts so."""
        return Counter(
            pattern=pattern,
            special_tokens=special_tokens,
            threads=self.threads,
            memory_limit=None
            if self.memory_limit is None
            else arguments.size_or_share("memory_limit", self.memory_limit),
            spill_folder=None if self.spill_folder is None else Path(self.spill_folder),
        )
