"""Options of rerank: how a logit becomes a score follows from the loss, unless it is named."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from bertkit.tasks.rerank.options import RerankOptions


@pytest.mark.parametrize(
    ("options", "score_by", "scales"),
    [
        ({}, "sigmoid", True),
        ({"loss": "squared_error"}, "identity", False),
        ({"loss": "squared_error", "activation": "sigmoid"}, "sigmoid", False),
        ({"activation": "identity"}, "identity", True),
    ],
)
def test_activation_follows_the_loss(options: dict[str, Any], score_by: str, scales: bool) -> None:
    found = RerankOptions.model_validate(options)
    assert (found.score_by, found.scales) == (score_by, scales)


@pytest.mark.parametrize("options", [{"loss": "cross_entropy"}, {"activation": "softmax"}])
def test_what_can_not_be(options: dict[str, Any]) -> None:
    """A softmax over one logit is 1 for every document."""
    with pytest.raises(ValidationError):
        RerankOptions.model_validate(options)
