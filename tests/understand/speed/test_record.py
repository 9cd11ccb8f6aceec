from __future__ import annotations

from typing import Any

import pytest

from bertkit.understand.speed.measure import CallTimes, Cell, CellTimes, Contender
from bertkit.understand.speed.record import HEADER, record, table
from bertkit.understand.speed.run import Speeds


def contender(name: str) -> Contender:
    one: Any = object.__new__(Contender)
    one.name, one.device, one.precision = name, "cpu", "float32"
    return one


def test_the_ratio_is_to_the_first_model() -> None:
    a, b = contender("a"), contender("b")
    cell = Cell(4, 16)
    times = [
        CellTimes(a, cell, 64, [[CallTimes(0.2, 0.1)], [CallTimes(0.2, 0.1)]]),
        CellTimes(b, cell, 64, [[CallTimes(0.1, 0.05)], [CallTimes(0.05, 0.05)]]),
    ]
    found = record(Speeds([a, b], times, ["a note"]))
    first, second = found["times"]
    assert (first["speed_to_first"], first["speed_to_first_range"]) == (1.0, [1.0, 1.0])
    assert second["speed_to_first"] == pytest.approx(3.0) and second["speed_to_first_range"] == pytest.approx([2, 4])
    assert first["rows_per_second"] == pytest.approx(20) and first["tokens_per_second"] == pytest.approx(320)
    rows = table(found)
    assert len(rows[0]) == len(HEADER) and rows[0][:3] == ("16", "4", "a")
    assert rows[1][-2] == "2.00 to 4.00"
