"""Hard negatives of texts whose vectors are known."""

from __future__ import annotations

from typing import Any

import pytest

from bertkit.errors import DataError
from bertkit.search import mining
from bertkit.search.mining import Mined, MiningOptions, TextPair, mine
from tests.search.fakes import TablePredictor, angle, quiet

ANGLES = {"q": 0, "good": 20, "also good": 10, "near": 21, "hard": 30, "far": 60, "farther": 80, "Q ": 0}
PAIRS = [TextPair("q", "good"), TextPair("other", "near"), TextPair("third", "hard"), TextPair("fourth", "far")]


def found(pairs: list[TextPair] = PAIRS, corpus: list[str] | None = None, **options: Any) -> Mined:
    angles = {**ANGLES, "other": 200, "third": 210, "fourth": 220}
    predictor: Any = TablePredictor({text: angle(degrees) for text, degrees in angles.items()})
    return mine(pairs, corpus or [], predictor, MiningOptions(**options), quiet)


def test_a_false_negative_is_masked_and_listed() -> None:
    """cos 20 = 0.940, of which 95% is 0.893: cos 21 = 0.934 is above, cos 30 = 0.866 is below."""
    mined = found()
    assert mined.negatives[0] == ["hard"]
    about = {"text": "q", "positive": "good", "candidate": "near", "cosine": 0.93358, "positive_cosine": 0.939693}
    assert [one for one in mined.suspicious if one["text"] == "q"] == [about]


def test_without_a_margin_all_below_the_positive_are_taken() -> None:
    assert found(margin=0.0, negatives=9).negatives[0] == ["near", "hard", "far"]


def test_a_greater_margin_takes_fewer() -> None:
    assert found(margin=0.2, negatives=9).negatives[0] == ["far"]  # cos 30 is above 0.8 * 0.940


def test_of_a_positive_with_a_negative_cosine_the_limit_lies_below_it() -> None:
    """other: cos(200 - 21) = -0.9998; the limit is -1.05, so nothing is taken."""
    mined = found()
    assert mined.negatives[1] == []
    nearest = [one["candidate"] for one in mined.suspicious if one["text"] == "other"]
    assert nearest[0] == "far"


def test_ranks_are_among_the_other_texts() -> None:
    assert found(margin=0.0, negatives=9, first=2).negatives[0] == ["hard", "far"]
    assert found(margin=0.0, negatives=1, first=2, last=2).negatives[0] == ["hard"]
    assert not found(margin=0.05, last=1).negatives[0]
    assert [one["candidate"] for one in found(first=3).suspicious if one["text"] == "q"] == ["near"]


def test_other_positives_of_the_text_and_the_text_itself_are_none() -> None:
    pairs = [*PAIRS, TextPair("q", "also good")]
    mined = found(pairs, ["Q ", "far", "farther", "near"], negatives=9)
    assert mined.negatives[0] == ["far", "farther"]
    assert mined.negatives[4] == ["near", "far", "farther"]  # below 95% of cos 10
    assert [one["candidate"] for one in mined.suspicious if one["text"] == "q"] == ["near"]


def test_suspicious_ones_stand_by_falling_cosine_whatever_the_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = found()
    cosines = [one["cosine"] for one in whole.suspicious]
    assert cosines == sorted(cosines, reverse=True)
    monkeypatch.setattr(mining, "SLICE", 1)
    assert found() == whole


def test_one_positive_alone() -> None:
    with pytest.raises(DataError, match="there is no other text to take as a negative"):
        found([TextPair("q", "good"), TextPair("other", "good")])
    assert found([TextPair("q", "good")], ["far"]).negatives == [["far"]]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"margin": 1.0}, "--margin  1 is not from 0 to below 1"),
        ({"margin": -0.1}, "--margin  -0.1 is not from 0"),
        ({"margin": float("nan")}, "--margin  nan is not"),
        ({"first": 5, "last": 4}, "--to  4 is below --from 5"),
        ({"first": 5, "last": 6, "negatives": 3}, "--to  ranks 5 to 6 hold fewer than --negatives 3"),
    ],
)
def test_options_that_leave_nothing(options: dict[str, Any], said: str) -> None:
    with pytest.raises(DataError) as caught:
        MiningOptions(**options).check()
    assert said in str(caught.value)
