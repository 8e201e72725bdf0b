"""Hints in the words of the command line: those of the library name keyword arguments."""

import ast
import re
import shlex

from pairwright.lab.matrices import WHICH
from pairwright.tokens.differences import RESTART

RESTART_OPTION = "--restart removes what was written there and begins anew; or name another folder with --out"

# Hints that are said in other words on the command line.
REWORDED = {
    RESTART: RESTART_OPTION,
    WHICH.format(argument="embeddings"): "add --tensor NAME",
    WHICH.format(argument="head"): "add --head-tensor NAME",
}

# What the core and the library say of files, by what reads them, and what it is on the command line.
READERS = {
    r"Counts\.load reads it, and train learns from counts": "pairwright train --counts learns from it",
    r"open_tokens reads it": "pairwright decode reads it",
    r"Tokenizer\.\w+(\([^)]*\))? reads it": "give it as MODEL or with --base",
    r", which Tokenizer\.from_huggingface reads\b": ": give that file",
    r"Tokenizer\.from_huggingface reads the tokenizer\.json": "give the tokenizer.json",
}

# The keyword arguments that options stand for, where an option has another name.
OTHERS = {"format": "--input-format", "special_tokens": "--special"}

KEYWORDS = (
    *(
        "append",
        "base",
        "first_id",
        "format",
        "lines",
        "max_token_bytes",
        "max_token_words",
        "memory_limit",
        "min_frequency",
        "on_error",
        "pattern",
        "reference",
    ),
    *(
        "restart",
        "separator",
        "shard_tokens",
        "special",
        "special_ids",
        "special_tokens",
        "spill_folder",
        "text_column",
    ),
    *("text_field", "threads", "tie_break", "validation", "vocab_size"),
)

# With a value, a keyword is one whatever it is called; alone it is one if it can be no word of English.
GIVEN = re.compile(rf"""\b({"|".join(KEYWORDS)})=("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[\w.-]*\w)""")
NAMED = re.compile(rf"\b({'|'.join(each for each in KEYWORDS if '_' in each)})\b")


def in_commands(text: str) -> str:
    """A text with commands in the place of functions: `open_tokens reads it` becomes `pairwright decode reads it`."""
    for function, command in READERS.items():
        text = re.sub(function, command, text)
    return text


def in_options(hint: str) -> str:
    """A hint with options in the place of keyword arguments: `on_error="skip"` becomes `--on-error skip`."""
    if hint in REWORDED:
        return REWORDED[hint]
    hint = in_commands(hint)

    def given(found: re.Match[str]) -> str:
        name, value = option(found[1]), found[2]
        if value == "True":
            return name
        if value[0] in "\"'":
            try:
                value = str(ast.literal_eval(value))
            except (SyntaxError, ValueError):
                value = value[1:-1]
        return f"{name} {shlex.quote(value)}"

    # What was said with a value is not looked at again: the value may be called like a keyword.
    parts, end = [], 0
    for found in GIVEN.finditer(hint):
        parts += [NAMED.sub(lambda named: option(named[1]), hint[end : found.start()]), given(found)]
        end = found.end()
    return "".join([*parts, NAMED.sub(lambda named: option(named[1]), hint[end:])])


def option(keyword: str) -> str:
    """The option that a keyword argument is on the command line."""
    return OTHERS.get(keyword, "--" + keyword.replace("_", "-"))
