"""Keys that have no effect beside another key: each is an error, so that a recipe says what was done.

A value that is the default is no mistake: a Run's recipe has every key written out.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from bertkit.recipe import train_block
from bertkit.recipe.references import Key
from bertkit.recipe.schema import DataBlock, Recipe
from bertkit.recipe.source import SETS, YamlValues

log = logging.getLogger("bertkit")

Found = tuple[Key, str, str, Key | None]
"""The key without effect, why, what to do, and the key that makes it so."""

LEAVE_OUT = "leave it out"


def settle_length(source: YamlValues) -> None:
    """Where one of `max_steps` and `num_train_epochs` is set with --set, it replaces the other of the file."""
    train = source.values.get("train")
    both = ("max_steps", "num_train_epochs")
    if not isinstance(train, dict) or not all(key in train for key in both):
        return
    by_file = [key for key in both if source.place(("train", key)) != SETS]
    if len(by_file) == 1:
        other = next(key for key in both if key not in by_file)
        place = source.place(("train", by_file[0]))
        log.info("train.%s (%s) is replaced by train.%s", by_file[0], place, other)
        source.values["train"] = {key: value for key, value in train.items() if key != by_file[0]}


def contradictions(recipe: Recipe, task: Any, options: Any) -> Iterator[Found]:
    """Every key that has no effect.

    Args:
        task: the task's class, and `options`: its Options.
    """
    yield from of_model(recipe)
    yield from _of_data(recipe.data, {column.kind for column in task(options).columns})
    yield from _of_train(recipe.train)
    for key, (other, value) in getattr(options, "only_with", {}).items():
        if getattr(options, other) != value and getattr(options, key) != _default(type(options), key):
            yield ("options", key), f"has no effect without {other}: {value}", LEAVE_OUT, ("options", other)


def _default(model: Any, key: str) -> Any:
    return model.model_fields[key].get_default(call_default_factory=True)


def of_model(recipe: Recipe) -> Iterator[Found]:
    model = recipe.model
    if model.name and model.scratch is not None:
        todo = "for random weights set model.name=null, for those of model.name set model.scratch=null"
        yield ("model", "scratch"), "does not go with model.name", todo, ("model", "name")
    elif model.revision and not model.name:
        yield ("model", "revision"), "has no effect without model.name", LEAVE_OUT, ("model", "name")


def _of_data(data: DataBlock, kinds: set[str]) -> Iterator[Found]:
    if data.validation and data.validation_ratio != _default(DataBlock, "validation_ratio"):
        yield ("data", "validation_ratio"), "has no effect beside data.validation", LEAVE_OUT, ("data", "validation")
    for key, needed in (
        ("label_names", {"label", "labels", "tags", "spans"}),
        ("label_ids", {"label", "labels", "tags", "spans"}),
        ("label_separator", {"labels"}),
        ("decimal", {"number"}),
        ("label_map", {"label", "labels", "tags", "spans"}),
        ("drop_labels", {"label", "labels"}),
    ):
        if getattr(data, key) != _default(DataBlock, key) and not needed & kinds:
            several = ": only rows with several labels have one (options.multi_label)" if needed == {"labels"} else ""
            yield ("data", key), f"has no effect in this task{several}", LEAVE_OUT, None


@dataclass(frozen=True)
class Rule:
    """Keys of `train:` that have no effect where `unused` holds for the resolved block."""

    keys: tuple[str, ...]
    unused: Callable[[dict[str, Any]], bool]
    beside: str
    other: str
    """The key whose value makes them so."""


def _is(key: str, *values: Any) -> Callable[[dict[str, Any]], bool]:
    return lambda full: full.get(key) in values


def _without(key: str) -> Callable[[dict[str, Any]], bool]:
    return lambda full: not full.get(key)


def _reports_to(*names: str) -> Callable[[dict[str, Any]], bool]:
    """Whether the reports go to none but these."""
    return lambda full: {*([v] if isinstance(v := full.get("report_to") or "none", str) else v)} <= {*names}


NO_BETAS = ("adafactor", "sgd", "adagrad", "rmsprop", "rmsprop_bnb", "rmsprop_bnb_8bit", "rmsprop_bnb_32bit")
"""Optimizers that do not read Adam's constants (transformers' trainer_optimizer.py)."""
PLAIN_ADAM = ("adamw_torch", "adamw_torch_fused", "adamw_torch_xla", "adamw_torch_npu_fused", "adafactor", None)
"""Optimizers that do not read `optim_args` (None: the default)."""

RULES = (
    Rule(("num_train_epochs",), lambda full: "max_steps" in full, "max_steps", "max_steps"),
    Rule(("eval_delay", "eval_on_start"), _is("eval_strategy", "no"), "eval_strategy: no", "eval_strategy"),
    Rule(("eval_steps",), _is("eval_strategy", "no", "epoch"), "an eval_strategy other than steps", "eval_strategy"),
    Rule(
        ("save_steps",),
        _is("save_strategy", "no", "epoch", "best"),
        "a save_strategy other than steps",
        "save_strategy",
    ),
    Rule(("save_total_limit",), _is("save_strategy", "no"), "save_strategy: no", "save_strategy"),
    Rule(
        ("logging_steps",),
        _is("logging_strategy", "no", "epoch"),
        "a logging_strategy other than steps",
        "logging_strategy",
    ),
    Rule(
        ("warmup_steps",),
        _is("lr_scheduler_type", "constant", "reduce_lr_on_plateau", "greedy"),
        "an lr_scheduler_type that has no warm-up",
        "lr_scheduler_type",
    ),
    Rule(
        ("lr_scheduler_kwargs",),
        _is("lr_scheduler_type", "constant", "constant_with_warmup"),
        "an lr_scheduler_type that takes none",
        "lr_scheduler_type",
    ),
    Rule(("adam_beta1", "adam_beta2", "adam_epsilon"), _is("optim", *NO_BETAS), "an optim that is not Adam", "optim"),
    Rule(("optim_args",), _is("optim", *PLAIN_ADAM), "an optim that takes none", "optim"),
    Rule(
        ("optim_target_modules",),
        lambda full: not str(full.get("optim", "")).startswith(("galore", "apollo")),
        "an optim other than GaLore and APOLLO",
        "optim",
    ),
    Rule(
        ("gradient_checkpointing_kwargs",),
        _without("gradient_checkpointing"),
        "gradient_checkpointing: false",
        "gradient_checkpointing",
    ),
    Rule(
        ("activation_checkpointing_kwargs",),
        _without("activation_checkpointing"),
        "activation_checkpointing: false",
        "activation_checkpointing",
    ),
    Rule(("fsdp_config",), _without("fsdp"), "no fsdp", "fsdp"),
    Rule(
        ("dataloader_prefetch_factor", "dataloader_persistent_workers"),
        _without("dataloader_num_workers"),
        "dataloader_num_workers: 0",
        "dataloader_num_workers",
    ),
    Rule(("run_name",), _reports_to("none", "tensorboard"), "a report_to that names no runs", "report_to"),
    Rule(
        ("project", "trackio_space_id", "trackio_bucket_id", "trackio_static_space_id"),
        lambda full: "trackio" not in (full.get("report_to") or ()) and full.get("report_to") != "all",
        "a report_to without trackio",
        "report_to",
    ),
    Rule(
        ("torch_compile_backend", "torch_compile_mode"),
        lambda full: full.get("torch_compile") is False,
        "torch_compile: false",
        "torch_compile",
    ),
)
"""As transformers 5.23 uses them. What it refuses itself, such as bf16 with fp16, is not listed."""


def _of_train(block: dict[str, Any]) -> Iterator[Found]:
    try:
        full = train_block.resolve(block)
    except (TypeError, ValueError):  # values of a wrong type, which train_block.check reports
        return
    for rule in RULES:
        for key in rule.keys:
            value = block.get(key)
            ours = train_block.DEFAULTS.get(key)
            if key in block and value and (value != ours or key == "num_train_epochs") and rule.unused(full):
                yield ("train", key), f"has no effect beside {rule.beside}", LEAVE_OUT, ("train", rule.other)
