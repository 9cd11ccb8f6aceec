from __future__ import annotations

from bertkit.tasks.squad.findings import findings


def test_answers_that_no_span_can_teach() -> None:
    contexts = ["no, the cat is late", "no, the cat is late", "the cat", "the cat"]
    golds = [[{"text": "No", "start": 0}], [], [{"text": "the cat", "start": 0}], [{"text": "cat", "start": 4}] * 2]
    assert findings(contexts, golds, ["q1", "q2", "q3", "q4"]) == [
        "questions: 4, on 2 contexts; without an answer: 1, with several: 1",
        "questions with a yes or no for an answer, which no span can give: 1 (q1)",
        "answers that are their whole context: 1 (q3)",
    ]
    assert findings([], [], []) == ["questions: 0, on 0 contexts; without an answer: 0, with several: 0"]
