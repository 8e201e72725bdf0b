"""What hostile inputs cost: the time and the memory that the worst of each kind takes, and how it ends.

    python benches/hostile.py [--smoke] [--case WORD …] [--json FILE]

Each case is made in a temporary folder and given to a process of its own. Its time and peak memory are measured without
those of starting Python and importing pairwright. It is killed after five minutes, and may not take more than 12 GB.
`--smoke` makes all of them small, and fails where one ends otherwise than it should. The table is that of SECURITY.md.
"""

import argparse
import bz2
import gzip
import hashlib
import json
import lzma
import os
import subprocess
import sys
import tempfile
from base64 import b64encode
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from report import machine, machine_line, message, versions, write_json

TIMEOUT = 300
MOST_MEMORY = 12 << 30

MB = 1_000_000

# Runs in the process that is measured. Prints seconds, bytes of memory and the outcome.
CHILD = """
import json, os, sys, time
from process import peak_memory
try:
    import resource
    resource.setrlimit(resource.RLIMIT_AS, ({most}, {most}))
except ImportError:
    pass
import numpy, pairwright as pw
from pathlib import Path
{setup}
before = peak_memory() or 0
began = time.perf_counter()
try:
    outcome = {code}
    outcome = f"{{outcome!r:.60}}" if isinstance(outcome, (int, str)) else "done"
    failed = False
except (pw.PairwrightError, ValueError, OSError, KeyError, OverflowError, MemoryError) as error:
    outcome = f"{{type(error).__name__}}: {{error}}"
    failed = True
seconds = time.perf_counter() - began
print(json.dumps([seconds, (peak_memory() or 0) - before, failed, outcome]))
"""


@dataclass(frozen=True)
class Case:
    """A hostile input. `make` writes it, and is given how many bytes or entries it is to have."""

    kind: str
    what: str
    make: Callable[[Path, int], None]
    size: int
    code: str
    smoke: int
    refused: str | None = None
    """Part of the error; None where the input is taken."""
    setup: str = ""
    unit: str = "MB"


@dataclass(frozen=True)
class Result:
    """What a case took."""

    kind: str
    what: str
    size: int
    bytes: int
    seconds: float
    memory: int
    outcome: str
    is_as_it_should_be: bool


def write(content: bytes) -> Callable[[Path, int], None]:
    """The same content whatever the size."""
    return lambda path, _: void(path.write_bytes(content))


def void(_: object) -> None:
    """Nothing of a result."""


def deep(before: str, opening: str = "[") -> Callable[[Path, int], None]:
    """JSON that is nested."""
    return lambda path, size: void(path.write_bytes(before.encode() + opening.encode() * size))


def sealed(content: dict[str, Any]) -> bytes:
    """A model file with the checksum that belongs to it: anyone can compute one."""
    kept = {key: value for key, value in content.items() if key != "checksum"}
    plain = json.dumps(kept, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    return json.dumps({**content, "checksum": "sha256:" + hashlib.sha256(plain).hexdigest()}).encode()


def model(**other: object) -> dict[str, Any]:
    """A model of the 256 bytes, with something else in it."""
    return {
        "format": "pairwright",
        "version": 1,
        "pattern": {"name": None, "regex": r"\s+|\S+"},
        "special_tokens": {},
        "vocab": {b64encode(bytes([byte])).decode(): byte for byte in range(256)},
        "merges": [],
        "metadata": {},
        **other,
    }


def many_special(path: Path, size: int) -> None:
    """So many special tokens."""
    tokens = {f"<|special {number * 7919}|>": 256 + number for number in range(size)}
    path.write_bytes(sealed(model(special_tokens=tokens)))


def long_special(path: Path, size: int) -> None:
    """A special token of so many bytes."""
    path.write_bytes(sealed(model(special_tokens={"<" * size: 256})))


def long_token(path: Path, size: int) -> None:
    """Ranks of bytes and of their runs of a length that doubles, up to so many bytes in all."""
    tokens = [bytes([byte]) for byte in range(256)]
    while len(tokens[-1]) < size // 2 or len(tokens) == 256:
        tokens.append(b"a" * (2 * len(tokens[-1]) if len(tokens) > 256 else 2))
    path.write_bytes(b"".join(b64encode(token) + b" %d\n" % rank for rank, token in enumerate(tokens)))


def tekken(**config: int) -> bytes:
    """A tekken.json with claims."""
    tokens = [{"rank": byte, "token_bytes": b64encode(bytes([byte])).decode()} for byte in range(256)]
    known = {"pattern": r"\s+|\S+", "version": "v3", "default_vocab_size": 276, "default_num_special_tokens": 20}
    return json.dumps({"config": known | config, "vocab": tokens}).encode()


def tokenizer_json(**other: object) -> bytes:
    """A tokenizer.json of the letters, with something else in it."""
    vocab = {chr(byte): byte - 33 for byte in range(33, 127)}
    split = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": True}
    return json.dumps(
        {
            "version": "1.0",
            "added_tokens": [],
            "normalizer": None,
            "pre_tokenizer": split,
            "post_processor": None,
            "decoder": {"type": "ByteLevel"},
            "model": {"type": "BPE", "vocab": vocab, "merges": []},
        }
        | other
    ).encode()


def counts_file(path: Path, pretokens: int, header_size: int, rest: bytes = b"") -> None:
    """A counts file whose checksum is right and whose claims are not."""
    header = b'{"pattern": {"name": null, "regex": "\\\\S+"}, "special_tokens": []}'
    body = pretokens.to_bytes(8, "little") + (header_size or len(header)).to_bytes(4, "little") + header + rest
    size = 8 + 4 + 8 + len(body) + 32
    content = b"\x89pwcnt\r\n" + (1).to_bytes(4, "little") + size.to_bytes(8, "little") + body
    path.write_bytes(content + hashlib.sha256(content).digest())


def zeros(opened: Callable[..., Any]) -> Callable[[Path, int], None]:
    """A compressed file of so many bytes that are all alike."""

    def make(path: Path, size: int) -> None:
        part = b"0" * MB
        with opened(path, "wb") as file:
            for _ in range(size // MB):
                file.write(part)

    return make


def zstd_frame(path: Path, size: int) -> None:
    """A frame of Zstandard that asks for a window of 2 GiB, and in blocks of four bytes gives 128 KiB of zeros each."""
    blocks = max(size // (128 << 10), 1)
    block = ((128 << 10) << 3 | 1 << 1).to_bytes(3, "little") + b"0"
    last = ((128 << 10) << 3 | 1 << 1 | 1).to_bytes(3, "little") + b"0"
    # The descriptor: no size, no checksum; then the window, 2 to the power of 31.
    path.write_bytes(b"\x28\xb5\x2f\xfd\x00" + bytes([(31 - 10) << 3]) + block * (blocks - 1) + last)


def repeated(size: int) -> pa.Table:
    """Many rows that are all the same megabyte, which is there once."""
    dictionary = pa.array(["word " * (MB // 5)])
    indices = pa.array([0] * (size // MB), pa.int32())
    return pa.table({"text": pa.DictionaryArray.from_arrays(indices, dictionary)})


def parquet(path: Path, size: int) -> None:
    """A parquet file of them."""
    pq.write_table(repeated(size), path, compression="zstd", dictionary_pagesize_limit=1 << 30)


def arrow(path: Path, size: int) -> None:
    """An Arrow file of them."""
    table = repeated(size)
    with pa.ipc.new_file(path, table.schema) as file:
        file.write_table(table)


def json_lines(path: Path, size: int) -> None:
    """A line that is nested without end."""
    path.write_bytes(b'{"x": ' + b"[" * size + b"\n")


def text(part: str) -> Callable[[Path, int], None]:
    """Something so often that it has so many bytes."""
    return lambda path, size: void(path.write_bytes(part.encode() * (size // len(part.encode()))))


def letters(path: Path, size: int) -> None:
    """Letters in no order and nothing else: one piece."""
    path.write_bytes(np.random.default_rng(1).bytes(size).translate(bytes(97 + byte % 26 for byte in range(256))))


LOAD = "pw.Tokenizer.load(Path('input'))"
TRAINED = "tok = pw.train(['the cat sat on the mat, aaaa aaa aa\\n' * 9], 280, special_tokens=['<|endoftext|>'])"
READ = "text = Path('input').read_text()"
TAKE = f"{TRAINED}\n{READ}"


def regex(pattern: str, part: str, size: int, smoke: int, what: str, refused: str | None = None) -> Case:
    """A split pattern, and a text on which it takes long."""
    code = f"pw.count([text], {pattern!r}).total"
    return Case("split pattern", what, text(part), size, code, smoke, refused, READ)


CASES = [
    Case("model file", "JSON that is nested", deep('{"x":'), 100 * MB, LOAD, MB, "recursion limit"),
    Case(
        "model file",
        "a token id of 2³¹ − 2",
        write(sealed(model(special_tokens={"<x>": 2**31 - 2}))),
        0,
        LOAD,
        0,
        "limit",
    ),
    Case(
        "model file", "the largest id there may be", write(sealed(model(special_tokens={"<x>": 2**24 - 2}))), 0, LOAD, 0
    ),
    Case("model file", "an id of 2³²", write(sealed(model(special_tokens={"<x>": 2**32}))), 0, LOAD, 0, "id"),
    Case("model file", "a million special tokens", many_special, MB, LOAD, 1000, unit=""),
    Case("model file", "a special token of 10 MB", long_special, 10 * MB, LOAD, MB),
    Case(
        "rank file",
        "a token of 100 MB",
        long_token,
        100 * MB,
        "pw.Tokenizer.from_tiktoken(Path('input'), pattern='cl100k')",
        MB,
    ),
    Case(
        "rank file",
        "one line of 100 MB",
        text("A"),
        100 * MB,
        "pw.Tokenizer.from_tiktoken(Path('input'), pattern='cl100k')",
        MB,
        "line 1",
    ),
    *(
        Case("tekken.json", what, make, size, "pw.Tokenizer.from_tekken(Path('input'))", smoke, refused)
        for what, make, size, smoke, refused in (
            ("JSON that is nested", deep('{"vocab":'), 100 * MB, MB, "recursion limit"),
            ("a vocabulary of 2³⁰ claimed", write(tekken(default_vocab_size=2**30)), 0, 0, "default_vocab_size"),
            (
                "16 million special tokens claimed",
                write(tekken(default_vocab_size=2**24 - 2, default_num_special_tokens=2**24 - 300)),
                0,
                0,
                "default_num_special_tokens",
            ),
        )
    ),
    *(
        Case("tokenizer.json", what, make, size, "pw.Tokenizer.from_huggingface(Path('input'))", smoke, refused)
        for what, make, size, smoke, refused in (
            ("JSON that is nested", deep('{"model":'), 100 * MB, MB, "recursion limit"),
            ("normalizers that are nested", deep('{"normalizer":', '{"type":"Sequence","normalizers":['), MB, 1000, ""),
            (
                "a pattern of a million brackets",
                write(
                    tokenizer_json(
                        pre_tokenizer={
                            "type": "Sequence",
                            "pretokenizers": [
                                {"type": "Split", "pattern": {"Regex": "(" * MB}, "behavior": "Isolated"},
                                {"type": "ByteLevel", "add_prefix_space": False, "use_regex": False},
                            ],
                        }
                    )
                ),
                0,
                0,
                "",
            ),
        )
    ),
    Case(
        "counts file",
        "2⁶⁴ − 1 pretokens claimed",
        lambda path, _: counts_file(path, 2**64 - 1, 0),
        0,
        "pw.Counts.load(Path('input'))",
        0,
        "pretoken 0",
    ),
    Case(
        "counts file",
        "a header of 4 GB claimed",
        lambda path, _: counts_file(path, 1, 2**32 - 1),
        0,
        "pw.Counts.load(Path('input'))",
        0,
        "header",
    ),
    Case(
        "counts file",
        "a pretoken of 2⁶³ bytes claimed",
        lambda path, _: counts_file(path, 1, 0, b"\xff" * 8 + b"\x7f"),
        0,
        "pw.Counts.load(Path('input'))",
        0,
        "pretoken 0",
    ),
]

openers: dict[str, Callable[..., Any]] = {"gz": gzip.open, "bz2": bz2.open, "xz": lzma.open}
for name, opened in openers.items():
    CASES += [
        Case(
            f".{name}",
            "a gigabyte of text, in lines",
            zeros(opened),
            1000 * MB,
            f"os.rename('input', 'a.{name}') or pw.count(pw.Corpus('a.{name}', lines=True)).total",
            MB,
        )
    ]
CASES += [
    Case(
        ".zst",
        "a gigabyte of text, a window of 2 GiB",
        zstd_frame,
        1000 * MB,
        "os.rename('input', 'a.zst') or pw.count(pw.Corpus('a.zst', lines=True)).total",
        MB,
    ),
    Case(
        "JSON lines",
        "a line that is nested",
        json_lines,
        100 * MB,
        "os.rename('input', 'a.jsonl') or pw.count(pw.Corpus('a.jsonl')).total",
        MB,
        "EOF",
    ),
    Case(
        "parquet",
        "20,000 rows that share a megabyte",
        parquet,
        20_000 * MB,
        "os.rename('input', 'a.parquet') or pw.count(pw.Corpus('a.parquet', text_column='text')).total",
        10 * MB,
    ),
    Case(
        "Arrow",
        "20,000 rows that share a megabyte",
        arrow,
        20_000 * MB,
        "os.rename('input', 'a.arrow') or pw.count(pw.Corpus('a.arrow', text_column='text')).total",
        10 * MB,
    ),
    regex("^", "^", MB, 1000, "an empty match at the start, `^`"),
    regex(r"(a|a)*\1b|x", "a", MB, 1000, "exponential, `(a|a)*\\1b`", "backtracking"),
    regex(r"(?=(a*))\1b|a", "a", 50_000, 1000, "quadratic, `(?=(a*))\\1b|a`"),
    regex(r"a*b|a", "a", MB, 1000, "quadratic by single searches, `a*b|a`"),
    Case(
        "split pattern",
        "a billion states, `((a{1000}){1000}){1000}`",
        text("a"),
        1000,
        "pw.count(['aaa'], '((a{1000}){1000}){1000}').total",
        1000,
        "more than 16000 states",
    ),
    Case(
        "split pattern",
        "a million brackets",
        text("a"),
        1000,
        "pw.count(['aaa'], '(' * 1000000 + ')' * 1000000).total",
        1000,
        "",
    ),
    Case("text", "a piece of 100 MB, all alike", text("a"), 100 * MB, "tok.count(text)", MB, None, TAKE),
    Case("text", "a piece of 100 MB of letters", letters, 100 * MB, "tok.count(text)", MB, None, TAKE),
    Case("text", "100 MB of white space", text(" "), 100 * MB, "tok.count(text)", MB, None, TAKE),
    Case(
        "text",
        "100 MB of special tokens, as text",
        text("<|endoftext|>"),
        100 * MB,
        "len(tok.encode_ordinary(text))",
        MB,
        None,
        TAKE,
    ),
    Case(
        "text",
        "100 MB of special tokens",
        text("<|endoftext|>"),
        100 * MB,
        "tok.encode_to_numpy(text)",
        MB,
        "endoftext",
        TAKE,
    ),
    Case(
        "text",
        "training on a piece of 100 MB",
        letters,
        100 * MB,
        "pw.train([text], 300).vocab_size",
        MB,
        None,
        READ,
    ),
]


def run(case: Case, size: int, most: int = MOST_MEMORY) -> Result:
    """Make the input of a case and give it to a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "input")
        case.make(path, size)
        length = path.stat().st_size
        script = CHILD.format(most=most, setup=case.setup, code=case.code)
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "PYTHONIOENCODING": "utf-8"}
        try:
            ended = subprocess.run(
                [sys.executable, "-c", script],
                cwd=folder,
                env=environment,
                capture_output=True,
                encoding="utf-8",
                timeout=TIMEOUT,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return Result(case.kind, case.what, size, length, TIMEOUT, 0, f"not done in {TIMEOUT} s", False)
    if ended.returncode != 0:
        last = ended.stderr.strip().rpartition("\n")[2]
        return Result(case.kind, case.what, size, length, 0, 0, f"ended with {ended.returncode}: {last:.200}", False)
    seconds, memory, failed, outcome = json.loads(ended.stdout.splitlines()[-1])
    expected = failed and case.refused in outcome if case.refused is not None else not failed
    return Result(case.kind, case.what, size, length, seconds, memory, outcome, expected)


def main() -> None:
    """Run the cases, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--smoke", action="store_true", help="only see that each ends as it should, with small inputs")
    parser.add_argument("--case", action="append", default=[], help="only cases with this in their description")
    parser.add_argument("--json", type=Path, help="write what was measured to a file")
    options = parser.parse_args()
    results = []
    for case in CASES:
        if options.case and not any(word in f"{case.kind}: {case.what}" for word in options.case):
            continue
        result = run(case, case.smoke if options.smoke else case.size)
        results.append(result)
        mark = "" if result.is_as_it_should_be else "NOT AS IT SHOULD BE: "
        cost = f"{result.seconds:.2f} s, {result.memory / 1e6:.0f} MB"
        message(f"{mark}{result.kind}: {result.what}: {cost}; {result.outcome:.200}")
    print("| input | of | its size | time | memory | what comes of it |\n|---|---|---|---|---|---|")
    for result in results:
        outcome = "an error" if ": " in result.outcome else "it is read"
        what = result.what.replace("|", chr(92) + "|")
        print(
            f"| {result.kind} | {what} | {result.bytes / 1e6:.1f} MB | {result.seconds:.2f} s |"
            f" {result.memory / 1e6:,.0f} MB | {outcome} |"
        )
    here = machine()
    print(f"\n{machine_line(here)}")
    if options.json:
        write_json(
            {"machine": here, "versions": versions(["pairwright"]), "cases": [asdict(each) for each in results]},
            options.json,
        )
    if not all(result.is_as_it_should_be for result in results):
        sys.exit("error: some did not end as they should")


if __name__ == "__main__":
    main()
