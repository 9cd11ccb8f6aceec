"""The page of a comparison."""

from __future__ import annotations

import re

from bertkit.report.compare import page
from tests.understand.compared import comparison


def cells(text: str) -> list[str]:
    return re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", text)


def test_a_page_of_two_runs() -> None:
    text = page(comparison())
    assert "<title>small and large · bertkit</title>" in text
    assert "accuracy: small is ahead by 0.2000; a difference as large would come by chance with p = 0.2500." in text
    found = cells(text)
    assert {"0.6000 (0.2000 to 1.0000)", "-0.2000", "-0.6000 to +0.2000", "McNemar, exact"} <= set(found)
    assert {"only small right", "40.0%", "delivery (0.50)", "small, right"} <= set(found)
    assert "Lower is better: log_loss." in text
    assert "Holm" not in text
    assert text.count("<svg") == 1
    assert "small is better on 2 rows" in text
    assert "large is better on 1 row<" in text


def test_texts_are_escaped_and_nothing_is_loaded() -> None:
    text = page(comparison())
    assert "where is my &lt;b&gt;parcel&lt;/b&gt;" in text
    assert "<b>" not in text
    assert not re.search(r"<(script|link|img|iframe)|src=|url\((?!#)", text)


def test_a_page_of_three_runs() -> None:
    text = page(comparison(third=True))
    assert "<title>small, large and again · bertkit</title>" in text
    assert "p (Holm)" in cells(text)
    assert "large less small" in text
    assert "again less small" in text
    assert "accuracy: no difference." in text
    assert text.count("<svg") == 2


def test_a_page_without_verdicts_and_without_figures() -> None:
    text = page(comparison(verdicts=False, p=float("nan")))
    assert "better on" not in text
    assert "undefined" in cells(text)
