"""The sections of the page: tables, and where scripts draw charts."""

from __future__ import annotations

from html import escape as escaped
from math import log
from typing import TYPE_CHECKING, Any, NamedTuple

from pairwright.lab.markup import plain
from pairwright.lab.report.charts import MEASURES
from pairwright.lab.tables import ROWS, TOKENIZERS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    Rows = Sequence[Mapping[str, Any]]


class Column(NamedTuple):
    """A column of a table."""

    heading: str
    entry: str
    """The entry of a row that is shown."""
    form: str = "s"
    """How it is written; a column of text has the form s."""
    kind: str = ""
    """"token" for text of tokens, "long" for sentences."""


NUMERIC = ' class="n" data-numeric'

# From this number of rows on, a table can be filtered.
LONG = 12

# Paper has only the beginning of longer tables.
PAPER = 200


def table(name: str, rows: Rows, columns: Iterable[Column]) -> str:
    """A table that sorts by its headings; a long one has a field to filter by."""
    # What is not there in all rows has no column.
    shown = [each for each in columns if any(row[each.entry] is not None for row in rows)]
    headings = (f"<th{'' if each.form == 's' else NUMERIC}>{escaped(each.heading)}</th>" for each in shown)
    lines = ("".join(_cell(row[each.entry], each) for each in shown) for row in rows)
    body = "".join(f"<tr>{line}</tr>\n" for line in lines)
    is_long = len(rows) >= LONG
    made = (
        f'<div class="scroll"><table id="{name}" class="sortable{" short" if len(rows) >= PAPER else ""}"><thead><tr>'
        f"{''.join(headings)}</tr></thead><tbody>\n{body}</tbody></table></div>\n"
    )
    if not is_long:
        return made
    field = f'<input type="search" data-table="{name}" autocomplete="off">'
    return f'<p class="control"><label>Filter {field} <output></output></label></p>\n{made}'


def _cell(value: object, column: Column) -> str:
    if column.form == "s":
        text = "" if value is None else plain(str(value))
        return f'<td class="{column.kind}">{text}</td>' if column.kind else f"<td>{text}</td>"
    if value is None:
        return '<td class="n" data-value="">–</td>'
    return f'<td class="n" data-value="{value!r}">{format(value, column.form)}</td>'


def _columns(columns: Iterable[tuple[str, str, str]]) -> list[Column]:
    return [Column(*each) for each in columns]


def _chart(name: str) -> str:
    return f'<div class="chart" id="{name}"></div>\n'


def comparison(found: Mapping[str, Any]) -> str:
    """Bars of each text, and the tables of `compare`."""
    rows = found["rows"]
    options = "".join(
        f'<option value="{entry}">{escaped(words)}</option>'
        for entry, words in MEASURES.items()
        if any(row[entry] is not None for row in rows)
    )
    beside = f"<p>The reference text is {plain(found['reference'])}.</p>" if found["reference"] is not None else ""
    select = f'<p class="control"><label>Show <select id="measure" autocomplete="off">{options}</select></label></p>\n'
    summary = [Column("tokenizer", "tokenizer"), *_columns(TOKENIZERS)]
    each = [Column("text", "text"), Column("tokenizer", "tokenizer"), *_columns(ROWS)]
    return (
        f"{beside}{select}{_chart('bars')}<h3>All texts together</h3>{table('summary', found['tokenizers'], summary)}"
        f"<h3>Each text</h3>{table('rows', rows, each)}"
    )


def differences(pairs: Rows) -> str:
    """What two tokenizers share, and the pieces on which they differ most."""
    shared = [
        {
            "first": each["tokenizers"][0],
            "second": each["tokenizers"][1],
            "shared": each["shared"],
            "one": each["only"][0],
            "two": each["only"][1],
        }
        for each in pairs
    ]
    pieces = [
        {
            "pair": " / ".join(each["tokenizers"]),
            **piece,
            "first": piece["tokens"][0],
            "second": piece["tokens"][1],
            "piece": repr(piece["piece"]),
        }
        for each in pairs
        for piece in each["pieces"]
    ]
    tokens = (
        Column("first", "first"),
        Column("second", "second"),
        Column("tokens in both", "shared", ",d"),
        Column("only in the first", "one", ",d"),
        Column("only in the second", "two", ",d"),
    )
    columns = (
        Column("tokenizers", "pair"),
        Column("text", "text"),
        Column("piece", "piece", kind="token"),
        Column("times", "occurrences", ",d"),
        Column("tokens, first", "first", ",d"),
        Column("tokens, second", "second", ",d"),
        Column("difference", "difference", "+,d"),
    )
    return f"{table('shared', shared, tokens)}<h3>Pieces</h3>{table('pieces', pieces, columns)}"


SIZES = (
    Column("tokenizer", "tokenizer"),
    Column("vocab size", "vocab_size", ",d"),
    Column("tokens", "tokens", ",d"),
    Column("bytes/token", "bytes_per_token", ".3f"),
    Column("use", "use", ".1%"),
    Column("Rényi", "renyi", ".4f"),
)
COSTS = (
    Column("embedding", "embedding_share", ".1%"),
    Column("head FLOPs", "head_share", ".1%"),
    Column("FLOPs/byte", "flops_per_byte", ".4g"),
    Column("context bytes", "context_bytes", ",.0f"),
    Column("cache/byte", "cache_bytes_per_byte", ",.0f"),
)


def sizes(found: Mapping[str, Any], texts: Sequence[str]) -> str:
    """Curves of every smaller vocabulary, costs with sliders, and why a tokenizer has none."""
    refused = "".join(
        f'<p class="sentence" data-refused="{plain(name)}"><b>{plain(name)}</b> has no smaller vocabularies: '
        f"{plain(reason)}.</p>\n"
        for name, reason in found["refused"].items()
    )
    if not found["rows"]:
        return refused
    intro = (
        "<p>What the vocabulary would make of these texts had training ended at a smaller size: computed, and equal to "
        "encoding them again.</p>\n"
    )
    model = found["model"]
    if model is None:
        costs = '<p class="dim">To see what sizes cost a language model, give its width and layers.</p>\n'
    else:
        costs = _costs(found, texts)
    columns = SIZES if model is None else (*SIZES, *COSTS)
    return f"{intro}{refused}{_chart('curve')}{costs}{table('sizes', found['rows'], columns)}"


# Said where the least cost is at the end of the curve. The script says the same.
WHOLE = ", all that it has: a larger vocabulary might cost less"


def _costs(found: Mapping[str, Any], texts: Sequence[str]) -> str:
    model = found["model"]
    whole = {row["tokenizer"]: row["vocab_size"] for row in found["rows"]}

    def edge(name: str, size: int) -> str:
        return WHOLE if size == whole[name] else ""

    best = "".join(
        f'<li data-tokenizer="{plain(name)}" data-value="{size}">{plain(name)}: {size:,} ids{edge(name, size)}</li>'
        for name, size in found["best"].items()
    )
    sliders = "".join(
        f'<label>{words} <input type="range" id="{name}-slider" data-base="{base}" min="{least}" max="{most}" '
        f'step="{step}" value="{_exponent(model[name], base)}" autocomplete="off"> '
        f'<output id="{name}-value">{model[name]:,}</output></label>\n'
        for name, words, base, least, most, step in (
            ("body", "Parameters without embedding and head", 10, 5, 12.5, 0.05),
            ("width", "Width", 2, 5, 15, 0.25),
        )
    )
    rests = (
        f"This rests on {found['bytes']:,} bytes of text ({', '.join(map(plain, texts))}), on the measures above, and "
        "on one formula: 6 × (parameters + vocab size × width) ÷ bytes a token, without attention over the context. "
        "It does not say how well a model learns. Text that a tokenizer was trained on makes large vocabularies look "
        "better than they are."
    )
    return (
        f'<h3>Cost for a language model</h3>\n{sliders}{_chart("cost")}<div class="sentence">'
        f'<p>Fewest FLOPs of training for a byte, of the sizes in the chart:</p><ul id="best">{best}</ul>'
        f"<p>{rests}</p></div>\n"
    )


def _exponent(value: int, base: int) -> str:
    return f"{log(value, base):.4f}"


FACTS = (
    Column("tokenizer", "tokenizer"),
    Column("tokens", "tokens", ",d"),
    Column("vocab size", "vocab_size", ",d"),
    Column("ids that occur", "used", ",d"),
    Column("ids that never occur", "never", ",d"),
    Column("Rényi efficiency", "renyi", ".4f"),
)
MOST = (
    Column("tokenizer", "tokenizer"),
    Column("id", "id", ",d"),
    Column("token", "token", kind="token"),
    Column("times", "times", ",d"),
    Column("share", "share", ".3%"),
)


def usage(found: Mapping[str, Any]) -> str:
    """How often tokens occur in all texts."""
    return (
        f"{table('facts', found['facts'], FACTS)}<h3>Frequencies (Zipf)</h3>{_chart('zipf')}"
        f"<h3>The most frequent tokens</h3>{table('most', found['most'], MOST)}"
    )


AUDIT = (
    Column("tokenizer", "tokenizer"),
    Column("group", "group"),
    Column("", "mark"),
    Column("tokens", "tokens", ",d"),
    Column("share", "share", ".2%"),
    Column("meaning", "meaning", kind="long"),
    Column("examples", "examples", kind="token"),
)


def audit(found: Mapping[str, Any]) -> str:
    """The groups of tokens that were found."""
    rows = [{**each, "mark": "problem" if each["problem"] else ""} for each in found["groups"]]
    names: dict[str, list[str]] = {}
    for each in found["notes"]:
        names.setdefault(each["note"], []).append(each["tokenizer"])
    notes = "".join(
        f'<p class="dim">{plain(", ".join(tokenizers))}: {plain(note)}</p>\n' for note, tokenizers in names.items()
    )
    return f"{table('audit', rows, AUDIT)}{notes}"


def examples(report: Mapping[str, Any]) -> str:
    """Where a script shows a text as tokens."""
    found = report["examples"]
    texts = "".join(f'<option value="{at}">{plain(each["name"])}</option>' for at, each in enumerate(found["texts"]))
    names = "".join(
        f'<option value="{at}">{plain(each["name"])}</option>' for at, each in enumerate(report["tokenizers"])
    )
    left_out = (
        f"<p class='dim'>No room for: {', '.join(map(plain, found['left_out']))}.</p>\n" if found["left_out"] else ""
    )
    return (
        f'<p class="control"><label>Text <select id="example" autocomplete="off">{texts}</select></label>'
        '<label>Tokenizer <select id="with" autocomplete="off"><option value="">all</option>'
        f"{names}</select></label></p>\n{left_out}"
        '<div id="tokens"></div>\n<p id="about" class="token dim control">'
        "Tap a token to see its id, rank, bytes and merges.</p>\n"
    )
