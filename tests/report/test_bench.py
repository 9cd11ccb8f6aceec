"""The page of a suite, from plain figures alone."""

from __future__ import annotations

from bertkit.report.bench import BenchPage, PlotRow, draw, text


def test_an_empty_page_renders() -> None:
    page = text(BenchPage("mine", "", (1,), ("task", "figure"), (), failed={"a, seed 1": "no <rows>"}))
    assert "mine: benchmark" in page
    assert "no &lt;rows&gt;" in page
    assert "<svg" not in page


def test_shares_and_errors_have_plots_of_their_own() -> None:
    rows = [
        PlotRow("a", "test/accuracy", 0.8, [0.7, 0.9], (0.6, 1.0), [0.85]),
        PlotRow("b", "test/mse", 12.5, [12.5]),
        PlotRow("c", "test/pearson", -0.2, [-0.2]),
    ]
    shares, errors = draw(rows)
    assert "pearson" in shares
    assert "mse" in errors
