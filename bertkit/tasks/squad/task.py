"""`squad`: the answer to a question, as a span of a text, or that the text has none (Devlin et al. 2019, 4.2 and 4.3).

Trained and decoded as google-research/bert's `run_squad.py` does; what it leaves to a flag, the threshold of no answer,
is chosen on the validation rows for F1 and kept in the Run, with the temperature of the confidence.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pydantic import Field, model_validator

from bertkit.data.columns.column import Column
from bertkit.errors import DataError, RecipeError
from bertkit.metrics.answers import BEST, CALIBRATION, best_text, best_threshold
from bertkit.metrics.squad import normalize, per_question
from bertkit.recipe.schema import DataBlock
from bertkit.tasks import texts, verdicts
from bertkit.tasks.squad import calibration, decode, windows
from bertkit.tasks.squad.head import SquadHead
from bertkit.tasks.task import Answer, Encoded, Outputs, Rows, Verdict
from bertkit.tasks.texts import TextTask

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from bertkit.metrics import Metric

log = logging.getLogger("bertkit")


class SquadOptions(windows.WindowOptions):
    n_best: int = Field(default=20, ge=1)
    """So many starts and ends of each window are tried, and so many texts of each question kept."""
    max_answer: int = Field(default=30, ge=1)
    """Most tokens of an answer."""
    no_answer: Literal["auto", True, False] = "auto"
    """Whether a question may have no answer. Default: if a training row has none."""
    threshold: float | None = None
    """No answer is given where it scores more than this above the best text. Default: the best on validation rows."""
    calibrate: bool = True
    """Whether the confidence is fitted on the validation rows to how often answers are right (tasks/calibration.py)."""

    @model_validator(mode="after")
    def _fits(self) -> SquadOptions:
        if self.overlap is not None and self.step is not None:
            raise ValueError("overlap and step both say how far windows move on; name one")
        if self.threshold is not None and self.no_answer is False:
            raise ValueError("threshold goes with questions without an answer, not with no_answer: false")
        return self


class Squad(TextTask):
    Options = SquadOptions
    Head = SquadHead
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
        wish = self.options.no_answer
        return bool(self.state.get("no_answer")) if wish == "auto" else wish

    @property
    def threshold(self) -> float | None:
        """See `options.threshold`; None where every question gets an answer."""
        if not self.no_answer:
            return None
        fixed = self.options.threshold
        return fixed if fixed is not None else self.state.get("threshold", 0.0)

    @property
    def temperature(self) -> float:
        """By which scores are divided before the softmax of confidence."""
        return self.state.get("temperature", 1.0) if self.options.calibrate else 1.0

    def prepare(self, rows: Rows, data: DataBlock) -> None:
        if self.options.no_answer == "auto":
            self.state["no_answer"] = any(not golds for golds in self._golds(rows, "train"))

    def check(self, rows: Rows, split: str) -> None:
        golds = self._golds(rows, split)
        if self.no_answer:
            return
        without = sum(not gold for gold in golds)
        if without:
            auto = self.options.no_answer == "auto"
            why = "all training rows have one" if auto else "options.no_answer is false"
            what = f"{without} of {len(golds)} questions have no answer, but {why}"
            raise DataError.at(split, what, "--set options.no_answer=true")

    def _golds(self, rows: Rows, split: str) -> list[list[dict[str, Any]]]:
        golds = texts.column(rows, "answers")
        if golds is None:
            todo = "name their column in data.columns.answers; an empty list says that there is none"
            raise DataError.at(split, "the questions have no answers", todo)
        return golds

    def encode(self, rows: Rows, tokenizer: PreTrainedTokenizerBase, limit: int, *, answers: bool) -> Encoded:
        return windows.encode(rows, tokenizer, limit, self.options, answers=answers)

    def decode(self, outputs: Outputs, encoded: Encoded, rows: Rows) -> list[Answer]:
        """`{"answer", "start", "end", "score", "confidence", "no_answer_probability", "n_best"}` a row.

        Start and end are characters of the context, None where there is no answer. `score` is that of the best text
        less that of no answer: it compares across contexts. `confidence` is the chance that the answer given is right.
        `no_answer_probability` is None where every question gets an answer.
        """
        answers = decode.decode(
            outputs, encoded, rows,
            n_best=self.options.n_best, longest=self.options.max_answer, threshold=self.threshold,
        )  # fmt: skip
        if self.temperature == 1:
            return answers
        return [calibration.weighed(answer, self.temperature) for answer in answers]

    def tune(self, answers: list[Answer], rows: Rows) -> None:
        """The threshold for F1, then the temperature for the answers that it gives."""
        golds = {str(i): [gold["text"] for gold in each] for i, each in enumerate(self._golds(rows, "validation"))}
        best = {str(i): best_text(answer) for i, answer in enumerate(answers)}
        exact, f1 = per_question(golds, best, "v2")
        empty = np.array([not gold for gold in golds.values()])
        differences = np.array([-answer["score"] for answer in answers])
        if self.no_answer and self.options.threshold is None:
            self.state["threshold"] = best_threshold(differences, np.where(empty, -1.0, f1))
        if self.options.calibrate:
            refused = np.zeros(len(empty), bool) if self.threshold is None else differences > self.threshold
            self._calibrate(answers, np.where(refused, empty, exact), refused)

    def _calibrate(self, answers: list[Answer], right: np.ndarray, refused: np.ndarray) -> None:
        """Fit the temperature to which answers are right, those of rows `refused` being "no answer"; `(row,)` each."""
        self.state.pop("temperature", None)
        given = ["" if no else best_text(answer) for answer, no in zip(answers, refused, strict=True)]
        masks = [calibration.spellings(answer["n_best"], text) for answer, text in zip(answers, given, strict=True)]
        found = calibration.fit([calibration.scores_of(answer["n_best"]) for answer in answers], masks, right)
        if found is not None:
            self.state["temperature"] = found
            log.info("confidence: calibrated on %d validation questions, temperature %.2f", len(answers), found)
        elif len(answers) < calibration.FEW:
            log.info("confidence: not calibrated on %d questions; %d are needed", len(answers), calibration.FEW)
        else:
            log.info("confidence: not calibrated, as no temperature fits the validation questions")

    def check_metric(self, metric: Metric) -> None:
        if metric.takes not in ("answers", "candidates"):
            known = "use squad_v2" if self.no_answer else "use squad or squad_v2"
            raise RecipeError.at("metrics", f"{metric.name}: scores {metric.takes}, not answers", known)
        if metric.name in ("squad", "cmrc2018") and self.no_answer:
            what = f"{metric.name}: knows no questions without an answer, and the data has such"
            raise RecipeError.at("metrics", what, "use squad_v2, or --set options.no_answer=false")

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
        return [f"F1 {100 * f1:.1f}, but always answering nothing gives {100 * nothing:.1f}: nothing was learnt"]

    def files(self, answers: list[Answer], rows: Rows) -> dict[str, Any]:
        ids = texts.column(rows, "id") or []
        if len(set(ids)) < len(answers):  # none, or passages of one question: told by the number of their row
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

    def to_columns(self, answer: Answer, *, logits: bool = False) -> dict[str, Any]:
        hidden = () if logits else ("start_logit", "end_logit")
        columns = {"predicted_answer": answer["answer"]}
        columns |= {"predicted_start": answer["start"], "predicted_end": answer["end"]}
        columns |= {"score": answer["score"], "confidence": answer["confidence"]}
        if answer["no_answer_probability"] is not None:
            columns["no_answer_probability"] = answer["no_answer_probability"]
        best = [{key: value for key, value in entry.items() if key not in hidden} for entry in answer["n_best"]]
        return columns | {"n_best": best}

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
        asked = [
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
            for c, q, a in asked
            if a or not never
        ]
