"""What a collator draws follows from seed, pass and row alone; with parts of the loss, phases and the clock: the same
steps for any workers, processes and micro-batches, and after a resume."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from bertkit import Run, train
from bertkit.data.tokenizer import coverage
from bertkit.recipe.load import dump
from bertkit.recipe.schema import Recipe
from bertkit.training.phases import PhaseSampler
from bertkit.training.trainer import BertTrainer
from bertkit.training.watch import budget
from tests.drawing import Lazy
from tests.helpers import Power, log_of
from tests.launched import Pair, assert_near, assert_same, recipe_of_rows

pytestmark = pytest.mark.xdist_group("processes")
PHASES = [[20, 0.7], [13, 0.3]]
NAMES = ("step", "loss", "loss_right", "loss_drawn", "grad_norm", "learning_rate")


def a_recipe(bert: Path, folder: Path, phases: list[list[float]], **train: Any) -> Recipe:
    """33 rows in steps of 8, five an epoch, the last of one row where there are no phases."""
    folder.mkdir(exist_ok=True)
    recipe = recipe_of_rows("classify", {}, 33, bert, folder, num_train_epochs=3, **train)
    return recipe.model_copy(update={"task": "tests.drawing:Drawing", "options": {"phases": phases}})


@pytest.fixture(scope="module", params=[[], PHASES], ids=["plain", "phases"])
def whole(request: pytest.FixtureRequest, tiny_bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("drawing")
    return train(a_recipe(tiny_bert, folder, request.param), output=folder / "run")


def divided(whole: Run, folder: Path, batch: int, accumulation: int) -> Run:
    sets = [f"train.per_device_train_batch_size={batch}", f"train.gradient_accumulation_steps={accumulation}"]
    return train(whole.recipe_file, output=folder, sets=sets)


def test_parts_are_logged_and_add_up(whole: Run) -> None:
    found = np.array(log_of(whole, "loss", "loss_right", "loss_drawn"))
    assert len(found) == 15
    np.testing.assert_allclose(found[:, 0], found[:, 1:].sum(1), rtol=1e-6)
    assert len(set(found[:, 2])) > 10  # others are drawn in every pass
    figures = whole.metrics["validation"]
    assert figures["loss"] == pytest.approx(figures["loss_right"] + figures["loss_drawn"])


@pytest.mark.parametrize(("batch", "accumulation"), [(4, 2), (1, 8), pytest.param(2, 4, marks=pytest.mark.slow)])
def test_a_step_is_the_same_however_it_is_divided(whole: Run, batch: int, accumulation: int, tmp_path: Path) -> None:
    got = divided(whole, tmp_path / "run", batch, accumulation)
    assert_near(got, whole)
    np.testing.assert_allclose(log_of(got, *NAMES), log_of(whole, *NAMES), rtol=2e-4, atol=1e-6)


def test_workers_change_nothing(whole: Run, tmp_path: Path) -> None:
    got = train(whole.recipe_file, output=tmp_path / "run", sets=["train.dataloader_num_workers=2"])
    assert_same(got, whole)


@pytest.mark.slow
def test_two_processes_train_what_one_does(whole: Run, tmp_path: Path, warm: Any) -> None:
    sets = ("-s", "train.per_device_train_batch_size=4")
    Pair(tmp_path, warm, "train", whole.recipe_file, "--output", tmp_path / "two", *sets)
    got = Run.open(tmp_path / "two")
    assert_near(got, whole)
    np.testing.assert_allclose(log_of(got, *NAMES), log_of(whole, *NAMES), rtol=2e-4, atol=1e-6)


def cut_and_resumed(recipe: Recipe, folder: Path, cut_at: Any, step: int) -> Run:
    cut_at(step)
    with pytest.raises(Power):
        train(recipe, output=folder)
    cut_at(None)
    return train(folder, resume=True)


@pytest.mark.parametrize(
    ("phases", "every"),
    [
        pytest.param([], 4, id="plain, log every fourth", marks=pytest.mark.slow),
        pytest.param(PHASES, 1, id="phases"),
        pytest.param([], 1, id="plain", marks=pytest.mark.slow),
        pytest.param(PHASES, 4, id="phases, log every fourth", marks=pytest.mark.slow),
    ],
)
def test_a_resume_in_the_middle_goes_on_exactly(
    phases: Any, every: int, tiny_bert: Path, tmp_path: Path, cut_at: Any
) -> None:
    block = {"eval_strategy": "steps", "eval_steps": 3, "logging_steps": every, "dataloader_num_workers": 1}
    recipe = a_recipe(tiny_bert, tmp_path / "d", phases, **block, per_device_train_batch_size=4, save_total_limit=3)
    alone = train(recipe, output=tmp_path / "alone")
    assert_same(cut_and_resumed(recipe, tmp_path / "cut", cut_at, 8), alone)
    assert len(log_of(alone, *NAMES)) == -(-27 // every)  # of 9 steps an epoch; the last is always logged


def test_a_part_without_weight_is_nothing(tiny_bert: Path, tmp_path: Path) -> None:
    recipe = a_recipe(tiny_bert, tmp_path / "d", [], max_steps=3)
    run = train(recipe.model_copy(update={"options": {"share": 0.0}}), output=tmp_path / "run")
    assert [drawn for (drawn,) in log_of(run, "loss_drawn")] == [0.0] * 3
    assert np.isfinite(log_of(run, "loss", "grad_norm")).all()
    assert "loss_drawn" not in run.metrics["validation"]


def test_lazy_examples_are_not_looked_at_before_they_are_needed(
    tiny_bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(coverage, "SAMPLE", 3)
    Lazy.touched.clear()
    train(a_recipe(tiny_bert, tmp_path / "d", [], max_steps=1, eval_strategy="no"), output=tmp_path / "run")
    step, shortest, sample, until_targets_differ = 8, 1, 3, 5
    assert Lazy.touched[33] == step + shortest + sample + until_targets_differ


# The clock


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Each step takes a second, each evaluation a hundred."""
    time = SimpleNamespace(now=1000.0)
    step, score = BertTrainer.training_step, BertTrainer.score

    def training_step(self: Any, *args: Any, **kwargs: Any) -> torch.Tensor:
        time.now += 1 / self.args.gradient_accumulation_steps
        return step(self, *args, **kwargs)

    def scored(self: Any, *args: Any, **kwargs: Any) -> Any:
        time.now += 100
        return score(self, *args, **kwargs)

    monkeypatch.setattr(budget, "time", SimpleNamespace(monotonic=lambda: time.now))
    monkeypatch.setattr(BertTrainer, "training_step", training_step)
    monkeypatch.setattr(BertTrainer, "score", scored)
    return time


def by_time(bert: Path, folder: Path, **block: Any) -> Recipe:
    """Twenty seconds."""
    recipe = a_recipe(bert, folder, [], max_minutes=20 / 60, **block)
    kept = {name: value for name, value in recipe.train.items() if name != "num_train_epochs"}
    return recipe.model_copy(update={"train": kept})


@pytest.mark.parametrize("strategy", ["epoch", "steps", "no"])
def test_a_training_ends_with_its_time(strategy: str, tiny_bert: Path, tmp_path: Path, clock: Any) -> None:
    block = {"eval_strategy": strategy, **({"eval_steps": 0.25} if strategy == "steps" else {})}
    run = train(by_time(tiny_bert, tmp_path / "d", **block, save_total_limit=9), output=tmp_path / "run")
    rates = log_of(run, "step", "learning_rate")
    assert len(rates) == 20
    decay = [1e-3 * (20 - done) / 18 for done in range(2, 20)]
    assert [rate for _, rate in rates] == pytest.approx([0, 0, *decay], abs=1e-9)
    lines = [json.loads(line) for line in run.log_file.read_text("utf-8").splitlines()]
    evaluated = [line["step"] for line in lines if "validation" in line]
    assert evaluated == {"epoch": [5, 10, 15, 20], "steps": [6, 11, 16, 20], "no": []}[strategy]
    assert run.metrics["validation"]["accuracy"] >= 0


def test_epochs_may_end_it_before(tiny_bert: Path, tmp_path: Path, clock: Any) -> None:
    recipe = a_recipe(tiny_bert, tmp_path / "d", [], max_minutes=20 / 60)  # of three epochs
    run = train(recipe, output=tmp_path / "run")
    rates = [rate for (rate,) in log_of(run, "learning_rate")]
    assert len(rates) == 15
    assert rates[-1] == pytest.approx(1e-3 * (1 / 15) / 0.9)


def test_a_log_by_shares_goes_by_the_time(tiny_bert: Path, tmp_path: Path, clock: Any) -> None:
    run = train(by_time(tiny_bert, tmp_path / "d", logging_steps=0.19), output=tmp_path / "run")
    assert [step for (step,) in log_of(run, "step")] == [5, 9, 13, 17, 20]


@pytest.mark.slow
def test_a_resume_goes_on_with_the_time_that_is_left(tiny_bert: Path, tmp_path: Path, clock: Any, cut_at: Any) -> None:
    block = {"eval_strategy": "steps", "eval_steps": 3, "gradient_accumulation_steps": 2, "save_total_limit": 3}
    recipe = by_time(tiny_bert, tmp_path / "d", **block, per_device_train_batch_size=4)
    alone = train(recipe, output=tmp_path / "alone")
    assert_same(cut_and_resumed(recipe, tmp_path / "cut", cut_at, 11), alone)


@pytest.mark.slow
def test_two_processes_end_with_the_first_ones_clock(tiny_bert: Path, tmp_path: Path, warm: Any) -> None:
    recipe = by_time(tiny_bert, tmp_path / "d").model_dump(mode="json", exclude_none=True)
    recipe["train"] |= {"max_minutes": 0.1, "eval_strategy": "steps", "eval_steps": 0.5, "logging_steps": 0.1}
    (tmp_path / "recipe.yaml").write_text(dump(Recipe.model_validate(recipe)), "utf-8")
    said = Pair(tmp_path / "said", warm, "train", tmp_path / "recipe.yaml", "--output", tmp_path / "run")
    assert "0:00 left" in said.err
    steps = [int(step) for (step,) in log_of(Run.open(tmp_path / "run"), "step")]
    assert min(5, steps[-1]) <= len(steps) <= 11  # a tenth of the time each; a machine that stalls skips some


@pytest.mark.slow
def test_phases_divide_the_time(tiny_bert: Path, tmp_path: Path, clock: Any, cut_at: Any) -> None:
    """Twenty steps of a second, the second phase from second 14 on; a resume takes the same rows, in either phase."""
    block = {"eval_strategy": "steps", "eval_steps": 3, "gradient_accumulation_steps": 2, "save_total_limit": 3}
    recipe = by_time(tiny_bert, tmp_path / "d", **block, per_device_train_batch_size=4)
    recipe = recipe.model_copy(update={"options": {"phases": PHASES}})
    alone = train(recipe, output=tmp_path / "alone")
    assert len(log_of(alone, "loss")) == 20
    for step in (11, 17):
        assert_same(cut_and_resumed(recipe, tmp_path / f"cut-{step}", cut_at, step), alone)


def test_rows_of_phases_by_time(tiny_bert: Path, tmp_path: Path, clock: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[set[bool]] = []
    taken = PhaseSampler.taken

    def watched(self: PhaseSampler) -> Any:
        for rows, passes in taken(self):
            seen.append({row >= 20 for row in rows.tolist()})
            yield rows, passes

    monkeypatch.setattr(PhaseSampler, "taken", watched)
    recipe = by_time(tiny_bert, tmp_path / "d").model_copy(update={"options": {"phases": PHASES}})
    train(recipe, output=tmp_path / "run")
    assert len(seen) >= 20
    begin = seen.index({True})
    assert 14 <= begin <= 16  # rows are drawn a step or two ahead
    assert seen == [{False}] * begin + [{True}] * (len(seen) - begin)
