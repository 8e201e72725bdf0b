"""Threads, forks, interrupts and exits while a tokenizer is at work."""

import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from limits import within
from peers import assert_equal
from processes import needs_fork, run_python

import pairwright as pw

# Forking a process that has threads is what is tested here.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture(scope="module")
def tok(python_docs: str) -> pw.Tokenizer:
    return pw.train([python_docs[:100_000]], vocab_size=800, special_tokens=["<|end|>"])


@pytest.fixture(scope="module")
def documents(python_docs: str) -> list[str]:
    """Enough for several threads to have work for a while."""
    return [python_docs[start : start + 3000] + "中文 <|end|> été" for start in range(0, 360_000, 3000)] * 4


Work = Callable[[], object]


def works(tok: pw.Tokenizer, documents: list[str]) -> list[Work]:
    """Eight things to do with one tokenizer, each with a result that compares."""
    special = tok.special_tokens["<|end|>"]
    text = "".join(documents[:50])
    batch = tok.encode_batch(documents, disallowed_special=())
    return [
        lambda: tok.encode_batch(documents, allowed_special="all", threads=2).to_lists(),
        lambda: tok.encode_batch(documents[::-1], disallowed_special=()).to_lists(),
        lambda: tok.count_batch(documents[::3], threads=3).tolist(),
        lambda: [tok.encode(document, allowed_special={"<|end|>"})[-20:].count(special) for document in documents],
        lambda: tok.encode_to_numpy(text, disallowed_special=()).tolist(),
        lambda: [tok.encode_ordinary(document[at:]) for at, document in enumerate(documents)],
        lambda: [tok.count(document) for document in documents],
        lambda: tok.decode_batch(batch),
    ]


def test_eight_threads_on_one_tokenizer_give_what_one_gives(tok: pw.Tokenizer, documents: list[str]) -> None:
    each = works(tok, documents)
    expected = [work() for work in each]
    barrier = threading.Barrier(8)

    def run(first: int) -> list[object]:
        barrier.wait()
        # Each begins elsewhere, so that all kinds of work meet.
        return [each[(first + at) % 8]() for at in range(8)]

    with ThreadPoolExecutor(8) as pool:
        for first, found in enumerate(pool.map(run, range(8))):
            assert found == expected[first:] + expected[:first]


def test_the_first_use_may_come_from_eight_threads_at_once(tok: pw.Tokenizer, documents: list[str]) -> None:
    expected = tok.encode_ordinary(documents[0])
    for _ in range(20):
        fresh = pickle.loads(pickle.dumps(tok))
        barrier = threading.Barrier(8)

        def run(fresh: pw.Tokenizer = fresh, barrier: threading.Barrier = barrier) -> list[int]:
            barrier.wait()
            return fresh.encode_ordinary(documents[0])

        with ThreadPoolExecutor(8) as pool:
            assert all(future.result() == expected for future in [pool.submit(run) for _ in range(8)])


def test_many_tokenizers_at_once_do_not_mix(tok: pw.Tokenizer, documents: list[str]) -> None:
    patterns = ["gpt2", "o200k", "cl100k"]
    toks = [tok, *(pw.train(documents[at : at + 30], 300 + 50 * at, name) for at, name in enumerate(patterns))]
    expected = [tok.encode_batch(documents[:80], disallowed_special=()) for tok in toks]

    def run(at: int) -> bool:
        return toks[at % 4].encode_batch(documents[:80], disallowed_special=(), threads=2) == expected[at % 4]

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(run, range(64)))


def test_a_tokenizer_may_go_while_others_work(tok: pw.Tokenizer, documents: list[str]) -> None:
    expected = tok.encode_batch(documents[:80], disallowed_special=())
    saved = pickle.dumps(tok)

    def run(_: int) -> bool:
        # Nobody holds it but the call itself.
        batch: pw.TokenBatch = pickle.loads(saved).encode_batch(documents[:80], disallowed_special=())
        return batch == expected

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(run, range(40)))


# Forks


def fork(work: Callable[[], bool], seconds: float = 60) -> int:
    """The exit code of a child that does some work and ends at once; it is killed when it takes too long."""
    child = os.fork()
    if child == 0:
        code = 99
        try:
            code = 0 if work() else 1
        finally:
            os._exit(code)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.005)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    raise TimeoutError(f"the child hung for {seconds} s")


@needs_fork
def test_a_child_encodes_after_its_parent_did(tok: pw.Tokenizer, documents: list[str]) -> None:
    expected = tok.encode_batch(documents, disallowed_special=())

    def work() -> bool:
        for threads in (None, 1, 2, 3):
            if tok.encode_batch(documents, disallowed_special=(), threads=threads) != expected:
                return False
        return tok.decode_batch(expected) == documents

    assert fork(work) == 0
    # A child of a child, and the parent again.
    assert fork(lambda: work() and fork(work) == 0) == 0
    assert work()


@needs_fork
def test_children_forked_in_the_middle_of_batches_of_other_threads(tok: pw.Tokenizer, documents: list[str]) -> None:
    expected = tok.encode_batch(documents, disallowed_special=())
    text = "".join(documents)
    ids = tok.encode_to_numpy(text, disallowed_special=())
    done = threading.Event()
    rounds = [0] * 4
    errors: list[BaseException] = []

    def keep_encoding(number: int) -> None:
        try:
            while not done.is_set():
                if number % 2:
                    assert tok.encode_batch(documents, disallowed_special=()) == expected
                else:
                    assert_equal(tok.encode_to_numpy(text, disallowed_special=()), ids, "beside forks")
                rounds[number] += 1
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=keep_encoding, args=[number], daemon=True) for number in range(4)]
    for thread in threads:
        thread.start()
    try:
        for number in range(15):
            # Not always at the same moment of a batch.
            time.sleep(0.001 * (number % 7))

            def work() -> bool:
                assert_equal(tok.encode_to_numpy(text, disallowed_special=()), ids, "in a child")
                fresh = pw.train(documents[:2], 270)
                return tok.encode_batch(documents, disallowed_special=()) == expected and bool(fresh.encode("a b"))

            assert fork(work) == 0
    finally:
        done.set()
        for thread in threads:
            thread.join(60)
    assert errors == []
    assert all(rounds)


def encode_in_child(tok: pw.Tokenizer, documents: list[str]) -> list[list[int]]:
    return tok.encode_batch(documents, disallowed_special=(), threads=2).to_lists()


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_processes_of_a_pool_take_a_pickled_tokenizer(tok: pw.Tokenizer, documents: list[str], method: str) -> None:
    if method not in multiprocessing.get_all_start_methods():
        pytest.skip(f"this system has no {method}")
    expected = encode_in_child(tok, documents)
    with multiprocessing.get_context(method).Pool(2) as pool:
        found = pool.starmap_async(encode_in_child, [(tok, documents[at::3]) for at in range(3)]).get(60)
    assert found == [expected[at::3] for at in range(3)]


# The end of the interpreter


@pytest.mark.parametrize(
    "call",
    ["encode_batch(texts)", "encode_batch(texts, threads=1)", "encode_to_numpy(texts[0])", "count_batch(texts)"],
)
def test_the_interpreter_may_end_while_a_daemon_thread_encodes(call: str) -> None:
    script = f"""
    import threading, time
    tok = pw.train(["the cat sat on the mat, the cat ate the rat"], 262)
    texts = ["the cat ate the rat on the mat, " * 200_000] * 8
    started = threading.Event()
    def work():
        while True:
            started.set()
            tok.{call}
    for _ in range(3):
        threading.Thread(target=work, daemon=True).start()
    started.wait()
    time.sleep(float(sys.argv[1]))
    print("leaving")
    """
    for pause in ("0", "0.05", "0.2"):
        assert run_python(script, pause, timeout=60) == "leaving\n"


def test_the_interpreter_may_end_with_an_exception_while_a_daemon_thread_encodes() -> None:
    script = """
    import threading, pairwright as pw
    tok = pw.train(["the cat sat on the mat, the cat ate the rat"], 262)
    texts = ["the cat ate the rat on the mat, " * 200_000] * 8
    started = threading.Event()
    threading.Thread(target=lambda: (started.set(), tok.encode_batch(texts)), daemon=True).start()
    started.wait()
    raise SystemExit(7)
    """
    ended = subprocess.run(
        [sys.executable, "-c", "\n".join(line.strip() for line in script.splitlines())],
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (7, b"")


# Interrupts

INTERRUPTED = """
import os, signal, threading, time
tok = pw.train(["the cat sat on the mat, the cat ate the rat"], 262)
texts = ["the cat ate the rat on the mat, " * 5000] * 64
expected = tok.encode_batch(texts)
def interrupt():
    time.sleep(0.3)
    asked.append(time.monotonic())
    os.kill(os.getpid(), signal.SIGINT)
for _ in range(2):
    asked = []
    thread = threading.Thread(target=interrupt)
    try:
        thread.start()
        while True:
            {work}
    except KeyboardInterrupt:
        ended = time.monotonic() - asked[0]
    thread.join()
    # A hang is what matters; a slice of work is well under a second.
    assert ended < 20, ended
    assert tok.encode_batch(texts) == expected
    assert tok.decode(tok.encode("the cat")) == "the cat"
"""


@pytest.mark.skipif(os.name != "posix", reason="needs signals")
@pytest.mark.parametrize(
    "work",
    [
        "tok.encode_batch(texts * 40)",
        "tok.encode_batch(texts * 40, threads=1)",
        "tok.count_batch(texts * 40)",
        "tok.encode_to_numpy(texts[0] * 500)",
        "tok.count(texts[0] * 500)",
        "tok.encode_ordinary('ab' * 20_000_000)",
    ],
)
def test_an_interrupt_ends_a_long_call_and_leaves_the_tokenizer_usable(work: str) -> None:
    run_python(INTERRUPTED.replace("{work}", work), timeout=120)


def test_texts_may_come_from_an_iterator_that_encodes(tok: pw.Tokenizer, documents: list[str]) -> None:
    """The iterator runs Python, and may use the same tokenizer and be slow, or fail."""
    expected = tok.encode_batch(documents[:20], disallowed_special=())
    given = (tok.decode(tok.encode_ordinary(document)) for document in documents[:20])
    assert within(60, lambda: tok.encode_batch(given, disallowed_special=())) == expected

    def failing() -> object:
        yield from documents[:5]
        raise LookupError("no more")

    with pytest.raises(LookupError, match="no more"):
        tok.encode_batch(failing(), disallowed_special=())  # type: ignore[arg-type]
    assert tok.encode_batch(documents[:20], disallowed_special=()) == expected
