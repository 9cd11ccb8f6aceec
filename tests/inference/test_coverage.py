"""A tokenizer that does not fit the texts is warned of in training, scoring and prediction, of any task."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bertkit import Predictor, Run, train
from bertkit.tasks import TASKS
from bertkit.warn import collect
from tests.contract.test_task import TOYS
from tests.helpers import tiny_recipe, write_rows

FOREIGN = "包裹在哪里请退款"


def foreign(value: Any) -> Any:
    """Texts in a script that the tiny tokenizer does not know."""
    if isinstance(value, list):
        return [foreign(part) for part in value]
    return "".join(chr(0x4E00 + ord(c)) for c in value[:12]) if isinstance(value, str) else value


def test_predictions_warn_once_and_files_for_all_rows(tiny_run: Run, tmp_path: Path, bertkit: Any) -> None:
    predictor = Predictor.open(tiny_run)
    with collect() as warned:
        predictor.predict(["where is my parcel ?"])
        predictor.predict([FOREIGN])
        predictor.predict([FOREIGN])
    (warning,) = warned
    assert "of the tokens are unknown to the tokenizer" in warning["message"]
    file = write_rows([{"text": text} for text in ("hello", FOREIGN, FOREIGN)], tmp_path / "new.jsonl")
    code, _, err = bertkit("predict", tiny_run.path, file, "--output", tmp_path / "out.csv")
    assert code == 0, err
    assert err.count("unknown to the tokenizer (in all texts)") == 1


@pytest.mark.parametrize("name", [*(name for name in TASKS if name in ("choice", "classify")), f"{TOYS}:Passages"])
def test_training_warns_of_each_split_and_names_another_model(name: str, tiny_bert: Path, tmp_path: Path) -> None:
    """Through the tokens that `encode` makes, so of a user's own task too."""
    recipe = tiny_recipe(name, {}, tiny_bert, tmp_path, max_steps=1)
    for source in (recipe.data.train, recipe.data.validation):
        rows = [json.loads(line) for line in Path(source[0]).read_text().splitlines()]
        write_rows([{k: v if k == "label" else foreign(v) for k, v in row.items()} for row in rows], Path(source[0]))
    run = train(recipe, output=tmp_path / "run")
    found = {one["split"] for one in run.warnings if "unknown to the tokenizer" in one["message"]}
    assert found == {"train", "validation"}
    assert not any("train longer" in one["message"] for one in run.warnings)
