"""What another library or format has no place for is refused with the first token, merge or setting that shows it."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tokenizers

import pairwright as pw

BYTES = {bytes([byte]): byte for byte in range(256)}


def of_ranks(*tokens: bytes, first: int = 256, **settings: Any) -> pw.Tokenizer:
    ranks = {token: first + number for number, token in enumerate(tokens)}
    return pw.Tokenizer.from_ranks(BYTES | ranks, pattern="gpt2", **settings)


def of_merges(*merges: tuple[bytes, bytes], **settings: Any) -> pw.Tokenizer:
    return pw.Tokenizer.from_merges(merges, pattern="gpt2", **settings)


def of_json(folder: Path, **changes: Any) -> pw.Tokenizer:
    """A tokenizer.json with other components than a plain one has."""
    made = of_ranks(b"ab").as_huggingface()
    for name, value in changes.items():
        if name == "added":
            made.add_tokens([value])
        else:
            setattr(made, name, value)
    made.save(str(folder / "tokenizer.json"))
    return pw.Tokenizer.from_huggingface(folder)


A, B, C = b"a", b"b", b"c"


def to_tiktoken(tok: pw.Tokenizer, folder: Path) -> None:
    tok.to_tiktoken(folder / "out")


def to_minbpe(tok: pw.Tokenizer, folder: Path) -> None:
    tok.to_minbpe(folder / "out")


def to_huggingface(tok: pw.Tokenizer, folder: Path) -> None:
    tok.to_huggingface(folder / "out.json")


def as_tiktoken(tok: pw.Tokenizer, folder: Path) -> None:
    del folder
    tok.as_tiktoken()


LISTED = 'by ranks b"b" and b"c" merge before b"a" and b"b", and these are merges 1 and 0 of the list'

CASES: list[tuple[Callable[..., None], Callable[[Path], pw.Tokenizer], str]] = [
    (
        as_tiktoken,
        lambda _: of_merges((A, B), (B, C), vocab=BYTES | {b"bc": 256, b"ab": 257}),
        f"a merge list that means something else: {LISTED}",
    ),
    (
        to_tiktoken,
        lambda _: of_merges((A, B), (B, C), vocab=BYTES | {b"bc": 256, b"ab": 257}),
        f"a merge list that means something else; a tokenizer.json holds it ({LISTED})",
    ),
    (
        to_tiktoken,
        lambda _: of_merges((A, B), vocab=BYTES | {b"ab": 256, b"cd": 257}),
        'by ranks b"c" and b"d" merge, and no merge of the list is of them',
    ),
    (
        as_tiktoken,
        lambda _: of_ranks(b"ab", b"wxyz", b"abcdef"),
        "the first is b'wxyz'; make it with ignore_merges=True",
    ),
    (
        as_tiktoken,
        lambda folder: of_json(folder, normalizer=tokenizers.normalizers.NFKC()),
        "it brings text into the form NFKC first",
    ),
    (
        as_tiktoken,
        lambda folder: of_json(folder, added=tokenizers.AddedToken("<s>", lstrip=True, special=True)),
        'its special token "<s>" takes white space before it along',
    ),
    (
        as_tiktoken,
        lambda folder: of_json(folder, added=tokenizers.AddedToken("<n>", normalized=False)),
        'its special token "<n>" is found whether or not it is allowed',
    ),
    (
        as_tiktoken,
        lambda _: pw.Tokenizer.from_merges([], pattern='[{"split": " "}, {"split": "a"}]'),
        'in several steps: [{"split":" "',
    ),
    (
        to_minbpe,
        lambda folder: of_json(folder, normalizer=tokenizers.normalizers.NFC()),
        "it brings text into the form NFC first",
    ),
    (
        to_minbpe,
        lambda folder: of_json(folder, added=tokenizers.AddedToken("<s>", rstrip=True, special=True)),
        'its special token "<s>" takes white space behind it along',
    ),
    (to_minbpe, lambda _: of_ranks(b"ab", ignore_merges=True), "that ignore merges, as this one does"),
    (to_minbpe, lambda _: of_ranks(b"ab", first=300), 'no token has the id 256, which minbpe gives to b"ab"'),
    (to_minbpe, lambda _: of_ranks(b"ab", b"wxyz"), 'b"wxyz" has the id 257, to which no merge leads'),
    (
        to_minbpe,
        lambda _: pw.Tokenizer.from_ranks(BYTES | {b"a": 98, b"b": 97}, pattern="gpt2"),
        'b"b" has the id 97, which minbpe gives to b"a"',
    ),
    (
        to_minbpe,
        lambda _: of_merges(*[(A, B), (B, C), (A, b"bc")], *[(b"d", b"e"), (b"e", b"f"), (b"de", b"f"), (b"d", b"ef")]),
        'two merges that give the same token, as merge 6 gives b"def"',
    ),
    (
        to_minbpe,
        lambda _: pw.Tokenizer.from_ranks(BYTES, pattern=" x+"),
        'white space, or has several lines, as " x+"',
    ),
    (to_minbpe, lambda _: of_ranks(special_tokens={"a b": 300}), 'a special token like "a b"'),
    (
        to_huggingface,
        lambda _: of_ranks(special_tokens={"<a>": 300, "<b>": 300}),
        'the special tokens "<a>" and "<b>" have one id, 300',
    ),
    (
        to_huggingface,
        lambda _: of_ranks("é".encode(), special_tokens={"Ã©": 300}),
        'the special token "Ã©" is written as an ordinary token is',
    ),
]


@pytest.mark.parametrize(("write", "make", "reason"), CASES)
def test_the_reason_that_applies_is_told(
    write: Callable[[pw.Tokenizer, Path], None], make: Callable[[Path], pw.Tokenizer], reason: str, tmp_path: Path
) -> None:
    tok = make(tmp_path)
    with pytest.raises(ValueError, match=re.escape(reason)):
        write(tok, tmp_path)
    assert not (tmp_path / "out").exists()


def test_ids_around_texts_are_told(tmp_path: Path) -> None:
    template = tokenizers.processors.TemplateProcessing(single="a $A", special_tokens=[("a", 97)])
    with pytest.raises(ValueError, match=r"tiktoken adds no ids to texts, and this tokenizer has beginning=\[97\]"):
        of_json(tmp_path, post_processor=template).as_tiktoken()
