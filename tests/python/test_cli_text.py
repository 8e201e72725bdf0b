"""`pairwright encode`, `decode` and `count`: bytes in, ids out, and back."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from command_line import call, isolate
from hypothesis import given, strategies as st

import pairwright
from pairwright.cli.decode import blocks, parse
from pairwright.cli.printing import printed

# In front of a text it is no part of it.
MARK = "\ufeff".encode()

TEXT = b"Hello, hello w\xc3\xb6rld\r\n \x01\xff\xfe <|end|> \n\n"


@pytest.fixture(autouse=True)
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: Path) -> None:
    """An empty folder to work in, but for a model and a text."""
    isolate(tmp_path, monkeypatch)
    Path("model.json").write_bytes(model.read_bytes())
    Path("text.txt").write_bytes(TEXT)


@pytest.fixture(scope="module")
def model(tokenizer: pairwright.Tokenizer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model file."""
    path = tmp_path_factory.mktemp("model") / "model.json"
    tokenizer.save(path)
    return path


def line_of(ids: list[int]) -> bytes:
    return " ".join(map(str, ids)).encode() + b"\n"


def test_encode_prints_one_line_of_ids_per_file(tokenizer: pairwright.Tokenizer) -> None:
    Path("empty.txt").write_bytes(b"")
    ended = call("encode", "model.json", "text.txt", "empty.txt", "-", "--special", "text", given=b"from\npipe")
    expected = line_of(tokenizer.encode_ordinary(TEXT)) + b"\n" + line_of(tokenizer.encode_ordinary("from\npipe"))
    assert (ended.code, ended.out, ended.err) == (0, expected, "")


def test_encode_and_count_read_standard_input_where_no_file_is_named(tokenizer: pairwright.Tokenizer) -> None:
    ids = tokenizer.encode("no file")
    assert call("encode", "model.json", given=b"no file").out == line_of(ids)
    assert call("encode", "model.json", "-", given=b"no file").out == line_of(ids)
    assert call("count", "model.json", given=b"no file").out == b"%d\n" % len(ids)
    assert call("decode", "model.json", given=line_of(ids)).out == b"no file"


def test_a_special_token_in_the_text_is_refused_by_name_with_two_ways_out() -> None:
    Path("text.txt").write_bytes(b"a <|pad|> and then an <|end|>")
    ended = call("encode", "model.json", "text.txt")
    error, hint = ended.err.splitlines()
    assert (ended.code, ended.out) == (1, b"")
    assert error == 'error: text.txt: the text holds the special token "<|pad|>" at byte 2'
    assert hint.startswith("hint: --special allow ")
    assert "--special text " in hint
    assert call("encode", "model.json", "--special", "refuse", given=b"<|end|>").code == 1


def test_the_two_ways_out_work(tokenizer: pairwright.Tokenizer) -> None:
    allowed = call("encode", "model.json", "text.txt", "--special", "allow")
    assert allowed.out == line_of(tokenizer.encode(TEXT, allowed_special="all"))
    text = call("encode", "model.json", "text.txt", "--special", "text")
    assert text.out == line_of(tokenizer.encode_ordinary(TEXT))
    assert str(tokenizer.special_tokens["<|end|>"]).encode() in allowed.out.split()
    assert allowed.out != text.out
    for ids in (allowed.out, text.out):
        assert call("decode", "model.json", given=ids).out == TEXT


@given(text=st.binary(max_size=300))
def test_decode_inverts_encode(text: bytes, model: Path) -> None:
    encoded = call("encode", model, "--special", "text", "--input-format", "text", given=text)
    assert encoded.code == 0
    assert encoded.out.count(b"\n") == 1
    decoded = call("decode", model, given=encoded.out)
    assert (decoded.code, decoded.out) == (0, text.removeprefix(MARK))


@given(text=st.text(max_size=300).map(str.encode))
def test_decode_inverts_encode_of_text(text: bytes, model: Path) -> None:
    encoded = call("encode", model, "--special", "allow", "--input-format", "text", given=text)
    assert call("decode", model, given=encoded.out).out == text.removeprefix(MARK)


@given(ids=st.lists(st.integers(0, 999), max_size=40), size=st.integers(1, 12))
def test_slices_do_not_change_what_encode_prints(ids: list[int], size: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pairwright.cli.printing.SLICE", size)
        assert b"".join(printed(np.array(ids, dtype=np.uint32))) == line_of(ids)


@given(
    words=st.lists(
        st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 3), st.text(" \t\n\r\v\f", min_size=1)), max_size=30
    ),
    before=st.text(" \n\t", max_size=5),
    block=st.integers(1, 40),
)
def test_blocks_do_not_change_what_decode_reads(words: list[tuple[int, int, str]], before: str, block: int) -> None:
    content = (before + "".join(f"{'0' * zeros}{number}{space}" for number, zeros, space in words)).encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pairwright.cli.decode.BLOCK", block)
        cuts = list(blocks(content))
    ids: list[int] = []
    for start, end in cuts:
        ids += parse(content, start, end, len(ids), "words").tolist()
    assert ids == [number for number, _, _ in words]
    assert b"".join(content[start:end] for start, end in cuts) == content


def test_out_takes_what_would_be_printed(tokenizer: pairwright.Tokenizer) -> None:
    ids = line_of(tokenizer.encode_ordinary(TEXT))
    ended = call("encode", "model.json", "text.txt", "--special", "text", "--out", "ids.txt")
    assert (ended.code, ended.out, Path("ids.txt").read_bytes()) == (0, b"", ids)
    ended = call("decode", "model.json", "ids.txt", "--out", "back.txt")
    assert (ended.code, ended.out, Path("back.txt").read_bytes()) == (0, b"", TEXT)
    assert call("decode", "model.json", "ids.txt", "--out", "-").out == TEXT


def test_decode_joins_several_inputs(tokenizer: pairwright.Tokenizer) -> None:
    Path("a.ids").write_bytes(b"\n\n" + line_of(tokenizer.encode("one ")))
    Path("b.ids").write_bytes(line_of(tokenizer.encode("two")).replace(b" ", b"\r\n\t"))
    assert call("decode", "model.json", "a.ids", "b.ids").out == b"one two"
    assert call("decode", "model.json", given=b" \n ").out == b""


NO_IDS = {
    "a word": (b"1 2\n3 four 5", 'line 2: "four" is no token id'),
    "a negative number": (b"-5", 'line 1: "-5" is no token id'),
    "a sign": (b"\n\n+5", 'line 3: "+5" is no token id'),
    "a fraction": (b"1.0", 'line 1: "1.0" is no token id'),
    "digits in groups": (b"1_000", 'line 1: "1_000" is no token id'),
    "a list": (b"[1, 2]", 'line 1: "[1," is no token id'),
    "digits of another script": ("\u0663".encode(), 'line 1: "\u0663" is no token id'),
    "no text": (b"7 \xff\x00", 'line 1: "\\xff\\x00" is no token id'),
    "a very long word": (b"x" * 100_000, 'line 1: "' + "x" * 40 + '…" is no token id'),
    "an unknown id": (b"5 6\n1000000 7", "unknown token id 1000000 at position 2"),
    "an id of 33 bits": (b"0 4294967296", 'unknown token id "4294967296" at position 1'),
    "an id of 5000 digits": (b"0 " + b"9" * 5000, 'unknown token id "' + "9" * 40 + '…" at position 1'),
}


@pytest.mark.parametrize(("words", "expected"), NO_IDS.values(), ids=NO_IDS)
def test_what_is_no_id_is_named_with_its_place(words: bytes, expected: str) -> None:
    Path("ids.txt").write_bytes(words)
    ended = call("decode", "model.json", "ids.txt", "--out", "back.txt")
    error = ended.err.splitlines()[0]
    assert (ended.code, ended.out) == (1, b"")
    assert error.startswith("error: ids.txt")
    assert error.endswith(expected)
    assert not Path("back.txt").exists()


@pytest.mark.parametrize("word", ["x", "5000", "9" * 20])
def test_places_are_right_beyond_the_first_block(word: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pairwright.cli.decode.BLOCK", 16)
    words = [str(65 + number % 26) for number in range(100)]
    words[77] = word
    ended = call("decode", "model.json", given="\n".join(words).encode())
    assert ended.code == 1
    place = "line 78" if word == "x" else "position 77"
    assert place in ended.err


def test_count_gives_a_number_per_file_and_the_total(tokenizer: pairwright.Tokenizer) -> None:
    Path("other.txt").write_bytes(b"hello")
    one, other = tokenizer.count(TEXT), tokenizer.count(b"hello")
    assert call("count", "model.json", "text.txt").out == b"%d\n" % one
    several = call("count", "model.json", "text.txt", "other.txt", "-", given=b"hello")
    expected = b"%d\ttext.txt\n%d\tother.txt\n%d\t-\n%d\ttotal\n" % (one, other, other, one + 2 * other)
    assert (several.code, several.out, several.err) == (0, expected, "")


def test_count_takes_special_tokens_as_plain_text(tokenizer: pairwright.Tokenizer) -> None:
    number = int(call("count", "model.json", given=b"<|end|>").out)
    assert number == len(tokenizer.encode_ordinary("<|end|>")) > 1


@pytest.mark.skipif(os.name != "posix", reason="other systems have no file names that are no text")
def test_names_that_are_no_text_are_printed_with_escapes() -> None:
    name = os.fsdecode(b"caf\xe9\x1b.txt")
    try:
        Path(name).write_bytes(b"hello")
    except OSError:
        pytest.skip("this file system takes no names that are no text")
    assert b"\tcaf\\xe9\\x1b.txt\n" in call("count", "model.json", name, "text.txt").out
    error = call("count", "model.json", name + "!").err
    assert error == "error: caf\\xe9\\x1b.txt!: No such file or directory\n"


@pytest.mark.parametrize("command", ["encode", "decode", "count"])
@pytest.mark.parametrize(
    ("name", "reason"), [("missing", "No such file or directory"), ("folder", "the folder has no files")]
)
def test_unreadable_inputs_are_named_before_anything_is_printed(command: str, name: str, reason: str) -> None:
    Path("ids.txt").write_bytes(b"65 66")
    Path("folder").mkdir()
    ended = call(command, "model.json", "ids.txt", name)
    assert ended.code == 1
    if command == "decode" and name == "folder":
        # It reads files of ids and no folders.
        assert ended.err == "error: folder: Is a directory\n"
    else:
        assert (ended.out, ended.err) == (b"", f"error: {name}: {reason}\n")


@pytest.mark.parametrize(
    ("command", "out", "error"),
    [
        ("decode", ".", ".: Is a directory"),
        ("decode", "missing/out", "missing: there is no such folder"),
        ("encode", "missing/out.txt", "missing: there is no such folder"),
    ],
)
def test_an_output_that_cannot_be_written_is_named_before_the_work(command: str, out: str, error: str) -> None:
    ended = call(command, "model.json", "text.txt", "--out", out)
    assert (ended.code, ended.err) == (1, f"error: {error}\n")


@pytest.mark.parametrize("command", ["encode", "decode", "count", "show"])
def test_the_model_must_be_named(command: str) -> None:
    ended = call(command)
    assert ended.code == 2
    assert ended.err.splitlines() == ["error: Missing argument 'MODEL'.", f"hint: pairwright {command} --help"]


def test_info_needs_a_model_or_a_pattern() -> None:
    ended = call("info")
    assert ended.code == 2
    assert ended.err.startswith("error: there is neither a MODEL nor a pattern\n")


def test_a_pattern_that_gives_up_on_a_text_is_an_error() -> None:
    pattern = r"b|(a|a)*\1c"
    assert call("train", "-", "--pattern", pattern, "--vocab-size", "257", "--out", "m", given=b"cdcd").code == 0
    for command in ("encode", "count"):
        ended = call(command, "m", given=b"b" + b"a" * 64)
        assert (ended.code, ended.out) == (1, b"")
        assert ended.err.startswith("error: standard input: the split pattern")


@pytest.mark.parametrize(
    "command",
    [
        ["train", "text.txt", "--vocab-size", "258", "--out", "text.txt"],
        ["tally", "./text.txt", "--out", "text.txt"],
        ["encode", "model.json", "text.txt", "--out", "./text.txt"],
        ["encode", "model.json", ".", "--input-format", "text", "--out", "text.txt"],
        ["encode", "model.json", "a.jsonl", "--out", "a.jsonl"],
        ["decode", "model.json", "ids.txt", "--out", "link.txt"],
        ["encode", "model.bin", "text.txt", "--out", "model.bin"],
        ["decode", "model.json", "ids.txt", "--out", "model.json"],
        ["convert", "model.json", "--to", "tiktoken", "--out", "model.json"],
        ["train", "--counts", "a.counts", "--vocab-size", "258", "--out", "a.counts"],
    ],
)
def test_an_output_that_is_an_input_is_refused_before_it_is_lost(command: list[str]) -> None:
    Path("a.jsonl").write_text('{"text": "a"}\n')
    Path("ids.txt").write_text("97 98\n")
    Path("link.txt").symlink_to("ids.txt")
    shutil.copy("model.json", "model.bin")
    pairwright.count(["some words"]).save("a.counts")
    before = {path.name: path.read_bytes() for path in Path().iterdir()}
    ended = call(*command)
    assert (ended.code, ended.out) == (2, b"")
    assert f"error: {command[-1]} is an input, and --out would replace it\nhint: name another file" in ended.err
    assert {path.name: path.read_bytes() for path in Path().iterdir()} == before


@pytest.mark.parametrize("name", ["train.bn", "data.toks", "run.v1"])
def test_an_ending_that_is_no_formats_is_refused(name: str) -> None:
    ended = call("encode", "model.json", "text.txt", "--out", name)
    assert ended.code == 2
    assert f"error: {name}: {Path(name).suffix} is the ending of no format" in ended.err
    assert f"or a folder: --out {name}/" in ended.err
    assert not Path(name).exists()
