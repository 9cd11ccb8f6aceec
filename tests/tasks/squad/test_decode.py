"""Decoding: what numpy finds is what run_squad.py finds, written out here pair by pair."""

from __future__ import annotations

import collections
import math
from typing import Any

import numpy as np
import pytest
import torch

from bertkit.data.windows import maximum_context
from bertkit.tasks.squad import decode as answers
from bertkit.tasks.task import Encoded

CONTEXT = "the cat sat on the mat , the cat saw a dog and the dog saw the cat on a mat . " * 3


def literal(examples: list[Any], logits: list[Any], context: str, n_best: int, longest: int, threshold: float | None):
    """`write_predictions` of google-research/bert, for the windows of one question."""
    prelim, score_null, null = [], math.inf, (0.0, 0.0)
    for example, (starts, ends) in zip(examples, logits, strict=True):
        best = [sorted(enumerate(side), key=lambda pair: pair[1], reverse=True)[:n_best] for side in (starts, ends)]
        if float(starts[0]) + float(ends[0]) < score_null:
            null = float(starts[0]), float(ends[0])
            score_null = sum(null)
        for s, _ in best[0]:
            for e, _ in best[1]:
                inside = range(example["first"], example["first"] + len(example["own"]))
                if s not in inside or e not in inside or not example["own"][s - example["first"]]:
                    continue
                if e < s or e - s + 1 > longest:
                    continue
                begin, end = example["offsets"][s - example["first"]][0], example["offsets"][e - example["first"]][1]
                prelim.append((context[begin:end], float(starts[s]), float(ends[e])))
    if threshold is not None:
        prelim.append(("", *null))
    prelim.sort(key=lambda entry: entry[1] + entry[2], reverse=True)
    seen, nbest = set(), []
    for entry in prelim:
        if len(nbest) >= n_best:
            break
        if entry[0] not in seen:
            seen.add(entry[0])
            nbest.append(entry)
    if threshold is not None and "" not in seen:
        nbest.append(("", *null))
    powers = [math.exp(s + e - (nbest[0][1] + nbest[0][2])) for _, s, e in nbest]
    best_one = next((entry for entry in nbest if entry[0]), None)
    text = best_one[0] if best_one else ""
    if best_one and threshold is not None and score_null - best_one[1] - best_one[2] > threshold:
        text = ""
    return text, nbest, [power / sum(powers) for power in powers]


def windows(generator: np.random.Generator, row: int, coarse: bool) -> tuple[list[Any], list[Any]]:
    """Windows of one question over CONTEXT, and random logits; coarse ones are often equal."""
    words = CONTEXT.split()
    ends = np.cumsum([len(word) + 1 for word in words]) - 1
    offsets = np.stack([ends - [len(word) for word in words], ends], 1)
    size, step = int(generator.integers(5, 40)), int(generator.integers(2, 5))
    spans = [(a, min(a + size, len(words))) for a in range(0, max(1, len(words) - size + step), step)][: 1 + row % 9]
    examples, logits = [], []
    best = maximum_context(spans, np.ones(len(words), np.int64))
    for number, (a, b) in enumerate(spans):
        first = int(generator.integers(2, 6))
        examples.append({"row": row, "first": first, "offsets": offsets[a:b], "own": best[a:b] == number})
        values = generator.normal(size=(2, first + b - a + 1)).astype(np.float32) * 3
        values[:, 0] += 4  # else no answer would never win
        logits.append(np.round(values) if coarse else values)
    return examples, logits


@pytest.mark.parametrize("coarse", [False, True], ids=["normal", "many-equal"])
@pytest.mark.parametrize("threshold", [None, 0.0, -1.5])
@pytest.mark.parametrize(("n_best", "longest"), [(20, 30), (3, 4), (20, 2)])
def test_what_run_squad_finds(n_best: int, longest: int, threshold: float | None, coarse: bool) -> None:
    generator = np.random.default_rng(n_best + longest)
    questions = [windows(generator, row, coarse) for row in range(60)]
    outputs: Any = collections.defaultdict(list)
    for _, logits in questions:
        longest_window = max(values.shape[1] for values in logits)
        for values in logits:
            room = longest_window - values.shape[1] + 3
            padded = torch.from_numpy(np.pad(values, ((0, 0), (0, room)), constant_values=50))  # padding must not win
            mask = torch.arange(padded.shape[1]) < values.shape[1]
            outputs["null"].append(values[:, 0])
            for side, row in zip(("start", "end"), padded, strict=True):
                places, best = answers.best_places(row[None], mask[None], n_best)
                outputs[f"{side}_places"].append(places[0].float().numpy())
                outputs[f"{side}_logits"].append(best[0].numpy())
    encoded = Encoded([example for examples, _ in questions for example in examples])
    rows = [{"context": CONTEXT} for _ in questions]
    found = answers.decode(outputs, encoded, rows, n_best=n_best, longest=longest, threshold=threshold)
    given = 0
    for answer, (examples, logits) in zip(found, questions, strict=True):
        text, nbest, probabilities = literal(examples, logits, CONTEXT, n_best, longest, threshold)
        assert answer["answer"] == text
        assert [(e["text"], e["start_logit"], e["end_logit"]) for e in answer["n_best"]] == nbest
        assert [e["probability"] for e in answer["n_best"]] == pytest.approx(probabilities)
        assert all(CONTEXT[e["start"] : e["end"]] == e["text"] for e in answer["n_best"] if e["text"])
        given += bool(text)
    assert given > 20
    assert threshold is None or given < 60


def test_the_threshold_is_strict() -> None:
    example = {"row": 0, "first": 1, "offsets": np.array([[0, 3]]), "own": np.array([True])}
    places, logits = np.array([1.0, 0.0]), np.array([1.0, 0.5])
    sides = {f"{side}_{what}": [v] for side in ("start", "end") for what, v in (("places", places), ("logits", logits))}
    outputs: Any = {**sides, "null": [np.array([1.5, 1.5])]}

    def answer(threshold: float) -> Any:
        return answers.decode(
            outputs, Encoded([example]), [{"context": "cat"}], n_best=2, longest=3, threshold=threshold
        )

    assert answer(1.0)[0]["answer"] == "cat"
    assert answer(0.999)[0]["answer"] == ""
    assert answer(0.999)[0]["start"] is None
    assert answer(0.0)[0]["score"] == -1.0


def test_no_pair_that_can_be_an_answer_is_no_answer() -> None:
    example = {"row": 0, "first": 3, "offsets": np.zeros((0, 2), dtype=int), "own": np.zeros(0, dtype=bool)}
    sides = {f"{s}_{w}": [np.zeros(2)] for s in ("start", "end") for w in ("places", "logits")}
    for threshold in (None, 0.0):
        outputs: Any = {**sides, "null": [np.zeros(2)]}
        (answer,) = answers.decode(
            outputs, Encoded([example]), [{"context": ""}], n_best=2, longest=3, threshold=threshold
        )
        assert (answer["answer"], answer["score"]) == ("", -answers.NOTHING_FITS)
        assert len(answer["n_best"]) == (threshold is not None)
