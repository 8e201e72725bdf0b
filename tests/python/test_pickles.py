"""Tokenizers in pickles: whole, exact, and built once in a process."""

import copy
import gc
import json
import multiprocessing
import os
import pickle
import subprocess
import sys
import threading
import weakref
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import tokenizers
from learned import trained

import pairwright as pw
from pairwright import pickled
from pairwright._core import _from_model, _from_packed
from pairwright.compat import tiktoken

BYTES = {bytes([byte]): byte for byte in range(256)}

# With holes, a merge list, special tokens in manners of their own, a normal form, ids around texts.
KINDS = ["trained", "base", "holes", "list", "ignoring", "steps", "huggingface"]

HUGGINGFACE = """{"added_tokens": [
  {"id": 258, "content": "<s>", "special": true, "lstrip": true, "normalized": false},
  {"id": 259, "content": "<new>", "special": false, "single_word": true}],
 "normalizer": {"type": "NFC"},
 "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false},
 "decoder": {"type": "ByteLevel"},
 "post_processor": {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}},
   {"Sequence": {"id": "A", "type_id": 0}}], "pair": [{"Sequence": {"id": "A", "type_id": 0}}],
   "special_tokens": {"<s>": {"id": "<s>", "ids": [258], "tokens": ["<s>"]}}},
 "model": {"type": "BPE", "vocab": VOCAB, "merges": ["a b", "b c"]}}"""


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    pickled.forget()
    yield
    pickled.forget()


def made(kind: str, tmp_path: Path) -> pw.Tokenizer:
    if kind == "trained":
        return trained("cl100k")
    if kind == "base":
        return pw.train(["to be or not to be"] * 2, 262, base=pw.train(["to be"], 258, special_tokens=["<e>"]))
    if kind == "holes":
        return pw.Tokenizer.from_ranks(BYTES | {b"ab": 1000, b"": 2000}, pattern="gpt2", special_tokens={"é": 3000})
    if kind == "list":
        return pw.Tokenizer.from_merges(
            [(b"b", b"c"), (b"a", b"bc"), (b"a", b"b")], pattern="o200k", special_tokens={"<s>": 300}
        )
    if kind == "ignoring":
        return pw.Tokenizer.from_ranks(BYTES | {b"abc": 256}, pattern=r"\w+| +", ignore_merges=True)
    if kind == "steps":
        return pw.Tokenizer.from_merges([], pattern='[{"split": " ", "behavior": "Removed"}, {"split": "\\\\w+"}]')
    alphabet = sorted(tokenizers.pre_tokenizers.ByteLevel.alphabet())
    vocab = {letter: id for id, letter in enumerate([*alphabet, "ab", "bc"])}
    path = tmp_path / "tokenizer.json"
    path.write_text(HUGGINGFACE.replace("VOCAB", json.dumps(vocab)))
    return pw.Tokenizer.from_huggingface(path)


def state(tok: pw.Tokenizer, folder: Path) -> dict[str, Any]:
    """All that can be seen of a tokenizer."""
    names = ("vocab", "merges", "special_tokens", "pattern", "normalizer", "beginning", "ending", "ignore_merges")
    tok.save(folder / "state.json")
    text = "abc to be <s>ab<e> <new> café cafe\u0301 <|end|>"
    return {name: getattr(tok, name) for name in (*names, "metadata")} | {
        "file": (folder / "state.json").read_bytes(),
        "ids": tok.encode(text, allowed_special="all"),
        "hash": hash(tok),
    }


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_what_is_built_from_a_pickle_is_the_same_in_all(kind: str, protocol: int, tmp_path: Path) -> None:
    tok = made(kind, tmp_path)
    content = pickle.dumps(tok, protocol)
    pickled.forget()
    again = pickle.loads(content)
    assert again is not tok
    assert again == tok
    assert state(again, tmp_path) == state(tok, tmp_path)
    pickled.forget()
    # To pickle it again gives the same bytes, however often it travels.
    assert pickle.dumps(again, protocol) == content


def test_a_process_builds_a_tokenizer_once(monkeypatch: pytest.MonkeyPatch) -> None:
    built = []

    def build(content: bytes) -> pw.Tokenizer:
        built.append(content)
        return _from_packed(content)

    monkeypatch.setattr(pickled, "_from_packed", build)
    tok = trained("cl100k")
    content = pickle.dumps({"one": tok, "other": [tok]})
    assert pickle.loads(content)["one"] is tok
    assert copy.copy(tok) is copy.deepcopy(tok) is copy.deepcopy([tok])[0] is tok
    assert not built
    pickled.forget()
    first = pickle.loads(content)
    assert first["one"] is first["other"][0]
    # Between two tasks of a worker nobody has it.
    del first
    gc.collect()
    again = pickle.loads(content)["one"]
    assert again is pickle.loads(pickle.dumps(again))
    assert len(built) == 1


def test_only_some_are_kept_that_nobody_uses() -> None:
    contents = [pickle.dumps(pw.train([text], 257)) for text in ("aab", "bba", "cca", "ddd", "eee", "fff")]
    pickled.forget()
    gone = [weakref.ref(pickle.loads(content)) for content in contents]
    gc.collect()
    assert [each() is None for each in gone] == [True] * (len(gone) - pickled.KEPT) + [False] * pickled.KEPT
    mine = [pickle.loads(content) for content in contents]
    assert all(pickle.loads(content) is each for content, each in zip(contents, mine, strict=True))


def test_tokenizers_that_differ_in_anything_are_not_mixed_up() -> None:
    made = [
        pw.Tokenizer.from_ranks(BYTES | {b"ab": 256}, pattern="gpt2"),
        pw.Tokenizer.from_ranks(BYTES | {b"ab": 256}, pattern="cl100k"),
        pw.Tokenizer.from_ranks(BYTES | {b"ab": 257}, pattern="gpt2"),
        pw.Tokenizer.from_ranks(BYTES | {b"ab": 256}, pattern="gpt2", ignore_merges=True),
        pw.Tokenizer.from_ranks(BYTES | {b"ab": 256}, pattern="gpt2", special_tokens={"<a>": 300}),
        pw.Tokenizer.from_ranks(BYTES | {b"ab": 256}, pattern="gpt2", special_tokens={"<b>": 300}),
    ]
    contents = [pickle.dumps(tok) for tok in made]
    assert len(set(contents)) == len(made)
    for _ in range(2):
        assert [pickle.loads(content) for content in contents] == made
        pickled.forget()


def test_threads_that_unpickle_at_once_get_one_object() -> None:
    content = pickle.dumps(trained("o200k"))
    pickled.forget()
    start, found = threading.Barrier(8), []

    def load() -> None:
        start.wait()
        found.append(pickle.loads(content))

    threads = [threading.Thread(target=load) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(tok) for tok in found}) == 1


def test_damage_and_other_versions_are_told() -> None:
    tok = trained("gpt2")
    build, (content,) = tok.__reduce__()
    for damaged in (content[:-1], content[:20], b"", content[:60] + b"x" + content[61:], b"\x80" + content):
        pickled.forget()
        with pytest.raises(pw.FormatError, match="pickled tokenizer"):
            build(damaged)
    with pytest.raises(pw.FormatError, match="another version of pairwright"):
        build(content[:8] + b"\xff" + content[9:])


def test_model_files_in_pickles_of_older_versions_are_read(tmp_path: Path) -> None:
    tok = trained("gpt2")
    tok.save(tmp_path / "model.json")
    assert _from_model((tmp_path / "model.json").read_bytes()) == tok


def identity(tok: pw.Tokenizer) -> tuple[int, int, list[int], int]:
    """Of the tokenizer that a task in a worker got."""
    return os.getpid(), id(tok), tok.encode("to be or not to be"), len(tok.vocab)


@pytest.mark.parametrize("method", ["spawn", "fork", "forkserver"])
def test_workers_encode_alike_and_build_one_tokenizer(method: str) -> None:
    if method not in multiprocessing.get_all_start_methods():
        pytest.skip(f"this system cannot {method}")
    tok = pw.train(["to be or not to be, that is the question"] * 3, 280)
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context(method)) as pool:
        told = list(pool.map(identity, [tok] * 12))
    assert {(tuple(ids), size) for _, _, ids, size in told} == {
        (tuple(tok.encode("to be or not to be")), len(tok.vocab))
    }
    # In each process all tasks had the same object.
    assert len({(process, object) for process, object, _, _ in told}) == len({process for process, *_ in told})


def test_a_worker_needs_neither_a_file_nor_the_network(data: Any, tmp_path: Path) -> None:
    data("vocab/cl100k_base.tiktoken")
    tok = pw.get_encoding("cl100k_base")
    content = pickle.dumps([tok, tiktoken.Encoding.from_tokenizer("cl100k_base", tok)])
    (tmp_path / "pickle").write_bytes(content)
    script = """
import pickle, sys
from pathlib import Path
tok, encoding = pickle.loads(Path(sys.argv[1]).read_bytes())
assert encoding.tokenizer is tok and encoding.name == "cl100k_base"
print(tok.encode("hello world<|endoftext|>", allowed_special="all"), encoding.encode("hello world"))
"""
    environment = os.environ | {"PAIRWRIGHT_OFFLINE": "1", "HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path)}
    environment |= {"PAIRWRIGHT_DATA": str(tmp_path), "TIKTOKEN_CACHE_DIR": ""}
    command = [sys.executable, "-c", script, str(tmp_path / "pickle")]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=120)
    assert ended.stdout == "[15339, 1917, 100257] [15339, 1917]\n"
    # The rank file has 1.7 MB.
    assert len(content) < 1_000_000
