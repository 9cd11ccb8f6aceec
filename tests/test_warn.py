"""Warnings are logged, and kept for whoever collects them."""

from __future__ import annotations

import logging

import pytest

from bertkit.warn import about, collect, lines, repeats, warn
from tests.helpers import messages


def test_a_warning_is_logged_and_kept_once_by_all_who_collect(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger("bertkit"), "propagate", True)
    with collect() as outer:
        warn("one")
        with collect() as inner, about("test"):
            warn("two")
            warn("two")
            warn("three", "validation")
    warn("four")
    assert list(dict.fromkeys(messages(caplog))) == ["one", "two", "validation: three", "four"]
    assert inner == [{"split": "test", "message": "two"}, {"split": "validation", "message": "three"}]
    assert outer == [{"split": "", "message": "one"}, *inner]
    assert lines(outer) == ["one", "test: two", "validation: three"]


def test_a_quiet_log_loses_no_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logging.getLogger("bertkit"), "disabled", True)
    with collect() as kept:
        warn("one")
    assert [one["message"] for one in kept] == ["one"]


def test_what_is_warned_of_again_is_known() -> None:
    assert repeats({"split": "test", "message": "poor; train longer"}, {"split": "a, test", "message": "poor"})
    assert not repeats({"split": "test", "message": "poor"}, {"split": "validation", "message": "poor"})
    assert not repeats({"split": "test", "message": "poor"}, {"split": "test", "message": "cut"})
