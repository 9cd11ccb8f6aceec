"""`embed`: texts as vectors, near each other where their meanings are (Reimers & Gurevych 2019).

A bi-encoder: one encoder reads each text alone, and the vectors of its tokens become one. So the vectors of a million
documents are computed once, and a query is compared with all of them. What it learns from is the option `loss`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from bertkit.data.columns.column import Column
from bertkit.data.read.rows import Unusable
from bertkit.engine.examples import Examples
from bertkit.errors import DataError, RecipeError, did_you_mean
from bertkit.recipe.schema import DataBlock, ModelBlock
from bertkit.tasks import constant, parsing, text_sets, texts, verdicts
from bertkit.tasks.embed import encode as embed_encode
from bertkit.tasks.embed import folder, neighbours, scored
from bertkit.tasks.embed.encode import Prompts
from bertkit.tasks.embed.head import EmbedHead, check_size
from bertkit.tasks.embed.options import EmbedOptions
from bertkit.tasks.targets import Part, Target
from bertkit.tasks.task import Answer, Encoded, Outputs, Rows, Verdict
from bertkit.tasks.texts import TextTask
from bertkit.warn import warn

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from bertkit.metrics import Metric

ALIKE = 0.99
"""A mean cosine of different texts above this: their vectors hardly differ."""


class Embed(TextTask):
    Options = EmbedOptions
    Head = EmbedHead
    answer_columns = ("vector", "similarity")
    options: EmbedOptions
    head: EmbedHead

    def __init__(self, options: Any, state: dict[str, Any] | None = None):
        super().__init__(options, state)
        self.takes = options.kind.takes
        self.metrics = options.kind.metrics

    @property
    def columns(self) -> tuple[Column, ...]:
        return Column("text", "text"), *self.options.kind.columns

    @property
    def stratify_by(self) -> str | None:
        return "label" if self.takes == "labels" else None

    @property
    def prompts(self) -> Prompts:
        known, own = self.state.get("prompts") or {}, self.options.prompt
        document = known.get("document", known.get("passage", ""))
        return Prompts(known.get("query" if own is None else own, ""), document)

    # --- what is learnt besides weights -------------------------------------------------------------------------------

    def adopt_model(self, block: ModelBlock) -> None:
        known, options = folder.saved(block), self.options
        if known:
            self._warn_of_pooling(known.pooling)
        normalize = options.normalize if options.normalize is not None else (known.normalize if known else True)
        self.state["pooling"] = options.pooling or (known.pooling if known else "mean")
        self.state["normalize"] = normalize
        self.state["prompts"] = options.prompts if options.prompts is not None else (known.prompts if known else {})
        if known and known.max_length:
            self.state["max_length"] = known.max_length
        self._check_prompt()

    def with_options(self, options: EmbedOptions) -> Embed:
        changed, trained = super().with_options(options), self.options
        state = changed.state
        if options.pooling and options.pooling != trained.pooling:
            changed._warn_of_pooling(state.get("pooling", "mean"))
        for name in ("pooling", "normalize", "prompts"):
            value = getattr(options, name)
            if value is not None and value != getattr(trained, name):
                state[name] = value
        if options.layer > trained.layer:
            what = f"{options.layer}: the layers above {trained.layer} were left out in its training"
            raise RecipeError.at("options.layer", what, f"{trained.layer} is the last one")
        if options.layer < trained.layer and "layers" in state:
            state["layers"] += options.layer - trained.layer
        # engine/bert takes the weights as they are: it knows neither layers to leave out nor what is asked for
        changed.head.is_plain = options.layer == trained.layer and not options.dimensions
        changed._check_prompt()
        return changed

    def _warn_of_pooling(self, trained: str) -> None:
        pooling = self.options.pooling
        if pooling and pooling != trained:
            what = f"pools {pooling}, but the model was trained with {trained}"
            warn(f"options.pooling: {what}: its vectors change until it is trained again")

    def _check_prompt(self) -> None:
        """Raise a RecipeError if the model has no prompt of that name."""
        name, known = self.options.prompt, self.state.get("prompts") or {}
        if name and name not in known:
            todo = did_you_mean(name, known) or "leave it out"
            what = "no such prompt" if known else "the model has no prompts"
            raise RecipeError.at("options.prompt", f"{name}: {what}", todo)

    def prepare(self, rows: Rows, data: DataBlock) -> None:
        if self.takes == "labels":
            self.state["labels"] = sorted({*(texts.column(rows, "label") or [])})

    def check_learnable(self, rows: Rows, data: DataBlock) -> None:
        if self.takes == "labels":
            if len(self.state["labels"]) < 2:
                constant.refuse("all rows have one label", "is this the right column? data.columns.label", data)
        elif self.takes == "ranking" and len({row[0] for row in embed_encode.texts_of(rows)}) < 2:
            what = f"{len(rows)} row(s) with one text: its positive has nothing to be nearer than"
            raise DataError.at("train", what, "add rows with other texts")
        scores = texts.column(rows, "score") or []
        if len(scores) > 1 and len({*scores}) == 1 and self.options.loss != "simcse":
            what = f"all {len(scores):,} scores are {scores[0]:g}"
            constant.refuse(what, "is this the right column? data.columns.score", data)

    def check(self, rows: Rows, split: str) -> None:
        if self.takes == "labels":  # neighbours are found among the rows of a split, which may have labels of its own
            known = self.state["labels"]
            self.state["labels"] = known + sorted({*(texts.column(rows, "label") or [])} - {*known})
        if self.takes == "scores" and not (split == "train" and self.options.loss == "simcse"):
            scored.check(rows, split, self.options)

    # --- codec --------------------------------------------------------------------------------------------------------

    def encode(self, rows: Rows, tokenizer: PreTrainedTokenizerBase, limit: int, *, answers: bool) -> Encoded:
        limit = min(limit, self.options.max_length or self.state.get("max_length") or limit)
        each = embed_encode.texts_of(rows)
        if self.options.loss == "simcse" and answers:
            each = [[own[0], own[-1]] for own in each]
        encoded = embed_encode.encode(each, tokenizer, limit, self.options, self.prompts, compared=answers)
        labels = embed_encode.labels_of(rows, self.options, self.state.get("labels", [])) if answers else None
        if labels is not None:
            for example in encoded.examples:
                example["labels"] = labels[example["row"]]
        counts = {**encoded.counts, **(neighbours.repeats(each) if answers and self.takes == "ranking" else {})}
        notes, warnings = self.messages(counts)
        return Encoded(encoded.examples, notes, warnings, counts, lost=encoded.lost, windows=encoded.windows)

    def messages(self, counts: Any) -> tuple[list[str], list[str]]:
        notes, warnings = texts.messages(counts)
        if repeated := counts.get("repeated"):
            what = f"{repeated:,} rows share a text or a positive with another row"
            notes = [*notes, f"{what}: within a step these are no negatives of each other"]
        return notes, warnings

    def for_documents(self) -> Self:
        """With the prompt of documents before `text` too."""
        prompts = {"query": self.prompts.document, "document": self.prompts.document}
        return type(self)(self.options.model_copy(update={"prompt": None}), {**self.state, "prompts": prompts})

    def collator(self, tokenizer: PreTrainedTokenizerBase) -> Callable[[list[dict[str, Any]]], dict[str, Any]]:
        return functools.partial(embed_encode.collate, tokenizer=tokenizer)

    def decode(self, outputs: Outputs, encoded: Encoded, rows: Rows) -> list[Answer]:
        """`{"vectors": (part, size)}` as lists, and `similarity`, the cosine of the first two, where a row has two."""
        found = outputs.get("vectors", [])
        size, how = self.options.dimensions, self.options.window_pooling
        if size and len(found):
            check_size("dimensions", size, found[0].shape[-1])  # of an exported graph it is not known before
        normalize = bool(self.state.get("normalize", True))
        answers: list[Answer] = []
        for vectors in embed_encode.pooled(found, encoded, how, size=size, normalize=normalize):
            answer: Answer = {"vectors": vectors.tolist()}
            if len(vectors) > 1:
                answer["similarity"] = neighbours.cosine(vectors[0], vectors[1])
            answers.append(answer)
        return answers

    def targets(self, answer: Answer, outputs: Outputs, examples: Examples) -> list[Target] | None:
        """The similarity of the first two texts by each of them, as the other one stays; none where one of them is
        split into windows."""
        if "similarity" not in answer or len(examples[0]["parts"]) != len(answer["vectors"]):
            return []
        pair = zip(text_sets.divided(examples[0]), outputs["vectors"][0][1::-1], ("first", "second"), strict=False)
        return [Target(f"similarity, {name} text", (Part(text, vector=other),)) for text, other, name in pair]

    def to_columns(self, answer: Answer, *, logits: bool = False) -> dict[str, Any]:
        if "similarity" not in answer:
            return {"vector": answer["vectors"][0]}
        return {"similarity": answer["similarity"], **({"vectors": answer["vectors"]} if logits else {})}

    def probability_columns(self, answer: Answer) -> dict[str, Any]:
        """All vectors of a row with several texts."""
        return {"vectors": answer["vectors"]} if "similarity" in answer else {}

    def parse(self, columns: dict[str, Any], row: dict[str, Any]) -> Answer:
        answer: Answer = {}
        if columns.get("similarity") is not None:
            answer["similarity"] = parsing.number(columns["similarity"])
        if (several := columns.get("vectors")) is not None:
            answer["vectors"] = parsing.vectors(several, 2)
        elif (one := columns.get("vector")) is not None:
            answer["vectors"] = [parsing.vectors(one, 1)]
        if not answer or (self.takes != "scores" and "vectors" not in answer):
            raise Unusable("no vectors", "write them with --probabilities all")
        return answer

    def to_text(self, answer: Answer) -> str:
        if "similarity" in answer:
            return f"{answer['similarity']:.3f}"
        vector = answer["vectors"][0]
        shown = ", ".join(f"{value:.3f}" for value in vector[:4])
        return f"{len(vector)} dimensions: {shown}{', ...' if len(vector) > 4 else ''}"

    def vocabulary(self, tokenizer: PreTrainedTokenizerBase) -> list[dict[str, Any]]:
        return embed_encode.of_tokens(tokenizer)

    # --- scores -------------------------------------------------------------------------------------------------------

    def check_metric(self, metric: Metric) -> None:
        if metric.takes != self.takes:
            what = f"{metric.name}: scores {metric.takes}, but vectors of the loss {self.options.loss} "
            raise RecipeError.at("metrics", what + f"are scored by {self.takes}", f"use {', '.join(self.metrics)}")

    def compare(self, answers: list[Answer], rows: Rows, takes: str) -> tuple[Any, Any]:
        """Cosines and scores; or the label of each text's nearest other text, and its own; or for each text the nearest
        of the other texts of all rows (`Metric.takes`: `ranking`)."""
        if takes == "scores":
            predictions = np.array([answer["similarity"] for answer in answers])
            return predictions, np.array(texts.column(rows, "score"), dtype=np.float64)
        if takes == "labels":
            labels = embed_encode.labels_of(rows, self.options, self.state["labels"])
            assert labels is not None
            return labels[neighbours.nearest_others(_first(answers))], labels
        return neighbours.ranking(self._nearest(answers, rows))

    def _nearest(self, answers: list[Answer], rows: Rows) -> Iterator[neighbours.Near]:
        vectors = [np.array(answer["vectors"], dtype=np.float32) for answer in answers]
        return neighbours.nearest(vectors, embed_encode.texts_of(rows))

    def verdicts(self, answers: list[Answer], rows: Rows) -> list[Verdict]:
        if self.takes == "scores":
            return verdicts.of_numbers(neighbours.as_scores(answers, texts.column(rows, "score") or []), rows)
        if self.takes == "labels":
            names, (predicted, labels) = self.state["labels"], self.compare(answers, rows, "labels")
            triples = zip(texts.column(rows, "text") or [], labels.tolist(), predicted.tolist(), strict=True)
            return [
                Verdict(
                    text, names[own], names[near], float(own == near), None, _label(names[own]), _label(names[near])
                )
                for text, own, near in triples
            ]
        pairs = zip(embed_encode.texts_of(rows), self._nearest(answers, rows), strict=True)
        return [Verdict(own[0], own[1], near.first[0], float(near.first[1])) for own, near in pairs]

    def sanity_checks(self, answers: list[Answer], rows: Rows) -> list[str]:
        if self.takes == "ranking" and (found := neighbours.no_better_than_chance(self._nearest(answers, rows))):
            return [found]
        if any("vectors" not in answer for answer in answers):  # of a file that holds similarities alone
            return []
        if len(answers) > 1 and (alike := neighbours.mean_cosine(_first(answers))) > ALIKE:
            return [f"the vectors of different texts hardly differ: their mean cosine is {alike:.4f}"]
        return []

    def tiny_rows(self) -> list[dict[str, Any]]:
        rows: list[tuple[str, str, str, float, str]] = [
            ("a man plays", "a man is playing", "the cat is sleeping", 0.9, "play"),
            ("a cat sleeps", "the cat is sleeping", "a man plays", 0.8, "sleep"),
            ("where is my parcel ?", "my parcel is late again", "hello", 0.7, "parcel"),
            ("i want my money back", "please send the money", "thank you , good bye", 0.6, "money"),
            ("my card was charged two times", "my money is charged again", "a man is playing", 0.5, "money"),
            ("hello", "thank you , good bye", "where is my parcel ?", 0.1, "parcel"),
        ]
        names = {"positive": 1, "negative": 2} if self.takes == "ranking" else {"text_pair": 1, "score": 3}
        names = {"label": 4} if self.takes == "labels" else names
        return [{"text": row[0], **{name: row[place] for name, place in names.items()}} for row in rows]


def _first(answers: list[Answer]) -> np.ndarray:
    """`(row, size)`: the vector of each row's text."""
    return np.array([answer["vectors"][0] for answer in answers], dtype=np.float32)


def _label(name: str) -> frozenset[tuple[Any, ...]]:
    return frozenset({(name,)})
