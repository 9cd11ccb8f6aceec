"""BERT of one's own for answers: the same weights and sums as transformers', without importing it.

Importing transformers' models takes longer than all else between `bertkit predict RUN --text` and its answer, and torch
itself is half of the rest. This module needs torch alone. It computes what `BertFor*` compute in evaluation mode, in
the same order of operations, packed as in padding_free.py, without hooks.

The price: a second implementation of one architecture, which tests hold to the first. So it takes only what it knows
for certain: a folder whose config.json has nothing but the keys below, and whose weights have exactly the names and
shapes that follow from it. For all others `open_bert` returns None, and transformers loads, or refuses, the model.
"""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from bertkit.engine.bert.layers import PARAMETERS, compiled, encode, finish, project
from bertkit.engine.blocks import attention_blocks, whole
from bertkit.engine.layout import Layout, layout, spread
from bertkit.engine.linear import packed, product
from bertkit.engine.padding_free import attention

if TYPE_CHECKING:
    from bertkit.recipe.schema import ModelBlock
    from bertkit.tasks.head import Head

HEADS = {
    "AutoModel": "",
    "AutoModelForMultipleChoice": "classifier",
    "AutoModelForQuestionAnswering": "qa_outputs",
    "AutoModelForSequenceClassification": "classifier",
    "AutoModelForTokenClassification": "classifier",
}
"""Auto class -> the name of its output layer; the encoder alone has none, and its weights no prefix."""
POOLED = ("AutoModelForMultipleChoice", "AutoModelForSequenceClassification")
"""Auto classes whose output layer sees the first token alone, through the pooler."""

SIZES = {
    *("hidden_size", "intermediate_size", "max_position_embeddings", "num_attention_heads", "num_hidden_layers"),
    *("type_vocab_size", "vocab_size"),
}
FIXED: dict[str, Any] = {
    "add_cross_attention": False,
    "chunk_size_feed_forward": 0,
    "dtype": "float32",
    "hidden_act": "gelu",
    "is_decoder": False,
    "model_type": "bert",
    "output_attentions": False,
    "output_hidden_states": False,
    "position_embedding_type": "absolute",
    "torch_dtype": "float32",
}
"""Keys of config.json that change what is computed, with the values that this module computes."""
FREE = {
    *("architectures", "attention_probs_dropout_prob", "bos_token_id", "classifier_dropout", "eos_token_id"),
    *("gradient_checkpointing", "hidden_dropout_prob", "id2label", "initializer_range", "label2id", "layer_norm_eps"),
    *("pad_token_id", "problem_type", "sentence_transformers", "tie_word_embeddings", "transformers_version"),
    *("use_cache", "_name_or_path"),
}
"""Keys that change nothing here, or that `_fits` reads."""


class Bert(nn.Module):
    """Encoder and output layer, with the parameters' names in transformers.

    Args:
        config: of config.json, as `_fits` accepts it.
        weights: name -> tensor.
    """

    def __init__(self, config: SimpleNamespace, weights: dict[str, Tensor], auto_class: str):
        super().__init__()
        self.config, self.auto_class = config, auto_class
        self.new_weights: set[str] = set()
        self._compiled = False
        self._weights: list[list[Tensor]] | None = None
        for name, tensor in weights.items():
            *path, last = name.split(".")
            part: nn.Module = self
            for step in path:
                if step not in part._modules:
                    part.add_module(step, nn.Module())
                part = part._modules[step]  # type: ignore[assignment]
            part.register_parameter(last, nn.Parameter(tensor, requires_grad=False))

    @property
    def base_model(self) -> nn.Module:
        return self.get_submodule("bert") if HEADS[self.auto_class] else self

    def get_input_embeddings(self) -> nn.Module:
        return self.base_model.get_submodule("embeddings.word_embeddings")

    def lower(self, dtype: torch.dtype) -> None:
        """Let the encoder compute in another precision (engine/precision.py); the output layer stays as it is."""
        self._weights = None
        for name in ("embeddings", "encoder"):
            self.base_model.get_submodule(name).to(dtype)

    def pack(self) -> None:
        """Bring the weights of all products into the order in which this processor reads them, for good."""
        self._weights = None
        for layer in self.modules():
            weight = layer._parameters.get("weight")
            if weight is None or weight.dim() != 2 or "bias" not in layer._parameters:
                continue
            if (own := packed(weight.detach())) is not None:
                del layer.weight
                layer.register_buffer("weight", own)

    def compile_layers(self) -> None:
        """See layers.py. It takes longer than a batch of short texts."""
        self._compiled = compiled() is not encode

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor | None = None, token_type_ids: Tensor | None = None
    ) -> SimpleNamespace:
        """`(batch, token)`, or `(row, choice, token)` for multiple choice -> `logits` and the `features` that the
        output layer reads, or `start_logits` and `end_logits`, or of the encoder alone `last_hidden_state` `(batch,
        token, hidden)`."""
        choices = input_ids.shape[-2]
        mask, types = (x if x is None else x.flatten(0, -2) for x in (attention_mask, token_type_ids))
        hidden = self._encode(input_ids.flatten(0, -2), mask, types).float()  # (batch, token, hidden)
        if not HEADS[self.auto_class]:
            return SimpleNamespace(last_hidden_state=hidden)
        if self.auto_class in POOLED:
            hidden = torch.tanh(_linear(hidden[:, 0], self.bert.pooler.dense))  # type: ignore[union-attr]
        scores = _linear(hidden, getattr(self, HEADS[self.auto_class]))
        if self.auto_class == "AutoModelForQuestionAnswering":
            start, end = scores.unbind(-1)  # (batch, token)
            return SimpleNamespace(start_logits=start, end_logits=end)
        logits = scores.view(-1, choices) if input_ids.dim() == 3 else scores
        return SimpleNamespace(logits=logits, features=hidden)

    def _encode(self, ids: Tensor, mask: Tensor | None, types: Tensor | None) -> Tensor:
        where = None if mask is None else layout(mask)
        part: Any = self.base_model
        table, eps = part.embeddings, self.config.layer_norm_eps
        places = torch.arange(ids.shape[1], device=ids.device).expand_as(ids)
        kinds = torch.zeros_like(ids) if types is None else types
        tokens = [x.flatten() if where is None else x.flatten()[where.places] for x in (ids, kinds, places)]
        tables = table.word_embeddings, table.token_type_embeddings, table.position_embeddings
        word, kind, place = (functional.embedding(x, own.weight) for x, own in zip(tokens, tables, strict=True))
        norm = table.LayerNorm
        hidden = functional.layer_norm(word + kind + place, norm.weight.shape, norm.weight, norm.bias, eps)
        hidden = self._through_layers(hidden, where, ids.shape)  # (real, hidden)
        return hidden.view(*ids.shape, -1) if where is None else spread(hidden, where)

    def _through_layers(self, hidden: Tensor, where: Layout | None, shape: torch.Size) -> Tensor:
        heads, eps = self.config.num_attention_heads, self.config.layer_norm_eps
        if where is not None and hidden.is_cuda:  # it may have attention on packed tokens
            for layer in self._layers():
                query, key, value = (x.view(1, len(x), heads, -1).transpose(1, 2) for x in project(hidden, layer))
                seen, _ = attention(self, query, key, value, where)
                hidden = finish(hidden, seen.reshape(hidden.shape), layer, eps)
            return hidden
        blocks = [whole(*shape)] if where is None else attention_blocks(where, hidden.dtype)
        run = compiled() if self._compiled else encode
        return run(hidden, self._layers(), blocks, heads, eps)

    def _layers(self) -> list[list[Tensor]]:
        """The weights of all layers, as layers.py takes them."""
        if self._weights is None:
            layers: Any = self.base_model.get_submodule("encoder.layer")
            numbers = range(self.config.num_hidden_layers)  # a file of weights has 10 before 2
            parts = ([layers.get_submodule(f"{number}.{name}") for name in PARAMETERS] for number in numbers)
            self._weights = [[tensor for part in own for tensor in (part.weight, part.bias)] for own in parts]
        return self._weights


def _linear(x: Tensor, layer: Any) -> Tensor:
    return product(x, layer.weight, layer.bias)


def open_bert(head: Head, block: ModelBlock) -> Bert | None:
    """The model of a head, ready to answer; None if transformers is needed to load it, or to say what is wrong."""
    folder = Path(block.name or "")
    file = folder / "model.safetensors"
    if not (head.is_plain and head.auto_class in HEADS and block.padding_free != "off" and file.is_file()):
        return None
    from safetensors.torch import load_file

    try:
        config = json.loads((folder / "config.json").read_text("utf-8"))
        if not _fits(config, head):
            return None
        weights = load_file(file)
    except Exception:  # whatever is wrong with the files, transformers or build.py has a message for it
        return None
    if not HEADS[head.auto_class]:
        weights = {name: tensor for name, tensor in weights.items() if not name.startswith("pooler.")}
    if {name: tuple(tensor.shape) for name, tensor in weights.items()} != _shapes(config, head.auto_class):
        return None
    if any(tensor.dtype != torch.float32 for tensor in weights.values()):
        return None
    return Bert(SimpleNamespace(**config), weights, head.auto_class)


def _fits(config: dict[str, Any], head: Head) -> bool:
    """Whether a configuration is that of a BERT as this module computes it, for the head's labels."""
    kind = head.auto_class.replace("AutoModel", "Bert" if HEADS[head.auto_class] else "BertModel")
    wanted = head.config()
    names = {str(number): name for number, name in wanted.get("id2label", {}).items()}
    if set(config) - SIZES - FREE - set(FIXED) or config.get("architectures") != [kind]:
        return False
    if any(config.get(key, value) != value for key, value in FIXED.items()) or config.get("model_type") != "bert":
        return False
    if not all(type(config.get(key)) is int and config[key] > 0 for key in SIZES):
        return False
    if config["hidden_size"] % config["num_attention_heads"] or type(config.get("layer_norm_eps")) is not float:
        return False
    if set(wanted) - {"num_labels", "id2label", "label2id", "problem_type"}:
        return False
    trained, given = config.get("problem_type"), wanted.get("problem_type")
    same = not names or config.get("id2label") == names
    return same and type(config.get("pad_token_id")) is int and (not trained or not given or trained == given)


def _shapes(config: dict[str, Any], auto_class: str) -> dict[str, tuple[int, ...]]:
    """Name -> shape of all weights."""
    hidden, wide = config["hidden_size"], config["intermediate_size"]
    base = "bert." if HEADS[auto_class] else ""
    table = f"{base}embeddings."
    shapes: dict[str, tuple[int, ...]] = {
        f"{table}word_embeddings.weight": (config["vocab_size"], hidden),
        f"{table}position_embeddings.weight": (config["max_position_embeddings"], hidden),
        f"{table}token_type_embeddings.weight": (config["type_vocab_size"], hidden),
    }
    linear: dict[str, tuple[int, ...]] = {}
    norms = [f"{table}LayerNorm"]
    for number in range(config["num_hidden_layers"]):
        layer = f"{base}encoder.layer.{number}."
        own = (*(f"attention.self.{name}" for name in ("query", "key", "value")), "attention.output.dense")
        linear |= {f"{layer}{name}": (hidden, hidden) for name in own}
        linear |= {f"{layer}intermediate.dense": (wide, hidden), f"{layer}output.dense": (hidden, wide)}
        norms += [f"{layer}attention.output.LayerNorm", f"{layer}output.LayerNorm"]
    if auto_class in POOLED:
        linear["bert.pooler.dense"] = (hidden, hidden)
    outputs = 1 if auto_class == "AutoModelForMultipleChoice" else len(config.get("id2label") or "01")
    if layer := HEADS[auto_class]:
        linear[layer] = (outputs, hidden)
    for name, shape in linear.items():
        shapes |= {f"{name}.weight": shape, f"{name}.bias": shape[:1]}
    return shapes | {f"{name}.{part}": (hidden,) for name in norms for part in ("weight", "bias")}
