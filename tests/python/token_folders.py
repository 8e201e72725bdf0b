"""Writes token folders for tests, document by document."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import pairwright
from pairwright.tokens.manifest import MODEL, FileFacts, Input, Manifest, Shard, Split
from pairwright.tokens.writers import FORMATS, writer_for

__all__ = ["FORMATS", "facts_of", "ids_of", "write_folder", "write_shard"]

Documents = Sequence[bytes]


def write_folder(
    folder: Path,
    tokenizer: pairwright.Tokenizer,
    splits: Mapping[str, Sequence[Documents]],
    *,
    format: str = "bin",
    dtype: str = "uint16",
    append: str | None = None,
    documents: dict[str, Any] | None = None,
    inputs: Sequence[Path] = (),
) -> Manifest:
    """Write a folder whose splits have these shards of documents."""
    folder.mkdir(exist_ok=True)
    tokenizer.save(folder / MODEL)
    end = None if append is None else tokenizer.token_id(append)
    written = [
        Split(
            name,
            tuple(
                write_shard(folder, f"{name}-{number:05}", tokenizer, shard, format, dtype, end)
                for number, shard in enumerate(shards)
            ),
        )
        for name, shards in splits.items()
    ]
    settings = {
        "format": format,
        "dtype": dtype,
        "append": None if append is None else {"token": append, "id": end},
        "shard_tokens": 1000,
        "validation": 0.0,
        "special": "text",
        "on_error": "stop",
        "documents": documents or {"unit": "line"},
    }
    read = tuple(
        Input(str(path), path.stat().st_size, hashlib.sha256(path.read_bytes()).hexdigest(), 1) for path in inputs
    )
    manifest = Manifest(facts_of(folder / MODEL), tokenizer.vocab_size, settings, read, (), tuple(written))
    manifest.save(folder)
    return manifest


def write_shard(
    folder: Path,
    name: str,
    tokenizer: pairwright.Tokenizer,
    documents: Documents,
    format: str = "bin",
    dtype: str = "uint16",
    end: int | None = None,
) -> Shard:
    """Write a shard of documents."""
    ids = [ids_of(tokenizer, document, end) for document in documents]
    with writer_for(format, folder, name, np.dtype(dtype)) as writer:
        for each in ids:
            writer.write(each, np.array([len(each)]))
        return Shard(len(documents), sum(map(len, documents)), sum(map(len, ids)), writer.commit())


def ids_of(tokenizer: pairwright.Tokenizer, document: bytes, end: int | None = None) -> np.ndarray[Any, np.dtype[Any]]:
    """The ids of a document, with an id behind them."""
    return np.array([*tokenizer.encode_ordinary(document), *([] if end is None else [end])], np.uint32)


def facts_of(path: Path) -> FileFacts:
    """What a manifest says of a file as it is now."""
    content = path.read_bytes()
    return FileFacts(path.name, len(content), hashlib.sha256(content).hexdigest())
