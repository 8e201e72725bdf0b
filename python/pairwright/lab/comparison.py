"""What a comparison found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from pairwright.lab import metrics

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from pairwright.lab.pairs import Pair
    from pairwright.lab.rows import Row


@dataclass(frozen=True, eq=False)
class Comparison:
    """How tokenizers do on texts; made by `pairwright.compare`. As text (`str`), it is tables for people.

    What a measure is not defined for, or was not asked for, is `None`.
    """

    rows: list[Row]
    """One dict for each text and tokenizer, text by text. Shares are from 0 to 1.

    - `tokenizer`, `text`: their names
    - `documents`, `bytes`, `characters`, `words`, `tokens`: of the text; words are those of Unicode (UAX #29)
    - `bytes_per_token`, `characters_per_token`, `tokens_per_word`: ratios of these totals
    - `premium`: tokens over those of the reference text, which says the same in another language
    - `normalized_length`: tokens over those of the first tokenizer
    - `renyi`: Rényi efficiency, α = 2.5, over log₂ of the number of ids that occur; `renyi_entropy` and Shannon
      `entropy` in bits a token; `bits_per_byte`: that of a unigram code
    - `used`: the number of ids that occur; `use`: their share of `vocab_size`
    - `single_bytes`, `fragments`: the share of tokens of one byte, and of those that are not UTF-8 on their own
    - `digits`, `white_space`, `symbols`: the share of tokens of nothing but ASCII digits, white space, punctuation;
      `bytes_per_digits` and so on: the mean bytes of such a token
    - `word_types`: the number of distinct words; `single_token_words`: the share of them that are one token
    - `longest`, `p99`: the most tokens that a document has, and the 99th percentile; `beyond_context`: how many
      documents have more than `context`
    - `drift`: the Jensen–Shannon divergence of the usage from that on the reference text, or on the first one
    - `headroom`: tokens over those of a vocabulary of the same size trained on this very text
    - `megabytes_per_second`: how fast it was encoded
    """
    tokenizers: list[Row]
    """One dict for each tokenizer, over all texts: its name, `vocab_size`, sums and measures as in a row, `gini`,
    `worst_text` and `worst_premium`.
    """
    pairs: list[Pair]
    """Each two tokenizers: the tokens that they share, pieces and documents on which they differ most."""
    reference: str | None
    """The name of the reference text."""
    context: int | None
    beginnings: dict[str, bytes]
    """The first bytes of each text, by its name, as an example."""
    _usages: dict[tuple[str, str], tuple[npt.NDArray[np.int64], npt.NDArray[np.uint64]]]
    """By the names of tokenizer and text: the ids that occur, and how often."""

    def usage(self, tokenizer: str, text: str) -> npt.NDArray[np.uint64]:
        """How often each id of a tokenizer occurs in a text. Raises `KeyError` for a name that is none."""
        ids, numbers = self._usage(tokenizer, text)
        size = next(each["vocab_size"] for each in self.tokenizers if each["tokenizer"] == tokenizer)
        usage = np.zeros(size, np.uint64)
        usage[ids] = numbers
        return usage

    def drift(self, text: str, other: str) -> dict[str, float]:
        """The Jensen–Shannon divergence of the usages on two texts in bits, 0 to 1, by the name of the tokenizer.

        Raises `KeyError` for a name that is none.
        """
        names = [each["tokenizer"] for each in self.tokenizers]
        return {name: divergence(self._usage(name, text), self._usage(name, other)) for name in names}

    def _usage(self, tokenizer: str, text: str) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint64]]:
        if (tokenizer, text) not in self._usages:
            known = {name for pair in self._usages for name in pair}
            wrong = tokenizer if tokenizer not in known else text
            raise KeyError(f"{wrong!r} is none of {', '.join(sorted(map(repr, known)))}")
        return self._usages[tokenizer, text]

    def to_dict(self) -> dict[str, Any]:
        """Everything but usages and beginnings, as JSON can have it."""
        return {
            "reference": self.reference,
            "context": self.context,
            "rows": [dict(row) for row in self.rows],
            "tokenizers": [dict(each) for each in self.tokenizers],
            "pairs": [pair.to_dict() for pair in self.pairs],
        }

    def __str__(self) -> str:
        from pairwright.lab.tables import as_text, tables

        return as_text(tables(self))

    def __repr__(self) -> str:
        return f"Comparison({len(self.tokenizers)} tokenizers, {len(self.rows) // len(self.tokenizers)} texts)"

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)


def divergence(
    first: tuple[npt.NDArray[np.int64], npt.NDArray[np.uint64]],
    second: tuple[npt.NDArray[np.int64], npt.NDArray[np.uint64]],
) -> float:
    """The divergence of two usages, of which only ids that occur are kept."""
    ids = np.union1d(first[0], second[0])
    usages = []
    for seen, numbers in (first, second):
        usage = np.zeros(len(ids), np.uint64)
        usage[np.searchsorted(ids, seen)] = numbers
        usages.append(usage)
    return metrics.divergence(*usages)
