"""A training that is killed at any moment, and goes on, ends with the weights of one that was left alone."""

from __future__ import annotations

import json
import os
import random
import signal
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from bertkit import Run, processes, train
from bertkit.recipe.load import dump
from bertkit.recipe.schema import Recipe
from tests.helpers import log_of, tiny_recipe
from tests.launched import forked

pytestmark = pytest.mark.xdist_group("kills")
WAYS: dict[str, dict[str, Any]] = {
    "by epoch": {"gradient_accumulation_steps": 2},
    "by steps": {"eval_strategy": "steps", "eval_steps": 5, "save_steps": 5, "gradient_accumulation_steps": 2},
    "with workers": {"dataloader_num_workers": 2, "save_strategy": "steps", "save_steps": 4, "eval_steps": 4}
    | {"eval_strategy": "steps"},
    "stopping early": {"eval_strategy": "steps", "eval_steps": 3, "save_steps": 3},
}
TERM, INT, KILL = signal.SIGTERM, signal.SIGINT, signal.SIGKILL
FEW = [[TERM], [INT], [KILL], [KILL]]
"""For each way. A kill and what follows take some seconds."""

QUICK = ("by epoch",)
MANY = [TERM, INT, KILL, KILL, TERM]
CALLBACKS = [{"early_stopping": {"early_stopping_patience": 6}}]


@pytest.fixture
def start(warm: Any):
    """Runs `bertkit train` with these arguments in a process of its own, which has imported all that is slow."""

    def run(*arguments: object) -> Any:
        process = warm.Process(target=forked, args=[["train", *map(str, arguments)]])
        process.start()
        return process

    return run


@pytest.mark.parametrize(
    ("way", "kills"),
    [
        *(
            pytest.param(way, kills, marks=() if way in QUICK else pytest.mark.slow, id=way)
            for way, kills in zip(WAYS, FEW, strict=True)
        ),
        *(pytest.param(way, MANY, marks=pytest.mark.slow, id=f"{way}, many kills") for way in WAYS),
    ],
)
def test_a_killed_training_ends_as_one_left_alone(
    way: str, kills: list[signal.Signals], start: Any, tmp_path: Path, tiny_bert: Path
) -> None:
    recipe = a_recipe(way, tiny_bert, tmp_path)
    alone = train(recipe, output=tmp_path / "alone")
    steps = [line[0] for line in log_of(alone, "step")]
    (tmp_path / "recipe.yaml").write_text(dump(recipe), "utf-8")
    chance = random.Random(way)
    for number, kill in enumerate(kills):
        for attempt in range(5):  # where this process stalls, the training is over before the signal
            folder = tmp_path / f"killed-{number}-{attempt}"
            process = start(tmp_path / "recipe.yaml", "--output", folder)
            wait_for(folder / "log.jsonl", chance.randrange(1, int(max(steps)) - 10), process)
            time.sleep(chance.random() * 0.03)
            os.kill(process.pid, kill)
            process.join(600)
            if not (folder / "metrics.json").exists():
                break
        assert process.exitcode == (-signal.SIGKILL if kill == signal.SIGKILL else processes.STOPPED)
        assert not (folder / "metrics.json").exists()
        process = start(folder, "--resume")
        process.join(600)
        assert process.exitcode == 0
        assert_equal(Run.open(folder), alone)


def a_recipe(way: str, model: Path, folder: Path) -> Recipe:
    config = {
        **json.loads((model / "config.json").read_text("utf-8")),
        "hidden_dropout_prob": 0.1,
        "attention_probs_dropout_prob": 0.1,
    }
    known = ("model_type", "hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size", "vocab_size")
    scratch = {name: config[name] for name in (*known, "hidden_dropout_prob", "max_position_embeddings")}
    block = {"num_train_epochs": 3, "per_device_train_batch_size": 4, "logging_steps": 1, **WAYS[way]}
    recipe = tiny_recipe("classify", {}, model, folder, repeat=13, **block)
    changes: dict[str, Any] = {
        "model": recipe.model.model_copy(update={"name": None, "scratch": scratch, "tokenizer": str(model)})
    }
    return recipe.model_copy(update=changes | ({"callbacks": CALLBACKS} if way == "stopping early" else {}))


def wait_for(log: Path, step: int, process: Any) -> None:
    """Until the training has logged this step."""
    while process.is_alive():
        lines = log.read_text("utf-8").splitlines() if log.is_file() else []
        if len(lines) >= step:
            return
        time.sleep(0.005)
    raise AssertionError(f"the training ended before step {step}")


def assert_equal(run: Run, other: Run) -> None:
    """Weights bit for bit, figures, and every logged step."""
    a, b = (load_file(each.model / "model.safetensors") for each in (run, other))
    assert a.keys() == b.keys()
    assert [name for name in a if not torch.equal(a[name], b[name])] == []
    assert run.metrics == other.metrics
    assert log_of(run, "step", "loss", "grad_norm") == log_of(other, "step", "loss", "grad_norm")
