"""The charts of a report, as Vega-Lite says them. `data` names the part of the report that each draws."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pairwright import libraries

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LIBRARY = "the page of a report is drawn with vl-convert-python: pip install 'pairwright[report]'"

# Colours follow those of the page, light, dark or paper.
INK = "currentColor"
CONFIG = {
    "background": "transparent",
    "view": {"stroke": None},
    "font": "system-ui, sans-serif",
    "axis": {
        "labelColor": INK,
        "titleColor": INK,
        "domainColor": INK,
        "tickColor": INK,
        "gridColor": INK,
        "gridOpacity": 0.15,
        "titleFontWeight": "normal",
    },
    "legend": {"labelColor": INK, "titleColor": INK, "orient": "top", "title": None, "columns": 3, "labelLimit": 150},
}

# The height of a bar in pixels; of many bars one that still fits a sheet of paper.
THICK = 12
THIN = 7
MANY = 60

MEASURES = {
    "bytes_per_token": "bytes a token (more is shorter)",
    "premium": "premium: tokens over those of the reference text (1 is fair)",
    "tokens_per_word": "tokens a word",
    "characters_per_token": "characters a token",
}
"""What bars can show, by the entry of a row that has it."""

FLOPS = "6 * (body + datum.vocab_size * model_width) / datum.bytes_per_token"
"""The formula of `pairwright.lab.cost.cost`, for the measures that the sliders give."""


def library() -> str:
    """Vega, Vega-Lite and Vega-Embed as JavaScript. Raises `ImportError` with a hint if they are not installed."""
    bundle: str = libraries.load("vl_convert", note=LIBRARY).javascript_bundle()
    return bundle


def charts(report: Mapping[str, Any]) -> dict[str, Any]:
    """The charts of a report, by the id of the element that they go into."""
    names = [each["name"] for each in report["tokenizers"]]
    found: dict[str, Any] = {}
    if "comparison" in report:
        found["bars"] = _bars(names, len(report["texts"]))
    if report.get("sizes", {}).get("rows"):
        found["curve"] = _curve(names)
        if report["sizes"]["model"] is not None:
            found["cost"] = _cost(names, report["sizes"]["model"])
    if "usage" in report:
        found["zipf"] = _zipf(names)
    return found


def _chart(data: str, **parts: object) -> dict[str, Any]:
    return {"data": {"name": data}, "width": "container", "config": CONFIG, **parts}


def _colour(names: Sequence[str]) -> dict[str, Any]:
    return {"field": "tokenizer", "type": "nominal", "scale": {"domain": names, "scheme": "tableau10"}}


def _number(field: str, title: str, form: str = ",.3~f") -> dict[str, Any]:
    return {"field": field, "type": "quantitative", "title": title, "format": form}


def _logarithmic(field: str, title: str, base: int = 10) -> dict[str, Any]:
    scale = {"type": "log", "base": base, "nice": False}
    axis = {"format": ",d", "labelOverlap": True}
    return {"field": field, "type": "quantitative", "title": title, "scale": scale, "axis": axis}


TOKENIZER = {"field": "tokenizer", "title": "tokenizer"}


def _bars(names: Sequence[str], texts: int) -> dict[str, Any]:
    return _chart(
        "comparison.rows",
        height=texts * ((THICK if texts * len(names) <= MANY else THIN) * len(names) + 6),
        params=[{"name": "measure", "value": "bytes_per_token"}],
        transform=[{"calculate": "datum[measure]", "as": "value"}, {"filter": "isValid(datum.value)"}],
        mark="bar",
        encoding={
            "y": {"field": "text", "type": "nominal", "sort": None, "title": None, "axis": {"labelLimit": 120}},
            "yOffset": {"field": "tokenizer", "type": "nominal", "sort": names},
            "x": {"field": "value", "type": "quantitative", "title": None},
            "color": _colour(names),
            "tooltip": [{"field": "text", "title": "text"}, TOKENIZER, _number("value", "value", ",.4~f")],
        },
    )


def _curve(names: Sequence[str]) -> dict[str, Any]:
    return _chart(
        "sizes.rows",
        height=260,
        transform=[{"filter": "isValid(datum.bytes_per_token)"}],
        mark={"type": "line", "point": {"size": 25}},
        encoding={
            "x": _logarithmic("vocab_size", "size of the vocabulary", 2),
            "y": {
                "field": "bytes_per_token",
                "type": "quantitative",
                "title": "bytes a token",
                "scale": {"zero": False},
            },
            "color": _colour(names),
            "tooltip": [
                TOKENIZER,
                _number("vocab_size", "size", ",d"),
                _number("bytes_per_token", "bytes a token"),
                _number("tokens", "tokens", ",d"),
            ],
        },
    )


def _cost(names: Sequence[str], model: Mapping[str, Any]) -> dict[str, Any]:
    x = _logarithmic("vocab_size", "size of the vocabulary", 2)
    y = {
        "field": "flops",
        "type": "quantitative",
        "title": "FLOPs of training a byte",
        "scale": {"zero": False},
        "axis": {"format": "~s"},
    }
    tooltip = [TOKENIZER, _number("vocab_size", "size", ",d"), _number("flops", "FLOPs a byte", ".4~s")]
    least = [
        {"joinaggregate": [{"op": "min", "field": "flops", "as": "least"}], "groupby": ["tokenizer"]},
        {"filter": "datum.flops === datum.least"},
    ]
    return _chart(
        "sizes.rows",
        height=260,
        # The name "width" is that of the chart's.
        params=[{"name": "body", "value": model["body"]}, {"name": "model_width", "value": model["width"]}],
        transform=[{"filter": "isValid(datum.bytes_per_token)"}, {"calculate": FLOPS, "as": "flops"}],
        encoding={"x": x, "y": y, "color": _colour(names)},
        layer=[
            {"mark": {"type": "line", "point": {"size": 20}}, "encoding": {"tooltip": tooltip}},
            {
                "transform": least,
                "mark": {"type": "point", "filled": True, "size": 130},
                "encoding": {"tooltip": tooltip},
            },
            {
                "transform": least,
                "mark": {"type": "text", "dy": -14, "fontWeight": "bold"},
                "encoding": {"text": {"field": "vocab_size", "format": ",d"}},
            },
        ],
    )


def _zipf(names: Sequence[str]) -> dict[str, Any]:
    return _chart(
        "usage.curve",
        height=260,
        mark="line",
        encoding={
            "x": _logarithmic("place", "place by frequency"),
            "y": _logarithmic("times", "times"),
            "color": _colour(names),
            "tooltip": [TOKENIZER, _number("place", "place", ",d"), _number("times", "times", ",d")],
        },
    )
