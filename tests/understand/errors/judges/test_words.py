"""Entities: a wrong type, a missing entity and a wrong border are found as parts of a sentence."""

from __future__ import annotations

import numpy as np
import pytest

from bertkit.data.columns.schemes import Span
from bertkit.understand.errors.judges import words
from bertkit.understand.errors.judges.judge import Belief
from bertkit.understand.errors.judges.words import WordJudge, _parts, words_of
from tests.understand.errors.made import pool_of

WORDS = ["Anna", "lives", "in", "New", "York", "City"]
RIGHT = ["B-PER", "O", "O", "B-LOC", "I-LOC", "I-LOC"]
TYPES = ["O", "LOC", "PER"]


def belief(given: list[str], predicted: list[str], sure: float = 0.96) -> Belief:
    """A model that is so sure of what it predicts."""
    values = np.full((len(given), 3), (1 - sure) / 2)
    for word, tag in enumerate(predicted):
        values[word, TYPES.index(tag.partition("-")[2] or "O")] = sure
    return Belief(values, [*given, *predicted])


def judged(wrong: dict[int, list[str]], count: int = 60) -> tuple[WordJudge, list[Belief]]:
    given = [wrong.get(row, RIGHT) for row in range(count)]
    judge = WordJudge(pool_of("tags", given, tokens=[WORDS] * count))
    return judge, [belief(tags, RIGHT) for tags in given]


def test_what_is_wrong_is_a_part_of_a_sentence() -> None:
    wrong = {
        3: ["B-LOC", "O", "O", "B-LOC", "I-LOC", "I-LOC"],
        5: ["O", "O", "O", "B-LOC", "I-LOC", "I-LOC"],
        8: ["B-PER", "O", "O", "B-LOC", "I-LOC", "O"],
    }
    judge, beliefs = judged(wrong)
    found = judge.find(beliefs)
    by_row = {one.row: one for one in found.suspects}
    assert set(by_row) == set(wrong)
    type_, missing, border = (by_row[row] for row in wrong)
    assert (type_.words, type_.given, type_.suggested) == ((0, 1), "B-LOC", "B-PER")
    assert (type_.shown, type_.pairs) == (("Anna LOC", "Anna PER"), (("LOC", "PER"),))
    assert (missing.given, missing.suggested, missing.shown) == ("O", "B-PER", ("no entity", "Anna PER"))
    assert border.words == (3, 6)
    assert (border.given, border.suggested) == ("B-LOC I-LOC O", "B-LOC I-LOC I-LOC")
    assert border.shown == ("New York LOC", "New York City LOC")
    assert border.pairs == (("LOC", "LOC, other words"),)
    assert all(one.doubt == pytest.approx(0.98) for one in found.suspects)
    assert found.units == 2 * 60 - 1
    assert judge.written(8) == "B-PER O O B-LOC I-LOC O"
    assert judge.shown(8) == "Anna PER, New York LOC"


def test_where_neighbours_of_one_type_part_is_no_error() -> None:
    judge, beliefs = judged({2: ["B-PER", "O", "O", "B-LOC", "B-LOC", "I-LOC"]})
    assert judge.find(beliefs).suspects == []


def test_planted_entities_are_found() -> None:
    judge, beliefs = judged({3: ["B-LOC", "O", "O", "B-LOC", "I-LOC", "I-LOC"]})
    judge.find(beliefs)
    for flips in ("similar", "any"):
        planted = judge.plant(beliefs, flips, 0.25, np.random.default_rng(0))
        assert len(planted.doubts) == 30
        assert planted.found.all()


def test_a_rare_type_is_not_judged() -> None:
    given = [RIGHT] * 60 + [["B-LOC", "O", "O", "B-LOC", "I-LOC", "I-LOC"]]
    pool = pool_of("tags", given, tokens=[WORDS] * 61)
    beliefs = [belief(tags, RIGHT) for tags in given]
    assert len(WordJudge(pool).find(beliefs).suspects) == 1
    assert WordJudge(pool, frozenset({"LOC"})).find(beliefs).suspects == []


def test_a_type_that_models_do_not_know_is_not_judged() -> None:
    """They never give PER: each of its entities would be a suspect, before all others."""
    place, none = ["O", "O", "O", "B-LOC", "I-LOC", "I-LOC"], ["O"] * 6
    given = [place] * 60 + [["B-LOC", *place[1:]]] + [["B-PER", *none[1:]]] * 20
    pool = pool_of("tags", given, tokens=[WORDS] * 81)
    beliefs = [belief(tags, none if "B-PER" in tags else place) for tags in given]
    judge = WordJudge(pool)
    assert judge.confirmed(beliefs) == {"LOC": pytest.approx(183 / 184), "PER": 0.0}
    assert len(judge.find(beliefs).suspects) == 21
    judge = WordJudge(pool)
    judge.set_aside(beliefs)
    assert judge.unknown == {"PER"}
    found = judge.find(beliefs)
    assert [one.row for one in found.suspects] == [60]
    assert found.units == 62
    assert len(judge.plant(beliefs, "any", 1.0, np.random.default_rng(0)).doubts) == 62


def test_no_type_is_planted_that_is_not_judged() -> None:
    """`find` would doubt none of them, whatever the models hold for likely."""
    given = [["B-LOC", "O", "O", "B-PER", "I-PER", "O"]] * 60
    pool = pool_of("tags", given, tokens=[WORDS] * 60)
    beliefs = [belief(tags, tags) for tags in given]
    judge = WordJudge(pool, frozenset({"PER"}))
    judge.find(beliefs)
    changes: list[int] = []

    def changed(span, own, weights, draw):
        changes.append(int(weights.sum()))
        return np.array([span.first]), 0

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(words, "_changed", changed)
        judge.plant(beliefs, "similar", 1.0, np.random.default_rng(0))
        judge.plant(beliefs, "any", 1.0, np.random.default_rng(0))
    assert changes == [0] * 120


@pytest.mark.parametrize(
    ("given", "predicted", "parts"),
    [
        ([], [], []),
        ([Span(0, 2, "A")], [Span(0, 2, "A")], []),
        ([Span(0, 2, "A")], [Span(0, 2, "B")], [(0, 2)]),
        ([Span(0, 2, "A"), Span(4, 5, "A")], [Span(1, 3, "A"), Span(4, 5, "A")], [(0, 3)]),
        ([Span(0, 4, "A")], [Span(0, 2, "A"), Span(2, 4, "A")], [(0, 4)]),
        ([Span(0, 1, "A")], [Span(1, 2, "A")], [(0, 1), (1, 2)]),
    ],
)
def test_parts_reach_over_all_entities_that_touch(given: list, predicted: list, parts: list) -> None:
    assert list(_parts(given, predicted)) == parts


def test_words_of_rows() -> None:
    assert words_of(pool_of("tags", [["O", "O"]], ["c"], tokens=[["a", "b"]]), 0) == ["a", "b"]
    assert words_of(pool_of("spans", [[]], ["Dr. Li 北京"]), 0) == ["Dr", ".", "Li", "北", "京"]


def test_calibration_softens_words() -> None:
    given = [RIGHT] * 10 + [["O"] * 6] * 10
    judge = WordJudge(pool_of("tags", given, tokens=[WORDS] * 20))
    beliefs = [belief(tags, RIGHT) for tags in given]
    (one,) = judge.calibrated(beliefs, range(20), beliefs[:1])
    assert one.values.max() < 0.9
    assert one.texts == beliefs[0].texts
