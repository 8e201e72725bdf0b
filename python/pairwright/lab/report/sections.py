"""The parts of a report that are made of usages and audits, as JSON can have them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pairwright.bar import quoted
from pairwright.lab.sizes import sizes
from pairwright.lab.usage import facts

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from pairwright._core import Tokenizer
    from pairwright.lab.audit import Audit
    from pairwright.lab.cost import LanguageModel

    Usages = Mapping[str, npt.NDArray[np.uint64]]

POINTS = 150
"""Points of the curve of frequencies, for each tokenizer."""

MOST = 200
"""Tokens that are told by name, for each tokenizer; fewer of many, so that there are at most `ALL`."""

ALL = 1000

LEAST = 512
"""The smallest size of a vocabulary that is looked at: below, nearly every token is a byte."""


FEW = 16
"""Sizes of a small vocabulary."""


def usage_section(tokenizers: Mapping[str, Tokenizer], usages: Usages) -> dict[str, Any]:
    """How often tokens occur: facts of each tokenizer, its curve of frequencies, and its most frequent tokens."""
    told, curve, most = [], [], []
    for name, tokenizer in tokenizers.items():
        usage = usages[name]
        told.append({"tokenizer": name, **facts(tokenizer, usage)})
        # Equal numbers in the order of ids.
        order = np.argsort(-usage.astype(np.float64), kind="stable")[: np.count_nonzero(usage)]
        places = np.unique(np.geomspace(1, max(len(order), 1), POINTS).round().astype(np.int64))[: len(order)]
        curve += [
            {"tokenizer": name, "place": place, "times": int(usage[order[place - 1]])} for place in places.tolist()
        ]
        total = int(usage.sum())
        for token in order[: min(MOST, ALL // len(tokenizers))].tolist():
            times = int(usage[token])
            shown = quoted(tokenizer.token_bytes(token))
            most.append({"tokenizer": name, "id": token, "token": shown, "times": times, "share": times / total})
    return {"facts": told, "curve": curve, "most": most}


def sizes_section(
    tokenizers: Mapping[str, Tokenizer], usages: Usages, size: int, model: LanguageModel | None
) -> dict[str, Any]:
    """What every smaller vocabulary makes of the texts; for a tokenizer of which that cannot be told, the reason."""
    rows: list[dict[str, Any]] = []
    best: dict[str, int] = {}
    refused: dict[str, str] = {}
    for name, tokenizer in tokenizers.items():
        try:
            found = sizes(tokenizer, usages[name], _at(tokenizer), model=model)
        except ValueError as error:
            refused[name] = str(error)
            continue
        rows += [{"tokenizer": name, **row} for row in found.rows]
        if found.best is not None:
            best[name] = found.best
    return {
        "bytes": size,
        "model": None if model is None else _measures(model),
        "rows": rows,
        "best": best,
        "refused": refused,
    }


def _at(tokenizer: Tokenizer) -> list[int]:
    """Sizes, two for each doubling, and the whole; of a small vocabulary some that are equally far from each other."""
    fixed, whole = 256 + len(tokenizer.special_tokens), tokenizer.vocab_size
    if whole < 2 * LEAST:
        return sorted({*np.linspace(min(fixed, whole), whole, FEW).round().astype(int).tolist()})
    steps = [round(2 ** (half / 2)) for half in range(64)]
    return [*(size for size in steps if max(LEAST, fixed) <= size < whole), whole]


def _measures(model: LanguageModel) -> dict[str, Any]:
    names = ("width", "layers", "body", "tied", "context", "precision", "cached")
    return {name: getattr(model, name) for name in names}


def audit_section(audits: Mapping[str, Audit]) -> dict[str, Any]:
    """The groups of each audit that have tokens; all ids and their evidence are what `Audit.to_dict` is for."""
    groups: list[dict[str, Any]] = []
    notes: list[dict[str, str]] = []
    for name, audit in audits.items():
        problems = audit.problems
        groups += [
            {
                "tokenizer": name,
                "group": group,
                "problem": group in problems,
                "tokens": number,
                "share": share,
                "meaning": audit.meaning(group),
                "examples": examples,
            }
            for group, number, share, examples in audit.rows()
        ]
        notes += [{"tokenizer": name, "note": line} for line in audit.lines_below()]
    return {"groups": groups, "notes": notes}
