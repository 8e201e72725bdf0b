"""`pairwright sizes`."""

import json as to_json
from typing import Annotated, Any

import typer

from pairwright import LanguageModel, sizes as sizes_of
from pairwright.cli import counted_ids, files, model as models, reading
from pairwright.cli.arguments import (
    IdsOfSpecial,
    InputFormat,
    Inputs,
    Json,
    Lines,
    Model,
    OnError,
    Pattern,
    Quiet,
    Separator,
    TextColumn,
    TextField,
    Threads,
    named,
    vocab_size,
)
from pairwright.cli.console import UsageError, console, print_table


def sizes(
    model: Model,
    input: Inputs = None,
    at: Annotated[
        list[Any] | None,
        typer.Option(
            metavar="N",
            parser=vocab_size,
            help="A size of a vocabulary; may be given several times.",
            show_default="powers of two",
        ),
    ] = None,
    usage: Annotated[
        str | None,
        typer.Option(
            metavar="FILE.npy", callback=named, help="What `pairwright usage --out` wrote, in the place of inputs."
        ),
    ] = None,
    width: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Tell the costs for a language model of this width."),
    ] = None,
    layers: Annotated[int | None, typer.Option(min=1, metavar="N", help="The layers of the model.")] = None,
    parameters: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="N",
            help="Its parameters without embedding and head.",
            show_default="12 × layers × width²",
        ),
    ] = None,
    kv_heads: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Heads whose keys and values are cached, with --head-size.")
    ] = None,
    head_size: Annotated[int | None, typer.Option(min=1, metavar="N", help="Numbers of a head.")] = None,
    tied: Annotated[bool, typer.Option("--tied", help="Embedding and head are one matrix.")] = False,
    context: Annotated[int, typer.Option(min=1, metavar="N", help="The tokens that the model sees at once.")] = 2048,
    lines: Lines = False,
    separator: Separator = None,
    text_field: TextField = None,
    text_column: TextColumn = None,
    input_format: InputFormat = None,
    on_error: OnError = "stop",
    threads: Threads = None,
    json: Json = False,
    quiet: Quiet = False,
    pattern: Pattern = None,
    special_token: IdsOfSpecial = None,
) -> None:
    """Tell what every smaller vocabulary makes of texts, without training again; with --width what it costs."""
    costs = {"--layers": layers, "--parameters": parameters, "--kv-heads": kv_heads, "--head-size": head_size}
    if width is None and (tied or any(value is not None for value in costs.values())):
        option = next((name for name, value in costs.items() if value is not None), "--tied")
        raise UsageError(f"{option} is a measure of a language model, whose width is not given", hint="add --width N")
    if width is not None and layers is None:
        raise UsageError("--width is that of a language model, whose layers are not given", hint="add --layers N")
    if (kv_heads is None) != (head_size is None):
        raise UsageError("--kv-heads and --head-size go together", hint="give both or neither")
    measured = None
    if width is not None and layers is not None:
        measured = LanguageModel(
            width=width,
            layers=layers,
            parameters=parameters,
            kv_heads=kv_heads,
            head_size=head_size,
            tied=tied,
            context=context,
        )
    tokenizer = models.load(model, pattern, special_token, others=input or ())
    found = counted_ids.usage_of(
        tokenizer,
        input,
        usage,
        threads=threads,
        quiet=quiet,
        lines=lines,
        separator=separator,
        text_field=reading.text_names("--text-field", text_field, input),
        text_column=reading.text_names("--text-column", text_column, input),
        format=input_format,
        on_error=on_error,
    )
    result = sizes_of(tokenizer, found, at or None, model=measured)
    if json:
        with files.output(None) as write:
            write(to_json.dumps(result.to_dict()).encode() + b"\n")
        return
    with files.standard_output():
        print_table(result.table(), console())
