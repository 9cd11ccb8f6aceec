"""The head of `ner`: what is averaged over, and that a checkpoint of others has no CRF."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch

from bertkit.tasks.ner.encode import IGNORED
from bertkit.tasks.ner.head import NerHead

STATE = {"labels": ["O", "B-PER", "I-PER"]}
BATCH = {"labels": torch.tensor([[IGNORED, 1, 2, IGNORED], [IGNORED, 0, IGNORED, IGNORED]])}


def head(**options: Any) -> NerHead:
    return NerHead(SimpleNamespace(**{"crf": False, "subtoken_pooling": "first", **options}), STATE)


def test_the_mean_is_over_labelled_tokens_and_with_a_crf_over_sentences() -> None:
    assert head().loss_weight(BATCH).tolist() == [3.0]
    assert head(crf=True).loss_weight(BATCH).tolist() == [2.0]


def test_the_loss_is_the_sum_over_labelled_tokens() -> None:
    logits = torch.arange(24.0).view(2, 4, 3)
    wanted = torch.nn.functional.cross_entropy(
        logits.flatten(0, 1), BATCH["labels"].flatten(), ignore_index=IGNORED, reduction="sum"
    )
    found = head().losses(SimpleNamespace(logits=logits), BATCH)
    assert found.tolist() == pytest.approx([float(wanted)])


def test_what_a_checkpoint_must_have() -> None:
    assert "CRF" in head(crf=True).check_outputs(STATE["labels"])
    assert "one number" in head().check_outputs(["LABEL_0"])
    assert head().check_outputs(STATE["labels"]) == ""
