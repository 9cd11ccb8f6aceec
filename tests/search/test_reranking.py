"""Scores of re-rankers: models that give none, and scores that are no numbers."""

from __future__ import annotations

import pytest

from bertkit.errors import ModelError
from bertkit.inference.predictor import Predictor
from bertkit.run import Run
from bertkit.search.reranking import check_reranker, scores_of


def test_models_that_score_no_pairs(tiny_run: Run) -> None:
    with pytest.raises(ModelError, match="its task classify does not score a text for a query"):
        check_reranker(Predictor.open(tiny_run), "runs/mine")


@pytest.mark.parametrize(("answer", "said"), [({}, "have no score"), ({"score": float("nan")}, "NaN or infinite")])
def test_answers_without_a_score(answer: dict[str, float], said: str) -> None:
    with pytest.raises(ModelError, match=said):
        scores_of("mine", [answer])
