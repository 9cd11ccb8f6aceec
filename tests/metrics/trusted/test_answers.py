"""The rules of the official scripts, by hand."""

from __future__ import annotations

import pytest

from bertkit.metrics.trusted.answers import CMRC, V1, V2


@pytest.mark.parametrize(
    ("predicted", "golds", "f1", "exact"),
    [
        ("The Cat!", ["a cat"], 100, 100),  # articles, case and punctuation do not count
        ("black cat", ["cat", "dog"], 200 / 3, 0),  # precision 1/2, recall 1; the best gold counts
        ("dog", ["cat"], 0, 0),
    ],
)
def test_squad(predicted: str, golds: list[str], f1: float, exact: float) -> None:
    assert V1.function([predicted], [golds]) == {"f1": pytest.approx(f1), "exact_match": exact}


def test_no_answer_is_right_in_version_2_alone() -> None:
    assert V2.function(["", "cat"], [[], [""]]) == {"f1": 50, "exact": 50}
    assert V2.function(["the"], [["the", "cat"]]) == {"f1": 0, "exact": 0}, "a gold without words is left out"


def test_cmrc() -> None:
    """Characters; the longest common run counts: 大学 of 北京大学 and of 大学生: 2/3 and 2/4."""
    assert CMRC.function(["大学生"], [["北京大学"]]) == {
        "F1": pytest.approx(100 * 2 * (2 / 3) * 0.5 / (2 / 3 + 0.5)),
        "EM": 0,
    }
    assert CMRC.function(["《红楼梦》。"], [["红楼梦"]]) == {"F1": 100, "EM": 100}


def test_what_nltk_would_cut_is_explained() -> None:
    assert CMRC.explains is not None
    assert CMRC.explains(["北京 2008"], [["北京"]]) == ""
    assert "nltk" in CMRC.explains(["AT&T"], [["AT"]])
