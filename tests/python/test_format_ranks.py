"""Rank files of several families, and tekken files, beside the libraries that own them."""

import base64
import json
import pickle
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import texts
import tiktoken
import tokenizers
from carried import LLAMA3, LLAMA4, PUBLISHED, QWEN, TEKKEN, carried
from hypothesis import given, settings, strategies as st
from mistral_common.tokens.tokenizers.tekken import Tekkenizer
from peers import published, read_ranks, write_ranks
from tiktoken import load

import pairwright as pw
from pairwright import download, encodings
from pairwright._core import PATTERNS
from pairwright.compat.tiktoken import load as drop_in

# As the code writes them that these vocabularies came with.
OWN_PATTERNS = {
    "llama3": (
        r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
        r"|\s*[\r\n]+|\s+(?!\S)|\s+"
    ),
    "llama4": (
        r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
        r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
        r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
    ),
    "qwen": (
        r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
        r"|\s*[\r\n]+|\s+(?!\S)|\s+"
    ),
}
FAMILIES = {"llama3": LLAMA3, "llama4": LLAMA4, "qwen": QWEN}

every_family = pytest.mark.parametrize("name", FAMILIES)


@cache
def family(name: str) -> tuple[pw.Tokenizer, tiktoken.Encoding]:
    path = carried(*FAMILIES[name])
    ours = pw.Tokenizer.from_tiktoken(path, pattern=name, ignore_merges=True)
    theirs = tiktoken.Encoding(name, pat_str=OWN_PATTERNS[name], mergeable_ranks=read_ranks(path), special_tokens={})
    return ours, theirs


def whole_tokens(vocab: Mapping[bytes, int]) -> Iterator[str]:
    """The tokens that are text."""
    for token in vocab:
        text = token.decode(errors="ignore")
        if text.encode() == token:
            yield text


@every_family
def test_ids_of_every_token_by_itself(name: str) -> None:
    ours, theirs = family(name)
    tokens = list(whole_tokens(ours.vocab))
    assert ours.encode_batch(tokens).to_lists() == [theirs.encode_ordinary(token) for token in tokens]


@every_family
def test_ids_of_the_python_documentation(name: str, python_docs: str) -> None:
    ours, theirs = family(name)
    assert ours.encode_ordinary(python_docs) == theirs.encode_ordinary(python_docs)


@every_family
def test_ids_of_the_handbook(name: str, handbook: dict[str, str]) -> None:
    ours, theirs = family(name)
    for language, text in handbook.items():
        assert ours.encode_to_numpy(text).tolist() == theirs.encode_ordinary(text), language


@every_family
def test_ids_of_the_sources_of_the_standard_library(name: str, python_sources: list[str]) -> None:
    ours, theirs = family(name)
    expected = theirs.encode_ordinary_batch(python_sources, num_threads=2)
    assert ours.encode_batch(python_sources, disallowed_special=()).to_lists() == expected


@every_family
@given(text=texts.any_text | texts.by_class)
def test_ids_of_any_text(name: str, text: str) -> None:
    ours, theirs = family(name)
    assert ours.encode_ordinary(text) == theirs.encode_ordinary(text)


def test_llama_3_has_tokens_that_no_merge_reaches() -> None:
    """Why `ignore_merges` is there."""
    ours, theirs = family("llama3")
    merging = pw.Tokenizer.from_tiktoken(carried(*LLAMA3), pattern="llama3")
    unreachable = [token for token in whole_tokens(ours.vocab) if len(merging.encode_piece(token)) > 1]
    assert len(unreachable) > 100
    assert sum(len(token) > 1 for token in merging.vocab) - len(merging.merges) == 588
    assert all(len(theirs.encode_ordinary(token)) == len(ours.encode_ordinary(token)) for token in unreachable)
    assert merging != ours
    assert not merging.ignore_merges
    assert ours.ignore_merges


def test_what_a_named_pattern_means() -> None:
    assert PATTERNS["qwen"] == OWN_PATTERNS["qwen"]
    assert PATTERNS["o200k"] == OWN_PATTERNS["llama4"]
    # Spelled in another way, it cuts every text in the same way, as fast.
    text = "I'LL  go\n\n to 12345 ſ'ſ!\r\n" * 3
    spelled = pw.Tokenizer.from_ranks(family("qwen")[0].vocab, pattern=OWN_PATTERNS["llama3"])
    assert spelled.pattern == OWN_PATTERNS["llama3"]
    named = pw.Tokenizer.from_ranks(family("qwen")[0].vocab, pattern="llama3")
    assert named.pattern == "cl100k"
    assert named.split(text) == spelled.split(text)


@given(text=texts.any_text | texts.by_class | st.text("漢字かなカナ한a1 \n!'sB", max_size=20))
@settings(max_examples=200)
def test_kimi_s_pattern_cuts_as_in_tiktoken(text: str) -> None:
    ours, theirs = kimi()
    assert ours.encode_ordinary(text) == theirs.encode_ordinary(text)


@cache
def kimi() -> tuple[pw.Tokenizer, tiktoken.Encoding]:
    ranks = family("qwen")[0].vocab
    theirs = tiktoken.Encoding("kimi", pat_str=PATTERNS["kimi"], mergeable_ranks=ranks, special_tokens={})
    return pw.Tokenizer.from_ranks(ranks, pattern="kimi", ignore_merges=True), theirs


def test_rank_files_are_written_as_they_were(tmp_path: Path) -> None:
    for name, (package, file) in FAMILIES.items():
        family(name)[0].to_tiktoken(tmp_path / name)
        assert read_ranks(tmp_path / name) == read_ranks(carried(package, file))


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_published_encoding_in_tiktoken_s_cache(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, python_docs: str
) -> None:
    """litellm brings such a cache along."""
    path = carried(*PUBLISHED[name])
    monkeypatch.setattr(encodings, "_loaded", {})
    monkeypatch.setattr(download, "cache_folder", lambda: tmp_path)
    monkeypatch.setenv("PAIRWRIGHT_OFFLINE", "1")
    monkeypatch.delenv("PAIRWRIGHT_DATA", raising=False)
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(path.parent))
    ours = pw.get_encoding(name)
    theirs = published(name, path).encoding
    assert ours.vocab_size == theirs.n_vocab
    assert ours.special_tokens == theirs._special_tokens
    assert ours.encode_ordinary(python_docs) == theirs.encode_ordinary(python_docs)
    # Every token of more than a byte is made by a merge, so that it makes no difference whether merges are ignored.
    assert len(ours.merges) == sum(len(token) > 1 for token in ours.vocab)


# Published facts

FACTS = {
    "gpt2": (50257, {"<|endoftext|>": 50256}),
    "r50k_base": (50257, {"<|endoftext|>": 50256}),
    "p50k_base": (50281, {"<|endoftext|>": 50256}),
    "p50k_edit": (50284, {"<|fim_prefix|>": 50281, "<|fim_middle|>": 50282, "<|fim_suffix|>": 50283}),
    "cl100k_base": (100277, {"<|endoftext|>": 100257, "<|fim_prefix|>": 100258, "<|endofprompt|>": 100276}),
    "o200k_base": (200019, {"<|endoftext|>": 199999, "<|endofprompt|>": 200018}),
    "o200k_harmony": (201088, {"<|start|>": 200006, "<|channel|>": 200005, "<|message|>": 200008, "<|end|>": 200007}),
}


@pytest.mark.parametrize("name", FACTS)
def test_sizes_and_special_tokens_are_the_published_ones(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = {"gpt2": "r50k_base", "p50k_edit": "p50k_base", "o200k_harmony": "o200k_base"}.get(name, name)
    if file not in PUBLISHED:
        pytest.skip("no package carries r50k_base; with PAIRWRIGHT_DATA test_encodings.py tells the same of it")
    monkeypatch.setattr(encodings, "_loaded", {})
    monkeypatch.setattr(download, "cache_folder", lambda: tmp_path)
    monkeypatch.setenv("PAIRWRIGHT_OFFLINE", "1")
    monkeypatch.delenv("PAIRWRIGHT_DATA", raising=False)
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(carried(*PUBLISHED[file]).parent))
    size, special = FACTS[name]
    found = pw.get_encoding(name)
    assert found.vocab_size == size
    assert {token: found.special_tokens[token] for token in special} == special


def test_the_ids_of_a_published_example() -> None:
    text = "hello world!!!? (안녕하세요!) lol123 😉"
    found = pw.Tokenizer.from_tiktoken(carried(*PUBLISHED["cl100k_base"]), pattern="cl100k")
    assert found.encode(text) == published("cl100k_base", carried(*PUBLISHED["cl100k_base"])).encoding.encode(text)
    assert found.encode("hello world!!!?") == [15339, 1917, 12340, 30]
    assert found.decode(found.encode(text)) == text


def test_ranks_may_have_holes(tmp_path: Path, python_docs: str) -> None:
    ranks = {token: 3 * rank + 7 for token, rank in family("qwen")[0].vocab.items()}
    path = write_ranks(tmp_path / "holes.tiktoken", ranks)
    found = pw.Tokenizer.from_tiktoken(path, pattern="qwen", special_tokens={"<x>": 8})
    ids = family("qwen")[0].encode_to_numpy(python_docs[:50_000])
    assert found.encode_to_numpy(python_docs[:50_000]).tolist() == (ids * 3 + 7).tolist()
    with pytest.raises(KeyError, match="unknown token id 9 at position 1"):
        found.decode([8, 9])


EMPTY = {bytes([byte]): byte for byte in range(256)} | {b"ab": 257, b"": 256, b"abc": 258}


def test_a_token_without_bytes_is_that_of_tiktoken(tmp_path: Path) -> None:
    """The file of Whisper has one, written as `=`."""
    path = tmp_path / "empty.tiktoken"
    lines = [f"{base64.b64encode(token).decode() or '='} {rank}\n" for token, rank in EMPTY.items()]
    path.write_text("".join(lines))
    assert load.load_tiktoken_bpe(str(path)) == EMPTY == drop_in.load_tiktoken_bpe(str(path))
    theirs = tiktoken.Encoding("empty", pat_str=PATTERNS["gpt2"], mergeable_ranks=EMPTY, special_tokens={"<x>": 259})
    for ignores in (False, True):
        ours = pw.Tokenizer.from_tiktoken(path, pattern="gpt2", special_tokens={"<x>": 259}, ignore_merges=ignores)
        assert ours.vocab == EMPTY
        assert ours.vocab_size == theirs.n_vocab == 260
        for text in ("", "a", "abcab<x>", "\n\n ab", "ü"):
            ids = theirs.encode(text, allowed_special="all")
            assert ours.encode(text, allowed_special="all") == ids
            assert 256 not in ids
        assert ours.encode_piece("") == ours.encode_ordinary("") == []
        assert (ours.token_bytes(256), ours.token_id(b"")) == (b"", theirs.encode_single_token(b""))
        ids = [97, 256, 258, 256, 256, 98]
        assert ours.decode_bytes(ids) == theirs.decode_bytes(ids) == b"aabcb"
        assert ours.decode_with_spans(ids)[0] == "aabcb"
        assert ours.decode([256]) == ""
        assert ours.merges == [(b"a", b"b"), (b"ab", b"c")]
        for again in saved(ours, tmp_path):
            assert again == ours
            assert again.token_bytes(256) == b""
        made = ours.as_tiktoken()
        assert (made.decode_single_token_bytes(256), made.encode("abcab")) == (b"", [258, 257])
        larger = pw.train(["hello hello"], 262, base=ours)
        assert larger.vocab == EMPTY | {b"el": 260, b"hel": 261}
        assert larger.token_bytes(256) == b""
        # In a tokenizer.json, too.
        ours.to_huggingface(tmp_path / "tokenizer.json")
        assert pw.Tokenizer.from_huggingface(tmp_path / "tokenizer.json").vocab == EMPTY
        other = tokenizers.Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
        assert other.encode("abcab").ids == ours.encode("abcab")
    drop_in.dump_tiktoken_bpe(EMPTY, str(path))
    assert load.load_tiktoken_bpe(str(path)) == EMPTY
    with pytest.raises(ValueError, match="which is no token"):
        pw.Tokenizer.from_merges([(b"", b"a")], vocab=EMPTY, pattern="gpt2")


def saved(tokenizer: pw.Tokenizer, folder: Path) -> Iterator[pw.Tokenizer]:
    """The same, written and read in each way that keeps all of it."""
    tokenizer.save(folder / "model.json")
    yield pw.Tokenizer.load(folder / "model.json")
    yield pickle.loads(pickle.dumps(tokenizer))
    tokenizer.to_tiktoken(folder / "again.tiktoken")
    assert read_ranks(folder / "again.tiktoken") == tokenizer.vocab
    given: Any = {
        "pattern": tokenizer.pattern,
        "special_tokens": tokenizer.special_tokens,
        "ignore_merges": tokenizer.ignore_merges,
    }
    yield pw.Tokenizer.from_tiktoken(folder / "again.tiktoken", **given)
    yield pw.Tokenizer.from_ranks(tokenizer.vocab, **given)
    yield pw.Tokenizer.from_merges(tokenizer.merges, vocab=tokenizer.vocab, **given)


# tekken


@cache
def tekken(number: int) -> tuple[pw.Tokenizer, Tekkenizer]:
    path = carried(*TEKKEN[number])
    return pw.Tokenizer.from_tekken(path), Tekkenizer.from_file(path)


@pytest.mark.parametrize("number", range(len(TEKKEN)))
def test_tekken_is_what_mistral_common_makes_of_it(
    number: int, python_docs: str, python_sources: list[str], handbook: dict[str, str]
) -> None:
    ours, theirs = tekken(number)
    assert ours.vocab_size == theirs.n_words
    assert ours.pattern == "tekken"
    assert [ours.token_bytes(id).decode() for id in range(theirs.num_special_tokens)] == [
        theirs.id_to_piece(id) for id in range(theirs.num_special_tokens)
    ]
    for text in [python_docs, *python_sources[::4], *(text[:100_000] for text in handbook.values())]:
        ids = theirs.encode(text, bos=False, eos=False)
        assert ours.encode_ordinary(text) == ids
        assert ours.decode(ids) == theirs.decode(ids) == text


@given(text=texts.any_text | texts.by_class)
def test_any_text_has_the_ids_of_mistral_common(text: str) -> None:
    ours, theirs = tekken(1)
    assert ours.encode_ordinary(text) == theirs.encode(text, bos=False, eos=False)


def test_damaged_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "tekken.json"
    content = carried(*TEKKEN[0]).read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(pw.FormatError, match="or a truncated one"):
        pw.Tokenizer.from_tekken(path)
    path.write_bytes(content.replace(b'"rank": 300,', b'"rank": 301,', 1))
    with pytest.raises(pw.FormatError, match='"vocab", item 300'):
        pw.Tokenizer.from_tekken(path)
    with pytest.raises(FileNotFoundError):
        pw.Tokenizer.from_tekken(tmp_path / "none")


def test_what_a_rank_file_cannot_do_is_refused(tmp_path: Path) -> None:
    """Without the normal form, or with text that is left out, it would give other ids."""
    model = {"type": "BPE", "vocab": dict(zip(byte_level(), range(256), strict=True)), "merges": []}
    byte_level_step = {"type": "ByteLevel", "add_prefix_space": False, "use_regex": False}
    removing = {"type": "Split", "pattern": {"String": "-"}, "behavior": "Removed", "invert": False}
    for normalizer, steps, reason in [
        ({"type": "NFKC"}, [byte_level_step], "brings it into the form NFKC first"),
        (None, [removing, byte_level_step], "leaves some of it out"),
    ]:
        pre_tokenizer = {"type": "Sequence", "pretokenizers": steps}
        file = tmp_path / "tokenizer.json"
        file.write_text(json.dumps({"model": model, "normalizer": normalizer, "pre_tokenizer": pre_tokenizer}))
        tok = pw.Tokenizer.from_huggingface(file)
        with pytest.raises(ValueError, match=f"cannot be written for tiktoken: .*{reason}.*tokenizer.json holds it"):
            tok.to_tiktoken(tmp_path / "ranks.tiktoken")
        assert not (tmp_path / "ranks.tiktoken").exists()


def byte_level() -> list[str]:
    """The characters that stand for bytes in a tokenizer.json."""
    visible = [*range(ord("!"), ord("~") + 1), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = iter(range(0x100, 0x200))
    return [chr(byte) if byte in visible else chr(next(others)) for byte in range(256)]
