from __future__ import annotations

import pytest

from bertkit.errors import BertkitError
from bertkit.run import Run
from bertkit.understand.speed.run import SpeedOptions, speed


def test_one_run_twice_has_two_names(tiny_run: Run) -> None:
    path = str(tiny_run.path)
    found = speed([path, path], SpeedOptions(batches=(2,), lengths=(8,), seconds=0.01, device="cpu"))
    assert [one.name for one in found.contenders] == ["run", "run (2)"]
    assert [(one.cell.batch, one.cell.length) for one in found.times] == [(2, 8), (2, 8)]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (SpeedOptions(device="cuda:7"), "cuda:7: no such device here"),
        (SpeedOptions(lengths=(10**6,), device="cpu"), "run takes at most"),
        (SpeedOptions(batches=(10**8,), device="cpu"), "100000000: rows of 16 tokens are more than 1,048,576 tokens"),
        (SpeedOptions(task="ner", device="cpu"), "is a Run, which has its own task"),
    ],
)
def test_mistakes(tiny_run: Run, options: SpeedOptions, message: str) -> None:
    with pytest.raises(BertkitError, match=message):
        speed([str(tiny_run.path)], options)
