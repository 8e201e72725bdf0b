"""Tokens as HTML that needs no script: each in a colour, and on hover its id, bytes, rank and merge tree."""

from __future__ import annotations

import unicodedata
from html import escape as escaped
from typing import TYPE_CHECKING

from pairwright.bar import quoted
from pairwright.lab.kinds import is_invisible
from pairwright.visible import escape

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pairwright.lab.show import Shown
    from pairwright.lab.tree import Tree

# Text on these is black on any page, so that notebooks with any theme can show it.
COLOURS = ("#9ecae1", "#fdd49e", "#b2dfb0", "#dcc6e8", "#f4b9b9")

STYLE = """\
.pairwright{font:14px/1.9 ui-monospace,SFMono-Regular,Menlo,Consolas,"Noto Sans Mono",monospace;margin:.5em 0;\
overflow-wrap:anywhere;print-color-adjust:exact;-webkit-print-color-adjust:exact}
.pairwright p{margin:.2em 0}
.pairwright .t{color:#111;border-radius:3px;padding:.1em .05em;unicode-bidi:isolate;cursor:help}
.pairwright .t:hover{outline:2px solid #111}
.pairwright .t i{font-style:normal;color:#0008}
.pairwright .s{background:#333;color:#fff;font-weight:bold}
.pairwright .c{border-bottom:3px double currentColor;padding-bottom:.15em;unicode-bidi:isolate}
.pairwright .c b{font-weight:normal;padding:0 .2em;border:1px dashed currentColor;border-radius:3px}
""" + "".join(f".pairwright .k{number}{{background:{colour}}}\n" for number, colour in enumerate(COLOURS))

# Lines of a merge tree that are shown.
LINES = 14

SIGNS = {" ": "·", "\n": "↵", "\r": "␍", "\t": "→"}


def fragment(shown: Shown, name: str | None = None, most: int | None = None) -> str:
    """The tokens of a text, or the first of them, for a notebook or a page that has `STYLE`."""
    heading = f"<p><b>{plain(name)}</b></p>" if name is not None else ""
    rest = 0 if most is None else max(0, len(shown) - most)
    more = f"<p>… and {rest:,} more tokens</p>" if rest else ""
    return f'<div class="pairwright">{heading}<p>{escaped(shown.summary)}</p><p>{line(shown, most)}</p>{more}</div>'


def line(shown: Shown, most: int | None = None) -> str:
    """The tokens one after the other; those that share a character are underlined together."""
    special = set(shown.tokenizer.special_tokens.values())
    parts: list[str] = []
    at = 0
    for first, last, char in groups(shown.tokens[:most]):
        inside = []
        for index in range(first, last):
            token, number = shown.tokens[index], shown.ids[index]
            kind = "s" if number in special else f"k{at % len(COLOURS)}"
            hint = "\n".join(about(shown, index))
            inside.append(f'<span class="t {kind}" title="{attribute(hint)}">{marked(token)}</span>')
            at += 1
        if char:
            hint = f"{last - first} tokens share {' '.join(f'U+{ord(each):04X}' for each in char)}"
            inside.append(f"<b>{marked(char.encode())}</b>")
            parts.append(f'<span class="c" title="{attribute(hint)}">{"".join(inside)}</span>')
        else:
            parts += inside
        if shown.tokens[last - 1].endswith(b"\n"):
            parts.append("<br>")
        else:
            parts.append("<wbr>")
    return "".join(parts)


def groups(tokens: Sequence[bytes]) -> Iterator[tuple[int, int, str]]:
    """Ranges of tokens that split characters, with these characters; other tokens are ranges of their own."""
    inside: dict[int, tuple[int, str]] = {}
    at = 0
    for char in b"".join(tokens).decode(errors="surrogateescape"):
        size = 1 if "\udc80" <= char <= "\udcff" else len(char.encode())
        inside |= dict.fromkeys(range(at + 1, at + size), (at, char))
        at += size
    first = end = 0
    shared: dict[int, str] = {}
    for index, token in enumerate(tokens):
        end += len(token)
        if end in inside:
            start, char = inside[end]
            shared[start] = char
            continue
        yield first, index + 1, "".join(shared.values())
        first, shared = index + 1, {}


def about(shown: Shown, index: int) -> list[str]:
    """What there is to say of a token: id, rank, bytes, and how it was merged."""
    number, token = shown.ids[index], shown.tokens[index]
    tree = shown.trees[index] if shown.trees is not None else None
    rank = f", rank {tree.rank:,}" if tree is not None and tree.rank is not None else ""
    lines = [f"id {number:,}{rank}", f"{token.hex(' ')} ({len(token):,} byte{'s' * (len(token) != 1)})"]
    if number in shown.tokenizer.special_tokens.values():
        return [*lines, "special token"]
    if tree is not None:
        lines += [*([tree.note] if tree.note else []), *branches(shown, tree)]
    return lines


def branches(shown: Shown, tree: Tree) -> list[str]:
    """The merges that made a token, the last one first."""
    lines: list[str] = []
    waiting = [(0, tree)]
    while waiting:
        depth, node = waiting.pop()
        if node.left is None or node.right is None:
            continue
        if len(lines) == LINES:
            return [*lines, "…"]
        left, right = (quoted(shown.tokenizer.token_bytes(part.id)) for part in (node.left, node.right))
        lines.append(f"{'  ' * depth}{quoted(shown.tokenizer.token_bytes(node.id))} = {left} + {right}")
        waiting += [(depth + 1, node.right), (depth + 1, node.left)]
    return lines


def marked(token: bytes) -> str:
    """A token in HTML: white space and what shows nothing as signs and escapes."""
    return "".join(f"<i>{shown}</i>" if is_sign else escaped(shown) for shown, is_sign in _signs(token))


def signs(token: bytes) -> str:
    """The same as plain text."""
    return "".join(shown for shown, _ in _signs(token))


def _signs(token: bytes) -> Iterator[tuple[str, bool]]:
    for index, char in enumerate(token.decode(errors="surrogateescape")):
        if char in SIGNS:
            yield SIGNS[char], True
        elif not char.isprintable() or is_invisible(char):
            yield escape(char), True
        elif index == 0 and unicodedata.category(char).startswith("M"):
            yield f"◌{char}", False  # It would be put on the token before.
        else:
            yield char, False


def plain(text: str) -> str:
    """A name for HTML, with escapes for what cannot be printed."""
    return escaped(harmless(text))


def attribute(text: str) -> str:
    """Text of several lines for an attribute."""
    return escaped("\n".join(harmless(each) for each in text.split("\n"))).replace("\n", "&#10;")


def harmless(text: str) -> str:
    """Text with escapes for what cannot be printed, be it half of a character."""
    return "".join(char if char.isprintable() and not is_invisible(char) else escape(char) for char in text)
