"""`pairwright decode`."""

import re
from collections.abc import Iterator
from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt
import typer

from pairwright import Tokenizer
from pairwright.cli import files, model as models
from pairwright.cli.arguments import Files, Model, Out, Pattern, named
from pairwright.cli.console import CommandError, UsageError
from pairwright.cli.progress import InputBar
from pairwright.cli.restore import is_token_folder, restore

# Words are parsed in blocks of about this many bytes.
BLOCK = 1 << 20

LARGEST_ID = 2**32 - 1

DIGITS_AND_SPACES = b"0123456789 \t\n\r\v\f"

SPACE = re.compile(rb"\s")
WORD = re.compile(rb"\S+")


def decode(
    model: Model,
    file: Files = None,
    out: Out = None,
    pattern: Pattern = None,
    split: Annotated[
        Literal["train", "validation", "all"] | None,
        typer.Option(help="Of a token folder: which documents.", show_default="all"),
    ] = None,
    out_folder: Annotated[
        str | None,
        typer.Option(
            metavar="FOLDER", callback=named, help="Of a token folder: write each document into a file of its own."
        ),
    ] = None,
) -> None:
    """Write the exact bytes of ids, which are read as words separated by white space.

    If MODEL is a folder that `pairwright encode` wrote: write the documents in it, byte for byte, joined as they were
    cut.
    """
    if is_token_folder(model):
        for given, option in ((file, "FILE"), (pattern, "--pattern")):
            if given:
                raise UsageError(f"{model} is a token folder, with which {option} does not go", hint="leave it out")
        restore(model, split or "all", out, out_folder)
        return
    for value, option in ((split, "--split"), (out_folder, "--out-folder")):
        if value is not None:
            raise UsageError(f"{option} goes with a token folder; {model} is none", hint=f"leave {option} out")
    files.refuse_input(out, [model, *(name for name in file or () if name != files.STANDARD)])
    tokenizer = models.load(model, pattern)
    with files.output(out) as write, InputBar("decoding", to_screen=files.is_standard(out)) as bar:
        for name, words in bar.over(files.inputs(file)):
            position = 0
            for start, end in blocks(words):
                ids = parse(words, start, end, position, name)
                write(decoded(tokenizer, ids, position, name))
                position += len(ids)
                bar.advance(end - start)


def blocks(words: bytes) -> Iterator[tuple[int, int]]:
    """Cut the input at white space: the start and end of each block."""
    start = 0
    while start < len(words):
        space = SPACE.search(words, min(start + BLOCK, len(words)))
        end = space.end() if space else len(words)
        yield start, end
        start = end


def parse(words: bytes, start: int, end: int, position: int, name: str) -> npt.NDArray[np.uint32]:
    """The ids of one block. `position` is that of its first id in the input."""
    block = words[start:end]
    if block.isspace():
        return np.empty(0, np.uint32)
    if not block.translate(None, DIGITS_AND_SPACES):
        # Checked first, because numpy's parser stops quietly at what is no number. Too large ones stay the largest.
        ids = np.fromstring(block, dtype=np.uint64, sep=" ")
        if ids.max() <= LARGEST_ID:
            return ids.astype(np.uint32)
    for index, match in enumerate(WORD.finditer(block)):
        word = match.group()
        if not word.isdigit():
            line = words.count(b"\n", 0, start + match.start()) + 1
            raise CommandError(f"{name}, line {line}: {quoted(word)} is no token id")
        if len(word.lstrip(b"0")) > len(str(LARGEST_ID)) or int(word) > LARGEST_ID:
            raise unknown(name, quoted(word), position + index)
    raise AssertionError("a block that cannot be parsed holds a word that is no id")


def decoded(tokenizer: Tokenizer, ids: npt.NDArray[np.uint32], position: int, name: str) -> bytes:
    """The bytes of one block of ids."""
    try:
        return tokenizer.decode_bytes(ids)
    except KeyError as error:
        # The library counts positions from the start of the block.
        for index, token_id in enumerate(ids.tolist()):
            if not has_token(tokenizer, token_id):
                raise unknown(name, str(token_id), position + index) from error
        raise


def has_token(tokenizer: Tokenizer, token_id: int) -> bool:
    """Whether the vocabulary holds an id."""
    try:
        tokenizer.token_bytes(token_id)
    except KeyError:
        return False
    return True


def unknown(name: str, word: str, position: int) -> CommandError:
    """The error for an id that the vocabulary does not hold. Positions count from 0."""
    return CommandError(
        f"{name}: unknown token id {word} at position {position}", hint="decode with the model that encoded the text"
    )


def quoted(word: bytes) -> str:
    """A word in a message, cut if it is long."""
    text = word[:40].decode(errors="backslashreplace")
    return f'"{text}"' if len(word) <= 40 else f'"{text}…"'
