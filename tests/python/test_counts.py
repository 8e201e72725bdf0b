"""`Counts`: what was counted, as a value."""

import copy
import hashlib
import math
import pickle
import re
import struct
from collections import Counter
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st

import pairwright as pw
from pairwright import Counts, FormatError

TIES = ["lowest_pair", "first_seen"]
MOST = 2**64 - 1

pretokens = st.binary(min_size=1, max_size=4) | st.text("ab é", min_size=1, max_size=4)
some_items = st.lists(st.tuples(pretokens, st.integers(0, 2**40)), max_size=12)


def as_bytes(text: str | bytes) -> bytes:
    return text.encode() if isinstance(text, str) else text


def summed(items: list[tuple[str | bytes, int]]) -> dict[bytes, int]:
    """What counts of these items hold, in order."""
    sums: Counter[bytes] = Counter()
    for pretoken, count in items:
        if count:
            sums[as_bytes(pretoken)] += count
    return dict(sums)


def half_up(number: Fraction) -> int:
    return math.floor(number + Fraction(1, 2))


@given(some_items)
def test_items_add_up_and_keep_their_order(items: list[tuple[str | bytes, int]]) -> None:
    counts = Counts.from_items(items)
    expected = summed(items)
    assert counts.items() == list(expected.items())
    assert list(counts) == list(expected)
    assert (len(counts), counts.total) == (len(expected), sum(expected.values()))
    assert all(counts[pretoken] == count for pretoken, count in expected.items())
    assert b"not there" not in counts


@given(st.lists(some_items, min_size=1, max_size=5))
def test_sums_are_the_counts_of_one_after_the_other(parts: list[list[tuple[str | bytes, int]]]) -> None:
    each = [Counts.from_items(items) for items in parts]
    together = Counts.from_items([item for items in parts for item in items])
    total = sum(each)
    assert isinstance(total, Counts)
    assert total.items() == together.items()
    assert total == together
    assert each[0] + each[-1] == each[-1] + each[0]
    assert 0 + each[0] == each[0] + 0 == each[0]


@given(some_items, st.fractions(0, 10) | st.floats(0, 10) | st.integers(0, 10))
def test_scaling_rounds_the_exact_product_half_up(
    items: list[tuple[str | bytes, int]], factor: Fraction | float
) -> None:
    counts = Counts.from_items(items)
    expected = {pretoken: half_up(count * Fraction(factor)) for pretoken, count in counts.items()}
    scaled = counts * factor
    assert scaled.items() == [(pretoken, count) for pretoken, count in expected.items() if count]
    assert factor * counts == scaled


@given(some_items, st.integers(0, 2**40))
def test_filtering_keeps_what_is_frequent(items: list[tuple[str | bytes, int]], least: int) -> None:
    counts = Counts.from_items(items, "gpt2", ["<e>"])
    kept = counts.filter(min_count=least)
    assert kept.items() == [(pretoken, count) for pretoken, count in counts.items() if count >= least]
    assert (kept.pattern, kept.special_tokens) == ("gpt2", ["<e>"])


@given(some_items)
def test_files_and_pickles_give_back_all(items: list[tuple[str | bytes, int]]) -> None:
    counts = Counts.from_items(items, r"\w+|\W", ["<é>", "<|end|>"])
    for same in (pickle.loads(pickle.dumps(counts)), copy.copy(counts), copy.deepcopy(counts)):
        assert same == counts
        assert hash(same) == hash(counts)
        assert same.items() == counts.items()
        assert (same.pattern, same.special_tokens) == (counts.pattern, counts.special_tokens)


def test_a_file_is_the_same_each_time_and_gives_back_all(tmp_path: Path, python_docs: str) -> None:
    counts = pw.count([python_docs[:100_000]], "o200k", ["<e>"])
    counts.save(tmp_path / "a.counts")
    counts.save(str(tmp_path / "b.counts"))
    content = (tmp_path / "a.counts").read_bytes()
    assert content == (tmp_path / "b.counts").read_bytes()
    assert len(content) < sum(len(pretoken) + 4 for pretoken in counts) + 1000
    loaded = Counts.load(tmp_path / "a.counts")
    assert loaded == counts
    assert loaded.items() == counts.items()
    assert (loaded.pattern, loaded.special_tokens) == ("o200k", ["<e>"])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.counts", "b.counts"]


@pytest.mark.parametrize("tie_break", TIES)
def test_shards_train_as_the_whole(python_docs: str, tie_break: Any) -> None:
    text = python_docs[:200_000]
    size = math.ceil(len(text) / 8)
    shards = [text[at : at + size] for at in range(0, len(text), size)]
    assert len(shards) == 8
    whole = pw.count(shards, special_tokens=["<e>"])
    added = sum(pw.count([shard], special_tokens=["<e>"]) for shard in shards)
    assert isinstance(added, Counts)
    assert added.items() == whole.items()
    assert pw.train(added, 500, tie_break=tie_break) == pw.train(
        shards, 500, special_tokens=["<e>"], tie_break=tie_break
    )


@pytest.mark.parametrize("tie_break", TIES)
@pytest.mark.parametrize("factor", [2**33, 2**40, 10**14])
def test_large_counts_train_as_small_ones(python_docs: str, factor: int, tie_break: Any) -> None:
    counts = pw.count([python_docs[:20_000]])
    large = counts * factor
    assert large.total == counts.total * factor > 2**44
    assert pw.train(large, 400, tie_break=tie_break) == pw.train(counts, 400, tie_break=tie_break)


def test_counts_are_not_cut_to_32_bits() -> None:
    # The lower 32 bits alone would put " b" first.
    counts = Counts.from_items([(" a", 2**33 + 1), (" b", 2**33 - 1), (" c", 5)])
    assert pw.train(counts, 257).merges == [(b" ", b"a")]
    assert pw.train(counts * 2**20, 257).merges == [(b" ", b"a")]


def test_more_bytes_than_64_bits_can_count_are_not_trained_on() -> None:
    with pytest.raises(OverflowError, match=re.escape('"aaaa"')):
        pw.train(Counts.from_items([("aaaa", 2**63)]), 257)
    assert pw.train(Counts.from_items([("aa", 2**63 - 1)]), 257).merges == [(b"a", b"a")]


def test_weights_change_what_is_learned() -> None:
    code, prose = pw.count(["xy xy xy"], "gpt2"), pw.count(["the the"], "gpt2")
    assert pw.train(code + prose, 257).merges == [(b"x", b"y")]
    assert pw.train(code + prose * 5, 257).merges[0] in {(b"t", b"h"), (b"h", b"e")}
    assert (code * Fraction(1, 3)).items() == [(b" xy", 1)]
    assert len(code * 0) == 0


@pytest.mark.parametrize(
    "half", [0.5, Fraction(1, 2), Decimal("0.5"), np.float32(0.5), np.float64(0.5), Fraction(2**70, 2**71 - 1)]
)
def test_halves_of_many_kinds(half: Any) -> None:
    counts = Counts.from_items([("a", 1), ("b", 2), ("c", 3), ("d", 2**63 + 1)])
    expected = [(b"a", 1), (b"b", 1), (b"c", 2), (b"d", 2**62 + 1)]
    assert (counts * half).items() == expected
    assert (half * counts).items() == expected


def test_a_float_is_the_fraction_it_is_and_not_the_one_it_is_written_as() -> None:
    counts = Counts.from_items([("a", 5)])
    assert Fraction(1, 10) < 0.1
    assert (counts * 0.1).total == 1
    assert len(counts * Fraction(1, 10)) == 1
    just_below = Fraction(1, 10) - Fraction(1, 10**40)
    assert len(counts * just_below) == 0
    assert len(counts * 5e-324) == 0
    assert (counts * np.int64(3)).total == (np.uint8(3) * counts).total == 15


@pytest.mark.parametrize("factor", [-1, -0.5, Fraction(-1, 9), math.nan, math.inf, -math.inf, np.float32("nan")])
def test_what_no_count_can_be_multiplied_by(factor: Any) -> None:
    counts = Counts.from_items([("a", 1)])
    with pytest.raises(ValueError, match="finite and not negative"):
        counts * factor
    with pytest.raises(ValueError, match="finite and not negative"):
        factor * counts


def test_what_makes_no_sense_is_a_type_error() -> None:
    counts: Any = Counts.from_items([("a", 1)])
    for wrong in ("3", None, [2], 1j, counts):
        with pytest.raises(TypeError):
            counts * wrong
    for wrong in (1, "a", None, {b"a": 1}):
        with pytest.raises(TypeError):
            counts + wrong
        with pytest.raises(TypeError):
            wrong + counts
    assert counts != {b"a": 1}
    assert counts != 1


def test_nothing_wraps() -> None:
    most = Counts.from_items([("x", 1), (" the", MOST - 1)])
    assert most.total == MOST
    overflows: list[Any] = [
        lambda: most + Counts.from_items([(" the", 1)]),
        lambda: most * 2,
        lambda: Counts.from_items([(" the", 1)]) * 1e300,
        lambda: most * Fraction(10**30 + 10**12 + 7, 10**30),
        lambda: Counts.from_items([(" the", MOST), (" the", 1)]),
        lambda: Counts.from_items([("x", 1), (" the", MOST)]),
        lambda: Counts.from_items([(" the", 2**64)]),
    ]
    for overflow in overflows:
        with pytest.raises(OverflowError, match=r'" the"'):
            overflow()
    assert most.total == MOST


BAD_ITEMS: dict[str, tuple[Any, type[Exception], str]] = {
    "negative": ([("a", 1), ("b", -1)], ValueError, 'item 1, the pretoken b"b": its count is -1'),
    "very negative": ([("b", -(2**70))], ValueError, "must not be negative"),
    "empty": ([("a", 1), (b"", 1)], ValueError, "is empty"),
    "empty and none": ([(b"", 0)], ValueError, "is empty"),
    "special": ([("a<e>", 1)], ValueError, "a special token is never counted or merged"),
    "no pair": ([("a", 1), ("b",)], TypeError, r"item 1 is \('b',\), not a pair"),
    "two bytes": ([b"ab"], TypeError, "item 0 is b'ab', not a pair"),
    "dict": ({"ab": 1}, TypeError, r"pass its items\(\)"),
    "no text": ([(5, 1)], TypeError, "item 0: a pretoken is str or bytes, not 5"),
    "no int": ([("a", 1.5)], TypeError, 'item 0, the pretoken b"a": a count is an int, not 1.5'),
    "no iterable": (5, TypeError, "not iterable"),
}


@pytest.mark.parametrize(("items", "error", "message"), BAD_ITEMS.values(), ids=BAD_ITEMS)
def test_bad_items_are_named(items: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        Counts.from_items(items, special_tokens=["<e>"])


def test_items_come_from_anywhere() -> None:
    counted: dict[Any, Any] = {"a": np.int64(2), b"\xff": True}
    assert Counts.from_items(counted.items()).items() == [(b"a", 2), (b"\xff", 1)]
    assert Counts.from_items(iter([["a", 2]])).items() == [(b"a", 2)]

    def broken() -> Any:
        yield "a", 1
        raise LookupError("no more")

    with pytest.raises(LookupError, match="no more"):
        Counts.from_items(broken())


def test_settings_of_items_are_checked() -> None:
    with pytest.raises(ValueError, match="invalid split pattern"):
        Counts.from_items([], "(")
    with pytest.raises(ValueError, match="given twice"):
        Counts.from_items([], special_tokens=["<e>", "<e>"])
    with pytest.raises(ValueError, match="min_count=-1"):
        Counts.from_items([]).filter(min_count=-1)
    empty = Counts.from_items([], pattern="gpt4")
    assert (empty.pattern, empty.special_tokens, empty.total) == ("cl100k", [], 0)
    with pytest.raises(ValueError, match="empty"):
        pw.train(empty)


def test_counts_made_differently_are_not_added() -> None:
    one, other = Counts.from_items([], "cl100k"), Counts.from_items([], "gpt2")
    with pytest.raises(ValueError, match=r'different split patterns.*"cl100k" and "gpt2"'):
        one + other
    with pytest.raises(ValueError, match='"cl100k" and "gpt2"'):
        sum([one, other])
    with pytest.raises(ValueError, match=re.escape('different special tokens cannot be added: [] and ["<e>"]')):
        one + Counts.from_items([], special_tokens=["<e>"])
    assert one != other
    assert one == Counts.from_items([], pw._core.PATTERNS["cl100k"])


def test_repr_tells_the_main_things() -> None:
    assert repr(Counts.from_items([("a", 3)], "gpt2")) == "Counts(1 pretokens, total=3, pattern='gpt2')"


def test_damaged_files_are_named(tmp_path: Path) -> None:
    path = tmp_path / "x.counts"
    with pytest.raises(FileNotFoundError, match=re.escape("x.counts")):
        Counts.load(path)
    with pytest.raises(IsADirectoryError):
        Counts.load(tmp_path)
    Counts.from_items([("a", 300), (" the", 5)], special_tokens=["<e>"]).save(path)
    good = path.read_bytes()
    newer = good[:8] + b"\x02" + good[9:]
    altered = good.replace(b" the", b" thy")
    for content, expected in (
        (good[:-1], "truncated"),
        (good[:9], "truncated"),
        (b"", "is empty"),
        (altered, "checksum does not match"),
        (good + b"\n", "altered"),
        (newer, "upgrade pairwright"),
        (b'{"format": "pairwright"}', "not a counts file"),
        (good.replace(b"\r\n", b"\n"), "not a counts file"),
    ):
        assert content != good
        path.write_bytes(content)
        with pytest.raises(FormatError, match=expected) as raised:
            Counts.load(path)
        assert str(path) in str(raised.value)


def test_a_failed_save_leaves_the_old_file(tmp_path: Path) -> None:
    counts = Counts.from_items([("a", 1)])
    with pytest.raises(FileNotFoundError, match="missing"):
        counts.save(tmp_path / "missing" / "x.counts")
    with pytest.raises(IsADirectoryError):
        counts.save(tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_pickle_that_was_altered_is_refused() -> None:
    with pytest.raises(FormatError, match="pickled counts: "):
        pw._core._from_counts(b"no counts")


def test_a_file_whose_regex_looks_like_a_name_still_has_that_regex(tmp_path: Path) -> None:
    """Words were once taken for regexes, and text counted by them."""
    path = tmp_path / "old.counts"
    counts = Counts.from_items([("a", 2)], r"(?:o200k_base)")
    counts.save(path)
    content = path.read_bytes()[:-32].replace(b"(?:o200k_base)", b"o200k_base")
    (header,) = struct.unpack_from("<I", content, 28)
    old = (
        content[:12]
        + struct.pack("<Q", len(content) + 32)
        + content[20:28]
        + struct.pack("<I", header - 4)
        + content[32:]
    )
    path.write_bytes(old + hashlib.sha256(old).digest())
    assert Counts.load(path) == counts
    assert Counts.load(path).pattern == "(?:o200k_base)"
    with pytest.raises(ValueError, match="different split patterns"):
        Counts.load(path) + Counts.from_items([("a", 2)], "o200k_base")
