"""What was measured: joules by part, with the method of each, and what follows from them (kWh, watts, CO2).

No figure stands without its method. What could not be measured is named with its reason, and a sum that lacks something
says "at least": it is never shown as if it were all.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated

from pydantic import BaseModel, Field, computed_field

Amount = Annotated[float, Field(ge=0, allow_inf_nan=False)]

JOULES_PER_KWH = 3_600_000
NOT_MEASURABLE = "not measurable"


class Intensity(BaseModel):
    """How much CO2 the electricity of a country costs."""

    country: str
    grams_per_kwh: Amount
    source: str


class EnergyPart(BaseModel):
    """The energy of one part of a machine, such as a processor or a GPU."""

    name: str
    method: str
    """`counter RAPL`, `counter NVML`, or an estimate with what it was made from."""
    joules: Amount
    complete: bool = True
    """False: a part of the time is not counted, so that it was more."""


class EnergyUse(BaseModel):
    """The energy of some work."""

    seconds: Amount
    parts: list[EnergyPart] = []
    missing: list[str] = []
    """What could not be measured, and why."""
    machines: int = 1
    predictions: Annotated[int, Field(ge=0)] | None = None
    """Rows that the model answered in this work; None: it did other things with it too."""
    intensity: Intensity | None = None
    """None: no country was named, or not the same one in all of the work."""

    @computed_field  # type: ignore[prop-decorator]
    @property
    def joules(self) -> float | None:
        """Of all parts; None: nothing could be measured."""
        return sum(part.joules for part in self.parts) if self.parts else None

    @computed_field  # type: ignore[prop-decorator]
    @property
    def kwh(self) -> float | None:
        return None if self.joules is None else self.joules / JOULES_PER_KWH

    @computed_field  # type: ignore[prop-decorator]
    @property
    def watts(self) -> float | None:
        """Mean power."""
        return None if self.joules is None or not self.seconds else self.joules / self.seconds

    @computed_field  # type: ignore[prop-decorator]
    @property
    def co2_grams(self) -> float | None:
        """None without an intensity."""
        return None if self.kwh is None or self.intensity is None else self.kwh * self.intensity.grams_per_kwh

    @computed_field  # type: ignore[prop-decorator]
    @property
    def joules_per_1000_predictions(self) -> float | None:
        return None if self.joules is None or not self.predictions else self.joules / self.predictions * 1000

    @computed_field  # type: ignore[prop-decorator]
    @property
    def complete(self) -> bool:
        """Whether nothing is missing."""
        return bool(self.parts) and not self.missing and all(part.complete for part in self.parts)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def method(self) -> str:
        """`counter RAPL (package-0, package-1), counter NVML (GPU 0)`, or `not measurable`."""
        names: dict[str, list[str]] = {}
        for part in self.parts:
            names.setdefault(part.method, []).append(part.name)
        return ", ".join(f"{method} ({', '.join(own)})" for method, own in names.items()) or NOT_MEASURABLE


class RunEnergy(BaseModel):
    """`energy` in a Run's `metrics.json`."""

    training: EnergyUse
    """From the loading of the data to the last step, with the evaluations on the way."""
    scoring: EnergyUse | None = None
    """Of the final validation and test evaluation, with confidence intervals."""

    @property
    def total(self) -> EnergyUse:
        """Of all phases."""
        return sum_sequential([self.training, *([self.scoring] if self.scoring else [])])


def sum_sequential(uses: Sequence[EnergyUse]) -> EnergyUse:
    """The energy of some work in parts: their times add up."""
    return _sum(uses, sum(use.seconds for use in uses), max(use.machines for use in uses))


def sum_parallel(uses: Sequence[EnergyUse], machines: int) -> EnergyUse:
    """The energy of processes that did some work together: the longest time counts."""
    return _sum(uses, max(use.seconds for use in uses), machines)


def of_first_process(use: EnergyUse, here: int, everywhere: int) -> EnergyUse:
    """What the first process measured, with what it can not know of the others as missing.

    Args:
        here: processes on its machine.
        everywhere: all of them.
    """
    missing = [f"{everywhere - here} processes on other machines"] if everywhere > here else []
    if here > 1 and any(not part.method.startswith("counter") for part in use.parts):
        missing.append(f"{here - 1} of {here} processes on this machine, as an estimate is of one process")
    return use.model_copy(update={"missing": [*use.missing, *missing]})


def _sum(uses: Sequence[EnergyUse], seconds: float, machines: int) -> EnergyUse:
    predictions = [use.predictions for use in uses if use.predictions is not None]
    return EnergyUse(
        seconds=seconds,
        parts=_parts(part for use in uses for part in use.parts),
        missing=list(dict.fromkeys(text for use in uses for text in use.missing)),
        machines=machines,
        predictions=sum(predictions) if predictions else None,
        intensity=_same_intensity(uses),
    )


def _same_intensity(uses: Sequence[EnergyUse]) -> Intensity | None:
    """That of all joules; None if there are several: a sum has no single one, and so no CO2."""
    measured = [use for use in uses if use.joules is not None] or uses
    first = measured[0].intensity
    return first if all(use.intensity == first for use in measured) else None


def _parts(parts: Iterable[EnergyPart]) -> list[EnergyPart]:
    """Parts of one name and method are one; of several machines too."""
    known: dict[tuple[str, str], EnergyPart] = {}
    for part in parts:
        if before := known.get(key := (part.name, part.method)):
            joules, complete = before.joules + part.joules, before.complete and part.complete
            part = before.model_copy(update={"joules": joules, "complete": complete})
        known[key] = part
    return list(known.values())
