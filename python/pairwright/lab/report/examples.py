"""Texts as tokens, small enough for a page: each token once, and the texts as ids."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pairwright.lab.markup import groups, signs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pairwright._core import Tokenizer

SAMPLE = 240
"""The most characters that are shown of a text that was not given as an example."""

BUDGET = 400_000
"""The bytes that all examples may take in a page, about."""


def beginning(text: bytes) -> bytes:
    """The first characters of a text, up to the end of a line if there is one behind the middle."""
    start = text.decode(errors="surrogateescape")[:SAMPLE]
    end = start.rfind("\n", SAMPLE // 2)
    return (start if end < 0 else start[: end + 1]).encode(errors="surrogateescape")


def examples(tokenizers: Mapping[str, Tokenizer], texts: Mapping[str, bytes]) -> dict[str, Any]:
    """The tokens of each text by each tokenizer, special tokens in it as plain text.

    `texts` has, for each text that there is room for, the ids of each tokenizer, those that share a character together;
    `tokens` has, for each tokenizer and id, what can be seen of it, its bytes, its rank and the two ids it is merged
    from; `left_out` names the texts that there was no room for.
    """
    parts = {name: _Parts(tokenizer) for name, tokenizer in tokenizers.items()}
    shown: list[dict[str, Any]] = []
    left_out: list[str] = []
    size = 0
    for text, content in texts.items():
        found: dict[str, list[dict[str, Any]]] = {}
        for name, tokenizer in tokenizers.items():
            ids = tokenizer.encode_ordinary(content)
            tokens = list(map(tokenizer.token_bytes, ids))
            found[name] = [
                {"ids": ids[first:last], **({"char": signs(char.encode())} if char else {})}
                for first, last, char in groups(tokens)
            ]
        new = {name: parts[name].missing(each) for name, each in found.items()}
        added = len(json.dumps(found)) + len(json.dumps(new))
        if shown and size + added > BUDGET:
            left_out.append(text)
            continue
        size += added
        for name, tokens_of in new.items():
            parts[name].known.update(tokens_of)
        shown.append({"name": text, "tokenizers": found})
    return {"texts": shown, "tokens": {name: each.known for name, each in parts.items()}, "left_out": left_out}


class _Parts:
    """What there is to say of each token of a tokenizer."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.known: dict[str, list[Any]] = {}
        self._tokenizer = tokenizer
        table = tokenizer._merge_table()
        self._merges = {made: (rank, left, right) for rank, (left, right, made) in enumerate(table.tolist())}

    def missing(self, found: list[dict[str, Any]]) -> dict[str, list[Any]]:
        """Those of these tokens, and of the ones that they are merged from, that are not known."""
        waiting = [token for group in found for token in group["ids"]]
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
