"""Encoding into a folder or a file, with a bar and a summary."""

import json as to_json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from rich.table import Table

from pairwright import Corpus, Tokenizer, encode_corpus, encode_to_file
from pairwright.bar import Bar, megabytes
from pairwright.cli import ending, facts, files
from pairwright.cli.console import console, print_table, say
from pairwright.corpus.skipping import SHOWN_FILES, numbers
from pairwright.errors import advise
from pairwright.filenames import shown
from pairwright.special import Treatment
from pairwright.tokens.encoding import EncodingEvent
from pairwright.tokens.manifest import Manifest, Skipped
from pairwright.tokens.progress import Follower
from pairwright.tokens.run import complete_shards

# Skipped documents that are named at the end.
SHOWN = 5


def encode_into(
    folder: Path,
    tokenizer: Tokenizer,
    corpus: Corpus,
    *,
    format: Literal["bin", "npy", "parquet", "arrow", "jsonl"],
    append: str | None,
    shard_tokens: int,
    validation: float,
    special: Treatment,
    restart: bool,
    threads: int | None,
    json: bool,
    quiet: bool,
) -> None:
    """Encode a corpus into a folder, and tell what came of it. Raises as `encode_corpus`."""
    began = time.monotonic()
    with Bar(hidden=quiet) as bar, continuable(folder):
        follower = Announcing(bar, quiet=quiet)
        manifest = encode_corpus(
            tokenizer,
            corpus,
            # With a slash, so that it is a folder whatever its ending.
            f"{folder}/",
            format=format,
            append=append,
            shard_tokens=shard_tokens,
            validation=validation,
            special=special,
            restart=restart,
            threads=threads,
            progress=follower.receive,
        )
    seconds = time.monotonic() - began
    if not quiet:
        tell_skipped(manifest, folder)
    if json:
        with files.output(None) as write:
            write(to_json.dumps(in_json(manifest, folder, follower, seconds)).encode() + b"\n")
    elif not quiet:
        print_table(summary(manifest, folder, follower, seconds), console(stderr=True))


def encode_as_file(
    out: str,
    tokenizer: Tokenizer,
    corpus: Corpus,
    *,
    append: str | None,
    special: Treatment,
    threads: int | None,
    quiet: bool,
) -> None:
    """Encode a corpus into a single file, and tell what came of it. Raises as `encode_to_file`."""
    files.check_target(out)
    began = time.monotonic()
    with Bar(hidden=quiet) as bar:
        written = encode_to_file(
            tokenizer, corpus, out, append=append, special=special, threads=threads, progress=Follower(bar).receive
        )
    if quiet:
        return
    for where, reason in written.skipped[:SHOWN]:
        say(f"{where}: {reason}", label="skipped", style="bold yellow")
    if len(written.skipped) > SHOWN:
        say(f"{len(written.skipped) - SHOWN:,} more", label="skipped", style="yellow")
    kind = f"{written.format}, {written.dtype}" if written.format in ("bin", "npy") else written.format
    told = [
        ("documents", f"{written.documents:,}"),
        ("bytes", f"{written.bytes:,}"),
        ("tokens", f"{written.tokens:,}"),
        ("time", f"{time.monotonic() - began:.2f} s"),
        ("file", f"{shown(out)} ({kind})"),
    ]
    print_table(facts.table(told), console(stderr=True))


class Announcing(Follower):
    """A follower that says once that the work goes on behind what an earlier run completed."""

    def __init__(self, bar: Bar, *, quiet: bool) -> None:
        super().__init__(bar)
        self._is_said = quiet

    def receive(self, event: EncodingEvent) -> None:
        """Take note of an event."""
        if event.shards_before and not self._is_said:
            shards = "1 shard" if event.shards_before == 1 else f"{event.shards_before:,} shards"
            say(f"resuming: {shards} with {event.documents_before:,} documents are complete")
            self._is_said = True
        super().receive(event)


@contextmanager
def continuable(folder: Path) -> Iterator[None]:
    """What breaks the work off has the hint that it can be continued, where it can."""
    try:
        yield
    except (KeyboardInterrupt, OSError) as error:
        number = complete_shards(folder)
        if number:
            shards = "the shard that is" if number == 1 else f"the {number:,} shards that are"
            hint = f"the same command continues after {shards} complete"
            if isinstance(error, OSError):
                advise(error, hint)
            else:
                ending.hints.append(hint)
        raise


def tell_skipped(manifest: Manifest, folder: Path) -> None:
    """Name the files that were passed over, and the first documents."""
    for kind, of_kind, most in (
        ("files", files_of(manifest), SHOWN_FILES),
        ("documents", documents_of(manifest), SHOWN),
    ):
        for each in of_kind[:most]:
            where = f"{each.input}, {each.position}" if each.position else each.input
            say(f"{where}: {each.reason}", label="skipped", style="bold yellow")
        if len(of_kind) > most:
            more = f"{len(of_kind) - most:,} more {kind}, see {folder / 'manifest.json'}"
            say(more, label="skipped", style="yellow")


def files_of(manifest: Manifest) -> list[Skipped]:
    """The files that were passed over, as a whole or from a place on."""
    return [each for each in manifest.skipped if each.document is None]


def documents_of(manifest: Manifest) -> list[Skipped]:
    """The documents that were passed over."""
    return [each for each in manifest.skipped if each.document is not None]


def peak_memory() -> int | None:
    """The most bytes of memory that this process had, where the system tells."""
    status = Path("/proc/self/status")
    if status.exists():
        # What getrusage says on Linux is never less than what the parent had when it started this process.
        peak = next((line.split()[1] for line in status.read_text().splitlines() if line.startswith("VmHWM:")), None)
        return None if peak is None else int(peak) * 1024
    try:
        import resource
    except ImportError:
        return None
    # macOS counts bytes, others kilobytes.
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def figures(manifest: Manifest, follower: Follower, seconds: float) -> dict[str, Any]:
    """The figures of a summary. The speed is that of this command."""
    size, tokens = (sum(getattr(split, key) for split in manifest.splits) for key in ("bytes", "tokens"))
    done = follower.last.bytes if follower.last is not None else 0
    return {
        "documents": sum(split.documents for split in manifest.splits),
        "bytes": size,
        "tokens": tokens,
        "bytes_per_token": size / tokens if tokens else None,
        "seconds": seconds,
        "mb_per_second": done / 1e6 / seconds if seconds else None,
        "peak_memory": peak_memory(),
        "skipped": len(documents_of(manifest)),
        "skipped_files": [
            {"name": each.input, "position": each.position, "reason": each.reason} for each in files_of(manifest)
        ],
    }


def in_json(manifest: Manifest, folder: Path, follower: Follower, seconds: float) -> dict[str, Any]:
    """The summary for machines."""
    splits = {
        split.name: {
            "documents": split.documents,
            "bytes": split.bytes,
            "tokens": split.tokens,
            "shards": len(split.shards),
        }
        for split in manifest.splits
    }
    return {"folder": shown(folder), **figures(manifest, follower, seconds), "splits": splits}


def summary(manifest: Manifest, folder: Path, follower: Follower, seconds: float) -> Table:
    """The summary for people."""
    return facts.table(rows(manifest, folder, follower, seconds))


def rows(manifest: Manifest, folder: Path, follower: Follower, seconds: float) -> Iterator[tuple[str, str]]:
    """What the summary says."""
    known = figures(manifest, follower, seconds)
    yield "documents", f"{known['documents']:,}"
    yield "bytes", f"{known['bytes']:,}"
    yield "tokens", f"{known['tokens']:,}"
    if known["bytes_per_token"]:
        yield "bytes per token", f"{known['bytes_per_token']:.3f}"
    if len(manifest.splits) > 1:
        yield "splits", "\n".join(f"{split.name}: {split.documents:,} documents" for split in manifest.splits)
    if manifest.skipped:
        yield "skipped", numbers(len(known["skipped_files"]), known["skipped"])
    if follower.last is None:
        yield "time", "nothing was left to do"
    else:
        yield "time", f"{seconds:.2f} s, {known['mb_per_second']:,.1f} MB/s"
    if known["peak_memory"] is not None:
        yield "peak memory", megabytes(known["peak_memory"])
    files = sum(len(split.shards) for split in manifest.splits)
    yield "folder", f"{shown(folder)}, {files:,} {manifest.settings['format']} {'shard' if files == 1 else 'shards'}"
