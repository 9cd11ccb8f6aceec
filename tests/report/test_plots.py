"""Plots: the same values give the same bytes, text stays text, and nothing is left that would clash in a page."""

from __future__ import annotations

import re
import subprocess
import sys
import warnings
from xml.etree import ElementTree

import pytest
from markupsafe import Markup

from bertkit.report import plots

MANY = {
    "lines": lambda: plots.lines([("a", [1, 2], [0.5, 0.25]), ("b", [1, 2], [1, 2])], title="北京 <t>", x="step"),
    "bars": lambda: plots.bars(["1-2", "x"], [1, 2], title="t", errors=[(0, 1), (1, 0)], notes=["7", "$9"], top=3),
    "reliability": lambda: plots.reliability([0.2, 0.9], [0.1, 0.8], [3, 1200], title="t"),
    "rates": lambda: plots.rates([("a", [0, 1], [1, 0]), ("b", [0, 1], [0, 1])], title="t", x="recall", y="precision"),
    "scatter": lambda: plots.scatter([1.0, 2.0], [2.0, 1.0], title="t", x="right", y="given"),
}


def test_rates_have_a_legend_of_any_names() -> None:
    series = [(name, [0.0, 0.5, 1.0], [1.0, 0.8, 0.4]) for name in ("0.5  _a", "<b>", "$x$")]
    text = plots.rates(series, title="R", x="recall", y="precision", steps=True, diagonal=True)
    assert {"0.5  _a</text>", "&lt;b&gt;</text>", "$x$</text>"} <= set(re.findall(r"[^>]*</text>", text))
    assert plots.rates([], title="R", x="x", y="y") == ""


@pytest.mark.parametrize("name", MANY)
def test_a_plot_is_one_svg_the_same_each_time(name: str) -> None:
    svg = MANY[name]()
    assert isinstance(svg, Markup)
    assert svg == MANY[name]()
    root = ElementTree.fromstring(svg)
    assert root.tag.endswith("svg") and root.get("width") is None and root.get("viewBox")
    for word in (plots.INK, "font-family", "<style", "metadata", "DejaVu", "<!DOCTYPE"):
        assert word not in svg
    assert "currentColor" in svg


def test_text_stays_text_and_is_escaped() -> None:
    svg = MANY["lines"]()
    assert ">北京 &lt;t&gt;</text>" in svg
    assert 'aria-label="北京 &lt;t&gt;"' in svg
    assert ">$9</text>" in MANY["bars"]()
    assert ">1,200</text>" in MANY["reliability"]()


def test_no_warning_of_glyphs() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        MANY["lines"]()


def test_ids_of_two_plots_differ_and_all_that_is_named_is_there() -> None:
    first, second = MANY["lines"](), MANY["scatter"]()
    ids = [set(re.findall(r' id="([^"]+)"', svg)) for svg in (first, second)]
    assert ids[0] and ids[1] and not ids[0] & ids[1]
    for svg, own in zip((first, second), ids, strict=True):
        assert {a or b for a, b in re.findall(r'url\(#([^)]+)\)|href="#([^"]+)"', svg)} <= own


def test_what_is_no_number_is_left_out_and_nothing_gives_nothing() -> None:
    none = [("a", [1, 2], [None, float("nan")])]
    assert plots.lines(none, title="t", x="") == ""  # type: ignore[list-item]
    assert plots.lines([], title="t", x="") == plots.bars([], [], title="t") == ""
    assert plots.reliability([], [], [], title="t") == plots.scatter([], [], title="t", x="", y="") == ""
    assert plots.lines([*none, ("b", [1], [2.0])], title="t", x="") == plots.lines([("b", [1], [2.0])], title="t", x="")  # type: ignore[list-item]


def test_pyplot_stays_away_and_settings_stay() -> None:
    code = """
import sys, matplotlib
from bertkit.report import plots
before = {name: matplotlib.rcParams[name] for name in plots.SETTINGS}
plots.scatter([1], [2], title="t", x="", y="")
assert {name: matplotlib.rcParams[name] for name in plots.SETTINGS} == before
assert "matplotlib.pyplot" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)
