"""The end of a training: score the best model and write what the Run keeps."""

from __future__ import annotations

import logging
import shutil

from bertkit.fs import write_json, write_text
from bertkit.inference.score import Scores
from bertkit.models import build
from bertkit.models.weights import identity
from bertkit.recipe.local import published
from bertkit.recipe.schema import Recipe
from bertkit.report import run as run_page
from bertkit.report.card import card
from bertkit.run import Run, environment
from bertkit.training.parts import Parts
from bertkit.training.trainer import BertTrainer

log = logging.getLogger("bertkit")


def finish(parts: Parts, run: Run, trainer: BertTrainer) -> None:
    """Score the best model and write what the Run keeps."""
    task = parts.task
    scored: dict[str, Scores] = {}
    for name in ("validation", "test"):
        if name in parts.splits:
            scored[name] = trainer.score(parts.splits[name], tune=name == "validation", intervals=True)
    for failed in task.sanity_checks(scored["validation"].answers, parts.splits["validation"].rows):
        log.warning("on the validation rows: %s; train longer, or change train.learning_rate", failed)
    if trainer.is_fsdp_enabled:  # each process holds a part of the weights
        trainer.save_model(str(run.model))
    if not trainer.is_world_process_zero():
        return
    if not trainer.is_fsdp_enabled:
        parts.model.save_pretrained(run.model)
    (run.model / "training_args.bin").unlink(missing_ok=True)  # a pickle; recipe.yaml has all of it
    limit = build.length_limit(parts.model, parts.tokenizer)
    parts.tokenizer.model_max_length = min(limit, parts.recipe.options.get("max_length") or limit)
    parts.tokenizer.save_pretrained(run.model)
    for file in run.model.iterdir():
        file.chmod(0o644)  # safetensors makes the weights readable by their owner only
    write_json(run.task_file, task.state)
    before = run.environment
    write_json(run.environment_file, {**environment(), **before, "model": _identity(parts.recipe)})
    write_text(run.card_file, card(parts.recipe, task, scored, run))
    _report(parts, run, scored)
    figures = {name: scores.figures for name, scores in scored.items()}
    intervals = {name: scores.intervals for name, scores in scored.items()}
    rows = {name: len(split.rows) for name, split in parts.splits.items()}
    # Last: a Run that has metrics is finished.
    write_json(run.metrics_file, {**figures, "intervals": intervals, "rows": rows})
    if parts.recipe.train["save_total_limit"] == 1:  # the best is in model/ now; a higher limit keeps them
        shutil.rmtree(run.checkpoints, ignore_errors=True)


def _identity(recipe: Recipe) -> dict[str, str]:
    known = identity(recipe.model)
    return {**known, "name": published(known["name"])}


def _report(parts: Parts, run: Run, scored: dict[str, Scores]) -> None:
    """Write the page of the Run; an error in it must not cost the training."""
    try:
        run_page.write(run, parts.task, scored, {name: split.rows for name, split in parts.splits.items()})
    except Exception as error:
        what = f"{type(error).__name__}: {error}"
        log.warning("report.html was not written (%s); bertkit report %s tries again", what, run.path)
