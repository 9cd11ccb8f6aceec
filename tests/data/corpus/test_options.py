"""Options that contradict each other are refused."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from bertkit.data.corpus import defaults
from bertkit.data.corpus.options import CorpusOptions, checked
from bertkit.errors import DataError, Parameter


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"documents": "line", "join_lines": True}, "join_lines"),
        ({"documents": "file", "empty_lines": 2}, "empty_lines"),
        ({"pairs": "none", "passes": 2}, "passes"),
        ({"max_length": 7}, "max_length"),
        ({"validation_ratio": 1.0}, "validation_ratio"),
        ({"short_share": 1.5}, "short_share"),
        ({"documents": "page"}, "documents"),
    ],
)
def test_options_that_can_not_be(options: dict, what: str) -> None:
    with pytest.raises(ValidationError, match=what):
        CorpusOptions(**options)
    with pytest.raises(DataError) as caught:
        checked(options)
    (problem,) = caught.value.problems
    assert problem.key == Parameter(what)
    assert problem.reason


def test_every_option_has_its_default_in_one_place() -> None:
    names = {name.lower(): value for name, value in vars(defaults).items() if name.isupper()}
    assert CorpusOptions().model_dump() == checked({}).model_dump() == names


def test_defaults_are_those_of_googles_script() -> None:
    options = CorpusOptions()
    assert (options.documents, options.pairs, options.max_length, options.short_share) == (
        "empty_line",
        "nsp",
        128,
        0.1,
    )
