"""Measures of a usage: values by hand, and laws."""

import itertools
import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import example, given, settings, strategies as st

from pairwright.lab import metrics

# The example of the scorer that was published with the paper.
SCORER = list(Counter(["pick", "@@ed", "pick", "@@l", "@@ed", "pick", "@@les"]).values())

usages = st.lists(st.integers(0, 10**6), min_size=1, max_size=40).filter(any)


def test_renyi_is_that_of_the_published_scorer() -> None:
    assert sorted(SCORER) == [1, 1, 2, 3]
    assert metrics.renyi_entropy(SCORER) == pytest.approx(1.653012966845049, abs=1e-14)
    assert metrics.renyi_efficiency(SCORER) == pytest.approx(0.8265064834225245, abs=1e-14)
    assert metrics.entropy(SCORER) == pytest.approx(1.8423709931771088, abs=1e-14)


def scored(usage: list[int], metric: str, **options: float) -> float:
    """What the package that was published with the paper makes of a text with this usage."""
    # Here, so that only these tests fail where it is not installed: python3 dev.py test does it.
    from tokenization_scorer.metrics import get_metric

    text = [[f"t{id}"] * number for id, number in enumerate(usage)]
    return float(get_metric(metric)(text, **options))


small_usages = st.lists(st.integers(0, 30), min_size=1, max_size=30).filter(any)


@given(small_usages, st.sampled_from([0.5, 1, 2, 2.5, 3]))
@example(SCORER, 2.5)
@settings(max_examples=40)
def test_entropies_are_those_of_the_package(usage: list[int], alpha: float) -> None:
    assert metrics.renyi_entropy(usage, alpha) == pytest.approx(scored(usage, "renyi_entropy", power=alpha), abs=1e-12)
    assert metrics.entropy(usage) == pytest.approx(scored(usage, "shannon_entropy"), abs=1e-12)
    if np.count_nonzero(usage) > 1:
        efficiency = scored(usage, "renyi_efficiency", power=alpha)
        assert metrics.renyi_efficiency(usage, alpha) == pytest.approx(efficiency, abs=1e-12)
        efficiency = scored(usage, "renyi_efficiency", power=alpha, vocab=len(usage) + 1)
        assert metrics.renyi_efficiency(usage, alpha, types=len(usage) + 1) == pytest.approx(efficiency, abs=1e-12)


def test_renyi_by_hand() -> None:
    # Shares 1/2, 1/4, 1/4: the sum of squares is 3/8.
    assert metrics.renyi_entropy([2, 0, 1, 1], 2) == pytest.approx(math.log2(8 / 3))
    assert metrics.entropy([2, 0, 1, 1]) == metrics.renyi_entropy([2, 0, 1, 1], 1) == 1.5
    assert metrics.renyi_entropy([2, 0, 1, 1], math.inf) == 1
    assert metrics.renyi_entropy([2, 0, 1, 1], 0) == pytest.approx(math.log2(3))
    assert metrics.renyi_efficiency([2, 0, 1, 1], 2, types=4) == pytest.approx(math.log2(8 / 3) / 2)
    assert metrics.renyi_efficiency([5, 5]) == pytest.approx(1)


def test_what_is_not_defined_is_nan() -> None:
    nothing = np.zeros(3, np.uint64)
    for value in (
        metrics.entropy(nothing),
        metrics.renyi_entropy(nothing),
        metrics.renyi_efficiency(nothing),
        metrics.renyi_efficiency([0, 7]),
        metrics.bits_per_byte(nothing, 0),
        metrics.share_of(nothing, np.ones(3, np.bool_)),
        metrics.gini([]),
        metrics.gini([0, 0]),
        metrics.divergence(nothing, [1, 2, 3]),
        metrics.ratio(1, 0),
    ):
        assert math.isnan(value)
    assert metrics.entropy([7]) == metrics.renyi_entropy([7]) == 0


@pytest.mark.parametrize("wrong", [[-1, 2], [[1, 2]], ["a"], 5])
def test_what_is_no_usage_is_refused(wrong: object) -> None:
    with pytest.raises((TypeError, ValueError), match="usage"):
        metrics.entropy(wrong)  # type: ignore[arg-type]


def test_wrong_parameters_are_refused() -> None:
    with pytest.raises(ValueError, match="alpha=-1"):
        metrics.renyi_entropy([1, 2], -1)
    with pytest.raises(ValueError, match="alpha=nan"):
        metrics.renyi_entropy([1, 2], math.nan)
    with pytest.raises(ValueError, match="2 types are observed"):
        metrics.renyi_efficiency([1, 2], types=1)
    with pytest.raises(ValueError, match="not of one tokenizer"):
        metrics.divergence([1], [1, 2])
    with pytest.raises(ValueError, match="not negative"):
        metrics.gini([1, -1])
    with pytest.raises(ValueError, match="not negative"):
        metrics.gini([1, math.nan])


def test_bits_use_and_shares_by_hand() -> None:
    usage = np.array([2, 0, 1, 1], np.uint64)
    # 1.5 bits for each of 4 tokens, over 8 bytes.
    assert metrics.bits_per_byte(usage, 8) == 0.75
    assert metrics.used(usage) == 3
    chosen = np.array([False, True, True, True])
    assert metrics.share_of(usage, chosen) == 0.5
    assert metrics.mean_of(usage, chosen, np.array([1, 9, 2, 5])) == 3.5


def test_gini_by_hand() -> None:
    # |1-3| twice, |1-8| twice, |3-8| twice: 28; over 2 · 9 · 4.
    assert metrics.gini([3, 1, 8]) == pytest.approx(28 / 72)
    assert metrics.gini([5, 5, 5]) == 0
    assert metrics.gini([0, 0, 0, 1]) == 0.75


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=20).filter(any))
def test_gini_is_its_definition(values: list[int]) -> None:
    differences = sum(abs(a - b) for a in values for b in values)
    assert metrics.gini(values) == pytest.approx(differences / (2 * len(values) * sum(values)))


def test_divergence_by_hand() -> None:
    assert metrics.divergence([1, 0], [0, 5]) == 1
    assert metrics.divergence([1, 2], [2, 4]) == pytest.approx(0)
    # Shares (1, 0) and (1/2, 1/2): H(3/4, 1/4) - 1/2.
    mean = -(0.75 * math.log2(0.75) + 0.25 * math.log2(0.25))
    assert metrics.divergence([3, 0], [2, 2]) == pytest.approx(mean - 0.5)


@given(usages, usages)
def test_divergence_is_the_mean_of_those_of_kullback_and_leibler_from_the_middle(
    first: list[int], second: list[int]
) -> None:
    size = max(len(first), len(second))
    p, q = ([each / sum(usage) for each in usage] + [0] * (size - len(usage)) for usage in (first, second))
    middle = [(a + b) / 2 for a, b in zip(p, q, strict=True)]
    distances = [
        sum(share * math.log2(share / mean) for share, mean in zip(shares, middle, strict=True) if share)
        for shares in (p, q)
    ]
    first, second = ([*usage, *[0] * (size - len(usage))] for usage in (first, second))
    assert metrics.divergence(first, second) == pytest.approx(sum(distances) / 2, abs=1e-9)


@given(usages, usages)
def test_divergence_is_symmetric_and_bounded(first: list[int], second: list[int]) -> None:
    size = max(len(first), len(second))
    first, second = first + [0] * (size - len(first)), second + [0] * (size - len(second))
    found = metrics.divergence(first, second)
    assert 0 <= found <= 1
    assert found == pytest.approx(metrics.divergence(second, first))


@given(usages)
def test_entropies_fall_with_their_order(usage: list[int]) -> None:
    entropies = [metrics.renyi_entropy(usage, alpha) for alpha in (0, 0.5, 1, 2.5, 10, math.inf)]
    assert all(a >= b - 1e-9 for a, b in itertools.pairwise(entropies))
    assert min(entropies) >= 0


@given(st.lists(st.integers(0, 50), min_size=1, max_size=300), st.sampled_from([1, 50, 90, 99, 100]))
def test_percentiles_are_the_nearest_rank(lengths: list[int], percent: int) -> None:
    ordered = sorted(lengths)
    expected = ordered[math.ceil(len(ordered) * percent / 100) - 1]
    found, numbers = np.unique(lengths, return_counts=True)
    assert metrics.percentile(found, numbers, percent) == expected
    assert metrics.beyond(found, numbers, 20) == sum(each > 20 for each in lengths)


def test_the_99th_of_100_is_not_the_largest() -> None:
    lengths = np.arange(1, 101)
    assert metrics.percentile(lengths, np.ones(100, np.int64), 99) == 99
    assert metrics.percentile(lengths, np.ones(100, np.int64), 99.5) == 100
    for wrong in (0, 101, math.nan):
        with pytest.raises(ValueError, match="percent="):
            metrics.percentile(lengths, np.ones(100, np.int64), wrong)
    with pytest.raises(ValueError, match="no sequence"):
        metrics.percentile(lengths[:0], lengths[:0], 99)
