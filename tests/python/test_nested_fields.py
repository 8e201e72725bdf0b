"""`text_field` as a path into objects and lists, against an obvious reader in Python."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from command_line import call, isolate
from hypothesis import given, strategies as st

import pairwright as pw

NAMES = st.sampled_from(["a", "b", "a.b", "b.a", "a.b.a", "*", "c"])
VALUES = st.recursive(
    st.none() | st.integers(0, 9) | st.text(st.sampled_from('x\né"\\😀'), max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)
PATHS = ("a", "a.b", "a.b.a", "a.*", "a.*.b", "*", "*.a", "a.*.*", "b.a.b")


class BadError(Exception):
    """Something that is no text is where the path leads."""


def strings(value: Any, parts: list[str], *, is_within: bool) -> list[str]:
    """The texts that a path leads to. In an element of a list there need not be any."""
    if value is None and is_within:
        return []
    if not parts or (is_within and parts[0] == "*" and isinstance(value, str)):
        if not isinstance(value, str):
            raise BadError
        return [value]
    if isinstance(value, dict):
        for length in range(len(parts), 0, -1):
            name = ".".join(parts[:length])
            if name in value:
                return strings(value[name], parts[length:], is_within=is_within)
        if is_within:
            return []
    if isinstance(value, list) and parts[0] == "*":
        return [text for each in value for text in strings(each, parts[1:], is_within=True)]
    raise BadError


def found(value: Any, parts: list[str]) -> str | None:
    """The document that a path leads to, or `None`."""
    try:
        texts = strings(value, parts, is_within=False)
    except BadError:
        return None
    return "\n".join(texts) if texts else None


@given(objects=st.lists(st.dictionaries(NAMES, VALUES, max_size=4), max_size=6), path=st.sampled_from(PATHS))
def test_paths_lead_where_an_obvious_reader_finds_them(objects: list[dict[str, Any]], path: str) -> None:
    expected = [found(each, path.split(".")) for each in objects]
    with TemporaryDirectory() as folder:
        file = Path(folder, "a.jsonl")
        file.write_text("".join(json.dumps(each) + "\n" for each in [*objects, {path: "last"}]))
        blocks = list(pw.Corpus(file, text_field=path, on_error="skip").blocks())
    texts = [block.text(number).decode() for block in blocks for number in range(block.length)]
    assert texts == [*(text for text in expected if text is not None), "last"]
    skipped = [each.at.document for block in blocks for each in block.skipped]
    assert skipped == [number for number, text in enumerate(expected) if text is None]


def test_chat_messages_are_one_document_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    isolate(tmp_path, monkeypatch)
    chats = [[("user", "Who is there?"), ("assistant", "Nay, answer me.")], [("user", "Long live the king!")]]
    objects = [{"messages": [{"role": role, "content": text} for role, text in chat]} for chat in chats]
    Path("chats.jsonl").write_text("".join(json.dumps(each) + "\n" for each in objects))
    Path("chats.json").write_text(json.dumps(objects))
    texts = [b"Who is there?\nNay, answer me.", b"Long live the king!"]
    for name in ("chats.jsonl", "chats.json"):
        assert list(pw.Corpus(name, text_field="messages.*.content")) == texts
    ended = call("tally", "chats.jsonl", "--text-field", "messages.*.content", "--out", "x.counts", "--quiet")
    assert (ended.code, ended.err) == (0, "")
    assert pw.Counts.load("x.counts") == pw.count(texts)
    with pytest.raises(pw.DocumentError) as caught:
        pw.count("chats.jsonl")
    hint = 'text_field="messages.*.content" makes one document of the strings there'
    assert str(caught.value.hint).startswith(hint)
