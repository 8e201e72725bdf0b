"""The usage that a command works with: of inputs, of a token folder, or as it was saved before."""

from collections.abc import Sequence
from typing import Unpack

import numpy as np
import numpy.typing as npt

from pairwright import Tokenizer
from pairwright.cli import files, reading
from pairwright.cli.console import CommandError, UsageError
from pairwright.corpus.files import Options
from pairwright.lab.usage import checked, is_token_folder, zeros
from pairwright.npy import array_of


def usage_of(
    tokenizer: Tokenizer,
    inputs: Sequence[str] | None,
    saved: str | None,
    *,
    threads: int | None,
    quiet: bool,
    **options: Unpack[Options],
) -> npt.NDArray[np.uint64]:
    """How often each id occurs. Raises `UsageError` where inputs and a saved usage are both given."""
    if saved is not None:
        if inputs:
            raise UsageError(f"--usage {saved} replaces inputs, and there is {inputs[0]}", hint="leave one out")
        return load(saved, tokenizer)
    folders = [name for name in inputs or () if is_token_folder(name)]
    if folders:
        reading.refuse_without_files(options, "a token folder, whose ids are counted")
        if folders != list(inputs or ()):
            raise UsageError(f"{folders[0]} is a token folder, and others are text", hint="count them one by one")
        total = zeros(tokenizer)
        for folder in folders:
            total += tokenizer.usage(folder)
        return total
    corpus = reading.corpus_of(inputs, **options)
    is_long = corpus.size() >= reading.LARGE
    return tokenizer.usage(corpus, threads=threads, progress=is_long and not quiet)


def load(name: str, tokenizer: Tokenizer) -> npt.NDArray[np.uint64]:
    """A usage that `pairwright usage --out` wrote. Raises `CommandError` for what is none, `OSError`."""
    try:
        array = array_of(name)
    except ValueError as error:
        raise CommandError(
            f"{files.shown(name)}: not an npy file, or a damaged one",
            hint="pairwright usage MODEL INPUT... --out FILE.npy writes one",
        ) from error
    try:
        return checked(tokenizer, array, files.shown(name))
    except (TypeError, ValueError) as error:
        raise CommandError(str(error)) from error


def save(name: str, array: npt.NDArray[np.integer]) -> None:
    """Write an array as npy, complete or not at all. Raises `OSError`."""
    from io import BytesIO

    content = BytesIO()
    np.save(content, array, allow_pickle=False)
    with files.output(name) as write:
        write(content.getvalue())
