"""`pretrain`: masked words, alone or with next sentences (BERT) or the order of two segments (ALBERT).

Rows are those of a corpus (`bertkit corpus build`) or raw text that is built into one. They are masked anew in every
pass; validation rows always alike, 15% of their tokens one by one, so that Runs compare whatever they trained on. The
loss is the mean over all masked tokens of the effective batch, plus the mean over its pairs: a plain sum (Devlin et al.
2019, appendix A.2). The head runs on the masked places alone (sparse_head.py).

A Run answers a text with [MASK] in it by the most likely tokens for each.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bertkit.data.columns.column import Column
from bertkit.data.corpus import corpus
from bertkit.data.read.rows import Unusable
from bertkit.errors import DataError, ModelError, RecipeError
from bertkit.recipe.schema import Recipe
from bertkit.tasks import texts
from bertkit.tasks.pretrain import rows as pretrain_rows
from bertkit.tasks.pretrain.examples import Collator, CorpusExamples
from bertkit.tasks.pretrain.head import PretrainHead
from bertkit.tasks.pretrain.masking import Masking
from bertkit.tasks.pretrain.options import PretrainOptions
from bertkit.tasks.task import Answer, Encoded, Outputs, Rows, Task

if TYPE_CHECKING:
    import numpy as np
    from transformers import PreTrainedTokenizerBase

    from bertkit.metrics import Metric

MASK = "[MASK]"
"""How a user writes the mask token, whatever the tokenizer's is called."""


@dataclass(frozen=True)
class Masked(Encoded):
    """Texts with masks to fill in."""

    tokenizer: Any = field(default=None, kw_only=True)

    def filling(self, word: float, probability: float, score: float) -> dict[str, Any]:
        """One word for a mask, by its number."""
        token = str(self.tokenizer.decode([int(word)])).strip()
        return {"token": token or f"[{int(word)}]", "probability": probability, "score": score}


class Pretrain(Task):
    Options = PretrainOptions
    Head = PretrainHead
    answer_columns = ("predicted_tokens",)
    takes = "language"
    counts_tokens = True
    draws = True
    metrics: tuple[str, ...] = ("masked_loss", "perplexity", "masked_accuracy")
    options: PretrainOptions

    def __init__(self, options: PretrainOptions, state: dict[str, Any] | None = None):
        super().__init__(options, state)
        self.pairs = options.objective != "mlm"
        if self.pairs:
            self.metrics = (*self.metrics, "next_sentence_accuracy")

    @property
    def columns(self) -> tuple[Column, ...]:
        return (Column("text", "text"),)

    def read(self, recipe: Recipe, names: Sequence[str] = ()) -> dict[str, Rows]:
        return dict(pretrain_rows.read(recipe, self.options, names))

    def encode(self, rows: Rows, tokenizer: PreTrainedTokenizerBase, limit: int, *, answers: bool) -> Encoded:
        """Corpus rows -> items as they are; raw text -> those of a corpus built of it, or where there are no `answers`
        one item a text, with the masks that stand in it."""
        _mask_id(tokenizer)
        if not answers:
            return _to_answer(rows, tokenizer, limit)
        known: Any = rows
        if not isinstance(known, pretrain_rows.CorpusRows) and "tokens" not in known[0]:
            known = _built(rows, tokenizer, self.options.lengths(limit)[-1], self.options)
        items = CorpusExamples(known, tokenizer, pairs=self.pairs)
        if (longest := int(items.lengths.max())) > limit:
            what = f"the corpus has rows of {longest} tokens, but the model takes {limit} at most"
            raise DataError.at("data", what, "build it with a lower --max-length")
        shares = [phase.share for phase in self.options.phases]
        sizes = getattr(known, "sizes", [])
        several = len(shares) > 1 and len(sizes) == len(shares)  # else these are rows of one split that has no phases
        return Encoded(items, phases=list(zip(sizes, shares, strict=True)) if several else [])

    def collator(self, tokenizer: PreTrainedTokenizerBase) -> Collator:
        mask_id, words, chosen = _mask_id(tokenizer), len(tokenizer), self.options
        masking = Masking(mask_id, words, chosen.mask_share, chosen.whole_words, chosen.span_length)
        return Collator(tokenizer, masking, Masking(mask_id, words))

    def decode(self, outputs: Outputs, encoded: Encoded, rows: Rows) -> list[Answer]:
        """`{"loss", "right", "masked"}` summed over a row's masked tokens, with pairs `"pair"` and `"pair_scores"`; or
        `{"fillings"}`: for each [MASK] the best tokens, each `{"token", "probability", "score"}`."""
        if isinstance(encoded, Masked):
            if not outputs:
                return []
            return [
                {"fillings": [[encoded.filling(*one) for one in best] for best in values[: item["masks"]].tolist()]}
                for values, item in zip(outputs["fillings"], encoded.examples, strict=True)
            ]
        if "sums" not in outputs:
            return []
        answers: list[Answer] = [
            {"loss": float(loss), "right": int(right), "masked": int(masked)} for loss, right, masked in outputs["sums"]
        ]
        if self.pairs:
            for answer, scores, label in zip(answers, outputs["pairs"], outputs["pair"], strict=True):
                answer |= {"pair": int(label), "pair_scores": scores.tolist()}
        return answers

    def check_metric(self, metric: Metric) -> None:
        if metric.takes != "language":
            todo = "use masked_loss, perplexity, masked_accuracy"
            raise RecipeError.at("metrics", f"{metric.name}: scores no masked words", todo)
        if metric.name == "next_sentence_accuracy" and not self.pairs:
            what = "next_sentence_accuracy: with objective mlm there are no pairs"
            raise RecipeError.at("metrics", what, "leave it out, or set options.objective=mlm+nsp")

    def compare(self, answers: list[Answer], rows: Rows, takes: str) -> tuple[np.ndarray, np.ndarray]:
        """See `metrics/language.py`; the references count what was masked, which the rows do not tell."""
        import numpy as np

        told = [(a["loss"], a["right"], float(np.argmax(a.get("pair_scores", [0])))) for a in answers]
        return np.array(told), np.array([(a["masked"], a.get("pair", -1)) for a in answers], dtype=np.float64)

    def sanity_checks(self, answers: list[Answer], rows: Rows) -> list[str]:
        said = []
        if not any(answer["right"] for answer in answers):
            said.append("no masked token was filled in rightly: nothing was learnt yet")
        if self.pairs:
            predicted, right = (values[:, -1] for values in self.compare(answers, rows, self.takes))
            accuracy, most = float((predicted == right).mean()), Counter(right.tolist()).most_common(1)[0][1]
            if accuracy <= most / len(right):
                found = f"next-sentence accuracy {accuracy:.3f}, but always answering the same gives"
                said.append(f"{found} {most / len(right):.3f}: pairs are not told apart yet")
        return said

    def to_columns(self, answer: Answer, *, logits: bool = False) -> dict[str, Any]:
        """`predicted_tokens`: the best for each [MASK]; `fillings`: the five best of each, with probabilities."""
        names = ("token", "probability", *(("score",) if logits else ()))
        fillings = [
            {"mask": mask, **{name: one[name] for name in names}}
            for mask, best in enumerate(answer["fillings"], 1)
            for one in best
        ]
        return {"predicted_tokens": [best[0]["token"] for best in answer["fillings"]], "fillings": fillings}

    def parse(self, columns: dict[str, Any], row: dict[str, Any]) -> Answer:
        raise Unusable("words for masks are not scored from a file", "name a RUN")

    @property
    def example(self) -> dict[str, Any]:
        return {"text": f"The cat sleeps on the {MASK}."}

    def to_text(self, answer: Answer) -> str:
        said = (", ".join(f"{one['token']} ({one['probability']:.2f})" for one in best) for best in answer["fillings"])
        return " | ".join(said)

    def tiny_rows(self) -> list[dict[str, Any]]:
        said = (
            "where is my [MASK] ?\nthe parcel is late again .\nplease send it to the old house .",
            "i want my money back .\nmy card was charged two times .\nplease send the [MASK] .",
            "a man plays the guitar .\na cat sleeps on the warm [MASK] .\nthe children play in the park .",
            "the cat is [MASK] .\na man is playing a song .\nit is a good song .",
            "can you cancel the [MASK] ?\nit was a mistake .\nthe account is locked . thank you .",
            "how much does the small coffee machine [MASK] ?\nis it loud ?\nmy discount code was not accepted .",
        )
        return [{"text": text} for text in said]


def _mask_id(tokenizer: PreTrainedTokenizerBase) -> int:
    if tokenizer.mask_token_id is None:
        raise ModelError.at("model", "the tokenizer has no mask token", "take one with [MASK], as BERT's")
    return int(tokenizer.mask_token_id)


def _to_answer(rows: Rows, tokenizer: PreTrainedTokenizerBase, limit: int) -> Masked:
    """A text an item, with the mask tokens that stand in it.

    Raises:
        DataError: a text has none, or one that lies beyond the limit.
    """
    own = str(tokenizer.mask_token)
    written = re.compile("|".join(map(re.escape, {MASK, own})))
    asked = [{**row, "text": written.sub(lambda _: own, row["text"])} for row in rows]
    counts = [len(written.findall(row["text"])) for row in rows]
    if not all(counts):
        row = counts.index(0)
        what = f"{rows[row]['text']!r:.60} has no {MASK}"
        raise DataError.at(f"row {row + 1}", what, f"write {MASK} in place of each word that is to be filled in")
    encoded = texts.encode(asked, tokenizer, limit, texts.TextOptions())
    for row, item in enumerate(encoded.examples):
        if (item["input_ids"] == tokenizer.mask_token_id).sum() < counts[row]:
            what = f"a {MASK} lies beyond the {limit} tokens that the model takes"
            raise DataError.at(f"row {row + 1}", what, "shorten the text before it")
        item["masks"] = counts[row]
    return Masked(encoded.examples, encoded.notes, encoded.warnings, tokenizer=tokenizer)


def _built(rows: Rows, tokenizer: PreTrainedTokenizerBase, length: int, options: PretrainOptions) -> Any:
    """Rows of a corpus built of raw texts, each of which is a document."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "texts.jsonl"
        file.write_text("".join(json.dumps({"text": row["text"]}) + "\n" for row in rows), "utf-8")
        corpus.build([str(file)], tokenizer, Path(folder) / "corpus", options.of_texts(length, 0.0))
        found = corpus.Corpus.open(Path(folder) / "corpus", "all")
        return [found[row] for row in range(len(found))]
