"""The head of `pretrain`: its parts, and models that have no head for pairs."""

from __future__ import annotations

import pytest
import torch

from bertkit.errors import ModelError
from bertkit.recipe.schema import ModelBlock
from tests.helpers import make

SIZES = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16, "vocab_size": 40}


def test_the_objective_names_the_parts_and_the_class() -> None:
    assert (make("pretrain", {}).head.parts, make("pretrain", {}).head.auto_class) == ((), "AutoModelForMaskedLM")
    for pairs in ("nsp", "sop"):
        head = make("pretrain", {"objective": f"mlm+{pairs}"}).head
        assert (head.parts, head.auto_class) == (("mlm", pairs), "AutoModelForPreTraining")


def test_weights_are_masked_tokens_and_rows() -> None:
    batch = {"labels": torch.zeros(7, dtype=torch.long), "pair": torch.zeros(3, dtype=torch.long)}
    assert make("pretrain", {}).head.loss_weight(batch).tolist() == [7]
    assert make("pretrain", {"objective": "mlm+nsp"}).head.loss_weight(batch).tolist() == [7, 3]


def test_a_model_without_a_head_for_pairs_is_told_the_objective_that_it_can_have() -> None:
    block = ModelBlock(scratch={"model_type": "roberta", **SIZES}, tokenizer="unused")
    with pytest.raises(ModelError, match=r"roberta: transformers has no head for pairs.*options.objective=mlm"):
        make("pretrain", {"objective": "mlm+nsp"}).head.build_model(block)
