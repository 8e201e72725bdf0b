"""The tokens that several tokenizers make of a text, as a page of HTML that needs nothing else."""

from __future__ import annotations

from html import escape as escaped
from typing import TYPE_CHECKING

from pairwright.bar import quoted
from pairwright.lab.markup import STYLE, fragment, marked, plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pairwright.lab.merging import PieceMerges
    from pairwright.lab.show import Shown

PAGE_STYLE = """\
:root{color-scheme:light dark}
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:auto;padding:1rem}
table{border-collapse:collapse;font-size:.85em;font-variant-numeric:tabular-nums}
th,td{text-align:left;padding:.1em .7em .1em 0;vertical-align:top}
td.n{text-align:right}
.wide{overflow-x:auto}
summary{cursor:pointer}
"""

# Every request would be refused: the page needs none.
POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def page(found: Mapping[str, Shown], *, merges: bool = False) -> str:
    """The tokens of each tokenizer, by its name; with `merges` also in which order each piece was merged."""
    parts = [
        '<!doctype html><html lang="en"><head><meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{escaped(POLICY)}">',
        '<meta name="viewport" content="width=device-width,initial-scale=1">',
        f"<title>Tokens</title><style>{PAGE_STYLE}{STYLE}</style></head><body>",
    ]
    for name, shown in found.items():
        parts += [
            f"<section>{fragment(shown, name)}",
            f'<details><summary>Tokens in a table</summary><div class="wide">{table(shown)}</div></details>',
        ]
        if merges:
            parts += ["<h3>Merges</h3>", *_merges(shown)]
        parts.append("</section>")
    return "".join([*parts, "</body></html>\n"])


def table(shown: Shown) -> str:
    """The id, rank, bytes and text of each token."""
    rows = ["<tr><th>id<th>rank<th>bytes<th>text"]
    for index, (number, token) in enumerate(zip(shown.ids, shown.tokens, strict=True)):
        tree = shown.trees[index] if shown.trees is not None else None
        rank = "" if tree is None or tree.rank is None else f"{tree.rank:,}"
        cells = f'<td class="n">{number:,}<td class="n">{rank}<td>{token.hex(" ")}<td>{plain(quoted(token))}'
        rows.append(f"<tr>{cells}")
    return f"<table>{''.join(rows)}</table>"


def _merges(shown: Shown) -> Iterator[str]:
    for piece, times in distinct(shown.pieces):
        number = f" × {times:,}" if times > 1 else ""
        rows = [
            f'<tr><td class="n">{number:,}<td class="n">{rank}<td>{plain(step)}<td class="pairwright">{_state(tokens)}'
            for number, (rank, step, tokens) in enumerate(steps(shown, piece))
        ]
        heading = f"<p>{plain(quoted(piece.piece))}{number}</p>"
        header = "<tr><th>step<th>rank<th>merge<th>tokens"
        yield f'{heading}<div class="wide"><table>{header}{"".join(rows)}</table></div>'


def _state(tokens: Iterable[bytes]) -> str:
    return " ".join(f'<span class="t k{at % 2}">{marked(token)}</span>' for at, token in enumerate(tokens))


def distinct(pieces: Iterable[PieceMerges]) -> list[tuple[PieceMerges, int]]:
    """Each different piece, and how often it occurs, in the order of first occurrence."""
    times: dict[PieceMerges, int] = {}
    for piece in pieces:
        times[piece] = times.get(piece, 0) + 1
    return list(times.items())


# Longer pieces are not written out after each merge: that would take the square of their length.
LONG = 100

HOW = {"merged": "", "whole": "a whole piece, not merged", "special": "a special token"}


def steps(shown: Shown, piece: PieceMerges) -> Iterator[tuple[str, str, list[bytes]]]:
    """The rank, the merge in words and the tokens after it, of the state before all merges and of each step."""
    content = shown.tokenizer.token_bytes
    states = piece.states() if len(piece.piece) <= LONG else iter(())
    yield "", HOW[piece.how], list(map(content, next(states, ())))
    for step in piece.steps:
        merge = f"{quoted(content(step.left))} + {quoted(content(step.right))}"
        yield f"{step.rank:,}", merge, list(map(content, next(states, ())))
