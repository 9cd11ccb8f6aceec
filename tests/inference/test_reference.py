"""`bertkit eval --reference` on files of predictions: of labels, tags and questions."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from bertkit.metrics import METRICS, Trusted


def write(tmp_path: Path) -> tuple[str, str]:
    rows, said = ["a,text", *["x,one two", "y,three", "x,four", "z,five"] * 5], ["x", "y", "y", "z"] * 5
    (tmp_path / "rows.csv").write_text("\n".join(rows).replace("a,text", "label,text"), "utf-8")
    table = "\n".join(["predicted_label", *said])
    (tmp_path / "said.csv").write_text(table, "utf-8")
    (tmp_path / "recipe.yaml").write_text("task: classify\nmodel: none\n", "utf-8")
    return str(tmp_path / "said.csv"), str(tmp_path / "rows.csv")


def test_both_are_shown_and_written(tmp_path: Path, bertkit) -> None:
    said, rows = write(tmp_path)
    out = tmp_path / "out.json"
    recipe = str(tmp_path / "recipe.yaml")
    code, shown, err = bertkit("eval", said, "--on", recipe, "--data", rows, "--reference", "-o", str(out))
    assert code == 0, err
    assert "scikit-learn accuracy_score" in shown
    written = {each["figure"]: each for each in json.loads(out.read_text("utf-8"))["reference"]}
    assert written["accuracy"]["reference"] == written["accuracy"]["value"] == 0.75
    assert written["macro_f1"]["by"] == "scikit-learn f1_score"


def test_a_difference_is_an_error(tmp_path: Path, bertkit, monkeypatch: pytest.MonkeyPatch) -> None:
    said, rows = write(tmp_path)
    wrong = replace(METRICS["accuracy"], reference=Trusted("a library", lambda p, r: 0.5))
    monkeypatch.setitem(METRICS, "accuracy", wrong)
    code, shown, err = bertkit("eval", said, "--on", str(tmp_path / "recipe.yaml"), "--data", rows, "--reference")
    assert code == 1
    assert "differs from the reference: accuracy" in err
    assert "2.5e-01" in shown


def test_squad_by_question_id(tmp_path: Path, bertkit) -> None:
    texts = {"a": "the red house", "b": "river", "c": ""}
    golds = {"a": ["red house"], "b": ["a wide river"], "c": []}
    questions = [
        {"id": i, "question": "?", "answers": [{"text": t, "answer_start": 0} for t in gold], "is_impossible": not gold}
        for i, gold in golds.items()
    ]
    data = {"data": [{"title": "", "paragraphs": [{"context": "red house a wide river", "qas": questions}]}]}
    for name, value in (("gold", data), ("said", texts)):
        (tmp_path / f"{name}.json").write_text(json.dumps(value), "utf-8")
    command = ["eval", "--task", "squad", "--predictions", str(tmp_path / "said.json")]
    code, shown, err = bertkit(*command, "--data", str(tmp_path / "gold.json"), "--reference")
    assert code == 0, err
    assert "the rules of evaluate-v2.0.py" in shown


def test_tags_of_another_scheme(tmp_path: Path, bertkit) -> None:
    """seqeval gets what bertkit's metrics get: BILOU as IOBES. Types are compared too, and seqeval is a metric."""
    gold = [["B-PER", "L-PER", "O", "U-LOC"], ["O", "U-LOC"], ["U-PER"]]
    said = [["B-PER", "L-PER", "O", "O"], ["U-LOC", "U-LOC"], ["B-PER"]]
    words = [[f"w{n}" for n in range(len(tags))] for tags in gold]
    rows = [{"tokens": w, "tags": t} for w, t in zip(words, gold, strict=True)]
    for name, lines in (("rows", rows), ("said", [{"predicted_tags": tags} for tags in said])):
        (tmp_path / f"{name}.jsonl").write_text("\n".join(map(json.dumps, lines)), "utf-8")
    (tmp_path / "recipe.yaml").write_text(
        "task: ner\nmodel: none\nmetrics: [entity_f1, strict_entity_f1, seqeval, seqeval/IOBES]\n", "utf-8"
    )
    files = [str(tmp_path / name) for name in ("said.jsonl", "recipe.yaml", "rows.jsonl")]
    code, shown, err = bertkit("eval", files[0], "--on", files[1], "--data", files[2], "--reference")
    assert code == 0, err
    assert "seqeval, strict mode" in shown
    assert "seqeval classification_report" in shown
    assert "overall_f1" in shown
