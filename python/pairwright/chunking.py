"""Cutting a text into parts of a limited number of tokens."""

from pairwright._core import Tokenizer
from pairwright.aliases import Text

_CHARACTERS = 8
"""Of a token, in nearly all text at most."""
_AHEAD = 1000
"""More characters than a text may have to grow by before it has fewer tokens."""


def chunk(tokenizer: Tokenizer, text: Text, max_tokens: int, overlap: int) -> list[Text]:
    """See `Tokenizer.chunk`."""
    if max_tokens < 1:
        raise ValueError(f"max_tokens={max_tokens}: must be at least 1")
    if not 0 <= overlap < max_tokens:
        raise ValueError(f"overlap={overlap}: must be at least 0 and less than max_tokens={max_tokens}")
    chunks: list[Text] = []
    start = end = 0
    while end < len(text):
        part = _beginning(tokenizer, text, start, max_tokens)
        if start + len(part) <= end:
            # The overlap left no room for anything new, or there is a character that is too long.
            if start == end:
                raise ValueError(
                    f"the character at {start} has more tokens than max_tokens={max_tokens}; raise it to at least "
                    f"{tokenizer.count(text[start : start + 1])}"
                )
            start = end
            continue
        chunks.append(part)
        start, end = end, start + len(part)
        start = end - _length_of_last(tokenizer, part, overlap)
    return chunks


def _beginning(tokenizer: Tokenizer, text: Text, start: int, max_tokens: int) -> Text:
    """The longest part from here on that fits. The rest of the text is not copied each time, but only what may fit."""
    length = _AHEAD + _CHARACTERS * max_tokens
    while True:
        part = tokenizer.truncate(text[start : start + length], max_tokens)
        if start + length >= len(text) or len(part) < length - _AHEAD:
            return part
        length *= 2


def _length_of_last(tokenizer: Tokenizer, part: Text, tokens: int) -> int:
    """How long the last tokens of a text are in it."""
    if tokens == 0:
        return 0
    _, spans = tokenizer.encode_with_spans(part, disallowed_special=())
    return len(part) - int(spans[-tokens][0]) if tokens < len(spans) else 0
