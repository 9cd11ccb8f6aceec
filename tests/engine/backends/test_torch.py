"""The torch backend: frozen and unpadded as the block says, never training, with what decoding needs of the weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import AutoModelForSequenceClassification

from bertkit.engine.backends.torch import TorchBackend, open_model
from bertkit.models.build import load_tokenizer
from bertkit.recipe.schema import DataBlock, ModelBlock
from bertkit.tasks.task import Head
from tests.helpers import make


class PlainHead(Head):
    """A user's head that builds its model without bertkit's help."""

    auto_class = "AutoModelForSequenceClassification"
    hub_tag = "text-classification"

    def build_model(self, block: Any) -> Any:
        return AutoModelForSequenceClassification.from_pretrained(block.name, num_labels=2)

    def loss_weight(self, batch: Any) -> Any: ...

    def losses(self, outputs: Any, batch: Any) -> Any: ...

    def reduce(self, outputs: Any, batch: Any) -> Any: ...


def test_a_users_model_is_frozen_and_unpadded_as_ours_are(tiny_bert: Path) -> None:
    model: Any = open_model(PlainHead({}, {}), ModelBlock(name=str(tiny_bert), freeze_layers=1))
    assert model.padding_free
    assert model.accepts_loss_kwargs is False
    frozen = {name.split(".")[1] for name, p in model.named_parameters() if not p.requires_grad}
    assert frozen == {"embeddings", "encoder"}
    padded: Any = open_model(PlainHead({}, {}), ModelBlock(name=str(tiny_bert), padding_free="off"))
    assert not padded.padding_free


@pytest.fixture
def parts(tiny_bert: Path) -> tuple[Any, Any, dict[str, Any], dict[str, Any]]:
    """A CRF's task and backend, with a batch that has labels and one that has none."""
    task = make("ner", {"crf": True})
    rows = task.tiny_rows()
    block = ModelBlock(name=str(tiny_bert))
    tokenizer = load_tokenizer(block)
    task.prepare(rows, DataBlock())
    backend = TorchBackend(open_model(task.head, block), task.head)
    batches = [
        task.collator(tokenizer)(list(task.encode(rows, tokenizer, 64, answers=answers).examples))
        for answers in (True, False)
    ]
    return task, backend, batches[0], batches[1]


def test_forward_gives_outputs_and_a_loss_where_there_are_labels(parts: Any) -> None:
    _, backend, labelled, unlabelled = parts
    backend.model.train()
    with_loss, without = backend.forward(labelled), backend.forward(unlabelled)
    assert not backend.model.training
    np.testing.assert_array_equal(with_loss.outputs["scores"], without.outputs["scores"])
    assert with_loss.loss_sums.dtype == np.float64 and with_loss.loss_sums.shape == (1,)
    assert with_loss.loss_weights.tolist() == [len(labelled["labels"])]
    assert without.loss_sums is None and without.loss_weights is None


def test_constants_are_those_of_the_weights_now(parts: Any) -> None:
    task, backend, *_ = parts
    assert {name: array.shape for name, array in backend.constants.items()} == {
        "crf_start": (len(task.labels),), "crf_steps": (len(task.labels),) * 2, "crf_end": (len(task.labels),)
    }  # fmt: skip
    with torch.no_grad():
        backend.model.crf.start.fill_(2.0)
    assert backend.constants["crf_start"].tolist() == [2.0] * len(task.labels)
    assert backend.max_tokens == 64
    assert (backend.name, backend.tokens, backend.lockstep) == ("torch", 4096, False)
