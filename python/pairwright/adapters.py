"""A tokenizer as an object of another library, where that one is installed."""

from types import ModuleType
from typing import TYPE_CHECKING

from pairwright._core import Tokenizer, regex_of
from pairwright.libraries import load

if TYPE_CHECKING:
    import tiktoken
    import tokenizers


def as_tiktoken(tokenizer: Tokenizer, name: str) -> "tiktoken.Encoding":
    """See `Tokenizer.as_tiktoken`."""
    library = _installed("tiktoken")
    if tokenizer._is_by_list:
        raise ValueError(
            "tiktoken merges by ranks alone, and this tokenizer has a merge list that means something else"
        )
    if not tokenizer._is_plain or tokenizer.beginning or tokenizer.ending:
        raise ValueError(
            "tiktoken neither normalizes texts, nor strips white space around special tokens, nor adds ids to texts, "
            "and this tokenizer does"
        )
    if tokenizer.pattern.startswith('[{"split":'):
        raise ValueError("tiktoken splits by one regex, and this tokenizer in several steps")
    multiple = sum(len(token) > 1 for token in tokenizer.vocab)
    if not tokenizer.ignore_merges and tokenizer._merge_count < multiple:
        raise ValueError(
            "tiktoken encodes a piece that is a token to it, and this tokenizer has tokens that no merge gives; "
            "make it with ignore_merges=True"
        )
    encoding: tiktoken.Encoding = library.Encoding(
        name,
        pat_str=regex_of(tokenizer.pattern),
        # The object keeps them, and its users may change what they find there.
        mergeable_ranks=dict(tokenizer.vocab),
        special_tokens=dict(tokenizer.special_tokens),
    )
    return encoding


def as_huggingface(tokenizer: Tokenizer) -> "tokenizers.Tokenizer":
    """See `Tokenizer.as_huggingface`."""
    library = _installed("tokenizers")
    made: tokenizers.Tokenizer = library.Tokenizer.from_str(tokenizer._tokenizer_json())
    return made


def _installed(library: str) -> ModuleType:
    return load(library, note=f"this makes an object of {library}, which is not installed: pip install {library}")
