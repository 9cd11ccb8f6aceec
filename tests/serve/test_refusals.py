"""What clients are told of exceptions."""

from __future__ import annotations

import pytest

from bertkit.errors import DataError, Parameter, Problem
from bertkit.serve.lane import Closing, Full, Late, TooMuch
from bertkit.serve.refusals import TOLD, Refusal, failed, of_error


@pytest.mark.parametrize(
    ("error", "status", "kind"),
    [
        (Refusal(401, "a key is needed"), 401, "unauthorized"),
        (Refusal(404, "no model"), 404, "not_found"),
        (DataError.at("row 1", "no text", "give one"), 422, "invalid_request"),
        (Full(2.4), 429, "overloaded"),
        (TooMuch(), 413, "too_large"),
        (Late(), 503, "server_error"),
        (Closing(), 503, "server_error"),
        (MemoryError(), 413, "too_large"),
    ],
)
def test_each_exception_has_its_status(error: Exception, status: int, kind: str) -> None:
    found = of_error(error)
    assert found is not None
    assert (found.status, found.kind) == (status, kind)
    assert found.body["error"]["code"] == str(status)  # type: ignore[index]
    assert isinstance(error, TOLD)


def test_those_that_may_try_again_are_told_when() -> None:
    for error, after in ((Full(2.4), "2"), (Full(0.1), "1"), (Late(), "1"), (Closing(), "1")):
        found = of_error(error)
        assert found is not None
        assert found.headers["Retry-After"] == after


def test_a_bug_of_ours_is_none_of_them() -> None:
    assert of_error(KeyError("a")) is None
    assert "request abc" in failed("abc").message


def test_fields_are_named_as_the_client_knows_them() -> None:
    """Not as options of a command line, which is how a Problem words itself."""
    problems = (Problem(Parameter("top_k"), "too many", Parameter("rows")), Problem("row 2", "no text", detail="{}"))
    found = of_error(DataError(*problems))
    assert found is not None
    assert found.message == "top_k: too many; use rows; row 2: no text: {}"
    assert found.param == "top_k"
