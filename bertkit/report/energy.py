"""The energy of Runs as lines and tables: on the terminal, in the model card, on pages, in comparisons."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bertkit.display import MOST, markdown
from bertkit.energy import words
from bertkit.energy.record import EnergyUse, RunEnergy

HEADER = ("energy of", "energy", "CO2", "method")
NOTE = (
    "A counter counts all programs of its machine, and idle power too; mainboard, power supply and cooling are not "
    "counted. Training: from loading the data to the last step, with its evaluations. Scoring covers the final "
    "validation and test evaluation, including confidence intervals."
)


def energy_of(metrics: Mapping[str, Any]) -> RunEnergy | None:
    """What a Run's `metrics.json` has of it; None: it was not measured."""
    known = metrics.get("energy")
    return RunEnergy.model_validate(known) if known else None


def lines(energy: RunEnergy) -> list[str]:
    """A line per phase; a single one where there is nothing but the same reason in all of them."""
    if not any(use.parts for _, use in phases(energy)):
        return [f"energy: {words.sentence(energy.total)}"]
    return [f"energy, {phase}: {words.sentence(use)}" for phase, use in phases(energy)]


def phases(energy: RunEnergy) -> list[tuple[str, EnergyUse]]:
    return [("training", energy.training), *([("scoring", energy.scoring)] if energy.scoring else [])]


def rows(energies: Mapping[str, RunEnergy]) -> list[list[str]]:
    """A row per Run and phase, with the columns of `HEADER`; Runs by their names, which may be empty."""
    return [
        [
            ", ".join(filter(None, (name, phase))),
            words.amount(use),
            words.co2(use),
            words.method(use),
        ]
        for name, energy in energies.items()
        for phase, use in phases(energy)
    ]


def impact(energy: RunEnergy | None) -> list[str]:
    """The section of a model card."""
    if energy is None:
        return []
    return ["", "## Environmental impact", "", *(f"- {markdown(line, MOST)}" for line in lines(energy)), "", NOTE]


def emissions(energy: RunEnergy | None, *, pre_training: bool) -> dict[str, Any] | None:
    """`co2_eq_emissions` of the hub, in grams; None without a figure, or with one that lacks something."""
    if energy is None or (total := energy.total).co2_grams is None or total.intensity is None or not total.complete:
        return None
    return {
        "emissions": round(total.co2_grams, 6),
        "source": f"bertkit, {total.method}; {total.intensity.grams_per_kwh:g} g/kWh ({total.intensity.source})",
        "training_type": "pre-training" if pre_training else "fine-tuning",
        "geographical_location": total.intensity.country,
    }
