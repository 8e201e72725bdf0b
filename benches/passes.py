"""One run of one encoder, in a process of its own: what `encoding.py` starts again and again.

Reads a `Request` as JSON from standard input, writes figures to standard output as they come, a JSON object a line:
`{"figure": KEY, "value": NUMBER, "gives": WHAT}`, `{"problem": KEY, "text": WHY}` or `{"begin": KEY}`. Every figure
comes after its ids have been compared with tiktoken's; where they are not the same, the problem says where they part.
"""

import gc
import json
import os
import random
import string
import sys
import time
import timeit
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from encoders import ENCODERS, LOADED_FROM, Encoder, Ids, Result, UnavailableError, Vocabulary, Way
from process import peak_memory

Argument = Any
"""What a library takes: texts, a text, ids, a path."""

DOCUMENT = 4096
SHORT = 100
TRIVIAL = "hello world"
# Repeated passes go on for so long, at least so many. The best of them counts: with other work on the machine, the
# median of three differed by 10 % from process to process where the best differed by 3 %.
SECONDS = 0.2
PASSES = 3
REPETITIONS = 10


@dataclass(frozen=True)
class Request:
    """What to run."""

    job: str
    """One of `JOBS`."""
    encoder: str
    vocabulary: dict[str, Any]
    threads: int
    path: str = ""
    """The corpus."""
    expected: str = ""
    """A folder with tiktoken's ids: `documents.npy`, `short.npy`, `one.npy`."""
    texts: tuple[str, ...] = ()
    """For `latency`."""
    texts_ids: tuple[tuple[int, ...], ...] = ()
    """tiktoken's ids of them."""
    runs_of: tuple[tuple[str, str, int], ...] = ()
    """For `long`: key, what is repeated, number of bytes."""
    fresh_bytes: int = 0
    """For `memory`: how much text."""
    seconds: float = SECONDS
    """How long passes are repeated."""


def emit(**line: str | float) -> None:
    """A line to the process that asked."""
    print(json.dumps(line), flush=True)


def figure(key: str, value: float, gives: str = "") -> None:
    """A result."""
    emit(figure=key, value=value, gives=gives)


def parts(text: bytes, size: int) -> list[str]:
    """A text in parts of at most this many bytes, cut between characters."""
    cut: list[str] = []
    start = 0
    while start < len(text):
        end = min(start + size, len(text))
        while end < len(text) and text[end] & 0xC0 == 0x80:
            end -= 1
        cut.append(text[start:end].decode())
        start = end
    return cut


def timed(call: Callable[[Argument], Result], argument: Argument) -> tuple[float, Result]:
    """How long a call took, and what it gave."""
    gc.collect()
    began = time.perf_counter()
    result = call(argument)
    return time.perf_counter() - began, result


def best(call: Callable[[Argument], Result], argument: Argument, enough: float) -> float:
    """The best time of calls that are repeated for so many seconds."""
    times: list[float] = []
    while len(times) < PASSES or sum(times) < enough:
        # A slow one is not called again and again.
        if sum(times) > 1:
            break
        seconds, result = timed(call, argument)
        times.append(seconds)
        # Not to be freed while the next call is timed.
        del result
    return min(times)


def same(key: str, ids: Ids, expected: Ids) -> None:
    """Compare ids with tiktoken's."""
    import numpy as np

    ids = np.asarray(ids)
    if np.array_equal(ids, expected):
        return
    common = min(len(ids), len(expected))
    differing = np.flatnonzero(ids[:common] != expected[:common])
    place = int(differing[0]) if len(differing) else common
    found, right = (each[place : place + 4].tolist() for each in (ids, np.asarray(expected)))
    emit(problem=key, text=f"ids differ at {place:,} of {len(expected):,}: {found}, not {right}")


class Bench:
    """A loaded encoder, and what to do with it."""

    def __init__(self, request: Request) -> None:
        self.request = request
        load = ENCODERS[request.encoder](Vocabulary(**request.vocabulary), request.threads)
        began = time.perf_counter()
        self.encoder: Encoder = load()
        self.load_seconds = time.perf_counter() - began

    def expected(self, name: str) -> Ids:
        """The ids that tiktoken gave."""
        import numpy as np

        return np.load(Path(self.request.expected, f"{name}.npy"), mmap_mode="r")

    def first_batch(self) -> None:
        """What comes before the clock starts for all that follows."""
        seconds, _ = timed(self.encoder.batch.call, [TRIVIAL])
        figure("first_batch", seconds)

    def way(self, key: str, way: Way, argument: Argument, size: int, expected: str) -> None:
        """Repeated passes over what has been seen before: MB/s."""
        same(key, way.ids(way.call(argument)), self.expected(expected))
        figure(key, size / 1e6 / best(way.call, argument, self.request.seconds), way.gives)

    def batch(self) -> None:
        """The first pass over a corpus, and later ones; on one thread also other shapes of it, counting, decoding."""
        request, encoder = self.request, self.encoder
        content = Path(request.path).read_bytes()
        size = len(content)
        documents = parts(content, DOCUMENT)
        self.first_batch()
        start = peak_memory()
        seconds, result = timed(encoder.batch.call, documents)
        peak = peak_memory()
        same("first", encoder.batch.ids(result), self.expected("documents"))
        del result
        figure("first", size / 1e6 / seconds, encoder.batch.gives)
        if peak is not None and start is not None and request.threads == 1:
            figure("peak", peak / 1e6)
            figure("peak_start", start / 1e6)
        figure("warm", size / 1e6 / best(encoder.batch.call, documents, request.seconds), encoder.batch.gives)
        if request.threads > 1:
            return
        text = content.decode()
        self.way("one", encoder.one, text, size, "one")
        self.way("short", encoder.batch, parts(content, SHORT), size, "short")
        self.counting(documents, size)
        self.decoding(content)

    def counting(self, documents: list[str], size: int) -> None:
        """Only the numbers of ids, where there is a way to ask for them."""
        way = self.encoder.count
        if way is None:
            return
        found, right = int(sum(way.call(documents))), len(self.expected("documents"))
        if found != right:
            emit(problem="count", text=f"{found} ids, not {right}")
        figure("count", size / 1e6 / best(way.call, documents, self.request.seconds), way.gives)

    def decoding(self, content: bytes) -> None:
        """Back to text."""
        way = self.encoder.decode
        ids = self.expected("one")
        import numpy as np

        # In memory, writable and of the type that ids have: nothing for a library to convert.
        taken = ids.tolist() if way.gives == "list" else np.array(ids, np.uint32)
        text = way.call(taken)
        if (text.encode() if isinstance(text, str) else text) != content:
            emit(problem="decode", text="the text is another one")
        del text
        figure("decode", len(content) / 1e6 / best(way.call, taken, self.request.seconds), f"from {way.gives}")

    def file(self) -> None:
        """A whole file as one text, on first sight, from its path on."""
        encoder, path = self.encoder, self.request.path

        def read(path: str) -> Result:
            return encoder.one.call(Path(path).read_bytes().decode())

        # The system has it in memory.
        size = len(Path(path).read_bytes())
        self.first_batch()
        way = encoder.file or Way(encoder.one.gives, read, encoder.one.ids)
        seconds, result = timed(way.call, path)
        same("file", way.ids(result), self.expected("one"))
        figure("file", size / 1e6 / seconds, way.gives)

    def latency(self) -> None:
        """Loading, the first call, and what a call costs later on."""
        import numpy as np

        encoder, request = self.encoder, self.request
        figure("load", self.load_seconds, LOADED_FROM.get(request.encoder, "rank file"))
        for place, (short, text) in enumerate(
            zip((encoder.to_list, encoder.to_list, encoder.to_numpy), request.texts, strict=True)
        ):
            timer = timeit.Timer(short.statement, globals=short.names | {"text": text})
            if place == 0:
                figure("first_encode", timer.timeit(1))
            key = f"latency_{place}"
            ids = eval(short.statement, short.names | {"text": text})  # noqa: S307  our own
            same(key, np.asarray(ids), np.asarray(request.texts_ids[place], np.uint32))
            number = 1
            while (seconds := timer.timeit(number)) < request.seconds / REPETITIONS / 2:
                number *= 2
            figure(key, min(seconds, *timer.repeat(REPETITIONS, number)) / number, short.gives)

    def long(self) -> None:
        """Texts that no split pattern cuts."""
        import hashlib

        import numpy as np

        self.first_batch()
        for key, unit, size in self.request.runs_of:
            text = unit * (size // len(unit.encode()))
            emit(begin=key)
            try:
                seconds, result = timed(self.encoder.one.call, text)
            # What Rust's panics become derives from nothing less.
            except BaseException as error:
                emit(problem=key, text=f"{type(error).__name__}: {error}"[:200])
                continue
            ids = np.asarray(self.encoder.one.ids(result)).astype("<u4")
            figure(key, seconds, hashlib.sha256(ids.tobytes()).hexdigest())

    def memory(self) -> None:
        """Much text in which ever new words come, a chunk after the other; what it gave is dropped at once."""
        request, encoder = self.request, self.encoder
        content = Path(request.path).read_bytes()
        self.first_batch()
        draw = random.Random(0)  # noqa: S311  nothing secret about it
        letters = string.ascii_lowercase.encode()
        seconds = 0.0
        done = output = 0
        start = None
        while done < request.fresh_bytes:
            other = bytes.maketrans(letters, bytes(draw.sample(list(letters), len(letters))))
            documents = parts(content.translate(other), DOCUMENT)
            took, result = timed(encoder.batch.call, documents)
            seconds += took
            done += len(content)
            output = max(output, encoder.batch.ids(result).nbytes)
            del result
            # The first chunk shows what the chunks themselves take.
            start = start or peak_memory()
        end = peak_memory()
        figure("fresh", done / 1e6 / seconds)
        if start is not None and end is not None:
            figure("fresh_start", start / 1e6)
            figure("fresh_peak", end / 1e6)
            figure("fresh_output", output / 1e6)
        info = encoder.extra.get("cache_info")
        if info is not None:
            figure("cache_limit", info().limit / 1e6)


JOBS: dict[str, Callable[[Bench], None]] = {
    "batch": Bench.batch,
    "file": Bench.file,
    "latency": Bench.latency,
    "long": Bench.long,
    "memory": Bench.memory,
}


def keep_to(threads: int) -> None:
    """Let this process have only so many cores: some libraries cannot be told."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-threads:])


def main() -> None:
    """Answer the request."""
    asked = json.load(sys.stdin)
    for name in ("texts", "texts_ids", "runs_of"):
        asked[name] = tuple(tuple(each) if isinstance(each, list) else each for each in asked[name])
    request = Request(**asked)
    keep_to(request.threads)
    try:
        bench = Bench(request)
    except UnavailableError as error:
        emit(problem="*", text=str(error))
        return
    JOBS[request.job](bench)


if __name__ == "__main__":
    main()
