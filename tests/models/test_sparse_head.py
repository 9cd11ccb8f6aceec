"""The head on the masked places alone: loss and every gradient as with it on all places."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import transformers

from bertkit.engine import padding_free
from bertkit.models import sparse_head

SMALL: dict[str, Any] = {
    "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64, "vocab_size": 99,
    "max_position_embeddings": 40, "pad_token_id": 0, "hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0,
}  # fmt: skip
DISTIL = {"dim": 32, "n_layers": 2, "n_heads": 2, "hidden_dim": 64, "vocab_size": 99, "max_position_embeddings": 40,
          "pad_token_id": 0, "dropout": 0.0, "attention_dropout": 0.0}  # fmt: skip
NUMBERS = dict.fromkeys(("cls_token_id", "sep_token_id", "bos_token_id", "eos_token_id"), 1)
MODERN = {key: value for key, value in SMALL.items() if "dropout" not in key} | NUMBERS
KINDS = {
    "bert": SMALL, "roberta": SMALL, "distilbert": DISTIL,
    "albert": {**SMALL, "embedding_size": 16, "classifier_dropout_prob": 0.0},
    "electra": {**SMALL, "embedding_size": 16}, "modernbert": MODERN,
}  # fmt: skip
MASKED, PAIRED = "AutoModelForMaskedLM", "AutoModelForPreTraining"
CASES = [*((MASKED, kind) for kind in KINDS), (PAIRED, "bert"), (PAIRED, "albert")]


def make(auto: str, kind: str, **more: Any) -> Any:
    torch.manual_seed(0)
    config = transformers.AutoConfig.for_model(kind, **{**KINDS.get(kind, SMALL), **more})
    return getattr(transformers, auto).from_config(config).train()


def batch() -> tuple[dict[str, torch.Tensor], torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    mask = torch.arange(17) < torch.tensor([[17], [9], [5]])
    ids = torch.randint(5, 99, mask.shape, generator=generator).where(mask, 0)
    places = torch.tensor([1, 2, 14, 18, 25, 35, 38])
    return {"input_ids": ids, "attention_mask": mask.long()}, places, torch.randint(5, 99, (7,), generator=generator)


def loss_of(outputs: Any, labels: torch.Tensor, places: torch.Tensor | None) -> torch.Tensor:
    loss = torch.nn.functional.cross_entropy(sparse_head.word_scores(outputs, places), labels)
    pairs = sparse_head.pair_scores(outputs)
    return loss if pairs is None else loss + torch.nn.functional.cross_entropy(pairs, torch.tensor([0, 1, 1]))


def gradients(model: Any, loss: torch.Tensor) -> dict[str, torch.Tensor]:
    model.zero_grad()
    loss.backward()
    return {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}


@pytest.mark.parametrize("unpadded", [False, True], ids=["padded", "unpadded"])
@pytest.mark.parametrize(("auto", "kind"), CASES, ids=lambda value: value.removeprefix("AutoModelFor"))
def test_loss_and_every_gradient_are_the_dense_heads(auto: str, kind: str, unpadded: bool) -> None:
    model = make(auto, kind)
    inputs, places, labels = batch()
    dense = loss_of(model(**inputs), labels, places)
    expected = gradients(model, dense)
    if unpadded:
        padding_free.apply(model, "on")
    assert sparse_head.apply(model) == ""
    outputs = model(**inputs, places=places)
    assert sparse_head.word_scores(outputs).shape == (7, 99)
    sparse = loss_of(outputs, labels, None)
    got = gradients(model, sparse)
    torch.testing.assert_close(sparse, dense, rtol=1e-5, atol=1e-6)
    assert got.keys() == expected.keys()
    for name in got:
        torch.testing.assert_close(got[name], expected[name], rtol=1e-4, atol=1e-6, msg=name)


def test_modernberts_own_sparse_prediction_gives_the_same_loss() -> None:
    model = make(MASKED, "modernbert", sparse_prediction=True)
    inputs, places, labels = batch()
    all_labels = torch.full(inputs["input_ids"].shape, -100)
    all_labels.view(-1)[places] = labels
    theirs = model(**inputs, labels=all_labels).loss
    assert sparse_head.apply(model) == ""
    ours = loss_of(model(**inputs, places=places), labels, None)
    torch.testing.assert_close(ours, theirs)


def test_without_places_the_model_is_as_it_was() -> None:
    model = make(MASKED, "bert")
    inputs, _, _ = batch()
    before = model(**inputs).logits
    sparse_head.apply(model)
    assert torch.equal(model(**inputs).logits, before)
    assert model.training


def test_with_gradient_checkpointing() -> None:
    model = make(MASKED, "bert")
    inputs, places, labels = batch()
    expected = gradients(model, loss_of(model(**inputs), labels, places))
    model.gradient_checkpointing_enable({"use_reentrant": False})
    sparse_head.apply(model)
    got = gradients(model, loss_of(model(**inputs, places=places), labels, None))
    for name in got:
        torch.testing.assert_close(got[name], expected[name], rtol=1e-4, atol=1e-6, msg=name)


def test_no_places_at_all_give_no_loss_and_no_fault() -> None:
    model = make(MASKED, "bert")
    sparse_head.apply(model)
    scores = sparse_head.word_scores(model(**batch()[0], places=torch.empty(0, dtype=torch.long)))
    assert scores.shape == (0, 99)


def test_a_model_that_keeps_its_keywords_to_itself_says_so() -> None:
    model = make(MASKED, "deberta-v2")
    said = sparse_head.apply(model)
    assert said.startswith("deberta-v2 does not")
    assert not model.base_model._forward_hooks
