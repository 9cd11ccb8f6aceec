"""The `train:` block: names and types of Hugging Face's `TrainingArguments`, with the values checked before use.

TrainingArguments itself accepts a batch of 0, a negative learning rate and 0 epochs; here each is an error with its
line. A key that bertkit sets in another place is an error that names the place.
"""

from __future__ import annotations

import enum
import types
import typing
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Literal

from bertkit.errors import Parameter, RecipeError, did_you_mean
from bertkit.extras import EXTRAS, has, pip_line
from bertkit.recipe import other_names

DEFAULTS: dict[str, Any] = {
    # Devlin et al. 2019, appendix A.3: batch 16 or 32, learning rate 5e-5 to 2e-5, 2 to 4 epochs; warm-up over 10% of
    # the steps and decay 0.01 are google-research/bert's run_classifier.py.
    "num_train_epochs": 3.0,
    "per_device_train_batch_size": 32,
    "learning_rate": 5e-5,
    "warmup_steps": 0.1,
    "weight_decay": 0.01,
    "eval_strategy": "epoch",
    "load_best_model_at_end": True,
    "save_total_limit": 1,
    "logging_steps": 0.01,
}

LAYER_DECAY = "layer_decay"
"""A key of ours: each layer's learning rate is this factor times that of the layer above it (Howard & Ruder 2018,
section 3.2, "discriminative fine-tuning")."""

MAX_MINUTES = "max_minutes"
"""A key of ours: the training ends after this time (training/budget.py), or after `num_train_epochs`."""

ENDLESS = 1e9
"""Epochs of a training that ends by time."""

MIN_STEPS = "min_steps"
"""A key of ours: on little data there are more epochs than `num_train_epochs`, until there are this many steps."""

LEAST_STEPS = 200
"""`min_steps` where a recipe sets neither epochs nor steps nor minutes. Three epochs of a few hundred rows leave a
model half-trained; more steps help there (Mosbach et al. 2021, "On the stability of fine-tuning BERT"; Zhang et al.
2021, "Revisiting few-sample BERT fine-tuning"). Measured with MiniLM on 216 rows, mean test accuracy and calibration
error of three seeds: six intents of CLINC150, 0.961 and 0.758 after 21 steps, 0.987 and 0.103 after 203; twelve of
Banking77, 0.562 and 0.469, then 0.937 and 0.436."""

BY_STEPS = ("reduce_lr_on_plateau", "greedy", "warmup_stable_decay")
"""Schedules that can not follow the elapsed share of the time."""

SET_BY_BERTKIT = {
    "seed": "seed stands at the top of the recipe",
    "data_seed": "seed stands at the top of the recipe",
    "output_dir": Parameter("output"),
    "metric_for_best_model": "the first of metrics: chooses the best checkpoint",
    "greater_is_better": "each metric knows its direction",
    "label_smoothing_factor": "write options.label_smoothing",
    "resume_from_checkpoint": Parameter("resume"),
    "restore_callback_states_from_checkpoint": "a training that is resumed always restores them",
    "per_device_eval_batch_size": "evaluation chooses the batch size by memory",
    "save_only_model": "a checkpoint holds everything that resuming needs",
    "disable_tqdm": "progress bars are shown on a terminal, plain lines in a log",
    "remove_unused_columns": "the task says which columns it needs",
    "label_names": "the task knows its labels; label names stand in data.label_names",
    "average_tokens_across_devices": "the loss is always exact over devices",
    "logging_nan_inf_filter": "a loss that is not finite stops the training",
}

UNUSED = {
    *("do_train", "do_eval", "do_predict", "prediction_loss_only", "include_for_metrics", "batch_eval_metrics"),
    *("eval_do_concat_batches", "eval_use_gather_object", "eval_accumulation_steps", "length_column_name"),
    *("auto_find_batch_size", "local_rank", "enable_jit_checkpoint", "push_to_hub", "hub_token", "hub_model_id"),
    *("hub_private_repo", "hub_strategy", "hub_always_push", "hub_revision", "use_liger_kernel", "use_cache"),
    *("liger_kernel_config", "include_num_input_tokens_seen", "train_sampling_strategy", "ignore_data_skip"),
    *("full_determinism", "bf16_full_eval", "fp16_full_eval", "dataloader_in_order"),
    "dataloader_multiprocessing_context",
}
"""Keys that would have no effect here, or another one than documented."""

GONE = {
    "warmup_ratio": "transformers 5 has warmup_steps; below 1 it is a share of all steps",
    "evaluation_strategy": "it is eval_strategy now",
    "group_by_length": "evaluation already batches rows of similar length",
    "no_cuda": "write use_cpu: true",
    "logging_dir": "logs are in the Run folder",
    "overwrite_output_dir": "a Run folder is never written over",
    "epochs": "write num_train_epochs",
    "batch_size": "write per_device_train_batch_size",
    "lr": "write learning_rate",
}

MINIMUM: dict[str, float] = {
    **dict.fromkeys(("per_device_train_batch_size", "gradient_accumulation_steps"), 1),
    **dict.fromkeys(("weight_decay", "warmup_steps", "max_grad_norm", "dataloader_num_workers", "eval_delay"), 0),
    **dict.fromkeys(("adam_beta1", "adam_beta2"), 0),
    **dict.fromkeys(("save_total_limit", "max_steps", MIN_STEPS), 1),
}
LIMIT_OF_EPOCHS = 100_000
"""More is a slip of the keyboard: it would train for ever."""
COMMON: dict[str, Any] = {
    **dict.fromkeys(("per_device_train_batch_size", "gradient_accumulation_steps", "max_steps", MIN_STEPS), int),
    **dict.fromkeys(("num_train_epochs", "learning_rate", "warmup_steps", "weight_decay", "max_grad_norm"), float),
    **dict.fromkeys(("adam_beta1", "adam_beta2", "adam_epsilon", LAYER_DECAY, MAX_MINUTES), float),
    **dict.fromkeys(("logging_steps", "save_steps"), float),
    **dict.fromkeys(("load_best_model_at_end", "bf16", "fp16", "use_cpu"), bool),
    "save_total_limit": int | None,
    "eval_steps": float | None,
    "eval_strategy": Literal["no", "steps", "epoch"],
    "save_strategy": Literal["no", "steps", "epoch", "best"],
    "lr_scheduler_type": Literal["linear", "cosine", "constant", "constant_with_warmup", "polynomial"],
    "report_to": Literal["none", "tensorboard"],
}
"""Types of the keys that most Runs have. A right value of these needs no TrainingArguments, whose import takes seconds:
so a Run is opened, and a recipe checked, without it."""

ABOVE_ZERO = {"learning_rate", "num_train_epochs", "adam_epsilon", "logging_steps", "eval_steps", "save_steps"}


@cache
def known() -> dict[str, Any]:
    """Name -> type of every key of `train:`."""
    from transformers import TrainingArguments

    hints = typing.get_type_hints(TrainingArguments)
    names = TrainingArguments.__dataclass_fields__
    usable = {name: hints[name] for name in names if name not in SET_BY_BERTKIT and name not in UNUSED}
    usable["fsdp"] = bool | str  # its type hint lacks bool
    return {**usable, LAYER_DECAY: float, MAX_MINUTES: float, MIN_STEPS: int}


def check(block: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Every mistake in a `train:` block, as (key, reason, remedy)."""
    for key, value in block.items():
        if key in SET_BY_BERTKIT:
            yield key, "not set here", SET_BY_BERTKIT[key]
        elif key in GONE:
            yield key, "no such key", GONE[key]
        elif key in UNUSED:
            yield key, "bertkit does not use this key", "leave it out"
        elif _is_common(key, value):
            continue
        elif key not in known():
            yield key, "no such key", other_names.remedy(str(key), "train", known(), known())
        elif problem := _wrong(key, value):
            yield key, *problem
    for key in ("max_steps", MAX_MINUTES) if MIN_STEPS in block else ():
        if key in block:
            yield MIN_STEPS, f"does not go with {key}", "name one of them"
    if MAX_MINUTES in block:
        yield from _not_by_time(block)


def _not_by_time(block: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Keys that do not go with `max_minutes`."""
    if "max_steps" in block:
        yield MAX_MINUTES, "does not go with max_steps", "name one of them"
    if (schedule := block.get("lr_scheduler_type")) in BY_STEPS:
        yield "lr_scheduler_type", f"{schedule} does not go with max_minutes", "linear or cosine follow the time"
    warmup = block.get("warmup_steps", 0)
    if isinstance(warmup, int | float) and warmup >= 1:
        yield "warmup_steps", f"{warmup:g} steps do not go with max_minutes", "below 1 it is a share of the time"


def _is_common(key: str, value: Any) -> bool:
    """Whether a key is one of `COMMON` and its value is right."""
    if key not in COMMON or not _is_of(COMMON[key], value):
        return False
    if key == "report_to":
        return value == "none" or has(value)
    return not _is_number(value) or _out_of_range(key, value) is None


def _is_of(hint: Any, value: Any) -> bool:
    from pydantic import ConfigDict, TypeAdapter, ValidationError

    try:
        TypeAdapter(hint, config=ConfigDict(strict=True, arbitrary_types_allowed=True)).validate_python(value)
    except ValidationError:
        return False
    return True


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _wrong(key: str, value: Any) -> tuple[str, str] | None:
    if key == "report_to" and (wrong := _wrong_report(value)):
        return wrong
    hint = known()[key]
    kinds = [k for k in typing.get_args(hint) if isinstance(k, type) and issubclass(k, enum.Enum)]
    choices = [str(member.value) for member in kinds[0]] if kinds else _levels() if key.startswith("log_level") else []
    if choices and isinstance(value, str):
        return None if value in choices else (f"no such value: {value}", did_you_mean(value, choices))
    if not _is_of(hint, value):
        return f"expected {_words(hint)}, got {value!r}", ""
    return _out_of_range(key, value) if _is_number(value) else None


def _levels() -> list[str]:
    from transformers.training_args import trainer_log_levels

    return list(trainer_log_levels)


def _wrong_report(value: Any) -> tuple[str, str] | None:
    from transformers.integrations import get_available_reporting_integrations
    from transformers.integrations.integration_utils import INTEGRATION_TO_CALLBACK

    for name in [value] if isinstance(value, str) else value if isinstance(value, list) else []:
        if name not in ("all", "none", *INTEGRATION_TO_CALLBACK):
            return f"no such value: {name}", did_you_mean(name, ["none", *INTEGRATION_TO_CALLBACK])
        if name not in ("all", "none", *get_available_reporting_integrations()):
            return f"{name} is not installed", pip_line(name) if name in EXTRAS else f"pip install {name}"
    return None


def _out_of_range(key: str, value: float) -> tuple[str, str] | None:
    if value != value or value in (float("inf"), float("-inf")):
        return f"expected a finite number, got {value}", ""
    if key in (*ABOVE_ZERO, MAX_MINUTES) and value <= 0:
        return f"must be above 0, got {value}", ""
    if key in MINIMUM and value < MINIMUM[key]:
        return f"must be at least {MINIMUM[key]:g}, got {value}", ""
    if key == "num_train_epochs" and value > LIMIT_OF_EPOCHS:
        return f"must be at most {LIMIT_OF_EPOCHS:,}, got {value:g}", "train.max_steps counts steps"
    if key in ("adam_beta1", "adam_beta2") and value >= 1:
        return f"must be below 1, got {value}", ""
    if key == LAYER_DECAY and not 0 < value <= 1:
        return f"must be above 0 and at most 1, got {value}", ""
    if key in ("warmup_steps", "logging_steps", "eval_steps", "save_steps") and value > 1 and value != int(value):
        return f"a number of steps is whole, got {value}", "below 1 it is a share of all steps"
    return None


def _words(hint: Any) -> str:
    plain = {bool: "true or false", int: "a whole number", float: "a number", str: "a text", dict: "a mapping"}
    if hint in plain:
        return plain[hint]
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        parts = [_words(part) for part in typing.get_args(hint) if part is not type(None)]
        return " or ".join(dict.fromkeys(parts))
    return {list: "a list", dict: "a mapping"}.get(typing.get_origin(hint) or hint, "another kind of value")


def resolve(block: dict[str, Any]) -> dict[str, Any]:
    """A checked `train:` block with our defaults; `save_strategy` follows `eval_strategy` unless set."""
    full = {**DEFAULTS, **block}
    if (MAX_MINUTES in block or "max_steps" in block) and "num_train_epochs" not in block:
        del full["num_train_epochs"]
    if not {"num_train_epochs", "max_steps", MAX_MINUTES} & block.keys():
        full.setdefault(MIN_STEPS, LEAST_STEPS)
    if full["eval_strategy"] == "no":
        full["load_best_model_at_end"] = block.get("load_best_model_at_end", False)
        full.setdefault("save_strategy", "no")
    full.setdefault("save_strategy", full["eval_strategy"])
    if full["eval_strategy"] == full["save_strategy"] == "steps":
        full.setdefault("eval_steps", full["logging_steps"])  # as TrainingArguments does; saving must keep step with it
    if "eval_steps" in full and full["save_strategy"] == "steps":
        full.setdefault("save_steps", full["eval_steps"])
    full.setdefault("report_to", "tensorboard" if has("tensorboard") else "none")
    return full


def arguments(block: dict[str, Any], folder: Path, *, seed: int, metric: str, greater_is_better: bool) -> Any:
    """The `TrainingArguments` of a resolved block; checkpoints go under `folder`.

    Raises:
        RecipeError: values that do not go together, with TrainingArguments' own message.
    """
    import torch
    from transformers import TrainingArguments

    values = {key: value for key, value in block.items() if key not in (LAYER_DECAY, MAX_MINUTES, MIN_STEPS)}
    if MAX_MINUTES in block:
        values.setdefault("num_train_epochs", ENDLESS)
    values.setdefault("dataloader_pin_memory", torch.cuda.is_available())
    values.setdefault("use_cpu", not torch.accelerator.is_available())  # else several processes count as one
    try:
        return TrainingArguments(
            output_dir=str(folder),
            seed=seed,
            metric_for_best_model=metric,
            greater_is_better=greater_is_better,
            remove_unused_columns=False,
            disable_tqdm=True,
            logging_nan_inf_filter=False,
            restore_callback_states_from_checkpoint=True,
            **values,
        )
    except (ValueError, TypeError, KeyError, OSError, ImportError) as error:  # OSError: some keys name a file
        remedy = "this message is TrainingArguments' own; change one of the keys that it names"
        raise RecipeError.at("train", " ".join(str(error).split()), remedy) from error
