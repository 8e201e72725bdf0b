"""The vocabularies of `encoding.py`, in every format that a peer needs. No network."""

import importlib.util
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from corpora import MissingError
from encoders import Vocabulary
from trainers import byte_alphabet

import pairwright as pw
from pairwright._core import PATTERNS
from pairwright.download import MANIFEST, PinnedFile, find_or_fetch

NAMES = ["cl100k_base", "o200k_base"]

# What peers that read a tokenizer.json look for: another spelling makes them fall back to a regex library. It is the
# named pattern but for a run of newlines in white space, of which both published vocabularies make the same ids.
IN_JSON = {
    "cl100k": (
        r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
        r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
    )
}


def published(name: str, folder: Path) -> Vocabulary:
    """A published vocabulary. Raises `MissingError` if its rank file is not on this machine."""
    entry = MANIFEST["encodings"][name]
    os.environ["PAIRWRIGHT_OFFLINE"] = "1"
    try:
        ranks = find_or_fetch(PinnedFile.from_entry(entry))
    except (pw.PairwrightError, OSError) as error:
        raise MissingError(str(error)) from error
    tok = pw.Tokenizer.from_tiktoken(ranks, pattern=entry["pattern"], special_tokens=entry["special_tokens"])
    return _in_every_format(name, ranks, tok, folder, published=True)


def trained(corpus: Path, folder: Path) -> Vocabulary:
    """A small vocabulary that is trained here."""
    tok = pw.train(corpus, 1024, "cl100k", special_tokens=["<|endoftext|>"])
    ranks = folder / "trained.tiktoken"
    tok.to_tiktoken(ranks)
    return _in_every_format("trained", ranks, tok, folder, published=False)


def _in_every_format(name: str, ranks: Path, tok: pw.Tokenizer, folder: Path, *, published: bool) -> Vocabulary:
    path = folder / f"{name}.json"
    path.write_text(json.dumps(tokenizer_json(tok), ensure_ascii=False), encoding="utf-8")
    packed = folder / f"{name}.tkz"
    if importlib.util.find_spec("snaptokens"):
        import snaptokens

        snaptokens.Tokenizer.from_file(str(path), tkz_cache=True)
    return Vocabulary(
        name=name,
        ranks=str(ranks),
        json=str(path),
        packed=str(packed) if packed.exists() else "",
        pattern=tok.pattern,
        regex=PATTERNS[tok.pattern],
        special_tokens=tok.special_tokens,
        published=published,
    )


def tokenizer_json(tok: pw.Tokenizer) -> dict[str, Any]:
    """A tokenizer as Hugging Face's tokenizers reads it."""
    spell = _speller()
    split = {
        "type": "Split",
        "pattern": {"Regex": IN_JSON.get(tok.pattern, PATTERNS[tok.pattern])},
        "behavior": "Isolated",
        "invert": False,
    }
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
    flags = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [
            {"id": number, "content": token, **flags, "special": True} for token, number in tok.special_tokens.items()
        ],
        "normalizer": None,
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [split, byte_level]},
        "post_processor": None,
        "decoder": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": False,
            "byte_fallback": False,
            # A piece that is a token is that token even where merging does not reach it.
            "ignore_merges": True,
            "vocab": {spell(token): number for token, number in tok.vocab.items()},
            "merges": [[spell(left), spell(right)] for left, right in tok.merges],
        },
    }


def _speller() -> Callable[[bytes], str]:
    characters = {byte: character for character, byte in byte_alphabet().items()}
    return lambda token: "".join(characters[byte] for byte in token)
