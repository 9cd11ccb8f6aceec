"""Near-duplicates against a comparison of all pairs."""

from __future__ import annotations

import itertools
import random

import pytest

from bertkit.data.check import near
from bertkit.data.check.near import CHARACTERS, LIKE, joining_pairs, near_duplicates

WORDS = [
    "where",
    "is",
    "my",
    "parcel",
    "money",
    "back",
    "please",
    "send",
    "late",
    "again",
    "card",
    "charged",
    "two",
    "times",
    "hello",
    "thank",
    "you",
    "cat",
]


def alike(one: str, other: str) -> float:
    a, b = ({text[i : i + 3] for i in range(max(1, len(text) - 2))} for text in (one, other))
    return len(a & b) / len(a | b)


def some_texts(count: int, seed: int) -> list[str]:
    """Random sentences; every third is an earlier one with a word changed, added or taken out."""
    draw = random.Random(seed)
    texts: list[str] = []
    for number in range(count):
        words = [draw.choice(WORDS) for _ in range(draw.randint(4, 30))]
        if number % 3 == 2:
            words = draw.choice(texts).split()
            words[draw.randrange(len(words))] = draw.choice([*WORDS, ""])
        texts.append(" ".join(filter(None, words)))
    return list(dict.fromkeys(texts))


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_those_that_all_pairs_show_are_found(seed: int) -> None:
    texts = some_texts(400, seed)
    expected = {later for earlier, later in itertools.combinations(range(len(texts)), 2)
                if alike(texts[earlier], texts[later]) >= LIKE}  # fmt: skip
    found = near_duplicates([(text,) for text in texts])
    assert all(earlier < later and alike(texts[earlier], texts[later]) >= LIKE for later, earlier in found)
    assert {later for later, _ in found} <= expected
    assert len(found) >= 0.97 * len(expected) > 50


def test_a_pair_is_alike_only_if_both_texts_are() -> None:
    context = "the parcel is late again and nobody knows where it is " * 9
    keys = [(context, "where is it"), (context, "who is late"), (context + "!", "where is it?"), ("x", "where is it")]
    assert near_duplicates(keys) == [(2, 0)]


def test_the_same_texts_are_no_near_duplicates() -> None:
    assert near_duplicates([("hello there",), ("hello there",), ("hello there.",), ("hello there",)]) == [(2, 0)]


@pytest.mark.parametrize("keys", [[], [("a",)], [(), ()], [("",), ("a",), ("ab",), ("\ud800 x",)]])
def test_few_and_short_texts(keys: list[tuple[str, ...]]) -> None:
    assert near_duplicates(keys) == []


def test_chinese() -> None:
    texts = ["我的包裹在哪里，为什么还没有到", "我的包裹在哪里，为什么还没有到？", "我要退款"]
    assert near_duplicates([(text,) for text in texts]) == [(1, 0)]


def test_the_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    long = " ".join(random.Random(0).choices(WORDS, k=CHARACTERS))
    assert near_duplicates([(long + " one" * 99,), (long + " two" * 99,)]) == [(1, 0)], "the beginnings are compared"
    monkeypatch.setattr(near, "ROWS", 2)
    texts = ["hello there", "where is my parcel", "hello there."]
    assert near_duplicates([(text,) for text in texts]) == [(2, 0)], "the first and the last are looked at"


def test_likeness_is_that_of_the_least_alike_texts() -> None:
    one, other = ("where is my parcel", "hello"), ("where is my parcels", "hello")
    assert near.likeness(one, other) == pytest.approx(alike(one[0], other[0]))
    assert near.likeness(one, ("where is my parcel", "good bye")) == 0
    assert near.likeness(one, one) == 1


def test_joining_pairs_join_all_that_are_alike() -> None:
    text = "where is my parcel that was sent on monday"
    keys = [("abc def " + text,), (text + " xyz uvw",), (text,), ("abc def " + text,), ("quite another one",)]
    assert near_duplicates(keys) == [(2, 0)]
    assert sorted(joining_pairs(keys)) == [(2, 0), (2, 1)]
    assert joining_pairs([]) == joining_pairs([("a",)]) == []
