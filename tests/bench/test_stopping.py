"""A signal stops a suite: at once between two trainings, and after a training that took it for itself."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from bertkit.bench import stopping as module
from bertkit.bench.stopping import Stopping
from bertkit.errors import Stopped

NUMBERS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@pytest.mark.parametrize("number", NUMBERS)
def test_a_signal_raises_and_the_handlers_come_back(number: signal.Signals, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "leave_terminal", lambda number: None)
    outer = signal.signal(signal.SIGHUP, signal.SIG_DFL)  # the tests may run under nohup
    before = [signal.getsignal(each) for each in NUMBERS]
    with pytest.raises(Stopped, match=f"{number.name}: stopped; the same command goes on"), Stopping():
        os.kill(os.getpid(), number)
    assert [signal.getsignal(each) for each in NUMBERS] == before
    signal.signal(signal.SIGHUP, outer)
    assert signal.set_wakeup_fd(-1) == -1


def test_one_that_a_training_took_is_seen_after_it() -> None:
    with Stopping() as stopping:
        stopping.check()
        outer = signal.signal(signal.SIGTERM, lambda *_: None)  # as training/interrupt.py does
        os.kill(os.getpid(), signal.SIGTERM)
        signal.signal(signal.SIGTERM, outer)
        with pytest.raises(Stopped, match="SIGTERM"):
            stopping.check()
        stopping.check()  # told once


def test_in_another_thread_it_does_nothing() -> None:
    said: list[str] = []

    def work() -> None:
        with Stopping() as stopping:
            stopping.check()
            said.append("done")

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert said == ["done"]
