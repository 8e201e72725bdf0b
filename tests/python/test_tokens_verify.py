"""Verifying: every kind of damage to a token folder is found, and named with its file."""

import json
import random
import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from command_line import call, isolate, terminal
from token_folders import FORMATS, facts_of, write_folder

import pairwright
from pairwright.tokens import verifying
from pairwright.tokens.manifest import FileFacts, Manifest, Split
from pairwright.tokens.writers import writer_for

SHARDS = [[b"to be", b"", b"or not to be " * 20], [b"that is", b"the question"]]


@pytest.fixture(autouse=True)
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    isolate(tmp_path, monkeypatch)
    Path("corpus.txt").write_bytes(b"to be or not to be")


@pytest.fixture(params=FORMATS)
def format(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def folder(format: str, tokenizer: pairwright.Tokenizer) -> Path:
    """A folder of each format, made of a corpus that is there."""
    write(format, tokenizer)
    return Path("tokens")


def write(format: str, tokenizer: pairwright.Tokenizer) -> None:
    splits = {"train": SHARDS, "validation": [[b"to be"]]}
    write_folder(Path("tokens"), tokenizer, splits, format=format, append="<|end|>", inputs=[Path("corpus.txt")])


def test_nothing_is_found_where_all_is_well(folder: Path) -> None:
    assert pairwright.verify_tokens(folder) == []
    assert pairwright.verify_tokens(str(folder), inputs=False) == []
    ended = call("verify", folder)
    assert (ended.code, ended.err) == (0, "")
    heading, train, validation = ended.out.decode().splitlines()
    assert heading.split() == ["split", "shards", "documents", "tokens", "bytes"]
    tokens = pairwright.open_tokens(folder).total
    assert train.split() == ["train", "2", "5", str(tokens), "284"]
    assert validation.split()[:3] == ["validation", "1", "1"]
    ended = call("verify", folder, "--quiet")
    assert (ended.code, ended.out, ended.err) == (0, b"", "")


def test_a_flipped_bit_is_found_in_every_file(folder: Path) -> None:
    draw = random.Random(0)
    for path in sorted(folder.iterdir()):
        content = path.read_bytes()
        places = {0, len(content) - 1, *(draw.randrange(len(content)) for _ in range(10))}
        for at in places:
            flipped = bytearray(content)
            flipped[at] ^= 1 << draw.randrange(8)
            path.write_bytes(flipped)
            problems = pairwright.verify_tokens(folder)
            assert len(problems) == 1, (path, at)
            assert problems[0].startswith(f"{path}: "), problems
            if path.name != "manifest.json":
                assert problems == [f"{path}: its sha256 is not that of the manifest: some of its bytes have changed"]
        path.write_bytes(content)
    assert pairwright.verify_tokens(folder) == []


def test_white_space_in_the_manifest_is_no_matter_to_readers_but_is_named(folder: Path) -> None:
    path = folder / "manifest.json"
    path.write_bytes(path.read_bytes() + b"\n")
    assert len(pairwright.open_tokens(folder)) == 5
    assert pairwright.verify_tokens(folder) == [f"{path}: is not as it was written"]


def truncate(path: Path) -> str:
    content = path.read_bytes()
    path.write_bytes(content[:-1])
    return f"{path}: has {len(content) - 1:,} bytes, and {len(content):,} in the manifest"


def lengthen(path: Path) -> str:
    content = path.read_bytes()
    path.write_bytes(content + b"\0")
    return f"{path}: has {len(content) + 1:,} bytes, and {len(content):,} in the manifest"


def delete(path: Path) -> str:
    path.unlink()
    return f"{path}: is missing"


@pytest.mark.parametrize("damage", [truncate, lengthen, delete])
def test_a_file_of_another_size_is_found(folder: Path, damage: Callable[[Path], str]) -> None:
    for path in sorted(folder.iterdir()):
        if path.name == "manifest.json":
            continue
        shutil.copy(path, "saved")
        message = damage(path)
        assert pairwright.verify_tokens(folder) == [message]
        ended = call("verify", folder, "--quiet")
        assert (ended.code, ended.out, ended.err) == (1, b"", f"error: {message}\n")
        shutil.copy("saved", path)


def test_every_problem_is_named(folder: Path) -> None:
    damaged = [path for path in sorted(folder.iterdir()) if path.name != "manifest.json"]
    for path in damaged:
        delete(path)
    problems = pairwright.verify_tokens(folder)
    assert {problem.partition(": ")[0] for problem in problems} == {str(path) for path in damaged}
    ended = call("verify", folder)
    assert ended.code == 1
    assert sorted(ended.err.splitlines()) == sorted(f"error: {problem}" for problem in problems)
    ended = call("verify", folder, "--json")
    assert (ended.code, ended.err) == (1, "")
    assert json.loads(ended.out)["problems"] == problems


def test_swapped_shards_are_found(folder: Path, format: str) -> None:
    first, second = folder / f"train-00000.{format}", folder / f"train-00001.{format}"
    first.rename("other")
    second.rename(first)
    Path("other").rename(second)
    problems = pairwright.verify_tokens(folder)
    assert [problem.partition(": ")[0] for problem in problems] == [str(first), str(second)]


def test_shards_of_another_run_and_leftovers_are_found(folder: Path, format: str) -> None:
    foreign = folder / f"train-00002.{format}"
    shutil.copy(folder / f"train-00000.{format}", foreign)
    (folder / f".train-00001.{format}.part").write_bytes(b"")
    (folder / "notes.txt").write_bytes(b"whatever people put there")
    assert pairwright.verify_tokens(folder) == [
        f"{folder}/.train-00001.{format}.part: was left behind by a run that was ended; remove it",
        f"{foreign}: is not in the manifest: a shard of another run",
    ]


def test_a_changed_input_is_a_problem_and_one_that_is_gone_is_none(tokenizer: pairwright.Tokenizer) -> None:
    write("bin", tokenizer)
    Path("corpus.txt").write_bytes(b"to be or not to bee")
    message = "corpus.txt: has 19 bytes, and 18 in the manifest"
    assert pairwright.verify_tokens("tokens") == [message]
    assert pairwright.verify_tokens("tokens", inputs=False) == []
    Path("corpus.txt").write_bytes(b"to be or not to bE")
    (problem,) = pairwright.verify_tokens("tokens")
    assert problem.startswith("corpus.txt: its sha256")
    assert call("verify", "tokens").code == 1
    assert call("verify", "tokens", "--no-inputs").code == 0
    Path("corpus.txt").unlink()
    assert pairwright.verify_tokens("tokens") == []
    ended = call("verify", "tokens")
    assert (ended.code, ended.err) == (0, "not compared, for they are gone: corpus.txt\n")
    ended = call("verify", "tokens", "--json")
    assert json.loads(ended.out)["gone"] == ["corpus.txt"]
    assert json.loads(ended.out)["problems"] == []
    assert json.loads(ended.out)["splits"]["validation"]["shards"] == 1


def test_standard_input_is_no_file_that_could_be_gone(tokenizer: pairwright.Tokenizer) -> None:
    write("bin", tokenizer)
    manifest = Manifest.load("tokens")
    (given,) = manifest.inputs
    inputs = (replace(given, name="-"), *(replace(given, name=f"{number}.txt") for number in range(7)))
    replace(manifest, inputs=inputs).save("tokens")
    ended = call("verify", "tokens")
    assert ended.err == "not compared, for they are gone: 0.txt, 1.txt, 2.txt, 3.txt, 4.txt and 2 more\n"


def with_shard(
    format: str, values: list[int], ends: list[int], *, tokens: int | None = None, documents: int | None = None
) -> list[str]:
    """The problems of a folder whose only shard has these ids, with a manifest that fits its files."""
    with writer_for(format, Path("tokens"), "train-00000", np.dtype(np.uint16)) as writer:
        writer.write(np.array(values, np.uint32), np.array(ends, np.int64))
        files = writer.commit()
    return with_files(*files, tokens=len(values) if tokens is None else tokens, documents=documents or len(ends))


def with_files(*files: FileFacts, tokens: int, documents: int) -> list[str]:
    manifest = Manifest.load("tokens")
    shard = replace(manifest.splits[0].shards[0], files=files, tokens=tokens, documents=documents)
    for path in Path("tokens").glob("*-0000[1-9].*"):
        path.unlink()
    for path in Path("tokens").glob("validation-*"):
        path.unlink()
    replace(manifest, splits=(Split("train", (shard,)),)).save("tokens")
    return pairwright.verify_tokens("tokens", inputs=False)


def test_ids_that_no_tokenizer_has_are_found(
    folder: Path, format: str, tokenizer: pairwright.Tokenizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = folder / f"train-00000.{format}"
    end = tokenizer.token_id("<|end|>")
    for block in (verifying.BLOCK, 2):
        monkeypatch.setattr(verifying, "BLOCK", block)
        assert with_shard(format, [1, end, 5, 999, end], [2, 5]) == []
        assert with_shard(format, [1, end, 5, 1000, end], [2, 5]) == [
            f"{path}: document 1 has the id 1000, but the vocab_size is 1,000"
        ]
        assert with_shard(format, [1, end, 5, 6, end, end], [2, 4, 5, 6]) == [
            f"{path}: document 1 does not end with the id {end}"
        ]
        assert with_shard(format, [1, end, end], [2, 2, 3]) == [f"{path}: document 1 does not end with the id {end}"]


def test_numbers_that_do_not_fit_are_found(folder: Path, format: str, tokenizer: pairwright.Tokenizer) -> None:
    end = tokenizer.token_id("<|end|>")
    (problem,) = with_shard(format, [1, end], [2], tokens=3)
    assert problem == f"{folder}/train-00000.{format}: there are 2 ids, and 3 in the manifest"
    (problem,) = with_shard(format, [1, end], [2], documents=7)
    assert problem.endswith(": there are 1 documents, and 7 in the manifest")


def test_offsets_that_do_not_ascend_are_found(tokenizer: pairwright.Tokenizer) -> None:
    write("bin", tokenizer)
    end = tokenizer.token_id("<|end|>")
    ids, offsets = Path("tokens/train-00000.bin"), Path("tokens/train-00000.offsets")
    np.array([1, end, 2, end], "<u2").tofile(ids)
    for places in ([0, 3, 2, 4], [1, 2, 3, 4], [0, 1, 2, 3], [0, -1, 2, 4]):
        np.array(places, "<i8").tofile(offsets)
        problems = with_files(facts_of(ids), facts_of(offsets), tokens=4, documents=3)
        assert problems == [f"{ids}: the offsets do not go from 0 up to its 4 ids"]


def test_a_tokenizer_of_another_size_is_found(tokenizer: pairwright.Tokenizer) -> None:
    write("bin", tokenizer)
    replace(Manifest.load("tokens"), vocab_size=1001).save("tokens")
    assert pairwright.verify_tokens("tokens") == [
        "tokens/model.json: has a vocab_size of 1,000, and 1,001 in the manifest"
    ]
    path = Path("tokens/model.json")
    path.write_bytes(b"{}")
    replace(Manifest.load("tokens"), tokenizer=facts_of(path)).save("tokens")
    (problem,) = pairwright.verify_tokens("tokens")
    assert problem.startswith("tokens/model.json: ")


def test_what_is_no_token_folder_is_an_error() -> None:
    ended = call("verify", "nonesuch")
    assert (ended.code, ended.out, ended.err) == (1, b"", "error: nonesuch: No such file or directory\n")
    ended = call("verify", ".")
    assert ended.err.splitlines() == [
        "error: . is no token folder: it has no manifest.json",
        "hint: name a folder that `pairwright encode` wrote",
    ]
    Path("progress.json").write_bytes(b"{}")
    ended = call("verify", ".")
    assert ended.err.splitlines() == [
        "error: .: the run is not complete",
        "hint: run the same command again to finish it",
    ]


def test_a_large_folder_has_a_bar(tokenizer: pairwright.Tokenizer) -> None:
    Path("corpus.txt").write_bytes(bytes(9_000_000))
    write("bin", tokenizer)
    with terminal() as screen:
        ended, shown = screen.run("verify", "tokens", stderr=screen.program)
    assert ended.code == 0
    assert b"verifying" in shown
    assert b"100%" in shown


@pytest.mark.parametrize("missing", ["parquet", "arrow"])
def test_without_pyarrow_its_formats_say_what_to_install(
    tokenizer: pairwright.Tokenizer, missing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(missing, tokenizer)
    for name in [name for name in sys.modules if name.partition(".")[0] == "pyarrow"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    hint = "parquet and Arrow files need pyarrow: pip install 'pairwright[arrow]'"
    for use in (lambda: pairwright.open_tokens("tokens")[0], lambda: writer_for(missing, Path(), "a", np.dtype("u2"))):
        with pytest.raises(ImportError) as raised:
            use()
        assert raised.value.__notes__ == [f"hint: {hint}"]
    ended = call("verify", "tokens")
    assert ended.code == 1
    error, *hints = ended.err.splitlines()
    assert error.startswith("error: ")
    assert hints == [f"hint: {hint}"]
