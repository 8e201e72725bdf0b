"""The usage that is kept while a corpus is encoded: that of the ids in the folder, whatever happened on the way."""

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from command_line import call, isolate

import pairwright as pw
from pairwright.corpus import files
from pairwright.tokens import usage as usages
from pairwright.tokens.manifest import Manifest

WORDS = "to be or not to be that is the question whether it is nobler in the mind"


@pytest.fixture(autouse=True)
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    isolate(tmp_path, monkeypatch)
    lines = [f"{word} {WORDS[number % 40 :]} {number}" for number in range(300) for word in WORDS.split()[:3]]
    Path("corpus.txt").write_text("\n".join(lines), encoding="utf-8")


@pytest.fixture
def corpus() -> pw.Corpus:
    return pw.Corpus("corpus.txt", lines=True)


def in_blocks_of(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read corpora in blocks of about so many bytes."""
    blocks = files.Corpus.blocks
    monkeypatch.setattr(files.Corpus, "blocks", lambda self, **given: blocks(self, **given | {"size": size}))


def counted(split: str, vocab_size: int) -> list[int]:
    """By hand, from the ids of every document."""
    found = Counter(int(id) for ids in pw.open_tokens("tokens", split) for id in ids)
    return [found[id] for id in range(vocab_size)]


def kept(split: str) -> npt.NDArray[Any]:
    return np.load(f"tokens/usage-{split}.npy")  # type: ignore[no-any-return]


@pytest.mark.parametrize("format", ["bin", "npy", "parquet", "arrow", "jsonl"])
def test_each_split_has_the_usage_of_its_ids(tokenizer: pw.Tokenizer, corpus: pw.Corpus, format: Any) -> None:
    given: Any = {"append": "<|end|>", "validation": 0.2, "shard_tokens": 500, "format": format}
    pw.encode_corpus(tokenizer, corpus, "tokens", **given)
    for split in ("train", "validation"):
        usage = kept(split)
        assert usage.dtype == np.uint64
        assert usage.tolist() == counted(split, tokenizer.vocab_size)
        assert pw.open_tokens("tokens", split).usage().tolist() == usage.tolist()
    both = kept("train") + kept("validation")
    assert tokenizer.usage("tokens").tolist() == both.tolist()
    end = tokenizer.special_tokens["<|end|>"]
    documents = len(pw.open_tokens("tokens")) + len(pw.open_tokens("tokens", "validation"))
    assert both[end] == documents
    both[end] = 0
    assert tokenizer.usage(corpus).tolist() == both.tolist()
    assert pw.verify_tokens("tokens") == []


@pytest.mark.parametrize("stop_after", [1, 4, 8])
def test_a_run_that_is_resumed_keeps_the_same(
    tokenizer: pw.Tokenizer, corpus: pw.Corpus, monkeypatch: pytest.MonkeyPatch, stop_after: int
) -> None:
    in_blocks_of(1000, monkeypatch)
    calls = 0

    def stop(_: pw.EncodingEvent) -> bool:
        nonlocal calls
        calls += 1
        return calls < stop_after

    given: Any = {"validation": 0.2, "shard_tokens": 400}
    with pytest.raises(pw.StoppedError):
        pw.encode_corpus(tokenizer, corpus, "tokens", progress=stop, **given)
    assert not list(Path("tokens").glob("usage-*"))
    pw.encode_corpus(tokenizer, corpus, "tokens", **given)
    pw.encode_corpus(tokenizer, corpus, "at-once", **given)
    for split in ("train", "validation"):
        assert kept(split).tolist() == counted(split, tokenizer.vocab_size)
        assert Path(f"tokens/usage-{split}.npy").read_bytes() == Path(f"at-once/usage-{split}.npy").read_bytes()
    assert Path("tokens/manifest.json").read_bytes() == Path("at-once/manifest.json").read_bytes()


@pytest.mark.parametrize("size", [200, 1000, 5000])
def test_documents_that_are_dropped_do_not_count(
    tokenizer: pw.Tokenizer, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    in_blocks_of(size, monkeypatch)
    long = "the question is " * 300
    documents = ["a b c", f"{long}<|end|>{long}", "d e f", f"{long}<|end|>", "g h i"]
    Path("data.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in documents), encoding="utf-8")
    corpus = pw.Corpus("data.jsonl", on_error="skip")
    manifest = pw.encode_corpus(tokenizer, corpus, "tokens", special="refuse")
    assert len(manifest.skipped) == 2
    assert kept("train").tolist() == counted("train", tokenizer.vocab_size)
    assert kept("train").sum() == tokenizer.usage(["a b c", "d e f", "g h i"]).sum()


def test_no_documents_have_a_usage_of_nothing(tokenizer: pw.Tokenizer) -> None:
    pw.encode_corpus(tokenizer, pw.texts([]), "tokens", validation=0.5)
    for split in ("train", "validation"):
        assert kept(split).tolist() == [0] * tokenizer.vocab_size
    assert pw.verify_tokens("tokens") == []


def test_a_folder_without_usage_is_counted(tokenizer: pw.Tokenizer, corpus: pw.Corpus) -> None:
    """Folders of earlier versions have none, nor does their manifest name one."""
    pw.encode_corpus(tokenizer, corpus, "tokens")
    expected = kept("train")
    manifest = Manifest.load("tokens")
    replace(manifest, splits=tuple(replace(split, usage=None) for split in manifest.splits)).save("tokens")
    Path("tokens/usage-train.npy").unlink()
    assert tokenizer.usage("tokens").tolist() == expected.tolist()
    assert pw.verify_tokens("tokens") == []


def test_verify_finds_a_usage_that_is_not_that_of_the_ids(tokenizer: pw.Tokenizer, corpus: pw.Corpus) -> None:
    pw.encode_corpus(tokenizer, corpus, "tokens")
    manifest = Manifest.load("tokens")
    wrong = kept("train")
    first, second = np.flatnonzero(wrong)[:2].tolist()
    wrong[first] += 1
    wrong[second] -= 1
    facts = usages.save(Path("tokens"), "train", wrong)
    replace(manifest, splits=tuple(replace(split, usage=facts) for split in manifest.splits)).save("tokens")
    (problem,) = pw.verify_tokens("tokens")
    assert f"usage-train.npy: says that id {first} occurs {wrong[first]:,} times" in problem
    wrong[first] -= 1
    facts = usages.save(Path("tokens"), "train", wrong)
    replace(manifest, splits=tuple(replace(split, usage=facts) for split in manifest.splits)).save("tokens")
    assert "no usage of the" in pw.verify_tokens("tokens")[0]
    with pytest.raises(pw.FormatError, match="no usage of the"):
        tokenizer.usage("tokens")


def test_a_damaged_or_missing_usage_is_named(tokenizer: pw.Tokenizer, corpus: pw.Corpus) -> None:
    pw.encode_corpus(tokenizer, corpus, "tokens")
    path = Path("tokens/usage-train.npy")
    content = path.read_bytes()
    path.write_bytes(content[:-1] + b"\x01")
    with pytest.raises(pw.FormatError, match=r"usage-train.npy: its sha256 is not that of the manifest"):
        pw.open_tokens("tokens").usage()
    ended = call("usage", "tokens/model.json", "tokens", "--out", "usage.npy")
    assert (ended.code, "usage-train.npy" in ended.err) == (1, True)
    path.unlink()
    assert pw.verify_tokens("tokens") == [f"{path}: is missing"]
    with pytest.raises(FileNotFoundError):
        pw.open_tokens("tokens").usage()
    # The ids can be read all the same.
    assert len(pw.open_tokens("tokens")[0])


def test_restart_removes_what_it_does_not_write_again(tokenizer: pw.Tokenizer, corpus: pw.Corpus) -> None:
    pw.encode_corpus(tokenizer, corpus, "tokens", validation=0.2)
    pw.encode_corpus(tokenizer, corpus, "tokens", restart=True)
    assert sorted(path.name for path in Path("tokens").glob("usage-*")) == ["usage-train.npy"]
    Path("tokens/usage-validation.npy").touch()
    assert "usage-validation.npy: is not in the manifest" in pw.verify_tokens("tokens")[0]
