"""The manifest of a token folder: what is saved is loaded, nothing else is taken for one."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from token_folders import write_folder

import pairwright
from pairwright.tokens.manifest import (
    FileFacts,
    Input,
    Manifest,
    Shard,
    Skipped,
    Split,
    checksum,
    rendered,
)

SHA = "0123456789abcdef" * 4
FILES = (FileFacts("train-00000.bin", 8, SHA), FileFacts("train-00000.offsets", 16, SHA))
MANIFEST = Manifest(
    tokenizer=FileFacts("model.json", 100, SHA),
    vocab_size=300,
    settings={"format": "bin", "dtype": "uint16", "append": None, "documents": {"unit": "line"}},
    inputs=(Input("a.txt", 9, SHA, 2), Input("caf\u00e9-\udcff", 0, SHA, 0)),
    skipped=(Skipped("a.txt", 1, "line 2", "no JSON"), Skipped("b.gz", None, "byte 7", "the stream is damaged")),
    splits=(
        Split("train", (Shard(2, 9, 4, FILES), Shard(1, 1, 1, FILES))),
        Split("validation", ()),
    ),
)


def altered(change: dict[str, Any], *, signed: bool = True) -> dict[str, Any]:
    """The manifest as JSON with other values, and with a checksum that fits."""
    value: dict[str, Any] = json.loads(rendered(MANIFEST.to_json())) | change
    return value | {"checksum": checksum(value)} if signed else value


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    MANIFEST.save(tmp_path)
    assert Manifest.load(tmp_path) == MANIFEST
    assert Manifest.load(str(tmp_path)) == MANIFEST
    content = (tmp_path / "manifest.json").read_bytes()
    Manifest.load(tmp_path).save(tmp_path)
    assert (tmp_path / "manifest.json").read_bytes() == content
    assert content.endswith(b"}\n")
    assert [path.name for path in tmp_path.iterdir()] == ["manifest.json"]


def test_totals_are_sums() -> None:
    value = MANIFEST.to_json()
    train = MANIFEST.split("train")
    assert (train.documents, train.bytes, train.tokens) == (3, 10, 5)
    assert {key: value[key] for key in ("documents", "bytes", "tokens")} == {"documents": 3, "bytes": 10, "tokens": 5}
    assert value["splits"][1] == {"name": "validation", "shards": [], "documents": 0, "bytes": 0, "tokens": 0}
    with pytest.raises(ValueError, match="no split 'test'; the folder has 'train', 'validation'"):
        MANIFEST.split("test")


def test_a_manifest_of_another_version_of_pairwright_keeps_it() -> None:
    older = replace(MANIFEST, pairwright="0.0.1")
    assert Manifest.from_json(older.to_json(), "m") == older


def test_whatever_was_altered_is_found() -> None:
    changes: list[dict[str, Any]] = [{"vocab_size": 301}, {"settings": {}}, {"checksum": SHA}, {"more": 1}]
    for change in changes:
        with pytest.raises(pairwright.FormatError, match=r"^m: the checksum does not match: the file was altered"):
            Manifest.from_json(altered(change, signed=False), "m")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"documents": 4}, "documents is 4, but the shards add up to 3"),
        ({"vocab_size": -1}, "vocab_size is not an integer of at least 0"),
        ({"vocab_size": True}, "vocab_size is not an integer of at least 0"),
        ({"vocab_size": "300"}, "vocab_size is not an integer"),
        ({"inputs": {}}, "inputs is not a list"),
        ({"inputs": [3]}, r"inputs\[0\] is no JSON object"),
        ({"skipped": [{"input": "a"}]}, r"skipped\[0\]\.document is missing"),
        ({"tokenizer": {"name": "../m", "bytes": 1, "sha256": SHA}}, "'../m', is no name of a file in the folder"),
        ({"tokenizer": {"name": "m", "bytes": 1, "sha256": "0"}}, r"tokenizer\.sha256 is no SHA-256"),
        ({"settings": []}, "settings is not an object"),
        ({"settings": {"format": "zip"}}, r"settings\.format is 'zip', not one of bin, npy"),
        (
            {"settings": MANIFEST.settings | {"format": "arrow"}},
            "a shard has 2 files, not 1",
        ),
    ],
)
def test_what_is_wrong_is_named_although_the_checksum_fits(change: dict[str, Any], message: str) -> None:
    with pytest.raises(pairwright.FormatError, match=message) as raised:
        Manifest.from_json(altered(change), "m")
    assert raised.value.hint


def test_a_newer_version_says_so() -> None:
    with pytest.raises(pairwright.FormatError, match="written by a newer pairwright") as raised:
        Manifest.from_json({"format": "pairwright tokens", "version": 2}, "m")
    assert raised.value.hint == "upgrade pairwright"
    others: list[Any] = [3, [], None, {}, {"format": "pairwright"}, {"format": "pairwright tokens"}]
    for value in others:
        with pytest.raises(pairwright.FormatError, match=r"^m: "):
            Manifest.from_json(value, "m")


def test_what_is_no_token_folder_says_so(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nonesuch"):
        Manifest.load(tmp_path / "nonesuch")
    with pytest.raises(pairwright.FormatError, match=r"is no token folder: it has no manifest\.json"):
        Manifest.load(tmp_path)
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(pairwright.FormatError, match="is a file and no token folder"):
        Manifest.load(tmp_path / "file")
    (tmp_path / "manifest.json").write_bytes(b'{"format": "pairwr')
    with pytest.raises(pairwright.FormatError, match=r"manifest\.json: no JSON: the file was altered or damaged"):
        Manifest.load(tmp_path)


def test_a_run_that_is_not_complete_says_so(tmp_path: Path, tokenizer: pairwright.Tokenizer) -> None:
    write_folder(tmp_path, tokenizer, {"train": [[b"to be"]]})
    (tmp_path / "progress.json").write_bytes(b"{}")
    assert len(pairwright.open_tokens(tmp_path)) == 1
    (tmp_path / "manifest.json").unlink()
    for use in (pairwright.open_tokens, pairwright.verify_tokens, pairwright.decode_tokens):
        with pytest.raises(pairwright.FormatError, match="the run is not complete") as raised:
            use(tmp_path)
        assert raised.value.hint == "run the same command again to finish it"
