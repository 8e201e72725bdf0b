"""Files that are not text, for tests: real ones, as libraries and tools write them."""

import bz2
import gzip
import io
import lzma
import pickle
import sqlite3
import struct
import sys
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet
from corpus_files import table_of, zst

PNG = (
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89\0\0\0\rIDATx\x9cc\xf8\xff\xff?\0"
    b"\x05\xfe\x02\xfe\r\xefF\xb8\0\0\0\0IEND\xaeB`\x82"
)


def _zip(name: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, "text " * 100)
    return content.getvalue()


def _tar() -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        member = tarfile.TarInfo("a.txt")
        member.size = 5
        archive.addfile(member, io.BytesIO(b"text\n"))
    return content.getvalue()


def _saved(compressed: bool) -> bytes:
    content = io.BytesIO()
    if compressed:
        np.savez(content, ids=np.arange(9))
    else:
        np.save(content, np.arange(9))
    return content.getvalue()


def _sqlite() -> bytes:
    connection = sqlite3.connect(":memory:")
    connection.execute("create table texts (text)")
    return connection.serialize()


def _parquet() -> bytes:
    content = io.BytesIO()
    pyarrow.parquet.write_table(table_of([b"one", b"two"]), content)
    return content.getvalue()


def _arrow(stream: bool) -> bytes:
    content = io.BytesIO()
    table = table_of([b"one", b"two"])
    with (pa.ipc.new_stream if stream else pa.ipc.new_file)(content, table.schema) as writer:
        writer.write_table(table)
    return content.getvalue()


TEXT = "Some text, and more of it.\n" * 20

# What is said of each, and a name under which it might come.
FOREIGN: dict[str, tuple[bytes, str]] = {
    "image.png": (PNG, "a PNG image"),
    "image.txt": (PNG, "a PNG image"),
    "image.gif": (b"GIF89a\x01\0\x01\0\x80\0\0\xff\xff\xff\0\0\0;", "probably an image (.gif)"),
    "photo.jpg": (b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01", "a JPEG image"),
    "sound.wav": (b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0", "probably audio (.wav)"),
    "a.zip": (_zip("a.txt"), "a zip archive"),
    "a.docx": (_zip("word/document.xml"), "not text"),
    "a.jar": (_zip("META-INF/MANIFEST.MF"), "a Java archive (.jar)"),
    "model.pt": (_zip("model/data.pkl"), "a model of PyTorch"),
    "arrays.npz": (_saved(True), "an archive of numpy (.npz)"),
    "array.npy": (_saved(False), "an array of numpy (.npy)"),
    "a.tar": (_tar(), "a tar archive"),
    "a.tar.gz": (gzip.compress(_tar()), "a tar archive, compressed by gzip"),
    "a.tgz": (gzip.compress(_tar()), "a tar archive, compressed by gzip"),
    "a.7z": (b"7z\xbc\xaf\x27\x1c\0\x04" + bytes(20), "a 7z archive"),
    "a.rar": (b"Rar!\x1a\x07\x01\0", "a RAR archive"),
    "a.pdf": (b"%PDF-1.4\n% all of it in ASCII\n", "a PDF document"),
    "twice.txt.gz": (gzip.compress(gzip.compress(TEXT.encode())), "gzip data, compressed by gzip"),
    "a.txt.lz4": (pa.compress(TEXT.encode(), "lz4", asbytes=True), "lz4 data"),
    "rows.txt": (_parquet(), "a parquet file"),
    "rows": (_arrow(False), "an Arrow file"),
    "rows.data": (_arrow(True), "an Arrow stream"),
    "rows.csv": (_parquet(), "a parquet file"),
    "texts.db": (_sqlite(), "an SQLite database"),
    "module.so": (Path(sys.executable).resolve().read_bytes()[:100_000], "a program"),
    "module.wasm": (b"\0asm\x01\0\0\0", "a module of WebAssembly"),
    "weights.safetensors": (struct.pack("<Q", 15) + b'{"__metadata__":{}}', "a model (safetensors)"),
    "weights.gguf": (b"GGUF\x03\0\0\0", "a model (GGUF)"),
    "data.h5": (b"\x89HDF\r\n\x1a\n\0", "an HDF5 file"),
    "data.pkl": (pickle.dumps({"text": "pickled"}), "a pickle of Python"),
    "old.pkl": (pickle.dumps({"text": b"\xe9"}, 1), "a pickle of Python by its name"),
    "a.txt.br": (b"\x0b\x02\x80caf\xe9\x03", "brotli data by its name"),
    "ids.bin": (np.arange(1000, dtype=np.uint16).tobytes(), "binary data"),
    "utf-16.txt": (TEXT.encode("utf-16"), "text in UTF-16"),
    "utf-16be.txt": (b"\xfe\xff" + TEXT.encode("utf-16-be"), "text in UTF-16"),
    "utf-16.csv": (TEXT.encode("utf-16"), "text in UTF-16"),
    "utf-16.jsonl": (TEXT.encode("utf-16"), "text in UTF-16"),
    "utf-16.txt.zst": (zst(TEXT.encode("utf-16")), "text in UTF-16, compressed by zstd"),
    "no-mark.txt": (TEXT.encode("utf-16-le"), "text in UTF-16"),
    "utf-32.txt": (TEXT.encode("utf-32"), "text in UTF-32"),
    "nul.txt": (b"some text \0 and more", "binary data"),
}

# What is compressed under the name of something else.
DISGUISED = {
    "gzip.txt": gzip.compress(TEXT.encode()),
    "bzip2.txt": bz2.compress(TEXT.encode()),
    "xz": lzma.compress(TEXT.encode()),
    "zstd.log": zst(TEXT.encode()),
    "zstd.txt.gz": zst(TEXT.encode()),
    "gzip.txt.xz": gzip.compress(TEXT.encode()),
}
