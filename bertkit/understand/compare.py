"""`bertkit compare`: do Runs differ on the same rows, and by more than chance? (tests and intervals: paired.py)

Every Run is scored on the same rows, those of the first one's recipe where no others are named, and the first is
compared with each other one: name the model that is to be beaten first. Against all pairs this keeps the number of
tests, and with it Holm's correction, small; the price is that two later Runs are not tested against each other.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from bertkit.engine.run import Progress
from bertkit.errors import DataError, RunError
from bertkit.inference import score as scoring
from bertkit.inference.evaluate import read_rows
from bertkit.inference.predictor import Predictor
from bertkit.metrics import Metric, find_metric, paired
from bertkit.metrics.paired import Difference, Effort
from bertkit.run import Run
from bertkit.tasks.task import Answer, Rows, Task, Verdict, make_task
from bertkit.understand.comparable import about_data, check_alike, names_of
from bertkit.understand.outcomes import Counts, count, ranked

log = logging.getLogger("bertkit")


@dataclass(frozen=True)
class Scored:
    """What one Run scored on the rows; `verdicts` is empty where single rows are not right or wrong."""

    name: str
    figures: dict[str, float]
    intervals: dict[str, tuple[float, float]]
    verdicts: list[Verdict]


@dataclass(frozen=True)
class Contrast:
    """The first Run against another: figures, and how many rows are of each kind."""

    one: str
    other: str
    differences: list[Difference]
    counts: Counts
    """Rows by outcome; empty where single rows are not right or wrong."""
    rows: list[int]
    """Numbers of the rows that one of the two has better, from 0; those that tell most stand first (see `ranked`)."""


@dataclass(frozen=True)
class Comparison:
    """Runs on the same rows."""

    data: str
    rows: Rows
    runs: list[Scored]
    contrasts: list[Contrast]

    def record(self) -> dict[str, Any]:
        """All figures as JSON values, and the rows on which Runs differ."""
        return {
            "data": self.data,
            "rows": len(self.rows),
            "runs": {r.name: {"figures": r.figures, "intervals": r.intervals} for r in self.runs},
            "comparisons": [
                {
                    "one": c.one, "other": c.other, "counts": c.counts,
                    "figures": [asdict(d) | {"difference": d.difference} for d in c.differences],
                }
                for c in self.contrasts
            ],
            "differing": self.table(),
        }  # fmt: skip

    def table(self, contrast: Contrast | None = None) -> list[dict[str, Any]]:
        """The rows on which Runs do not score the same, of all or of two: a row each, with what every Run answered."""
        names = (contrast.one, contrast.other) if contrast else tuple(run.name for run in self.runs)
        numbers = contrast.rows if contrast else list(dict.fromkeys(i for c in self.contrasts for i in c.rows))
        runs = [run for run in self.runs if run.name in names]
        return [self._row(number, runs) for number in numbers]

    def _row(self, number: int, runs: Sequence[Scored]) -> dict[str, Any]:
        told = {run.name: run.verdicts[number] for run in runs}
        source, best = self.rows[number], max(verdict.score for verdict in told.values())
        first = next(iter(told.values()))
        row: dict[str, Any] = {"row": number + 1, **({"place": source["place"]} if "place" in source else {})}
        row |= {"text": first.text, "right": first.right}
        row["better"] = ", ".join(name for name, verdict in told.items() if verdict.score == best)
        for name, verdict in told.items():
            row |= {f"{name}: given": verdict.given, f"{name}: score": verdict.score}
            row |= {f"{name}: confidence": verdict.confidence}
        return row


def compare(
    runs: Sequence[Run], *,
    sets: Sequence[str] = (), data: Sequence[str] = (), split: str | None = None,
    shuffles: int = paired.SHUFFLES, progress: Progress = iter,
) -> Comparison:  # fmt: skip
    """Score Runs on the same rows, and compare the first with each other one.

    Args:
        sets: `--set` on the first Run's recipe, which says how rows are read and what the figures are.
        data: sources of the rows; default: a split of the first Run's recipe.
        split: `test`, `validation` or `train`; default: test where the recipe names test data, else validation.
        shuffles: most shuffles of each randomisation test.

    Raises:
        BertkitError: fewer than two Runs, Runs whose answers can not be compared, or rows that can not be scored.
    """
    if len(runs) < 2:
        raise RunError.at("compare", f"{len(runs)} Run", "name two or more: bertkit compare RUN_A RUN_B")
    recipe = runs[0].recipe_with(sets)
    tasks = [make_task(run.recipe, run.task_state) for run in runs]
    names = names_of(run.path for run in runs)
    check_alike(names, [run.recipe for run in runs], tasks)
    metrics = [find_metric(reference, tasks[0].takes) for reference in recipe.metrics]
    for metric in metrics:
        tasks[0].check_metric(metric)
    where, rows = read_rows(tasks[0], recipe, data=data, split=split)
    notes, warnings = about_data(names, [recipe, *(run.recipe for run in runs[1:])], data, where)
    for note in notes:
        log.info("%s", note)
    for warning in warnings:
        log.warning("%s", warning)
    scored, answers = _score(runs, names, rows, ", ".join(data) or where, metrics, progress)
    known = set(scored[0].intervals)
    contrasts = [
        _contrast(scored[0], other, _differences(tasks[0], (answers[0], theirs), rows, metrics, known, shuffles))
        for other, theirs in zip(scored[1:], answers[1:], strict=True)
    ]
    if len(contrasts) > 1:
        contrasts = _corrected(contrasts)
    return Comparison(", ".join(data) or where, rows, scored, contrasts)


def _score(
    runs: Sequence[Run], names: Sequence[str], rows: Rows, where: str, metrics: Sequence[Metric], progress: Progress
) -> tuple[list[Scored], list[list[Answer]]]:
    """What each Run scored, and its answers with labels in the first one's order; one model in memory at a time."""
    scored, answers = [], []
    labels: list[str] = []
    vocabulary: dict[str, int] = {}
    for run, name in zip(runs, names, strict=True):
        predictor = Predictor.open(run)
        if predictor.task.takes == "language":
            vocabulary = vocabulary or predictor.tokenizer.get_vocab()
            if predictor.tokenizer.get_vocab() != vocabulary:
                what = f"its vocabulary is not that of {names[0]}, so that other tokens are masked"
                raise RunError.at(name, what, "compare language models of one tokenizer")
        labels = labels or predictor.task.state.get("labels") or []
        found = predictor.score(f"{name}, {where}", rows, metrics, progress=progress)
        verdicts = predictor.task.verdicts(found.answers, rows)
        scored.append(Scored(name, found.figures, found.intervals, verdicts))
        answers.append([in_order(answer, labels) for answer in found.answers])
    return scored, answers


def in_order(answer: Answer, labels: Sequence[str]) -> Answer:
    """An answer whose values by label (probabilities, logits) stand in the order of `labels`."""
    names = set(labels)
    return {
        key: {name: value[name] for name in labels} if isinstance(value, dict) and value.keys() == names else value
        for key, value in answer.items()
    }


def _differences(
    task: Task, answers: tuple[list[Answer], list[Answer]], rows: Rows, metrics: Sequence[Metric],
    known: Collection[str], shuffles: int,
) -> list[Difference]:  # fmt: skip
    """Of each figure of the metrics that is `known` to have an interval: a count of rows has none."""
    found, effort = [], Effort(scoring.SAMPLES, shuffles)
    for metric in metrics:
        (first, actual), (second, again) = (task.compare(own, rows, metric.takes) for own in answers)
        if len(actual) != len(again) or any(np.any(a != b) for a, b in zip(actual, again, strict=True)):
            what = "the Runs do not see the same right answers in these rows"
            raise DataError.at(f"metric {metric.name}", what, "compare Runs that read their data alike")
        names = [name for name in metric(first, actual) if name in known]
        found += paired.differences(metric, first, second, actual, names, effort)
    return list({difference.figure: difference for difference in found}.values())


def _contrast(one: Scored, other: Scored, found: list[Difference]) -> Contrast:
    if not one.verdicts or not other.verdicts:
        return Contrast(one.name, other.name, found, {}, [])
    counts, order = count(one.verdicts, other.verdicts), ranked(one.verdicts, other.verdicts)
    return Contrast(one.name, other.name, found, counts, order)


def _corrected(contrasts: list[Contrast]) -> list[Contrast]:
    """With Holm's correction over the Runs, for each figure."""
    columns = [
        [replace(d, corrected=p) for d, p in zip(same, paired.holm([d.p for d in same]), strict=True)]
        for same in zip(*(contrast.differences for contrast in contrasts), strict=True)
    ]
    return [replace(c, differences=list(own)) for c, own in zip(contrasts, zip(*columns, strict=True), strict=True)]


def probability(p: float | None) -> str:
    """A p value for people."""
    if p is None or math.isnan(p):
        return "undefined"
    return f"{p:.4f}" if p >= 0.00005 else f"{p:.1e}"


def in_words(contrast: Contrast) -> str:
    """What the first figure says."""
    first = contrast.differences[0]
    if not np.isfinite(first.difference):
        return f"{first.figure} is undefined for one of the two."
    if first.difference == 0:
        return f"{first.figure}: no difference."
    ahead = contrast.other if (first.difference > 0) == first.greater_is_better else contrast.one
    p = first.p if first.corrected is None else first.corrected
    how = f"a difference as large would come by chance with p = {probability(p)}"
    return f"{first.figure}: {ahead} is ahead by {abs(first.difference):.4f}; {how}."
