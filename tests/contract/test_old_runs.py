"""A Run that an earlier release trained opens, and scores and answers as it did."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from bertkit import Predictor, Run, train
from bertkit.fs import write_json
from tests.helpers import make, tiny_recipe

OLD = [
    ("choice", {}, ()),
    ("classify", {}, ("labels",)),
    ("classify", {"multi_label": True}, ("labels", "thresholds")),
    ("ner", {}, ("scheme", "labels")),
    ("ner", {"subtoken_pooling": "mean", "crf": True}, ("scheme", "labels")),
    ("pretrain", {"max_length": 24}, ()),
    ("regress", {}, ()),
    ("squad", {}, ("no_answer", "threshold")),
]
"""Task, its options, and the keys that task.json had before run.json existed."""

RENAMED = {"subtoken_pooling": "pieces"}
"""Options of today -> their old names."""


def make_old(run: Run, keys: tuple[str, ...]) -> None:
    """Take away what earlier releases did not write, and use their names."""
    run.run_file.unlink()
    write_json(run.task_file, {key: run.task_state[key] for key in keys if key in run.task_state})
    yaml = YAML()
    recipe = yaml.load(run.recipe_file.read_text("utf-8"))
    recipe["options"] = {RENAMED.get(name, name): value for name, value in recipe["options"].items()}
    with run.recipe_file.open("w", encoding="utf-8") as stream:
        yaml.dump(recipe, stream)


@pytest.mark.parametrize(("name", "options", "keys"), OLD, ids=lambda value: str(value))
def test_an_old_run_scores_and_answers_as_before(
    name: str, options: dict[str, Any], keys: tuple[str, ...], tiny_bert: Path, tmp_path: Path, bertkit: Any
) -> None:
    def evaluated() -> Any:
        file = tmp_path / "scores.json"
        code, _, err = bertkit("eval", run.path, "--output", file)
        assert code == 0, err
        return json.loads(file.read_text("utf-8"))

    run = train(tiny_recipe(name, options, tiny_bert, tmp_path), output=tmp_path / "run")
    rows = make(name, options).tiny_rows()
    answers, scores = Predictor.open(run).predict(rows), evaluated()
    make_old(run, keys)
    if name == "ner":
        assert "pieces:" in run.recipe_file.read_text("utf-8")

    opened = Run.open(run.path)
    assert (opened.kind, opened.backend, opened.parent) == ("train", "torch", None)
    assert Predictor.open(opened).predict(rows) == answers
    assert evaluated() == scores
