from __future__ import annotations

import datetime
import json

import pytest

from bertkit.data.read.json_text import Repeated, describe, parse, reason


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (None, "nothing"),
        (True, "true or false"),
        (1, "a number"),
        (1.5, "a number"),
        ("", "a text"),
        ([], "a list"),
        ({}, "an object"),
        (Repeated(), "an object"),
        (datetime.date(2020, 1, 1), "of type date"),
    ],
)
def test_values_are_named(value, name):
    assert describe(value) == name


def test_a_key_that_stands_twice_is_found_at_any_depth():
    value = parse('{"a": [{"b": 1, "b": 2}]}')
    assert not isinstance(value, Repeated)
    assert str(value["a"][0].problem("a:1")) == "a:1  a key occurs twice in one object: 'b'; keep one of them"


def test_reasons():
    with pytest.raises(json.JSONDecodeError) as caught:
        parse("[1,]")
    assert reason(caught.value).startswith(
        "Illegal trailing comma" if "trailing" in str(caught.value) else "Expecting value"
    )
    assert reason(RecursionError()) == "nested deeper than 100 levels"


@pytest.mark.parametrize("text", ["[" * 150 + "]" * 150, "[" * 100_000, '{"a": ' * 150 + "1" + "}" * 150])
def test_deep_values_are_no_rows(text):
    with pytest.raises((ValueError, RecursionError)) as caught:
        parse(text)
    assert reason(caught.value) == "nested deeper than 100 levels"


def test_a_long_list_is_not_deep():
    assert parse(json.dumps([[word] for word in range(500)]))[499] == [499]
