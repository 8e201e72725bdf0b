"""`pairwright info`."""

from collections.abc import Iterator
from typing import Annotated

import typer

from pairwright import Tokenizer, explain_pattern, list_patterns
from pairwright.cli import facts, files, model as models
from pairwright.cli.arguments import IdsOfSpecial, named
from pairwright.cli.console import UsageError, console, print_table
from pairwright.cli.tokens import first_merges, longest


def info(
    model: Annotated[
        str | None,
        typer.Argument(
            metavar="[MODEL]",
            callback=named,
            help="A model file, a rank file (with --pattern), a tokenizer.json, a file of minbpe or tekken, or an "
            "encoding's name.",
            show_default=False,
        ),
    ] = None,
    pattern: Annotated[
        str | None,
        typer.Option(
            metavar="PATTERN",
            help="A split pattern, a name or a regex. Without MODEL: tell what becomes of it. With one: that of a rank "
            "file.",
            show_default=False,
        ),
    ] = None,
    special_token: IdsOfSpecial = None,
    patterns: Annotated[bool, typer.Option("--patterns", help="List the split patterns that have a name.")] = False,
) -> None:
    """Tell what a tokenizer is and how it was made, or what becomes of a split pattern."""
    if patterns and (model is not None or pattern is not None):
        raise UsageError("--patterns goes with nothing else", hint="leave the rest out, or --patterns")
    if model is None and special_token:
        raise UsageError("--special-token goes with a rank file", hint="name the rank file, or leave it out")
    if model is not None:
        told = about(models.load(model, pattern, special_token))
    elif patterns:
        told = named_patterns()
    elif pattern is not None:
        told = explain_pattern(pattern).facts()
    else:
        raise UsageError("there is neither a MODEL nor a pattern", hint="name a MODEL, or add --pattern or --patterns")
    with files.standard_output():
        print_table(facts.table(told), console())


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


def named_patterns() -> Iterator[tuple[str, str]]:
    """Of each named pattern its source, other names, and regexes."""
    for name, known in list_patterns().items():
        aliases = [f"also {', '.join(known.aliases)}"] if known.aliases else []
        yield name, "\n".join([known.source, *aliases, *known.steps])
