"""`pairwright train` with nothing to train on: the whole way from a corpus to a round trip."""

from pathlib import Path

from pairwright import Tokenizer, datasets
from pairwright.cli.console import CommandError, console, say
from pairwright.cli.corpus import Source
from pairwright.visible import in_line

VOCAB_SIZE = 1024
SPECIAL_TOKENS = ("<bos>", "<eos>", "<pad>", "<unk>")

PASSAGE = 400


def corpus() -> Source:
    """TinyShakespeare, or what comes with Python if that cannot be had; standard error then tells why."""
    dataset, reason = datasets.default()
    if reason is not None:
        say(f"TinyShakespeare cannot be had: {reason}")
        say(f"training on {dataset.name} instead")
    return Source.of(dataset)


def round_trip(model: Path, corpus: Source, *, quiet: bool) -> None:
    """Encode a passage with the model that was saved, decode it again, compare. Raises `CommandError`."""
    tokenizer = Tokenizer.load(model)
    passage = beginning(corpus)
    ids = tokenizer.encode(passage, disallowed_special=())
    if tokenizer.decode_bytes(ids) != passage:
        raise CommandError("round trip: the decoded passage differs from the passage")
    if not quiet:
        screen = console(stderr=True)
        say("")
        screen.print(in_line(map(tokenizer.token_bytes, ids), screen), soft_wrap=True)
        say(f"round trip: a passage of {len(passage)} bytes, encoded as {len(ids)} ids and decoded again, is equal")


def beginning(corpus: Source) -> bytes:
    """A passage of whole lines, or if there is no line so short, of whole characters."""
    (passage, *_), _ = corpus.beginning(PASSAGE)
    lines, line_feed, _ = passage.rpartition(b"\n")
    return lines + line_feed if lines.strip() else passage.decode(errors="ignore").encode()
