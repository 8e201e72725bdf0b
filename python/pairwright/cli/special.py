"""What becomes of special tokens in a text."""

from typing import Any

import numpy as np
import numpy.typing as npt

from pairwright import Tokenizer
from pairwright.cli.arguments import Treatment
from pairwright.cli.console import CommandError

MEANING: dict[Treatment, dict[str, Any]] = {
    "refuse": {"disallowed_special": "all"},
    "allow": {"allowed_special": "all"},
    "text": {"disallowed_special": ()},
}

HINT = "--special allow encodes it as its id, --special text as plain text"


def encode(tokenizer: Tokenizer, text: bytes, treatment: Treatment, name: str) -> npt.NDArray[np.uint32]:
    """The ids of a text; `name` is what an error calls it."""
    try:
        return tokenizer.encode_to_numpy(text, **MEANING[treatment])
    except ValueError as error:
        reason = found_in(tokenizer, text, treatment)
        if reason is None:
            raise
        raise CommandError(f"{name}: {reason}", hint=HINT) from error


def found_in(tokenizer: Tokenizer, text: bytes, treatment: Treatment) -> str | None:
    """What is to be said of the first special token in a text, if it is refused for one.

    The library's own message names ways out that only Python has.
    """
    tokens = {token: text.find(token.encode()) for token in tokenizer.special_tokens}
    found = [(at, -len(token), token) for token, at in tokens.items() if at >= 0]
    if treatment != "refuse" or not found:
        return None
    at, _, token = min(found)
    return f'the text holds the special token "{token}" at byte {at}'
