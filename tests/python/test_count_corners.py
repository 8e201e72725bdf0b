"""Corpora that are unusual: pipes, no end of empty documents, thousands of threads, a count within a count."""

import itertools
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import pairwright
from pairwright._core import Counter

POSIX = os.name == "posix"
pipes = pytest.mark.skipif(not POSIX, reason="pipes have names on POSIX only")


@pipes
def test_a_pipe_is_a_document(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    text = "some words, and more\n" * 50_000
    writer = threading.Thread(target=pipe.write_text, args=(text,))
    writer.start()
    counts = pairwright.count(pipe)
    writer.join()
    assert counts == pairwright.count([text])


@pipes
@pytest.mark.parametrize("is_open", [False, True])
def test_ctrl_c_ends_waiting_for_a_pipe(tmp_path: Path, is_open: bool) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    script = f"""
import signal, pairwright
signal.signal(signal.SIGINT, signal.default_int_handler)
try:
    print("now", flush=True)
    pairwright.count({str(pipe)!r})
except KeyboardInterrupt:
    print("ended")
"""
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        held = None
        try:
            assert child.stdout.readline() == b"now\n"
            if is_open:
                held = pipe.open("wb", buffering=0)
                held.write(b"a beginning")
            time.sleep(0.3)
            child.send_signal(signal.SIGINT)
            # While the pipe stays as it is: it would never end.
            assert child.communicate(timeout=100)[0] == b"ended\n"
        finally:
            child.kill()
            if held is not None:
                held.close()


def test_empty_documents_without_end_can_be_stopped() -> None:
    seen = 0

    def stop(_event: pairwright.ProgressEvent) -> bool:
        nonlocal seen
        seen += 1
        return False

    with pytest.raises(pairwright.StoppedError):
        pairwright.count(itertools.repeat(""), progress=stop)
    assert seen == 1


def test_tiny_documents_are_fetched_in_small_batches() -> None:
    given = 0
    ahead = 0

    def documents() -> Iterator[str]:
        nonlocal given
        for given in range(1, 300_001):  # noqa: B007  told to the callback
            yield "a"

    def note(event: pairwright.ProgressEvent) -> None:
        nonlocal ahead
        ahead = max(ahead, given - event.done)

    assert pairwright.count(documents(), progress=note).total == 300_000
    assert ahead <= 200_000


@pytest.mark.parametrize("threads", [100_000, 10**9])
def test_any_number_of_threads_may_be_asked_for(threads: int) -> None:
    assert pairwright.count(["a b"], threads=threads).total == 2


@pytest.mark.skipif(not POSIX, reason="open files can be limited on POSIX only")
def test_many_threads_do_not_open_many_files(tmp_path: Path) -> None:
    # Each document is a block of its own, and each block is written to disk.
    script = f"""
import resource, pairwright
resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))
texts = [f"{{number}} words" + " and more" * 8_000 for number in range(600)]
counts = pairwright.count(texts, threads=16, memory_limit=1, spill_folder={str(tmp_path)!r})
assert counts == pairwright.count(texts)
"""
    subprocess.run([sys.executable, "-c", script], check=True, timeout=120)


def test_a_counter_that_failed_gives_no_counts() -> None:
    def documents() -> Iterator[str]:
        yield "some words " * 1_000_000
        raise LookupError

    counter = Counter(pattern="cl100k")
    with pytest.raises(LookupError):
        counter.add(documents())
    for call in (counter.finish, counter.digest, lambda: counter.add(["a"])):
        with pytest.raises(ValueError, match="finished or has failed"):
            call()


def test_a_count_that_is_stopped_inside_a_corpus_does_not_stop_training() -> None:
    def documents() -> Iterator[str]:
        yield "hello world " * 10
        pairwright.count(["a b"], progress=lambda _event: False)
        yield "never reached"

    with pytest.raises(pairwright.StoppedError):
        pairwright.train(documents(), 300, progress=lambda _event: None)
