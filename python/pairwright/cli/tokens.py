"""What `info` and `train` tell of the tokens of a vocabulary."""

from pairwright import Tokenizer
from pairwright.bar import quoted

# Longer tokens are told by their beginning where there is no need of all of it.
LONG = 80
SHOWN = 40


def longest(tokenizer: Tokenizer, number: int) -> str:
    """The longest ordinary tokens, the longest first."""
    tokens = sorted((token for token in tokenizer.vocab if len(token) > 1), key=len, reverse=True)
    return "  ".join(brief(token) for token in tokens[:number])


def first_merges(tokenizer: Tokenizer, number: int) -> str:
    """The first merges: which two tokens became which."""
    merges = tokenizer.merges[:number]
    return "  ".join(f"{brief(left)}+{brief(right)}" for left, right in merges)


def brief(token: bytes) -> str:
    """A token as `quoted` shows it, or the beginning of a long one with its length."""
    if len(token) <= LONG:
        return quoted(token)
    try:
        beginning = repr(token.decode()[:SHOWN])
    except UnicodeDecodeError:
        beginning = repr(token[:SHOWN])
    return f"{beginning}… ({len(token):,} bytes)"
