"""Tokens that begin or end inside a character: what of them is complete, and how the rest can be completed."""

from __future__ import annotations

import codecs
import unicodedata
from functools import cache
from itertools import chain, islice
from math import gcd
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

CONTINUATIONS = range(0x80, 0xC0)

LAST = 0x10FFFF

SURROGATES = range(0xD800, 0xE000)

LENGTHS = (range(0x80, 0x800), range(0x800, 0x10000), range(0x10000, LAST + 1))
"""The code points of two, three and four bytes."""


class Parts(NamedTuple):
    """The parts of a token that can occur in UTF-8."""

    head: bytes
    """Continuation bytes of a character that began before the token."""
    text: str
    """Whole characters."""
    tail: bytes
    """The beginning of a character that ends behind the token."""


def parts(token: bytes) -> Parts | None:
    """The parts of a token; `None` if no valid UTF-8 contains these bytes."""
    size = 0
    while size < len(token) and token[size] in CONTINUATIONS:
        size += 1
    if size > 3:
        return None
    decoder = codecs.getincrementaldecoder("utf-8")("strict")
    try:
        text = decoder.decode(token[size:])
    except UnicodeDecodeError:
        return None
    tail = decoder.getstate()[0]
    if tail[:1] == b"\xed" and tail[1:] >= b"\xa0":
        # A surrogate, which the decoder refuses only when it is complete.
        return None
    return Parts(token[:size], text, tail)


def is_text(token: bytes) -> bool:
    """Whether bytes are UTF-8."""
    try:
        token.decode()
    except UnicodeDecodeError:
        return False
    return True


def missing(tail: bytes) -> int:
    """How many bytes the character lacks that begins with these."""
    return _length(tail) - len(tail)


def _length(tail: bytes) -> int:
    return 2 if tail[0] < 0xE0 else 3 if tail[0] < 0xF0 else 4


def code_points(part: bytes) -> range:
    """The code points of characters that begin with these bytes, a lead byte and perhaps continuation bytes."""
    length = _length(part)
    value = part[0] & (0x7F >> length)
    for byte in part[1:]:
        value = value << 6 | byte & 0x3F
    missing = 6 * (length - len(part))
    # What would be written with fewer bytes is not valid, and nothing lies beyond the last code point.
    least = {2: 0x80, 3: 0x800, 4: 0x10000}[length]
    stop = min((value + 1) << missing, LAST + 1)
    return range(max(value << missing, least), SURROGATES.start if stop == SURROGATES.stop else stop)


@cache
def endings(tail: bytes, most: int) -> tuple[bytes, ...]:
    """Up to `most` byte strings, of all kinds, that complete a character which begins with these bytes."""
    if not tail:
        return (b"",)
    points = code_points(tail)
    return tuple(chr(point).encode()[len(tail) :] for point in islice(_scattered(points), most))


@cache
def beginnings(head: bytes, most: int) -> tuple[bytes, ...]:
    """Up to `most` byte strings that complete a character which ends with these bytes: of short characters first."""
    if not head:
        return (b"",)
    points = chain.from_iterable(_scattered(list(_ending_with(head, points))) for points in LENGTHS)
    return tuple(chr(point).encode()[: -len(head)] for point in islice(points, most))


def _scattered(points: Sequence[int]) -> Iterator[int]:
    """All of some code points in an order that soon reaches every part of them."""
    # By a step near the golden ratio that has no divisor in common with their number, each comes once.
    step = max(1, round(len(points) * 0.618))
    while gcd(step, len(points)) != 1:
        step += 1
    return (points[at * step % len(points)] for at in range(len(points)))


def _ending_with(head: bytes, points: range) -> Iterator[int]:
    """The code points among those of one length whose last bytes are these."""
    bits = 6 * len(head)
    length = len(chr(points[0]).encode())
    if len(head) >= length:
        return
    low = 0
    for byte in head:
        low = low << 6 | byte & 0x3F
    first = (points.start >> bits << bits) | low
    for point in range(first, points.stop, 1 << bits):
        if point in points and point not in SURROGATES:
            yield point


def is_assigned(point: int) -> bool:
    """Whether the Unicode version of this Python has a character there, or leaves it to private use."""
    return unicodedata.category(chr(point)) not in ("Cn", "Cs")


@cache
def may_be_assigned(head: bytes, tail: bytes) -> bool:
    """Whether a character that ends with `head`, and one that begins with `tail`, may be assigned ones."""
    if tail and not any(map(is_assigned, code_points(tail))):
        return False
    if not head:
        return True
    return any(is_assigned(point) for points in LENGTHS for point in _ending_with(head, points))
