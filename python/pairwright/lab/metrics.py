"""Measures of a tokenizer on text: small pure functions over arrays.

A *usage* is an array of how often each id occurs, as `Tokenizer.usage` gives it: T is its sum (the tokens), f one of
its numbers, p = f / T. Ids with f > 0 are the *observed types*. Logarithms have the base 2, so entropies are in bits.
What a measure is not defined for, such as the entropy of no text, is `nan` and never a number that looks like a result.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Usage = npt.NDArray[np.uint64]
    Bools = npt.NDArray[np.bool_]

ALPHA = 2.5
"""The order of Rényi entropy that predicts quality best in Zouhar et al. (2023)."""


def ratio(part: float, whole: float) -> float:
    """A ratio of two totals, `nan` where the second is 0. Totals are divided, never ratios averaged."""
    return part / whole if whole else math.nan


def shares(usage: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """The share p = f / T of each observed type. Raises `ValueError` for negative numbers."""
    array = np.asarray(usage)
    if array.ndim != 1 or array.dtype.kind not in "iuf":
        raise TypeError("a usage is an array of numbers of one dimension")
    if array.size and array.min() < 0:
        raise ValueError("a usage has no negative numbers")
    seen = array[array > 0].astype(np.float64)
    return seen / seen.sum() if seen.size else seen


def entropy(usage: npt.ArrayLike) -> float:
    """Shannon entropy in bits a token: H₁ = −Σ p log₂ p."""
    p = shares(usage)
    # The sum of a single share of 1 is -0.0.
    return float(-(p * np.log2(p)).sum()) + 0.0 if p.size else math.nan


def renyi_entropy(usage: npt.ArrayLike, alpha: float = ALPHA) -> float:
    """Rényi entropy in bits: H_α = log₂(Σ p^α) / (1 − α); Shannon entropy for α = 1, −log₂ max p for α = ∞.

    Zouhar et al., "Tokenization and the Noiseless Channel" (2023). Raises `ValueError` for a negative α.
    """
    if not alpha >= 0:
        raise ValueError(f"alpha={alpha}: must be 0 or more")
    if alpha == 1:
        return entropy(usage)
    p = shares(usage)
    if not p.size:
        return math.nan
    if math.isinf(alpha):
        return float(-np.log2(p.max())) + 0.0
    return float(np.log2((p**alpha).sum()) / (1 - alpha)) + 0.0


def renyi_efficiency(usage: npt.ArrayLike, alpha: float = ALPHA, *, types: int | None = None) -> float:
    """Rényi entropy over the most it can be: H_α / log₂ V, from 0 to 1.

    V is the number of observed types, as in the scorer of Zouhar et al. (2023), or `types`: the size of the vocabulary
    makes efficiencies of one tokenizer on several texts comparable. `nan` for a single type, whose entropy can be
    nothing but 0.
    """
    observed = len(shares(usage))
    if types is not None and types < observed:
        raise ValueError(f"types={types}: {observed} types are observed")
    number = observed if types is None else types
    return renyi_entropy(usage, alpha) / math.log2(number) if number > 1 else math.nan


def bits_per_byte(usage: npt.ArrayLike, size: int) -> float:
    """Unigram bits a byte: H₁ T / B, what a code for single tokens needs for each of B bytes of text."""
    return ratio(entropy(usage) * float(np.asarray(usage).sum()), size)


def used(usage: npt.ArrayLike) -> int:
    """The number of observed types."""
    return int(np.count_nonzero(np.asarray(usage)))


def share_of(usage: Usage, chosen: Bools) -> float:
    """The share of tokens that are of a class, Σ f of its ids / T."""
    return ratio(int(usage[chosen].sum()), int(usage.sum()))


def mean_of(usage: Usage, chosen: Bools, sizes: npt.NDArray[np.int64]) -> float:
    """What tokens of a class hold on average, e.g. bytes: Σ f × size / Σ f over the ids of the class."""
    part = usage[chosen]
    return ratio(int((part * sizes[chosen].astype(np.uint64)).sum()), int(part.sum()))


def gini(values: npt.ArrayLike) -> float:
    """Gini coefficient Σᵢⱼ |cᵢ − cⱼ| / (2 n² μ): 0 where all are equal, near 1 where one has nearly all.

    Of the cost of each language it says how unequally a tokenizer serves them: Foroutan et al., "Parity-Aware BPE"
    (2025). Raises `ValueError` for negative or infinite numbers. `nan` for no numbers, and where all are 0.
    """
    ordered = np.sort(np.asarray(values, np.float64))
    if ordered.size and not (ordered[0] >= 0 and np.isfinite(ordered[-1])):
        raise ValueError("a Gini coefficient is one of finite numbers that are not negative")
    number, total = len(ordered), ordered.sum()
    if not total:
        return math.nan
    # Of sorted numbers each difference counts as often as there are pairs on both sides of it.
    weights = 2 * np.arange(1, number + 1) - number - 1
    return float((weights * ordered).sum() / (number * total)) + 0.0


def divergence(first: npt.ArrayLike, second: npt.ArrayLike) -> float:
    """Jensen–Shannon divergence of two usages in bits: H₁(m) − (H₁(p) + H₁(q)) / 2 with m = (p + q) / 2.

    0 for equal shares, 1 for usages that have no id in common. Raises `ValueError` for usages of different lengths.
    """
    p, q = (np.asarray(each, np.float64) for each in (first, second))
    if p.shape != q.shape:
        raise ValueError(f"usages of {len(p)} and {len(q)} ids are not of one tokenizer")
    if not (p.sum() and q.sum()):
        return math.nan
    p, q = p / p.sum(), q / q.sum()
    found = entropy((p + q) / 2) - (entropy(p) + entropy(q)) / 2
    # Rounding may pass the bounds by a little.
    return min(max(found, 0.0), 1.0)


def percentile(lengths: npt.NDArray[np.int64], numbers: npt.NDArray[np.int64], percent: float) -> int:
    """The nearest-rank percentile: the least length that at least so many percent of sequences do not pass.

    `numbers` says how many sequences have each of the `lengths`, which ascend. Raises `ValueError` for no sequence.
    """
    if not 0 < percent <= 100:
        raise ValueError(f"percent={percent}: must be more than 0 and at most 100")
    if not len(lengths):
        raise ValueError("there is no sequence")
    ends = np.cumsum(numbers)
    # Exact for whole percentages: 99 % of 100 sequences are 99, whatever a float makes of 0.99.
    rank = -(-int(ends[-1]) * percent // 100)
    return int(lengths[np.searchsorted(ends, rank)])


def beyond(lengths: npt.NDArray[np.int64], numbers: npt.NDArray[np.int64], context: int) -> int:
    """How many sequences have more than `context` tokens."""
    return int(numbers[lengths > context].sum())
