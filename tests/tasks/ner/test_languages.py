"""Entities are learnt to the last one in scripts without spaces, with marks, and with invisible characters."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bertkit import Predictor, Run, train
from bertkit.data.tokenizer.train import TokenizerOptions, save
from bertkit.data.tokenizer.train import train as train_tokenizer
from tests.helpers import messages, write_rows
from tests.tasks.ner.languages import SETS, row_of
from tests.tiny import make_bert

pytestmark = pytest.mark.slow


def trained(name: str, folder: Path, *, cased: bool, **options: Any) -> tuple[Run, list[dict[str, Any]]]:
    """A tiny model, trained on a set and scored on it, and the rows."""
    rows = [row_of(name, sentence) for sentence in SETS[name]]
    texts = [row.get("text") or " ".join(row["tokens"]) for row in rows]
    vocabulary = TokenizerOptions(vocab_size=600, reserved=0, min_frequency=1, lowercase=not cased)
    tokenizer = train_tokenizer(texts, vocabulary).tokenizer
    tokenizer.model_max_length = 64
    save(tokenizer, folder / "tokenizer")
    file = str(write_rows(rows, folder / "a.jsonl"))
    recipe = {
        "task": "ner",
        "model": str(make_bert(folder / "tokenizer", folder / "bert")),
        "data": {"train": file, "validation": file},
        "options": options,
        "train": {
            "num_train_epochs": 80,
            "per_device_train_batch_size": 4,
            "learning_rate": 5e-3,
            "report_to": "none",
            "use_cpu": True,
            "eval_strategy": "no",
            "save_strategy": "no",
        },
    }
    return train(recipe, output=folder / "run"), rows


CASES = [(name, cased) for name in SETS for cased in (True, False)]
"""A set, and whether the vocabulary keeps capitals and marks."""


@pytest.mark.parametrize(("name", "cased"), CASES, ids=str)
def test_all_entities_are_learnt_at_their_places(
    name: str, cased: bool, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    run, rows = trained(name, tmp_path, cased=cased)
    assert run.metrics["validation"]["entity_f1"] == 1.0
    answers = Predictor.open(run).predict(rows)
    for row, answer in zip(rows, answers, strict=True):
        found = [{"start": e.get("start"), "end": e.get("end"), "label": e["type"]} for e in answer["entities"]]
        assert len(found) == len([tag for tag in row.get("tags", ()) if tag[0] == "B"] or row.get("spans", ()))
        assert "spans" not in row or found == row["spans"]
    assert not [text for text in messages(caplog) if "extended to" in text or "overlap" in text]


@pytest.mark.parametrize("options", [{"crf": True}, {"constrained": True}, {"subtoken_pooling": "mean"}], ids=str)
def test_they_are_learnt_with_other_options(options: dict[str, Any], tmp_path: Path) -> None:
    run, _ = trained("thai words", tmp_path, cased=True, **options)
    assert run.metrics["validation"]["entity_f1"] == 1.0
