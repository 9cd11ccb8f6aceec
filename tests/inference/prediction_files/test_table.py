"""Predictions in files score as the model that made them, and every mistake in a file is reported with its line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.helpers import make, write_csv, write_rows
from tests.inference.checkpoints import glue_folder, nli_rows

RTE = ["entailment" if label == "entailment" else "not_entailment" for _, _, label in nli_rows(12)]


@pytest.fixture(scope="module")
def glue(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return glue_folder(tmp_path_factory.mktemp("glue") / "GLUE")


def tsv(folder: Path, rows: list[tuple[object, object]], header: str = "index\tprediction") -> Path:
    file = folder / "RTE.tsv"
    file.write_text("\n".join([header, *(f"{index}\t{name}" for index, name in rows)]) + "\n", "utf-8")
    return file


def test_a_submission(glue: Path, bertkit, tmp_path: Path) -> None:
    """In any order of the index; names, or their numbers in the data set's order."""
    right = list(enumerate(RTE))
    wrong = {0: "not_entailment", 1: "entailment", 2: "entailment"}
    file = tsv(tmp_path, [(i, wrong.get(i, name)) for i, name in reversed(right)])
    options = ["--on", "glue/rte", "--data", glue, "-o", tmp_path / "scores.json"]
    for how in ([file], ["--predictions", file]):
        code, out, err = bertkit("eval", *how, *options)
        assert code == 0, err
        written = json.loads((tmp_path / "scores.json").read_text())
        assert written["figures"] == {"accuracy": pytest.approx(0.75)}
        assert written["rows"] == 12
        assert "0.7500" in out
        assert written["intervals"]["accuracy"][0] < 0.75
    tsv(tmp_path, [(i, int(name == "not_entailment")) for i, name in right])
    assert bertkit("eval", file, *options)[0] == 0
    assert json.loads((tmp_path / "scores.json").read_text())["figures"]["accuracy"] == 1


def rows_with(**changes: object) -> list[tuple[object, object]]:
    return [(changes.get(f"index{i}", i), changes.get(f"label{i}", name)) for i, name in enumerate(RTE)]


@pytest.mark.parametrize(
    ("rows", "header", "messages"),
    [
        (rows_with()[:-2], "index\tprediction", ["RTE.tsv", "10 predictions, but 12 rows", "no index 10, 11"]),
        (rows_with(index3=2), "index\tprediction", ["RTE.tsv:5", "duplicate index: 2, first at", "RTE.tsv:4"]),
        (rows_with(index3=12), "index\tprediction", ["RTE.tsv:5", "no such index: '12'", "0 to 11"]),
        (rows_with(index3="x"), "index\tprediction", ["RTE.tsv:5", "no such index: 'x'"]),
        (rows_with(label4="entailmnt"), "index\tprediction", ["RTE.tsv:6", "'entailmnt'", "did you mean entailment?"]),
        (rows_with(label4=2), "index\tprediction", ["RTE.tsv:6", "an unknown label: '2'"]),
        (rows_with(label4=""), "index\tprediction", ["RTE.tsv:6", "an unknown label: ''"]),
        (rows_with(), "index\tlabel", ["RTE.tsv", "no column of predictions; the columns here: index, label"]),
        (rows_with()[:3], "id\tprediction", ["3 predictions, but 12 rows"]),
        (rows_with(), "sentence1\tprediction", ["RTE.tsv:2", "sentence1 differs from row 1"]),
    ],
)
def test_mistakes(rows: list[Any], header: str, messages: list[str], glue: Path, bertkit, tmp_path: Path) -> None:
    code, _, err = bertkit("eval", tsv(tmp_path, rows, header), "--on", "glue/rte", "--data", glue)
    assert code == 2
    assert [part for part in messages if part not in err] == []


def test_a_file_that_is_not_there(glue: Path, bertkit, tmp_path: Path) -> None:
    code, _, err = bertkit("eval", tmp_path / "RTE.tsv", "--on", "glue/rte", "--data", glue)
    assert (code, "no such file" in err) == (2, True)


@pytest.mark.parametrize("ending", ["csv", "jsonl"])
@pytest.mark.parametrize("options", [{}, {"multi_label": True, "threshold": 0.3}])
def test_what_predict_writes_scores_as_the_run(options, ending, tiny_bert: Path, bertkit, tmp_path: Path) -> None:
    from bertkit import train
    from tests.helpers import tiny_recipe

    run = train(tiny_recipe("classify", options, tiny_bert, tmp_path, repeat=1), output=tmp_path / "run")
    rows = write_rows(make("classify", options).tiny_rows(), tmp_path / "rows.jsonl")
    assert bertkit("predict", run.path, rows, "-o", tmp_path / f"answers.{ending}")[0] == 0
    scores = {}
    for name, source in (("run", run.path), ("file", tmp_path / f"answers.{ending}")):
        arguments = ["--on", run.recipe_file, "--data", rows, "-o", tmp_path / f"{name}.json"]
        code, _, err = bertkit("eval", source, *arguments)
        assert code == 0, err
        scores[name] = json.loads((tmp_path / f"{name}.json").read_text())
    scores["run"]["figures"].pop("loss")
    assert scores["file"]["figures"] == pytest.approx(scores["run"]["figures"])
    assert scores["file"]["intervals"] == scores["run"]["intervals"]


def test_numbers(bertkit, tmp_path: Path) -> None:
    rows = make("regress", {}).tiny_rows()
    data = write_rows(rows, tmp_path / "rows.jsonl")
    file = write_rows([{"predicted_score": row["score"] * 2} for row in rows], tmp_path / "answers.jsonl")
    options = ["--on", "regress", "--data", data, "-o", tmp_path / "scores.json"]
    code, _, err = bertkit("eval", file, *options)
    assert code == 0, err
    assert json.loads((tmp_path / "scores.json").read_text())["figures"]["pearson"] == pytest.approx(1)
    write_rows([{"predicted_score": "high"} for _ in rows], file)
    code, _, err = bertkit("eval", file, *options)
    assert (code, "answers.jsonl:1" in err, "not a number: 'high'" in err) == (2, True, True)


def test_tags(bertkit, tmp_path: Path) -> None:
    rows = make("ner", {}).tiny_rows()
    data = write_rows(rows, tmp_path / "rows.jsonl")
    file = write_rows([{"predicted_tags": row["tags"]} for row in rows], tmp_path / "answers.jsonl")
    options = ["--on", "ner", "--data", data, "-o", tmp_path / "scores.json"]
    code, _, err = bertkit("eval", file, *options)
    assert code == 0, err
    assert json.loads((tmp_path / "scores.json").read_text())["figures"]["entity_f1"] == 1
    write_rows([{"predicted_tags": ["O" for _ in row["tags"]]} for row in rows], file)
    code, out, err = bertkit("eval", file, *options)
    assert code == 0, err
    assert json.loads((tmp_path / "scores.json").read_text())["errors"]["missed"]["gold"] == 7
    assert "anna PER -> nothing" in out
    write_rows([{"predicted_tags": row["tags"][:-1]} for row in rows], file)
    code, _, err = bertkit("eval", file, *options)
    assert (
        code,
        "answers.jsonl:1" in err,
        "words; write one tag per word" in err,
    ) == (2, True, True)


def test_choices(bertkit, tmp_path: Path) -> None:
    rows = make("choice", {}).tiny_rows()
    data = write_rows(rows, tmp_path / "rows.jsonl")
    file = write_rows([{"predicted_label": row["label"]} for row in rows], tmp_path / "answers.jsonl")
    options = ["--on", "choice", "--data", data, "-o", tmp_path / "scores.json", "-s", "data.columns={}"]
    code, _, err = bertkit("eval", file, *options)
    assert code == 0, err
    assert json.loads((tmp_path / "scores.json").read_text())["figures"]["accuracy"] == 1
    write_rows([{"predicted_label": 9} for _ in rows], file)
    code, _, err = bertkit("eval", file, *options)
    assert (code, "not the number of a choice: '9'" in err) == (2, True)


def test_answers_of_questions(bertkit, tmp_path: Path) -> None:
    """A row each, as predict writes them, or by question id as the official scripts read them."""
    rows = make("squad", {"no_answer": True}).tiny_rows()
    texts = [row["answers"][0]["text"] if row["answers"] else "" for row in rows]
    data = write_rows(rows, tmp_path / "rows.jsonl")
    file = write_rows([{"predicted_answer": text} for text in texts], tmp_path / "answers.jsonl")
    out = ["-o", tmp_path / "scores.json"]
    code, _, err = bertkit("eval", file, "--on", "squad/v2", "--data", data, *out)
    assert code == 0, err
    assert json.loads((tmp_path / "scores.json").read_text())["figures"]["exact"] == 100
    asked = []
    for i, row in enumerate(rows):
        golds = [{"text": gold["text"], "answer_start": gold["start"]} for gold in row["answers"]]
        asked_of = {"id": str(i), "question": row["question"], "is_impossible": not golds, "answers": golds}
        asked.append({"context": row["context"], "qas": [asked_of]})
    gold, by_id_file = tmp_path / "gold.json", tmp_path / "predictions.json"
    gold.write_text(json.dumps({"version": "v2.0", "data": [{"title": "t", "paragraphs": asked}]}))
    by_id_file.write_text(json.dumps({str(i): text for i, text in enumerate(texts)}))
    code, _, err = bertkit("eval", by_id_file, "--on", "squad/v2", "--data", gold, *out)
    assert code == 0, err
    by_id = json.loads((tmp_path / "scores.json").read_text())
    assert bertkit("eval", "--task", "squad", "--predictions", by_id_file, "--data", gold, *out)[0] == 0
    assert by_id == json.loads((tmp_path / "scores.json").read_text())
    assert by_id["exact"] == 100


def test_a_row_without_probabilities(bertkit, tmp_path: Path) -> None:
    rows = write_csv(tmp_path / "rows.csv", ["text", "label"], [["x", "a"], ["y", "b"], ["z", "a"]])
    header = ["predicted_label", "probability_a", "probability_b"]
    file = write_csv(tmp_path / "p.csv", header, [["a", 0.9, 0.1], ["b", "", ""], ["a", 0.7, 0.3]])
    code, _, err = bertkit("eval", file, "--on", "classify", "--data", rows, "-s", "metrics=log_loss")
    assert code == 2
    assert "log_loss: needs probabilities, but rows of the file have none" in err
