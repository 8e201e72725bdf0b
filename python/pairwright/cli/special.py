"""What becomes of special tokens in a text."""

import numpy as np
import numpy.typing as npt

from pairwright import Tokenizer
from pairwright.cli.console import CommandError
from pairwright.special import MEANING, Treatment, refusal

HINT = "--special allow encodes it as its id, --special text as plain text"


def encode(tokenizer: Tokenizer, text: bytes, treatment: Treatment, name: str) -> npt.NDArray[np.uint32]:
    """The ids of a text; `name` is what an error calls it."""
    try:
        return tokenizer.encode_to_numpy(text, **MEANING[treatment])
    except ValueError as error:
        reason = refusal(tokenizer, text, treatment)
        if reason is None:
            raise
        raise CommandError(f"{name}: {reason}", hint=HINT) from error
