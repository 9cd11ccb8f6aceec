"""Bounds against scipy, and known answers."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest, bootstrap

from bertkit.metrics import METRICS
from bertkit.metrics.resamples.bounds import Share, bca, share_of, span_of_share, wilson


@pytest.mark.parametrize(("right", "rows"), [(0, 7), (3, 10), (45, 50), (50, 50), (812, 1000)])
def test_wilson_is_scipys(right: int, rows: int) -> None:
    theirs = binomtest(right, rows).proportion_ci(0.95, method="wilson")
    assert wilson(right, rows) == pytest.approx((theirs.low, theirs.high), abs=1e-12)
    low, high = wilson(right, rows)
    assert low <= right / rows <= high


def test_bca_is_scipys() -> None:
    """A skewed mean: both use the same resamples."""
    rows = np.random.default_rng(0).lognormal(size=40)
    theirs = bootstrap((rows,), np.mean, n_resamples=4000, method="BCa", rng=np.random.default_rng(1))
    left_out = (rows.sum() - rows) / (len(rows) - 1)
    low, high = bca(theirs.bootstrap_distribution, float(rows.mean()), left_out)
    assert (low, high) == pytest.approx(tuple(theirs.confidence_interval), rel=1e-3)


def test_bca_corrects_the_bias_of_resamples() -> None:
    """Resamples that lie 1 too high: the interval is that of an unbiased figure."""
    values = np.random.default_rng(0).normal(loc=1, scale=2, size=100_000)
    low, high = bca(values, 0.0, np.empty(0))
    assert (low, high) == pytest.approx((-2 * 1.96 - 1, 2 * 1.96 - 1), abs=0.2)


def test_bca_always_holds_the_figure() -> None:
    assert bca(np.full(100, 3.0), 2.0, np.empty(0)) == (2.0, 3.0)
    assert bca(np.full(100, 3.0), 4.0, np.empty(0)) == (3.0, 4.0)
    assert bca(np.full(100, 3.0), 3.0, np.full(5, 3.0)) == (3.0, 3.0)


def test_undefined_figures_have_no_bounds() -> None:
    assert np.isnan(bca(np.array([np.nan, 1.0]), np.nan, np.empty(0))).all()
    assert np.isnan(bca(np.array([np.nan]), 1.0, np.empty(0))).all()
    assert bca(np.array([np.nan, 1.0, 1.0]), 1.0, np.array([np.nan])) == (1.0, 1.0)


@pytest.mark.parametrize(
    ("name", "shares"),
    [
        ("accuracy", {"accuracy": Share(0, None, 1)}),
        ("precision", {"precision": Share(0, 1, 1)}),
        ("recall", {"recall": Share(0, 2, 1)}),
        ("glue/qqp", {"accuracy": Share(3, None, 1), "f1": None}),
        ("squad", {"exact_match": Share(1, None, 100), "f1": Share(0, None, 100)}),
        ("perplexity", {"perplexity": None}),
        ("next_sentence_accuracy", {"next_sentence_accuracy": Share(0, 1, 1)}),
    ],
)
def test_figures_that_are_shares(name: str, shares: dict[str, Share | None]) -> None:
    width = {"accuracy": 1, "squad": 2, "perplexity": 2, "next_sentence_accuracy": 2}.get(name, 4)
    found = {figure: share_of(METRICS[name], figure, 50, width) for figure in shares}
    for figure, share in shares.items():
        assert found[figure] == (share and pytest.approx(share))


def test_wilson_only_where_rows_count_0_or_1() -> None:
    parts = np.array([[1.0, 1.0], [0.0, 1.0], [0.0, 0.0]])
    assert span_of_share(Share(0, 1, 100), parts) == pytest.approx(tuple(100 * x for x in wilson(1, 2)))
    assert span_of_share(Share(0, None, 1), parts) == pytest.approx(wilson(1, 3))
    assert span_of_share(Share(1, 0, 1), parts) is None  # more than the whole
    assert span_of_share(Share(0, None, 1), parts / 2) is None
    assert span_of_share(Share(0, 1, 1), parts * 0) is None
