"""Writes corpora for tests: the same documents in every format."""

import bz2
import errno
import gzip
import json
import lzma
import os
import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet

SEPARATOR = b"\n--\n"

# What stands in the names of files, and how a corpus is told what a document is in them.
WAYS: Mapping[str, Mapping[str, Any]] = {
    "file.txt": {},
    "file.txt.gz": {},
    "lines.txt": {"lines": True},
    "lines.txt.zst": {"lines": True},
    "lines.txt.xz": {"lines": True},
    "lines.txt.lzma": {"lines": True},
    "separated.txt": {"separator": SEPARATOR},
    "separated.txt.gz": {"separator": SEPARATOR.decode()},
    "objects.jsonl": {},
    "objects.ndjson.gz": {"text_field": "text"},
    "objects.JSONL.ZST": {},
    "objects.jsonl.bz2": {},
    "rows.parquet": {},
    "rows.arrow": {"text_column": "text"},
    "stream.feather": {},
}


def documents(number: int = 40, seed: int = 1) -> list[bytes]:
    """Documents of many sizes, of one line each. None is empty, and every format can hold them."""
    drawn = random.Random(seed)
    words = re.split("/", "the/a/of/tokens/café/中文/text,/12345/it's/__init__/😀/<|endof|>/\t/")
    sizes = [drawn.choice((1, 3, 10, 40, 200)) for _ in range(number)]
    return [" ".join(drawn.choices(words, k=size)).encode() for size in sizes]


def zst(content: bytes) -> bytes:
    """A frame of zstd."""
    compressed: bytes = pa.compress(content, "zstd", asbytes=True)
    return compressed


def lines_of(texts: Sequence[bytes], key: str = "text") -> bytes:
    """The documents as JSON lines."""
    return b"".join(json.dumps({"id": 1, key: text.decode()}).encode() + b"\n" for text in texts)


def table_of(texts: Sequence[bytes | None], kind: pa.DataType | None = None) -> pa.Table:
    """The documents as rows of a table with one more column."""
    column = pa.array(texts, pa.binary()).cast(kind or pa.string())
    return pa.table({"id": list(range(len(texts))), "text": column})


def write_arrow(path: Path, table: pa.Table, *, stream: bool = False, rows: int = 7) -> None:
    """A table as an Arrow file or stream, in batches of so many rows."""
    new = pa.ipc.new_stream if stream else pa.ipc.new_file
    with pa.OSFile(str(path), "wb") as file, new(file, table.schema) as writer:
        writer.write_table(table, rows)


def write(folder: Path, name: str, texts: Sequence[bytes]) -> list[Path]:
    """Write documents into files of a name of `WAYS`; a whole file for each of them if it is to be."""
    folder.mkdir(parents=True, exist_ok=True)
    kind = name.partition(".")[0]
    if kind == "file":
        paths = [folder / f"{number:04}-{name}" for number in range(len(texts))]
        for path, text in zip(paths, texts, strict=True):
            path.write_bytes(packed(name, text))
        return paths
    path = folder / name
    if kind == "rows" and name.endswith(".parquet"):
        pyarrow.parquet.write_table(table_of(texts), path, row_group_size=9)
    elif kind in ("rows", "stream"):
        write_arrow(path, table_of(texts), stream=kind == "stream")
    elif kind == "objects":
        path.write_bytes(packed(name, lines_of(texts)))
    else:
        joined = b"".join(text + b"\n" for text in texts) if kind == "lines" else SEPARATOR.join(texts)
        path.write_bytes(packed(name, joined))
    return [path]


def packed(name: str, content: bytes) -> bytes:
    """Compressed as the name tells."""
    compress: dict[str, Callable[[bytes], bytes]] = {
        "gz": lambda content: gzip.compress(content, mtime=0),
        "zst": zst,
        "bz2": bz2.compress,
        "xz": lzma.compress,
        "lzma": lambda content: lzma.compress(content, lzma.FORMAT_ALONE),
    }
    return compress.get(name.rpartition(".")[2].lower(), bytes)(content)


def content(folder: Path) -> dict[str, bytes]:
    """All files of a folder, the hidden ones too."""
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@contextmanager
def as_nobody() -> Iterator[None]:
    """The superuser may read everything: be nobody for a moment."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(user)


DENIED = os.strerror(errno.EACCES)
MISSING = os.strerror(errno.ENOENT)
