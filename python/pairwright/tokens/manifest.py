"""The manifest of a token folder: what was encoded, with which tokenizer and how, and which files hold the ids.

It is written when all else is, so that a folder that has one is complete. It tells no time and no folder: the same
corpus encoded again in the same way gives the same bytes.
"""

from __future__ import annotations

import errno
import hashlib
import itertools
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pairwright._core import __version__, write_atomically
from pairwright.errors import FormatError
from pairwright.tokens.fields import FieldError, Fields

if TYPE_CHECKING:
    from collections.abc import Iterable

MANIFEST = "manifest.json"
PROGRESS = "progress.json"
MODEL = "model.json"

FORMAT = "pairwright tokens"
VERSION = 1

FORMATS = ("bin", "npy", "parquet", "arrow", "jsonl")
DTYPES = ("uint16", "uint32")

DAMAGED = "encode the corpus again, or fetch the folder again"


@dataclass(frozen=True)
class FileFacts:
    """A file of the folder."""

    name: str
    bytes: int
    sha256: str

    @classmethod
    def of(cls, fields: Fields) -> FileFacts:
        """Read from JSON."""
        return cls(_file_name(fields), fields.number("bytes"), fields.sha256("sha256"))


@dataclass(frozen=True)
class Shard:
    """Documents that were written together. `bytes` is the size of their text."""

    documents: int
    bytes: int
    tokens: int
    files: tuple[FileFacts, ...]

    @classmethod
    def of(cls, fields: Fields) -> Shard:
        """Read from JSON."""
        documents, size, tokens = (fields.number(key) for key in ("documents", "bytes", "tokens"))
        return cls(documents, size, tokens, fields.each("files", FileFacts.of))


@dataclass(frozen=True)
class Split:
    """The shards of a part of the corpus, such as "train", in the order of the documents."""

    name: str
    shards: tuple[Shard, ...]
    usage: FileFacts | None = None
    """How often each id occurs in the shards, as an array of numpy. `None` in folders of earlier versions."""

    @property
    def documents(self) -> int:
        """The number of documents."""
        return sum(shard.documents for shard in self.shards)

    @property
    def bytes(self) -> int:
        """The size of the documents' text."""
        return sum(shard.bytes for shard in self.shards)

    @property
    def tokens(self) -> int:
        """The number of ids."""
        return sum(shard.tokens for shard in self.shards)

    @classmethod
    def of(cls, fields: Fields) -> Split:
        """Read from JSON."""
        usage = FileFacts.of(fields.object("usage")) if fields.value.get("usage") is not None else None
        split = cls(fields.text("name"), fields.each("shards", Shard.of), usage)
        _check_totals(fields, [split])
        return split

    def to_json(self) -> dict[str, Any]:
        """As in the manifest."""
        shards = [asdict(shard) | {"files": [asdict(facts) for facts in shard.files]} for shard in self.shards]
        usage = {} if self.usage is None else {"usage": asdict(self.usage)}
        return {"name": self.name, "shards": shards, **usage, **_totals([self])}


@dataclass(frozen=True)
class Input:
    """A file that was encoded, as it was on disk. The hash is empty if it could not be read to the end."""

    name: str
    bytes: int
    sha256: str
    documents: int

    @classmethod
    def of(cls, fields: Fields) -> Input:
        """Read from JSON."""
        size, sha256 = fields.number("bytes"), fields.text("sha256") and fields.sha256("sha256")
        return cls(fields.text("name"), size, sha256, fields.number("documents"))


@dataclass(frozen=True)
class Skipped:
    """A document that could not be read and was left out. Without a number it is the input, from the position on."""

    input: str
    document: int | None
    position: str
    reason: str

    @classmethod
    def of(cls, fields: Fields) -> Skipped:
        """Read from JSON."""
        number = fields.number_or_none("document")
        return cls(fields.text("input"), number, fields.text("position"), fields.text("reason"))


@dataclass(frozen=True)
class Manifest:
    """What a token folder says of itself."""

    tokenizer: FileFacts
    vocab_size: int
    settings: dict[str, Any]
    inputs: tuple[Input, ...]
    skipped: tuple[Skipped, ...]
    splits: tuple[Split, ...]
    pairwright: str = __version__
    """The version that wrote it."""

    def to_json(self) -> dict[str, Any]:
        """What stands in the file, checksum and all."""
        value = {
            "format": FORMAT,
            "version": VERSION,
            "pairwright": self.pairwright,
            "tokenizer": asdict(self.tokenizer),
            "vocab_size": self.vocab_size,
            "settings": self.settings,
            "inputs": [asdict(each) for each in self.inputs],
            "skipped": [asdict(each) for each in self.skipped],
            "splits": [split.to_json() for split in self.splits],
            **_totals(self.splits),
        }
        return value | {"checksum": checksum(value)}

    @classmethod
    def from_json(cls, value: object, name: str | os.PathLike[str]) -> Manifest:
        """What `to_json` gave. `name` is what an error calls the file. Raises `FormatError`."""
        try:
            fields = Fields.of(value)
            if fields.value.get("format") != FORMAT:
                raise FormatError(f"{name}: no manifest of tokens", hint="name a folder that `pairwright encode` wrote")
            version = fields.number("version")
            if version > VERSION:
                raise FormatError(
                    f"{name}: written by a newer pairwright (format version {version}, this one reads {VERSION})",
                    hint="upgrade pairwright",
                )
            if fields.text("checksum") != checksum(fields.value):
                raise FieldError("the checksum does not match: the file was altered or damaged after it was written")
            return cls._of(fields)
        except FieldError as error:
            raise FormatError(f"{name}: {error}", hint=DAMAGED) from error

    @classmethod
    def _of(cls, fields: Fields) -> Manifest:
        manifest = cls(
            tokenizer=FileFacts.of(fields.object("tokenizer")),
            vocab_size=fields.number("vocab_size"),
            settings=_settings(fields.object("settings")),
            inputs=fields.each("inputs", Input.of),
            skipped=fields.each("skipped", Skipped.of),
            splits=fields.each("splits", Split.of),
            pairwright=fields.text("pairwright"),
        )
        _check_totals(fields, manifest.splits)
        # Where the offsets of documents are in a file of their own.
        files = 2 if manifest.settings["format"] in ("bin", "npy") else 1
        for shard in itertools.chain.from_iterable(split.shards for split in manifest.splits):
            if len(shard.files) != files:
                raise FieldError(f"a shard has {len(shard.files)} files, not {files}")
        return manifest

    def split(self, name: str) -> Split:
        """The split of this name. Raises `ValueError`."""
        for split in self.splits:
            if split.name == name:
                return split
        names = ", ".join(repr(split.name) for split in self.splits)
        raise ValueError(f"there is no split {name!r}; the folder has {names or 'none'}")

    def save(self, folder: str | os.PathLike[str]) -> None:
        """Write the manifest of a folder, complete or not at all. Raises `OSError`."""
        write_atomically(Path(folder, MANIFEST), rendered(self.to_json()))

    @classmethod
    def load(cls, folder: str | os.PathLike[str]) -> Manifest:
        """Read the manifest of a folder.

        Raises `OSError`; `FormatError` if the folder is not complete or no token folder, or the manifest is damaged,
        altered or of a newer version.
        """
        path = Path(folder, MANIFEST)
        return cls.from_json(parsed(read(folder), path), path)


def read(folder: str | os.PathLike[str]) -> bytes:
    """The bytes of a manifest. Raises as `Manifest.load`."""
    path = Path(folder)
    if not path.exists():
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(folder))
    if not path.is_dir():
        raise FormatError(
            f"{folder} is a file and no token folder", hint="name a folder that `pairwright encode` wrote"
        )
    try:
        return (path / MANIFEST).read_bytes()
    except FileNotFoundError as error:
        if (path / PROGRESS).exists():
            raise FormatError(
                f"{folder}: the run is not complete", hint="run the same command again to finish it"
            ) from error
        raise FormatError(
            f"{folder} is no token folder: it has no {MANIFEST}", hint="name a folder that `pairwright encode` wrote"
        ) from error


def parsed(content: bytes, name: str | os.PathLike[str]) -> object:
    """The value of JSON. Raises `FormatError`."""
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{name}: no JSON: the file was altered or damaged ({error})", hint=DAMAGED) from error


def rendered(value: object) -> bytes:
    """JSON as it stands in the file. In ASCII, since names of files need not be text."""
    return (json.dumps(value, sort_keys=True, indent=1) + "\n").encode("ascii")


def checksum(value: dict[str, Any]) -> str:
    """The SHA-256 of all but the checksum."""
    rest = {key: each for key, each in value.items() if key != "checksum"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True, separators=(",", ":")).encode("ascii")).hexdigest()


def _totals(splits: Iterable[Split]) -> dict[str, int]:
    splits = list(splits)
    return {key: sum(getattr(split, key) for split in splits) for key in ("documents", "bytes", "tokens")}


def _check_totals(fields: Fields, splits: Iterable[Split]) -> None:
    for key, total in _totals(splits).items():
        found = fields.number(key)
        if found != total:
            where = f"{fields.where}.{key}" if fields.where else key
            raise FieldError(f"{where} is {found:,}, but the shards add up to {total:,}")


def _settings(fields: Fields) -> dict[str, Any]:
    """The settings, of which those that reading needs are checked."""
    fields.one_of("format", FORMATS)
    fields.one_of("dtype", DTYPES)
    fields.object("documents").text("unit")
    if fields.value.get("append") is not None:
        fields.object("append").number("id")
    return fields.value


def _file_name(fields: Fields) -> str:
    """A name without a folder: whoever changes a manifest is not to lead a reader elsewhere."""
    name = fields.text("name")
    if name in ("", ".", "..") or "/" in name or "\\" in name or "\0" in name:
        raise FieldError(f"{fields.where}.name, {name!r}, is no name of a file in the folder")
    return name
