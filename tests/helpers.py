"""What several tests need: recipes of tiny runs, and their logs."""

from __future__ import annotations

import csv
import json
import logging
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from bertkit import plugins
from bertkit.engine.backends.torch import TorchBackend
from bertkit.engine.run import run
from bertkit.recipe.schema import Recipe
from bertkit.run import Run
from bertkit.tasks import TASKS
from bertkit.tasks.task import Task

VARIANTS: dict[str, list[dict[str, Any]]] = {
    "choice": [{}, {"max_length": 12}],
    "classify": [
        {},
        {"multi_label": True, "class_weights": "auto"},
        {"class_weights": {"refund": 3.0}, "loss": "focal"},
        {"label_smoothing": 0.1, "long_text": "windows", "max_length": 8, "window_overlap": 2},
    ],
    "embed": [
        {},
        {"loss": "cosine", "pooling": "cls", "long_text": "windows", "max_length": 8, "window_overlap": 2},
        {"loss": "cosent", "matryoshka": [32, 8], "normalize": False},
        {"loss": "supervised_contrastive", "pooling": "max"},
        {"loss": "simcse", "prompts": {"query": "where is "}},
    ],
    "ner": [
        {},
        {"subtoken_pooling": "all"},
        {"subtoken_pooling": "mean"},
        {"max_length": 8, "window_overlap": 2, "constrained": True},
        {"crf": True},
    ],
    "squad": [
        {},
        {"max_length": 24, "overlap": 4, "max_question": 5, "n_best": 5},
        {"no_answer": True, "max_answer": 3},
        {"no_answer": False},
    ],
    "pretrain": [
        {"max_length": 24},
        {"objective": "mlm+nsp", "max_length": 24, "mask_share": 0.3},
        {"objective": "mlm+sop", "max_length": 32, "whole_words": True},
        {"span_length": 3.8, "max_length": 24},
    ],
    "rerank": [{}, {"loss": "squared_error", "long_text": "windows", "max_length": 12, "window_overlap": 2}],
    "regress": [{}, {"long_text": "head_tail", "max_length": 10}],
}
"""Options under which a task's contract is tested."""


def every_task() -> list[tuple[str, dict[str, Any]]]:
    """(task, options) for all tasks there are; one without variants of its own is tested with its defaults."""
    return [(name, options) for name in TASKS for options in VARIANTS.get(name, [{}])]


def make(name: str, options: dict[str, Any]) -> Task:
    kind = plugins.find("task", name)
    return kind(kind.Options.model_validate(options))


def losses(task: Task, model: Any, batch: dict[str, Any]) -> tuple[Any, Any]:
    """The sums of the loss `(part,)` of a batch, and the model's outputs."""
    outputs = model(**task.head.inputs(batch))
    return task.head.losses(outputs, batch), outputs


def run_model(task: Task, model: Any, encoded: Any, collate: Any, **options: Any) -> tuple[Any, dict[str, float]]:
    """As engine.run.run, with torch."""
    return run(TorchBackend(model, task.head), encoded.examples, collate, **options)


def write_rows(rows: list[dict[str, Any]], file: Path) -> Path:
    """Rows as JSON lines."""
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return file


def write_csv(file: Path, header: Iterable[str], rows: Iterable[Iterable[Any]]) -> Path:
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(header)
        writer.writerows(rows)
    return file


def tiny_recipe(name: str, options: dict[str, Any], model: Path, folder: Path, repeat: int = 4, **train: Any) -> Recipe:
    """A recipe of the task's own tiny rows, which trains in a second."""
    rows = make(name, options).tiny_rows()
    stem = name.rpartition(":")[2]
    file = write_rows(rows * repeat, folder / f"{stem}.jsonl")
    dev = write_rows(rows, folder / f"{stem}-dev.jsonl")
    block = {
        **({} if "max_steps" in train else {"num_train_epochs": 1}),
        "per_device_train_batch_size": 8,
        "learning_rate": 1e-3,
        "report_to": "none",
        "use_cpu": True,
        **train,
    }
    return Recipe.model_validate(
        {
            "task": name,
            "model": str(model),
            "data": {"train": str(file), "validation": str(dev)},
            "options": options,
            "train": block,
        }
    )


def log_of(run: Any, *names: str) -> list[list[float]]:
    """The figures of each logged training step."""
    lines = [json.loads(line) for line in run.log_file.read_text("utf-8").splitlines()]
    return [[line[name] for name in names] for line in lines if "loss" in line]


def messages(caplog: Any) -> list[str]:
    """What bertkit said, without what libraries say.

    pytest listens to loggers that do not propagate; where a test lets one propagate, it hears each record twice.
    """
    records = {id(record): record for record in caplog.records if record.name == "bertkit"}
    return [record.getMessage() for record in records.values()]


def warnings(caplog: Any) -> list[str]:
    """What bertkit warned of; what it logs besides depends on the level that other tests set."""
    records = {id(record): record for record in caplog.records if record.name == "bertkit"}
    return [record.getMessage() for record in records.values() if record.levelno >= logging.WARNING]


class Power(RuntimeError):
    """The power is cut: nothing of ours is told."""


def unseal(run: Run) -> Run:
    """The Run without the hashes of its files, so that a test can change one."""
    about = json.loads(run.run_file.read_text("utf-8"))
    about.pop("files", None)
    run.run_file.write_text(json.dumps(about), "utf-8")
    return run
