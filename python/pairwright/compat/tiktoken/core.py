"""`Encoding`, with every public method and property of tiktoken's."""

import itertools
import os
from collections.abc import Collection, Iterable, Mapping, Sequence, Set as AbstractSet
from functools import cached_property
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt

from pairwright._core import Tokenizer, regex_of
from pairwright.compat.tiktoken.unstable import completions, stable

Allowed = Literal["all"] | AbstractSet[str]
Disallowed = Literal["all"] | Collection[str]

_LARGEST = 2**32 - 1


class Encoding:
    """A tokenizer with the interface of `tiktoken.Encoding`.

    `tokenizer` is the `pairwright.Tokenizer` behind it, for all that tiktoken does not have.
    """

    name: str
    tokenizer: Tokenizer

    def __init__(
        self,
        name: str,
        *,
        pat_str: str,
        mergeable_ranks: Mapping[bytes, int],
        special_tokens: Mapping[str, int],
        explicit_n_vocab: int | None = None,
    ) -> None:
        """An encoding of tokens with their ranks, a split pattern and special tokens with their ids.

        Raises `AssertionError` if `explicit_n_vocab` is given and is not the number of all tokens, or if their ids have
        holes then; `ValueError` for an invalid pattern, or tokens that contradict each other or lack one of the 256
        bytes.
        """
        if explicit_n_vocab:
            largest = max(*mergeable_ranks.values(), *special_tokens.values())
            if (len(mergeable_ranks) + len(special_tokens), largest) != (explicit_n_vocab, explicit_n_vocab - 1):
                raise AssertionError(
                    f"explicit_n_vocab={explicit_n_vocab}, but there are {len(mergeable_ranks)} ordinary and "
                    f"{len(special_tokens)} special tokens, and the largest id is {largest}"
                )
        tokenizer = Tokenizer.from_ranks(
            mergeable_ranks, pattern=pat_str, special_tokens=special_tokens, ignore_merges=True
        )
        self.name, self.tokenizer = name, tokenizer

    @classmethod
    def from_tokenizer(cls, name: str, tokenizer: Tokenizer) -> Self:
        """Any pairwright tokenizer, one trained by `pairwright.train` too, under tiktoken's interface."""
        encoding = cls.__new__(cls)
        encoding.name, encoding.tokenizer = name, tokenizer
        return encoding

    def __repr__(self) -> str:
        return f"<Encoding {self.name!r}>"

    # Text to ids

    def encode(
        self, text: str, *, allowed_special: Allowed = frozenset(), disallowed_special: Disallowed = "all"
    ) -> list[int]:
        """The ids of a text. Special tokens in `allowed_special` become their id.

        Raises `ValueError` if the text holds one of `disallowed_special`: by default all that are not allowed.
        """
        allowed, disallowed = self._special(allowed_special, disallowed_special)
        return self.tokenizer.encode(_str(text), allowed_special=allowed, disallowed_special=disallowed)

    def encode_ordinary(self, text: str) -> list[int]:
        """The ids of a text in which special tokens are plain text."""
        return self.tokenizer.encode_ordinary(_str(text))

    def encode_to_numpy(
        self, text: str, *, allowed_special: Allowed = frozenset(), disallowed_special: Disallowed = "all"
    ) -> npt.NDArray[np.uint32]:
        """As `encode`, as an array of shape (n,). Raises `UnicodeEncodeError` for lone surrogates."""
        allowed, disallowed = self._special(allowed_special, disallowed_special)
        return self.tokenizer.encode_to_numpy(_utf8(text), allowed_special=allowed, disallowed_special=disallowed)

    def encode_batch(
        self,
        text: Iterable[str],
        *,
        num_threads: int = 8,
        allowed_special: Allowed = frozenset(),
        disallowed_special: Disallowed = "all",
    ) -> list[list[int]]:
        """The ids of many texts, on up to `num_threads` threads."""
        if disallowed_special != "all":
            disallowed_special = frozenset(disallowed_special)
        allowed, disallowed = self._special(allowed_special, disallowed_special)
        texts = [_str(one) for one in text]
        threads = _threads(num_threads)
        batch = self.tokenizer.encode_batch(
            texts, allowed_special=allowed, disallowed_special=disallowed, threads=threads
        )
        return batch.to_lists()

    def encode_ordinary_batch(self, text: Iterable[str], *, num_threads: int = 8) -> list[list[int]]:
        """The ids of many texts in which special tokens are plain text, on up to `num_threads` threads."""
        return self.encode_batch(text, num_threads=num_threads, disallowed_special=())

    def encode_with_unstable(
        self, text: str, *, allowed_special: Allowed = frozenset(), disallowed_special: Disallowed = "all"
    ) -> tuple[list[int], list[list[int]]]:
        """The ids that stay whatever text follows, and the sequences that may come in the place of the others.

        The sequences are in the order of their ids. Raises `UnicodeEncodeError` for lone surrogates.
        """
        allowed, disallowed = self._special(allowed_special, disallowed_special)
        content = _utf8(text)
        ids, spans = self.tokenizer.encode_with_spans(content, allowed_special=allowed, disallowed_special=disallowed)
        kept = stable(self.tokenizer, content, ids, spans[:, 1])
        # Without an unstable rest nothing can be completed.
        rest = self.tokenizer.decode_bytes(ids[kept:])
        return ids[:kept], completions(self.tokenizer, self._sorted_tokens, rest)

    def encode_single_token(self, text_or_bytes: str | bytes) -> int:
        """The id of the token with exactly these bytes, special ones included. Raises `KeyError`."""
        if isinstance(text_or_bytes, str):
            text_or_bytes = text_or_bytes.encode()
        return self.tokenizer.token_id(text_or_bytes)

    # Ids to text

    def decode(self, tokens: Sequence[int], errors: str = "replace") -> str:
        """The text of ids; `errors` as in `bytes.decode`. Raises `KeyError` for an unknown id."""
        return self.decode_bytes(tokens).decode(errors=errors)

    def decode_bytes(self, tokens: Sequence[int]) -> bytes:
        """The bytes of ids. Raises `KeyError` for an unknown id."""
        try:
            return self.tokenizer.decode_bytes(tokens)
        except KeyError:
            for token in tokens:
                _refuse_no_id(token)
            raise

    def decode_single_token_bytes(self, token: int) -> bytes:
        """The bytes of a token, special ones included. Raises `KeyError`."""
        try:
            return self.tokenizer.token_bytes(token)
        except KeyError:
            _refuse_no_id(token)
            raise

    def decode_tokens_bytes(self, tokens: Iterable[int]) -> list[bytes]:
        """The bytes of each token."""
        return [self.decode_single_token_bytes(token) for token in tokens]

    def decode_with_offsets(self, tokens: Iterable[int]) -> tuple[str, list[int]]:
        """The text of ids, and for each token the place in it where the first character starts that it has a part of.

        Raises `UnicodeDecodeError` if the bytes are not UTF-8.
        """
        tokens_bytes = self.decode_tokens_bytes(tokens)
        text = b"".join(tokens_bytes).decode()
        begun = itertools.accumulate((_characters(token) for token in tokens_bytes), initial=0)
        # A token that begins inside a character has a part of the one before.
        return text, [place - _goes_on(token[0]) for place, token in zip(begun, tokens_bytes, strict=False)]

    def decode_batch(
        self, batch: Iterable[Sequence[int]], *, errors: str = "replace", num_threads: int = 8
    ) -> list[str]:
        """The text of each of many sequences of ids."""
        _threads(num_threads)
        return [self.decode(tokens, errors) for tokens in batch]

    def decode_bytes_batch(self, batch: Iterable[Sequence[int]], *, num_threads: int = 8) -> list[bytes]:
        """The bytes of each of many sequences of ids."""
        _threads(num_threads)
        return [self.decode_bytes(tokens) for tokens in batch]

    # What an encoding tells of itself

    def token_byte_values(self) -> list[bytes]:
        """The bytes of all ordinary tokens, sorted."""
        return list(self._sorted_tokens)

    @property
    def eot_token(self) -> int:
        """The id of `<|endoftext|>`. Raises `KeyError` if there is none."""
        return self.tokenizer.special_tokens["<|endoftext|>"]

    @cached_property
    def special_tokens_set(self) -> set[str]:
        """The names of the special tokens."""
        return set(self.tokenizer.special_tokens)

    def is_special_token(self, token: int) -> bool:
        """Whether this is the id of a special token."""
        if not isinstance(token, int):
            raise AssertionError(f"a token must be an int, not {type(token).__name__}")
        return token in self._special_ids

    @property
    def n_vocab(self) -> int:
        """One more than the largest id."""
        return self.tokenizer.vocab_size

    @property
    def max_token_value(self) -> int:
        """The largest id."""
        return self.tokenizer.vocab_size - 1

    # What tiktoken's own documentation and tests make use of: the former tells how to extend an encoding by these.

    def _encode_bytes(self, text: bytes) -> list[int]:
        """The ids of bytes that need not be UTF-8; special tokens are plain text.

        Other than in `Tokenizer.encode_ordinary`, everything from the first byte that is not UTF-8 on is one piece,
        together with the last piece before it.
        """
        if not isinstance(text, bytes):
            raise TypeError(f"text must be bytes, not {type(text).__name__}")
        try:
            text.decode()
        except UnicodeDecodeError as error:
            end = error.start
        else:
            return self.tokenizer.encode_ordinary(text)
        ids, spans = self.tokenizer.encode_with_spans(text[:end], disallowed_special=())
        kept = stable(self.tokenizer, text[:end], ids, spans[:, 1])
        rest = self.tokenizer.decode_bytes(ids[kept:]) + text[end:]
        return [*ids[:kept], *self.tokenizer.encode_piece(rest)]

    @property
    def _pat_str(self) -> str:
        return regex_of(self.tokenizer.pattern)

    @cached_property
    def _mergeable_ranks(self) -> dict[bytes, int]:
        # As in tiktoken, a dict that its users may change.
        return dict(self.tokenizer.vocab)

    @cached_property
    def _special_tokens(self) -> dict[str, int]:
        return dict(self.tokenizer.special_tokens)

    def __getstate__(self) -> dict[str, Any]:
        # tiktoken pickles a published encoding by its name. A process that has neither its file nor the network could
        # not read that; see pairwright.pickled.
        return {"name": self.name, "tokenizer": self.tokenizer}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__ = state

    # Helpers

    @cached_property
    def _sorted_tokens(self) -> list[bytes]:
        return sorted(self.tokenizer.vocab)

    @cached_property
    def _special_ids(self) -> frozenset[int]:
        return frozenset(self.tokenizer.special_tokens.values())

    def _special(self, allowed: Allowed, disallowed: Disallowed) -> tuple[Allowed, Disallowed]:
        """What `Tokenizer` takes: it is less strict about the one, and more about the other."""
        if allowed != "all" and not isinstance(allowed, set | frozenset):
            raise TypeError(f'allowed_special must be "all" or a set of names, not {type(allowed).__name__}')
        if allowed and allowed != "all":
            # tiktoken says nothing of names that it does not know.
            known = self.tokenizer.special_tokens
            allowed = {name for name in allowed if name in known or not isinstance(name, str)}
        if disallowed != "all":
            disallowed = frozenset(disallowed or ())
            if "" in disallowed:
                raise ValueError("an empty string is in every text; take it out of disallowed_special")
        return allowed, disallowed


def _str(text: object) -> str:
    if not isinstance(text, str):
        raise TypeError(f"text must be str, not {type(text).__name__}; pairwright.Tokenizer takes bytes too")
    return text


def _utf8(text: object) -> bytes:
    return _str(text).encode()


def _threads(number: int) -> int:
    """The default of tiktoken is 8 on any machine; here more than there are cores are of no use."""
    if number < 1:
        raise ValueError(f"num_threads={number}: must be at least 1")
    return min(number, os.cpu_count() or 1)


def _refuse_no_id(token: object) -> None:
    if isinstance(token, int) and not 0 <= token <= _LARGEST:
        raise OverflowError(f"{token} cannot be a token id: ids are from 0 to {_LARGEST}")


def _goes_on(byte: int) -> bool:
    """Whether a byte of UTF-8 goes on with a character."""
    return 0x80 <= byte < 0xC0


def _characters(token: bytes) -> int:
    """How many characters begin in it."""
    return sum(not _goes_on(byte) for byte in token)
