"""Rows and beliefs made by hand or by a seed: what judges and findings are tested with, without training."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bertkit.data.columns.column import Column
from bertkit.recipe.schema import Recipe
from bertkit.understand.errors.judges.judge import Belief
from bertkit.understand.errors.pool import Pool
from tests.helpers import write_rows

TEXT = Column("text", "text")
WORDS = {
    "delivery": "parcel late arrive sent box where when address",
    "refund": "money back card charged times discount code price",
    "other": "hello thank you good bye cat sleeping song",
}
FILLERS = ["the", "is", "my", "a", "to", "it", "this", "please", "can", "and", "of", "in"]


def pool_of(kind: Any, answers: Sequence[Any], texts: Sequence[str] | None = None, **columns: Sequence[Any]) -> Pool:
    """A pool of training rows with such answers.

    Args:
        columns: further columns by name, of the kind `text`, or `choices` and `words` under these names.
    """
    kinds: dict[str, Any] = {"choices": "choices", "tokens": "words"}
    texts = texts or [hashlib.sha256(str(row).encode()).hexdigest() for row in range(len(answers))]
    rows = [
        {"text": text, "answer": answer, "place": f"a.csv:{row + 2}", "row": row + 1,
         **{name: values[row] for name, values in columns.items()}}
        for row, (text, answer) in enumerate(zip(texts, answers, strict=True))
    ]  # fmt: skip
    more = [Column(name, kinds.get(name, "text")) for name in columns]
    return Pool(rows, ["train"] * len(rows), (TEXT, *more, Column("answer", kind, answer=True)), list(range(len(rows))))


def beliefs_of(*rows: Sequence[float]) -> list[Belief]:
    """Of answers with one part."""
    return [Belief(np.array([row], dtype=np.float64)) for row in rows]


def noisy(count: int, errors: int, seed: int = 0) -> tuple[list[str], list[Belief], list[int]]:
    """Given labels of three classes with so many of them flipped, beliefs that are sure of the right one, and which are
    flipped."""
    draw = np.random.default_rng(seed)
    right = draw.integers(3, size=count)
    likely = np.zeros((count, 3))
    first = draw.uniform(0, 0.1, size=count)
    for row, label in enumerate(right.tolist()):
        likely[row, [label, (label + 1) % 3, (label + 2) % 3]] = 0.9, first[row], 0.1 - first[row]
    flipped = sorted(draw.permutation(count)[:errors].tolist())
    given = right.copy()
    given[flipped] = (right[flipped] + draw.integers(1, 3, size=errors)) % 3
    names = ["a", "b", "c"]
    return [names[label] for label in given], beliefs_of(*likely.tolist()), flipped


def texts_of(count: int, errors: int, seed: int = 1) -> tuple[list[dict[str, Any]], list[int]]:
    """Rows of three labels whose words tell them, all different, with so many labels flipped; and which."""
    draw = random.Random(seed)
    rows: list[dict[str, Any]] = []
    seen = set()
    while len(rows) < count:
        label = draw.choice(list(WORDS))
        words = draw.sample(WORDS[label].split(), 4) + draw.sample(FILLERS, 2)
        draw.shuffle(words)
        if (text := " ".join(words)) not in seen:
            seen.add(text)
            rows.append({"text": text, "label": label})
    flipped = sorted(draw.sample(range(count), errors))
    for row in flipped:
        rows[row]["label"] = draw.choice([label for label in WORDS if label != rows[row]["label"]])
    return rows, flipped


def recipe_of(folder: Path, bert: Path, rows: Sequence[dict[str, Any]], task: str = "classify", **parts: Any) -> Recipe:
    """A recipe of rows in a file, which trains a few steps; `parts`: options, and rows under `test` or `validation`."""
    data = {"train": str(write_rows(list(rows), folder / "train.jsonl"))}
    for name in ("validation", "test"):
        if name in parts:
            data[name] = str(write_rows(parts[name], folder / f"{name}.jsonl"))
    train = parts.get("train", {"max_steps": 3})
    block = {
        "per_device_train_batch_size": 8,
        "learning_rate": 1e-3,
        "report_to": "none",
        "use_cpu": True,
    }
    return Recipe.model_validate(
        {"task": task, "model": str(bert), "data": data, "options": parts.get("options", {}),
         "train": {**block, **train}}
    )  # fmt: skip


def rows_of(task: str, count: int = 48) -> list[dict[str, Any]]:
    """Rows with answers of a task, all different, which say nothing."""
    draw = random.Random(5)
    every = [*FILLERS, *" ".join(WORDS.values()).split()]
    rows: list[dict[str, Any]] = []
    for number in range(count):
        words = draw.sample(every, 8)
        text = " ".join(words)
        if task == "ner":
            tags = [draw.choice(["O", "O", "B-PER", "B-LOC"]) for _ in words]
            rows.append({"tokens": words, "tags": tags})
        elif task == "squad":
            answer = {"text": words[2], "start": text.index(f" {words[2]} ") + 1}
            rows.append({"question": f"what is {words[0]}", "context": text, "answers": [answer] if number % 3 else []})
        elif task == "choice":
            rows.append({"text": text, "choices": [words[0], words[1], words[2]], "label": draw.randrange(3)})
        elif task == "regress":
            rows.append({"text": text, "score": 5 * draw.random()})
        elif task == "rerank":
            query = f"{every[number // 4]} {every[-1 - number // 4]}"
            rows.append({"query": query, "text": text, "score": float(draw.randrange(3))})
        else:
            rows.append({"text": text, "label": draw.choice(list(WORDS))})
    return rows
