"""What `pairwright decode` does with a token folder: the corpus again, as it was cut into documents."""

import json
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from pairwright.cli import files
from pairwright.cli.console import CommandError, UsageError
from pairwright.cli.progress import InputBar
from pairwright.tokens.manifest import MANIFEST, PROGRESS
from pairwright.tokens.reading import Tokens
from pairwright.tokens.restoring import documents, open_splits

# Documents are often short: they are written together, about so many bytes at a time.
BLOCK = 1 << 20

TEXT = "text"


def is_token_folder(name: str) -> bool:
    """Whether MODEL is a token folder, complete or not. One with a tokenizer.json is a model of another library."""
    path = Path(name)
    if not path.is_dir() or (path / "tokenizer.json").is_file():
        return False
    return (path / MANIFEST).is_file() or (path / PROGRESS).is_file()


def restore(folder: str, split: str, out: str | None, out_folder: str | None) -> None:
    """Write the documents of a folder, to one output or each into a file of its own."""
    if out is not None and out_folder is not None:
        raise UsageError("--out and --out-folder do not go together", hint="leave one of them out")
    splits = open_splits(folder, split)
    size = sum(tokens.manifest.split(tokens.split).bytes for tokens in splits)
    with InputBar("decoding", to_screen=out_folder is None and files.is_standard(out)) as bar:
        bar.expect(size)
        if out_folder is not None:
            write_each(splits, Path(out_folder), bar)
            return
        with files.streamed(out) as write:
            for part in gathered(joined(splits)):
                write(part)
                bar.advance(len(part))


def joined(splits: list[Tokens]) -> Iterator[bytes]:
    """All documents in one, in the manner in which they were cut."""
    settings = splits[0].manifest.settings["documents"]
    unit = settings["unit"]
    number = 0
    for tokens in splits:
        for position, document in enumerate(documents(tokens)):
            if unit == "file":
                yield document
            elif unit == "line":
                yield document + b"\n"
            elif unit == "separator":
                yield document if number == 0 else settings["separator"].encode(errors="surrogateescape") + document
            else:
                # Rows and lines of JSON have a name for their text; several kinds of inputs have none in common.
                yield in_json(document, settings.get("field", settings.get("column", TEXT)), tokens.split, position)
            number += 1


def in_json(document: bytes, field: str, split: str, position: int) -> bytes:
    """A document as a line of JSON. Raises `CommandError` if that has no way to tell its bytes."""
    try:
        text = document.decode()
    except UnicodeDecodeError as error:
        raise CommandError(
            f"document {position:,} of {split} is not UTF-8, at its byte {error.start:,}: JSON cannot hold it",
            hint="--out-folder writes each document into a file of its own",
        ) from error
    return (json.dumps({field: text}, ensure_ascii=False) + "\n").encode()


def gathered(parts: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in fewer parts."""
    waiting = bytearray()
    for part in parts:
        waiting += part
        if len(waiting) >= BLOCK:
            yield bytes(waiting)
            waiting.clear()
    yield bytes(waiting)


def write_each(splits: list[Tokens], folder: Path, bar: InputBar) -> None:
    """Write every document into a file of its own, in a folder that appears when it is complete."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise CommandError(f"{folder} is there already", hint="name a new folder, or an empty one")
    unfinished = folder.parent / f".{folder.name}.part"
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    try:
        for tokens in splits:
            digits = max(8, len(str(len(tokens) - 1)))
            for number, document in enumerate(documents(tokens)):
                path = unfinished / f"{tokens.split}-{number:0{digits}}.txt"
                with files.blaming(str(path)):
                    path.write_bytes(document)
                bar.advance(len(document))
        if folder.exists():
            folder.rmdir()
        unfinished.replace(folder)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise
