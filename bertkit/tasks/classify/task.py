"""`classify`: one label (or, with `multi_label`, any number of labels) for a text or a pair of texts.

The score of a row is its logits; probabilities are their softmax, or with `multi_label` their sigmoids, each against a
threshold of its own that is searched on the validation rows. With class weights the loss is the weighted mean, its
weights summed over the effective batch.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, field_validator, model_validator

from bertkit.data.columns import labels as label_names
from bertkit.data.columns.column import Column
from bertkit.data.read.rows import Unusable
from bertkit.errors import RecipeError, did_you_mean
from bertkit.models import losses
from bertkit.recipe.references import Reference
from bertkit.recipe.schema import DataBlock
from bertkit.tasks import label_match, texts, verdicts
from bertkit.tasks.classify import out_of_scope, thresholds
from bertkit.tasks.classify.head import ClassifyHead
from bertkit.tasks.parsing import number
from bertkit.tasks.task import Answer, Encoded, Outputs, Rows, Verdict
from bertkit.tasks.texts import TextTask

if TYPE_CHECKING:
    import numpy as np
    from transformers import PreTrainedTokenizerBase

    from bertkit.metrics import Metric


class ClassifyOptions(texts.TextOptions):
    multi_label: bool = False
    """Any number of labels a row, not exactly one."""
    class_weights: Literal["auto"] | dict[str, float] | None = None
    """Weight of each label's rows: `auto` makes all labels weigh the same in sum; names left out weigh 1."""
    loss: Reference = "cross_entropy"
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
    Head = ClassifyHead
    metrics: tuple[str, ...] = ("accuracy", "macro_f1")
    options: ClassifyOptions

    def __init__(self, options: ClassifyOptions, state: dict[str, Any] | None = None):
        super().__init__(options, state)
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
        given = label_names.read_label_names(data.label_names)
        self.state |= {"labels": given or label_names.distinct_labels(rows, "label"), "labels_given": given is not None}
        if given:
            label_names.check_labels(rows, "label", self.labels, "train", given=True)
        label_names.check_classes(rows, "label", self.labels)
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
        if self.options.multi_label:
            counts = self._counts(rows)
            self.state["shares"] = [(counts[name] + 1) / (len(rows) + 2) for name in self.labels]
        if self.options.class_weights:
            self.state["weights"] = self._weights(rows)

    def check(self, rows: Rows, split: str) -> None:
        label_names.check_labels(rows, "label", self.labels, split, given=self.state.get("labels_given"))

    def adopt(
        self,
        names: Sequence[str],
        rows: Rows | None,
        data: DataBlock,
        *,
        order: Sequence[str] = (),
        given: Sequence[str] = (),
    ) -> str:
        """The data's labels in the data's order; `state["outputs"]` is the place of each among the model's outputs."""
        if rows is None:
            self.state["labels"] = [*names]
            return ""
        known = label_names.read_label_names(data.label_names)
        in_rows = [name for name in label_names.distinct_labels(rows, "label") if name != label_names.HIDDEN]
        if not names:  # predictions in a file, which may name labels by their numbers where their order is known
            known = known or ([*order] if {*in_rows} <= {*order} else None)
            self.state |= {"labels": known or in_rows, "ordered": known is not None}
            self.state["label_separator"] = data.label_separator
            return ""
        labels = known or label_match.in_order(in_rows, order)
        match = label_match.match_labels(names, labels, given)
        labels = [*labels, *(name for name in match.names if name not in labels)]
        self.state |= {"labels": labels, "outputs": [match.names.index(name) for name in labels]}
        return match.warning

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
        majority, chance = count / len(references), 1 / len(self.labels)
        if accuracy > majority:
            return []
        below = "below chance" if accuracy < chance else "no better than chance"
        if "outputs" in self.state and len(self.labels) <= label_match.MOST:  # of a model from elsewhere
            meant, best = label_match.best_order(predicted, references, self.labels)
            if best > majority:
                by_output = sorted(zip(self.state["outputs"], meant, strict=True))
                order = ",".join(label for _, label in by_output)
                start = f"accuracy {accuracy:.3f} is {below} ({chance:.3f})"
                return [f"{start}; with the labels in another order it is {best:.3f}: --labels {order}"]
        hint = f" ({below}: do the labels mean what the data means?)" if accuracy < chance else ""
        figure = f"accuracy {accuracy:.3f}, but always answering {self.labels[name]} gives {majority:.3f}"
        return [f"{figure}: nothing was learnt{hint}"]

    def to_columns(self, answer: Answer, *, logits: bool = False) -> dict[str, Any]:
        columns = {self.answer_columns[0]: answer["labels" if self.options.multi_label else "label"]}
        columns |= {f"probability_{name}": p for name, p in answer["probabilities"].items()}
        return columns | ({f"logit_{name}": score for name, score in answer["logits"].items()} if logits else {})

    @property
    def answer_columns(self) -> tuple[str, ...]:
        return ("predicted_labels",) if self.options.multi_label else ("predicted_label",)

    def parse(self, columns: dict[str, Any], row: dict[str, Any]) -> Answer:
        """The label by its name, or by its number where the data set has an order; probabilities where all are there.

        Raises:
            Unusable: an unknown label.
        """
        value = columns.get(self.answer_columns[0])
        given = {name: columns.get(f"probability_{name}") for name in self.labels}
        answer: Answer = {}
        if all(probability is not None for probability in given.values()):
            answer["probabilities"] = {name: number(probability) for name, probability in given.items()}
        if not self.options.multi_label:
            return answer | {"label": self._label_named(value)}
        parts = value if isinstance(value, list) else str(value or "").split(self.state.get("label_separator", ","))
        return answer | {"labels": [self._label_named(part) for part in parts if str(part).strip()]}

    def _label_named(self, value: Any) -> str:
        text = str(value).strip() if value is not None else ""
        names = {label_match.plain(name): name for name in self.labels}
        if text in self.labels or label_match.plain(text) in names:
            return text if text in self.labels else names[label_match.plain(text)]
        if self.state.get("ordered") and text.isascii() and text.isdecimal() and int(text) < len(self.labels):
            return self.labels[int(text)]
        raise Unusable(f"an unknown label: {text!r:.40}", did_you_mean(text, self.labels))

    def to_text(self, answer: Answer) -> str:
        given = answer["labels"] if self.options.multi_label else [answer["label"]]
        return ", ".join(f"{name} ({answer['probabilities'][name]:.2f})" for name in given) or "no label"

    @property
    def example(self) -> dict[str, Any]:
        return {"text": "Where is my parcel?"}

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
