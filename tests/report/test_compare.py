"""The page of a comparison."""

from __future__ import annotations

import re
from dataclasses import replace

from bertkit.report.compare import better_rows, marked_names, outcomes_table, page, summary
from bertkit.tasks.task import Verdict
from bertkit.understand.compare import Comparison, Contrast, Scored
from bertkit.understand.outcomes import count, ranked
from tests.understand.compared import comparison


def cells(text: str) -> list[str]:
    return re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", text)


def test_a_page_of_two_runs() -> None:
    text = page(comparison().record())
    assert "<title>small and large · bertkit</title>" in text
    assert "accuracy: small is better by 0.2000 (p = 0.2500)." in text
    table_cells = set(cells(text))
    assert {"0.6000 (0.2000 to 1.0000)", "-0.2000", "-0.6000 to +0.2000", "McNemar, exact"} <= table_cells
    assert {"only small right", "40.0%", "delivery (0.50)", "small, right", "support", "refund"} <= table_cells
    assert "Lower is better: log_loss." in text
    assert "Holm" not in text
    assert text.count("<svg") == 1
    assert "small is better on 2 rows" in text
    assert "large is better on 1 row<" in text


def test_texts_are_escaped_and_nothing_is_loaded() -> None:
    text = page(comparison().record())
    assert "where is my &lt;b&gt;parcel&lt;/b&gt;" in text
    assert "<b>" not in text
    assert not re.search(r"<(script|link|img|iframe)|src=|url\((?!#)", text)


def test_warnings_stand_at_the_top() -> None:
    small = replace(comparison().runs[0], warnings=["small, test: no <better>"])
    warned = replace(comparison(), runs=[small, *comparison().runs[1:]], warnings=["few rows"])
    text = page(warned.record())
    assert text.index("<li>few rows</li>") < text.index("<li>small, test: no &lt;better&gt;</li>")
    assert text.index("no &lt;better&gt;") < text.index("small is better by")
    assert "<th>small [2]</th><th>large</th>" in text
    assert marked_names(warned.record()) == ["small [2]", "large"]
    assert "Warnings" not in page(comparison().record())


def test_each_run_has_the_numbers_of_its_warnings() -> None:
    small, large = comparison().runs
    runs = [replace(small, warnings=["small: b"]), replace(large, warnings=["large: c", "large: d"])]
    record = replace(comparison(), runs=runs, warnings=["a"]).record()
    assert record["warnings"] == ["a", "small: b", "large: c", "large: d"]
    assert marked_names(record) == ["small [2]", "large [3] [4]"]
    for run in record["runs"].values():
        del run["warnings"]  # a record from before
    assert marked_names(record) == ["small", "large"]


def test_a_page_of_three_runs() -> None:
    text = page(comparison(third=True).record())
    assert "<title>small, large and again · bertkit</title>" in text
    assert "p (Holm)" in cells(text)
    assert "large minus small" in text
    assert "again minus small" in text
    assert "accuracy: no difference." in text
    assert text.count("<svg") == 2


def test_a_page_without_verdicts_and_without_figures() -> None:
    text = page(comparison(verdicts=False, p=float("nan")).record())
    assert "better on" not in text
    assert "undefined" in cells(text)


def test_summary() -> None:
    two, three = comparison().record()["comparisons"][0], comparison(third=True).record()["comparisons"][0]
    assert summary(two) == "accuracy: small is better by 0.2000 (p = 0.2500)."
    assert summary(three) == "accuracy: small is better by 0.2000 (p = 0.5000)."  # the corrected one
    equal = comparison(third=True).record()["comparisons"][1]
    assert summary(equal) == "accuracy: no difference."
    two["figures"][0]["difference"] = float("nan")
    assert summary(two) == "accuracy is undefined for one of the two Runs."


def test_the_better_one_of_a_loss_has_the_lower_one() -> None:
    two = comparison().record()["comparisons"][0]
    two["figures"] = [two["figures"][1] | {"difference": 0.5}]
    assert summary(two).startswith("log_loss: small is better by 0.5000")


def test_outcomes() -> None:
    record = comparison().record()
    assert outcomes_table(record, record["comparisons"][0])[1] == ("only small right", "2", "40.0%")


def test_the_right_answer_has_no_column_where_one_run_gave_it() -> None:
    record = comparison().record()
    small, large = better_rows(record, record["comparisons"][0], rows=1, text=12, answer=40)
    assert (small.name, small.count, small.header) == ("small", 2, ["small, right", "large"])
    assert small.rows == [[2, "the parcel…", "delivery (0.90)", "refund (0.80)"]]
    assert (large.name, large.count, large.header) == ("large", 1, ["small", "large, right"])
    assert large.rows == [[3, "my money ba…", "delivery (0.60)", "refund (0.90)"]]


def test_the_right_answer_of_rows_that_are_partly_right() -> None:
    sides = [[Verdict("text", "right", f"answer {score}", score)] for score in (0.5, 0.4)]
    runs = [Scored(name, {}, {}, own) for name, own in zip(("small", "large"), sides, strict=True)]
    record = Comparison("test", [{}], runs, [Contrast("small", "large", [], count(*sides), ranked(*sides))]).record()
    small, large = better_rows(record, record["comparisons"][0], rows=5, text=40, answer=8)
    assert small.header == ["right", "small", "large"]
    assert small.rows == [[1, "text", "right", "answer…", "answer…"]]
    assert (large.count, large.rows) == (0, [])
