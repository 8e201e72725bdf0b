"""Tokens to look at: in a terminal, in a notebook, on a page; and in which order they were merged."""

import html
import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest
from command_line import call, isolate
from hypothesis import given, settings, strategies as st

import pairwright as pw
from pairwright.lab.markup import groups, marked
from pairwright.lab.page import page as page_of

CORPUS = [
    "to be or not to be, that is the question: whether 'tis nobler",
    "日本語のテキスト, naïve café  \n\t 100",
    "aaaa aaa",
]


@pytest.fixture(scope="module")
def tok() -> pw.Tokenizer:
    return pw.train(CORPUS * 4, 330, special_tokens=["<|end|>"])


class Page(HTMLParser):
    """The elements of a page, with their attributes, and its text."""

    VOID = ("meta", "br", "wbr")

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._open.append(tag)

    def handle_data(self, data: str) -> None:
        if not self._open or self._open[-1] != "style":
            self.text += data

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop() != tag:
            pass

    def tokens(self) -> list[str]:
        """The titles of the tokens."""
        classes = ((attributes.get("class") or "", attributes) for tag, attributes in self.elements if tag == "span")
        return [
            attributes["title"] or "" for names, attributes in classes if "t" in names.split() and "title" in attributes
        ]


def applied(steps: list[pw.PieceMerges]) -> list[int]:
    """The ids after all steps, done by hand."""
    found: list[int] = []
    for piece in steps:
        ids = list(piece.start)
        for step in piece.steps:
            assert (ids[step.at], ids[step.at + 1]) == (step.left, step.right)
            ids[step.at : step.at + 2] = [step.id]
        assert tuple(ids) == piece.ids
        *_, last = piece.states() if len(piece.piece) < 1000 else [piece.ids]
        assert last == piece.ids
        found += ids
    return found


def by_list() -> pw.Tokenizer:
    # Not what ranks mean: the longer token comes first, and one token is merged in two ways.
    merges = [(b"b", b"c"), (b"a", b"bc"), (b"a", b"b"), (b"ab", b"c"), (b"e", b"e"), (b"ee", b"e"), (b" ", b"t")]
    return pw.Tokenizer.from_merges(merges, pattern="gpt2", special_tokens={"<s>": 1000})


def superwords(tok: pw.Tokenizer) -> pw.Tokenizer:
    return pw.train(CORPUS * 4, tok.vocab_size + 20, base=tok, pattern=r"\p{N}{1,3}")


def ignoring(tok: pw.Tokenizer) -> pw.Tokenizer:
    ranks = dict(tok.vocab) | {b"zzz": 500, b" question": 501}
    return pw.Tokenizer.from_ranks(ranks, pattern="cl100k", special_tokens={"<|end|>": 600}, ignore_merges=True)


def test_the_steps_of_a_word_are_its_merges_in_order() -> None:
    tok = by_list()
    (piece,) = tok.merge_steps("abcb")
    assert piece.piece == b"abcb"
    assert [(step.rank, step.at) for step in piece.steps] == [(0, 1), (1, 0)]
    assert [[tok.token_bytes(id) for id in state] for state in piece.states()] == [
        [b"a", b"b", b"c", b"b"],
        [b"a", b"bc", b"b"],
        [b"abc", b"b"],
    ]


def test_of_equal_merges_the_leftmost_happens_first() -> None:
    tok = by_list()
    (piece,) = tok.merge_steps("eeeee")
    assert [(tok.merges[step.rank], step.at) for step in piece.steps] == [
        ((b"e", b"e"), 0),
        ((b"e", b"e"), 1),
        ((b"ee", b"e"), 1),
    ]


TEXTS = st.one_of(
    st.text(max_size=40),
    st.lists(st.sampled_from([*"abcet o", " the", "que", "日本", "é", "\n", "<|end|>", "<s>", " question"])).map(
        "".join
    ),
    st.binary(max_size=40),
)


@pytest.mark.parametrize(
    "make", [lambda tok: tok, ignoring, lambda _: by_list(), superwords, lambda tok: tok.without(range(270, 280))]
)
@settings(max_examples=150)
@given(text=TEXTS)
def test_applying_the_steps_gives_the_ids_of_encode(
    tok: pw.Tokenizer, make: Callable[[pw.Tokenizer], pw.Tokenizer], text: str | bytes
) -> None:
    tok = make(tok)
    steps = tok.merge_steps(text)
    assert applied(steps) == tok.encode(text, allowed_special="all")
    assert b"".join(piece.piece for piece in steps) == tok.decode_bytes(tok.encode(text, allowed_special="all"))
    plain = tok.merge_steps(text, special="text")
    assert applied(plain) == tok.encode_ordinary(text)
    ranks = [(tok.merges[step.rank], step) for piece in steps for step in piece.steps]
    assert all(pair == (tok.token_bytes(step.left), tok.token_bytes(step.right)) for pair, step in ranks)


def test_a_piece_that_is_taken_whole_says_so(tok: pw.Tokenizer) -> None:
    other = ignoring(tok)
    assert [(piece.how, piece.steps) for piece in other.merge_steps("zzz<|end|>")] == [("whole", ()), ("special", ())]
    (first, _) = other.show("zzz<|end|>").trees or []
    assert first.note == "a whole piece; no merges give it"
    # The same bytes are merged inside a longer piece.
    (the,) = other.show(" the").trees or []
    assert the.left is not None
    assert the.right is not None
    assert other.token_bytes(the.left.id) + other.token_bytes(the.right.id) == b" the"


def test_a_long_piece_takes_no_square_of_its_length() -> None:
    tok = pw.train(["a" * 4000], 262)
    (piece,) = tok.merge_steps("a" * 100_000)
    assert applied([piece]) == tok.encode("a" * 100_000)


def test_text_that_is_normalized_is_shown_as_it_is_encoded(tok: pw.Tokenizer, tmp_path: Path) -> None:
    tok.to_huggingface(tmp_path / "tokenizer.json")
    model = json.loads((tmp_path / "tokenizer.json").read_text())
    model["normalizer"] = {"type": "NFC"}
    (tmp_path / "tokenizer.json").write_text(json.dumps(model))
    other = pw.Tokenizer.from_huggingface(tmp_path / "tokenizer.json")
    text = "cafe\u0301 to<|end|>be"
    assert applied(other.merge_steps(text)) == other.encode(text, allowed_special="all")
    assert b"".join(other.show(text).tokens).decode() == "café to<|end|>be"


def test_a_tokenizer_that_leaves_out_parts_is_shown_without_merges(tok: pw.Tokenizer, tmp_path: Path) -> None:
    tok.to_huggingface(tmp_path / "tokenizer.json")
    model = json.loads((tmp_path / "tokenizer.json").read_text())
    model["pre_tokenizer"]["pretokenizers"][0] = {
        "type": "Split", "pattern": {"Regex": " "}, "behavior": "Removed", "invert": False,
    }  # fmt: skip
    (tmp_path / "tokenizer.json").write_text(json.dumps(model))
    other = pw.Tokenizer.from_huggingface(tmp_path / "tokenizer.json")
    assert applied(other.merge_steps("to be")) == other.encode("to be")
    with pytest.raises(ValueError, match="leaves out parts of this text"):
        other.merge_steps("to be<|end|>to be")
    shown = other.show("to be<|end|>to be")
    assert shown.trees is None
    assert len(Page(shown._repr_html_()).tokens()) == len(shown)


def test_as_text_there_is_a_line_and_a_table(tok: pw.Tokenizer) -> None:
    shown = tok.show("to be\x1b<|end|>")
    assert shown.ids == tok.encode("to be\x1b<|end|>", allowed_special="all")
    assert len(shown) == len(shown.ids)
    line, _, header, *rows = str(shown).splitlines()
    assert line == "to| be|\\x1b|<|end|>"
    assert header.split() == ["id", "bytes", "text"]
    assert [int(row.split()[0]) for row in rows] == shown.ids
    assert repr(shown) == str(shown)
    assert shown.summary == "4 tokens, 13 bytes"
    assert tok.show("").summary == "0 tokens, 0 bytes"
    with pytest.raises(ValueError, match=r"<\|end\|>"):
        tok.show("to be<|end|>", special="refuse")
    assert len(tok.show("<|end|>", special="text")) > 1


def test_in_a_notebook_each_token_tells_id_rank_bytes_and_merges(tok: pw.Tokenizer) -> None:
    shown = tok.show(" the<|end|>")
    page = Page(shown._repr_html_())
    the, end = page.tokens()
    (piece, _) = shown.pieces
    rank = piece.steps[-1].rank
    first, second, *merges = the.split("\n")
    assert first == f"id {shown.ids[0]}, rank {rank}"
    assert second == "20 74 68 65 (4 bytes)"
    left, right = tok.merges[rank]
    assert merges[0] == f"' the' = {left.decode()!r} + {right.decode()!r}"
    assert len(merges) == len(piece.steps)
    assert end.split("\n")[-1] == "special token"
    assert not {tag for tag, _ in page.elements} - {"style", "div", "p", "span", "i", "wbr", "br", "b"}


def test_a_notebook_shows_the_beginning_of_a_long_text_and_a_page_all_of_it(tok: pw.Tokenizer) -> None:
    shown = tok.show(" to be" * 3000)
    assert len(shown) == 6000
    page = Page(shown._repr_html_())
    assert len(page.tokens()) == 5000
    assert page.text.endswith("… and 1,000 more tokens")
    page = Page(shown.html(merges=True))
    assert len(page.tokens()) == 6000
    assert "more tokens" not in page.text
    assert repr(tok) in page.text
    assert "Merges" in page.text
    assert "Merges" not in Page(shown.html()).text


def test_tokens_that_share_a_character_are_together(tok: pw.Tokenizer) -> None:
    assert list(groups([b"a\xe6", b"\x97", b"\xa5b", b"\xff", b"\xc3", b"x"])) == [
        (0, 3, "日"), (3, 4, ""), (4, 5, ""), (5, 6, ""),
    ]  # fmt: skip
    assert list(groups([b"\xc3", b"\xa9\xc3", b"\xa9"])) == [(0, 3, "éé")]
    page = Page(tok.show("\U0001f600")._repr_html_())
    titles = [attributes.get("title") for tag, attributes in page.elements if attributes.get("class") == "c"]
    assert titles == ["4 tokens share U+1F600"]
    assert "\\xf0\\x9f\\x98\\x80\U0001f600" in page.text


@pytest.mark.parametrize(
    ("token", "expected"),
    [
        (b" a\tb\r\n", "·a→b␍↵"),
        (b"\x00\x1b[31m", "\\x00\\x1b[31m"),
        ("\u202e\u200d\u00a0\u115f".encode(), "\\u202e\\u200d\\xa0\\u115f"),
        (b"\xe2\x80", "\\xe2\\x80"),
        ("\u0301a".encode(), "◌\u0301a"),
        (b"<script>&\"'", "<script>&\"'"),
    ],
)
def test_what_cannot_be_seen_is_made_visible(token: bytes, expected: str) -> None:
    assert Page(marked(token)).text == expected
    assert "<script" not in marked(token)


HOSTILE = [
    '</span></div></style><script>alert(1)</script><img src=x onerror="alert(1)">',
    "'\"><b>&lt;&#10;",
    "\ud800\x00\u202e",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_neither_text_nor_names_are_markup(text: str) -> None:
    name = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    tok = pw.train([text, *CORPUS], 300, special_tokens=[name])
    for treatment in ("allow", "text"):
        page = Page(tok.show(text, special=treatment)._repr_html_())
        assert not {tag for tag, _ in page.elements} - {"style", "div", "p", "span", "i", "wbr", "br", "b"}
        assert all(set(attributes) <= {"class", "title"} for _, attributes in page.elements)
        assert all(char.isprintable() or char == "\n" for char in page.text)
    whole = Page(page_of({text: tok.show(text, special="text")}, merges=True))
    assert {tag for tag, _ in whole.elements}.isdisjoint({"script", "img", "a", "iframe", "link"})
    assert all(
        attribute in ("class", "title", "content", "charset", "http-equiv", "name", "lang")
        for _, each in whole.elements
        for attribute in each
    )


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tok: pw.Tokenizer) -> None:
    isolate(tmp_path, monkeypatch)
    tok.save("model.json")
    tok.first(280).save("small.json")


@pytest.mark.usefixtures("work")
def test_several_tokenizers_are_shown_one_below_the_other(tok: pw.Tokenizer) -> None:
    alone = call("show", "model.json", "to be")
    ended = call("show", "model.json", "to be", "--with", "half=small.json")
    assert (ended.code, ended.err) == (0, "")
    out = ended.out.decode()
    assert out.startswith("model: 2 tokens, 5 bytes\n" + alone.out.decode())
    number = len(tok.first(280).encode("to be"))
    assert f"\n\nhalf: {number} tokens, 5 bytes\n" in out
    ended = call("show", "model.json", "to be", "--with", "model.json")
    assert (ended.code, ended.err.splitlines()[0]) == (2, "error: two tokenizers are called model")


@pytest.mark.usefixtures("work")
def test_a_page_has_all_tokenizers_and_makes_no_request(tok: pw.Tokenizer) -> None:
    text = "to be 日本\n\u202e<|end|></script>"
    arguments = ["show", "model.json", text, "--with", "small.json", "--html", "--merges"]
    printed = call(*arguments)
    ended = call(*arguments, "--out", "page.html")
    assert (ended.code, ended.out, ended.err) == (0, b"", "")
    content = Path("page.html").read_text(encoding="utf-8")
    assert content == printed.out.decode()
    page = Page(content)
    ids = [*tok.encode(text, allowed_special="all"), *tok.first(280).encode(text, allowed_special="all")]
    assert [int(re.match(r"id ([\d,]+)", title)[1].replace(",", "")) for title in page.tokens()] == ids  # type: ignore[index]
    assert "//" not in content
    assert "url(" not in content
    assert "default-src 'none'" in html.unescape(content)
    assert content.count("<h3>Merges</h3>") == 2


@pytest.mark.usefixtures("work")
def test_merges_are_told_for_each_piece_once(tok: pw.Tokenizer) -> None:
    ended = call("show", "model.json", " the the<|end|>", "--merges")
    assert (ended.code, ended.err) == (0, "")
    _, _, header, first, *rows = ended.out.decode().splitlines()
    assert header.split() == ["step", "rank", "merge", "tokens"]
    assert first.split() == ["0", "'", "the'", "×", "2", "|t|h|e"]
    (piece, _, _) = tok.merge_steps(" the the<|end|>")
    assert [int(row.split()[1]) for row in rows[: len(piece.steps)]] == [step.rank for step in piece.steps]
    assert rows[len(piece.steps) :] == ["   0        '<|end|>': a special token  <|end|>"]


@pytest.mark.usefixtures("work")
def test_out_goes_with_html() -> None:
    ended = call("show", "model.json", "to be", "--out", "page.html")
    assert (ended.code, ended.err.splitlines()[1]) == (2, "hint: add --html, or redirect with >")
    assert not Path("page.html").exists()
    ended = call("show", "model.json", "to be", "--html", "--out", "none/page.html")
    assert ended.code == 1
