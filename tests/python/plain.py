"""Training, splitting and encoding as plain Python: slow, short, and the judge of the compiled module.

Training follows one procedure to the letter: cut the text with `regex.findall`; ids 0-255 are the bytes, then come the
special tokens, then the merges; each step counts the adjacent pairs of all words, in text order, into a fresh
dictionary and merges `max(counts, key=counts.get)`.

It works on distinct words with counts instead of on every word, and that changes nothing. Equal words are cut into the
same tokens at every step, so a pair's count is the sum over distinct words of its occurrences times the word's count.
And `max` gives the first of equals in the order in which the dictionary met them: where a pair occurs for the first
time in the text, the word around it occurs for the first time too, or else the pair would have been met before. So
walking the distinct words in the order of their first occurrence fills the dictionary in the order of the text.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, TypeAlias

import regex

PATTERN = (
    r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+"
)
"""The split pattern that the procedure is defined with: that of GPT-4, in its older spelling."""

Pair: TypeAlias = tuple[int, int]
SpecialIds = Literal["first", "last"]
TieBreak = Literal["first_seen", "lowest_pair"]


@dataclass(frozen=True)
class Learned:
    """What training gives."""

    merges: list[tuple[bytes, bytes]]
    """The merges, in order."""
    tokens: dict[int, bytes]
    """The bytes of every token by id, special tokens included, in the order of ids."""


def train(
    text: str | bytes,
    vocab_size: int,
    special_tokens: Sequence[str] = (),
    *,
    pattern: str = PATTERN,
    special_ids: SpecialIds = "first",
    tie_break: TieBreak = "first_seen",
) -> Learned:
    """Learn a vocabulary of `vocab_size` ids, or of fewer if no pair is left."""
    counted = Counter(piece for part in without(special_tokens, text) for piece in pieces(pattern, part))
    words = [(list(piece), count) for piece, count in counted.items()]
    tokens = {byte: bytes([byte]) for byte in range(256)}
    merges: list[tuple[bytes, bytes]] = []
    new = 256 + len(special_tokens) if special_ids == "first" else 256
    while len(merges) < vocab_size - 256 - len(special_tokens):
        counts: dict[Pair, int] = {}
        for word, count in words:
            for pair in pairwise(word):
                counts[pair] = counts.get(pair, 0) + count
        if not counts:
            break
        if tie_break == "first_seen":
            best = max(counts, key=counts.__getitem__)
        else:
            best = min(counts, key=lambda pair: (-counts[pair], pair))
        left, right = tokens[best[0]], tokens[best[1]]
        # pairwright gives equal bytes one id, and this procedure would give them two. It never comes to that: where the
        # same bytes become a token twice, all merges inside them were the same ones, and so was the last.
        assert left + right not in tokens.values()
        tokens[new] = left + right
        merges.append((left, right))
        words = [(merge(word, best, new), count) for word, count in words]
        new += 1
    first_special = 256 if special_ids == "first" else new
    tokens |= {first_special + at: token.encode() for at, token in enumerate(special_tokens)}
    return Learned(merges, dict(sorted(tokens.items())))


def merge(word: list[int], pair: Pair, new: int) -> list[int]:
    """Replace every occurrence of `pair` by `new`, from left to right."""
    merged = []
    at = 0
    while at < len(word):
        if at + 1 < len(word) and (word[at], word[at + 1]) == pair:
            merged.append(new)
            at += 2
        else:
            merged.append(word[at])
            at += 1
    return merged


def without(special_tokens: Sequence[str], text: str | bytes) -> list[bytes]:
    """The parts of a text between special tokens; of those that start at one place, the longest counts."""
    if not special_tokens:
        return [as_bytes(text)]
    longest_first = sorted((token.encode() for token in special_tokens), key=len, reverse=True)
    return regex.split(b"|".join(map(regex.escape, longest_first)), as_bytes(text))


def as_bytes(text: str | bytes) -> bytes:
    """UTF-8. Surrogates become U+FFFD unless two make one character, as in a detour over UTF-16."""
    if isinstance(text, bytes):
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()


def pieces(pattern: str, text: str | bytes) -> list[bytes]:
    """Cut a text by a regex. What lies between two matches is a piece too; empty matches are none.

    Bytes that are not UTF-8 are cut as their lossy decoding is, in which U+FFFD stands for each invalid sequence.
    """
    shown = shown_as(as_bytes(text))
    content = "".join(character for character, _ in shown)
    edges = {0, len(content)}
    edges |= {edge for match in regex.finditer(pattern, content) if match.group() for edge in match.span()}
    return [b"".join(original for _, original in shown[start:end]) for start, end in pairwise(sorted(edges))]


def shown_as(text: bytes) -> list[tuple[str, bytes]]:
    """Each character of the lossy decoding with the bytes that it stands for."""
    shown: list[tuple[str, bytes]] = []
    while text:
        try:
            valid, invalid = text, b""
            valid.decode()
        except UnicodeDecodeError as error:
            valid, invalid = text[: error.start], text[error.start : error.end]
        shown += [(character, character.encode()) for character in valid.decode()]
        if invalid:
            shown.append(("\ufffd", invalid))
        text = text[len(valid) + len(invalid) :]
    return shown


def encode_piece(piece: bytes, vocab: Mapping[bytes, int]) -> list[int]:
    """Merge the adjacent pair whose joined bytes have the lowest rank, the leftmost of equals, until there is none."""
    parts = [bytes([byte]) for byte in piece]
    while True:
        ranked = [
            (vocab[left + right], at) for at, (left, right) in enumerate(pairwise(parts)) if left + right in vocab
        ]
        if not ranked:
            return [vocab[part] for part in parts]
        _, at = min(ranked)
        parts[at : at + 2] = [parts[at] + parts[at + 1]]


def encode(text: str | bytes, pattern: str, vocab: Mapping[bytes, int]) -> list[int]:
    """The ids of a text in which special tokens are plain text. `vocab` gives ids, which are ranks, by bytes."""
    return [token for piece in pieces(pattern, text) for token in encode_piece(piece, vocab)]
