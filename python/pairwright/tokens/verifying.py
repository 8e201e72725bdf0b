"""Looks for damage in a token folder: whatever is not as it was written."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pairwright import arguments
from pairwright._core import Tokenizer
from pairwright.errors import FormatError
from pairwright.filenames import actual
from pairwright.tokens.folder import leftovers
from pairwright.tokens.manifest import MANIFEST, Manifest, parsed, read, rendered
from pairwright.tokens.shards import open_shard
from pairwright.tokens.usage import add_shard, load

if TYPE_CHECKING:
    from collections.abc import Callable

    from pairwright import aliases
    from pairwright.tokens.manifest import FileFacts, Input, Shard, Split
    from pairwright.tokens.shards import OpenShard
    from pairwright.tokens.usage import Usage

# Files are hashed, and ids compared, in parts of about this size: the bytes of one, the ids of the other.
BLOCK = 1 << 22

# Inputs that are no files: standard input, and texts.
NO_FILES = ("-", "<texts>")


def verify_tokens(folder: aliases.Path, inputs: bool = True) -> list[str]:
    """Compare everything in a token folder with its manifest; gives the problems found, and nothing if all is well.

    Each names the file, what is wrong and where. With `inputs` the files that were encoded are compared too, those that
    are still where they were. Reads every file. Raises `OSError`; `FormatError` if the folder is not complete or no
    token folder.
    """
    inputs = arguments.flag("inputs", inputs)
    return Verification(Path(arguments.named_path("folder", folder))).run(inputs=inputs).problems


@dataclass
class Verification:
    """What was found so far."""

    folder: Path
    advance: Callable[[float], object] = lambda _: None
    """Receives the number of bytes that were read since the last call."""
    problems: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    """Inputs that are not there any more."""
    manifest: Manifest | None = None
    """`None` if it is damaged."""

    def load(self) -> None:
        """Read the manifest."""
        path = self.folder / MANIFEST
        content = read(self.folder)
        try:
            value = parsed(content, path)
            self.manifest = Manifest.from_json(value, path)
        except FormatError as error:
            self.problems.append(str(error))
            return
        if content != rendered(value):
            self.problems.append(f"{path}: is not as it was written")

    def size(self, *, inputs: bool) -> int:
        """How many bytes there are to read."""
        if self.manifest is None:
            return 0
        size = sum(facts.bytes for facts in self._files())
        return size + sum(given.bytes for given in self.manifest.inputs if inputs)

    def run(self, *, inputs: bool) -> Verification:
        """Look at everything."""
        if self.manifest is None and not self.problems:
            self.load()
        manifest = self.manifest
        if manifest is None:
            return self
        if self._is_intact(manifest.tokenizer):
            self._check_tokenizer(manifest)
        for split in manifest.splits:
            # `None` once a shard is damaged, whose ids are not counted.
            usage: Usage | None = np.zeros(manifest.vocab_size, np.uint64)
            for shard in split.shards:
                # A list, so that every file that is damaged is named.
                intact = [self._is_intact(facts) for facts in shard.files]
                if not all(intact) or not self._check_ids(open_shard(self.folder, manifest, shard), manifest, usage):
                    usage = None
            if split.usage is not None and self._is_intact(split.usage) and usage is not None:
                self._check_usage(manifest, split, usage)
        self._find_others({facts.name for facts in self._files()})
        for given in manifest.inputs if inputs else ():
            # What could not be read has no hash to compare.
            if given.name not in NO_FILES and given.sha256:
                self._check_input(given)
        return self

    def _files(self) -> list[FileFacts]:
        assert self.manifest is not None
        shards: list[Shard] = [shard for split in self.manifest.splits for shard in split.shards]
        usages = (split.usage for split in self.manifest.splits if split.usage is not None)
        return [self.manifest.tokenizer, *(facts for shard in shards for facts in shard.files), *usages]

    def _is_intact(self, facts: FileFacts) -> bool:
        """Whether a file of the folder has the bytes that were written."""
        path = self.folder / facts.name
        if not path.is_file():
            return self._blame(path, "is missing")
        return self._is_same(path, facts.bytes, facts.sha256)

    def _check_input(self, given: Input) -> None:
        path = Path(actual(given.name))
        if path.is_file():
            # What was passed over has no hash.
            if given.sha256:
                self._is_same(path, given.bytes, given.sha256)
        else:
            self.gone.append(given.name)

    def _is_same(self, path: Path, size: int, sha256: str) -> bool:
        found = path.stat().st_size
        if found != size:
            return self._blame(path, f"has {found:,} bytes, and {size:,} in the manifest")
        if self._hashed(path) != sha256:
            return self._blame(path, "its sha256 is not that of the manifest: some of its bytes have changed")
        return True

    def _hashed(self, path: Path) -> str:
        found = hashlib.sha256()
        with path.open("rb", buffering=0) as file:
            while block := file.read(BLOCK):
                found.update(block)
                self.advance(len(block))
        return found.hexdigest()

    def _check_tokenizer(self, manifest: Manifest) -> None:
        path = self.folder / manifest.tokenizer.name
        try:
            found = Tokenizer.load(path).vocab_size
        except FormatError as error:
            self.problems.append(str(error))
            return
        if found != manifest.vocab_size:
            self._blame(path, f"has a vocab_size of {found:,}, and {manifest.vocab_size:,} in the manifest")

    def _check_ids(self, shard: OpenShard, manifest: Manifest, usage: Usage | None) -> bool:
        """Whether the ids are those of documents; then adds them to a usage."""
        append = manifest.settings["append"]
        try:
            problem = problem_of(shard, manifest.vocab_size, append["id"] if append else None)
            if problem is None and usage is not None:
                add_shard(usage, shard)
        except FormatError as error:
            self.problems.append(str(error))
            return False
        return problem is None or self._blame(shard.paths[0], problem)

    def _check_usage(self, manifest: Manifest, split: Split, counted: Usage) -> None:
        assert split.usage is not None
        try:
            kept = load(self.folder, manifest, split)
        except FormatError as error:
            self.problems.append(str(error))
            return
        if (differ := np.flatnonzero(kept != counted)).size:
            id = int(differ[0])
            problem = f"says that id {id} occurs {kept[id]:,} times, but it does so {counted[id]:,} times"
            self._blame(self.folder / split.usage.name, problem)

    def _find_others(self, known: set[str]) -> None:
        """Files of a shard that the manifest does not know, and what was never finished."""
        left = leftovers(self.folder)
        for path in left:
            self._blame(path, "was left behind by a run that was ended; remove it")
        for path in sorted(set(self.folder.iterdir()) - set(left)):
            if (
                re.match(r"\.?((train|validation)-\d+|usage-(train|validation))\.", path.name)
                and path.name not in known
            ):
                self._blame(path, "is not in the manifest: a shard of another run")

    def _blame(self, path: Path, problem: str) -> bool:
        self.problems.append(f"{path}: {problem}")
        return False


def problem_of(shard: OpenShard, vocab_size: int, append: int | None) -> str | None:
    """What is wrong in a shard whose files are as they were written. Raises `OSError`, `FormatError`."""
    offsets = shard.offsets
    if offsets[0] != 0 or offsets[-1] != shard.tokens or (np.diff(offsets) < 0).any():
        return f"the offsets do not go from 0 up to its {shard.tokens:,} ids"
    for first, ids, part in shard.parts(BLOCK):
        if ids.max(initial=0) >= vocab_size:
            at = int((ids >= vocab_size).argmax())
            document = first + int(part.searchsorted(at, "right")) - 1
            return f"document {document:,} has the id {ids[at]}, but the vocab_size is {vocab_size:,}"
        if append is not None:
            ended = np.diff(part) > 0
            ended[ended] = ids[part[1:][ended] - 1] == append
            if not ended.all():
                return f"document {first + int(ended.argmin()):,} does not end with the id {append}"
    return None
