"""Trainings with a fault that is known: a slow loader, a tokenizer on the main thread, tiny batches."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bertkit.recipe.load import dump
from tests.helpers import tiny_recipe

TASKS = """
import time
import numpy as np
from bertkit.tasks.classify.task import Classify


class Slow(Classify):
    def collator(self, tokenizer):
        collate = super().collator(tokenizer)

        def slowly(examples):
            time.sleep(0.04)
            return collate(examples)

        return slowly


class Tokenizing(Classify):
    def encode(self, rows, tokenizer, limit, *, answers):
        encoded = super().encode(rows, tokenizer, limit, answers=answers)
        texts = [row["text"] + " where is my parcel ?" * 500 for row in rows]
        for example in encoded.examples:
            example["words"] = texts[example["row"]]
        return encoded

    def collator(self, tokenizer):
        def collate(examples):
            texts = [one["words"] for one in examples]
            batch = tokenizer(texts, truncation=True, max_length=16, padding=True, return_tensors="np")
            return {**batch, "labels": np.stack([one["labels"] for one in examples])}

        return collate
"""


def recipe_with(task: str, model: Path, folder: Path, *, repeat: int = 8, **train: Any) -> str:
    """The file of a recipe of a task of TASKS, or of one that comes with bertkit."""
    name = task
    if task[0].isupper():
        (folder / "mine.py").write_text(TASKS, "utf-8")
        name = f"{folder / 'mine.py'}:{task}"
    recipe = tiny_recipe(name, {}, model, folder, repeat, **train)
    file = folder / "planted.yaml"
    file.write_text(dump(recipe), "utf-8")
    return str(file)
