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


def test_the_right_tags_probability_is_that_of_the_least_probable_word() -> None:
    """Two words of the first row are labelled, one of the second; `mean` takes a word's scores at its first token."""
    p = torch.tensor([[[0.9, 0.05, 0.05], [0.2, 0.7, 0.1], [0.5, 0.2, 0.3], [1.0, 0, 0]], [[0.3, 0.4, 0.3]] * 4])
    found = head().gold(SimpleNamespace(logits=p.log()), BATCH)
    assert found is not None
    assert found[0].tolist() == pytest.approx([0.3, 0.3])
    assert found[1].tolist() == [False, False]
    nothing = {"labels": torch.full((1, 4), IGNORED)}
    known = head().gold(SimpleNamespace(logits=p[:1].log()), nothing)
    assert known is not None
    assert known[0].isnan().all()
    assert head(crf=True).gold(SimpleNamespace(logits=p.log()), BATCH) is None
