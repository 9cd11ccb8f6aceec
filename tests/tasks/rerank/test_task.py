"""`rerank`: grades, losses, scores, metrics over queries and what is warned of."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from bertkit import Predictor, train
from bertkit.data.read.rows import Unusable
from bertkit.errors import DataError, RecipeError
from bertkit.metrics import METRICS
from bertkit.models.build import load_tokenizer
from bertkit.recipe.schema import DataBlock, ModelBlock
from bertkit.tasks.task import Encoded
from tests.helpers import make, tiny_recipe, warnings, write_rows

Row = dict[str, Any]


@pytest.fixture
def tokenizer(tokenizer_folder: Path) -> Any:
    return load_tokenizer(ModelBlock(name=str(tokenizer_folder)))


def task(**options: Any) -> Any:
    return make("rerank", options)


def rows(*graded: tuple[str, float]) -> list[Row]:
    """A row for each (query, grade); texts differ."""
    return [{"query": q, "text": f"text {i}", "score": float(g)} for i, (q, g) in enumerate(graded)]


def answers(*scores: float) -> list[Row]:
    return [{"score": score, "logit": score} for score in scores]


def decoded(logits: list[float], owners: list[int] | None = None, **options: Any) -> list[Row]:
    owners = owners or [*range(len(logits))]
    encoded = Encoded([{"row": row} for row in owners])
    own = rows(*[("q", 0)] * (max(owners) + 1))
    return task(**options).decode({"logits": [np.array([x]) for x in logits]}, encoded, own)


def test_a_score_is_the_sigmoid_of_the_logit() -> None:
    logits = [-1000.0, -2.0, 0.0, 3.0, 1000.0]
    found = decoded(logits)
    assert [answer["score"] for answer in found] == pytest.approx([0, 0.1192029, 0.5, 0.9525741, 1])
    assert [answer["logit"] for answer in found] == logits


@pytest.mark.parametrize("options", [{"loss": "squared_error"}, {"activation": "identity"}])
def test_or_the_logit_itself(options: Row) -> None:
    assert decoded([-2.0, 3.5], **options) == answers(-2.0, 3.5)
    assert decoded([0.0], loss="squared_error", activation="sigmoid")[0]["score"] == 0.5


def test_the_best_window_counts() -> None:
    found = decoded([1.0, 3.0, -1.0], [0, 0, 1], activation="identity")
    assert found == answers(3.0, -1.0)
    assert decoded([1.0, 3.0, -1.0], [0, 0, 1], activation="identity", window_pooling="mean") == answers(2.0, -1.0)


def labels(own: list[Row], tokenizer: Any, **options: Any) -> list[float]:
    one = task(**options)
    one.prepare(rows(("q", 0), ("q", 2)), DataBlock())
    return [float(example["labels"]) for example in one.encode(own, tokenizer, 64, answers=True).examples]


def test_grades_are_scaled_by_the_greatest_of_the_training(tokenizer: Any) -> None:
    own = rows(("q", 0), ("q", 1), ("q", 2), ("q", 3))
    assert labels(own, tokenizer) == [0, 0.5, 1, 1]
    assert labels(own, tokenizer, loss="squared_error") == [0, 1, 2, 3]


def test_the_query_comes_first_and_is_in_every_window(tokenizer: Any) -> None:
    own = [{"query": "where is my parcel ?", "text": "a man plays the parcel is late " * 9, "score": 1.0}]
    one = task(long_text="windows", max_length=20, window_overlap=3)
    examples = one.encode(own, tokenizer, 64, answers=False).examples
    texts = [tokenizer.decode(example["input_ids"]) for example in examples]
    assert len(texts) > 3
    assert all(text.startswith("[CLS] where is my parcel? [SEP]") for text in texts)
    assert [int(example["token_type_ids"].sum()) > 0 for example in examples] == [True] * len(texts)


def test_losses() -> None:
    logits, grades = torch.tensor([[0.3], [-1.2]]), torch.tensor([0.5, 0.0])
    outputs = type("Outputs", (), {"logits": logits})
    binary = -(0.5 * math.log(torch.sigmoid(logits[0]).item()) + 0.5 * math.log(torch.sigmoid(-logits[0]).item()))
    binary -= math.log(torch.sigmoid(-logits[1]).item())
    assert task().head.losses(outputs, {"labels": grades}).tolist() == pytest.approx([binary])
    squared = (0.3 - 0.5) ** 2 + 1.2**2
    assert task(loss="squared_error").head.losses(outputs, {"labels": grades}).tolist() == pytest.approx([squared])


def test_a_loss_of_the_users_own(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text("def absolute(logits, labels):\n    return (logits.squeeze(-1) - labels).abs()\n", "utf-8")
    one = task(loss=f"{file}:absolute")
    outputs = type("Outputs", (), {"logits": torch.tensor([[0.5], [2.0]])})
    assert one.head.losses(outputs, {"labels": torch.tensor([1.0, 0.0])}).tolist() == [2.5]
    assert (one.options.scales, one.options.score_by) == (False, "sigmoid")


def test_metrics_rank_the_documents_of_each_query() -> None:
    """Grades in order of score: 0, 2 for b; 1 for a."""
    own = rows(("b", 2), ("a", 1), ("b", 0))
    scores, references = task().compare(answers(0.1, 0.3, 0.8), own, "ranking")
    assert references.tolist() == [[0, 2], [1, 1], [0, 0]]
    assert METRICS["mrr@10"](scores, references)["mrr@10"] == 0.75
    assert task().compare(answers(0.1, 0.3, 0.8), own, "scores")[1].tolist() == [2, 1, 0]


def test_metrics_of_labels_are_refused() -> None:
    for name in (*task().metrics, "recall@100", "pearson"):
        task().check_metric(METRICS[name])
    with pytest.raises(RecipeError, match=r"accuracy: scores labels, not rankings; use ndcg@10, mrr@10"):
        task().check_metric(METRICS["accuracy"])


@pytest.mark.parametrize("grade", [-1, 0.5])
def test_what_is_no_grade(grade: float) -> None:
    own = [{**row, "place": f"dev.csv:{i}"} for i, row in enumerate(rows(("q", 0), ("q", grade)), 2)]
    with pytest.raises(
        DataError, match=rf"dev.csv:3  train: score {grade} is no grade; grades are whole numbers from 0"
    ):
        task().check(own, "train")


def test_one_grade_teaches_nothing() -> None:
    for grade in (0, 1):
        one, own = task(), rows(("q", grade), ("r", grade))
        one.prepare(own, DataBlock())
        with pytest.raises(DataError, match=f"all 2 scores are {grade}: there is nothing to learn; add documents"):
            one.check_learnable(own, DataBlock())
    task().check_learnable(rows(("q", 0), ("q", 1)), DataBlock())


def test_queries_without_a_relevant_document_are_counted(caplog: pytest.LogCaptureFixture) -> None:
    own = rows(("a", 1), ("b", 0), ("c", 0), ("a", 0))
    task().check(own, "train")
    assert warnings(caplog) == []
    task().check(own, "validation")
    expected = "2 of 3 queries have no relevant document (score above 0): they are left out of the figures"
    assert warnings(caplog) == [f"validation: {expected}"]
    with pytest.raises(DataError, match=r"test  no query has a relevant document \(score above 0\); is this the right"):
        task().check(own[1:3], "test")


def test_findings() -> None:
    own = rows(("a", 1), ("a", 0), ("a", 2), ("b", 1), ("c", 1), ("c", 1))
    assert task().findings(own) == [
        "queries: 3, documents per query: 2.0 (at most 3)",
        "grades: 0 (1), 1 (4), 2 (1)",
        "queries with one document only, whose order can not be wrong: 1",
        "queries whose documents all have the same grade: 1",
    ]


def test_verdicts_count_the_pairs_in_order() -> None:
    """Of query a: grades 2, 1, 0 with scores 0.5, 0.9, 0.5. The first is below 1 and ties with 0: 0.5 of 2."""
    own = rows(("a", 2), ("a", 1), ("a", 0), ("b", 1), ("b", 1))
    found = task().verdicts(answers(0.5, 0.9, 0.5, 0.1, 0.2), own)
    assert [verdict.score for verdict in found] == [0.25, 0.5, 0.75, 1, 1]
    assert found[0][:3] == ("a | text 0", "2", "0.5")


def test_pairs_are_counted_as_one_by_one() -> None:
    draw = np.random.default_rng(0)
    graded = np.stack([draw.integers(12, size=200), draw.integers(4, size=200)], axis=1)
    scores = draw.integers(9, size=200) / 4
    from bertkit.tasks.rerank.grades import right_pairs

    pairs, right = right_pairs(scores, graded)
    for i, (query, grade) in enumerate(graded):
        others = [j for j, (q, g) in enumerate(graded) if q == query and g != grade]
        order = [np.sign(scores[i] - scores[j]) * np.sign(grade - graded[j, 1]) for j in others]
        assert (pairs[i], right[i]) == (len(others), sum((1 + one) / 2 for one in order))


@pytest.mark.parametrize(
    ("scores", "warning"),
    [
        ((0.9, 0.1, 0.8, 0.2), []),
        ((0.5, 0.5, 0.5, 0.5), ["all 4 scores are the same"]),
        ((0.9, 0.1, 0.2, 0.8), ["0.500 of the pairs of documents are in the right order: no better than chance (0.5)"]),
        ((0.1, 0.9, 0.2, 0.8), ["0.000 of the pairs of documents are in the right order: no better than chance (0.5)"]),
    ],
)
def test_sanity_checks(scores: tuple[float, ...], warning: list[str]) -> None:
    assert task().sanity_checks(answers(*scores), rows(("a", 1), ("a", 0), ("b", 2), ("b", 1))) == warning


def test_nothing_to_compare_is_no_warning() -> None:
    assert task().sanity_checks(answers(0.5, 0.5), rows(("a", 1), ("b", 1))) == []


def test_columns_of_an_answer() -> None:
    one = task()
    assert one.to_columns({"score": 0.25, "logit": -1.1}) == {"predicted_score": 0.25}
    assert one.to_columns({"score": 0.25, "logit": -1.1}, logits=True) == {"predicted_score": 0.25, "logit": -1.1}
    assert one.parse({"predicted_score": "0.25"}, {}) == {"score": 0.25}
    with pytest.raises(Unusable, match="not a number: 'high'"):
        one.parse({"predicted_score": "high"}, {})
    assert one.to_text({"score": 0.25}) == "0.2500"


def test_a_split_keeps_queries_whole(tiny_bert: Path, tmp_path: Path) -> None:
    own = [{"query": f"query {q}", "text": f"text {d}", "score": int(d == q % 3)} for d in range(3) for q in range(12)]
    file = write_rows(own, tmp_path / "train.jsonl")
    recipe = tiny_recipe("rerank", {}, tiny_bert, tmp_path)
    data = recipe.data.model_copy(update={"train": [str(file)], "validation": None, "validation_ratio": 0.25})
    splits = task().read(recipe.model_copy(update={"data": data}))
    queries = {name: set(part["query"]) for name, part in splits.items()}
    assert (len(queries["train"]), len(queries["validation"])) == (9, 3)
    assert not queries["train"] & queries["validation"]
    assert len(splits["validation"]) == 9
    limit = data.limit.model_copy(update={"train": 10, "validation": 7})
    splits = task().read(
        recipe.model_copy(update={"data": data.model_copy(update={"limit": limit, "test": [str(file)]})})
    )
    assert {name: len(part) for name, part in splits.items()} == {"train": 6, "validation": 3, "test": 36}
    assert not set(splits["train"]["query"]) & set(splits["validation"]["query"])


def test_a_training_ranks_and_a_file_of_predictions_scores_the_same(
    tiny_bert: Path, tmp_path: Path, bertkit: Any
) -> None:
    recipe = tiny_recipe("rerank", {}, tiny_bert, tmp_path, repeat=30, num_train_epochs=4)
    run = train(recipe, output=tmp_path / "run")
    figures = run.metrics["validation"]
    assert figures["ndcg@10"] > 0.9
    low, high = run.metrics["intervals"]["validation"]["ndcg@10"]
    assert low <= figures["ndcg@10"] <= high
    assert list(figures)[:3] == ["ndcg@10", "mrr@10", "map"]
    dev, out = tmp_path / "rerank-dev.jsonl", tmp_path / "out.jsonl"
    assert bertkit("predict", str(run.path), str(dev), "--output", str(out))[0] == 0
    arguments = ["--on", str(run.recipe_file), "--data", str(dev), "--reference"]
    code, _, err = bertkit("eval", str(out), *arguments, "--output", str(tmp_path / "eval.json"))
    assert code == 0, err
    again = json.loads((tmp_path / "eval.json").read_text("utf-8"))
    assert again["figures"]["ndcg@10"] == pytest.approx(figures["ndcg@10"])
    assert {one["by"] for one in again["reference"]} == {"ir-measures"}
    scored = Predictor.open(run).predict([("where is my parcel ?", "the parcel is late again")])
    assert scored[0].keys() == {"score", "logit"}
