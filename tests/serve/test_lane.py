"""Why a request is not taken, in words."""

from __future__ import annotations

from bertkit.serve.lane import Full, Load


def test_a_full_queue_says_when_to_come_again() -> None:
    error = Full(2.4)
    assert error.after == 2.4
    assert str(error) == "try again in 2 s"


def test_a_new_load_is_nothing() -> None:
    load = Load()
    assert (load.waiting, load.running, load.tokens, load.batches, load.failures) == (0, 0, 0, 0, 0)
