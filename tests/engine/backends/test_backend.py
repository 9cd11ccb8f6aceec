"""What a backend must have, and what it has by default."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pytest

from bertkit.engine.backends.backend import Backend, Forward
from tests.helpers import make


class Zeros(Backend):
    """The least that a backend can be."""

    name = "zeros"
    max_tokens = 8
    constants: ClassVar[dict[str, np.ndarray]] = {}  # type: ignore[misc]

    def forward(self, batch: dict[str, Any]) -> Forward:
        return Forward({"logits": np.zeros((len(batch["input_ids"]), 3))})


def test_the_least_backend() -> None:
    head = make("classify", {}).head
    backend = Zeros(head)
    assert backend.head is head
    assert (backend.tokens, backend.lockstep, backend.can) == (4096, False, frozenset())
    assert backend.out_of_memory == (MemoryError,)
    outputs, sums, weights = backend.forward({"input_ids": [[1, 2], [3]]})
    assert outputs["logits"].shape == (2, 3)
    assert (sums, weights) == (None, None)


@pytest.mark.parametrize("missing", ["max_tokens", "constants", "forward"])
def test_what_is_missing_is_told_when_one_is_made(missing: str) -> None:
    members = {name: Zeros.__dict__[name] for name in ("max_tokens", "constants", "forward") if name != missing}
    with pytest.raises(TypeError, match=missing):
        type("Torn", (Backend,), {"name": "torn", **members})(make("classify", {}).head)
