from __future__ import annotations

import pytest

from bertkit.data.columns.offsets import FOUND, MOVED, NEAR, NO_TEXT, REWRITTEN, UNPLACED, fit_answers, fit_spans
from bertkit.data.read.rows import Tally, Unusable
from bertkit.errors import Setting

FAR = "x " * NEAR


def fit(context: str, *answers: tuple[str, int | None], train: bool = True) -> list[tuple[str, int | None]]:
    tally = Tally()
    golds = [{"text": text, "start": start} for text, start in answers]
    found = fit_answers(golds, context, "answers", tally, "a:1", train=train)
    tally.warn()
    for answer in found:
        assert answer["start"] is None or context[answer["start"] :].startswith(answer["text"])
    return [(answer["text"], answer["start"]) for answer in found]


def test_right_answers_stay(caplog):
    assert fit("a b a", ("a", 0), ("a", 4), (" b ", 1)) == [("a", 0), ("a", 4), (" b ", 1)]
    assert fit("", *()) == []
    assert not caplog.messages


@pytest.mark.parametrize(
    ("context", "text", "start", "right"),
    [
        ("see the cat", "cat", 7, 8),
        ("see the cat", "cat", -1, 8),
        ("see the cat", "cat", 99, 8),
        (f"cat {FAR} cat", "cat", 1, 0),
        (f"cat {FAR} cat", "cat", 100, 105),
        (f"cat {FAR}", "cat", 104, 0),
        ("aaab", "aab", 0, 1),
    ],
)
def test_answers_are_moved_where_one_place_is_meant(caplog, context, text, start, right):
    assert fit(context, (text, start)) == [(text, right)]
    assert caplog.messages == [f"{MOVED}: 1 (a:1)"]


@pytest.mark.parametrize(
    ("context", "text", "start", "as_there"),
    [
        ("in New  York", "New York", 3, ("New  York", 3)),
        ("in New\nYork", "new york ", 2, ("New\nYork", 3)),
        ("于2013 年", "2013年", 1, ("2013 年", 1)),
        ("The Cat", "the cat", 0, ("The Cat", 0)),
        ("a (b", "A (B", 0, ("a (b", 0)),
    ],
)
def test_case_and_white_space_are_taken_from_the_context(caplog, context, text, start, as_there):
    assert fit(context, (text, start)) == [as_there]
    assert caplog.messages == [f"{REWRITTEN}: 1 (a:1)"]


@pytest.mark.parametrize(
    ("context", "text", "start", "found"),
    [
        ("a cat, a cat", "cat", 0, "found 2 times"),
        ("a cat", "dog", 2, "not found"),
        ("aaaa", "aa", -3, "found 3 times"),
        ("Cat CAT", "cat", 0, "found 2 times"),
        (f"{FAR} cat {FAR} cat", "cat", 0, "found 2 times"),
    ],
)
def test_answers_with_no_place_or_several(context, text, start, found):
    with pytest.raises(Unusable, match=found) as caught:
        fit(context, (text, start))
    assert caught.value.problem.setting == Setting("data.bad_rows", "skip")


def test_rows_that_are_only_scored_keep_all_texts(caplog):
    """The official scripts compare texts: to CMRC 2018's, `2013年` and `2013 年` are different answers."""
    golds = [("dog", 2), ("A", 4), ("cat", 3), ("", 0)]
    assert fit("a cat", *golds, train=False) == [("dog", None), ("A", None), ("cat", 2), ("", None)]
    assert caplog.messages == [f"{MOVED}: 1 (a:1)", f"{UNPLACED}: 3 (a:1, a:1, a:1)"]


def test_a_row_to_train_on_needs_one_answer_with_a_place(caplog):
    assert fit("a cat", ("dog", 2), ("cat", 2)) == [("dog", None), ("cat", 2)]
    assert caplog.messages == [f"{UNPLACED}: 1 (a:1)"]
    with pytest.raises(Unusable, match="'dog' at 2, where the text has 'cat'; not found"):
        fit("a cat", ("dog", 2), ("", -1))


def test_an_answer_without_a_start(caplog):
    assert fit("a cat", ("cat", None)) == [("cat", 2)]
    assert caplog.messages == [f"{FOUND}: 1 (a:1)"]
    with pytest.raises(Unusable, match="'a' without a start; found 2 times"):
        fit("a cat", ("a", None))


def test_empty_answers_are_no_answer(caplog):
    assert fit("a", ("", -1), (" ", None)) == []
    assert not caplog.messages
    assert fit("a", ("", 0)) == []
    assert fit("a", ("", -1), (" ", 0)) == []
    assert caplog.messages == [f"{NO_TEXT}: 1 (a:1)"] * 2


def test_spans_come_by_their_start_without_their_mentions():
    a, b = {"start": 2, "end": 3, "label": "X", "mention": "c"}, {"start": 0, "end": 3, "label": "Y"}
    assert fit_spans([a, b], "a c") == [b, {"start": 2, "end": 3, "label": "X"}]


def test_spans_with_one_start_keep_the_order_of_the_file():
    a, b = {"start": 0, "end": 3, "label": "X"}, {"start": 0, "end": 1, "label": "Y"}
    assert fit_spans([a, b], "a c") == [a, b]


@pytest.mark.parametrize(
    ("text", "end", "todo"),
    [
        (
            "é b",
            4,
            "if it counts bytes: give the `text` of each entity, and all are converted; else correct it, or leave",
        ),
        ("😀 b", 4, "if it counts UTF-16 units or bytes: give the `text` of each entity"),
        ("é b", 9, "correct it, or leave such rows out"),
    ],
)
def test_a_span_beyond_the_text_may_count_something_else(text, end, todo):
    with pytest.raises(Unusable, match="beyond the text or is empty: 2 to") as caught:
        fit_spans([{"start": 2, "end": end, "label": "X"}], text)
    assert caught.value.problem.remedy.startswith(todo)
    assert caught.value.problem.setting == Setting("data.bad_rows", "skip")
