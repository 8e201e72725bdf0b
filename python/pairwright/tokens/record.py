"""The record of a run that is not complete: how far it has come, and what with."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from pairwright.corpus.blocks import Ended, Position, Skipped
from pairwright.errors import FormatError
from pairwright.tokens.fields import FieldError, Fields
from pairwright.tokens.manifest import Shard, checksum, parsed

if TYPE_CHECKING:
    import os

State = tuple[int, int] | None
"""The size of a file and the time of its last change in nanoseconds. `None` where there is no file."""


@dataclass(frozen=True)
class Record:
    """What stands in the record. `shards` and `nexts` have an item for each split, `states` one for each input."""

    run: dict[str, Any]
    """What tells this run from another: the tokenizer, the settings, the names of the inputs."""
    states: tuple[State, ...]
    shards: tuple[tuple[Shard, ...], ...]
    nexts: tuple[Position, ...]
    """The place of the first document that no complete shard holds."""
    skipped: tuple[Skipped, ...]
    ended: tuple[Ended, ...]

    def rendered(self) -> bytes:
        """The content of the file. In ASCII, since names of files need not be text."""
        value = {
            "run": self.run,
            "states": self.states,
            "splits": [
                {"shards": [asdict(shard) for shard in shards], "next": asdict(after)}
                for shards, after in zip(self.shards, self.nexts, strict=True)
            ],
            "skipped": [asdict(each) for each in self.skipped],
            "ended": [asdict(each) for each in self.ended],
        }
        return json.dumps(value | {"checksum": checksum(value)}).encode("ascii")

    @classmethod
    def of(cls, content: bytes, name: str | os.PathLike[str]) -> Record:
        """What `rendered` gave. `name` is what an error calls the file. Raises `FormatError`."""
        value = parsed(content, name)
        try:
            fields = Fields.of(value)
            # Earlier versions wrote none.
            if "checksum" in fields.value and fields.text("checksum") != checksum(fields.value):
                raise FieldError("the checksum does not match: the file was altered or damaged after it was written")
            return cls._of(fields)
        except FieldError as error:
            raise FormatError(f"{name}: damaged, or no record of pairwright: {error}") from error

    @classmethod
    def _of(cls, fields: Fields) -> Record:
        run = fields.object("run")
        run.text("tokenizer")
        run.object("settings")
        inputs = run.list("inputs")
        if not all(isinstance(name, str) for name in inputs):
            raise FieldError("run.inputs has what is not a string")
        states = tuple(_state(each) for each in fields.list("states"))
        if len(states) != len(inputs):
            raise FieldError(f"there are {len(states)} states of {len(inputs)} inputs")
        splits = fields.each("splits", lambda split: (split.each("shards", Shard.of), _place(split.object("next"))))
        if not splits:
            raise FieldError("there is no split")
        record = cls(
            run=run.value,
            states=states,
            shards=tuple(shards for shards, _ in splits),
            nexts=tuple(after for _, after in splits),
            skipped=fields.each("skipped", _skipped),
            ended=fields.each("ended", _ended),
        )
        files = [after.file - 1 for after in record.nexts]
        files += [each.at.file for each in record.skipped] + [each.file for each in record.ended]
        if max(files) >= len(inputs):
            raise FieldError(f"a place is in input {max(files) + 1} of {len(inputs)}")
        return record


def _state(value: object) -> State:
    if value is None:
        return None
    match value:
        # A file may be older than 1970.
        case [int(size), int(time)] if size >= 0 and not {bool} & {type(size), type(time)}:
            return size, time
    raise FieldError("states has what is neither null nor a size and a time")


def _place(fields: Fields) -> Position:
    return Position(fields.number("file"), fields.number("document"))


def _skipped(fields: Fields) -> Skipped:
    hint = fields.text("hint") if fields.value.get("hint") is not None else None
    at, position, reason = _place(fields.object("at")), fields.text("position"), fields.text("reason")
    return Skipped(at, position, reason, is_file=fields.flag("is_file"), hint=hint)


def _ended(fields: Fields) -> Ended:
    sha256 = fields.text("sha256") and fields.sha256("sha256")
    return Ended(fields.number("file"), fields.number("bytes"), sha256, fields.number("documents"))
