"""Parity-aware training: every merge is for the language that is compressed worst."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pairwright import arguments, languages

if TYPE_CHECKING:
    from typing import SupportsFloat, SupportsIndex, TypeAlias

    from pairwright._core import Counts
    from pairwright.languages import Given, Resolved

    Language: TypeAlias = tuple[Counts, Counts | None, float]
    Balance: TypeAlias = tuple[int, tuple[int, float] | None, bool]

ALPHA = 2.0

MOST = 1 << 24
"""There are no more merges."""


@dataclass(frozen=True, kw_only=True)
class Parity:
    """How `train` treats languages alike: each merge is the most frequent pair of the language that stands worst.

    This is parity-aware BPE of Foroutan et al., "Parity-Aware Byte-Pair Encoding: Improving Cross-lingual Fairness in
    Tokenization" (2025, arXiv 2508.04796). The worst language is the one whose development text has the most tokens;
    among equals the one named first. A language with no pair that occurs `min_frequency` times is left out from then
    on. The result depends on the texts and the settings alone.

    Raises `TypeError` and `ValueError` for settings that mean nothing.
    """

    development: Given | None = None
    """A text for every language, or its counts, to be measured on. The texts should say the same, line by line, as
    translations do. `None` measures the training texts themselves, which is only fair if they are parallel."""

    ratios: Mapping[str, SupportsFloat] | None = None
    """For texts that are not parallel: the worst language is then the one with the fewest bytes a token over its ratio.
    A ratio is the bytes that the language takes to say the same, beside those of the others: English 1, Hindi 2.6."""

    global_merges: SupportsIndex = 0
    """The hybrid variant: so many merges come first, of the most frequent pairs of all languages together."""

    window: SupportsIndex | None = None
    """The windowed variant: a language that had more than `alpha` times its equal share of the last `window` merges is
    passed over while another can have the next one. The paper takes 100."""

    alpha: SupportsFloat = ALPHA

    def __post_init__(self) -> None:
        """Raises `TypeError`, `ValueError`."""
        if self.development is not None and not isinstance(self.development, Mapping):
            raise TypeError(f"development must give each language a text, not {arguments.shown(self.development)}")
        arguments.integer("global_merges", self.global_merges, least=0)
        if self.window is not None and arguments.integer("window", self.window, least=1) > MOST:
            raise ValueError(f"window={self.window}: must be at most {MOST:,}, for there are no more ids")
        _positive("alpha", self.alpha)
        if self.window is None and self.alpha != ALPHA:
            raise ValueError(f"alpha={self.alpha}: it limits the merges of a window: give window, too")
        if self.ratios is not None and not isinstance(self.ratios, Mapping):
            raise TypeError(f"ratios must give each language a number, not {arguments.shown(self.ratios)}")
        for name, ratio in (self.ratios or {}).items():
            _positive(f"ratios[{name!r}]", ratio)


def development_of(parity: Parity, named: Resolved) -> Resolved:
    """The development texts of these languages, in their order. Raises `ValueError`, and as `languages.named`."""
    if parity.ratios is not None:
        languages.same("ratios", parity.ratios, named)
    if parity.development is None:
        return {}
    found = languages.named("development", parity.development)
    languages.same("development", found, named)
    return {name: found[name] for name in named}


def settings_of(parity: Parity) -> dict[str, object]:
    """What the metadata of a model tell."""
    return {
        "name": "parity",
        "ratios": None
        if parity.ratios is None
        else {name: arguments.number(name, ratio) for name, ratio in parity.ratios.items()},
        "global_merges": arguments.integer("global_merges", parity.global_merges),
        "window": None if parity.window is None else arguments.integer("window", parity.window),
        "alpha": arguments.number("alpha", parity.alpha),
    }


def core_of(
    parity: Parity, counted: Mapping[str, Counts], development: Mapping[str, Counts]
) -> tuple[list[Language], Balance]:
    """The languages and the balance, as `_core.train_parity` takes them."""
    ratios = parity.ratios or {}
    given = [
        (counts, development.get(name), arguments.number(name, ratios.get(name, 1.0)))
        for name, counts in counted.items()
    ]
    window = None if parity.window is None else (arguments.integer("window", parity.window), float(parity.alpha))
    balance = (min(arguments.integer("global_merges", parity.global_merges), MOST), window, parity.ratios is not None)
    return given, balance


def objective_of(value: object) -> Parity | None:
    """The argument `objective`: `None` for the frequency of pairs. Raises `TypeError`, `ValueError`."""
    if isinstance(value, Parity):
        return value
    if not isinstance(value, str):
        raise TypeError(f'objective must be "frequency", "parity" or a Parity, not {arguments.shown(value)}')
    return Parity() if arguments.choice("objective", value, ("frequency", "parity")) == "parity" else None


def _positive(argument: str, value: object) -> None:
    number = arguments.number(argument, value)
    if not (math.isfinite(number) and number > 0):
        raise ValueError(f"{argument}={value}: must be a positive, finite number")
