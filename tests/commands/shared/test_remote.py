"""Options that do not go with `--url`."""

from __future__ import annotations

import pytest

from bertkit.commands.shared import remote
from bertkit.errors import DataError


def test_options_of_a_model_that_is_elsewhere() -> None:
    remote.check("answers.csv", ray=None, precision=False)
    with pytest.raises(DataError, match="has no effect beside --url"):
        remote.check("answers.csv", ray="auto")


def test_tags_come_as_a_column() -> None:
    with pytest.raises(DataError, match=r"answers.conll: a server gives tags as a column"):
        remote.check("answers.conll")


def test_without_an_address_there_is_no_client() -> None:
    with remote.client_of(None) as client:
        assert client is None
