"""Predictors that are explained: those of tiny Runs, and a bag of words whose weights are known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import nn
from transformers.modeling_outputs import SequenceClassifierOutput

from bertkit import Predictor, Run, train
from bertkit.engine.backends.torch import TorchBackend
from bertkit.understand.explain.explain import NEEDS
from tests.helpers import make, tiny_recipe


def tiny(name: str, options: dict[str, Any], model: Path, folder: Path) -> Predictor:
    """The predictor of a Run of the task's tiny rows."""
    run = train(tiny_recipe(name, options, model, folder, max_steps=2), output=folder / "run")
    return Predictor.open(run, needs=NEEDS)


class BagOfWords(nn.Module):
    """Logits that are sums over tokens: that of label 1 has the weight of each token, that of label 0 is 0."""

    def __init__(self, weights: torch.Tensor):
        super().__init__()
        self.config = type(
            "Config", (), {"max_position_embeddings": 512, "model_type": "bag", "vocab_size": len(weights)}
        )
        self.base_model = self.config  # nothing that is checked for its positions
        self.weights = nn.Embedding.from_pretrained(weights[:, None], freeze=False)

    def get_input_embeddings(self) -> nn.Embedding:
        return self.weights

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor, **_: Any) -> SequenceClassifierOutput:
        each = self.weights(input_ids)[..., 0] * attention_mask  # (text, token)
        return SequenceClassifierOutput(logits=torch.stack([torch.zeros(len(each)), each.sum(1)], 1))


def bag_of_words(run: Run, weights: dict[str, float]) -> Predictor:
    """A predictor of two labels with the Run's tokenizer: each word of the vocabulary has a weight, 0 if not named."""
    opened = Predictor.open(run, needs=NEEDS)
    task = make("classify", {})
    task.state |= {"labels": ["no", "yes"]}
    vocabulary = opened.tokenizer.get_vocab()
    known = torch.zeros(len(vocabulary))
    for word, value in weights.items():
        known[vocabulary[word]] = value
    return Predictor(task, opened.tokenizer, TorchBackend(BagOfWords(known), task.head), opened.recipe)
