"""One run of one trainer, in a process of its own: what `training.py` starts again and again.

Reads a `Request` as JSON from standard input, writes a `Run` as JSON to standard output, and the tokens to a file.

The clock runs from before the corpus is opened until the vocabulary is a Python object. Libraries are imported before.
Nothing is imported that the trainer does not need: a process is charged for all of its memory.
"""

import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from process import peak_memory

# Peers that take texts are given the corpus in documents of about this many characters, so that every core is at work.
# With 4,096, 65,536 or 2**20 characters each of them was within 5 % of this; with all in one, rustbpe took a quarter
# more (50 MB of English, 2 cores).
DOCUMENT = 1 << 14
DOCUMENTS_AT_ONCE = 256


@dataclass(frozen=True)
class Request:
    """What to train, on what."""

    trainer: str
    paths: list[str]
    vocab_size: int
    pattern: str
    """The name of the split pattern, for pairwright."""
    regex: str
    """The same pattern, for the others."""
    tokens: str
    """The file to write the tokens to."""
    spawned: float
    """When the process was started, by `time.monotonic`."""
    memory_limit: int | None = None
    """For pairwright, in bytes."""


@dataclass(frozen=True)
class Run:
    """What a run took. Sizes are in bytes, None where the system does not tell."""

    seconds: float
    start_seconds: float
    """From the start of the process until all was imported."""
    start_bytes: int | None
    """The most memory the process had until then."""
    peak_bytes: int | None
    """The most memory the process had until the vocabulary was there."""


Work = Callable[[], Any]
Tokens = Callable[[Any], list[bytes]]
"""From what the work gave to the tokens in the order of ids. Runs after the clock has stopped."""


def documents(paths: list[str], size: int = DOCUMENT) -> Iterator[str]:
    """The corpus in parts that a split pattern cuts into the same pieces as the whole.

    They are cut where a newline is followed by an ASCII letter or digit: a piece of `cl100k` and `o200k` that has a
    newline ends there at the latest.
    """
    for path in paths:
        # Without newline="" each "\r\n" would become "\n".
        with Path(path).open(encoding="utf-8", newline="") as file:
            rest = ""
            while block := file.read(size):
                rest += block
                if cut := last_cut(rest):
                    yield rest[:cut]
                    rest = rest[cut:]
            if rest:
                yield rest


def last_cut(text: str) -> int:
    """Where the last line of a text begins that starts with an ASCII letter or digit; 0 if there is none."""
    end = len(text) - 1
    while (newline := text.rfind("\n", 0, end)) >= 0:
        first = text[newline + 1]
        if first.isascii() and first.isalnum():
            return newline + 1
        end = newline
    return 0


def byte_alphabet() -> dict[str, int]:
    """The character by which GPT-2's alphabet writes each byte → the byte.

    Printable characters of Latin-1 stand for themselves, U+0100 and those after it for the other bytes.
    """
    printable = [byte for byte in range(256) if chr(byte).isprintable() and byte != ord(" ")]
    others = [byte for byte in range(256) if byte not in printable]
    return {chr(byte): byte for byte in printable} | {chr(256 + place): byte for place, byte in enumerate(others)}


def spelled_out(vocab: dict[str, int]) -> list[bytes]:
    """The tokens of a vocabulary in GPT-2's alphabet, as bytes."""
    alphabet = byte_alphabet()
    return [bytes(alphabet[character] for character in token) for token in sorted(vocab, key=vocab.__getitem__)]


def pairwright(request: Request, *, pattern: str | None = None, threads: int | None = None) -> tuple[Work, Tokens]:
    """Train with pairwright, on every core and under the pattern of the request unless told otherwise."""
    from pairwright import train

    paths = [Path(path) for path in request.paths]
    limit = request.memory_limit

    def work() -> dict[bytes, int]:
        return train(paths, request.vocab_size, pattern or request.pattern, threads=threads, memory_limit=limit).vocab

    return work, list


def one_thread(request: Request) -> tuple[Work, Tokens]:
    """Train with pairwright on one thread."""
    return pairwright(request, threads=1)


def gpt2(request: Request) -> tuple[Work, Tokens]:
    """Train with pairwright under the pattern that gigabpe uses."""
    return pairwright(request, pattern="gpt2")


def counting(request: Request) -> tuple[Work, Tokens]:
    """Counting alone, on one thread. Gives the pieces: together they are the corpus."""
    from pairwright import Counts, count

    paths = [Path(path) for path in request.paths]

    def pieces(counts: Counts) -> list[bytes]:
        size = sum(len(piece) * times for piece, times in counts.items())
        if size != sum(path.stat().st_size for path in paths):
            raise SystemExit(f"error: the pieces that were counted have {size} bytes, the corpus has not")
        return list(counts)

    return lambda: count(paths, request.pattern, threads=1), pieces


def lines(request: Request) -> tuple[Work, Tokens]:
    """What gigabpe should learn, but for ties: it takes each line for a document. Not timed."""
    import pairwright as pw

    def each_line() -> Iterator[bytes]:
        for path in request.paths:
            with Path(path).open("rb") as file:
                yield from file

    return lambda: pw.train(each_line(), request.vocab_size, "gpt2").vocab, list


def gigabpe(request: Request) -> tuple[Work, Tokens]:
    """Train with gigabpe, whose only split pattern for byte-level tokens is GPT-2's."""
    import gigabpe

    def work() -> dict[str, int]:
        vocab: dict[str, int] = gigabpe.train_bpe(request.paths, request.vocab_size, pretokenizer="bytelevel")[0]
        return vocab

    return work, spelled_out


def rustbpe(request: Request) -> tuple[Work, Tokens]:
    """Train with rustbpe under the pattern of the request."""
    import rustbpe

    def work() -> list[tuple[bytes, int]]:
        trainer = rustbpe.Tokenizer()
        trainer.train_from_iterator(
            documents(request.paths), request.vocab_size, buffer_size=DOCUMENTS_AT_ONCE, pattern=request.regex
        )
        ranks: list[tuple[bytes, int]] = trainer.get_mergeable_ranks()
        return ranks

    return work, lambda ranks: [bytes(token) for token, _ in ranks]


def bpeasy(request: Request) -> tuple[Work, Tokens]:
    """Train with bpeasy under the pattern of the request, with no limit on the length of tokens."""
    import bpeasy

    no_limit = 2**31 - 1

    def work() -> dict[bytes, int]:
        vocab: dict[bytes, int] = bpeasy.train_bpe(
            documents(request.paths), request.regex, no_limit, request.vocab_size, batch_size=DOCUMENTS_AT_ONCE
        )
        return vocab

    return work, lambda vocab: sorted(vocab, key=vocab.__getitem__)


def tokenizers(request: Request) -> tuple[Work, Tokens]:
    """Train with tokenizers under the pattern of the request, with all 256 bytes in the vocabulary."""
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers, trainers

    def work() -> dict[str, int]:
        tokenizer = Tokenizer(models.BPE())
        byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
        split = pre_tokenizers.Split(Regex(request.regex), "isolated")
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence([split, byte_level])
        alphabet = pre_tokenizers.ByteLevel.alphabet()
        trainer = trainers.BpeTrainer(
            vocab_size=request.vocab_size, show_progress=False, special_tokens=[], initial_alphabet=alphabet
        )
        tokenizer.train_from_iterator(documents(request.paths), trainer)
        vocab: dict[str, int] = tokenizer.get_vocab()
        return vocab

    return work, spelled_out


TRAINERS: dict[str, Callable[[Request], tuple[Work, Tokens]]] = {
    "pairwright": pairwright,
    "pairwright-one-thread": one_thread,
    "pairwright-gpt2": gpt2,
    "pairwright-count": counting,
    "pairwright-lines": lines,
    "gigabpe": gigabpe,
    "rustbpe": rustbpe,
    "bpeasy": bpeasy,
    "tokenizers": tokenizers,
}


def run(request: Request) -> tuple[Run, list[bytes]]:
    """Answer a request in a process of its own; gives what it took, and the tokens. Ends the program if it fails."""
    # That process is not to be charged for it.
    import subprocess

    asked = json.dumps(asdict(request))
    done = subprocess.run(
        [sys.executable, __file__], input=asked, stdout=subprocess.PIPE, encoding="utf-8", check=False
    )
    if done.returncode != 0:
        raise SystemExit(f"error: {request.trainer} failed with exit status {done.returncode}")
    tokens = json.loads(Path(request.tokens).read_text(encoding="utf-8"))
    return Run(**json.loads(done.stdout)), [token.encode("latin-1") for token in tokens]


def main() -> None:
    """Answer the request."""
    request = Request(**json.load(sys.stdin))
    work, tokens = TRAINERS[request.trainer](request)
    start_seconds, start_bytes = time.monotonic() - request.spawned, peak_memory()
    began = time.perf_counter()
    vocab = work()
    seconds = time.perf_counter() - began
    run = Run(seconds, start_seconds, start_bytes, peak_memory())
    # Latin-1 writes each byte as the character of the same number.
    Path(request.tokens).write_text(json.dumps([token.decode("latin-1") for token in tokens(vocab)]), encoding="utf-8")
    print(json.dumps(asdict(run)))


if __name__ == "__main__":
    main()
