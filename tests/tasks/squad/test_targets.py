"""The answer to a question as a score that explains it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bertkit.tasks.squad.targets import NOTHING, targets

WINDOWS = [
    {"first": 3, "offsets": np.array([[0, 3], [4, 10]]), "own": np.array([True, False])},
    {"first": 3, "offsets": np.array([[4, 10], [11, 13]]), "own": np.array([True, True])},
]


def outputs(**changes: Any) -> dict[str, Any]:
    one = {
        "places": [np.array([3, 4]), np.array([3, 4, 0])],
        "logits": [np.array([1.0, 9.0]), np.array([5.0, 2.0, 0.0])],
    }
    two = {
        "places": [np.array([4, 3]), np.array([4, 3, 0])],
        "logits": [np.array([9.0, 1.0]), np.array([7.0, 3.0, 0.0])],
    }
    found = {f"start_{key}": values for key, values in one.items()} | {f"end_{key}": v for key, v in two.items()}
    return {**found, "null": [np.array([4.0, 4.0]), np.array([1.0, 0.5])], **changes}


BEST = {"text": "parcel is", "start": 4, "end": 13, "start_logit": 5.0, "end_logit": 7.0}


@pytest.mark.parametrize("answer", ["parcel is", ""])
def test_the_best_text_and_no_answer(answer: str) -> None:
    found = targets({"answer": answer, "n_best": [{"text": ""}, BEST]}, outputs(), WINDOWS, no_answer=True)
    text, nothing = found
    assert (text.name, text.chosen) == ("parcel is", bool(answer))
    assert text.parts[0].example is WINDOWS[1]
    assert [(point.output, point.place) for point in text.parts[0].points] == [("start_logits", 3), ("end_logits", 4)]
    assert (nothing.name, nothing.chosen) == (NOTHING, not answer)
    assert nothing.parts[0].example is WINDOWS[1]  # its null has the lower sum
    assert [point.place for point in nothing.parts[0].points] == [0, 0]


def test_where_every_question_has_an_answer() -> None:
    found = targets({"answer": "parcel is", "n_best": [BEST]}, outputs(), WINDOWS, no_answer=False)
    assert [target.name for target in found] == ["parcel is"]


def test_no_text_fits() -> None:
    assert targets({"answer": "", "n_best": []}, outputs(), WINDOWS, no_answer=False) == []
