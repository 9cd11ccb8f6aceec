"""The masked-word head on the masked places alone: equal loss and gradients, for a seventh of the head's work.

A masked-word head turns every hidden state into a score for every word, and of a batch only some 15% of the places have
a loss. The model is called with `places`, which its base model hands on with its other keywords; a hook behind the base
model reads them there and leaves the hidden states of these places, so that whatever head stands above, untouched, sees
`(1, place, hidden)`. Nothing is kept between calls, and the pooled output, which next sentences are told from, stays as
it is. Where the base model runs without padding, it has padded its output again before this.

The price: a model whose forward does not hand its keywords on (DeBERTa, MPNet) keeps its head on all places. A trial
finds that out. In the same manner ModernBERT's own `sparse_prediction` works, for itself alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

if TYPE_CHECKING:
    from transformers import PreTrainedModel

PLACES = "places"
"""Keyword of a model with this hook: `(place,)`, numbers in the flattened `(batch * token)`."""
TOLERANCE = 1e-4
"""Largest difference between a score of the head on some places and on all; usual is 1e-6."""


def apply(model: PreTrainedModel) -> str:
    """Let a model take `places`. Returns why its head runs on all of them all the same, or an empty text."""
    hook = model.base_model.register_forward_hook(_gather, with_kwargs=True)
    because = _trial(model)
    if because:
        hook.remove()
        model.register_forward_pre_hook(_without_places, with_kwargs=True)
    return because


def _without_places(model: torch.nn.Module, args: Any, kwargs: dict[str, Any]) -> Any:
    """Before a model that can not use them."""
    return args, {name: value for name, value in kwargs.items() if name != PLACES}


def _gather(module: torch.nn.Module, args: Any, kwargs: dict[str, Any], output: Any) -> Any:
    """Behind the base model: `(batch, token, hidden)` -> `(1, place, hidden)`."""
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
    """Scores `(place, word)` of a model's outputs, whether its head ran on these places or on all of them.

    The first gives `(1, place, word)`, the second `(batch, token, word)`. Where the shapes are the same, all tokens of
    the only text are places, in their order, and so are the scores. Without `places` it ran on some.
    """
    name = "prediction_logits" if "prediction_logits" in outputs else "logits"
    scores: Tensor = outputs[name]
    if places is None or scores.shape[:2] == (1, len(places)):
        return scores[0]
    return at(scores, places)


def pair_scores(outputs: Any) -> Tensor | None:
    """Scores `(batch, 2)` of a pair of segments; None where the model has no head for them."""
    for name in ("seq_relationship_logits", "sop_logits"):
        if name in outputs:
            return outputs[name]
    return None


def _trial(model: Any) -> str:
    """Run two short texts with the head on all places and on some; what is wrong with the latter, or nothing."""
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
    except Exception as error:  # an architecture that can not, can not in any way
        return f"{kind} does not take the places ({type(error).__name__})"
    finally:
        model.train(training)
    if there.shape != here.shape:
        return f"{kind} does not hand them on to its encoder"
    difference = float((there - here).abs().max())
    if one is not None and other is not None:
        difference = max(difference, float((one - other).abs().max()))
    return f"a trial on some places differs by {difference:.1g}" if not difference < TOLERANCE else ""
