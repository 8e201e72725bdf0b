"""Published encodings: found by name, and giving the ids that tiktoken gives."""

import base64
import hashlib
import os
import tempfile
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import tiktoken
from hypothesis import given, strategies as st
from tiktoken_ext import openai_public

from pairwright import download, encodings
from pairwright.encodings import encoding_for_model, encoding_name_for_model, get_encoding, list_encodings
from pairwright.errors import ChecksumError, DownloadError

NAMES = ["gpt2", "r50k_base", "p50k_base", "p50k_edit", "cl100k_base", "o200k_base", "o200k_harmony"]


# By name


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """An encoding of 258 tokens, its rank file in a data folder, none of any name built yet."""
    tokens = [bytes([byte]) for byte in range(256)] + [b"ab", b"abab"]
    content = b"".join(base64.b64encode(token) + b" %d\n" % rank for rank, token in enumerate(tokens))
    (tmp_path / "vocab").mkdir()
    (tmp_path / "vocab" / "tiny.tiktoken").write_bytes(content)
    entry = {
        "file": "vocab/tiny.tiktoken",
        "url": "http://127.0.0.1/never-asked",
        "size": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "pattern": "cl100k",
        "special_tokens": {"<|end|>": 300},
    }
    monkeypatch.setitem(download.MANIFEST["encodings"], "tiny", entry)
    monkeypatch.setenv("PAIRWRIGHT_DATA", str(tmp_path))
    monkeypatch.setenv("PAIRWRIGHT_OFFLINE", "1")
    monkeypatch.setattr(encodings, "_loaded", {})
    return "tiny"


def test_an_encoding_has_its_pattern_and_special_tokens(tiny: str) -> None:
    encoding = get_encoding(tiny)
    assert encoding.encode_ordinary("ababab c") == [257, 256, 32, 99]
    assert encoding.encode("ab<|end|>", allowed_special="all") == [256, 300]
    assert encoding.pattern == "cl100k"
    assert encoding.special_tokens == {"<|end|>": 300}


def test_an_unknown_name_is_told_the_known_ones() -> None:
    assert list_encodings() == NAMES
    with pytest.raises(ValueError, match="unknown encoding 'cl100k'") as caught:
        get_encoding("cl100k")
    assert all(name in str(caught.value) for name in NAMES)


@pytest.mark.parametrize(
    ("spelling", "name"),
    [
        *[("CL100K_BASE", "cl100k_base"), ("o200k-base", "o200k_base"), ("O200k Harmony", "o200k_harmony")],
        *[("GPT-2", "gpt2"), ("r50kbase", "r50k_base")],
    ],
)
def test_case_and_what_stands_between_parts_do_not_matter(
    spelling: str, name: str, tiny: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(encodings._loaded, name, get_encoding(tiny))
    assert get_encoding(spelling) is get_encoding(name)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("gpt-4o", r"'gpt-4o' is the name of a model.*call encoding_for_model\('gpt-4o'\), which gives o200k_base$"),
        ("GPT4", r"call encoding_for_model\('GPT4'\), which gives cl100k_base$"),
        ("gpt-4o-2024-05-13", "which gives o200k_base$"),
        ("cl100k", r"did you mean 'cl100k_base'\?$"),
        ("o200", r"did you mean 'o200k_base'\?$"),
        ("p50k_bsae", r"did you mean 'p50k_base'\?$"),
        ("nothing like it", "o200k_base, o200k_harmony$"),
        ("", "o200k_base, o200k_harmony$"),
        ("models/gpt2", "unknown encoding"),
    ],
)
def test_what_is_no_encoding_is_told_what_is(name: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        get_encoding(name)


@pytest.mark.parametrize("wrong", [None, 5, b"gpt2", Path("gpt2"), ["gpt2"]])
def test_names_are_str(wrong: Any) -> None:
    for call, argument in ((get_encoding, "name"), (encoding_for_model, "model"), (encoding_name_for_model, "model")):
        with pytest.raises(TypeError, match=f"^{argument} must be a str, not .*") as caught:
            call(wrong)
        assert "Tokenizer.load" in caught.value.__notes__[0]


def test_an_encoding_is_built_once_however_many_threads_ask(tiny: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = []

    def find_slowly(file: download.PinnedFile, elsewhere: Iterable[Path]) -> Path:
        found.append(file)
        # Long enough that the other threads arrive meanwhile.
        threading.Event().wait(0.05)
        return download.find_or_fetch(file, elsewhere)

    monkeypatch.setattr(encodings, "find_or_fetch", find_slowly)
    barrier = threading.Barrier(8)
    built = []

    def ask() -> None:
        barrier.wait()
        built.append(get_encoding(tiny))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 1
    assert len(built) == 8
    assert all(each is built[0] for each in built)


def test_a_failure_is_not_remembered(tiny: str, tmp_path: Path) -> None:
    path = tmp_path / "vocab" / "tiny.tiktoken"
    content = path.read_bytes()
    path.write_bytes(content[:-1])
    with pytest.raises(ChecksumError, match=r"tiny\.tiktoken"):
        get_encoding(tiny)
    path.write_bytes(content)
    assert get_encoding(tiny).vocab_size == 301


# Where tiktoken keeps it


@pytest.fixture
def elsewhere(tiny: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], Path]:
    """Moves the rank file of `tiny` out of the data folder; nothing else is anywhere."""
    cache = tmp_path / "cache"
    monkeypatch.setattr(download, "cache_folder", lambda: cache)
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", "")

    def move(to: Path) -> Path:
        to.parent.mkdir(parents=True)
        return (tmp_path / "vocab" / f"{tiny}.tiktoken").rename(to)

    return move


def cached_name(name: str) -> str:
    """tiktoken's, of a file that it has fetched."""
    return hashlib.sha1(download.MANIFEST["encodings"][name]["url"].encode()).hexdigest()


@pytest.mark.parametrize("variable", ["TIKTOKEN_CACHE_DIR", "DATA_GYM_CACHE_DIR"])
def test_the_cache_of_tiktoken_will_do(
    variable: str, tiny: str, elsewhere: Callable[[Path], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = elsewhere(tmp_path / "theirs" / cached_name(tiny))
    with pytest.raises(DownloadError):
        get_encoding(tiny)
    monkeypatch.delenv("TIKTOKEN_CACHE_DIR")
    monkeypatch.setenv(variable, str(theirs.parent))
    assert get_encoding(tiny).encode_ordinary("abab") == [257]
    # It is found from now on, whatever becomes of theirs.
    theirs.unlink()
    monkeypatch.setattr(encodings, "_loaded", {})
    assert get_encoding(tiny).encode_ordinary("abab") == [257]


def test_tiktoken_s_cache_among_temporary_files_will_do(
    tiny: str, elsewhere: Callable[[Path], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere(tmp_path / "temporary" / "data-gym-cache" / cached_name(tiny))
    monkeypatch.delenv("TIKTOKEN_CACHE_DIR")
    monkeypatch.delenv("DATA_GYM_CACHE_DIR", raising=False)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    assert get_encoding(tiny).encode_ordinary("abab") == [257]


def test_an_extension_of_tiktoken_that_carries_it_will_do(
    tiny: str, elsewhere: Callable[[Path], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere(tmp_path / "site" / "tiktoken_ext" / "data" / f"{tiny}.tiktoken")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    assert get_encoding(tiny).encode_ordinary("abab") == [257]


def test_what_others_keep_is_compared_too(
    tiny: str, elsewhere: Callable[[Path], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = elsewhere(tmp_path / "theirs" / cached_name(tiny))
    theirs.write_bytes(theirs.read_bytes().replace(b" 257", b" 258"))
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(theirs.parent))
    with pytest.warns(UserWarning, match="is not the expected file"), pytest.raises(DownloadError) as caught:
        get_encoding(tiny)
    assert str(theirs) in str(caught.value)
    theirs.unlink()
    theirs.mkdir()
    with pytest.warns(UserWarning, match="cannot be read"), pytest.raises(DownloadError):
        get_encoding(tiny)


# By the name of a model


def test_every_model_has_the_encoding_that_it_has_in_tiktoken() -> None:
    names = [*tiktoken.model.MODEL_TO_ENCODING, *(f"{prefix}x" for prefix in tiktoken.model.MODEL_PREFIX_TO_ENCODING)]
    assert {name: encoding_name_for_model(name) for name in names} == {
        name: tiktoken.encoding_name_for_model(name) for name in names
    }
    assert encoding_name_for_model("ft:gpt-4o-mini") == "o200k_base"


@pytest.mark.parametrize(
    ("model", "name"),
    [
        *[("gpt4o", "o200k_base"), ("GPT-4o", "o200k_base"), ("gpt_4o", "o200k_base"), ("GPT 4o mini", "o200k_base")],
        *[
            ("gpt3.5-turbo", "cl100k_base"),
            ("GPT-4-0613", "cl100k_base"),
            ("GPT2", "gpt2"),
            ("GPT-OSS-20b", "o200k_harmony"),
        ],
    ],
)
def test_a_model_is_known_in_other_spellings(model: str, name: str) -> None:
    assert encoding_name_for_model(model) == name


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("cl100k_base", r"is the name of an encoding, not of a model: call get_encoding\('cl100k_base'\)"),
        ("O200K-base", r"call get_encoding\('o200k_base'\)"),
        ("gpt-4p", r"did you mean 'gpt-4'\?"),
        ("gpt-40", r"did you mean 'gpt-4'\?"),
        ("text-embedding-3", r"did you mean 'text-embedding-3-"),
        ("gpt-4.7", "no encoding is known for a model 'gpt-4.7'"),
        ("llama-3", "no encoding is known for a model 'llama-3'"),
    ],
)
def test_what_is_no_model_is_told_what_is(model: str, message: str) -> None:
    with pytest.raises(KeyError, match=message):
        encoding_for_model(model)


def test_a_model_gives_its_encoding(tiny: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(download.MANIFEST["models"], tiny, {"names": ["m"], "prefixes": ["m-"]})
    assert encoding_for_model("m") is encoding_for_model("m-2") is get_encoding(tiny)
    with pytest.raises(KeyError, match="'n'"):
        encoding_for_model("n")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this platform")
def test_a_child_forked_during_a_fetch_is_not_locked_out() -> None:
    with encodings._lock:
        child = os.fork()
        if child == 0:
            os._exit(0 if encodings._lock.acquire(blocking=False) else 1)
        assert encodings._lock.locked()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


# Against tiktoken


@dataclass(frozen=True)
class Published:
    """An encoding as tiktoken has it."""

    encoding: tiktoken.Encoding
    ranks: dict[bytes, int]
    special_tokens: dict[str, int]
    pins: dict[str, str]
    """The sha256 that tiktoken expects, by address."""


def load_published(name: str, vocab: Path) -> Published:
    """tiktoken's own definition on the rank files of a folder; its own loader would ask the network."""
    pins: dict[str, str] = {}

    def load(url: str, expected_hash: str) -> dict[bytes, int]:
        pins[url] = expected_hash
        lines = (vocab / url.rsplit("/", 1)[1]).read_bytes().split()
        return {base64.b64decode(token): int(rank) for token, rank in zip(lines[::2], lines[1::2], strict=True)}

    def load_gpt2(**_: str) -> dict[bytes, int]:
        # Files of another format, which hold the ranks of r50k_base.
        ranks: dict[bytes, int] = openai_public.r50k_base()["mergeable_ranks"]
        return ranks

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(openai_public, "load_tiktoken_bpe", load)
        patch.setattr(openai_public, "data_gym_to_mergeable_bpe_ranks", load_gpt2)
        parts = openai_public.ENCODING_CONSTRUCTORS[name]()
    return Published(tiktoken.Encoding(**parts), parts["mergeable_ranks"], parts["special_tokens"], pins)


@pytest.fixture(scope="module")
def published(data: Callable[[str], Path]) -> Callable[[str], Published]:
    folder = data("vocab")
    return cache(lambda name: load_published(name, folder))


@pytest.mark.parametrize("name", NAMES)
def test_the_manifest_says_what_tiktoken_says(name: str, published: Callable[[str], Published]) -> None:
    theirs = published(name)
    entry = download.MANIFEST["encodings"][name]
    assert theirs.pins == {entry["url"]: entry["sha256"]}
    encoding = get_encoding(name)
    assert encoding.vocab == theirs.ranks
    assert encoding.special_tokens == theirs.special_tokens
    assert encoding.vocab_size == theirs.encoding.n_vocab


def test_an_id_of_two_special_tokens_has_the_name_that_means_something(data: Callable[[str], Path]) -> None:
    data("vocab")
    harmony = get_encoding("o200k_harmony")
    ids = harmony.encode("<|endofprompt|><|reserved_200018|>", allowed_special="all")
    assert ids == [200018, 200018]
    assert harmony.decode(ids[:1]) == "<|endofprompt|>"


def check(name: str, text: str, theirs: Published) -> None:
    # Compared as bytes: were they lists, pytest would take minutes to explain a difference.
    ids = get_encoding(name).encode_to_numpy(text, disallowed_special=())
    assert ids.tobytes() == theirs.encoding.encode_to_numpy(text, disallowed_special=()).tobytes()
    assert get_encoding(name).decode(ids) == text


@pytest.mark.parametrize("name", NAMES)
def test_tiny_shakespeare_has_the_ids_of_tiktoken(
    name: str, published: Callable[[str], Published], tinyshakespeare: str
) -> None:
    check(name, tinyshakespeare, published(name))


@pytest.mark.parametrize("name", NAMES)
@given(text=st.text())
def test_any_text_has_the_ids_of_tiktoken(name: str, text: str, published: Callable[[str], Published]) -> None:
    assert get_encoding(name).encode_ordinary(text) == published(name).encoding.encode_ordinary(text)


EDGES = " \t\n\r\u00a0\u3000'sStTlLd0aA.,/<|>é中\u0301\U0001f389"
"""Characters at which the patterns decide: white space, contractions, digits, case, marks."""


@pytest.mark.parametrize("name", NAMES)
@given(text=st.text(alphabet=st.sampled_from(EDGES), max_size=60))
def test_any_text_of_hard_characters_has_the_ids_of_tiktoken(
    name: str, text: str, published: Callable[[str], Published]
) -> None:
    assert get_encoding(name).encode_ordinary(text) == published(name).encoding.encode_ordinary(text)


@pytest.mark.parametrize("name", NAMES)
def test_special_tokens_mean_what_they_mean_to_tiktoken(name: str, published: Callable[[str], Published]) -> None:
    encoding, theirs = get_encoding(name), published(name).encoding
    special = sorted(theirs.special_tokens_set)
    text = "".join(f"one {token}two {token[:-1]}{token}" for token in special)
    assert encoding.encode(text, allowed_special="all") == theirs.encode(text, allowed_special="all")
    assert encoding.encode(text, disallowed_special=()) == theirs.encode(text, disallowed_special=())
    assert encoding.encode_ordinary(text) == theirs.encode_ordinary(text)
    first = set(special[:1])
    ids = encoding.encode(text, allowed_special=first, disallowed_special=())
    assert ids == theirs.encode(text, allowed_special=first, disallowed_special=())
    with pytest.raises(ValueError, match="special token"):
        theirs.encode(text)
    with pytest.raises(ValueError, match="special token"):
        encoding.encode(text)
