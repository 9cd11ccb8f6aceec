"""`regress`: a number for a text or a pair of texts (STS-B's similarity). Squared error; the number is the logit."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pydantic import field_validator

from bertkit import plugins
from bertkit.data.columns.column import Column
from bertkit.errors import RecipeError
from bertkit.models import losses
from bertkit.recipe.references import Reference
from bertkit.recipe.schema import DataBlock
from bertkit.tasks import constant, texts, verdicts
from bertkit.tasks.parsing import number
from bertkit.tasks.task import Answer, Encoded, Outputs, Rows, Verdict
from bertkit.tasks.texts import TextHead, TextTask

if TYPE_CHECKING:
    import numpy as np
    import torch
    from transformers import PreTrainedTokenizerBase

    from bertkit.metrics import Metric


VARY = 0.1
"""Least standard deviation of predictions, relative to that of the true scores. At s times it and a correlation r, they
explain 2rs - s^2 of the variance: below 0.1 that is under a fifth, however high the correlation is."""


class RegressOptions(texts.TextOptions):
    loss: Reference = "squared_error"
    """`squared_error`, or a Reference to `(logits, labels) -> (row,)` with logits `(row, 1)`."""

    @field_validator("loss")
    @classmethod
    def _check_loss(cls, name: str) -> str:
        return losses.check_name(name, ("squared_error",))


class RegressHead(TextHead):
    auto_class = "AutoModelForSequenceClassification"
    hub_tag = "text-classification"

    def config(self) -> dict[str, Any]:
        return {"num_labels": 1, "problem_type": "regression"}

    def check_outputs(self, names: list[str]) -> str:
        return f"has {len(names)} labels" if len(names) != 1 else ""

    def losses(self, outputs: Any, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        return self._loss(outputs.logits.float(), batch["labels"]).sum()[None]

    @functools.cached_property
    def _loss(self) -> Callable[[torch.Tensor, torch.Tensor], torch.Tensor]:
        name = self.options.loss
        return losses.checked(plugins.find("loss", name, where="options.loss"), name)


class Regress(TextTask):
    Options = RegressOptions
    Head = RegressHead
    answer_columns = ("predicted_score",)
    takes = "scores"
    metrics = ("pearson", "spearman")
    options: RegressOptions

    @property
    def columns(self) -> tuple[Column, ...]:
        pair = Column("text_pair", "text", required=False)
        return Column("text", "text"), pair, Column("score", "number", answer=True)

    def check_learnable(self, rows: Rows, data: DataBlock) -> None:
        scores = texts.column(rows, "score") or []
        if len(scores) > 1 and len(set(scores)) == 1:
            what = f"all {len(scores):,} scores are {scores[0]:g}"
            constant.refuse(what, "is this the right column? data.columns.score", data)

    def encode(self, rows: Rows, tokenizer: PreTrainedTokenizerBase, limit: int, *, answers: bool) -> Encoded:
        import numpy as np

        encoded = texts.encode(rows, tokenizer, limit, self.options)
        if answers:
            scores = np.array(texts.column(rows, "score"), dtype=np.float32)  # (row,)
            for example in encoded.examples:
                example["labels"] = scores[example["row"]]
        return encoded

    def decode(self, outputs: Outputs, encoded: Encoded, rows: Rows) -> list[Answer]:
        """`{"score"}` per row."""
        if not len(rows):
            return []
        scores = texts.pool(outputs["logits"], encoded, len(rows), self.options.window_pooling)  # (row, 1)
        return [{"score": score} for score in scores[:, 0].tolist()]

    def check_metric(self, metric: Metric) -> None:
        if metric.takes != "scores":
            what = f"{metric.name}: scores labels, not numbers"
            raise RecipeError.at("metrics", what, "use pearson, spearman, mse, mae")

    def compare(self, answers: list[Answer], rows: Rows, takes: str) -> tuple[np.ndarray, np.ndarray]:
        import numpy as np

        predictions = np.array([answer["score"] for answer in answers])
        return predictions, np.array(texts.column(rows, "score"), dtype=np.float64)

    def verdicts(self, answers: list[Answer], rows: Rows) -> list[Verdict]:
        return verdicts.of_numbers(answers, rows)

    def sanity_checks(self, answers: list[Answer], rows: Rows) -> list[str]:
        predicted, references = self.compare(answers, rows, "scores")
        error, variance = float(((predicted - references) ** 2).mean()), float(references.var())
        warnings = []
        if predicted.std() < VARY * references.std():
            spread = f"standard deviation {predicted.std():.2g} around {predicted.mean():.3g}"
            warnings.append(f"the predictions barely vary: {spread}; that of the true scores is {references.std():.2g}")
        if error >= variance:
            warnings.append(f"squared error {error:.3g}: no better than always predicting the mean ({variance:.3g})")
        return warnings

    def to_columns(self, answer: Answer, *, logits: bool = False) -> dict[str, Any]:
        return {"predicted_score": answer["score"]}

    def parse(self, columns: dict[str, Any], row: dict[str, Any]) -> Answer:
        return {"score": number(columns.get("predicted_score"))}

    def to_text(self, answer: Answer) -> str:
        return f"{answer['score']:.3f}"

    def tiny_rows(self) -> list[dict[str, Any]]:
        return [
            {"text": "a man plays", "text_pair": "a man is playing", "score": 4.5},
            {"text": "a cat sleeps", "text_pair": "the cat is sleeping", "score": 4.0},
            {"text": "a man plays", "text_pair": "the cat is sleeping", "score": 0.5},
            {"text": "my parcel is late again", "text_pair": "where is my parcel", "score": 2.5},
            {"text": "hello", "text_pair": "thank you , good bye", "score": 1.0},
            {"text": "i want my money back", "text_pair": "please send the money", "score": 3.5},
        ]
