"""The demo of questions: its data is what its recipe says, it learns from it, and its Run answers."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

import bertkit as package
from bertkit.run import Run
from tests.helpers import log_of

FOLDER = Path(package.__file__).parent / "demo" / "squad"
SPLITS = ("train", "validation", "test")
QUICK = ("-s", "train.report_to=none", "-s", "train.num_train_epochs=1", "-s", "train.logging_steps=1")


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


CONTEXT = "Ann fixed the gate on Sunday. Her brother painted it red."
ASKED = ("--question", "Who fixed the gate?", "--context", CONTEXT, "--output", "-")


@pytest.mark.slow
def test_the_demo_recipe_trains_and_its_run_answers(bertkit: Callable, tmp_path: Path) -> None:
    """An epoch in place of twelve: too few to learn from, but its loss falls."""
    run = tmp_path / "run"
    code, _, err = bertkit("train", "demo/squad", "-o", run, *QUICK)
    assert code == 0, err
    losses = [loss for (loss,) in log_of(Run.open(run), "loss")]
    assert losses[-1] < losses[0]
    assert Run.open(run).metrics["validation"]["total"] == 20
    code, out, err = bertkit("predict", run, *ASKED)
    assert code == 0, err
    answer = json.loads(out)
    if answer["predicted_answer"]:
        assert CONTEXT[answer["predicted_start"] : answer["predicted_end"]] == answer["predicted_answer"]


@pytest.mark.slow
def test_the_demo_recipe_learns_and_its_run_answers(bertkit: Callable, tmp_path: Path) -> None:
    run = tmp_path / "run"
    assert bertkit("train", "demo/squad", "-o", run, "-s", "train.report_to=none")[0] == 0
    assert Run.open(run).metrics["validation"]["f1"] > 50
    code, out, err = bertkit("predict", run, *ASKED)
    assert code == 0, err
    answer = json.loads(out)
    assert answer["predicted_answer"] == "Ann"
    assert (answer["predicted_start"], answer["predicted_end"]) == (0, 3)
