"""What a server is told, and mistakes in it."""

from __future__ import annotations

import pytest

from bertkit.errors import Parameter, RunError
from bertkit.serve.settings import ENVIRONMENT, from_environment, named, settings_of

RUNS = Parameter("models")


def test_names_are_those_of_folders_or_given() -> None:
    found = named(["runs/support", "mine=runs/a/", "hub:org/name", "package:some/model"], RUNS)
    assert found == {
        "support": "runs/support",
        "mine": "runs/a/",
        "name": "hub:org/name",
        "model": "package:some/model",
    }


@pytest.mark.parametrize(
    ("sources", "part"),
    [
        (["runs/a", "other/a"], "two are called a"),
        (["mine="], "nothing after the name"),
        (["a b=runs/a"], "no name for an address"),
        (["ü=runs/a"], "no name for an address"),
    ],
)
def test_names_that_can_not_be_used(sources: list[str], part: str) -> None:
    with pytest.raises(RunError, match=part):
        named(sources, RUNS)


def test_values_that_can_not_be_used() -> None:
    with pytest.raises(RunError, match="greater than 0") as refused:
        settings_of({"timeout": -1, "grace": "soon"})
    assert [str(problem.key) for problem in refused.value.problems] == ["timeout", "grace"]


@pytest.mark.parametrize(
    ("text", "part"),
    [("", "not set"), ("{", "is no JSON"), ('{"modles": {}}', "modles"), ('{"models": {"a/b": "runs/a"}}', "address")],
)
def test_an_environment_that_can_not_be_used(text: str, part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ENVIRONMENT, text)
    with pytest.raises(RunError, match=part):
        from_environment()
