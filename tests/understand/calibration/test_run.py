"""The record of a Run, held to figures that are computed by hand from its answers."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from bertkit import Predictor, Run, train
from bertkit.errors import DataError, RunError
from bertkit.metrics.classification import confidence_error
from bertkit.tasks import texts
from bertkit.tasks.confidence.abstention import threshold_of
from bertkit.tasks.ner.task import Ner
from bertkit.understand.calibration.run import error_span, judge
from tests.helpers import tiny_recipe, write_rows


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    texts = {"delivery": "where is my parcel", "refund": "i want my money back", "other": "hello"}
    draw = np.random.default_rng(0)
    words = ["where", "is", "my", "parcel", "late", "money", "card", "again", "please", "send", "hello", "thank", "you"]
    some = [
        {"text": f"{texts[label]} {' '.join(draw.choice(words, 3))}", "label": str(draw.choice([label, label, other]))}
        for label, other in draw.choice([*texts], (150, 2))
    ]
    return write_rows(some, tmp_path_factory.mktemp("rows") / "more.jsonl")


@pytest.fixture(scope="module")
def calibrated(tiny_bert: Path, rows: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("calibrated")
    recipe = tiny_recipe("classify", {}, tiny_bert, folder, num_train_epochs=4, learning_rate=3e-3)
    data = recipe.data.model_copy(update={name: [str(rows)] for name in ("train", "validation", "test")})
    return train(recipe.model_copy(update={"data": data}), output=folder / "run")


def test_figures_are_those_of_the_answers(calibrated: Run, rows: Path) -> None:
    record = judge(calibrated, data=[str(rows)])
    predictor = Predictor.open(calibrated)
    read = [{"text": one["text"], "label": one["label"]} for one in map(json.loads, rows.read_text().splitlines())]
    answers = predictor.predict([{"text": one["text"]} for one in read], quiet=True)
    confidence = np.array([max(one["probabilities"].values()) for one in answers])
    right = np.array([one["label"] == row["label"] for one, row in zip(answers, read, strict=True)])
    own = record["splits"][str(rows)]
    assert own["decisions"] == own["rows"] == 150
    assert own["calibrated"]["calibration_error"] == pytest.approx(confidence_error(confidence, right))
    assert own["curve"][-1] == [0.0, 150, int((~right).sum())]
    state = calibrated.task_state
    if state.get("temperature"):
        assert record["scaling"] == f"temperature {state['temperature']:.3g}" and "raw" in own
        assert own["raw"]["log_loss"] >= own["calibrated"]["log_loss"] - 1e-9


def test_thresholds_hold_their_share_on_the_rows_that_chose_them(calibrated: Run) -> None:
    record = judge(calibrated, error_rates=[0.0, 0.3, 0.9])
    for one in record["thresholds"]:
        if one["threshold"] is not None:
            found = one["on"]["validation"]
            assert found["wrong"] <= one["error_rate"] * found["answered"]
            assert found["interval"][0] <= found["error"] <= found["interval"][1]
    assert record["thresholds"][-1]["on"]["validation"]["coverage"] == 1.0


def test_validation_rows_alone_are_said_to_flatter(tiny_run: Run) -> None:
    record = judge(tiny_run)
    assert any("name others with --data" in note for note in record["notes"])
    assert any("8 decisions, so its figures are rough" in note for note in record["notes"])
    assert any("too few validation rows" in note for note in record["notes"])


def test_a_task_without_confidence(tiny_bert: Path, tmp_path: Path) -> None:
    run = train(tiny_recipe("regress", {}, tiny_bert, tmp_path, max_steps=1), output=tmp_path / "run")
    with pytest.raises(RunError, match="the answers of the task regress have no confidence"):
        judge(run)


def test_a_share_that_is_none(tiny_run: Run) -> None:
    with pytest.raises(DataError, match="2: no share of the answers"):
        judge(tiny_run, error_rates=[2.0])


def test_entities_are_decisions(tiny_bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = train(tiny_recipe("ner", {}, tiny_bert, tmp_path, max_steps=1), output=tmp_path / "run")
    monkeypatch.setattr(Ner, "decisions", lambda task, answers, rows: [(0.75, True), (0.25, False)] * len(answers))
    split = judge(run)["splits"]["validation"]
    assert split["rows"] == 6 and split["decisions"] == 12
    assert split["calibrated"]["brier_score"] == pytest.approx(0.0625)
    assert [one["count"] for one in split["calibrated"]["bins"]] == [6, 6]


def test_a_temperature_is_kept_and_used(calibrated: Run, rows: Path) -> None:
    """150 noisy rows: a temperature is the best, the Run has it, and answers are scaled by it."""
    temperature = calibrated.task_state["temperature"]
    predictor = Predictor.open(calibrated)
    (answer,) = predictor.predict(["where is my parcel late"], quiet=True)
    logits = np.array([*answer["logits"].values()])
    assert [*answer["probabilities"].values()] == pytest.approx(texts.softmax(logits / temperature))
    split = judge(calibrated)["splits"]["validation"]
    assert split["calibrated"]["log_loss"] <= split["raw"]["log_loss"]
    raw = predictor.with_task(
        predictor.task.with_options(predictor.task.options.model_copy(update={"calibrate": False}))
    )
    (plain,) = raw.predict(["where is my parcel late"], quiet=True)
    assert [*plain["probabilities"].values()] == pytest.approx(texts.softmax(logits))


def test_the_thresholds_are_those_of_predict(calibrated: Run) -> None:
    curve = calibrated.metrics["abstention"]
    for rate in (0.2, 0.4, 0.5):
        (found,) = judge(calibrated, error_rates=[rate])["thresholds"]
        try:
            assert found["threshold"] == threshold_of(curve, rate, "")[0].threshold
        except DataError:
            assert found["threshold"] is None


def test_validation_rows_that_are_gone(calibrated: Run, rows: Path, tmp_path: Path) -> None:
    """The thresholds are those that the Run kept; other rows are judged."""
    moved = Run(shutil.copytree(calibrated.path, tmp_path / "run"))
    recipe = moved.recipe_file.read_text("utf-8").replace(rows.name, "gone.jsonl")
    moved.recipe_file.write_text(recipe, "utf-8")
    with pytest.raises(DataError):
        judge(moved)
    record = judge(moved, data=[str(rows)], error_rates=[0.9])
    assert [*record["splits"]] == [str(rows)] and "the validation rows are gone" in record["notes"][0]
    assert record["thresholds"][0]["on"][str(rows)]["coverage"] == 1.0


def test_decisions_of_one_row_are_drawn_together() -> None:
    """Where all decisions of a row are right or wrong together, twenty of them are worth one."""
    draw = np.random.default_rng(0)
    rows, each = 200, 20
    right = np.repeat(draw.random(rows) < 0.7, each)
    confidence = np.full(rows * each, 0.8)
    owners = np.repeat(np.arange(rows), each)
    low, high = error_span(confidence, right, owners, rows)
    alone = error_span(confidence, right, np.arange(len(right)), len(right))
    assert low < confidence_error(confidence, right) < high
    assert high - low > 3 * (alone[1] - alone[0])
    one_each = error_span(confidence[::each], right[::each], np.arange(rows), rows)
    assert (low, high) == pytest.approx(one_each, abs=1e-9)


def test_a_row_may_have_no_decision() -> None:
    right, owners = np.array([True, False, True]), np.array([0, 0, 3])
    low, high = error_span(np.array([0.9, 0.8, 0.7]), right, owners, 5)
    assert 0 <= low <= high <= 1
