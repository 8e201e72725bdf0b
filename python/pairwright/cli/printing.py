"""The ids of documents as text: one line for each."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from pairwright import Corpus, Tokenizer
from pairwright.cli import files
from pairwright.cli.reading import reading
from pairwright.cli.special import HINT
from pairwright.corpus.blocks import Block, Skipped
from pairwright.corpus.skipping import tell
from pairwright.errors import PairwrightError
from pairwright.special import MEANING, Treatment, refusal

# Ids are printed in slices: as Python objects they take ten times the memory of the array.
SLICE = 1 << 18


def print_ids(
    tokenizer: Tokenizer,
    corpus: Corpus,
    out: str | None,
    special: Treatment,
    *,
    threads: int | None,
    quiet: bool,
) -> None:
    """Print the ids of every document. Raises `ValueError`, `OSError`, `DocumentError`."""
    # What is wrong with the number of threads is not to be said of a document.
    tokenizer.encode_batch([], threads=threads)
    skipped: list[Skipped] = []
    read = 0
    to_screen = files.is_standard(out)
    with files.output(out) as write, reading(corpus, "encoding", hidden=quiet, to_screen=to_screen) as blocks:
        for block in blocks:
            for ids in encoded(tokenizer, corpus, block, special, threads, skipped):
                for part in printed(ids):
                    write(part)
                read += 1
            skipped += block.skipped
        # Within the output: of a file nothing is written then.
        tell(corpus, skipped, read=read)


def encoded(
    tokenizer: Tokenizer,
    corpus: Corpus,
    block: Block,
    special: Treatment,
    threads: int | None,
    skipped: list[Skipped],
) -> Iterator[npt.NDArray[np.uint32]]:
    """The ids of every document of a block, in order."""
    try:
        yield from tokenizer.encode_batch(block.texts, threads=threads, **MEANING[special])
        return
    except (ValueError, PairwrightError):
        pass
    # One of them cannot be encoded: which?
    for number in range(block.length):
        text = block.text(number)
        try:
            yield tokenizer.encode_to_numpy(text, threads=threads, **MEANING[special])
        except (ValueError, PairwrightError) as error:
            refused = refusal(tokenizer, text, special)
            hint = HINT if refused else None
            skipped.append(corpus.refused(block.position(number), refused or str(error), hint))


def printed(ids: npt.NDArray[np.uint32]) -> Iterator[bytes]:
    """One line of ids, in parts."""
    for start in range(0, len(ids), SLICE):
        words = " ".join(map(str, ids[start : start + SLICE].tolist()))
        yield (words if start == 0 else " " + words).encode()
    yield b"\n"
