"""Rows of two texts and a score: every row that can not be used is named by its place."""

from __future__ import annotations

from typing import Any

import pytest

from bertkit.errors import DataError
from bertkit.tasks.embed.options import EmbedOptions
from bertkit.tasks.embed.scored import check


def rows(*scores: float) -> list[dict[str, Any]]:
    return [{"text": "a", "text_pair": "b", "score": s, "place": f"sts.tsv:{n}"} for n, s in enumerate(scores, 2)]


def options(**values: Any) -> EmbedOptions:
    return EmbedOptions.model_validate({"loss": "cosine", **values})


def test_scores_that_are_no_cosines_are_named_with_their_lines() -> None:
    with pytest.raises(DataError) as error:
        check(rows(0.5, 5, -1, 3), "train", options())
    said = str(error.value)
    assert "sts.tsv:3" in said and "sts.tsv:5" in said and "sts.tsv:2" not in said
    assert "score 5 is not in -1 to 1" in said and "options.score_range" in said


def test_a_range_takes_them() -> None:
    check(rows(0, 5, 3), "train", options(score_range=[0, 5]))
    check(rows(0, 500), "train", options(loss="cosent"))


@pytest.mark.parametrize("lacks", ["text_pair", "score"])
def test_a_column_that_is_missing(lacks: str) -> None:
    without = [{name: value for name, value in row.items() if name != lacks} for row in rows(0.1, 0.2)]
    with pytest.raises(DataError, match=f"no column for {lacks}.*data.columns.{lacks}"):
        check(without, "validation", options(loss="cosent"))


def test_texts_alone_can_not_be_scored() -> None:
    with pytest.raises(DataError, match="no scores in the validation rows: texts alone teach simcse"):
        check([{"text": "a"}], "validation", options(loss="simcse"))
