"""pydantic's complaints in a user's words."""

from __future__ import annotations

from typing import Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from bertkit.recipe.schema_problems import schema_problems
from bertkit.recipe.source import YamlValues


class Inner(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    size: int = Field(default=1, ge=1, lt=10)
    kind: Literal["plain", "fast"] = "plain"


class Outer(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    name: str = Field(min_length=1)
    inner: Inner = Inner()
    words: list[str] = []
    on: bool = False

    @model_validator(mode="after")
    def _check(self) -> Outer:
        if self.on and self.words:
            raise ValueError("words do not go with on")
        return self


def problems(values: dict[str, object], places: dict[tuple[str, ...], str] | None = None) -> list[str]:
    with pytest.raises(ValidationError) as caught:
        Outer.model_validate(values)
    return [str(one) for one in schema_problems(caught.value, Outer, YamlValues(values, places or {}))]


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"name": "x", "inner": {"siz": 2}}, "inner.siz  no such key; did you mean size?"),
        ({"name": "x", "inner": {"size": 0}}, "inner.size  must be at least 1, got 0"),
        ({"name": "x", "inner": {"size": 10}}, "inner.size  must be below 10, got 10"),
        ({"name": "x", "inner": {"size": "2"}}, "inner.size  expected a whole number, got '2'"),
        ({"name": "x", "inner": {"kind": "slow"}}, "inner.kind  no such value: 'slow'; one of 'plain' or 'fast'"),
        (
            {"name": "x", "inner": None},
            "inner  expected a block of keys, got nothing; write keys below it, or leave it out",
        ),
        ({"name": "x", "words": "one"}, "words  expected a list, got 'one'; write [one, two]"),
        ({"name": "x", "on": "yes"}, "on  expected true or false, got 'yes'"),
        ({"name": 3}, 'name  expected a text, got 3; write it in quotes: "3"'),
        ({"name": ""}, "name  is empty; give it a value, or leave it out"),
    ],
)
def test_each_kind_of_mistake(values: dict[str, object], told: str) -> None:
    (got,) = problems(values)
    assert got == told


def test_a_missing_key_is_named_and_an_example_is_pointed_to() -> None:
    (told,) = problems({"inner": {}})
    assert told.startswith("name")
    assert "missing" in told


def test_all_at_once_each_with_its_place_and_keys_that_do_not_go_together_at_the_last_of_them() -> None:
    values = {"name": "", "inner": {"size": 0}}
    told = problems(values, {("name",): "a.yaml:1", ("inner", "size"): "a.yaml:3"})
    assert [one.split()[0] for one in told] == ["a.yaml:1", "a.yaml:3"]
    (told,) = problems({"name": "x", "on": True, "words": ["a"]}, {("on",): "a.yaml:2", ("words",): "a.yaml:3"})
    assert told.startswith("a.yaml:3") and told.endswith("words do not go with on")
