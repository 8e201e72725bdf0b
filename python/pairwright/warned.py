"""What training warns of: patterns that hardly cut a text, and new ids that a published model uses otherwise."""

from __future__ import annotations

import re
import warnings
from typing import TYPE_CHECKING

from pairwright import _core
from pairwright.errors import PatternWarning, ReservedIdsWarning

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pairwright._core import Counts, Tokenizer
    from pairwright.corpus import Description

SMALL_CORPUS = 4096
"""Of fewer bytes than this it is not told whether a pattern cuts them well."""

LONG_PIECE = 512
"""Pieces are words. With so many bytes on average they are no such."""

WHOLE_DOCUMENT = 32
"""Documents that are whole pieces may be words, up to this average of bytes."""

SEVERAL_WORDS = 256
"""Of fewer bytes than this it is not told whether pieces are whole lines."""

LONG_LINE = 8
"""Pieces of fewer bytes on average are no lines of several words, not even with the line feeds between them."""

SAMPLE = 1000
"""So many distinct pieces tell what most are like."""

# White space, and the punctuation of scripts that are written without.
BETWEEN_WORDS = r"[\s、。，！？；：]+"


def warn_if_whole(counts: Counts, described: Description, *, stacklevel: int = 3) -> None:
    """Warn if a regex leaves whole most documents, or most lines, or cuts pieces of many hundred bytes."""
    if counts.pattern in _core.PATTERNS or counts.pattern == _core.WHOLE:
        return
    pieces, size = counts.total, counts._bytes
    documents = sum(int(each.get("documents", 1)) for each in described)
    is_whole = pieces < 1.25 * documents and size >= WHOLE_DOCUMENT * pieces
    is_long = size >= SMALL_CORPUS and (size >= LONG_PIECE * pieces or is_whole)
    if is_long or (size >= max(SEVERAL_WORDS, LONG_LINE * pieces) and _have_several_words(counts)):
        number = "1 piece" if pieces == 1 else f"{pieces:,} pieces"
        warnings.warn(
            f"the split pattern {counts.pattern!r} cuts {size:,} bytes of text into no more than {number}, so that "
            f"tokens may cross words and lines; patterns with a name are {', '.join(sorted(_core.PATTERNS))}",
            PatternWarning,
            stacklevel=stacklevel,
        )


def _have_several_words(counts: Counts) -> bool:
    """Whether most of the text is in pieces of three words or more, as where lines are whole pieces.

    Pieces of two words are no sign of a mistake: a number and its unit, for example.
    """
    of_several = of_all = 0
    for piece, count in counts._sample(SAMPLE):
        size = len(piece) * count
        of_all += size
        if len(re.split(BETWEEN_WORDS, piece.decode(errors="replace").strip())) >= 3:
            of_several += size
    return 2 * of_several > of_all


def warn_of_reserved(base: Tokenizer, new: range) -> None:
    """Warn where new ids are those that the models of a published vocabulary use for special tokens."""
    from pairwright.families import reserved_ids

    found = reserved_ids(base, new)
    if found is not None:
        family, taken = found
        ids = f"id {taken[0]}" if len(taken) == 1 else f"ids {_runs(taken)}"
        warnings.warn(
            f"new tokens have the {ids}, which {family.name} uses for special tokens; to keep such ids free pass "
            f"first_id={family.reserved.stop}",
            ReservedIdsWarning,
            stacklevel=3,
        )


def _runs(numbers: Sequence[int]) -> str:
    """Ascending numbers in words: those without gaps by the first and the last."""
    begins = [number for number, before in zip(numbers, [None, *numbers], strict=False) if before != number - 1]
    ends = [number for number, after in zip(numbers, [*numbers[1:], None], strict=True) if after != number + 1]
    runs = [str(first) if first == last else f"{first} to {last}" for first, last in zip(begins, ends, strict=True)]
    return runs[0] if len(runs) == 1 else f"{', '.join(runs[:-1])} and {runs[-1]}"
