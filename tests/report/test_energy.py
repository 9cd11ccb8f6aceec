"""Energy in the card, for the hub and in tables: never a figure without its method."""

from __future__ import annotations

from typing import Any

from bertkit.energy.record import EnergyPart, EnergyUse, Intensity, RunEnergy
from bertkit.report.energy import HEADER, emissions, energy_of, impact, lines, rows
from tests.report.test_card import front_matter, written

FRANCE = Intensity(country="FRA", grams_per_kwh=50, source="a test")


def energy(*missing: str, intensity: Intensity | None = FRANCE, **parts: float) -> RunEnergy:
    """Of a training with these parts, and the scoring with a tenth of it."""

    def use(share: float) -> EnergyUse:
        own = [EnergyPart(name=name, method="counter RAPL", joules=joules * share) for name, joules in parts.items()]
        return EnergyUse(seconds=10, parts=own, missing=list(missing), intensity=intensity)

    return RunEnergy(training=use(1), scoring=use(0.1))


def test_rows_have_as_many_columns_as_the_header() -> None:
    made = rows({"one": energy(package=3600), "": energy()})
    assert {len(row) for row in made} == {len(HEADER)}
    assert [row[0] for row in made] == ["one, training", "one, scoring", "training", "scoring"]
    assert made[1][1:] == [
        *("360 J (0.0001 kWh), 36 W over 10 s", "0.005 g (FRA: 50 g/kWh, a test)", "counter RAPL (package)")
    ]
    assert made[2][1:] == ["not measurable", "", "not measurable"]


def test_every_line_has_its_method() -> None:
    assert all("counter RAPL (package)" in line for line in lines(energy(package=3600)))
    assert lines(energy("processor: hidden")) == ["energy: not measurable: processor: hidden"]


def test_the_card_and_its_front_matter() -> None:
    assert impact(None) == []
    section = "\n".join(impact(energy("GPU 0: `broken` <b>", package=3600)))
    assert section.startswith("\n## Environmental impact\n\n- energy, training: at least 3.6 kJ")
    assert "<b>" not in section
    assert "co2_eq_emissions" not in front_matter(written())


def test_the_hub_gets_grams_of_the_whole_training() -> None:
    assert emissions(energy(package=3.6e6), pre_training=False) == {
        "emissions": 55.0,
        "source": "bertkit, counter RAPL (package); 50 g/kWh (a test)",
        "training_type": "fine-tuning",
        "geographical_location": "FRA",
    }
    known: Any = emissions(energy(package=3.6e6), pre_training=True)
    assert known["training_type"] == "pre-training"


def test_the_hub_gets_no_figure_that_lacks_something() -> None:
    for lacking in (None, energy(), energy("GPU 0: lost", package=3.6e6), energy(package=3.6e6, intensity=None)):
        assert emissions(lacking, pre_training=False) is None


def test_a_run_without_it() -> None:
    assert energy_of({}) is None
    assert energy_of({"energy": None}) is None
    whole = energy(package=1)
    assert energy_of({"energy": whole.model_dump(mode="json")}) == whole
