"""The `train:` block: every name of TrainingArguments has its answer, and no value passes that it would misread."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from transformers import TrainingArguments

from bertkit.errors import RecipeError
from bertkit.recipe import train_block
from bertkit.recipe.train_block import (
    ABOVE_ZERO,
    DEFAULTS,
    GONE,
    LAYER_DECAY,
    MAX_MINUTES,
    MIN_STEPS,
    MINIMUM,
    SET_BY_BERTKIT,
    UNUSED,
)  # fmt: skip

NAMES = set(TrainingArguments.__dataclass_fields__)


def wrong(**block: Any) -> list[str]:
    return [f"{key}: {what}; {todo}" for key, what, todo in train_block.check(block)]


def arguments(**block: Any) -> Any:
    full = {**train_block.resolve(block), "report_to": "none", "use_cpu": True}
    return train_block.arguments(full, Path("nowhere"), seed=7, metric="accuracy", greater_is_better=True)


def test_every_name_is_usable_or_refused_for_a_reason() -> None:
    usable = set(train_block.known()) - {LAYER_DECAY, MAX_MINUTES, MIN_STEPS}
    assert usable | set(SET_BY_BERTKIT) | UNUSED == NAMES
    assert not usable & set(SET_BY_BERTKIT)
    assert not usable & UNUSED
    assert not set(SET_BY_BERTKIT) & UNUSED


def test_no_table_holds_a_name_that_does_not_exist() -> None:
    assert set(SET_BY_BERTKIT) <= NAMES
    assert UNUSED <= NAMES
    usable = set(train_block.known())
    assert set(DEFAULTS) <= usable
    assert set(MINIMUM) <= usable
    assert usable >= ABOVE_ZERO
    assert not set(MINIMUM) & ABOVE_ZERO


def test_names_that_are_gone_are_really_gone() -> None:
    assert not set(GONE) & (NAMES | set(train_block.known()))


@pytest.mark.parametrize(("name", "todo"), [*SET_BY_BERTKIT.items()])
def test_what_is_set_elsewhere_says_where(name: str, todo: str) -> None:
    assert wrong(**{name: 1}) == [f"{name}: not set here; {todo}"]


@pytest.mark.parametrize(("name", "todo"), [*GONE.items()])
def test_what_is_gone_says_what_came_instead(name: str, todo: str) -> None:
    assert wrong(**{name: 1}) == [f"{name}: no such key; {todo}"]


@pytest.mark.parametrize("name", sorted(UNUSED))
def test_what_would_do_nothing_is_refused(name: str) -> None:
    assert wrong(**{name: True}) == [f"{name}: bertkit does not use this key; leave it out"]


def test_a_misspelt_name_gets_a_hint() -> None:
    assert wrong(num_train_epoch=3) == ["num_train_epoch: no such key; did you mean num_train_epochs?"]


def test_the_defaults_have_nothing_wrong() -> None:
    assert wrong(**DEFAULTS) == []
    assert wrong(**train_block.resolve({})) == []


@pytest.mark.parametrize(
    "block",
    [
        {"learning_rate": 1},
        {"num_train_epochs": 3},
        {"num_train_epochs": 0.5},
        {"max_steps": 1},
        {"warmup_steps": 0},
        {"warmup_steps": 0.1},
        {"warmup_steps": 100},
        {"warmup_steps": 100.0},
        {"logging_steps": 0.01},
        {"eval_strategy": "no"},
        {"eval_strategy": "steps", "eval_steps": 50},
        {"lr_scheduler_type": "cosine"},
        {"optim": "adamw_torch"},
        {"report_to": "none"},
        {"report_to": ["tensorboard"]},
        {"report_to": None},
        {"save_total_limit": None},
        {"lr_scheduler_kwargs": {"num_cycles": 2}},
        {"bf16": True},
        {"layer_decay": 1.0},
        {"layer_decay": 0.01},
        {"max_grad_norm": 0},
        {"weight_decay": 0},
        {"gradient_accumulation_steps": 1},
        {"adam_beta1": 0.0},
    ],
)
def test_good_values_pass(block: dict[str, Any]) -> None:
    assert wrong(**block) == []


@pytest.mark.parametrize(
    ("block", "what"),
    [
        ({"per_device_train_batch_size": 0}, "must be at least 1, got 0"),
        ({"gradient_accumulation_steps": 0}, "must be at least 1, got 0"),
        ({"per_device_train_batch_size": 1.5}, "expected a whole number, got 1.5"),
        ({"per_device_train_batch_size": True}, "expected a whole number, got True"),
        ({"learning_rate": 0}, "must be above 0, got 0"),
        ({"learning_rate": -1e-5}, "must be above 0, got -1e-05"),
        ({"learning_rate": "fast"}, "expected a number, got 'fast'"),
        ({"learning_rate": "5e-5"}, "expected a number, got '5e-5'"),
        ({"learning_rate": None}, "expected a number, got None"),
        ({"learning_rate": float("nan")}, "expected a finite number, got nan"),
        ({"learning_rate": float("inf")}, "expected a finite number, got inf"),
        ({"num_train_epochs": 0}, "must be above 0, got 0"),
        ({"num_train_epochs": 2.0**63}, "must be at most 100,000, got 9.22337e+18"),
        ({"max_steps": 0}, "must be at least 1, got 0"),
        ({"max_steps": -1}, "must be at least 1, got -1"),
        ({"weight_decay": -0.1}, "must be at least 0, got -0.1"),
        ({"warmup_steps": -1}, "must be at least 0, got -1"),
        ({"warmup_steps": 1.5}, "a number of steps is whole, got 1.5; below 1 it is a share of all steps"),
        ({"eval_steps": 2.5}, "a number of steps is whole, got 2.5; below 1 it is a share of all steps"),
        ({"eval_steps": 0}, "must be above 0, got 0"),
        ({"adam_beta2": 1}, "must be below 1, got 1"),
        ({"adam_beta1": -0.1}, "must be at least 0, got -0.1"),
        ({"adam_epsilon": 0}, "must be above 0, got 0"),
        ({"save_total_limit": 0}, "must be at least 1, got 0"),
        ({"max_minutes": 0}, "must be above 0, got 0"),
        ({"layer_decay": 0}, "must be above 0 and at most 1, got 0"),
        ({"layer_decay": 1.1}, "must be above 0 and at most 1, got 1.1"),
        ({"eval_strategy": "epochs"}, "no such value: epochs; did you mean epoch?"),
        ({"lr_scheduler_type": "cosin"}, "no such value: cosin; did you mean cosine?"),
        ({"optim": "adamw"}, "no such value: adamw"),
        ({"eval_strategy": False}, "expected"),
        ({"bf16": "yes"}, "expected true or false, got 'yes'"),
        ({"report_to": 3}, "expected a text or a list, got 3"),
        ({"lr_scheduler_kwargs": [1]}, "expected a mapping or a text, got [1]"),
    ],
)
def test_bad_values_are_told(block: dict[str, Any], what: str) -> None:
    (told,) = wrong(**block)
    assert told.startswith(f"{next(iter(block))}: {what}")


def test_everything_wrong_is_told() -> None:
    assert len(wrong(learning_rate=-1, epochs=3, seed=1, bf16="x", num_train_epochs=1)) == 4


def test_resolve_lays_the_defaults_below() -> None:
    full = train_block.resolve({"learning_rate": 1e-3})
    assert full["learning_rate"] == 1e-3
    assert {key: full[key] for key in DEFAULTS if key != "learning_rate"} == {
        key: value for key, value in DEFAULTS.items() if key != "learning_rate"
    }
    assert full["save_strategy"] == "epoch"


def test_resolve_does_not_change_what_it_is_given() -> None:
    block: dict[str, Any] = {"eval_strategy": "no"}
    train_block.resolve(block)
    assert block == {"eval_strategy": "no"}
    assert DEFAULTS["eval_strategy"] == "epoch"


def test_resolving_twice_changes_nothing() -> None:
    for block in ({}, {"eval_strategy": "no"}, {"eval_strategy": "steps", "eval_steps": 10}):
        once = train_block.resolve(block)
        assert train_block.resolve(once) == once


def test_without_evaluation_nothing_is_chosen_or_saved() -> None:
    full = train_block.resolve({"eval_strategy": "no"})
    assert full["load_best_model_at_end"] is False
    assert full["save_strategy"] == "no"
    assert train_block.resolve({"eval_strategy": "no", "save_strategy": "epoch"})["save_strategy"] == "epoch"


def test_saving_follows_evaluation() -> None:
    full = train_block.resolve({"eval_strategy": "steps", "eval_steps": 10})
    assert (full["save_strategy"], full["save_steps"]) == ("steps", 10)
    assert train_block.resolve({"eval_strategy": "steps", "eval_steps": 10, "save_steps": 20})["save_steps"] == 20


def test_tensorboard_reports_where_it_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(train_block, "has", lambda module: True)
    assert train_block.resolve({})["report_to"] == "tensorboard"
    monkeypatch.setattr(train_block, "has", lambda module: False)
    assert train_block.resolve({})["report_to"] == "none"
    assert train_block.resolve({"report_to": "wandb"})["report_to"] == "wandb"


def test_arguments_are_those_of_the_block() -> None:
    args = arguments(learning_rate=1e-3, num_train_epochs=2, layer_decay=0.9, weight_decay=0.1)
    assert (args.learning_rate, args.num_train_epochs, args.weight_decay, args.seed) == (1e-3, 2, 0.1, 7)
    assert (args.metric_for_best_model, args.greater_is_better) == ("accuracy", True)
    assert args.output_dir == "nowhere"
    assert args.load_best_model_at_end
    assert (args.eval_strategy, args.save_strategy) == ("epoch", "epoch")
    assert not args.remove_unused_columns
    assert not args.logging_nan_inf_filter
    assert not hasattr(args, LAYER_DECAY)
    assert not Path("nowhere").exists()


@pytest.mark.parametrize("strategy", ["no", "epoch", "steps"])
def test_every_strategy_of_evaluation_needs_no_other_key(strategy: str) -> None:
    args = arguments(eval_strategy=strategy)
    assert args.eval_strategy == strategy
    assert args.save_strategy == strategy
    assert args.load_best_model_at_end is (strategy != "no")


def test_steps_of_evaluation_and_of_saving_go_together() -> None:
    args = arguments(eval_strategy="steps", eval_steps=10)
    assert (args.eval_steps, args.save_steps) == (10, 10)


def test_values_that_do_not_go_together_are_a_mistake_of_the_users() -> None:
    with pytest.raises(RecipeError, match="train  --load_best_model_at_end requires"):
        arguments(eval_strategy="steps", eval_steps=10, save_steps=15)
    with pytest.raises(RecipeError, match="fp16"):
        arguments(bf16=True, fp16=True)
    with pytest.raises(RecipeError, match=r"train  .*No such file or directory: 'nowhere\.json'"):
        arguments(accelerator_config="nowhere.json")


@pytest.mark.parametrize(
    ("block", "problems"),
    [
        ({"max_minutes": 20}, []),
        ({"max_minutes": 0.5, "num_train_epochs": 3, "warmup_steps": 0.1, "lr_scheduler_type": "cosine"}, []),
        ({"max_minutes": 20, "max_steps": 100}, ["max_minutes: does not go with max_steps; name one of them"]),
        (
            {"max_minutes": 20, "warmup_steps": 100},
            ["warmup_steps: 100 steps do not go with max_minutes; below 1 it is a share of the time"],
        ),
        (
            {"max_minutes": 20, "lr_scheduler_type": "greedy"},
            ["lr_scheduler_type: greedy does not go with max_minutes; linear or cosine follow the time"],
        ),
        ({"max_minutes": "20"}, ["max_minutes: expected a number, got '20'; "]),
        ({"max_minutes": 20, "warmup_steps": "x"}, ["warmup_steps: expected a number, got 'x'; "]),
    ],
)
def test_a_training_by_time_is_not_one_by_steps(block: dict[str, Any], problems: list[str]) -> None:
    assert wrong(**block) == problems


def test_time_alone_ends_a_training_where_no_epochs_are_named() -> None:
    full = train_block.resolve({"max_minutes": 20})
    assert "num_train_epochs" not in full
    assert train_block.resolve(full) == full
    assert arguments(max_minutes=20).num_train_epochs == train_block.ENDLESS
    assert arguments(max_minutes=20, num_train_epochs=2).num_train_epochs == 2
    assert train_block.resolve({})["num_train_epochs"] == DEFAULTS["num_train_epochs"]


@pytest.mark.parametrize(
    ("block", "steps"),
    [
        ({}, 200),
        ({"learning_rate": 1e-4}, 200),
        ({"num_train_epochs": 3.0}, None),
        ({"max_steps": 5}, None),
        ({"max_minutes": 1.0}, None),
        ({"num_train_epochs": 1.0, "min_steps": 50}, 50),
    ],
)
def test_the_least_number_of_steps_is_set_only_where_the_recipe_says_nothing(block: Any, steps: int | None) -> None:
    assert list(train_block.check(block)) == []
    full = train_block.resolve(block)
    assert full.get("min_steps") == steps
    assert train_block.resolve(full) == full
    assert not hasattr(train_block.arguments(full, Path("x"), seed=1, metric="a", greater_is_better=True), "min_steps")


@pytest.mark.parametrize("other", [{"max_steps": 5}, {"max_minutes": 1.0}])
def test_the_least_number_of_steps_goes_with_epochs_alone(other: dict[str, Any]) -> None:
    (mistake,) = train_block.check({"min_steps": 50, **other})
    assert mistake[:2] == ("min_steps", f"does not go with {next(iter(other))}")
    assert [key for key, *_ in train_block.check({"min_steps": 0})] == ["min_steps"]
