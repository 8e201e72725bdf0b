"""Texts that hypothesis draws, and the code points on which two Unicode versions differ."""

from functools import cache

import pairwright
import plain
from hypothesis import strategies as st

WHITE_SPACE = [
    *"\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a",
    *"\u2028\u2029\u202f\u205f\u3000",
]
CHARACTERS = [
    *"aZésdmtlrvSLß", "中", "あ", "한", "ก", "م", "Ж", "ω",
    "ſ", "K",  # fold to the ASCII letters s and k
    "ǅ", "ᾼ", "ʰ", "ー", "ª", "ǀ",  # Lt, Lm, Lo
    "\u0301", "\u093e", "\u20dd", "\ufe0f",  # Mn, Mc, Me
    *"1234567890", "٣", "½", "Ⅷ", "𝟘", "〇",
    *"'’!?/.-_<|>\\\"", "€", "、", "😀", "👨‍👩‍👧", "🇩🇪",
    "\x00", "\x1c", "\u200b", "\u200d", "\ufeff", "\ufffd", "\u0378", "\ue000", "\U0010ffff",
    "'s", "'T", "'ll", "'VE", "'re", "'ſ", "\r\n", "\n\n", "  ", "   ", " \n ", "\u3000\n",
    *WHITE_SPACE,
]  # fmt: skip
CLASSES = [r"\p{L}", r"\p{Lu}", r"\p{Ll}", r"\p{Lt}", r"\p{Lm}", r"\p{Lo}", r"\p{M}", r"\p{N}", r"\s", r"\p{Cn}"]
CODE_POINTS = [chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000]


def class_members(character_class: str, text: str) -> tuple[frozenset[str], frozenset[str]]:
    """The characters of a text that belong to a class: as the `regex` module and as the compiled module know it."""
    # A 0 stays with the next character only if that is of the class, so pieces of two characters tell.
    pattern, probe = rf"0?{character_class}|0", "".join("0" + character for character in text)
    pieces = {piece.decode() for piece in pairwright.count([probe], pattern=pattern)}
    found = set(plain.regex.findall(pattern, probe))
    return members(found), members(pieces)


def members(pieces: set[str]) -> frozenset[str]:
    return frozenset(piece[1] for piece in pieces if len(piece) == 2)


@cache
def known_differently() -> frozenset[str]:
    """Code points that some class holds in one of the two modules alone: they know different versions of Unicode."""
    text = "".join(CODE_POINTS)
    return frozenset().union(*(one ^ other for one, other in (class_members(name, text) for name in CLASSES)))


def known_alike(text: str) -> bool:
    return known_differently().isdisjoint(text)


texts = (
    st.lists(st.one_of(st.sampled_from(CHARACTERS), st.characters(exclude_categories=["Cs"])), max_size=40)
    .map("".join)
    .filter(known_alike)
)
"""Any text, with all that split patterns tell apart crowded together."""

raw_bytes = st.lists(
    st.one_of(
        st.sampled_from(CHARACTERS).map(str.encode),
        st.sampled_from([b"\xff", b"\xe4\xb8", b"\xe4", b"\xf0\x9f\x98", b"\x80", b"\xc0\x80", b"\xed\xa0\x80"]),
        st.binary(max_size=4),
    ),
    max_size=30,
).map(b"".join).filter(lambda content: known_alike(content.decode(errors="replace")))  # fmt: skip
"""Any bytes: valid, cut short and impossible UTF-8 side by side."""
