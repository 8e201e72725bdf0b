"""What every smaller vocabulary makes of a text, from one usage of the whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from pairwright import arguments
from pairwright.lab import metrics
from pairwright.lab.cost import LanguageModel, cost
from pairwright.lab.usage import checked, usage as usage_of, zeros
from pairwright.tokens.progress import check

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import SupportsIndex, TypeAlias

    import numpy.typing as npt
    from rich.table import Table

    from pairwright._core import Counts, Tokenizer
    from pairwright.corpus import Source
    from pairwright.tokens.progress import Progress
    from pairwright.tokens.reading import Tokens

    Row: TypeAlias = dict[str, int | float | None]

LEAST = 512
"""The smallest size that is tried where none are named: below, nearly every token is a byte."""

# What a column is called, which entry it has, and how that is written.
COLUMNS = (
    ("vocab", "vocab_size", ",d"),
    ("tokens", "tokens", ",d"),
    ("bytes/token", "bytes_per_token", ".3f"),
    ("use", "use", ".1%"),
    ("Rényi", "renyi", ".4f"),
    ("embedding", "embedding_share", ".1%"),
    ("head FLOPs", "head_share", ".1%"),
    ("FLOPs/byte", "flops_per_byte", ".3g"),
    ("context bytes", "context_bytes", ",.0f"),
    ("cache/byte", "cache_bytes_per_byte", ",.0f"),
)


@dataclass(frozen=True)
class Sizes:
    """What `sizes` found: `rows` has a dict for each size, the smallest first; `str()` is a table."""

    rows: tuple[Row, ...]
    best: int | None = None
    """The size with the fewest FLOPs of training for a byte of this text; `None` without a model. It rests on the text,
    the model's measures and the formula of `pairwright.lab.cost`, and is no more right than these are.
    """

    def __iter__(self) -> Iterator[Row]:
        """The rows."""
        return iter(self.rows)

    def to_dict(self) -> dict[str, Any]:
        """All of it, ready for JSON."""
        return {"rows": list(self.rows), "best": self.best}

    def table(self) -> Table:
        """The table, for rich."""
        from rich.table import Table

        made = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
        columns = [column for column in COLUMNS if column[1] in self.rows[0]]
        for heading, _, _ in columns:
            made.add_column(heading, justify="right", no_wrap=True)
        if self.best is not None:
            made.add_column("")
        for row in self.rows:
            cells = ["–" if row[key] is None else format(row[key], form) for _, key, form in columns]
            if self.best is not None:
                cells.append("fewest FLOPs/byte" if row["vocab_size"] == self.best else "")
            made.add_row(*cells)
        return made

    def __str__(self) -> str:
        from pairwright.lab.tables import as_text

        return as_text([self.table()])


def sizes(
    tokenizer: Tokenizer,
    source: Source | Counts | Tokens | npt.NDArray[np.integer[Any]],
    at: Iterable[SupportsIndex] | None = None,
    *,
    model: LanguageModel | None = None,
    threads: SupportsIndex | None = None,
    progress: Progress = None,
) -> Sizes:
    """What every smaller vocabulary makes of a text: `tokenizer.first(size)`, without encoding the text again.

    Args:
        tokenizer: The largest vocabulary.
        source: The text: whatever `Tokenizer.usage` takes, or the usage itself, an array of shape (vocab_size,). To
            choose a size, take text that the tokenizer was not trained on.
        at: Sizes of vocabularies, special tokens included; `None` is every power of two from 512 on, and the whole.
        model: Tell what each size costs this language model (see `pairwright.lab.cost`).
        threads: The number of threads that encode; `None` uses every core.
        progress: As for `Tokenizer.usage`.

    Returns:
        For each size `vocab_size`, `tokens`, `bytes`, `bytes_per_token`, `used` (ids that occur), `use` (their share)
        and `renyi` (Rényi efficiency, α = 2.5, of the types that occur); with a model, what `cost` tells. What is not
        defined for a text without tokens is `None`.

    Raises:
        ValueError: A size is out of range; a token is merged from one with a larger id, as in the vocabulary of
            Llama 3, so that smaller vocabularies are no parts of this one.
        TypeError: `at` are no integers, or an argument is of the wrong kind.

    """
    arguments.tokenizer("tokenizer", tokenizer)
    if model is not None and not isinstance(model, LanguageModel):
        raise TypeError(f"model must be a LanguageModel, not {arguments.shown(model)}")
    # Also where a usage is given, which needs neither.
    tokenizer.count_batch([], threads=threads)
    check(progress)
    asked = _asked(tokenizer, at)
    is_usage = isinstance(source, np.ndarray) and source.ndim == 1 and source.dtype.kind in "iu"
    if not is_usage:
        # Sizes that there are not are refused before the text is encoded.
        tokenizer._usages_at(zeros(tokenizer), asked)
    found = checked(tokenizer, source) if is_usage else usage_of(tokenizer, source, threads=threads, progress=progress)
    usages = tokenizer._usages_at(found, asked)
    # Before any size: with all merges undone there are as many tokens as bytes.
    size = int(tokenizer.curve(found)[0]) - _of_special(tokenizer, found)
    rows = []
    for number, usage in zip(asked, usages, strict=True):
        tokens = int(usage.sum())
        row: Row = {"vocab_size": number, "tokens": tokens, "bytes": size}
        row["bytes_per_token"] = size / tokens if tokens else None
        row["used"] = metrics.used(usage)
        row["use"] = metrics.used(usage) / number
        row["renyi"] = metrics.renyi_efficiency(usage) if metrics.used(usage) > 1 else None
        if model is not None and tokens:
            row |= cost(number, size / tokens, model)
        rows.append(row)
    priced = [row for row in rows if "flops_per_byte" in row]
    best = min(priced, key=lambda row: row["flops_per_byte"] or 0.0)["vocab_size"] if priced else None
    return Sizes(tuple(rows), None if best is None else int(best))


def _asked(tokenizer: Tokenizer, at: Iterable[SupportsIndex] | None) -> list[int]:
    """The sizes, the smallest first."""
    if at is None:
        fixed = 256 + len(tokenizer.special_tokens)
        powers = [1 << bits for bits in range(LEAST.bit_length() - 1, 32)]
        at = [*(size for size in powers if fixed <= size < tokenizer.vocab_size), tokenizer.vocab_size]
    try:
        numbers = list(at)
    except TypeError:
        raise TypeError(f"at must be an iterable of sizes, not {arguments.shown(at)}") from None
    found = sorted({arguments.integer("a size of at", number) for number in numbers})
    if not found:
        raise ValueError("at has no size")
    return found


def _of_special(tokenizer: Tokenizer, usage: npt.NDArray[np.uint64]) -> int:
    """How many special tokens a usage has, which stand for no text."""
    ordinary = set(tokenizer.vocab.values())
    return int(sum(int(usage[token]) for token in set(tokenizer.special_tokens.values()) - ordinary))
