"""The fields of a parsed JSON object, each checked for what it has to be."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TypeVar

    T = TypeVar("T")

SHA256 = re.compile(r"[0-9a-f]{64}")


class FieldError(Exception):
    """A field is missing, or is not what it has to be. The message says which."""


@dataclass(frozen=True)
class Fields:
    """A JSON object; `where` is what an error calls it, "" for the outermost."""

    value: dict[str, Any]
    where: str = ""

    @classmethod
    def of(cls, value: object, where: str = "") -> Fields:
        """The fields of a parsed value. Raises `FieldError` if that is no object."""
        if not isinstance(value, dict):
            raise FieldError(f"{where or 'the whole'} is no JSON object")
        return cls(value, where)

    def text(self, key: str) -> str:
        """A string."""
        return self._of(key, str, "a string")

    def one_of(self, key: str, known: Sequence[str]) -> str:
        """One of some strings."""
        text = self.text(key)
        if text not in known:
            raise FieldError(f"{self._name(key)} is {text!r}, not one of {', '.join(known)}")
        return text

    def number(self, key: str) -> int:
        """A number of things: an integer that is not negative."""
        number = self._of(key, int, "an integer")
        if isinstance(number, bool) or number < 0:
            raise FieldError(f"{self._name(key)} is not an integer of at least 0")
        return number

    def number_or_none(self, key: str) -> int | None:
        """As `number`; `null` is `None`."""
        return None if self._of(key, object, "there") is None else self.number(key)

    def sha256(self, key: str) -> str:
        """A SHA-256 in hexadecimal digits."""
        text = self.text(key)
        if not SHA256.fullmatch(text):
            raise FieldError(f"{self._name(key)} is no SHA-256")
        return text

    def flag(self, key: str) -> bool:
        """True or false."""
        return self._of(key, bool, "true or false")

    def list(self, key: str) -> Sequence[object]:
        """A list of whatever."""
        return self._of(key, list, "a list")

    def object(self, key: str) -> Fields:
        """An object within this one."""
        return Fields(self._of(key, dict, "an object"), self._name(key))

    def each(self, key: str, read: Callable[[Fields], T]) -> tuple[T, ...]:
        """What `read` makes of every object of a list."""
        items = self._of(key, list, "a list")
        return tuple(read(Fields.of(item, f"{self._name(key)}[{index}]")) for index, item in enumerate(items))

    def _of(self, key: str, kind: type[T], words: str) -> T:
        if key not in self.value:
            raise FieldError(f"{self._name(key)} is missing")
        found = self.value[key]
        if not isinstance(found, kind):
            raise FieldError(f"{self._name(key)} is not {words}")
        return found

    def _name(self, key: str) -> str:
        return f"{self.where}.{key}" if self.where else key
