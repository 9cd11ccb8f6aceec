"""What stands in the column `corrected`, by kind; and what is refused."""

from __future__ import annotations

import pytest

from bertkit.data.read.rows import Unusable
from bertkit.understand.errors.corrections import values

LABELS = ["refund", "Delivery", "a, b"]


def test_labels() -> None:
    assert values.known_label("refund", LABELS) == "refund"
    assert values.known_label("delivery", LABELS) == "Delivery"
    with pytest.raises(Unusable, match="'refunds' is no label of the data") as caught:
        values.known_label("refunds", LABELS)
    assert caught.value.problem.remedy == "did you mean refund?"


def test_several_labels() -> None:
    assert values.labels_of("[]", LABELS, ",") == []
    assert values.labels_of("refund, Delivery", LABELS, ",") == ["refund", "Delivery"]
    assert values.labels_of('["a, b", "refund"]', LABELS, ",") == ["a, b", "refund"]
    assert values.labels_of("refund|refund", LABELS, "|") == ["refund"]
    with pytest.raises(Unusable, match="'other' is no label"):
        values.labels_of("refund, other", LABELS, ",")


def test_choices_and_numbers() -> None:
    assert values.choice_of("1", ["x", "y"]) == values.choice_of("y", ["x", "y"]) == 1
    with pytest.raises(Unusable):
        values.choice_of("2", ["x", "y"])
    assert values.number_of("3.5") == values.number_of("3,5") == 3.5
    with pytest.raises(Unusable, match="'many' is no number"):
        values.number_of("many")
    with pytest.raises(Unusable, match="may have thousands or decimals"):
        values.number_of("1,234")


def test_answers_are_at_the_nearest_place() -> None:
    context = "on monday and on friday and on monday"
    assert values.answers_of("on monday", context, 0) == [{"text": "on monday", "start": 0}]
    assert values.answers_of("on monday", context, 30) == [{"text": "on monday", "start": 28}]
    assert values.answers_of("[]", context, 0) == []
    with pytest.raises(Unusable, match="'sunday' is not in the text"):
        values.answers_of("sunday", context, 0)


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("O", ["O", "O"]), ("[]", ["O", "O"]), ("PER", ["B-PER", "I-PER"]), ("per", ["B-PER", "I-PER"]),
        ("O B-LOC", ["O", "B-LOC"]), ("B-PER I-PER", ["B-PER", "I-PER"]),
    ],
)  # fmt: skip
def test_tags(text: str, tags: list[str]) -> None:
    assert values.tags_of(text, 2, ["PER", "LOC"]) == tags


@pytest.mark.parametrize("text", ["O O O", "B-PER", "B-ORG O", "PER LOC", "new york"])
def test_tags_that_do_not_fit(text: str) -> None:
    with pytest.raises(Unusable):
        values.tags_of(text, 2, ["PER", "LOC"])


def test_tags_of_a_part_are_replaced() -> None:
    tags = ["B-LOC", "I-LOC", "I-LOC", "O"]
    assert values.replaced(tags, (0, 1), ["B-PER"]) == ["B-PER", "B-LOC", "I-LOC", "O"]
    assert values.replaced(tags, (2, 4), ["O", "O"]) == ["B-LOC", "I-LOC", "O", "O"]
    assert values.replaced(tags, (2, 4), ["I-LOC", "I-LOC"]) == ["B-LOC", "I-LOC", "I-LOC", "I-LOC"]


def test_schemes_are_read_as_iob2() -> None:
    assert values.iob2(["B-PER", "E-PER", "O", "S-LOC"]) == ["B-PER", "I-PER", "O", "B-LOC"]
    assert values.iob2(["I-PER", "I-PER", "B-PER"]) == ["B-PER", "I-PER", "B-PER"]


def test_spans_of_a_part() -> None:
    text = "Anna lives in New York"
    spans = [{"start": 0, "end": 4, "label": "PER"}, {"start": 14, "end": 17, "label": "LOC"}]
    assert values.spans_of(spans, text, (3, 5), ["B-LOC", "I-LOC"]) == [
        spans[0],
        {"start": 14, "end": 22, "label": "LOC"},
    ]
    assert values.spans_of(spans, text, (0, 1), ["O"]) == [spans[1]]
    assert values.spans_of(spans, text, None, ["O"] * 5) == []


def test_forms() -> None:
    assert values.in_form(["a"], '["b"]') == '["a"]'
    assert values.in_form(["a"], ["b"]) == ["a"]
