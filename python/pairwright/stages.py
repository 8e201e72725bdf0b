"""Training in stages: first with one split pattern, then with another one that cuts less."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sized
from typing import TYPE_CHECKING

from pairwright import _core, arguments
from pairwright._core import Counts
from pairwright.corpus import Corpus, Texts, resolve
from pairwright.errors import PatternWarning

if TYPE_CHECKING:
    from collections.abc import Callable

    from pairwright._core import Tokenizer

EXAMPLE = '[(8000, "cl100k")]'


def checked(stages: object, vocab_size: int) -> list[tuple[int, str]]:
    """The argument `stages`. Raises `TypeError`, `ValueError`."""
    if isinstance(stages, str | bytes | Mapping) or not isinstance(stages, Iterable):
        raise TypeError(
            f"stages must be pairs of a vocab_size and a pattern, as in {EXAMPLE}, not {arguments.shown(stages)}"
        )
    found = []
    for number, stage in enumerate(stages):
        if not isinstance(stage, tuple | list) or len(stage) != 2:
            raise TypeError(
                f"stages[{number}] must be a vocab_size and a pattern, as in {EXAMPLE}, not {arguments.shown(stage)}"
            )
        size, pattern = stage
        arguments.text(f"stages[{number}][1]", pattern)
        try:
            pattern = arguments.pattern(pattern)
        except ValueError as error:
            raise ValueError(f"stages[{number}][1]: {error}") from error
        found.append((arguments.integer(f"stages[{number}][0]", size), pattern))
    for (size, _), (following, _) in itertools.pairwise([*found, (vocab_size, "")]):
        if found and size >= following:
            raise ValueError(f"stages: a stage of {size:,} ids must be smaller than the next one, of {following:,}")
    return found


def learn(
    stages: list[tuple[int, str]],
    source: object,
    base: Tokenizer | None,
    special_ids: str,
    train: Callable[[int, str, Tokenizer | None], Tokenizer],
) -> Tokenizer:
    """The tokenizer of these stages, on top of which the last one learns. `train` learns one of them.

    Special tokens that come behind all merges are left out, for they come behind those of the last stage. If training
    was stopped, they are there.
    """
    _check_twice(source)
    before = set() if base is None else set(base.special_tokens)
    for size, pattern in stages:
        base = train(size, pattern, base)
        if "stopped" in base.metadata:
            break
        new = [id for name, id in base.special_tokens.items() if name not in before]
        if special_ids == "last" and new:
            base = base.without(new)
    assert base is not None
    return base


def check_pattern(base: Tokenizer, pattern: str, stacklevel: int) -> None:
    """Check a split pattern that is not that of the base.

    Raises `ValueError` if it cuts a token of the base. Warns with `PatternWarning` if it cuts where that does not.
    """
    found = _core.check_second_pattern(base, pattern)
    if found is not None:
        text, end = found
        before = text.encode()[:end].decode()
        parts = f"{before!r} and {text[len(before) :]!r}"
        warnings.warn(
            f"the split pattern {pattern!r} cuts {text!r} into {parts}, and that of the base, {base.pattern!r}, does "
            "not: a second pattern is to cut less",
            PatternWarning,
            stacklevel=stacklevel + 1,
        )


def _check_twice(source: object) -> None:
    """Raises `ValueError` for what can be read only once, or was counted with one pattern."""
    if isinstance(source, Mapping):
        for each in source.values():
            _check_twice(each)
        return
    if isinstance(source, Counts):
        raise ValueError("stages count the corpus anew with each pattern, which counts cannot be: pass the text")
    resolved = source if isinstance(source, Iterator) else resolve(source)  # type: ignore[arg-type]
    once = isinstance(resolved, Iterator)
    if isinstance(resolved, Corpus):
        once = any(origin.path is None for origin in resolved.origins)
    elif isinstance(resolved, Texts):
        once = isinstance(resolved.texts, Iterator) or not isinstance(resolved.texts, Sized)
    if once:
        raise ValueError("stages read the corpus several times, and this can be read only once: pass a list or files")
