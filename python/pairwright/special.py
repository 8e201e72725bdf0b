"""What becomes of special tokens in the text of a corpus."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING:
    from pairwright import Tokenizer

Treatment: TypeAlias = Literal["refuse", "allow", "text"]

# Each as what an encoder is told of it.
MEANING: dict[str, dict[str, Any]] = {
    "refuse": {"allowed_special": (), "disallowed_special": "all"},
    "allow": {"allowed_special": "all", "disallowed_special": ()},
    "text": {"allowed_special": (), "disallowed_special": ()},
}


def refusal(tokenizer: Tokenizer, text: bytes, treatment: str, before: int = 0) -> str | None:
    """Why a text is refused if it is for a special token: the first one, and where, behind so many bytes.

    The encoder's own message tells of arguments that nobody gave here.
    """
    tokens = {token: text.find(token.encode()) for token in tokenizer.special_tokens}
    found = [(at, -len(token), token) for token, at in tokens.items() if at >= 0]
    if treatment != "refuse" or not found:
        return None
    at, _, token = min(found)
    return f'the text holds the special token "{token}" at byte {before + at}'
