"""`--energy` and `--country`, shared by the commands that measure their energy."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from bertkit import processes
from bertkit.commands.shared import console
from bertkit.errors import Parameter, RecipeError

if TYPE_CHECKING:
    from bertkit.energy.meter import Meter
    from bertkit.energy.request import EnergyRequest

Energy = Annotated[bool, typer.Option("--energy", help="Measure energy, by counters where they can be read.")]
Country = Annotated[
    str | None,
    typer.Option(
        "--country",
        metavar="DEU|DEU=350",
        help="With --energy: CO2 by a country's intensity, or by grams per kWh.",
        show_default="no CO2",
    ),
]


def request_of(energy: bool, country: str | None) -> EnergyRequest | None:
    """What the options ask for, checked before any work.

    Raises:
        BertkitError: no such country, or one without `--energy`.
    """
    if not energy:
        if country is not None:
            raise RecipeError.at(Parameter("country"), "has no effect without --energy", "add --energy")
        return None
    from bertkit.energy.carbon import intensity_of
    from bertkit.energy.request import EnergyRequest

    return EnergyRequest(intensity_of(country) if country is not None else None)


def check_here(request: EnergyRequest | None, **elsewhere: bool) -> None:
    """Raise a RecipeError where the work is not done by this command alone, on this machine.

    Args:
        elsewhere: option -> whether it was given.
    """
    for option, given in elsewhere.items():
        if request and given:
            what = "can not be told from that of other jobs" if option == "parallel" else "is used on other machines"
            raise RecipeError.at(Parameter("energy"), f"with --{option} it {what}", "leave one of them out")


@contextlib.contextmanager
def asking(request: EnergyRequest | None) -> Iterator[None]:
    """In the block, trainings measure their energy, if that is asked for."""
    if request is None:
        yield
        return
    from bertkit.energy.request import asking as ask

    with ask(request):
        yield


@contextlib.contextmanager
def metered(request: EnergyRequest | None) -> Iterator[Meter | None]:
    """Measures the block; None: nobody asked for it."""
    if request is None:
        yield None
        return
    from bertkit.energy.sources import meter_of

    with meter_of(request) as meter:
        yield meter


def say(meter: Meter | None, predictions: int) -> None:
    """Print what was used since the last lap, in which rows were predicted. All processes call it."""
    if meter is None:
        return
    from bertkit.energy.request import of_all_processes
    from bertkit.energy.words import sentence

    use = of_all_processes(meter.lap(predictions if processes.first() else None))
    if processes.first():
        console.say(f"energy, predicting: {sentence(use)}", err=True)
