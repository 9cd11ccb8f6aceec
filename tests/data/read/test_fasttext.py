from __future__ import annotations

import logging

from bertkit.data.read.readers import read_records
from bertkit.recipe.schema import DataBlock


def rows(path: str, **options: object) -> list[tuple[str, int, str, list[str] | None]]:
    records = read_records([path], DataBlock(**options))
    return [(r.place, r.number, r.values["text"], r.values["label"]) for r in records]


def test_every_word_with_the_prefix_is_a_label(write, caplog):
    content = "__label__pos a  fine film\n\n__label__neg __label__long\tdull\nslow __label__neg pace\nno label\n"
    path = write("a.fasttext", content)
    assert rows(path, format="fasttext") == [
        ("a.fasttext:1", 1, "a  fine film", ["pos"]),
        ("a.fasttext:3", 2, "dull", ["neg", "long"]),
        ("a.fasttext:4", 3, "slow pace", ["neg"]),
        ("a.fasttext:5", 4, "no label", None),
    ]
    assert caplog.messages == ["blank lines skipped: 1 (a.fasttext:2)"]


def test_a_prefix_within_a_word_and_one_without_a_name_are_text(write):
    path = write("a.fasttext", "__label__pos x__label__y __label__ z\n__label__only\n")
    assert [row[2:] for row in rows(path, format="fasttext")] == [("x__label__y __label__ z", ["pos"]), ("", ["only"])]


def test_plain_text_that_begins_with_a_label_is_recognised_and_logged(write, caplog):
    path = write("a.txt", "__label__pos a fine film\n")
    with caplog.at_level(logging.INFO, "bertkit"):
        assert rows(path) == [("a.txt:1", 1, "a fine film", ["pos"])]
    assert caplog.messages == ["a.txt: lines begin with __label__, read as data.format=fasttext"]
    (record,) = read_records([path], DataBlock(format="text"))
    assert record.values == {"text": "__label__pos a fine film"}
