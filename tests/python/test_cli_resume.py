"""What `pairwright encode` says when it resumes, and hints that the command line gives."""

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest
from command_line import call, end, isolate, start

import pairwright as pw
from pairwright.tokens import progress
from pairwright.tokens.encoding import EncodingEvent

if TYPE_CHECKING:
    from pairwright.bar import Bar

LINES = "How are these words cut?\nThat is the question.\n" * 50


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty folder with a model and a corpus."""
    isolate(tmp_path, monkeypatch)
    pw.train(pw.texts([LINES]), 270, special_tokens=["<|end|>"]).save("model.json")
    Path("corpus.txt").write_text(LINES)


def broken_off(shards: int) -> None:
    """A folder in which a run has completed so many shards."""
    call("encode", "model.json", "corpus.txt", "--lines", "--out", "tokens", "--shard-tokens", "50", "--quiet")
    manifest = pw.open_tokens("tokens").manifest
    kept = manifest.splits[0].shards[:shards]
    documents = sum(shard.documents for shard in kept)
    for path in Path("tokens").iterdir():
        path.unlink()
    # What a process that is killed leaves there.
    code = f"""
import os, pairwright as pw
from pairwright.tokens.run import Run
note = Run.note
def stopping(run, split, shard, after):
    note(run, split, shard, after)
    if len(run.shards[0]) == {shards}:
        os._exit(9)
Run.note = stopping
tokenizer = pw.Tokenizer.load("model.json")
pw.encode_corpus(tokenizer, pw.Corpus("corpus.txt", lines=True), "tokens", shard_tokens=50)
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 9
    found = json.loads(Path("tokens/progress.json").read_bytes())
    assert sum(each["documents"] for each in found["splits"][0]["shards"]) == documents


COMMAND = ("encode", "model.json", "corpus.txt", "--lines", "--out", "tokens", "--shard-tokens", "50")


def test_a_run_that_resumes_says_so() -> None:
    broken_off(3)
    ended = call(*COMMAND)
    assert ended.code == 0
    first = ended.err.splitlines()[0]
    assert first.startswith("resuming: 3 shards with ")
    assert first.endswith(" documents are complete")
    assert b"".join(document + b"\n" for document in pw.decode_tokens("tokens")).decode() == LINES
    again = call(*COMMAND[:-3], "new", *COMMAND[-2:])
    assert "resuming" not in again.err


def test_quiet_says_nothing_of_it() -> None:
    broken_off(1)
    assert call(*COMMAND, "--quiet").err == ""


def test_an_interrupted_run_tells_how_to_continue(monkeypatch: pytest.MonkeyPatch) -> None:
    broken_off(2)

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("pairwright.cli.folder.encode_corpus", interrupted)
    ended = call(*COMMAND)
    assert ended.code == 130
    assert ended.err == "interrupted\nhint: the same command continues after the 2 shards that are complete\n"


def test_a_full_disk_tells_how_to_continue(monkeypatch: pytest.MonkeyPatch) -> None:
    broken_off(1)

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device", "tokens/train-00001.bin")

    monkeypatch.setattr("pairwright.cli.folder.encode_corpus", full)
    ended = call(*COMMAND)
    assert ended.code == 1
    assert ended.err.splitlines() == [
        "error: tokens/train-00001.bin: No space left on device",
        "hint: the same command continues after the shard that is complete",
    ]


def test_an_interrupted_run_that_cannot_continue_has_no_hint() -> None:
    process = start("encode", "model.json", "--lines", "--out", "out", "--shard-tokens", "50")
    assert process.stdin is not None
    process.stdin.write(b"first\n" * 100_000)
    process.stdin.flush()
    process.send_signal(signal.SIGINT)
    assert end(process).err == "interrupted\n"


class Rates:
    """Takes the place of a bar, and keeps the rates that it is to show."""

    def __init__(self) -> None:
        self.rates: list[float] = []

    def show(self, *shown: object) -> None:
        """Keep the rate."""
        rate = shown[4]
        assert isinstance(rate, float)
        self.rates.append(rate)


def test_the_speed_does_not_count_what_an_earlier_run_did() -> None:
    rates = Rates()
    follower = progress.Follower(cast("Bar", rates))
    gigabyte = 10**9
    follower.receive(EncodingEvent(gigabyte, 2 * gigabyte, 0, 0, 0, 0.1, 5, 1000))
    for second in range(1, 11):
        done = second * 10**6
        event = EncodingEvent(gigabyte + done, gigabyte + 10**7, second, done, second, 0.1 + second, 5, 1000)
        follower.receive(event)
    assert max(rates.rates) < 2 * 10**6


def test_hints_of_encode_name_options() -> None:
    broken_off(2)
    ended = call(*COMMAND, "--append", "<|end|>")
    assert ended.code == 1
    assert "--append '<|end|>'" in ended.err
    assert "append=" not in ended.err
    assert "hint: --restart removes what was written there and begins anew" in ended.err
    Path("special.txt").write_text("a<|end|>b")
    ended = call("encode", "model.json", "special.txt", "--out", "new")
    assert "--special allow encodes it as its id, --special text as plain text" in ended.err


@pytest.mark.parametrize(
    ("out", "options", "hint"),
    [
        ("ids.txt", ["--append", "<|end|>"], "--out ids.bin, or a folder: --out ids/"),
        ("sub/ids.txt", ["--json"], "name a folder: --out sub/ids/"),
        ("sub/x.bin", ["--restart"], "name a folder: --out sub/x/"),
        ("sub/x.bin", ["--format", "npy"], "name the file sub/x.npy, or name a folder: --out sub/x/"),
        ("taken.bin", ["--restart"], "name a folder: --out taken-tokens/"),
    ],
)
def test_hints_propose_names_that_make_sense(out: str, options: list[str], hint: str) -> None:
    Path("sub").mkdir()
    Path("taken").write_text("")
    ended = call("encode", "model.json", "corpus.txt", "--out", out, *options)
    assert ended.code == 2
    assert ended.err.rstrip("\n").endswith(hint)


def test_a_folder_that_is_a_file_is_an_error_that_says_so() -> None:
    Path("x.bin").write_bytes(b"kept")
    ended = call("encode", "model.json", "corpus.txt", "--out", "x.bin/")
    assert (ended.code, Path("x.bin").read_bytes()) == (2, b"kept")
    assert ended.err.startswith("error: x.bin/ asks for a folder, and x.bin is a file\n")


def test_bytes_per_token_are_those_of_the_corpus_where_all_of_it_was_read() -> None:
    Path("lines.jsonl").write_text("".join(json.dumps({"text": line}) + "\n" for line in LINES.splitlines()))
    for name in ("lines.jsonl", "corpus.txt"):
        ended = call("train", name, "--vocab-size", "260", "--out", "out.json")
        assert "on the corpus (" in ended.err
    assert "first" not in next(line for line in ended.err.splitlines() if line.startswith("bytes per token"))


def test_info_tells_long_tokens_by_their_beginning() -> None:
    ranks = {bytes([byte]): byte for byte in range(256)} | {b"x" * 1000: 256, "ñ".encode() * 100: 257}
    pw.Tokenizer.from_ranks(ranks, pattern="cl100k").save("long.json")
    said = call("info", "long.json").out.decode()
    assert f"'{'x' * 40}'… (1,000 bytes)" in said
    assert f"'{'ñ' * 40}'… (200 bytes)" in said
    assert max(map(len, said.splitlines())) < 400
