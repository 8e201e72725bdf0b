"""`pairwright encode`."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from pairwright.cli import files, model as models
from pairwright.cli.arguments import Files, Model, Out, Pattern, Special
from pairwright.cli.progress import InputBar
from pairwright.cli.special import encode as encode_text

# Ids are printed in slices: as Python objects they take ten times the memory of the array.
SLICE = 1 << 18


def encode(
    model: Model, file: Files = None, out: Out = None, special: Special = "refuse", pattern: Pattern = None
) -> None:
    """Print the ids of each file, separated by spaces, one line per file."""
    tokenizer = models.load(model, pattern)
    with files.output(out) as write, InputBar("encoding", to_screen=files.is_standard(out)) as bar:
        for name, text in bar.over(files.inputs(file)):
            ids = encode_text(tokenizer, text, special, name)
            # Encoding takes about as long as printing.
            bar.advance(len(text) / 2)
            for part in printed(ids):
                write(part)
                bar.advance(len(text) / 2 * SLICE / max(len(ids), SLICE))


def printed(ids: npt.NDArray[np.uint32]) -> Iterator[bytes]:
    """One line of ids, in parts."""
    for start in range(0, len(ids), SLICE):
        words = " ".join(map(str, ids[start : start + SLICE].tolist()))
        yield (words if start == 0 else " " + words).encode()
    yield b"\n"
