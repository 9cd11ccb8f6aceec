"""Silence, and that it ends."""

from __future__ import annotations

import logging
import warnings

import pytest

from bertkit.shrink.quiet import quiet


def test_nothing_is_heard_within_and_all_afterwards(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    root = logging.getLogger()
    before = list(root.handlers)
    with quiet():
        print("hello")  # noqa: T201
        logging.warning("advice")
        warnings.warn("more advice", stacklevel=1)
        root.addHandler(logging.NullHandler())
    assert capsys.readouterr() == ("", "")
    assert not caplog.records
    assert root.handlers == before
    logging.getLogger("other").warning("heard")
    assert [record.getMessage() for record in caplog.records] == ["heard"]


def test_it_ends_with_an_error_too() -> None:
    with pytest.raises(ValueError), quiet():
        raise ValueError
    assert logging.getLogger().manager.disable == 0
