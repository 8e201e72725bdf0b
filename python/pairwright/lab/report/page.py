"""A report as one page of HTML."""

from __future__ import annotations

import json
from html import escape as escaped
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from pairwright.lab.markup import STYLE, plain
from pairwright.lab.report import charts, html
from pairwright.lab.report.html import Column, table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# The page makes no request. Charts compile their formulas, which needs 'unsafe-eval'.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline' 'unsafe-eval'; img-src data:"

TITLES = {
    "comparison": "Comparison",
    "differences": "Where they differ",
    "sizes": "Sizes",
    "usage": "Usage",
    "audit": "Audit",
    "examples": "Examples",
}


def page(report: Mapping[str, Any]) -> str:
    """The page of what a report has. Raises `ImportError` if the library that draws charts is not installed."""
    library = charts.library()
    folder = files("pairwright.lab.report")
    style, script = (folder.joinpath(name).read_text(encoding="utf-8") for name in ("page.css", "page.js"))
    sections = dict(_sections(report))
    links = " ".join(f'<a href="#{name}-section">{TITLES[name]}</a>' for name in sections)
    parts = [
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n',
        f'<meta http-equiv="Content-Security-Policy" content="{escaped(POLICY)}">\n',
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n',
        f"<title>Tokenizers</title>\n<style>\n{style}{STYLE}</style></head>\n<body>\n",
        f"<h1>Tokenizers</h1>\n{_heading(report)}<nav class='control'>{links}</nav>\n",
        *(
            f'<section id="{name}-section"><h2>{TITLES[name]}</h2>\n{text}</section>\n'
            for name, text in sections.items()
        ),
        "<noscript><p>Charts and examples need JavaScript. Tables do not.</p></noscript>\n",
        _embedded("data", report),
        _embedded("charts", charts.charts(report)),
        f"<script>{harmless_script(library)}</script>\n<script>{script}</script>\n</body></html>\n",
    ]
    return "".join(parts)


def _embedded(name: str, value: object) -> str:
    """Data in a script element, which nothing in it can end."""
    text = json.dumps(value, separators=(",", ":"))
    for char in "<>&":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return f'<script type="application/json" id="{name}">{text}</script>\n'


def harmless_script(code: str) -> str:
    """JavaScript for a script element. Raises `ValueError` if it would end it."""
    if "</script" in code.lower() or "<!--" in code:
        raise ValueError("the library for charts cannot be put into a page: it has the end of a script element in it")
    return code


def _heading(report: Mapping[str, Any]) -> str:
    columns = (
        Column("tokenizer", "name"),
        Column("vocab size", "vocab_size", ",d"),
        Column("special tokens", "special_tokens", ",d"),
        Column("split pattern", "pattern", kind="token"),
    )
    texts = f"<p>Texts: {', '.join(map(plain, report['texts']))}.</p>" if report["texts"] else ""
    made = f'<p class="dim">Made by pairwright {escaped(report["pairwright"])}.</p>'
    return f"{table('tokenizers', report['tokenizers'], columns)}{texts}{made}\n"


def _sections(report: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if "comparison" in report:
        yield "comparison", html.comparison(report["comparison"])
        if report["comparison"]["pairs"]:
            yield "differences", html.differences(report["comparison"]["pairs"])
        yield "sizes", html.sizes(report["sizes"], report["texts"])
        yield "usage", html.usage(report["usage"])
    yield "audit", html.audit(report["audit"])
    if "examples" in report:
        yield "examples", html.examples(report)
