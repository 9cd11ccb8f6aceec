"""The energy of a suite's Runs: of those that were trained with `--energy`, and their sum."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bertkit.bench.plan import Plan
from bertkit.energy.record import RunEnergy, sum_sequential
from bertkit.report.energy import energy_of

ALL = "all"


def energies_of(plan: Plan) -> dict[str, RunEnergy]:
    """Job -> energy of its Run and, of several, their sum as `all`; empty if none was measured.

    A Run that was not measured is missing in the sum, which says so.
    """
    runs = {str(job): job.run for job in plan.jobs if job.run.is_finished}
    known = {name: energy for name, run in runs.items() if (energy := energy_of(run.metrics))}
    if len(known) > 1:
        unknown = [f"{name}, trained without --energy" for name in runs if name not in known]
        training = sum_sequential([energy.training for energy in known.values()])
        training = training.model_copy(update={"missing": [*training.missing, *unknown]})
        scorings = [energy.scoring for energy in known.values() if energy.scoring]
        known[ALL] = RunEnergy(training=training, scoring=sum_sequential(scorings) if scorings else None)
    return known


def energy_json(energies: Mapping[str, RunEnergy]) -> dict[str, Any]:
    """Its part of the suite's `metrics.json`."""
    return {"energy": {name: one.model_dump(mode="json") for name, one in energies.items()}} if energies else {}
