"""Runs compared on the same rows, from the command line's work down to single figures."""

from __future__ import annotations

import json
import logging
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bertkit import Run, train
from bertkit.errors import BertkitError, RecipeError, RunError
from bertkit.inference.predictor import Predictor
from bertkit.metrics import METRICS
from bertkit.understand.compare import Comparison, compare, in_order
from tests.helpers import make, messages, tiny_recipe, write_rows


@pytest.fixture(scope="module")
def small(tiny_bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """classify, 4 steps, on the task's tiny rows."""
    folder = tmp_path_factory.mktemp("small")
    recipe = tiny_recipe("classify", {}, tiny_bert, folder)
    return train(recipe.model_copy(update={"metrics": ["accuracy", "macro_f1", "log_loss"]}), output=folder / "small")


def changed(run: Run, folder: Path, order: tuple[int, ...] = (0, 1, 2), bias: tuple[float, ...] = (0, 0, 0)) -> Run:
    """A copy whose labels stand in another order, and whose head leans to some of them (in that order)."""
    from safetensors.torch import load_file, save_file

    shutil.copytree(run.path, folder)
    copy = Run.open(folder)
    state, config = copy.task_state, json.loads((copy.model / "config.json").read_text())
    names = [state["labels"][i] for i in order]
    copy.task_file.write_text(json.dumps({**state, "labels": names}))
    config |= {"id2label": dict(enumerate(names)), "label2id": {name: i for i, name in enumerate(names)}}
    (copy.model / "config.json").write_text(json.dumps(config))
    weights = load_file(copy.model / "model.safetensors")
    for name in ("classifier.weight", "classifier.bias"):
        weights[name] = weights[name][list(order)].contiguous()
    weights["classifier.bias"] += weights["classifier.bias"].new_tensor(bias)
    save_file(weights, copy.model / "model.safetensors", {"format": "pt"})
    copy.seal()
    return copy


@pytest.fixture(scope="module")
def leaning(small: Run, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The same, leaning far to the last label, and its labels in another order."""
    return changed(small, tmp_path_factory.mktemp("leaning") / "leaning", (2, 0, 1), (50, 0, 0))


def figures(result: Comparison, contrast: int = 0) -> dict[str, Any]:
    return {d.figure: d for d in result.contrasts[contrast].differences}


def test_a_run_does_not_differ_from_itself(small: Run) -> None:
    result = compare([small, small])
    assert [run.name for run in result.runs] == [str(small.path), f"{small.path} (2)"]
    assert result.data == "validation"
    for difference in result.contrasts[0].differences:
        assert (difference.difference, difference.interval, difference.p) == (0, (0, 0), 1)
    counts = result.contrasts[0].counts
    assert (counts["only_one"], counts["only_other"], counts["same_answer"]) == (0, 0, 8)
    assert result.table() == []
    assert result.record()["differing"] == []


def test_labels_in_another_order_change_nothing(small: Run, tmp_path: Path) -> None:
    turned = changed(small, tmp_path / "turned", (2, 0, 1))
    assert turned.task_state["labels"] != small.task_state["labels"]
    result = compare([small, turned])
    assert result.contrasts[0].rows == []
    assert result.contrasts[0].counts["same_answer"] == 8
    for difference in result.contrasts[0].differences:
        assert difference.difference == pytest.approx(0, abs=1e-6)
        assert difference.one == pytest.approx(small.metrics["validation"][difference.figure], abs=1e-6)
    assert figures(result)["accuracy"].p == figures(result)["macro_f1"].p == 1


def test_figures_rows_and_tests_of_two_runs(small: Run, leaning: Run) -> None:
    result = compare([small, leaning])
    rows = result.rows
    answers = [[answer["label"] for answer in Predictor.open(run).predict(list(rows))] for run in (small, leaning)]
    assert set(answers[1]) == {"refund"}
    right = [[answer == row["label"] for answer, row in zip(own, rows, strict=True)] for own in answers]
    tested = figures(result)
    assert list(tested) == ["accuracy", "macro_f1", "log_loss"]
    assert [tested["accuracy"].one, tested["accuracy"].other] == [np.mean(own) for own in right]
    assert tested["accuracy"].test == "McNemar, exact"
    assert tested["macro_f1"].test.startswith("randomisation, all")
    assert tested["log_loss"].other > 5
    assert not tested["log_loss"].greater_is_better
    contrast = result.contrasts[0]
    only_small = [i for i, (a, b) in enumerate(zip(*right, strict=True)) if a and not b]
    only_leaning = [i for i, (a, b) in enumerate(zip(*right, strict=True)) if b and not a]
    assert only_small
    assert (contrast.counts["only_one"], contrast.counts["only_other"]) == (len(only_small), len(only_leaning))
    assert sorted(contrast.rows) == sorted(only_small + only_leaning)
    table = {row["row"] - 1: row for row in result.table()}
    assert sorted(table) == sorted(contrast.rows)
    for i in only_small:
        assert table[i]["better"] == "small"
        assert (table[i]["text"], table[i]["right"]) == (rows[i]["text"], rows[i]["label"])
        assert (table[i]["small: answer"], table[i]["leaning: answer"]) == (answers[0][i], answers[1][i])
        assert table[i]["leaning: confidence"] == pytest.approx(1, abs=1e-3)
        assert table[i]["place"].endswith(f"classify-dev.jsonl:{i + 1}")


def test_the_first_run_is_compared_with_each_and_p_is_corrected(small: Run, leaning: Run, tmp_path: Path) -> None:
    turned = changed(small, tmp_path / "turned", (1, 2, 0))
    two, three = compare([small, leaning]), compare([small, leaning, turned])
    assert [(c.one, c.other) for c in three.contrasts] == [("small", "leaning"), ("small", "turned")]
    for name, alone in figures(two).items():
        again = figures(three)[name]
        assert alone.corrected is None
        assert again.p == alone.p
        assert again.corrected == min(1, 2 * alone.p) or again.corrected == figures(three, 1)[name].corrected
    assert len(three.table()) == len(two.table())
    best = {name.strip() for name in three.table()[0]["better"].split(",")}
    assert best in ({"small", "turned"}, {"leaning"})


def test_other_rows_and_other_figures(small: Run, leaning: Run, tmp_path: Path) -> None:
    rows = make("classify", {}).tiny_rows()[:5]
    file = write_rows([{"message": row["text"], "label": row["label"]} for row in rows], tmp_path / "other.jsonl")
    sets = ["data.columns.text=message", "metrics=[micro_f1]"]
    result = compare([small, leaning], sets=sets, data=[str(file)])
    assert (result.data, len(result.rows)) == (str(file), 5)
    assert list(figures(result)) == ["micro_f1"]


def test_rows_of_the_training_give_a_warning(
    small: Run, leaning: Run, caplog: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger("bertkit"), "propagate", True)
    result = compare([small, leaning], split="train")
    assert len(result.rows) == 32
    warned = {message.partition(":")[0] for message in messages(caplog) if "was trained on rows of" in message}
    assert warned == {"small", "leaning"}
    record = result.record()
    for name, run in record["runs"].items():
        assert f"{name}: was trained on rows of" in run["warnings"][0]
        assert run["warnings"][0] in record["warnings"]


def test_what_the_trainings_warned_of_goes_along(small: Run, leaning: Run, tmp_path: Path) -> None:
    folder = shutil.copytree(small.path, tmp_path / "half")
    metrics = json.loads((folder / "metrics.json").read_text())
    metrics["warnings"] = [{"split": split, "message": "half-trained"} for split in ("", "train", "test")]
    (folder / "metrics.json").write_text(json.dumps(metrics))
    lines = compare([Run.open(folder), leaning], split="validation").record()["warnings"]
    assert [line for line in lines if "half-trained" in line] == ["half: half-trained", "half, train: half-trained"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"split": "test"}, "names no such data"),
        ({"split": "tets"}, "did you mean test?"),
        ({"split": "test", "data": ["a.csv"]}, "the data is named already"),
    ],
)
def test_rows_that_there_are_none_of(small: Run, leaning: Run, options: dict[str, Any], message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        compare([small, leaning], **options)


def test_runs_that_can_not_be_compared(small: Run, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="name two or more"):
        compare([small])
    shutil.copytree(small.path, tmp_path / "other")
    other = Run.open(tmp_path / "other")
    names = ["delivery", "other", "refunds"]
    other.task_file.write_text(json.dumps({**other.task_state, "labels": names}))
    other.seal()
    with pytest.raises(RunError, match="alone has refunds and lacks refund"):
        compare([small, other])


def test_a_label_that_the_runs_do_not_know(small: Run, leaning: Run, tmp_path: Path) -> None:
    file = write_rows([{"text": "hello", "label": "refunds"}], tmp_path / "other.jsonl")
    with pytest.raises(BertkitError, match="did you mean refund"):
        compare([small, leaning], data=[str(file)])


def test_entities(tiny_bert: Path, tmp_path: Path) -> None:
    run = train(tiny_recipe("ner", {}, tiny_bert, tmp_path), output=tmp_path / "ner")
    shutil.copytree(run.path, tmp_path / "copy")
    result = compare([run, Run.open(tmp_path / "copy")])
    assert list(figures(result)) == [name for kind in ("", "strict_") for name in METRICS[f"{kind}entity_f1"].keys]
    assert {d.p for d in result.contrasts[0].differences} == {1}
    assert result.contrasts[0].rows == []


def test_language_models_of_two_vocabularies(tiny_bert: Path, tmp_path: Path) -> None:
    """Figures over masked tokens: no rows are shown; and models that mask other tokens can not be compared."""
    recipe = tiny_recipe("pretrain", {"max_length": 24}, tiny_bert, tmp_path)
    run = train(recipe, output=tmp_path / "one")
    shutil.copytree(run.path, tmp_path / "copy")
    copy = Run.open(tmp_path / "copy")
    result = compare([run, copy])
    assert (result.contrasts[0].counts, result.table()) == ({}, [])
    assert {d.test for d in result.contrasts[0].differences} == {"randomisation, no answers differ"}
    text = (copy.model / "tokenizer.json").read_text("utf-8")
    (copy.model / "tokenizer.json").write_text(text.replace('"parcel":', '"parcels":'), "utf-8")
    copy.seal()
    with pytest.raises(RunError, match=r"copy .* vocabulary"):
        compare([run, copy])


def test_answers_in_the_order_of_labels() -> None:
    answer = {"label": "b", "probabilities": {"b": 0.9, "a": 0.1}, "other": {"b": 1}}
    assert list(in_order(answer, ["a", "b"])["probabilities"].items()) == [("a", 0.1), ("b", 0.9)]
    assert in_order(answer, ["a", "b"]) == answer
    assert in_order(answer, []) == answer
