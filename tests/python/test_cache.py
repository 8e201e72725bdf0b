"""The cache of pieces: one limit for the process, known, settable, kept; and never a different id."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import plain
import pytest
from hypothesis import given, settings, strategies as st
from peers import LoadPeers, assert_equal, trained
from processes import needs_fork, needs_proc, run_python

import pairwright as pw
from pairwright._core import PATTERNS

MIB = 1 << 20

LIMITS = [0, 1, 1000, 64 << 10, MIB, 64 * MIB]
"""None at all, less than one entry, less than one thread's least share, room for everything."""


@pytest.fixture(autouse=True)
def _limit_is_put_back() -> Iterator[None]:
    limit = pw.cache_info().limit
    yield
    pw.set_cache_limit(limit)


@pytest.fixture(scope="module")
def tok(load_peers: LoadPeers) -> pw.Tokenizer:
    return load_peers("trained").tokenizer


@pytest.fixture(scope="module")
def documents(python_docs: str) -> list[str]:
    """Real prose; words that come once; pieces that are too long to keep."""
    random = Random(0)
    fresh = ["".join(random.choices("abcdefghij éж中", k=3000)) for _ in range(100)]
    long = ["".join(random.choices("ab", k=random.randrange(1, 3000))) for _ in range(100)]
    return [python_docs[start : start + 4096] for start in range(0, 400_000, 4096)] + fresh + long


@pytest.fixture(scope="module")
def expected(load_peers: LoadPeers, documents: list[str]) -> list[list[int]]:
    """What tiktoken says, which has no cache."""
    return load_peers("trained").encoding.encode_ordinary_batch(documents)


def assert_ids(tok: pw.Tokenizer, documents: list[str], expected: list[list[int]], threads: int | None) -> None:
    batch = tok.encode_batch(documents, disallowed_special=(), threads=threads)
    assert_equal(batch.values, np.concatenate(expected), f"a batch under a limit of {pw.cache_info().limit}")
    assert tok.count_batch(documents, threads=threads).tolist() == [len(ids) for ids in expected]


# What it tells


def test_the_limit_is_documented_and_no_more_than_64_mib() -> None:
    assert 0 < pw.cache_info().limit <= 64 * MIB
    for function in (pw.cache_info, pw.clear_cache, pw.set_cache_limit):
        assert function.__doc__


def test_before_any_use_there_is_nothing_in_it() -> None:
    script = "info = pw.cache_info(); print(info.limit, info.bytes, info.hits, info.misses)"
    limit, *rest = map(int, run_python(script).split())
    assert 0 < limit <= 64 * MIB
    assert rest == [0, 0, 0]


def test_clearing_and_setting_come_before_any_use_too() -> None:
    script = """
    pw.clear_cache()
    pw.set_cache_limit(12345)
    pw.clear_cache()
    assert pw.cache_info().limit == 12345
    tok = pw.train(["the cat sat on the mat, the cat ate"], vocab_size=260)
    assert tok.decode(tok.encode("the cat")) == "the cat"
    """
    run_python(script)


def test_a_text_misses_first_and_hits_then(tok: pw.Tokenizer) -> None:
    # No token of the vocabulary, and no piece of any other test.
    text = " zqxjkvbw" * 3 + " wvbkjxqz" * 3
    pw.set_cache_limit(64 * MIB)
    pw.clear_cache()
    before = pw.cache_info()
    ids = tok.encode(text)
    first = pw.cache_info()
    noted = (first.limit, first.bytes, first.hits, first.misses)
    assert tok.encode(text) == ids
    second = pw.cache_info()
    assert first.misses > before.misses
    assert second.misses == first.misses
    assert second.hits > first.hits
    assert first.bytes <= first.limit
    assert noted == (first.limit, first.bytes, first.hits, first.misses), "it tells of one moment"
    assert str(second.limit) in repr(second)


def test_clearing_forgets_everything(tok: pw.Tokenizer, documents: list[str], expected: list[list[int]]) -> None:
    assert_ids(tok, documents, expected, 2)
    assert pw.cache_info().bytes > 0
    pw.clear_cache()
    assert pw.cache_info().bytes == 0
    assert_ids(tok, documents, expected, 2)


@pytest.mark.parametrize("wrong", [-1, -(2**70)])
def test_a_negative_limit_is_a_value_error(wrong: int) -> None:
    limit = pw.cache_info().limit
    with pytest.raises(ValueError, match="limit"):
        pw.set_cache_limit(wrong)
    assert pw.cache_info().limit == limit


@pytest.mark.parametrize("wrong", ["64MB", b"1", 1.5, None, [1]])
def test_a_limit_that_is_no_int_is_a_type_error(wrong: Any) -> None:
    limit = pw.cache_info().limit
    with pytest.raises(TypeError):
        pw.set_cache_limit(wrong)
    assert pw.cache_info().limit == limit


@pytest.mark.parametrize("limit", [*LIMITS, 2**40])
def test_the_limit_is_what_was_set(limit: int) -> None:
    pw.set_cache_limit(limit)
    assert pw.cache_info().limit == limit


def test_a_limit_may_be_any_kind_of_int() -> None:
    pw.set_cache_limit(np.int64(5000))
    assert pw.cache_info().limit == 5000


# The same ids


@pytest.mark.parametrize("limit", LIMITS)
@pytest.mark.parametrize("threads", [1, 3, None])
def test_any_limit_gives_the_same_ids_and_is_kept(
    tok: pw.Tokenizer, documents: list[str], expected: list[list[int]], limit: int, threads: int | None
) -> None:
    pw.set_cache_limit(limit)
    for _ in range(2):
        assert_ids(tok, documents, expected, threads)
        assert pw.cache_info().bytes <= limit
    pw.clear_cache()
    for document, ids in zip(documents, expected, strict=True):
        assert tok.encode(document) == ids
    assert pw.cache_info().bytes <= limit


def test_lowering_the_limit_gives_memory_back(
    tok: pw.Tokenizer, documents: list[str], expected: list[list[int]]
) -> None:
    pw.set_cache_limit(64 * MIB)
    assert_ids(tok, documents, expected, 2)
    assert pw.cache_info().bytes > 50_000
    for limit in (50_000, 0):
        pw.set_cache_limit(limit)
        assert_ids(tok, documents, expected, 2)
        assert pw.cache_info().bytes <= limit
    pw.set_cache_limit(MIB)
    assert_ids(tok, documents, expected, 2)


@settings(max_examples=60)
@given(
    steps=st.lists(
        st.sampled_from(["clear", *LIMITS]) | st.text("ab é中 \n'st", max_size=30) | st.text("ab", max_size=300),
        max_size=20,
    )
)
def test_any_order_of_texts_clearing_and_limits(tok: pw.Tokenizer, steps: list[str | int]) -> None:
    for step in steps:
        if step == "clear":
            pw.clear_cache()
        elif isinstance(step, int):
            pw.set_cache_limit(step)
        else:
            assert tok.encode(step) == plain.encode(step, PATTERNS["cl100k"], tok.vocab)
        assert pw.cache_info().bytes <= pw.cache_info().limit


@pytest.mark.parametrize("name", ["r50k_base", "cl100k_base", "o200k_base"])
def test_published_vocabularies_give_the_ids_of_tiktoken_under_any_limit(
    load_peers: LoadPeers, name: str, handbook: dict[str, str]
) -> None:
    peers = load_peers(name)
    texts = [text[50_000:70_000] for text in handbook.values()]
    for limit in (64 * MIB, 0, 100_000):
        pw.set_cache_limit(limit)
        peers.assert_all_ways(texts, threads=[1, None])
        assert pw.cache_info().bytes <= limit


# While others work


def alongside(work: Callable[[], None], meddle: Callable[[Random], None]) -> None:
    """Four threads work while this one meddles; the errors of all come out."""
    errors: list[BaseException] = []

    def guarded() -> None:
        try:
            for _ in range(4):
                work()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=guarded, daemon=True) for _ in range(4)]
    for thread in threads:
        thread.start()
    random = Random(0)
    meddled = 0
    while any(thread.is_alive() for thread in threads):
        meddle(random)
        meddled += 1
    for thread in threads:
        thread.join()
    assert meddled > 1
    if errors:
        raise errors[0]


@pytest.mark.parametrize(
    "meddle",
    [
        lambda _: pw.clear_cache(),
        lambda random: pw.set_cache_limit(random.choice(LIMITS)),
        lambda random: random.choice([pw.clear_cache, lambda: pw.set_cache_limit(random.choice(LIMITS))])(),
        lambda _: pw.cache_info(),
    ],
    ids=["clear", "limit", "both", "info"],
)
def test_the_cache_may_be_changed_while_threads_encode(
    tok: pw.Tokenizer, documents: list[str], expected: list[list[int]], meddle: Callable[[Random], None]
) -> None:
    def work() -> None:
        assert_ids(tok, documents, expected, 2)
        assert tok.encode(documents[0]) == expected[0]

    alongside(work, meddle)
    # With nobody at work, the limit holds again at once or with the next text.
    assert tok.encode(documents[0]) == expected[0]
    assert pw.cache_info().bytes <= pw.cache_info().limit


def test_many_tokenizers_share_the_limit(python_docs: str, documents: list[str]) -> None:
    limit = 300_000
    pw.set_cache_limit(limit)
    toks = [pw.train([python_docs[start : start + 20_000]], vocab_size=400) for start in range(0, 400_000, 20_000)]
    assert len(toks) == 20
    for _ in range(2):
        for tok in toks:
            text = "".join(documents[:20])
            assert tok.decode(tok.encode(text)) == text
            tok.encode_batch(documents, threads=2)
            assert pw.cache_info().bytes <= limit
    for tok in (toks[0], toks[-1]):
        trained(tok).assert_all_ways(documents[:30])


def test_tokenizers_that_are_gone_leave_nothing(python_docs: str, documents: list[str]) -> None:
    pw.set_cache_limit(64 * MIB)
    pw.clear_cache()
    for _ in range(3):
        tok = pw.train([python_docs[:20_000]], vocab_size=400)
        tok.encode_batch(documents, threads=2)
        del tok
    pw.clear_cache()
    assert pw.cache_info().bytes == 0


def test_threads_that_are_gone_leave_no_more_than_the_limit(tok: pw.Tokenizer, documents: list[str]) -> None:
    limit = 500_000
    pw.set_cache_limit(limit)
    for start in range(100):
        thread = threading.Thread(target=tok.encode, args=["".join(documents[start : start + 20])])
        thread.start()
        thread.join()
        assert pw.cache_info().bytes <= limit


@needs_fork
def test_a_child_has_the_limit_and_a_working_cache() -> None:
    script = """
    import os, warnings
    warnings.simplefilter("ignore", DeprecationWarning)
    tok = pw.train(["the cat sat on the mat, the cat ate the rat " * 100], vocab_size=270)
    pw.set_cache_limit(200_000)
    texts = [f"the cat {number} sat on {number}" * 100 for number in range(500)]
    expected = tok.encode_batch(texts, threads=2)
    child = os.fork()
    if child == 0:
        same = tok.encode_batch(texts, threads=2) == expected and pw.cache_info().limit == 200_000
        pw.clear_cache()
        same = same and tok.encode_batch(texts, threads=2) == expected and pw.cache_info().bytes <= 200_000
        os._exit(0 if same else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    """
    run_python(script, timeout=60)


# Memory

FRESH = """
from random import Random

# Bytes to letters, and one in eight to a space: words that never come again.
LETTERS = bytes(32 if byte % 8 == 0 else 97 + byte % 26 for byte in range(256))

def fresh(seed, size=4 << 20):
    return Random(seed).randbytes(size).translate(LETTERS)
"""


@needs_proc
@pytest.mark.parametrize(
    ("limit", "megabytes", "call"),
    [
        (None, 160, "tok.count(text)"),
        (4 << 20, 64, "tok.count(text)"),
        (0, 32, "tok.count(text)"),
        (None, 160, "tok.count_batch([text[i : i + 4096] for i in range(0, len(text), 4096)])"),
        (4 << 20, 96, "tok.count_batch([text[i : i + 4096] for i in range(0, len(text), 4096)], threads=8)"),
    ],
)
def test_memory_after_much_fresh_text_is_the_limit_and_no_more(
    tok: pw.Tokenizer, tmp_path: Path, limit: int | None, megabytes: int, call: str
) -> None:
    tok.save(tmp_path / "model.json")
    script = f"""
{FRESH}
tok = pw.Tokenizer.load(sys.argv[1])
limit, megabytes = {limit!r}, {megabytes}
pw.set_cache_limit(0)
for seed in range(3):
    text = fresh(seed)
    {call}
before = used()
pw.set_cache_limit({64 << 20} if limit is None else limit)
for seed in range(megabytes // 4):
    text = fresh(100 + seed)
    {call}
    assert pw.cache_info().bytes <= pw.cache_info().limit
print(used() - before)
"""
    grown = int(run_python(script, str(tmp_path / "model.json"), timeout=200))
    # 24 MiB for what the allocator keeps and for the text itself, which comes and goes.
    assert grown <= (64 * MIB if limit is None else limit) + 24 * MIB


@needs_proc
def test_memory_of_threads_that_come_and_go_is_the_limit_and_no_more(tok: pw.Tokenizer, tmp_path: Path) -> None:
    tok.save(tmp_path / "model.json")
    script = f"""
{FRESH}
import threading
tok = pw.Tokenizer.load(sys.argv[1])
pw.set_cache_limit(4 << 20)
def work(seed):
    thread = threading.Thread(target=lambda: tok.count(fresh(seed, 1 << 20)))
    thread.start()
    thread.join()
for seed in range(4):
    work(seed)
before = used()
for seed in range(60):
    work(100 + seed)
print(used() - before)
"""
    assert int(run_python(script, str(tmp_path / "model.json"))) <= 24 * MIB
