"""Edits of a text, and the places of its parts afterwards."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from bertkit.understand.robustness.edits import Edit, Edited, overlaps, touches

TEXT = "Anna lives in Berlin."
BERLIN = (14, 20)


@pytest.mark.parametrize(
    ("edits", "text", "place"),
    [
        ([], TEXT, "Berlin"),
        ([Edit(0, 4, "Bo")], "Bo lives in Berlin.", "Berlin"),
        ([Edit(0, 0, "Yes. ")], "Yes. Anna lives in Berlin.", "Berlin"),
        ([Edit(21, 21, " Yes.")], "Anna lives in Berlin. Yes.", "Berlin"),
        ([Edit(15, 16, "3")], "Anna lives in B3rlin.", "B3rlin"),
        ([Edit(19, 20, "nn")], "Anna lives in Berlinn.", "Berlinn"),
        ([Edit(14, 20, "Rome")], "Anna lives in Rome.", "Rome"),
        ([Edit(14, 14, "old ")], "Anna lives in old Berlin.", "Berlin"),
        ([Edit(20, 20, ",")], "Anna lives in Berlin,.", "Berlin"),
        ([Edit(17, 17, " ")], "Anna lives in Ber lin.", "Ber lin"),
        ([Edit(14, 20, "")], "Anna lives in .", ""),
        ([Edit(11, 13, "near"), Edit(20, 21, "")], "Anna lives near Berlin", "Berlin"),
    ],
)
def test_a_span_moves_along(edits: list[Edit], text: str, place: str) -> None:
    edited = Edited(TEXT, edits)
    assert edited.text == text
    span = edited.span(*BERLIN)
    assert span is not None
    assert text[slice(*span)] == place


@pytest.mark.parametrize("edit", [Edit(13, 15, ""), Edit(19, 21, "x"), Edit(11, 21, "there"), Edit(13, 20, " Rome")])
def test_an_edit_across_an_edge_leaves_no_place(edit: Edit) -> None:
    assert Edited(TEXT, [edit]).span(*BERLIN) is None


def test_a_deleted_span_is_empty_where_it_was() -> None:
    assert Edited(TEXT, [Edit(10, 21, "")]).span(*BERLIN) == (10, 10)


def test_of_overlapping_edits_the_first_stays() -> None:
    assert Edited("abc", [Edit(1, 3, "x"), Edit(0, 2, "y"), Edit(0, 0, "1"), Edit(0, 0, "2")]).text == "1yc"


def test_an_edit_without_effect_is_none() -> None:
    assert Edited("abc", [Edit(0, 1, "a"), Edit(1, 1, "")]).edits == []


def test_moved_parts_take_their_spans_along() -> None:
    text = "One in Rome. Two in Oslo. Three."
    swapped = Edited(text, [Edit(0, 12, "Two in Oslo.", origin=13), Edit(13, 25, "One in Rome.", origin=0)])
    assert swapped.text == "Two in Oslo. One in Rome. Three."
    for name in ("Rome", "Oslo", "Three"):
        at = text.index(name)
        span = swapped.span(at, at + len(name))
        assert span is not None
        assert swapped.text[slice(*span)] == name
    assert swapped.span(7, 16) is None


def test_spans_agree_with_markers_put_into_the_text() -> None:
    """Random edits outside and inside of a marked span: the marks say where it is."""
    rng = np.random.default_rng(0)
    old = "".join(map(chr, range(ord("a"), ord("a") + 20)))
    for _ in range(300):
        cuts = sorted(rng.choice(21, size=6, replace=False).tolist())
        edits = [
            Edit(a, b, str(n) * int(rng.integers(0, 4)))
            for n, (a, b) in enumerate(zip(cuts[::2], cuts[1::2], strict=True))
        ]
        edited = Edited(old, edits)
        for start, end in itertools.combinations(range(21), 2):
            span = edited.span(start, end)
            inside = [e for e in edits if e.start >= start and e.end <= end]
            beside = [e for e in edits if e.end <= start or e.start >= end]
            if len(inside) + len(beside) == len(edits):
                assert span is not None
                assert (
                    edited.text[slice(*span)]
                    == Edited(old[start:end], [Edit(e.start - start, e.end - start, e.new) for e in inside]).text
                )


def test_touching_and_overlapping() -> None:
    assert [touches(Edit(a, b, ""), 2, 4) for a, b in ((0, 1), (1, 2), (2, 2), (3, 3), (4, 5), (5, 6))] == [
        False, True, True, True, True, False,
    ]  # fmt: skip
    assert [overlaps(Edit(a, b, ""), 2, 4) for a, b in ((1, 2), (2, 2), (1, 3), (3, 3), (4, 4), (4, 5))] == [
        False, False, True, True, False, False,
    ]  # fmt: skip
