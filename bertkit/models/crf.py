"""A linear-chain conditional random field over words (Lafferty, McCallum & Pereira 2001, section 3).

    p(tags | words) = exp(sum of scores) / sum over all sequences of exp(sum of scores)

The scores are those of the encoder, for each word and label, and learnt transition scores: of a label as the first, as
the last, or after another (their equation 1). Sums over sequences use the forward algorithm in log space and float32.

Transition scores are weights of the model, under `crf.` in its folder; plain transformers can load the rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor, nn
from transformers.modeling_outputs import TokenClassifierOutput

from bertkit.models.weights import model_folder
from bertkit.recipe.schema import ModelBlock

if TYPE_CHECKING:
    import numpy as np


TRANSITIONS = "transitions"
"""Name of the transition scores in the outputs of a model with a CRF."""


class Transitions(NamedTuple):
    """The transition scores."""

    start: Tensor
    """`(label,)`, of a sentence's first label."""
    steps: Tensor
    """`(label, label)`, of the second label after the first."""
    end: Tensor
    """`(label,)`, of a sentence's last label."""


class Crf(nn.Module):
    """Holds the transition scores. They start at 0, where the CRF is a softmax for each word."""

    def __init__(self, labels: int):
        super().__init__()
        self.start = nn.Parameter(torch.zeros(labels))
        self.steps = nn.Parameter(torch.zeros(labels, labels))
        self.end = nn.Parameter(torch.zeros(labels))

    @property
    def transitions(self) -> Transitions:
        return Transitions(self.start, self.steps, self.end)

    def scores(self) -> dict[str, np.ndarray]:
        """A copy of the transition scores: `crf_start`, `crf_steps`, `crf_end`."""
        named = self.transitions._asdict().items()
        return {f"crf_{name}": part.detach().double().cpu().numpy() for name, part in named}


def negative_log_likelihood(transitions: Transitions, scores: Tensor, labels: Tensor, real: Tensor) -> Tensor:
    """The loss of each sentence, `(batch,)`.

    Args:
        scores: `(batch, word, label)`.
        labels: `(batch, word)`.
        real: which words are not padding, `(batch, word)`; padding is on the right.
    """
    return _log_partition(transitions, scores, real) - _score(transitions, scores, labels, real)


def _score(transitions: Transitions, scores: Tensor, labels: Tensor, real: Tensor) -> Tensor:
    """The sum of the scores of each sentence's labels, `(batch,)`."""
    words = scores.gather(2, labels[..., None])[..., 0]  # (batch, word)
    steps = transitions.steps[labels[:, :-1], labels[:, 1:]]
    last = labels.gather(1, real.sum(1, keepdim=True) - 1)[:, 0]
    inside = (words * real).sum(1) + (steps * real[:, 1:]).sum(1)
    return transitions.start[labels[:, 0]] + inside + transitions.end[last]


def _log_partition(transitions: Transitions, scores: Tensor, real: Tensor) -> Tensor:
    """The log of the sum over all label sequences of exp(sum of scores), for each sentence, `(batch,)`."""
    ways = transitions.start + scores[:, 0]  # (batch, label)
    for word in range(1, scores.shape[1]):
        longer = (ways[:, :, None] + transitions.steps).logsumexp(1) + scores[:, word]
        ways = torch.where(real[:, word, None], longer, ways)
    return (ways + transitions.end).logsumexp(1)


def attach(model: Any, labels: int, block: ModelBlock) -> None:
    """Add a CRF to a model as `crf`, with the transition scores of the model's folder, if it has any, in the order of
    the model's labels. They are new where the model's output layer is new."""
    model.crf = Crf(labels)
    model.register_forward_hook(_reach)
    file = model_folder(block.name) / "model.safetensors" if block.name else Path()
    known = _stored(file) if file.is_file() else {}
    if known and (order := model.output_order) is not None:
        start, steps, end = (known[name] for name in ("start", "steps", "end"))
        model.crf.load_state_dict({"start": start[order], "steps": steps[order][:, order], "end": end[order]})
    else:
        model.new_weights |= {f"crf.{name}" for name, _ in model.crf.named_parameters()}


@dataclass
class CrfOutput(TokenClassifierOutput):
    """A class of its own: data parallel rebuilds outputs from the fields of their class."""

    transitions: tuple[Tensor, Tensor, Tensor] | None = None


def _reach(model: Any, _: Any, outputs: TokenClassifierOutput) -> CrfOutput:
    """Add the transition scores to the outputs, for the loss, and 0 times their sum to the logits: the loss is computed
    outside of the model, and data parallel would take parameters that no output depends on for unused."""
    if torch.is_grad_enabled():
        outputs.logits = outputs.logits + 0 * sum(part.sum() for part in model.crf.parameters())
    return CrfOutput(**outputs, transitions=tuple(model.crf.transitions))


def _stored(file: Path) -> dict[str, Tensor]:
    from safetensors import safe_open

    with safe_open(file, "pt") as weights:
        names = [name for name in weights.keys() if name.startswith("crf.")]  # noqa: SIM118 - no dict
        return {name.removeprefix("crf."): weights.get_tensor(name) for name in names}
