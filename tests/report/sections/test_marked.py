"""Texts with marked parts: nothing of them is lost, and long ones are cut away from the marks."""

from __future__ import annotations

import numpy as np

from bertkit.report.sections.marked import TextPart, marked

TEXT = "anna bell lives in new york"


def test_right_wrong_and_missed_parts() -> None:
    parts = marked(TEXT, [(0, 9, "PER"), (19, 27, "LOC")], [(0, 9, "PER"), (10, 15, "ORG")], 300)
    assert parts == [
        TextPart("anna bell", "right", [("right", "PER ✓")]),
        TextPart(" ", "", []),
        TextPart("lives", "predicted", [("predicted", "predicted ORG")]),
        TextPart(" in ", "", []),
        TextPart("new york", "expected", [("expected", "expected LOC")]),
    ]


def test_parts_that_overlap() -> None:
    parts = marked(TEXT, [(19, 27, "LOC")], [(23, 27, "LOC")], 300)
    assert [(one.text, one.side) for one in parts[1:]] == [("new ", "expected"), ("york", "both")]
    assert parts[2].tags == [("expected", "expected LOC"), ("predicted", "predicted LOC")]
    other = marked(TEXT, [(19, 27, "LOC")], [(19, 27, "ORG")], 300)[1]
    assert (other.side, len(other.tags)) == ("both", 2)


def test_a_part_without_a_kind() -> None:
    parts = marked(TEXT, [(0, 4, "")], [(0, 9, "")], 300)
    assert [one.tags for one in parts] == [[("expected", "expected")], [("predicted", "predicted")], []]
    assert marked(TEXT, [(0, 4, "")], [(0, 4, "")], 300)[0].tags == [("right", "✓")]


def test_nothing_of_a_text_is_lost() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        ends = np.sort(rng.integers(0, len(TEXT) + 1, size=(4, 2)), axis=1).tolist()
        spans = [(start, end, "X") for start, end in ends]
        assert "".join(one.text for one in marked(TEXT, spans[:2], spans[2:], 300)) == TEXT


def test_a_text_without_marks_is_cut_at_its_end() -> None:
    assert marked("a  b\nc", [], [], 300) == [TextPart("a b c")]
    assert marked("x" * 400, [], [], 300) == [TextPart("x" * 299 + "…")]


def test_long_texts_stay_near_their_marks() -> None:
    text = "a" * 1000 + "ANSWER" + "b" * 1000 + "OTHER" + "c" * 1000
    parts = marked(text, [(1000, 1006, "")], [(2006, 2011, "")], 300)
    shown = "".join(one.text for one in parts)
    assert shown == f" … {'a' * 60}ANSWER{'b' * 60} … {'b' * 60}OTHER{'c' * 60} … "
    assert len("".join(one.text for one in marked("y" * 5000, [(0, 4000, "X")], [], 300))) <= 601


def test_many_marks_end_somewhere() -> None:
    spans = [(n, n + 1, "X") for n in range(0, 5000, 2)]
    parts = marked("z" * 5000, spans, [], 300)
    assert len(parts) < 200


def test_places_outside_of_the_text_are_left_out() -> None:
    odd = [(-1, 3, "X"), (5, 5, "X"), (3, 900, "X"), (9, 2, "X")]
    assert marked(TEXT, odd, [], 300) == [TextPart(TEXT)]


def test_other_scripts() -> None:
    parts = marked("我住在北京", [(3, 5, "地点")], [], 300)
    assert [(one.text, one.side) for one in parts] == [("我住在", ""), ("北京", "expected")]
