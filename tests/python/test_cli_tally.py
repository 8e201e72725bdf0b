"""`pairwright tally`, and `pairwright train --counts`."""

from pathlib import Path

import pytest
from command_line import call, isolate

import pairwright
from pairwright import Counts, Tokenizer, datasets

TEXT = Path(__file__).read_bytes()[:6000]
MORE = "a second file, ünlike the first\n\n\n".encode() * 3


@pytest.fixture(autouse=True)
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty folder to work in, with two files of a corpus and a counts file in it."""
    isolate(tmp_path, monkeypatch)
    Path("corpus.txt").write_bytes(TEXT)
    Path("more.txt").write_bytes(MORE)
    pairwright.count([TEXT]).save("ready.counts")


def nothing_was_written() -> bool:
    return sorted(path.name for path in Path().iterdir()) == ["corpus.txt", "more.txt", "ready.counts"]


def test_a_corpus_becomes_a_counts_file() -> None:
    ended = call("tally", "corpus.txt", "more.txt", "--out", "x.counts")
    assert (ended.code, ended.out) == (0, b"")
    counts = Counts.load("x.counts")
    assert counts.items() == pairwright.count([TEXT, MORE]).items()
    size = Path("x.counts").stat().st_size
    assert ended.err == f"saved x.counts: {len(counts):,} pretokens, {counts.total:,} pieces, {size:,} bytes\n"


def test_every_option_reaches_counting() -> None:
    options = ["--pattern", r"\w+|\W+", "--special", "def", "--special", "for", "--threads", "2", "--quiet"]
    ended = call("tally", "corpus.txt", *options, "--out", "x.counts")
    assert (ended.code, ended.err) == (0, "")
    assert Counts.load("x.counts") == pairwright.count([TEXT], r"\w+|\W+", ["def", "for"])


def test_standard_input_and_datasets_are_counted_too() -> None:
    assert call("tally", "-", "more.txt", "--out", "x.counts", given=TEXT).code == 0
    assert Counts.load("x.counts") == pairwright.count([TEXT, MORE])
    assert call("tally", "--dataset", "python-docs", "--out", "y.counts").code == 0
    assert Counts.load("y.counts") == pairwright.count(datasets.load("python-docs").texts)


def test_counts_files_are_added_in_the_order_given() -> None:
    assert call("tally", "more.txt", "--out", "more.counts").code == 0
    ended = call("tally", "--merge", "more.counts", "-", "--out", "sum.counts", given=Path("ready.counts").read_bytes())
    total = Counts.load("sum.counts")
    assert ended.code == 0, ended.err
    assert total.items() == pairwright.count([MORE, TEXT]).items()
    assert ended.err.startswith(f"saved sum.counts: {len(total):,} pretokens, {total.total:,} pieces, ")
    # One of them may be where the sum goes.
    assert call("tally", "--merge", "ready.counts", "ready.counts", "--out", "ready.counts").code == 0
    assert Counts.load("ready.counts") == pairwright.count([TEXT]) * 2


@pytest.mark.parametrize("tie_break", ["lowest_pair", "first_seen"])
def test_counts_give_the_model_of_their_corpus(tie_break: str) -> None:
    common = ["--vocab-size", "300", "--tie-break", tie_break, "--special-ids", "first"]
    for name in ("corpus", "more"):
        assert call("tally", f"{name}.txt", "--special", "<a>", "--out", f"{name}.counts").code == 0
    ended = call("train", "--counts", "corpus.counts", "--counts", "more.counts", *common, "--out", "one.json")
    assert ended.code == 0, ended.err
    assert call("train", "corpus.txt", "more.txt", "--special", "<a>", *common, "--out", "two.json").code == 0
    assert Tokenizer.load("one.json") == Tokenizer.load("two.json")
    lines = [" ".join(line.split()) for line in ended.err.splitlines()]
    assert "corpus counts of corpus.counts, more.counts" in lines
    assert "vocabulary 300 ids: 256 bytes, 43 merges, special tokens: <a>" in lines
    assert lines[-1] == "saved one.json"


def test_what_counts_were_made_with_may_be_said_again() -> None:
    assert call("train", "--counts", "ready.counts", "--pattern", "cl100k", "--vocab-size", "260").code == 0
    assert Tokenizer.load("model.json").pattern == "cl100k"
    assert (
        call("train", "--counts", "-", "--quiet", "--out", "piped.json", given=Path("ready.counts").read_bytes()).code
        == 0
    )


BAD = {
    "missing file": (["tally", "missing.txt"], "missing.txt: No such file or directory"),
    "missing counts": (["tally", "--merge", "missing.counts"], "missing.counts: No such file or directory"),
    "no counts": (["tally", "--merge", "ready.counts", "corpus.txt"], "corpus.txt: not a counts file"),
    "no counts on standard input": (["tally", "--merge", "-"], "standard input: not a counts file"),
    "invalid regex": (["tally", "corpus.txt", "--pattern", "("], 'invalid split pattern "("'),
    "word for a pattern": (["tally", "corpus.txt", "--pattern", "foo"], 'unknown split pattern "foo"'),
    "empty pattern": (["tally", "corpus.txt", "--pattern", ""], 'invalid split pattern ""'),
    "special token twice": (["tally", "-", "--special", "<a>", "--special", "<a>"], '"<a>" is given twice'),
    "threads": (["tally", "corpus.txt", "--threads", "0"], "threads"),
    "unknown dataset": (["tally", "--dataset", "nonesuch"], "nonesuch"),
    "train on missing counts": (["train", "--counts", "missing.counts"], "missing.counts: No such file or directory"),
    "train on no counts": (["train", "--counts", "corpus.txt"], "corpus.txt: not a counts file"),
    "other pattern": (["train", "--counts", "ready.counts", "--pattern", "gpt2"], "'gpt2'"),
    "other special tokens": (["train", "--counts", "ready.counts", "--special", "<a>"], "['<a>']"),
}  # fmt: skip


@pytest.mark.parametrize(("arguments", "expected"), BAD.values(), ids=BAD)
def test_bad_input_is_an_error_and_leaves_nothing(arguments: list[str], expected: str) -> None:
    ended = call(*arguments, "--out", "x.counts")
    assert (ended.code, ended.out) == (1, b""), ended.err
    error = ended.err.splitlines()[0]
    assert error.startswith("error: ")
    assert expected in error
    assert nothing_was_written()


def test_counts_that_cannot_be_added_are_named() -> None:
    pairwright.count([TEXT], "gpt2").save("gpt2.counts")
    pairwright.count([TEXT], special_tokens=["<a>"]).save("special.counts")
    for other, expected in (("gpt2", '"cl100k" and "gpt2"'), ("special", '[] and ["<a>"]')):
        for command in (
            ["tally", "--merge", "ready.counts", f"{other}.counts", "--out", "sum.counts"],
            ["train", "--counts", "ready.counts", "--counts", f"{other}.counts"],
        ):
            ended = call(*command)
            assert ended.code == 1
            assert ended.err.startswith(f"error: {other}.counts cannot be added to ready.counts: ")
            assert expected in ended.err
    assert not Path("sum.counts").exists()
    assert not Path("model.json").exists()


def test_damaged_counts_leave_the_old_file() -> None:
    good = Path("ready.counts").read_bytes()
    Path("cut.counts").write_bytes(good[:-1])
    ended = call("tally", "--merge", "cut.counts", "--out", "ready.counts")
    assert ended.code == 1
    assert ended.err.startswith("error: cut.counts: a truncated counts file")
    assert Path("ready.counts").read_bytes() == good


def test_a_target_that_cannot_be_is_found_before_the_work() -> None:
    for out, expected in ((".", "Is a directory"), ("missing/x.counts", "there is no such folder")):
        for arguments in (["corpus.txt"], ["--merge", "ready.counts"]):
            ended = call("tally", *arguments, "--out", out)
            assert ended.code == 1
            assert expected in ended.err
    assert nothing_was_written()


WRONG_USAGE = {
    "no target": ["tally", "corpus.txt"],
    "nothing to count": ["tally", "--out", "x"],
    "nothing to add": ["tally", "--merge", "--out", "x"],
    "to standard output": ["tally", "corpus.txt", "--out", "-"],
    "corpus and dataset": ["tally", "corpus.txt", "--dataset", "python-docs", "--out", "x"],
    "merge and pattern": ["tally", "--merge", "ready.counts", "--pattern", "gpt2", "--out", "x"],
    "merge and special": ["tally", "--merge", "ready.counts", "--special", "<a>", "--out", "x"],
    "merge and dataset": ["tally", "--merge", "ready.counts", "--dataset", "python-docs", "--out", "x"],
    "merge and threads": ["tally", "--merge", "ready.counts", "--threads", "0", "--out", "x"],
    "train on corpus and counts": ["train", "corpus.txt", "--counts", "ready.counts"],
    "train on dataset and counts": ["train", "--dataset", "python-docs", "--counts", "ready.counts"],
    "how to read files of a dataset": ["--dataset", "python-docs", "--lines", "--out", "c"],
    "how to read files of counts": ["--merge", "a.counts", "--text-column", "body", "--out", "c"],
}


@pytest.mark.parametrize("arguments", WRONG_USAGE.values(), ids=WRONG_USAGE)
def test_wrong_usage_is_told_from_failure(arguments: list[str]) -> None:
    ended = call(*arguments)
    assert (ended.code, ended.out) == (2, b"")
    first, second = ended.err.splitlines()
    assert first.startswith("error: ")
    assert second.startswith("hint: ")
    assert nothing_was_written()
