"""Texts in memory, or as they come, as a corpus that can be encoded."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from pairwright import arguments
from pairwright.corpus import Corpus, Texts, resolve
from pairwright.corpus.blocks import SIZE, Block, Ended, Position
from pairwright.corpus.files import BEGINNING
from pairwright.corpus.finding import Origin
from pairwright.corpus.framing import Framing
from pairwright.corpus.skipping import HINT
from pairwright.errors import DocumentError
from pairwright.libraries import pyarrow

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Sequence

    from pairwright.corpus import Source
    from pairwright.corpus.blocks import Skipped

NAME = "<texts>"
"""What texts are called where files have their names."""


def corpus_of(source: Source) -> Corpus:
    """The corpus that a source means, as `train` takes it. Raises what `resolve` raises."""
    found = resolve(source)
    return TextsCorpus(found) if isinstance(found, Texts) else found


@dataclass(frozen=True)
class TextsOrigin(Origin):
    """No file. Nobody can tell whether the same texts come again."""

    @property
    def name(self) -> str:
        """What it is called in messages and manifests."""
        return NAME


class TextsFraming(Framing):
    """Every text is a document."""

    def place(self, origin: Origin, document: int) -> str:  # noqa: ARG002
        """Where a document is."""
        return f"text {document}"

    def described(self, origins: Iterable[Origin]) -> dict[str, Any]:  # noqa: ARG002
        """The unit of documents."""
        return {"unit": "text"}


class TextsCorpus(Corpus):
    """Encodes documents that are no files. They are read once, from the first on."""

    def __init__(self, texts: Texts) -> None:
        # The fields of the corpus do not change, and so are not set as others are.
        values = {"origins": (TextsOrigin(None, "text"),), "framing": TextsFraming(), "skips": False, "_texts": texts}
        for name, value in values.items():
            object.__setattr__(self, name, value)

    def prepare(self) -> None:
        """Import what reading needs."""
        texts = self._all()
        if hasattr(texts, "__arrow_c_array__") or hasattr(texts, "__arrow_c_stream__"):
            # Without it they are taken as Python has them.
            with suppress(ModuleNotFoundError):
                pyarrow()

    def size(self, first: int = 0) -> int:  # noqa: ARG002
        """Not known."""
        return 0

    def check(self) -> None:
        """Nothing can be missing."""

    def refused(self, at: Position, reason: str, hint: str | None = None) -> Skipped:
        """Raises `DocumentError`: texts are not passed over."""
        raise DocumentError(f"{NAME}, text {at.document}: {reason}", hint=None if hint == HINT else hint)

    def blocks(  # type: ignore[override]
        self,
        *,
        size: int = SIZE,
        cut_for: tuple[str, Sequence[str]] | None = None,  # noqa: ARG002  texts are there as a whole
        start: Position = BEGINNING,
        refuses_empty: bool = False,  # noqa: ARG002
    ) -> Generator[Block, None, None]:
        """All texts, some megabytes of them at a time. Raises `TypeError` for what is no text."""
        assert start == BEGINNING
        digest = hashlib.sha256()
        held: list[bytes] = []
        first = read = waiting = 0
        for number, item in enumerate(self._items()):
            text = encoded(item, number)
            digest.update(len(text).to_bytes(8, "little"))
            digest.update(text)
            held.append(text)
            waiting += len(text)
            if waiting >= size:
                read += waiting
                yield Block(held, len(held), [(0, Position(0, first))], read)
                first, held, waiting = number + 1, [], 0
        read += waiting
        ended = [Ended(0, read, digest.hexdigest(), first + len(held))]
        yield Block(held, len(held), [(0, Position(0, first))], read, ended=ended)

    def held(self) -> Sequence[Any] | None:
        """The texts as they were given, if they are a list or a tuple."""
        texts = self._all()
        return texts if isinstance(texts, list | tuple) else None

    def _all(self) -> object:
        return cast("Any", self)._texts.texts

    def _items(self) -> Iterator[object]:
        """Every text. Columns of Arrow come through pyarrow, if it is there."""
        texts = self._all()
        is_stream = hasattr(texts, "__arrow_c_stream__")
        if isinstance(texts, list | tuple) or not (is_stream or hasattr(texts, "__arrow_c_array__")):
            yield from cast("Iterable[object]", texts)
            return
        try:
            library = pyarrow()
        except ModuleNotFoundError:
            yield from cast("Iterable[object]", texts)
            return
        column = library.chunked_array(texts) if is_stream else library.array(texts)
        if library.types.is_struct(column.type):
            names = [column.type.field(number).name for number in range(column.type.num_fields)]
            if len(names) != 1:
                raise ValueError(f"a table with the columns {', '.join(map(repr, names))}: pass the one with the texts")
            column = library.compute.struct_field(column, [0])
        for value in column:
            yield value.as_py()


def encoded(item: object, number: int) -> bytes:
    """The bytes of a text; a lone surrogate becomes U+FFFD. Raises `TypeError`."""
    if isinstance(item, str):
        try:
            return item.encode()
        except UnicodeEncodeError:
            return item.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").encode()
    if isinstance(item, bytes | bytearray | memoryview):
        return arguments.content(f"text {number}", item)
    raise TypeError(f"text {number} must be str or bytes, not {type(item).__name__}")
