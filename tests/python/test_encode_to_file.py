"""`encode --out NAME` and `encode_to_file`: what a name means, and files of ids in the format that it tells."""

import itertools
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow.feather
import pyarrow.parquet
import pytest
from command_line import call, isolate
from corpus_files import content, documents, write

import pairwright as pw
from pairwright.tokens.manifest import FORMATS

DOCUMENTS = documents()

END = "<|end|>"


@pytest.fixture(autouse=True)
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tokenizer: pw.Tokenizer) -> None:
    """An empty folder to work in, but for a model and a corpus."""
    isolate(tmp_path, monkeypatch)
    tokenizer.save("model.json")
    write(Path("in"), "lines.txt", DOCUMENTS)


def read(path: Path) -> list[list[int]] | npt.NDArray[Any]:
    """What others read from a file: of each document, or one after the other."""
    if path.suffix == ".bin":
        return np.memmap(path, np.uint16, "r")
    if path.suffix == ".npy":
        return np.asarray(np.load(path))
    if path.suffix in (".parquet", ".pq"):
        return list(pyarrow.parquet.read_table(path)["tokens"].to_pylist())
    if path.suffix in (".arrow", ".feather"):
        return list(pyarrow.feather.read_table(path)["tokens"].to_pylist())
    return [json.loads(line)["tokens"] for line in path.read_text().splitlines()]


@pytest.mark.parametrize("name", ["a.bin", "a.npy", "a.parquet", "a.pq", "a.arrow", "a.feather", "a.jsonl", "a.ndjson"])
@pytest.mark.parametrize("append", [None, END])
def test_a_file_has_the_ids_of_all_documents_in_the_format_of_its_name(
    name: str, append: str | None, tokenizer: pw.Tokenizer
) -> None:
    options = [] if append is None else ["--append", append]
    ended = call("encode", "model.json", "in", "--lines", "--out", name, *options)
    assert (ended.code, ended.out) == (0, b""), ended.err
    assert f"file {name} (" in " ".join(ended.err.split())
    assert [path.name for path in Path().glob("*a.*")] == [name]
    end = [] if append is None else [tokenizer.special_tokens[append]]
    expected = [[*tokenizer.encode(text), *end] for text in DOCUMENTS]
    found = read(Path(name))
    if isinstance(found, np.ndarray):
        assert found.dtype == np.uint16
        assert found.tolist() == list(itertools.chain(*expected))
    else:
        assert found == expected
    corpus = pw.Corpus("in", lines=True)
    told = pw.encode_to_file(tokenizer, corpus, Path("again" + name), append=append, threads=1)
    assert Path("again" + name).read_bytes() == Path(name).read_bytes()
    assert (told.documents, told.tokens) == (len(DOCUMENTS), sum(map(len, expected)))
    assert told.bytes == sum(map(len, DOCUMENTS))


def test_a_large_vocab_has_wide_ids(tokenizer: pw.Tokenizer) -> None:
    wide = pw.Tokenizer.from_ranks(
        {**tokenizer.vocab, **{f"~{number}".encode(): 1000 + number for number in range(70_000)}},
        pattern="cl100k",
        special_tokens={END: 80_000},
    )
    told = pw.encode_to_file(wide, pw.Corpus("in", lines=True), "a.bin", append=END)
    assert told.dtype == "uint32"
    assert np.fromfile("a.bin", np.uint32)[-1] == 80_000


@pytest.mark.parametrize("name", ["a.bin", "a.npy", "a.parquet", "a.jsonl"])
def test_a_failed_run_leaves_the_old_file_and_nothing_else(name: str, tokenizer: pw.Tokenizer) -> None:
    Path(name).write_bytes(b"old")
    Path("in/more.txt").write_text(f"bad {END}\n")
    before = set(Path().iterdir())
    ended = call("encode", "model.json", "in", "--lines", "--out", name)
    assert (ended.code, "in/more.txt, line 1: the text holds the special token" in ended.err) == (1, True)
    assert "--special allow" in ended.err
    assert Path(name).read_bytes() == b"old"
    assert set(Path().iterdir()) == before
    ended = call("encode", "model.json", "in", "--lines", "--out", name, "--on-error", "skip")
    assert (ended.code, ended.err.startswith("skipped: in/more.txt, line 1: the text")) == (0, True)
    assert Path(name).read_bytes() != b"old"
    told = pw.encode_to_file(tokenizer, pw.Corpus("in", lines=True, on_error="skip"), "b.bin")
    ((where, reason),) = told.skipped
    assert (where, reason.startswith("the text holds")) == ("in/more.txt, line 1", True)


def test_no_documents_are_a_file_without_any(tokenizer: pw.Tokenizer) -> None:
    Path("empty.jsonl").write_text("\n")
    for name in ("a.bin", "a.npy", "a.parquet", "a.arrow", "a.jsonl"):
        assert pw.encode_to_file(tokenizer, "empty.jsonl", name).documents == 0
        assert len(read(Path(name))) == 0 if name != "a.bin" else Path(name).read_bytes() == b""


BEFORE = ("nothing", "file", "folder")


@pytest.mark.parametrize("before", BEFORE)
@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize("format", [None, *FORMATS])
@pytest.mark.parametrize(
    "name", ["a.bin", "a.NPY", "a.pq", "a.arrow", "a.jsonl", "a.txt", "a", "a.v2", "a.json", "a.csv", "a.bin.gz"]
)
def test_whatever_a_name_means_is_what_is_written_there(
    name: str, format: str | None, slash: str, before: str, tokenizer: pw.Tokenizer
) -> None:
    """Every combination of a name, what is there, a slash and a format: what is meant is there, or nothing changes."""
    if before == "file":
        Path(name).write_bytes(b"old")
    elif before == "folder":
        Path(name).mkdir()
    options = [] if format is None else ["--format", format]
    ended = call("encode", "model.json", "in/lines.txt", "--lines", "--quiet", "--out", name + slash, *options)
    path = Path(name)
    suffix = path.suffix.lower()
    meant = {".bin": "bin", ".npy": "npy", ".pq": "parquet", ".arrow": "arrow", ".jsonl": "jsonl"}.get(suffix)
    if ended.code == 0:
        if path.is_dir():
            assert before != "file"
            assert slash or before == "folder" or meant is None
            assert json.loads((path / "manifest.json").read_bytes())["settings"]["format"] == (format or "bin")
            assert pw.verify_tokens(path) == []
            # There is no other meaning of a new folder without a slash than a name without an ending that is known.
            assert slash or before == "folder" or suffix == ""
        elif meant is not None:
            assert format in (None, meant)
            assert not slash
            magic = {"npy": b"\x93NUMPY", "parquet": b"PAR1", "arrow": b"ARROW1", "jsonl": b'{"tokens"'}
            assert path.read_bytes().startswith(magic.get(meant, b""))
            assert path.stat().st_size > 100
        else:
            assert format is None
            assert suffix == ".txt"
            assert [list(map(int, line.split())) for line in path.read_text().splitlines()] == [
                tokenizer.encode(text) for text in DOCUMENTS
            ]
    else:
        assert path.exists() == (before != "nothing")
        if before == "file":
            assert path.read_bytes() == b"old"
        elif before == "folder":
            pytest.fail("a folder is always taken")
        if ended.code == 2:
            error, hint = ended.err.splitlines()
            assert error.startswith("error: ")
            # The hint leads somewhere: each name that it gives works.
            for given in (word.strip(",.;:") for word in hint.split()):
                if given.endswith("/") or (given.startswith(path.stem) and "." in given):
                    assert call("encode", "model.json", "in/lines.txt", "--lines", "--quiet", "--out", given).code == 0
        else:
            # A slash behind the name of a file.
            assert (before, slash) == ("file", "/")


@pytest.mark.parametrize("option", [["--shard-tokens", "5"], ["--validation", "0.1"], ["--restart"], ["--json"]])
def test_what_only_a_folder_has_is_refused_for_a_file(option: list[str]) -> None:
    ended = call("encode", "model.json", "in", "--out", "a.bin", *option)
    assert ended.code == 2
    assert ended.err.splitlines() == [
        f"error: {option[0]} goes with a folder, and a.bin is the name of a file",
        "hint: name a folder: --out a/",
    ]
    assert not Path("a.bin").exists()


@pytest.mark.parametrize("ending", [".gz", ".zst", ".xz", ".bz2", ".lz4", ".zip"])
@pytest.mark.parametrize("before", ["nothing", "file"])
def test_nothing_is_written_uncompressed_under_the_name_of_what_is_compressed(ending: str, before: str) -> None:
    call("encode", "model.json", "in", "--lines", "--out", "ids.txt")
    commands = [
        ["encode", "model.json", "in"],
        ["decode", "model.json", "ids.txt"],
        ["tally", "in"],
        ["train", "in"],
    ]
    for command, name in itertools.product(commands, [f"a.bin{ending}", f"a.txt{ending}", f"a{ending.upper()}"]):
        if before == "file":
            Path(name).write_bytes(b"old")
        ended = call(*command, "--out", name)
        assert ended.code == 2, (command, name, ended.err)
        assert ended.err.startswith(f"error: {name}: what is written is not compressed")
        assert "hint: name it" in ended.err
        assert Path(name).exists() == (before == "file")


def test_in_python_a_file_name_is_no_folder_and_no_other_format_is_written(tokenizer: pw.Tokenizer) -> None:
    with pytest.raises(ValueError, match=r"folder='a.bin' is the name of a file: pairwright.encode_to_file writes"):
        pw.encode_corpus(tokenizer, "in", "a.bin")
    assert not Path("a.bin").exists()
    for name in ("a.txt", "a", "a.bin.gz", "a.npz"):
        with pytest.raises(ValueError, match=r"its ending tells no format of ids; there are \.bin, \.npy"):
            pw.encode_to_file(tokenizer, "in", name)
    # Where it is said or known to be one, it is a folder.
    Path("b.bin").mkdir()
    for folder in ("b.bin", "c.bin/"):
        pw.encode_corpus(tokenizer, "in", folder)
        assert pw.verify_tokens(folder) == []
    with pytest.raises(IsADirectoryError):
        pw.encode_to_file(tokenizer, "in", "b.bin")
    with pytest.raises(FileNotFoundError):
        pw.encode_to_file(tokenizer, "in", "missing/b.bin")
    with pytest.raises(TypeError, match=r"path must be a str or os.PathLike"):
        pw.encode_to_file(tokenizer, "in", 3)  # type: ignore[arg-type]
    shutil.rmtree("b.bin")
    assert set(content(Path("c.bin"))) == {
        *("manifest.json", "model.json", "train-00000.bin", "train-00000.offsets", "usage-train.npy")
    }


# Arguments of both.


def test_progress_may_be_a_bool_or_a_callable(tokenizer: pw.Tokenizer) -> None:
    for number, progress in enumerate((True, False, None, lambda _: None)):
        pw.encode_corpus(tokenizer, "in", f"out{number}", progress=progress)
        pw.encode_to_file(tokenizer, "in", f"out{number}.bin", progress=progress)
    for wrong in (1, "yes", [print]):
        for call_ in (pw.encode_corpus, pw.encode_to_file):
            uses: Any = call_
            with pytest.raises(
                TypeError, match=f"progress must be None, a bool or a callable, not {type(wrong).__name__}"
            ):
                uses(tokenizer, "in", "out.bin/" if call_ is pw.encode_corpus else "new.bin", progress=wrong)
    assert not Path("new.bin").exists()
    assert not Path("out.bin").exists()


def test_numbers_of_numpy_are_numbers_and_others_are_refused_by_name(tokenizer: pw.Tokenizer) -> None:
    manifest = pw.encode_corpus(
        tokenizer,
        pw.Corpus("in", lines=True),
        "out",
        shard_tokens=np.int64(300),  # type: ignore[arg-type]
        validation=np.float32(0.25),  # type: ignore[arg-type]
        restart=np.bool_(False),  # type: ignore[arg-type]
    )
    assert manifest.settings["shard_tokens"] == 300
    assert manifest.settings["validation"] == 0.25
    assert json.loads(Path("out/manifest.json").read_bytes())["settings"]["shard_tokens"] == 300
    pw.encode_corpus(tokenizer, "in", "zero", validation=0)
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"shard_tokens": 1.5}, "shard_tokens must be an int, not"),
        ({"shard_tokens": "5"}, "shard_tokens must be an int, not"),
        ({"shard_tokens": True}, "shard_tokens must be an int, not"),
        ({"validation": "1%"}, "validation must be a number, not"),
        ({"validation": None}, "validation must be a number, not"),
        ({"append": 5}, "append must be a str, not"),
        ({"format": None}, 'format must be "bin", "npy"'),
        ({"special": True}, 'special must be "refuse"'),
        ({"restart": "yes"}, "restart must be True or False, not"),
    ]
    for options, message in wrong:
        with pytest.raises(TypeError, match=message):
            pw.encode_corpus(tokenizer, "in", "new", **options)
    for folder in (5, None, b"out"):
        with pytest.raises(TypeError, match=r"folder must be a str or os.PathLike, not"):
            pw.encode_corpus(tokenizer, "in", folder)  # type: ignore[arg-type]
    assert not Path("new").exists()
