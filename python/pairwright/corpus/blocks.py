"""Documents of a corpus, some megabytes of them at a time."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from pairwright import _core
from pairwright.corpus.finding import standard_input

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pairwright.corpus.finding import Origin
    from pairwright.corpus.framing import Framing

SIZE = 8 << 20
"""The bytes of a block: hundreds of tasks for each thread, and little to hold."""


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """The place of a document: the number of its file in the corpus, and its own number there."""

    file: int
    document: int


@dataclass(frozen=True, slots=True)
class Skipped:
    """A document that cannot be read: where it is, where in its file, why, and what to do about it.

    If it `is_file`, it is the whole file, or the rest of it from this document on.
    """

    at: Position
    position: str
    reason: str
    is_file: bool = False
    hint: str | None = None


@dataclass(frozen=True, slots=True)
class Ended:
    """A file that was read to its end: its bytes on disk, their SHA-256 (empty if they could not all be read), and the
    number of its documents, without what is lost with the file.
    """

    file: int
    bytes: int
    sha256: str
    documents: int


@dataclass(frozen=True, slots=True)
class Block:
    """Some documents.

    `texts` is anything that `Tokenizer.encode_batch` takes. Its first text may go on with the last document of the
    block before (`continues`), its last one in the next block (`goes_on`). If it `abandons`, the document that the
    block before ended in cannot be read and is to be forgotten. `runs` has the number of a text with the place of its
    document, wherever documents are not those that follow. `read` is how many bytes of files have been read so far.
    """

    texts: Any
    length: int
    runs: Sequence[tuple[int, Position]]
    read: int
    continues: bool = False
    goes_on: bool = False
    abandons: bool = False
    skipped: Sequence[Skipped] = ()
    ended: Sequence[Ended] = ()

    def text(self, number: int) -> bytes:
        """A text by its number."""
        text = self.texts[number]
        # The other is a value of pyarrow, which as Python has it would have to be UTF-8.
        return text if isinstance(text, bytes) else bytes(text.as_buffer())

    def position(self, text: int) -> Position:
        """Which document a text is, or is a part of."""
        first, position = self.runs[bisect_right(self.runs, text, key=itemgetter(0)) - 1]
        return Position(position.file, position.document + text - first)


def read_blocks(
    origins: Sequence[Origin],
    framing: Framing,
    *,
    first: int,
    start: Position,
    size: int,
    cut_for: tuple[str, Sequence[str]] | None,
    skips: bool,
    refuses_empty: bool,
    read: int,
) -> Iterator[Block]:
    """The blocks of text and JSON lines: files with the numbers from `first` on, beginning at `start`.

    Documents that are longer than `size` are cut for a split pattern and special tokens, or not at all. `read` is what
    had been read before. Raises `OSError` and `DocumentError`.
    """
    reader = _core.Reader(
        [framing.given(origin) for origin in origins],
        size=size,
        cut_for=cut_for,
        skips=skips,
        refuses_empty=refuses_empty,
        start=(start.file - first, start.document),
        stream=standard_input(origins),
    )
    for block in reader:
        yield Block(
            block,
            len(block),
            [(text, Position(first + file, document)) for text, file, document in block.runs],
            read + block.read,
            block.continues,
            block.goes_on,
            block.abandons,
            [
                Skipped(Position(first + file, document), position, reason, is_file, hint)
                for file, document, is_file, position, reason, hint in block.skipped
            ],
            [Ended(first + file, size, sha256, documents) for file, size, sha256, documents in block.ended],
        )
