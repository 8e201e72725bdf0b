"""The corpus that a command reads, with its bar and what is to be said of it at the end."""

import os
import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Unpack

from pairwright import Corpus, Tokenizer
from pairwright.bar import ByteBar
from pairwright.cli import files
from pairwright.cli.console import UsageError
from pairwright.corpus.blocks import Block
from pairwright.corpus.files import Options
from pairwright.corpus.naming import DEFAULT, Name, is_pattern

# What takes less than about a second needs no bar.
LARGE = 8_000_000


def corpus_of(names: Sequence[str] | None, **options: Unpack[Options]) -> Corpus:
    """The corpus of these names, standard input if there are none; the options are those of `pairwright.Corpus`."""
    return Corpus(*files.inputs(names), **options)


def text_names(option: str, values: Sequence[str] | None, inputs: Sequence[str] | None) -> Name:
    """The fields or columns that an option names, for all inputs or, as INPUT=NAME, for one. Raises `UsageError`."""
    names: dict[str | os.PathLike[str] | None, str] = {}
    for value in values or ():
        # The longest, for names of files may have an = themselves.
        beginnings = [value[:at] for at, character in enumerate(value) if character == "="]
        found = next((each for each in reversed(beginnings) if _is_input(each, files.inputs(inputs))), None)
        if found is None and beginnings:
            # That no file fits a pattern shows when the files are known.
            found = next((each for each in beginnings if is_pattern(each)), None)
        if found is None and beginnings:
            name = value[len(beginnings[0]) + 1 :]
            meant = next((each for each in inputs or () if Path(each).name == Path(beginnings[0]).name), "INPUT")
            raise UsageError(
                f"{option} {value}: {beginnings[0]} is none of the inputs",
                hint=f"name an input as it is given, or a file in it: {option} {shlex.quote(f'{meant}={name}')}",
            )
        name = value if found is None else value[len(found) + 1 :]
        if found in names:
            what = "all inputs" if found is None else found
            raise UsageError(f"{option} is given twice for {what}", hint=f"for one input say {option} INPUT=NAME")
        names[found] = name
    return names if any(names) else names.get(None, DEFAULT)


def _is_input(name: str, inputs: Sequence[str]) -> bool:
    """Whether this is an input, or a file in one."""
    path = os.path.normpath(name)
    given = [os.path.normpath(each) for each in inputs]
    return path in given or (os.path.lexists(path) and not Path(path).is_dir())


# How each of the options is named on the command line, and what it is unless given.
GIVEN: dict[str, tuple[str, object]] = {
    "lines": ("--lines", False),
    "separator": ("--separator", None),
    "text_field": ("--text-field", DEFAULT),
    "text_column": ("--text-column", DEFAULT),
    "format": ("--input-format", None),
    "on_error": ("--on-error", "stop"),
}


def given_of(options: Options) -> list[str]:
    """Those of the options on the command line that were given, and so make sense for files alone."""
    return [option for name, (option, default) in GIVEN.items() if options.get(name, default) != default]


def refuse_without_files(options: Options, instead: str) -> None:
    """Raises `UsageError` if an option was given that tells how to read files, where there are none."""
    for option in given_of(options):
        raise UsageError(f"{option} tells how files are read, and there is {instead}", hint=f"leave {option} out")


def cut_plainly(tokenizer: Tokenizer) -> tuple[str, list[str]] | None:
    """How long documents may be cut if their special tokens are plain text: not at all if texts are normalized."""
    return (tokenizer.pattern, []) if tokenizer._is_plain else None


@contextmanager
def reading(
    corpus: Corpus,
    what: str,
    *,
    hidden: bool = False,
    to_screen: bool = False,
    cut_for: tuple[str, list[str]] | None = None,
) -> Iterator[Iterator[Block]]:
    """The blocks of a corpus, with a bar that stays away from a screen to which the output goes at the same time."""
    shown_elsewhere = to_screen and sys.stdout is not None and sys.stdout.isatty()
    bar = ByteBar(what, corpus.size(), hidden=hidden or shown_elsewhere)
    blocks = corpus.blocks(cut_for=cut_for)
    with closing(blocks):
        try:
            yield followed(blocks, bar)
        finally:
            bar.bar.stop()


def followed(blocks: Iterator[Block], bar: ByteBar) -> Iterator[Block]:
    """The same blocks. When the next one is asked for, this one is done."""
    done = 0
    for block in blocks:
        yield block
        bar.advance(block.read - done)
        done = block.read
        if max(bar.total, done) >= LARGE:
            bar.bar.start()
