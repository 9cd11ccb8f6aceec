"""Tiny checkpoints as plain transformers saves them, and made-up benchmark folders to score them on."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

NLI = ("entailment", "neutral", "contradiction")
"""MNLI's labels in the order of the data set."""
OLD = ("contradiction", "entailment", "neutral")
"""That of older checkpoints."""
HYPOTHESES = {"entailment": "thank you", "neutral": "where is my parcel", "contradiction": "i want my money back"}
COLUMNS = [*(f"column{number}" for number in range(1, 9)), "sentence1", "sentence2"]


def nli_rows(count: int) -> list[tuple[str, str, str]]:
    """`(premise, hypothesis, label)`: the hypothesis determines the label, except in one row of ten."""
    words = ("a man plays", "the cat is sleeping", "hello", "the parcel is late again")
    rows = []
    for number in range(count):
        label = NLI[number % 3]
        hypothesis = HYPOTHESES[NLI[(number + 1) % 3]] if number % 10 == 9 else HYPOTHESES[label]
        rows.append((words[number % 4], f"{hypothesis} {words[(number // 3) % 4]}", label))
    return rows


def glue_folder(folder: Path) -> Path:
    """MNLI and RTE in the layout of GLUE's download, a header and a tab between the columns."""
    mnli = folder / "MNLI"
    mnli.mkdir(parents=True)
    for split, count in (("train", 30), ("dev_matched", 60), ("dev_mismatched", 45)):
        lines = ["\t".join([*COLUMNS, "gold_label"])]
        lines += ["\t".join([*["-"] * 8, first, second, label]) for first, second, label in nli_rows(count)]
        (mnli / f"{split}.tsv").write_text("\n".join(lines) + "\n", "utf-8")
    rte = folder / "RTE"
    rte.mkdir()
    for split in ("train", "dev"):
        lines = ["index\tsentence1\tsentence2\tlabel"]
        for number, (first, second, label) in enumerate(nli_rows(12)):
            lines.append(f"{number}\t{first}\t{second}\t{'entailment' if label == NLI[0] else 'not_entailment'}")
        (rte / f"{split}.tsv").write_text("\n".join(lines) + "\n", "utf-8")
    return folder


def save(model: Any, tokenizer: Path, folder: Path) -> Path:
    """As `save_pretrained` leaves it, with the tokenizer beside it."""
    from transformers import AutoTokenizer

    model.save_pretrained(folder)
    AutoTokenizer.from_pretrained(tokenizer).save_pretrained(folder)
    return folder


def classifier(base: Path, labels: Sequence[str], auto_class: str = "AutoModelForSequenceClassification") -> Any:
    """A random head with these names on the tiny BERT."""
    import torch
    import transformers

    torch.manual_seed(1)
    names = dict(enumerate(labels))
    model = getattr(transformers, auto_class).from_pretrained(
        base, num_labels=len(labels), id2label=names, label2id={name: i for i, name in names.items()}
    )
    torch.nn.init.normal_(model.classifier.weight, std=0.5)  # that the answers differ
    return model


def with_names(folder: Path, names: Sequence[str]) -> None:
    """Write other label names into a checkpoint's configuration."""
    config = json.loads((folder / "config.json").read_text())
    config |= {"id2label": dict(enumerate(names)), "label2id": {name: i for i, name in enumerate(names)}}
    (folder / "config.json").write_text(json.dumps(config))
