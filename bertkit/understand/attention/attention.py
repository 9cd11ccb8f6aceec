"""The attention of a model for one text: every layer and head, and their rollout.

transformers gives attention weights only where its eager implementation computes them. So the text is computed twice:
as always, without padding, and by the eager implementation; the largest difference of their outputs is part of the
result. After that the predictor's model stays eager.

Rollout (Abnar and Zuidema 2020, section 3): the heads' mean of each layer, half of it for what the layer passes on
unchanged, multiplied over the layers up to each. It follows where information may come from, not what the answer is due
to: attention weights say nothing of the values that they weigh (Jain and Wallace 2019).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch

from bertkit.engine import padding_free
from bertkit.engine.linear import fast
from bertkit.errors import DataError, ModelError
from bertkit.inference.predictor import Predictor
from bertkit.tasks import text_sets
from bertkit.tasks.targets import Part, Target
from bertkit.understand.explain.attribution import attribute
from bertkit.understand.explain.variants import Explained
from bertkit.understand.explain.words import texts_of
from bertkit.warn import warn

NEEDS = ("attentions", "gradients", "transformers")
"""Of a backend."""
BYTES = 2**32
"""Of all weights, at most."""


@dataclass(frozen=True)
class Attention:
    """The attention for a text.

    Args:
        tokens: of the example, as the tokenizer writes them.
        weights: `(layer, head, token, token)` float32: what each token (third) takes from each (fourth).
        difference: largest absolute difference of the model's first output (its logits, or hidden states) between the
            usual computation and this one.
        answer: of the row, in words.
        windows: that the row is read in; the first one of the answer is shown.
        words: of each token; -1 for those of no word.
        attributions: of each word to `target`, by integrated gradients; None where nothing can be explained.
    """

    tokens: list[str]
    weights: np.ndarray
    difference: float
    answer: str
    windows: int
    words: np.ndarray
    labels: list[str]
    """Of words: what stands in the text."""
    target: str | None = None
    attributions: np.ndarray | None = None

    @cached_property
    def rollout(self) -> np.ndarray:
        """`(layer, token, token)`: up to each layer."""
        return rollout(self.weights)


def rollout(weights: np.ndarray) -> np.ndarray:
    """`(layer, head, token, token)` -> `(layer, token, token)`: the product of all layers up to each."""
    size = weights.shape[-1]
    whole = np.eye(size)
    found = []
    for layer in weights.mean(1, dtype=np.float64):  # (token, token)
        whole = (0.5 * layer + 0.5 * np.eye(size)) @ whole
        whole = whole / whole.sum(-1, keepdims=True)
        found.append(whole)
    return np.stack(found).astype(np.float32)


def attend(predictor: Predictor, row: dict[str, Any], *, explained: bool = True) -> Attention:
    """The attention for a row.

    Args:
        predictor: opened with `needs=NEEDS`. Its model is eager afterwards.
        explained: whether to compute attributions beside it.

    Raises:
        DataError: a row that can not be used, without tokens, or with too many.
        ModelError: the model has no eager attention.
        ExtraError: captum is not installed, and attributions are asked for.
    """
    prepared = predictor.prepare([row])
    examples = prepared.encoded.examples
    if not len(examples):
        raise DataError.at("row 1", "has no tokens", "give a text with words")
    outputs, _ = predictor.compute(predictor.backend, examples, predictor.collate)
    (answer,) = predictor.task.decode(outputs, prepared.encoded, prepared.rows)
    target = next((one for one in predictor.task.targets(answer, outputs, examples) or [] if one.chosen), None)
    part = target.parts[0] if target else Part(_single(examples[0]))
    texts = texts_of(prepared.rows[0], predictor.task.columns)
    one = Explained.of(predictor, part, texts)
    attributions = _attributions(one, target) if explained else None
    for warning in prepared.seen.warnings(predictor.task):
        warn(warning)
    with fast():
        usual = _outputs(predictor, one)[0]
    weights, eager = _eager(predictor, one)
    ids: list[int] = np.asarray(part.example["input_ids"]).tolist()
    return Attention(
        tokens=[str(token) for token in predictor.tokenizer.convert_ids_to_tokens(ids)],
        weights=weights,
        difference=float(np.abs(usual - eager).max()),
        answer=predictor.task.to_text(answer),
        windows=len(examples),
        words=one.of_token,
        labels=[texts[n].text[start:end] for n, start, end in one.words],
        target=target.name if target else None,
        attributions=attributions,
    )


def _attributions(one: Explained, target: Target | None) -> np.ndarray | None:
    return None if target is None or not one.words else attribute(one, "ig").words


def _single(example: dict[str, Any]) -> dict[str, Any]:
    """The first text of an example that holds several."""
    return text_sets.divided(example)[0] if len(example.get("sizes", ())) > 1 else example


def _outputs(predictor: Predictor, one: Explained, **more: Any) -> tuple[np.ndarray, Any]:
    """The model's first output, such as logits, and all of them."""
    backend: Any = predictor.backend
    with torch.inference_mode():
        found: Any = backend.model(**predictor.task.head.inputs(one.batch), **more)
    return found[0].float().cpu().numpy(), found


def _eager(predictor: Predictor, one: Explained) -> tuple[np.ndarray, np.ndarray]:
    """`(layer, head, token, token)` of the example, and the model's first output, by eager attention."""
    backend: Any = predictor.backend
    model, name = backend.model, str(predictor.recipe.model.name)
    size, config = one.batch["input_ids"].shape[1], model.config
    needed = 4 * size**2 * getattr(config, "num_hidden_layers", 1) * getattr(config, "num_attention_heads", 1)
    if needed > BYTES:
        what = f"{size:,} tokens: their weights need {needed / 2**30:,.0f} GiB"
        raise DataError.at("row 1", what, "give a shorter text")
    padding_free.release(model)
    try:
        model.set_attn_implementation("eager")
    except ValueError as error:
        raise ModelError.at(name, f"{config.model_type} has no eager attention, which gives its weights") from error
    output, found = _outputs(predictor, one, output_attentions=True)
    layers: Sequence[torch.Tensor] = getattr(found, "attentions", None) or ()
    if not layers:
        raise ModelError.at(name, f"{config.model_type} gives no attention weights")
    return torch.stack([layer[0] for layer in layers]).float().cpu().numpy(), output
