"""Options of embed: what can not be is an error, and each loss has its columns."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from bertkit.tasks.embed.losses import LOSSES
from bertkit.tasks.embed.options import KINDS, EmbedOptions


def test_every_loss_has_a_kind() -> None:
    assert KINDS.keys() == LOSSES.keys()


@pytest.mark.parametrize(
    "options",
    [
        *({"matryoshka": sizes} for sizes in ([], [0], [8, 8])),
        *({"score_range": [5, 0]}, {"scale": 0}, {"layer": 0}, {"loss": "triplet"}, {"pooling": "lasttoken"}),
        {"prompts": {"question": "q: "}},
    ],
)
def test_what_can_not_be_is_an_error(options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        EmbedOptions.model_validate(options)


def test_lists_of_yaml_are_taken() -> None:
    options = EmbedOptions.model_validate({"matryoshka": [8, 4], "score_range": [0, 5]})
    assert (options.matryoshka, options.score_range) == ((8, 4), (0, 5))
