"""`classify`: one label (or, with `multi_label`, any number of labels) for a text or a pair of texts.

Probabilities are the softmax of a row's logits, or with `multi_label` their sigmoids; each label then has its own
threshold, tuned on the validation rows. With class weights the loss is a weighted mean: the sum of the weights over the
effective batch is its denominator.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, Self

from bertkit.data.columns import labels as label_names
from bertkit.data.columns.column import Column
from bertkit.engine.examples import Examples
from bertkit.errors import RecipeError, did_you_mean
from bertkit.recipe.schema import DataBlock
from bertkit.tasks import label_match, texts, verdicts
from bertkit.tasks.classify import checks, decode, parse, thresholds
from bertkit.tasks.classify import weights as weights_of_labels
from bertkit.tasks.classify.head import ClassifyHead
from bertkit.tasks.classify.options import OUTSIDE, ClassifyOptions, ClassifyState
from bertkit.tasks.classify.out_of_scope import metrics as out_of_scope
from bertkit.tasks.classify.out_of_scope.detector import Detector
from bertkit.tasks.confidence import scaling
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
        self._detector: tuple[Any, Detector] | None = None  # of the state that it was made from
        if options.multi_label:
            self.metrics = ("macro_f1", "micro_f1", "accuracy")

    def with_options(self, options: ClassifyOptions) -> Self:
        for name in ("out_of_scope", *OUTSIDE):
            if getattr(options, name) != getattr(self.options, name):
                what = f"{getattr(options, name)}: what detects rows out of scope was chosen by the training"
                raise RecipeError.at(f"options.{name}", what, "train again with it")
        return super().with_options(options)

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
        for key, name in used if outside is None else [*used, ("out_of_scope", outside)]:
            if name not in self.labels:
                hint = did_you_mean(name, self.labels) or "list it in data.label_names if only other rows have it"
                raise RecipeError.at(f"options.{key}", f"{name}: no such label in the data", hint)
        counts = weights_of_labels.counts_of(texts.column(rows, "label") or [])
        if outside is not None:
            self.state["outside"] = {"trained": counts[outside] > 0}
            if self.options.out_of_scope_by == "class" and not counts[outside]:
                todo = "leave it out: the other ways need no such rows"
                raise RecipeError.at("options.out_of_scope_by", f"class: no training row has the label {outside}", todo)
        if self.options.multi_label:
            self.state["shares"] = [(counts[name] + 1) / (len(rows) + 2) for name in self.labels]
        if weights:
            several = self.options.multi_label
            self.state["weights"] = weights_of_labels.weights(weights, counts, self.labels, len(rows), several)

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
        if not len(rows):
            return []
        logits, features = self._read(outputs, encoded, len(rows))
        scaled = bool(self.options.calibrate)
        if self.options.multi_label:
            return decode.several_labels(logits, self.labels, self.state, self.thresholds, scaled=scaled)
        return decode.one_label(logits, features, self.labels, self.state, self.detector, scaled=scaled)

    def _read(self, outputs: Outputs, encoded: Encoded, count: int) -> tuple[np.ndarray, np.ndarray | None]:
        """Logits `(row, label)`, and features `(row, size)` where the head gives them."""
        logits = texts.pool(outputs["logits"], encoded, count, self.options.window_pooling)
        return logits, texts.pool(outputs["features"], encoded, count, "mean") if "features" in outputs else None

    @property
    def detector(self) -> Detector | None:
        """What decides whether a row is out of scope; None: the likeliest label does."""
        outside, by, state = self.options.out_of_scope, self.options.out_of_scope_by, self.state.get("outside")
        if outside is None or by == "class" or state is None:
            return None
        if self._detector is None or self._detector[0] is not state:  # its means are many numbers
            self._detector = state, Detector(self.labels.index(outside), self.options, state)
        return self._detector[1]

    @property
    def learns_from_outputs(self) -> bool:
        return self.detector is not None and ClassifyHead.has_features(self.options)

    def learn(self, outputs: Outputs, encoded: Encoded, rows: Rows) -> None:
        features, detector = self._read(outputs, encoded, len(rows))[1], self.detector
        if detector is not None and features is not None:
            detector.learn(features, self._label_array(rows), len(self.labels))
            self.state["outside"] = detector.dumped()

    def calibrate(self, outputs: Outputs, encoded: Encoded, rows: Rows) -> None:
        (logits, features), right = self._read(outputs, encoded, len(rows)), self._label_array(rows)
        detector = self.detector
        scaling.forget(self.state)
        own = (logits, right) if detector is None else detector.inside(logits, right)
        self.state |= scaling.fitted(*own, self.options.calibrate)
        if detector is not None:
            detector.tune(scaling.scaled(logits, self.state), features, right)
            self.state["outside"] = detector.dumped()
            detector.log()

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
        if takes == "scores":
            outside = self.labels.index(self.options.out_of_scope or "")
            return np.array([answer.get(decode.OUTSIDE, np.nan) for answer in answers]), references == outside
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
        ready = self.detector is not None and self.detector.is_ready
        return out_of_scope.metrics(self.labels.index(outside), scored=ready) if outside else []

    def verdicts(self, answers: list[Answer], rows: Rows) -> list[Verdict]:
        return verdicts.of_labels(answers, rows, self.labels)

    def decisions(self, answers: list[Answer], rows: Rows) -> list[tuple[float, bool]]:
        """With several labels a decision for each row and label, as these are what is scaled."""
        if not self.options.multi_label:
            return super().decisions(answers, rows)
        right = texts.column(rows, "label") or []
        return [
            (sure, (name in answer["labels"]) == (name in labels))
            for answer, labels in zip(answers, right, strict=True)
            for name, sure in verdicts.confidences(answer).items()
        ]

    def sanity_checks(self, answers: list[Answer], rows: Rows) -> list[str]:
        if self.options.multi_label:
            return thresholds.unfit(*self.compare(answers, rows, "labels"))
        return checks.no_better(*self.compare(answers, rows, "labels"), self.labels, self.state.get("outputs"))

    def to_columns(self, answer: Answer, *, logits: bool = False) -> dict[str, Any]:
        columns = {self.answer_columns[0]: answer["labels" if self.options.multi_label else "label"]}
        columns |= {name: answer[name] for name in (decode.OUTSIDE,) if name in answer}
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
        names = parse.LabelNames(self.labels, ordered=bool(self.state.get("ordered")))
        value, answer = columns.get(self.answer_columns[0]), parse.probabilities(columns, self.labels)
        if not self.options.multi_label:
            return answer | {"label": names.named(value)}
        return answer | {"labels": names.several(value, self.state.get("label_separator", ","))}

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
