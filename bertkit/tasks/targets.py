"""Targets: the scores of a model that explain an answer, each a sum of the model's outputs.

A class is explained by its logit and not by its probability, which also falls where another logit rises. An entity is
explained by the logits of its words' tags, an answer in a text by those of its start and its end.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from bertkit.engine.examples import Examples, Outputs

if TYPE_CHECKING:
    from torch import Tensor


class Point(NamedTuple):
    """One number of a model's outputs, and its weight in a score."""

    output: str
    """Name of the output, such as `logits`."""
    label: int | None = None
    """Its number among the labels; None: the output has no labels."""
    place: int | None = None
    """Its token in the example; None: the output is of the whole text."""
    weight: float = 1.0


class Part(NamedTuple):
    """What an example adds to a score: the sum of its points, unless the head has a score of its own (`Head.score`)."""

    example: dict[str, Any]
    """Of a single text or pair."""
    points: tuple[Point, ...] = ()
    vector: np.ndarray | None = None
    """`(size,)`, for a head that compares vectors."""
    own: np.ndarray | None = None
    """`(token,)`: whether each token is the row's own, where those of other rows stand around it; None: all are."""


class Target(NamedTuple):
    """A score of a row: the sum of its parts, one for each example that it depends on."""

    name: str
    """For people: a label, or an entity and its type."""
    parts: tuple[Part, ...]
    chosen: bool = True
    """Whether the answer is due to it; else it belongs to an answer that was not given."""
    label: str = ""
    """By which rows are compared: a label, or the type of an entity."""


def sum_of_points(outputs: Any, points: Sequence[Point], places: Tensor) -> Tensor:
    """`(text,)` float32: the score of each text of a batch.

    Args:
        outputs: of a model.
        places: token of each point in each text, `(text, point)`, as texts may have lost some of their tokens.
    """
    import torch

    total = torch.zeros(len(places), device=places.device)
    rows = torch.arange(len(places), device=places.device)
    for number, point in enumerate(points):
        values = outputs[point.output].float()  # (text, [token], [label])
        if point.place is not None:
            values = values[rows, places[:, number]]
        total = total + point.weight * (values if point.label is None else values[:, point.label])
    return total


def of_labels(
    outputs: Outputs,
    examples: Examples,
    names: Sequence[str] | None,
    options: Any,
    *,
    chosen: Sequence[str] | None = None,
    places: Sequence[int] | None = None,
) -> list[Target] | None:
    """The logits of a row's labels; None where its outputs have no `logits`, `(label,)` of each example.

    Args:
        names: of the labels; None: a single logit is the `score`, several are numbered.
        options: of the task; its `window_pooling`, if any, says how the logits of windows become the row's.
        chosen: names of the predicted labels; None: the label with the highest logit.
        places: where the model has the logit of each label; None: in the same order.
    """
    if "logits" not in outputs:
        return None
    how = getattr(options, "window_pooling", "mean")
    logits = np.stack(outputs["logits"])  # (example, label)
    count = logits.shape[1]
    known = list(names or (["score"] if count == 1 else map(str, range(count))))
    best = known[int((logits.mean(0) if how == "mean" else logits.max(0)).argmax())]
    found = []
    for number, name in enumerate(known):
        windows = range(len(examples)) if how == "mean" else [int(logits[:, number].argmax())]
        point = Point("logits", places[number] if places else number, weight=1 / len(windows))
        parts = tuple(Part(examples[window], (point,)) for window in windows)
        found.append(Target(name, parts, name in (chosen if chosen is not None else [best]), name if names else ""))
    return found
