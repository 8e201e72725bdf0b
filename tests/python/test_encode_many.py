"""Many tokenizers and threads at once, for a while: all ids are right, nothing hangs, nothing is left behind.

`PAIRWRIGHT_SECONDS` tells for how long; `python3 dev.py sanitize` makes it a minute, under AddressSanitizer.
"""

import os
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from limits import within

import pairwright as pw

SECONDS = float(os.environ.get("PAIRWRIGHT_SECONDS", "1"))

DRAWN = random.Random(5)
WORDS = ["the ", "cat", " sat\n", "12345", "!?", "é", "日本", " " * 9, "<|end|>", "a" * 200, "\x00", "x" * 3000]
TEXTS = ["".join(DRAWN.choices(WORDS, k=DRAWN.randrange(1, 200))) for _ in range(60)]


def trained(number: int) -> pw.Tokenizer:
    """A tokenizer that differs from that of any other number."""
    return pw.train([*TEXTS[number % 50 :], f"only {number} " * 20], 280 + number, special_tokens=["<|end|>"])


def use(tok: pw.Tokenizer, expected: list[list[int]], seed: int, until: float) -> int:
    """Call all there is in any order until the time is over; gives how many calls were made."""
    drawn = random.Random(seed)
    calls = 0
    while calls == 0 or time.monotonic() < until:
        at = drawn.randrange(len(TEXTS))
        text, ids = TEXTS[at], expected[at]
        match drawn.randrange(6):
            case 0:
                assert tok.encode(text, allowed_special="all") == ids
            case 1:
                assert tok.encode_to_numpy(text, allowed_special="all").tolist() == ids
            case 2:
                assert tok.decode(ids) == text
            case 3:
                assert tok.encode_batch(TEXTS, allowed_special="all", threads=2).to_lists() == expected
            case 4:
                assert tok.decode_batch(expected[:5]) == TEXTS[:5]
            case _:
                assert tok.count(text) >= 1
        if drawn.random() < 0.01:
            pw.clear_cache()
        calls += 1
    return calls


def together(tokenizers: list[pw.Tokenizer], threads: int) -> None:
    """Use tokenizers in turn from so many threads."""
    expected = [tok.encode_batch(TEXTS, allowed_special="all", threads=1).to_lists() for tok in tokenizers]
    until = time.monotonic() + SECONDS

    def work(number: int) -> int:
        at = number % len(tokenizers)
        return use(tokenizers[at], expected[at], number, until)

    with ThreadPoolExecutor(threads) as pool:
        assert all(pool.map(work, range(max(threads, len(tokenizers)))))


def test_eight_threads_use_one_tokenizer() -> None:
    within(SECONDS + 200, lambda: together([trained(0)], 8))


def test_one_thread_uses_sixty_four_tokenizers() -> None:
    within(SECONDS + 200, lambda: together([trained(number) for number in range(64)], 1))


def test_sixty_four_threads_use_a_tokenizer_each() -> None:
    within(SECONDS + 200, lambda: together([trained(number) for number in range(64)], 64))


@pytest.mark.parametrize("threads", [1, 4])
def test_tokenizers_are_dropped_while_others_encode_with_them(threads: int) -> None:
    expected = trained(3).encode_batch(TEXTS, allowed_special="all").to_lists()
    saved = trained(3)
    kept: list[pw.Tokenizer] = [saved]
    until = time.monotonic() + SECONDS
    errors: list[BaseException] = []

    def encode() -> None:
        try:
            while time.monotonic() < until:
                # Another thread replaces it meanwhile: the call has the only reference.
                assert kept[0].encode_batch(TEXTS, allowed_special="all", threads=threads).to_lists() == expected
        except BaseException as error:
            errors.append(error)

    workers = [threading.Thread(target=encode) for _ in range(4)]
    for worker in workers:
        worker.start()
    while time.monotonic() < until:
        kept[0] = trained(3)
    for worker in workers:
        worker.join(200)
        assert not worker.is_alive()
    assert errors == []
