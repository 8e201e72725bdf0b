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


def encode(tokenizer: Tokenizer, text: bytes, treatment: Treatment, name: str) -> npt.NDArray[np.uint32]:
    """The ids of a text; `name` is what an error calls it."""
    try:
        return tokenizer.encode_to_numpy(text, **MEANING[treatment])
    except ValueError as error:
        if treatment == "refuse":
            blame_special_token(tokenizer, text, name, error)
        raise


def blame_special_token(tokenizer: Tokenizer, text: bytes, name: str, error: ValueError) -> None:
    """Raises if the text holds a special token: the library's own message names ways out that only Python has."""
    tokens = {token: text.find(token.encode()) for token in tokenizer.special_tokens}
    found = [(at, -len(token), token) for token, at in tokens.items() if at >= 0]
    if found:
        at, _, token = min(found)
        raise CommandError(
            f'{name}: the text holds the special token "{token}" at byte {at}',
            hint="--special allow encodes it as its id, --special text as plain text",
        ) from error
