"""The estimators on rows of numbers, each number as a letter: so scikit-learn's own checks can train them.

The checks are made for tables of numbers. X is checked by scikit-learn's `validate_data` here, as the estimators' own
check is for texts; all that follows is theirs.
"""

from __future__ import annotations

import string
from typing import Any

import numpy as np
from sklearn.utils.estimator_checks import _check_name, estimator_checks_generator
from sklearn.utils.validation import validate_data

from bertkit import BertClassifier, BertRegressor


class OnNumbers:
    def _texts(self, X: Any, **fitted: Any) -> list[tuple[str, ...]]:
        values = validate_data(self, X, reset=bool(fitted), dtype=np.float64)
        validate_data(self, X, reset=bool(fitted), skip_check_array=True, **fitted)
        places = np.clip(np.round(values * 4) + 12, 0, 25).astype(int)
        if fitted:
            self._width = 1
        return [(" ".join(string.ascii_lowercase[place] for place in row),) for row in places]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()  # type: ignore[misc]
        tags.input_tags.string = tags.input_tags.one_d_array = False
        tags.input_tags.two_d_array = True
        for own in (tags.classifier_tags, tags.regressor_tags):
            if own:
                own.poor_score = True  # a tiny random model after a few steps
        return tags


class NumberClassifier(OnNumbers, BertClassifier): ...


class NumberRegressor(OnNumbers, BertRegressor): ...


TINY: dict[str, Any] = {
    "max_length": 16,
    "learning_rate": 5e-3,
    "train": {"max_steps": 4, "use_cpu": True, "eval_strategy": "no"},
    "random_state": 0,
}
"""Parameters of an estimator that is trained in a second."""

QUICK = (
    "check_estimator_cloneable",
    "check_estimator_tags_renamed",
    "check_valid_tag_types",
    "check_estimator_repr",
    "check_no_attributes_set_in_init",
    "check_estimators_unfitted",
    "check_do_not_raise_errors_in_init_or_set_params",
    "check_mixin_order",
    "check_complex_data",
    "check_estimators_empty_data_messages",
    "check_estimator_sparse_tag",
    "check_estimator_sparse_array",
    "check_classifiers_one_label",
    "check_classifiers_regression_target",
    "check_supervised_y_no_nan",
    "check_parameters_default_constructible",
    "check_fit2d_1sample",
    "check_get_params_invariance",
    "check_set_params",
    "check_fit1d",
    "check_requires_y_none",
    "check_dict_unchanged",
    "check_estimators_pickle",
    "check_fit_idempotent",
)
"""Checks that train nothing, and three that train once or twice."""


def checks(estimator: Any) -> dict[str, Any]:
    """scikit-learn's checks for an estimator by name, with a number behind the name of a second one."""
    found: dict[str, Any] = {}
    for _, check in estimator_checks_generator(estimator):
        name = _check_name(check)
        found[name if name not in found else f"{name}-{len(found)}"] = check
    return found
