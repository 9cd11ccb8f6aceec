"""Keys that have no effect beside another are refused, with their place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bertkit.errors import RecipeError
from bertkit.recipe.contradictions import RULES
from bertkit.recipe.load import build, load, resolve
from bertkit.recipe.source import YamlValues
from bertkit.recipe.train_block import DEFAULTS, known
from bertkit.training.parts import prepare


def refusal(**blocks: Any) -> str:
    with pytest.raises(RecipeError) as caught:
        build(YamlValues({"task": "classify", **blocks}))
    return str(caught.value)


MODEL = {"name": "x", "scratch": {"model_type": "bert"}}

CASES: list[tuple[str, dict[str, Any]]] = [
    ("model.scratch", {"model": MODEL}),
    ("model.revision", {"model": {"revision": "main", "scratch": {"model_type": "bert"}}}),
    ("data.validation_ratio", {"data": {"validation": "a.csv", "validation_ratio": 0.2}}),
    ("data.label_names", {"task": "regress", "data": {"label_names": ["a", "b"]}}),
    ("data.label_ids", {"task": "squad", "data": {"label_ids": True, "label_names": ["a"]}}),
    ("data.label_separator", {"data": {"label_separator": "|"}}),
    ("options.window_overlap", {"options": {"window_overlap": 8}}),
    ("options.window_pooling", {"task": "regress", "options": {"window_pooling": "max"}}),
    ("options.focal_gamma", {"options": {"focal_gamma": 1.0}}),
    ("train.num_train_epochs", {"train": {"max_steps": 5, "num_train_epochs": 3}}),
    ("train.eval_delay", {"train": {"eval_strategy": "no", "eval_delay": 2}}),
    ("train.eval_on_start", {"train": {"eval_strategy": "no", "eval_on_start": True}}),
    ("train.eval_steps", {"train": {"eval_steps": 100}}),
    ("train.save_steps", {"train": {"save_steps": 100}}),
    ("train.save_total_limit", {"train": {"eval_strategy": "no", "save_total_limit": 3}}),
    ("train.logging_steps", {"train": {"logging_strategy": "epoch", "logging_steps": 5}}),
    ("train.warmup_steps", {"train": {"lr_scheduler_type": "constant", "warmup_steps": 100}}),
    ("train.lr_scheduler_kwargs", {"train": {"lr_scheduler_type": "constant", "lr_scheduler_kwargs": {"a": 1}}}),
    ("train.adam_beta1", {"train": {"optim": "sgd", "adam_beta1": 0.5}}),
    ("train.adam_beta2", {"train": {"optim": "adafactor", "adam_beta2": 0.5}}),
    ("train.adam_epsilon", {"train": {"optim": "rmsprop", "adam_epsilon": 1e-6}}),
    ("train.optim_args", {"train": {"optim_args": "eps=1"}}),
    ("train.optim_target_modules", {"train": {"optim_target_modules": "all-linear"}}),
    ("train.gradient_checkpointing_kwargs", {"train": {"gradient_checkpointing_kwargs": {"use_reentrant": True}}}),
    ("train.activation_checkpointing_kwargs", {"train": {"activation_checkpointing_kwargs": {"a": True}}}),
    ("train.fsdp_config", {"train": {"fsdp_config": {"a": 1}}}),
    ("train.dataloader_prefetch_factor", {"train": {"dataloader_prefetch_factor": 2}}),
    ("train.dataloader_persistent_workers", {"train": {"dataloader_persistent_workers": True}}),
    ("train.run_name", {"train": {"run_name": "a", "report_to": "none"}}),
    *((f"train.{key}", {"train": {key: "a"}}) for key in ("project", "trackio_space_id", "trackio_bucket_id")),
    ("train.trackio_static_space_id", {"train": {"trackio_static_space_id": "a"}}),
    ("train.torch_compile_backend", {"train": {"torch_compile": False, "torch_compile_backend": "inductor"}}),
    ("train.torch_compile_mode", {"train": {"torch_compile": False, "torch_compile_mode": "default"}}),
]


@pytest.mark.parametrize(("key", "blocks"), CASES, ids=[key for key, _ in CASES])
def test_a_key_without_effect(key: str, blocks: dict[str, Any]) -> None:
    assert any(line.startswith(f"{key}  ") for line in refusal(**blocks).splitlines())


def test_every_rule_is_tried_and_names_keys_that_exist() -> None:
    tried = {key.removeprefix("train.") for key, _ in CASES if key.startswith("train.")}
    assert {key for rule in RULES for key in rule.keys} == tried
    assert tried <= set(known())


@pytest.mark.parametrize(
    "blocks",
    [
        {"train": {"eval_strategy": "steps", "eval_steps": 100, "save_steps": 100}},
        {"train": {"max_minutes": 5, "num_train_epochs": 3}},
        {"train": {"eval_strategy": "no"}},
        {"train": {"lr_scheduler_type": "constant", "warmup_steps": 0}},
        {"train": {"torch_compile_backend": "inductor"}},
        {"options": {"long_text": "windows", "window_overlap": 8, "window_pooling": "max"}},
        {"options": {"loss": "focal", "focal_gamma": 1.0}},
        {"options": {"multi_label": True}, "data": {"label_separator": "|"}},
        {"train": {**DEFAULTS}},
    ],
)
def test_keys_that_go_together(blocks: dict[str, Any]) -> None:
    """Also with every default written out, as in a Run's recipe."""
    recipe = build(YamlValues({"task": "classify", **blocks}))
    build(YamlValues(resolve(recipe).model_dump(mode="json", exclude_none=True)))


def test_the_length_of_the_command_line_replaces_that_of_the_file() -> None:
    assert load("glue/rte", ["train.max_steps=5"]).train.get("num_train_epochs") is None
    assert "num_train_epochs" not in resolve(load("glue/rte", ["train.max_steps=5"])).train
    assert "max_steps" not in load("pretrain/base", ["train.num_train_epochs=2"]).train
    with pytest.raises(RecipeError, match=r"--set  train\.num_train_epochs: has no effect beside max_steps"):
        load("glue/rte", ["train.max_steps=5", "train.num_train_epochs=2"])


def test_weights_of_two_places_are_refused_in_python_too() -> None:
    recipe = resolve(load("classify", ["data.train=a.csv"]))
    model = recipe.model.model_copy(update={"scratch": {"model_type": "bert"}, "name": "x"})
    with pytest.raises(RecipeError, match=r"model\.scratch  does not go with model\.name"):
        prepare(recipe.model_copy(update={"model": model}))


def test_a_contradiction_that_set_makes_is_a_mistake_of_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    text = "task: classify\ndata:\n  train: a.csv\n  validation_ratio: 0.2\noptions:\n  window_overlap: 3\n"
    Path("mine.yaml").write_text(text + "  long_text: windows\ntrain: {eval_strategy: steps, eval_steps: 3}\n")
    load("mine.yaml")
    sets = ["data.validation=b.csv", "options.long_text=cut", "train.eval_strategy=no"]
    with pytest.raises(RecipeError) as caught:
        load("mine.yaml", sets)
    assert [str(problem).partition(";")[0] for problem in caught.value.problems] == [
        "--set  data.validation: data.validation_ratio (mine.yaml:4) has no effect beside data.validation",
        "--set  train.eval_strategy: train.eval_steps (mine.yaml:8) has no effect beside an eval_strategy other than "
        "steps",
        "--set  options.long_text: options.window_overlap (mine.yaml:6) has no effect without long_text: windows",
    ]
    with pytest.raises(RecipeError, match=r"--set  data\.validation_ratio: has no effect beside"):
        load({"task": "classify", "data": {"validation": "b.csv"}}, ["data.validation_ratio=0.2"])
