"""A run: what is encoded, how, into which folder, and how far that has come.

While a run is not complete its folder has a `progress.json`, written anew whenever a shard is complete. The same call
later reads there where to go on.
"""

from __future__ import annotations

import errno
import hashlib
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pairwright import arguments
from pairwright._core import write_atomically
from pairwright.corpus.blocks import Ended, Position, Skipped
from pairwright.corpus.finding import NAME as STANDARD_INPUT, STANDARD
from pairwright.corpus.skipping import gather, nothing_read
from pairwright.errors import FormatError, PairwrightError
from pairwright.special import MEANING
from pairwright.tokens.differences import RESTART, AnotherRunError
from pairwright.tokens.folder import SPLITS, is_of_a_run, remove_leftovers, remove_shards
from pairwright.tokens.lock import FolderLock
from pairwright.tokens.manifest import (
    MANIFEST,
    MODEL,
    PROGRESS,
    FileFacts,
    Input,
    Manifest,
    Shard,
    Skipped as SkippedOfManifest,
    Split,
)
from pairwright.tokens.memory import NAME as TEXTS
from pairwright.tokens.record import Record
from pairwright.tokens.shards import open_shard
from pairwright.tokens.usage import add_shard, save
from pairwright.tokens.writers import FORMATS, writer_for
from pairwright.tokens.writers.part import make_folder, sync_folder

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable

    from pairwright import Tokenizer
    from pairwright.corpus import Corpus
    from pairwright.corpus.finding import Origin
    from pairwright.tokens.usage import Usage
    from pairwright.tokens.writers import ShardWriter

# Inputs of which nobody can tell whether they give the same again.
UNSURE = {STANDARD, TEXTS}

# What does not change what comes of the documents that can be read: a run may go on with another.
FREE = ("on_error",)


@dataclass(frozen=True)
class Asked:
    """How to encode; see `encode_corpus`."""

    format: str
    append: str | None
    shard_tokens: int
    validation: float
    special: str


@dataclass
class Run:
    """See the module. `nexts` has, for each split, the place of the first document that no complete shard holds."""

    folder: Path
    tokenizer: FileFacts
    vocab_size: int
    corpus: Corpus
    settings: dict[str, Any]
    states: list[tuple[int, int] | None]
    """The size and the time of the last change of every file when the run began."""
    lock: FolderLock
    manifest: Manifest | None = None
    """That of a run that was complete before."""
    shards: list[list[Shard]] = field(default_factory=list)
    nexts: list[Position] = field(default_factory=list)
    skipped: dict[Position, Skipped] = field(default_factory=dict)
    ended: list[Ended] = field(default_factory=list)
    usages: list[Usage] = field(default_factory=list)
    """For each split, how often each id occurs in the shards that this run completed."""
    uncounted: list[int] = field(default_factory=list)
    """For each split, the number of shards that an earlier run completed."""
    before: tuple[int, int] = (0, 0)
    """The number of shards that an earlier run completed, and of the documents in them."""

    @classmethod
    def open(cls, folder: Path, tokenizer: Tokenizer, corpus: Corpus, asked: Asked, *, restart: bool = False) -> Run:
        """Begin a run, or go on with one. Raises what `encode_corpus` does for settings and folders."""
        settings = settings_of(tokenizer, corpus, asked)
        make_folder(folder)
        content = _model(tokenizer)
        model = FileFacts(MODEL, len(content), hashlib.sha256(content).hexdigest())
        # What is left out may change: nothing of it is encoded.
        states = [None if origin.left_out else _state(origin.path) for origin in corpus.origins]
        run = cls(folder, model, tokenizer.vocab_size, corpus, settings, states, FolderLock(folder))
        try:
            run._begin(content, restart=restart)
        except BaseException:
            run.close()
            raise
        return run

    def _begin(self, content: bytes, *, restart: bool) -> None:
        """Find out what is in the folder, and whether it may be gone on with. `content` is that of the model file."""
        folder = self.folder
        self.shards = [[] for _ in self.names]
        self.nexts = [Position(0, 0) for _ in self.names]
        self.uncounted = [0] * len(self.names)
        self.usages = [np.zeros(self.vocab_size, np.uint64) for _ in self.names]
        if restart and is_of_a_run(folder):
            pass
        elif (folder / MANIFEST).exists():
            self._compare_with_complete()
            (folder / PROGRESS).unlink(missing_ok=True)
            return
        elif (folder / PROGRESS).exists():
            self._go_on()
        else:
            self._check_empty()
        # From now on the folder is that of this run. Whenever the rest is interrupted, the next run does it again.
        self._save()
        if (folder / MANIFEST).exists():
            (folder / MANIFEST).unlink()
            # Before any shard goes: a power cut must not bring it back without them.
            sync_folder(folder)
        remove_shards(folder, (file.name for shards in self.shards for shard in shards for file in shard.files))
        remove_leftovers(folder)
        write_atomically(folder / MODEL, content)

    def close(self) -> None:
        """Let others have the folder."""
        self.lock.close()

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the splits."""
        return SPLITS if self.settings["validation"] else SPLITS[:1]

    @property
    def start(self) -> Position:
        """Where to begin to read."""
        return min(self.nexts)

    def writer(self, split: int) -> ShardWriter:
        """A writer of the next shard of a split. Raises `OSError`."""
        name = f"{self.names[split]}-{len(self.shards[split]):05}"
        return writer_for(self.settings["format"], self.folder, name, dtype_of(self.vocab_size))

    def skip(self, skipped: Iterable[Skipped]) -> None:
        """Take note of what was passed over: of each document once, though it may fail in several parts."""
        gather(self.skipped, skipped)

    def note(self, split: int, shard: Shard, after: Position) -> None:
        """A shard is complete; the next document of its split is not before `after`. Raises `OSError`."""
        self.shards[split].append(shard)
        self.nexts[split] = after
        self._save()

    def complete(self) -> Manifest:
        """Write the manifest. Raises `OSError`; `DocumentError` if all there is was passed over."""
        if self.skipped and not any(self.shards):
            raise nothing_read(self.corpus, [each for _, each in sorted(self.skipped.items())])
        names = self._inputs()
        manifest = Manifest(
            tokenizer=self.tokenizer,
            vocab_size=self.vocab_size,
            settings=self.settings,
            inputs=tuple(Input(names[file.file], file.bytes, file.sha256, file.documents) for file in self.ended),
            skipped=tuple(
                SkippedOfManifest(
                    names[each.at.file], None if each.is_file else each.at.document, each.position, each.reason
                )
                for _, each in sorted(self.skipped.items())
            ),
            splits=tuple(Split(name, tuple(shards)) for name, shards in zip(self.names, self.shards, strict=True)),
        )
        splits = tuple(self._with_usage(manifest, number) for number in range(len(self.names)))
        manifest = replace(manifest, splits=splits)
        manifest.save(self.folder)
        (self.folder / PROGRESS).unlink(missing_ok=True)
        sync_folder(self.folder)
        return manifest

    def _with_usage(self, manifest: Manifest, number: int) -> Split:
        """A split with the file of its usage, which is written. Raises `OSError`.

        Shards that an earlier run completed are read again: `FormatError` if one was damaged since.
        """
        split, total = manifest.splits[number], self.usages[number].copy()
        for shard in split.shards[: self.uncounted[number]]:
            add_shard(total, open_shard(self.folder, manifest, shard))
        return replace(split, usage=save(self.folder, split.name, total))

    def _identity(self) -> dict[str, Any]:
        return {
            "tokenizer": self.tokenizer.sha256,
            "settings": {key: value for key, value in self.settings.items() if key not in FREE},
            "inputs": self._inputs(),
        }

    def _inputs(self) -> list[str]:
        """What the inputs are called in the manifest."""
        return [STANDARD if origin.name == STANDARD_INPUT else origin.name for origin in self.corpus.origins]

    def _save(self) -> None:
        record = Record(
            run=self._identity(),
            states=tuple(self.states),
            shards=tuple(tuple(shards) for shards in self.shards),
            nexts=tuple(self.nexts),
            skipped=tuple(self.skipped.values()),
            ended=tuple(self.ended),
        )
        write_atomically(self.folder / PROGRESS, record.rendered())

    def _go_on(self) -> None:
        """Take up what was done before. Where nothing was completed, nothing is left of what was asked for then."""
        path = self.folder / PROGRESS
        try:
            found = Record.of(path.read_bytes(), path)
            if not any(found.shards) or UNSURE & set(found.run["inputs"]):
                return
            self._compare(found.run)
            if len(found.shards) != len(self.names):
                raise FormatError(f"{path}: damaged: it has {len(found.shards)} splits, not {len(self.names)}")
        except FormatError as error:
            error.hint = self._way_on()
            raise
        last = max(found.nexts)
        read = last.file + (last.document > 0)
        for origin, was, now in zip(self.corpus.origins[:read], found.states, self.states, strict=False):
            if was != now:
                raise PairwrightError(
                    f"{origin.name}: it has changed since documents of it were encoded into {self.folder}", hint=RESTART
                )
        self.shards, self.nexts = [list(shards) for shards in found.shards], list(found.nexts)
        self.uncounted = [len(shards) for shards in self.shards]
        complete = [shard for of_split in found.shards for shard in of_split]
        self.before = len(complete), sum(shard.documents for shard in complete)
        # Those behind the last shard are found again, those before it perhaps not: what it holds is not encoded again.
        self.skip(each for each in found.skipped if each.at < last)
        self.ended = [file for file in found.ended if file.file < self.start.file]

    def _way_on(self) -> str:
        """What to do about a folder with a record that cannot be read."""
        return RESTART if is_of_a_run(self.folder) else "name another folder"

    def _compare(self, found: dict[str, Any]) -> None:
        """Raises `AnotherRunError` if the folder has another run."""
        asked = self._identity()
        if found != asked:
            raise AnotherRunError.between(self.folder, found, asked)

    def _compare_with_complete(self) -> None:
        """Raises `PairwrightError` unless the folder has what this run would make."""
        try:
            manifest = Manifest.load(self.folder)
        except FormatError as error:
            error.hint = self._way_on()
            raise
        settings = {key: value for key, value in manifest.settings.items() if key not in FREE}
        names = [each.name for each in manifest.inputs]
        self._compare({"tokenizer": manifest.tokenizer.sha256, "settings": settings, "inputs": names})
        for origin, encoded in zip(self.corpus.origins, manifest.inputs, strict=True):
            if origin.path is None:
                raise PairwrightError(f"{self.folder} is complete, and {_called(origin)} may differ", hint=RESTART)
            # What could not be read has no hash.
            if encoded.sha256 and _sha256(origin.path) != encoded.sha256:
                raise PairwrightError(
                    f"{origin.name}: it has changed since it was encoded into {self.folder}", hint=RESTART
                )
        self.manifest = manifest

    def _check_empty(self) -> None:
        """Raises `PairwrightError` if the folder has files of something else."""
        others = sorted(path.name for path in self.folder.iterdir() if not path.name.startswith("."))
        if others:
            raise PairwrightError(
                f"{self.folder} is not empty and holds no run of pairwright: there is {others[0]}",
                hint="name a new folder, or an empty one",
            )


def complete_shards(folder: Path) -> int:
    """The number of shards behind which the same call goes on in a folder that is not complete; 0 if it begins anew."""
    try:
        found = Record.of((folder / PROGRESS).read_bytes(), PROGRESS)
    except (OSError, FormatError):
        return 0
    return 0 if UNSURE & set(found.run["inputs"]) else sum(map(len, found.shards))


def settings_of(tokenizer: Tokenizer, corpus: Corpus, asked: Asked) -> dict[str, Any]:
    """The settings as they stand in the manifest. Raises `ValueError`."""
    arguments.choice("format", asked.format, FORMATS)
    arguments.choice("special", asked.special, tuple(MEANING))
    shard_tokens = arguments.integer("shard_tokens", asked.shard_tokens, least=1)
    validation = arguments.number("validation", asked.validation)
    if not 0 <= validation < 1:
        raise ValueError(f"validation={asked.validation}: must be a share, at least 0 and less than 1")
    if asked.append is not None:
        arguments.text("append", asked.append)
    ids = tokenizer.special_tokens
    if asked.append is not None and asked.append not in ids:
        shown = ", ".join(map(repr, ids)) or "none"
        raise ValueError(f"append={asked.append!r}: it is no special token of this tokenizer; there are {shown}")
    return {
        "format": asked.format,
        "dtype": dtype_of(tokenizer.vocab_size).name,
        "append": None if asked.append is None else {"token": asked.append, "id": ids[asked.append]},
        "shard_tokens": shard_tokens,
        "validation": validation,
        "special": asked.special,
        "on_error": "skip" if corpus.skips else "stop",
        "documents": corpus.framing.described(corpus.origins),
    }


def _called(origin: Origin) -> str:
    return "texts in memory" if origin.name == TEXTS else origin.name


def dtype_of(vocab_size: int) -> np.dtype[np.unsignedinteger[Any]]:
    """The smallest type of ids that holds all of a vocab."""
    return np.dtype("<u2") if vocab_size <= 1 << 16 else np.dtype("<u4")


def _model(tokenizer: Tokenizer) -> bytes:
    """The content of its model file."""
    return tokenizer._model_file()


def _state(path: Path | None) -> tuple[int, int] | None:
    if path is None:
        return None
    try:
        found = path.stat()
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.EACCES, errno.ENOTDIR, errno.ELOOP):
            return None  # Said when it is to be read.
        raise
    return found.st_size, found.st_mtime_ns


def _sha256(path: os.PathLike[str]) -> str:
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
