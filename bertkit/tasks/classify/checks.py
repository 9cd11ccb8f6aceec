"""Sanity checks of one label per row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from bertkit.metrics.metric import Array
from bertkit.tasks import label_match


def no_better(predicted: Array, references: Array, labels: Sequence[str], outputs: Sequence[int] | None) -> list[str]:
    """A warning if the predictions are no better than always predicting the most frequent label.

    Args:
        predicted, references: numbers of labels, `(row,)`.
        outputs: position of each label among the outputs of a model that bertkit did not train.
    """
    accuracy = float((predicted == references).mean())
    name, count = Counter(references.tolist()).most_common(1)[0]
    majority, chance = count / len(references), 1 / len(labels)
    if accuracy > majority or accuracy == 1:  # rows of one label, all right
        return []
    below = "below chance" if accuracy < chance else "no better than chance"
    if outputs is not None and len(labels) <= label_match.MOST:
        names, best = label_match.best_order(predicted, references, labels)
        if best > majority:
            order = ",".join(label for _, label in sorted(zip(outputs, names, strict=True)))
            start = f"accuracy {accuracy:.3f} is {below} ({chance:.3f})"
            return [f"{start}; it would be {best:.3f} if the outputs were labels={order}"]
    figure = f"accuracy {accuracy:.3f}: no better than always predicting {labels[name]} ({majority:.3f})"
    if accuracy < chance:
        return [f"{figure}, and below chance: check that labels and rows belong together"]
    return [figure]
