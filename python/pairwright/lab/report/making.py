"""Makes a report."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pairwright import _core, arguments
from pairwright.lab.audit import Audit
from pairwright.lab.compare import compare, named
from pairwright.lab.cost import LanguageModel
from pairwright.lab.report.examples import beginning, examples as examples_of, room_beside
from pairwright.lab.report.sections import audit_section, sizes_section, usage_section
from pairwright.tokens.memory import encoded
from pairwright.tokens.progress import check

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import SupportsIndex

    from pairwright._core import Tokenizer
    from pairwright.aliases import Path, Text
    from pairwright.corpus import Source
    from pairwright.lab.comparison import Comparison
    from pairwright.tokens.progress import Progress


def report(
    tokenizers: Mapping[str, Tokenizer],
    texts: Mapping[str, Source] | None = None,
    reference: str | None = None,
    *,
    model: LanguageModel | None = None,
    examples: Mapping[str, Text] | None = None,
    context: SupportsIndex | None = None,
    headroom: bool = False,
    threads: SupportsIndex | None = None,
    progress: Progress = None,
) -> Report:
    """Tell in one page what `compare`, `sizes`, `Tokenizer.usage`, `Tokenizer.audit` and `Tokenizer.show` find.

    Args:
        tokenizers: The tokenizers, by names that the report has them by.
        texts: The texts by name, as in `compare`. Each is read once. Without any, the report has only audits of the
            vocabularies, and examples.
        reference: The name of the text that all others are translations of, as in `compare`.
        model: Tell what vocabularies of each size cost this language model, as in `sizes`.
        examples: More texts to show as tokens, by name. The beginning of each of `texts` is shown without being named.
        context: As in `compare`.
        headroom: As in `compare`.
        threads: The number of threads that encode; `None` uses every core.
        progress: As in `compare`.

    Raises:
        TypeError, ValueError, OSError, DocumentError: As `compare`.

    """
    tokenizers = named("tokenizers", tokenizers)
    for name, tokenizer in tokenizers.items():
        arguments.tokenizer(f"tokenizers[{name!r}]", tokenizer)
    if model is not None and not isinstance(model, LanguageModel):
        raise TypeError(f"model must be a LanguageModel, not {arguments.shown(model)}")
    given = {} if examples is None else _texts(examples)
    check(progress)
    next(iter(tokenizers.values())).count_batch([], threads=threads)
    comparison = None
    if texts is None:
        for argument, value in (("reference", reference), ("context", context), ("headroom", headroom or None)):
            if value is not None:
                raise ValueError(f"{argument}={value!r} is about texts, and there are none")
    else:
        comparison = compare(
            tokenizers,
            texts,
            reference,
            context=context,
            headroom=headroom,
            threads=threads,
            progress=progress,
        )
    return Report(tokenizers, comparison, model, given, threads)


def _texts(examples: object) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for name, text in named("examples", examples).items():
        if not isinstance(text, str | bytes):
            raise TypeError(f"examples[{name!r}] must be str or bytes, not {arguments.shown(text)}")
        found[name] = encoded(text, 0)
    return found


class Report:
    """What `report` found. `save` writes it as a page of HTML, `to_dict` gives all that is in it."""

    comparison: Comparison | None
    audits: dict[str, Audit]
    """The audit of each tokenizer, by its name."""

    def __init__(
        self,
        tokenizers: Mapping[str, Tokenizer],
        comparison: Comparison | None,
        model: LanguageModel | None,
        examples: Mapping[str, bytes],
        threads: SupportsIndex | None,
    ) -> None:
        self.comparison = comparison
        self._data: dict[str, Any] = {
            "pairwright": _core.__version__,
            "tokenizers": [
                {
                    "name": name,
                    "vocab_size": each.vocab_size,
                    "pattern": each.pattern,
                    "special_tokens": len(each.special_tokens),
                }
                for name, each in tokenizers.items()
            ],
            "texts": [],
        }
        usages: dict[str, Any] = {}
        samples: dict[str, bytes] = {}
        if comparison is not None:
            texts = list(dict.fromkeys(row["text"] for row in comparison.rows))
            usages = {name: sum(comparison.usage(name, text) for text in texts) for name in tokenizers}
            size = sum(row["bytes"] for row in comparison.rows) // len(tokenizers)
            self._data |= {
                "texts": texts,
                "comparison": comparison.to_dict(),
                "sizes": sizes_section(tokenizers, usages, size, model),
                "usage": usage_section(tokenizers, usages),
            }
            samples = {text: beginning(content) for text, content in comparison.beginnings.items()}
        self.audits = {
            name: Audit(tokenizer, usages.get(name), threads=threads) for name, tokenizer in tokenizers.items()
        }
        self._data["audit"] = audit_section(self.audits)
        shown = {**examples, **{name: each for name, each in samples.items() if name not in examples}}
        if shown:
            self._data["examples"] = examples_of(tokenizers, shown, room_beside(self._data))

    def to_dict(self) -> dict[str, Any]:
        """All that is in the page, as JSON can have it. A part for which nothing was given is not there."""
        # A copy, which is the caller's own.
        found: dict[str, Any] = json.loads(json.dumps(self._data))
        return found

    def html(self) -> str:
        """The page. It needs nothing else, makes no requests, and stays below 2 MB for five tokenizers on 26 texts.

        Raises `ImportError` if the library that draws charts is not installed: `pip install 'pairwright[report]'`.
        """
        from pairwright.lab.report.page import page

        return page(self._data)

    def save(self, path: Path) -> None:
        """Write the page, complete or not at all. Raises `OSError`, `ImportError`."""
        _core.write_atomically(arguments.named_path("path", path), self.html().encode())

    def __repr__(self) -> str:
        sections = [name for name in ("comparison", "sizes", "usage", "audit", "examples") if name in self._data]
        number = len(self._data["tokenizers"])
        return f"Report({number} tokenizer{'s' * (number != 1)}: {', '.join(sections)})"
