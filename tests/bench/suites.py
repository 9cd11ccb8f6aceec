"""A suite of two tiny tasks, its files, and Runs that were never trained, for the tests of its jobs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from bertkit.bench.job import Job
from bertkit.bench.plan import Plan
from bertkit.bench.suite import Entry, Suite
from tests.helpers import make, write_rows

RECIPE = """task: {task}
data: {{train: {task}.jsonl, validation: {task}-dev.jsonl}}
options: {{max_length: 24}}
train:
  max_steps: {steps}
  eval_strategy: steps
  save_strategy: steps
  eval_steps: 1
  save_steps: 1
  per_device_train_batch_size: 4
  learning_rate: 1e-3
  report_to: none
  use_cpu: true
"""
SUITE = """suite: mine
model: {model}
seeds: [1, 2]
tasks:
  intents:
    recipe: classify.yaml
    set: {{data.test: classify-dev.jsonl}}
    figures: [test/accuracy, validation/macro_f1]
    published: {{BERT-base: {{test/accuracy: 0.93}}}}
  scores:
    recipe: regress.yaml
    starts_from: intents
"""


def write_suite(folder: Path, model: Path, text: str = SUITE) -> Path:
    """`mine.yaml` with its recipes and their data beside it; `scores` takes a step more than `intents`."""
    for steps, task in ((2, "classify"), (3, "regress")):
        rows = make(task, {}).tiny_rows()
        write_rows(rows * 2, folder / f"{task}.jsonl")
        write_rows(rows, folder / f"{task}-dev.jsonl")
        (folder / f"{task}.yaml").write_text(RECIPE.format(task=task, steps=steps), "utf-8")
    file = folder / "mine.yaml"
    file.write_text(text.format(model=model), "utf-8")
    return file


def finished_run(folder: Path, metrics: dict[str, Any], versions: dict[str, str] | None = None) -> None:
    """What a table reads of a Run."""
    folder.mkdir(parents=True)
    (folder / "metrics.json").write_text(json.dumps(metrics), "utf-8")
    environment = {"versions": versions or {"bertkit": "1", "torch": ""}, "devices": ["cpu"], "time": str(folder)}
    (folder / "environment.json").write_text(json.dumps(environment), "utf-8")


def plan_of(output: Path, *entries: Entry, seeds: tuple[int, ...] = (1, 2), **changes: Any) -> Plan:
    """A plan of entries whose Runs are, or are not, in their folders."""
    jobs = tuple(
        Job(entry.name, seed, str(output / entry.name / f"seed-{seed}"), entry.recipe, ())
        for entry in entries
        for seed in seeds
    )
    suite = Suite(changes.pop("name", "mine"), entries, changes.pop("absent", {}))
    return Plan(suite, changes.pop("whole", True), changes.pop("model", ""), seeds, output, jobs)


def figures(value: float | None, width: float | None = 0.2, split: str = "test", name: str = "accuracy") -> dict:
    """A `metrics.json` with one figure, and its interval around it."""
    span = [None, None] if width is None or value is None else [value - width / 2, value + width / 2]
    return {split: {name: value, "loss": 0.5}, "intervals": {split: {name: span}}}
