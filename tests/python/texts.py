"""Texts that hypothesis draws, and the code points on which two versions of Unicode differ."""

from functools import cache

import regex
from hypothesis import strategies as st

import pairwright

WHITE_SPACE = [
    *"\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a",
    *"\u2028\u2029\u202f\u205f\u3000",
]
CHARACTERS = [
    *("a", "Z", "é", "ß", *"sdmtrlveSLV", "中", "あ", "한", "ก", "م", "Ж", "ω"),
    *("ſ", "\u212a"),  # fold to the ASCII letters s and k
    *("ǅ", "ᾼ", "ʰ", "ー", "ª", "ǀ"),  # Lt, Lm, Lo
    *("\u0301", "\u093e", "\u20dd", "\ufe0f"),  # Mn, Mc, Me
    *("1", "2", "34", "5678", "٣", "½", "Ⅷ", "𝟘", "〇"),
    *("'", "’", *'!?/.-_<|>"', "€", "、", "😀", "👨‍👩‍👧", "🇩🇪"),
    *("\x00", "\x1c", "\u200b", "\u200d", "\ufeff", "\ufffd", "\u0378", "\ue000", "\U0010ffff"),
    *("'s", "'T", "'ll", "'VE", "'re", "'ſ", "\r\n", "\n\n", "  ", "   ", " \n ", "\u3000\n"),
    *WHITE_SPACE,
]
"""At least one of every kind that a split pattern tells apart, and what gives them trouble together."""

CLASSES = [r"\p{Lu}", r"\p{Ll}", r"\p{Lt}", r"\p{Lm}", r"\p{Lo}", r"\p{M}", r"\p{N}", r"\s"]
"""The classes that split patterns tell apart."""

ALL_CODE_POINTS = [chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000]
PLANES_IN_USE = [character for character in ALL_CODE_POINTS if ord(character) < 0x40000 or ord(character) >> 16 == 14]
"""All but the planes that no version of Unicode has put a character into, and those for private use."""


def members(character_class: str, text: str) -> tuple[frozenset[str], frozenset[str]]:
    """The characters of a text that are of a class: as the `regex` module and as the compiled module know it."""
    # A 0 stays with the next character only if that is of the class, so pieces of two characters tell.
    pattern, probe = rf"0?{character_class}|0", "".join("0" + character for character in text)
    pieces = {piece.decode() for piece in pairwright.count([probe], pattern=pattern)}
    one, other = (
        frozenset(piece[1] for piece in found if len(piece) == 2) for found in (regex.findall(pattern, probe), pieces)
    )
    return one, other


@cache
def known_differently() -> frozenset[str]:
    """Code points that some class holds in one of the two modules alone: they know different versions of Unicode."""
    text = "".join(PLANES_IN_USE)
    return frozenset[str]().union(*(one ^ other for one, other in (members(name, text) for name in CLASSES)))


def known_alike(text: str | bytes) -> bool:
    """Whether a text has no code points on which the `regex` module and the compiled module differ."""
    return known_differently().isdisjoint(text if isinstance(text, str) else text.decode(errors="replace"))


characters = st.characters(exclude_categories=["Cs"])

any_text = st.lists(st.sampled_from(CHARACTERS) | characters, max_size=40).map("".join)
"""Any text, with all that split patterns tell apart crowded together."""

text = st.lists(st.sampled_from(CHARACTERS) | characters.filter(known_alike), max_size=40).map("".join)
"""The same for comparisons with the `regex` module."""

broken = st.sampled_from([b"\xff", b"\xe4\xb8", b"\xe4", b"\xf0\x9f\x98", b"\x80", b"\xc0\x80", b"\xed\xa0\x80"])
raw_bytes = (
    st.lists(st.one_of(text.map(str.encode), broken, st.binary(max_size=4)), max_size=8)
    .map(b"".join)
    .filter(known_alike)
)
"""Any bytes: valid, cut short and impossible UTF-8 side by side."""


def runs_of(*parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Short runs: of equal parts, and of parts of one kind, one kind after the other."""
    runs = [st.lists(part, min_size=1, max_size=4).map("".join) for part in parts]
    repeated = st.tuples(st.one_of(parts), st.integers(2, 5)).map(lambda drawn: drawn[0] * drawn[1])
    return st.lists(st.one_of(*runs, repeated), max_size=20).map("".join)


by_class = runs_of(
    *(st.characters(categories=[category]) for category in ("Lu", "Ll", "Lt", "Lm", "Lo")),
    st.characters(categories=["Mn", "Mc", "Me"]),
    # Of one to four bytes each: digits of all scripts, letters and fractions that are numbers.
    *(st.characters(categories=[category]) for category in ("Nd", "Nl", "No")),
    st.characters(categories=["Nd"], min_codepoint=0x10000),
    st.sampled_from(WHITE_SPACE),
    st.sampled_from(["\n", "\r", "\r\n", " ", "\n "]),
    st.sampled_from(["'", "’", "'s", "'S", "'ſ", "'\u212a", "'ll", "'LL", "'lL", "'ve", "'re", "'d", "ſ", "\u212a"]),
    st.sampled_from(["😀", "\u200d", "\ufe0f", "👩‍🚀", "\U0001f3fd", "🇩🇪", "\ue000", "\U000f0000", "\U0010fffd"]),
    st.characters(categories=["P", "S"]),
    st.characters(categories=["Cc", "Cf", "Co", "Cn"]),
)
"""Every class of code points as often as any other, however few there are of it."""
