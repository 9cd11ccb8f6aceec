"""`classify`: one label (or, with `multi_label`, any number of labels) for a text or a pair of texts.

Probabilities are the softmax of a row's logits, or with `multi_label` their sigmoids; each label then has its own
threshold, tuned on the validation rows. With class weights the loss is a weighted mean: the sum of the weights over the
effective batch is its denominator.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from bertkit.data.columns import label_cells
from bertkit.data.columns import labels as label_names
from bertkit.data.columns.column import Column
from bertkit.data.read.rows import Unusable
from bertkit.engine.examples import Examples
from bertkit.errors import RecipeError, did_you_mean
from bertkit.recipe.schema import DataBlock
from bertkit.tasks import label_match, texts, verdicts
from bertkit.tasks.classify import out_of_scope, thresholds
from bertkit.tasks.classify.head import ClassifyHead
from bertkit.tasks.classify.options import ClassifyOptions, ClassifyState
from bertkit.tasks.parsing import number, position
from bertkit.tasks.targets import Target, of_labels
from bertkit.tasks.task import Answer, Encoded, Outputs, Rows, Verdict
from bertkit.tasks.texts import TextTask

if TYPE_CHECKING:
    import numpy as np
    from transformers import PreTrainedTokenizerBase

    from bertkit.metrics import Metric


class Classify(TextTask):
    Options = ClassifyOptions
    Head = ClassifyHead
    State = ClassifyState
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
        """Label names, in the order of the logits."""
        return self.state["labels"]

    @property
    def stratify_by(self) -> str | None:
        return None if self.options.multi_label else "label"

    def prepare(self, rows: Rows, data: DataBlock) -> None:
        names = label_names.given_names(data)
        self.state |= {"labels": names or label_names.distinct_labels(rows, "label"), "labels_given": names is not None}
        if names:
            label_names.check_labels(rows, "label", self.labels, "train", given=True)
        label_names.check_classes(rows, "label", self.labels)
        weights, outside = self.options.class_weights, self.options.out_of_scope
        used = [("class_weights", name) for name in (weights if isinstance(weights, dict) else ())]
        for key, name in [*used, *([("out_of_scope", outside)] if outside is not None else [])]:
            if name not in self.labels:
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
        labels: Sequence[str] = (),
    ) -> str:
        """The data's labels in the data's order; `state["outputs"]` has the position of each among the outputs."""
        if rows is None:
            self.state["labels"] = [*names]
            return ""
        known = label_names.given_names(data)
        in_rows = [name for name in label_names.distinct_labels(rows, "label") if name != label_names.HIDDEN]
        if not names:  # a file of predictions may use the labels' numbers if their order is known
            known = known or ([*order] if {*in_rows} <= {*order} else None)
            self.state |= {"labels": known or in_rows, "ordered": known is not None}
            self.state["label_separator"] = data.label_separator
            return ""
        own = known or label_match.in_order(in_rows, order) or [*(labels or names)]
        match = label_match.match_labels(names, own, labels)
        own = [*own, *(name for name in match.names if name not in own)]
        self.state |= {"labels": own, "outputs": [match.names.index(name) for name in own]}
        return match.warning or ("" if labels or known or len(rows) else label_match.unnamed(names))

    def _counts(self, rows: Rows) -> Counter[str]:
        values = texts.column(rows, "label") or []
        return Counter(n for value in values for n in (value if isinstance(value, list) else [value]))

    def _weights(self, rows: Rows) -> list[float]:
        weights = self.options.class_weights
        if isinstance(weights, dict):
            return [weights.get(name, 1.0) for name in self.labels]
        counts = self._counts(rows)
        if self.options.multi_label:  # rows without the label per row with it
            return [(len(rows) - counts[n]) / counts[n] if 0 < counts[n] < len(rows) else 1.0 for n in self.labels]
        return [len(rows) / (len(counts) * counts[n]) if counts[n] else 1.0 for n in self.labels]

    def encode(self, rows: Rows, tokenizer: PreTrainedTokenizerBase, limit: int, *, answers: bool) -> Encoded:
        encoded = texts.encode(rows, tokenizer, limit, self.options)
        if answers:
            labels = self._label_array(rows)
            for example in encoded.examples:
                example["labels"] = labels[example["row"]]
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
        """`{"label", "probabilities", "logits"}` per row; with `multi_label` a list `"labels"` instead of `"label"`."""
        import numpy as np

        if not len(rows):
            return []
        logits = texts.pool(outputs["logits"], encoded, len(rows), self.options.window_pooling)  # (row, label)
        if self.options.multi_label:
            from scipy.special import expit

            probabilities = expit(logits)
            likely = probabilities >= np.array(self.thresholds)  # (row, label)
            chosen: list[dict[str, Any]] = [
                {"labels": [name for name, yes in zip(self.labels, row, strict=True) if yes]} for row in likely
            ]
        else:
            probabilities = texts.softmax(logits)
            chosen = [{"label": self.labels[i]} for i in logits.argmax(-1)]
        names = self.labels
        return [
            {
                **label,
                "probabilities": dict(zip(names, p, strict=True)),
                "logits": dict(zip(names, score, strict=True)),
            }
            for label, p, score in zip(chosen, probabilities.tolist(), logits.tolist(), strict=True)
        ]

    @property
    def thresholds(self) -> list[float]:
        """Lowest probability of each predicted label, in the order of the labels."""
        fixed = self.options.threshold
        return [fixed] * len(self.labels) if fixed else self.state.get("thresholds") or [0.5] * len(self.labels)

    def tune(self, answers: list[Answer], rows: Rows) -> None:
        if self.options.multi_label and self.options.threshold is None:
            probabilities, present = self.compare(answers, rows, "probabilities")
            self.state["thresholds"] = thresholds.best_thresholds(probabilities, present)

    def targets(self, answer: Answer, outputs: Outputs, examples: Examples) -> list[Target] | None:
        chosen = answer["labels"] if self.options.multi_label else [answer["label"]]
        places = self.state.get("outputs")  # a model that bertkit did not train may have another order
        return of_labels(outputs, examples, self.labels, self.options, chosen=chosen, places=places)

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
        if metric.takes == "labels":  # binary F1 refuses a third label, and matthews several labels per row
            last = [[1] * len(self.labels)] if self.options.multi_label else [len(self.labels) - 1]
            try_out(metric, last, last)

    def own_metrics(self) -> list[Metric]:
        outside = self.options.out_of_scope
        return out_of_scope.metrics(self.labels.index(outside)) if outside else []

    def verdicts(self, answers: list[Answer], rows: Rows) -> list[Verdict]:
        return verdicts.of_labels(answers, rows, self.labels)

    def sanity_checks(self, answers: list[Answer], rows: Rows) -> list[str]:
        if self.options.multi_label:
            return thresholds.unfit(*self.compare(answers, rows, "labels"))
        predicted, references = self.compare(answers, rows, "labels")
        accuracy = float((predicted == references).mean())
        name, count = Counter(references.tolist()).most_common(1)[0]
        majority, chance = count / len(references), 1 / len(self.labels)
        if accuracy > majority:
            return []
        below = "below chance" if accuracy < chance else "no better than chance"
        if "outputs" in self.state and len(self.labels) <= label_match.MOST:  # the model was not trained by bertkit
            names, best = label_match.best_order(predicted, references, self.labels)
            if best > majority:
                by_output = sorted(zip(self.state["outputs"], names, strict=True))
                order = ",".join(label for _, label in by_output)
                start = f"accuracy {accuracy:.3f} is {below} ({chance:.3f})"
                return [f"{start}; it would be {best:.3f} if the outputs were labels={order}"]
        figure = f"accuracy {accuracy:.3f}: no better than always predicting {self.labels[name]} ({majority:.3f})"
        if accuracy < chance:
            return [f"{figure}, and below chance: check that labels and rows belong together"]
        return [figure]

    def to_columns(self, answer: Answer, *, logits: bool = False) -> dict[str, Any]:
        columns = {self.answer_columns[0]: answer["labels" if self.options.multi_label else "label"]}
        return columns | ({f"logit_{name}": score for name, score in answer["logits"].items()} if logits else {})

    def confidence(self, answer: Answer) -> float:
        """Of several labels that of the least sure one, predicted or not."""
        return verdicts.confidence_of_labels(answer)

    def candidates(self, answer: Answer) -> list[tuple[Any, float]]:
        return list(answer["probabilities"].items())

    @property
    def answer_columns(self) -> tuple[str, ...]:
        return ("predicted_labels",) if self.options.multi_label else ("predicted_label",)

    def parse(self, columns: dict[str, Any], row: dict[str, Any]) -> Answer:
        """The label by its name, or by its number if the data set has an order; probabilities if the columns have all.

        Raises:
            Unusable: an unknown label.
        """
        value = columns.get(self.answer_columns[0])
        cells = {name: columns.get(f"probability_{name}") for name in self.labels}
        answer: Answer = {}
        if all(cell is not None for cell in cells.values()):
            answer["probabilities"] = {name: number(cell) for name, cell in cells.items()}
        if not self.options.multi_label:
            return answer | {"label": self._label_named(value)}
        separator = self.state.get("label_separator", ",")
        text = "" if value is None else str(value)
        parts = value if isinstance(value, list) else label_cells.split(text, separator, self.labels, chosen=True)
        return answer | {"labels": [self._label_named(part) for part in parts]}

    def _label_named(self, value: Any) -> str:
        text = str(value).strip() if value is not None else ""
        names = {label_match.plain(name): name for name in self.labels}
        if text in self.labels or label_match.plain(text) in names:
            return text if text in self.labels else names[label_match.plain(text)]
        if self.state.get("ordered") and (known := position(text, len(self.labels))) is not None:
            return self.labels[known]
        raise Unusable(f"an unknown label: {text!r:.40}", did_you_mean(text, self.labels))

    def to_text(self, answer: Answer) -> str:
        names = answer["labels"] if self.options.multi_label else [answer["label"]]
        return ", ".join(f"{name} ({answer['probabilities'][name]:.2f})" for name in names) or "no label"

    @property
    def example(self) -> dict[str, Any]:
        return {"text": "Where is my parcel?"}

    def tiny_rows(self) -> list[dict[str, Any]]:
        refund = ("i want my money back", "please send the money", "my card was charged two times and i want it back")
        texts_of = {
            "delivery": ("where is my parcel ?", "the parcel is late again", "when does it arrive"),
            "refund": refund,
            "other": ("thank you , good bye", "hello"),
        }
        rows: list[dict[str, Any]] = [{"text": text, "label": name} for name, some in texts_of.items() for text in some]
        if self.options.multi_label:
            return [{**row, "label": [] if row["label"] == "other" else [row["label"], "any"]} for row in rows]
        return rows
