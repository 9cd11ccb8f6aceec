"""A suite and a request -> a Plan: one job for each entry and seed, all checked before the first training.

A mistake in the fifth entry must not cost four trainings, so everything that can be checked early is checked here.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bertkit.bench.job import Job, check_begun, run_of, trained
from bertkit.bench.suite import SPLITS, Entry, Suite, in_order, select
from bertkit.bench.suite_file import OWN
from bertkit.errors import BertkitError, Parameter, Problem, RecipeError, RunError, Setting
from bertkit.files.json_file import read_json
from bertkit.files.lock import is_free
from bertkit.fs import write_json, writing
from bertkit.recipe.schema import Recipe
from bertkit.recipe.source import SETS
from bertkit.run import Run

log = logging.getLogger("bertkit")

SUITE = "suite.json"
SEED = 42
"""The seed where nothing names one: that of the recipes."""


@dataclass(frozen=True)
class BenchRequest:
    """What the caller wants from a suite."""

    output: Path
    model: str = ""
    """Replaces the suite's model and each recipe's own."""
    seeds: tuple[int, ...] = ()
    """Replace the suite's seeds."""
    sets: tuple[str, ...] = ()
    """`KEY=VALUE` for every entry, applied after its own."""
    tasks: tuple[str, ...] = ()
    """Names of the entries to run; empty: all."""


@dataclass(frozen=True)
class Plan:
    """A suite ready to run: checked, with its entries in the order of their trainings and their figures named."""

    suite: Suite
    whole: bool
    """Whether this is the whole suite: no entry left out or absent."""
    model: str
    seeds: tuple[int, ...]
    output: Path
    jobs: tuple[Job, ...]
    sets: tuple[str, ...] = ()
    """What the request changes in every recipe."""


def plan(suite: Suite, request: BenchRequest) -> Plan:
    """Lay out the jobs and check all of them; the output folder is claimed last.

    Raises:
        BertkitError: every mistake in the suite, its recipes, their data files and the output folder.
    """
    chosen = select(suite, request.tasks)
    seeds = request.seeds or suite.seeds or (SEED,)
    model = request.model or suite.model
    _check_request(seeds, request)
    check_output(request.output, suite.name)
    problems: list[Problem] = []
    entries: list[Entry] = []
    jobs: list[Job] = []
    for entry in in_order(chosen):
        try:
            own = [_job(entry, chosen, seed, model, request) for seed in seeds]
            recipes = [job.resolved() for job in own]
            named = _with_figures(entry, recipes[0])
            _check_data(recipes[0])
            entries.append(named)
            split = named.figures[0].partition("/")[0]
            jobs += [replace(job, split=split) for job in own]
        except BertkitError as error:
            problems += [_of_entry(entry, problem) for problem in error.problems]
            continue
        for job, recipe in zip(own, recipes, strict=True):
            try:
                check_begun(job, recipe)
            except RunError as error:
                problems += error.problems
    if problems:
        raise RecipeError(*dict.fromkeys(problems))
    _warn_of_plain_starts(chosen, jobs)
    claim(request.output, suite.name)
    whole = not chosen.absent and len(entries) == len(suite.entries)
    return Plan(replace(chosen, entries=tuple(entries)), whole, model, seeds, request.output, tuple(jobs), request.sets)


def _job(entry: Entry, suite: Suite, seed: int, model: str, request: BenchRequest) -> Job:
    def folder(name: str) -> str:
        return os.path.abspath(run_of(request.output, name, seed).path)  # noqa: PTH100 - Path.absolute keeps `..`

    needs = ""
    if entry.starts_from and (
        entry.starts_from in {other.name for other in suite.entries}
        or trained(Job(entry.starts_from, seed, folder(entry.starts_from), "", ()))
    ):
        needs = folder(entry.starts_from)
    start = str(Run(needs).model) if needs else model
    sets = [*entry.sets, *request.sets, *([f"model.name={json.dumps(start)}"] if start else []), f"seed={seed}"]
    return Job(
        entry.name, seed, folder(entry.name), entry.recipe, tuple(sets), unlabelled=entry.unlabelled, needs=needs
    )


def _check_request(seeds: Sequence[int], request: BenchRequest) -> None:
    problems = [
        Problem(Parameter("seeds"), f"{seed} stands twice", "each is trained once")
        for seed in dict.fromkeys(seeds)
        if list(seeds).count(seed) > 1
    ]
    keys = [text.partition("=")[0].strip() for text in request.sets]
    problems += [Problem(key, "the suite chooses it", OWN[key], place=SETS) for key in keys if key in OWN]
    if problems:
        raise RecipeError(*problems)


def _with_figures(entry: Entry, recipe: Recipe) -> Entry:
    """The entry with its figures named.

    Only a training shows whether the metric has them. Figures are not job of the recipe, so a wrong name costs none.
    """
    from bertkit import plugins
    from bertkit.metrics import find_metric

    if not entry.figures:
        metric = find_metric(recipe.metrics[0], plugins.find("task", recipe.task).takes)
        return replace(entry, figures=(f"{'test' if recipe.data.test else 'validation'}/{metric.keys[0]}",))
    for figure in entry.figures:
        split = figure.partition("/")[0]
        if split not in SPLITS:
            raise RecipeError.at("figures", f"{figure}: begins with no split", f"one of {', '.join(SPLITS)}")
        if split == "test" and not recipe.data.test:
            raise RecipeError.at(
                "figures", f"{figure}: there are no test rows", "name data.test, or a validation/ figure"
            )
    return entry


def _check_data(recipe: Recipe) -> None:
    """Raise a BertkitError for data files that do not exist."""
    from bertkit.data.read.sources import expand

    if recipe.data.train is None:
        raise RecipeError.at("data.train", "the recipe names no training data", setting=Setting("data.train", "FILE"))
    for name in ("train", "validation", "test"):
        sources = getattr(recipe.data, name) or []
        if "-" in sources:
            raise RecipeError.at(f"data.{name}", "standard input can be read only once", "name a file")
        expand(sources, recipe.data)


def _of_entry(entry: Entry, problem: Problem) -> Problem:
    """A mistake of one entry, with the line of the suite's file where its key is set, else with the entry's name."""
    if problem.place == SETS and problem.key in entry.places:
        return replace(problem, place=entry.places[problem.key])
    return replace(problem, key=f"{entry.name}: {problem.key}")


def _warn_of_plain_starts(suite: Suite, jobs: Sequence[Job]) -> None:
    for entry in suite.entries:
        if entry.starts_from and not all(job.needs for job in jobs if job.entry == entry.name):
            message = "%s: should start from the model of %s, which is not among the tasks; starts from the plain model"
            log.warning(message, entry.name, entry.starts_from)


def check_output(output: Path, suite: str) -> None:
    """Raise a RunError where the folder of a suite holds something else or can not be made."""
    for parent in output.absolute().parents:
        if parent.exists() and not parent.is_dir():
            raise RunError.at(Parameter("output"), f"{output}: {parent} is a file", "name another folder")
    if output.is_file():
        raise RunError.at(Parameter("output"), f"{output}: is a file", "name a folder")
    mark = output / SUITE
    if mark.is_file():
        known = read_json(mark, dict[str, str], error=RunError, remedy="name another folder").get("suite")
        if known != suite:
            raise RunError.at(
                Parameter("output"), f"{output}: holds the suite {known}", f"name another folder for {suite}"
            )
    elif not is_free(output):
        raise RunError.at(Parameter("output"), f"{output}: in use", "name a new folder, or one that this suite began")


def claim(output: Path, suite: str) -> None:
    """Make the folder, and mark it as the suite's."""
    with writing(output):
        output.mkdir(parents=True, exist_ok=True)
    if not (output / SUITE).is_file():
        write_json(output / SUITE, {"suite": suite})
