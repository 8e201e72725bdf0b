"""The audit of a vocabulary: every group by hand, reachability by exhaustion, and published vocabularies."""

import itertools
import json
import pickle
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from carried import LLAMA3, carried
from hypothesis import given, settings, strategies as st

import pairwright as pw
from pairwright.lab import utf8
from pairwright.lab.groups import GROUPS

BYTES = {bytes([byte]): byte for byte in range(256)}
WHOLE = "(?s:.+)"


def vocabulary(*tokens: bytes | str, pattern: str = WHOLE, **options: Any) -> pw.Tokenizer:
    """The 256 bytes, and these tokens from id 256 on."""
    coded = [token.encode() if isinstance(token, str) else token for token in tokens]
    ranks = BYTES | {token: 256 + number for number, token in enumerate(coded)}
    return pw.Tokenizer.from_ranks(ranks, pattern=pattern, **options)


def found(tok: pw.Tokenizer, group: str, **options: Any) -> list[bytes]:
    """The tokens of several bytes in a group."""
    ids = tok.audit(**options).groups[group].tolist()
    return [token for token in map(tok.token_bytes, ids) if len(token) > 1]


PUBLISHED = {"cl100k_base": (773, 645), "o200k_base": (1562, 1434), "r50k_base": (344, 216)}


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_vocabularies_are_as_is_known_of_them(name: str, data: Callable[[str], Path]) -> None:
    tok = pw.Tokenizer.from_tiktoken(data(f"vocab/{name}.tiktoken"), pattern=name)
    audit = tok.audit()
    groups = audit.groups
    assert (len(groups["not_utf8"]), len(groups["fragments"])) == PUBLISHED[name]
    parts = [set(groups[part].tolist()) for part in ("not_utf8_complete", "not_utf8_fragment", "invalid_bytes")]
    assert set(groups["not_utf8"].tolist()) == set().union(*parts)
    assert sum(map(len, parts)) == len(groups["not_utf8"])
    assert [tok.token_bytes(id)[0] for id in sorted(groups["invalid_bytes"], key=tok.token_bytes)] == [
        *(0xC0, 0xC1),
        *range(0xF5, 0x100),
    ]
    assert len(groups["unreachable"]) == len(groups["no_merge"]) == 0
    # "о" and half a letter: the letter that follows always merges with both.
    assert [tok.token_bytes(id) for id in groups["not_found"]] == ([b"\xd0\xbe\xd0"] if name == "o200k_base" else [])
    ids = list(tok.vocab.values())[:: 1 if name == "r50k_base" else 7] + groups["not_utf8"].tolist()
    for id in ids:
        text = audit.witness(id)
        assert (text is not None) == (audit.status(id) == "reachable")
        assert text is None or id in tok.encode_ordinary(text)


@pytest.mark.parametrize("ignore_merges", [False, True])
def test_no_merge_reaches_588_tokens_of_llama_3(ignore_merges: bool) -> None:
    tok = pw.Tokenizer.from_tiktoken(carried(*LLAMA3), pattern="llama3", ignore_merges=ignore_merges)
    audit = tok.audit()
    assert len(audit.groups["no_merge"]) == 588
    if ignore_merges:
        # They are still given, as whole pieces.
        assert len(audit.groups["unreachable"]) == 0
        for id in audit.groups["no_merge"].tolist():
            evidence = audit.evidence("no_merge", id)
            assert id in tok.encode_ordinary(evidence["witness"])
    else:
        assert audit.groups["unreachable"].tolist() == audit.groups["no_merge"].tolist()
        for id in audit.groups["unreachable"].tolist():
            given = audit.evidence("unreachable", id)["merges_give"]
            assert given == tok.encode_ordinary(tok.token_bytes(id))
            assert len(given) > 1
            assert audit.witness(id) is None


words = st.lists(st.sampled_from("abc"), min_size=2, max_size=4).map("".join)


@given(st.lists(words, unique=True, max_size=8), st.booleans())
@settings(max_examples=60)
def test_what_is_reachable_is_what_some_text_gives(tokens: list[str], ignore_merges: bool) -> None:
    tok = vocabulary(*tokens, ignore_merges=ignore_merges)
    texts = ["".join(text) for length in range(1, 7) for text in itertools.product("abc", repeat=length)]
    given = set(tok.encode_batch(texts).values.tolist())
    audit = tok.audit()
    for token in tokens:
        id = tok.token_id(token)
        assert audit.status(id) == ("reachable" if id in given else "unreachable"), token


def test_a_token_that_the_pattern_cuts_is_not_found_and_one_that_it_cuts_only_alone_is_reachable() -> None:
    cut = vocabulary("12", "ab", pattern=r"\d|\D+")
    assert found(cut, "not_found") == [b"12"]
    audit = cut.audit()
    assert audit.evidence("not_found", 256) == {"own_bytes_give": [49, 50]}
    assert (audit.status(256), audit.status(257)) == ("not found", "reachable")
    assert "51 texts before it" in audit.to_dict()["search"]
    # "'t" stands alone only behind a letter, and "I'" is whole only before one of the endings.
    tok = vocabulary("I'", pattern="o200k")
    text = tok.audit().witness(256)
    assert text is not None
    assert text != "I'"
    assert 256 in tok.encode_ordinary(text)


def test_a_fragment_is_reachable_only_with_text() -> None:
    tok = vocabulary(
        b"\xd0\xbe", b"\xd0\xbe\xd0", b"\xe4\xb8", b"\x80\xe4", b"\xf0\x9f", b"!\xf0\x9f", pattern="cl100k"
    )
    audit = tok.audit()
    for id in range(257, 262):
        text = audit.witness(id)
        assert text is not None, id
        assert id in tok.encode_ordinary(text)
    everything = [bytes([0xC3, byte]) for byte in range(0x80, 0xC0)]
    tok = vocabulary(*everything)
    audit = tok.audit()
    assert audit.status(0xC3) == "not found"
    assert audit.evidence("not_found", 0xC3) == {"own_bytes_give": [0xC3]}


def test_the_parts_of_a_token_are_those_of_some_text() -> None:
    chars = [chr(point).encode() for point in range(0x110000) if point not in range(0xD800, 0xE000)]
    inside = {char[at : at + 2] for char in chars for at in range(len(char) - 1)}
    lasts, firsts = {char[-1:] for char in chars}, {char[:1] for char in chars}
    valid = inside | {last + first for last in lasts for first in firsts}
    for token in map(bytes, itertools.product(range(256), repeat=2)):
        assert (utf8.parts(token) is not None) == (token in valid), token
    three = {char[:3] for char in chars if len(char) == 4}
    for token in map(bytes, itertools.product(range(0xF0, 0x100), range(0x70, 0xD0), (0x7F, 0x80, 0xBF, 0xC0))):
        shape = utf8.parts(token)
        if 0x80 <= token[1] < 0xC0 and 0x80 <= token[2] < 0xC0:
            assert (shape is not None) == (token in three), token


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=4), st.data())
def test_what_is_cut_out_of_text_has_parts_and_can_be_completed(text: str, data: st.DataObject) -> None:
    coded = text.encode()
    start = data.draw(st.integers(0, len(coded) - 1))
    token = coded[start : data.draw(st.integers(start + 1, len(coded)))]
    shape = utf8.parts(token)
    if shape is None:
        raise AssertionError(token)
    if shape.text or not (shape.head and shape.tail):
        assert shape.head + shape.text.encode() + shape.tail == token
    for before in utf8.beginnings(shape.head, 50):
        for behind in utf8.endings(shape.tail, 50):
            assert (before + token + behind).decode()
    assert len(set(utf8.endings(shape.tail, 4096))) == len(utf8.endings(shape.tail, 4096))
    if shape.tail and utf8.missing(shape.tail) == 1:
        assert {shape.tail + end for end in utf8.endings(shape.tail, 64)} == {
            char.encode() for char in map(chr, utf8.code_points(shape.tail))
        }


def test_every_group_that_needs_no_inputs() -> None:
    special = {"<|end|>": 300, "<|pad|>": 302}
    tokens: list[bytes | str] = [
        *("AB", "ab", " ab", "é", "e\u0301", "１", "a\x07", "a\u200b", "a\u00a0", "=" * 16, "=" * 15, "\U000e0fff"),
        *("x<|end|>y", "\t\n\r", "𝟙𝟙", " ", b"\xc0\xaf", b"\xed\xa0", b"\xf3\xb0", b"\xf1\x90", b"z\xf2\x90\x80"),
    ]
    tok = vocabulary(*(token for token in tokens if token != " "), special_tokens=special)
    groups = tok.audit().groups
    assert groups["free_slots"].tolist() == [*range(256 + len(tokens) - 1, 300), 301]
    assert {ids.dtype.name for ids in groups.values()} == {"uint32"}
    expected: dict[str, list[bytes | str]] = {
        "invalid_sequences": [b"\xc0\xaf", b"\xed\xa0"],
        "fragments": [b"\xc0\xaf", b"\xed\xa0", b"\xf3\xb0", b"\xf1\x90", b"z\xf2\x90\x80"],
        "not_utf8_complete": [b"z\xf2\x90\x80"],
        "not_utf8_fragment": [b"\xf3\xb0", b"\xf1\x90"],
        "unassigned": ["\U000e0fff", b"\xf1\x90", b"z\xf2\x90\x80"],
        "control": ["a\x07"],
        "invisible": ["a\u200b", "a\u00a0"],
        "long_runs": ["=" * 16],
        "case_variants": ["AB", "ab"],
        "space_variants": ["ab", " ab"],
        "form_variants": ["é", "e\u0301", "１"],
        "contains_special": ["x<|end|>y"],
    }
    for name, wanted in expected.items():
        assert found(tok, name) == [each if isinstance(each, bytes) else each.encode() for each in wanted], name
    audit = tok.audit()
    assert audit.evidence("case_variants", 256) == {"same": [257]}
    assert audit.evidence("form_variants", tok.token_id("１")) == {"same": [ord("1")]}
    assert audit.evidence("contains_special", tok.token_id("x<|end|>y")) == {"special": ["<|end|>"]}
    assert audit.evidence("long_runs", tok.token_id("=" * 16)) == {"run": 16}
    assert audit.evidence("invisible", tok.token_id("a\u200b")) == {"code_points": ["U+200B"]}
    assert audit.evidence("unassigned", tok.token_id("\U000e0fff")) == {"code_points": ["U+E0FFF"]}
    assert audit.evidence("unassigned", tok.token_id(b"\xf1\x90")) == {"code_points": ["U+50000 to U+50FFF"]}
    assert audit.evidence("invalid_sequences", tok.token_id(b"\xed\xa0")) == {"bytes": "ed a0"}


def test_a_token_without_bytes_is_unreachable(tmp_path: Path) -> None:
    (tmp_path / "ranks").write_text("= 0\n" + "".join(_line(byte) for byte in range(256)))
    for ignore_merges in (False, True):
        tok = pw.Tokenizer.from_tiktoken(tmp_path / "ranks", pattern="cl100k", ignore_merges=ignore_merges)
        audit = tok.audit()
        assert audit.groups["no_merge"].tolist() == [0]
        assert audit.status(0) != "reachable"
        audit.to_dict()


def _line(byte: int) -> str:
    import base64

    return f"{base64.b64encode(bytes([byte])).decode()} {byte + 1}\n"


def test_the_groups_that_need_inputs() -> None:
    tok = vocabulary("ab", "abc", "cd", "xy", special_tokens={"<|end|>": 300, "<|pad|>": 301}, pattern="cl100k")
    text = "abc " * 200 + "cd " * 3 + "<|end|>"
    audit = tok.audit([text], rare=4)
    assert audit.usage is not None
    assert audit.usage.tolist() == tok.usage([text]).tolist()
    # "c" stands in tokens only.
    alone = set(b" <|end>")
    assert [id for id in audit.groups["unseen"].tolist() if id < 256] == [id for id in range(256) if id not in alone]
    assert found(tok, "unseen", source=[text]) == [b"ab", b"xy"]
    assert found(tok, "rare", source=[text], rare=4) == [b"cd"]
    assert found(tok, "rare", source=[text], rare=3) == []
    assert found(tok, "scaffolding", source=[text]) == [b"ab"]
    assert audit.evidence("scaffolding", 256) == {"count": 0, "made": 200}
    assert audit.evidence("rare", 258) == {"count": 3, "made": 3}
    assert found(tok, "never_made", source=[text]) == [b"xy"]
    assert ord("c") in audit.groups["scaffolding"]
    once = tok.audit(["abc " * 200 + "ab"])
    assert once.groups["mostly_scaffolding"].tolist() == [256]
    assert once.evidence("mostly_scaffolding", 256) == {"count": 1, "made": 201}
    assert audit.groups["special_in_text"].tolist() == [300]
    assert audit.evidence("special_in_text", 300) == {"count": 1}
    assert {name: why for name, why in audit.skipped.items() if GROUPS[name].needs != "embeddings"} == {
        "unseen_special": "the inputs have no special tokens"
    }
    by_usage = tok.audit(usage=tok.usage([text]))
    assert by_usage.groups["unseen"].tolist() == audit.groups["unseen"].tolist()
    assert by_usage.skipped["special_in_text"] == "the inputs are not given as text"
    by_counts = tok.audit(pw.count([text]))
    assert by_counts.groups["unseen"].tolist() == audit.groups["unseen"].tolist()
    assert set(tok.audit().skipped) == {name for name, about in GROUPS.items() if about.needs != "always"}


def test_special_tokens_of_a_token_folder(tmp_path: Path) -> None:
    tok = vocabulary("ab", special_tokens={"<|end|>": 300, "<|pad|>": 301}, pattern="cl100k")
    pw.encode_corpus(tok, ["abab", "ab"], tmp_path / "tokens", append="<|end|>")
    audit = tok.audit(tmp_path / "tokens")
    assert audit.groups["unseen_special"].tolist() == [301]
    assert "special_in_text" not in audit.groups


@given(st.lists(st.sampled_from(["<|end|>", "<|", "end|>", "<|end|>x", "a", "|>"]), max_size=20), st.integers(1, 40))
@settings(max_examples=60)
def test_names_of_special_tokens_are_counted_whatever_the_blocks(parts: list[str], size: int) -> None:
    from tempfile import TemporaryDirectory

    from pairwright.corpus import Corpus
    from pairwright.lab.specials import Finder

    text = "".join(parts) + "."
    with TemporaryDirectory() as folder:
        Path(folder, "a.txt").write_text(text)
        for names in (["<|end|>"], ["<|end|>", "<|end|>x", "a"]):
            finder = Finder(names)
            for block in Corpus(Path(folder, "a.txt")).blocks(size=size, cut_for=("cl100k", [])):
                finder.add(block)
            if len(names) == 1:
                assert +finder.counts == Counter({"<|end|>": text.count("<|end|>")}) + Counter()
            assert {name for name in names if finder.counts[name] > 0} <= {name for name in names if name in text}


def test_an_audit_is_a_value_for_programs_and_people(tok: pw.Tokenizer) -> None:
    audit = tok.audit(["to be or not to be"])
    everything = json.loads(json.dumps(audit.to_dict()))
    assert list(everything["groups"]) == list(audit.groups)
    for name, group in everything["groups"].items():
        assert group["ids"] == audit.groups[name].tolist()
        assert group["number"] == len(group["ids"]) == len(group["evidence"])
        assert group["share"] == group["number"] / tok.vocab_size
        assert group["meaning"] == audit.meaning(name)
        assert group["evidence"] == [audit.evidence(name, id) for id in group["ids"]]
        assert {each["id"] for each in group["examples"]} <= set(group["ids"])
    assert everything["tokens_in_inputs"] == len(tok.encode("to be or not to be"))
    assert everything["problems"] == list(audit.problems)
    table = str(audit).splitlines()
    assert table[0].split() == ["group", "tokens", "share", "examples"]
    assert any(line.split()[:2] == ["unseen", str(len(audit.groups["unseen"]))] for line in table)
    assert "nothing in: unreachable" in str(audit)
    assert repr(audit).startswith("Audit(unseen=")
    assert repr(tok.audit()) == "Audit(no problems)"
    assert str(pickle.loads(pickle.dumps(audit))) == str(audit)


@pytest.fixture
def tok() -> pw.Tokenizer:
    return pw.train(["to be or not to be, that is the question"] * 3, 270)


def test_what_is_invisible_is_shown_by_its_escape() -> None:
    table = str(vocabulary("\u2764\ufe0f", "a" * 30).audit()).splitlines()
    assert [line.split("  ")[-1] for line in table if line.startswith("invisible")] == ["'\u2764\\ufe0f'"]
    assert any(line.endswith("'" + "a" * 24 + "'…") for line in table)


def test_arguments_that_make_no_sense_are_refused(tok: pw.Tokenizer) -> None:
    from pairwright.lab.audit import audit

    call: Any = tok.audit
    with pytest.raises(ValueError, match="usage and source do not go together"):
        call(["a"], usage=tok.usage(["a"]))
    with pytest.raises(ValueError, match=r"usage has the shape \(3,\), not one number for each of the"):
        call(usage=[1, 2, 3])
    with pytest.raises(TypeError, match="usage must be an array of integers"):
        call(usage=np.zeros(tok.vocab_size))
    with pytest.raises(ValueError, match="usage has negative numbers"):
        call(usage=np.full(tok.vocab_size, -1))
    for rare in (None, "5", 1.5, True):
        with pytest.raises(TypeError, match="rare must be an int"):
            call(rare=rare)
    with pytest.raises(ValueError, match="rare=0: must be at least 1"):
        call(rare=0)
    with pytest.raises(TypeError, match="threads"):
        call(threads="two")
    with pytest.raises(TypeError, match="progress must be"):
        call(progress=5)
    with pytest.raises(TypeError, match="tokenizer must be a Tokenizer"):
        audit("model.json")  # type: ignore[arg-type]
    made_ = tok.audit()
    with pytest.raises(KeyError, match="there is no group 'nonesuch'; there are unreachable, "):
        made_.meaning("nonesuch")
    with pytest.raises(KeyError, match="id 97 is not in the group unreachable"):
        made_.evidence("unreachable", 97)
    with pytest.raises(KeyError, match="id 97 is not in the group unseen"):
        made_.evidence("unseen", 97)
    for id in (-1, tok.vocab_size, 1 << 40):
        with pytest.raises(KeyError, match=f"no ordinary token has the id {id}"):
            made_.witness(id)


def test_a_pattern_that_gives_up_is_no_reason_to_end() -> None:
    tok = vocabulary("b" * 3000, "aa", pattern=r"(b|b)*\1c|[^b]+|b")
    with pytest.raises(pw.SplitError):
        tok.encode("b" * 3000)
    audit = tok.audit()
    assert (audit.status(256), audit.status(257)) == ("unreachable", "reachable")
