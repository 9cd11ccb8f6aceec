"""The energy of a training: of all its processes, and of all its parts if it was stopped and resumed.

Each process keeps what it has used in a file beside the checkpoints, after every reading of its counters. So a killed
part costs the seconds after its last reading, which the result says; a Run that measures goes on measuring when it is
resumed, without `--energy`. Steps that were taken twice, because a checkpoint was older than the kill, count twice.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel

from bertkit import processes
from bertkit.energy import words
from bertkit.energy.meter import Meter
from bertkit.energy.sources import meter_of
from bertkit.energy.record import EnergyUse, RunEnergy, sum_sequential, sum_parallel
from bertkit.energy.request import EnergyRequest, of_all_processes, wanted
from bertkit.errors import BertkitError, RunError
from bertkit.files.json_file import read_json
from bertkit.fs import write_json
from bertkit.run import Run

log = logging.getLogger("bertkit")

FILES = "energy-*.json"
KILLED = "a part of the training was killed: what it used after its last reading"
BEFORE = "what was trained before, without --energy"
DAMAGED = "a part of the training, whose file is damaged"


class _KeptEnergy(BaseModel):
    """What one process has used in one part of the training."""

    use: EnergyUse
    ended: bool
    """False: it still runs, or was killed."""
    reads_counters: bool
    """Whether it is the one process of its machine that reads them."""


@contextlib.contextmanager
def training_energy(begun: Run | None, *, cpu: bool) -> Iterator[TrainingEnergy | None]:
    """Measures the block; None: nobody asked for it. All processes must have joined.

    Args:
        begun: the Run that is resumed; one that was measured is measured on.
        cpu: whether it trains without GPUs.
    """
    request = wanted()
    if begun:
        kept = processes.broadcast(_kept_request(begun) if processes.first() else None)
        request = request or kept
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
        self._file: Path | None = None
        if processes.first():
            log.info("energy: %s", words.method(meter.so_far()))

    def keep_in(self, run: Run) -> None:
        """Keep what is used in the Run from now on. All processes call it."""
        old = processes.broadcast([file.name for file in _files(run)] if processes.first() else [])
        part = 1 + max((int(name.split("-")[1]) for name in old), default=0)
        if processes.first():
            self._before = _parts([run.checkpoints / name for name in old])
            if self._resumed and not old:
                self._before = [EnergyUse(seconds=0, missing=[BEFORE])]
        self._file = run.checkpoints / f"energy-{part}-{processes.rank()}.json"
        with contextlib.suppress(OSError):
            self._file.parent.mkdir(exist_ok=True)
        self._write()
        self._meter.on_reading = self._write

    def trained(self) -> None:
        """Call after the last step."""
        self._laps.append(self._meter.lap())

    def scored(self, rows: int) -> RunEnergy:
        """All of it, once the final model has answered `rows`. All processes call it."""
        self._laps.append(self._meter.lap(rows if processes.first() else None))
        self.end()
        training, scoring = (of_all_processes(lap) for lap in self._laps)
        whole = sum_sequential([*self._before, training])
        whole = whole.model_copy(update={"intensity": self._meter.intensity})  # that of the last command
        return RunEnergy(training=whole, scoring=scoring)

    def end(self) -> None:
        """End the measurement, finished or not."""
        self._meter.stop()
        self._write(ended=True)

    def _write(self, *, ended: bool = False) -> None:
        if self._file is None or not self._file.parent.is_dir():  # removed: the training ends by that
            return
        use = sum_sequential([*self._laps, self._meter.so_far()])
        kept = _KeptEnergy(use=use, ended=ended, reads_counters=processes.local_rank() == 0)
        with contextlib.suppress(OSError):  # on a full disk the checkpoints say so
            write_json(self._file, kept.model_dump(mode="json"))


def _files(run: Run) -> list[Path]:
    """Those of earlier parts."""
    return sorted(file for file in run.checkpoints.glob(FILES) if all(map(str.isdigit, file.stem.split("-")[1:3])))


def _kept_request(run: Run) -> EnergyRequest | None:
    """What the Run was started with."""
    files = _files(run)
    known = [kept.use.intensity for file in files if (kept := _read(file)) and kept.use.intensity]
    return EnergyRequest(known[-1] if known else None) if files else None


def _read(file: Path) -> _KeptEnergy | None:
    """None: it is damaged, which must not cost the training."""
    try:
        return _KeptEnergy.model_validate(read_json(file, _KeptEnergy, error=RunError, remedy=""))
    except (BertkitError, ValueError):
        return None


def _parts(files: list[Path]) -> list[EnergyUse]:
    """The energy of each earlier part, over its processes."""
    parts: dict[str, list[_KeptEnergy | None]] = {}
    for file in files:
        parts.setdefault(file.stem.split("-")[1], []).append(_read(file))
    uses = []
    for own in parts.values():
        kept = [one for one in own if one]
        missing = [DAMAGED] * (len(kept) < len(own)) + [KILLED] * any(not one.ended for one in kept)
        known = [one.use.model_copy(update={"predictions": None}) for one in kept] or [EnergyUse(seconds=0)]
        use = sum_parallel(known, max(1, sum(one.reads_counters for one in kept)))
        uses.append(use.model_copy(update={"missing": [*use.missing, *missing]}))
    return uses
