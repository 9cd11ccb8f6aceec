"""`pretrain`: masked words, alone or with next sentences (BERT) or the order of two segments (ALBERT).

Rows come from a corpus (`bertkit corpus build`), or from raw text that is built into one. Training rows get new masks
in every pass. Validation rows always get the same masks on 15% of their tokens, so that Runs with other masking options
compare. The loss is the mean over all masked tokens of the effective batch, plus the mean over its pairs (Devlin et al.
2019, appendix A.2). The head runs on the masked tokens alone (models/sparse_head.py).

A trained model fills in each [MASK] of a text with the most likely tokens.
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
from bertkit.engine.examples import Counts
from bertkit.errors import DataError, ModelError, RecipeError, Setting
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
"""How users write the mask token, whatever it is called in the tokenizer."""


@dataclass(frozen=True)
class MaskedTexts(Encoded):
    """Texts with masks to fill in; each example has `masks`, their number."""

    tokenizer: Any = field(default=None, kw_only=True)

    def filling(self, token_id: float, probability: float, score: float) -> dict[str, Any]:
        """One token for a mask."""
        token = str(self.tokenizer.decode([int(token_id)])).strip()
        return {"token": token or f"[{int(token_id)}]", "probability": probability, "score": score}


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
        """One example per corpus row; raw text is first built into a corpus. Without `answers` one example per text,
        with the masks that it has."""
        _mask_id(tokenizer)
        if not answers:
            return _masked_texts(rows, tokenizer, limit)
        corpus_rows: Any = rows
        if not isinstance(corpus_rows, pretrain_rows.CorpusRows) and "tokens" not in corpus_rows[0]:
            corpus_rows = _built(rows, tokenizer, self.options.lengths(limit)[-1], self.options)
        examples = CorpusExamples(corpus_rows, tokenizer, pairs=self.pairs)
        if (longest := int(examples.lengths.max())) > limit:
            what = f"the corpus has rows of {longest} tokens, but the model takes {limit} at most"
            raise DataError.at("data", what, "build it with a lower --max-length")
        shares = [phase.share for phase in self.options.phases]
        sizes = getattr(corpus_rows, "sizes", [])
        several = len(shares) > 1 and len(sizes) == len(shares)  # False for the validation rows, which have no phases
        return Encoded(examples, phases=list(zip(sizes, shares, strict=True)) if several else [])

    def collator(self, tokenizer: PreTrainedTokenizerBase) -> Collator:
        mask_id, size, options = _mask_id(tokenizer), len(tokenizer), self.options
        masking = Masking(mask_id, size, options.mask_share, options.whole_words, options.span_length)
        return Collator(tokenizer, masking, Masking(mask_id, size))

    def decode(self, outputs: Outputs, encoded: Encoded, rows: Rows) -> list[Answer]:
        """`{"loss", "right", "masked"}`: sums over a row's masked tokens, with pairs also `"pair"` and `"pair_scores"`.

        Of texts to fill in `{"fillings"}`: for each [MASK] the best tokens, each `{"token", "probability", "score"}`.
        """
        if isinstance(encoded, MaskedTexts):
            if not outputs:
                return []
            return [
                {"fillings": [[encoded.filling(*one) for one in best] for best in values[: example["masks"]].tolist()]}
                for values, example in zip(outputs["fillings"], encoded.examples, strict=True)
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

    def messages(self, counts: Counts) -> tuple[list[str], list[str]]:
        return texts.messages(counts)

    def check_metric(self, metric: Metric) -> None:
        if metric.takes != "language":
            todo = "use masked_loss, perplexity, masked_accuracy"
            raise RecipeError.at("metrics", f"{metric.name}: scores no masked words", todo)
        if metric.name == "next_sentence_accuracy" and not self.pairs:
            what = "next_sentence_accuracy: with objective mlm there are no pairs"
            setting = Setting("options.objective", "mlm+nsp")
            raise RecipeError.at("metrics", what, "leave it out, or train with pairs", setting=setting)

    def compare(self, answers: list[Answer], rows: Rows, takes: str) -> tuple[np.ndarray, np.ndarray]:
        """See `metrics/language.py`. References come from the answers: rows have no masks."""
        import numpy as np

        sums = [(a["loss"], a["right"], float(np.argmax(a.get("pair_scores", [0])))) for a in answers]
        return np.array(sums), np.array([(a["masked"], a.get("pair", -1)) for a in answers], dtype=np.float64)

    def sanity_checks(self, answers: list[Answer], rows: Rows) -> list[str]:
        warnings = []
        if not any(answer["right"] for answer in answers):
            warnings.append("no masked token was predicted correctly")
        if self.pairs:
            predicted, labels = (values[:, -1] for values in self.compare(answers, rows, self.takes))
            accuracy, most = float((predicted == labels).mean()), Counter(labels.tolist()).most_common(1)[0][1]
            if accuracy <= most / len(labels):
                what = f"next-sentence accuracy {accuracy:.3f}: no better than always predicting the same"
                warnings.append(f"{what} ({most / len(labels):.3f})")
        return warnings

    def to_columns(self, answer: Answer, *, logits: bool = False) -> dict[str, Any]:
        """`predicted_tokens`: the best token for each [MASK]; `fillings`: its five best, with probabilities."""
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
        shown = (", ".join(f"{one['token']} ({one['probability']:.2f})" for one in best) for best in answer["fillings"])
        return " | ".join(shown)

    def tiny_rows(self) -> list[dict[str, Any]]:
        lines = (
            "where is my [MASK] ?\nthe parcel is late again .\nplease send it to the old house .",
            "i want my money back .\nmy card was charged two times .\nplease send the [MASK] .",
            "a man plays the guitar .\na cat sleeps on the warm [MASK] .\nthe children play in the park .",
            "the cat is [MASK] .\na man is playing a song .\nit is a good song .",
            "can you cancel the [MASK] ?\nit was a mistake .\nthe account is locked . thank you .",
            "how much does the small coffee machine [MASK] ?\nis it loud ?\nmy discount code was not accepted .",
        )
        return [{"text": text} for text in lines]


def _mask_id(tokenizer: PreTrainedTokenizerBase) -> int:
    if tokenizer.mask_token_id is None:
        raise ModelError.at("model", "the tokenizer has no mask token", "take one with [MASK], as BERT's")
    return int(tokenizer.mask_token_id)


def _masked_texts(rows: Rows, tokenizer: PreTrainedTokenizerBase, limit: int) -> MaskedTexts:
    """One example per text, with its masks.

    Raises:
        DataError: a text has no mask, or one beyond the limit.
    """
    own = str(tokenizer.mask_token)
    written = re.compile("|".join(map(re.escape, {MASK, own})))
    masked = [{**row, "text": written.sub(lambda _: own, row["text"])} for row in rows]
    counts = [len(written.findall(row["text"])) for row in rows]
    if not all(counts):
        row = counts.index(0)
        what = f"{rows[row]['text']!r:.60} has no {MASK}"
        raise DataError.at(_place(rows, row), what, f"write {MASK} in place of each word that is to be filled in")
    encoded = texts.encode(masked, tokenizer, limit, texts.TextOptions())
    for row, example in enumerate(encoded.examples):
        if (example["input_ids"] == tokenizer.mask_token_id).sum() < counts[row]:
            what = f"a {MASK} is beyond the {limit} tokens that the model takes"
            raise DataError.at(_place(rows, row), what, "shorten the text before it")
        example["masks"] = counts[row]
    return MaskedTexts(encoded.examples, encoded.notes, encoded.warnings, encoded.counts, tokenizer=tokenizer)


def _place(rows: Rows, row: int) -> str:
    return str(rows[row].get("place") or f"row {row + 1}")


def _built(rows: Rows, tokenizer: PreTrainedTokenizerBase, length: int, options: PretrainOptions) -> Any:
    """Rows of a corpus built from raw texts, each text a document."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "texts.jsonl"
        file.write_text("".join(json.dumps({"text": row["text"]}) + "\n" for row in rows), "utf-8")
        corpus.build([str(file)], tokenizer, Path(folder) / "corpus", options.of_texts(length, 0.0))
        return list(corpus.Corpus.open(Path(folder) / "corpus", "all"))
