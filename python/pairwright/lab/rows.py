"""The numbers of one tokenizer on one text, and on all texts together."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from pairwright.lab import metrics
from pairwright.lab.words import single_token_words

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from pairwright._core import Tokenizer
    from pairwright.lab.classes import Classes
    from pairwright.lab.observing import Encoded, Observed

Row = dict[str, Any]


def row(
    names: tuple[str, str],
    tokenizer: Tokenizer,
    classes: Classes,
    observed: Observed,
    lengths: npt.NDArray[np.int64],
    context: int | None,
) -> Row:
    """All that one text tells, without what takes another text. `lengths` has the tokens of each piece of the text."""
    assert observed.pieces is not None
    encoded = observed.encoded[names[0]]
    ends, numbers = encoded.sequences
    tokens = encoded.tokens
    singles, types = single_token_words(tokenizer, observed.pieces, lengths)
    return {
        "tokenizer": names[0],
        "text": names[1],
        "documents": observed.documents,
        "bytes": observed.bytes,
        "characters": observed.characters,
        "words": observed.pieces.words,
        "tokens": tokens,
        "bytes_per_token": metrics.ratio(observed.bytes, tokens),
        "characters_per_token": metrics.ratio(observed.characters, tokens),
        "tokens_per_word": metrics.ratio(tokens, observed.pieces.words),
        **of_usage(encoded, classes, observed.bytes, tokenizer.vocab_size),
        "word_types": types,
        "single_token_words": metrics.ratio(singles, types),
        "longest": int(ends[-1]),
        "p99": metrics.percentile(ends, numbers, 99),
        "beyond_context": None if context is None else metrics.beyond(ends, numbers, context),
    }


def of_usage(encoded: Encoded, classes: Classes, size: int, vocab_size: int) -> Row:
    """What the usage of ids tells."""
    usage = encoded.usage
    found = metrics.used(usage)
    return {
        "renyi": metrics.renyi_efficiency(usage),
        "renyi_entropy": metrics.renyi_entropy(usage),
        "entropy": metrics.entropy(usage),
        "bits_per_byte": metrics.bits_per_byte(usage, size),
        "used": found,
        "use": metrics.ratio(found, vocab_size),
        "single_bytes": metrics.share_of(usage, classes.single_bytes),
        "fragments": metrics.share_of(usage, classes.fragments),
        "digits": metrics.share_of(usage, classes.digits),
        "bytes_per_digits": metrics.mean_of(usage, classes.digits, classes.sizes),
        "white_space": metrics.share_of(usage, classes.white_space),
        "bytes_per_white_space": metrics.mean_of(usage, classes.white_space, classes.sizes),
        "symbols": metrics.share_of(usage, classes.symbols),
        "bytes_per_symbols": metrics.mean_of(usage, classes.symbols, classes.sizes),
    }


def defined(row: Row) -> Row:
    """A row in which what is not defined is `None`, as in JSON."""
    return {key: None if isinstance(value, float) and math.isnan(value) else value for key, value in row.items()}
