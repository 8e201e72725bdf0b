"""Split patterns: the named ones, and what a pattern becomes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pairwright import _core, arguments

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@dataclass(frozen=True, slots=True)
class PatternInfo:
    """A split pattern that has a name."""

    name: str
    source: str
    """Who published it, and in which file."""
    aliases: tuple[str, ...]
    """Other names for it. Names of models mean it too: "Qwen/Qwen3-0.6B" is `qwen`."""
    steps: tuple[str, ...]
    """The regex of each step, of which each cuts the pieces of the one before. Most patterns have one."""

    @property
    def regex(self) -> str | None:
        """The regex, `None` if there are several steps."""
        return self.steps[0] if len(self.steps) == 1 else None


@dataclass(frozen=True, slots=True)
class PatternExplanation:
    """What a split pattern becomes: which splitter cuts by it, and why. As text, it is a few lines for people."""

    pattern: str
    engine: str
    """`family`: the scanner of the published patterns, which takes 64 bytes at once. `automaton`: a constant number of
    passes over the text. `backtracking`: a regex library, which may take long and fail. `steps`: several, one after the
    other, each as told in `steps`.
    """
    linear: bool
    """Whether any text is split in time proportional to its length."""
    parallel: bool
    """Whether a long text can be cut in proven places, so that several threads work on it."""
    details: Mapping[str, str]
    """What else there is to say, by what it is about: `why` is always there."""
    steps: tuple[PatternExplanation, ...] = ()
    """Of each step, if there are several."""

    def facts(self) -> Iterator[tuple[str, str]]:
        """Everything there is to say, for people: what it is about, and what there is to say."""
        yield "pattern", self.pattern
        yield "splitter", ENGINES.get(self.engine, self.engine)
        yield "linear time", "yes" if self.linear else "no"
        yield "parallel within a text", "yes" if self.parallel else "no"
        yield from self.details.items()
        for number, step in enumerate(self.steps, 1):
            yield f"step {number}", str(step)

    def __str__(self) -> str:
        return "\n".join(f"{about}: {_indented(fact)}" for about, fact in self.facts())


ENGINES = {
    "family": "family: a scanner that takes 64 bytes at once",
    "automaton": "automaton: a constant number of passes over the text",
    "backtracking": "backtracking: a regex library that tries one way after the other",
    "steps": "steps: several splitters, one after the other",
}


def list_patterns() -> dict[str, PatternInfo]:
    """The named split patterns, by name.

    >>> import pairwright as pw
    >>> pw.list_patterns()["nanochat"].source
    'Andrej Karpathy, nanochat, nanochat/tokenizer.py'
    """
    return {
        name: PatternInfo(name, source, tuple(aliases), tuple(regex for regex, _, _ in steps))
        for name, source, aliases, steps in _core.named_patterns()
    }


def explain_pattern(pattern: str) -> PatternExplanation:
    r"""What a split pattern becomes: the splitter that is chosen, how it behaves, and why.

    `pattern` is what `train` and others take: a name, a regex or several steps as JSON. Raises `ValueError` as they do.

    >>> import pairwright as pw
    >>> pw.explain_pattern("cl100k").engine
    'family'
    """
    return _explanation(_core.explain(arguments.pattern(pattern)))


def _explanation(told: Mapping[str, Any]) -> PatternExplanation:
    return PatternExplanation(
        told["pattern"],
        told["engine"],
        told["linear"],
        told["parallel"],
        told["details"],
        tuple(_explanation(step) for step in told["steps"]),
    )


def _indented(text: str) -> str:
    """Text of several lines, below what it is about."""
    return text if "\n" not in text else "".join(f"\n  {line}" for line in text.split("\n"))
