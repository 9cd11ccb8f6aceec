"""16x1 = 8x2 = 4x4 = 1x16 (= two processes), with padding or without: how a step is computed changes nothing. Dropout
is off there, as its masks depend on the shape of a batch. With it, the same recipe still trains the same weights."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from bertkit import Run, train
from bertkit.recipe.schema import Recipe
from tests.helpers import every_task, log_of, tiny_recipe
from tests.tiny import TINY

TASKS = every_task()
IDS = [f"{name}-{'-'.join(options) or 'default'}" for name, options in TASKS]
ROWS = 71
"""Steps of 16, and a last one of 7 that neither 2 nor 4 divides."""


def _recipe(name: str, options: dict[str, Any], bert: Path, folder: Path, **blocks: Any) -> Recipe:
    """Two epochs, at least ten steps of 16 rows; `train` is a block, others are the recipe's."""
    folder.mkdir()
    block = {"num_train_epochs": 2, "per_device_train_batch_size": 16, "logging_steps": 1, "eval_strategy": "no"}
    recipe = tiny_recipe(name, options, bert, folder, repeat=12, **{**block, **blocks.pop("train", {})})
    values = recipe.model_dump(mode="json", exclude_none=True)
    values["data"]["limit"] = {"train": ROWS}
    return Recipe.model_validate({**values, **blocks})


@pytest.fixture(scope="module", autouse=True)
def _quick(tiny_bert: Path) -> None:
    """Trainer collects garbage as it begins: without this, a third of a tiny training is a walk over all modules."""
    import bertkit.training.trainer  # noqa: F401

    gc.collect()
    gc.freeze()


SLOW = pytest.mark.slow
TOGETHER = [
    pytest.param(each, id=name, marks=pytest.mark.xdist_group(name)) for each, name in zip(TASKS, IDS, strict=True)
]
"""What is compared with one training runs where that was trained."""
FIRST = dict(reversed(TASKS))
MOSTLY_SLOW = [
    pytest.param(*one.values, id=one.id, marks=[*one.marks, *([] if one.values[0] == (name, FIRST[name]) else [SLOW])])
    for one, (name, _) in zip(TOGETHER, TASKS, strict=True)
]
"""Each task once: its other options change what is computed, not how it is divided. The slow tests show it for all."""


@pytest.fixture(scope="module", params=TOGETHER)
def whole(request: pytest.FixtureRequest, tiny_bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Trained in steps of 16x1."""
    folder = tmp_path_factory.mktemp("whole")
    return train(_recipe(*request.param, tiny_bert, folder / "data"), output=folder / "run")


def _again(whole: Run, folder: Path, *sets: str) -> Run:
    return train(whole.recipe_file, output=folder / "run", sets=sets)


def _assert_close(got: Run, expected: Run) -> None:
    """Losses and gradient norms to 2e-4 of their size, weights to 1e-4: float32 adds in another order.

    What moves all scores of a softmax alike has a gradient that is zero but for rounding, and Adam makes full steps of
    that: the bias of the keys, and in squad, whose softmax goes over tokens, what is added to all of them at the end.
    """
    noise = ("attention.self.key.bias", "layer.1.output.LayerNorm.bias") if got.recipe.task == "squad" else ()
    names = ("step", "loss", "grad_norm", "learning_rate")
    assert len(log_of(expected, "step")) >= 10
    np.testing.assert_allclose(log_of(got, *names), log_of(expected, *names), rtol=2e-4, atol=1e-6)
    a, b = _weights(got), _weights(expected)
    for name in a:
        if not name.endswith(noise):
            torch.testing.assert_close(a[name], b[name], rtol=1e-3, atol=1e-4, msg=name)


def _weights(run: Run) -> dict[str, torch.Tensor]:
    return load_file(run.model / "model.safetensors")


def _assert_same(one: Run, other: Run) -> None:
    a, b = _weights(one), _weights(other)
    assert all(torch.equal(a[key], b[key]) for key in a)
    assert one.metrics == other.metrics


@pytest.mark.parametrize("whole", MOSTLY_SLOW, indirect=True, scope="module")
def test_a_step_of_16_rows_is_the_same_divided_by_four(whole: Run, tmp_path: Path) -> None:
    _assert_divided(whole, "4x4", tmp_path)


@pytest.mark.parametrize("whole", MOSTLY_SLOW, indirect=True, scope="module")
@pytest.mark.parametrize("division", [pytest.param("8x2", marks=SLOW), "1x16"])
def test_a_step_of_16_rows_is_the_same_however_it_is_divided(whole: Run, division: str, tmp_path: Path) -> None:
    _assert_divided(whole, division, tmp_path)


def _assert_divided(whole: Run, division: str, tmp_path: Path) -> None:
    batch, accumulation = division.split("x")
    sets = (f"train.per_device_train_batch_size={batch}", f"train.gradient_accumulation_steps={accumulation}")
    _assert_close(_again(whole, tmp_path, *sets), whole)


@pytest.mark.parametrize("whole", MOSTLY_SLOW, indirect=True, scope="module")
def test_without_padding_a_model_trains_as_with_it(whole: Run, tmp_path: Path) -> None:
    """On the same rows in the same steps: where there is padding, they would be chosen by length."""
    from bertkit.training.batching import StepSampler

    def plain(sampler: StepSampler) -> list[np.ndarray]:
        sampler.bucket = False
        return steps(sampler)

    steps = StepSampler.steps
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(StepSampler, "steps", plain)
        padded = _again(whole, tmp_path, "model.padding_free=off")
    _assert_close(padded, whole)


def test_padded_steps_of_like_lengths_are_the_same_however_they_are_divided(tiny_bert: Path, tmp_path: Path) -> None:
    model = {"name": str(tiny_bert), "padding_free": "off"}
    one = train(_recipe("classify", {}, tiny_bert, tmp_path / "data", model=model), output=tmp_path / "one")
    sets = ("train.per_device_train_batch_size=4", "train.gradient_accumulation_steps=4")
    _assert_close(_again(one, tmp_path, *sets), one)


@pytest.mark.parametrize("index", [0, -1], ids=[IDS[0], IDS[-1]])
def test_the_runs_recipe_trains_equal_weights(index: int, tiny_bert: Path, tmp_path: Path) -> None:
    first = train(_recipe(*TASKS[index], tiny_bert, tmp_path / "data"), output=tmp_path / "first")
    again = _again(first, tmp_path)
    assert first.recipe == again.recipe
    _assert_same(first, again)


def test_the_same_seed_trains_equal_weights_with_dropout_and_workers_too(tiny_bert: Path, tmp_path: Path) -> None:
    model = {"scratch": {**TINY, "hidden_dropout_prob": 0.2}, "tokenizer": str(tiny_bert)}
    block = {"dataloader_num_workers": 2, "gradient_accumulation_steps": 2, "per_device_train_batch_size": 8}
    first = train(_recipe("classify", {}, tiny_bert, tmp_path / "d", model=model, train=block), output=tmp_path / "1")
    _assert_same(first, _again(first, tmp_path))
    _assert_same(first, train(first.recipe_file, output=tmp_path / "3", sets=["train.dataloader_num_workers=0"]))


def test_another_seed_trains_other_weights(tiny_bert: Path, tmp_path: Path) -> None:
    first = train(_recipe("classify", {}, tiny_bert, tmp_path / "data"), output=tmp_path / "first")
    a, b = _weights(first), _weights(_again(first, tmp_path, "seed=43"))
    assert any(not torch.equal(a[key], b[key]) for key in a)
