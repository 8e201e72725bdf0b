"""`pairwright usage`, `sizes` and `shrink`."""

import json
from pathlib import Path

import numpy as np
import pytest
from command_line import call, isolate

import pairwright as pw

TEXT = "to be or not to be, that is the question: whether nobler in the mind to suffer the slings and arrows\n" * 3


@pytest.fixture(autouse=True)
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    isolate(tmp_path, monkeypatch)
    Path("corpus.txt").write_text(TEXT)
    pw.train([TEXT], 300, special_tokens=["<x>"]).save("model.json")


def tok() -> pw.Tokenizer:
    return pw.Tokenizer.load("model.json")


def test_usage_prints_writes_and_tells_as_json() -> None:
    expected = tok().usage([TEXT])
    ended = call("usage", "model.json", "corpus.txt", "--out", "usage.npy")
    assert (ended.code, ended.err) == (0, "")
    assert f"tokens            {expected.sum()}" in ended.out.decode()
    assert "'to'" in ended.out.decode() or "' to'" in ended.out.decode()
    assert np.load("usage.npy").tolist() == expected.tolist()
    found = json.loads(call("usage", "model.json", "--json", given=TEXT.encode()).out)
    assert found["usage"] == expected.tolist()
    assert (found["tokens"], found["used"]) == (expected.sum(), np.count_nonzero(expected))
    assert found["used"] + found["never"] == 300


def test_usage_of_token_folders_is_that_of_their_ids() -> None:
    assert call("encode", "model.json", "corpus.txt", "--out", "tokens/", "--append", "<x>").code == 0
    found = json.loads(call("usage", "model.json", "tokens", "--json").out)
    assert (found["usage"][299], found["tokens"]) == (1, tok().count(TEXT) + 1)
    twice = json.loads(call("usage", "model.json", "tokens", "tokens", "--json").out)
    assert twice["tokens"] == 2 * found["tokens"]
    for arguments, said in [
        (["tokens", "corpus.txt"], "tokens is a token folder, and others are text"),
        (["tokens", "--lines"], "--lines tells how files are read, and there is a token folder"),
    ]:
        ended = call("usage", "model.json", *arguments)
        assert (ended.code, said in ended.err) == (2, True), ended.err


def test_sizes_of_inputs_and_of_a_saved_usage_are_the_same() -> None:
    assert call("usage", "model.json", "corpus.txt", "--out", "usage.npy").code == 0
    given = ["--at", "260", "--at", "300"]
    first = call("sizes", "model.json", "corpus.txt", *given, "--json")
    assert first.code == 0
    assert call("sizes", "model.json", "--usage", "usage.npy", *given, "--json").out == first.out
    assert json.loads(first.out) == pw.sizes(tok(), [TEXT], [260, 300]).to_dict()
    model = pw.LanguageModel(width=8, layers=2, tied=True, context=64)
    expected = pw.sizes(tok(), [TEXT], [260, 300], model=model)
    options = ["--width", "8", "--layers", "2", "--tied", "--context", "64"]
    ended = call("sizes", "model.json", "corpus.txt", *given, *options, "--json")
    assert json.loads(ended.out) == expected.to_dict()
    assert call("sizes", "model.json", "corpus.txt", *given, *options).out.decode() == f"{expected}\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--width", "8"], "--width is that of a language model, whose layers are not given"),
        (["--layers", "8"], "--layers is a measure of a language model, whose width is not given"),
        (["--tied"], "--tied is a measure of a language model, whose width is not given"),
        (["--width", "8", "--layers", "1", "--kv-heads", "2"], "--kv-heads and --head-size go together"),
        (["--usage", "usage.npy"], "--usage usage.npy replaces inputs, and there is corpus.txt"),
    ],
)
def test_options_that_make_no_sense_are_refused(arguments: list[str], said: str) -> None:
    ended = call("sizes", "model.json", "corpus.txt", *arguments)
    assert (ended.code, ended.err.splitlines()[0]) == (2, f"error: {said}")


def test_a_usage_that_is_none_or_of_another_tokenizer_is_refused() -> None:
    Path("text.npy").write_text("no array")
    np.savez("arrays.npz", first=np.zeros(300, np.uint64))
    Path("damaged.npz").write_bytes(Path("arrays.npz").read_bytes()[:100])
    np.save("short.npy", np.zeros(3, np.uint64))
    np.save("float.npy", np.zeros(300))
    np.save("object.npy", np.array([None], dtype=object), allow_pickle=True)
    for name, said in [
        ("text.npy", "text.npy: not an npy file, or a damaged one"),
        ("arrays.npz", "arrays.npz: not an npy file, or a damaged one"),
        ("damaged.npz", "damaged.npz: not an npy file, or a damaged one"),
        ("object.npy", "object.npy: not an npy file, or a damaged one"),
        ("short.npy", "short.npy has the shape (3,), not one number for each of the 300 ids"),
        ("float.npy", "float.npy must be an array of integers"),
        ("missing.npy", "missing.npy: No such file or directory"),
    ]:
        ended = call("sizes", "model.json", "--usage", name)
        assert (ended.code, ended.err.startswith(f"error: {said}")) == (1, True), ended.err


def test_shrink_writes_what_the_library_makes() -> None:
    ended = call("shrink", "model.json", "--first", "270", "--out", "first.json")
    assert (ended.code, ended.out) == (0, b"")
    assert ended.err == "300 tokens before, 270 now; ids up to 269\nsaved first.json\n"
    assert pw.Tokenizer.load("first.json") == tok().first(270)
    ended = call("shrink", "model.json", "--without", "260-263,270", "--without", "299", "--out", "less.json")
    assert "300 tokens before, 294 now" in ended.err
    assert pw.Tokenizer.load("less.json") == tok().without([260, 261, 262, 263, 270, 299])
    Path("small.txt").write_text("to be the question")
    usage = tok().usage("small.txt")
    assert call("shrink", "model.json", "small.txt", "--unused", "--out", "used.json", "--quiet").err == ""
    assert pw.Tokenizer.load("used.json") == tok().trim(usage)
    ended = call(
        *("shrink", "model.json", "small.txt", "--trim", "262", "--compact", "--map", "map.npy", "--out", "t.json")
    )
    expected = tok().trim(usage, 262).compact()
    assert pw.Tokenizer.load("t.json") == expected.tokenizer
    assert np.load("map.npy").tolist() == expected.old_ids.tolist()
    assert "300 tokens before, 262 now; ids up to 261" in ended.err


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ([], 2, "nothing says what is to go"),
        (["--first", "270", "--unused"], 2, "--first and --unused do not go together"),
        (["corpus.txt", "--first", "270"], 2, "corpus.txt is read for --unused and --trim alone"),
        (["--first", "270", "--map", "map.npy"], 2, "--map has the ids that --compact gives"),
        (["--without", "x"], 2, "Invalid value for '--without': 'x' is neither an id nor a run of ids"),
        (["--without", "9-3"], 2, "Invalid value for '--without': '9-3' is neither an id nor a run of ids"),
        (["--without", "97"], 1, "id 97 is the single byte 0x61"),
        (["--without", "400"], 1, "unknown token id 400"),
        (["--first", "100"], 1, "vocab_size=100: leaves no room"),
    ],
)
def test_what_cannot_be_shrunk_is_refused_and_nothing_is_written(arguments: list[str], code: int, said: str) -> None:
    ended = call("shrink", "model.json", *arguments, "--out", "out.json")
    assert (ended.code, ended.err.startswith(f"error: {said}")) == (code, True), ended.err
    assert not Path("out.json").exists()
    ended = call("shrink", "model.json", "--compact", "--out", "-")
    assert (ended.code, "cannot go to standard output" in ended.err) == (2, True)
