"""`--energy` and `--country`, shared by the commands that measure their energy."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from bertkit import processes
from bertkit.commands.shared import console
from bertkit.errors import Parameter, RecipeError

if TYPE_CHECKING:
    from bertkit.energy.meter import Meter
    from bertkit.energy.request import EnergyRequest

log = logging.getLogger("bertkit")

Energy = Annotated[bool, typer.Option("--energy", help="Measure energy, by counters where they can be read.")]
Country = Annotated[
    str | None,
    typer.Option(
        "--country",
        metavar="DEU|DEU=350",
        help="Country code, or grams of CO2 per kWh, for CO2 figures.",
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
    reasons = {"parallel": "the jobs share the counters", "url": "the server does the work"}
    for option, given in elsewhere.items():
        if request and given:
            what = f"can not be combined with --{option}: {reasons.get(option, 'other machines do the work')}"
            raise RecipeError.at(Parameter("energy"), what, "leave one of them out")


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
def metered(request: EnergyRequest | None, *, cpu: bool) -> Iterator[Meter | None]:
    """Measures the block in the first process; None: nobody asked for it, or this is another process.

    The processes of a prediction do not wait for each other, so that the first can not ask the others.

    Args:
        cpu: whether the work is done without accelerators.
    """
    if request is None or not processes.first():
        yield None
        return
    from bertkit.energy.sources import meter_of

    with meter_of(request, cpu=cpu) as meter:
        yield meter


def say(meter: Meter | None, predictions: int) -> None:
    """Print what was used since the last lap, in which the model answered rows."""
    if meter is None:
        return
    from bertkit.energy.record import of_first_process
    from bertkit.energy.words import sentence

    try:
        use = of_first_process(meter.lap(predictions), processes.local_count(), processes.count())
        console.say(f"energy, predicting: {sentence(use)}", err=True)
    except Exception as error:  # it must not cost the predictions
        log.warning("energy was not measured (%s: %s)", type(error).__name__, error)
