"""Conditions of a user on the documents' columns: checked here, so that the table gets nothing but one whole condition.

LanceDB reads the first complete expression of a text and leaves out what follows, so `lang = 'en' year > 2020` would
find more than was asked for.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from bertkit.errors import DataError, Parameter, did_you_mean
from bertkit.extras import need

WHERE = Parameter("where")
EXAMPLE = "write a condition in SQL over the documents' columns: \"year >= 2020 AND lang = 'en'\""


def check_filter(where: str, columns: Sequence[str]) -> None:
    """Raise a DataError for a text that is not one condition, or that names a column that is not there."""
    sqlglot = need("sqlglot", extra="index", feature="a filter")
    logging.getLogger("sqlglot").setLevel(logging.ERROR)
    try:
        parsed = sqlglot.parse(where, dialect="spark")
    except sqlglot.errors.SqlglotError as error:
        raise DataError.at(WHERE, f"{where}: is not one condition", EXAMPLE) from error
    if len(parsed) != 1 or not isinstance(parsed[0], sqlglot.exp.Condition):
        raise DataError.at(WHERE, f"{where}: is not one condition", EXAMPLE)
    known = {name.casefold() for name in columns}
    for column in parsed[0].find_all(sqlglot.exp.Column):
        if column.name.casefold() not in known:
            raise DataError.at(
                WHERE, f"{column.name}: the index has no such column", did_you_mean(column.name, columns)
            )
