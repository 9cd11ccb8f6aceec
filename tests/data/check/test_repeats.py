from __future__ import annotations

from bertkit.data.check.finding import Finding
from bertkit.data.check.repeats import overlap, repeated, shared
from bertkit.data.columns.column import Column

LABEL = Column("label", "label", answer=True)


def test_a_text_with_two_answers_names_both() -> None:
    found = repeated([("a",), ("a",), ("b",), ("a",)], {LABEL: ["x", "x", "y", "y"]}, ["1", "2", "3", "4"])
    assert found == (Finding(2, ("2", "4")), Finding(1, ("1 (x) and 4 (y)",)))


def test_rows_shared_by_two_splits() -> None:
    assert shared([("a",), ("b",)], [("b",), ("c",), ("b",)], ["t:1", "t:2"], ["d:1", "d:2", "d:3"]) == [
        "d:1 and t:2", "d:3 and t:2",
    ]  # fmt: skip
    columns = (Column("text", "text"),)
    assert overlap([{"text": "A b"}], [{"text": "a  B"}, {"text": "c"}], columns) == 1
    assert overlap([{"n": 1}], [{"n": 1}], columns) == 0, "without texts, nothing is compared"
