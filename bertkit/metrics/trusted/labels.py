"""Labels and probabilities by scikit-learn; the calibration error by scipy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from bertkit.metrics.metric import Array, Trusted

Figures = dict[str, float]


def averages(figure: str, average: str) -> Trusted:
    """`precision_score`, `recall_score` or `f1_score`; `average` as bertkit names it, `binary` for two labels."""

    def score(predictions: Array, references: Array) -> Figures:
        from sklearn import metrics

        name = figure if average == "binary" else f"{average}_{figure}"
        if references.ndim > 1 and references.shape[1] == 1:  # scikit-learn reads one column as two labels
            references, predictions = (np.hstack([side, np.zeros_like(side)]) for side in (references, predictions))
            scored: Any = {"labels": [0], "average": average}
        else:
            scored = {"average": average}
        return {name: getattr(metrics, f"{figure}_score")(references, predictions, zero_division=0, **scored)}

    return Trusted(f"scikit-learn {figure}_score", score)


def _accuracy(predictions: Array, references: Array) -> Figures:
    from sklearn.metrics import accuracy_score

    return {"accuracy": accuracy_score(references, predictions)}


def _matthews(predictions: Array, references: Array) -> Figures:
    from sklearn.metrics import matthews_corrcoef

    return {"matthews": matthews_corrcoef(references, predictions)}


def _auc(predictions: Array, references: Array) -> Figures:
    from sklearn.metrics import roc_auc_score

    labels = range(predictions.shape[1])
    if references.ndim == 1 and len(labels) == 2:
        labels = range(1, 2)
    truths = {label: references[:, label] if references.ndim > 1 else references == label for label in labels}
    areas = [roc_auc_score(truth, predictions[:, i]) for i, truth in truths.items() if 0 < truth.sum() < len(truth)]
    return {"auc": float(np.mean(areas)) if areas else np.nan}


def _log_loss(predictions: Array, references: Array) -> Figures:
    from sklearn.metrics import log_loss

    if references.ndim > 1:
        return {"log_loss": log_loss(references.ravel(), predictions.ravel().clip(0, 1), labels=[0, 1])}
    shares = predictions / predictions.sum(axis=1, keepdims=True)
    return {"log_loss": log_loss(references, shares, labels=range(predictions.shape[1]))}


def _clipped(predictions: Array, references: Array) -> str:
    """Why the log loss may differ on these rows."""
    if references.ndim == 1 and np.abs(predictions.sum(axis=1) - 1).max() > 1e-9:
        return "probabilities do not add up to 1 exactly; scikit-learn divides by their sum"
    if predictions.min() < 1.2e-7 or predictions.max() > 1 - 1.2e-7:
        return "bertkit counts a probability under 1.2e-7 as 1.2e-7, the step of single precision"
    return ""


def gap(confidence: Array, right: Array) -> float:
    """Expected calibration error over 15 bins, open below (Guo et al. 2017, equations 2 and 3)."""
    from scipy.stats import binned_statistic

    edges = -np.linspace(0, 1, 16)[::-1]  # negative: scipy's bins are open above
    confidence = confidence.clip(max=1)
    both = [confidence, right.astype(float), np.ones(len(right))]
    conf, acc, count = (binned_statistic(-confidence, values, "sum", bins=edges).statistic for values in both)
    filled = count > 0
    gaps = np.abs(acc[filled] / count[filled] - conf[filled] / count[filled])
    return float((count[filled] / len(right) * gaps).sum())


def _calibration(predictions: Array, references: Array) -> Figures:
    if references.ndim > 1:
        confidence = np.maximum(predictions, 1 - predictions)
        right = (predictions > 0.5) == (references == 1)
        return {"calibration_error": gap(confidence.ravel(), right.ravel())}
    return {"calibration_error": gap(predictions.max(axis=1), predictions.argmax(axis=1) == references)}


def together(*parts: Trusted) -> Trusted:
    """The figures of several."""
    functions: list[Callable[[Any, Any], Any]] = [part.function for part in parts]
    sources = ", ".join(dict.fromkeys(part.source for part in parts))
    return Trusted(sources, lambda p, r: {key: v for function in functions for key, v in function(p, r).items()})


ACCURACY = Trusted("scikit-learn accuracy_score", _accuracy)
MATTHEWS = Trusted("scikit-learn matthews_corrcoef", _matthews)
AUC = Trusted("scikit-learn roc_auc_score", _auc)
LOG_LOSS = Trusted("scikit-learn log_loss", _log_loss, _clipped)
CALIBRATION = Trusted("scipy binned_statistic", _calibration)
