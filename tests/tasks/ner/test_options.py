"""Options of `ner` that do not go together."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from bertkit.tasks.ner.options import NerOptions


def test_a_crf_needs_one_score_per_word() -> None:
    with pytest.raises(ValidationError, match="set subtoken_pooling to first or mean"):
        NerOptions(crf=True, subtoken_pooling="all")
    assert NerOptions(crf=True, subtoken_pooling="mean").crf


def test_the_old_name_leads_to_the_new_one() -> None:
    assert NerOptions.renamed == {"pieces": "subtoken_pooling"}
    assert set(NerOptions.renamed.values()) <= set(NerOptions.model_fields)


def test_schemes_are_those_that_there_are() -> None:
    with pytest.raises(ValidationError, match="scheme"):
        NerOptions(scheme="IOBX")  # type: ignore[arg-type]
