"""`pairwright count`."""

import json as to_json
import os
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from pairwright import Corpus, SplitError, Tokenizer
from pairwright.cli import files, model as models
from pairwright.cli.arguments import (
    InputFormat,
    Inputs,
    Json,
    Lines,
    Model,
    OnError,
    Pattern,
    Quiet,
    Separator,
    TextColumn,
    TextField,
    Threads,
)
from pairwright.cli.console import CommandError
from pairwright.cli.reading import corpus_of, cut_plainly, reading
from pairwright.corpus.blocks import Block
from pairwright.corpus.files import warn_of_skipped

if TYPE_CHECKING:
    from pairwright.corpus.blocks import Skipped


def count(
    model: Model,
    input: Inputs = None,
    lines: Lines = False,
    separator: Separator = None,
    text_field: TextField = "text",
    text_column: TextColumn = "text",
    input_format: InputFormat = None,
    on_error: OnError = "stop",
    threads: Threads = None,
    json: Json = False,
    quiet: Quiet = False,
    pattern: Pattern = None,
) -> None:
    """Print the number of tokens of each file and of all together; special tokens are plain text."""
    tokenizer = models.load(model, pattern)
    corpus = corpus_of(
        input,
        lines=lines,
        separator=separator,
        text_field=text_field,
        text_column=text_column,
        format=input_format,
        on_error=on_error,
    )
    tokens = np.zeros(len(corpus.origins), np.int64)
    documents = np.zeros(len(corpus.origins), np.int64)
    skipped: list[Skipped] = []
    # Of the document that goes on: its file, and its tokens so far.
    file, open_tokens = 0, 0
    with reading(corpus, "counting", hidden=quiet, cut_for=cut_plainly(tokenizer)) as blocks:
        for block in blocks:
            if block.abandons:
                tokens[file] -= open_tokens
                documents[file] -= 1
            counts = counted(tokenizer, corpus, block, threads)
            ends = [*(text for text, _ in block.runs[1:]), block.length]
            for (start, position), end in zip(block.runs, ends, strict=True):
                tokens[position.file] += counts[start:end].sum()
                documents[position.file] += end - start - (block.continues and start == 0)
            if block.goes_on:
                file = block.position(block.length - 1).file
                open_tokens = int(counts[-1]) + (open_tokens if block.continues and block.length == 1 else 0)
            elif block.length or block.abandons:
                open_tokens = 0
            skipped += block.skipped
    warn_of_skipped(corpus, skipped)
    names = [origin.name if origin.path is not None else files.STANDARD for origin in corpus.origins]
    with files.output(None) as write:
        if json:
            each = [
                {"name": name, "documents": int(documents[number]), "tokens": int(tokens[number])}
                for number, name in enumerate(names)
            ]
            total = {"documents": int(documents.sum()), "tokens": int(tokens.sum()), "skipped": len(skipped)}
            write(to_json.dumps({"files": each, **total}).encode() + b"\n")
            return
        if len(names) == 1:
            write(b"%d\n" % tokens[0])
            return
        for number, name in zip(tokens.tolist(), names, strict=True):
            # The name as the system has it, which need not be text.
            write(b"%d\t%s\n" % (number, os.fsencode(name)))
        write(b"%d\ttotal\n" % int(tokens.sum()))


def counted(tokenizer: Tokenizer, corpus: Corpus, block: Block, threads: int | None) -> npt.NDArray[np.int64]:
    """The number of tokens of every text. Raises `CommandError` that names a document on which a pattern gives up."""
    try:
        return tokenizer.count_batch(block.texts, threads=threads)
    except SplitError:
        for number in range(block.length):
            try:
                tokenizer.count(block.text(number))
            except SplitError as error:
                at = block.position(number)
                name = corpus.origins[at.file].name
                where = name if at.document == 0 else f"{name}, document {at.document + 1}"
                raise CommandError(f"{where}: {error}") from error
        raise
