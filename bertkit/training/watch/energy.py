"""The energy of a training: of all its processes, and of all its parts if it was stopped and resumed.

Each process keeps what it has used in a file beside the checkpoints, after every reading of its counters. So a killed
part costs the seconds after its last reading, which the result says; a Run that measures goes on measuring when it is
resumed, without `--energy`. Steps that were taken twice, because a checkpoint was older than the kill, count twice.

An error in all of this is a warning, and a text in what is missing: it must not cost the training.
"""

from __future__ import annotations

import contextlib
import logging
import re
import threading
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel

from bertkit import processes
from bertkit.energy import words
from bertkit.energy.meter import Meter
from bertkit.energy.record import EnergyUse, RunEnergy, sum_parallel, sum_sequential
from bertkit.energy.request import EnergyRequest, of_all_processes, wanted
from bertkit.energy.sources import meter_of
from bertkit.errors import RunError
from bertkit.files.json_file import read_json
from bertkit.fs import write_json
from bertkit.run import Run

log = logging.getLogger("bertkit")

FILES = re.compile(r"energy-([0-9]+)-[0-9]+\.json")
"""Part and process."""
KILLED = "a part of the training was killed: what it used after its last reading"
BEFORE = "what was trained before, without --energy"
DAMAGED = "a part of the training, whose file is damaged"
ABSENT = "a part of the training, of which not all processes have a file"


class _KeptEnergy(BaseModel):
    """What one process has used in one part of the training."""

    use: EnergyUse
    ended: bool
    """False: it still runs, or was killed."""
    reads_counters: bool
    """Whether it is the one process of its machine that reads them."""
    processes: int = 1
    """Of this part; each has a file."""


@contextlib.contextmanager
def training_energy(begun: Run | None, *, cpu: bool) -> Iterator[TrainingEnergy | None]:
    """Measures the block; None: nobody asked for it. All processes must have joined.

    Args:
        begun: the Run that is resumed; one that was measured is measured on.
        cpu: whether it trains without GPUs.
    """
    request = wanted()
    if begun:
        request = processes.broadcast(_continued(request, begun) if processes.first() else None)
    if request is None:
        yield None
        return
    with meter_of(request, cpu=cpu) as meter:
        energy = TrainingEnergy(meter, resumed=begun is not None)
        try:
            yield energy
        finally:
            energy.end()


class TrainingEnergy:
    """The energy of this part of a training, and of those before it.

    Args:
        resumed: whether there were parts before.
    """

    def __init__(self, meter: Meter, *, resumed: bool):
        self._meter, self._resumed = meter, resumed
        self._laps: list[EnergyUse] = []
        self._before: list[EnergyUse] = []
        self._missing: list[str] = []
        self._file: Path | None = None
        self._ended = False
        self._lock = threading.RLock()
        """The meter's thread writes too: not between a lap and its place in the list, and not after the end."""
        with self._guarded():
            if processes.first():
                log.info("energy: %s", words.method(meter.so_far()))

    def keep_in(self, run: Run) -> None:
        """Keep what is used in the Run from now on. All processes call it."""
        part = 1
        with self._guarded():
            if processes.first():
                part, self._before = self._earlier(run)
        part = processes.broadcast(part)
        self._file = run.checkpoints / f"energy-{part}-{processes.rank()}.json"
        with contextlib.suppress(OSError):
            self._file.parent.mkdir(exist_ok=True)
        self._write()
        self._meter.on_reading = self._write

    def _earlier(self, run: Run) -> tuple[int, list[EnergyUse]]:
        """The number of this part, and the energy of those before."""
        files = _files(run)
        if self._resumed and not files:
            self._missing.append(BEFORE)  # kept in the file of this part: a later one must know it too
        return 1 + max(files, default=0), [_part(files[number], self._meter) for number in sorted(files)]

    def trained(self) -> None:
        """Call after the last step."""
        self._lap()

    def scored(self) -> RunEnergy:
        """All of it, once the final model is scored. All processes call it."""
        self._lap()
        self.end()
        first, last = self._laps
        first = first.model_copy(update={"missing": [*first.missing, *self._missing]})
        training, scoring = of_all_processes(first), of_all_processes(last)
        return RunEnergy(training=sum_sequential([*self._before, training]), scoring=scoring)

    def end(self) -> None:
        """End the measurement, finished or not."""
        self._meter.stop()
        self._write(ended=True)

    def _lap(self) -> None:
        with self._lock:
            lap = EnergyUse(seconds=0)  # one that fails is missing by its error
            with self._guarded():
                lap = self._meter.lap()
            self._laps.append(lap)

    def _write(self, *, ended: bool = False) -> None:
        with self._guarded(), self._lock:
            if (
                self._ended or self._file is None or not self._file.parent.is_dir()
            ):  # removed: the training ends by that
                return
            self._ended = ended
            use = sum_sequential([*self._laps, self._meter.so_far()])
            use = use.model_copy(update={"missing": [*use.missing, *self._missing]})
            first, count = processes.local_rank() == 0, processes.count()
            kept = _KeptEnergy(use=use, ended=ended, reads_counters=first, processes=count)
            with contextlib.suppress(OSError):  # on a full disk the checkpoints say so
                write_json(self._file, kept.model_dump(mode="json"))

    @contextlib.contextmanager
    def _guarded(self) -> Iterator[None]:
        """In the block, the first error is warned of and is missing in the result."""
        try:
            yield
        except Exception as error:
            text = f"energy: {type(error).__name__}: {error}"
            if text not in self._missing:
                self._missing.append(text)
                log.warning("a part of the energy is not measured (%s: %s)", type(error).__name__, error)


def _files(run: Run) -> dict[int, list[Path]]:
    """Those of earlier parts, by the number of the part."""
    parts: dict[int, list[Path]] = {}
    for file in sorted(run.checkpoints.glob("energy-*.json")):
        if name := FILES.fullmatch(file.name):
            parts.setdefault(int(name[1]), []).append(file)
    return parts


def _continued(request: EnergyRequest | None, run: Run) -> EnergyRequest | None:
    """What is asked for now, else what the Run was started with; the same for the country."""
    if request and request.intensity:
        return request
    try:
        files = _files(run)
        known = [kept.use.intensity for number in sorted(files) for file in files[number] if (kept := _read(file))]
    except Exception as error:
        log.warning("the energy of earlier parts can not be read (%s: %s)", type(error).__name__, error)
        return request
    intensity = next((one for one in reversed(known) if one), None)
    return EnergyRequest(intensity) if request or files else None


def _read(file: Path) -> _KeptEnergy | None:
    """None: it is damaged."""
    try:
        return _KeptEnergy.model_validate(read_json(file, _KeptEnergy, error=RunError, remedy=""))
    except Exception:
        return None


def _part(files: list[Path], meter: Meter) -> EnergyUse:
    """The energy of an earlier part, over its processes."""
    kept = [one for file in files if (one := _read(file))]
    missing = [DAMAGED] * (len(kept) < len(files)) + [KILLED] * any(not one.ended for one in kept)
    missing += [ABSENT] * any(len(files) < one.processes for one in kept)
    use = sum_parallel(
        [one.use for one in kept] or [EnergyUse(seconds=0)], sum(one.reads_counters for one in kept) or 1
    )
    # One that named no country was of the same Run as the one that does.
    return use.model_copy(update={"missing": [*use.missing, *missing], "intensity": use.intensity or meter.intensity})
