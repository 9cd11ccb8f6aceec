"""`rerank`: how relevant a document is to a query, read together (a cross-encoder: Nogueira & Cho 2019).

The score is the sigmoid of one logit, never a softmax. Training is pointwise: each row is learnt by itself, which needs
no rows of one query in a batch. The metrics rank the documents of each query. A Run's `model/` loads in
sentence-transformers' CrossEncoder with the same scores, and its cross-encoders answer here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from bertkit.data.columns.column import Column
from bertkit.errors import RecipeError
from bertkit.recipe.schema import DataBlock
from bertkit.tasks import constant, texts, verdicts
from bertkit.tasks.parsing import number
from bertkit.tasks.rerank import grades
from bertkit.tasks.rerank.head import RerankHead
from bertkit.tasks.rerank.options import RerankOptions, RerankState
from bertkit.tasks.task import Answer, Encoded, Outputs, Rows, Verdict
from bertkit.tasks.texts import TextTask

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from bertkit.metrics import Metric

TEXTS = ("query", "text")


class Rerank(TextTask):
    Options = RerankOptions
    Head = RerankHead
    State = RerankState
    answer_columns = ("predicted_score",)
    takes = "ranking"
    metrics: tuple[str, ...] = ("ndcg@10", "mrr@10", "map")
    options: RerankOptions

    @property
    def columns(self) -> tuple[Column, ...]:
        return Column("query", "text"), Column("text", "text"), Column("score", "number", answer=True)

    @property
    def group_by(self) -> str | None:
        return "query"

    def prepare(self, rows: Rows, data: DataBlock) -> None:
        self.state["greatest"] = max(float(grades.read(rows).max()), 1.0)

    def check_learnable(self, rows: Rows, data: DataBlock) -> None:
        known = np.unique(grades.read(rows))
        if len(rows) > 1 and len(known) == 1:
            what = f"all {len(rows):,} scores are {known[0]:g}"
            constant.refuse(what, "add documents that are not relevant, with score 0, or name data.columns.score", data)

    def check(self, rows: Rows, split: str) -> None:
        grades.check(rows, split)

    def findings(self, rows: Rows) -> list[str]:
        return grades.findings(rows)

    def encode(self, rows: Rows, tokenizer: PreTrainedTokenizerBase, limit: int, *, answers: bool) -> Encoded:
        encoded = texts.encode(rows, tokenizer, limit, self.options, TEXTS)
        if answers:
            labels = grades.read(rows)
            if self.options.scales:  # other rows may have a higher grade than those of the training
                labels = (labels / self.state["greatest"]).clip(max=1)
            labels = labels.astype(np.float32)  # (row,)
            for example in encoded.examples:
                example["labels"] = labels[example["row"]]
        return encoded

    def decode(self, outputs: Outputs, encoded: Encoded, rows: Rows) -> list[Answer]:
        """`{"score", "logit"}` per row."""
        if not len(rows):
            return []
        pooled = texts.pool(outputs["logits"], encoded, len(rows), self.options.window_pooling)  # (row, 1)
        logits = pooled[:, 0]
        scores = np.exp(-np.logaddexp(0, -logits)) if self.options.score_by == "sigmoid" else logits
        return [{"score": s, "logit": x} for s, x in zip(scores.tolist(), logits.tolist(), strict=True)]

    def check_metric(self, metric: Metric) -> None:
        if metric.takes not in ("ranking", "scores"):
            what = f"{metric.name}: scores {metric.takes}, not rankings"
            raise RecipeError.at("metrics", what, "use ndcg@10, mrr@10, map, recall@100")

    def compare(self, answers: list[Answer], rows: Rows, takes: str) -> tuple[np.ndarray, np.ndarray]:
        """Scores `(row,)`; number of the query and grade `(row, 2)`, or for metrics of numbers the grades `(row,)`."""
        scores = np.array([answer["score"] for answer in answers], dtype=np.float64)
        return scores, grades.read(rows) if takes == "scores" else grades.references(rows)

    def verdicts(self, answers: list[Answer], rows: Rows) -> list[Verdict]:
        """A document is right as far as it stands on the right side of those of its query with another grade."""
        pairs, right = self._right_pairs(answers, rows)
        shares = np.divide(right, pairs, out=np.ones(len(pairs)), where=pairs > 0)
        inputs = verdicts.inputs_of(rows, *TEXTS)
        return [
            Verdict(text, f"{grade:g}", f"{answer['score']:.4g}", share)
            for text, grade, answer, share in zip(
                inputs, grades.read(rows).tolist(), answers, shares.tolist(), strict=True
            )
        ]

    def sanity_checks(self, answers: list[Answer], rows: Rows) -> list[str]:
        scores = {answer["score"] for answer in answers}
        pairs, right = (side.sum() for side in self._right_pairs(answers, rows))
        if not pairs:
            return []
        if len(scores) == 1:
            return [f"all {len(answers):,} scores are the same"]
        if right > pairs / 2:
            return []
        return [f"{right / pairs:.3f} of the pairs of documents are in the right order: no better than chance (0.5)"]

    def _right_pairs(self, answers: list[Answer], rows: Rows) -> tuple[np.ndarray, np.ndarray]:
        return grades.right_pairs(*self.compare(answers, rows, "ranking"))

    def to_columns(self, answer: Answer, *, logits: bool = False) -> dict[str, Any]:
        return {"predicted_score": answer["score"], **({"logit": answer["logit"]} if logits else {})}

    def parse(self, columns: dict[str, Any], row: dict[str, Any]) -> Answer:
        return {"score": number(columns.get("predicted_score"))}

    def to_text(self, answer: Answer) -> str:
        return f"{answer['score']:.4f}"

    def tiny_rows(self) -> list[dict[str, Any]]:
        rows = {
            "where is my parcel ?": [("the parcel is late again", 2), ("a man plays", 0), ("when does it arrive", 1)],
            "i want my money back": [("hello", 0), ("please send the money", 1), ("my card was charged two times", 2)],
            "who is sleeping ?": [("a cat sleeps", 2), ("thank you , good bye", 0)],
        }
        return [{"query": q, "text": text, "score": float(grade)} for q, some in rows.items() for text, grade in some]
