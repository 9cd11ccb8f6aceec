"""The energy of a suite: of each Run, and a sum that says what it lacks."""

from __future__ import annotations

from pathlib import Path

import pytest

from bertkit.bench.results.energy import energies_of, energy_json
from bertkit.bench.suite import Entry
from bertkit.energy.record import EnergyPart, EnergyUse, Intensity, RunEnergy
from tests.bench.suites import figures, finished_run, plan_of


def run(folder: Path, joules: float | None, grams: float | None = None) -> None:
    if joules is None:
        finished_run(folder, figures(0.5))
        return
    use = EnergyUse(seconds=2, parts=[EnergyPart(name="package-0", method="counter RAPL", joules=joules)])
    if grams:
        use.intensity = Intensity(country="DEU", grams_per_kwh=grams, source="x")
    energy = RunEnergy(training=use, scoring=use)
    finished_run(folder, {**figures(0.5), "energy": energy.model_dump(mode="json")})


def test_runs_add_up(tmp_path: Path) -> None:
    for seed, joules in ((1, 30.0), (2, 12.0)):
        run(tmp_path / "a" / f"seed-{seed}", joules)
    known = energies_of(plan_of(tmp_path, Entry("a", "x")))
    assert list(known) == ["a, seed 1", "a, seed 2", "all"]
    assert known["all"].training.joules == 42
    assert known["all"].training.complete
    assert known["all"].scoring
    assert known["all"].scoring.joules == 42
    assert energy_json(known)["energy"]["all"]["training"]["seconds"] == 4


def test_a_run_without_energy_is_missing_in_the_sum(tmp_path: Path) -> None:
    for seed, joules in ((1, 30.0), (2, 12.0), (3, None)):
        run(tmp_path / "a" / f"seed-{seed}", joules)
    known = energies_of(plan_of(tmp_path, Entry("a", "x"), seeds=(1, 2, 3, 4)))
    assert known["all"].training.joules == 42
    assert known["all"].training.missing == ["a, seed 3, trained without --energy"]


@pytest.mark.parametrize(("others", "co2"), [(100, 72 * 100 / 3.6e6), (300, None), (None, None)])
def test_co2_of_runs_with_several_intensities(tmp_path: Path, others: float | None, co2: float | None) -> None:
    run(tmp_path / "a" / "seed-1", 30.0, 100)
    run(tmp_path / "a" / "seed-2", 42.0, others)
    known = energies_of(plan_of(tmp_path, Entry("a", "x")))
    assert known["all"].training.joules == 72
    assert known["all"].training.co2_grams == (None if co2 is None else pytest.approx(co2))


@pytest.mark.parametrize("joules", [None, 5.0])
def test_none_and_one(tmp_path: Path, joules: float | None) -> None:
    run(tmp_path / "a" / "seed-1", joules)
    known = energies_of(plan_of(tmp_path, Entry("a", "x"), seeds=(1,)))
    assert list(known) == ([] if joules is None else ["a, seed 1"])
    assert bool(energy_json(known)) == bool(known)
