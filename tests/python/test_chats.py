"""Chats and lists in JSON, parquet and Arrow as real data have them: turns without text, parts, lists of texts."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from command_line import call, isolate
from pyarrow import parquet

import pairwright as pw

PATH = "messages.*.content"


@pytest.fixture(autouse=True)
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tokenizer: pw.Tokenizer) -> None:
    """An empty folder to work in."""
    isolate(tmp_path, monkeypatch)
    tokenizer.save("model.json")


def lines(values: list[Any], name: str = "chats.jsonl") -> str:
    Path(name).write_text("".join(json.dumps(value) + "\n" for value in values))
    return name


def chat(*messages: Any) -> dict[str, Any]:
    return {"id": "3f2c9a7e-5d41", "messages": list(messages)}


USER = {"role": "user", "content": "What is the time?"}
CALL = {"role": "assistant", "content": None, "tool_calls": [{"function": {"name": "clock"}}]}
BARE = {"role": "assistant", "tool_calls": [{"function": {"name": "clock"}}]}
PARTS = {
    "role": "user",
    "content": [{"type": "text", "text": "Look:"}, {"type": "image_url"}, {"type": "text", "text": "here."}],
}
END = {"role": "assistant", "content": "Noon."}


def test_turns_without_text_are_no_part_of_the_document() -> None:
    name = lines([chat(USER, CALL, BARE, None, END), chat(CALL, USER)])
    assert list(pw.Corpus(name, text_field=PATH)) == [b"What is the time?\nNoon.", b"What is the time?"]
    Path("chats.json").write_text(json.dumps([chat(USER, CALL, END)]))
    assert list(pw.Corpus("chats.json", text_field=PATH)) == [b"What is the time?\nNoon."]


@pytest.mark.parametrize("name", ["chats.jsonl", "chats.json", "chats.parquet", "chats.arrow"])
def test_a_chat_without_any_text_is_no_document_and_is_counted(name: str, tokenizer: pw.Tokenizer) -> None:
    message = pa.struct([("role", pa.string()), ("content", pa.string())])
    rows = [chat(USER), chat(), chat(CALL), chat(END)]
    if name.endswith("l"):
        lines(rows, name)
    elif name.endswith("n"):
        Path(name).write_text(json.dumps(rows))
    else:
        only = [[{"role": each["role"], "content": each["content"]} for each in row["messages"]] for row in rows]
        table = pa.table({"messages": pa.array(only, pa.list_(message))})
        if name.endswith("parquet"):
            parquet.write_table(table, name)
        else:
            with pa.OSFile(name, "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
                writer.write_table(table)
    options: dict[str, Any] = {"text_field": PATH, "text_column": PATH}
    texts = [b"What is the time?", b"Noon."]
    for on_error in ("stop", "skip"):
        corpus = pw.Corpus(name, **options, on_error=on_error)
        with pytest.warns(pw.SkippedWarning, match="2 documents were skipped") as warned:
            assert list(corpus) == texts
        if name.startswith("chats.js"):
            assert "the list has no elements" in str(warned[0].message)
            assert "it is null in every element of the list" in str(warned[0].message)
        else:
            assert f"there is no text in the column '{PATH}'" in str(warned[0].message)
        with pytest.warns(pw.SkippedWarning):
            assert pw.count(corpus) == pw.count(texts)
        manifest = pw.encode_corpus(tokenizer, corpus, f"out-{on_error}")
        assert [each.document for each in manifest.skipped] == [1, 2]
    told = json.loads(call("count", "model.json", name, "--text-field", PATH, "--text-column", PATH, "--json").out)
    assert (told["documents"], told["skipped"]) == (2, 2)
    pw.Corpus(name, **options)
    lines([chat()] * 3, "none.jsonl")
    with pytest.raises(pw.DocumentError, match="nothing could be read: 3 documents were skipped"):
        pw.count(pw.Corpus("none.jsonl", text_field=PATH))


def test_a_slip_in_the_name_of_a_field_is_an_error_and_no_empty_document() -> None:
    name = lines([chat(USER, END)])
    with pytest.raises(pw.DocumentError, match=r'there is no field "messages\.\*\.contnt"') as caught:
        pw.count(pw.Corpus(name, text_field="messages.*.contnt"))
    assert str(caught.value.hint).startswith(f'text_field="{PATH}"')


def test_parts_of_messages_are_read_by_their_path_whatever_the_other_messages_have() -> None:
    name = lines([chat(PARTS), chat(USER, PARTS, CALL, END)])
    path = f"{PATH}.*.text"
    assert list(pw.Corpus(name, text_field=path)) == [b"Look:\nhere.", b"What is the time?\nLook:\nhere.\nNoon."]
    with pytest.raises(
        pw.DocumentError, match=r"line 2, .*invalid type: sequence.* at messages\[1\]\.content"
    ) as caught:
        list(pw.Corpus(lines([chat(USER), chat(USER, PARTS)]), text_field=PATH))
    assert str(caught.value.hint).startswith(f'text_field="{path}"')
    with pytest.raises(pw.DocumentError, match=r"invalid type: integer `3`.* at messages\[0\]\.content"):
        list(pw.Corpus(lines([chat({"content": 3})]), text_field=PATH))


@pytest.mark.parametrize(
    ("value", "field", "hint"),
    [
        (chat({"role": "assistant", "content": "Hi"}), "messages", PATH),
        (chat({"role": "assistant", "content": "Hi there"}), "text", PATH),
        ({"conversations": [{"from": "human", "value": "Hi"}]}, "conversations", "conversations.*.value"),
        (chat(PARTS), "messages", f"{PATH}.*.text"),
        ({"data": {"body": "x"}}, "data", "data.body"),
        ({"text": ["a", "b"]}, "text", "text.*"),
        ({"messages": [{"role": "user"}]}, "messages.*.content", "messages.*.role"),
    ],
)
def test_a_hint_leads_to_the_text_and_never_to_what_was_asked_for(value: Any, field: str, hint: str) -> None:
    name = lines([value])
    with pytest.raises(pw.DocumentError) as caught:
        list(pw.Corpus(name, text_field=field))
    assert str(caught.value.hint).startswith(f'text_field="{hint}"')
    assert list(pw.Corpus(name, text_field=hint))
    ended = call("count", "model.json", name, "--text-field", field)
    assert f"hint: --text-field '{hint}'" in ended.err or f"hint: --text-field {hint}" in ended.err


def test_chats_in_parquet_are_suggested_too() -> None:
    parquet.write_table(
        pa.Table.from_pylist([{"id": "x", "messages": [{"role": "user", "content": "Hi"}]}]), "a.parquet"
    )
    with pytest.raises(pw.DocumentError) as caught:
        list(pw.Corpus("a.parquet", text_column="messages"))
    assert str(caught.value.hint).startswith(f'text_column="{PATH}" reads another column')


OBJECTS: list[tuple[Any, str, list[str]]] = [
    ({"data": ["a", "b"]}, "text", ["a", "b"]),
    ({"version": 1, "shuffled": True, "data": ["a", "b"]}, "text", ["a", "b"]),
    ({"name": "x", "data": ["a", "b"]}, "data", ["a", "b"]),
    ({"text": ["a", "b"]}, "text", ["a", "b"]),
    ({"text": ["a", "b"], "label": [0, 1], "meta": {"n": 1}}, "text", ["a", "b"]),
    ({"data": ["a", "b"], "tags": ["x"]}, "data", ["a", "b"]),
    ({"text": []}, "text", []),
    ({"text": "a", "tags": ["x", "y"], "spans": [{"start": 1}]}, "text", ["a"]),
    ({"tags": ["x"], "data": [{"text": "a"}]}, "text", ["a"]),
    ({"messages": [{"content": "a"}, {"content": "b"}]}, "messages.*.content", ["a\nb"]),
]


@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize(("value", "field", "expected"), OBJECTS)
def test_the_documents_of_one_object(value: Any, field: str, expected: list[str], indent: int | None) -> None:
    Path("a.json").write_text(json.dumps(value, indent=indent))
    assert list(pw.Corpus("a.json", text_field=field)) == [text.encode() for text in expected]


REFUSED: list[tuple[Any, str, str, str]] = [
    (
        {"data": [{"text": "x"}], "text": "y"},
        "text",
        'the field "text", and a list of objects that have it, "data"',
        "jq",
    ),
    (
        {"a": ["x"], "b": ["y"]},
        "text",
        'there is no field "text", only "a", "b"',
        'text_field="a" reads the strings of',
    ),
    ({"a": ["x"], "b": {"c": 1}}, "text", 'there is no field "text"', 'text_field="a" reads the strings of this list'),
    ({"data": [{"body": "x"}]}, "data", 'a list of objects in the field "data", and no text', 'text_field="body"'),
    ({"a": [{"text": "x"}], "b": [{"text": "y"}]}, "text", 'several lists of objects: "a", "b"', "jq '.[\"a\"]'"),
    ({"text": [1, 2]}, "text", "invalid type: sequence", 'format="text"'),
    ({"title": "x", "body": {"text": "y"}}, "text", 'there is no field "text"', 'text_field="title" reads another'),
]


@pytest.mark.parametrize(("value", "field", "reason", "hint"), REFUSED)
def test_objects_that_may_mean_several_things_are_refused(value: Any, field: str, reason: str, hint: str) -> None:
    Path("a.json").write_text(json.dumps(value))
    with pytest.raises(pw.DocumentError) as caught:
        list(pw.Corpus("a.json", text_field=field))
    assert reason in str(caught.value)
    assert str(caught.value.hint).startswith(hint) or hint in str(caught.value.hint)
    # Where documents are meant, nobody is told to make one of them all.
    assert ".*" not in str(caught.value.hint)
