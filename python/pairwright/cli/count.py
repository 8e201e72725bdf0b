"""`pairwright count`."""

import os

from pairwright.cli import files, model as models
from pairwright.cli.arguments import Files, Model, Pattern
from pairwright.cli.progress import InputBar


def count(model: Model, file: Files = None, pattern: Pattern = None) -> None:
    """Print the number of tokens of each file and of all together; special tokens are plain text."""
    tokenizer = models.load(model, pattern)
    names = files.inputs(file)
    numbers = []
    with InputBar("counting") as bar:
        for _, text in bar.over(names):
            numbers.append(tokenizer.count(text))
            bar.advance(len(text))
    with files.output(None) as write:
        if len(names) == 1:
            write(b"%d\n" % numbers[0])
            return
        for number, name in zip(numbers, names, strict=True):
            # The name as the system has it, which need not be text.
            write(b"%d\t%s\n" % (number, os.fsencode(name)))
        write(b"%d\ttotal\n" % sum(numbers))
