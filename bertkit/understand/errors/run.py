"""`bertkit errors`: wrong labels, repeated rows, weak slices and the data map of the rows that a Run was made from.

find_errors(Run.open("runs/demo"), Path("errors/demo"))     # a record of plain values; the files are in the folder
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bertkit import extras
from bertkit.engine.run import Progress
from bertkit.errors import BertkitError, DataError, Parameter
from bertkit.files.lock import one_writer
from bertkit.fs import write_json, write_text
from bertkit.recipe.schema import Recipe
from bertkit.report.understand import errors as page
from bertkit.run import Run
from bertkit.tasks.task import make_task
from bertkit.understand.errors import data_map, slices
from bertkit.understand.errors.columns import other_columns
from bertkit.understand.errors.findings import (
    check_corrections,
    findings_of,
    record_of,
    write_findings,
)
from bertkit.understand.errors.folds import FOLDS, assign, groups_of, notes_of
from bertkit.understand.errors.judges.choose import judge_of
from bertkit.understand.errors.judges.judge import KNOWN, Found, Judge
from bertkit.understand.errors.origin import trained_on_labels
from bertkit.understand.errors.out_of_fold import FoldPlan, OutOfFold, identity_of, out_of_fold, train_fold
from bertkit.understand.errors.planted import SHARE, trust_of
from bertkit.understand.errors.pool import SPLITS, TRAIN, Pool, read_pool
from bertkit.understand.errors.quick import quick_fold
from bertkit.understand.errors.repeats import counts_of, repeats_of
from bertkit.warn import collect, lines

log = logging.getLogger("bertkit")

CSV, HTML, JSON, WORK = "errors.csv", "errors.html", "errors.json", "work"
LEAST = 5
"""Fewest training rows of a label, without those of a fold, from which a model can be expected to know it."""
WEAK = 0.2
"""Share of the answers from which on so many suspects say more of the models than of the answers."""
PAIRS = 30
"""Most pairs of given and suggested labels that are listed."""

Record = dict[str, Any]
Named = Callable[[str], Progress]
"""A progress for work with this name."""


@dataclass(frozen=True)
class ErrorSearch:
    """How errors are searched for."""

    folds: int = FOLDS
    quick: bool = False
    """By sentence vectors, without training (quick.py)."""
    planted: float = SHARE
    """Share of the answers that are replaced by wrong ones, to see how many are found."""
    seed: int = 0

    def __post_init__(self) -> None:
        if self.folds < 2:
            raise DataError.at(Parameter("folds"), f"{self.folds}: no rows would be left to train on", "use 2 or more")
        if not 0 < self.planted <= 0.5:
            raise DataError.at(Parameter("planted"), f"{self.planted:g}: not above 0 and at most 0.5", "0.05 is 5%")


def find_errors(
    run: Run, output: Path, search: ErrorSearch | None = None, *,
    data: Sequence[str] = (), sets: Sequence[str] = (), progress: Named = lambda name: iter,
) -> Record:  # fmt: skip
    """Search the rows of a Run for errors, and write `errors.csv`, `errors.html` and `errors.json`.

    Args:
        output: a folder, new or with the folds of an earlier search, which are kept.
        data: sources of other rows, in place of all that the Run's recipe names.
        sets: `--set` texts that change how rows are read.

    Returns:
        what the page and the JSON are made of.

    Raises:
        BertkitError: a Run whose answers have no errors to find, rows that can not be read, or folds that can not be
            trained.
        Stopped: stopped while a fold was trained; the same call goes on.
    """
    extras.need("cleanlab", extra="errors", feature="bertkit errors")
    search, recipe = search or ErrorSearch(), run.recipe_with(sets)
    with collect() as warnings:
        task = make_task(recipe, run.task_state)
        pool = read_pool(task, recipe, data)
    kind = judge_of(pool, recipe.task)
    groups = groups_of(pool, task.group_by)
    plan = FoldPlan(pool, groups, assign(groups, pool.labels, search.folds, search.seed), search.seed)
    judge = kind(pool, _rare(plan))
    check_corrections(output / CSV)
    started = [] if search.quick or not (what := trained_on_labels(run)) else [f"{what}: errors may be missed"]
    with one_writer(output):
        answered = _answered(run, plan, judge, search, output / WORK, progress)
        record = {
            **_about(run, recipe, pool, search, data), "noun": judge.noun, "warnings": lines(warnings),
            **_results(judge, answered, search, [*started, *notes_of(pool, groups, plan.count)]),
            "slices": _slices(run, recipe, pool, answered, search.seed, data),
        }  # fmt: skip
        record["data_map"] = None if data else _map(run, judge, record["findings"])
        write_findings(output / CSV, record["findings"])
        write_json(output / JSON, record)
        write_text(output / HTML, page.page(record))
    return record


def _results(judge: Judge, answered: OutOfFold, search: ErrorSearch, notes: Sequence[str]) -> Record:
    """The suspects, how far to trust them, and the rows that repeat others."""
    judge.set_aside(answered.beliefs)
    pool, found = judge.pool, judge.find(answered.beliefs)
    trust = trust_of(judge, found, answered.beliefs, search.planted, search.seed)
    repeats = repeats_of(pool)
    written, shown = ([form(row) for row in range(len(pool))] for form in (judge.written, judge.shown))
    findings = findings_of(pool, written, shown, found.suspects, repeats, found.of_row)
    return {
        "notes": [*_notes(found, judge, answered), *notes], "not_judged": sorted(judge.skipped),
        "suspects": len(found.suspects), "units": found.units, "trust": [one.record() for one in trust],
        "repeats": counts_of(repeats), "pairs": _pairs(found),
        "findings": [{"number": one.row, **record_of(pool, one)} for one in findings],
    }  # fmt: skip


def _answered(run: Run, plan: FoldPlan, judge: Judge, search: ErrorSearch, folder: Path, progress: Named) -> OutOfFold:
    identity = identity_of(plan, run.recipe, search.quick, run.code)
    if search.quick:
        return out_of_fold(plan, identity, folder, quick_fold(run, plan, judge))
    return out_of_fold(plan, identity, folder, train_fold(run, plan, judge, folder, progress("answering")))


def _rare(plan: FoldPlan) -> frozenset[str]:
    """Labels that some fold's model has too few rows of."""
    counts: Counter[tuple[str, int]] = Counter()
    totals: Counter[str] = Counter()
    for row, labels in enumerate(plan.pool.labels):
        for label in labels if plan.pool.splits[row] == TRAIN else ():
            counts[label, int(plan.folds[row])] += 1
            totals[label] += 1
    most = {label: max(counts[label, fold] for fold in range(plan.count)) for label in plan.pool.label_names}
    return frozenset(label for label in plan.pool.label_names if totals[label] - most[label] < LEAST)


def _about(run: Run, recipe: Recipe, pool: Pool, search: ErrorSearch, data: Sequence[str]) -> Record:
    """What was searched, and all that `bertkit data apply` must know to write corrections into the files."""
    return {
        "run": run.name, "task": recipe.task, "kind": pool.answer.kind,
        "rows": {name: pool.splits.count(name) for name in dict.fromkeys(pool.splits)},
        "data": list(data), "search": asdict(search), "labels": pool.label_names,
        "options": recipe.options,
        "block": recipe.data.model_dump(mode="json", exclude_unset=True, exclude={"train", "validation", "test"}),
    }  # fmt: skip


def _notes(found: Found, judge: Judge, answered: OutOfFold) -> list[str]:
    notes = [*found.notes]
    if len(found.suspects) > WEAK * max(found.units, 1):
        share = len(found.suspects) / max(found.units, 1)
        what = f"{share:.0%} of all look wrong: models that are so often wrong themselves can not tell errors"
        notes.append(f"{what}; train longer, with more rows, or from a better model")
    few = f"labels with too few rows for a model to know them ({LEAST} are needed without those of a fold)"
    weak = f"labels that the models do not know (given to less than {KNOWN:.0%} of the rows or words that have them)"
    for why, labels in ((few, judge.rare), (weak, judge.unknown)):
        if labels:
            names = ", ".join(sorted(labels)[:5]) + (", ..." if len(labels) > 5 else "")
            notes.append(f"{why}: {len(labels):,}, not judged ({names})")
    if answered.folds:
        notes.append(f"folds kept from before: {', '.join(map(str, answered.folds))}")
    return notes


def _pairs(found: Found) -> list[Record]:
    counts = Counter(pair for suspect in found.suspects for pair in suspect.pairs)
    return [{"given": given, "suggested": other, "count": n} for (given, other), n in counts.most_common(PAIRS)]


def _slices(run: Run, recipe: Recipe, pool: Pool, answered: OutOfFold, seed: int, data: Sequence[str]) -> Record | None:
    """The slices in which answers are worse; None where single rows are not right or wrong."""
    scores = _of_distinct(pool, np.array([outcome.score for outcome in answered.outcomes], dtype=np.float64))
    if not np.isfinite(scores).any():
        return None
    sources = list(data) or [source for name in SPLITS for source in getattr(recipe.data, name) or ()]
    task = make_task(recipe, run.task_state)
    tried = [*slices.of_labels(pool), *slices.of_splits(pool), *slices.of_lengths(pool), *slices.of_words(pool)]
    tried += slices.of_columns(other_columns(pool, sources, task.columns, recipe.data))
    note = ""
    try:
        tried += slices.of_clusters(pool, _vectors(run, pool), seed)
    except BertkitError as error:
        note = f"no clusters: {error.problems[0].reason}"
    found = slices.weaknesses(scores, tried)
    return {"score": float(np.nanmean(scores)), "note": note, **asdict(found)}


def _of_distinct(pool: Pool, scores: Any) -> Any:
    """Scores `(row,)`, nan for a row that repeats another with its answer: both are right or wrong at once."""
    seen: set[Any] = set()
    for row, one in enumerate(zip(pool.keys, pool.answers, strict=True) if pool.keys else ()):
        if one in seen:
            scores[row] = np.nan
        seen.add(one)
    return scores


def _vectors(run: Run, pool: Pool) -> Any:
    """`(row, size)`, of the Run's encoder; of repeated texts once."""
    from bertkit.inference.vectors import embed, open_embedder

    distinct = list(dict.fromkeys(text or " " for text in pool.texts))
    with collect():
        vectors = embed(open_embedder(run).predictor, distinct)
    place = {text: number for number, text in enumerate(distinct)}
    return vectors[[place[text or " "] for text in pool.texts]]


def _map(run: Run, judge: Judge, findings: Sequence[Record]) -> Record:
    """The data map, with the place of each row; `why` says why there is none."""
    pool = judge.pool
    found = data_map.map_of_run(run, [pool.rows[row] for row in pool.trained])
    if isinstance(found, str):
        return {"why": found}
    suspects = {finding["number"] for finding in findings if "label" in finding["kinds"]}
    rows = [pool.trained[row] for row in found.rows]
    regions = Counter(region for row, region in zip(rows, found.regions, strict=True) if row in suspects)
    return {
        "why": "", "epochs": found.epochs, "counts": found.counts(), "suspects": dict(regions),
        "rows": [
            {
                "place": pool.places[row], "text": pool.texts[row], "given": judge.shown(row), "region": region,
                "confidence": confidence, "variability": variability, "correctness": correctness,
                "suspect": row in suspects,
            }
            for row, region, confidence, variability, correctness in zip(
                rows, found.regions, found.confidence.tolist(), found.variability.tolist(),
                found.correctness.tolist(), strict=True,
            )
        ],
    }  # fmt: skip
