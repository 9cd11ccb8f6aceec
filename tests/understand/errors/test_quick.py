"""`--quick`: flips in texts whose words tell the label are found; vectors that know the labels are refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bertkit import Run, train
from bertkit.errors import DataError, RecipeError
from bertkit.tasks.task import make_task
from bertkit.understand.errors.folds import assign, groups_of
from bertkit.understand.errors.judges.choose import judge_of
from bertkit.understand.errors.out_of_fold import FoldPlan, out_of_fold
from bertkit.understand.errors.pool import read_pool
from bertkit.understand.errors.quick import check_quick, quick_fold
from tests.helpers import tiny_recipe
from tests.tiny import TINY
from tests.understand.errors.made import recipe_of, texts_of


def plan_of(run: Run, folds: int = 4) -> FoldPlan:
    pool = read_pool(make_task(run.recipe, run.task_state), run.recipe)
    groups = groups_of(pool)
    return FoldPlan(pool, groups, assign(groups, pool.labels, folds, 0), 0)


def test_flipped_labels_are_found(tiny_bert: Path, tmp_path: Path) -> None:
    """Even mean vectors of a random BERT tell texts apart by their words."""
    rows, flipped = texts_of(160, 8)
    run = Run.open(train(recipe_of(tmp_path, tiny_bert, rows), output=tmp_path / "run").path)
    plan = plan_of(run)
    judge = judge_of(plan.pool, "classify")(plan.pool)
    answered = out_of_fold(plan, "x", tmp_path / "work", quick_fold(run, plan, judge))
    first = [one.row for one in judge.find(answered.beliefs).suspects]
    assert len(set(first[:8]) & set(flipped)) >= 6
    scores = [outcome.score for outcome in answered.outcomes]
    assert sum(scores) > 0.8 * len(scores)


def test_several_labels_per_row(tiny_bert: Path, tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [{**row, "label": [row["label"], "all"]} for row in texts_of(80, 0)[0]]
    rows[5]["label"] = ["all"]
    recipe = recipe_of(tmp_path, tiny_bert, rows, options={"multi_label": True})
    run = Run.open(train(recipe, output=tmp_path / "run").path)
    plan = plan_of(run)
    judge = judge_of(plan.pool, "classify")(plan.pool)
    answered = out_of_fold(plan, "x", tmp_path / "work", quick_fold(run, plan, judge))
    assert answered.beliefs[0].values.shape == (1, 4)
    assert answered.beliefs[0].values[0, 0] == pytest.approx(1, abs=0.01)  # all rows have this label
    assert judge.find(answered.beliefs).of_row.argmax() == 5


def test_pairs_of_texts_have_both_vectors(tiny_bert: Path, tmp_path: Path) -> None:
    rows = [{**row, "text_pair": row["text"][::-1]} for row in texts_of(40, 0)[0]]
    run = Run.open(train(recipe_of(tmp_path, tiny_bert, rows), output=tmp_path / "run").path)
    plan = plan_of(run)
    judge = judge_of(plan.pool, "classify")(plan.pool)
    beliefs, _ = quick_fold(run, plan, judge)(0)
    assert len(beliefs) == len(plan.own(0))


def test_vectors_that_were_trained_on_labels_are_refused(tiny_bert: Path, tmp_path: Path) -> None:
    first = train(recipe_of(tmp_path, tiny_bert, texts_of(40, 0)[0]), output=tmp_path / "run")
    second = train(recipe_of(tmp_path, first.model, texts_of(40, 0)[0]), output=tmp_path / "again")
    with pytest.raises(RecipeError, match="was trained on labels, perhaps on those of these rows"):
        check_quick(second, plan_of(second).pool)
    assert check_quick(first, plan_of(first).pool) == str(tiny_bert)


def test_random_weights_say_nothing(tiny_bert: Path, tmp_path: Path) -> None:
    recipe = recipe_of(tmp_path, tiny_bert, texts_of(40, 0)[0]).model_dump(mode="json", exclude_none=True)
    recipe["model"] = {"scratch": TINY, "tokenizer": str(tiny_bert)}
    run = train(recipe, output=tmp_path / "run")
    with pytest.raises(RecipeError, match="began with random weights"):
        check_quick(run, plan_of(run).pool)


def test_only_labels_of_texts(tiny_bert: Path, tmp_path: Path) -> None:
    run = train(tiny_recipe("ner", {}, tiny_bert, tmp_path, max_steps=2), output=tmp_path / "run")
    with pytest.raises(RecipeError, match="is for labels of texts, and the task is ner"):
        check_quick(run, plan_of(run, 2).pool)


def test_rows_of_one_label(tiny_bert: Path, tmp_path: Path) -> None:
    rows = texts_of(40, 0)[0]
    run = train(recipe_of(tmp_path, tiny_bert, rows), output=tmp_path / "run")
    plan = plan_of(run, 2)
    one = [{**row, "label": "other"} for row in plan.pool.rows]
    with pytest.raises(DataError, match="all 40 rows have the same label"):
        check_quick(run, replace(plan.pool, rows=one))
    label = [{**row, "label": "other" if plan.folds[at] else "refund"} for at, row in enumerate(plan.pool.rows)]
    plan = replace(plan, pool=replace(plan.pool, rows=label))
    judge = judge_of(plan.pool, "classify")(plan.pool)
    beliefs, _ = quick_fold(run, plan, judge)(0)  # trains on rows of the other fold, all of one label
    assert all(belief.values.argmax() == 0 for belief in beliefs)
