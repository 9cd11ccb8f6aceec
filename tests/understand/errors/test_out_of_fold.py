"""Out-of-fold answers: each row by a model that has not seen it, kept once they are there, of the right rows only."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bertkit import Run, train
from bertkit.errors import DataError, RunError
from bertkit.tasks.task import make_task
from bertkit.understand.errors import out_of_fold as module
from bertkit.understand.errors.folds import assign, groups_of
from bertkit.understand.errors.judges.choose import judge_of
from bertkit.understand.errors.judges.judge import Belief
from bertkit.understand.errors.out_of_fold import (
    FoldPlan,
    RowOutcome,
    fold_recipe,
    identity_of,
    out_of_fold,
    train_fold,
)
from bertkit.understand.errors.pool import read_pool
from tests.helpers import Power, tiny_recipe
from tests.understand.errors.made import beliefs_of, pool_of, recipe_of, texts_of


def plan_of(count: int = 40, folds: int = 4) -> FoldPlan:
    pool = pool_of("label", ["a", "b"] * (count // 2))
    groups = groups_of(pool)
    return FoldPlan(pool, groups, assign(groups, pool.labels, folds, 0), 0)


def test_no_row_is_trained_on_by_the_model_that_answers_it() -> None:
    plan = plan_of()
    plan = replace(plan, pool=replace(plan.pool, splits=["train"] * 30 + ["test"] * 10))
    answered: list[int] = []
    for fold in range(plan.count):
        own, held, trained = (set(part.tolist()) for part in (plan.own(fold), plan.held(fold), plan.train(fold)))
        assert not own & trained and not own & held and not held & trained
        assert held and max(held | trained) < 30  # rows of the test split are only answered
        answered += own
    assert sorted(answered) == list(range(40))


def test_too_few_rows_are_left() -> None:
    plan = plan_of()
    plan = replace(plan, pool=replace(plan.pool, splits=["test"] * 39 + ["train"]))
    with pytest.raises(DataError, match="training rows are left without fold"):
        plan.held(0)


class Folds:
    """Answers of folds, made up; counts which were asked for."""

    def __init__(self, plan: FoldPlan):
        self.plan, self.asked = plan, list[int]()

    def __call__(self, fold: int) -> tuple[list[Belief], list[RowOutcome]]:
        self.asked.append(fold)
        rows = self.plan.own(fold).tolist()
        beliefs = [Belief(np.array([[row / 100, 1 - row / 100], [0.5, 0.5]]), [f"text {row}", "北"]) for row in rows]
        return beliefs, [RowOutcome(float(row % 2), "a", None if row else 0.5) for row in rows]


def test_finished_folds_are_kept(tmp_path: Path) -> None:
    plan = plan_of()
    folds = Folds(plan)
    first = out_of_fold(plan, "x", tmp_path, folds)
    assert folds.asked == [0, 1, 2, 3]
    (tmp_path / "fold-3.npz").unlink()
    (tmp_path / "fold-2.npz").write_bytes(b"PK damaged")
    again = Folds(plan)
    second = out_of_fold(plan, "x", tmp_path, again)
    assert again.asked == [1, 2]
    assert second.folds == [1, 4]
    for one, other in zip(first.beliefs, second.beliefs, strict=True):
        assert one.values.tolist() == other.values.tolist()
        assert list(one.texts) == list(other.texts)
    assert first.outcomes == second.outcomes
    assert first.beliefs[7].values[0, 0] == 0.07
    with pytest.raises(RunError, match="has folds of other rows"):
        out_of_fold(plan, "y", tmp_path, again)


def test_what_answers_depend_on(tiny_bert: Path, tmp_path: Path) -> None:
    plan = plan_of()
    model = tmp_path / "model"
    shutil.copytree(tiny_bert, model)
    recipe = recipe_of_nothing(model)
    known = identity_of(plan, recipe, False)
    assert identity_of(plan, recipe, False) == known
    others = [
        identity_of(plan, recipe, True), identity_of(replace(plan, seed=1), recipe, False),
        identity_of(plan, recipe.model_copy(update={"seed": 7}), False),
        identity_of(replace(plan, pool=pool_of("label", ["b", "a"] * 20)), recipe, False),
        identity_of(plan_of(folds=5), recipe, False),
    ]  # fmt: skip
    assert len({known, *others}) == 6
    moved = recipe.model_copy(update={"data": recipe.data.model_copy(update={"train": ["elsewhere.csv"]})})
    assert identity_of(plan, moved, False) == known
    (tmp_path / "code").mkdir()
    codes = []
    for content in ("A = 1", "A = 2"):
        (tmp_path / "code" / "mine.py").write_text(content)
        codes.append(identity_of(plan, recipe, False, tmp_path / "code"))
    assert len({known, *codes}) == 3
    with (model / "model.safetensors").open("ab") as stream:
        stream.write(b" ")
    assert identity_of(plan, recipe, False) != known


def recipe_of_nothing(model: Path) -> Any:
    from bertkit.recipe.schema import Recipe

    return Recipe.model_validate({"task": "classify", "model": str(model), "data": {"train": "a.csv"}})


@pytest.fixture(scope="module")
def made(tiny_bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("folds")
    return train(recipe_of(folder, tiny_bert, texts_of(40, 4)[0]), output=folder / "run")


def test_folds_are_trained_by_the_runs_recipe_and_go_on_after_a_cut(
    made: Run, tmp_path: Path, cut_at: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Run.open(made.path)
    pool = read_pool(make_task(run.recipe, run.task_state), run.recipe)
    groups = groups_of(pool)
    plan = FoldPlan(pool, groups, assign(groups, pool.labels, 2, 0), 0)
    judge = judge_of(pool, "classify")(pool)
    cut_at(2)
    with pytest.raises(Power):
        out_of_fold(plan, "x", tmp_path, train_fold(run, plan, judge, tmp_path))
    cut_at(None)
    assert (tmp_path / "fold-1").is_dir()
    found = out_of_fold(plan, "x", tmp_path, train_fold(run, plan, judge, tmp_path))
    assert not (tmp_path / "fold-1").exists()  # what a fold's model left is removed once it has answered
    assert all(belief.values.shape == (1, 3) for belief in found.beliefs)
    assert all(belief.values.sum() == pytest.approx(1) for belief in found.beliefs)
    assert {outcome.score for outcome in found.outcomes} <= {0.0, 1.0}
    assert found.outcomes[0].predicted in pool.label_names


def test_a_fold_is_trained_by_the_same_settings_on_rows_in_memory(made: Run) -> None:
    run = Run.open(made.path)
    pool = read_pool(make_task(run.recipe, run.task_state), run.recipe)
    recipe = fold_recipe(run, pool)
    assert recipe.data.train is None
    assert recipe.data.label_names == ["delivery", "other", "refund"]
    assert recipe.train == {**run.recipe.train, "report_to": "none"}
    assert (recipe.model, recipe.seed, recipe.metrics) == (run.recipe.model, run.recipe.seed, run.recipe.metrics)


def test_what_a_run_settled_on_is_settled_for_all_folds(tiny_bert: Path, tmp_path: Path) -> None:
    run = train(tiny_recipe("squad", {}, tiny_bert, tmp_path, max_steps=2), output=tmp_path / "run")
    pool = read_pool(make_task(run.recipe, run.task_state), run.recipe)
    assert fold_recipe(run, pool).options["no_answer"] is True


def test_answers_without_probabilities_are_refused(made: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = Run.open(made.path)
    pool = read_pool(make_task(run.recipe, run.task_state), run.recipe)
    groups = groups_of(pool)
    plan = FoldPlan(pool, groups, assign(groups, pool.labels, 2, 0), 0)
    judge = judge_of(pool, "classify")(pool)
    monkeypatch.setattr(judge, "beliefs", lambda _: [])
    monkeypatch.setattr("bertkit.training.train.train", lambda *_, **__: run)
    with pytest.raises(RunError, match="needs `candidates`"):
        train_fold(run, plan, judge, tmp_path)(0)


def test_examples_take_the_tokens_of_neighbouring_rows(tiny_bert: Path, tmp_path: Path) -> None:
    """Of a task whose examples hold sentences around, a fold's rows are read as among all rows."""
    run = train(tiny_recipe("ner", {}, tiny_bert, tmp_path, max_steps=2), output=tmp_path / "run")
    pool = read_pool(make_task(run.recipe, run.task_state), run.recipe)
    from bertkit import Predictor

    predictor = Predictor.open(run)
    numbers = np.array([1, 4, 5])
    plain = module.answered(predictor, pool, numbers)
    predictor.task.margin = lambda limit: 1  # type: ignore[method-assign]
    among = module.answered(predictor, pool, numbers)
    assert [answer["tags"] for answer in among.answers] == [answer["tags"] for answer in plain.answers]
    assert [example["row"] for example in among.encoded.examples] == [0, 1, 2]


def test_beliefs_of_one_part_are_stored_too(tmp_path: Path) -> None:
    file = tmp_path / "fold.npz"
    module._write(file, beliefs_of([0.1, 0.9]), [RowOutcome(float("nan"), "x", None)])
    read = module._read(file, 1)
    assert read is not None
    assert read[0][0].values.tolist() == [[0.1, 0.9]]
    assert np.isnan(read[1][0].score)
    assert module._read(file, 2) is None
