"""Which tokens a text can give: a text that does, a proof that none does, or what was tried in vain."""

from __future__ import annotations

from functools import cached_property, partial
from itertools import islice, pairwise, product
from typing import TYPE_CHECKING

import numpy as np

from pairwright.errors import SplitError
from pairwright.lab import utf8

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import SupportsIndex

    import numpy.typing as npt

    from pairwright.lab.vocabulary import Vocabulary

NOT_FOUND, REACHABLE, UNREACHABLE, INVALID = range(4)

STATUS = ("not found", "reachable", "unreachable", "not in UTF-8")

# What may stand beside a token so that the split pattern cuts elsewhere: every kind of character that patterns tell
# apart, and endings of words that some of them know.
PUNCTUATION = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
LETTERS = ("a", "A", "é", "É", "中", "क", "\u0301", "ー", "·")
OTHERS = ("1", " ", "  ", "\n", "\n\n", "\r\n", "\t", "→", "😀", "\u00a0")
ENDINGS = ("s", "t", "m", "d", "re", "ve", "ll", "S", "T")
BEFORE = (*PUNCTUATION, *LETTERS, *OTHERS)
BEHIND = (*PUNCTUATION, *LETTERS, *OTHERS, *ENDINGS)
FEW = (".", "'", "-", "/", "a", "A", "中", "1", " ", "\n", "\u0301")
PAIRS = tuple(product((*FEW, "("), (*FEW, "s", "t")))

CONTEXTS = len(BEFORE) + len(BEHIND) + len(PAIRS)

# Ways to complete the characters that a token begins or ends in.
COMPLETIONS = 4096

ROUNDS = (4, 28, 224, COMPLETIONS)

# Of these, how many are also tried with contexts.
SURROUNDED = 16

# Texts that are encoded at a time.
BATCH = 1 << 17

SEARCH = (
    f"Each token was encoded by itself, then with {len(BEFORE)} texts before it, {len(BEHIND)} behind it and "
    f"{len(PAIRS)} pairs around it; the characters that a token begins or ends in were completed in up to "
    f"{COMPLETIONS:,} ways, and {SURROUNDED} of these also in such contexts."
)


class Reach:
    """What is known of each ordinary token.

    `status` has one of the constants above for each. A token is reachable if a text in UTF-8 gives it, which is then
    its witness; `INVALID` if no such text contains its bytes. `no_merge` are those that no merge makes: they are
    unreachable, unless a piece that is a token is encoded to it at once.
    """

    def __init__(self, vocabulary: Vocabulary, threads: SupportsIndex | None = None) -> None:
        self._vocabulary = vocabulary
        self._tokenizer = vocabulary.tokenizer
        self._threads = threads
        self._elsewhere: dict[int, bytes] = {}
        by_itself = self._given(vocabulary.tokens, vocabulary.ids)
        self._by_itself = by_itself
        is_text = vocabulary.is_text
        self.status: npt.NDArray[np.uint8] = np.where(by_itself & is_text, REACHABLE, NOT_FOUND).astype(np.uint8)
        self.no_merge = self._without_merge(np.flatnonzero(~by_itself))
        if not self._tokenizer.ignore_merges:
            self.status[self.no_merge] = UNREACHABLE
        self._search()

    def witness(self, index: int) -> bytes | None:
        """A text in UTF-8 that was encoded and gave the token."""
        if self.status[index] != REACHABLE:
            return None
        return self._elsewhere.get(index, self._vocabulary.tokens[index])

    def broken(self, index: int) -> bytes | None:
        """The bytes of the token, if these give it and are not UTF-8."""
        is_broken = self._by_itself[index] and not self._vocabulary.is_text[index]
        return self._vocabulary.tokens[index] if is_broken else None

    def _given(self, texts: Sequence[bytes], ids: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        """Which texts give the id at the same place."""
        try:
            batch = self._tokenizer.encode_batch(texts, disallowed_special=(), threads=self._threads)
        except SplitError:
            if len(texts) == 1:
                # The split pattern gives up on this text, so it gives nothing.
                return np.zeros(1, np.bool_)
            half = len(texts) // 2
            return np.concatenate((self._given(texts[:half], ids[:half]), self._given(texts[half:], ids[half:])))
        found = np.zeros(len(texts), np.bool_)
        hits = np.flatnonzero(batch.values == np.repeat(ids, np.diff(batch.offsets)))
        found[np.searchsorted(batch.offsets, hits, side="right") - 1] = True
        return found

    def _without_merge(self, unsure: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """The tokens that no merge makes, in any text.

        Merging inside a stretch of a piece goes as it would in this stretch alone until a merge crosses its border, and
        where it comes out as one token, none has. So a token that its own bytes, as a piece, do not give, none gives.
        """
        tokens, ids = self._vocabulary.tokens, self._vocabulary.ids
        if not self._tokenizer.ignore_merges:
            encode = self._tokenizer.encode_piece
            found = [index for index in unsure.tolist() if encode(tokens[index]) != [ids[index]]]
        elif self._tokenizer._unreached() is None:
            found = [index for index in unsure.tolist() if not tokens[index]]
        else:
            made = {left + right for left, right in self._tokenizer.merges}
            found = [index for index, token in enumerate(tokens) if len(token) != 1 and token not in made]
        return np.array(found, np.int64)

    def _search(self) -> None:
        """Look for witnesses of the tokens that their own bytes do not show to be reachable."""
        shapes = {}
        for index in np.flatnonzero((self.status == NOT_FOUND) & ~self._vocabulary.is_text).tolist():
            shape = utf8.parts(self._vocabulary.tokens[index])
            if shape is None:
                self.status[index] = INVALID
            else:
                shapes[index] = shape

        def completed(index: int, start: int, stop: int) -> Iterator[bytes]:
            head, _, tail = shapes[index]
            if head and tail:
                ways = _diagonal(utf8.beginnings(head, 512), utf8.endings(tail, 512))
            else:
                ways = product(utf8.beginnings(head, stop), utf8.endings(tail, stop))
            token = self._vocabulary.tokens[index]
            return (before + token + behind for before, behind in islice(ways, start, stop))

        for start, stop in pairwise((0, *ROUNDS)):
            self._try(shapes, partial(completed, start=start, stop=stop))
        self._try(shapes, partial(self._among_neighbours, shapes=shapes))
        texts = [index for index in np.flatnonzero(self.status == NOT_FOUND).tolist() if index not in shapes]
        for contexts in ([(text, "") for text in BEFORE], [("", text) for text in BEHIND], PAIRS):
            ways = [(before.encode(), behind.encode()) for before, behind in contexts]

            def surrounded(index: int, ways: list[tuple[bytes, bytes]] = ways) -> Iterator[bytes]:
                wholes = completed(index, 0, SURROUNDED) if index in shapes else (self._vocabulary.tokens[index],)
                return (before + whole + behind for whole in wholes for before, behind in ways)

            self._try(texts, surrounded)
            # Of fragments only those that stand alone with all completions: there are few.
            self._try(shapes, surrounded)

    def _among_neighbours(self, index: int, shapes: dict[int, utf8.Parts]) -> Iterator[bytes]:
        """The token with other fragments beside it, which may merge before a completed character does."""
        head, _, tail = shapes[index]
        token = self._vocabulary.tokens[index]
        before, behind = utf8.beginnings(head, 1)[0], utf8.endings(tail, 1)[0]
        for other, fragment in self._fragments:
            if tail and len(fragment.head) == utf8.missing(tail):
                # These continuation bytes may be none that the character can have: then it is no text, and passed over.
                text = before + token + other + utf8.endings(fragment.tail, 1)[0]
                if utf8.is_text(text):
                    yield text
            if head and fragment.tail and utf8.missing(fragment.tail) == len(head):
                text = utf8.beginnings(fragment.head, 1)[0] + other + token + behind
                if utf8.is_text(text):
                    yield text

    @cached_property
    def _fragments(self) -> list[tuple[bytes, utf8.Parts]]:
        """All tokens of several bytes that begin or end inside a character."""
        tokens = (self._vocabulary.tokens[index] for index in np.flatnonzero(~self._vocabulary.is_text).tolist())
        shaped = ((token, utf8.parts(token)) for token in tokens if len(token) > 1)
        return [(token, shape) for token, shape in shaped if shape is not None]

    def _try(self, indices: Iterable[int], candidates: Callable[[int], Iterator[bytes]]) -> None:
        """Encode the candidates for each token that is not found yet."""
        texts: list[bytes] = []
        owners: list[int] = []
        for index in indices:
            if self.status[index] == NOT_FOUND and self._vocabulary.tokens[index]:
                before = len(texts)
                texts.extend(candidates(index))
                owners.extend([index] * (len(texts) - before))
                if len(texts) >= BATCH:
                    self._settle(texts, owners)
                    texts, owners = [], []
        if texts:
            self._settle(texts, owners)

    def _settle(self, texts: list[bytes], owners: list[int]) -> None:
        for place in np.flatnonzero(self._given(texts, self._vocabulary.ids[owners])).tolist():
            index = owners[place]
            if self.status[index] == NOT_FOUND:
                self.status[index] = REACHABLE
                self._elsewhere[index] = texts[place]


def _diagonal(befores: Sequence[bytes], behinds: Sequence[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """All pairs, those first that are near the beginning of both."""
    for total in range(len(befores) + len(behinds) - 1):
        for at in range(max(0, total - len(behinds) + 1), min(total + 1, len(befores))):
            yield befores[at], behinds[total - at]
