"""`choice`: which of several texts continues a text, or answers a question about it (SWAG: Zellers et al. 2018).

As Devlin et al. 2019, section 4.4: the model reads each choice in a pair with the context, the head scores the pair,
and the probabilities are the softmax of a row's scores. A row is one example with any number of choices. A batch holds
the pairs of all its rows one after the other, so rows are not padded with empty choices.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import BaseModel, Field

from bertkit.data.columns.choices import NAME_IT, choices, right
from bertkit.data.columns.column import Column
from bertkit.data.read.rows import Unusable
from bertkit.engine.examples import Counts, Examples
from bertkit.errors import DataError, RecipeError
from bertkit.recipe.schema import ModelBlock
from bertkit.tasks import parsing, text_sets, texts, verdicts
from bertkit.tasks.choice import pairs as choice_pairs
from bertkit.tasks.confidence import scaling
from bertkit.tasks.targets import Part, Target
from bertkit.tasks.task import Answer, Encoded, Outputs, Rows, TaskOptions, Verdict
from bertkit.tasks.texts import TextHead, TextTask

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from bertkit.metrics import Metric

FIT = ("accuracy", "log_loss", "calibration_error")
"""Built-in metrics that need no classes: number 1 is a different choice in each row."""


class ChoiceOptions(TaskOptions):
    max_length: int | None = Field(default=None, ge=8)
    """Most tokens of context, question and one choice, [CLS] and [SEP] included. Default: all that the model can take.
    Longer inputs lose the end of the context, then the beginning of the question, then the end of the choice."""
    calibrate: bool = True
    """Scale the scores on the validation rows, so that a probability says how often it is right
    (tasks/confidence/scaling.py)."""


class ChoiceState(BaseModel):
    """What the task learns from rows."""

    temperature: float = Field(default=1.0, gt=0)


class ChoiceHead(TextHead):
    auto_class = "AutoModelForMultipleChoice"
    hub_tag = "multiple-choice"
    targets = ("labels", "places")

    is_plain = True

    def build_model(self, block: ModelBlock) -> PreTrainedModel:
        """The head's bias is not trained: it adds the same to all choices, so it changes no answer, and its gradient is
        only rounding error, which Adam would scale up to full steps."""
        from torch.nn import Linear

        model = super().build_model(block)
        heads = [part for part in model.modules() if isinstance(part, Linear) and part.out_features == 1]
        if heads and heads[-1].bias is not None:
            heads[-1].bias.requires_grad_(False)
        return model

    def inputs(self, batch: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """The model takes `(row, choice, token)`: here one row with all pairs of the batch, as its head scores each."""
        return {name: tensor[None] for name, tensor in super().inputs(batch).items()}

    def losses(self, outputs: Any, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        from torch.nn.functional import cross_entropy

        return cross_entropy(_scores(outputs, batch), batch["labels"], reduction="sum")[None]

    def gold(self, outputs: Any, batch: dict[str, torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
        scores, labels = _scores(outputs, batch), batch["labels"]
        return scores.softmax(-1).gather(-1, labels[:, None])[:, 0], scores.argmax(-1) == labels

    def reduce(self, outputs: Any, batch: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        return {"logits": _scores(outputs, batch)}  # (row, choice)

    def score(self, outputs: Any, batch: dict[str, torch.Tensor], part: Part, places: torch.Tensor) -> torch.Tensor:
        """Each text is a pair: its own logit."""
        return outputs.logits.float().flatten()

    def trim(self, outputs: dict[str, np.ndarray], example: dict[str, Any]) -> dict[str, np.ndarray]:
        return {name: scores[: len(example["sizes"])] for name, scores in outputs.items()}  # (choice,)


def _scores(outputs: Any, batch: dict[str, torch.Tensor]) -> torch.Tensor:
    """`(row, choice)`; minus infinity after the last choice of a row."""
    places = batch["places"]  # (row, choice)
    return outputs.logits.float().flatten()[places.clamp(min=0)].masked_fill(places < 0, -float("inf"))


class Choice(TextTask):
    Options = ChoiceOptions
    Head = ChoiceHead
    State = ChoiceState
    answer_columns = ("predicted_label",)
    metrics: tuple[str, ...] = ("accuracy",)
    options: ChoiceOptions

    @property
    def columns(self) -> tuple[Column, ...]:
        question = Column("question", "text", required=False)
        return Column("text", "text"), question, Column("choices", "choices"), Column("label", "choice", answer=True)

    def encode(self, rows: Rows, tokenizer: PreTrainedTokenizerBase, limit: int, *, answers: bool) -> Encoded:
        limit = min(limit, self.options.max_length or limit)
        contexts, choices = texts.column(rows, "text") or [], _choices(rows)
        questions = texts.column(rows, "question") or [""] * len(contexts)
        encoded = choice_pairs.encode(contexts, questions, choices, tokenizer, limit)
        if answers:
            labels = _labels(rows, choices)
            for example in encoded.examples:
                example["labels"] = labels[example["row"]]
        return encoded

    def messages(self, counts: Counts) -> tuple[list[str], list[str]]:
        return choice_pairs.messages(counts)

    def collator(self, tokenizer: PreTrainedTokenizerBase) -> Callable[[list[dict[str, Any]]], dict[str, Any]]:
        return functools.partial(choice_pairs.collate, tokenizer=tokenizer)

    def decode(self, outputs: Outputs, encoded: Encoded, rows: Rows) -> list[Answer]:
        """`{"label", "text", "probability", "probabilities", "logits"}` per row: number, text and probability of the
        predicted choice, then the probabilities and logits of all choices in their order."""
        answers = []
        choices, fit = _choices(rows), self.state if self.options.calibrate else {}
        for example, scores in zip(encoded.examples, outputs.get("logits", ()), strict=True):
            logits = scores.astype(np.float64)  # (choice,)
            probabilities, best = texts.softmax(scaling.scaled(logits, fit)).tolist(), int(logits.argmax())
            answer = {"label": best, "text": choices[example["row"]][best], "probability": probabilities[best]}
            answers.append({**answer, "probabilities": probabilities, "logits": logits.tolist()})
        return answers

    def calibrate(self, outputs: Outputs, encoded: Encoded, rows: Rows) -> None:
        scaling.forget(self.state)
        each = outputs.get("logits", ())
        scores = np.full((len(each), max(map(len, each), default=0)), -np.inf)  # (row, choice)
        for row, own in enumerate(each):
            scores[row, : len(own)] = own
        right = _labels(rows, _choices(rows))[[example["row"] for example in encoded.examples]]
        self.state |= scaling.fitted(scores, right, self.options.calibrate)

    def targets(self, answer: Answer, outputs: Outputs, examples: Examples) -> list[Target] | None:
        """The logit of each choice, in the pair of the row that holds it."""
        pairs = text_sets.divided(examples[0])
        return [
            Target(f"choice {number}", (Part(pair),), chosen=number == answer["label"])
            for number, pair in enumerate(pairs)
        ]

    def check_metric(self, metric: Metric) -> None:
        from bertkit.metrics import METRICS

        if metric.takes not in ("labels", "probabilities"):
            kind = "numbers" if metric.takes == "scores" else metric.takes
            raise RecipeError.at("metrics", f"{metric.name}: scores {kind}, not choices", "use accuracy")
        if metric.name in METRICS and metric.name not in FIT:
            what = f"{metric.name}: scores classes, but the number of a choice is not a class"
            raise RecipeError.at("metrics", what, f"use {', '.join(FIT)}")

    def compare(self, answers: list[Answer], rows: Rows, takes: str) -> tuple[np.ndarray, np.ndarray]:
        """Numbers of choices `(row,)`, or probabilities `(row, choice)` with zeros where a row has fewer choices."""
        references = _labels(rows, _choices(rows))
        if takes != "probabilities":
            return np.array([answer["label"] for answer in answers], dtype=np.int64), references
        most = max(len(answer["probabilities"]) for answer in answers)
        padded = [answer["probabilities"] + [0.0] * (most - len(answer["probabilities"])) for answer in answers]
        return np.array(padded), references

    def verdicts(self, answers: list[Answer], rows: Rows) -> list[Verdict]:
        choices = _choices(rows)
        return verdicts.of_choices(answers, rows, choices, _labels(rows, choices).tolist())

    def sanity_checks(self, answers: list[Answer], rows: Rows) -> list[str]:
        predicted, references = self.compare(answers, rows, "labels")
        accuracy = float((predicted == references).mean())
        chance = float(np.mean([1 / len(choices) for choices in _choices(rows)]))
        if accuracy > chance:
            return []
        return [f"accuracy {accuracy:.3f}: no better than guessing ({chance:.3f})"]

    def to_columns(self, answer: Answer, *, logits: bool = False) -> dict[str, Any]:
        columns = {"predicted_label": answer["label"], "predicted_choice": answer["text"]}
        return columns | ({"logits": answer["logits"]} if logits else {})

    def confidence(self, answer: Answer) -> float:
        return float(answer["probability"])

    def candidates(self, answer: Answer) -> list[tuple[Any, float]]:
        return list(enumerate(answer["probabilities"]))

    def probability_columns(self, answer: Answer) -> dict[str, Any]:
        """A list, as the number of choices differs between rows."""
        return {"probabilities": answer["probabilities"]}

    def parse(self, columns: dict[str, Any], row: dict[str, Any]) -> Answer:
        return {"label": parsing.choice(columns.get("predicted_label"), len(row["choices"]))}

    def to_text(self, answer: Answer) -> str:
        return f"{answer['label']}: {answer['text']} ({answer['probability']:.2f})"

    def tiny_rows(self) -> list[dict[str, Any]]:
        parcel = "the parcel is late again ."
        rows: list[tuple[str, str, list[str], int]] = [
            (parcel, "where is it ?", ["it is late", "the cat is sleeping", "a man plays", "hello"], 0),
            (parcel, "what is late ?", ["my card", "the parcel"], 1),
            ("a man plays and the cat is sleeping .", "who plays ?", ["the cat", "the parcel", "a man"], 2),
            ("a man plays and the cat is sleeping .", "what is sleeping ?", ["a man", "the cat"], 1),
            ("my card was charged two times .", "what now ?", ["thank you , good bye", "i want my money back"], 1),
            ("my card was charged two times .", "how often ?", ["two times", "again", "thank you", "hello"], 0),
            ("please send the money , thank you .", "what to send ?", ["the money", "the cat", "it is late"], 0),
        ]
        return [{"text": text, "question": q, "choices": choices, "label": n} for text, q, choices, n in rows]


def _choices(rows: Rows) -> list[list[str]]:
    """The choices of each row.

    Raises:
        DataError: a row has no choices, or a value that can not be used.
    """
    values = texts.column(rows, "choices")
    if values is None and len(rows):
        raise DataError.at("row 1", "choices is missing", "a list of two texts or more")
    checked = []
    for number, value in enumerate(values or [], 1):  # rows that were not read from a file are not checked yet
        try:
            checked.append(choices(value))
        except Unusable as error:
            raise DataError(error.about("choices").at(f"row {number}")) from None
    return checked


def _labels(rows: Rows, choices: list[list[str]]) -> np.ndarray:
    """`(row,)`: the number of the correct choice.

    Raises:
        DataError: a label names no choice.
    """
    labels = texts.column(rows, "label")
    if labels is None:
        raise DataError.at("label", "the rows have no labels", NAME_IT)
    numbers = []
    for number, (label, texts_of_row) in enumerate(zip(labels, choices, strict=True), 1):
        try:
            numbers.append(right(label, texts_of_row))
        except Unusable as error:
            raise DataError(error.about("label").at(f"row {number}")) from None
    return np.array(numbers, dtype=np.int64)
