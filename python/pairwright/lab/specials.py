"""Names of special tokens that occur in a corpus as plain text."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pairwright.corpus.blocks import Block


class Finder:
    """Counts the names of special tokens in the documents of a corpus, block by block."""

    def __init__(self, names: Iterable[str]) -> None:
        self.counts: Counter[str] = Counter()
        # The longest first: of two that begin at the same place encoding takes it too.
        wanted = sorted((name.encode() for name in names), key=lambda name: (-len(name), name))
        self._pattern = re.compile(b"|".join(map(re.escape, wanted))) if wanted else None
        # Looking for what all of them begin with is much faster, and most text has not even that.
        self._common = _common_beginning(wanted)
        self._kept = max(map(len, wanted), default=1) - 1
        self._end = b""

    def add(self, block: Block) -> None:
        """Count the names in the documents of a block."""
        if self._pattern is None:
            return
        for number in range(block.length):
            # A document may be cut inside a name: what the part before ended with goes before the next.
            before = self._end if number == 0 and block.continues else b""
            self._count(before, block.text(number))

    def _count(self, before: bytes, part: bytes) -> None:
        text = before + part
        self._end = text[-self._kept :] if self._kept else b""
        if self._pattern is None or self._common not in text:
            return
        self.counts.update(name.decode() for name in self._pattern.findall(text))
        self.counts.subtract(name.decode() for name in self._pattern.findall(before))


def _common_beginning(names: list[bytes]) -> bytes:
    """What all names begin with."""
    if not names:
        return b""
    first, last = min(names), max(names)
    size = next((at for at, byte in enumerate(first) if last[at : at + 1] != bytes([byte])), len(first))
    return first[:size]
