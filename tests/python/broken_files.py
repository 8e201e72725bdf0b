"""Corpora with something wrong in them, for tests."""

import bz2
import gzip
import lzma
import random
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet
from corpus_files import lines_of, table_of, write_arrow, zst


@dataclass(frozen=True)
class Broken:
    """A corpus with something wrong in it: how it is read, what is said of it and where, which documents are good.

    Where only so many of the first documents are sure to be kept, `at_least` tells how many. A changed byte in
    compressed data may show at the end alone: what comes behind it `is_doubtful`.
    """

    path: Path
    place: str
    reason: str
    good: Sequence[bytes]
    options: Mapping[str, Any] = field(default_factory=dict)
    at_least: int | None = None
    is_doubtful: bool = False

    @property
    def message(self) -> str:
        """How the error begins."""
        return f"{self.path}, {self.place}" if self.place else str(self.path)

    @property
    def is_file(self) -> bool:
        """Whether it is a fault of the file, not of a document in it."""
        return self.path.name not in OBJECTS and self.path.stem != "null"

    def has_kept(self, found: Sequence[bytes]) -> bool:
        """Whether these are the good documents."""
        if self.at_least is None:
            return list(found) == list(self.good)
        sure = self.at_least if self.is_doubtful else len(found)
        return list(found[:sure]) == list(self.good[:sure]) and self.at_least <= len(found)


# Documents that do not become small, and as lines.
MANY = [random.Random(number).randbytes(40).hex().encode() for number in range(4000)]
JOINED = b"".join(text + b"\n" for text in MANY)
GZIP = gzip.compress(JOINED, mtime=0)
BZIP2 = bz2.compress(JOINED, 1)
XZ = lzma.compress(JOINED)
# The dictionary of a block's header said to be of 4 GiB.
HUNGRY = (
    XZ[:12]
    + (b"\x02\x00\x21\x01\x28" + bytes(3))
    + zlib.crc32(b"\x02\x00\x21\x01\x28" + bytes(3)).to_bytes(4, "little")
    + XZ[24:]
)

CUT_OFF = "the gzip data end too early: it was cut off"
DAMAGED = "the gzip data are damaged: "
EMPTY = "it is empty, which no compressed file is"
AT_END = f"after {len(JOINED)} bytes of text"


def flipped(content: bytes, at: int) -> bytes:
    """With one bit changed."""
    changed = bytearray(content)
    changed[at] ^= 0x10
    return bytes(changed)


# Lines of text: the content, where, why, and how many documents are sure to be kept.
COMPRESSED: dict[str, tuple[bytes, str, str, int]] = {
    "cut.gz": (GZIP[:-9], "", CUT_OFF, 3990),
    "half.gz": (GZIP[: len(GZIP) // 2], "", CUT_OFF, 1900),
    "flipped.gz": (flipped(GZIP, len(GZIP) // 2), "", DAMAGED, 100),
    "checksum.gz": (flipped(GZIP, -5), AT_END, DAMAGED, 4000),
    "rubbish.gz": (GZIP + b"rubbish" * 3, AT_END, DAMAGED, 4000),
    "empty.gz": (b"", "after 0 bytes of text", EMPTY, 0),
    "none.gz": (JOINED, "after 0 bytes of text", f"{DAMAGED}invalid gzip header", 0),
    "cut.zst": (zst(JOINED)[:-40], "", "the zstd data end too early: it was cut off", 1000),
    "empty.zst": (b"", "after 0 bytes of text", EMPTY, 0),
    "none.zst": (JOINED, "after 0 bytes of text", "the zstd data are damaged: ", 0),
    "cut.bz2": (BZIP2[:-9], "", "the bzip2 data end too early: it was cut off", 2000),
    "flipped.bz2": (flipped(BZIP2, len(BZIP2) // 2), "", "the bzip2 data are damaged: ", 1000),
    "rubbish.bz2": (BZIP2 + b"rubbish" * 3, AT_END, "the bzip2 data are damaged: ", 4000),
    "empty.bz2": (b"", "after 0 bytes of text", EMPTY, 0),
    "none.bz2": (JOINED, "after 0 bytes of text", "the bzip2 data are damaged: ", 0),
    "cut.xz": (XZ[:-9], AT_END, "the xz data end too early: it was cut off", 4000),
    "half.xz": (XZ[: len(XZ) // 2], "", "the xz data end too early: it was cut off", 1500),
    "flipped.xz": (flipped(XZ, len(XZ) // 2), "", "the xz data are damaged: ", 1000),
    "rubbish.xz": (XZ + b"rubbish" * 3, AT_END, "the xz data are damaged: ", 4000),
    "empty.xz": (b"", "after 0 bytes of text", EMPTY, 0),
    "none.xz": (JOINED, "after 0 bytes of text", "the xz data are damaged: ", 0),
    "hungry.xz": (HUNGRY, "after 0 bytes of text", "unpacking it takes more than 1 GiB of memory", 0),
    "cut.jsonl.gz": (gzip.compress(lines_of(MANY))[:-9], "", CUT_OFF, 3990),
}

# The second of three lines of JSON; where and why.
OBJECTS: dict[str, tuple[bytes, str, str]] = {
    "syntax.jsonl": (b'{"text": two}', "line 2, column 11", "expected ident"),
    "rest.jsonl": (b'{"text":"2"} 2', "line 2, column 14", "trailing characters"),
    "cut.jsonl": (b'{"text":"tw', "line 2, column 11", "EOF while parsing a string"),
    "field.jsonl": (b'{"body":"2"}', "line 2", 'there is no field "text", only "body"'),
    "number.jsonl": (b'{"text":2}', "line 2, column 9", "invalid type: integer `2`, expected a string in the field"),
    "null.jsonl": (b'{"text":null}', "line 2, column 12", "invalid type: null"),
    "list.jsonl": (b'["2"]', "line 2", "invalid type: sequence, expected a JSON object"),
    "latin.jsonl": (b'{"text":"\xe9"}', "line 2, column 10", "it is not UTF-8"),
}

THREE = (b"one", b"three")

# Rows: the table, where, why, and the documents that are good.
TABLES: dict[str, tuple[pa.Table, str, str, Sequence[bytes]]] = {
    "column": (pa.table({"id": [1]}), "", "there is no column 'text'; its columns are 'id'", ()),
    "twice": (table_of(MANY).rename_columns(["text", "text"]), "", "there are 2 columns 'text'", ()),
    "kind": (pa.table({"text": [1, 2]}), "", "the column 'text' is int64, not text", ()),
    "null": (table_of([b"one", None, b"three"]), "row 1", "the column 'text' is null", THREE),
    "empty": (table_of([]), "", "it is empty", ()),
    "none": (table_of([]), "", " data are damaged: ", ()),
    "cut": (table_of(MANY), "", " data are damaged: ", MANY),
    "zeros": (table_of(MANY), "", " data are damaged: ", MANY),
}

ROWS = (
    *("column.parquet", "twice.arrow", "kind.parquet", "kind.arrow", "null.parquet", "null.arrow", "empty.parquet"),
    *("empty.arrow", "none.parquet", "none.arrow", "cut.parquet", "cut.arrow", "zeros.parquet"),
)

BROKEN = ("whole.gz", *COMPRESSED, *OBJECTS, *ROWS)


def broken(folder: Path, name: str) -> Broken:
    """A corpus with something wrong in it, by its name in `BROKEN`."""
    folder.mkdir(exist_ok=True)
    path = folder / name
    if name == "whole.gz":
        path.write_bytes(GZIP[:-9])
        return Broken(path, "", CUT_OFF, ())
    if name in COMPRESSED:
        content, place, reason, at_least = COMPRESSED[name]
        path.write_bytes(content)
        return Broken(path, place, reason, MANY, {"lines": True}, at_least, is_doubtful=name.startswith("flipped"))
    if name in OBJECTS:
        line, place, reason = OBJECTS[name]
        path.write_bytes(b'{"text":"one"}\n%b\n{"text":"three"}\n' % line)
        return Broken(path, place, reason, THREE)
    table, place, reason, good = TABLES[path.stem]
    write_damaged(path, table)
    sure = {"cut.parquet": 0, "cut.arrow": 0, "zeros.parquet": 1000}.get(name)
    return Broken(path, place, reason, good, {}, sure)


def write_damaged(path: Path, table: pa.Table) -> None:
    """A table in a file with what its name tells."""
    if path.suffix == ".parquet":
        pyarrow.parquet.write_table(table, path, row_group_size=500, compression="gzip", use_dictionary=False)
    else:
        write_arrow(path, table, rows=500)
    content = path.read_bytes()
    half = len(content) // 2
    changed = {
        "empty": b"",
        "none": b"no such data\n" * 10,
        "cut": content[:half],
        "zeros": content[:half] + bytes(2000) + content[half + 2000 :],
    }
    path.write_bytes(changed.get(path.stem, content))
