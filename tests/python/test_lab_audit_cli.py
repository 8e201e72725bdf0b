"""`pairwright audit`: the table, the JSON, the exit codes, and inputs of every kind."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command_line import call, isolate
from safetensors.numpy import save_file

import pairwright as pw

TEXT = "to be or not to be, that is the question\n" * 3


@pytest.fixture(autouse=True)
def tok(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pw.Tokenizer:
    """An empty folder to work in, but for a model and a text."""
    isolate(tmp_path, monkeypatch)
    tok = pw.train([TEXT], 270, special_tokens=["<|end|>"])
    tok.save("model.json")
    Path("a.txt").write_text(TEXT)
    return tok


def test_the_table_and_the_json_are_those_of_the_library(tok: pw.Tokenizer) -> None:
    ended = call("audit", "model.json")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.decode().split() == str(tok.audit()).split()
    ended = call("audit", "model.json", "a.txt", "--rare", "4", "--threads", "1", "--json")
    assert json.loads(ended.out) == tok.audit("a.txt", rare=4).to_dict()
    assert (
        call("audit", "model.json", "a.txt", "--rare", "4").out.decode().split()
        == str(tok.audit("a.txt", rare=4)).split()
    )


def test_strict_fails_for_problems_and_with_a_group_for_whatever_is_in_it(tok: pw.Tokenizer) -> None:
    assert not tok.audit().problems
    assert call("audit", "model.json", "--strict").code == 0
    ended = call("audit", "model.json", "a.txt", "--strict")
    assert (ended.code, ended.err) == (1, "")
    assert b"unseen" in ended.out
    ended = call("audit", "model.json", "a.txt", "--strict", "--json")
    assert ended.code == 1
    assert json.loads(ended.out)["problems"] == ["unseen"]
    assert call("audit", "model.json", "--strict", "--group", "unreachable").code == 0
    assert call("audit", "model.json", "--strict", "--group", "control").code == 1
    assert call("audit", "model.json", "--group", "control").code == 0
    ended = call("audit", "model.json", "--json", "--group", "control", "--group", "unreachable")
    assert set(json.loads(ended.out)["groups"]) == {"control", "unreachable"}
    ranks = dict(tok.vocab) | {b"zzz": 300}
    pw.Tokenizer.from_ranks(ranks, pattern="cl100k").save("broken.json")
    assert call("audit", "broken.json", "--strict", "--group", "unreachable").code == 1


def test_inputs_of_every_kind_add_up(tok: pw.Tokenizer) -> None:
    pw.encode_corpus(tok, ["to be"], "tokens", append="<|end|>")
    pw.count(["or not"]).save("b.counts")
    Path("c.jsonl").write_text('{"body": "that is <|end|>"}\n')
    expected = tok.usage("tokens") + tok.usage(["or not"]) + tok.usage(["that is <|end|>"])
    ended = call("audit", "model.json", "tokens", "b.counts", "c.jsonl", "--text-field", "body", "--json")
    found = json.loads(ended.out)
    assert found["tokens_in_inputs"] == expected.sum()
    assert found["groups"]["unseen"]["ids"] == tok.audit(usage=expected).groups["unseen"].tolist()
    assert "special_in_text" in found["skipped"]
    np.save("usage.npy", expected)
    by_usage = json.loads(call("audit", "model.json", "--usage", "usage.npy", "--json").out)
    assert by_usage == found
    ended = call("audit", "model.json", "-", "--group", "special_in_text", "--json", given=b"<|end|><|end|>")
    assert json.loads(ended.out)["groups"]["special_in_text"]["evidence"] == [{"count": 2}]


def test_what_makes_no_sense_is_refused(tok: pw.Tokenizer) -> None:
    cases = {
        ("--group", "nonesuch"): (2, "there is no group 'nonesuch'; there are unreachable, "),
        ("--group", "unseen"): (1, "the group unseen could not be examined: there are no inputs"),
        ("--lines",): (2, "--lines tells how files are read, and there is no INPUT"),
        ("--rare", "0"): (2, "--rare 0: must be at least 1"),
        ("--threads", "0"): (1, "threads"),
        ("missing.txt",): (1, "missing.txt: No such file or directory"),
        ("a.txt", "--usage", "usage.npy"): (2, "inputs and --usage do not go together"),
        ("--usage", "missing.npy"): (1, "missing.npy: No such file or directory"),
        ("--usage", "a.txt"): (1, "a.txt is no .npy file of numbers"),
        ("--usage", "zip.npy"): (1, "zip.npy is no .npy file of numbers"),
        ("--usage", "empty.npy"): (1, "empty.npy is no .npy file of numbers"),
        ("--usage", "header.npy"): (1, "header.npy is no .npy file of numbers"),
        ("--usage", "short.npy"): (1, "short.npy has the shape (3,), not one number for each of the 270 ids"),
        ("--usage", "float.npy"): (1, "float.npy must be an array of integers"),
        ("--usage", "many.npz"): (1, "many.npz is no .npy file of numbers"),
    }
    np.save("short.npy", np.arange(3))
    np.save("float.npy", np.zeros(tok.vocab_size))
    np.savez("many.npz", a=np.arange(3))
    Path("zip.npy").write_bytes(b"PK\x03\x04 and no more")
    Path("empty.npy").write_bytes(b"")
    short = Path("short.npy").read_bytes()
    Path("header.npy").write_bytes(short[:10] + b"[" * 60 + short[70:])
    for arguments, (code, message) in cases.items():
        ended = call("audit", "model.json", *arguments)
        assert ended.code == code, arguments
        assert message in ended.err, arguments
        assert not ended.out
    ended = call("audit", "a.txt", "model.json")
    assert ended.code == 1
    assert "hint: MODEL goes first: model.json a.txt" in ended.err


def matrices_of(size: int) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    draw = np.random.default_rng(0)
    rows, out = draw.standard_normal((2, size, 4)) + 3
    return rows, out


def test_embeddings_are_those_of_the_library(tok: pw.Tokenizer) -> None:
    rows, out = matrices_of(tok.vocab_size + 2)
    rows[100] = 0
    np.save("rows.npy", rows)
    save_file({"a": rows, "lm_head.weight": out, "model.embed_tokens.weight": rows}, "model.safetensors")
    both = tok.audit(embeddings=rows, head=out).to_dict()
    for options in (
        ["--embeddings", "model.safetensors"],
        ["--embeddings", "rows.npy", "--head", "model.safetensors"],
        ["--embeddings", "model.safetensors", "--tensor", "a", "--head", "model.safetensors"],
        [*("--embeddings", "rows.npy", "--head", "model.safetensors"), "--head-tensor", "lm_head.weight"],
    ):
        ended = call("audit", "model.json", *options, "--json")
        assert (ended.code, ended.err) == (0, "")
        assert json.loads(ended.out) == both
    ended = call("audit", "model.json", "a.txt", "--embeddings", "rows.npy", "--unused", "3-5,250", "--unused", "7")
    expected = tok.audit("a.txt", embeddings=rows, unused=[3, 4, 5, 7, 250])
    assert ended.out.decode().split() == str(expected).split()
    assert "Rows known to be unused: 5 given." in ended.out.decode()
    ended = call("audit", "model.json", "--embeddings", "rows.npy", "--strict", "--group", "zero_embedding", "--json")
    assert ended.code == 1
    assert json.loads(ended.out)["groups"]["zero_embedding"]["ids"] == [100]


def test_embeddings_that_make_no_sense_are_refused(tok: pw.Tokenizer) -> None:
    rows, out = matrices_of(tok.vocab_size)
    np.save("rows.npy", rows)
    np.save("short.npy", rows[:100])
    np.save("integers.npy", rows.astype(int))
    np.save("line.npy", rows[0])
    save_file({"a": rows, "b": out}, "model.safetensors")
    Path("cut.safetensors").write_bytes(Path("model.safetensors").read_bytes()[:-1])
    cases = {
        ("--tensor", "a"): (2, "--tensor tells about --embeddings, which is not given"),
        ("--head", "rows.npy"): (2, "--head tells about --embeddings, which is not given"),
        ("--unused", "3"): (2, "--unused tells about --embeddings, which is not given"),
        ("--embeddings", "rows.npy", "--head-tensor", "a"): (2, "--head-tensor tells about --head, which is not given"),
        ("--embeddings", "rows.npy", "--unused", "x"): (2, "'x' is neither an id nor a run of ids"),
        ("--embeddings", "rows.npy", "--unused", "999"): (1, "unused has the id 999, and there are 270 rows"),
        ("--embeddings", "rows.npy", "--tensor", "a"): (1, "rows.npy is an npy file, with one array and no tensor 'a'"),
        ("--embeddings", "missing.npy"): (1, "missing.npy: No such file or directory"),
        ("--embeddings", ""): (2, "a name is empty"),
        ("--embeddings", "."): (1, "Is a directory"),
        ("--embeddings", "a.txt"): (1, "a.txt is neither an npy nor a safetensors file, or it is damaged"),
        ("--embeddings", "short.npy"): (1, "short.npy has 100 rows, and the tokenizer 270 ids"),
        ("--embeddings", "integers.npy"): (1, "integers.npy must be a matrix of floats, and has the type int64"),
        ("--embeddings", "line.npy"): (1, "line.npy must be a matrix, a row for each id, and has the shape (4,)"),
        ("--embeddings", "cut.safetensors"): (1, "cut.safetensors is a damaged safetensors file"),
        ("--embeddings", "model.safetensors"): (1, "name one of a, b\nhint: add --tensor NAME"),
        ("--embeddings", "model.safetensors", "--tensor", "c"): (1, "has no tensor 'c'; it has a, b"),
        ("--embeddings", "rows.npy", "--head", "model.safetensors"): (
            1,
            "name one of a, b\nhint: add --head-tensor NAME",
        ),
        ("--group", "undertrained"): (
            1,
            "the group undertrained could not be examined: there are no embeddings\nhint: add --embeddings FILE",
        ),
    }
    for arguments, (code, message) in cases.items():
        ended = call("audit", "model.json", *arguments)
        assert ended.code == code, arguments
        assert message in ended.err, arguments
        assert not ended.out
