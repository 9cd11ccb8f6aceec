"""Pages: one file with everything inside, and nothing of a text becomes markup."""

from __future__ import annotations

import re
from pathlib import Path

import jinja2
import pytest

import bertkit
from bertkit.report import page


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for templates beside the package's own."""
    loader = jinja2.ChoiceLoader([jinja2.FileSystemLoader(tmp_path), jinja2.FileSystemLoader(page.TEMPLATES)])
    monkeypatch.setattr(page._environment(), "loader", loader)
    return tmp_path


def test_a_page_has_all_in_itself(own: Path) -> None:
    (own / "a.html").write_text('{% extends "base.html" %}{% block body %}<p>{{ said }}</p>{% endblock %}', "utf-8")
    text = page.render("a.html", title="<my> run", said="a < b & 北京")
    assert text.startswith("<!DOCTYPE html>")
    assert "<title>&lt;my&gt; run · bertkit</title>" in text
    assert "<p>a &lt; b &amp; 北京</p>" in text
    assert f"bertkit {bertkit.__version__}" in text
    assert "prefers-color-scheme: dark" in text and "@media print" in text and 'name="viewport"' in text
    assert not re.search(r"https?://|<script|<link|@import|url\(", text)


def test_what_hides_is_shown_and_what_is_long_is_cut(own: Path) -> None:
    (own / "d.html").write_text(
        '{% extends "base.html" %}{% block body %}<p>{{ said }}</p><pre>{{ all|whole }}</pre>{% endblock %}', "utf-8"
    )
    text = page.render("d.html", title="a", said="\u202ea\x1b[2J\n" + "b" * 10**6, all="<a>\n" + "b" * 10**5)
    assert "<p>\\u202ea\\x1b[2J\\nbbb" in text
    assert "(998,007 characters left out)" in text
    assert "<pre>&lt;a&gt;\n" + "b" * 10**5 + "</pre>" in text


def test_a_value_that_is_not_given_is_an_error(own: Path) -> None:
    (own / "b.html").write_text('{% extends "base.html" %}{% block body %}{{ unknown }}{% endblock %}', "utf-8")
    with pytest.raises(jinja2.UndefinedError, match="unknown"):
        page.render("b.html", title="a")


def test_parts(own: Path) -> None:
    body = """{% import "parts.html" as parts %}{{ parts.table(("a", "b"), [("<x>", 1)], numbers=(1,), long=(0,)) }}
    {{ parts.figure("") }}{{ parts.matrix(["p", "q"], {("p", "p"): 3, ("p", "q"): 1}, {"p": 4}) }}"""
    (own / "c.html").write_text(body, "utf-8")
    text = page.render("c.html")
    assert '<th>a</th><th class="n">b</th>' in text
    assert '<td class="long">&lt;x&gt;</td><td class="n">1</td>' in text
    assert "<figure>" not in text
    assert text.count('class="hit"') == 2
    assert 'rgba(var(--heat), 0.54)">3</td>' in text  # 0.08 + 0.62 * 3 / 4


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.925, "0.9250"),
        (3080, "3,080"),
        (48.92787, "48.9279"),
        (1539.0, "1,539"),
        (1.0, "1.0000"),
        (None, "undefined"),
        (float("nan"), "undefined"),
        (0, "0"),
        (-3.5, "-3.5000"),
        (100.0, "100"),
    ],
)
def test_numbers(value: float | None, text: str) -> None:
    assert page.number(value) == text
