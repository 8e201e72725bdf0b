"""Every argument of every public function and method refuses what is wrong, by its name.

What is called is found by looking into the package, so that nothing new is left out: a function without an entry in
`valid_calls`, or an argument without one in `WRONG`, is a failure.
"""

import inspect
import re
from array import array
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import numpy as np
import pytest

import pairwright as pw
from pairwright import cache, datasets
from pairwright._core import PATTERNS

CORPUS = ["to be or not to be, that is the question", "that is not the question"]

Call = tuple[Callable[..., Any], dict[str, Any]]

INTEGER: list[Any] = [None, "5", 1.5, True, [5], np.array([1, 2]), np.float64(2)]
OPTIONAL_INTEGER: list[Any] = INTEGER[1:]
SURROGATE = "\ud800"
TEXT: list[Any] = [
    memoryview(array("d", [1.5])),
    None,
    5,
    1.5,
    True,
    ["a"],
    {"a": 1},
    Path("a"),
    np.array(["a", "b"]),
    object(),
]
TEXTS: list[Any] = [
    None,
    5,
    "one text",
    b"one text",
    bytearray(b"one"),
    {"a": 1},
    ["a", 3],
    ["a", None],
    [["a"]],
    [Path("a")],
]
TEXTS += [np.array([["a"]]), np.array([1, 2]), [memoryview(array("I", [1, 2]))]]
IDS: list[Any] = [
    None,
    5,
    True,
    "text",
    b"bytes",
    {"input_ids": [1]},
    {1, 2},
    [[1, 2]],
    [1, "2"],
    [1.0],
    [None],
    [True],
]
IDS += [
    memoryview(b"bytes"),
    bytearray(b"bytes"),
    np.array([[1, 2]]),
    np.array([1.5]),
    np.array([True]),
    np.array(5),
    np.array(["1"]),
]
NO_IDS: list[Any] = [[97, -100], [97, 2**40], np.array([97, -100]), np.array([97, -100]).astype(np.uint32)]
BATCH: list[Any] = [None, 5, "text", b"bytes", {"a": [1]}, [1, 2], [[97], "text"], [[97], [None]], np.array([1, 2])]
PATH: list[Any] = [None, 5, 1.5, b"bytes", ["a"], object()]
WORD: list[Any] = [None, 5, b"bytes", ["a"]]
NAMES: list[Any] = ["one name", b"bytes", 5, [5], ["a", None], {"a": 1}, [SURROGATE]]
SPECIAL: list[Any] = [None, 5, "<|end|>", b"all", [5], [b"<|end|>"], [None], [SURROGATE]]
CHOICE: list[Any] = [None, 5, "frist", b"first", ["first"]]
MATRIX: list[Any] = [5, 1.5, b"bytes", {"a": 1}, [1.5], [[1.5]], [[1.5], [1, 2]], ("a", 5)]
MATRIX += [np.ones(266), np.ones((266, 2), int), np.ones((266, 2), complex), np.ones((266, 2), "U1"), np.ones((3, 2))]
FLAG: list[Any] = [None, "no", 5, 1.5]

# What each argument refuses, by its name; an entry for "function.argument" comes before one for "argument".
WRONG: dict[str, list[Any]] = {
    "Bridge.align.ids": IDS + NO_IDS,
    "Guard.apply.ids": IDS + NO_IDS,
    "Counts.filter.min_count": INTEGER,
    "Counts.from_items.items": [
        *[None, 5, {"a": 1}, [5], ["ab"], [("a",)], [("a", "b")], [(5, 1)], [("a", None)]],
        {("a", 1)},
    ],
    "Counts.from_items.pattern": [*WORD, SURROGATE],
    "Counts.from_items.special_tokens": NAMES,
    "Dataset.name": WORD,
    "Dataset.paths": [None, 5, "path", Path("a"), [5], [b"a"]],
    "Dataset.texts": [None, 5, "text", b"bytes", [5]],
    "Parity.alpha": [None, "2", True, [2.0], 0, -1, float("nan")],
    "Parity.development": [5, ["a"], "path", CORPUS],
    "Parity.ratios": [5, [1], "a", {"a": None}, {"a": "1"}, {"a": 0}, {"a": float("inf")}],
    "TokenBatch.offsets": [None, [0, 1], 5],
    "TokenBatch.values": [None, [0, 1], 5],
    "Tokenizer.audit.source": [5, 1.5, b"bytes"],
    "Tokenizer.curve.usage": [5, "usage", [1, 2, 3], [0.5] * 266, {"a": 1}],
    "Tokenizer.audit.embeddings": MATRIX,
    "Tokenizer.audit.head": MATRIX,
    "Tokenizer.audit.unused": [5, "ids", [1.5], [True], {"a": 1}, [], [266], [-1], np.array([[1]])],
    "Tokenizer.decode.ids": IDS + NO_IDS,
    "Tokenizer.decode_bytes.ids": IDS + NO_IDS,
    "Tokenizer.decode_with_spans.ids": IDS + NO_IDS,
    "Tokenizer.from_merges.vocab": [5, [1], "ab", {"a": 1}, {b"a": "1"}, {b"a": -1}, {b"a": True}],
    "Tokenizer.from_merges.merges": [
        *[None, 5, "ab", [5], [(b"a",)], [("a", "b")], [(97, 98)], [b"ab"]],
        *[{(b"a", b"b")}, {(b"a", b"b"): 0}, frozenset([(b"a", b"b")])],
    ],
    "Tokenizer.to_huggingface.config": [5, [1], "text", {"a": object()}],
    "Tokens.text.errors": [5, None],
    "Tokens.window.length": [None, "5", 1.5],
    "Corpus.format": CHOICE[1:],
    "allowed_special": SPECIAL,
    "compare.texts": [None, 5, "path", CORPUS, {}, {1: CORPUS}, {"": CORPUS}],
    "global_merges": [None, *INTEGER[1:], -1],
    "window": [*OPTIONAL_INTEGER, 0, -1, 2**70],
    "objective": [None, 5, "fairness", ["parity"]],
    "sources": [None, 5, "path", CORPUS, {}, {1: CORPUS}, {"a": 5}],
    "sizes": [None, 5, {}, {"a": None}, {"a": 1.5}, {"a": 0}],
    "weights": [5, ["a"], {}, {"a": None}, {"a": "1"}, {"a": -1}, {"a": float("nan")}, {"b": 1}],
    "shares": [5, ["a"], {"a": 1}],
    "temperature": ["0.3", [1], 2, -1, float("nan")],
    "by": [None, 5, "words", ["bytes"]],
    "append": [5, b"<|end|>", "<|ned|>", ["<|end|>"]],
    "encode_corpus.source": [None, 5, 1.5],
    "encode_to_file.source": [None, 5, 1.5],
    "base": ["model.json", 5, Path("model.json")],
    "batch": BATCH,
    "context": [*OPTIONAL_INTEGER, 0],
    "disallowed_special": SPECIAL,
    "errors": [*WORD, "repalce"],
    "first": [None, 5, "model.json", Path("model.json")],
    "first_id": OPTIONAL_INTEGER,
    "folder": PATH,
    "format": CHOICE,
    "headroom": FLAG,
    "id": [None, "a", 1.5, True, [1], -1, -100, 10**30],
    "ignore_merges": FLAG,
    "inputs": FLAG,
    "length": INTEGER,
    "limit": INTEGER,
    "lines": FLAG,
    "max_length": [*OPTIONAL_INTEGER, -1],
    "max_token_bytes": OPTIONAL_INTEGER,
    "max_token_words": OPTIONAL_INTEGER,
    "stages": [
        None,
        5,
        "cl100k",
        {"cl100k": 300},
        [300],
        [(300,)],
        [("300", "gpt2")],
        [(300, None)],
        [(300, SURROGATE)],
    ],
    "max_tokens": [*INTEGER, -1],
    "memory_limit": ["8GB", True, [1], 0, -1, 0.0, 1.5, float("nan")],
    "merges": [None, 5],
    "min_frequency": INTEGER,
    "model": WORD,
    "name": WORD,
    "number": INTEGER[:3],
    "on_error": CHOICE,
    "overlap": [*OPTIONAL_INTEGER, -1, 100],
    "pad": CHOICE,
    "pad_id": [*INTEGER, 2**70],
    "path": PATH,
    "paths": [(None,), (5,), ([5],), ({"a": 1},), ()],
    "pattern": [*WORD[1:], SURROGATE],
    "piece": TEXT,
    "progress": [5, "yes", [1]],
    "rare": [*INTEGER, 0],
    "ranks": [None, 5, [1], "ab", {"a": 1}, {b"a": "1"}, {b"a": -1}, {b"a": True}],
    "reference": [5, b"text", "other", ["text"]],
    "report.model": [5, "gpt2", {"width": 3}],
    "report.texts": [5, "path", CORPUS, {}, {1: CORPUS}, {"": CORPUS}],
    "examples": [5, "text", ["text"], {}, {"a": 5}, {1: "a"}, {"": "a"}],
    "restart": FLAG,
    "second": [None, 5, "model.json", Path("model.json")],
    "separator": [5, ["a"], "", b""],
    "shard_tokens": [*INTEGER, 0],
    "source": [None, 5, 1.5, b"bytes"],
    "special": CHOICE,
    "special_ids": CHOICE,
    "special_tokens": NAMES,
    "spill_folder": PATH[1:],
    "speed": FLAG,
    "split": WORD,
    "start": INTEGER[:3],
    "starts": [None, 5, "12", [None], ["a"], [1.5], np.array([[1]]), np.array([0.5])],
    "text": TEXT,
    "texts": TEXTS,
    "texts.source": [None, 5, Path("a")],
    "text_column": WORD[:2],
    "text_field": WORD[:2],
    "threads": [*OPTIONAL_INTEGER, 0, -1],
    "tie_break": CHOICE,
    "token": TEXT,
    "tokenizers": [None, 5, "path", [], {}, {"a": "model.json"}, {1: None}],
    "tokenizer": [None, 5, "model.json", Path("model.json")],
    "truncate": CHOICE,
    "Tokenizer.audit.usage": ["usage.npy", 5, [1], np.zeros(265), np.full(265, -1)],
    "validation": [None, "0.5", True, 1.0, -0.5, float("nan")],
    "at": [5, "many", [1.5], [3], [10_000], []],
    "sizes.model": [5, "gpt2", {"width": 3}],
    "sizes.source": [None, 5],
    **{f"LanguageModel.{name}": [None, *INTEGER, 0, -1] for name in ("width", "layers", "context", "precision")},
    **{f"LanguageModel.{name}": [*OPTIONAL_INTEGER, 0, -1] for name in ("parameters",)},
    **{f"LanguageModel.{name}": [None, *OPTIONAL_INTEGER, 0, -1] for name in ("kv_heads", "head_size")},
    "LanguageModel.optimizer": [None, *INTEGER, -1],
    "tied": FLAG,
    "unseen": [None, 1.5, "drop", 10_000, -1],
    "usage": [None, 5, "usage", [1, 2, 3], [0.5] * 266, {"a": 1}],
    "vocab_size": [*INTEGER, -5],
    "Tokenizer.first.vocab_size": [None, *INTEGER, -5, 3, 10_000],
    "Tokenizer.trim.vocab_size": [*OPTIONAL_INTEGER, -5, 3],
    "new": [None, 5, "model.json", Path("model.json")],
    "old": [None, 5, "model.json", Path("model.json")],
    "Tokenizer.keep.ids": [None, 5, "ids", [1.5], [10_000], {"a": 1}, {"a"}],
    "Tokenizer.without.ids": [None, 5, "ids", [1.5], [10_000], {"a": 1}, {"a"}],
}

# Special tokens are a mapping where they are given with their ids.
MAPPING: list[Any] = [5, ["<s>"], "<s>", {"<s>": "5"}, {"<s>": None}, {"<s>": -1}, {"<s>": True}, {b"<s>": 5}]
MAPPING.append({SURROGATE: 300})
WRONG |= {f"Tokenizer.{name}.special_tokens": MAPPING for name in ("from_ranks", "from_merges", "from_tiktoken")}
WRONG |= {f"Tokenizer.{name}.pattern": [*WORD, SURROGATE] for name in ("from_ranks", "from_merges", "from_tiktoken")}

# How a message names an argument, where not by its name.
NAMED = {
    "batch": r"batch|ids",
    "from_merges.merges": "merges",
    "from_merges.vocab": "vocab|token",
    "id": r"\bid\b",
    "ids": r"ids|token id",
    "items": "item",
    "name": "name|dataset|encoding",
    "number": "number of a document",
    "piece": "text",
    "ranks": "ranks|token",
    "paths": "path",
    "sources": "source",
    "source": r"source|train on|path|bytes object|texts\(\)",
    "special_tokens": "special_tokens|special token",
    "starts": "start",
    "text.errors": "errors|argument",
    "sizes.at": "at|vocab_size",
    "texts": "text",
    "unused": "unused|ids|token id",
}

# Their methods are for the package alone.
PLUMBING = {"Corpus"}

# What Python says by itself, or PyO3.
INTERPRETER = re.compile(
    r"has no attribute|cannot be interpreted as|cannot be converted|cannot be cast|is not an instance of|"
    r"unhashable|not subscriptable|not supported between|required argument|^argument '|must be real number|"
    r"expected str, bytes or os|can only concatenate|bad operand|takes no"
)

# Nothing is passed to these, or what is passed means nothing.
WITHOUT_ARGUMENTS = {"Block", "cache_info", "clear_cache", "list_datasets", "list_encodings", "list_patterns"}

# Values that the library makes and hands out; and exceptions.
MADE = {
    "Alignment",
    "Audit",
    "CacheInfo",
    "Comparison",
    "MergeStep",
    "PieceMerges",
    "Renumbered",
    "Report",
    "Shown",
    "Sizes",
    "EncodedFile",
    "EncodingEvent",
    "PatternExplanation",
    "PatternInfo",
    "ProgressEvent",
}


def public() -> Iterator[tuple[str, Any]]:
    """Every public function, class and method, by its name."""
    modules: list[ModuleType] = [datasets, cache]
    names = {name: getattr(pw, name) for name in pw.__all__ if not name.startswith("__")}
    for module in modules:
        names |= {name: value for name, value in vars(module).items() if _is_own(module, name, value)}
    for name, value in names.items():
        if isinstance(value, ModuleType) or name in MADE | WITHOUT_ARGUMENTS:
            continue
        if isinstance(value, type):
            if issubclass(value, BaseException):
                continue
            yield name, value
            if name in PLUMBING:
                continue
            for method, member in vars(value).items():
                if not method.startswith("_") and callable(getattr(value, method)) and not isinstance(member, property):
                    yield f"{name}.{method}", getattr(value, method)
        elif callable(value):
            yield name, value


def _is_own(module: ModuleType, name: str, value: object) -> bool:
    is_made_there = isinstance(value, type | FunctionType) and value.__module__ == module.__name__
    return is_made_there and not name.startswith("_") and name != "default"


@pytest.fixture(scope="module")
def valid_calls(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Call]:
    """For each of them something to call, and arguments with which it works."""
    folder = tmp_path_factory.mktemp("arguments")
    (folder / "corpus.txt").write_text("\n".join(CORPUS * 3))
    tok = pw.train(CORPUS * 3, 265, special_tokens=["<|end|>"])
    counts = pw.count(CORPUS)
    tok.save(folder / "model.json")
    tok.to_tiktoken(folder / "ranks.tiktoken")
    tok.to_huggingface(folder / "tokenizer.json")
    counts.save(folder / "counts")
    pw.train(CORPUS * 3, 260, pattern=PATTERNS["cl100k"]).to_minbpe(folder / "minbpe.model")
    pw.encode_corpus(tok, folder / "corpus.txt", folder / "tokens")
    batch = tok.encode_batch(CORPUS)
    usage = tok.usage(CORPUS)
    tokens = pw.open_tokens(folder / "tokens")
    ranks = dict(tok.vocab)
    special = {"allowed_special": (), "disallowed_special": "all"}
    training = {"pattern": "gpt2", "special_tokens": ["<e>"], "threads": 1, "memory_limit": 0.5, "spill_folder": folder}
    reading = {"lines": False, "separator": None, "text_field": "text", "text_column": "text", "format": None}
    reading |= {"on_error": "stop"}
    encoding = {"append": None, "special": "text", "threads": 1, "progress": None}
    made = {"pattern": "gpt2", "special_tokens": {"<s>": 1000}, "ignore_merges": False}
    text = {"text": "to be"}
    rows = np.random.default_rng(0).standard_normal((tok.vocab_size, 2))
    return {
        "Bridge": (pw.Bridge, {"first": tok, "second": tok, "special": "text"}),
        "Bridge.align": (pw.bridge(tok, tok).align, {"ids": [97]}),
        "Bridge.batch": (pw.bridge(tok, tok).batch, {"batch": batch, "threads": 1}),
        "Corpus": (pw.Corpus, {"paths": (folder / "corpus.txt",)} | reading),
        "Counts.filter": (counts.filter, {"min_count": 1}),
        "Counts.from_items": (pw.Counts.from_items, {"items": [("a", 1)], "pattern": "gpt2", "special_tokens": ()}),
        "Counts.items": (counts.items, {}),
        "Counts.load": (pw.Counts.load, {"path": folder / "counts"}),
        "Counts.save": (counts.save, {"path": folder / "out.counts"}),
        "Dataset": (datasets.Dataset, {"name": "x", "paths": (), "texts": ("a",)}),
        "Guard": (pw.Guard, {"tokenizer": tok, "usage": usage, "unseen": "split"}),
        "Guard.apply": (tok.guard(usage).apply, {"ids": [97]}),
        "Guard.encode": (tok.guard(usage).encode, text),
        "Guard.encode_batch": (tok.guard(usage).encode_batch, {"texts": CORPUS}),
        "Guard.price": (tok.guard(usage).price, {"usage": usage}),
        "StreamDecoder.finish": (tok.stream_decoder().finish, {}),
        "StreamDecoder.push": (tok.stream_decoder().push, {"id": 97}),
        "TokenBatch": (pw.TokenBatch, {"values": batch.values, "offsets": batch.offsets}),
        "TokenBatch.to_lists": (batch.to_lists, {}),
        "TokenBatch.to_matrix": (batch.to_matrix, {"pad_id": 0, "max_length": 3, "pad": "left", "truncate": "left"}),
        "Tokenizer.as_huggingface": (tok.as_huggingface, {}),
        "Tokenizer.as_tiktoken": (tok.as_tiktoken, {"name": "x"}),
        "Tokenizer.audit": (
            tok.audit,
            {"source": None, "usage": None, "rare": 10, "threads": 1, "progress": None}
            | {"embeddings": rows, "head": rows + 1, "unused": [1, 2]},
        ),
        "Tokenizer.chunk": (tok.chunk, text | {"max_tokens": 3, "overlap": 1}),
        "Tokenizer.compact": (tok.compact, {}),
        "Tokenizer.count": (tok.count, text | {"threads": 1}),
        "Tokenizer.count_batch": (tok.count_batch, {"texts": CORPUS, "threads": 1}),
        "Tokenizer.curve": (tok.curve, {"usage": usage}),
        "Tokenizer.decode": (tok.decode, {"ids": [97], "errors": "strict"}),
        "Tokenizer.decode_batch": (tok.decode_batch, {"batch": batch, "errors": "ignore"}),
        "Tokenizer.decode_bytes": (tok.decode_bytes, {"ids": [97]}),
        "Tokenizer.decode_with_spans": (tok.decode_with_spans, {"ids": [97]}),
        "Tokenizer.encode": (tok.encode, text | special | {"threads": 1}),
        "Tokenizer.encode_batch": (tok.encode_batch, {"texts": CORPUS, "threads": 1} | special),
        "Tokenizer.encode_ordinary": (tok.encode_ordinary, text | {"threads": 1}),
        "Tokenizer.encode_piece": (tok.encode_piece, {"piece": "to be"}),
        "Tokenizer.encode_to_numpy": (tok.encode_to_numpy, text | special | {"threads": 1}),
        "Tokenizer.encode_with_spans": (tok.encode_with_spans, text | special | {"threads": 1}),
        "Tokenizer.first": (tok.first, {"vocab_size": 260}),
        "Tokenizer.from_huggingface": (pw.Tokenizer.from_huggingface, {"path": folder / "tokenizer.json"}),
        "Tokenizer.from_merges": (pw.Tokenizer.from_merges, {"merges": [(b"a", b"b")], "vocab": None} | made),
        "Tokenizer.from_minbpe": (pw.Tokenizer.from_minbpe, {"path": folder / "minbpe.model"}),
        "Tokenizer.from_ranks": (pw.Tokenizer.from_ranks, {"ranks": ranks} | made),
        "Tokenizer.from_tekken": (pw.Tokenizer.from_tekken, {"path": folder / "none"}),
        "Tokenizer.from_tiktoken": (pw.Tokenizer.from_tiktoken, {"path": folder / "ranks.tiktoken"} | made),
        "Tokenizer.guard": (tok.guard, {"usage": usage, "unseen": "error"}),
        "Tokenizer.keep": (tok.keep, {"ids": [97, 260]}),
        "Tokenizer.load": (pw.Tokenizer.load, {"path": folder / "model.json"}),
        "Tokenizer.made": (tok.made, {"usage": usage}),
        "Tokenizer.merge_steps": (tok.merge_steps, text | {"special": "refuse"}),
        "Tokenizer.save": (tok.save, {"path": folder / "out.json"}),
        "Tokenizer.show": (tok.show, text | {"special": "text"}),
        "Tokenizer.split": (tok.split, text),
        "Tokenizer.stream_decoder": (tok.stream_decoder, {}),
        "Tokenizer.to_huggingface": (tok.to_huggingface, {"path": folder / "out.hf", "config": None}),
        "Tokenizer.to_minbpe": (pw.train(CORPUS, 260).to_minbpe, {"path": folder / "out.model"}),
        "Tokenizer.to_tiktoken": (tok.to_tiktoken, {"path": folder / "out.tiktoken"}),
        "Tokenizer.token_bytes": (tok.token_bytes, {"id": 97}),
        "Tokenizer.token_id": (tok.token_id, {"token": "a"}),
        "Tokenizer.trim": (tok.trim, {"usage": usage, "vocab_size": None}),
        "Tokenizer.truncate": (tok.truncate, text | {"max_tokens": 3}),
        "Tokenizer.usage": (tok.usage, {"source": CORPUS, "threads": 1, "progress": None}),
        "Tokenizer.usage_at": (tok.usage_at, {"usage": usage, "vocab_size": 260}),
        "Tokenizer.without": (tok.without, {"ids": [260]}),
        "Tokens": (pw.Tokens, {"folder": folder / "tokens", "split": "train"}),
        "Tokens.document_bytes": (tokens.document_bytes, {"number": 0}),
        "Tokens.text": (tokens.text, {"number": 0, "errors": "replace"}),
        "Tokens.usage": (tokens.usage, {}),
        "Tokens.window": (tokens.window, {"start": 0, "length": 3}),
        "Tokens.windows": (tokens.windows, {"starts": [0, 1], "length": 3}),
        "bridge": (pw.bridge, {"first": tok, "second": tok, "special": "error"}),
        "compare": (
            pw.compare,
            {"tokenizers": {"tok": tok}, "texts": {"text": CORPUS}, "reference": None, "context": None}
            | {"headroom": False, "speed": False, "threads": 1, "progress": None},
        ),
        "count": (pw.count, {"source": CORPUS, "progress": None} | training),
        "decode_tokens": (pw.decode_tokens, {"folder": folder / "tokens", "split": "all"}),
        "encode_corpus": (
            pw.encode_corpus,
            {"tokenizer": tok, "source": folder / "corpus.txt", "folder": folder / "again", "format": "npy"}
            | {"shard_tokens": 100, "validation": 0.5, "restart": True}
            | encoding,
        ),
        "encode_to_file": (
            pw.encode_to_file,
            {"tokenizer": tok, "source": folder / "corpus.txt", "path": folder / "ids.npy"} | encoding,
        ),
        "encoding_for_model": (pw.encoding_for_model, {"model": "gpt-4o"}),
        "encoding_name_for_model": (pw.encoding_name_for_model, {"model": "gpt-4o"}),
        "explain_pattern": (pw.explain_pattern, {"pattern": "gpt2"}),
        "get_encoding": (pw.get_encoding, {"name": "cl100k_base"}),
        "LanguageModel": (
            pw.LanguageModel,
            {"width": 8, "layers": 2, "kv_heads": 1, "head_size": 4, "parameters": None, "tied": False}
            | {"precision": 2, "optimizer": 8, "context": 64},
        ),
        "load": (datasets.load, {"name": "python-docs"}),
        "open_tokens": (pw.open_tokens, {"folder": folder / "tokens", "split": "train"}),
        "sizes": (
            pw.sizes,
            {"tokenizer": tok, "source": usage, "at": [260], "model": None, "threads": 1, "progress": None},
        ),
        "Parity": (
            pw.Parity,
            {"development": None, "ratios": {"a": 1}, "global_merges": 0, "window": 9, "alpha": 2.0},
        ),
        "mix": (
            pw.mix,
            {"sources": {"a": CORPUS}, "weights": {"a": 1}, "shares": None, "temperature": None, "by": "bytes"}
            | {"progress": None}
            | training,
        ),
        "mixing_weights": (pw.mixing_weights, {"sizes": {"a": 1}, "shares": None, "temperature": 0.3}),
        "report": (
            pw.report,
            {"tokenizers": {"tok": tok}, "texts": {"text": CORPUS}, "reference": None, "model": None}
            | {"examples": {"one": "to be"}, "context": None, "headroom": False, "threads": 1, "progress": None},
        ),
        "rows": (pw.rows, {"old": tok, "new": tok}),
        "set_cache_limit": (pw.set_cache_limit, {"limit": 64 << 20}),
        "texts": (pw.texts, {"source": CORPUS}),
        "train": (
            pw.train,
            {"source": CORPUS, "vocab_size": 260, "base": None, "special_ids": "last", "tie_break": "lowest_pair"}
            | {"first_id": None, "min_frequency": 1, "max_token_bytes": 9, "progress": None, "objective": "frequency"}
            | {"max_token_words": 3, "stages": ()}
            | training,
        ),
        "verify_tokens": (pw.verify_tokens, {"folder": folder / "tokens", "inputs": True}),
    }


CONSTRUCTORS = {"Counts": (), "StreamDecoder": (), "Tokenizer": ()}


def test_every_public_callable_is_in_the_table(valid_calls: dict[str, Call]) -> None:
    found = dict(public())
    assert {"Tokenizer.encode", "train", "TokenBatch.to_matrix", "Counts.filter", "load"} <= set(found)
    assert not set(found) - set(valid_calls) - set(CONSTRUCTORS)
    for name, (call, arguments) in valid_calls.items():
        assert name in found, f"{name} is not public any more"
        parameters = [each for each in inspect.signature(call).parameters if each not in ("self", "args", "options")]
        assert sorted(parameters) == sorted(arguments), name
        for parameter in parameters:
            assert f"{name}.{parameter}" in WRONG or parameter in WRONG, f"{name}: {parameter}"


def test_arguments_that_are_right_are_taken(valid_calls: dict[str, Call]) -> None:
    for name, (call, arguments) in valid_calls.items():
        if name in ("get_encoding", "encoding_for_model", "Tokenizer.from_tekken"):
            continue  # These need files that may not be there.
        made = called(call, arguments)
        assert name != "decode_tokens" or list(made)


@pytest.mark.parametrize("name", [name for name, _ in public() if name not in CONSTRUCTORS])
def test_arguments_that_are_wrong_are_refused_by_name(valid_calls: dict[str, Call], name: str) -> None:
    call, arguments = valid_calls[name]
    for argument in arguments:
        for value in WRONG.get(f"{name}.{argument}", WRONG.get(argument, [])):
            case = f"{name}({argument}={value!r})"
            error = refused(call, arguments | {argument: value})
            assert error is not None, f"{case} is taken"
            assert type(error).__module__ == "builtins", f"{case}: {error!r}"
            message = str(error)
            ending = f"{name.rpartition('.')[2]}.{argument}"
            expected = NAMED.get(ending, NAMED.get(argument, re.escape(argument)))
            assert re.search(expected, message), f"{case}: {error!r} does not name the argument"
            assert not INTERPRETER.search(message), f"{case}: {error!r} is what the interpreter says"


def refused(call: Callable[..., Any], arguments: dict[str, Any]) -> Exception | None:
    """The error that a call raises for its arguments."""
    try:
        called(call, arguments)
    except (TypeError, ValueError, LookupError) as error:
        return error
    return None


def called(call: Callable[..., Any], arguments: dict[str, Any]) -> Any:
    """What a call gives, whatever of its arguments can only be passed by their place."""
    places: list[Any] = []
    keywords = {}
    for each in inspect.signature(call).parameters.values():
        if each.kind is each.POSITIONAL_ONLY:
            places.append(arguments[each.name])
        elif each.kind is each.VAR_POSITIONAL:
            places.extend(arguments[each.name])
        elif each.kind is not each.VAR_KEYWORD:
            keywords[each.name] = arguments[each.name]
    return call(*places, **keywords)


@pytest.mark.parametrize("name", CONSTRUCTORS)
def test_what_is_not_made_by_its_class_says_how(name: str) -> None:
    for arguments, options in (((), {}), (({"a": 1},), {}), ((), {"path": "x"})):
        with pytest.raises(TypeError, match=rf"{name}s? (is|are) made by"):
            getattr(pw, name)(*arguments, **options)
