"""`squad`: windows and their labels, the loss, the threshold, what is refused, and the files of eval."""

from __future__ import annotations

import json
import logging
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from datasets import Dataset

from bertkit import Predictor, Run, train
from bertkit.engine.batches import tensors
from bertkit.errors import DataError, RecipeError
from bertkit.metrics import find_metric
from bertkit.metrics.answers import BEST, CALIBRATION
from bertkit.models.build import load_tokenizer
from bertkit.recipe.schema import DataBlock, ModelBlock
from bertkit.tasks.squad import calibration
from bertkit.tasks.squad.options import SquadOptions
from bertkit.tasks.squad.task import Squad
from tests.helpers import losses, tiny_recipe

CONTEXT = "the parcel is late again . it was sent on monday , and the money for it came back ."


def make(state: dict[str, Any] | None = None, **options: Any) -> Squad:
    return Squad(SquadOptions.model_validate(options), state)


def row(question: str, answer: str | None, context: str = CONTEXT) -> dict[str, Any]:
    golds = [{"text": answer, "start": context.index(answer)}] if answer else []
    return {"question": question, "context": context, "answers": golds}


def encode(task: Squad, rows: list[dict[str, Any]], folder: Path, limit: int = 64) -> Any:
    return task.encode(Dataset.from_list(rows), load_tokenizer(ModelBlock(name=str(folder))), limit, answers=True)


def test_the_loss_is_the_mean_of_start_and_end_over_real_places(tiny_bert: Path) -> None:
    task = make(no_answer=True)
    rows = [row("when ?", "monday"), row("who ?", None, "a cat .")]
    encoded = encode(task, rows, tiny_bert)
    model = task.head.build_model(ModelBlock(name=str(tiny_bert))).eval()
    batch = tensors(task.collator(load_tokenizer(ModelBlock(name=str(tiny_bert))))(list(encoded.examples)))
    sums, outputs = losses(task, model, batch)
    expected = 0.0
    for i, example in enumerate(encoded.examples):
        for side, logits in enumerate((outputs.start_logits, outputs.end_logits)):
            real = logits[i, : len(example["input_ids"])]
            expected -= torch.log_softmax(real, 0)[int(example["labels"][side])].item() / 2
    assert sums.item() == pytest.approx(expected, rel=1e-5)
    assert task.head.loss_weight(batch).tolist() == [2.0]


def test_no_answer_is_found_in_the_training_rows() -> None:
    task = make()
    task.prepare(Dataset.from_list([row("when ?", "monday"), row("who ?", None)]), DataBlock())
    assert (task.no_answer, task.threshold) == (True, 0.0)
    task = make()
    task.prepare([row("when ?", "monday")], DataBlock())
    assert (task.no_answer, task.threshold) == (False, None)
    with pytest.raises(DataError, match="1 of 1 questions have no answer, but all training rows have one"):
        task.check([row("who ?", None)], "validation")
    with pytest.raises(DataError, match=r"but options\.no_answer is false"):
        make(no_answer=False).check([row("who ?", None)], "train")
    with pytest.raises(DataError, match=r"train  the questions have no answers; name their column"):
        make().prepare([{"question": "q", "context": "c"}], DataBlock())


@pytest.mark.parametrize("options", [{"overlap": 3, "step": 3}, {"threshold": 0.0, "no_answer": False}, {"n_best": 0}])
def test_options_that_do_not_go_together(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"use one of them|threshold is for questions|greater than or equal"):
        make(**options)


def test_metrics_are_chosen_and_refused() -> None:
    assert make().metrics == ("squad_v2",)
    assert make(no_answer=False).metrics == ("squad",)
    make(no_answer=False).check_metric(find_metric("squad", "answers"))
    assert make(no_answer=False).own_metrics() == [CALIBRATION]
    assert make(no_answer=True).own_metrics() == [BEST, CALIBRATION]
    with pytest.raises(RecipeError, match="accuracy: scores labels, not answers"):
        make(no_answer=True).check_metric(find_metric("accuracy", "answers"))
    with pytest.raises(RecipeError, match="squad: can not score questions without an answer"):
        make(no_answer=True).check_metric(find_metric("squad", "answers"))


def answer(text: str, score: float) -> dict[str, Any]:
    """The best text with that score, and no answer with 0."""
    place = {"start": 0, "end": 1}
    n_best = [{"text": text, **place, "start_logit": score, "end_logit": 0.0}] if text else []
    none = {"text": "", "start": None, "end": None, "start_logit": 0.0, "end_logit": 0.0}
    return calibration.weighed({"answer": text, **place, "score": score, "n_best": [*n_best, none]})


def test_the_threshold_is_chosen_for_f1_and_can_be_given() -> None:
    rows = [row("when ?", "monday"), row("who ?", None), row("what ?", "the parcel")]
    answers = [answer("monday", 3.0), answer("late", 1.0), answer("parcel", 2.0)]
    task = make({"no_answer": True})
    task.tune(answers, rows)
    assert task.threshold == -1.5
    fixed = make(no_answer=True, threshold=-1.0)
    fixed.tune(answers, rows)
    assert (fixed.threshold, fixed.state) == (-1.0, {})


def asked(count: int, sharpness: float) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Questions with the text "monday", right as often as its score says, which was then made sharper."""
    generator = np.random.default_rng(0)
    scores = generator.normal(1, 2, count)
    right = generator.random(count) < 1 / (1 + np.exp(-scores))
    rows = [row("when ?", "monday" if yes else None) for yes in right]
    return [answer("monday", score * sharpness) for score in scores.tolist()], rows


def test_the_confidence_is_calibrated_and_changes_no_figure(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "bertkit")
    answers, rows = asked(5000, 4.0)
    task, off = make({"no_answer": True}), make({"no_answer": True}, calibrate=False)
    task.tune(answers, rows)
    off.tune(answers, rows)
    assert task.temperature == pytest.approx(4.0, rel=0.1)
    assert "calibrated on 5000 validation questions, temperature" in caplog.text
    assert (off.temperature, off.state) == (1.0, {"no_answer": True, "threshold": task.threshold})
    assert make(task.state, calibrate=False).temperature == 1.0
    state = dict(task.state)
    task.tune([calibration.weighed(one, task.temperature) for one in answers], rows)
    assert task.state == state  # fitted to the scores, whatever the probabilities were


def test_a_text_that_is_refused_is_calibrated_as_no_answer() -> None:
    answers, rows = asked(2000, 2.0)
    refused = make(no_answer=True, threshold=-1e6)  # says "no answer" to all
    refused.tune(answers, rows)
    assert refused.temperature == pytest.approx(2.0, rel=0.2)
    certain = make(no_answer=False)
    with_text = [{**one, "n_best": one["n_best"][:1]} for one in answers]
    certain.tune(with_text, rows)
    assert certain.temperature == 1.0  # a single candidate has nothing to compare with


def test_few_questions_are_not_calibrated(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "bertkit")
    task = make({"no_answer": True, "temperature": 2.0})
    task.tune(*asked(50, 4.0))
    assert task.temperature == 1.0
    assert "not calibrated on 50 questions; 100 are needed" in caplog.text


def test_always_no_answer_is_warned_of() -> None:
    rows = [row("when ?", "monday"), row("who ?", None)]
    nothing = [answer("", -1.0), answer("", -1.0)]
    assert make({"no_answer": True}).sanity_checks([answer("monday", 1.0), nothing[1]], rows) == []
    (warning,) = make({"no_answer": True}).sanity_checks(nothing, rows)
    assert warning == ("F1 50.0: no better than always predicting no answer (50.0)")


@pytest.fixture(scope="module")
def run(tiny_bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("squad")
    return train(tiny_recipe("squad", {}, tiny_bert, folder, max_steps=3), output=folder / "run")


def squad_file(file: Path) -> Path:
    """Two questions of one context in SQuAD's layout."""
    questions = [
        {"id": "a", "question": "when was it sent ?", "is_impossible": False}
        | {"answers": [{"text": "monday", "answer_start": CONTEXT.index("monday")}]},
        {"id": "b", "question": "who plays ?", "answers": [], "is_impossible": True},
    ]
    file.write_text(json.dumps({"data": [{"paragraphs": [{"context": CONTEXT, "qas": questions}]}]}), "utf-8")
    return file


def test_eval_writes_what_the_official_script_reads(run: Any, bertkit, tmp_path: Path) -> None:
    gold = squad_file(tmp_path / "dev.json")
    code, _, err = bertkit("eval", run.path, "--data", gold, "--output", tmp_path)
    assert code == 0, err
    figures = json.loads((tmp_path / "eval.json").read_text())["figures"]
    assert figures["best_f1"] >= figures["f1"]
    assert 0 <= figures["calibration_error"] <= 1
    nbest, odds = (json.loads((tmp_path / f"{name}.json").read_text()) for name in ("nbest", "null_odds"))
    assert nbest.keys() == odds.keys() == {"a", "b"}
    files = ["--predictions", tmp_path / "predictions.json"]
    files += ["--no-answer-probabilities", tmp_path / "no_answer_probabilities.json"]
    code, _, err = bertkit("eval", "--task", "squad", *files, "--data", gold, "--output", tmp_path / "official.json")
    assert code == 0, err
    official = json.loads((tmp_path / "official.json").read_text())
    assert {key: official[key] for key in ("exact", "f1", "total", "HasAns_f1", "NoAns_f1")} == {
        key: figures[key] for key in ("exact", "f1", "total", "HasAns_f1", "NoAns_f1")
    }
    assert "best_f1" in official


def test_predict_from_a_file_and_the_command_line(run: Any, bertkit, tmp_path: Path) -> None:
    code, out, err = bertkit("predict", run.path, squad_file(tmp_path / "dev.json"), "--probabilities", "all")
    assert code == 0, err
    first = json.loads(out.splitlines()[0])
    assert first["id"] == "a"
    assert {
        "predicted_answer",
        "predicted_start",
        "predicted_end",
        "score",
        "confidence",
        "no_answer_probability",
    } <= first.keys()
    assert {"text", "start", "end", "probability"} == first["n_best"][0].keys()
    asked = ("--question", "when was it sent ?", "--context", CONTEXT, "--context", "a man plays .")
    code, out, err = bertkit("predict", run.path, *asked)
    assert code == 0, err
    assert len(out.splitlines()) == 3
    assert out.splitlines()[0].split() == ["context", "answer", "score", "share"]
    code, out, err = bertkit("predict", run.path, *asked, "-o", "-")
    scores = [json.loads(line)["score"] for line in out.splitlines()]
    assert scores == sorted(scores, reverse=True)
    code, _, err = bertkit("predict", run.path, "--question", "when ?")
    assert (code, "goes with --context" in err) == (2, True)


def test_the_best_of_several_passages(run: Any, bertkit, tmp_path: Path) -> None:
    file = tmp_path / "passages.jsonl"
    texts = [("a", CONTEXT), ("b", CONTEXT), ("a", "a man plays and the cat is sleeping .")]
    lines = [{"q": q, "question": "what is late ?", "context": context} for q, context in texts]
    file.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    _, out, _ = bertkit("predict", run.path, file, "--probabilities", "all")
    all_rows = [json.loads(line) for line in out.splitlines()]
    code, out, err = bertkit("predict", run.path, file, "--best-of", "q")
    assert code == 0, err
    best = [json.loads(line) for line in out.splitlines()]
    assert [line["q"] for line in best] == ["a", "b"]
    assert 0 < best[0].pop("share") < 1
    assert best[0] == max((all_rows[0], all_rows[2]), key=lambda line: line["score"])
    code, _, err = bertkit("predict", run.path, file, "--best-of", "passage")
    assert (code, "passage: no such column" in err) == (2, True)


def test_a_pair_is_a_question_and_its_context(run: Any) -> None:
    predictor = Predictor.open(run)
    (found,) = predictor.predict([("when was it sent ?", CONTEXT)])
    assert found["answer"] == (CONTEXT[found["start"] : found["end"]] if found["answer"] else "")
    with pytest.raises(DataError, match="not a row"):
        predictor.predict(["when was it sent ?"])


def test_an_empty_context_has_no_answer(run: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    (found,) = Predictor.open(run).predict([{"question": "when ?", "context": ""}])
    assert found["answer"] == ""


def test_a_run_keeps_its_temperature_and_nbest_is_as_google_writes_it(
    run: Any, bertkit, tmp_path: Path, tiny_bert: Path
) -> None:
    folder = tmp_path / "run"
    shutil.copytree(run.path, folder)
    state = json.loads((folder / "task.json").read_text())
    gold = squad_file(tmp_path / "dev.json")
    written = {}
    for temperature in (1.0, 5.0):
        (folder / "task.json").write_text(json.dumps({**state, "temperature": temperature}), "utf-8")
        Run(folder).seal()
        out = tmp_path / str(temperature)
        out.mkdir()
        code, _, err = bertkit("eval", folder, "--data", gold, "--output", out)
        assert code == 0, err
        written[temperature] = {file.stem: json.loads(file.read_text()) for file in out.iterdir()}
        answers = Predictor.open(folder).predict([("when was it sent ?", CONTEXT)])
        written[temperature]["answers"] = answers
    cold, hot = written[1.0], written[5.0]
    for name in ("predictions", "nbest", "null_odds"):
        assert cold[name] == hot[name]
    exact = [key for key in cold["eval"]["figures"] if key != "calibration_error"]
    assert [cold["eval"]["figures"][key] for key in exact] == [hot["eval"]["figures"][key] for key in exact]
    first, second = cold["answers"][0], hot["answers"][0]
    assert (first["answer"], first["score"]) == (second["answer"], second["score"])
    assert second["n_best"] == calibration.softened(first["n_best"], 5.0)
    assert first["confidence"] != second["confidence"]


def test_verdicts_are_as_good_as_the_figure(run: Any) -> None:
    rows = [row("when was it sent ?", "monday"), row("who plays ?", None), row("what is late ?", "the parcel")]
    predictor = Predictor.open(run)
    answers = predictor.predict(rows)
    verdicts = predictor.task.verdicts(answers, rows)
    assert [verdict.expected for verdict in verdicts] == ["monday", "no answer", "the parcel"]
    assert [verdict.confidence for verdict in verdicts] == [answer["confidence"] for answer in answers]
    assert verdicts[0].text == f"when was it sent ? | {CONTEXT}"
    figures = find_metric("squad_v2", "answers")(*predictor.task.compare(answers, rows, "answers"))
    assert figures["f1"] == pytest.approx(100 * np.mean([verdict.score for verdict in verdicts]))
