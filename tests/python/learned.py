"""Tokenizers that several tests use."""

from functools import cache
from pydoc_data.topics import topics

import pairwright as pw


@cache
def trained(pattern: str) -> pw.Tokenizer:
    """One that is trained on English and some other text under a split pattern."""
    corpus = ["\n".join(topics.values())[:100_000], "naïve café 中文字 😀😀 " * 20]
    return pw.train(corpus, 900, pattern, special_tokens=["<|end|>"])
