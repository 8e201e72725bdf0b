"""`pairwright compare`: tables and JSON on standard output, names, and what is refused."""

import json
from pathlib import Path

import pytest
from command_line import call, isolate

import pairwright as pw

ENGLISH = "the cat sat on the mat\nthe dog!\n"
GERMAN = "die Katze saß auf der Matte\nder Hund!\n"


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    isolate(tmp_path, monkeypatch)
    Path("texts").mkdir()
    Path("texts/en.txt").write_text(ENGLISH)
    Path("texts/de.txt").write_text(GERMAN)
    pw.train([ENGLISH], 262).save("small.json")
    pw.train([ENGLISH, GERMAN], 275, "o200k").save("large.json")
    Path("other").mkdir()
    pw.train([GERMAN], 262).save("other/small.json")


TEXTS = ("--on", "en=texts/en.txt", "--on", "de=texts/de.txt")


def test_json_is_what_the_library_gives() -> None:
    ended = call("compare", "small.json", "large.json", *TEXTS, "--reference", "en", "--context", "3", "--json")
    assert (ended.code, ended.err) == (0, "")
    tokenizers = {name: pw.Tokenizer.load(f"{name}.json") for name in ("small", "large")}
    expected = pw.compare(tokenizers, {"en": "texts/en.txt", "de": "texts/de.txt"}, "en", context=3)
    assert json.loads(ended.out) == expected.to_dict()


def test_tables() -> None:
    ended = call("compare", "small.json", "large.json", *TEXTS, "--reference", "en")
    assert (ended.code, ended.err) == (0, "")
    tokenizers = {name: pw.Tokenizer.load(f"{name}.json") for name in ("small", "large")}
    expected = pw.compare(tokenizers, {"en": "texts/en.txt", "de": "texts/de.txt"}, "en")
    assert ended.out.decode().rstrip("\n") == str(expected)


def test_names_are_given_or_those_of_files() -> None:
    ended = call("compare", "a=small.json", "other/small.json", "--on", "texts", "--json")
    assert ended.code == 0, ended.err
    rows = json.loads(ended.out)["rows"]
    assert [(row["text"], row["tokenizer"]) for row in rows] == [
        *[("de", "a"), ("de", "small")],
        *[("en", "a"), ("en", "small")],
    ]


def test_several_paths_of_a_name_are_one_text() -> None:
    ended = call("compare", "small.json", "--on", "all=texts/en.txt", "--on", "all=texts/de.txt", "--lines", "--json")
    (row,) = json.loads(ended.out)["rows"]
    assert (row["documents"], row["bytes"]) == (4, len((ENGLISH + GERMAN).encode()) - 4)


def test_standard_input_and_paths_with_an_equals_sign() -> None:
    Path("lang=en").mkdir()
    Path("lang=en/a.txt").write_text(ENGLISH)
    Path("x=y.txt").write_text(GERMAN)
    ended = call(
        "compare",
        "small.json",
        "--on",
        "typed=-",
        "--on",
        "lang=en/a.txt",
        "--on",
        "x=y.txt",
        "--json",
        given=b"the cat",
    )
    assert ended.code == 0, ended.err
    found = {row["text"]: row["bytes"] for row in json.loads(ended.out)["rows"]}
    assert found == {"typed": 7, "a": len(ENGLISH), "x=y": len(GERMAN.encode())}


def test_options_of_corpora() -> None:
    Path("a.jsonl").write_text('{"body": "the cat"}\n{"body": 5}\n')
    arguments = ("compare", "small.json", "--on", "a.jsonl", "--text-field", "body", "--json")
    ended = call(*arguments)
    assert ended.code == 1
    assert "--on-error skip" in ended.err
    ended = call(*arguments, "--on-error", "skip")
    assert ended.code == 0
    assert json.loads(ended.out)["rows"][0]["bytes"] == 7
    assert "skipped" in ended.err


def test_headroom_and_speed() -> None:
    ended = call("compare", "small.json", *TEXTS, "--headroom", "--speed", "--json")
    for row in json.loads(ended.out)["rows"]:
        assert row["headroom"] >= 1
        assert row["megabytes_per_second"] > 0


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ((), 2, ["MODEL"]),
        (("small.json",), 2, ["there is no text", "--on NAME=PATH"]),
        (("small.json", "other/small.json", *TEXTS), 2, ["two tokenizers are called small", "other=other/small.json"]),
        (("a=small.json", "a=large.json", *TEXTS), 2, ["two tokenizers are called a"]),
        (("=small.json", *TEXTS), 2, ["is no NAME=PATH"]),
        (("small.json", "--on", "en="), 2, ["is no NAME=PATH"]),
        (("small.json", "--on", ""), 2, ["a name is empty"]),
        (("small.json", *TEXTS, "--reference", "fr"), 2, ["--reference fr: none of the texts", "there are en, de"]),
        (("small.json", *TEXTS, "--context", "0"), 2, ["--context"]),
        (("small.json", "--on", "texts/en.txt", "--on", "other/en.txt"), 2, ["two texts are called en"]),
        (("small.json", "--on", "en=none.txt"), 1, ["none.txt"]),
        (("none", *TEXTS), 1, ["none: no such file, and no encoding or model has this name"]),
        (("small.json", "--on", "e=empty.txt"), 1, ["the text 'e' is empty"]),
        (
            ("small.json", "--lines", *TEXTS, "--on", "de=texts/en.txt", "--reference", "en"),
            1,
            ["'de' has 4 documents and the reference text 'en' has 2", "hint: leave out --reference en"],
        ),
    ],
)
def test_what_is_wrong_is_refused(arguments: tuple[str, ...], code: int, said: list[str]) -> None:
    Path("empty.txt").touch()
    ended = call("compare", *arguments)
    assert (ended.code, ended.out) == (code, b"")
    for each in said:
        assert each in ended.err
    assert ended.err.startswith("error: ")


def test_two_files_of_one_name_are_told_apart_by_names() -> None:
    Path("more").mkdir()
    Path("more/en.txt").write_text(ENGLISH)
    ended = call("compare", "small.json", "--on", "texts", "--on", "more")
    assert ended.code == 2
    assert "two texts are called en: texts/en.txt and more/en.txt" in ended.err
    ended = call("compare", "small.json", "--on", "en=texts/en.txt", "--on", "more/en.txt")
    assert "hint: for more of one text say --on en=more/en.txt" in ended.err
