"""What each argument of each public function takes, and what it says to anything else."""

import pickle
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pairwright as pw

CORPUS = ["to be or not to be, that is the question", "that is not the question"]


def test_numbers_of_numpy_are_numbers() -> None:
    plain = pw.train(CORPUS, 270, min_frequency=2, max_token_bytes=3, special_tokens=["<e>"], memory_limit=0.5)
    for kind in (np.int64, np.int32, np.uint16):
        numbers: dict[str, Any] = {
            "vocab_size": kind(270),
            "min_frequency": kind(2),
            "max_token_bytes": kind(3),
            "threads": kind(1),
        }
        for limit in (np.float64(0.5), np.float32(0.5), Fraction(1, 2), np.int64(2**30)):
            made = pw.train(CORPUS, special_tokens=["<e>"], memory_limit=limit, **numbers)
            assert made == plain
            assert made.metadata["settings"] == plain.metadata["settings"]
            assert pickle.loads(pickle.dumps(made)) == made
    assert pw.count(CORPUS, threads=np.int8(2)) == pw.count(CORPUS)


def test_nothing_is_done_before_the_arguments_are_checked(tmp_path: Path) -> None:
    """Each is refused before the corpus is asked for its first text."""

    class Unread:
        def __iter__(self) -> Any:
            raise AssertionError("the corpus was read")

    wrong: list[dict[str, Any]] = [
        {"threads": "2"},
        {"memory_limit": "8GB"},
        {"memory_limit": True},
        {"spill_folder": 5},
        {"spill_folder": b"folder"},
        {"progress": 5},
        {"special_tokens": "<e>"},
        {"special_tokens": ["<e>", 5]},
        {"pattern": 5},
    ]
    of_training: list[dict[str, Any]] = [
        {"vocab_size": 300.0},
        {"vocab_size": True},
        {"vocab_size": np.array([300, 301])},
        {"min_frequency": "2"},
        {"max_token_bytes": 2.5},
        {"special_ids": "frist"},
        {"special_ids": 5},
        {"tie_break": "lowest"},
        {"base": tmp_path},
    ]
    for options in wrong:
        with pytest.raises((TypeError, ValueError), match=next(iter(options))):
            pw.count(Unread(), **options)
    for options in wrong + of_training:
        with pytest.raises((TypeError, ValueError), match=next(iter(options))):
            pw.train(Unread(), **options)
        with pytest.raises((TypeError, ValueError), match=next(iter(options))):
            pw.train(pw.count(CORPUS), **options)


def test_special_tokens_are_any_iterable_of_names() -> None:
    expected = {"<a>": 256, "<b>": 257}
    ways: tuple[Any, ...] = (
        ["<a>", "<b>"],
        ("<a>", "<b>"),
        iter(["<a>", "<b>"]),
        (name for name in ["<a>", "<b>"]),
        np.array(["<a>", "<b>"]),
        # A set has no order, and ids that differ from run to run would be worse than the wrong ones.
        {"<b>", "<a>"},
        frozenset({"<b>", "<a>"}),
        {"<a>": 1, "<b>": 2}.keys(),
    )
    for names in ways:
        made = pw.train(CORPUS, 258, special_tokens=names)
        assert made.special_tokens == expected
        assert all(type(name) is str for name in made.metadata["settings"]["special_tokens"])
    wrong: tuple[tuple[Any, str], ...] = (
        ("<a>", r"special_tokens must be a list of names, not one str; pass \['<a>'\]"),
        (b"<a>", "special_tokens must be a list of names, not bytes"),
        ({"<a>": 5}, "special_tokens must be a list of names, not dict.*order"),
        (5, "special_tokens must be a list of names, not int 5"),
        (["<a>", b"<b>"], r"special_tokens\[1\] must be a str, not bytes b'<b>'"),
        ([None], r"special_tokens\[0\] must be a str, not None"),
    )
    for names, message in wrong:
        for call in (pw.train, pw.count):
            with pytest.raises(TypeError, match=message):
                call(CORPUS, special_tokens=names)
