"""What the name after `encode --out` means: a folder, a file of ids in a format, or a file of ids as text."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias, get_args

from pairwright.cli import files
from pairwright.cli.console import UsageError
from pairwright.tokens.writers import format_of

Format: TypeAlias = Literal["bin", "npy", "parquet", "arrow", "jsonl"]

# Endings of files of ids as text.
TEXTS = {".txt", ".text", ".ids"}

# Endings of formats in which ids are not written: under such a name nobody expects them as text.
OTHERS = {
    *(".csv", ".tsv", ".json", ".db", ".dat", ".mmap", ".offsets"),
    *(".npz", ".h5", ".hdf5", ".orc", ".msgpack", ".tfrecord"),
    *(".pickle", ".pkl", ".pt", ".pth", ".safetensors"),
}


@dataclass(frozen=True)
class Target:
    """Where ids go. A file of ids as text has no format."""

    kind: Literal["text", "file", "folder"]
    format: Format | None = None


def target_of(out: str | None, format: Format | None, options: list[str], of_folder: list[str]) -> Target:
    """What a name means, with the format that was asked for.

    `options` are those that were given and make no sense for text; `of_folder` those of them that make sense for a
    folder alone. Raises `UsageError`.
    """
    if out is None or files.is_standard(out):
        if options:
            where = "a folder" if options[0] in of_folder else "a folder or a file of ids"
            raise UsageError(f"{options[0]} goes with {where}", hint="name one with --out")
        return Target("text")
    path = Path(out)
    if out.endswith("/") and Path(out.rstrip("/")).is_file():
        raise UsageError(
            f"{out} asks for a folder, and {out.rstrip('/')} is a file", hint="name another folder, or remove the file"
        )
    if path.is_dir() or out.endswith(("/", "\\")):
        return Target("folder", format or "bin")
    files.check_ending(out)
    suffix = path.suffix.lower()
    meant = format_of(path)
    if meant is not None:
        if format is not None and format != meant:
            raise UsageError(
                f"--format {format} contradicts the name {out}, which is that of a {meant} file",
                hint=f"leave --format out, name the file {path.with_suffix(f'.{format}')}, "
                f"or name a folder: --out {folder_for(path)}",
            )
        if of_folder:
            raise UsageError(
                f"{of_folder[0]} goes with a folder, and {out} is the name of a file",
                hint=f"name a folder: --out {folder_for(path)}",
            )
        return Target("file", meant)
    if suffix in OTHERS:
        raise UsageError(
            f"{out}: ids are not written as {suffix}",
            hint=f"name a file with one of the endings {endings()}, or a folder: --out {folder_for(path)}",
        )
    if suffix and suffix not in TEXTS:
        # It may be a slip, as in train.bn, and text in its place is no use to anybody who asked for train.bin.
        folder = folder_for(path) if path.exists() else f"{out}/"
        raise UsageError(
            f"{out}: {suffix} is the ending of no format",
            hint=f"name a file with one of the endings {endings()}, or a folder: --out {folder}",
        )
    if not suffix and path.is_file():
        # Without that file the same name would be a folder: what it says must not depend on that.
        raise UsageError(
            f"{out} is a file, and a name without an ending is that of a folder",
            hint=f"name another folder, such as --out {folder_for(path)}, or a file with one of the endings "
            f"{endings()}; or remove the file",
        )
    if not (suffix or path.exists()):
        return Target("folder", format or "bin")
    if options:
        # `--format` says what the ids are to be, and other options that they are not to be text.
        wanted = format or "bin"
        where, file = "a folder", ""
        if options[0] not in of_folder:
            where += " or a file of ids"
            file = f"a file of ids, such as --out {path.with_suffix(f'.{wanted}')}, or "
        raise UsageError(
            f"{options[0]} goes with {where}, and {out} is a file of text",
            hint=f"name {file}a folder: --out {folder_for(path)}",
        )
    return Target("text")


def folder_for(path: Path) -> str:
    """The name of a folder to propose in the place of a file: none that is a file."""
    stem = path.with_suffix("")
    names = (stem, stem.with_name(f"{stem.name}-tokens"), path.with_name(f"{path.name}-tokens"))
    return f"{next((each for each in names if not each.is_file()), names[-1])}/"


def endings() -> str:
    """The endings of the formats."""
    return ", ".join(f".{each}" for each in get_args(Format)) + ", .txt"
