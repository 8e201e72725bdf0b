"""Counts of several sources, mixed by weights."""

from __future__ import annotations

import decimal
import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

from pairwright import arguments, languages
from pairwright._core import Counts, Tokenizer
from pairwright.corpus import Counting
from pairwright.reported import reporting_if

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable
    from typing import SupportsFloat, SupportsIndex

    from pairwright.aliases import Fraction as Weight
    from pairwright.corpus import Description
    from pairwright.languages import Given
    from pairwright.progress import Progress

LONGEST = 1000
"""Longer numbers are a slip, and take long to compute with."""

DIGITS = 12
"""Significant digits of a share that follows from a temperature."""


def mix(
    sources: Given,
    pattern: str | None = None,
    special_tokens: Iterable[str] | None = None,
    *,
    weights: Mapping[str, Weight] | None = None,
    shares: Mapping[str, Weight] | None = None,
    temperature: Weight | None = None,
    by: Literal["bytes", "documents"] | Tokenizer = "bytes",
    threads: SupportsIndex | None = None,
    memory_limit: SupportsIndex | SupportsFloat | None = None,
    spill_folder: str | os.PathLike[str] | None = None,
    progress: Progress = None,
) -> Counts:
    """Count several sources and add the counts up, each times a weight: what `train` learns from a mixture.

    The weights are exact fractions. Every count of a source is multiplied by its weight and rounded, halves up; pieces
    that round to 0 are dropped. So a weight of 1 leaves a source as it is, and a weight below 1 drops what is rare in
    it. `min_frequency` of `train` counts after the weights.

    Args:
        sources: By name, anything that `train` takes, or `Counts`.
        pattern: The split pattern; that of the counts where some are given, else "cl100k".
        special_tokens: Names, which cut the text; those of the counts where some are given.
        weights: For each source the factor. Give exactly one of `weights`, `shares` and `temperature`.
        shares: For each source its part of the mixture, relative to the sum of all: the weights are q N / n, for a
            share q, all sources N and this one n, so that the size of the whole stays.
        temperature: The exponent α, from 0 to 1, of shares in proportion to n^α: 1 leaves the sources as they are, 0
            makes them equally large. The formula is that of Conneau and Lample, "Cross-lingual Language Model
            Pretraining" (2019), and of multilingual BERT; α around 0.3 is usual. Shares are computed to 12 digits.
        by: What n counts: "bytes" of the pieces, "documents" (not of `Counts`, which do not tell), or the tokens of a
            `Tokenizer`.
        threads: As for `count`, like all that follow.
        memory_limit: For each source.
        spill_folder: See `train`.
        progress: See `train`. If it returns `False`, `StoppedError` is raised.

    Raises:
        TypeError: A source is none, or a number is no number.
        ValueError: None or several of `weights`, `shares` and `temperature` are given; a weight is negative, a source
            has no weight, or there is no text in one; counts were made in different ways; all weights are 0.
        OverflowError: A count passes 64 bits.
        OSError, DocumentError, SplitError: As `train`.

    """
    return mixed(
        sources,
        pattern,
        special_tokens,
        weights=weights,
        shares=shares,
        temperature=temperature,
        by=by,
        counting=Counting(threads, memory_limit, spill_folder),
        progress=progress,
    ).counts


@dataclass(frozen=True)
class Mixture:
    """What was mixed, and how."""

    counts: Counts
    sizes: dict[str, int]
    weights: dict[str, Fraction]


def mixed(
    sources: Given,
    pattern: str | None,
    special_tokens: Iterable[str] | None,
    *,
    weights: Mapping[str, Weight] | None,
    shares: Mapping[str, Weight] | None,
    temperature: Weight | None,
    by: object,
    counting: Counting,
    progress: Progress,
) -> Mixture:
    """As `mix`, with the sizes and weights of the sources."""
    arguments.receiver("progress", progress)
    named = languages.named("sources", sources)
    _check(named, weights, shares, temperature, by)
    if pattern is not None:
        pattern = arguments.pattern(pattern)
    names = None if special_tokens is None else arguments.names("special_tokens", special_tokens)
    pattern, names = languages.agreed((named,), pattern, names)
    if by == "documents" and (of_counts := [name for name, source in named.items() if isinstance(source, Counts)]):
        raise ValueError(f'by="documents": counts do not tell how many documents there were: {", ".join(of_counts)}')
    with reporting_if(progress, languages.size((named,))) as report:
        counted, described = languages.count_each(named, pattern or "cl100k", names or [], counting, report)
    sizes = {name: _size(name, counted[name], described, by) for name in named}
    if weights is None:
        factors = mixing_weights(sizes, shares=shares, temperature=temperature)
    else:
        factors = {name: fraction(f"weights[{name!r}]", weights[name]) for name in named}
    if not any(factors.values()):
        raise ValueError("all weights are 0: nothing is left")
    products = [counts if factors[name] == 1 else counts * factors[name] for name, counts in counted.items()]
    return Mixture(sum(products[1:], products[0]), sizes, factors)


def mixing_weights(
    sizes: Mapping[str, int], *, shares: Mapping[str, Weight] | None = None, temperature: Weight | None = None
) -> dict[str, Fraction]:
    """The weights that `mix` gives sources of these sizes: q N / n, with N the sum of all n.

    The shares q are those given, over their sum, or n^α over the sum of all n^α. Exact, but for a power that is no
    fraction: then shares have 12 digits, and are the same on every machine.

    Raises `TypeError` and `ValueError` as `mix`.
    """
    if not isinstance(sizes, Mapping) or not sizes:
        raise TypeError(f"sizes must give each source a number, not {arguments.shown(sizes)}")
    numbers = {name: arguments.integer(f"sizes[{name!r}]", size, least=1) for name, size in sizes.items()}
    _check(numbers, None, shares, temperature, "bytes")
    if shares is not None:
        parts = {name: fraction(f"shares[{name!r}]", shares[name]) for name in numbers}
        if not any(parts.values()):
            raise ValueError("all shares are 0: nothing is left")
    else:
        parts = {name: _power(size, fraction("temperature", temperature)) for name, size in numbers.items()}
    whole, total = sum(parts.values()), sum(numbers.values())
    exact = {name: part / whole for name, part in parts.items()}
    if temperature is not None and any(part.denominator != 1 for part in parts.values()):
        exact = {name: _rounded(share) for name, share in exact.items()}
    return {name: exact[name] * total / size for name, size in numbers.items()}


def fraction(argument: str, value: object) -> Fraction:
    """A number that is not negative, exactly. Raises `TypeError`, `ValueError`."""
    # Of a Decimal with a large exponent the fraction alone would take minutes.
    if isinstance(value, decimal.Decimal) and value.is_finite() and abs(value.adjusted()) > LONGEST:
        raise ValueError(f"{argument}={value}: must have at most {LONGEST:,} digits")
    if hasattr(value, "__index__"):
        exact = Fraction(arguments.integer(argument, value))
    elif hasattr(value, "as_integer_ratio"):
        try:
            exact = Fraction(*value.as_integer_ratio())
        except (OverflowError, ValueError) as error:
            raise ValueError(f"{argument}={value}: must be a finite number") from error
    else:
        raise TypeError(f"{argument} must be a number, not {arguments.shown(value)}")
    if max(exact.numerator.bit_length(), exact.denominator.bit_length()) > LONGEST * math.log2(10):
        raise ValueError(f"{argument}: must have at most {LONGEST:,} digits")
    if exact < 0:
        raise ValueError(f"{argument}={value}: must not be negative")
    return exact


def _check(
    named: Mapping[str, object],
    weights: Mapping[str, Weight] | None,
    shares: Mapping[str, Weight] | None,
    temperature: Weight | None,
    by: object,
) -> None:
    """Check what says how much of each source is wanted, before any is read."""
    given = {"weights": weights, "shares": shares, "temperature": temperature}
    asked = [argument for argument, value in given.items() if value is not None]
    if len(asked) != 1:
        raise ValueError(
            f"give exactly one of weights, shares and temperature, not {' and '.join(asked) or 'none of them'}"
        )
    if temperature is not None and fraction("temperature", temperature) > 1:
        raise ValueError(f"temperature={temperature}: must be from 0 to 1")
    if not isinstance(by, Tokenizer):
        if not isinstance(by, str):
            raise TypeError(f'by must be "bytes", "documents" or a Tokenizer, not {arguments.shown(by)}')
        arguments.choice("by", by, ("bytes", "documents"))
    for argument in ("weights", "shares"):
        numbers = given[argument]
        if numbers is None:
            continue
        if not isinstance(numbers, Mapping):
            raise TypeError(f"{argument} must give each source a number, not {arguments.shown(numbers)}")
        languages.same(argument, numbers, named)
        for name, value in numbers.items():
            fraction(f"{argument}[{name!r}]", value)


def _size(name: str, counts: Counts, described: Description, by: object) -> int:
    if isinstance(by, Tokenizer):
        return int(by.usage(counts).sum())
    if by == "documents":
        return sum(int(each.get("documents", 1)) for each in described if each["language"] == name)
    return counts._bytes


def _power(base: int, exponent: Fraction) -> Fraction:
    """A power, exactly where it is a fraction of small ones, else to many digits: `float` differs between machines."""
    if exponent.denominator == 1:
        return Fraction(base**exponent.numerator)
    context = decimal.Context(prec=2 * DIGITS + 10)
    quotient = context.divide(decimal.Decimal(exponent.numerator), decimal.Decimal(exponent.denominator))
    return Fraction(context.power(decimal.Decimal(base), quotient))


def _rounded(share: Fraction) -> Fraction:
    """To `DIGITS` significant digits."""
    context = decimal.Context(prec=DIGITS, rounding=decimal.ROUND_HALF_EVEN)
    return Fraction(context.divide(decimal.Decimal(share.numerator), decimal.Decimal(share.denominator)))
