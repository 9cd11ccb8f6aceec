"""The model card of a Run: its scores, how to use it, how it was trained. With front matter for the hub."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence

from bertkit.display import MOST, code, figure, interval, markdown, visible
from bertkit.energy.record import RunEnergy
from bertkit.inference.score import Scores
from bertkit.recipe.local import published_reference, without_folders
from bertkit.recipe.schema import Recipe
from bertkit.report.energy import impact
from bertkit.report.export import section
from bertkit.report.front_matter import front_matter
from bertkit.run import Run
from bertkit.tasks.task import Task
from bertkit.warn import Warned
from bertkit.warn import lines as warning_lines


def card(
    recipe: Recipe, task: Task, scored: dict[str, Scores], run: Run,
    warnings: Sequence[Warned] = (), energy: RunEnergy | None = None,
) -> str:  # fmt: skip
    """Markdown of the model card; warnings come before the scores. No folders of this machine."""
    recipe = without_folders(recipe)[0]
    labels: list[str] = task.state.get("labels", [])
    name = recipe.model.name if recipe.model.scratch is None else None
    base = name or f"random weights ({(recipe.model.scratch or {}).get('model_type')})"
    figures = {split: scores.figures for split, scores in scored.items()}
    matter = front_matter(recipe, task.head.hub_tag, figures, name_of(run), energy)
    lines = ["---", matter, "---", "", f"# {markdown(name_of(run))}", ""]
    lines += [f"{code(published_reference(recipe.task))}, trained by bertkit from {code(base)}.", ""]
    if warnings:
        lines += ["## Warnings", "", *(f"- {markdown(line, MOST)}" for line in warning_lines(warnings)), ""]
    lines += ["## Scores", "", "| split | figure | value | 95% interval |", "|---|---|---|---|"]
    for split, scores in scored.items():
        for name, value in scores.figures.items():
            cells = markdown(split), markdown(name), figure(value), interval(scores.intervals.get(name))
            lines.append(f"| {' | '.join(cells)} |")
    lines += [
        "",
        "Intervals: 95%, over rows (of a ranking: over queries). They do not include how much another training seed",
        "would change a figure. The best checkpoint was chosen on the validation rows.",
        *_export(run),
        "",
        "## Use",
        "",
        "```sh",
        visible(command(task, run)),
        "```",
        "",
        "```python",
        "from bertkit import Predictor",
        "",
        f"Predictor.open({name_of(run)!r}).predict([{task.example!r}])",
        "```",
        "",
        *_loading(task, run),
        "",
        "## Training",
        "",
        "```yaml",
        f"seed: {recipe.seed}",
        *(f"{key}: {value}" for key, value in recipe.train.items() if key in TRAINING),
        "```",
        "",
        "`recipe.yaml` trains the same model again; `environment.json` has versions and hashes of the initial weights.",
        *impact(energy),
        "",
    ]
    if labels:
        more = f" and {len(labels) - LABELS:,} more" if len(labels) > LABELS else ""
        lines += ["## Labels", "", ", ".join(map(code, labels[:LABELS])) + more, ""]
    return "\n".join(lines)


def _loading(task: Task, run: Run) -> list[str]:
    """How the files of `model/` are used without bertkit."""
    if run.backend == "torch":
        return [
            "The files of `model/`, which are at the top on the hub, load without bertkit, by transformers'",
            f"`{task.head.auto_class}.from_pretrained`.",
        ]
    if run.backend == "static":
        return [
            "`model/`, which is at the top on the hub, loads without bertkit in model2vec and sentence-transformers."
        ]
    return ["`model/model.onnx`, which is at the top on the hub, runs without bertkit in ONNX Runtime."]


def _export(run: Run) -> list[str]:
    """How an exported Run was held against the one that it was made from."""
    if (shown := section(run)) is None:
        return []
    lines = ["", f"## Export of {markdown(shown.parent)}", ""]
    lines += [f"| {' | '.join(map(markdown, shown.header))} |", "|---" * len(shown.header) + "|"]
    lines += [f"| {' | '.join(map(markdown, row))} |" for row in shown.rows]
    return [*lines, "", *map(markdown, shown.notes)]


LABELS = 1000
"""Labels that are listed; `task.json` has all."""

TRAINING = (
    *("num_train_epochs", "min_steps", "max_steps", "max_minutes", "learning_rate", "per_device_train_batch_size"),
    *("gradient_accumulation_steps", "warmup_steps", "weight_decay", "lr_scheduler_type", "layer_decay"),
)


def name_of(run: Run) -> str:
    """The name of the folder, as whoever downloads it stands beside it."""
    return run.name


OPTIONS = ("text", "text_pair", "question", "context")
"""Columns that `bertkit predict` takes as options."""


def command(task: Task, run: Run) -> str:
    """A command line that answers the task's example, given as options if possible, else on standard input."""
    predict = f"bertkit predict {shlex.quote(name_of(run))}"
    if set(task.example) <= {*OPTIONS}:
        options = (f"--{name.replace('_', '-')} {shlex.quote(value)}" for name, value in task.example.items())
        return " ".join([predict, *options])
    return f"echo {shlex.quote(json.dumps(task.example, ensure_ascii=False))} | {predict} -"
