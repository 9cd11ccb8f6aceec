"""What commands that answer the rows of a file check first."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from bertkit.commands.shared import bulk
from bertkit.errors import DataError


def test_names_of_columns() -> None:
    assert bulk.names_of(None) is None
    assert bulk.names_of("a, b,") == ("a", "b")
    assert bulk.names_of("") == ()


@pytest.mark.parametrize(
    ("check", "said"),
    [
        (partial(bulk.check_processes, "-"), "--processes  needs a file"),
        (partial(bulk.check_processes, None), "--processes  needs a file"),
        (partial(bulk.check_ray, "-", "out.csv"), "--ray  answers the rows of a file"),
        (partial(bulk.check_ray, "rows.csv", None), "--ray  writes a file"),
    ],
)
def test_what_does_not_go_together(check: Callable[[], None], said: str) -> None:
    with pytest.raises(DataError) as error:
        check()
    assert said in str(error.value)


def test_a_closed_standard_output(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk.console, "closed", {"stdout"})
    bulk.check_stdout("out.csv")
    with pytest.raises(DataError, match="is closed"):
        bulk.check_stdout("-")
