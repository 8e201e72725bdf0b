"""The page of a report in a browser: no error, charts drawn, and the numbers shown are those of the JSON."""

import json
import re
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from browser import chromium, opened

import pairwright as pw

pytest.importorskip("vl_convert", reason="draws the charts of a report: pip install 'pairwright[report]'")

ENGLISH = ["to be or not to be, that is the question: whether 'tis nobler in the mind to suffer"] * 4
GERMAN = ["Sein oder Nichtsein, das ist hier die Frage: ob's edler im Gemüt, die Pfeil und Schleudern"] * 4
HOSTILE = "</script>'\"<b>"

# What a reader does: moves sliders, sorts and filters a table, chooses a measure and an example, taps a token.
ACTIONS = """
(async () => {
  const after = () => new Promise((done) => setTimeout(done, 300));
  while (!document.documentElement.dataset.ready) await after();
  const set = (id, value, event) => {
    const element = document.getElementById(id);
    element.value = value;
    element.dispatchEvent(new Event(event));
  };
  const told = {};
  const entry = (item) => [item.dataset.tokenizer, Number(item.dataset.value)];
  const best = () => [...document.querySelectorAll("#best li")].map(entry);
  told.before = Object.fromEntries(best());
  told.words = document.getElementById("best").textContent;
  set("body-slider", 9, "input");
  set("width-slider", 12, "input");
  told.after = Object.fromEntries(best());
  told.wordsAfter = document.getElementById("best").textContent;
  set("measure", "premium", "change");
  set("example", "0", "change");
  set("with", "1", "change");
  const rows = () => [...document.querySelector("#most").tBodies[0].rows].filter((row) => !row.hidden);
  document.querySelectorAll("#most th")[3].click();
  told.ascending = rows().map((row) => Number(row.cells[3].dataset.value));
  document.querySelectorAll("#most th")[3].click();
  told.descending = rows().map((row) => Number(row.cells[3].dataset.value));
  const filter = document.querySelector("input[data-table=most]");
  filter.value = "small";
  filter.dispatchEvent(new Event("input"));
  told.filtered = rows().map((row) => row.cells[0].textContent);
  document.querySelector("#tokens .t").click();
  told.about = document.getElementById("about").textContent;
  told.tokens = [...document.querySelectorAll("#tokens .pairwright")].map((each) => Number(each.dataset.tokens));
  await after();
  document.body.dataset.told = JSON.stringify(told);
})();
"""


class Drawn(HTMLParser):
    """What each chart says of its marks, and the attributes of the root and the body."""

    def __init__(self, document: str) -> None:
        super().__init__()
        self.marks: dict[str, list[str]] = {}
        self.root: dict[str, str | None] = {}
        self.body: dict[str, str | None] = {}
        self.tokens: list[str] = []
        self._chart = ""
        self.feed(document)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "html":
            self.root = given
        if tag == "body":
            self.body = given
        if tag == "div" and (given.get("class") or "").split()[:1] == ["chart"]:
            self._chart = given["id"] or ""
            self.marks[self._chart] = []
        if self._chart and tag == "path" and "aria-label" in given:
            self.marks[self._chart].append(given["aria-label"] or "")
        if tag == "div" and "data-tokens" in given:
            self.tokens.append(given["data-tokens"] or "")

    def entries(self, chart: str) -> list[dict[str, str]]:
        """The marks as what they say, by its title."""
        return [dict(part.split(": ", 1) for part in mark.split("; ")) for mark in self.marks[chart] if "; " in mark]


def number(text: str) -> float:
    units = {"k": 1e3, "M": 1e6, "G": 1e9, "µ": 1e-6, "m": 1e-3}
    text = text.replace(",", "").replace("\u2212", "-")
    return float(text[:-1]) * units[text[-1]] if text[-1] in units else float(text)


@pytest.fixture(scope="module")
def report() -> pw.Report:
    large = pw.train(ENGLISH + GERMAN, 350, special_tokens=["<|end|>"])
    toks = {HOSTILE: large, "small": large.first(300)}
    texts = {"en": ENGLISH, HOSTILE: GERMAN}
    model = pw.LanguageModel(width=64, layers=2)
    return pw.report(toks, texts, "en", model=model, examples={"mine": "être 日本"}, threads=1)


def test_the_page_draws_the_numbers_of_the_json(report: pw.Report, tmp_path: Path) -> None:
    report.save(tmp_path / "report.html")
    document, said = opened(tmp_path / "report.html", tmp_path / "profile")
    assert said == []
    drawn = Drawn(document)
    assert drawn.root["data-ready"] == "true"
    data = report.to_dict()
    rows = data["comparison"]["rows"]
    bars = {(mark["text"], mark["tokenizer"]): number(mark["value"]) for mark in drawn.entries("bars")}
    assert bars == {(row["text"], row["tokenizer"]): pytest.approx(row["bytes_per_token"]) for row in rows}
    rows = data["sizes"]["rows"]
    points = {(mark["tokenizer"], number(mark["size"])): mark for mark in drawn.entries("curve") if "size" in mark}
    costs = {(mark["tokenizer"], number(mark["size"])): mark for mark in drawn.entries("cost") if "size" in mark}
    assert set(points) == set(costs) == {(row["tokenizer"], row["vocab_size"]) for row in rows}
    for row in rows:
        place = row["tokenizer"], row["vocab_size"]
        assert number(points[place]["bytes a token"]) == pytest.approx(row["bytes_per_token"])
        assert number(points[place]["tokens"]) == row["tokens"]
        assert number(costs[place]["FLOPs a byte"]) == pytest.approx(row["flops_per_byte"], rel=1e-3)
    assert drawn.entries("zipf")
    assert len(drawn.tokens) == 2


def test_sliders_tables_and_examples_work(report: pw.Report, tmp_path: Path) -> None:
    start, end, rest = report.html().rpartition("</body>")
    page = f"{start}<script>{ACTIONS}</script>{end}{rest}"
    (tmp_path / "report.html").write_text(page, encoding="utf-8")
    document, said = opened(tmp_path / "report.html", tmp_path / "profile")
    assert said == []
    drawn = Drawn(document)
    told: dict[str, Any] = json.loads(drawn.body["data-told"] or "")
    data = report.to_dict()
    assert told["before"] == data["sizes"]["best"]
    written = re.search(r'<ul id="best">(.*?)</ul>', report.html())
    assert written is not None
    assert told["words"] == unescape(re.sub("<[^>]*>", "", written[1]))
    edge = sum(told["after"][each["name"]] == each["vocab_size"] for each in data["tokenizers"])
    assert told["wordsAfter"].count("a larger vocabulary might cost less") == edge

    def cost(row: dict[str, Any]) -> float:
        return float(6 * (10**9 + row["vocab_size"] * 2**12) / row["bytes_per_token"])

    rows = data["sizes"]["rows"]
    own = {name: [row for row in rows if row["tokenizer"] == name] for name in told["after"]}
    assert told["after"] == {name: min(each, key=cost)["vocab_size"] for name, each in own.items()}
    costs = {(mark["tokenizer"], number(mark["size"])): mark for mark in drawn.entries("cost") if "size" in mark}
    for row in rows:
        shown = number(costs[row["tokenizer"], row["vocab_size"]]["FLOPs a byte"])
        assert shown == pytest.approx(cost(row), rel=1e-3)
    bars = {(mark["text"], mark["tokenizer"]): number(mark["value"]) for mark in drawn.entries("bars")}
    assert bars == {
        (row["text"], row["tokenizer"]): pytest.approx(row["premium"]) for row in data["comparison"]["rows"]
    }
    times = [each["times"] for each in data["usage"]["most"]]
    assert told["ascending"] == sorted(times)
    assert told["descending"] == sorted(times, reverse=True)
    assert set(told["filtered"]) == {"small"}
    groups = data["examples"]["texts"][0]["tokenizers"]["small"]
    ids = [token for group in groups for token in ([group] if isinstance(group, int) else group["ids"])]
    assert told["tokens"] == [len(ids)]
    shown, content, *_ = data["examples"]["tokens"]["small"][str(ids[0])]
    first, second, third, *_ = told["about"].split("\n")
    assert first == shown
    assert re.match(rf"id {ids[0]:,}\b", second)
    assert third.startswith(bytes.fromhex(content).hex(" "))


def test_the_page_of_show_has_no_error_either(tmp_path: Path) -> None:
    from pairwright.lab.page import page

    tok = pw.train(ENGLISH, 300)
    content = page({HOSTILE: tok.show("to be\u202e日本</script>")}, merges=True)
    (tmp_path / "page.html").write_text(content, encoding="utf-8")
    document, said = opened(tmp_path / "page.html", tmp_path / "profile")
    assert said == []
    assert document.count("<section>") == 1


def test_an_error_of_a_page_would_be_seen(tmp_path: Path) -> None:
    chromium()
    (tmp_path / "page.html").write_text("<script>nonesuch()</script>", encoding="utf-8")
    _, said = opened(tmp_path / "page.html", tmp_path / "profile")
    assert "nonesuch is not defined" in "".join(said)
