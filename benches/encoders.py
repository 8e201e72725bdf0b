"""pairwright and its peers as encoders: each loads the same vocabulary and is used in the best way its API offers.

Nothing is imported that a library does not need, and each library before the clock starts: what a function here gives
is the loading that is still to do. What a library gives is turned into ids after the clock has stopped.
"""

import inspect
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Result = Any
Ids = Any
"""A numpy array of unsigned numbers; numpy is imported where it is needed."""


@dataclass(frozen=True)
class Vocabulary:
    """What to load."""

    name: str
    ranks: str
    """The rank file."""
    json: str
    """The same as a tokenizer.json."""
    packed: str
    """The same in the format of snaptokens, made from the tokenizer.json."""
    pattern: str
    """The name of the split pattern, for pairwright."""
    regex: str
    """The same pattern, for the others."""
    special_tokens: dict[str, int]
    published: bool
    """Whether it is the one that libraries have inside under this name."""


class UnavailableError(Exception):
    """A library cannot do this; says why."""


@dataclass(frozen=True)
class Way:
    """One way to use a library."""

    gives: str
    """ "numpy" (an array, or a buffer that becomes one without a copy), "list", ..., for decoding what it takes."""
    call: Callable[[Any], Result]
    ids: Callable[[Result], Ids] = lambda result: result
    """From what the call gave to one flat array of ids."""


@dataclass(frozen=True)
class Short:
    """A statement that encodes `text`; as text, so that no call of a Python function is timed with it."""

    gives: str
    statement: str
    names: dict[str, Any]


@dataclass(frozen=True)
class Encoder:
    """What a loaded library does."""

    batch: Way
    """From a list of texts."""
    one: Way
    """From a text."""
    to_list: Short
    to_numpy: Short
    decode: Way
    """From a list of ids or an array, as `gives` says, to bytes or str."""
    file: Way | None = None
    """From a path, where it has a way of its own; else the file is read, and it is one text."""
    count: Way | None = None
    """From a list of texts to one number for each."""
    extra: dict[str, Any] = field(default_factory=dict)


Load = Callable[[], Encoder]


def flat_lists(lists: list[list[int]]) -> Ids:
    """Lists of ids in one array."""
    import itertools

    import numpy as np

    return np.fromiter(itertools.chain.from_iterable(lists), np.uint32)


def array(ids: Result) -> Ids:
    """A list of ids, or a buffer of 32-bit ones, as an array."""
    import numpy as np

    return np.frombuffer(ids, np.uint32) if isinstance(ids, bytes) else np.asarray(ids)


def first(result: tuple[Any, ...]) -> Ids:
    """The ids of a pair of ids and offsets."""
    return array(result[0])


def pairwright(vocabulary: Vocabulary, threads: int) -> Load:
    """The library itself, from the rank file."""
    import numpy

    import pairwright

    del numpy
    # Until every call takes `threads`, a call that does not is done on one thread anyway.
    takes_threads = "threads" in inspect.signature(pairwright.Tokenizer.encode_to_numpy).parameters
    several: dict[str, Any] = {"threads": threads} if takes_threads else {}

    def load() -> Encoder:
        tok = pairwright.Tokenizer.from_tiktoken(
            vocabulary.ranks, pattern=vocabulary.pattern, special_tokens=vocabulary.special_tokens
        )
        return Encoder(
            batch=Way(
                "numpy",
                lambda texts: tok.encode_batch(texts, disallowed_special=(), threads=threads),
                lambda batch: batch.values,
            ),
            one=Way("numpy", lambda text: tok.encode_to_numpy(text, disallowed_special=(), **several)),
            file=Way(
                "numpy", lambda path: tok.encode_to_numpy(Path(path).read_bytes(), disallowed_special=(), **several)
            ),
            to_list=Short("list", "encode(text)", {"encode": tok.encode}),
            to_numpy=Short("numpy", "encode(text)", {"encode": tok.encode_to_numpy}),
            count=Way("numpy", lambda texts: tok.count_batch(texts, threads=threads)),
            decode=Way("numpy", tok.decode_bytes),
            extra={"cache_info": getattr(pairwright, "cache_info", None)},
        )

    return load


def tiktoken(vocabulary: Vocabulary, threads: int) -> Load:
    """tiktoken, with its own split pattern where the vocabulary is published."""
    import numpy
    import tiktoken
    from tiktoken import load as loading
    from tiktoken_ext import openai_public

    # It reads a path through its cache of downloads unless told to have none.
    os.environ["TIKTOKEN_CACHE_DIR"] = ""
    del numpy

    def encoding() -> tiktoken.Encoding:
        if not vocabulary.published:
            ranks = loading.load_tiktoken_bpe(vocabulary.ranks)
            return tiktoken.Encoding(
                vocabulary.name,
                pat_str=vocabulary.regex,
                mergeable_ranks=ranks,
                special_tokens=vocabulary.special_tokens,
            )
        # It knows the ranks only as an address to download them from.
        vars(openai_public)["load_tiktoken_bpe"] = lambda *_, **__: loading.load_tiktoken_bpe(vocabulary.ranks)
        settings: dict[str, Any] = openai_public.ENCODING_CONSTRUCTORS[vocabulary.name]()
        return tiktoken.Encoding(**settings)

    def load() -> Encoder:
        tok = encoding()
        return Encoder(
            batch=Way("list", lambda texts: tok.encode_ordinary_batch(texts, num_threads=threads), flat_lists),
            one=Way("numpy", lambda text: tok.encode_to_numpy(text, disallowed_special=())),
            to_list=Short("list", "encode(text)", {"encode": tok.encode_ordinary}),
            to_numpy=Short("numpy", "encode(text, disallowed_special=())", {"encode": tok.encode_to_numpy}),
            decode=Way("list", tok.decode_bytes),
        )

    return load


def tokenizers(vocabulary: Vocabulary, threads: int) -> Load:
    """Hugging Face's, from a tokenizer.json."""
    import tokenizers

    del threads

    def load() -> Encoder:
        tok = tokenizers.Tokenizer.from_file(vocabulary.json)
        return Encoder(
            batch=Way(
                "Encoding",
                lambda texts: tok.encode_batch_fast(texts, add_special_tokens=False),
                lambda batch: flat_lists([encoding.ids for encoding in batch]),
            ),
            one=Way("Encoding", lambda text: tok.encode(text, add_special_tokens=False), lambda one: array(one.ids)),
            to_list=Short("list", "encode(text, add_special_tokens=False).ids", {"encode": tok.encode}),
            to_numpy=Short("list", "encode(text, add_special_tokens=False).ids", {"encode": tok.encode}),
            decode=Way("list", tok.decode),
        )

    return load


def gigatoken(vocabulary: Vocabulary, threads: int) -> Load:
    """gigatoken, whose `encode_files` reads files itself."""
    # It imports awkward when it first needs it.
    import awkward
    import gigatoken
    import numpy as np

    parallel = threads > 1

    def ids(batch: Result) -> Ids:
        return np.asarray(awkward.flatten(batch))

    def load() -> Encoder:
        pretokenizer = None if vocabulary.published else vocabulary.pattern
        tok = gigatoken.Tokenizer.from_tiktoken(vocabulary.ranks, pretokenizer, vocabulary.special_tokens)
        return Encoder(
            batch=Way("numpy", lambda texts: tok.encode_batch(texts, parallel=parallel), ids),
            one=Way("numpy", tok.encode),
            file=Way("numpy", lambda path: tok.encode_files(path, parallel=parallel), ids),
            to_list=Short("numpy", "encode(text)", {"encode": tok.backend.encode}),
            to_numpy=Short("numpy", "encode(text)", {"encode": tok.backend.encode}),
            decode=Way("numpy", tok.decode),
        )

    return load


def fastokens(vocabulary: Vocabulary, threads: int) -> Load:
    """fastokens, from the rank file."""
    import fastokens
    import numpy as np

    del threads

    def load() -> Encoder:
        if vocabulary.published:
            tok = fastokens.Tokenizer.from_tiktoken(vocabulary.ranks, encoding=vocabulary.name)
        else:
            tok = fastokens.Tokenizer.from_tiktoken(
                vocabulary.ranks, pattern=vocabulary.regex, special_tokens=vocabulary.special_tokens
            )
        return Encoder(
            batch=Way("numpy", tok.encode_batch_flat, first),
            one=Way("numpy", lambda text: tok.encode_batch_flat([text]), first),
            to_list=Short("list", "encode(text).ids", {"encode": tok.encode}),
            to_numpy=numpy_of_flat_batch(np.frombuffer, tok.encode_batch_flat),
            decode=Way("list", tok.decode),
        )

    return load


def snaptokens(vocabulary: Vocabulary, threads: int) -> Load:
    """snaptokens, from a tokenizer.json, or from its own format where loading is not what is measured."""
    import numpy as np
    import snaptokens

    del threads

    def load() -> Encoder:
        tok = snaptokens.Tokenizer.from_file(vocabulary.packed or vocabulary.json)
        return Encoder(
            batch=Way("numpy", tok.encode_batch_flat, first),
            one=Way("numpy", lambda text: tok.encode_batch_flat([text]), first),
            to_list=Short("list", "encode(text).ids", {"encode": tok.encode}),
            to_numpy=numpy_of_flat_batch(np.frombuffer, tok.encode_batch_flat),
            decode=Way("list", tok.decode),
        )

    return load


def numpy_of_flat_batch(frombuffer: Callable[..., Ids], encode: Callable[..., Result]) -> Short:
    """A batch of one text, whose buffer becomes an array."""
    return Short(
        "numpy",
        "frombuffer(encode([text])[0], 'u4')",
        {"frombuffer": frombuffer, "encode": encode},
    )


def toktok(vocabulary: Vocabulary, threads: int) -> Load:
    """toktok, which has the published vocabularies inside. Its public API counts; ids come from a private function."""
    import numpy
    import toktok

    del numpy
    refuse_unpublished(vocabulary)

    def load() -> Encoder:
        tok = toktok._encoding(vocabulary.name)
        return Encoder(
            batch=Way("numpy", lambda texts: tok.encode_batch_to_numpy(texts, threads), first),
            one=Way("numpy", lambda text: tok.encode_to_numpy(text, disallowed_special=())),
            to_list=Short("list", "encode(text)", {"encode": tok.encode_ordinary}),
            to_numpy=Short("numpy", "encode(text, disallowed_special=())", {"encode": tok.encode_to_numpy}),
            count=Way("list", lambda texts: toktok.batch_count(texts, vocabulary.name, threads)),
            decode=Way("list", tok.decode_bytes),
        )

    return load


def quicktok(vocabulary: Vocabulary, threads: int) -> Load:
    """quicktok, which has the published vocabularies inside."""
    import numpy
    import quicktok

    del numpy
    refuse_unpublished(vocabulary)

    def load() -> Encoder:
        tok = quicktok.get_encoding(vocabulary.name)
        return Encoder(
            batch=Way("numpy", lambda texts: tok.encode_batch(texts, threads), first),
            one=Way("numpy", lambda text: tok.encode_batch([text], 1), first),
            to_list=Short("list", "encode(text)", {"encode": tok.encode_ordinary}),
            to_numpy=Short("numpy", "encode([text], 1)[0]", {"encode": tok.encode_batch}),
            count=Way("numpy", lambda texts: quicktok.count_batch(tok, texts, threads)),
            decode=Way("list", tok.decode_bytes),
        )

    return load


def splintr(vocabulary: Vocabulary, threads: int) -> Load:
    """splintr, from the rank file."""
    import numpy as np
    import splintr

    # It recognises its own spelling of the patterns.
    spelled = {"cl100k": splintr.CL100K_BASE_PATTERN, "o200k": splintr.O200K_BASE_PATTERN}
    pattern = spelled.get(vocabulary.pattern, vocabulary.regex)
    del threads

    def load() -> Encoder:
        tok = splintr.Tokenizer(vocabulary.ranks, pattern, vocabulary.special_tokens)
        return Encoder(
            batch=Way("numpy", tok.encode_batch_flat, first),
            one=Way("numpy", tok.encode_flat, array),
            to_list=Short("list", "encode(text)", {"encode": tok.encode_ordinary}),
            to_numpy=Short(
                "numpy", "frombuffer(encode(text), 'u4')", {"frombuffer": np.frombuffer, "encode": tok.encode_flat}
            ),
            decode=Way("list", tok.decode_bytes),
        )

    return load


def refuse_unpublished(vocabulary: Vocabulary) -> None:
    """For libraries that cannot be given a vocabulary."""
    if not vocabulary.published:
        raise UnavailableError("has only the vocabularies that are inside it")


ENCODERS: dict[str, Callable[[Vocabulary, int], Load]] = {
    "pairwright": pairwright,
    "tiktoken": tiktoken,
    "tokenizers": tokenizers,
    "gigatoken": gigatoken,
    "fastokens": fastokens,
    "snaptokens": snaptokens,
    "toktok": toktok,
    "quicktok": quicktok,
    "splintr": splintr,
}

DISTRIBUTIONS = {"toktok": "toktok-rs", "quicktok": "quicktok-v1", "splintr": "splintr-rs"}
"""Their names in the package registry, where they are others."""

LOADED_FROM = {
    "tokenizers": "tokenizer.json",
    "snaptokens": "tokenizer.json",
    "toktok": "built in",
    "quicktok": "built in",
}
"""What is loaded where it is not the rank file."""

BEYOND = ("tiktoken", "tokenizers")
"""So slow that they are given a part of each corpus, and one run: they would take longer than all others together."""
