"""How much each word adds to a score, by three methods, with captum.

- `ig`: integrated gradients (Sundararajan et al. 2017) of the embeddings of words, from a baseline in which each word's
  tokens are the padding token. Positions, token types, [CLS], [SEP] and the attention mask stay as they are. The sum
  over all words is the score minus that of the baseline, up to the error of the integral; steps are added until it is
  within a hundredth.
- `gradient`: input times gradient, of the same embeddings: one backward pass, and no such sum.
- `occlusion`: what the score loses where a word is replaced by the mask.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import torch
from torch import Tensor

from bertkit import extras
from bertkit.understand.explain.variants import TOKENS, Explained

Method = Literal["ig", "gradient", "occlusion"]
METHODS: tuple[str, ...] = get_args(Method)
STEPS, MOST = 32, 512
"""Points of the integral at first, and at most."""
TOLERANCE, SMALL = 0.01, 0.1
"""Largest error of the sum: a hundredth of the difference that it explains. A difference below `SMALL` counts as this:
of a score that the words do not change, any error would be too large a share."""


@dataclass(frozen=True)
class Attribution:
    """What the words of an example add to a score.

    Args:
        words: of each word.
        rest: of all other tokens.
        score: of the example.
        baseline: the score of the example with all words padded; None where the method has none.
        steps: of the integral; 0 for other methods.
    """

    words: np.ndarray
    rest: float
    score: float
    baseline: float | None = None
    steps: int = 0

    @property
    def error(self) -> float | None:
        """What the sum of all is short of the score minus the baseline's; None where no such sum is meant."""
        if self.baseline is None:
            return None
        return self.score - self.baseline - float(self.words.sum()) - self.rest

    @property
    def complete(self) -> bool:
        """Whether the error is small enough."""
        if self.error is None or self.baseline is None:
            return True
        return abs(self.error) <= TOLERANCE * max(SMALL, abs(self.score - self.baseline))


def attribute(explained: Explained, method: Method) -> Attribution:
    """Explain a part of a target.

    Raises:
        ExtraError: captum is not installed.
    """
    if method == "occlusion":
        return _by_occlusion(explained)
    extras.need("captum", extra="explain", feature=f"--method {method}")
    from captum import attr

    trained = [parameter for parameter in explained.model.parameters() if parameter.requires_grad]
    try:
        for parameter in trained:  # their gradients are not needed, and take most of the time
            parameter.requires_grad_(False)
        return _by_gradient(explained, attr) if method == "gradient" else _by_integral(explained, attr)
    finally:
        for parameter in trained:
            parameter.requires_grad_(True)


def _by_integral(explained: Explained, captum: Any) -> Attribution:
    ids = explained.batch["input_ids"]
    is_word = torch.from_numpy(explained.of_token >= 0).to(ids.device)
    padded = ids.masked_fill(is_word, int(explained.predictor.tokenizer.pad_token_id))
    integrated = captum.LayerIntegratedGradients(_forward(explained), explained.model.get_input_embeddings())
    with torch.no_grad():
        score = float(_forward(explained)(ids))
    baseline = _with_embeddings_of(explained, padded)
    steps = STEPS
    while True:
        grads = integrated.attribute(ids, padded, n_steps=steps, internal_batch_size=_texts_at_once(ids))
        found = _by_word(explained, grads, score, baseline, steps)
        if found.complete or steps >= MOST:
            return found
        steps *= 2


def _with_embeddings_of(explained: Explained, padded: Tensor) -> float:
    """The score of the text with other embeddings. RoBERTa and its kin count positions by the ids, so the padded ids
    themselves would get other positions."""
    embeddings = explained.model.get_input_embeddings()
    with torch.no_grad():
        vectors = embeddings(padded)
        hook = embeddings.register_forward_hook(lambda *_: vectors)
        try:
            return float(_forward(explained)(explained.batch["input_ids"]))
        finally:
            hook.remove()


def _by_gradient(explained: Explained, captum: Any) -> Attribution:
    ids = explained.batch["input_ids"]
    product = captum.LayerGradientXActivation(_forward(explained), explained.model.get_input_embeddings())
    found = product.attribute(ids)
    with torch.no_grad():
        return _by_word(explained, found, float(_forward(explained)(ids)))


def _by_occlusion(explained: Explained) -> Attribution:
    variants = [set(), *({word} for word in range(len(explained.words)))]
    scores = explained.scores(variants, "mask")
    return Attribution(scores[0] - scores[1:], 0.0, float(scores[0]))


def _forward(explained: Explained) -> Any:
    """The score `(text,)` of token ids `(text, token)`, all else as in the example."""

    def forward(ids: Tensor) -> Tensor:
        batch, places = explained.repeated(len(ids))
        return explained.score({**batch, "input_ids": ids}, places)

    return forward


def _texts_at_once(ids: Tensor) -> int:
    return max(1, TOKENS // ids.shape[1])


def _by_word(explained: Explained, values: Tensor, *others: Any) -> Attribution:
    """Sums of `(1, token, size)` by word."""
    each = values[0].sum(-1).double().cpu().numpy()  # (token,)
    is_word = explained.of_token >= 0
    words = np.bincount(explained.of_token[is_word], weights=each[is_word], minlength=len(explained.words))
    return Attribution(words, float(each[~is_word].sum()), *others)
