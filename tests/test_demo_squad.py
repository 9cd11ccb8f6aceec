"""The demo of questions: its data is what its recipe says, and (slow) it learns."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import bertkit as package
from bertkit import Predictor, train

FOLDER = Path(package.__file__).parent / "demo" / "squad"


def test_a_hundred_questions_of_twenty_passages() -> None:
    data = {split: json.loads((FOLDER / f"{split}.json").read_text("utf-8"))["data"] for split in SPLITS}
    paragraphs = [article["paragraphs"][0] for articles in data.values() for article in articles]
    questions = [(question, p["context"]) for p in paragraphs for question in p["qas"]]
    assert {split: len(articles) for split, articles in data.items()} == {"train": 12, "validation": 4, "test": 4}
    assert len({question["id"] for question, _ in questions}) == len({q["question"] for q, _ in questions}) == 100
    assert sum(question["is_impossible"] for question, _ in questions) == 31
    for question, context in questions:
        for answer in question["answers"]:
            assert context.startswith(answer["text"], answer["answer_start"])
            assert context.count(answer["text"]) == 1


SPLITS = ("train", "validation", "test")


@pytest.mark.slow
def test_the_demo_recipe_learns(tmp_path: Path) -> None:
    run = train("demo/squad", output=tmp_path / "run", sets=["train.report_to=none"])
    assert run.metrics["validation"]["f1"] > 50
    context = "Ann fixed the gate on Sunday. Her brother painted it red."
    assert Predictor(run).predict([("Who fixed the gate?", context)])[0]["answer"] == "Ann"
