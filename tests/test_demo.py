"""The demo: its data keeps the promises of its README, and (slow) its recipe learns what the README shows."""

from __future__ import annotations

import csv
import re
from collections import Counter
from pathlib import Path

import pytest

import bertkit as package
from bertkit import Predictor, train

FOLDER = Path(package.__file__).parent / "demo" / "support"
SPLITS = ("train", "validation", "test")


def rows(split: str) -> list[dict[str, str]]:
    with (FOLDER / f"{split}.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, strict=True))


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


def test_twelve_intents_evenly_in_every_split() -> None:
    counts = [Counter(row["label"] for row in rows(split)) for split in SPLITS]
    assert [set(count.values()) for count in counts] == [{28}, {8}, {8}]
    assert len(counts[0]) == 12
    assert counts[0].keys() == counts[1].keys() == counts[2].keys()


def test_no_text_stands_twice_and_no_split_shares_five_words_in_a_row() -> None:
    texts = [" ".join(words(row["text"])) for split in SPLITS for row in rows(split)]
    assert len(set(texts)) == len(texts) == 528
    grams = [
        {tuple(w[i : i + 5]) for w in (words(row["text"]) for row in rows(split)) for i in range(len(w) - 4)}
        for split in SPLITS
    ]
    assert not grams[0] & grams[1]
    assert not grams[0] & grams[2]
    assert not grams[1] & grams[2]


@pytest.mark.slow
def test_the_demo_recipe_learns(tmp_path: Path) -> None:
    """One seed; another may differ by several points on 96 rows, so the bar is low: three of four right."""
    run = train("demo/support", output=tmp_path / "run", sets=["train.report_to=none"])
    assert run.metrics["test"]["accuracy"] > 0.75
    answers = Predictor.open(run).predict(["my parcel arrived broken", "I can not log in to my account"])
    assert [answer["label"] for answer in answers] == ["damaged_item", "account_access"]
