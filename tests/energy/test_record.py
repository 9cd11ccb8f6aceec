"""Sums and words: the method stands beside every figure, and a sum that lacks something says so."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from bertkit.energy import words
from bertkit.energy.record import (
    EnergyPart,
    EnergyUse,
    Intensity,
    RunEnergy,
    of_first_process,
    sum_parallel,
    sum_sequential,
)

GERMANY = Intensity(country="DEU", grams_per_kwh=380.95, source="codecarbon 3.3.2, 2023")


def rapl(joules: float, name: str = "package-0", **more) -> EnergyPart:
    return EnergyPart(name=name, method="counter RAPL", joules=joules, **more)


def test_the_sentence_has_figure_method_and_co2() -> None:
    card = EnergyPart(name="GPU 0", method="counter NVML", joules=900_000)
    use = EnergyUse(seconds=3600, parts=[rapl(2_700_000), card], predictions=50_000, intensity=GERMANY)
    assert words.sentence(use) == (
        "3.6 MJ (1 kWh), 1,000 W over 60 min, counter RAPL (package-0), counter NVML (GPU 0); "
        "72 kJ per 1,000 predictions; CO2 381 g (DEU: 381 g/kWh, codecarbon 3.3.2, 2023)"
    )


def test_what_is_missing_makes_a_lower_bound() -> None:
    use = EnergyUse(seconds=10, parts=[rapl(100)], missing=["GPU 0: no counter"], predictions=500, intensity=GERMANY)
    text = words.sentence(use)
    assert text.startswith(
        "at least 100 J (2.78e-05 kWh), 10 W over 10 s, counter RAPL (package-0); at least 200 J per"
    )
    assert "CO2 at least 0.0106 g" in text
    assert text.endswith("; not measured: GPU 0: no counter")


def test_nothing_measured_is_no_figure() -> None:
    use = EnergyUse(seconds=10, missing=["processor: no RAPL counters"], predictions=500, intensity=GERMANY)
    assert words.sentence(use) == "not measurable: processor: no RAPL counters"
    assert words.co2(use) == words.per_1000(use) == ""
    assert (use.joules, use.kwh, use.watts, use.co2_grams, use.complete) == (None, None, None, None, False)
    assert words.amount(use) == "not measurable"


def test_times_add_up_one_after_the_other_and_not_at_once() -> None:
    uses = [
        EnergyUse(seconds=10, parts=[rapl(5), rapl(1, "dram")], predictions=3),
        EnergyUse(seconds=4, parts=[rapl(2)]),
    ]
    one, other = sum_sequential(uses), sum_parallel(uses, 2)
    assert (one.seconds, other.seconds) == (14, 10)
    assert one.joules == other.joules == 8
    assert [(part.name, part.joules) for part in one.parts] == [("package-0", 7), ("dram", 1)]
    assert one.predictions == 3
    assert (one.machines, other.machines) == (1, 2)
    assert "on 2 machines" in words.sentence(other)


def test_a_part_that_was_lost_once_stays_incomplete_and_reasons_come_once() -> None:
    lost = EnergyUse(seconds=1, parts=[rapl(5, complete=False)], missing=["lost"])
    whole = sum_sequential([lost, EnergyUse(seconds=1, parts=[rapl(5)]), lost])
    assert not whole.complete
    assert not whole.parts[0].complete
    assert whole.missing == ["lost"]


def test_co2_of_a_sum_needs_one_intensity() -> None:
    france = Intensity(country="FRA", grams_per_kwh=50, source="x")
    uses = [EnergyUse(seconds=1, parts=[rapl(3.6e6)], intensity=one) for one in (GERMANY, france, None)]
    nothing = EnergyUse(seconds=1)
    assert sum_sequential([uses[0], uses[0], nothing]).co2_grams == pytest.approx(2 * 380.95)
    for pair in (uses[:2], uses[1:], [uses[2], uses[0]]):
        whole = sum_sequential(pair)
        assert whole.joules == 7.2e6
        assert whole.co2_grams is None
        assert words.co2(whole) == ""
    assert sum_sequential([EnergyUse(seconds=1, intensity=france)]).intensity == france  # kept for a resumption


def test_the_first_process_says_what_it_can_not_know_of_the_others() -> None:
    counted = EnergyUse(seconds=1, parts=[rapl(5)])
    estimated = EnergyUse(seconds=1, parts=[EnergyPart(name="time", method="estimate by x", joules=5)])
    assert of_first_process(counted, 2, 2).complete
    assert of_first_process(counted, 2, 8).missing == ["6 processes on other machines"]
    assert of_first_process(estimated, 1, 1).complete
    assert of_first_process(estimated, 2, 2).missing == [
        "1 of 2 processes on this machine, as an estimate is of one process"
    ]


def test_it_is_written_and_read_again_with_its_figures() -> None:
    energy = RunEnergy(training=EnergyUse(seconds=2, parts=[rapl(7.2)], intensity=GERMANY))
    written = energy.model_dump(mode="json")
    assert written["training"]["joules"] == 7.2
    assert written["training"]["kwh"] == pytest.approx(2e-6)
    assert written["training"]["co2_grams"] == pytest.approx(2e-6 * 380.95)
    assert written["training"]["method"] == "counter RAPL (package-0)"
    assert RunEnergy.model_validate(written) == energy
    assert energy.total.joules == 7.2


@pytest.mark.parametrize("joules", [-1, float("nan"), float("inf"), "much"])
def test_a_wrong_file_is_refused(joules) -> None:
    with pytest.raises(ValidationError):
        EnergyUse.model_validate({"seconds": 1, "parts": [{"name": "x", "method": "y", "joules": joules}]})


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0 J"), (0.0123, "0.0123 J"), (999, "999 J"), (999.9, "1 kJ"), (12_345, "12.3 kJ"), (1.5e9, "1.5 GJ")],
)
def test_joules_for_people(value: float, text: str) -> None:
    assert words.joules(value) == text
