"""The model file as documented: anyone can compute its checksum, and more than that is checked."""

import hashlib
import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import pairwright as pw

Change = Callable[[dict[str, Any]], object]


def checksum(content: dict[str, Any]) -> str:
    """SHA-256 of the object without `checksum` and `metadata.time`, with sorted keys and no white space."""
    content = {key: value for key, value in content.items() if key != "checksum"}
    content["metadata"] = {key: value for key, value in content["metadata"].items() if key != "time"}
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return "sha256:" + hashlib.sha256(canonical.encode()).hexdigest()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    tok = pw.train(["the cat sat on the mat: ünïcödé 😉"] * 3, 265, pattern=r"\w+|\W+", special_tokens=["<é>"])
    tok.save(tmp_path / "model.json")
    return tmp_path / "model.json"


def test_the_checksum_is_what_the_documentation_says(path: Path) -> None:
    content = json.loads(path.read_text(encoding="utf-8"))
    assert content["checksum"] == checksum(content)
    content["metadata"]["time"] = {"finished": "another day"}
    path.write_text(json.dumps(content), encoding="utf-8")
    assert pw.Tokenizer.load(path).vocab_size == 265


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda content: content["vocab"].pop("YQ=="), "names an id that is no token|single byte 0x61 is not a token"),
        (lambda content: content["vocab"].update({"YQ==": 98}), "98 is given twice"),
        (lambda content: content["vocab"].update({"YQ==": -1}), "no valid id"),
        (lambda content: content["vocab"].update({"!": 999}), "not base64"),
        (lambda content: content["vocab"].update({"enp6": 400}), "token 400 has no merge"),
        (lambda content: content["merges"].pop(), "has no merge"),
        (lambda content: content["merges"].append([97, 98]), "gives no token"),
        (lambda content: content["merges"].__setitem__(0, [97, 97]), "does not give token 256"),
        (lambda content: content["merges"].__setitem__(0, [97]), "merge 0 is missing or malformed"),
        (lambda content: content["special_tokens"].update({"<é>": 97}), "also that of the token"),
        (lambda content: content["special_tokens"].update({"": 999}), "is empty"),
        (lambda content: content["pattern"].update(regex="(", name=None), "invalid split pattern"),
        (lambda content: content.update(pattern=None), "pattern is missing or malformed"),
        (lambda content: content.pop("merges"), "merges is missing or malformed"),
    ],
)
def test_a_vocabulary_that_contradicts_itself_is_refused_whatever_its_checksum(
    path: Path, change: Change, message: str
) -> None:
    content = json.loads(path.read_text(encoding="utf-8"))
    change(content)
    content["checksum"] = checksum(content)
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(pw.FormatError, match=message) as caught:
        pw.Tokenizer.load(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("regex", ["o200k_base", "GPT2", "gpt2", "foo", " x"])
def test_a_regex_that_looks_like_a_name_is_still_the_regex_that_it_was(path: Path, regex: str) -> None:
    """Words were once taken for regexes, and models trained with them."""
    content = json.loads(path.read_text(encoding="utf-8"))
    content["pattern"] = {"name": None, "regex": regex}
    content["checksum"] = checksum(content)
    path.write_text(json.dumps(content), encoding="utf-8")
    tokenizer = pw.Tokenizer.load(path)
    assert tokenizer.pattern == f"(?:{regex})"
    assert tokenizer.split(f"the cat{regex}, the") == ["the cat", regex, ", the"]
    for other in (pickle.loads(pickle.dumps(tokenizer)), pw.train(["a"], 265, base=tokenizer)):
        assert other == tokenizer
    tokenizer.save(path)
    assert pw.Tokenizer.load(path) == tokenizer
    tokenizer.to_huggingface(path)
    assert pw.Tokenizer.from_huggingface(path).split(f"the cat{regex}, the") == ["the cat", regex, ", the"]
