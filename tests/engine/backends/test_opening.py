"""Opening a backend: by a device and a precision, and what exported models refuse."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from bertkit.engine.backends.opening import BACKENDS, Placement, check_as_it_is
from bertkit.errors import RunError
from bertkit.inference.bulk.identity import model_of
from bertkit.inference.predictor import Predictor
from bertkit.run import Run
from tests.helpers import warnings


@pytest.mark.parametrize("name", ["onnx", "static"])
def test_an_exported_model_keeps_its_precision(name: str) -> None:
    assert name in BACKENDS
    check_as_it_is("runs/a", Placement("cpu", "float32"))
    with pytest.raises(RunError, match="own precision, not bf16"):
        check_as_it_is("runs/a", Placement("cpu", "bf16"))


def test_an_unknown_precision_is_refused() -> None:
    wrong: Any = "bf61"
    with pytest.raises(RunError, match=r"bf61: no such value.*bf16"):
        Placement(None, wrong).check()


def test_a_slow_precision_is_warned_of_and_is_part_of_what_answers(
    tiny_run: Run, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", dict)
    half = Predictor.open(tiny_run, device="cpu", precision="bf16")
    assert "no instructions for it" in warnings(caplog)[0]
    plain = Predictor.open(tiny_run, device="cpu")
    assert model_of(tiny_run, half) == {**model_of(tiny_run, plain), "precision": "bf16"}
    assert [one["label"] for one in half.predict(["where is my parcel?"])]
