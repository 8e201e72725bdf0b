"""`pairwright info`."""

from collections.abc import Iterator

from pairwright import Tokenizer
from pairwright.cli import facts, files, model as models
from pairwright.cli.arguments import IdsOfSpecial, Model, Pattern
from pairwright.cli.console import console, print_table
from pairwright.cli.tokens import first_merges, longest


def info(model: Model, pattern: Pattern = None, special_token: IdsOfSpecial = None) -> None:
    """Tell what a tokenizer is and how it was made."""
    tokenizer = models.load(model, pattern, special_token)
    with files.standard_output():
        print_table(facts.table(about(tokenizer)), console())


def about(tokenizer: Tokenizer) -> Iterator[tuple[str, str]]:
    """Everything there is to say of a tokenizer."""
    yield "vocab_size", f"{tokenizer.vocab_size:,}"
    yield "pattern", tokenizer.pattern
    special = (f"{token_id:>6} {token}" for token, token_id in tokenizer.special_tokens.items())
    yield "special tokens", "\n".join(special) or "none"
    yield "merges", f"{tokenizer._merge_count:,}"
    yield "first merges", first_merges(tokenizer, 8) or "none"
    yield "longest tokens", longest(tokenizer, 8) or "none"
    for key, value in tokenizer.metadata.items():
        yield key, facts.in_words(value)
