"""Arguments and options that several commands share."""

import re
from typing import Annotated, Any, Literal, TypeAlias

import typer

from pairwright.special import Treatment


def named(value: str | list[str] | None) -> str | list[str] | None:
    """A name of a file or folder, or several: an empty one would mean the current folder, which nobody means by it."""
    if value == "" or (isinstance(value, list) and "" in value):
        raise typer.BadParameter("a name is empty: it is that of no file or folder")
    return value


Model: TypeAlias = Annotated[
    str,
    typer.Argument(
        metavar="MODEL",
        callback=named,
        help="A model file, a rank file (with --pattern), a tokenizer.json, a file of minbpe or tekken, or an "
        "encoding's name.",
        show_default=False,
    ),
]

Pattern: TypeAlias = Annotated[
    str | None, typer.Option(metavar="PATTERN", help="The split pattern of a rank file: a name or a regex.")
]

Files: TypeAlias = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="FILE", callback=named, help="Files to read; - and no file mean standard input.", show_default=False
    ),
]

Inputs: TypeAlias = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="INPUT",
        callback=named,
        help="Files, folders or patterns such as 'data/*.jsonl.gz': text, JSON, CSV, parquet, Arrow, by their names; "
        "- and no input mean standard input.",
        show_default=False,
    ),
]

Lines: TypeAlias = Annotated[
    bool, typer.Option("--lines", help="In text, every line is a document. Otherwise a file is one.")
]


def escaped(text: str) -> str:
    r"""A separator as it was typed: what a shell has no way to write is \n, \t, \r, \0, and \\ is a backslash."""
    meanings = {"n": "\n", "t": "\t", "r": "\r", "0": "\0", "\\": "\\"}

    def meaning(found: re.Match[str]) -> str:
        if found[1] not in meanings:
            known = ", ".join(f"\\{char}" for char in meanings)
            raise typer.BadParameter(f"{found[0]} is no escape; there are {known}")
        return meanings[found[1]]

    return re.sub(r"\\(.?)", meaning, text, flags=re.DOTALL)


Separator: TypeAlias = Annotated[
    Any,
    typer.Option(
        metavar="TEXT",
        parser=escaped,
        help=r"In text, documents are what is between these, e.g. '\n\n'.",
        show_default=False,
    ),
]

TextField: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        metavar="[INPUT=]NAME",
        help="In JSON, the field with the text: text, data.text, messages.*.content. May be given for each input.",
        show_default="text",
    ),
]

TextColumn: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        metavar="[INPUT=]NAME",
        help="In CSV, TSV, parquet and Arrow, the column with the text. May be given for each input.",
        show_default="text",
    ),
]

InputFormat: TypeAlias = Annotated[
    Literal["text", "jsonl", "json", "csv", "tsv", "parquet", "arrow"] | None,
    typer.Option(
        help="What the inputs are, whatever their names; text takes any file as it is.", show_default="by their names"
    ),
]

OnError: TypeAlias = Annotated[
    Literal["stop", "skip"],
    typer.Option(help="A document that cannot be read: end, or go on without it."),
]

Json: TypeAlias = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]

Out: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="FILE", callback=named, help="Write to this file, complete or not at all, not to standard output."
    ),
]

SpecialTokens: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(metavar="TOKEN", help="A special token; may be given several times.", show_default=False),
]


def special_token(text: str) -> tuple[str, int]:
    """A special token and its id, such as <|endoftext|>=100257."""
    name, equals, digits = text.rpartition("=")
    if not (name and equals and re.fullmatch(r"[0-9]{1,10}", digits) and int(digits) < 1 << 32):
        raise typer.BadParameter(f"{text!r} is no TOKEN=ID such as '<|endoftext|>=100257'")
    return name, int(digits)


IdsOfSpecial: TypeAlias = Annotated[
    list[Any] | None,
    typer.Option(
        "--special-token",
        metavar="TOKEN=ID",
        parser=special_token,
        help="A special token of a rank file and its id; may be given several times.",
        show_default=False,
    ),
]

Threads: TypeAlias = Annotated[
    int | None, typer.Option(metavar="N", help="Threads that work.", show_default="every core")
]


def vocab_size(text: str) -> int:
    """A number of ids in digits, which may be grouped as in 32_768 or 32,768."""
    if re.fullmatch(r"-?[0-9]+", text.strip()):
        return int(text)
    if re.fullmatch(r"[0-9]{1,3}([,_][0-9]{3})+", text.strip()):
        return int(re.sub("[,_]", "", text))
    thousands = re.fullmatch(r"([0-9]{1,6})[kK]", text.strip())
    if thousands is not None:
        number = int(thousands[1])
        raise typer.BadParameter(
            f"{text!r} may mean {number * 1000} or {number * 1024} ids; write the number that is meant"
        )
    raise typer.BadParameter(f"{text!r} is no number of ids such as 8000")


def memory_limit(text: str) -> int | float:
    """A number of bytes such as 800MB or 4GiB, or a share of the machine's memory such as 0.5 or 50%."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?) *(%|(?:[kKMGT]i?)?B)?", text.strip())
    if found is None:
        raise typer.BadParameter(f"{text!r} is neither a size such as 4GB nor a share such as 0.5 or 50%")
    number, unit = float(found[1]), found[2]
    if unit == "%" or (unit is None and "." in found[1]):
        return number / 100 if unit == "%" else number
    prefix = (unit or "B")[0].upper()
    power = "BKMGT".index(prefix)
    return int(number * (1024 if "i" in (unit or "") else 1000) ** power)


MemoryLimit: TypeAlias = Annotated[
    Any,
    typer.Option(
        metavar="SIZE",
        parser=memory_limit,
        help="What counting may hold in memory: 800MB, 4GB, or a share of all, as in 0.5; the rest goes to disk.",
        show_default="one half of all",
    ),
]
SpillFolder: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="FOLDER",
        callback=named,
        help="Where counts that pass the limit are kept meanwhile.",
        show_default="the system's for temporary files",
    ),
]

Quiet: TypeAlias = Annotated[bool, typer.Option("--quiet", help="Say nothing but warnings and errors.")]

Special: TypeAlias = Annotated[
    Treatment,
    typer.Option(help="A special token in the text: an error, its id, or plain text."),
]
