"""Options of `classify` that do not go together."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from bertkit.tasks.classify.options import ClassifyOptions


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"multi_label": True, "out_of_scope": "oos"}, "a row without labels is out of scope"),
        ({"label_smoothing": 0.1, "loss": "focal"}, "label_smoothing goes with loss: cross_entropy, not with focal"),
        ({"threshold": 0.4}, "threshold goes with multi_label: true"),
        ({"class_weights": {"a": 0.0}}, "class_weights must be above 0"),
        ({"multi_label": True, "class_weights": "auto", "loss": "./mine.py:loss"}, "weigh in your own"),
        ({"label_smoothing": 1.0}, "less than 1"),
        ({"threshold": 1.0, "multi_label": True}, "less than 1"),
        ({"loss": "focl"}, "focal"),
    ],
)
def test_mistakes(values: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        ClassifyOptions(**values)


@pytest.mark.parametrize(
    "values",
    [{}, {"multi_label": True, "threshold": 0.4, "class_weights": "auto"}, {"loss": "focal", "focal_gamma": 0.0}],
)
def test_what_goes_together(values: dict[str, Any]) -> None:
    assert ClassifyOptions(**values).model_dump().items() >= values.items()
