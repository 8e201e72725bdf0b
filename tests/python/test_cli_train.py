"""`pairwright train`."""

import gzip
import json
from pathlib import Path

import pytest
from command_line import Ended, call, isolate

import pairwright
from pairwright import datasets
from pairwright.cli import corpus, learned

TEXT = Path(__file__).read_bytes()[:6000]


@pytest.fixture(autouse=True)
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in, with a corpus in it."""
    isolate(tmp_path, monkeypatch)
    Path("corpus.txt").write_bytes(TEXT)
    return Path.cwd()


def nothing_was_written() -> bool:
    return [path.name for path in Path().iterdir()] == ["corpus.txt"]


def test_a_corpus_becomes_a_model_file() -> None:
    ended = call("train", "corpus.txt", "--vocab-size", "280")
    assert (ended.code, ended.out) == (0, b"")
    assert pairwright.Tokenizer.load("model.json") == pairwright.train(Path("corpus.txt"), vocab_size=280)
    assert sorted(path.name for path in Path().iterdir()) == ["corpus.txt", "model.json"]


def test_every_option_reaches_training() -> None:
    options = {
        "--vocab-size": "270",
        "--pattern": r"\w+|\W+",
        "--special-ids": "first",
        "--tie-break": "first_seen",
        "--min-frequency": "3",
        "--max-token-bytes": "4",
        "--threads": "2",
        "--out": "other.json",
    }
    words = [word for option in options.items() for word in option]
    ended = call("train", "corpus.txt", *words, "--special", "<a>", "--special", "<b>")
    assert ended.code == 0, ended.err
    tokenizer = pairwright.Tokenizer.load("other.json")
    assert tokenizer.metadata["settings"] == {
        "vocab_size": 270,
        "pattern": r"\w+|\W+",
        "special_tokens": ["<a>", "<b>"],
        "special_ids": "first",
        "tie_break": "first_seen",
        "min_frequency": 3,
        "max_token_bytes": 4,
    }
    assert tokenizer.special_tokens == {"<a>": 256, "<b>": 257}


def test_a_corpus_has_4096_ids_and_no_special_tokens_unless_told_otherwise() -> None:
    assert call("train", "corpus.txt", "--quiet").code == 0
    settings = pairwright.Tokenizer.load("model.json").metadata["settings"]
    assert (settings["vocab_size"], settings["pattern"], settings["special_tokens"]) == (4096, "cl100k", [])


def test_standard_input_and_files_are_documents_alike() -> None:
    Path("other.txt").write_bytes(b"a second document, a second time\r\n\x01\xff")
    parts = {"one.json": ["corpus.txt", "other.txt"], "two.json": ["-", "other.txt"], "three.json": ["corpus.txt", "-"]}
    given = {"one.json": b"", "two.json": TEXT, "three.json": Path("other.txt").read_bytes()}
    for out, names in parts.items():
        assert call("train", *names, "--vocab-size", "280", "--out", out, given=given[out]).code == 0
    models = [pairwright.Tokenizer.load(out) for out in parts]
    assert models[0] == models[1] == models[2]
    described = models[1].metadata["corpus"]
    assert [(each["name"], each["bytes"]) for each in described] == [("standard input", len(TEXT)), ("other.txt", 36)]
    # Nothing tells what was read, and so what it was read from.
    assert [each["sha256"] for each in described] == [each["sha256"] for each in models[0].metadata["corpus"]]


def test_a_named_dataset_can_be_learned_from() -> None:
    assert call("train", "--dataset", "python-docs", "--vocab-size", "300").code == 0
    tokenizer = pairwright.Tokenizer.load("model.json")
    assert tokenizer == pairwright.train(datasets.load("python-docs").texts, vocab_size=300)
    assert tokenizer.metadata["corpus"][0]["name"] == "python-docs"


def test_the_table_tells_what_was_learned() -> None:
    Path("more").mkdir()
    for number in range(7):
        Path(f"more/{number}.txt").write_bytes(b"word " * 10)
    ended = call("train", "corpus.txt", *sorted(Path("more").iterdir()), "--vocab-size", "262", "--special", "<[bold]>")
    lines = [" ".join(line.split()) for line in ended.err.splitlines()]
    tokenizer = pairwright.Tokenizer.load("model.json")
    tokens = tokenizer.count(TEXT) + 7 * tokenizer.count(b"word " * 10)
    size = len(TEXT) + 7 * 50
    assert f"corpus corpus.txt, {len(TEXT):,} bytes" in lines
    assert "and 3 more, 150 bytes" in lines
    pieces = tokenizer.metadata["pieces"], tokenizer.metadata["pretokens"]
    assert f"pieces {pieces[0]:,}, {pieces[1]} of them distinct" in lines
    assert "vocabulary 262 ids: 256 bytes, 5 merges, special tokens: <[bold]>" in lines
    assert f"bytes per token {size / tokens:.3f} on the corpus ({tokens:,} tokens)" in lines
    assert f"model model.json, {Path('model.json').stat().st_size:,} bytes" in lines
    left, right = tokenizer.merges[0]
    assert any(line.startswith(f"first merges {left.decode()!r}+{right.decode()!r} ") for line in lines)
    longest = max(tokenizer.vocab, key=len).decode()
    # The spaces of the line are gone, and with them those of the token.
    assert any(line.startswith(" ".join(f"longest tokens {longest!r}".split())) for line in lines)
    assert any(line.startswith("time ") for line in lines)


def test_a_sample_is_called_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learned, "SAMPLE", 100)
    ended = call("train", "corpus.txt", "--vocab-size", "280")
    tokens = pairwright.Tokenizer.load("model.json").count(TEXT[:100])
    assert f"{100 / tokens:.3f} on the first 100 bytes of the corpus ({tokens} tokens)" in ended.err


def test_a_sample_is_the_beginning_of_all_documents() -> None:
    texts = corpus.Source(texts=("añb", b"\xff12", "rest"))
    assert texts.beginning(6) == ([b"a\xc3\xb1b", b"\xff1"], False)
    assert texts.beginning(100) == ([b"a\xc3\xb1b", b"\xff12", b"rest"], True)
    Path("b.txt").write_bytes(b"12345")
    files = corpus.Source.of_files(["corpus.txt", "b.txt"])
    assert files.beginning(len(TEXT) + 2) == ([TEXT, b"12"], False)


def test_quiet_says_nothing() -> None:
    ended = call("train", "corpus.txt", "--quiet", "--vocab-size", "280")
    assert (ended.code, ended.out, ended.err) == (0, b"", "")
    assert pairwright.Tokenizer.load("model.json").vocab_size == 280


@pytest.mark.parametrize("quiet", [(), ("--quiet",)])
def test_too_few_pairs_are_a_warning_and_a_valid_model(quiet: tuple[str, ...]) -> None:
    Path("corpus.txt").write_bytes(b"abab")
    ended = call("train", "corpus.txt", *quiet)
    tokenizer = pairwright.Tokenizer.load("model.json")
    assert ended.code == 0
    first = ended.err.splitlines()[0]
    assert first.startswith("warning: only 2 of 3840 merges"), ended.err
    assert tokenizer.vocab_size == 258
    assert tokenizer.decode_bytes(tokenizer.encode(b"ababcab")) == b"ababcab"


def test_invalid_utf8_in_a_corpus_is_kept_byte_for_byte() -> None:
    text = b"\xff\xfd\xff\xfe\x01 \x80\x80\xff\xfe"
    Path("corpus.txt").write_bytes(text)
    assert call("train", "corpus.txt", "--vocab-size", "257").code == 0
    tokenizer = pairwright.Tokenizer.load("model.json")
    assert tokenizer.merges == [(b"\xff", b"\xfe")]
    ids = call("encode", "model.json", "corpus.txt").out
    assert call("decode", "model.json", given=ids).out == text


def test_the_demonstration_without_the_network() -> None:
    ended = call("train")
    assert (ended.code, ended.out) == (0, b"")
    first, second, *_ = ended.err.splitlines()
    assert first.startswith("TinyShakespeare cannot be had: ")
    assert "PAIRWRIGHT_OFFLINE" in first
    assert "python-docs" in second
    tokenizer = pairwright.Tokenizer.load("model.json")
    assert tokenizer.vocab_size == 1024
    assert tokenizer.special_tokens == {"<bos>": 1020, "<eos>": 1021, "<pad>": 1022, "<unk>": 1023}
    assert tokenizer == pairwright.train(
        datasets.load("python-docs").texts, 1024, special_tokens=["<bos>", "<eos>", "<pad>", "<unk>"]
    )
    assert ended.err.splitlines()[-1].startswith("round trip: ")
    assert ended.err.splitlines()[-1].endswith("is equal")


def test_the_demonstration_shows_the_passage_it_encodes() -> None:
    ended = call("train")
    passage = datasets.load("python-docs").texts[0][:60].splitlines()[0]
    assert passage in ended.err.replace("|", "").replace("\\n", "")


def test_options_go_before_what_the_demonstration_would_take() -> None:
    words = ["--vocab-size", "300", "--special", "<x>", "--special-ids", "first", "--pattern", "gpt2", "--out", "m"]
    ended = call("train", *words)
    assert ended.code == 0, ended.err
    tokenizer = pairwright.Tokenizer.load("m")
    assert (tokenizer.vocab_size, tokenizer.special_tokens, tokenizer.pattern) == (300, {"<x>": 256}, "gpt2")
    assert ended.err.splitlines()[-1].endswith("is equal")


def test_the_quiet_demonstration_still_says_what_it_trains_on() -> None:
    ended = call("train", "--quiet")
    assert ended.code == 0
    assert [line.split(":")[0] for line in ended.err.splitlines()] == [
        "TinyShakespeare cannot be had",
        "training on python-docs instead",
    ]


def test_a_round_trip_that_fails_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = pairwright.train([b"x"], 260, special_tokens=["<bos>", "<eos>", "<pad>", "<unk>"])

    class Wrong:
        @staticmethod
        def load(_path: Path) -> object:
            class Tokenizer:
                encode = staticmethod(lambda passage, disallowed_special: wrong.encode(passage[1:]))  # noqa: ARG005
                decode_bytes = staticmethod(wrong.decode_bytes)

            return Tokenizer()

    monkeypatch.setattr("pairwright.cli.demonstration.Tokenizer", Wrong)
    ended = call("train")
    assert ended.code == 1
    assert ended.err.splitlines()[-1].startswith("error: round trip")


def test_a_damaged_tinyshakespeare_is_not_trained_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "tinyshakespeare.txt").write_bytes(b"To be, or what?\n")
    monkeypatch.setenv("PAIRWRIGHT_DATA", str(folder))
    ended = call("train", "--dataset", "tinyshakespeare")
    assert ended.code == 1
    assert ended.err.startswith("error: ")
    assert "tinyshakespeare.txt" in ended.err
    assert nothing_was_written()
    ended = call("train")
    assert ended.code == 0
    assert ended.err.startswith("TinyShakespeare cannot be had: ")
    assert pairwright.Tokenizer.load("model.json").metadata["corpus"][0]["name"] == "python-docs"


def test_tinyshakespeare_that_was_asked_for_and_cannot_be_had_is_an_error_with_a_hint() -> None:
    ended = call("train", "--dataset", "tinyshakespeare")
    first, second = ended.err.splitlines()
    assert ended.code == 1
    assert first.startswith("error: ")
    assert "PAIRWRIGHT_OFFLINE" in first
    assert second.startswith("hint: ")
    assert nothing_was_written()


def test_the_demonstration(tinyshakespeare_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAIRWRIGHT_DATA", str(tinyshakespeare_path.parent))
    ended = call("train")
    assert ended.code == 0, ended.err
    lines = ended.err.splitlines()
    assert any(line.split() == ["corpus", "tinyshakespeare.txt,", "1,115,394", "bytes"] for line in lines)
    assert lines[-1].endswith("is equal")
    assert "First| C|itizen|:" in ended.err
    tokenizer = pairwright.Tokenizer.load("model.json")
    assert tokenizer == pairwright.train(
        tinyshakespeare_path, vocab_size=1024, special_tokens=["<bos>", "<eos>", "<pad>", "<unk>"]
    )


BAD = {
    "vocab_size": (["corpus.txt", "--vocab-size", "257", "--special", "<a>", "--special", "<b>"], "vocab_size=257"),
    "threads": (["corpus.txt", "--threads", "0"], "threads"),
    "threads beyond all bounds": (["corpus.txt", "--threads", "9" * 30], ""),
    "min_frequency": (["corpus.txt", "--min-frequency", "0"], "min_frequency=0"),
    "max_token_bytes": (["corpus.txt", "--max-token-bytes", "0"], "max_token_bytes=0"),
    "duplicate special token": (["corpus.txt", "--special", "<a>", "--special", "<a>"], '"<a>" is given twice'),
    "empty special token": (["corpus.txt", "--special", ""], '"" is empty'),
    "byte-colliding special token": (["corpus.txt", "--special", "x"], '"x" has the bytes of'),
    "special token that is no text": (["corpus.txt", "--special", "\udcff"], "'\\udcff': a surrogate is no text"),
    "invalid regex": (["corpus.txt", "--pattern", "(a"], 'invalid split pattern "(a"'),
    "word for a pattern": (["corpus.txt", "--pattern", "cl100"], """did you mean 'cl100k'?"""),
    "empty pattern": (["corpus.txt", "--pattern", ""], 'invalid split pattern "": it is empty; there are bailing'),
    "missing file": (["missing.txt"], "missing.txt: No such file or directory"),
    "folder without files": (["empty"], "empty: the folder has no files"),
    "pattern that fits no file": (["*.jsonl"], "*.jsonl: no file fits this pattern"),
    "empty corpus": (["-"], "the corpus is empty"),
    "unknown dataset": (["--dataset", "nonesuch"], "nonesuch"),
    "out is a folder": (["corpus.txt", "--out", "."], "Is a directory"),
    "no folder for out": (["corpus.txt", "--out", "missing/model.json"], "missing: there is no such folder"),
}  # fmt: skip


@pytest.mark.parametrize(("arguments", "expected"), BAD.values(), ids=BAD)
def test_bad_input_is_an_error_and_leaves_nothing(arguments: list[str], expected: str) -> None:
    Path("empty").mkdir()
    ended = call("train", *arguments)
    Path("empty").rmdir()
    assert (ended.code, ended.out) == (1, b""), ended.err
    error = ended.err.splitlines()[0]
    assert error.startswith("error: ")
    assert expected in error
    assert nothing_was_written()


@pytest.mark.parametrize("pattern", ["o200k_base", "GPT-4o", "o200k"])
def test_a_pattern_is_known_by_any_of_its_names(pattern: str) -> None:
    assert call("train", "corpus.txt", "--vocab-size", "260", "--pattern", pattern, "--out", "m").code == 0
    assert pairwright.Tokenizer.load("m").pattern == "o200k"


def test_a_word_that_is_no_pattern_is_an_error_with_the_way_to_force_it() -> None:
    hint = call("train", "corpus.txt", "--pattern", "cl100").err.splitlines()[1]
    assert hint == "hint: write (?:cl100) for a regex that matches nothing but this text"
    assert call("train", "corpus.txt", "--vocab-size", "260", "--pattern", "(?:cl100)", "--out", "m").code == 0


def test_a_regex_that_leaves_texts_whole_is_warned_of_in_one_line() -> None:
    whole = "to be or not to be, that is the question\n" * 200
    ended = call(
        "train",
        "-",
        "--pattern",
        "(?:o200k_base)",
        "--vocab-size",
        "260",
        "--quiet",
        "--out",
        "m",
        given=whole.encode(),
    )
    assert ended.code == 0
    (warning,) = ended.err.splitlines()
    assert warning.startswith(
        "warning: the split pattern '(?:o200k_base)' cuts 8,200 bytes of text into no more than 1 piece"
    )
    assert "o200k" in warning


def test_a_catastrophic_regex_is_an_error_and_leaves_nothing() -> None:
    ended = call("train", "-", "--pattern", r"b|(a|a)*\1c", given=b"b" + b"a" * 64)
    assert ended.code == 1
    assert ended.err.startswith("error: ")
    assert "failed in the text" in ended.err
    assert nothing_was_written()


# The name that is used where none is given


def train_as_default(*arguments: str | Path) -> Ended:
    return call("train", *arguments, "--vocab-size", "260", "--quiet")


def test_the_same_training_again_replaces_its_model() -> None:
    Path("more").mkdir()
    Path("more/b.jsonl").write_text('{"text": "to be"}\n' * 9)
    Path("more/a.txt.gz").write_bytes(gzip.compress(b"or not to be"))
    call("tally", "corpus.txt", "--out", "x.counts")
    call("train", "corpus.txt", "--vocab-size", "258", "--out", "base.json")
    for arguments in (
        ["corpus.txt", "--special", "<a>", "--pattern", "gpt-2", "--tie-break", "first_seen"],
        ["corpus.txt", "more"],
        ["corpus.txt", "--lines"],
        ["--dataset", "python-docs"],
        ["--counts", "x.counts"],
        ["corpus.txt", "--base", "base.json", "--special", "<b>"],
    ):
        Path("model.json").unlink(missing_ok=True)
        assert train_as_default(*arguments).code == 0
        before = Path("model.json").stat().st_ino
        ended = train_as_default(*arguments)
        assert (ended.code, ended.err) == (0, "")
        assert Path("model.json").stat().st_ino != before


def test_the_demonstration_can_be_run_again() -> None:
    for _ in range(2):
        assert call("train").code == 0


OTHERS = {
    "vocab_size": ["corpus.txt", "--vocab-size", "261"],
    "special": ["corpus.txt", "--special", "<a>"],
    "pattern": ["corpus.txt", "--pattern", "gpt2"],
    "min_frequency": ["corpus.txt", "--min-frequency", "2"],
    "documents": ["corpus.txt", "--lines"],
    "corpus": ["more.txt"],
    "more": ["corpus.txt", "more.txt"],
    "same name": ["other/corpus.txt"],
    "standard input": ["-"],
    "dataset": ["--dataset", "python-docs"],
    "counts": ["--counts", "x.counts"],
    "base": ["corpus.txt", "--base", "base.json"],
    "demonstration": [],
}


@pytest.mark.parametrize("arguments", OTHERS.values(), ids=OTHERS)
def test_another_training_does_not_replace_the_model_unless_it_is_named(arguments: list[str]) -> None:
    Path("more.txt").write_text("more of the same")
    Path("other").mkdir()
    Path("other/corpus.txt").write_bytes(Path("corpus.txt").read_bytes()[::-1])
    call("tally", "corpus.txt", "--out", "x.counts")
    call("train", "corpus.txt", "--vocab-size", "258", "--out", "base.json")
    assert train_as_default("corpus.txt").code == 0
    before = Path("model.json").read_bytes()
    options = [] if "--vocab-size" in arguments or not arguments else ["--vocab-size", "260"]
    given = Path("corpus.txt").read_bytes() if "-" in arguments else b""
    ended = call("train", *arguments, *options, "--quiet", given=given)
    assert ended.code == 1
    error, hint = ended.err.splitlines()[-2:]
    assert error == "error: model.json is there already, and this command makes another model"
    assert hint == "hint: --out model.json replaces it; name another file with --out to keep it"
    assert Path("model.json").read_bytes() == before
    assert call("train", *arguments, *options, "--quiet", "--out", "model.json", given=given).code == 0
    assert Path("model.json").read_bytes() != before


@pytest.mark.parametrize("content", [b"", b"precious", b"{}"])
def test_what_is_no_model_is_not_replaced_unless_it_is_named(content: bytes) -> None:
    Path("model.json").write_bytes(content)
    ended = train_as_default("corpus.txt")
    assert ended.code == 1
    assert "is there already" in ended.err
    assert Path("model.json").read_bytes() == content


def test_a_failed_training_leaves_the_old_model() -> None:
    Path("model.json").write_bytes(b"precious")
    assert call("train", "missing.txt").code == 1
    assert Path("model.json").read_bytes() == b"precious"


WRONG_USAGE = {
    "no number": ["--vocab-size", "many"],
    "no such choice": ["--special-ids", "middle"],
    "no such tie-break": ["--tie-break", "highest"],
    "no such option": ["--nonesuch"],
    "corpus and dataset": ["corpus.txt", "--dataset", "python-docs"],
    "out to standard output": ["corpus.txt", "--out", "-"],
    "how to read files in the demonstration": ["--lines"],
    "how to read files of a dataset": ["--dataset", "python-docs", "--on-error", "skip"],
    "how to read files of counts": ["--counts", "some.counts", "--text-field", "body"],
}


@pytest.mark.parametrize("arguments", WRONG_USAGE.values(), ids=WRONG_USAGE)
def test_wrong_usage_is_told_from_failure(arguments: list[str]) -> None:
    ended = call("train", *arguments)
    assert (ended.code, ended.out) == (2, b"")
    first, second = ended.err.splitlines()
    assert first.startswith("error: ")
    assert second.startswith("hint: ")
    assert nothing_was_written()


def test_the_time_is_all_that_two_trainings_differ_in() -> None:
    for name, threads in (("one.json", "1"), ("two.json", "2")):
        assert call("train", "corpus.txt", "--vocab-size", "280", "--threads", threads, "--out", name).code == 0
    one, two = (json.loads(Path(name).read_bytes()) for name in ("one.json", "two.json"))
    assert one["metadata"].pop("time")
    assert two["metadata"].pop("time")
    assert one == two


def test_a_model_is_extended_and_keeps_its_ids() -> None:
    assert call("train", "corpus.txt", "--vocab-size", "270", "--special", "<a>").code == 0
    Path("more.txt").write_bytes(b"quite another text, quite another text")
    more = ["--vocab-size", "275", "--out", "larger.json"]
    ended = call("train", "more.txt", "--base", "model.json", *more)
    assert ended.code == 0, ended.err
    base, larger = pairwright.Tokenizer.load("model.json"), pairwright.Tokenizer.load("larger.json")
    assert larger == pairwright.train(Path("more.txt"), vocab_size=275, base=base)
    assert larger.special_tokens == base.special_tokens
    base.to_tiktoken("base.tiktoken")
    ended = call("train", "more.txt", "--base", "base.tiktoken", "--pattern", "cl100k", *more)
    assert ended.code == 0, ended.err
    ended = call("train", "more.txt", "--base", "model.json", "--vocab-size", "200", "--out", "larger.json")
    assert (ended.code, ended.err.count("\n")) == (1, 1)
    assert "the 270 ids of the base" in ended.err
    assert call("train", "more.txt", "--base", "missing.json").code == 1
