"""Run the masked-word head on the masked tokens alone: equal loss and gradients, for a seventh of the head's work.

A masked-word head computes a score for every word of the vocabulary at every token, but only about 15% of the tokens
have a loss. The model is called with `places`, which its forward passes on to its base model as a keyword. A hook after
the base model selects the hidden states of these places, so the head, unchanged, gets `(1, place, hidden)`. Nothing is
stored between calls. The pooled output, used for pairs of segments, does not change. If the base model runs without
padding, its output has been padded again before this.

The price: a model whose forward does not pass its keywords on (DeBERTa, MPNet) runs its head on all tokens; a trial
detects this. ModernBERT's own `sparse_prediction` works in the same way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

if TYPE_CHECKING:
    from transformers import PreTrainedModel

PLACES = "places"
"""Keyword of a model with this hook: `(place,)`, positions in the flattened `(batch * token)`."""
TOLERANCE = 1e-4
"""Largest difference of a score between the head on some tokens and on all; 1e-6 is usual."""


def apply(model: PreTrainedModel) -> str:
    """Make a model accept `places`. Returns why its head still runs on all tokens, or an empty text."""
    hook = model.base_model.register_forward_hook(_gather, with_kwargs=True)
    reason = _trial(model)
    if reason:
        hook.remove()
        model.register_forward_pre_hook(_without_places, with_kwargs=True)
    return reason


def _without_places(model: torch.nn.Module, args: Any, kwargs: dict[str, Any]) -> Any:
    """Remove `places` before a model that can not use them."""
    return args, {name: value for name, value in kwargs.items() if name != PLACES}


def _gather(module: torch.nn.Module, args: Any, kwargs: dict[str, Any], output: Any) -> Any:
    """After the base model: `(batch, token, hidden)` -> `(1, place, hidden)`."""
    places = kwargs.get(PLACES)
    if places is None:
        return None
    if isinstance(output, tuple):
        return (at(output[0], places)[None], *output[1:])
    output.last_hidden_state = at(output.last_hidden_state, places)[None]
    return output


def at(values: Tensor, places: Tensor) -> Tensor:
    """`(batch, token, size)` -> `(place, size)`."""
    return values.flatten(0, 1).index_select(0, places)


def word_scores(outputs: Any, places: Tensor | None = None) -> Tensor:
    """Scores `(place, word)` from a model's outputs, whether its head ran on these places or on all tokens.

    In the first case the outputs are `(1, place, word)`, in the second `(batch, token, word)`. If the shapes are equal,
    the places are all tokens of the only text, in their order, and so are the scores. Without `places` the head ran on
    some.
    """
    name = "prediction_logits" if "prediction_logits" in outputs else "logits"
    scores: Tensor = outputs[name]
    if places is None or scores.shape[:2] == (1, places.shape[0]):
        return scores.flatten(0, 1)  # a view, whose gradient is one too; that of an index would be a copy
    return at(scores, places)


def pair_scores(outputs: Any) -> Tensor | None:
    """Scores `(batch, 2)` of pairs of segments; None if the model has no head for them."""
    for name in ("seq_relationship_logits", "sop_logits"):
        if name in outputs:
            return outputs[name]
    return None


def _trial(model: Any) -> str:
    """Run two short texts with the head on all tokens and on some. Returns why the latter fails, or an empty text."""
    device, kind, training = next(model.parameters()).device, model.config.model_type, model.training
    mask = torch.arange(9, device=device) < torch.tensor([[4], [9]], device=device)  # (text, token)
    words = (torch.arange(9, device=device) % 7 + 1 + (model.config.pad_token_id or 0)).expand(mask.shape)
    inputs = {"input_ids": words % model.config.vocab_size, "attention_mask": mask.long()}
    places = torch.tensor([1, 3, 9, 17], device=device)
    model.eval()
    try:
        with torch.inference_mode():
            full = model(**inputs)
            some = model(**inputs, **{PLACES: places})
            there, here = word_scores(full, places), word_scores(some)
            one, other = pair_scores(full), pair_scores(some)
    except Exception as error:  # an unsupported architecture may raise anything
        return f"{kind} does not take the places ({type(error).__name__})"
    finally:
        model.train(training)
    if there.shape != here.shape:
        return f"{kind} does not pass them on to its encoder"
    difference = float((there - here).abs().max())
    if one is not None and other is not None:
        difference = max(difference, float((one - other).abs().max()))
    return f"a trial on some places differs by {difference:.1g}" if not difference < TOLERANCE else ""
