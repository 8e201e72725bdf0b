"""Split patterns of several steps are JSON, and JSON that is not a list of steps is never taken for a regex."""

import json
from pathlib import Path

import pytest
from command_line import call, isolate

import pairwright as pw

TEXT = "In 2026 we saw o200k_base"


@pytest.fixture(autouse=True)
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    isolate(tmp_path, monkeypatch)


@pytest.mark.parametrize(
    "written",
    [
        json.dumps([{"split": r"\p{N}{1,3}"}, {"split": "gpt2"}]),
        json.dumps([{"split": r"\p{N}{1,3}"}, {"split": "gpt2"}], indent=2),
        json.dumps([{"behavior": "Isolated", "split": r"\p{N}{1,3}"}, {"invert": False, "split": "gpt2"}]),
        ' [ {"split" : "\\\\p{N}{1,3}"} , {"split":"gpt2"} ]\n',
    ],
)
def test_steps_may_be_spelled_as_json_allows(written: str) -> None:
    steps = r'[{"split":"\\p{N}{1,3}"},{"split":"gpt2"}]'
    assert pw.explain_pattern(written).engine == "steps"
    counts = pw.count([TEXT], pattern=written)
    assert counts == pw.count([TEXT], pattern=steps)
    assert counts.pattern == steps
    assert pw.train([TEXT], 258, pattern=written).pattern == steps


REFUSED = {
    r'["\\p{N}", "\\w+|\\W+"]': (
        "each step must be an object with the field split",
        r'write [{"split": "\\p{N}"}, {"split": "\\w+|\\W+"}]',
    ),
    r'[{"split":"\p{N}"}]': ("Invalid \\escape at offset 11", "JSON needs each backslash twice"),
    r'[{"split":"a"}': ("Expecting ',' delimiter at offset 14", ""),
    r'{"split":"\\w+"}': ("it is one object, not a list", ""),
    "[{}]": ("step 1 has no text in the field split", ""),
    '[{"split":3}]': ("step 1 has no text in the field split", ""),
    '[{"split":" "},{"splitt":"gpt2"}]': ('step 2 has the field "splitt"', "the fields are split, behavior, invert"),
    '[{"split":" ","behavior":"removed"}]': ('step 1 has the behavior "removed"', "Isolated, Removed"),
    '[{"split":" ","invert":1}]': ("step 1 has the value 1 in invert", "invert is true or false"),
    '[{"split":" "},{"split":"o200k_base"}]': (
        'in step 2 the name "o200k_base" would be a regex',
        'write "o200k"; "(?:o200k_base)" matches the word',
    ),
    '[{"split":"smollm"}]': ('in step 1 the name "smollm" would be a regex', "write its regex"),
}


@pytest.mark.parametrize("pattern", REFUSED)
def test_json_that_is_no_list_of_steps_is_refused(pattern: str, tokenizer: pw.Tokenizer) -> None:
    reason, hint = REFUSED[pattern]
    for work in (pw.explain_pattern, lambda pattern: pw.count([TEXT], pattern)):
        with pytest.raises(ValueError, match="it is JSON, but not a list of steps") as caught:
            work(pattern)
        assert reason in str(caught.value)
        assert hint in caught.value.__notes__[0]
    tokenizer.to_tiktoken("ranks.tiktoken")
    Path("corpus.txt").write_text(TEXT, encoding="utf-8")
    for command in (
        ("info",),
        ("train", "corpus.txt", "--vocab-size", "258", "--out", "new.json"),
        ("show", "ranks.tiktoken", TEXT),
    ):
        ended = call(*command, "--pattern", pattern)
        assert ended.code == 1
        assert reason in ended.err
        assert hint in ended.err


@pytest.mark.parametrize("pattern", ["[1]", "[0-9]", r"""["']\w+""", r'[{"(]+', '["a-z]+', r"[^\s]+", '[{"split]+'])
def test_a_regex_that_begins_like_json_stays_a_regex(pattern: str) -> None:
    assert pw.explain_pattern(pattern).pattern == pattern
    assert pw.explain_pattern(pattern).engine == "automaton"


def test_a_word_in_a_step_matches_itself() -> None:
    pattern = '[{"split":"saw"},{"split":"(?:o200k_base)"}]'
    assert pw.count([TEXT], pattern=pattern).items() == pw.count([TEXT], pattern="saw|(?:o200k_base)").items()


@pytest.mark.parametrize("pattern", [r'["\\p{N}", "\\w+"]', '{"split":"a"}', '[{"split":"a","x":1}]'])
def test_tokenizers_and_counts_refuse_json_that_is_not_a_list_of_steps(pattern: str, tmp_path: Path) -> None:
    ranks = {bytes([byte]): byte for byte in range(256)}
    pw.Tokenizer.from_ranks(ranks, pattern="gpt2").to_tiktoken(tmp_path / "ranks.tiktoken")
    for make in (
        lambda: pw.Tokenizer.from_ranks(ranks, pattern=pattern),
        lambda: pw.Tokenizer.from_merges([(b"a", b"b")], pattern=pattern),
        lambda: pw.Tokenizer.from_tiktoken(tmp_path / "ranks.tiktoken", pattern=pattern),
        lambda: pw.Counts.from_items([(b"a", 1)], pattern),
    ):
        with pytest.raises(ValueError, match="not a list of steps"):
            make()
