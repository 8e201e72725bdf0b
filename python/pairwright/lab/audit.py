"""Findings about the tokens of a vocabulary, each with its evidence."""

from __future__ import annotations

import os
import unicodedata
from typing import TYPE_CHECKING, Any

import numpy as np

from pairwright import arguments
from pairwright._core import Counts
from pairwright.lab import embeddings as models, kinds, utf8, witness
from pairwright.lab.groups import EMBEDDINGS, GROUPS, MADE, TEXT, USAGE
from pairwright.lab.specials import Finder
from pairwright.lab.usage import checked, is_token_folder, of_corpus, usage as usage_of
from pairwright.lab.vocabulary import Vocabulary
from pairwright.lab.witness import Reach
from pairwright.tokens.memory import corpus_of
from pairwright.tokens.progress import check
from pairwright.tokens.reading import Tokens

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import SupportsIndex, TypeAlias

    import numpy.typing as npt

    from pairwright import Tokenizer
    from pairwright.aliases import Ids as ManyIds
    from pairwright.corpus import Source
    from pairwright.tokens.progress import Progress

    Ids: TypeAlias = npt.NDArray[np.uint32]
    Indices: TypeAlias = npt.NDArray[np.int64]

RARE = 10

EXAMPLES = 5

# Tokens are shown by their beginning where they are longer.
SHOWN = 24


def audit(
    tokenizer: Tokenizer,
    source: Source | Counts | Tokens | None = None,
    *,
    usage: object = None,
    rare: SupportsIndex = RARE,
    embeddings: object = None,
    head: object = None,
    unused: ManyIds | None = None,
    threads: SupportsIndex | None = None,
    progress: Progress = None,
) -> Audit:
    """Look for tokens that are of little use, or a risk; see `Tokenizer.audit`."""
    arguments.tokenizer("tokenizer", tokenizer)
    threshold = arguments.integer("rare", rare, least=1)
    check(progress)
    if source is not None and usage is not None:
        raise ValueError("usage and source do not go together: a source is counted, a usage is what was counted before")
    model = models.model(tokenizer, embeddings, head, unused)
    counts: npt.NDArray[np.uint64] | None = None
    names: Mapping[str, int] | None = None
    if usage is not None:
        counts = checked(tokenizer, usage)
    elif source is not None:
        counts, names = _counted(tokenizer, source, threads, progress)
    return Audit(tokenizer, counts, names, rare=threshold, threads=threads, model=model)


def _counted(
    tokenizer: Tokenizer, source: Source | Counts | Tokens, threads: SupportsIndex | None, progress: Progress
) -> tuple[npt.NDArray[np.uint64], Mapping[str, int] | None]:
    """The usage of a source and, if it is text, how often the names of special tokens occur in it."""
    is_folder = isinstance(source, str | os.PathLike) and is_token_folder(source)
    if isinstance(source, Counts | Tokens) or is_folder:
        return usage_of(tokenizer, source, threads=threads, progress=progress), None
    finder = Finder(tokenizer.special_tokens)
    counts = of_corpus(tokenizer, corpus_of(source), threads, progress, finder.add)
    return counts, finder.counts


class Audit:
    """What an audit found: groups of tokens, each with its meaning, and evidence for every token in it.

    Made by `Tokenizer.audit`. As text it is a table for people.
    """

    groups: dict[str, Ids]
    """The ids in each group, ascending, by its name. A token may be in several groups."""
    skipped: dict[str, str]
    """Groups that could not be looked for, with the reason."""
    usage: npt.NDArray[np.uint64] | None
    """How often each id occurs in the inputs."""
    made: npt.NDArray[np.uint64] | None
    """How often each token was made in the inputs: as a token, or as a part of a longer one."""
    embeddings: models.Embeddings | None
    """What the embeddings of a model tell of each token."""

    def __init__(
        self,
        tokenizer: Tokenizer,
        usage: npt.NDArray[np.uint64] | None = None,
        names: Mapping[str, int] | None = None,
        *,
        rare: int = RARE,
        threads: SupportsIndex | None = None,
        model: models.Model | None = None,
    ) -> None:
        """Examine a vocabulary. `names` tells how often the names of special tokens occur in text."""
        self.tokenizer = tokenizer
        self.rare = rare
        self.usage = usage
        self.made = None
        self.embeddings = None
        self._names = names or {}
        self._vocabulary = Vocabulary(tokenizer)
        self._reach = Reach(self._vocabulary, threads)
        self._variants = {
            "case_variants": kinds.Variants(self._vocabulary, str.lower),
            "space_variants": kinds.Variants(self._vocabulary, kinds.without_space),
            "form_variants": kinds.Variants(self._vocabulary, kinds.normal_form),
        }
        self._special = {id: name for name, id in tokenizer.special_tokens.items()}
        self._containing = kinds.containing(self._vocabulary, tokenizer.special_tokens)
        self.skipped = {}
        found = self._by_reach() | self._by_bytes() | self._by_usage(names is not None)
        found |= self._by_embeddings(model, found)
        self.groups = {name: found[name] for name in GROUPS if name in found}

    @property
    def problems(self) -> dict[str, Ids]:
        """The groups that have tokens and are problems, not only properties of the vocabulary."""
        return {name: ids for name, ids in self.groups.items() if len(ids) and GROUPS[name].is_problem}

    def meaning(self, group: str) -> str:
        """What it means that a token is in a group. Raises `KeyError`."""
        self._check(group)
        return GROUPS[group].meaning

    def witness(self, id: SupportsIndex) -> str | None:
        """A text that was encoded and gave this ordinary token; `None` if there is none, or none was found.

        Raises `KeyError` if no ordinary token has this id.
        """
        index = self._index(arguments.integer("id", id))
        text = self._reach.witness(index)
        return None if text is None else text.decode()

    def status(self, id: SupportsIndex) -> str:
        """Whether text can give this ordinary token: "reachable", "unreachable", "not found" or "not in UTF-8".

        Raises `KeyError` if no ordinary token has this id.
        """
        return witness.STATUS[self._reach.status[self._index(arguments.integer("id", id))]]

    def evidence(self, group: str, id: SupportsIndex) -> dict[str, Any]:
        """Why a token is in a group, in values that JSON can write. Raises `KeyError` if it is not in it."""
        self._check(group)
        number = arguments.integer("id", id)
        if number not in self.groups.get(group, ()):
            raise KeyError(f"id {number} is not in the group {group}")
        return self._evidence(group, number)

    def to_dict(self) -> dict[str, Any]:
        """Everything, in values that JSON can write."""
        return {
            "vocab_size": self.tokenizer.vocab_size,
            "ordinary_tokens": len(self._vocabulary),
            "special_tokens": len(self._special),
            "tokens_in_inputs": None if self.usage is None else int(self.usage.sum()),
            "rare_below": self.rare,
            "unicode_version": unicodedata.unidata_version,
            "search": witness.SEARCH,
            "problems": list(self.problems),
            "embeddings": None if self.embeddings is None else self.embeddings.to_dict(),
            "skipped": self.skipped,
            "groups": {name: self._group(name, ids) for name, ids in self.groups.items()},
        }

    def rows(self) -> list[tuple[str, int, float, str]]:
        """Of each group that has tokens: its name, their number, their share of the vocabulary, and examples."""
        return [
            (name, len(ids), self._share(ids), "  ".join(map(self._shown, self._examples(name, ids))))
            for name, ids in self.groups.items()
            if len(ids)
        ]

    def lines_below(self) -> list[str]:
        """What there is to say below the table of `rows`."""
        empty = [name for name, ids in self.groups.items() if not len(ids)]
        lines = [f"nothing in: {', '.join(empty)}"] if empty else []
        reasons: dict[str, list[str]] = {}
        for name, reason in self.skipped.items():
            reasons.setdefault(reason, []).append(name)
        lines += [f"not examined: {', '.join(names)}: {reason}" for reason, names in reasons.items()]
        if self.embeddings is not None:
            lines.append(self.embeddings.line())
        return [*lines, f"Unicode {unicodedata.unidata_version}. {witness.SEARCH}"]

    def __str__(self) -> str:
        rows = [(name, f"{number:,}", f"{share:.2%}", shown) for name, number, share, shown in self.rows()]
        table = [("group", "tokens", "share", "examples"), *rows]
        widths = [max(len(row[column]) for row in table) for column in range(3)]
        lines = [
            f"{row[0]:<{widths[0]}}  {row[1]:>{widths[1]}}  {row[2]:>{widths[2]}}  {row[3]}".rstrip() for row in table
        ]
        return "\n".join([*lines, "", *self.lines_below()])

    def __repr__(self) -> str:
        found = ", ".join(f"{name}={len(ids)}" for name, ids in self.problems.items())
        return f"Audit({found or 'no problems'})"

    def _by_reach(self) -> dict[str, Ids]:
        vocabulary, status = self._vocabulary, self._reach.status
        taken = np.concatenate((vocabulary.ids, np.fromiter(self._special, np.int64, len(self._special))))
        free = np.ones(self.tokenizer.vocab_size, np.bool_)
        free[taken] = False
        broken = np.flatnonzero(~vocabulary.is_text)
        shapes = [utf8.parts(vocabulary.tokens[index]) for index in broken.tolist()]
        invalid = broken[[shape is None for shape in shapes]]
        complete = broken[[shape is not None and shape.text != "" for shape in shapes]]
        fragment = broken[[shape is not None and shape.text == "" for shape in shapes]]
        lengths = vocabulary.lengths
        return {
            "unreachable": self._ids(np.flatnonzero(status == witness.UNREACHABLE)),
            "not_found": self._ids(np.flatnonzero(status == witness.NOT_FOUND)),
            "no_merge": self._ids(self._reach.no_merge),
            "invalid_sequences": self._ids(invalid[lengths[invalid] > 1]),
            "invalid_bytes": self._ids(invalid[lengths[invalid] == 1]),
            "free_slots": np.flatnonzero(free).astype(np.uint32),
            "not_utf8": self._ids(broken),
            "not_utf8_complete": self._ids(complete),
            "not_utf8_fragment": self._ids(fragment),
            "fragments": self._ids(broken[lengths[broken] > 1]),
        }

    def _by_bytes(self) -> dict[str, Ids]:
        vocabulary = self._vocabulary
        return {
            "unassigned": self._ids(kinds.unassigned(vocabulary)),
            "control": self._ids(kinds.having(vocabulary, kinds.is_control)),
            "invisible": self._ids(kinds.having(vocabulary, kinds.is_invisible)),
            "long_runs": self._ids(kinds.long_runs(vocabulary)),
            "contains_special": self._ids(np.array(sorted(self._containing), np.int64)),
        } | {name: self._ids(variants.indices) for name, variants in self._variants.items()}

    def _by_usage(self, is_text: bool) -> dict[str, Ids]:
        """The groups that need inputs. `skipped` tells of those that cannot be looked for."""
        if self.usage is None:
            self._skip((USAGE, MADE, TEXT), "there are no inputs")
            return {}
        ids = self._vocabulary.ids
        count = self.usage[ids]
        found = {
            "unseen": self._ids(np.flatnonzero(count == 0)),
            "rare": self._ids(np.flatnonzero((count > 0) & (count < self.rare))),
        }
        special = np.array(sorted(self._special), np.int64)
        if self.usage[special].any():
            found["unseen_special"] = special[self.usage[special] == 0].astype(np.uint32)
        else:
            self.skipped["unseen_special"] = "the inputs have no special tokens"
        if is_text:
            names = (self.tokenizer.special_tokens[name] for name, number in self._names.items() if number > 0)
            found["special_in_text"] = np.array(sorted(names), np.uint32)
        else:
            self._skip((TEXT,), "the inputs are not given as text")
        try:
            self.made = self.tokenizer.made(self.usage)
        except ValueError as error:
            self._skip((MADE,), str(error))
            return found
        times = self.made[ids]
        inside = (count == 0) & (times > 0)
        return found | {
            "scaffolding": self._ids(np.flatnonzero(inside)),
            "mostly_scaffolding": self._ids(np.flatnonzero((count > 0) & (count < times / 100))),
            "never_made": self._ids(np.flatnonzero(times == 0)),
        }

    def _by_embeddings(self, model: models.Model | None, found: dict[str, Ids]) -> dict[str, Ids]:
        """The groups that need the embeddings of a model."""
        if model is None:
            self._skip((EMBEDDINGS,), "there are no embeddings")
            return {}
        self.embeddings = models.examine(self.tokenizer, model, found)
        self.skipped.update(self.embeddings.skipped)
        return self.embeddings.groups

    def _skip(self, needs: Iterable[str], reason: str) -> None:
        names = [name for name, about in GROUPS.items() if about.needs in needs]
        self.skipped.update(dict.fromkeys(names, reason))

    def _group(self, name: str, ids: Ids) -> dict[str, Any]:
        about = GROUPS[name]
        return {
            "meaning": about.meaning,
            "advice": about.advice,
            "problem": about.is_problem,
            "number": len(ids),
            "share": self._share(ids),
            "examples": [{"id": id, "token": self._shown(id)} for id in self._examples(name, ids)],
            "ids": ids.tolist(),
            "evidence": [self._evidence(name, id) for id in ids.tolist()],
        }

    def _evidence(self, group: str, id: int) -> dict[str, Any]:
        if self.embeddings is not None and GROUPS[group].needs == EMBEDDINGS:
            return self.embeddings.evidence(id)
        if group in ("free_slots", "unseen_special"):
            return {}
        if group == "special_in_text":
            return {"count": self._names[self._special[id]]}
        if self.usage is not None and GROUPS[group].needs in (USAGE, MADE):
            counted = {"count": int(self.usage[id])}
            return counted if self.made is None else counted | {"made": int(self.made[id])}
        index = self._index(id)
        token, text = self._vocabulary.tokens[index], self._vocabulary.texts[index]
        if group in ("not_utf8", "not_utf8_complete", "not_utf8_fragment", "fragments", "no_merge"):
            return {"status": self.status(id), "witness": self.witness(id)}
        if group == "unreachable":
            return {"merges_give": self.tokenizer.encode_piece(token)}
        if group == "not_found":
            return {"own_bytes_give": self.tokenizer.encode(token, disallowed_special=())}
        if group in self._variants:
            return {"same": self._vocabulary.ids[self._variants[group].others(index)].tolist()}
        if group == "contains_special":
            return {"special": self._containing[index]}
        if group == "long_runs":
            return {"run": int(self._vocabulary.characters.longest_runs[index])}
        if group in ("control", "invisible"):
            return {"code_points": kinds.code_points(text or "", getattr(kinds, f"is_{group}"))}
        if group == "unassigned":
            shape = utf8.parts(token)
            assert shape is not None
            found = kinds.code_points(shape.text, kinds.is_unassigned)
            return {"code_points": found or list(kinds.possible(shape))}
        return {"bytes": token.hex(" ")}

    def _ids(self, indices: Indices) -> Ids:
        return self._vocabulary.ids[indices].astype(np.uint32)

    def _index(self, id: int) -> int:
        ids = self._vocabulary.ids
        index = int(np.searchsorted(ids, id))
        if index == len(ids) or ids[index] != id:
            raise KeyError(f"no ordinary token has the id {id}")
        return index

    def _check(self, group: object) -> None:
        if group not in GROUPS:
            raise KeyError(f"there is no group {group!r}; there are {', '.join(GROUPS)}")

    def _examples(self, group: str, ids: Ids) -> list[int]:
        """A few ids of a group: from its whole length, or those whose embeddings are most like unused ones."""
        if self.embeddings is not None and GROUPS[group].needs == EMBEDDINGS:
            return self.embeddings.lowest(ids, EXAMPLES)
        return _spread(ids)

    def _share(self, ids: Ids) -> float:
        return len(ids) / self.tokenizer.vocab_size

    def _shown(self, id: int) -> str:
        """A token for people: its text, its bytes, or the id of none."""
        if id in self._special:
            return repr(self._special[id])
        try:
            token = self.tokenizer.token_bytes(id)
        except KeyError:
            return str(id)
        try:
            text: str | bytes = token.decode()
        except UnicodeDecodeError:
            text = token
        beginning = repr(text[:SHOWN])
        visible = (char.encode("unicode_escape").decode() if kinds.is_invisible(char) else char for char in beginning)
        return "".join(visible) + ("…" if len(text) > SHOWN else "")


def _spread(ids: Ids) -> list[int]:
    """A few ids of a group, from its whole length."""
    if len(ids) > EXAMPLES:
        ids = ids[np.linspace(0, len(ids) - 1, EXAMPLES).astype(np.int64)]
    found: list[int] = ids.tolist()
    return found
