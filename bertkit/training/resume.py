"""Go on with a Run: where its data and its model lie now, whether they are the same, and its last checkpoint.

A Run that was stopped may go on on another machine, where the files have other places. They are the same if their rows
give the same examples, and their weights have the same hash, as when the Run was started.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from pathlib import Path

from bertkit import processes
from bertkit.errors import Parameter, Problem, RecipeError, RunError, Setting
from bertkit.recipe.load import differences
from bertkit.recipe.local import MOVABLE, is_movable, not_there
from bertkit.recipe.schema import Recipe
from bertkit.recipe.source import Sets, plain
from bertkit.run import Run
from bertkit.training.checkpoints import Checkpoints, damage
from bertkit.training.parts import Parts, data_identity, model_identity

log = logging.getLogger("bertkit")


def sets_of_places(sets: Sets) -> list[str]:
    """The `KEY=VALUE` texts that a resumed Run may get: where its data and its model lie now."""
    texts = [f"{key}={json.dumps(plain(value))}" for key, value in sets.items()] if isinstance(sets, Mapping) else sets
    if wrong := [key for text in texts if (key := text.partition("=")[0].strip()) not in MOVABLE]:
        what = "a resumed Run keeps its own recipe"
        todo = f"leave it out: only {', '.join(MOVABLE)} may be set, where these have moved"
        raise RecipeError(*(Problem(key, what, todo, place=Parameter("sets")) for key in wrong))
    return list(texts)


def check_places(run: Run, recipe: Recipe) -> None:
    """Raise a RunError if the data or the model of an unfinished Run are not where the recipe says."""
    if not run.is_finished and (gone := not_there(recipe)):
        what, todo = "not there any more", f"name where it is now: {run.resume_command}"
        raise RunError(*(Problem(key, what, todo, path, Setting(key, "PATH")) for key, path in gone))


def last_checkpoint(run: Run, recipe: Recipe, parts: Parts) -> Path | None:
    """The checkpoint to resume from; None if there is none yet.

    Args:
        recipe: the Run's own, with the places where its data and its model lie now. The Run keeps them.

    Raises:
        RunError: the data or the weights have changed, or a machine does not have the checkpoint.
    """
    known = run.environment.get("data", {})
    if changed := [name for name, now in data_identity(parts.splits).items() if known.get(name) != now]:
        what = f"the {' and '.join(changed)} rows have changed since this Run was started"
        raise RunError.at(str(run.path), what, "restore the data, or train in a new folder")
    if moved := [key for key in differences(recipe, run.recipe) if is_movable(key)]:
        _check_model(run, recipe)
        log.info("the same rows and weights as before: the Run has them from their new place (%s)", ", ".join(moved))
        if processes.first():
            run.move(recipe)
    checkpoints = Checkpoints(run.checkpoints)
    last = processes.broadcast(checkpoints.last() if processes.first() else None)
    if processes.first():
        checkpoints.sweep()
        if last is None and checkpoints.all():
            log.warning("no whole checkpoint: starting again from the first step")
        elif last is None:
            log.info("no checkpoint yet: starting again")
    if last is not None and not last.is_dir():
        raise RunError.at(str(last), "not on this machine", "use a folder that all machines share")
    if last is not None and processes.rank() and not processes.local_rank() and (harm := damage(last)):
        raise RunError.at(str(last), f"is damaged on this machine: {harm}", "copy it again from the first machine")
    return last


def _check_model(run: Run, recipe: Recipe) -> None:
    """Raise a RunError if the weights, wherever they lie now, are not those that the Run was started from."""
    known, now = run.environment.get("model", {}), model_identity(recipe)
    if any(known[name] != now[name] for name in known.keys() & now.keys() if name.endswith("sha256")):
        what = f"{recipe.model.name}: other weights than those that this Run was started from"
        raise RunError.at("model.name", what, "name these, or train in a new folder")
