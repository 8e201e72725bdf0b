"""What is said of documents and files that were passed over."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from pairwright.errors import DocumentError, SkippedWarning

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pairwright.corpus.blocks import Position, Skipped
    from pairwright.corpus.files import Corpus

# Documents that a summary names, and files.
SHOWN = 3
SHOWN_FILES = 100

# What stands before the hint in a warning.
HINTED = "\n  hint: "

HINT = 'on_error="skip" goes on without documents that cannot be used'


def gather(found: dict[Position, Skipped], skipped: Iterable[Skipped]) -> None:
    """Take note of what was passed over, of each document once, though it may fail in several parts."""
    for each in skipped:
        if each.is_file:
            # What the document at hand was passed over for matters no more.
            found[each.at] = each
        else:
            found.setdefault(each.at, each)


def tell(corpus: Corpus, skipped: Sequence[Skipped], *, read: int) -> None:
    """Warn of what was passed over, if anything was. `read` is the number of documents that were not.

    Raises `DocumentError` if there is none: what comes of nothing is no result.
    """
    if not skipped:
        return
    if not read:
        raise nothing_read(corpus, skipped)
    hint = hint_of(corpus, skipped)
    advice = f"{HINTED}{hint}" if hint else ""
    warnings.warn(summary(corpus, skipped) + advice, SkippedWarning, stacklevel=3)


def nothing_read(corpus: Corpus, skipped: Sequence[Skipped]) -> DocumentError:
    """The error that all there is was passed over."""
    return DocumentError(f"nothing could be read: {summary(corpus, skipped)}", hint=hint_of(corpus, skipped))


def hint_of(corpus: Corpus, skipped: Sequence[Skipped]) -> str | None:
    """What to do about a file that was passed over: about the first with a hint, which is named if there are others."""
    files = [each for each in skipped if each.is_file]
    first = next((each for each in files if each.hint), None)
    if first is None:
        return None
    return f"for {corpus.origins[first.at.file].name}: {first.hint}" if len(files) > 1 else first.hint


def summary(corpus: Corpus, skipped: Sequence[Skipped]) -> str:
    """Every file on a line of its own, and the first documents."""
    files = [each for each in skipped if each.is_file]
    documents = [each for each in skipped if not each.is_file]
    lines = [f"{corpus.place(each)}: {each.reason}{kept(each)}" for each in files[:SHOWN_FILES]]
    if len(files) > SHOWN_FILES:
        lines.append(f"and {len(files) - SHOWN_FILES:,} more files")
    if documents:
        shown = "; ".join(f"{corpus.place(each)}: {each.reason}" for each in documents[:SHOWN])
        what = " documents" if files else ""
        lines.append(shown + (f"; and {len(documents) - SHOWN:,} more{what}" if len(documents) > SHOWN else ""))
    was = "was" if len(skipped) == 1 else "were"
    between = " " if len(lines) == 1 else "\n  "
    return f"{numbers(len(files), len(documents))} {was} skipped:{between}" + "\n  ".join(lines)


def kept(skipped: Skipped) -> str:
    """How much of a file comes before the place from which on it was passed over."""
    number = skipped.at.document
    return f" ({numbers(0, number)} before {'it' if number == 1 else 'that'})" if number else ""


def numbers(files: int, documents: int) -> str:
    """How many files and documents, in words."""
    kinds = {"file": files, "document": documents}
    told = [f"{number:,} {kind}{'' if number == 1 else 's'}" for kind, number in kinds.items() if number]
    return " and ".join(told) or "nothing"
