"""What the embeddings of a model tell of its tokens: indicators of those that it was hardly trained on.

Sander Land and Max Bartolo, "Fishing for Magikarp: Automatically Detecting Under-trained Tokens in Large Language
Models" (2024, arXiv:2405.05417), and the program that they published (github.com/cohere-ai/magikarp).

E is the matrix of input embeddings, U that of the output layer (E itself where a model ties them), both with a row for
each id. R are the reference rows: rows that no training text can have had, see `reference_of`. Of a token t,

- norm(t) = ‖E_t‖₂: weight decay shrinks rows of the input that no text touches;
- cosine(t) = 1 − cos(U'_t, r') where U' = U − (U c) cᵀ, c is the first principal component of U, which stands for what
  all rows have in common, and r' is the mean of the rows R of U': training moves all rows of U that are never the
  right answer in the same direction;
- distance(t) = ‖U_t − r‖₂ where r is the mean of the rows R of U.

Low values mean that a row is like one that was never trained. The indicator is the norm where U is another matrix than
E, and else the cosine, as in that program. The 2 % of ordinary tokens with the lowest indicator set the threshold:
tokens up to it are candidates. What proves a candidate is the model alone: the paper asks it to repeat the token.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from pairwright.lab import matrices

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import numpy.typing as npt

    from pairwright import Tokenizer
    from pairwright.aliases import Ids
    from pairwright.lab.matrices import Doubles, Matrix

    Rows = npt.NDArray[np.int64]
    Bools = npt.NDArray[np.bool_]

PERCENT = 2.0
"""The share of tokens that the paper verifies."""

# Special tokens that are there for later use are called so: <|reserved_special_token_0|>, <unused12>.
RESERVED = re.compile("reserved|unused", re.IGNORECASE)

# Up to this width the principal component is that of the covariance matrix. For more it is iterated, with this many
# vectors, in at most so many passes over the matrix, until it is as exact as this.
EXACT = 256
VECTORS = 8
PASSES = 20
TOLERANCE = 1e-5

# A row with nothing but this share of its length left has no direction.
NOTHING = 1e-9

# Rows whose variance is less than this share of their squares are the same.
ROUNDING = 1e-12


class Model(NamedTuple):
    """The matrices of a model, and which rows are known to be untrained, as they were given."""

    embeddings: Matrix
    head: Matrix | None
    unused: Rows | None


def model(tokenizer: Tokenizer, embeddings: object, head: object = None, unused: Ids | None = None) -> Model | None:
    """What was given, checked. Raises `TypeError`, `ValueError`, `FormatError`, `OSError`."""
    if embeddings is None:
        for name, given in (("head", head), ("unused", unused)):
            if given is not None:
                raise ValueError(f"{name} tells about embeddings, and there are none: give embeddings too")
        return None
    first = matrices.matrix("embeddings", embeddings, matrices.INPUT)
    if head is None:
        second = matrices.beside(embeddings, matrices.OUTPUT)
    else:
        second = matrices.matrix("head", head, matrices.OUTPUT)
    for each in (first, second):
        if each is not None and each.rows < tokenizer.vocab_size:
            raise ValueError(
                f"{each.name} has {each.rows:,} rows, and the tokenizer {tokenizer.vocab_size:,} ids: a model with "
                "this tokenizer has a row for each id"
            )
    if unused is None:
        return Model(first, second, None)
    rows = np.unique(tokenizer._ids_of(unused)).astype(np.int64)
    if not len(rows):
        raise ValueError("unused is empty: give ids that the model was never trained on, or leave it out")
    least = min(each.rows for each in (first, second) if each is not None)
    if rows[-1] >= least:
        raise ValueError(f"unused has the id {rows[-1]}, and there are {least:,} rows")
    return Model(first, second, rows)


def reference_of(tokenizer: Tokenizer, groups: Mapping[str, npt.NDArray[np.uint32]]) -> dict[str, Rows]:
    """Ids that no training text can have had, by the reason: free slots, tokens that no text gives, bytes that UTF-8
    never has, and special tokens whose names call them reserved or unused.
    """
    reserved = [id for name, id in tokenizer.special_tokens.items() if RESERVED.search(name)]
    found = {name: groups[name].astype(np.int64) for name in ("free_slots", "unreachable", "invalid_bytes")}
    return found | {"reserved": np.array(sorted(reserved), np.int64)}


@dataclass(frozen=True, eq=False)
class Embeddings:
    """Indicators of tokens that a model was hardly trained on. Low values mean: like a row that was never trained.

    They are evidence and no proof. Arrays have the shape (vocab_size,) and `nan` where there is no value.
    """

    norm: Doubles
    """‖E_t‖₂, of the rows of the input embedding E."""
    cosine: Doubles
    """1 − cos(U'_t, r'), of the rows of the output matrix U without its first principal component, and of the mean
    reference row."""
    distance: Doubles
    """‖U_t − r‖₂."""
    indicator: str
    """The one that candidates are chosen by: "norm", or "cosine" where E and U are the same."""
    threshold: float
    """Tokens with an indicator up to this are candidates; `nan` if there are none."""
    reference: dict[str, Rows]
    """The rows that are known to be unused, by reason. Rows beyond the vocabulary are "padding"."""
    reference_median: float
    """The median of the indicator of the reference rows, each beside the mean of the others; `nan` for fewer than 2."""
    shape: tuple[int, int]
    """Of the input embedding."""
    groups: dict[str, npt.NDArray[np.uint32]]
    skipped: dict[str, str]
    """Groups that could not be looked for, with the reason."""
    _ranks: dict[int, int]

    @property
    def is_tied(self) -> bool:
        """Whether input and output are the same matrix."""
        return self.indicator == "cosine"

    def evidence(self, id: int) -> dict[str, Any]:
        """The indicators of a token, and its rank by the one that counts: 1 for the lowest."""
        values = {name: float(getattr(self, name)[id]) for name in ("norm", "cosine", "distance")}
        return {name: value if math.isfinite(value) else None for name, value in values.items()} | {
            "rank": self._ranks.get(id)
        }

    def lowest(self, ids: npt.NDArray[np.uint32], number: int) -> list[int]:
        """The ids of the lowest indicator, from the lowest on."""
        ranked = sorted((self._ranks.get(id, len(self._ranks)), id) for id in ids.tolist())
        return [id for _, id in ranked[:number]]

    def to_dict(self) -> dict[str, Any]:
        """Everything but the indicators of each id, in values that JSON can write."""
        return {
            "shape": list(self.shape),
            "tied": self.is_tied,
            "indicator": self.indicator,
            "percent": PERCENT,
            "threshold": _finite(self.threshold),
            "reference": {name: rows.tolist() for name, rows in self.reference.items()},
            "reference_median": _finite(self.reference_median),
        }

    def line(self) -> str:
        """What there is to say of it below a table."""
        matrix = "the matrix of input and output" if self.is_tied else "the input, which is not the output"
        what = "cosine distance to the mean unused row" if self.is_tied else "norm"
        rows = ", ".join(f"{len(rows):,} {name}" for name, rows in self.reference.items() if len(rows))
        return (
            f"embeddings: {self.shape[0]:,} rows of {self.shape[1]:,}, {matrix}. Indicator: {what}. Rows known to be "
            f"unused: {rows or 'none'}. Indicators are no proof: ask the model."
        )


def examine(tokenizer: Tokenizer, given: Model, groups: Mapping[str, npt.NDArray[np.uint32]]) -> Embeddings:
    """Measure all rows, and find the tokens that are most like those that no training text can have had."""
    entry, size = given.embeddings, tokenizer.vocab_size
    is_tied = given.head is None or given.head.equals(entry)
    out = entry if is_tied or given.head is None else given.head
    norm = _norms(entry)
    norm_out = norm if is_tied else _norms(out)
    if given.unused is not None:
        reference = {"given": given.unused}
    else:
        padding = np.arange(size, min(entry.rows, out.rows), dtype=np.int64)
        reference = reference_of(tokenizer, groups) | {"padding": padding}
    known = np.unique(np.concatenate(list(reference.values())))
    # Rows of zeros were masked, or added after training: they have no direction.
    usable = known[np.isfinite(norm_out[known]) & (norm_out[known] > 0)]
    cosine = distance = np.full(out.rows, np.nan)
    others = np.empty(0)
    if len(usable):
        cosine, distance, others = _distances(out, np.isfinite(norm_out), usable)
    if not is_tied:
        others = norm[known]
        others = others[np.isfinite(others) & (others > 0)]
    values = (cosine if is_tied else norm)[:size]

    tokens = np.zeros(size, np.bool_)
    tokens[list(tokenizer.vocab.values())] = True
    ordinary = tokens.copy()
    special = list(tokenizer.special_tokens.values())
    tokens[special], ordinary[special] = True, False
    zero, broken = norm[:size] == 0, ~(np.isfinite(norm)[:size] & np.isfinite(norm_out)[:size])
    examined = tokens & np.isfinite(values)
    examined[known[known < size]] = False
    found = {"zero_embedding": _ids(tokens & zero), "broken_embedding": _ids(tokens & broken)}
    threshold, median = math.nan, float(np.median(others)) if len(others) > 1 else math.nan
    reason = _unable(values[examined & ordinary], median, has_reference=len(usable) > 0 or not is_tied)
    skipped = dict.fromkeys(("undertrained", "like_unused"), reason) if reason else {}
    if not reason:
        threshold = float(np.percentile(values[examined & ordinary], PERCENT))
        found["undertrained"] = _ids(examined & (values <= threshold))
        if math.isnan(median):
            skipped["like_unused"] = "fewer than two rows are known to be unused: name some as unused"
        else:
            found["like_unused"] = _ids(examined & (values <= median))
    ids = np.flatnonzero(examined)
    places = 1 + np.searchsorted(np.sort(values[ids]), values[ids])
    return Embeddings(
        norm=_known(norm[:size]),
        cosine=_known(cosine[:size]),
        distance=_known(distance[:size]),
        indicator="cosine" if is_tied else "norm",
        threshold=threshold,
        reference=reference,
        reference_median=median,
        shape=(entry.rows, entry.width),
        groups=found,
        skipped=skipped,
        _ranks=dict(zip(ids.tolist(), places.tolist(), strict=True)),
    )


def _unable(values: Doubles, median: float, *, has_reference: bool) -> str | None:
    """Why the indicator says nothing about this model, if so."""
    if not has_reference:
        return "no row is known to be unused, and tied embeddings are measured beside such rows: name some as unused"
    if not len(values):
        return "no row has a value of the indicator"
    if np.percentile(values, PERCENT) >= np.median(values):
        return "half of all tokens have the same value of the indicator"
    if np.mean(values <= median) > 0.5:
        return "more than half of all tokens are nearer to unused rows than these are to each other"
    return None


def _norms(matrix: Matrix) -> Doubles:
    """The length of each row; infinite or `nan` where it has values that are."""
    with np.errstate(over="ignore", invalid="ignore"):
        return np.concatenate([np.linalg.norm(part, axis=1) for _, part in matrix.parts()])


def _distances(matrix: Matrix, finite: Bools, reference: Rows) -> tuple[Doubles, Doubles, Doubles]:
    """The cosine and the distance of each row, and the cosine of each reference row beside the mean of the others."""
    component = principal_component(matrix, finite)
    rows = matrix.at(reference)
    mean = rows.mean(axis=0)
    rest = rows - np.outer(rows @ component, component)
    mean_rest = rest.mean(axis=0)
    if np.linalg.norm(mean_rest) <= NOTHING * np.linalg.norm(mean):
        mean_rest = np.full_like(mean_rest, np.nan)
    cosine, distance = np.full(matrix.rows, np.nan), np.full(matrix.rows, np.nan)
    for start, part in matrix.parts():
        inside = finite[start : start + len(part)]
        here = start + np.flatnonzero(inside)
        part = part[inside]
        distance[here] = np.linalg.norm(part - mean, axis=1)
        cosine[here] = _cosine(part, part - np.outer(part @ component, component), mean_rest)
    others = np.empty(0)
    if len(rows) > 1:
        means = (rest.sum(axis=0) - rest) / (len(rest) - 1)
        others = _cosine(rows, rest, means)
    return cosine, distance, others[np.isfinite(others)]


def _cosine(rows: Doubles, rest: Doubles, means: Doubles) -> Doubles:
    """1 − cos of what is left of each row, and of a mean; `nan` where nothing is left."""
    lengths = np.linalg.norm(rest, axis=1)
    lengths[lengths <= NOTHING * np.linalg.norm(rows, axis=1)] = np.nan
    with np.errstate(invalid="ignore", divide="ignore"):
        cosine: Doubles = 1 - (rest * means).sum(axis=1) / (lengths * np.linalg.norm(means, axis=-1))
    return cosine


def principal_component(matrix: Matrix, finite: Bools) -> Doubles:
    """The direction in which rows vary most, of length 1; zeros if they do not vary.

    Of long rows by block Krylov iteration (Musco and Musco, "Randomized Block Krylov Methods", 2015): a covariance
    matrix of them would take more time than the rest of an audit.
    """
    number = int(finite.sum())
    total, squares = np.zeros(matrix.width), 0.0
    for part in _usable(matrix, finite):
        total += part.sum(axis=0)
        squares += float(np.vdot(part, part))
    mean = total / number
    # Rounding alone makes a little of rows that are all the same.
    if squares - number * float(mean @ mean) <= ROUNDING * squares:
        return np.zeros(matrix.width)
    block: npt.NDArray[np.floating[Any]]
    if matrix.width <= EXACT:
        block = np.eye(matrix.width)
    else:
        block = np.random.default_rng(0).standard_normal((matrix.width, VECTORS))
    basis: Doubles = np.empty((matrix.width, 0))
    images: Doubles = np.empty((matrix.width, 0))
    component = np.zeros(matrix.width)
    for _ in range(PASSES):
        for _ in range(2):  # Once leaves a little of the basis in it.
            block = np.linalg.qr(block - basis @ (basis.T @ block)).Q
        # The covariance times the block: Σ (x − mean)(x − mean)ᵀ = Σ x xᵀ − number · mean meanᵀ.
        image = -number * np.outer(mean, mean @ block)
        for part in _usable(matrix, finite):
            image += part.T @ (part @ block)
        basis = np.concatenate((basis, block), axis=1)
        images = np.concatenate((images, image), axis=1)
        values, vectors = np.linalg.eigh(basis.T @ images)
        component = basis @ vectors[:, -1]
        if np.linalg.norm(images @ vectors[:, -1] - values[-1] * component) <= TOLERANCE * values[-1]:
            break
        block = image
    return component


def _usable(matrix: Matrix, finite: Bools) -> Iterator[Doubles]:
    """The rows in parts, with zeros in the place of those that are not finite."""
    for start, part in matrix.parts():
        inside = finite[start : start + len(part)]
        if not inside.all():
            part[~inside] = 0
        yield part


def _ids(chosen: Bools) -> npt.NDArray[np.uint32]:
    return np.flatnonzero(chosen).astype(np.uint32)


def _known(values: Doubles) -> Doubles:
    return np.where(np.isfinite(values), values, np.nan)


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
