"""Errors of numbers by scikit-learn; correlations by pandas, because bertkit's own are scipy's."""

from __future__ import annotations

from bertkit.metrics.metric import Array, Trusted


def _error(name: str, function: str) -> Trusted:
    def score(predictions: Array, references: Array) -> dict[str, float]:
        from sklearn import metrics

        return {name: getattr(metrics, function)(references, predictions)}

    return Trusted(f"scikit-learn {function}", score)


def _correlation(name: str) -> Trusted:
    def score(predictions: Array, references: Array) -> dict[str, float]:
        import pandas as pd

        table = pd.DataFrame({"predictions": predictions, "references": references})
        return {name: float(table.corr(method=name).loc["predictions", "references"])}

    return Trusted(f"pandas corr, {name}", score)


MSE = _error("mse", "mean_squared_error")
MAE = _error("mae", "mean_absolute_error")
PEARSON = _correlation("pearson")
SPEARMAN = _correlation("spearman")
