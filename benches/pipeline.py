"""From files to token files: `pairwright encode --out FOLDER` beside what it could be at best, and beside peers.

    PAIRWRIGHT_DATA=FOLDER python benches/pipeline.py [--size MB] [--runs N] [--json FILE] [--folder FOLDER]
    PAIRWRIGHT_DATA=FOLDER python benches/pipeline.py --memory [--size MB]

Writes English prose, in which new words keep coming (see `scale.py`), in every format into a temporary folder: as one
text, and as documents of about 4 KB, which are lines of text, JSON lines and rows. Then, in turns, each in a process of
its own, with cl100k_base and two threads:

- in memory: the same text, or the same documents, encoded by one call of the library, without reading and writing;
- reading every format, with doing nothing else, and a SHA-256 of the text: seconds of all cores together;
- the whole command, from its start to its end, for every format, into `bin`; the text also into every other format;
- `gigatoken.encode_files` of the text, which gives an array and writes nothing;
- tiktoken and tokenizers through `datasets.map(batched=True, num_proc=2)`, on the first 20 MB: the call of `map` alone.

Seconds are those of the job, "process" those from the start of a process to its end; for the command both are the same.
Every format must give the same ids, byte for byte in the shards. With `--memory`, only the commands run, once, and the
question is how much memory they need; the size is then 10 GB, and some 30 GB of disk must be free.
"""

import argparse
import contextlib
import gzip
import hashlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import corpora
from report import machine, machine_line, message, versions, write_json
from rich.console import Console
from rich.table import Table
from scale import varied

import pairwright
from pairwright._core import lengths
from pairwright.cli.model import load

THREADS = 2
DOCUMENT = 4096
SIZE = 500
MEMORY_SIZE = 10_000
SAMPLE = 20_000_000
"""What is enough for those that are slow."""

FORMATS = {
    "text": ("all.txt", []),
    "text, gzip": ("all.txt.gz", []),
    "text, zstd": ("all.txt.zst", []),
    "lines": ("lines.txt", ["--lines"]),
    "JSON lines": ("lines.jsonl", []),
    "JSON lines, gzip": ("lines.jsonl.gz", []),
    "JSON lines, zstd": ("lines.jsonl.zst", []),
    "parquet": ("rows.parquet", []),
    "Arrow": ("rows.arrow", []),
}
"""The inputs: their files, and the options for them."""

OUTPUTS = ("npy", "parquet", "arrow", "jsonl")

PEERS = ("gigatoken", "tiktoken", "tokenizers")


@dataclass
class Result:
    """What all runs of one contender took. Sizes are in bytes of text."""

    title: str
    bytes: int
    tokens: int = 0
    seconds: list[float] = field(default_factory=list)
    process_seconds: list[float] = field(default_factory=list)
    """From the start of the process to its end."""
    peak_bytes: int | None = None

    @property
    def rate(self) -> float:
        """MB of text a second, in the median."""
        return self.bytes / 1e6 / statistics.median(self.seconds)


# Writing the corpus


def write_all(folder: Path, source: bytes, size: int, formats: list[str]) -> None:
    """The corpus in these formats; the sample for those that are slow is `sample.parquet`."""
    message(f"writing {size / 1e6:,.0f} MB in {len(formats)} formats")
    text = folder / "all.txt"
    if not text.exists():
        varied(source, size)(text)
    plain = {FORMATS[name][0].removesuffix(".gz").removesuffix(".zst") for name in formats}
    missing = {name for name in plain if not (folder / name).exists()}
    if missing:
        write_documents(folder, text, missing)
    for name in formats:
        path = folder / FORMATS[name][0]
        if path.suffix in (".gz", ".zst"):
            pack(path.with_suffix(""), path)


def write_documents(folder: Path, text: Path, wanted: set[str]) -> None:
    """The documents in files of these names: lines, JSON lines and rows, some thousands at a time."""
    import pyarrow as pa
    from pyarrow import parquet

    schema = pa.schema([("id", pa.int64()), ("text", pa.string())])
    number, sampled = 0, 0
    with contextlib.ExitStack() as stack:
        writers: list[Callable[[pa.RecordBatch], object]] = []
        if "lines.txt" in wanted:
            lines = stack.enter_context((folder / "lines.txt").open("w", encoding="utf-8", newline=""))
            writers.append(lambda batch: lines.writelines(f"{text}\n" for text in batch["text"].to_pylist()))
        if "lines.jsonl" in wanted:
            objects = stack.enter_context((folder / "lines.jsonl").open("w", encoding="utf-8"))
            writers.append(lambda batch: objects.writelines(json.dumps(row) + "\n" for row in batch.to_pylist()))
        if "rows.parquet" in wanted:
            writers.append(stack.enter_context(parquet.ParquetWriter(folder / "rows.parquet", schema)).write_batch)
        if "rows.arrow" in wanted:
            file = stack.enter_context(pa.OSFile(str(folder / "rows.arrow"), "wb"))
            writers.append(stack.enter_context(pa.ipc.new_file(file, schema)).write_batch)
        sample = stack.enter_context(parquet.ParquetWriter(folder / "sample.parquet", schema))
        for some in in_batches(documents_of(text), 10_000):
            batch = pa.record_batch([list(range(number, number + len(some))), some], schema=schema)
            number += len(some)
            for write in writers:
                write(batch)
            if sampled < SAMPLE:
                sample.write_batch(batch.slice(0, SAMPLE // DOCUMENT))
                sampled += sum(map(len, some))


def documents_of(path: Path) -> Iterator[str]:
    """Whole lines of a text, joined by spaces, of about 4 KB together."""
    some: list[bytes] = []
    size = 0
    with path.open("rb") as file:
        for line in file:
            some.append(line.rstrip(b"\n"))
            size += len(line)
            if size >= DOCUMENT:
                yield b" ".join(some).decode()
                some, size = [], 0
    if some:
        yield b" ".join(some).decode()


def in_batches(items: Iterator[str], size: int) -> Iterator[list[str]]:
    """So many at a time."""
    batch: list[str] = []
    for item in items:
        batch.append(item)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def pack(source: Path, path: Path) -> None:
    """Compress a file, fast: how well does not matter here."""
    import pyarrow as pa

    with source.open("rb") as plain:
        if path.suffix == ".gz":
            with gzip.open(path, "wb", compresslevel=1) as packed:
                shutil.copyfileobj(plain, packed, 1 << 20)
        else:
            with pa.CompressedOutputStream(str(path), "zstd") as packed:
                shutil.copyfileobj(plain, packed, 1 << 20)


# Processes


def own_process(job: str, path: Path, model: str) -> dict[str, Any]:
    """Have a process of this file do a job."""
    environment = os.environ | {
        "RAYON_NUM_THREADS": str(THREADS),
        "HF_HUB_OFFLINE": "1",
        "HF_DATASETS_CACHE": str(path.parent / "cache"),
        "TOKENIZERS_PARALLELISM": "false",
    }
    command = [sys.executable, __file__, "--job", job, "--path", str(path), "--model", model]
    began = time.perf_counter()
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True)
    seconds = time.perf_counter() - began
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer | {"process_seconds": seconds}


def command(model: str, path: Path, options: list[str], out: Path) -> dict[str, Any]:
    """Run the command; gives what it says, and the seconds from its start to its end."""
    shutil.rmtree(out, ignore_errors=True)
    words = [sys.executable, "-m", "pairwright", "encode", model, str(path), "--out", str(out), *options]
    words += ["--special", "text", "--threads", str(THREADS), "--quiet", "--json"]
    began = time.perf_counter()
    done = subprocess.run(words, stdout=subprocess.PIPE, check=True)
    seconds = time.perf_counter() - began
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer | {"seconds": seconds, "process_seconds": seconds}


def in_memory(path: Path, model: str) -> dict[str, Any]:
    """Encode a text, or the documents that are its lines, in one call."""
    content = path.read_bytes()
    texts = content.splitlines() if path.name == "lines.txt" else [content]
    tok = load(model, None)
    began = time.perf_counter()
    batch = tok.encode_batch(texts, disallowed_special=(), threads=THREADS)
    return {"seconds": time.perf_counter() - began, "tokens": len(batch.values), "bytes": sum(map(len, texts))}


def reading(path: Path, model: str) -> dict[str, Any]:
    """Read a corpus and do nothing with it."""
    del model
    corpus = pairwright.Corpus(path, lines=path.name == "lines.txt")
    began = time.process_time()
    size = sum(int(lengths(block.texts).sum()) for block in corpus.blocks(cut_for=("cl100k", [])))
    return {"seconds": time.process_time() - began, "tokens": 0, "bytes": size}


def hashing(path: Path, model: str) -> dict[str, Any]:
    """The SHA-256 of a file."""
    del model
    content = path.read_bytes()
    began = time.process_time()
    hashlib.sha256(content)
    return {"seconds": time.process_time() - began, "tokens": 0, "bytes": len(content)}


def gigatoken(path: Path, model: str) -> dict[str, Any]:
    """Encode a file into an array, with what is loaded before."""
    import awkward
    import gigatoken

    ranks = path.with_name("cl100k_base.tiktoken")
    load(model, None).to_tiktoken(ranks)
    tok = gigatoken.Tokenizer.from_tiktoken(str(ranks), None, {})
    began = time.perf_counter()
    ids = tok.encode_files(str(path), parallel=True)
    seconds = time.perf_counter() - began
    return {"seconds": seconds, "tokens": len(awkward.flatten(ids)), "bytes": path.stat().st_size}


def tiktoken(path: Path, model: str) -> dict[str, Any]:
    """Encode rows through `datasets.map`."""
    encoding = load(model, None).as_tiktoken()
    return mapped(path, lambda texts: [encoding.encode_ordinary(text) for text in texts])


def tokenizers(path: Path, model: str) -> dict[str, Any]:
    """The same with tokenizers."""
    tok = load(model, None).as_huggingface()
    return mapped(path, lambda texts: [each.ids for each in tok.encode_batch(texts, add_special_tokens=False)])


def mapped(path: Path, encode: Callable[[list[str]], list[list[int]]]) -> dict[str, Any]:
    """What `datasets.map` takes on two processes, nothing of it in its cache."""
    import datasets

    datasets.disable_progress_bars()
    rows = datasets.Dataset.from_parquet(str(path))
    size = sum(len(text.encode()) for text in rows["text"])
    began = time.perf_counter()
    done = rows.map(
        lambda batch: {"ids": encode(batch["text"])},
        batched=True,
        num_proc=2,
        remove_columns=rows.column_names,
        load_from_cache_file=False,
        new_fingerprint=f"pairwright-{time.time_ns()}",
    )
    seconds = time.perf_counter() - began
    return {"seconds": seconds, "tokens": sum(map(len, done["ids"])), "bytes": size}


JOBS: dict[str, Callable[[Path, str], dict[str, Any]]] = {
    "in memory": in_memory,
    "reading": reading,
    "hashing": hashing,
    "gigatoken": gigatoken,
    "tiktoken": tiktoken,
    "tokenizers": tokenizers,
}


# Comparing


class Bench:
    """Runs contenders in turns, and compares what they give."""

    def __init__(self, folder: Path, model: str) -> None:
        self.folder = folder
        self.model = model
        self.results: dict[str, Result] = {}
        self.shards: dict[str, str] = {}
        """By kind of documents: the SHA-256 of the shards."""

    def in_process(self, title: str, job: str, name: str) -> None:
        """A contender that is a job of this file."""
        message(title)
        self._keep(title, own_process(job, self.folder / name, self.model))

    def command(self, name: str, output: str = "bin") -> None:
        """The command, for an input format."""
        title = f"encode, {name}" if output == "bin" else f"encode, {name} to {output}"
        message(title)
        file, options = FORMATS[name]
        out = self.folder / "out"
        self._keep(title, command(self.model, self.folder / file, [*options, "--format", output], out))
        if output == "bin":
            kind = "text" if name.startswith("text") else "documents"
            found = shards_of(out)
            if self.shards.setdefault(kind, found) != found:
                raise SystemExit(f"error: {title} gives other ids than other formats")
        shutil.rmtree(out)

    def _keep(self, title: str, answer: dict[str, Any]) -> None:
        result = self.results.setdefault(title, Result(title, answer["bytes"], answer["tokens"]))
        if (result.bytes, result.tokens) != (answer["bytes"], answer["tokens"]):
            raise SystemExit(f"error: {title} does not give the same again")
        result.seconds.append(answer["seconds"])
        result.process_seconds.append(answer["process_seconds"])
        if answer.get("peak_memory"):
            result.peak_bytes = max(result.peak_bytes or 0, answer["peak_memory"])

    def check(self) -> None:
        """Ends the program if somebody's number of ids differs."""
        for kind, memory in (("text", "in memory, text"), ("documents", "in memory, documents")):
            for title, result in self.results.items():
                is_text = title.startswith("encode, text") or title == "gigatoken.encode_files, text"
                is_same = title.startswith(("encode", "gigatoken")) and is_text == (kind == "text")
                if memory in self.results and is_same and result.tokens != self.results[memory].tokens:
                    raise SystemExit(f"error: {title} gives {result.tokens} ids, not {self.results[memory].tokens}")


def shards_of(folder: Path) -> str:
    """The SHA-256 of all shards."""
    digest = hashlib.sha256()
    for path in sorted(folder.glob("train-*")):
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def table(results: dict[str, Result]) -> Table:
    """All results; speeds also as shares of that in memory."""
    drawn = Table(title="From files to token files", title_justify="left")
    drawn.add_column("job")
    for heading in ("MB", "seconds", "process", "MB/s", "of in memory", "peak MB"):
        drawn.add_column(heading, justify="right")
    for title, result in results.items():
        best = results.get("in memory, text" if "text" in title else "in memory, documents")
        drawn.add_row(
            title,
            f"{result.bytes / 1e6:,.0f}",
            f"{statistics.median(result.seconds):.2f}",
            f"{statistics.median(result.process_seconds):.2f}",
            f"{result.rate:,.1f}",
            f"{result.rate / best.rate:.2f}" if best else "–",
            "–" if result.peak_bytes is None else f"{result.peak_bytes / 1e6:.0f}",
        )
    return drawn


def main() -> None:
    """Write the corpus, run everything in turns, print the table, write the file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=float, help=f"MB of text; {SIZE}, or {MEMORY_SIZE:,} with --memory")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--memory", action="store_true", help="only the commands, once, on a large corpus")
    parser.add_argument("--only", help="only the input formats with this in their name")
    parser.add_argument("--peers", nargs="*", default=list(PEERS), choices=PEERS)
    parser.add_argument("--folder", type=Path, help="where the corpora are written")
    parser.add_argument("--smoke", action="store_true", help="200 KB of a corpus that needs no data, one run, no peers")
    parser.add_argument("--json", type=Path, help="write everything that was measured to this file")
    parser.add_argument("--job", choices=JOBS, help=argparse.SUPPRESS)
    parser.add_argument("--path", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--model", default="", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.job:
        print(json.dumps(JOBS[asked.job](asked.path, asked.model)))
        return
    if asked.smoke:
        asked.size, asked.runs, asked.peers = 0.2, 1, []
    size = int((asked.size or (MEMORY_SIZE if asked.memory else SIZE)) * 1e6)
    formats = [name for name in FORMATS if not asked.only or asked.only in name]
    with tempfile.TemporaryDirectory(dir=asked.folder) as temporary:
        folder = Path(temporary)
        source = source_of(folder, smoke=asked.smoke)
        bench = Bench(folder, model_of(folder, source, smoke=asked.smoke))
        if asked.memory:
            # One format after the other: there is not so much room for all of them. What others are made of stays.
            for name in formats:
                write_all(folder, source, size, [name])
                bench.command(name)
                file = FORMATS[name][0]
                if file not in ("all.txt", "lines.jsonl"):
                    (folder / file).unlink()
        else:
            write_all(folder, source, size, formats)
            for _ in range(asked.runs):
                run(bench, formats, asked.peers)
            bench.check()
    Console(width=110).print(table(bench.results))
    here = machine()
    print(machine_line(here))
    if asked.json:
        summary: dict[str, Any] = {
            "date": datetime.now(UTC).date().isoformat(),
            "machine": here,
            "versions": versions(["pairwright", "pyarrow", "datasets", *asked.peers]),
            "results": [asdict(result) for result in bench.results.values()],
        }
        write_json(summary, asked.json)


def run(bench: Bench, formats: list[str], peers: list[str]) -> None:
    """Everybody once."""
    bench.in_process("in memory, text", "in memory", "all.txt")
    if "lines" in formats:
        bench.in_process("in memory, documents", "in memory", "lines.txt")
    bench.in_process("SHA-256, text", "hashing", "all.txt")
    for name in formats:
        bench.in_process(f"reading, {name}", "reading", FORMATS[name][0])
    for name in formats:
        bench.command(name)
    if "text" in formats:
        for output in OUTPUTS:
            bench.command("lines" if "lines" in formats else "text", output)
    for peer in peers:
        if peer == "gigatoken":
            bench.in_process("gigatoken.encode_files, text", peer, "all.txt")
        else:
            bench.in_process(f"{peer}, datasets.map, sample", peer, "sample.parquet")


def source_of(folder: Path, *, smoke: bool) -> bytes:
    """What the corpus is made of."""
    try:
        return corpora.load("smoke" if smoke else "english", folder).paths[0].read_bytes()
    except corpora.MissingError as error:
        raise SystemExit(f"error: {error}") from error


def model_of(folder: Path, source: bytes, *, smoke: bool) -> str:
    """What the command takes as a model: `cl100k_base`, or one that is trained here."""
    if not smoke:
        return "cl100k_base"
    path = folder / "model.json"
    pairwright.train([source], vocab_size=400).save(path)
    return str(path)


if __name__ == "__main__":
    main()
