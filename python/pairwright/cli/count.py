"""`pairwright count`."""

import json as to_json
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from pairwright import Corpus, SplitError, Tokenizer
from pairwright.cli import files, model as models
from pairwright.cli.arguments import (
    IdsOfSpecial,
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
from pairwright.cli.reading import corpus_of, cut_plainly, reading, text_names
from pairwright.corpus.blocks import Block
from pairwright.corpus.skipping import tell

if TYPE_CHECKING:
    from pairwright.corpus.blocks import Skipped

# Instead of the number of tokens of a document on which the split pattern gives up.
REFUSED = -1


def count(
    model: Model,
    input: Inputs = None,
    lines: Lines = False,
    separator: Separator = None,
    text_field: TextField = None,
    text_column: TextColumn = None,
    input_format: InputFormat = None,
    on_error: OnError = "stop",
    threads: Threads = None,
    json: Json = False,
    quiet: Quiet = False,
    pattern: Pattern = None,
    special_token: IdsOfSpecial = None,
) -> None:
    """Print the number of tokens of each file and of all together; special tokens are plain text."""
    tokenizer = models.load(model, pattern, special_token, others=input or ())
    corpus = corpus_of(
        input,
        lines=lines,
        separator=separator,
        text_field=text_names("--text-field", text_field, input),
        text_column=text_names("--text-column", text_column, input),
        format=input_format,
        on_error=on_error,
    )
    found = Found(tokenizer, corpus, threads)
    with reading(corpus, "counting", hidden=quiet, cut_for=cut_plainly(tokenizer)) as blocks:
        for block in blocks:
            found.add(block)
    tell(corpus, found.skipped, read=int(found.documents.sum()))
    tokens, documents = found.tokens, found.documents
    names = [origin.name if origin.path is not None else files.STANDARD for origin in corpus.origins]
    # What was passed over as a whole is told of at the end, and is no file without tokens.
    left = {each.at.file for each in found.skipped if each.is_file and not documents[each.at.file]}
    counted = [(number, name) for number, name in enumerate(names) if number not in left]
    with files.output(None) as write:
        if json:
            each = [
                {"name": name, "documents": int(documents[number]), "tokens": int(tokens[number])}
                for number, name in counted
            ]
            files_skipped = [each for each in found.skipped if each.is_file]
            total = {
                "documents": int(documents.sum()),
                "tokens": int(tokens.sum()),
                "skipped": len(found.skipped) - len(files_skipped),
                "skipped_files": [
                    {"name": names[each.at.file], "position": each.position, "reason": each.reason}
                    for each in files_skipped
                ],
            }
            write(to_json.dumps({"files": each, **total}).encode() + b"\n")
            return
        if len(names) == 1:
            write(b"%d\n" % tokens[0])
            return
        for number, name in counted:
            write(b"%d\t%s\n" % (tokens[number], name.encode()))
        write(b"%d\ttotal\n" % int(tokens.sum()))


class Found:
    """How many documents and tokens each file has, of the documents that have ended."""

    def __init__(self, tokenizer: Tokenizer, corpus: Corpus, threads: int | None) -> None:
        self.tokens = np.zeros(len(corpus.origins), np.int64)
        self.documents = np.zeros(len(corpus.origins), np.int64)
        self.skipped: list[Skipped] = []
        self._tokenizer = tokenizer
        self._corpus = corpus
        self._threads = threads
        # The tokens so far of the document that goes on, or `REFUSED`.
        self._open = 0

    def add(self, block: Block) -> None:
        """Count the documents of a block. Raises `DocumentError`."""
        counts = self._counts(block)
        if block.continues:
            counts[0] = REFUSED if REFUSED in (self._open, counts[0]) else counts[0] + self._open
        if block.length or block.abandons:
            self._open = int(counts[-1]) if block.goes_on else 0
        complete = block.length - block.goes_on
        starts = [text for text, _ in block.runs]
        for (start, position), end in zip(block.runs, [*starts[1:], complete], strict=False):
            good = counts[start:end]
            good = good[good != REFUSED]
            self.tokens[position.file] += good.sum()
            self.documents[position.file] += len(good)
        self.skipped += block.skipped

    def _counts(self, block: Block) -> npt.NDArray[np.int64]:
        """The number of tokens of every text, or `REFUSED`. Raises `DocumentError`."""
        try:
            return self._tokenizer.count_batch(block.texts, threads=self._threads)
        except SplitError:
            return np.array([self._count(block, number) for number in range(block.length)], np.int64)

    def _count(self, block: Block, number: int) -> int:
        if number == 0 and block.continues and self._open == REFUSED:
            return REFUSED
        try:
            return self._tokenizer.count(block.text(number), threads=self._threads)
        except SplitError as error:
            self.skipped.append(self._corpus.refused(block.position(number), str(error)))
            return REFUSED
