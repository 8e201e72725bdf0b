"""What MODEL may be, and `pairwright info` and `show`."""

import base64
import json
import os
import re
import shlex
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from command_line import call, isolate
from rich.console import Console

import pairwright
from pairwright import visible as tokens
from pairwright.bar import quoted


@pytest.fixture(autouse=True)
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tokenizer: pairwright.Tokenizer) -> None:
    """An empty folder to work in, but for a model in two formats."""
    isolate(tmp_path, monkeypatch)
    tokenizer.save("model.json")
    tokenizer.to_tiktoken("ranks.tiktoken")


def facts(out: bytes) -> dict[str, list[str]]:
    """The lines of each fact that `info` prints."""
    found: dict[str, list[str]] = {}
    for line in out.decode().splitlines():
        label, fact = re.fullmatch(r"( *|\S.*?)(?:  +(.*))?", line).groups()  # type: ignore[union-attr]
        if label.strip():
            found[label] = []
        if fact is not None:
            found[list(found)[-1]].append(fact)
    return found


def test_info_tells_all_there_is_to_say(tokenizer: pairwright.Tokenizer) -> None:
    ended = call("info", "model.json")
    assert (ended.code, ended.err) == (0, "")
    said = facts(ended.out)
    special = tokenizer.special_tokens
    assert said["vocab_size"] == ["1,000"]
    assert said["pattern"] == ["cl100k"]
    assert [line.split() for line in said["special tokens"]] == [
        [str(number), token] for token, number in special.items()
    ]
    assert said["merges"] == ["742"]
    longest = max(tokenizer.vocab, key=len).decode()
    assert said["longest tokens"][0].startswith(f"{longest!r}  ")
    left, right = tokenizer.merges[0]
    assert said["first merges"][0].startswith(f"{left.decode()!r}+{right.decode()!r}  ")
    assert "tie_break: lowest_pair" in said["settings"]
    assert f"sha256 {tokenizer.metadata['corpus'][0]['sha256']}" in said["corpus"][0]
    assert said["version"] == [pairwright.__version__]
    assert all(not line.endswith(" ") for line in ended.out.decode().splitlines())


def test_info_of_a_rank_file_of_an_encoding_and_of_metadata_of_any_shape(
    tokenizer: pairwright.Tokenizer,
) -> None:
    said = facts(call("info", "ranks.tiktoken", "--pattern", "gpt2").out)
    assert (said["pattern"], said["merges"], said["special tokens"]) == (["gpt2"], ["742"], ["none"])
    shape: dict[str, object] = {
        "note": None,
        "deep": {"a": [1, 2000, {"b": []}], "c": "[red]text"},
        "list": [],
        "n": 1.5,
        "yes": True,
    }
    tokenizer._with_metadata(json.dumps(shape)).save("odd.json")
    said = facts(call("info", "odd.json").out)
    assert said["deep"] == ["a: 1, 2,000, b none", "c: [red]text"]
    assert (said["note"], said["list"], said["n"], said["yes"]) == (["none"], [], ["1.5"], ["True"])


def test_info_of_a_vocabulary_of_bytes_alone() -> None:
    pairwright.train([b"x"], vocab_size=256).save("bytes.json")
    said = facts(call("info", "bytes.json").out)
    assert (said["merges"], said["first merges"], said["longest tokens"]) == (["0"], ["none"], ["none"])


def test_a_rank_file_needs_its_pattern() -> None:
    for command in ("encode", "decode", "count", "show", "info"):
        ended = call(command, "ranks.tiktoken")
        error, hint = ended.err.splitlines()
        assert ended.code == 2
        assert error == "error: ranks.tiktoken does not tell its split pattern"
        assert hint.startswith("hint: add --pattern ")


def test_a_rank_file_encodes_as_the_model_it_was_made_from(tokenizer: pairwright.Tokenizer) -> None:
    text = b"The statement is the same."
    expected = call("encode", "model.json", given=text).out
    assert expected.split() == [str(token).encode() for token in tokenizer.encode(text)]
    assert call("encode", "ranks.tiktoken", "--pattern", "cl100k", given=text).out == expected
    assert call("decode", "ranks.tiktoken", "--pattern", "cl100k", given=expected).out == text


def test_a_pattern_is_refused_where_there_is_one_already() -> None:
    for model in ("model.json", "cl100k_base"):
        ended = call("info", model, "--pattern", "gpt2")
        assert ended.code == 2
        assert ended.err.splitlines()[-1] == "hint: leave --pattern out"


def test_an_invalid_pattern_is_an_error() -> None:
    ended = call("info", "ranks.tiktoken", "--pattern", "[a")
    assert ended.code == 1
    assert ended.err.startswith('error: invalid split pattern "[a"')


def test_what_is_neither_file_nor_encoding_is_an_error_that_names_the_encodings() -> None:
    ended = call("info", "cl100k")
    error, hint = ended.err.splitlines()
    assert (ended.code, ended.out) == (1, b"")
    assert error.startswith("error: cl100k: no such file")
    assert hint.startswith("hint: ")
    assert all(name in hint for name in pairwright.list_encodings())


@pytest.mark.parametrize(
    ("name", "encoding"),
    [
        *[("gpt-4o", "o200k_base"), ("GPT4o", "o200k_base"), ("gpt-4", "cl100k_base"), ("CL100K-base", "cl100k_base")],
        *[("gpt-4o-mini", "o200k_base"), ("gpt-4.1-mini", "o200k_base"), ("gpt-4-turbo", "cl100k_base")],
        *[("gpt-4o-2024-05-13", "o200k_base"), ("chatgpt-4o-latest", "o200k_base"), ("o1-mini", "o200k_base")],
    ],
)
def test_a_model_of_openai_or_another_spelling_means_its_encoding(
    name: str, encoding: str, tokenizer: pairwright.Tokenizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pairwright.encodings._loaded", {encoding: tokenizer})
    assert call("info", name).out == call("info", "model.json").out
    assert f"the encoding {encoding} has a pattern" in call("info", name, "--pattern", "gpt2").err


def test_a_folder_does_not_hide_the_encoding_of_its_name(
    tokenizer: pairwright.Tokenizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pairwright.encodings._loaded", {"o200k_base": tokenizer, "gpt2": tokenizer})
    expected = call("info", "model.json").out
    for name in ("o200k_base", "gpt2"):
        Path(name).mkdir()
        Path(name, "notes.txt").touch()
        assert call("info", name).out == expected
    tokenizer.to_huggingface("gpt2")
    ended = call("info", "gpt2")
    assert (ended.code, ended.out) == (2, b"")
    assert ended.err.splitlines() == [
        "error: gpt2 is a folder here and the name of an encoding",
        "hint: write ./gpt2 for the folder",
    ]
    assert call("info", "./gpt2").code == call("info", "gpt2/").code == 0
    Path("corpus.txt").write_text("to be")
    assert call("encode", "o200k_base", "corpus.txt", "--out", "cl100k_base/").code == 0
    assert call("decode", "cl100k_base").err.splitlines()[0].endswith("is a folder here and the name of an encoding")
    assert call("decode", "./cl100k_base").out == b"to be"


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        *[("cl100k", "cl100k_base"), ("cl100", "cl100k_base"), ("o200k_bas", "o200k_base"), ("p50k_bsae", "p50k_base")],
        # It might be the file of a model of one's own.
        *[
            ("gpt-4o-mine.tiktoken", "o200k_base"),
            ("gpt-5.json", "o200k_base"),
            ("models/gpt-4o", None),
            ("m\udcff", None),
        ],
    ],
)
def test_a_name_that_is_nearly_that_of_an_encoding_is_pointed_to_it(name: str, meant: str | None) -> None:
    ended = call("info", name)
    assert ended.code == 1
    assert ended.err.splitlines()[1].startswith(f"hint: did you mean {meant}? name a" if meant else "hint: name a")


def test_an_encoding_that_cannot_be_had_is_an_error_with_a_hint() -> None:
    ended = call("info", "cl100k_base")
    error, hint = ended.err.splitlines()
    assert ended.code == 1
    assert error.startswith("error: ")
    assert "cl100k_base.tiktoken" in error
    assert hint.startswith("hint: ")


def test_a_file_goes_before_an_encoding_of_the_same_name() -> None:
    Path("model.json").rename("cl100k_base")
    assert facts(call("info", "cl100k_base").out)["vocab_size"] == ["1,000"]


@pytest.fixture(scope="module")
def data_folder(data: Callable[[str], Path]) -> Path:
    """The folder of shared data; looked up before tests are kept away from it."""
    return data("vocab/cl100k_base.tiktoken").parent.parent


def test_an_encoding_is_found_by_its_name(data_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAIRWRIGHT_DATA", str(data_folder))
    ended = call("encode", "cl100k_base", "--special", "allow", given=b"hello world<|endoftext|>")
    assert ended.out == b"15339 1917 100257\n"
    assert facts(call("info", "cl100k_base").out)["vocab_size"] == ["100,277"]


def test_files_of_other_libraries_are_known_by_their_content(tokenizer: pairwright.Tokenizer) -> None:
    expected = call("encode", "model.json", given=b"Is it so?").out
    Path("folder").mkdir()
    tokenizer.to_huggingface("folder")
    tokenizer.to_huggingface("some.json")
    tokenizer.to_minbpe("some.model")
    for name in ("folder", "some.json", "some.model", "folder/tokenizer.json"):
        ended = call("encode", name, given=b"Is it so?")
        assert (ended.code, ended.out, ended.err) == (0, expected, "")
        assert call("info", name).code == 0
    vocab = [
        {"rank": rank, "token_bytes": base64.b64encode(bytes([rank])).decode(), "token_str": None}
        for rank in range(256)
    ]
    config = {"pattern": ".", "default_vocab_size": 276, "default_num_special_tokens": 20, "version": "v3"}
    Path("tekken.json").write_text(json.dumps({"config": config, "vocab": vocab}))
    assert call("encode", "tekken.json", given=b"a").out == b"117\n"


@pytest.mark.parametrize("to", ["pairwright", "huggingface", "minbpe", "tiktoken"])
def test_a_model_is_converted_and_stays_the_same(to: str, tokenizer: pairwright.Tokenizer) -> None:
    text = b"Is it so?"
    expected = call("encode", "model.json", given=text).out
    suffix = ".tiktoken" if to == "tiktoken" else ".any"
    ended = call("convert", "model.json", "--to", to, "--out", f"converted{suffix}")
    assert (ended.code, ended.out) == (0, b"")
    assert (ended.err != "") == (to == "tiktoken")
    pattern = ["--pattern", "cl100k"] if to == "tiktoken" else []
    assert call("encode", f"converted{suffix}", *pattern, given=text).out == expected
    if to == "pairwright":
        assert pairwright.Tokenizer.load("converted.any") == tokenizer


def test_what_cannot_be_converted_is_an_error() -> None:
    Path("mine.tiktoken").write_bytes(Path("ranks.tiktoken").read_bytes())
    ended = call("convert", "mine.tiktoken", "--pattern", "^a", "--to", "huggingface", "--out", "x.json")
    assert ended.code == 1
    assert "holds ^, which means something else there" in ended.err
    assert not Path("x.json").exists()
    assert call("convert", "model.json", "--to", "huggingface", "--out", "-").code == 2
    assert call("convert", "model.json", "--to", "other", "--out", "x").code == 2
    assert call("convert", "model.json", "--to", "minbpe").code == 2
    assert call("convert", "none.json", "--to", "minbpe", "--out", "x").code == 1


@pytest.mark.parametrize("to", ["pairwright", "huggingface", "minbpe", "tiktoken"])
def test_a_model_is_not_converted_into_a_folder_that_is_not_there(to: str) -> None:
    ended = call("convert", "model.json", "--to", to, "--out", "none/x.json")
    assert (ended.code, ended.err) == (1, "error: none: there is no such folder\n")
    ended = call("convert", "model.json", "--to", to, "--out", "x.json.gz")
    if to != "huggingface":
        assert ended.code == 2
        assert "what is written is not compressed" in ended.err


def test_the_message_of_convert_has_the_options_with_which_a_rank_file_is_read_again() -> None:
    pattern = r"""[{"split":"\\p{N}"},{"split":"gpt2"}]"""
    trained = pairwright.train(["it's 2026"] * 9, 260, pattern=pattern, special_tokens=["<|end|>", "a b"])
    trained.save("steps.json")
    ended = call("convert", "steps.json", "--to", "tiktoken", "--out", "steps.tiktoken")
    options = shlex.split(ended.err.partition("to read it, add ")[2])
    assert options[2:] == ["--special-token", "<|end|>=258", "--special-token", "a b=259"]
    assert call("convert", "steps.tiktoken", *options, "--to", "pairwright", "--out", "again.json").code == 0
    again = pairwright.Tokenizer.load("again.json")
    assert (again.pattern, again.vocab, again.special_tokens) == (pattern, trained.vocab, trained.special_tokens)


def test_show_says_that_the_name_of_a_file_is_taken_as_text() -> None:
    Path("a b.txt").write_text("content")
    ended = call("show", "model.json", "a b.txt")
    assert ended.code == 0
    assert ended.err == "note: the text is the name a b.txt, not the file; to show the file, write: < 'a b.txt'\n"
    for text in ("no b.txt", "-", "x" * 100_000, "."):
        assert call("show", "model.json", text, given=b"x").err == ""


def test_a_tokenizer_json_is_told_from_a_damaged_model_file() -> None:
    content = {"version": "1.0", "added_tokens": [], "model": {"type": "BPE", "vocab": {}, "merges": []}}
    for name in ("tokenizer.json", "some.json"):
        Path(name).write_text(json.dumps(content))
        ended = call("info", name)
        assert ended.code == 1
        assert ended.err.startswith(f'error: {name}: there is no pre_tokenizer "ByteLevel"')


def altered(content: bytes) -> bytes:
    at = content.index(b'"vocab"') + 20
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


DAMAGE: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "truncated": (lambda content: content[: len(content) // 2], "truncated"),
    "altered": (altered, ""),
    "altered in its settings": (lambda content: content.replace(b"lowest_pair", b"first_seen"), "checksum"),
    "of a newer version": (lambda content: content.replace(b'"version": 1,', b'"version": 2,'), "newer"),
    "not JSON": (lambda _: b"#!/bin/sh\n", "not a model file"),
    "JSON of another kind": (lambda _: b'{"format": "other"}', "not a pairwright model file"),
    "a list": (lambda _: b"[]", "not a model file"),
    "empty": (lambda _: b"", "not a model file"),
    "binary": (lambda _: b"\xff\x00\xfe", "not a model file"),
}


@pytest.mark.parametrize(("damage", "expected"), DAMAGE.values(), ids=DAMAGE)
@pytest.mark.parametrize("command", ["encode", "decode", "count", "show", "info"])
def test_a_damaged_model_file_is_an_error(command: str, damage: Callable[[bytes], bytes], expected: str) -> None:
    content = Path("model.json").read_bytes()
    assert damage(content) != content
    Path("model.json").write_bytes(damage(content))
    ended = call(command, "model.json", given=b"65")
    assert (ended.code, ended.out) == (1, b"")
    assert ended.err.startswith("error: model.json: ")
    assert expected in ended.err


def test_a_rank_file_under_another_name_is_one() -> None:
    expected = call("info", "ranks.tiktoken", "--pattern", "cl100k").out
    Path("ranks.tiktoken").rename("ranks.txt")
    assert call("info", "ranks.txt", "--pattern", "cl100k").out == expected
    ended = call("info", "ranks.txt")
    assert ended.code == 2
    assert "--pattern" in ended.err.splitlines()[-1]


def test_a_damaged_rank_file_is_an_error_that_names_the_line() -> None:
    lines = Path("ranks.tiktoken").read_bytes().splitlines(keepends=True)
    lines[299] = b"???\n"
    Path("ranks.tiktoken").write_bytes(b"".join(lines))
    ended = call("info", "ranks.tiktoken", "--pattern", "gpt2")
    assert ended.code == 1
    assert ended.err.startswith("error: ranks.tiktoken: line 300: ")


def test_a_model_that_is_a_folder_or_cannot_be_read_is_an_error() -> None:
    ended = call("info", ".")
    assert (ended.code, ended.err) == (1, "error: .: Is a directory\n")


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="needs a file that nobody can read, which Linux has")
def test_a_file_that_cannot_be_read_is_an_error() -> None:
    for arguments in (
        ["info", "/proc/self/mem"],
        ["encode", "model.json", "/proc/self/mem"],
        ["train", "/proc/self/mem", "--out", "x"],
    ):
        ended = call(*arguments)
        assert (ended.code, ended.out) == (1, b"")
        assert ended.err.startswith("error: /proc/self/mem: ")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="the superuser may read everything")
def test_a_file_that_may_not_be_read_is_an_error() -> None:
    Path("secret").write_bytes(b"text")
    Path("secret").chmod(0)
    for arguments in (["info", "secret"], ["encode", "model.json", "secret"], ["train", "secret", "--out", "x"]):
        assert call(*arguments).err == "error: secret: Permission denied\n"


def test_show_prints_tokens_and_a_table(tokenizer: pairwright.Tokenizer) -> None:
    text = "the é\n<|end|>\tx [b]\x1b"
    ended = call("show", "model.json", text)
    assert (ended.code, ended.err) == (0, "")
    parts = [tokenizer.token_bytes(each) for each in tokenizer.encode(text, allowed_special="all")]
    line, table = ended.out.decode().split("\n\n")
    assert line.replace("\\n\n", "\\n|").split("|<|end|>|") == [
        "|".join(map(tokens.visible, parts[: parts.index(b"<|end|>")])),
        "|".join(map(tokens.visible, parts[parts.index(b"<|end|>") + 1 :])),
    ]
    assert "\x1b" not in ended.out.decode()
    header, *rows = table.splitlines()
    assert header.split() == ["id", "bytes", "text"]
    ids = tokenizer.encode(text, allowed_special="all")
    assert [int(row.split()[0]) for row in rows] == ids
    for row, part in zip(rows, parts, strict=True):
        shown = re.fullmatch(r" *\d+  ((?:[0-9a-f]{2} ?)+?) +(b?['\"].*)", row)
        assert shown is not None
        assert bytes.fromhex(shown[1]) == part
        assert shown[2] == quoted(part)


def test_show_takes_any_bytes_from_standard_input_or_the_command_line(tokenizer: pairwright.Tokenizer) -> None:
    text = b"\xff\x00 caf\xc3\xa9"
    ids = tokenizer.encode(text)
    for ended in (call("show", "model.json", given=text), call("show", "model.json", "-", given=text)):
        assert [int(row.split()[0]) for row in ended.out.decode().split("id  ")[1].splitlines()[1:]] == ids
    ended = call("show", "model.json", os.fsdecode(text.replace(b"\x00", b"")))
    assert "\\xff" in ended.out.decode().splitlines()[0]
    assert call("show", "model.json", "").code == 0


def test_show_treats_special_tokens_as_told(tokenizer: pairwright.Tokenizer) -> None:
    number = str(tokenizer.special_tokens["<|pad|>"])
    assert number in call("show", "model.json", "<|pad|>").out.decode().split()
    assert number in call("show", "model.json", "<|pad|>", "--special", "allow").out.decode().split()
    assert number not in call("show", "model.json", "<|pad|>", "--special", "text").out.decode().split()
    ended = call("show", "model.json", "<|pad|>", "--special", "refuse")
    assert ended.code == 1
    assert 'special token "<|pad|>" at byte 0' in ended.err


@pytest.mark.parametrize(
    ("token", "visible", "literal"),
    [
        (b" the", " the", "' the'"),
        (b"\n", "\\n", "'\\n'"),
        (b"\xe2\x80", "\\xe2\\x80", "b'\\xe2\\x80'"),
        (b"\x1b[31m", "\\x1b[31m", "'\\x1b[31m'"),
        ("\u202e".encode(), "\\u202e", "'\\u202e'"),
        ("日本".encode(), "日本", "'日本'"),
        (b"it's", "it's", '"it\'s"'),
    ],
)
def test_tokens_are_shown_without_steering_the_terminal(token: bytes, visible: str, literal: str) -> None:
    assert tokens.visible(token) == visible
    assert quoted(token) == literal


def test_neighbours_have_different_colours_on_every_terminal() -> None:
    for system in ("standard", "256", "truecolor"):
        screen = Console(force_terminal=True, color_system=system, no_color=False, width=80)
        line = tokens.in_line([b"a", b"b", b"c\n", b"d", b"e", b"f"], screen)
        with screen.capture() as captured:
            screen.print(line, soft_wrap=True)
        shown = re.findall(r"\x1b\[([0-9;]+)m([^\x1b]+)\x1b\[0m", captured.get())
        assert [text for _, text in shown] == ["a", "b", "c\\n", "d", "e", "f"]
        assert all(one[0] != other[0] for one, other in pairwise(shown))
        assert tokens.SEPARATOR not in line.plain


def test_tokens_are_separated_where_there_are_no_colours() -> None:
    for screen in (
        Console(force_terminal=False),
        Console(force_terminal=True, no_color=True),
        Console(force_terminal=True, color_system=None),
    ):
        assert tokens.in_line([b"a", b"b\n", b"c", b"d"], screen).plain == "a|b\\n\nc|d"


def test_every_vocabulary_of_bytes_can_be_a_rank_file() -> None:
    lines = [f"{base64.b64encode(bytes([byte])).decode()} {byte}" for byte in range(256)]
    Path("bytes.tiktoken").write_text("\n".join(lines))
    assert call("encode", "bytes.tiktoken", "--pattern", "gpt2", given=b"ab").out == b"97 98\n"


# Names that are empty, as of a variable that is not set

EMPTY = {
    "train CORPUS": ["train", "", "--out", "x"],
    "train --out": ["train", "corpus.txt", "--out", ""],
    "train --base": ["train", "corpus.txt", "--base", "", "--out", "x"],
    "train --counts": ["train", "--counts", "", "--out", "x"],
    "train --spill-folder": ["train", "corpus.txt", "--spill-folder", "", "--out", "x"],
    "tally CORPUS": ["tally", "corpus.txt", "", "--out", "x"],
    "tally --out": ["tally", "corpus.txt", "--out", ""],
    "encode MODEL": ["encode", "", "corpus.txt"],
    "encode INPUT": ["encode", "model.json", ""],
    "encode --out": ["encode", "model.json", "corpus.txt", "--out", ""],
    "decode MODEL": ["decode", ""],
    "decode FILE": ["decode", "model.json", ""],
    "decode --out": ["decode", "model.json", "--out", ""],
    "decode --out-folder": ["decode", "tokens", "--out-folder", ""],
    "verify DIR": ["verify", ""],
    "count MODEL": ["count", ""],
    "count INPUT": ["count", "model.json", ""],
    "count several": ["count", "model.json", "corpus.txt", ""],
    "show MODEL": ["show", "", "text"],
    "info MODEL": ["info", ""],
    "convert MODEL": ["convert", "", "--to", "tiktoken", "--out", "x"],
    "convert --out": ["convert", "model.json", "--to", "huggingface", "--out", ""],
}


@pytest.mark.parametrize("arguments", EMPTY.values(), ids=EMPTY)
def test_an_empty_name_is_an_error_and_not_the_current_folder(arguments: list[str]) -> None:
    Path("corpus.txt").write_text("to be or not to be")
    before = sorted(Path().rglob("*"))
    ended = call(*arguments)
    assert (ended.code, ended.out) == (2, b"")
    error, hint = ended.err.splitlines()
    assert error.startswith("error: Invalid value for ")
    assert error.endswith(": a name is empty: it is that of no file or folder")
    assert hint == f"hint: pairwright {arguments[0]} --help"
    assert sorted(Path().rglob("*")) == before


def test_an_empty_text_is_a_text() -> None:
    assert call("show", "model.json", "").code == 0


# Messages of typer


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["convert", "model.json"], "Missing option '--to'. Choose from: pairwright, tiktoken, huggingface, minbpe"),
        (["convert", "model.json", "--to", "minbpe"], "Missing option '--out'."),
        (
            ["train", "--special-ids", "x"],
            "Invalid value for '--special-ids': 'x' is not one of 'first', 'last'.",
        ),
        (["convert"], "Missing argument 'MODEL'."),
    ],
)
def test_what_is_wrong_with_a_command_line_is_said_in_one_line(arguments: list[str], message: str) -> None:
    error, hint = call(*arguments).err.splitlines()
    assert error == f"error: {message}"
    assert hint == f"hint: pairwright {arguments[0]} --help"


def test_info_tells_what_becomes_of_a_pattern() -> None:
    ended = call("info", "--pattern", "nanochat")
    said = facts(ended.out)
    assert ended.code == 0
    assert (said["pattern"], said["linear time"], said["numbers"]) == (["nanochat"], ["yes"], ["up to 2 in a row"])
    assert said["splitter"][0].startswith("family")
    assert facts(call("info", "--pattern", r"(a)\1").out)["pattern"] == [r"(a)\1"]
    assert "step 2" in facts(call("info", "--pattern", "smollm").out)
    refused = call("info", "--pattern", "[a")
    assert (refused.code, refused.err.startswith('error: invalid split pattern "[a"')) == (1, True)


def test_info_lists_the_named_patterns() -> None:
    said = facts(call("info", "--patterns").out)
    assert list(said) == list(pairwright.list_patterns())
    assert said["superbpe"][-1] == r"(?=(\d{3})+(?!\d))"


def test_info_wants_a_model_or_a_pattern() -> None:
    for arguments in ([], ["--patterns", "--pattern", "gpt2"], ["--patterns", "model.json"]):
        ended = call("info", *arguments)
        assert (ended.code, ended.out) == (2, b"")
        assert ended.err.splitlines()[-1].startswith("hint: ")
