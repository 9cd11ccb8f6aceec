"""The trace: Chrome's format with the phases as ranges, the name that TensorBoard expects, and never too large."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path
from typing import Any

import pytest

from bertkit.understand.profile import trace
from bertkit.understand.profile.clock import BACKWARD, COLLATE, DATA, FORWARD, OPTIMISER, WAITING
from bertkit.understand.profile.run import Profile, profile
from tests.helpers import warnings
from tests.understand.profile.planted import recipe_with


@pytest.fixture
def traced(tiny_bert: Path, tmp_path: Path):
    def run(**train: Any) -> tuple[Profile, list[dict[str, Any]]]:
        file = tmp_path / trace.FILE
        found = profile(recipe_with("classify", tiny_bert, tmp_path, **train), 1, trace=file)
        events = json.loads(gzip.decompress(file.read_bytes()))["traceEvents"]
        return found, events

    return run


def test_the_phases_are_ranges(traced) -> None:
    found, events = traced()
    whole = [one for one in events if one["ph"] == "X"]
    assert all({"name", "ts", "dur", "pid", "tid"} <= one.keys() for one in whole)
    names = [one["name"] for one in whole]
    for phase in (DATA, COLLATE, WAITING, FORWARD, BACKWARD, OPTIMISER):
        assert names.count(phase) >= 3, phase
    assert sum(name.startswith("ProfilerStep#") for name in names) == found.trace.steps == 3
    assert "aten::linear" in names or "aten::addmm" in names
    assert found.trace.note() == ""


def test_ranges_nest_as_the_phases_do(traced) -> None:
    _, events = traced()

    def first(name: str) -> tuple[float, float]:
        one = next(one for one in events if one["ph"] == "X" and one["name"] == name)
        return one["ts"], one["ts"] + one["dur"]

    (waits, until), (begin, end) = first(WAITING), first(COLLATE)
    assert waits <= begin < end <= until


def test_the_name_is_the_one_of_tensorboards_plugin() -> None:
    plugin = re.compile(r"^(.*?)(\.\d+)?\.pt\.trace\.json(?:\.gz)?$")  # torch_tb_profiler/consts.py
    assert plugin.match(trace.FILE)[1] == "bertkit"


@pytest.mark.slow
def test_a_trace_of_too_many_events_has_fewer_steps(traced, monkeypatch: pytest.MonkeyPatch, caplog) -> None:
    each = traced()[0].trace.events // 3
    monkeypatch.setattr(trace, "MOST_EVENTS", int(1.5 * each))
    found, events = traced()
    assert found.trace.steps == 1
    assert sum(one["name"].startswith("ProfilerStep#") for one in events) == 1
    assert found.trace.note() == f"the trace holds 1 of 3 steps: all would be more than {int(1.5 * each):,} events"


def test_a_step_of_too_many_events_is_recorded_in_part(traced, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trace, "MOST_EVENTS", 10)
    found, events = traced(per_device_train_batch_size=1, gradient_accumulation_steps=8)
    assert (found.trace.steps, found.trace.micro) == (0, trace.PROBED)
    assert sum(one["name"] == FORWARD and one["ph"] == "X" for one in events) == trace.PROBED
    assert "the trace holds 4 micro-batches of one step" in found.trace.note()


def test_what_was_cut_is_warned_of(traced, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    import logging

    monkeypatch.setattr(logging.getLogger("bertkit"), "propagate", True)
    monkeypatch.setattr(trace, "MOST_EVENTS", 10)
    traced()
    assert any("more than 10 events" in one for one in warnings(caplog))


@pytest.mark.slow
def test_an_error_stops_the_profiler(traced, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the next one could not start."""
    from bertkit.training import callbacks

    plain = callbacks.StopWatch.on_step_end

    def broken(self, args, state, control, **kwargs) -> None:
        plain(self, args, state, control, **kwargs)
        if state.global_step == 8:
            raise KeyboardInterrupt

    monkeypatch.setattr(callbacks.StopWatch, "on_step_end", broken)
    with pytest.raises(KeyboardInterrupt):
        traced()
    monkeypatch.setattr(callbacks.StopWatch, "on_step_end", plain)
    assert traced()[0].trace.steps == 3
