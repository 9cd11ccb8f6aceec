"""`bertkit eval` gives what training gave, and scores other files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bertkit import Run
from tests.helpers import make, write_rows


def test_eval_gives_the_figures_of_the_training(tiny_run: Run, bertkit, tmp_path: Path) -> None:
    code, out, err = bertkit("eval", tiny_run.path, "--output", tmp_path / "scores.json")
    assert code == 0, err
    written = json.loads((tmp_path / "scores.json").read_text())
    assert written["data"] == "validation"
    assert written["rows"] == tiny_run.metrics["rows"]["validation"] == 8
    assert written["figures"] == pytest.approx(tiny_run.metrics["validation"], abs=1e-6)
    assert written["intervals"] == tiny_run.metrics["intervals"]["validation"]
    assert f"{tiny_run.metrics['validation']['accuracy']:.4f}" in out


def test_eval_of_another_file_and_another_column(tiny_run: Run, bertkit, tmp_path: Path) -> None:
    rows = make("classify", {}).tiny_rows()
    file = write_rows([{"message": row["text"], "label": row["label"]} for row in rows[:5]], tmp_path / "other.jsonl")
    code, out, err = bertkit("eval", tiny_run.path, "--data", file, "-s", "data.columns.text=message")
    assert code == 0, err
    assert "rows: 5" in out


def test_eval_writes_what_it_warns_of(tiny_run: Run, bertkit, tmp_path: Path) -> None:
    rows = [{"text": "text", "label": label} for label in ("delivery", "delivery", "refund")]
    file = write_rows([*rows, {"text": "", "label": "refund"}], tmp_path / "other.jsonl")
    sets = ("-s", "data.bad_rows=skip")
    code, _, err = bertkit("eval", tiny_run.path, "--data", file, *sets, "--output", tmp_path / "eval.json")
    assert code == 0, err
    first, second = json.loads((tmp_path / "eval.json").read_text())["warnings"]
    assert (first["split"], first["message"].partition(":")[0]) == ("test", "rows left out, text is empty")
    assert second["split"] == str(file) and "no better than always predicting delivery" in second["message"]


def test_eval_of_rows_with_an_unknown_label(tiny_run: Run, bertkit, tmp_path: Path) -> None:
    file = write_rows([{"text": "hello", "label": "refunds"}], tmp_path / "other.jsonl")
    code, _, err = bertkit("eval", tiny_run.path, "--data", file)
    assert code == 2
    assert "other.jsonl:1" in err
    assert "did you mean refund?" in err


def test_eval_of_a_split_that_the_recipe_does_not_name(tiny_run: Run, bertkit) -> None:
    code, _, err = bertkit("eval", tiny_run.path, "--split", "test")
    assert code == 2
    assert "data.test" in err


def test_eval_of_the_training_rows(tiny_run: Run, bertkit) -> None:
    code, out, err = bertkit("eval", tiny_run.path, "--split", "train")
    assert code == 0, err
    assert f"rows: {tiny_run.metrics['rows']['train']}" in out


def test_rows_left_out_stand_in_the_output(tiny_run: Run, bertkit, tmp_path: Path) -> None:
    """Of 9 rows 2 can not be used, and 4 of the others are drawn: eval and predict say so, also as JSON."""
    rows = [{"text": f"hello {n}", "label": "other"} for n in range(7)]
    bad = [{"text": None, "label": "other"}, {"text": 3, "label": "other"}]
    file = write_rows([*rows, *bad], tmp_path / "other.jsonl")
    sets = ("-s", "data.bad_rows=skip", "-s", "data.limit.test=4")
    code, out, err = bertkit("eval", tiny_run.path, "--data", file, *sets, "-o", tmp_path / "scores.json")
    assert code == 0, err
    assert "rows: 4, 2 skipped (data.bad_rows), 3 not drawn (data.limit)" in out
    written = json.loads((tmp_path / "scores.json").read_text())
    assert (written["rows"], written["rows_skipped"], written["rows_not_drawn"]) == (4, 2, 3)
    code, out, err = bertkit("predict", tiny_run.path, file, *sets[:2], "-o", tmp_path / "out.jsonl")
    assert code == 0, err
    assert f"7 rows, 2 skipped (data.bad_rows): {tmp_path / 'out.jsonl'}" in err
    code, out, err = bertkit("predict", tiny_run.path, file, *sets[:2])
    assert len(out.splitlines()) == 7
    assert "7 rows, 2 skipped (data.bad_rows): standard output" in err
    code, out, err = bertkit("data", "check", file, *sets[:2], "-s", "data.limit.train=5")
    assert (code, "only one label: other" in err) == (2, True)
    assert "train: 5 of 7 rows, drawn with seed 42" in err


def test_labels_are_mapped_and_dropped_wherever_rows_with_answers_are_read(
    bertkit, tiny_bert: Path, tmp_path: Path
) -> None:
    """A Run reads other files as its training files: codes are names, and rows without agreement are left out."""
    rows = [{"text": f"hello {n}", "label": ("-", 0, 1, 1)[n % 4]} for n in range(12)]
    train, dev = (write_rows(rows, tmp_path / f"{name}.jsonl") for name in ("train", "dev"))
    keys = ("-s", 'data.drop_labels=["-"]', "-s", "data.label_map={0: no, 1: yes}")
    model = ("-s", f"model={tiny_bert}", "-s", "train.use_cpu=true", "-s", "train.report_to=none")
    data = ("-s", f"data.train={train}", "-s", f"data.validation={dev}", "-s", "train.num_train_epochs=1")
    code, _, err = bertkit("train", "classify", "-o", tmp_path / "run", *model, *data, *keys)
    assert code == 0, err
    assert "rows left out by data.drop_labels: 3 (- 3)" in err
    run = Run(tmp_path / "run")
    assert (run.metrics["rows"]["train"], run.metrics["rows"]["validation"]) == (9, 9)
    code, out, err = bertkit("eval", run.path, "--data", dev, "-o", tmp_path / "scores.json")
    assert code == 0, err
    assert "rows: 9, 3 dropped (data.drop_labels)" in out
    assert json.loads((tmp_path / "scores.json").read_text())["rows_dropped"] == 3
    code, out, err = bertkit("predict", run.path, dev, "-o", tmp_path / "out.jsonl")
    assert code == 0, err
    answers = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert len(answers) == 12  # predict reads no labels
    assert {answer["predicted_label"] for answer in answers} <= {"no", "yes"}
    recipe = tmp_path / "mine.yaml"
    recipe.write_text("task: classify\nmodel: none\ndata: {drop_labels: ['-'], label_map: {0: 'no', 1: 'yes'}}\n")
    kept = write_rows([answer for answer in answers if answer["label"] != "-"], tmp_path / "kept.jsonl")
    for file in (tmp_path / "out.jsonl", kept):  # with and without answers to the rows that are left out
        code, _, err = bertkit("eval", file, "--on", recipe, "--data", dev, "-o", tmp_path / "again.json")
        assert code == 0, err
        again, first = (json.loads((tmp_path / name).read_text()) for name in ("again.json", "scores.json"))
        assert (again["rows"], again["figures"]["accuracy"]) == (9, first["figures"]["accuracy"])
    code, out, err = bertkit("data", "check", train, *keys, "-s", f"model={tiny_bert}")
    assert code == 0, err
    assert "labels: 2, from 3 rows (no) to 5 (yes)" in out


@pytest.mark.parametrize("key", ["data.limit.train=5", "data.test=x.csv", "data.validation_ratio=0.2"])
def test_keys_without_effect_on_other_rows(tiny_run: Run, bertkit, tmp_path: Path, key: str) -> None:
    file = write_rows([{"text": "hello", "label": "other"}], tmp_path / "other.jsonl")
    code, _, err = bertkit("eval", tiny_run.path, "--data", file, "-s", key)
    assert code == 2
    assert f"{key.partition('=')[0]}: has no effect beside --data" in err
    code, _, err = bertkit("predict", tiny_run.path, file, "-s", key)
    assert code == 2
    assert "has no effect beside predict" in err
