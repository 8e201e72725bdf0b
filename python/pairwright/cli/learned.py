"""The table of what was learned."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rich.table import Table

from pairwright import Tokenizer
from pairwright.cli import facts
from pairwright.cli.corpus import Source
from pairwright.cli.tokens import first_merges, longest
from pairwright.filenames import shown

# Encoding more than this to tell how well the vocabulary does would make people wait.
SAMPLE = 10_000_000

# A corpus may have thousands of files.
NAMES = 5


def table_of_learned(tokenizer: Tokenizer, corpus: Source, path: Path) -> Table:
    """What was learned, from what, and where it is. Raises `OSError` if the corpus is gone."""
    return facts.table(learned(tokenizer, corpus, path), title="What was learned")


def learned(tokenizer: Tokenizer, corpus: Source, path: Path) -> Iterator[tuple[str, str]]:
    """The facts of the table."""
    metadata = tokenizer.metadata
    yield "corpus", in_few_lines(metadata["corpus"]) or f"counts of {corpus.name}"
    yield "pieces", f"{metadata['pieces']:,}, {metadata['pretokens']:,} of them distinct"
    special = ", ".join(tokenizer.special_tokens) or "none"
    merges = tokenizer._merge_count
    yield "vocabulary", f"{tokenizer.vocab_size:,} ids: 256 bytes, {merges:,} merges, special tokens: {special}"
    yield "first merges", first_merges(tokenizer, 8) or "none"
    yield "longest tokens", longest(tokenizer, 8) or "none"
    sample, is_all = corpus.beginning(SAMPLE)
    tokens = int(tokenizer.count_batch(sample).sum())
    if tokens:
        size = sum(map(len, sample))
        of = "the corpus" if is_all else f"the first {size:,} bytes of the corpus"
        yield "bytes per token", f"{size / tokens:.3f} on {of} ({tokens:,} tokens)"
    for of_language in metadata.get("languages", []):
        rate = of_language["bytes"] / of_language["tokens"]
        measured = "the development text" if "development" in metadata else "the text"
        yield (
            of_language["language"],
            f"{of_language['learned']:,} tokens learned for it; {rate:.3f} bytes per token on {measured}",
        )
    yield "time", f"{metadata['time']['seconds']:.2f} s"
    yield "model", f"{shown(path)}, {path.stat().st_size:,} bytes"


def in_few_lines(corpus: list[dict[str, Any]]) -> str:
    """Names and sizes."""
    lines = [f"{each['name']}, {each['bytes']:,} bytes" for each in corpus[:NAMES]]
    if len(corpus) > NAMES:
        rest = corpus[NAMES:]
        lines.append(f"and {len(rest):,} more, {sum(each['bytes'] for each in rest):,} bytes")
    return "\n".join(lines)
