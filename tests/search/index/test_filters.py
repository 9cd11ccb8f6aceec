"""Conditions of a user: one, whole, and over columns that are there."""

from __future__ import annotations

import pytest

from bertkit.errors import DataError
from bertkit.search.index.filters import check_filter

COLUMNS = ["id", "text", "year", "lang", "tags", "My Column"]


@pytest.mark.parametrize(
    "where",
    [
        "year >= 2020",
        "year >= 2020 AND lang = 'en'",
        "Year IS NULL OR NOT (lang IN ('en', 'zh'))",
        "text LIKE '%a;b%'",
        "array_has(tags, 'a')",
        "`My Column` = 3",
        "year > date '2026-01-01'",
        "lower(lang) = 'en'",
    ],
)
def test_conditions(where: str) -> None:
    check_filter(where, COLUMNS)


@pytest.mark.parametrize(
    "where",
    [
        *("lang = 'en' year > 2020", "lang = 'en', year > 2020", "lang = 'en'; year > 2020", "id = 'a'; DROP TABLE x"),
        *("lang = 'en') AND (year > 2020", "1=1) OR (1=1", "lang = 'en' LIMIT 1", "year >", "'", "SELECT 1", ";"),
    ],
)
def test_what_is_not_one_condition(where: str) -> None:
    with pytest.raises(DataError, match="is not one condition; write a condition in SQL"):
        check_filter(where, COLUMNS)


def test_columns_that_are_not_there() -> None:
    with pytest.raises(DataError, match=r"yeer: the index has no such column; did you mean year\?"):
        check_filter("yeer > 3", COLUMNS)
    with pytest.raises(DataError, match="bertkit_row: the index has no such column"):
        check_filter("bertkit_row > 3", COLUMNS)
