"""Attention of a text: rows that sum to one, equal outputs, and a rollout that is known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bertkit import Predictor, Run
from bertkit.errors import DataError, ModelError
from bertkit.understand.attention.attention import NEEDS, attend, rollout
from tests.understand.explained import tiny


@pytest.fixture
def opened(tiny_run: Run) -> Predictor:
    return Predictor.open(tiny_run, needs=NEEDS)


def test_the_attention_of_a_text(opened: Predictor) -> None:
    (answer,) = opened.predict(["where is my parcel ?"])
    found = attend(opened, {"text": "where is my parcel ?"})
    size = len(found.tokens)
    assert found.tokens[0] == "[CLS]" and found.tokens[-1] == "[SEP]"
    assert found.weights.shape == (2, 2, size, size)
    assert found.weights.sum(-1) == pytest.approx(np.ones((2, 2, size)), abs=1e-5)
    assert 0 <= found.difference < 1e-5
    assert found.target == answer["label"]
    assert found.attributions is not None and len(found.attributions) == 5
    assert found.labels == ["where", "is", "my", "parcel", "?"]
    assert found.words.max() == 4 and found.words[0] == -1


def test_without_attributions(opened: Predictor) -> None:
    assert attend(opened, {"text": "parcel"}, explained=False).attributions is None


def test_a_rollout_that_is_known() -> None:
    """Two layers of one head each; the second takes all from the first token."""
    first = np.array([[0.5, 0.5], [0.0, 1.0]])
    second = np.array([[1.0, 0.0], [1.0, 0.0]])
    mixed = [0.5 * layer + 0.5 * np.eye(2) for layer in (first, second)]
    found = rollout(np.stack([first, second])[:, None])
    assert found[0] == pytest.approx(mixed[0])
    assert found[1] == pytest.approx(mixed[1] @ mixed[0])
    assert found.sum(-1) == pytest.approx(np.ones((2, 2)))


@pytest.mark.parametrize(
    ("name", "row"),
    [
        ("ner", {"tokens": ["where", "is", "anna", "?"]}),
        ("squad", {"question": "what is late ?", "context": "the parcel is late"}),
        ("embed", {"text": "where is my parcel ?"}),
        ("choice", {"text": "where is it ?", "choices": ["late", "thank you"]}),
        ("pretrain", {"text": "where is my [MASK] ?"}),
    ],
)
def test_every_task_has_it(name: str, row: dict[str, Any], tiny_bert: Path, tmp_path: Path) -> None:
    options = {"max_length": 24} if name == "pretrain" else {}
    found = attend(tiny(name, options, tiny_bert, tmp_path), row)
    assert found.weights.shape[-1] == len(found.tokens) == len(found.words)
    assert found.difference < 1e-5
    assert (found.target is None) == (found.attributions is None)


def test_windows_are_counted(tiny_bert: Path, tmp_path: Path) -> None:
    options = {"long_text": "windows", "max_length": 8, "window_overlap": 2}
    found = attend(tiny("classify", options, tiny_bert, tmp_path), {"text": "where is my parcel ? it is late again"})
    assert found.windows > 1
    assert len(found.tokens) == 8


def test_a_row_without_tokens(tiny_bert: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="has no tokens"):
        attend(tiny("ner", {}, tiny_bert, tmp_path), {"tokens": ["\u200b"]})


def test_texts_in_windows_that_are_compared(tiny_bert: Path, tmp_path: Path) -> None:
    options = {"loss": "cosine", "long_text": "windows", "max_length": 8, "window_overlap": 2}
    row = {"text": "where is my parcel ? it is late again", "text_pair": "thank you"}
    found = attend(tiny("embed", options, tiny_bert, tmp_path), row)
    assert found.weights.shape[-1] == len(found.tokens) == 8


def test_more_weights_than_fit(opened: Predictor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bertkit.understand.attention.attention.BYTES", 100)
    with pytest.raises(DataError, match="7 tokens: their weights need"):
        attend(opened, {"text": "where is my parcel ?"})


def test_a_model_without_eager_attention(opened: Predictor, monkeypatch: pytest.MonkeyPatch) -> None:
    model: Any = opened.backend
    real = model.model.set_attn_implementation

    def refuse(name: str) -> None:
        if name == "eager":
            raise ValueError(name)
        real(name)

    monkeypatch.setattr(model.model, "set_attn_implementation", refuse)
    with pytest.raises(ModelError, match="has no eager attention"):
        attend(opened, {"text": "parcel"})
