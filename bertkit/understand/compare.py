"""`bertkit compare`: do Runs differ by more than chance on the same rows? (tests and intervals: metrics/paired.py)

Every Run is scored on the same rows, by default those of the first one's recipe, and the first is compared with each
other one: name the model to beat first. Compared with testing all pairs, this keeps the number of tests, and with it
Holm's correction, small; the price is that two later Runs are not tested against each other.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from bertkit.engine.run import Progress
from bertkit.errors import RunError
from bertkit.inference.differences import differences
from bertkit.inference.evaluate import read_rows
from bertkit.inference.predictor import Predictor
from bertkit.metrics import Metric, find_metric, paired
from bertkit.metrics.paired import Difference
from bertkit.run import Run
from bertkit.tasks.task import Answer, Rows, Verdict, make_task
from bertkit.understand.comparable import check_alike, check_data, names_of
from bertkit.understand.outcomes import ClassGap, by_class, count, ranked
from bertkit.warn import collect, lines, repeats, warn

log = logging.getLogger("bertkit")


@dataclass(frozen=True)
class Scored:
    """Figures of one Run; `verdicts` is empty where single rows are not right or wrong."""

    name: str
    figures: dict[str, float]
    intervals: dict[str, tuple[float, float]]
    verdicts: list[Verdict]
    warnings: list[str] = field(default_factory=list)
    """About these rows, its answers to them, and its training."""
    energy: dict[str, Any] | None = None
    """Of its training, if that was measured (`RunEnergy`)."""


@dataclass(frozen=True)
class Contrast:
    """The first Run against another; all but the differences are empty where single rows are not right or wrong."""

    one: str
    other: str
    differences: list[Difference]
    counts: dict[str, int] = field(default_factory=dict)
    """Rows by outcome (see `outcomes.count`)."""
    rows: list[int] = field(default_factory=list)
    """Numbers, from 0, of the rows that one of the two has better, the most telling first (see `outcomes.ranked`)."""
    classes: list[ClassGap] = field(default_factory=list)


@dataclass(frozen=True)
class Comparison:
    """Runs on the same rows."""

    data: str
    rows: Rows
    runs: list[Scored]
    contrasts: list[Contrast]
    warnings: list[str] = field(default_factory=list)
    """About the rows."""

    def record(self) -> dict[str, Any]:
        """All figures, and the rows on which Runs differ, as plain values: what pages, tables and files are made of.

        `warnings` are those about the rows and those of all Runs; each Run has its own, too. `differing` holds the
        rows; the `rows` of a comparison are their numbers, from 1, the most telling first.
        """
        return {
            "data": self.data,
            "rows": len(self.rows),
            "warnings": [*self.warnings, *(line for run in self.runs for line in run.warnings)],
            "runs": {
                r.name: {
                    "figures": r.figures, "intervals": r.intervals, "warnings": r.warnings,
                    **({"energy": r.energy} if r.energy else {}),
                }
                for r in self.runs
            },
            "comparisons": [
                {
                    "one": c.one, "other": c.other, "counts": c.counts,
                    "figures": [asdict(d) | {"difference": d.difference} for d in c.differences],
                    "classes": [gap._asdict() for gap in c.classes],
                    "rows": [number + 1 for number in c.rows],
                }
                for c in self.contrasts
            ],
            "differing": self.table(),
        }  # fmt: skip

    def table(self) -> list[dict[str, Any]]:
        """The rows on which Runs do not score the same, with what every Run answered."""
        return [self._row(number) for number in dict.fromkeys(i for c in self.contrasts for i in c.rows)]

    def _row(self, number: int) -> dict[str, Any]:
        verdicts = {run.name: run.verdicts[number] for run in self.runs}
        source, best = self.rows[number], max(verdict.score for verdict in verdicts.values())
        first = self.runs[0].verdicts[number]
        row: dict[str, Any] = {"row": number + 1, **({"place": source["place"]} if "place" in source else {})}
        row |= {"text": first.text, "right": first.expected}
        row["better"] = ", ".join(name for name, verdict in verdicts.items() if verdict.score == best)
        for name, verdict in verdicts.items():
            row |= {f"{name}: answer": verdict.predicted, f"{name}: score": verdict.score}
            row |= {f"{name}: confidence": verdict.confidence}
        return row


def compare(
    runs: Sequence[Run], *,
    sets: Sequence[str] = (), data: Sequence[str] = (), split: str | None = None,
    shuffles: int = paired.SHUFFLES, progress: Progress = iter,
) -> Comparison:  # fmt: skip
    """Score Runs on the same rows, and compare the first with each other one.

    Args:
        sets: `--set` on the first Run's recipe, which says how rows are read and which figures are computed.
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
    with collect() as warnings:
        where, rows = read_rows(tasks[0], recipe, data=data, split=split)
    notes, found = check_data(names, [recipe, *(run.recipe for run in runs[1:])], data, where)
    for warning in found.values():
        warn(warning)
    for note in notes:
        log.info("%s", note)
    scored, answers = _score(runs, names, rows, ", ".join(data) or where, metrics, progress)
    scored = [replace(run, warnings=[*filter(None, [found.get(run.name)]), *run.warnings]) for run in scored]
    contrasts = [
        _contrast(scored[0], other, differences(tasks[0], (answers[0], theirs), rows, metrics, shuffles))
        for other, theirs in zip(scored[1:], answers[1:], strict=True)
    ]
    if len(contrasts) > 1:
        contrasts = _corrected(contrasts)
    return Comparison(", ".join(data) or where, rows, scored, contrasts, lines(warnings))


def _score(
    runs: Sequence[Run], names: Sequence[str], rows: Rows, where: str, metrics: Sequence[Metric], progress: Progress
) -> tuple[list[Scored], list[list[Answer]]]:
    """Figures and answers of each Run, with labels in the first one's order; one model in memory at a time."""
    scored, answers = [], []
    labels: list[str] = []
    vocabulary: dict[str, int] = {}
    for run, name in zip(runs, names, strict=True):
        predictor = Predictor.open(run)
        if predictor.task.counts_tokens:
            vocabulary = vocabulary or predictor.tokenizer.get_vocab()
            if predictor.tokenizer.get_vocab() != vocabulary:
                what = f"its vocabulary is not that of {names[0]}, so that other tokens are masked"
                raise RunError.at(name, what, "compare language models of one tokenizer")
        labels = labels or predictor.task.state.get("labels") or []
        with collect() as warnings:
            scores = predictor.score(f"{name}, {where}", rows, metrics, progress=progress)
            for one in run.warnings:  # of its training, and of these rows
                about = f"{name}, {one['split']}" if one["split"] else name
                again = any(repeats(one, new) for new in warnings)
                if one["split"] in ("", "train", where) and not again:
                    warn(one["message"], about)
        verdicts = predictor.task.verdicts(scores.answers, rows)
        energy = run.metrics.get("energy")
        scored.append(Scored(name, scores.figures, scores.intervals, verdicts, lines(warnings), energy))
        answers.append([in_order(answer, labels) for answer in scores.answers])
    return scored, answers


def in_order(answer: Answer, labels: Sequence[str]) -> Answer:
    """The answer with its values by label (probabilities, logits) in the order of `labels`."""
    names = set(labels)
    return {
        key: {name: value[name] for name in labels} if isinstance(value, dict) and value.keys() == names else value
        for key, value in answer.items()
    }


def _contrast(one: Scored, other: Scored, differences: list[Difference]) -> Contrast:
    if not one.verdicts or not other.verdicts:
        return Contrast(one.name, other.name, differences)
    sides = one.verdicts, other.verdicts
    return Contrast(one.name, other.name, differences, count(*sides), ranked(*sides), by_class(*sides))


def _corrected(contrasts: list[Contrast]) -> list[Contrast]:
    """With Holm's correction over the Runs, for each figure."""
    columns = [
        [replace(d, corrected=p) for d, p in zip(same, paired.holm([d.p for d in same]), strict=True)]
        for same in zip(*(contrast.differences for contrast in contrasts), strict=True)
    ]
    return [replace(c, differences=list(own)) for c, own in zip(contrasts, zip(*columns, strict=True), strict=True)]
