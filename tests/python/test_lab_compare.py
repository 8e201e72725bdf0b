"""Comparing tokenizers on texts: every number by hand or by a plain count, and clear errors."""

import json
import math
import pickle
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

import pairwright as pw
from pairwright.lab.words import words

ENGLISH = ["the cat sat on the mat", "the dog!", "a  dog_1 = 12;\n"]
GERMAN = ["die Katze saß auf der Matte", "der Hund!", "ein  hund_1 = 12;\n"]

SMALL = pw.train(ENGLISH * 3, 270, special_tokens=["<|end|>"])
LARGE = pw.train([*ENGLISH, *GERMAN] * 3, 290, "o200k")
TOKENIZERS = {"small": SMALL, "large": LARGE}
TEXTS = {"en": ENGLISH, "de": GERMAN}


@pytest.fixture(scope="module")
def compared() -> pw.Comparison:
    return pw.compare(TOKENIZERS, TEXTS, "en", context=8)


def ids_of(tok: pw.Tokenizer, texts: list[str]) -> list[int]:
    return [id for text in texts for id in tok.encode_ordinary(text)]


def test_there_is_a_row_for_each_text_and_tokenizer(compared: pw.Comparison) -> None:
    names = [(row["text"], row["tokenizer"]) for row in compared.rows]
    assert names == [("en", "small"), ("en", "large"), ("de", "small"), ("de", "large")]
    assert list(compared) == compared.rows
    assert (compared.reference, compared.context) == ("en", 8)
    assert repr(compared) == "Comparison(2 tokenizers, 2 texts)"


def test_counts_and_ratios(compared: pw.Comparison) -> None:
    tokens = {}
    for row in compared.rows:
        texts, tok = TEXTS[row["text"]], TOKENIZERS[row["tokenizer"]]
        ids = ids_of(tok, texts)
        tokens[row["text"], row["tokenizer"]] = len(ids)
        assert row["documents"] == 3
        assert row["bytes"] == sum(len(text.encode()) for text in texts)
        assert row["characters"] == sum(map(len, texts))
        assert row["words"] == sum(len(words(text)) for text in texts) == 11
        assert row["tokens"] == len(ids)
        assert row["bytes_per_token"] == row["bytes"] / len(ids)
        assert row["characters_per_token"] == row["characters"] / len(ids)
        assert row["tokens_per_word"] == len(ids) / 11
        assert row["premium"] == len(ids) / tokens["en", row["tokenizer"]]
        assert row["normalized_length"] == len(ids) / tokens[row["text"], "small"]
        assert (row["headroom"], row["megabytes_per_second"]) == (None, None)
    assert tokens["de", "small"] != tokens["en", "small"]


def test_what_the_histogram_tells(compared: pw.Comparison) -> None:
    for row in compared.rows:
        tok = TOKENIZERS[row["tokenizer"]]
        ids = ids_of(tok, TEXTS[row["text"]])
        shares = [number / len(ids) for number in Counter(ids).values()]
        entropy = -sum(p * math.log2(p) for p in shares)
        renyi = math.log2(sum(p**2.5 for p in shares)) / (1 - 2.5)
        assert row["entropy"] == pytest.approx(entropy)
        assert row["renyi_entropy"] == pytest.approx(renyi)
        assert row["renyi"] == pytest.approx(renyi / math.log2(len(shares)))
        assert row["bits_per_byte"] == pytest.approx(entropy * len(ids) / row["bytes"])
        assert (row["used"], row["use"]) == (len(shares), len(shares) / tok.vocab_size)
        tokens = [tok.token_bytes(id) for id in ids]
        assert row["single_bytes"] == sum(len(token) == 1 for token in tokens) / len(ids)
        assert row["fragments"] == sum(not is_utf8(token) for token in tokens) / len(ids)
        usage = compared.usage(row["tokenizer"], row["text"])
        assert usage.tolist() == tok.usage(TEXTS[row["text"]]).tolist()


def is_utf8(token: bytes) -> bool:
    return "\ufffd" not in token.decode(errors="replace")


def test_sequences(compared: pw.Comparison) -> None:
    for row in compared.rows:
        lengths = TOKENIZERS[row["tokenizer"]].count_batch(TEXTS[row["text"]])
        assert row["longest"] == row["p99"] == lengths.max()
        assert row["beyond_context"] == (lengths > 8).sum()
    assert compared.rows[0]["beyond_context"] in (1, 2)


def test_single_token_words(compared: pw.Comparison) -> None:
    for row in compared.rows:
        tok = TOKENIZERS[row["tokenizer"]]
        types = {word for text in TEXTS[row["text"]] for word in words(text)}
        single = [word for word in types if 1 in (tok.count(word), tok.count(" " + word))]
        assert row["word_types"] == len(types)
        assert row["single_token_words"] == len(single) / len(types)
    assert 0 < compared.rows[0]["single_token_words"] < 1


def test_tokens_of_digits_white_space_and_symbols() -> None:
    tok = pw.Tokenizer.from_merges([(b"1", b"2"), (b" ", b" "), (b"=", b"="), (b" ", b"==")], pattern="gpt2")
    # 12|3, three spaces as two and one, " ==", "=", x, é in two parts.
    row = pw.compare({"tok": tok}, {"text": ["123   x ===é"]}).rows[0]
    assert row["tokens"] == 9
    assert (row["digits"], row["bytes_per_digits"]) == (2 / 9, 1.5)
    assert (row["white_space"], row["bytes_per_white_space"]) == (2 / 9, 1.5)
    assert (row["symbols"], row["bytes_per_symbols"]) == (2 / 9, 2)
    assert (row["single_bytes"], row["fragments"]) == (6 / 9, 2 / 9)


def test_all_texts_together(compared: pw.Comparison) -> None:
    for each in compared.tokenizers:
        rows = [row for row in compared.rows if row["tokenizer"] == each["tokenizer"]]
        one, other = (row["tokens"] for row in rows)
        assert each["tokens"] == one + other
        assert each["bytes_per_token"] == sum(row["bytes"] for row in rows) / (one + other)
        # Of two numbers the coefficient is their difference over twice their sum.
        assert each["gini"] == pytest.approx(abs(one - other) / (2 * (one + other)))
        assert each["worst_premium"] == max(1, other / one)
        assert each["vocab_size"] == TOKENIZERS[each["tokenizer"]].vocab_size
    assert compared.tokenizers[0]["worst_text"] == "de"


def test_without_a_reference_costs_are_by_the_byte() -> None:
    compared = pw.compare(TOKENIZERS, {"en": ENGLISH, "de": GERMAN[:1]})
    for each in compared.tokenizers:
        one, other = (row["tokens"] / row["bytes"] for row in compared.rows if row["tokenizer"] == each["tokenizer"])
        assert each["gini"] == pytest.approx(abs(one - other) / (2 * (one + other)))
        assert (each["worst_text"], each["worst_premium"]) == (None, None)
    assert {row["premium"] for row in compared.rows} == {None}
    assert pw.compare(TOKENIZERS, {"en": ENGLISH}).tokenizers[0]["gini"] is None


def test_drift(compared: pw.Comparison) -> None:
    found = compared.drift("en", "de")
    assert set(found) == {"small", "large"}
    for name, tok in TOKENIZERS.items():
        p, q = (np.array(tok.usage(texts), float) / len(ids_of(tok, texts)) for texts in TEXTS.values())
        expected = bits((p + q) / 2) - (bits(p) + bits(q)) / 2
        assert found[name] == pytest.approx(expected)
    assert [row["drift"] for row in compared.rows] == [0, 0, found["small"], found["large"]]
    assert compared.drift("de", "de")["small"] == pytest.approx(0)
    for name in ("fr", "small"):
        with pytest.raises(KeyError, match=name):
            compared.drift("en", name)
    with pytest.raises(KeyError, match="none of"):
        compared.usage("en", "en")


def bits(shares: np.ndarray[Any, Any]) -> float:
    seen = shares[shares > 0]
    return float(-(seen * np.log2(seen)).sum())


def test_shared_tokens(compared: pw.Comparison) -> None:
    (pair,) = compared.pairs
    assert (pair.first, pair.second) == ("small", "large")
    both = set(SMALL.vocab) & set(LARGE.vocab)
    assert {SMALL.token_bytes(a) for a, _ in pair.shared} == both
    assert all(SMALL.token_bytes(a) == LARGE.token_bytes(b) for a, b in pair.shared)
    assert pair.only_first == len(SMALL.vocab) - len(both)
    assert pair.only_second == len(LARGE.vocab) - len(both)


def test_pieces_with_the_largest_difference(compared: pw.Comparison) -> None:
    (pair,) = compared.pairs
    sizes = [abs(piece.difference) for piece in pair.pieces]
    assert sizes == sorted(sizes, reverse=True)
    assert len({piece.piece for piece in pair.pieces}) == len(sizes)
    assert min(sizes) > 0
    for piece in pair.pieces:
        assert piece.tokens == (SMALL.count(piece.piece), LARGE.count(piece.piece))
        assert piece.difference == piece.occurrences * (piece.tokens[1] - piece.tokens[0])
        assert sum(text.count(piece.piece.decode()) for text in TEXTS[piece.text]) >= piece.occurrences


def test_documents_with_the_largest_difference() -> None:
    texts = [f"{'the cat ' * number}der Hund" for number in (1, 9, 3, 0, 7)]
    (pair,) = pw.compare(TOKENIZERS, {"text": texts}).pairs
    differences = [abs(SMALL.count(text) - LARGE.count(text)) for text in texts]
    found = [abs(document.tokens[1] - document.tokens[0]) for _, document in pair.documents]
    assert found == sorted((each for each in differences if each), reverse=True)[:3]
    assert all(place.place.startswith("<texts>, text ") for _, place in pair.documents)


def test_equal_tokenizers_do_not_differ() -> None:
    (pair,) = pw.compare({"a": SMALL, "b": SMALL}, TEXTS).pairs
    assert (pair.pieces, pair.documents, pair.only_first) == ([], [], 0)


def test_headroom() -> None:
    compared = pw.compare(TOKENIZERS, TEXTS, headroom=True)
    for row in compared.rows:
        tok, texts = TOKENIZERS[row["tokenizer"]], TEXTS[row["text"]]
        with pytest.warns(pw.FewerMergesWarning) if row["tokenizer"] == "large" else nothing():
            best = pw.train(texts, len(tok.vocab), tok.pattern)
        assert row["headroom"] == row["tokens"] / sum(best.count(text) for text in texts)
        assert row["headroom"] >= 1


def nothing() -> Any:
    from contextlib import nullcontext

    return nullcontext()


def test_speed_is_told_if_asked_for() -> None:
    compared = pw.compare(TOKENIZERS, TEXTS, speed=True)
    assert all(row["megabytes_per_second"] > 0 for row in compared.rows)


def test_the_result_is_json_and_the_same_each_time(compared: pw.Comparison) -> None:
    again = pw.compare(TOKENIZERS, {"en": iter(ENGLISH), "de": iter(GERMAN)}, "en", context=8, threads=1)
    assert again.to_dict() == compared.to_dict()
    assert json.loads(json.dumps(compared.to_dict(), allow_nan=False)) == compared.to_dict()
    assert set(compared.to_dict()) == {"reference", "context", "rows", "tokenizers", "pairs"}


def test_the_table(compared: pw.Comparison) -> None:
    lines = str(compared).splitlines()
    heading = " ".join(lines[0].split())
    assert heading.startswith(
        "text tokenizer tokens bytes/token tokens/word premium beyond context Rényi bits/byte fragments"
    )
    assert heading.endswith("one-token words use drift p99 longest")
    row = compared.rows[3]
    assert lines[4].split()[:5] == [
        *("de", "large", str(row["tokens"])),
        *(f"{row['bytes_per_token']:.3f}", f"{row['tokens_per_word']:.3f}"),
    ]
    assert "all texts" in lines
    assert any(line.startswith("small and large: ") for line in lines)
    assert not any(line.endswith(" ") for line in lines)
    assert "premium" not in str(pw.compare(TOKENIZERS, TEXTS))


def test_a_table_steers_no_terminal() -> None:
    compared = pw.compare({"\x1b[31m": SMALL, "[red]b": LARGE}, {"a\x07": ["die Katze\x1b[0m"]})
    assert not set(str(compared)) & {"\x1b", "\x07"}
    assert "[red]b" in str(compared)


@given(st.lists(st.text() | st.binary(), min_size=1).filter(any))
@settings(max_examples=50)
def test_any_text_can_be_compared(texts: list[str | bytes]) -> None:
    compared = pw.compare(TOKENIZERS, {"text": pw.texts(texts)}, "text")
    for row in compared.rows:
        assert row["tokens"] == sum(TOKENIZERS[row["tokenizer"]].count(text) for text in texts)
        assert row["premium"] == 1
    json.dumps(compared.to_dict(), allow_nan=False)
    assert str(compared)


def test_special_tokens_in_text_are_plain_text() -> None:
    row = pw.compare({"tok": SMALL}, {"text": ["<|end|>"]}).rows[0]
    assert row["tokens"] == len(SMALL.encode_ordinary("<|end|>")) > 1


def test_text_without_a_word_has_no_fertility() -> None:
    row = pw.compare({"tok": SMALL}, {"text": ["!!!"]}).rows[0]
    assert (row["words"], row["word_types"]) == (0, 0)
    assert (row["tokens_per_word"], row["single_token_words"]) == (None, None)


def test_files_are_read_block_by_block(tmp_path: Path) -> None:
    path = tmp_path / "lines.txt"
    path.write_text("\n".join(f"the cat {number} sat" for number in range(400_000)))
    assert path.stat().st_size > 7_000_000
    events: list[Any] = []
    corpus = pw.Corpus(path, path, lines=True)
    row = pw.compare({"tok": SMALL}, {"text": corpus}, progress=events.append).rows[0]
    assert row["documents"] == 800_000
    assert row["words"] == 4 * 800_000
    assert len(events) > 1
    assert all(a.read <= b.read and a.documents <= b.documents for a, b in pairwise(events))
    assert events[-1].read == events[-1].total == 2 * path.stat().st_size
    assert events[-1].tokens == row["tokens"]
    with pytest.raises(pw.StoppedError):
        pw.compare({"tok": SMALL}, {"text": corpus}, progress=lambda _: False)


def test_a_document_that_one_cannot_split_counts_for_none(tmp_path: Path) -> None:
    path = tmp_path / "lines.txt"
    path.write_text("fine\n" + "a" * 64 + "\nfine, too\n")
    bad = pw.Tokenizer.from_merges([], pattern=r"(a|a)*\1c|\w+|\W")
    tokenizers = {"small": SMALL, "bad": bad}
    with pytest.raises(pw.DocumentError, match="line 2: bad cannot split it"):
        pw.compare(tokenizers, {"text": pw.Corpus(path, lines=True)})
    with pytest.warns(pw.SkippedWarning, match="line 2"):
        compared = pw.compare(tokenizers, {"text": pw.Corpus(path, lines=True, on_error="skip")})
    assert {row["documents"] for row in compared.rows} == {2}
    assert {row["bytes"] for row in compared.rows} == {len("finefine, too")}


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (([SMALL], TEXTS), TypeError, "tokenizers must be a dict of names and tokenizers, not list"),
        ((SMALL, TEXTS), TypeError, "tokenizers must be a dict"),
        (({}, TEXTS), ValueError, "tokenizers is empty"),
        (({"a": "cl100k_base"}, TEXTS), TypeError, "tokenizers\\['a'\\] must be a Tokenizer"),
        (({1: SMALL}, TEXTS), TypeError, "a name in tokenizers must be a str"),
        (({"": SMALL}, TEXTS), ValueError, "a name in tokenizers is empty"),
        ((TOKENIZERS, ENGLISH), TypeError, "texts must be a dict of names and texts, not list"),
        ((TOKENIZERS, "corpus.txt"), TypeError, "texts must be a dict"),
        ((TOKENIZERS, {}), ValueError, "texts is empty"),
        ((TOKENIZERS, {"en": 5}), TypeError, "source must be"),
        ((TOKENIZERS, {"en": pw.count(ENGLISH)}), TypeError, "texts\\['en'\\] must be text, not Counts"),
        ((TOKENIZERS, {"en": "no-such-file.txt"}), FileNotFoundError, "no-such-file.txt"),
        ((TOKENIZERS, {"en": []}), ValueError, "the text 'en' is empty"),
        ((TOKENIZERS, {"en": ["", b""]}), ValueError, "the text 'en' is empty"),
        ((TOKENIZERS, TEXTS, "fr"), ValueError, "reference='fr': is none of the texts 'en', 'de'"),
        ((TOKENIZERS, TEXTS, 5), TypeError, "reference must be a str"),
        ((TOKENIZERS, TEXTS | {"de": GERMAN[:2]}, "en"), ValueError, "'de' has 2 documents and .* 'en' has 3"),
        ((TOKENIZERS, {"de": GERMAN[:2], "en": ENGLISH}, "en"), ValueError, "'de' has 2 documents"),
    ],
)
def test_what_is_wrong_is_refused(arguments: tuple[Any, ...], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        pw.compare(*arguments)


@pytest.mark.parametrize(
    ("option", "value"),
    [("context", 0), ("context", "8k"), ("headroom", 1), ("speed", None), ("threads", 0), ("progress", 5)],
)
def test_wrong_options_are_refused(option: str, value: object) -> None:
    options: dict[str, Any] = {option: value}
    with pytest.raises((TypeError, ValueError), match=option):
        pw.compare(TOKENIZERS, TEXTS, **options)


def test_an_error_in_a_source_tells_which_it_is() -> None:
    wrong: list[tuple[Any, str]] = [(5, "source must be"), (["der", None], "text 1 must be str or bytes, not NoneType")]
    for source, message in wrong:
        with pytest.raises(TypeError, match=message) as caught:
            pw.compare(TOKENIZERS, {"en": ENGLISH, "de": source})
        assert "in texts['de']" in caught.value.__notes__


def test_columns_of_arrow_and_parquet_files_are_texts(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"text": ENGLISH}), tmp_path / "en.parquet")
    sources: dict[str, Any] = {"list": ENGLISH, "arrow": pa.array(ENGLISH), "parquet": tmp_path / "en.parquet"}
    rows = pw.compare({"small": SMALL}, sources).rows
    same = [{key: value for key, value in row.items() if key not in ("text", "drift")} for row in rows]
    assert same[0] == same[1] == same[2]


def test_a_comparison_survives_pickling(compared: pw.Comparison) -> None:
    again = pickle.loads(pickle.dumps(compared))
    assert again.to_dict() == compared.to_dict()
    assert again.drift("en", "de") == compared.drift("en", "de")


@pytest.mark.parametrize("width", [60, 80, 200])
def test_a_narrow_screen_shows_the_columns_that_fit_and_names_the_others(compared: pw.Comparison, width: int) -> None:
    from rich.console import Console

    from pairwright.lab.tables import tables

    screen = Console(width=width, markup=False)
    with screen.capture() as captured:
        screen.print(next(tables(compared, width)))
    shown = captured.get()
    assert f"{compared.rows[0]['bytes_per_token']:.3f}" in shown
    assert ("no room for" in shown) == (width < 200)
    assert ("longest" in shown.splitlines()[0]) == (width == 200)
    assert max(map(len, shown.splitlines())) <= width
