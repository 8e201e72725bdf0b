"""Decoding a token folder: the documents again, byte for byte, joined as they were cut or each in a file."""

import json
from pathlib import Path
from typing import Any

import pytest
from command_line import call, isolate, terminal
from token_folders import FORMATS, write_folder

import pairwright
from pairwright.cli import restore

TEXTS = [[b"to be", b"", "n\u00e9 <|end|>\r".encode()], [], [b"that is", "\u2028\U0001f600".encode()]]
BYTES = [[b"\xff\xfe", b"\0", b"\r\n", b"\xc3"], [b"", bytes(range(256))]]
VALIDATION = [[b"the question"]]


@pytest.fixture(autouse=True)
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    isolate(tmp_path, monkeypatch)


def write(tokenizer: pairwright.Tokenizer, shards: list[list[bytes]], unit: dict[str, Any], **more: Any) -> None:
    write_folder(Path("tokens"), tokenizer, {"train": shards, "validation": VALIDATION}, documents=unit, **more)


def flat(shards: list[list[bytes]]) -> list[bytes]:
    return [document for shard in shards for document in shard]


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("append", [None, "<|end|>"])
@pytest.mark.parametrize("shards", [TEXTS, BYTES])
def test_documents_are_restored_byte_for_byte(
    tokenizer: pairwright.Tokenizer, format: str, append: str | None, shards: list[list[bytes]]
) -> None:
    write(tokenizer, shards, {"unit": "file"}, format=format, append=append)
    assert list(pairwright.decode_tokens("tokens")) == [*flat(shards), *flat(VALIDATION)]
    assert list(pairwright.decode_tokens(Path("tokens"), "train")) == flat(shards)
    assert list(pairwright.decode_tokens("tokens", "validation")) == flat(VALIDATION)
    for split, documents in (("all", [*flat(shards), *flat(VALIDATION)]), ("train", flat(shards))):
        ended = call("decode", "tokens", "--split", split)
        assert (ended.code, ended.out, ended.err) == (0, b"".join(documents), "")


@pytest.mark.parametrize("append", [None, "<|end|>"])
def test_documents_are_joined_as_they_were_cut(tokenizer: pairwright.Tokenizer, append: str | None) -> None:
    train = flat(TEXTS)
    expected: list[tuple[dict[str, Any], bytes]] = [
        ({"unit": "line"}, b"".join(document + b"\n" for document in train)),
        ({"unit": "separator", "separator": "<|\u00e9|>\n"}, "<|\u00e9|>\n".encode().join(train)),
        ({"unit": "file"}, b"".join(train)),
        ({"unit": "json", "field": "body"}, lines("body", train)),
        ({"unit": "row", "column": "t\u00e9xt"}, lines("t\u00e9xt", train)),
        ({"unit": "mixed"}, lines("text", train)),
    ]
    for unit, content in expected:
        write(tokenizer, TEXTS, unit, append=append)
        ended = call("decode", "tokens", "--split", "train")
        assert (ended.code, ended.out, ended.err) == (0, content, "")
        assert call("decode", "tokens", "--split", "train", "--out", "out").code == 0
        assert Path("out").read_bytes() == content
        whole = call("decode", "tokens").out
        assert whole.startswith(content)
        assert b"the question" in whole[len(content) :]


def lines(field: str, documents: list[bytes]) -> bytes:
    return b"".join(
        (json.dumps({field: document.decode()}, ensure_ascii=False) + "\n").encode() for document in documents
    )


def test_lines_of_bytes_that_are_no_text_stay(tokenizer: pairwright.Tokenizer) -> None:
    write(tokenizer, BYTES, {"unit": "line"})
    ended = call("decode", "tokens", "--split", "train")
    assert ended.out == b"".join(document + b"\n" for document in flat(BYTES))


def test_json_cannot_hold_what_is_no_text(tokenizer: pairwright.Tokenizer) -> None:
    write(tokenizer, [[b"to be"], [b"or", b"not \xff"]], {"unit": "json", "field": "text"})
    ended = call("decode", "tokens", "--out", "out")
    assert ended.code == 1
    assert ended.err.splitlines() == [
        "error: document 2 of train is not UTF-8, at its byte 4: JSON cannot hold it",
        "hint: --out-folder writes each document into a file of its own",
    ]
    assert {path.name for path in Path().iterdir()} == {"tokens"}


def test_each_document_goes_into_a_file_of_its_own(tokenizer: pairwright.Tokenizer) -> None:
    write(tokenizer, BYTES, {"unit": "json", "field": "text"}, append="<|end|>")
    for target in ("new", "empty"):
        Path("empty").mkdir(exist_ok=True)
        ended = call("decode", "tokens", "--out-folder", target)
        assert (ended.code, ended.out, ended.err) == (0, b"", "")
        names = [*(f"train-{number:08}.txt" for number in range(6)), "validation-00000000.txt"]
        assert sorted(path.name for path in Path(target).iterdir()) == names
        contents = [Path(target, name).read_bytes() for name in names]
        assert contents == [*flat(BYTES), *flat(VALIDATION)]
    ended = call("decode", "tokens", "--out-folder", "new")
    assert ended.err.splitlines() == ["error: new is there already", "hint: name a new folder, or an empty one"]
    assert {path.name for path in Path().iterdir()} == {"tokens", "new", "empty"}


def test_a_folder_that_fails_half_way_is_not_there(
    tokenizer: pairwright.Tokenizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tokenizer, BYTES, {"unit": "line"})
    before = Path.write_bytes

    def write_bytes(path: Path, content: bytes) -> int:
        if path.name == "train-00000003.txt":
            raise OSError(28, "No space left on device")
        return before(path, content)

    monkeypatch.setattr(Path, "write_bytes", write_bytes)
    ended = call("decode", "tokens", "--out-folder", "new")
    assert ended.code == 1
    assert ended.err == "error: .new.part/train-00000003.txt: No space left on device\n"
    assert {path.name for path in Path().iterdir()} == {"tokens"}


def test_options_that_do_not_go_together_are_wrong_usage(tokenizer: pairwright.Tokenizer) -> None:
    write(tokenizer, BYTES, {"unit": "line"})
    tokenizer.save("model.json")
    for arguments, message in (
        (["tokens", "file"], "tokens is a token folder, with which FILE does not go"),
        (["tokens", "--pattern", "cl100k"], "tokens is a token folder, with which --pattern does not go"),
        (["tokens", "--out", "a", "--out-folder", "b"], "--out and --out-folder do not go together"),
        (["model.json", "--split", "all"], "--split goes with a token folder; model.json is none"),
        (["model.json", "--out-folder", "b"], "--out-folder goes with a token folder; model.json is none"),
    ):
        ended = call("decode", *arguments)
        assert (ended.code, ended.out) == (2, b"")
        assert ended.err.startswith(f"error: {message}\nhint: ")


def test_what_is_not_there_is_named(tokenizer: pairwright.Tokenizer) -> None:
    write_folder(Path("tokens"), tokenizer, {"train": BYTES})
    ended = call("decode", "tokens", "--split", "validation")
    assert (ended.code, ended.err) == (1, "error: there is no split 'validation'; the folder has 'train'\n")
    with pytest.raises(ValueError, match="no split 'nonesuch'"):
        pairwright.decode_tokens("tokens", "nonesuch")
    Path("tokens/manifest.json").rename("tokens/progress.json")
    ended = call("decode", "tokens")
    assert ended.err.splitlines() == [
        "error: tokens: the run is not complete",
        "hint: run the same command again to finish it",
    ]


def test_folders_of_other_libraries_are_still_models(tokenizer: pairwright.Tokenizer) -> None:
    Path("model").mkdir()
    tokenizer.to_huggingface("model/tokenizer.json")
    Path("model/manifest.json").write_bytes(b"{}")
    ids = " ".join(map(str, tokenizer.encode("to be")))
    assert call("decode", "model", given=ids.encode()).out == b"to be"


def test_an_empty_folder_gives_nothing(tokenizer: pairwright.Tokenizer) -> None:
    for unit in ({"unit": "line"}, {"unit": "separator", "separator": "x"}, {"unit": "file"}):
        write_folder(Path("tokens"), tokenizer, {"train": []}, documents=unit)
        assert (call("decode", "tokens").out, list(pairwright.decode_tokens("tokens"))) == (b"", [])


def test_output_goes_to_what_cannot_be_replaced(tokenizer: pairwright.Tokenizer) -> None:
    write(tokenizer, TEXTS, {"unit": "line"})
    assert call("decode", "tokens", "--out", "/dev/null").code == 0
    assert not Path("/dev/null").is_file()
    Path("file").write_bytes(b"old")
    Path("link").symlink_to("file")
    assert call("decode", "tokens", "--split", "train", "--out", "link").code == 0
    assert Path("link").is_symlink()
    assert Path("file").read_bytes() == b"".join(document + b"\n" for document in flat(TEXTS))
    ended = call("decode", "tokens", "--out", "nonesuch/out")
    assert (ended.code, ended.err) == (1, "error: nonesuch: there is no such folder\n")


def test_a_large_folder_is_written_in_parts_and_has_a_bar(tokenizer: pairwright.Tokenizer) -> None:
    parts = list(restore.gathered(bytes(300_000) for _ in range(8)))
    assert [len(part) for part in parts] == [1_200_000, 1_200_000, 0]
    documents = [b"to be or not to be " * 1000] * 500
    write_folder(Path("tokens"), tokenizer, {"train": [documents]})
    with terminal() as screen:
        ended, shown = screen.run("decode", "tokens", "--out", "out", stderr=screen.program)
    assert ended.code == 0
    assert b"decoding" in shown
    assert Path("out").read_bytes() == b"".join(document + b"\n" for document in documents)
