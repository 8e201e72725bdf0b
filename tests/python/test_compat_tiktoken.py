"""The stand-in for tiktoken beside tiktoken: every public member, errors included."""

import copy
import importlib
import inspect
import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import texts
import tiktoken as real
import tiktoken.load as real_load
from hypothesis import example, given, settings, strategies as st
from peers import LoadPeers, write_ranks

import pairwright as pw
from pairwright import encodings
from pairwright._core import PATTERNS
from pairwright.compat import tiktoken
from pairwright.compat.tiktoken import load, model, registry

NAMES = ["trained", "trained-gpt2", "trained-o200k", "unreachable", "cl100k_base", "o200k_base", "r50k_base"]

Both = tuple[real.Encoding, tiktoken.Encoding]
LoadBoth = Callable[[str], Both]

SPECIAL = {"<|end|>": 5000, "<|pad|>": 5001}


@pytest.fixture(scope="session")
def load_both(load_peers: LoadPeers) -> LoadBoth:
    """One encoding of tiktoken's and one of ours, by a name."""

    @cache
    def load(name: str) -> Both:
        if name == "unreachable":
            # Tokens that no merge reaches: tiktoken gives them where a piece is just that token.
            tokens = [b"the", b" quest", b"xyz", "中文".encode(), b"in", b"ing", b"  ", b"\n\n"]
            ranks = {bytes([byte]): byte for byte in range(256)} | {token: 300 + at for at, token in enumerate(tokens)}
            arguments: dict[str, Any] = {
                "pat_str": PATTERNS["cl100k"],
                "mergeable_ranks": ranks,
                "special_tokens": SPECIAL,
            }
            return real.Encoding(name, **arguments), tiktoken.Encoding(name, **arguments)
        peers = load_peers(name)
        if name == "trained":
            made = tiktoken.Encoding(
                name,
                pat_str=PATTERNS["cl100k"],
                mergeable_ranks=peers.vocab,
                special_tokens=peers.tokenizer.special_tokens,
                explicit_n_vocab=peers.tokenizer.vocab_size,
            )
        else:
            made = tiktoken.Encoding.from_tokenizer(peers.encoding.name, peers.tokenizer)
        return peers.encoding, made

    return load


@pytest.fixture(params=NAMES)
def both(request: pytest.FixtureRequest, load_both: LoadBoth) -> Both:
    return load_both(request.param)


every_name = pytest.mark.parametrize("name", NAMES)

TEXTS = [
    "",
    "hello world!!!? (안녕하세요!) lol123 😉",
    "  the quest xyz\n\n 中文  ",
    "tab\there \r\n\r\n  x",
    "It's I'LL we'ſ",
    "a" * 300,
    "lone \ud800 and \ud83d\ude00 pair",
]

specials = st.sampled_from(
    ["<|end|>", "<|pad|>", "<|endoftext|>", "<|fim_prefix|>", "<|endofprompt|>", "<|", "|>", "<|end", "no such", ""]
)
mixed = st.lists(texts.any_text | specials, max_size=6).map("".join)


class Kind:
    """A result or the type of the error, which may be of a subclass on our side."""

    def __init__(self, call: Callable[[], Any]) -> None:
        try:
            self.value: Any = call()
            self.error: type[BaseException] | None = None
        except Exception as error:
            self.value, self.error = None, type(error)

    def agrees(self, theirs: "Kind") -> bool:
        if theirs.error or self.error:
            return bool(theirs.error and self.error and issubclass(self.error, theirs.error))
        return type(self.value) is type(theirs.value) and bool(np.all(self.value == theirs.value))


def compare(both: Sequence[Any], call: Callable[..., Any], *arguments: Any) -> None:
    """Calls with the one and with the other."""
    theirs, ours = (Kind(partial(call, one, *arguments)) for one in both)
    assert ours.agrees(theirs), f"{ours.error or ours.value!r} and not {theirs.error or theirs.value!r}"


# The interface


def public(value: object) -> set[str]:
    return {name for name in dir(value) if not name.startswith("_")}


def test_it_has_every_public_name(both: Both) -> None:
    theirs, ours = both
    assert public(theirs) <= public(ours)
    modules = {"core", "load", "model", "registry", "tiktoken"}
    assert {name for name in public(real) if name not in modules} <= set(tiktoken.__all__)
    assert tiktoken.__version__ == real.__version__


@pytest.mark.parametrize(
    "name", [name for name in sorted(public(real.Encoding)) if callable(getattr(real.Encoding, name))] + ["__init__"]
)
def test_every_method_takes_the_same_arguments(name: str) -> None:
    theirs, ours = (
        [(parameter.name, parameter.kind) for parameter in inspect.signature(method).parameters.values()]
        for method in (getattr(real.Encoding, name), getattr(tiktoken.Encoding, name))
    )
    assert ours == theirs


@pytest.mark.parametrize("name", ["get_encoding", "encoding_for_model", "encoding_name_for_model"])
def test_functions_take_the_same_arguments(name: str) -> None:
    theirs, ours = (list(inspect.signature(getattr(module, name)).parameters) for module in (real, tiktoken))
    assert ours == theirs


def test_what_an_encoding_tells_of_itself(both: Both) -> None:
    theirs, ours = both
    for name in ("name", "n_vocab", "max_token_value", "special_tokens_set"):
        assert getattr(ours, name) == getattr(theirs, name)
    assert repr(ours) == repr(theirs)
    assert ours.token_byte_values() == theirs.token_byte_values()
    assert ours._mergeable_ranks == theirs._mergeable_ranks
    assert ours._special_tokens == theirs._special_tokens
    compare(both, lambda encoding: encoding.eot_token)
    for token in [0, 97, 256, 50256, 100257, 199999, True, ours.max_token_value]:
        compare(both, lambda encoding, token: encoding.is_special_token(token), token)
    for wrong in ["a", None, 1.0]:
        compare(both, lambda encoding, wrong: encoding.is_special_token(wrong), wrong)


# Encoding

WAYS: dict[str, Callable[[Any, Any], Any]] = {
    "ordinary": lambda encoding, text: encoding.encode_ordinary(text),
    "strict": lambda encoding, text: encoding.encode(text),
    "lenient": lambda encoding, text: encoding.encode(text, disallowed_special=()),
    "all": lambda encoding, text: encoding.encode(text, allowed_special="all"),
    "numpy": lambda encoding, text: encoding.encode_to_numpy(text),
    "numpy, all": lambda encoding, text: encoding.encode_to_numpy(text, allowed_special="all", disallowed_special=()),
    "batch": lambda encoding, text: encoding.encode_batch([text, "x", text], disallowed_special=()),
    "batch, strict": lambda encoding, text: encoding.encode_batch([text], num_threads=2),
    "ordinary batch": lambda encoding, text: encoding.encode_ordinary_batch([text, text], num_threads=1),
    "one allowed": lambda encoding, text: encoding.encode(text, allowed_special={"<|end|>", "<|endoftext|>", "no"}),
    "one refused": lambda encoding, text: encoding.encode(text, disallowed_special=["<|pad|>", "no such"]),
    "both": lambda encoding, text: encoding.encode(
        text, allowed_special={"<|end|>"}, disallowed_special={"<|end|>", "<|"}
    ),
    "token": lambda encoding, text: encoding.encode_single_token(text),
    "token of bytes": lambda encoding, text: encoding.encode_single_token(text.encode(errors="replace")),
}


@every_name
@given(text=mixed)
@settings(max_examples=50)
def test_every_way_to_encode(load_both: LoadBoth, name: str, text: str) -> None:
    both = load_both(name)
    for way in WAYS.values():
        compare(both, lambda encoding, way: way(encoding, text), way)


@pytest.mark.parametrize("way", WAYS)
def test_corners_of_encoding(both: Both, way: str) -> None:
    for text in [*TEXTS, *both[1].special_tokens_set, "<|end|><|pad|> <|endoftext|>"]:
        compare(both, lambda encoding, text: WAYS[way](encoding, text), text)


@pytest.mark.parametrize("wrong", [b"bytes", 5, None, ["a"], 1.5])
def test_what_is_no_text_is_refused(both: Both, wrong: Any) -> None:
    for name, way in WAYS.items():
        if not name.startswith("token"):
            compare(both, lambda encoding, way: way(encoding, wrong), way)
    compare(both, lambda encoding: encoding.encode_with_unstable(wrong))


def test_arguments_that_are_refused(both: Both) -> None:
    cases: list[dict[str, Any]] = [
        {"allowed_special": ["<|end|>"]},
        {"allowed_special": "<|end|>"},
        {"allowed_special": None},
        {"disallowed_special": {""}},
        {"disallowed_special": "xy"},
        {"disallowed_special": ""},
        {"disallowed_special": None},
        {"disallowed_special": frozenset()},
    ]
    for arguments in cases:
        compare(both, lambda encoding, arguments: encoding.encode("yes <|end|>", **arguments), arguments)
        compare(both, lambda encoding, arguments: encoding.encode_to_numpy("a x", **arguments), arguments)
        compare(both, lambda encoding, arguments: encoding.encode_batch(["a x"], **arguments), arguments)
    for number in [0, -1]:
        compare(both, lambda encoding, number: encoding.encode_batch(["a"], num_threads=number), number)
        compare(both, lambda encoding, number: encoding.decode_batch([[97]], num_threads=number), number)
    compare(both, lambda encoding: encoding.encode_ordinary_batch("abc"))
    compare(both, lambda encoding: encoding.encode_ordinary_batch([]))
    compare(both, lambda encoding: encoding.encode_batch(text for text in ["a", "b"]))


# Texts that are still being written


# Bytes that need not be UTF-8

parts_of_bytes = st.sampled_from(
    [b"\xff", b"\xe4\xb8", b"\xf0\x9f\x98", b"\x80", b"a", b"'s", b" ", b"\n", b"\t", b"12", b"<|end|>"]
)
mixed_bytes = st.lists(parts_of_bytes | texts.text.map(str.encode), max_size=8).map(b"".join)


@every_name
@settings(max_examples=300)
@given(content=mixed_bytes)
def test_any_bytes_have_the_ids_that_they_have_in_tiktoken(load_both: LoadBoth, name: str, content: bytes) -> None:
    compare(load_both(name), lambda encoding: encoding._encode_bytes(content))


@pytest.mark.parametrize(
    "content", [b"\xec\x8b\xa4\xed", b" \xec\x8b\xa4\xed", b"hi  \xff", b"\n\n\xff", b"the\xff quest", b"\xff" * 9]
)
def test_what_is_no_utf_8_is_one_piece_with_the_piece_before(both: Both, content: bytes) -> None:
    theirs, ours = both
    assert ours._encode_bytes(content) == theirs._encode_bytes(content)
    assert ours.decode_bytes(ours._encode_bytes(content)) == content


@pytest.mark.parametrize("wrong", ["text", None, 5, [1], bytearray(b"ab"), memoryview(b"ab")])
def test_what_is_no_bytes_is_refused(both: Both, wrong: Any) -> None:
    compare(both, lambda encoding: encoding._encode_bytes(wrong))


def unstable(text: str, **arguments: Any) -> Callable[[Any], Any]:
    def call(encoding: Any) -> Any:
        ids, found = encoding.encode_with_unstable(text, **arguments)
        return ids, sorted(found)

    return call


# Where a text ends in blanks, the largest vocabulary has the most to try, and nothing else to tell.
@pytest.mark.parametrize("name", [name for name in NAMES if name != "o200k_base"])
@given(text=mixed.map(lambda text: text[-12:]))
@example(text="hello fanta")
@example(text=" \n \n")
@example(text="x\u3000")
@example(text="  \x1f")
@example(text="")
@settings(max_examples=25)
def test_unstable_ends(load_both: LoadBoth, name: str, text: str) -> None:
    both = load_both(name)
    compare(both, unstable(text))
    compare(both, unstable(text, disallowed_special=()))
    compare(both, unstable(text, allowed_special="all"))


@pytest.mark.parametrize("end", ["<|end|>", "<|endoftext|>", "<|end|>  ", "<|endoftext|>a", "lone \ud800"])
def test_unstable_ends_after_special_tokens(both: Both, end: str) -> None:
    compare(both, unstable("hello " + end, allowed_special="all"))
    compare(both, unstable("hello " + end, disallowed_special=()))
    compare(both, unstable("hello " + end))


# Decoding


@every_name
@given(data=st.data())
@settings(max_examples=50)
def test_every_way_to_decode(load_both: LoadBoth, name: str, data: st.DataObject) -> None:
    both = load_both(name)
    known = st.integers(0, both[1].max_token_value)
    ids = data.draw(st.lists(st.one_of(known, known, st.integers(-2, 2**33)), max_size=12))
    for method in ("decode", "decode_bytes", "decode_tokens_bytes", "decode_with_offsets"):
        compare(both, lambda encoding, method: getattr(encoding, method)(ids), method)
    for errors in ("strict", "ignore", "replace", "backslashreplace"):
        compare(both, lambda encoding, errors: encoding.decode(ids, errors=errors), errors)
    compare(both, lambda encoding: encoding.decode_batch([ids, ids[:3]], errors="ignore", num_threads=2))
    compare(both, lambda encoding: encoding.decode_bytes_batch([ids, []]))
    for id in ids:
        compare(both, lambda encoding, one: encoding.decode_single_token_bytes(one), id)


@every_name
@given(text=texts.any_text)
@settings(max_examples=50)
def test_offsets_of_valid_text(load_both: LoadBoth, name: str, text: str) -> None:
    both = load_both(name)
    ids = both[0].encode_ordinary(text)
    compare(both, lambda encoding: encoding.decode_with_offsets(ids))


@pytest.mark.parametrize("wrong", [5, None, "abc", ["a"], [1.5], [None], [[97]], {"a": 1}])
def test_what_are_no_ids_is_refused(both: Both, wrong: Any) -> None:
    for method in ("decode", "decode_bytes", "decode_tokens_bytes", "decode_single_token_bytes", "decode_batch"):
        compare(both, lambda encoding, method: getattr(encoding, method)(wrong), method)


def test_arrays_of_ids_are_decoded(both: Both) -> None:
    for dtype in (np.uint32, np.int64, np.uint16):
        compare(both, lambda encoding, dtype: encoding.decode(np.array([104, 105], dtype)), dtype)


# Making and keeping encodings


def arguments(**changes: Any) -> dict[str, Any]:
    ranks = {bytes([byte]): byte for byte in range(256)} | {b"ab": 256}
    return {"name": "n", "pat_str": r"[a-z]+|\s+|.", "mergeable_ranks": ranks, "special_tokens": {"<s>": 257}} | changes


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"explicit_n_vocab": 258},
        {"explicit_n_vocab": 257},
        {"explicit_n_vocab": 259},
        {"special_tokens": {"<s>": 300}, "explicit_n_vocab": 258},
        {"special_tokens": {}},
        {"special_tokens": {"<s>": 257, "<t>": 257}},
        {"pat_str": "(a"},
        {"pat_str": r"\s++$|[^\s]|\s"},
        {"mergeable_ranks": {}},
    ],
)
def test_what_encodings_are_made_of(changes: dict[str, Any]) -> None:
    def call(module: Any) -> Any:
        encoding = module.Encoding(**arguments(**changes))
        return encoding.n_vocab, encoding.encode("xab ab \n <s>", allowed_special="all"), encoding.decode([97, 256])

    compare((real, tiktoken), call)


def test_no_text_is_dropped_that_the_pattern_passes_over() -> None:
    """The one thing that is meant to differ: tiktoken drops what its pattern does not match."""
    theirs, ours = (module.Encoding(**arguments(pat_str="[a-z]+")) for module in (real, tiktoken))
    assert theirs.decode(theirs.encode("ab, ab!")) == "abab"
    assert ours.decode(ours.encode("ab, ab!")) == "ab, ab!"


def test_an_encoding_is_extended_as_tiktoken_s_documentation_tells(load_both: LoadBoth) -> None:
    extended = [
        type(one)(
            name="extended",
            pat_str=one._pat_str,
            mergeable_ranks=one._mergeable_ranks,
            special_tokens={**one._special_tokens, "<|im_start|>": 7000},
        )
        for one in load_both("trained")
    ]
    text = "<|im_start|>user\nIs it  so?\n<|end|>"
    theirs, ours = (one.encode(text, allowed_special="all") for one in extended)
    assert ours == theirs
    assert extended[1]._pat_str == extended[0]._pat_str


def test_pickles_and_copies_are_equal_encodings(both: Both) -> None:
    ours = both[1]
    for other in (pickle.loads(pickle.dumps(ours)), copy.copy(ours), copy.deepcopy(ours)):
        assert other is not ours
        assert other.name == ours.name
        assert other.tokenizer == ours.tokenizer
        assert other.encode_ordinary("the quest of xyz") == ours.encode_ordinary("the quest of xyz")


# By name


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch, tokenizer: pw.Tokenizer) -> str:
    """A published encoding, without its file."""
    monkeypatch.setattr(registry, "ENCODINGS", {})
    monkeypatch.setitem(encodings._loaded, "cl100k_base", tokenizer)
    return "cl100k_base"


def test_an_encoding_by_name_is_one_object_and_pickled_whole(published: str, monkeypatch: pytest.MonkeyPatch) -> None:
    encoding = tiktoken.get_encoding(published)
    assert tiktoken.get_encoding(published) is encoding
    assert tiktoken.encoding_for_model("gpt-4") is encoding
    assert encoding.name == published
    assert encoding.tokenizer is encodings.get_encoding(published)
    pickled = pickle.dumps(encoding)
    # A worker need not have the file or the network.
    monkeypatch.setattr(registry, "ENCODINGS", {})
    monkeypatch.delitem(encodings._loaded, published)
    monkeypatch.setattr(encodings, "find_or_fetch", lambda *_: pytest.fail("the file was looked for"))
    again = pickle.loads(pickled)
    assert (again.name, again.tokenizer) == (published, encoding.tokenizer)
    assert encoding.encode_batch(["a", "b"]) == [[97], [98]]


def test_names_are_those_of_tiktoken() -> None:
    # Extensions, of which others may be installed, come last here.
    assert set(tiktoken.list_encoding_names()) == set(real.list_encoding_names())
    assert real.model.MODEL_TO_ENCODING == model.MODEL_TO_ENCODING
    assert real.model.MODEL_PREFIX_TO_ENCODING == model.MODEL_PREFIX_TO_ENCODING


@pytest.mark.parametrize("wrong", ["no such", "", None, 5, b"gpt2"])
def test_unknown_names_are_refused(wrong: Any) -> None:
    for name in ("get_encoding", "encoding_for_model", "encoding_name_for_model"):
        compare((real, tiktoken), lambda module, name: getattr(module, name)(wrong), name)


EXTENSION = """
def pirate():
    ranks = {bytes([byte]): byte for byte in range(256)}
    return {"name": "pirate", "pat_str": ".", "mergeable_ranks": ranks, "special_tokens": {"<|arr|>": 256}}


ENCODING_CONSTRUCTORS = {"pirate": pirate}
"""


@pytest.fixture
def extension(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, str], None]]:
    """Installs a module as an extension of tiktoken."""
    monkeypatch.setattr(registry, "ENCODINGS", {})
    monkeypatch.syspath_prepend(str(tmp_path))

    def install(name: str, content: str) -> None:
        folder = tmp_path / "tiktoken_ext"
        folder.mkdir(exist_ok=True)
        (folder / f"{name}.py").write_text(content)
        importlib.invalidate_caches()

    yield install
    for module in list(sys.modules):
        if module.startswith("tiktoken_ext") and module != "tiktoken_ext.openai_public":
            del sys.modules[module]


def test_extensions_of_tiktoken_are_found(extension: Callable[[str, str], None]) -> None:
    extension("of_pirates", EXTENSION)
    encoding = tiktoken.get_encoding("pirate")
    assert encoding.encode("hi<|arr|>", allowed_special="all") == [104, 105, 256]
    assert "pirate" in tiktoken.list_encoding_names()
    assert pickle.loads(pickle.dumps(encoding)).name == "pirate"


def test_extensions_that_are_none_are_named(extension: Callable[[str, str], None]) -> None:
    extension("empty", "")
    with pytest.raises(ValueError, match="empty is no extension"):
        tiktoken.get_encoding("pirate")
    extension("empty", EXTENSION)
    extension("twice", EXTENSION)
    sys.modules.pop("tiktoken_ext.empty", None)
    with pytest.raises(ValueError, match="'pirate', which another extension defines too"):
        tiktoken.list_encoding_names()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this platform")
def test_a_child_forked_meanwhile_is_not_locked_out(published: str) -> None:
    with registry._lock:
        child = os.fork()
        if child == 0:
            os._exit(0 if tiktoken.get_encoding(published) and registry._lock.acquire(blocking=False) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_tiktoken_itself_is_not_needed(tmp_path: Path) -> None:
    (tmp_path / "tiktoken.py").write_text("raise ImportError('not installed')")
    code = "from pairwright.compat import tiktoken; print(tiktoken.encoding_name_for_model('gpt-4o'))"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "o200k_base\n"


# Rank files


def test_rank_files_are_read_and_written_as_by_tiktoken(tmp_path: Path, load_both: LoadBoth) -> None:
    ranks = load_both("unreachable")[1]._mergeable_ranks
    path = str(write_ranks(tmp_path / "theirs", ranks))
    assert load.load_tiktoken_bpe(path) == real_load.load_tiktoken_bpe(path) == ranks
    load.dump_tiktoken_bpe(dict(reversed(ranks.items())), str(tmp_path / "ours"))
    assert (tmp_path / "ours").read_bytes() == (tmp_path / "theirs").read_bytes()


def test_damaged_rank_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "ranks"
    path.write_bytes(b"YQ== 0\n\nYg== x\n")
    with pytest.raises(pw.FormatError, match="line 3: expected a token"):
        load.load_tiktoken_bpe(str(path))
    with pytest.raises(pw.ChecksumError, match="expected sha256 00"):
        load.load_tiktoken_bpe(str(path), "00")
    with pytest.raises(FileNotFoundError):
        load.load_tiktoken_bpe(str(tmp_path / "none"))
    with pytest.raises(ValueError, match="fetch it first"):
        load.load_tiktoken_bpe("https://example.org/x.tiktoken")
