"""Answers in a text: another answer that the model is sure of makes a suspect, a shifted border does not."""

from __future__ import annotations

import numpy as np
import pytest

from bertkit.understand.errors.judges.answers import AnswerJudge
from bertkit.understand.errors.judges.judge import Belief, FoldAnswers
from tests.understand.errors.made import pool_of

CONTEXT = "the parcel was sent on monday and the money came back on friday"


def answer(text: str) -> list[dict]:
    return [{"text": text, "start": CONTEXT.index(text)}] if text else []


def belief(own: str, sure: float, *others: tuple[str, float]) -> Belief:
    return Belief(np.array([[sure, *(p for _, p in others)]]), [own, *(text for text, _ in others)])


def judged(golds: list[str], beliefs: list[Belief]) -> AnswerJudge:
    return AnswerJudge(pool_of("answers", [answer(gold) for gold in golds], [CONTEXT] * len(golds)))


def test_suspects_are_other_answers_given_with_confidence() -> None:
    golds = ["monday"] * 20 + ["friday", "on monday", "monday", "monday"]
    beliefs = [belief("monday", 0.8)] * 20
    beliefs += [belief("monday", 0.9), belief("monday", 0.95), belief("friday", 0.7), belief("", 0.85)]
    judge = judged(golds, beliefs)
    found = judge.find(beliefs)
    assert [(one.row, one.given, one.suggested) for one in found.suspects] == [
        (20, "friday", "monday"),
        (23, "monday", "[]"),
    ]
    assert [one.shown for one in found.suspects] == [("friday", "monday"), ("monday", "no answer")]
    assert found.suspects[0].doubt == pytest.approx(0.9)
    assert found.of_row[21] == pytest.approx(0.95 / 3)  # F1 of "monday" and "on monday" is 2/3
    assert judge.written(20) == "friday"


def test_no_answer_may_be_given() -> None:
    golds = ["monday"] * 10 + [""]
    beliefs = [belief("monday", 0.8)] * 10 + [belief("friday", 0.9)]
    judge = judged(golds, beliefs)
    (one,) = judge.find(beliefs).suspects
    assert (one.given, one.shown) == ("[]", ("no answer", "friday"))
    assert (judge.written(10), judge.shown(10)) == ("[]", "no answer")


def test_where_nothing_agrees_nothing_is_a_suspect() -> None:
    beliefs = [belief("monday", 0.8)] * 5
    assert judged(["friday"] * 5, beliefs).find(beliefs).suspects == []


def test_planted_answers() -> None:
    """`similar` ones are other candidates; those that the model gives itself are not found."""
    golds, beliefs = ["monday"] * 40, [belief("monday", 0.8, ("friday", 0.1), ("", 0.05))] * 40
    judge = judged(golds, beliefs)
    judge.find(beliefs)
    for flips in ("similar", "any"):
        planted = judge.plant(beliefs, flips, 0.5, np.random.default_rng(0))
        assert len(planted.doubts) > 10
        assert planted.found.all()
    mistaken = [belief("friday", 0.9, ("monday", 0.1))] * 40
    planted = judge.plant(mistaken, "similar", 0.5, np.random.default_rng(0))
    assert not planted.found.any()


def test_chinese_is_compared_by_characters() -> None:
    text = "包裹星期一寄出星期五到达"
    pool = pool_of("answers", [[{"text": "星期一", "start": 2}]] * 10 + [[{"text": "星期五", "start": 7}]], [text] * 11)
    beliefs = [belief("星期一", 0.8)] * 10 + [belief("包裹", 0.9)]
    judge = AnswerJudge(pool)
    assert [one.row for one in judge.find(beliefs).suspects] == [10]
    assert judge.plant(beliefs, "any", 1.0, np.random.default_rng(0)).found.any()


def test_chinese_is_told_by_the_text() -> None:
    """A number, or no answer, in a Chinese text is compared by characters as its other answers are."""
    pool = pool_of(
        "answers", [[{"text": "1998", "start": 2}], [{"text": "monday", "start": 0}]], ["他在1998年到北京", CONTEXT]
    )
    judge = AnswerJudge(pool)
    assert judge.chinese == [True, False]
    found = judge.find([belief("1998年", 0.9), belief("monday", 0.9)])
    assert 0 < found.of_row[0] < 0.9


def test_a_question_without_candidates_is_no_missing_method() -> None:
    class Asked:
        def candidates(self, answer):
            return answer["candidates"]

        def confidence(self, answer):
            return answer["sure"]

        def to_columns(self, answer):
            return {"answer": answer["text"]}

    def told(*answers):
        asked = FoldAnswers(Asked(), {}, None, [*answers], [])
        return judged(["monday"] * len(answers), []).beliefs(asked)

    full = {"text": "monday", "sure": 0.8, "candidates": [("monday", 0.8), ("friday", 0.2)]}
    empty = {"text": "", "sure": 0.0, "candidates": []}
    assert [one.values.tolist() for one in told(full, empty)] == [[[0.8, 0.2]], [[0.0]]]
    assert told(empty) == []
    assert told({**full, "sure": None}) == []


def test_a_planted_answer_may_be_the_last_words() -> None:
    judge = judged(["monday"], [])
    pieces = {judge._piece(0, ["on monday"], np.random.default_rng(seed)) for seed in range(300)}
    assert "on friday" in pieces
    assert "the parcel" in pieces
