"""A signal asks for the end of the step, a second one insists; an epoch's evaluation comes before its save."""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from transformers import TrainerControl

from bertkit.training.watch import interrupt
from bertkit.training.watch.interrupt import ECHO, EVERY, Interrupt
from tests.helpers import messages

SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
ARGS = SimpleNamespace(gradient_accumulation_steps=2)
LOADER = range(7)  # 7 micro-batches: 4 steps an epoch


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """`clock.now` is the time in seconds."""
    time = SimpleNamespace(now=1000.0)
    monkeypatch.setattr(interrupt, "time", SimpleNamespace(monotonic=lambda: time.now))
    monkeypatch.setattr(interrupt, "leave_terminal", lambda number: None)
    return time


@pytest.fixture
def said(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> pytest.LogCaptureFixture:
    monkeypatch.setattr(logging.getLogger("bertkit"), "propagate", True)
    return caplog


@pytest.fixture
def handlers() -> Iterator[list[Any]]:
    """The handlers before the test, which are there again after it, whatever it does."""
    outer = signal.signal(signal.SIGHUP, signal.SIG_DFL)  # the tests may run under nohup
    before = current()
    yield before
    before[-1] = outer
    for number, handler in zip(SIGNALS, before, strict=True):
        signal.signal(number, handler)


def current() -> list[Any]:
    return [signal.getsignal(number) for number in SIGNALS]


class Loop:
    """Trainer's loop around the callback: what it would do after a step, and at the end of an epoch."""

    def __init__(self, mine: Interrupt, max_steps: int = 100) -> None:
        self.mine, self.control = mine, TrainerControl()
        self.state = SimpleNamespace(global_step=0, max_steps=max_steps)

    def step(self, number: int, **wanted: bool) -> TrainerControl:
        """Step `number` ends, where other callbacks want this and that."""
        self.state.global_step = number
        self.control = TrainerControl(**wanted)
        self.mine.on_step_end(ARGS, self.state, self.control, train_dataloader=LOADER)
        return self._done()

    def epoch(self, **wanted: bool) -> TrainerControl:
        for name, value in wanted.items():
            setattr(self.control, name, value)
        self.mine.on_epoch_end(ARGS, self.state, self.control)
        return self._done()

    def _done(self) -> TrainerControl:
        if self.control.should_save:
            self.mine.on_save(ARGS, self.state, self.control)
        return self.control


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_asks_and_the_old_handlers_come_back(
    number: signal.Signals, handlers: list[Any], said: pytest.LogCaptureFixture
) -> None:
    with Interrupt() as mine:
        assert current() != handlers
        assert mine.requests == (False, False)
        signal.raise_signal(number)
        assert mine.signal == number.name
        assert mine.requests == (True, False)
    assert current() == handlers
    assert messages(said) == [f"{number.name}: stopping after this step; send it again to stop at once"]


def test_the_old_handlers_come_back_after_an_error_too(handlers: list[Any]) -> None:
    with pytest.raises(ZeroDivisionError), Interrupt():
        raise ZeroDivisionError
    assert current() == handlers


def test_a_second_signal_at_once_is_an_echo_and_a_later_one_stops(
    handlers: list[Any], clock: Any, said: pytest.LogCaptureFixture
) -> None:
    with Interrupt() as mine:
        signal.raise_signal(signal.SIGTERM)
        clock.now += ECHO / 2
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGINT)
        assert mine.signal == "SIGTERM"
        clock.now += ECHO
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert len(messages(said)) == 1


def test_the_end_of_the_terminal_is_a_request_too(handlers: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    left: list[int] = []
    monkeypatch.setattr(interrupt, "leave_terminal", left.append)
    with Interrupt() as mine:
        signal.raise_signal(signal.SIGHUP)
        assert mine.requests[0]
        assert (mine.signal, left) == ("SIGHUP", [signal.SIGHUP])


def test_a_forked_child_neither_speaks_nor_is_asked(handlers: list[Any], capfd: pytest.CaptureFixture[str]) -> None:
    with Interrupt() as mine:
        child = os.fork()
        if not child:
            for _ in range(2):
                signal.raise_signal(signal.SIGTERM)
            os._exit(7 if mine.signal else 0)
        _, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) == 0
        assert not mine.signal
    assert capfd.readouterr() == ("", "")


def test_outside_the_main_thread_no_handler_is_set(handlers: list[Any]) -> None:
    found = []

    def run() -> None:
        with Interrupt() as mine:
            found.append((current(), mine.requests))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert found == [(handlers, (False, False))]
    assert current() == handlers


def test_nothing_is_asked_for_unless_somebody_does() -> None:
    loop = Loop(Interrupt())
    for number in range(1, 5):
        control = loop.step(number)
        assert not (control.should_save or control.should_training_stop)
    control = loop.epoch(should_evaluate=True)
    assert control.should_evaluate
    assert not (control.should_save or control.should_training_stop)


def test_in_the_middle_of_an_epoch_it_saves_then_stops_and_leaves_the_epochs_end_undone() -> None:
    loop = Loop(mine := Interrupt())
    loop.step(1)
    mine.signal = "SIGTERM"
    control = loop.step(2)
    assert mine.stopping
    assert control.should_save
    assert control.should_training_stop
    control = loop.epoch(should_evaluate=True, should_save=True, should_log=True)
    assert not (control.should_evaluate or control.should_save or control.should_log)


def test_the_checkpoint_itself_does_not_say_that_the_training_ended() -> None:
    mine = Interrupt()
    mine.signal = "SIGINT"
    control = TrainerControl()
    mine.on_step_end(ARGS, SimpleNamespace(global_step=1, max_steps=9), control, train_dataloader=LOADER)
    assert control.should_save
    assert not control.should_training_stop


@pytest.mark.parametrize("wanted", [{}, {"should_save": True}])
def test_at_the_last_step_of_an_epoch_the_save_waits_for_the_evaluation(wanted: dict[str, bool]) -> None:
    loop = Loop(mine := Interrupt())
    mine.signal = "SIGTERM"
    for number in (4, 8):
        mine.stopping = False
        control = loop.step(number, **wanted)
        assert control.should_save == bool(wanted)
        assert not control.should_training_stop
        control = loop.epoch(should_evaluate=True)
        assert control.should_evaluate
        assert control.should_save
        assert control.should_training_stop
        assert mine.stopping


def test_where_all_steps_are_done_there_is_nothing_to_stop() -> None:
    for last in (3, 4):
        loop = Loop(mine := Interrupt(), max_steps=last)
        mine.signal = "SIGTERM"
        loop.step(last)
        control = loop.epoch(should_evaluate=True)
        assert control.should_evaluate
        assert not (control.should_save or mine.stopping)


def test_time_saves_though_the_recipe_does_not_ask_for_it_yet(clock: Any) -> None:
    loop = Loop(mine := Interrupt())
    mine.on_train_begin(ARGS, loop.state, loop.control)
    clock.now += EVERY
    assert not loop.step(1).should_save
    clock.now += 1
    control = loop.step(2)
    assert control.should_save
    assert not control.should_training_stop
    assert not loop.step(3).should_save
    clock.now += EVERY + 1
    assert not loop.step(4).should_save
    control = loop.epoch(should_evaluate=True)
    assert control.should_evaluate
    assert control.should_save
    assert not control.should_training_stop


def test_a_save_that_the_recipe_asks_for_winds_the_clock(clock: Any) -> None:
    loop = Loop(Interrupt())
    clock.now += EVERY - 1
    assert loop.step(1, should_save=True).should_save
    clock.now += EVERY - 1
    assert not loop.step(2).should_save
    clock.now += 2
    assert loop.step(3).should_save


@pytest.mark.parametrize("agreed", [(False, False), (False, True), (True, False), (True, True)])
def test_the_requests_of_all_processes_count_and_not_only_this_ones(agreed: tuple[bool, bool]) -> None:
    stop, save = agreed
    for asked in ("", "SIGTERM"):
        loop = Loop(mine := Interrupt())
        mine.signal, mine.all_requests = asked, agreed
        control = loop.step(1)
        assert control.should_save == (stop or save)
        assert control.should_training_stop == stop
