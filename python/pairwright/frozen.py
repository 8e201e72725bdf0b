"""What a tokenizer tells of its content: a dict and a list that cannot be changed, so that they are made only once."""

from collections.abc import Callable
from typing import Any, NoReturn, TypeVar

K = TypeVar("K")
V = TypeVar("V")

__all__ = ["FrozenDict", "FrozenList"]


def _refused(what: str) -> Callable[..., Any]:
    def refuse(*_: object, **__: object) -> NoReturn:
        raise TypeError(f"this {what} belongs to a tokenizer and cannot be changed; change a copy: {what}(…)")

    return refuse


class FrozenDict(dict[K, V]):
    """A `dict` that cannot be changed. Copies of it are ordinary ones: of `dict`, `copy`, `|` and `pickle`."""

    __slots__ = ()

    __setitem__ = __delitem__ = __ior__ = _refused("dict")
    clear = pop = popitem = setdefault = update = _refused("dict")

    def __reduce__(self) -> tuple[Callable[..., dict[K, V]], tuple[dict[K, V]]]:
        return dict, (dict(self),)


class FrozenList(list[V]):
    """A `list` that cannot be changed. Copies of it are ordinary ones: of `list`, `copy`, slices, `+` and `pickle`."""

    __slots__ = ()

    __setitem__ = __delitem__ = __iadd__ = __imul__ = _refused("list")
    append = extend = insert = pop = remove = clear = sort = reverse = _refused("list")

    def __reduce__(self) -> tuple[Callable[..., list[V]], tuple[list[V]]]:
        return list, (list(self),)
