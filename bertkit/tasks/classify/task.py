"""`classify`: one label (or, with `multi_label`, any number of labels) for a text or a pair of texts.

The score of a row is its logits; probabilities are their softmax, or with `multi_label` their sigmoids, each against a
threshold of its own that is searched on the validation rows. With class weights the loss is the weighted mean, its
weights summed over the effective batch.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, field_validator, model_validator

from bertkit import plugins
from bertkit.data.columns import labels as names_of
from bertkit.data.columns.column import Column
from bertkit.errors import RecipeError, did_you_mean
from bertkit.models import build, losses
from bertkit.recipe.schema import DataBlock, ModelBlock
from bertkit.tasks import texts, verdicts
from bertkit.tasks.classify import out_of_scope, thresholds
from bertkit.tasks.task import Answer, Encoded, Outputs, Rows, Verdict
from bertkit.tasks.texts import TextTask

if TYPE_CHECKING:
    import numpy as np
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from bertkit.metrics import Metric


class ClassifyOptions(texts.TextOptions):
    multi_label: bool = False
    """Any number of labels a row, not exactly one."""
    class_weights: Literal["auto"] | dict[str, float] | None = None
    """Weight of each label's rows: `auto` makes all labels weigh the same in sum; names left out weigh 1."""
    loss: str = "cross_entropy"
    """`cross_entropy`, `focal`, or a Reference to `(logits, labels) -> (row,)`."""
    focal_gamma: float = Field(default=2.0, ge=0)
    label_smoothing: float = Field(default=0.0, ge=0, lt=1)
    threshold: float | None = Field(default=None, gt=0, lt=1)
    """Probability from which a label is given (`multi_label`). Default: searched on the validation rows, by label."""
    out_of_scope: str | None = None
    """The label of rows that belong to no other: adds the in-scope accuracy and the out-of-scope recall."""

    @field_validator("loss")
    @classmethod
    def _is_loss(cls, name: str) -> str:
        return losses.check_name(name, ("cross_entropy", "focal"))

    @model_validator(mode="after")
    def _fits(self) -> ClassifyOptions:
        if self.multi_label and self.out_of_scope:
            raise ValueError("out_of_scope does not go with multi_label: a row without labels is out of scope")
        if self.label_smoothing and self.loss != "cross_entropy":
            raise ValueError(f"label_smoothing goes with loss: cross_entropy, not with {self.loss}")
        if self.multi_label and self.class_weights and self.loss not in ("cross_entropy", "focal"):
            raise ValueError("with multi_label, class_weights go with loss: cross_entropy or focal; weigh in your own")
        if self.threshold is not None and not self.multi_label:
            raise ValueError("threshold goes with multi_label: true")
        if isinstance(self.class_weights, dict) and not all(weight > 0 for weight in self.class_weights.values()):
            raise ValueError("class_weights must be above 0")
        return self


class Classify(TextTask):
    Options = ClassifyOptions
    metrics: tuple[str, ...] = ("accuracy", "macro_f1")
    options: ClassifyOptions

    def __init__(self, options: ClassifyOptions, state: dict[str, Any] | None = None):
        super().__init__(options, state)
        self._given: bool | None = None  # whether the recipe gave the label names; unknown in a loaded Run
        if options.multi_label:
            self.metrics = ("macro_f1", "micro_f1", "accuracy")

    @property
    def columns(self) -> tuple[Column, ...]:
        kind: Literal["label", "labels"] = "labels" if self.options.multi_label else "label"
        pair = Column("text_pair", "text", required=False)
        return Column("text", "text"), pair, Column("label", kind, answer=True)

    @property
    def labels(self) -> list[str]:
        """Label names; their order is the logits'."""
        return self.state["labels"]

    @property
    def stratify_by(self) -> str | None:
        return None if self.options.multi_label else "label"

    def prepare(self, rows: Rows, data: DataBlock) -> None:
        given = names_of.read_label_names(data.label_names)
        self._given = given is not None
        self.state["labels"] = given or names_of.label_names(rows, "label")
        if given:
            names_of.check_labels(rows, "label", self.labels, "train", given=True)
        names_of.check_classes(rows, "label", self.labels)
        weights, outside = self.options.class_weights, self.options.out_of_scope
        named: dict[str, list[str | None]] = {
            "class_weights": list(weights) if isinstance(weights, dict) else [],
            "out_of_scope": [outside],
        }
        for key, names in named.items():
            for name in names:
                if name is not None and name not in self.labels:
                    hint = did_you_mean(name, self.labels)
                    raise RecipeError.at(f"options.{key}", f"{name}: no such label in the data", hint)
        counts = self._counts(rows)
        self._shares = [(counts[name] + 1) / (len(rows) + 2) for name in self.labels]
        if self.options.class_weights:
            self.state["weights"] = self._weights(rows)

    def check(self, rows: Rows, split: str) -> None:
        names_of.check_labels(rows, "label", self.labels, split, given=self._given)

    def _counts(self, rows: Rows) -> Counter[str]:
        values = texts.column(rows, "label") or []
        return Counter(n for value in values for n in (value if isinstance(value, list) else [value]))

    def _weights(self, rows: Rows) -> list[float]:
        given = self.options.class_weights
        if isinstance(given, dict):
            return [given.get(name, 1.0) for name in self.labels]
        counts = self._counts(rows)
        if self.options.multi_label:  # rows without the label for each row with it
            return [(len(rows) - counts[n]) / counts[n] if 0 < counts[n] < len(rows) else 1.0 for n in self.labels]
        return [len(rows) / (len(counts) * counts[n]) if counts[n] else 1.0 for n in self.labels]

    def build_model(self, block: ModelBlock) -> PreTrainedModel:
        return build.build_model(
            block,
            "AutoModelForSequenceClassification",
            num_labels=len(self.labels),
            id2label=dict(enumerate(self.labels)),
            label2id={name: i for i, name in enumerate(self.labels)},
            problem_type="multi_label_classification" if self.options.multi_label else "single_label_classification",
        )

    def begin(self, model: PreTrainedModel) -> None:
        if self.options.multi_label:
            thresholds.start_at_shares(model, self._shares, self.state.get("weights"))

    def encode(self, rows: Rows, tokenizer: PreTrainedTokenizerBase, limit: int, *, answers: bool) -> Encoded:
        encoded = texts.encode(rows, tokenizer, limit, self.options)
        if answers:
            labels = self._label_array(rows)
            for item in encoded.examples:
                item["labels"] = labels[item["row"]]
        return encoded

    def _label_array(self, rows: Rows) -> np.ndarray:
        """`(row,)` label numbers, or `(row, label)` of 0 and 1."""
        import numpy as np

        number = {name: i for i, name in enumerate(self.labels)}
        values = texts.column(rows, "label") or []
        if not self.options.multi_label:
            return np.array([number[value] for value in values], dtype=np.int64)
        present = np.zeros((len(values), len(number)), dtype=np.int64)
        for row, names in enumerate(values):
            present[row, [number[name] for name in names]] = 1
        return present

    def items(self, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        weights = None if self.options.multi_label else self._weight_tensor(batch["labels"].device)
        return super().items(batch) if weights is None else weights[batch["labels"]].sum()[None]

    def losses(self, model: Any, batch: dict[str, torch.Tensor]) -> tuple[torch.Tensor, Any]:
        labels = batch["labels"]
        outputs = model(**self.inputs(batch))
        logits = outputs.logits.float()  # (batch, label)
        weights = self._weight_tensor(logits.device)
        if self.options.multi_label:
            each = self._loss(logits, labels, **({} if weights is None else {"positive_weight": weights}))  # (batch,)
            return each.sum()[None], outputs
        each = self._loss(logits, labels)  # (batch,)
        return (each if weights is None else each * weights[labels]).sum()[None], outputs

    @functools.cached_property
    def _loss(self) -> Callable[..., torch.Tensor]:
        kind = "binary_" if self.options.multi_label else ""
        name = self.options.loss
        if name not in ("cross_entropy", "focal"):
            return losses.checked(plugins.find("loss", name, where="options.loss"), name)
        extra = {"gamma": self.options.focal_gamma} if name == "focal" else {"smoothing": self.options.label_smoothing}
        return functools.partial(plugins.find("loss", kind + name), **extra)

    def _weight_tensor(self, device: Any) -> torch.Tensor | None:
        """`(label,)`, or None."""
        import torch

        return torch.tensor(self.state["weights"], device=device) if "weights" in self.state else None

    def decode(self, outputs: Outputs, encoded: Encoded, rows: Rows) -> list[Answer]:
        """`{"label", "probabilities", "logits"}` a row; with `multi_label` `"labels"`, a list, for `"label"`."""
        import numpy as np
        from scipy.special import expit, softmax

        if not len(rows):
            return []
        logits = texts.pool(outputs["logits"], encoded, len(rows), self.options.window_pooling)  # (row, label)
        if self.options.multi_label:
            probabilities = expit(logits)
            given = probabilities >= np.array(self.thresholds)
            picked: list[dict[str, Any]] = [
                {"labels": [name for name, yes in zip(self.labels, row, strict=True) if yes]} for row in given
            ]
        else:
            probabilities = softmax(logits, axis=-1)
            picked = [{"label": self.labels[i]} for i in logits.argmax(-1)]
        names = self.labels
        return [
            {
                **pick,
                "probabilities": dict(zip(names, p, strict=True)),
                "logits": dict(zip(names, score, strict=True)),
            }
            for pick, p, score in zip(picked, probabilities.tolist(), logits.tolist(), strict=True)
        ]

    @property
    def thresholds(self) -> list[float]:
        """Probability from which each label is given."""
        fixed = self.options.threshold
        return [fixed] * len(self.labels) if fixed else self.state.get("thresholds") or [0.5] * len(self.labels)

    def tune(self, answers: list[Answer], rows: Rows) -> None:
        if self.options.multi_label and self.options.threshold is None:
            probabilities, present = self.compare(answers, rows, "probabilities")
            self.state["thresholds"] = thresholds.best_thresholds(probabilities, present)

    def compare(self, answers: list[Answer], rows: Rows, takes: str) -> tuple[np.ndarray, np.ndarray]:
        import numpy as np

        references = self._label_array(rows)
        if takes == "probabilities":
            return np.array([list(answer["probabilities"].values()) for answer in answers]), references
        key = "labels" if self.options.multi_label else "label"
        return self._label_array([{"label": answer[key]} for answer in answers]), references

    def check_metric(self, metric: Metric) -> None:
        from bertkit.metrics import try_out

        if metric.takes == "scores":
            raise RecipeError.at("metrics", f"{metric.name}: scores numbers, not labels", "use accuracy or macro_f1")
        if metric.takes == "labels":  # binary F1 refuses a third label, and matthews several labels a row
            last = [[1] * len(self.labels)] if self.options.multi_label else [len(self.labels) - 1]
            try_out(metric, last, last)

    def own_metrics(self) -> list[Metric]:
        outside = self.options.out_of_scope
        return out_of_scope.metrics(self.labels.index(outside)) if outside else []

    def verdicts(self, answers: list[Answer], rows: Rows) -> list[Verdict]:
        return verdicts.of_labels(answers, rows, self.labels)

    def sanity_checks(self, answers: list[Answer], rows: Rows) -> list[str]:
        if self.options.multi_label:
            if not any(answer["labels"] for answer in answers):
                return ["no row was given any label: nothing was learnt"]
            return []
        predicted, references = self.compare(answers, rows, "labels")
        accuracy = float((predicted == references).mean())
        name, count = Counter(references.tolist()).most_common(1)[0]
        majority = count / len(references)
        if accuracy > majority:
            return []
        below = " (below chance: do the labels mean what the data means?)" if accuracy < 1 / len(self.labels) else ""
        found = f"accuracy {accuracy:.3f}, but always answering {self.labels[name]} gives {majority:.3f}"
        return [f"{found}: nothing was learnt{below}"]

    def to_columns(self, answer: Answer, *, logits: bool = False) -> dict[str, Any]:
        key = "labels" if self.options.multi_label else "label"
        columns = {f"predicted_{key}": answer[key]}
        columns |= {f"probability_{name}": p for name, p in answer["probabilities"].items()}
        return columns | ({f"logit_{name}": score for name, score in answer["logits"].items()} if logits else {})

    def to_text(self, answer: Answer) -> str:
        given = answer["labels"] if self.options.multi_label else [answer["label"]]
        return ", ".join(f"{name} ({answer['probabilities'][name]:.2f})" for name in given) or "no label"

    def tiny_rows(self) -> list[dict[str, Any]]:
        refund = ("i want my money back", "please send the money", "my card was charged two times and i want it back")
        said = {
            "delivery": ("where is my parcel ?", "the parcel is late again", "when does it arrive"),
            "refund": refund,
            "other": ("thank you , good bye", "hello"),
        }
        rows: list[dict[str, Any]] = [{"text": text, "label": name} for name, ones in said.items() for text in ones]
        if self.options.multi_label:
            return [{**row, "label": [] if row["label"] == "other" else [row["label"], "any"]} for row in rows]
        return rows
