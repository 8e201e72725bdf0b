"""Arguments and options that several commands share."""

from typing import Annotated, Literal, TypeAlias

import typer

Model: TypeAlias = Annotated[
    str,
    typer.Argument(
        metavar="MODEL",
        help="A model file, a .tiktoken file (with --pattern), or an encoding's name.",
        show_default=False,
    ),
]

Pattern: TypeAlias = Annotated[
    str | None, typer.Option(metavar="PATTERN", help="The split pattern of a .tiktoken file: a name or a regex.")
]

Files: TypeAlias = Annotated[
    list[str] | None,
    typer.Argument(metavar="FILE", help="Files to read; - and no file mean standard input.", show_default=False),
]

Out: TypeAlias = Annotated[
    str | None, typer.Option(metavar="FILE", help="Write to this file, complete or not at all, not to standard output.")
]

SpecialTokens: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(metavar="TOKEN", help="A special token; may be given several times.", show_default=False),
]

Threads: TypeAlias = Annotated[
    int | None, typer.Option(metavar="N", help="Threads that count.", show_default="every core")
]
Quiet: TypeAlias = Annotated[bool, typer.Option("--quiet", help="Say nothing but warnings and errors.")]

Treatment: TypeAlias = Literal["refuse", "allow", "text"]

Special: TypeAlias = Annotated[
    Treatment,
    typer.Option(help="A special token in the text: an error, its id, or plain text."),
]
