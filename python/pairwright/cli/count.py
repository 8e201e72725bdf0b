"""`pairwright count`."""

import os

from pairwright.cli import files, model as models
from pairwright.cli.arguments import Files, Model, Pattern
from pairwright.cli.progress import Bar


def count(model: Model, file: Files = None, pattern: Pattern = None) -> None:
    """Print the number of tokens of each file and of all together; special tokens are plain text."""
    names = files.inputs(file)
    expected = sum(files.size(name) for name in names)
    tokenizer = models.load(model, pattern)
    total = 0
    with files.output(None) as write, Bar("counting", expected, to_screen=False) as bar:
        for name in names:
            text = files.read(name)
            bar.expect(len(text) - files.size(name))
            tokens = tokenizer.count(text)
            total += tokens
            # The name as the system has it, which need not be text.
            write(b"%d\t%s\n" % (tokens, os.fsencode(name)) if len(names) > 1 else b"%d\n" % tokens)
            bar.advance(len(text))
        if len(names) > 1:
            write(b"%d\ttotal\n" % total)
