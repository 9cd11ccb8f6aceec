from __future__ import annotations

import pytest

from bertkit.data.read.rows import Unusable
from bertkit.tasks.classify.parse import LabelNames, probabilities


def test_names_numbers_and_lists() -> None:
    names = LabelNames(["Not spam", "spam"], ordered=True)
    assert names.named("spam") == "spam" and names.named("1") == "spam"
    assert names.several("spam,Not spam", ",") == ["spam", "Not spam"]
    assert names.several(["spam"], ",") == ["spam"] and names.several(None, ",") == []


@pytest.mark.parametrize("value", ["ham", "", None, "7", "0"])
def test_unknown_labels(value: str | None) -> None:
    with pytest.raises(Unusable, match="an unknown label"):
        LabelNames(["a", "spam"], ordered=False).named(value)


def test_probabilities_of_all_labels_or_none() -> None:
    assert probabilities({"probability_a": "0.25", "probability_b": 0.75}, ["a", "b"]) == {
        "probabilities": {"a": 0.25, "b": 0.75}
    }
    assert probabilities({"probability_a": "0.25", "probability_b": ""}, ["a", "b"]) == {}
    assert probabilities({"probability_a": "0.25"}, ["a", "b"]) == {}
