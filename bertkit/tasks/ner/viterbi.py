"""The best sequence of tags of a sentence (Viterbi 1967), and the probability of each tag (forward-backward)."""

from __future__ import annotations

import numpy as np

from bertkit.metrics.metric import Array

NEVER = -1e4
"""The score of a step that is not allowed. It is finite, so that every sentence has a best path."""


def best_path(scores: Array, start: Array, steps: Array, end: Array) -> Array:
    """The labels `(word,)` with the highest sum of scores.

    Args:
        scores: `(word, label)`.
        start, end: `(label,)`, added for the label of the first and of the last word.
        steps: `(label, label)`, added where the second label follows the first.
    """
    best = scores[0] + start  # (label,): score of the best path that ends with each label
    back = np.zeros(scores.shape, dtype=np.int64)
    for word in range(1, len(scores)):
        ways = best[:, None] + steps  # (label before, label)
        back[word] = ways.argmax(0)
        best = ways.max(0) + scores[word]
    path = np.zeros(len(scores), dtype=np.int64)
    path[-1] = (best + end).argmax()
    for word in range(len(scores) - 1, 0, -1):
        path[word - 1] = back[word, path[word]]
    return path


def marginals(scores: Array, start: Array, steps: Array, end: Array) -> Array:
    """The probability `(word, label)` of each label: a softmax over the scores of all paths, summed over those with it.

    Arguments as `best_path`.
    """
    forward, backward = scores.copy(), np.zeros_like(scores)
    forward[0] += start
    backward[-1] = end
    for word in range(1, len(scores)):
        forward[word] += np.logaddexp.reduce(forward[word - 1][:, None] + steps, axis=0)
        back = len(scores) - 1 - word
        backward[back] = np.logaddexp.reduce(steps + scores[back + 1] + backward[back + 1], axis=1)
    both = forward + backward
    return np.exp(both - np.logaddexp.reduce(both, axis=1, keepdims=True))
