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
    reason = tokenizer._unlike_ranks()
    if reason is not None:
        raise ValueError(
            f"tiktoken merges by ranks alone, and this tokenizer has a merge list that means something else: {reason}"
        )
    reason = tokenizer._unlike_plain()
    if reason is not None:
        raise ValueError(
            "tiktoken neither normalizes texts nor finds special tokens but where they stand and are allowed, and this "
            f"tokenizer is another: {reason}"
        )
    if tokenizer.beginning or tokenizer.ending:
        added = {"beginning": tokenizer.beginning, "ending": tokenizer.ending}
        told = " and ".join(f"{name}={ids}" for name, ids in added.items() if ids)
        raise ValueError(f"tiktoken adds no ids to texts, and this tokenizer has {told}")
    if regex_of(tokenizer.pattern).startswith('[{"split":'):
        raise ValueError(
            f"tiktoken splits by one regex, and this tokenizer in several steps: {_shortened(tokenizer.pattern)}"
        )
    unreached = None if tokenizer.ignore_merges else tokenizer._unreached()
    if unreached is not None:
        raise ValueError(
            "tiktoken encodes a piece that is a token to it, and this tokenizer has tokens that no merge gives: the "
            f"first is {_shortened(repr(unreached))}; make it with ignore_merges=True"
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


def _shortened(text: str) -> str:
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


_SHOWN = 100


def _installed(library: str) -> ModuleType:
    return load(library, note=f"this makes an object of {library}, which is not installed: pip install {library}")
