"""Rows for each kind of metric, drawn from fixed seeds: figures recorded of them must not change."""

from __future__ import annotations

from typing import Any

import numpy as np

ROWS = 60
TEXTS = ["the cat", "a big dog", "dog", "cat and dog", "", "one two three four five", "two five", "北京 大学", "北京"]
TAGS = ["O", "O", "O", "B-PER", "I-PER", "B-LOC", "I-LOC"]


def sides(name: str) -> tuple[Any, Any, Any]:
    """Predictions of two models and references, of the kind that the metric takes."""
    generator = np.random.default_rng(11)
    if name.endswith("entity_f1") or name.startswith("seqeval"):
        actual = [list(map(str, generator.choice(TAGS, size=generator.integers(1, 9)))) for _ in range(ROWS)]
        one, other = (
            [[tag if generator.random() < keep else str(generator.choice(TAGS)) for tag in row] for row in actual]
            for keep in (0.8, 0.7)
        )
        return one, other, actual
    if name in ("squad", "squad_v2", "cmrc2018"):
        one, other = (list(map(str, generator.choice(TEXTS, size=ROWS))) for _ in range(2))
        golds = [list(map(str, generator.choice(TEXTS[:4] + TEXTS[5:], size=2))) for _ in range(ROWS)]
        if name == "squad_v2":
            golds = [[] if generator.random() < 0.2 else gold for gold in golds]
        other = [
            gold[0] if gold and generator.random() < 0.4 else text for gold, text in zip(golds, other, strict=True)
        ]
        return one, other, golds
    if name in ("masked_loss", "perplexity", "masked_accuracy", "next_sentence_accuracy"):
        masked = generator.integers(0, 9, size=ROWS)
        references = np.stack([masked, generator.integers(-1, 2, size=ROWS)], axis=1)
        one, other = (
            np.stack(
                [
                    masked * generator.gamma(2.0, mean, size=ROWS),
                    generator.binomial(masked, 0.4),
                    generator.integers(0, 2, size=ROWS),
                ],
                axis=1,
            )
            for mean in (1.0, 1.2)
        )
        return one, other, references
    if name in ("log_loss", "calibration_error", "auc"):
        weights = [generator.gamma(1.0, size=(ROWS, 3)) for _ in range(2)]
        one, other = (side / side.sum(axis=1, keepdims=True) for side in weights)
        return one, other, generator.integers(3, size=ROWS)
    if name in ("mae", "mse", "pearson", "spearman", "glue/stsb"):
        actual = generator.normal(size=ROWS)
        one, other = (actual + generator.normal(scale=scale, size=ROWS) for scale in (1.0, 1.2))
        return one, other, actual
    if name in ("ndcg@10", "mrr@10", "map", "recall@100"):
        queries = np.repeat(np.arange(ROWS // 5), 5)
        grades = generator.choice(3, size=ROWS, p=[0.6, 0.3, 0.1])
        one, other = (grades + generator.normal(scale=scale, size=ROWS) for scale in (1.0, 2.0))
        one[generator.random(ROWS) < 0.1] = -np.inf
        return one, other, np.stack([queries, grades], axis=1)
    labels = 2 if name.startswith(("f1", "precision", "recall", "glue")) else 5
    if name == "accuracy of several labels":
        actual = generator.integers(2, size=(ROWS, 3))
        return actual ^ (generator.random((ROWS, 3)) < 0.1), actual ^ (generator.random((ROWS, 3)) < 0.3), actual
    actual = generator.integers(labels, size=ROWS)
    one, other = (
        np.where(generator.random(ROWS) < keep, actual, generator.integers(labels, size=ROWS)) for keep in (0.8, 0.6)
    )
    return one, other, actual
