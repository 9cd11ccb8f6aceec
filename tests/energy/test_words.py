from __future__ import annotations

import pytest

from bertkit.energy.record import EnergyPart, EnergyUse, Intensity
from bertkit.energy.words import amount, co2, duration, joules, method, per_1000, sentence

PART = EnergyPart(name="package-0", method="counter RAPL (package-0)", joules=7200.0)
USE = EnergyUse(seconds=120, parts=[PART], predictions=3000)


def test_the_method_stands_beside_the_figure() -> None:
    assert sentence(USE).startswith("7.2 kJ (0.002 kWh), 60 W over 2 min, ")
    assert "counter RAPL (package-0)" in sentence(USE)
    assert per_1000(USE) == "2.4 kJ" and "2.4 kJ per 1,000 predictions" in sentence(USE)


def test_what_is_missing_makes_it_at_least() -> None:
    use = USE.model_copy(update={"missing": ["GPU 0: no counter"]})
    assert amount(use).startswith("at least 7.2 kJ") and sentence(use).endswith("not measured: GPU 0: no counter")
    assert method(use).endswith("not measured: GPU 0: no counter")


def test_nothing_could_be_measured() -> None:
    use = EnergyUse(seconds=5, missing=["processor: no counters"])
    assert sentence(use) == "not measurable: processor: no counters"
    assert amount(use) == "not measurable" and per_1000(use) == "" and co2(use) == ""


def test_co2_has_its_source() -> None:
    use = USE.model_copy(update={"intensity": Intensity(country="DEU", grams_per_kwh=350, source="your own")})
    assert co2(use) == "0.7 g (DEU: 350 g/kWh, your own)"


@pytest.mark.parametrize(
    ("value", "text"), [(950, "950 J"), (999.7, "1 kJ"), (12_300, "12.3 kJ"), (1.234e6, "1.23 MJ")]
)
def test_units(value: float, text: str) -> None:
    assert joules(value) == text


@pytest.mark.parametrize(("seconds", "text"), [(42, "42 s"), (300, "5 min"), (11_520, "3.2 h")])
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text
