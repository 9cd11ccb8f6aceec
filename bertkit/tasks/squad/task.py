"""`squad`: the answer to a question as a span of a text, or no answer (Devlin et al. 2019, sections 4.2 and 4.3).

Trained and decoded as in google-research/bert's `run_squad.py`. The threshold of "no answer", a flag there, is tuned on
the validation rows for F1 and kept in the Run, with the temperature of the confidence.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import numpy as np

from bertkit.data.columns.column import Column
from bertkit.engine.examples import Counts, Examples
from bertkit.errors import DataError, RecipeError, Setting
from bertkit.metrics.answers import BEST, CALIBRATION, best_text
from bertkit.metrics.squad import normalize, per_question
from bertkit.recipe.schema import DataBlock
from bertkit.tasks import constant, texts, verdicts
from bertkit.tasks.confidence.scaling import FEW
from bertkit.tasks.squad import calibration, decode, findings, threshold, windows
from bertkit.tasks.squad.head import SquadHead
from bertkit.tasks.squad.options import SquadOptions, SquadState
from bertkit.tasks.squad.targets import targets
from bertkit.tasks.targets import Target
from bertkit.tasks.task import Answer, Encoded, Outputs, Rows, Verdict
from bertkit.tasks.texts import TextTask

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from bertkit.metrics import Metric

log = logging.getLogger("bertkit")


class Squad(TextTask):
    Options = SquadOptions
    Head = SquadHead
    State = SquadState
    answer_columns = ("predicted_answer",)
    takes = "answers"
    metrics: tuple[str, ...] = ("squad_v2",)
    options: SquadOptions

    def __init__(self, options: SquadOptions, state: dict[str, Any] | None = None):
        super().__init__(options, state)
        if options.no_answer is False:
            self.metrics = ("squad",)

    @property
    def columns(self) -> tuple[Column, ...]:
        answers = Column("answers", "answers", required=False, answer=True)
        return Column("question", "text"), Column("context", "text"), answers

    @property
    def no_answer(self) -> bool:
        """Whether "" may be an answer."""
        option = self.options.no_answer
        return bool(self.state.get("no_answer")) if option == "auto" else option

    @property
    def threshold(self) -> float | None:
        """See `options.threshold`; None where every question gets an answer."""
        if not self.no_answer:
            return None
        fixed = self.options.threshold
        return fixed if fixed is not None else self.state.get("threshold", 0.0)

    @property
    def temperature(self) -> float:
        """The divisor of the scores before the softmax of the confidence."""
        return self.state.get("temperature", 1.0) if self.options.calibrate else 1.0

    def prepare(self, rows: Rows, data: DataBlock) -> None:
        if self.options.no_answer == "auto":
            self.state["no_answer"] = any(not golds for golds in self._golds(rows, "train"))

    def check_learnable(self, rows: Rows, data: DataBlock) -> None:
        golds = self._golds(rows, "train")
        if len(golds) > 1 and not any(golds):
            what = f"none of the {len(golds):,} questions has an answer"
            constant.refuse(what, "is this the right column? data.columns.answers", data)

    def check(self, rows: Rows, split: str) -> None:
        golds = self._golds(rows, split)
        if self.no_answer:
            return
        without = sum(not gold for gold in golds)
        if without:
            auto = self.options.no_answer == "auto"
            why = "all training rows have one" if auto else "options.no_answer is false"
            what = f"{without} of {len(golds)} questions have no answer, but {why}"
            setting = Setting("options.no_answer", True)
            raise DataError.at(split, what, "to train and predict such questions", setting=setting)

    def findings(self, rows: Rows) -> list[str]:
        places = texts.column(rows, "place") or [f"row {number}" for number in range(1, len(rows) + 1)]
        return findings.findings(texts.column(rows, "context") or [], self._golds(rows, "the rows"), places)

    def _golds(self, rows: Rows, split: str) -> list[list[dict[str, Any]]]:
        golds = texts.column(rows, "answers")
        if golds is None:
            todo = "name their column in data.columns.answers; write an empty list for a question without an answer"
            raise DataError.at(split, "the questions have no answers", todo)
        return golds

    def encode(self, rows: Rows, tokenizer: PreTrainedTokenizerBase, limit: int, *, answers: bool) -> Encoded:
        return windows.encode(rows, tokenizer, limit, self.options, answers=answers)

    def decode(self, outputs: Outputs, encoded: Encoded, rows: Rows) -> list[Answer]:
        """`{"answer", "start", "end", "score", "confidence", "no_answer_probability", "n_best"}` per row.

        Start and end are characters of the context, None without an answer. `score` is the score of the best text minus
        that of "no answer", so it compares across contexts. `confidence` is the probability that the answer is correct.
        `no_answer_probability` is None if every question gets an answer.
        """
        answers = decode.decode(
            outputs, encoded, rows,
            n_best=self.options.n_best, longest=self.options.max_answer, threshold=self.threshold,
        )  # fmt: skip
        if self.temperature == 1:
            return answers
        return [calibration.weighed(answer, self.temperature) for answer in answers]

    def messages(self, counts: Counts) -> tuple[list[str], list[str]]:
        return windows.messages(counts)

    def tune(self, answers: list[Answer], rows: Rows) -> None:
        """The threshold with the best F1, then the temperature for the answers with this threshold."""
        golds = [[gold["text"] for gold in each] for each in self._golds(rows, "validation")]
        if self.no_answer and self.options.threshold is None:
            self.state["threshold"] = threshold.tuned(answers, golds)
        if self.options.calibrate:
            refused = threshold.refused(answers, self.threshold)
            self._calibrate(answers, threshold.correct(answers, golds, refused), refused)

    def _calibrate(self, answers: list[Answer], correct: np.ndarray, refused: np.ndarray) -> None:
        """Fit the temperature to how often answers are correct.

        Args:
            correct: whether the answer of each row is correct, `(row,)`.
            refused: whether this answer is "no answer", `(row,)`.
        """
        self.state.pop("temperature", None)
        predicted = ["" if no else best_text(answer) for answer, no in zip(answers, refused, strict=True)]
        masks = [calibration.spellings(answer["n_best"], text) for answer, text in zip(answers, predicted, strict=True)]
        temperature = calibration.fit([calibration.scores_of(answer["n_best"]) for answer in answers], masks, correct)
        if temperature is not None:
            self.state["temperature"] = temperature
            log.info("confidence: calibrated on %d validation questions, temperature %.2f", len(answers), temperature)
        elif len(answers) < FEW:
            log.info("confidence: not calibrated on %d questions; %d are needed", len(answers), FEW)
        else:
            log.info("confidence: not calibrated, as no temperature fits the validation questions")

    def check_metric(self, metric: Metric) -> None:
        if metric.takes not in ("answers", "candidates"):
            known = "use squad_v2" if self.no_answer else "use squad or squad_v2"
            raise RecipeError.at("metrics", f"{metric.name}: scores {metric.takes}, not answers", known)
        if metric.name in ("squad", "cmrc2018") and self.no_answer:
            what = f"{metric.name}: can not score questions without an answer, which the data has"
            raise RecipeError.at("metrics", what, "score them too", setting=Setting("metrics", "squad_v2"))

    def compare(self, answers: list[Answer], rows: Rows, takes: str) -> tuple[list[Any], list[list[str]]]:
        golds = [[gold["text"] for gold in each] for each in self._golds(rows, "the rows")]
        return answers if takes == "candidates" else [answer["answer"] for answer in answers], golds

    def own_metrics(self) -> list[Metric]:
        return [*([BEST] if self.no_answer else []), CALIBRATION]

    def verdicts(self, answers: list[Answer], rows: Rows) -> list[Verdict]:
        return verdicts.of_answers(answers, rows, self.compare(answers, rows, "answers")[1])

    def sanity_checks(self, answers: list[Answer], rows: Rows) -> list[str]:
        predicted, golds = self.compare(answers, rows, "answers")
        ids = [str(i) for i in range(len(golds))]
        _, scores = per_question(dict(zip(ids, golds, strict=True)), dict(zip(ids, predicted, strict=True)), "v2")
        f1, nothing = float(scores.mean()), float(np.mean([not any(map(normalize, gold)) for gold in golds]))
        if f1 > nothing:
            return []
        return [f"F1 {100 * f1:.1f}: no better than always predicting no answer ({100 * nothing:.1f})"]

    def files(self, answers: list[Answer], rows: Rows) -> dict[str, Any]:
        ids = texts.column(rows, "id") or []
        if len(set(ids)) < len(answers):  # no ids, or several passages of one question: use row numbers
            ids = [str(i) for i in range(len(answers))]
        named = dict(zip(ids, answers, strict=True))
        written: dict[str, Any] = {
            "predictions": {i: answer["answer"] for i, answer in named.items()},
            "nbest": {i: calibration.softened(answer["n_best"]) for i, answer in named.items()},
        }
        if self.no_answer:
            written["null_odds"] = {i: -answer["score"] for i, answer in named.items()}
            written["no_answer_probabilities"] = {i: answer["no_answer_probability"] for i, answer in named.items()}
        return written

    def targets(self, answer: Answer, outputs: Outputs, examples: Examples) -> list[Target] | None:
        return targets(answer, outputs, examples, no_answer=self.no_answer)

    def to_columns(self, answer: Answer, *, logits: bool = False) -> dict[str, Any]:
        columns = {"predicted_answer": answer["answer"]}
        columns |= {"predicted_start": answer["start"], "predicted_end": answer["end"], "score": answer["score"]}
        if answer["no_answer_probability"] is not None:
            columns["no_answer_probability"] = answer["no_answer_probability"]
        return columns | ({"n_best": answer["n_best"]} if logits else {})

    def confidence(self, answer: Answer) -> float:
        return float(answer["confidence"])

    def candidates(self, answer: Answer) -> list[tuple[Any, float]]:
        return [(entry["text"], entry["probability"]) for entry in answer["n_best"]]

    def probability_columns(self, answer: Answer) -> dict[str, Any]:
        hidden = ("start_logit", "end_logit")
        return {"n_best": [{key: entry[key] for key in entry if key not in hidden} for entry in answer["n_best"]]}

    def parse(self, columns: dict[str, Any], row: dict[str, Any]) -> Answer:
        return {"answer": str(columns.get("predicted_answer") or "")}

    @property
    def example(self) -> dict[str, Any]:
        return {"question": "Where does Anna live?", "context": "Anna lives in Berlin."}

    def to_text(self, answer: Answer) -> str:
        if not answer["answer"]:
            return f"no answer ({answer['confidence']:.2f})"
        return f"{answer['answer']} (characters {answer['start']} to {answer['end']}, {answer['confidence']:.2f})"

    def tiny_rows(self) -> list[dict[str, Any]]:
        parcel = "the parcel is late again . it was sent on monday , and the money for it came back ."
        man = "a man plays and the cat is sleeping . please send the money to my card , thank you ."
        questions = [
            (parcel, "what is late ?", "the parcel"),
            (parcel, "when was it sent ?", "monday"),
            (parcel, "what came back ?", "the money"),
            (man, "who plays ?", "a man"),
            (man, "what is sleeping ?", "the cat"),
            (man, "where to send it ?", "my card"),
            (man, "where is my parcel ?", None),
            (parcel, "who plays ?", None),
        ]
        never = self.options.no_answer is False
        return [
            {"question": q, "context": c, "answers": [{"text": a, "start": c.index(a)}] if a else []}
            for c, q, a in questions
            if a or not never
        ]
