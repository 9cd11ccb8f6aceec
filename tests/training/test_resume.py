"""A training that was cut off and goes on ends as one that never was: the same weights, figures and log."""

from __future__ import annotations

import gc
import json
import logging
import shutil
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from bertkit import Run, train
from bertkit.errors import RecipeError, RunError, Stopped, TrainingError
from bertkit.recipe.schema import Recipe
from bertkit.training.checkpoints import LIST, Checkpoints, is_final, step_of
from bertkit.training.watch import interrupt
from tests.helpers import Power, messages, tiny_recipe
from tests.tiny import TINY

BY_STEPS = {"eval_strategy": "steps", "eval_steps": 3, "save_steps": 3}
ACCUMULATED = {**BY_STEPS, "gradient_accumulation_steps": 2, "per_device_train_batch_size": 4}
WAYS: dict[str, dict[str, Any]] = {
    "epoch": {},
    "epoch-bucketed": {"padding_free": "off"},
    "steps": BY_STEPS,
    "steps-workers": {**ACCUMULATED, "dataloader_num_workers": 2},
    "min-steps": {"num_train_epochs": 1, "min_steps": 21},
    "steps-sparse-log": {**BY_STEPS, "logging_steps": 4},
}
"""How a training saves. Seven steps an epoch of 8 rows, the last one smaller; by steps it is saved in the middle."""


@pytest.fixture(scope="module", autouse=True)
def _quick(tiny_bert: Path) -> None:
    """Trainer collects garbage as it begins: without this, a third of a tiny training is a walk over all modules."""
    import bertkit.training.trainer  # noqa: F401

    gc.collect()
    gc.freeze()


@pytest.fixture
def said(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> pytest.LogCaptureFixture:
    monkeypatch.setattr(logging.getLogger("bertkit"), "propagate", True)
    caplog.set_level(logging.INFO, logger="bertkit")
    return caplog


def a_recipe(bert: Path, folder: Path, *, patience: int = 7, padding_free: str = "auto", **block: Any) -> Recipe:
    """Three epochs of 50 rows, with dropout."""
    values = {"num_train_epochs": 3, "logging_steps": 1, "save_total_limit": 2, "learning_rate": 5e-3, **block}
    recipe = tiny_recipe("classify", {}, bert, folder, repeat=7, **values).model_dump(mode="json", exclude_none=True)
    recipe["model"] = {"scratch": TINY, "tokenizer": str(bert), "padding_free": padding_free}
    recipe["data"]["limit"] = {"train": 50}
    recipe["callbacks"] = [{"early_stopping": {"early_stopping_patience": patience}}]
    return Recipe.model_validate(recipe)


@pytest.fixture(scope="module")
def alone(tiny_bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """`alone("steps")`: the Run of a training that saves this way and was never cut off."""
    folder = tmp_path_factory.mktemp("alone")

    @cache
    def alone(way: str) -> Run:
        run = train(a_recipe(tiny_bert, folder, **WAYS[way]), output=folder / way)
        assert log(run)[-1]["step"] == 21
        return run

    return alone


def a_cut_run(recipe: Recipe, folder: Path, cut_at: Any, step: int) -> Path:
    cut_at(step)
    with pytest.raises(Power):
        train(recipe, output=folder)
    cut_at(None)
    return folder


def log(run: Run) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in run.log_file.read_text("utf-8").splitlines()]
    return [{name: value for name, value in line.items() if name != "samples_per_second"} for line in lines]


def weights(run: Run) -> dict[str, torch.Tensor]:
    return load_file(run.model / "model.safetensors")


def assert_same(got: Run, expected: Run) -> None:
    a, b = weights(got), weights(expected)
    assert a.keys() == b.keys()
    assert [key for key in a if not torch.equal(a[key], b[key])] == []
    assert got.metrics == expected.metrics
    assert log(got) == log(expected)


def checkpoints(folder: Path) -> Checkpoints:
    return Checkpoints(folder / "checkpoints")


def unfinish(folder: Path) -> None:
    """As if it was killed while it finished."""
    (folder / "metrics.json").unlink()
    shutil.rmtree(folder / "model")


@pytest.mark.parametrize(
    "way", [pytest.param(way, marks=() if way in ("epoch", "steps") else pytest.mark.slow) for way in WAYS]
)
def test_a_training_that_was_cut_off_ends_as_one_that_was_not(
    way: str, alone: Any, tmp_path: Path, cut_at: Any
) -> None:
    """First it goes on from a checkpoint of the first epoch or from none, then from one of the second."""
    folder = a_cut_run(alone(way).recipe, tmp_path / "cut", cut_at, 5)
    cut_at(16)
    with pytest.raises(Power):
        train(folder, resume=True)
    cut_at(None)
    assert_same(train(folder, resume=True), alone(way))


def test_early_stopping_remembers_its_patience(tiny_bert: Path, tmp_path: Path, cut_at: Any) -> None:
    """A rate of nearly nothing: the first evaluation stays the best, and three more end the training."""
    recipe = a_recipe(tiny_bert, tmp_path, **BY_STEPS, patience=3, learning_rate=1e-12)
    alone = train(recipe, output=tmp_path / "alone")
    assert log(alone)[-1]["step"] == 12
    folder = a_cut_run(recipe, tmp_path / "cut", cut_at, 8)
    assert_same(train(folder, resume=True), alone)


@pytest.mark.parametrize("early", [False, True], ids=["all-steps", "early-stopping"])
def test_where_training_had_ended_nothing_more_is_trained(
    early: bool, tiny_bert: Path, tmp_path: Path, said: pytest.LogCaptureFixture
) -> None:
    block = {"patience": 1, "learning_rate": 1e-12} if early else {"max_steps": 9}
    run = train(a_recipe(tiny_bert, tmp_path, **BY_STEPS, **block), output=tmp_path / "run")
    last = checkpoints(run.path).last()
    assert last is not None
    assert is_final(last)
    assert step_of(last) == (6 if early else 9)
    before = log(run), run.metrics, weights(run)
    unfinish(run.path)
    again = train(run.path, resume=True)
    assert "all steps are done: nothing to train" in messages(said)
    assert (log(again), again.metrics) == before[:2]
    assert all(torch.equal(value, before[2][key]) for key, value in weights(again).items())


def test_a_finished_run_trains_nothing(tiny_bert: Path, tmp_path: Path, said: pytest.LogCaptureFixture) -> None:
    recipe = a_recipe(tiny_bert, tmp_path, max_steps=2)
    run = train(recipe, output=tmp_path / "run")
    before = {file: file.stat().st_mtime_ns for file in run.path.rglob("*")}
    said.clear()
    assert train(run.path, resume=True).metrics == train(recipe, output=run.path, resume=True).metrics == run.metrics
    assert messages(said) == [f"{run.path} is already finished: nothing to train"] * 2
    assert {file: file.stat().st_mtime_ns for file in run.path.rglob("*")} == before


def test_going_on_with_another_recipe_names_what_differs(tiny_bert: Path, tmp_path: Path, cut_at: Any) -> None:
    recipe = a_recipe(tiny_bert, tmp_path)
    folder = a_cut_run(recipe, tmp_path / "run", cut_at, 9)
    values = recipe.model_dump(mode="json", exclude_none=True)
    values["train"]["learning_rate"], values["seed"] = 3e-5, 7
    with pytest.raises(RunError, match=r"with a different seed, train\.learning_rate; bertkit train .* --resume"):
        train(Recipe.model_validate(values), output=folder, resume=True)
    what = (
        "--set  seed: a resumed Run keeps its own recipe; leave it out: only data.train, data.validation, data.test, "
    )
    with pytest.raises(RecipeError, match=what):
        train(folder, resume=True, sets=["seed=7"])
    with pytest.raises(RecipeError, match=r"--set  data: a resumed .*\n--set  train\.max_steps: a resumed"):
        train(folder, resume=True, sets={"data": {"train": "x"}, "train.max_steps": 3})
    with pytest.raises(RecipeError, match="--output  a resumed Run keeps its own folder; leave it out"):
        train(folder, resume=True, output=tmp_path / "other")


@pytest.mark.parametrize("split", ["train", "validation"])
def test_going_on_with_other_data_is_a_mistake(split: str, tiny_bert: Path, tmp_path: Path, cut_at: Any) -> None:
    recipe = a_recipe(tiny_bert, tmp_path)
    folder = a_cut_run(recipe, tmp_path / "run", cut_at, 9)
    (source,) = getattr(recipe.data, split)
    file = Path(source)
    text = file.read_text("utf-8")
    file.write_text(text.replace("hello", "good bye"), "utf-8")
    with pytest.raises(RunError, match=f"the {split} rows have changed since this Run was started; restore"):
        train(folder, resume=True)
    file.write_text(text, "utf-8")
    assert train(folder, resume=True).metrics["rows"]["train"] == 50


@pytest.mark.parametrize("by_recipe", [False, True], ids=["set", "recipe"])
def test_data_and_model_that_have_moved(
    by_recipe: bool, tiny_bert: Path, tmp_path: Path, cut_at: Any, said: pytest.LogCaptureFixture
) -> None:
    """The same rows at other places: named once, by --set or by the recipe; the Run keeps the new places."""
    (tmp_path / "old").mkdir()
    bert = Path(shutil.copytree(tiny_bert, tmp_path / "old" / "bert"))
    recipe = tiny_recipe("classify", {}, bert, tmp_path / "old", repeat=7, logging_steps=1, save_steps=3, max_steps=9)
    alone = train(recipe, output=tmp_path / "alone")
    folder = a_cut_run(recipe, tmp_path / "run", cut_at, 5)
    (tmp_path / "old").rename(tmp_path / "new")
    with pytest.raises(RunError) as caught:
        train(folder, resume=True)
    lines = str(caught.value).splitlines()
    assert [line.split("  ")[0] for line in lines] == ["data.train", "data.validation", "model.name"]
    old, way = tmp_path / "old", f"bertkit train {folder} --resume"
    assert lines[0] == (
        f"data.train  not there any more: {old / 'classify.jsonl'}; name where it is now: {way}: --set data.train=PATH"
    )
    new = tmp_path / "new"
    (new / "classify.jsonl").rename(new / "rows.jsonl")
    places = {
        "data.train": new / "rows.jsonl",
        "data.validation": new / "classify-dev.jsonl",
        "model.name": new / "bert",
    }
    if by_recipe:
        values = recipe.model_dump(mode="json", exclude_none=True)
        values["data"] |= {"train": str(places["data.train"]), "validation": str(places["data.validation"])}
        values["model"]["name"] = str(places["model.name"])
        cut_at(7)
        with pytest.raises(Power):
            train(Recipe.model_validate(values), output=folder, resume=True)
    else:
        cut_at(7)
        with pytest.raises(Power):
            train(folder, resume=True, sets=[f"{key}={value}" for key, value in places.items()])
    cut_at(None)
    kept = "data.train.0, data.validation.0, model.name"
    assert f"the same rows and weights as before: the Run has them from their new place ({kept})" in messages(said)
    run = Run(folder)
    assert run.recipe.data.train == [str(places["data.train"])]
    assert str(tmp_path) not in run.recipe_file.read_text("utf-8")
    resumed = train(folder, resume=True)
    assert_same(resumed, alone)
    assert resumed.environment["data"] == alone.environment["data"]
    assert resumed.environment["model"] == alone.environment["model"]


def test_other_rows_or_weights_at_a_new_place_are_refused(tiny_bert: Path, tmp_path: Path, cut_at: Any) -> None:
    recipe = tiny_recipe("classify", {}, tiny_bert, tmp_path, repeat=7, save_steps=3, max_steps=9)
    folder = a_cut_run(recipe, tmp_path / "run", cut_at, 5)
    before = (folder / "recipe.yaml").read_text("utf-8")
    (source,) = recipe.data.train or ()
    other = tmp_path / "other.jsonl"
    other.write_text(Path(source).read_text("utf-8").replace("hello", "good bye"), "utf-8")
    with pytest.raises(RunError, match="the train rows have changed since this Run was started; restore the data"):
        train(folder, resume=True, sets={"data.train": str(other)})
    bert = Path(shutil.copytree(tiny_bert, tmp_path / "bert"))
    flip(bert / "model.safetensors")
    with pytest.raises(
        RunError, match=r"model\.name  .*/bert: other weights than those that this Run was started from"
    ):
        train(folder, resume=True, sets=[f"model.name={bert}"])
    assert (folder / "recipe.yaml").read_text("utf-8") == before
    assert train(folder, resume=True).metrics["rows"]["train"] == len(Path(source).read_text("utf-8").splitlines())


def test_a_finished_run_needs_its_training_data_no_more(tiny_bert: Path, tmp_path: Path, bertkit: Any) -> None:
    recipe = tiny_recipe("classify", {}, tiny_bert, tmp_path, max_steps=2)
    run = train(recipe, output=tmp_path / "run")
    (source,) = recipe.data.train or ()
    Path(source).unlink()
    for command in ("eval", "report"):
        assert bertkit(command, run.path)[0] == 0
    assert train(run.path, resume=True).metrics == run.metrics  # nothing is left to train
    (dev,) = recipe.data.validation or ()
    moved = Path(dev).rename(tmp_path / "moved.jsonl")
    code, _, err = bertkit("eval", run.path)
    assert code == 2
    assert "no such file or folder" in err
    assert bertkit("eval", run.path, "--data", moved)[0] == 0
    assert bertkit("report", run.path, "-s", f"data.validation={moved}")[0] == 0


@pytest.mark.slow
def test_in_a_new_folder_it_begins_anew(tiny_bert: Path, tmp_path: Path) -> None:
    recipe = a_recipe(tiny_bert, tmp_path, max_steps=8)
    (tmp_path / "empty").mkdir()
    runs = [train(recipe, output=tmp_path / "plain")]
    runs += [train(recipe, output=tmp_path / name, resume=True) for name in ("new", "empty")]
    for run in runs[1:]:
        assert_same(run, runs[0])
    with pytest.raises(RecipeError, match="which Run"):
        train(recipe, resume=True)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("keep me")
    with pytest.raises(RunError, match="in use"):
        train(recipe, output=tmp_path / "mine", resume=True)
    with pytest.raises(RunError, match=r"not a Run: it has no recipe\.yaml"):
        train(tmp_path / "mine", resume=True)


def test_cut_off_before_the_first_checkpoint_it_begins_again(
    alone: Any, tmp_path: Path, cut_at: Any, said: pytest.LogCaptureFixture
) -> None:
    folder = a_cut_run(alone("epoch").recipe, tmp_path / "cut", cut_at, 4)
    assert_same(train(alone("epoch").recipe, output=folder, resume=True), alone("epoch"))
    assert "no checkpoint yet: starting again" in messages(said)


def test_a_run_that_was_moved_goes_on(alone: Any, tmp_path: Path, cut_at: Any) -> None:
    folder = a_cut_run(alone("epoch").recipe, tmp_path / "cut", cut_at, 16)
    assert_same(train(folder.rename(tmp_path / "moved"), resume=True), alone("epoch"))


def test_a_torn_checkpoint_is_passed_over_with_a_warning(
    alone: Any, tmp_path: Path, cut_at: Any, said: pytest.LogCaptureFixture
) -> None:
    folder = a_cut_run(alone("steps").recipe, tmp_path / "cut", cut_at, 14)
    last = checkpoints(folder).last()
    assert last is not None
    (last / "optimizer.pt").unlink()
    said.clear()
    resumed = train(folder, resume=True)
    assert [m for m in messages(said) if "damaged" in m] == [f"{last} is damaged (no optimizer.pt): skipped"]
    assert_same(resumed, alone("steps"))


class Evil:
    def __init__(self, ran: Path):
        self.ran = ran

    def __reduce__(self) -> Any:
        return Path.touch, (self.ran,)


def test_the_checkpoint_of_a_stranger_runs_nothing(alone: Any, tmp_path: Path, cut_at: Any) -> None:
    """The attack: an unfinished Run to resume, whose optimizer, schedule and random numbers are other objects."""
    folder = a_cut_run(alone("steps").recipe, tmp_path / "cut", cut_at, 5)
    last = checkpoints(folder).last()
    assert last
    good = shutil.copytree(last, tmp_path / "good")
    for name in ("optimizer.pt", "scheduler.pt", "rng_state.pth"):
        aside = checkpoints(folder).unsealed(step_of(last))
        shutil.rmtree(last)
        shutil.copytree(good, aside)
        (aside / LIST).unlink()  # which would list itself
        torch.save(Evil(tmp_path / "ran"), aside / name)
        checkpoints(folder).seal(step_of(last))
        with pytest.raises(RunError, match="holds something else than the state of a training") as caught:
            train(folder, resume=True)
        assert len(str(caught.value).splitlines()) == 1
        assert not (tmp_path / "ran").exists()


def flip(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)


@pytest.mark.slow
def test_flipped_weights_and_zeros_are_passed_over(
    alone: Any, tmp_path: Path, cut_at: Any, said: pytest.LogCaptureFixture
) -> None:
    """Two damaged checkpoints of the right size: with none left, training starts again, and ends the same."""
    folder = a_cut_run(alone("steps").recipe, tmp_path / "cut", cut_at, 14)
    older, last = checkpoints(folder).all()[-2:]
    flip(last / "model.safetensors")
    copy = shutil.copytree(folder, tmp_path / "copy")
    assert_same(train(folder, resume=True), alone("steps"))
    assert f"{last} is damaged (the content of model.safetensors has changed): skipped" in messages(said)
    assert f"resuming from step {step_of(older)}" in messages(said)
    for checkpoint in checkpoints(copy).all():
        state = checkpoint / "trainer_state.json"
        state.write_bytes(bytes(state.stat().st_size))
    assert_same(train(copy, resume=True), alone("steps"))
    assert "no whole checkpoint: starting again from the first step" in messages(said)


def test_a_best_checkpoint_that_was_damaged_during_the_training_is_not_used(
    alone: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bertkit.training.trainer import BertTrainer

    plain = BertTrainer._load_best_model

    def flip_and_load(trainer: BertTrainer) -> None:
        flip(Path(str(trainer.state.best_model_checkpoint)) / "model.safetensors")
        plain(trainer)

    monkeypatch.setattr(BertTrainer, "_load_best_model", flip_and_load)
    with pytest.raises(TrainingError, match=r"the best checkpoint is damaged: the content of model\.safetensors has"):
        train(alone("epoch").recipe, output=tmp_path / "run")
    assert not Run(tmp_path / "run").is_finished


@pytest.mark.slow
def test_a_full_disk_names_the_good_checkpoint_and_the_run_goes_on(
    alone: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe, plain, saved = alone("epoch").recipe, torch.save, []

    def save(value: Any, file: Any, *args: Any, **kwargs: Any) -> None:
        saved.append(Path(file).parent.name)
        if len(set(saved)) == 2:
            Path(file).write_bytes(b"half")
            raise OSError(28, "No space left on device")
        plain(value, file, *args, **kwargs)

    monkeypatch.setattr(torch, "save", save)
    with pytest.raises(TrainingError) as caught:
        train(recipe, output=tmp_path / "run")
    monkeypatch.undo()
    first, second = checkpoints(tmp_path / "run").path(7), checkpoints(tmp_path / "run").path(14)
    assert str(caught.value).startswith(f"{second}  can not be written: [Errno 28] No space left on device; {first} is")
    assert checkpoints(tmp_path / "run").all() == [first]
    assert not checkpoints(tmp_path / "run").aside.exists()
    assert_same(train(tmp_path / "run", resume=True), alone("epoch"))


@pytest.mark.parametrize(("way", "step"), [("epoch", 4), ("epoch", 14), ("steps", 8), ("steps", 9)])
def test_a_training_that_was_asked_to_stop_goes_on_as_if_it_had_not(
    way: str, step: int, alone: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the middle of an epoch, at its end, between two checkpoints, and where one is written anyway."""
    recipe, plain = alone(way).recipe, interrupt.Interrupt.on_step_end

    def on_step_end(self: Any, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if state.global_step == step:
            self.signal = "SIGTERM"
        plain(self, args, state, control, **kwargs)

    monkeypatch.setattr(interrupt.Interrupt, "on_step_end", on_step_end)
    with pytest.raises(Stopped, match=f"stopped at step {step} of 21, saved"):
        train(recipe, output=tmp_path / "run")
    monkeypatch.undo()
    last = checkpoints(tmp_path / "run").last()
    assert last == checkpoints(tmp_path / "run").path(step)
    assert not is_final(last)
    assert_same(train(tmp_path / "run", resume=True), alone(way))


def test_saves_by_the_clock_change_nothing(alone: Any, tmp_path: Path, cut_at: Any, monkeypatch: Any) -> None:
    recipe = alone("epoch").recipe
    monkeypatch.setattr(interrupt, "EVERY", 0.0)
    folder = a_cut_run(recipe, tmp_path / "cut", cut_at, 12)
    assert checkpoints(folder).last() == checkpoints(folder).path(11)
    assert_same(train(folder, resume=True), alone("epoch"))
