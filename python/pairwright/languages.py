"""Texts of several languages, or of several kinds, each with a name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeAlias

from pairwright import _core, arguments
from pairwright._core import Counts
from pairwright.corpus import Corpus, Texts, resolve

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pairwright.corpus import Counting, Description, Source
    from pairwright.progress import Reporter

    Given: TypeAlias = "Mapping[str, Source | Counts]"

Resolved: TypeAlias = "dict[str, Corpus | Texts | Counts]"


def named(argument: str, given: object) -> Resolved:
    """The sources that a mapping names, in its order.

    Raises `TypeError` and `ValueError`, `OSError` for what is missing.
    """
    if not isinstance(given, Mapping):
        raise TypeError(
            f'{argument} must give each source a name, as in {{"en": "en.txt", "de": "de.txt"}}, '
            f"not {arguments.shown(given)}"
        )
    if not given:
        raise ValueError(f"{argument} is empty: name at least one source")
    resolved: Resolved = {}
    for name, source in given.items():
        if not isinstance(name, str):
            raise TypeError(f"{argument} has the name {arguments.shown(name)}, which is no str")
        try:
            resolved[name] = source if isinstance(source, Counts) else resolve(source)
        except (TypeError, ValueError) as error:
            error.add_note(f"in {argument}[{name!r}]")
            raise
    return resolved


def same(argument: str, found: Mapping[str, object], named: Mapping[str, object]) -> None:
    """Raises `ValueError` unless both have the same names."""
    if missing := [name for name in named if name not in found]:
        raise ValueError(f"{argument} lacks {', '.join(map(repr, missing))}: each source needs one")
    if unknown := [name for name in found if name not in named]:
        known = ", ".join(map(repr, named))
        raise ValueError(f"{argument} has {', '.join(map(repr, unknown))}, but the sources are {known}")


def size(sources: Iterable[Resolved]) -> int:
    """The bytes to count in all of them, 0 if that is not known of one."""
    sizes = [each.size() for resolved in sources for each in resolved.values() if not isinstance(each, Counts)]
    return sum(sizes) if all(sizes) else 0


def agreed(
    sources: Iterable[Resolved], pattern: str | None, special_tokens: Sequence[str] | None
) -> tuple[str | None, list[str] | None]:
    """The split pattern and the special tokens of the counts among the sources, or what is given where there are none.

    Raises `ValueError` where one of the counts differs.
    """
    counts = [each for resolved in sources for each in resolved.values() if isinstance(each, Counts)]
    for each in counts:
        if pattern is None:
            pattern = each.pattern
        if _core.regex_of(pattern) != _core.regex_of(each.pattern):
            raise ValueError(f"pattern={pattern!r}: there are counts made with {each.pattern!r}; count anew")
        if special_tokens is None:
            special_tokens = each.special_tokens
        if list(special_tokens) != each.special_tokens:
            asked = list(special_tokens)
            raise ValueError(f"special_tokens={asked}: there are counts made with {each.special_tokens}; count anew")
    return pattern, None if special_tokens is None else list(special_tokens)


def count_each(
    sources: Resolved, pattern: str, special_tokens: Sequence[str], counting: Counting, report: Reporter | None
) -> tuple[dict[str, Counts], Description]:
    """Count every source on its own; the descriptions tell of which each is. Raises `ValueError` if one is empty."""
    counted: dict[str, Counts] = {}
    described: Description = []
    for name, source in sources.items():
        try:
            if isinstance(source, Counts):
                counted[name] = source
            else:
                counted[name], found = source.count(pattern, special_tokens, counting, report)
                described += [{"language": name, **each} for each in found]
        except (ValueError, OSError) as error:
            error.add_note(f"in the source named {name!r}")
            raise
        if report is not None:
            report.next_corpus()
        if not len(counted[name]):
            raise ValueError(f"{name}: the corpus has no text to count")
    return counted, described
