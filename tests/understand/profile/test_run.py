"""Planted faults are found and named with the key to change; a good training is not accused; no Run is left."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import PreTrainedTokenizerFast

from bertkit.errors import BertkitError, RunError, TrainingError
from bertkit.recipe.load import dump, load
from bertkit.run import Run
from bertkit.understand.profile import run as run_module
from bertkit.understand.profile import trials
from bertkit.understand.profile.bottlenecks import BATCH, WORKERS
from bertkit.understand.profile.clock import BACKWARD, COLLATE, ENCODE, FORWARD
from bertkit.understand.profile.run import Profile, profile
from tests.understand.profile.planted import recipe_with

STEPS = 4
SLEEP = 0.04
"""Seconds of the planted collator."""


@pytest.fixture
def profiled(tiny_bert: Path, tmp_path: Path):
    """`profiled("classify", per_device_train_batch_size=1)`: the profile of a planted training."""

    def run(task: str, *, repeat: int = 8, **train: Any) -> Profile:
        return profile(recipe_with(task, tiny_bert, tmp_path, repeat=repeat, **train), STEPS)

    return run


def share(found: Profile, *phases: str) -> float:
    return sum(found.steps.means[phase] for phase in phases) / found.steps.step


def named(profiled: Any, kind: str, task: str, **train: Any) -> tuple[Profile, Any]:
    """A profile and its bottleneck of a kind. On a busy machine it may cost less than another; one that stalls hides it
    in one profile of three."""
    for _ in range(3):
        found = profiled(task, **train)
        if first := next((one for one in found.bottlenecks if one.kind == kind), None):
            return found, first
    raise AssertionError(f"not named: {kind}, but {[one.kind for one in found.bottlenecks]}")


def test_a_slow_loader_is_named_with_workers_as_the_key(profiled) -> None:
    found, first = named(profiled, "loader", "Slow")
    assert first.key == WORKERS
    assert first.value >= 2
    assert "waits for the collator on the main thread" in first.sentence
    assert f"set train.dataloader_num_workers: {first.value} (with {first.value} workers a step took" in first.sentence
    assert found.steps.means[COLLATE] >= SLEEP
    assert found.with_workers.typical < found.steps.typical


def test_a_tokenizer_on_the_main_thread_is_named(profiled, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKENIZERS_PARALLELISM", "true")  # as the command line sets it
    found, first = named(profiled, "tokenizer", "Tokenizing")
    assert (first.key == WORKERS and first.value >= 2) or (first.key, first.value) == ("task", "encode")
    assert "waits for the tokenizer on the main thread" in first.sentence
    assert "tokenize in `encode` of the task" in first.sentence
    assert share(found, ENCODE) > share(found, COLLATE)


def test_a_tokenizer_before_the_training_is_not_in_the_steps(profiled) -> None:
    found = profiled("classify")
    assert found.steps.means[ENCODE] == 0
    assert found.before["encode"] > 0


def test_a_batch_that_is_too_small_is_named_by_measuring_larger_ones(profiled) -> None:
    found, first = named(profiled, "batch", "classify", per_device_train_batch_size=1, gradient_accumulation_steps=4)
    assert first.key == BATCH
    assert first.value in (2, 4)
    assert f"gradient_accumulation_steps: {4 // first.value}, for the same result" in first.sentence
    one, *larger = found.tried
    assert (one.batch, [variant.batch for variant in larger if not variant.bf16]) == (1, [2, 4])
    assert min(variant.seconds for variant in larger) * 1.25 < one.seconds


def test_a_good_training_is_not_accused(profiled) -> None:
    """All rows are in one batch, so no larger one can be made, and the rest costs little."""
    found = profiled("classify", repeat=16, per_device_train_batch_size=128)
    assert [one.key for one in found.bottlenecks if one.key == BATCH] == []
    assert len([one for one in found.tried if not one.bf16]) == 1


@pytest.mark.slow
def test_a_batch_that_is_large_enough_is_not_accused(tokenizer_folder: Path, tmp_path: Path) -> None:
    from transformers import AutoConfig, AutoModel, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(tokenizer_folder)
    config = AutoConfig.for_model("bert", hidden_size=192, num_hidden_layers=2, num_attention_heads=4,
                                  intermediate_size=768, vocab_size=len(tokenizer))  # fmt: skip
    folder = tmp_path / "bert"
    AutoModel.from_config(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    found = profile(recipe_with("classify", folder, tmp_path, repeat=64, per_device_train_batch_size=64), 5)
    assert [one.key for one in found.bottlenecks if one.key == BATCH] == []


def test_seconds_of_the_phases_are_the_step(profiled) -> None:
    found = profiled("classify", gradient_accumulation_steps=2)
    assert len(found.steps.seconds) == STEPS
    assert sum(found.steps.means.values()) == pytest.approx(found.steps.step)
    assert found.steps.per_step("micro") == 2
    assert found.steps.per_step("examples") == 16
    assert all(found.steps.peaks[phase] > 0 for phase in (FORWARD, BACKWARD))


def test_bf16_is_tried_as_trainer_computes_it(profiled, monkeypatch: pytest.MonkeyPatch) -> None:
    """The model in bf16, its loss in float32: that of embeddings has numbers that bf16 does not."""
    monkeypatch.setattr(trials, "_has_bf16", lambda device: True)
    found = profiled("embed")
    assert [one.bf16 for one in found.tried] == [False, False, False, True]


def test_what_does_not_fit_into_memory_is_not_advised(profiled, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = trials._seconds

    def full(trainer: Any, batches: list[Any], **options: Any) -> float:
        if len(batches[0]["labels"]) > 2:
            raise torch.OutOfMemoryError
        return plain(trainer, batches, **options)

    monkeypatch.setattr(trials, "_seconds", full)
    monkeypatch.setattr(trials, "_has_bf16", lambda device: False)
    found = profiled("classify", per_device_train_batch_size=1)
    assert [one.batch for one in found.tried] == [1, 2]


@pytest.mark.gpu
def test_on_a_gpu_the_memory_is_that_of_torch(profiled) -> None:
    found = profiled("classify", use_cpu=False)
    assert found.device.startswith("cuda")
    assert found.steps.memory == "GPU memory that torch has allocated"
    assert 0 < found.steps.peaks[FORWARD] < 2**30
    assert sum(found.steps.means.values()) == pytest.approx(found.steps.step)


@pytest.mark.slow
def test_a_callback_that_takes_long_is_named(tiny_bert: Path, tmp_path: Path) -> None:
    code = (
        "import time\nfrom transformers import TrainerCallback\n"
        "class Idle(TrainerCallback):\n    def on_step_end(self, *_, **__):\n        time.sleep(0.4)\n"
    )
    (tmp_path / "idle.py").write_text(code, "utf-8")
    file = recipe_with("classify", tiny_bert, tmp_path)
    recipe = load(file).model_copy(update={"callbacks": [f"{tmp_path / 'idle.py'}:Idle"]})
    Path(file).write_text(dump(recipe), "utf-8")
    first = next(one for one in profile(file, STEPS).bottlenecks if one.kind == "callbacks")
    assert first.key == "callbacks" and "Idle" in first.sentence


def test_a_trial_that_fails_costs_no_figure(
    profiled, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    plain = run_module.measure

    def failing(trainer: Any, plan: Any, *more: Any) -> Any:
        if trainer.args.dataloader_num_workers:
            raise RuntimeError("DataLoader worker is killed by signal: Bus error.")
        return plain(trainer, plan, *more)

    monkeypatch.setattr(run_module, "measure", failing)
    found = profiled("Slow")
    assert found.with_workers is None and found.steps.means[COLLATE] >= SLEEP
    assert "could not be tried: DataLoader worker is killed" in caplog.text


def test_too_little_memory_is_named_as_in_a_training(profiled, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> Any:
        raise torch.OutOfMemoryError

    monkeypatch.setattr(run_module, "measure", full)
    with pytest.raises(TrainingError, match="8: out of memory on cpu; halve it"):
        profiled("classify")


def test_no_evaluation_and_no_checkpoint_comes_between(profiled, tiny_bert: Path, tmp_path: Path) -> None:
    code = (
        "from transformers import TrainerCallback\n"
        "class Ask(TrainerCallback):\n    def on_step_end(self, args, state, control, **_):\n"
        "        control.should_evaluate = control.should_save = True\n"
    )
    (tmp_path / "ask.py").write_text(code, "utf-8")
    file = recipe_with("classify", tiny_bert, tmp_path, eval_on_start=True)
    recipe = load(file).model_copy(update={"callbacks": [f"{tmp_path / 'ask.py'}:Ask"]})
    Path(file).write_text(dump(recipe), "utf-8")
    assert len(profile(file, STEPS).steps.seconds) == STEPS


def test_a_callback_that_ends_the_training_too_early(tiny_bert: Path, tmp_path: Path) -> None:
    code = (
        "from transformers import TrainerCallback\n"
        "class Enough(TrainerCallback):\n    def on_step_end(self, args, state, control, **_):\n"
        "        control.should_training_stop = state.global_step == 4\n"
    )
    (tmp_path / "enough.py").write_text(code, "utf-8")
    file = recipe_with("classify", tiny_bert, tmp_path)
    recipe = load(file).model_copy(update={"callbacks": [f"{tmp_path / 'enough.py'}:Enough"]})
    Path(file).write_text(dump(recipe), "utf-8")
    with pytest.raises(TrainingError, match="the training ended after 4 steps, before all were measured"):
        profile(file, STEPS)


def test_nothing_is_left(profiled, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    place = tmp_path / "tmp"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    monkeypatch.chdir(place)
    own = vars(PreTrainedTokenizerFast.__mro__[0]).get("_encode_plus")
    profiled("classify")
    assert list(place.iterdir()) == []
    assert vars(PreTrainedTokenizerFast.__mro__[0]).get("_encode_plus") is own


def test_ctrl_c_leaves_nothing(profiled, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from bertkit.training import callbacks

    place = tmp_path / "tmp"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    kinds = [kind for kind in PreTrainedTokenizerFast.__mro__ if "_encode_plus" in vars(kind)]
    before = [vars(kind)["_encode_plus"] for kind in kinds]

    def interrupted(self, args, state, control, **kwargs) -> None:
        if state.global_step == 5:
            raise KeyboardInterrupt

    monkeypatch.setattr(callbacks.StopWatch, "on_step_end", interrupted)
    with pytest.raises(KeyboardInterrupt):
        profiled("classify")
    assert list(place.iterdir()) == []
    assert [vars(kind)["_encode_plus"] for kind in kinds] == before


def test_a_run_is_profiled_by_its_recipe_and_stays_as_it_is(tiny_run: Run) -> None:
    files = sorted(tiny_run.path.rglob("*"))
    found = profile(str(tiny_run.path), 1)
    assert found.recipe.task == "classify"
    assert sorted(tiny_run.path.rglob("*")) == files


def test_a_run_whose_data_is_gone(tiny_run: Run, tmp_path: Path) -> None:
    gone = tmp_path / "run"
    gone.mkdir()
    recipe = tiny_run.recipe
    data = recipe.data.model_copy(update={"train": [str(tmp_path / "gone.jsonl")]})
    (gone / "recipe.yaml").write_text(dump(recipe.model_copy(update={"data": data})), "utf-8")
    with pytest.raises(RunError, match=r"data.train  not there any more: .*gone.jsonl.*--set data.train=PATH"):
        profile(str(gone), 1)


def test_a_checkpoint_is_no_recipe(tiny_bert: Path) -> None:
    with pytest.raises(BertkitError, match="a checkpoint, which has no training; name a recipe"):
        profile(str(tiny_bert), 1)


def test_several_processes_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "WORLD_SIZE", "2")
    with pytest.raises(BertkitError, match="for a single process"):
        profile("classify", 1)


def test_few_rows_are_taken_again_and_again(profiled) -> None:
    """An epoch of one step: as many epochs as the steps need, and no time limit of the recipe's."""
    found = profiled("classify", repeat=1, max_minutes=0.001)
    assert len(found.steps.seconds) == STEPS
