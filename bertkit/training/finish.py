"""The end of a training: score the best model and write what the Run keeps."""

from __future__ import annotations

import json
import logging
import shutil
from typing import Any

from bertkit.energy.record import RunEnergy
from bertkit.files.run_files import environment
from bertkit.fs import settle, write_json, write_text, writing
from bertkit.inference.score import Scores, sanity_checks
from bertkit.models import build
from bertkit.report import run as run_page
from bertkit.report.card import card
from bertkit.run import Run
from bertkit.tasks.confidence.abstention import curve_of
from bertkit.training.parts import Parts, model_identity
from bertkit.training.trainer import BertTrainer
from bertkit.training.watch.convergence import still_falling
from bertkit.training.watch.energy import TrainingEnergy
from bertkit.warn import Warned, warn

log = logging.getLogger("bertkit")


def finish(
    parts: Parts, run: Run, trainer: BertTrainer, warnings: list[Warned], energy: TrainingEnergy | None = None
) -> None:
    """Score the best model and write what the Run keeps.

    Args:
        warnings: those of this training; the list grows while it is scored.
        energy: what it has used; None: nobody asked.
    """
    task = parts.task
    if energy:
        energy.trained()
    scored: dict[str, Scores] = {}
    for name in ("validation", "test"):
        if name in parts.splits:
            train = parts.splits["train"] if name == "validation" else None
            scored[name] = trainer.score(parts.splits[name], tune=train is not None, train=train, intervals=True)
    used = energy.scored() if energy else None
    _check_convergence(parts, trainer.state.log_history)
    _check_sanity(parts, scored)
    if trainer.is_fsdp_enabled:  # each process holds a part of the weights
        trainer.save_model(str(run.model))
    trainer.dynamics.save(run.data_map_file)
    if not trainer.is_world_process_zero():
        return
    with writing(run.model):
        _save_model(parts, run, whole=not trainer.is_fsdp_enabled)
    write_json(run.task_file, task.state)
    run.seal()
    before = run.environment
    model = before.get("model") or model_identity(parts.recipe)
    write_json(run.environment_file, {**environment(), **before, "model": model})
    write_text(run.card_file, card(parts.recipe, task, scored, run, warnings, used))
    metrics = _metrics(parts, scored, used) | _report(parts, run, scored, warnings, used)
    write_json(run.metrics_file, {**metrics, "warnings": warnings})  # last: a Run that has metrics is finished
    if parts.recipe.train["save_total_limit"] == 1:  # the best is in model/ now; a higher limit keeps them
        shutil.rmtree(run.checkpoints, ignore_errors=True)


def _metrics(parts: Parts, scored: dict[str, Scores], energy: RunEnergy | None) -> dict[str, Any]:
    """What `metrics.json` holds of figures, rows and energy."""
    figures = {name: scores.figures for name, scores in scored.items()}
    intervals = {name: scores.intervals for name, scores in scored.items()}
    rows = {name: len(split.rows) for name, split in parts.splits.items()}
    used = {"energy": energy.model_dump(mode="json")} if energy else {}
    return {**figures, "intervals": intervals, "rows": rows, **used}


def _save_model(parts: Parts, run: Run, *, whole: bool) -> None:
    """Write model and tokenizer. `whole`: this process has all of the weights."""
    if whole:
        parts.model.save_pretrained(run.model)
    (run.model / "training_args.bin").unlink(missing_ok=True)  # a pickle; recipe.yaml has all of it
    limit = build.length_limit(parts.model, parts.tokenizer)
    parts.tokenizer.model_max_length = min(limit, parts.recipe.options.get("max_length") or limit)
    parts.tokenizer.save_pretrained(run.model)
    for name, content in parts.task.head.model_files(parts.model.config).items():
        (run.model / name).parent.mkdir(exist_ok=True)
        (run.model / name).write_text(json.dumps(content, indent=2, ensure_ascii=False), "utf-8")
    settle(run.model)


def _check_convergence(parts: Parts, history: list[dict[str, Any]]) -> None:
    """Warn of a training loss that still falls, unless the validation loss says that training on would overfit."""
    fall = still_falling([(line["step"], line["loss"]) for line in history if "loss" in line])
    validation = [line["eval_loss"] for line in history if "eval_loss" in line]
    if fall and (not validation or validation[-1] <= min(validation)):
        block = parts.recipe.train
        key = next((key for key in ("max_minutes", "max_steps") if key in block), "num_train_epochs")
        what = f"the training loss was still falling at the end ({fall.begin:.3g} to {fall.end:.3g} in the last steps)"
        warn(f"{what}: the model is not fully trained; raise train.{key}")


def _check_sanity(parts: Parts, scored: dict[str, Scores]) -> None:
    """Warn of figures that are no better than a guess, of the test rows too, with what may help."""
    remedy = "train longer, or change train.learning_rate"
    if parts.unfit:
        remedy = "choose a model whose tokenizer fits these texts"
    for name, scores in scored.items():
        found = sanity_checks(parts.task, scores.answers, parts.splits[name].rows)
        for message in found:
            warn(f"{message}; {remedy}", name)
        if not found:
            remedy = f"the {name} rows scored better: are these rows of the same kind?"


def _report(
    parts: Parts, run: Run, scored: dict[str, Scores], warnings: list[Warned], energy: RunEnergy | None
) -> dict[str, Any]:
    """Write the page of the Run; an error in it must not cost the training.

    Returns:
        of `metrics.json` what the page and later commands need: `labels`, how often each occurs, by split, and
        `abstention`, the coverage curve of the validation rows.
    """
    kept: dict[str, Any] = {}
    try:
        rows = {name: split.rows for name, split in parts.splits.items()}
        kept["labels"] = run_page.labels_of(parts.task, rows)
        if "validation" in scored:
            kept["abstention"] = curve_of(parts.task.verdicts(scored["validation"].answers, rows["validation"]))
        run_page.write(run, parts.task, scored, rows, warnings=warnings, energy=energy)
    except Exception as error:
        what = f"{type(error).__name__}: {error}"
        log.warning("report.html was not written (%s); bertkit report %s tries again", what, run.path)
    return kept
