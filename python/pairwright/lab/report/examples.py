"""Texts as tokens, small enough for a page: each token once, and the texts as ids."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pairwright.lab.markup import groups, signs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pairwright._core import Tokenizer

    # An id, or the ids that share a character.
    Group = int | dict[str, Any]

SAMPLE = 240
"""The most characters that are shown of a text that was not given as an example."""

MOST = 400_000
LEAST = 40_000
"""The bytes that all examples may take in a page, about."""

ROOM = 900_000
"""The bytes of a page of 2 MB beside the library for charts, styles and scripts."""


def beginning(text: bytes) -> bytes:
    """The first characters of a text, up to the end of a line if there is one behind the middle."""
    start = text.decode(errors="surrogateescape")[:SAMPLE]
    end = start.rfind("\n", SAMPLE // 2)
    return (start if end < 0 else start[: end + 1]).encode(errors="surrogateescape")


def room_beside(report: Mapping[str, Any]) -> int:
    """The bytes that examples may take beside the rest of a report, which a page has twice: as JSON and as tables."""
    return max(LEAST, min(MOST, ROOM - 2 * _size(report)))


def examples(tokenizers: Mapping[str, Tokenizer], texts: Mapping[str, bytes], room: int) -> dict[str, Any]:
    """The tokens of each text by each tokenizer, special tokens in it as plain text.

    `texts` has, for each text that there is room for, the ids of each tokenizer, in a dict if they share a character;
    `tokens` has, for each tokenizer and id, what can be seen of it, its bytes, its rank and the two ids it is merged
    from; `left_out` names the texts that there was no room for.
    """
    parts = {name: _Parts(tokenizer) for name, tokenizer in tokenizers.items()}
    shown: list[dict[str, Any]] = []
    left_out: list[str] = []
    size = 0
    for text, content in texts.items():
        found: dict[str, list[Group]] = {}
        for name, tokenizer in tokenizers.items():
            ids = tokenizer.encode_ordinary(content)
            tokens = list(map(tokenizer.token_bytes, ids))
            found[name] = [
                {"char": signs(char.encode()), "ids": ids[first:last]} if char else ids[first]
                for first, last, char in groups(tokens)
            ]
        new = {name: parts[name].missing(each) for name, each in found.items()}
        added = _size(found) + _size(new)
        if shown and size + added > room:
            left_out.append(text)
            continue
        size += added
        for name, tokens_of in new.items():
            parts[name].known.update(tokens_of)
        shown.append({"name": text, "tokenizers": found})
    return {"texts": shown, "tokens": {name: each.known for name, each in parts.items()}, "left_out": left_out}


def _size(value: object) -> int:
    return len(json.dumps(value, separators=(",", ":")))


class _Parts:
    """What there is to say of each token of a tokenizer."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.known: dict[str, list[Any]] = {}
        self._tokenizer = tokenizer
        table = tokenizer._merge_table()
        self._merges = {made: (rank, left, right) for rank, (left, right, made) in enumerate(table.tolist())}

    def missing(self, found: list[Group]) -> dict[str, list[Any]]:
        """Those of these tokens, and of the ones that they are merged from, that are not known."""
        waiting = [token for group in found for token in ([group] if isinstance(group, int) else group["ids"])]
        new: dict[str, list[Any]] = {}
        while waiting:
            token = waiting.pop()
            if str(token) in self.known or str(token) in new:
                continue
            content = self._tokenizer.token_bytes(token)
            merge = self._merges.get(token)
            new[str(token)] = [signs(content), content.hex(), *(merge or ())]
            waiting += (merge or ())[1:]
        return new
