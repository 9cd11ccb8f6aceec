"""Predictors that are explained: of tiny Runs, of a bag of words whose weights are known, of a tiny RoBERTa."""

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


def tokenizer_of(kind: str, words: list[str]) -> Any:
    """A tokenizer of RoBERTa's kind (`byte-level`) or of XLM-R's (`unigram`)."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    if kind == "byte-level":
        made = Tokenizer(models.BPE(unk_token="<unk>"))
        made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        made.decoder = decoders.ByteLevel()
        alphabet = pre_tokenizers.ByteLevel.alphabet()
        trainer: Any = trainers.BpeTrainer(
            vocab_size=500, initial_alphabet=alphabet, special_tokens=special, show_progress=False
        )
    else:
        made = Tokenizer(models.Unigram())
        made.pre_tokenizer = pre_tokenizers.Metaspace()
        trainer = trainers.UnigramTrainer(
            vocab_size=300, unk_token="<unk>", special_tokens=special, show_progress=False
        )
    made.train_from_iterator([*words, "我住在北京", "他去了上海"], trainer)
    made.post_processor = processors.TemplateProcessing(
        "<s> $A </s>", "<s> $A </s> </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    names = {"bos_token": "<s>", "cls_token": "<s>", "eos_token": "</s>", "sep_token": "</s>", "pad_token": "<pad>"}
    names |= {"unk_token": "<unk>", "mask_token": "<mask>"}
    inputs = ["input_ids", "attention_mask"]
    return PreTrainedTokenizerFast(tokenizer_object=made, **names, model_max_length=64, model_input_names=inputs)


def roberta(run: Run, words: list[str]) -> Predictor:
    """A random RoBERTa of two labels: its positions depend on the ids of tokens."""
    from transformers import RobertaConfig, RobertaForSequenceClassification

    tokenizer = tokenizer_of("byte-level", words)
    task = make("classify", {})
    task.state |= {"labels": ["no", "yes"]}
    torch.manual_seed(1)
    config = RobertaConfig(
        vocab_size=len(tokenizer), hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64,
        max_position_embeddings=66, pad_token_id=1, num_labels=2, initializer_range=0.2, type_vocab_size=1,
    )  # fmt: skip
    model = RobertaForSequenceClassification(config).eval()
    return Predictor(task, tokenizer, TorchBackend(model, task.head), Predictor.open(run).recipe)
