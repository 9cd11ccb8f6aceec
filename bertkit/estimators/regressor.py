"""`BertRegressor`: `regress` as a regressor of scikit-learn."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.utils import check_array, check_consistent_length
from sklearn.utils.validation import column_or_1d

from bertkit.estimators.base import BertEstimator


class BertRegressor(RegressorMixin, BertEstimator):
    """A fine-tuned encoder that gives texts, or pairs of texts, a number.

        BertRegressor("bert-base-uncased").fit(texts, scores).predict(["a text"])

    X as for BertClassifier; y has a finite number per row. The arguments are those of BertEstimator.
    """

    task = "regress"

    def fit(self, X: Any, y: Any) -> Self:
        """Train on texts (row,) or pairs (row, 2) and numbers (row,).

        Raises:
            InputError: X has no texts, or all numbers are the same.
            BertkitError: a parameter or a model that can not be used, or a training that had to stop.
            ValueError: X and y differ in length, or y has no numbers (scikit-learn's own messages).
        """
        texts = self._texts(X, y=y)
        check_consistent_length(texts, y)
        scores = check_array(column_or_1d(y, warn=True), ensure_2d=False, dtype=np.float64, input_name="y")
        return self._train(texts, scores.tolist(), "score")

    def predict(self, X: Any) -> np.ndarray:
        """A number (row,) per text.

        Raises:
            NotFittedError: before `fit`.
            InputError: X has no texts.
        """
        return np.array([answer["score"] for answer in self._answers(X)], dtype=np.float64)
