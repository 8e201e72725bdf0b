"""A progress bar over the bytes of inputs."""

import sys
from collections.abc import Iterator, Sequence
from typing import Self

from pairwright.bar import ByteBar
from pairwright.cli import files

# What takes less than about a second needs no bar.
LARGE = 8_000_000


class InputBar(ByteBar):
    """Shows how much of the inputs is done, once there is much to do.

    Stays away unless standard error is a terminal, and where the output goes `to_screen` at the same time.
    """

    def __init__(self, what: str, *, to_screen: bool = False) -> None:
        super().__init__(what, hidden=to_screen and sys.stdout is not None and sys.stdout.isatty())

    def over(self, names: Sequence[str]) -> Iterator[tuple[str, bytes]]:
        """Read each input; its bytes are then expected to be done. Raises `OSError`, before any if one is missing."""
        sizes = [files.size(name) for name in names]
        self.expect(sum(sizes))
        for name, size in zip(names, sizes, strict=True):
            content = files.read(name)
            self.expect(len(content) - size)
            yield files.shown(name), content

    def expect(self, more: int) -> None:
        """So many bytes more are to be done."""
        self.total += more
        if self.total >= LARGE:
            self.advance(0)
            self.bar.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.bar.stop()
