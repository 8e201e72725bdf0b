"""A report: one page whose numbers are those of its JSON, which needs nothing else, and which no text breaks."""

import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from command_line import call, isolate

import pairwright as pw
from pairwright import libraries

pytest.importorskip("vl_convert", reason="draws the charts of a report: pip install 'pairwright[report]'")

ENGLISH = ["to be or not to be, that is the question: whether 'tis nobler in the mind to suffer"] * 4
GERMAN = ["Sein oder Nichtsein, das ist hier die Frage: ob's edler im Gemüt, die Pfeil und Schleudern"] * 4
MODEL = pw.LanguageModel(width=64, layers=2, tied=True)


@pytest.fixture(scope="module")
def toks() -> dict[str, pw.Tokenizer]:
    large = pw.train(ENGLISH + GERMAN, 350, special_tokens=["<|end|>"])
    return {"large": large, "small": large.first(290)}


@pytest.fixture(scope="module")
def found(toks: dict[str, pw.Tokenizer]) -> pw.Report:
    texts = {"en": ENGLISH, "de": GERMAN}
    return pw.report(toks, texts, "en", model=MODEL, examples={"mine": "être 日本 <|end|>"}, threads=1)


class Page(HTMLParser):
    """What a page has: scripts by id, tables as rows of cells with their values, all attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.scripts: dict[str, str] = {}
        self.tables: dict[str, list[list[str]]] = {}
        self.attributes: list[tuple[str, str, str]] = []
        self.ids: list[str] = []
        self.text = ""
        self._script: str | None = None
        self._table = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.attributes += [(tag, name, value) for name, value in given.items()]
        self.ids += [given["id"]] if "id" in given else []
        if tag in ("script", "style"):
            self._script = given.get("id", f"{tag} {len(self.scripts)}")
        if tag == "table":
            self._table = given["id"]
            self.tables[self._table] = []
        if tag == "tr":
            self.tables[self._table].append([])
        if tag == "td":
            self.tables[self._table][-1].append(given.get("data-value", ""))

    def handle_data(self, data: str) -> None:
        if self._script is not None:
            self.scripts[self._script] = data
        else:
            self.text += data
            if self._table and self.tables[self._table] and self.tables[self._table][-1]:
                self.tables[self._table][-1][-1] = self.tables[self._table][-1][-1] or data

    def handle_endtag(self, tag: str) -> None:
        if tag in ("script", "style"):
            self._script = None
        if tag == "table":
            self._table = ""

    def rows(self, table: str) -> list[list[str]]:
        """The rows of a table without its head."""
        return [row for row in self.tables[table] if row]


def test_the_report_has_what_each_verb_finds(found: pw.Report, toks: dict[str, pw.Tokenizer]) -> None:
    data = found.to_dict()
    alone = pw.compare(toks, {"en": ENGLISH, "de": GERMAN}, "en")
    assert data["comparison"] == json.loads(json.dumps(alone.to_dict()))
    for name, tok in toks.items():
        usage = tok.usage([*ENGLISH, *GERMAN])
        rows = [row for row in data["sizes"]["rows"] if row["tokenizer"] == name]
        sizes = pw.sizes(tok, usage, [row["vocab_size"] for row in rows], model=MODEL)
        assert rows == [{"tokenizer": name, **row} for row in sizes.rows]
        assert data["sizes"]["best"][name] == sizes.best
        assert rows[-1]["vocab_size"] == tok.vocab_size
        (facts,) = (each for each in data["usage"]["facts"] if each["tokenizer"] == name)
        assert facts["tokens"] == usage.sum()
        assert facts["used"] == np.count_nonzero(usage)
        curve = [(each["place"], each["times"]) for each in data["usage"]["curve"] if each["tokenizer"] == name]
        ordered = sorted(usage.tolist(), reverse=True)
        assert all(ordered[place - 1] == times for place, times in curve)
        assert curve[0][0] == 1
        assert curve[-1][0] == facts["used"]
        most = [each for each in data["usage"]["most"] if each["tokenizer"] == name]
        assert [each["times"] for each in most] == [times for times in ordered if times][:200]
        assert all(usage[each["id"]] == each["times"] for each in most)
        audit = tok.audit(usage=usage)
        groups = {each["group"]: each["tokens"] for each in data["audit"]["groups"] if each["tokenizer"] == name}
        assert groups == {group: len(ids) for group, ids in audit.groups.items() if len(ids)}
    assert data["sizes"]["bytes"] == sum(len(text.encode()) for text in ENGLISH + GERMAN)
    assert repr(found) == "Report(2 tokenizers: comparison, sizes, usage, audit, examples)"


def test_examples_are_the_ids_of_each_tokenizer(found: pw.Report, toks: dict[str, pw.Tokenizer]) -> None:
    examples = found.to_dict()["examples"]
    texts = {"mine": "être 日本 <|end|>", "en": ENGLISH[0], "de": GERMAN[0]}
    assert [each["name"] for each in examples["texts"]] == list(texts)
    for example in examples["texts"]:
        for name, tok in toks.items():
            groups = example["tokenizers"][name]
            ids = [token for group in groups for token in ([group] if isinstance(group, int) else group["ids"])]
            assert ids == tok.encode_ordinary(texts[example["name"]])
    for name, tok in toks.items():
        for token, (shown, content, *merge) in examples["tokens"][name].items():
            assert bytes.fromhex(content) == tok.token_bytes(int(token))
            assert all(char.isprintable() for char in shown)
            if merge:
                rank, left, right = merge
                assert tok.merges[rank] == (tok.token_bytes(left), tok.token_bytes(right))
                assert {str(left), str(right)} <= set(examples["tokens"][name])
    shared = [group for group in examples["texts"][0]["tokenizers"]["large"] if not isinstance(group, int)]
    assert [len(group["ids"]) for group in shared if group["char"] == "本"] == [3]


def test_the_numbers_of_the_page_are_those_of_the_json(found: pw.Report) -> None:
    page = Page(found.html())
    data = found.to_dict()
    assert json.loads(page.scripts["data"]) == data
    for table, rows, entries in (
        ("sizes", data["sizes"]["rows"], ("vocab_size", "tokens", "bytes_per_token", "flops_per_byte")),
        ("rows", data["comparison"]["rows"], ("tokens", "bytes_per_token", "premium", "renyi")),
        ("summary", data["comparison"]["tokenizers"], ("tokens", "gini")),
        ("facts", data["usage"]["facts"], ("tokens", "used", "never", "renyi")),
        ("most", data["usage"]["most"], ("id", "times", "share")),
        ("audit", data["audit"]["groups"], ("tokens", "share")),
    ):
        shown = page.rows(table)
        assert len(shown) == len(rows)
        for cells, row in zip(shown, rows, strict=True):
            assert {repr(row[entry]) for entry in entries} <= set(cells)
            assert row["tokenizer"] in cells
    best = [value for tag, name, value in page.attributes if (tag, name) == ("li", "data-value")]
    assert list(map(int, best)) == list(data["sizes"]["best"].values())
    assert page.text.count("a larger vocabulary might cost less") == sum(
        size == data["tokenizers"][at]["vocab_size"] for at, size in enumerate(data["sizes"]["best"].values())
    )
    charts = json.loads(page.scripts["charts"])
    assert set(charts) == {"bars", "curve", "cost", "zipf"}
    assert set(charts) <= set(page.ids)
    assert len(set(page.ids)) == len(page.ids)


def test_the_page_needs_nothing_else(found: pw.Report) -> None:
    content = found.html()
    page = Page(content)
    assert len(content.encode()) < 2_000_000
    for tag, name, value in page.attributes:
        assert name not in ("src", "srcset", "data", "action", "background", "poster"), (tag, name, value)
        assert name != "href" or value.startswith("#")
        assert "://" not in value
    assert not {tag for tag, _, _ in page.attributes} & {"link", "img", "iframe", "object", "base", "form"}
    styles = "".join(text for name, text in page.scripts.items() if name.startswith("style"))
    assert "@import" not in styles
    assert "url(" not in styles
    policy = next(value for tag, name, value in page.attributes if (tag, name) == ("meta", "content"))
    assert policy.startswith("default-src 'none';")
    assert "connect-src" not in policy


def test_sections_appear_only_for_what_was_given(toks: dict[str, pw.Tokenizer]) -> None:
    alone = pw.report({"large": toks["large"]})
    assert set(alone.to_dict()) == {"pairwright", "tokenizers", "texts", "audit"}
    assert alone.comparison is None
    assert list(alone.audits) == ["large"]
    page = Page(alone.html())
    assert "audit-section" in page.ids
    assert {"sizes-section", "comparison-section", "usage-section", "examples-section"}.isdisjoint(page.ids)
    assert "examples" in pw.report({"large": toks["large"]}, examples={"a": b"\xff"}).to_dict()
    one = pw.report({"large": toks["large"]}, {"en": ENGLISH})
    page = Page(one.html())
    assert "differences-section" not in page.ids
    assert "cost" not in json.loads(page.scripts["charts"])
    assert "best" not in page.ids
    assert "give its width and layers" in page.text
    for argument in ({"reference": "en"}, {"context": 5}, {"headroom": True}):
        with pytest.raises(ValueError, match=f"{next(iter(argument))}=.* there are none"):
            pw.report(toks, **argument)


def test_a_vocabulary_without_smaller_ones_has_a_sentence_with_the_reason() -> None:
    ranks = {bytes([byte]): byte for byte in range(256)} | {b"bc": 257, b"abc": 256, b"d ": 258}
    odd = pw.Tokenizer.from_ranks(ranks, pattern="gpt2")
    with pytest.raises(ValueError, match="larger id") as reason:
        odd.curve(odd.usage(["abc"]))
    other = pw.train(ENGLISH, 270)
    found = pw.report({"odd": odd, "other": other}, {"en": ["abc d " * 9]}, model=MODEL)
    assert found.to_dict()["sizes"]["refused"] == {"odd": str(reason.value)}
    page = Page(found.html())
    assert f"odd has no smaller vocabularies: {reason.value}." in page.text
    assert {row[0] for row in page.rows("sizes")} == {"other"}
    alone = Page(pw.report({"odd": odd}, {"en": ["abc d " * 9]}, model=MODEL).html())
    assert "odd has no smaller vocabularies" in alone.text
    assert "sizes" not in alone.tables


HOSTILE = [
    "</script><script>alert(1)</script><!--<img src=x onerror='alert(\"1\")'>",
    "\"'><b>&lt;&amp;\\u003c ${x} `",
    "a.b[c]\u2028\u202e\x00\udcff",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_neither_texts_nor_names_break_the_page(name: str) -> None:
    text = name.encode("utf-8", "replace") + b"\xff\xc3 \xe6\x97"
    special = name.encode("utf-8", "replace").decode()
    tok = pw.train([text * 9, *ENGLISH], 300, special_tokens=[special])
    toks = {name: tok, f"{name}2": tok.first(280)}
    found = pw.report(toks, {name: [text * 9], "en": ENGLISH}, model=MODEL, examples={f"{name}3": text})
    page = Page(found.html())
    plain = Page(
        pw.report(
            {"a": tok, "b": tok.first(280)}, {"c": [text * 9], "en": ENGLISH}, model=MODEL, examples={"d": text}
        ).html()
    )
    assert json.loads(page.scripts["data"]) == found.to_dict()
    assert [row["tokenizer"] for row in found.to_dict()["comparison"]["tokenizers"]] == list(toks)
    # The same elements, whatever the names and texts are.
    assert [(tag, key) for tag, key, _ in page.attributes] == [(tag, key) for tag, key, _ in plain.attributes]
    assert page.ids == plain.ids
    assert list(page.scripts) == list(plain.scripts)
    assert "\x00" not in page.text
    assert "\u202e" not in page.text


def test_what_examples_have_no_room_for_is_named(
    toks: dict[str, pw.Tokenizer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pairwright.lab.report.examples.ROOM", 0)
    monkeypatch.setattr("pairwright.lab.report.examples.LEAST", 3000)
    texts = {f"text {number}": " ".join(ENGLISH) for number in range(5)}
    found = pw.report(toks, examples=texts)
    examples = found.to_dict()["examples"]
    assert [*(each["name"] for each in examples["texts"]), *examples["left_out"]] == list(texts)
    assert examples["left_out"]
    assert f"No room for: {', '.join(examples['left_out'])}." in Page(found.html()).text


def test_a_page_of_many_languages_is_below_two_megabytes(data: Callable[[str], Path]) -> None:
    vocab = data("vocab")
    names = {"cl100k_base": "cl100k", "o200k_base": "o200k", "p50k_base": "gpt2", "r50k_base": "gpt2"}
    toks = {
        name: pw.Tokenizer.from_tiktoken(vocab / f"{name}.tiktoken", pattern=pattern) for name, pattern in names.items()
    }
    toks["short"] = toks["cl100k_base"].first(32768)
    texts = {each.stem: [each.read_bytes()[:50_000]] for each in sorted(data("handbook").glob("*.txt"))}
    assert len(texts) == 26
    found = pw.report(toks, texts, "en-US", model=MODEL, examples={"mine": "être 日本"})
    assert len(found.html().encode()) < 2_000_000
    examples = found.to_dict()["examples"]
    assert len(examples["texts"]) >= 5
    assert {*(each["name"] for each in examples["texts"]), *examples["left_out"]} == {"mine", *texts}


def test_without_the_library_the_error_says_what_to_install(
    found: pw.Report, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    real = libraries.load
    monkeypatch.setattr(libraries, "load", lambda _, *, note: real("no_such_library", note=note))
    with pytest.raises(ModuleNotFoundError) as error:
        found.save(tmp_path / "report.html")
    assert "pip install 'pairwright[report]'" in str(getattr(error.value, "__notes__", ""))
    assert not (tmp_path / "report.html").exists()
    assert found.to_dict()


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, toks: dict[str, pw.Tokenizer]) -> None:
    isolate(tmp_path, monkeypatch)
    toks["large"].save("large.json")
    toks["small"].save("small.json")
    Path("en.txt").write_text("\n".join(ENGLISH), encoding="utf-8")
    Path("de.txt").write_text("\n".join(GERMAN), encoding="utf-8")


@pytest.mark.usefixtures("work")
def test_the_command_writes_the_page_and_its_json(toks: dict[str, pw.Tokenizer]) -> None:
    arguments = ["report", "large.json", "tiny=small.json", "--on", "en=en.txt", "--on", "German=de.txt", "--lines"]
    arguments += ["--reference", "en", "--width", "64", "--layers", "2", "--tied", "--example", "être"]
    ended = call(*arguments, "--out", "r.html", "--json", "r.json")
    assert (ended.code, ended.out) == (0, b"")
    content = Path("r.html").read_bytes()
    assert ended.err == f"wrote r.html: {len(content):,} bytes\n"
    data = json.loads(Path("r.json").read_text())
    assert json.loads(Page(content.decode()).scripts["data"]) == data
    texts = {"en": ENGLISH, "German": GERMAN}
    same = {"large": toks["large"], "tiny": toks["small"]}
    expected = pw.report(same, texts, "en", model=MODEL, examples={"être": "être"}).to_dict()
    for each in (*data["comparison"]["pairs"], *expected["comparison"]["pairs"]):
        del each["documents"]  # These are named by files.
    assert data == expected
    printed = call(*arguments, "--out", "-", "--quiet")
    assert (printed.out, printed.err) == (content, "")


@pytest.mark.usefixtures("work")
def test_examples_have_names_of_their_own() -> None:
    long = "to be or not to be, that is the question: whether"
    given = [long, f"{long[:-1]}R", "a\nb", "", "a\nb"]
    options = [word for text in given for word in ("--example", text)]
    assert call("report", "large.json", *options, "--out", "r.html", "--json", "r.json").code == 0
    names = [each["name"] for each in json.loads(Path("r.json").read_text())["examples"]["texts"]]
    beginning = "to be or not to be, that is the question… (49 characters)"
    assert names == [beginning, f"{beginning} 2", "a b", "(empty)"]


@pytest.mark.usefixtures("work")
@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["--out", "r.html", "--width", "5"], "--width is a measure of a language model, which needs both"),
        (["--out", "r.html", "--tied"], "--tied is said of a language model, which is not given"),
        (["--out", "r.html", "--reference", "en"], "--reference en: none of the texts"),
        (["--out", "r.html", "--json", "r.html"], "--out and --json name the same file"),
        (["--on", "en.txt", "--out", "en.txt"], "en.txt is an input, and --out would replace it"),
        (["--on", "en.txt", "--out", "r.html", "--json", "en.txt"], "en.txt is an input, and --json would replace it"),
    ],
)
def test_command_lines_that_cannot_be_meant(arguments: list[str], error: str) -> None:
    ended = call("report", "large.json", *arguments)
    assert (ended.code, ended.err.splitlines()[0]) == (2, f"error: {error}")
    assert not Path("r.html").exists()
    assert re.match("hint: ", ended.err.splitlines()[1])
