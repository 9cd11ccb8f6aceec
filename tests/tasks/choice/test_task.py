"""`choice`: scores are those of plain AutoModelForMultipleChoice; answers, figures, sanity checks; SWAG end to end."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from datasets import Dataset

from bertkit import Predictor, train
from bertkit.errors import BertkitError, DataError
from bertkit.inference.score import measure
from bertkit.metrics import find_metric
from bertkit.models.build import load_tokenizer
from bertkit.recipe.load import load
from bertkit.recipe.schema import ModelBlock
from bertkit.tasks.choice.task import Choice, ChoiceOptions
from bertkit.tasks.task import Encoded
from tests.helpers import run_model, write_csv, write_rows

ROWS = [
    {"text": "the parcel is late", "question": "what is late ?", "choices": ["the cat", "the parcel"], "label": 1},
    {"text": "a man plays", "question": "who ?", "choices": ["a man", "my card", "the cat", "hello"], "label": 0},
    {"text": "send the money back", "question": "what ?", "choices": ["money", "a cat", "it"], "label": 0},
]  # fmt: skip


def make(**options: Any) -> Choice:
    return Choice(ChoiceOptions.model_validate(options))


def answers_of(logits: list[list[float]]) -> list[dict[str, Any]]:
    encoded = Encoded([{"row": row} for row in range(len(logits))])
    return make().decode({"logits": [np.array(row) for row in logits]}, encoded, rows_of(logits))


def rows_of(logits: list[list[float]], labels: list[int] | None = None) -> list[dict[str, Any]]:
    texts = [[f"c{i}" for i in range(len(row))] for row in logits]
    return [{"text": "t", "choices": one, "label": (labels or [0] * len(texts))[i]} for i, one in enumerate(texts)]


@pytest.mark.parametrize("padding_free", ["on", "off"])
def test_scores_and_loss_are_those_of_the_plain_model(tiny_bert: Path, padding_free: Any) -> None:
    """Uneven choices, in one batch, against transformers' own head on one padded row after the other."""
    task, tokenizer = make(), load_tokenizer(ModelBlock(name=str(tiny_bert)))
    torch.manual_seed(3)
    model: Any = task.head.build_model(ModelBlock(name=str(tiny_bert), padding_free=padding_free)).eval()
    encoded = task.encode(ROWS, tokenizer, 64, answers=True)
    outputs, loss = run_model(task, model, encoded, task.collator(tokenizer))
    plain, losses = [], []
    for row in ROWS:
        seconds = [f"{row['question']} {choice}" for choice in row["choices"]]
        inputs = tokenizer(
            [row["text"]] * len(seconds), seconds, padding="max_length", max_length=40, return_tensors="pt"
        )
        with torch.inference_mode():
            found = model(**{name: t[None] for name, t in inputs.items()}, labels=torch.tensor([row["label"]]))
        plain.append(found.logits[0])
        losses.append(found.loss)
    for ours, theirs, answer in zip(outputs["logits"], plain, task.decode(outputs, encoded, ROWS), strict=True):
        np.testing.assert_allclose(ours, theirs.numpy(), atol=1e-5)
        assert answer["probabilities"] == pytest.approx(theirs.softmax(0).tolist(), abs=1e-5)
    assert loss["loss"] == pytest.approx(float(torch.stack(losses).mean()), rel=1e-5)


def test_the_bias_that_moves_all_choices_alike_is_not_trained(tiny_bert: Path) -> None:
    model: Any = make().head.build_model(ModelBlock(name=str(tiny_bert)))
    assert not model.classifier.bias.requires_grad
    assert model.classifier.weight.requires_grad


def test_answers() -> None:
    first, second = answers_of([[0.0, 1.0, 0.0], [2.0, 2.0]])
    assert (first["label"], first["text"]) == (1, "c1")
    assert first["probability"] == max(first["probabilities"]) == pytest.approx(0.5761, abs=1e-4)
    assert second == {"label": 0, "text": "c0", "probability": 0.5, "probabilities": [0.5, 0.5], "logits": [2.0, 2.0]}
    task = make()
    assert task.to_columns(second) == {"predicted_label": 0, "predicted_choice": "c0"}
    assert (task.confidence(second), task.candidates(second)) == (0.5, [(0, 0.5), (1, 0.5)])
    assert task.probability_columns(second) == {"probabilities": [0.5, 0.5]}
    assert task.to_columns(second, logits=True) == {**task.to_columns(second), "logits": [2.0, 2.0]}
    assert task.to_text(second) == "0: c0 (0.50)"


def test_figures_of_uneven_rows() -> None:
    task, logits = make(), [[0.0, 9.0], [9.0, 0.0, 0.0], [0.0, 0.0, 0.0, 9.0]]
    metrics = [find_metric(name, task.takes) for name in ("accuracy", "log_loss", "calibration_error")]
    for metric in metrics:
        task.check_metric(metric)
    figures, _ = measure(task, answers_of(logits), rows_of(logits, [1, 0, 0]), metrics)
    assert figures["accuracy"] == pytest.approx(2 / 3)
    assert figures["log_loss"] == pytest.approx(3.0, abs=0.01)


@pytest.mark.parametrize("metric", ["macro_f1", "f1", "matthews", "auc", "glue/rte", "pearson", "squad", "entity_f1"])
def test_metrics_of_classes_are_refused(metric: str) -> None:
    with pytest.raises(BertkitError, match="use accuracy"):
        make().check_metric(find_metric(metric, "labels"))


def test_no_better_than_chance_is_warned_of() -> None:
    """Chance is 1/2 and 1/4 here: 0.375."""
    logits = [[1.0, 0.0], [1.0, 0.0, 0.0, 0.0]] * 2
    (warning,) = make().sanity_checks(answers_of(logits), rows_of(logits, [0, 1, 1, 1]))
    assert warning == "accuracy 0.250: no better than guessing (0.375)"
    assert make().sanity_checks(answers_of(logits), rows_of(logits, [0, 0, 1, 1])) == []


@pytest.mark.parametrize("label", [1, "1", "the parcel"])
def test_labels_by_number_and_by_text_are_the_same(label: Any, tiny_bert: Path) -> None:
    tokenizer = load_tokenizer(ModelBlock(name=str(tiny_bert)))
    (example,) = make().encode([{**ROWS[0], "label": label}], tokenizer, 64, answers=True).examples
    assert example["labels"] == 1


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"text": "a"}, "row 1  choices is missing"),
        ({"text": "a", "choices": ["x"]}, "row 1  choices holds only one choice"),
        ({"text": "a", "choices": "x, y"}, "row 1  choices is not a list of choices: found a text"),
        ({"text": "a", "choices": ["x", "y"]}, "label  the rows have no labels"),
        ({"text": "a", "choices": ["x", "y"], "label": 2}, "row 1  label is the number of no choice"),
    ],
)
def test_rows_that_no_file_held_are_looked_at(row: dict[str, Any], message: str, tiny_bert: Path) -> None:
    with pytest.raises(DataError, match=message):
        make().encode([row], load_tokenizer(ModelBlock(name=str(tiny_bert))), 64, answers=True)


SWAG = ["", "video-id", "fold-ind", "startphrase", "sent1", "sent2", "gold-source"]
SWAG += ["ending0", "ending1", "ending2", "ending3", "label"]
SCENES = [
    ("the parcel is late .", "it", ["is sent again", "plays the cat", "was charged , twice", "is hello"], 0),
    ("a man plays .", "the cat", ["is my card", "is sleeping", "arrives back", "sends the money"], 1),
]


def swag(folder: Path) -> Path:
    """Rows as rowanz/swagaf publishes them, its first column without a name."""
    rows = [
        [i, f"v{i}", i, f"{first} {start}", first, start, "gold", *endings, label]
        for i, (first, start, endings, label) in enumerate(SCENES * 4)
    ]
    return write_csv(folder / "swag.csv", SWAG, rows)


def test_swag_from_file_to_answer(tiny_bert: Path, tmp_path: Path) -> None:
    file = swag(tmp_path)
    sets = ["options.max_length=64", "train.use_cpu=true", "train.report_to=none", "train.num_train_epochs=1"]
    sets += [f"model.name={tiny_bert}", f"data.train={file}", f"data.validation={file}"]
    run = train("choice/swag", sets=sets, output=tmp_path / "run")
    assert run.metrics["rows"] == {"train": 8, "validation": 8}
    assert set(run.metrics["validation"]) == {"accuracy", "loss"}
    assert run.metrics["validation"]["loss"] == pytest.approx(np.log(4), abs=0.3)
    row = {"text": "a man plays .", "question": "the cat", "choices": ["is sleeping", "is my card"]}
    (answer,) = Predictor.open(run).predict([row])
    assert answer["text"] == row["choices"][answer["label"]]
    (turned,) = Predictor.open(run).predict([{**row, "choices": row["choices"][::-1]}])
    assert turned["probabilities"][::-1] == pytest.approx(answer["probabilities"], abs=1e-5)


def test_a_task_learns_to_choose(tiny_bert: Path, tmp_path: Path) -> None:
    """The right choice is the one that says "again", wherever it stands and however many there are."""
    words = ["cat", "parcel", "money", "card", "man"]
    rng = np.random.default_rng(1)
    rows = []
    for _ in range(160):
        given = [words[i] for i in rng.permutation(5)[: rng.integers(2, 5)]]
        label = int(rng.integers(len(given)))
        given[label] = "again"
        rows.append({"text": "hello", "question": "thank you", "choices": given, "label": label})
    file = write_rows(rows, tmp_path / "rows.jsonl")
    sets = [f"data.train={file}", f"data.validation={file}", f"model.name={tiny_bert}", "train.learning_rate=1e-3"]
    sets += ["train.use_cpu=true", "train.report_to=none", "train.num_train_epochs=2"]
    run = train("choice", sets=sets, output=tmp_path / "run")
    assert run.metrics["validation"]["accuracy"] == 1.0


def test_the_recipe_of_swag_reads_its_columns() -> None:
    assert load("choice/swag").data.columns == {
        "text": "sent1", "question": "sent2", "choices": ["ending0", "ending1", "ending2", "ending3"],
    }  # fmt: skip


def test_tiny_rows_are_rows(tmp_path: Path) -> None:
    rows = Dataset.from_list(make().tiny_rows())
    assert {len(choices) for choices in rows["choices"]} == {2, 3, 4}
    assert all(0 <= label < len(choices) for label, choices in zip(rows["label"], rows["choices"], strict=True))


def test_verdicts() -> None:
    logits = [[0.0, 0.0, 9.0], [2.0, 0.0]]
    right, wrong = make().verdicts(answers_of(logits), rows_of(logits, [2, 1]))
    assert (right.text, right.expected, right.predicted, right.score) == ("t", "c2", "c2", 1.0)
    assert (wrong.expected, wrong.predicted, wrong.score) == ("c1", "c0", 0.0)
    assert wrong.confidence == pytest.approx(0.8808, abs=1e-4)


def test_the_right_choices_probability_is_among_those_of_its_row() -> None:
    head = Choice(ChoiceOptions()).head
    logits = torch.tensor([[0.2, 0.8, 0.5, 0.25, 0.25]]).log()
    batch = {"places": torch.tensor([[0, 1, -1], [2, 3, 4]]), "labels": torch.tensor([1, 2])}
    probability, right = head.gold(SimpleNamespace(logits=logits), batch)
    assert probability.tolist() == pytest.approx([0.8, 0.25])
    assert right.tolist() == [True, False]
