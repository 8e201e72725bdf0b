"""`pairwright decode`."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt
import typer

from pairwright import Tokenizer
from pairwright.cli import files, model as models
from pairwright.cli.arguments import Files, IdsOfSpecial, Model, Out, Pattern, named
from pairwright.cli.console import CommandError, UsageError
from pairwright.cli.progress import InputBar
from pairwright.cli.restore import gathered, is_token_folder, restore
from pairwright.cli.stored import SLICE, Dtype, FlatIds, Ids, RawIds, StoredIds, open_stored

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
    lines: Annotated[
        bool, typer.Option("--lines", help="Write a line feed behind every document, as `encode --lines` took it away.")
    ] = False,
    dtype: Annotated[
        Dtype | None,
        typer.Option(
            help="The files hold nothing but little-endian ids of this type.",
            show_default="for .bin: what encode writes for this vocab",
        ),
    ] = None,
    pattern: Pattern = None,
    special_token: IdsOfSpecial = None,
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
    """Write the exact bytes of token ids. Documents follow each other with nothing between them.

    A FILE is whatever `pairwright encode --out` writes: .bin, .npy, .parquet, .arrow, .jsonl, by its name or its first
    bytes. Any other, and standard input, has ids as numbers separated by white space.

    If MODEL is a folder that `pairwright encode` wrote: write the documents in it, byte for byte, joined as they were
    cut.
    """
    if is_token_folder(model):
        if models.names_encoding(model):
            raise models.ambiguous(Path(model))
        options = {"FILE": file, "--pattern": pattern, "--special-token": special_token}
        for option, given in {**options, "--lines": lines, "--dtype": dtype}.items():
            if given:
                raise UsageError(f"{model} is a token folder, with which {option} does not go", hint="leave it out")
        restore(model, split or "all", out, out_folder)
        return
    for value, option in ((split, "--split"), (out_folder, "--out-folder")):
        if value is not None:
            raise UsageError(f"{option} goes with a token folder; {model} is none", hint=f"leave {option} out")
    for name in file or ():
        if is_token_folder(name):
            raise UsageError(
                f"{name} is a token folder, which has a model of its own", hint=f"pairwright decode {shlex.quote(name)}"
            )
    files.refuse_input(out, [model, *(name for name in file or () if name != files.STANDARD)])
    tokenizer = models.load(model, pattern, special_token, others=file or ())
    names = files.inputs(file)
    for name in names:
        # Before anything is written: a file that is missing is named first.
        files.size(name)
    stored = [None if name == files.STANDARD else open_stored(name, tokenizer.vocab_size, dtype) for name in names]
    if dtype is not None and files.STANDARD in names:
        raise UsageError("--dtype goes with files, not with standard input", hint="name a file")
    flat = next((each for each in stored if isinstance(each, FlatIds)), None)
    if lines and flat is not None:
        raise UsageError(
            f"{flat.name} does not tell where documents end, which --lines needs",
            hint="leave --lines out; encode into .parquet, .arrow or .jsonl keeps the documents apart",
        )
    ending = b"\n" if lines else b""
    with files.streamed(out) as write, InputBar("decoding", to_screen=files.is_standard(out)) as bar:
        for name, found in zip(names, stored, strict=True):
            if found is None:
                for shown, words in bar.over([name]):
                    for part in gathered(text_of_words(tokenizer, words, shown, bar, lines=lines)):
                        write(part)
                continue
            bar.expect(files.size(name))
            for part in gathered(text_of_stored(tokenizer, found, ending)):
                write(part)
            bar.advance(files.size(name))


def text_of_words(tokenizer: Tokenizer, words: bytes, name: str, bar: InputBar, *, lines: bool) -> Iterator[bytes]:
    """The text of ids as words. With `lines`, that of every line, and a line feed behind it."""
    position = 0
    for start, end in of_lines(words) if lines else blocks(words):
        ids = parse(words, start, end, position, name)
        yield decoded(tokenizer, ids, position, name)
        if lines:
            yield b"\n"
        position += len(ids)
        bar.advance(end - start)


def of_lines(words: bytes) -> Iterator[tuple[int, int]]:
    """The start and end of each line. A line without ids is a document without text."""
    start = 0
    while start < len(words):
        end = words.find(b"\n", start) + 1 or len(words)
        yield start, end
        start = end


def text_of_stored(tokenizer: Tokenizer, stored: StoredIds, ending: bytes) -> Iterator[bytes]:
    """The text of a file of ids, with `ending` behind each document."""
    for name, ids in stored.documents():
        for start in range(0, len(ids), SLICE):
            try:
                yield decoded(tokenizer, checked(ids[start : start + SLICE], start, name), start, name)
            except CommandError as error:
                if isinstance(stored, RawIds) and error.hint is not None:
                    error.hint += ", and if the ids have another type, say it with --dtype"
                raise
        yield ending


def checked(ids: Ids, position: int, name: str) -> npt.NDArray[np.uint32]:
    """Integers as ids. `position` is that of the first one. Raises `CommandError` for what cannot be one."""
    wrong = (ids < 0) | (ids > LARGEST_ID) if ids.dtype.kind == "i" or ids.dtype.itemsize > 4 else None
    if wrong is not None and wrong.any():
        index = int(wrong.argmax())
        raise unknown(name, str(ids[index]), position + index)
    return ids.astype(np.uint32)


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
    if not block.strip():
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
            raise CommandError(f"{name}, line {line}: {quoted(word)} is no token id", hint=binary_hint(word))
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


def binary_hint(word: bytes) -> str | None:
    """What to do about a word that looks like a part of a file of raw ids."""
    if any(byte < 32 or byte > 126 for byte in word):
        return "if the file holds raw ids, say their type: --dtype uint16 or --dtype uint32"
    return None


def quoted(word: bytes) -> str:
    """A word in a message, cut if it is long."""
    text = word[:40].decode(errors="backslashreplace")
    return f'"{text}"' if len(word) <= 40 else f'"{text}…"'
