"""Panel Evaluate: `bertkit bench`. One parameter per option, as Typer needs it."""

from __future__ import annotations

import re
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from bertkit.commands.shared import completion, console
from bertkit.commands.shared import energy as shared_energy
from bertkit.errors import Problem, RecipeError, TrainingError, did_you_mean

RECIPES = ("paper", "tuned")


def bench(
    suite: Annotated[
        str,
        typer.Argument(
            metavar="SUITE",
            help="glue, squad, ner, or your own YAML file; or retrieval.",
            autocompletion=completion.suites,
        ),
    ],
    model: Annotated[
        str,
        typer.Option(
            "--model", "-m", help="Hub name, folder or package:module/folder.", show_default="each recipe's own"
        ),
    ] = "",
    data: Annotated[
        Path | None,
        typer.Option("--data", help="Data folder of a built-in suite.", show_default="as in its recipes"),
    ] = None,
    tasks: Annotated[
        str | None, typer.Option("--tasks", "-t", metavar="A,B", help="Run only these tasks.", show_default="all")
    ] = None,
    seeds: Annotated[
        str | None,
        typer.Option("--seeds", metavar="1,2,3", help="Train one Run per seed.", show_default="the suite's, or 42"),
    ] = None,
    recipes: Annotated[
        str | None,
        typer.Option(
            "--recipes", metavar="paper|tuned", help="Hyperparameters of a built-in suite.", show_default="paper"
        ),
    ] = None,
    sets: console.Set = None,
    parallel: Annotated[
        int,
        typer.Option("--parallel", min=1, metavar="N", help="Jobs at a time: one GPU each, or a share of the cores."),
    ] = 1,
    ray: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="Run the jobs on a Ray cluster: HOST:PORT, auto, or local to start one."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Folder for all Runs and the table; an unfinished one is continued."),
    ] = None,
    trust_code: console.TrustCode = False,
    energy: shared_energy.Energy = False,
    country: shared_energy.Country = None,
) -> None:
    """Train and score a suite of data sets over several seeds: a table with intervals and published figures.

    bertkit bench glue --model bert-base-uncased --data glue_data -o runs/glue

    Your own file: {suite: mine, seeds: [1, 2], tasks: {support: {recipe: demo/support}, other: {recipe: my.yaml}}}

    Finished Runs are kept: after Ctrl-C the same command goes on where it stopped.

    How well models find documents is another command, which trains nothing:

    bertkit bench retrieval --help
    """
    if output is None:
        raise RecipeError.at("--output", "missing", "name a folder: --output runs/glue")
    if recipes is not None and recipes not in RECIPES:
        raise RecipeError.at("--recipes", f"no such recipes: {recipes}", did_you_mean(recipes, RECIPES))
    numbers, names = seeds_of(seeds), names_of(tasks)
    measured = shared_energy.request_of(energy, country)
    shared_energy.check_here(measured, parallel=parallel > 1, ray=ray is not None)
    from bertkit.bench.plan import BenchRequest, plan
    from bertkit.bench.ray_jobs import RayJobs
    from bertkit.bench.runner import run
    from bertkit.bench.suite_file import find_suite
    from bertkit.engine.cluster import cluster
    from bertkit.files.lock import one_writer

    chosen: Any = recipes
    request = BenchRequest(output, model, numbers, tuple(sets or ()), names)
    checked = plan(find_suite(suite, data=data, recipes=chosen), request)
    with shared_energy.asking(measured), one_writer(output), cluster(ray) if ray else nullcontext() as nodes:
        if nodes:
            nodes.check()
        jobs = [replace(job, trust_code=trust_code) for job in checked.jobs]
        failed = run(
            jobs, parallel=parallel, elsewhere=RayJobs(nodes, parallel if parallel > 1 else None) if nodes else None
        )
        _report(checked, failed, leaderboard=suite == "glue")


def _report(plan: Any, failed: dict[str, str], *, leaderboard: bool) -> None:
    """Write and print the results.

    Raises:
        TrainingError: the jobs that failed, after the results of the others are printed.
    """
    from bertkit.bench.results import submission
    from bertkit.bench.results.energy import energies_of, energy_json
    from bertkit.bench.results.page import page_of, warnings
    from bertkit.bench.results.table import CONDITIONS, as_json, cells, condition_cells, header, tabulate
    from bertkit.fs import write_json, write_text
    from bertkit.report.bench import text
    from bertkit.report.energy import HEADER
    from bertkit.report.energy import rows as energy_rows

    table, energies = tabulate(plan, failed), energies_of(plan)
    write_json(plan.output / "metrics.json", {**as_json(table), **energy_json(energies)})
    write_text(plan.output / "report.html", text(replace(page_of(plan, table), energy=energy_rows(energies))))
    console.table(header(table), cells(table))
    console.table(CONDITIONS, condition_cells(table))
    if energies:
        console.table(HEADER, energy_rows(energies))
    if table.sets:
        console.say(f"changed in every recipe: {', '.join(table.sets)}")
    if leaderboard:
        for note in submission.write(plan.output, plan.suite, plan.seeds):
            console.say(note)
    for number, line in enumerate(warnings(table), 1):
        console.warn(f"[{number}] {line}")
    for name, reason in table.absent.items():
        console.warn(f"{name} is absent: {reason}")
    console.say(f"Report: {plan.output / 'report.html'}")
    if table.failed:
        remedy = "the same command tries it again"
        raise TrainingError(*(Problem(name, reason, remedy) for name, reason in table.failed.items()))


def names_of(text: str | None) -> tuple[str, ...]:
    """`a,b` as a tuple.

    Raises:
        RecipeError: an empty name.
    """
    if text is None:
        return ()
    names = tuple(name.strip() for name in text.split(","))
    if not all(names):
        raise RecipeError.at("--tasks", f"{text!r}: a name is empty", "for example --tasks rte,mrpc")
    return names


def seeds_of(text: str | None) -> tuple[int, ...]:
    """`1,2,3` as numbers.

    Raises:
        RecipeError: not whole numbers below 2^32, or none.
    """
    if text is None:
        return ()
    parts = [part.strip() for part in text.split(",")]
    if wrong := [part for part in parts if not re.fullmatch(r"[0-9]{1,18}", part) or int(part) >= 2**32]:
        raise RecipeError.at(
            "--seeds", f"{wrong[0]!r} is not a seed", "whole numbers from 0, for example --seeds 1,2,3"
        )
    return tuple(map(int, parts))
