"""Words, their weights, and keywords."""

from __future__ import annotations

import math

import numpy as np
import pytest

from bertkit.search.events.words import WordCounts, keywords


def test_weights_are_those_of_the_documents_so_far() -> None:
    lexicon = WordCounts()
    first = lexicon.read("storm storm tree")
    assert first.weights.tolist() == pytest.approx(
        (lambda a, b: [a / math.hypot(a, b), b / math.hypot(a, b)])(1 + math.log(2), 1)
    )
    second = lexicon.read("storm flood")
    storm, flood = math.log(1 + 2 / 2), math.log(1 + 2 / 1)
    assert second.ids.tolist() == [0, 2]
    assert second.weights.tolist() == pytest.approx(
        [storm / math.hypot(storm, flood), flood / math.hypot(storm, flood)]
    )
    assert lexicon.frequencies == [2, 1, 1]
    assert len(lexicon.read("!").ids) == 0


def test_bags_are_added_and_multiplied() -> None:
    lexicon = WordCounts()
    one, other = lexicon.read("a big storm"), lexicon.read("storm over the big lake")
    both = one.plus(other)
    dense = np.zeros((2, len(lexicon.ids)))
    for row, bag in zip(dense, (one, other), strict=True):
        row[bag.ids] = bag.weights
    assert both.weights.tolist() == pytest.approx(dense.sum(0)[both.ids].tolist())
    assert both.counts.sum() == len(one.ids) + len(other.ids)
    assert one.dot(other) == other.dot(one) == pytest.approx(float(dense[0] @ dense[1]))
    empty = lexicon.read("?")
    assert empty.dot(one) == one.dot(empty) == 0
    assert one.plus(empty).ids.tolist() == one.ids.tolist()


def found(own: list[str], others: list[str]) -> list[str]:
    lexicon = WordCounts()
    bags = [lexicon.read(text) for text in own]
    for text in others:
        lexicon.read(text)
    whole = bags[0]
    for bag in bags[1:]:
        whole = whole.plus(bag)
    return keywords(whole, len(own), list(lexicon.ids), lexicon, own)


def test_keywords_are_what_others_lack() -> None:
    own = ["storm odile hits the town", "the storm odile is over", "odile: the damage of the storm"]
    assert found(own, ["the town plays", "a storm of the north", "the race"]) == ["odile", "storm"]
    assert found(own, []) == ["odile", "storm"]  # also where there is nothing else
    assert found(["a cat sleeps"], ["a dog"]) == ["sleeps", "cat"]
    assert found(["5 😀", "5 😀", "5 😀"], []) == []  # neither numbers nor emoji
    assert found(["the fire of the mill", "a fire at the mill"], ["the sea"]) == ["fire", "mill"]  # no function words


def test_chinese_keywords_are_whole() -> None:
    own = ["台风登陆东洲", "东洲台风停电", "台风后的东洲"]
    assert found(own, ["花市开张", "东边的花市"]) == ["东洲", "台风"]
    own = ["地铁九号线开通", "试乘地铁九号线", "地铁九号线客流"]
    assert found(own, ["花市"]) == ["地铁九号线"]  # longer than all words that are counted
    own = ["“玉兰一号”月球探测器升空", "月球探测器“玉兰一号”入轨", "“玉兰一号”月球探测器"]
    assert found(own, ["花市"]) == ["玉兰一号", "月球探测器"]
