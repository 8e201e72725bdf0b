"""Parity-aware training from Python and on the command line; `src/train/parity/tests.rs` compares it with an oracle."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command_line import call, isolate

import pairwright as pw
from pairwright import Counts, Parity
from pairwright.lab.metrics import gini

ENGLISH = "the cat sat on the mat and the dog sat on the log\n" * 20
GERMAN = "die Katze sass auf der Matte und der Hund sass auf dem Baumstamm\n" * 20
GREEK = "η γάτα κάθισε στο χαλί και ο σκύλος κάθισε στο κούτσουρο\n" * 20
TEXTS = {"en": [ENGLISH], "de": [GERMAN], "el": [GREEK]}


def tokens(tokenizer: pw.Tokenizer) -> dict[str, int]:
    return {name: sum(tokenizer.count(text) for text in texts) for name, texts in TEXTS.items()}


def test_languages_come_closer() -> None:
    as_ever = tokens(pw.train([text for texts in TEXTS.values() for text in texts], 300))
    alike = tokens(pw.train(TEXTS, 300, objective="parity"))
    assert max(alike.values()) < max(as_ever.values())
    assert max(alike.values()) - min(alike.values()) < max(as_ever.values()) - min(as_ever.values())


def test_metadata_tell_what_became_of_every_language() -> None:
    tokenizer = pw.train(TEXTS, 300, objective=Parity(global_merges=4, window=10))
    found = tokenizer.metadata
    assert [each["language"] for each in found["languages"]] == ["en", "de", "el"]
    assert [each["language"] for each in found["corpus"]] == ["en", "de", "el"]
    assert sum(each["learned"] for each in found["languages"]) == 300 - 256 - 4
    assert {each["language"]: each["tokens"] for each in found["languages"]} == tokens(tokenizer)
    assert [each["bytes"] for each in found["languages"]] == [len(text.encode()) for (text,) in TEXTS.values()]
    expected = {"name": "parity", "ratios": None, "global_merges": 4, "window": 10, "alpha": 2.0}
    assert found["settings"]["objective"] == expected


def test_counts_learn_what_texts_do() -> None:
    counts = {name: pw.count(texts) for name, texts in TEXTS.items()}
    development = {name: pw.count([texts[0][:700]]) for name, texts in TEXTS.items()}
    of_texts = pw.train(TEXTS, 290, objective=Parity(development={name: [t[0][:700]] for name, t in TEXTS.items()}))
    mixed = {"en": counts["en"], "de": TEXTS["de"], "el": counts["el"]}
    assert pw.train(counts, 290, objective=Parity(development=development)) == of_texts
    assert pw.train(mixed, 290, objective=Parity(development=development), threads=3) == of_texts


def test_ratios_move_merges() -> None:
    def learned(**ratios: float) -> dict[str, int]:
        found = pw.train(TEXTS, 270, objective=Parity(ratios=ratios)).metadata["languages"]
        return {each["language"]: each["learned"] for each in found}

    assert learned(en=100, de=1, el=1) == {"en": 14, "de": 0, "el": 0}
    assert learned(en=1, de=1, el=100) == {"en": 0, "de": 0, "el": 14}


def test_a_window_shares_merges_out() -> None:
    ratios = {"en": 100, "de": 1, "el": 1}
    found = pw.train(TEXTS, 286, objective=Parity(ratios=ratios, window=6, alpha=1)).metadata["languages"]
    assert min(each["learned"] for each in found) > 0


def test_a_base_keeps_its_ids() -> None:
    base = pw.train([ENGLISH], 270, special_tokens=["<|end|>"])
    tokenizer = pw.train(TEXTS, 300, base=base, objective="parity")
    assert tokenizer.encode("<|end|>", allowed_special="all") == base.encode("<|end|>", allowed_special="all")
    assert [tokenizer.token_bytes(id) for id in range(269)] == [base.token_bytes(id) for id in range(269)]


def test_a_language_with_nothing_left_is_left_out() -> None:
    texts = {"one": ["ab " * 50], "two": ["xyzw " * 3]}
    with pytest.warns(pw.FewerMergesWarning):
        tokenizer = pw.train(texts, 300, objective="parity")
    assert tokenizer.token_id(b"xyzw") is not None


def test_progress_goes_on_over_languages_and_can_stop() -> None:
    events: list[Any] = []
    pw.train(TEXTS, 300, objective="parity", progress=events.append)
    assert events[-1].phase == "merge"
    assert events[-1].done == events[-1].total == 44
    tokenizer = pw.train(TEXTS, 300, objective="parity", progress=lambda event: event.phase != "count")
    assert tokenizer.metadata["stopped"]["phase"] == "count"
    assert tokenizer.vocab_size == 256
    tokenizer = pw.train(TEXTS, 300, objective="parity", progress=lambda event: event.phase != "merge")
    assert tokenizer.metadata["stopped"] == {"phase": "merge", "learned": 0, "asked": 44}


@pytest.mark.parametrize(
    ("source", "objective", "error", "message"),
    [
        (["a text"], "parity", TypeError, "source must give each source a name"),
        ({}, "parity", ValueError, "source is empty"),
        ({1: ["a"]}, "parity", TypeError, "source has the name int 1"),
        ({"a": ["x"], "b": []}, "parity", ValueError, "b: the corpus has no text to count"),
        (TEXTS, "fairness", ValueError, 'must be "frequency" or "parity"'),
        (TEXTS, 5, TypeError, "objective must be"),
        (TEXTS, "frequency", TypeError, "dict is ambiguous"),
        (TEXTS, Parity(development={"en": ["a"]}), ValueError, "development lacks 'de', 'el'"),
        (TEXTS, Parity(ratios={"en": 1, "de": 1, "el": 1, "fr": 1}), ValueError, "ratios has 'fr'"),
        (TEXTS, Parity(development={"en": ["a"], "de": ["b"], "el": []}), ValueError, "el: the corpus has no text"),
    ],
)
def test_what_means_nothing_is_refused(source: Any, objective: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        pw.train(source, 300, objective=objective)


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"global_merges": -1}, ValueError, "global_merges=-1"),
        ({"window": 0}, ValueError, "window=0"),
        ({"window": 1.5}, TypeError, "window must be an int"),
        ({"alpha": 3}, ValueError, "alpha=3: it limits the merges of a window: give window, too"),
        ({"alpha": 0}, ValueError, "alpha=0"),
        ({"alpha": float("nan")}, ValueError, "alpha=nan"),
        ({"ratios": [1, 2]}, TypeError, "ratios must give each language a number"),
        ({"ratios": {"en": "much"}}, TypeError, "must be a number"),
        ({"ratios": {"en": float("inf")}}, ValueError, "positive, finite"),
    ],
)
def test_settings_that_mean_nothing_are_refused(settings: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        Parity(**settings)


def test_counts_made_in_another_way_are_refused() -> None:
    with pytest.raises(ValueError, match="there are counts made with 'gpt2'"):
        pw.train({"a": pw.count(["x y"], "gpt2"), "b": ["x"]}, 257, pattern="cl100k", objective="parity")
    with pytest.raises(ValueError, match=r"there are counts made with \[\]"):
        pw.train({"a": Counts.from_items([("x", 1)]), "b": ["x"]}, 258, special_tokens=["<a>"], objective="parity")


def test_the_command_line_learns_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    isolate(tmp_path, monkeypatch)
    for name, texts in TEXTS.items():
        Path(f"{name}.txt").write_text(texts[0], encoding="utf-8")
    pw.count(["de.txt"]).save("de.counts")
    given = ["en=en.txt", "de=de.counts", "el.txt"]
    options = ["--objective", "parity", "--global-merges", "3", "--window", "20", "--vocab-size", "300"]
    ended = call("train", *given, *options)
    assert ended.code == 0, ended.err
    assert "tokens learned for it" in ended.err
    expected = pw.train(TEXTS, 300, objective=Parity(global_merges=3, window=20))
    assert pw.Tokenizer.load("model.json") == expected
    # The same again, under a name that was not given.
    texts = ["en=en.txt", "de=de.txt", "el=el.txt"]
    assert call("train", *texts, "--objective", "parity", "--out", "again.json").code == 0
    Path("again.json").replace("model.json")
    assert call("train", *texts, "--objective", "parity").code == 0
    ended = call("train", *reversed(texts), "--objective", "parity")
    assert ended.code == 1
    assert "is there already" in ended.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["a.txt", "--window", "5"], "--window goes with --objective parity"),
        (["a.txt", "--ratio", "a=1"], "--ratio goes with --objective parity"),
        (["a.txt", "--objective", "parity", "--alpha", "3"], "--alpha goes with --window"),
        (["--objective", "parity"], "needs a text for each language"),
        (["--objective", "parity", "--counts", "a.txt"], "needs a text for each language"),
        (["a.txt", "b=a.txt", "--objective", "parity", "--ratio", "b=1"], "--ratio is missing for a"),
        (["a.txt", "--objective", "parity", "--ratio", "a=x"], "--ratio x: no number"),
        (["a.txt", "--objective", "parity", "--ratio", "c=1"], "--ratio c: no source has this name"),
        (["a=a.txt", "sub/a.txt", "--objective", "parity"], "two sources are called a"),
    ],
)
def test_the_command_line_refuses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], message: str
) -> None:
    isolate(tmp_path, monkeypatch)
    Path("a.txt").write_text("a text", encoding="utf-8")
    ended = call("train", *arguments)
    assert ended.code != 0
    assert message in ended.err
    assert not Path("model.json").exists()


def test_the_curve_of_training_is_that_of_all_languages() -> None:
    tokenizer = pw.train(TEXTS, 300, objective="parity")
    everything = pw.mix(TEXTS, weights=dict.fromkeys(TEXTS, 1))
    assert np.array_equal(tokenizer.curve(), tokenizer.curve(tokenizer.usage(everything)))


def test_gini_and_the_worst_premium_fall_on_the_handbook(handbook: dict[str, str]) -> None:
    names = ("en-US", "de-DE", "ru-RU", "ja-JP", "ar-MA")
    counts = {name: pw.count([handbook[name][:150_000]]) for name in names}
    as_ever = pw.train(pw.mix(counts, weights=dict.fromkeys(counts, 1)), 4096)
    alike = pw.train(counts, 4096, objective="parity")

    def spread(tokenizer: pw.Tokenizer) -> tuple[float, float]:
        found = [int(tokenizer.usage(each).sum()) for each in counts.values()]
        return gini(found), max(found) / found[0]

    assert all(fair < ever for fair, ever in zip(spread(alike), spread(as_ever), strict=True))
