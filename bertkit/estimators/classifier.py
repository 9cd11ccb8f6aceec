"""`BertClassifier`: `classify` as a classifier of scikit-learn."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from scipy import sparse
from sklearn.base import ClassifierMixin
from sklearn.utils import check_consistent_length
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import column_or_1d

from bertkit.estimators.base import BertEstimator, InputError


class BertClassifier(ClassifierMixin, BertEstimator):
    """A fine-tuned encoder that gives texts, or pairs of texts, one of several labels; or any number of labels.

        BertClassifier("bert-base-uncased", max_length=128).fit(texts, labels).predict(["where is my parcel?"])

    X is a list, Series or array of texts; two columns (a DataFrame, an array, a list of tuples) are pairs. y has texts,
    whole numbers or booleans, or is an indicator matrix of several labels per row. The arguments are those of
    BertEstimator.

    Attributes:
        classes_: the labels, in the order of `predict_proba`; of an indicator matrix its columns.
    """

    task = "classify"

    def fit(self, X: Any, y: Any) -> Self:
        """Train on texts (row,) or pairs (row, 2) and labels (row,) or indicators (row, label).

        Raises:
            InputError: X has no texts, or y has one class only or missing labels.
            BertkitError: a parameter or a model that can not be used, or a training that had to stop.
            ValueError: X and y differ in length, or y has no labels (scikit-learn's own messages).
        """
        texts = self._texts(X, y=y)
        check_consistent_length(texts, y)
        if not sparse.issparse(y) and (known := np.asarray(y)).dtype == object and known.ndim == 1:
            for number, value in enumerate(known):
                if _is_missing(value):
                    todo = "every row needs a label"
                    raise InputError.at(f"y[{number}]", f"Input y contains NaN: {value!r}", todo)
        if type_of_target(y, input_name="y") == "multilabel-indicator":
            return self._fit_indicators(texts, y)
        labels = column_or_1d(y, warn=True)
        check_classification_targets(labels)
        classes, numbers = np.unique(labels, return_inverse=True)
        if len(classes) < 2:
            raise InputError.at("y", f"has one class only: {classes[0]}", "a classifier needs two or more")
        names, learnt = _names(classes), {"classes_": classes, "_several": False}
        answers = [names[number] for number in numbers]
        return self._train(texts, answers, "label", data={"label_names": names}, learnt=learnt)

    def _fit_indicators(self, texts: list[tuple[str, ...]], y: Any) -> Self:
        present = y.toarray() if sparse.issparse(y) else np.asarray(y)  # (row, label)
        classes = np.asarray(y.columns) if hasattr(y, "columns") else np.arange(present.shape[1])
        names, learnt = _names(classes), {"classes_": classes, "_several": True, "_dtype": present.dtype}
        rows = [[names[number] for number in np.flatnonzero(row)] for row in present]
        several = {"multi_label": True}
        return self._train(texts, rows, "label", data={"label_names": names}, options=several, learnt=learnt)

    def predict(self, X: Any) -> np.ndarray:
        """The labels (row,), of the type that y had; or indicators (row, label).

        Raises:
            NotFittedError: before `fit`.
            InputError: X has no texts.
        """
        answers = self._answers(X)
        place = {name: number for number, name in enumerate(self.predictor_.task.state["labels"])}
        if not self._several:
            return self.classes_[[place[answer["label"]] for answer in answers]]
        present = np.zeros((len(answers), len(place)), dtype=self._dtype)
        for row, answer in enumerate(answers):
            present[row, [place[name] for name in answer["labels"]]] = 1
        return present

    def predict_proba(self, X: Any) -> np.ndarray:
        """The probability (row, label) of each label, in the order of `classes_`. Errors as `predict`."""
        answers = self._answers(X)
        names = self.predictor_.task.state["labels"]
        return np.array([[answer["probabilities"][name] for name in names] for answer in answers])

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags


def _names(classes: np.ndarray) -> list[str]:
    """A name for each class: the class as text, where all are different and none is blank."""
    names = [str(name).strip() for name in classes]
    return names if all(names) and len(set(names)) == len(names) else [f"class {n}" for n in range(len(names))]


def _is_missing(value: Any) -> bool:
    """None, nan, and pandas' NA, of which nothing is true or false."""
    try:
        return value is None or bool(value != value)
    except TypeError:
        return True
