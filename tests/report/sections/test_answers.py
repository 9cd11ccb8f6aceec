"""Wrong answers and kinds of errors, as the page shows them."""

from __future__ import annotations

from bertkit.report.sections import answers
from bertkit.tasks.task import Verdict
from tests.helpers import make


def test_mistakes_have_their_marks() -> None:
    wrong = Verdict("in paris", "paris LOC", "no entity", 0.0, None, expected_spans=((3, 8, "LOC"),))
    shown = answers.section(make("ner", {}), [Verdict("ok", "", "", 1.0), wrong])
    (one,) = shown["mistakes"]
    assert (one.row, one.expected, shown["wrong"], shown["marked"]) == (2, "paris LOC", 1, True)
    assert [part.side for part in one.parts] == ["", "expected"]
    assert not answers.section(make("ner", {}), [Verdict("in paris", "a", "b", 0.0)])["marked"]


def test_kinds_of_errors_have_their_examples() -> None:
    kinds = {
        "type": {"gold": 1, "predicted": 1, "examples": [{"row": 4, "gold": "Rome LOC", "predicted": "Rome ORG"}]},
        "missed": {"gold": 2, "predicted": 0, "examples": [{"row": 0, "gold": "a PER", "predicted": None}] * 2},
        "spurious": {"gold": 0, "predicted": 0, "examples": []},
    }
    kind, missed = answers.error_kinds(kinds)
    assert kind == ("type", 1, 1, [(5, "Rome LOC", "Rome ORG")])
    assert missed.examples == [(1, "a PER", "nothing")] * 2
