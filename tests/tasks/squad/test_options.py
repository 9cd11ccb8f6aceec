"""Options of `squad` that do not go together."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from bertkit.tasks.squad.options import SquadOptions


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"overlap": 10, "step": 5}, "use one of them"),
        ({"threshold": 0.5, "no_answer": False}, "leave it out with no_answer: false"),
        ({"max_length": 7}, "greater than or equal to 8"),
        ({"step": 0}, "greater than or equal to 1"),
    ],
)
def test_mistakes(values: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        SquadOptions(**values)


@pytest.mark.parametrize("values", [{}, {"overlap": 0}, {"step": 128}, {"threshold": 0.5}, {"no_answer": False}])
def test_what_goes_together(values: dict[str, Any]) -> None:
    assert SquadOptions(**values).model_dump().items() >= values.items()
