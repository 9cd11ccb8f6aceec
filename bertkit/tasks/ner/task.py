"""`ner`: the entities of a sentence, predicted as one tag per word.

A word has the scores of its first token, or the mean of its tokens' scores. Each word gets its likeliest tag; with
`constrained` the sentence gets the likeliest sequence that is valid in the tag scheme; with `crf` the likeliest of a
model of whole sequences (models/crf.py). The loss is the mean over labelled tokens (with `crf`, over sentences) of the
whole effective batch. The confidence of an entity is the lowest of its words.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from bertkit.data.columns import schemes, spans
from bertkit.data.columns.column import Column
from bertkit.data.columns.schemes import Scheme
from bertkit.data.read.rows import Tally
from bertkit.engine.examples import Counts, Examples
from bertkit.errors import RecipeError
from bertkit.recipe.schema import DataBlock
from bertkit.tasks import label_match, parsing, texts, verdicts
from bertkit.tasks.ner import confidence, decode, encode, findings
from bertkit.tasks.ner.encode import IGNORED
from bertkit.tasks.ner.head import NerHead
from bertkit.tasks.ner.labels import learnt
from bertkit.tasks.ner.options import NerOptions, NerState
from bertkit.tasks.ner.sentences import (
    Sentences,
    all_tags,
    check_tags,
    log_scripts,
    scheme_of,
    scored,
    sentences_of,
    settled,
    tags_of,
    warn_of_broken,
)
from bertkit.tasks.ner.targets import targets
from bertkit.tasks.targets import Target
from bertkit.tasks.task import Answer, Encoded, Mark, Outputs, Rows, Task, Verdict

if TYPE_CHECKING:
    import numpy as np
    from transformers import PreTrainedTokenizerBase

    from bertkit.metrics import Metric

log = logging.getLogger("bertkit")


class Ner(Task):
    Options = NerOptions
    Head = NerHead
    State = NerState
    answer_columns = ("predicted_tags", "predicted_entities")
    takes = "tags"
    metrics = ("entity_f1", "strict_entity_f1")
    options: NerOptions

    def __init__(self, options: NerOptions, state: dict[str, Any] | None = None):
        super().__init__(options, state)
        self._cached: list[tuple[Rows, Sentences, list[list[str]]]] = []  # of the last splits: none is read twice

    @property
    def columns(self) -> tuple[Column, ...]:
        document = Column("document", "number", required=False)
        return (
            Column("tokens", "words", required=False),
            Column("tags", "tags", required=False, answer=True),
            Column("text", "text", required=False),
            Column("spans", "spans", required=False, answer=True),
            *([document] if self.options.context == "document" else []),
        )

    @property
    def labels(self) -> list[str]:
        """Tags, in the order of the logits."""
        return self.state["labels"]

    @property
    def scheme(self) -> Scheme:
        """The scheme of the tags."""
        return self.state["scheme"]

    @property
    def types(self) -> list[str]:
        """Types of entities, in the order of the labels."""
        return list(dict.fromkeys(tag.partition("-")[2] for tag in self.labels if tag != "O"))

    def prepare(self, rows: Rows, data: DataBlock) -> None:
        self.state |= learnt(rows, self.options, data)
        log.info("tags: %s, %d types (%s)", self.scheme, len(self.types), ", ".join(self.types))
        log_scripts(sentences_of(rows))

    def adopt(
        self,
        names: Sequence[str],
        rows: Rows | None,
        data: DataBlock,
        *,
        order: Sequence[str] = (),
        labels: Sequence[str] = (),
    ) -> str:
        """Tags in the model's order; the scheme is that of the rows."""
        own = schemes.scheme_of_tags(names)
        if rows is None:
            self.state |= {"labels": [*names], "scheme": own}
            return ""
        if not rows:
            self.state |= dict(zip(("labels", "scheme"), label_match.tags_of_outputs(names, labels), strict=True))
            return ""
        sentences = sentences_of(rows)
        tags = tags_of(rows, sentences, own, overlaps=self.options.overlaps)
        check_tags(tags, sentences, "the rows")
        scheme = scheme_of(tags, sentences, "the rows")
        every = all_tags(tags, scheme)
        if not names:
            self.state |= {"labels": every, "scheme": scheme}
            return ""
        present = {tag for row in tags for tag in row}
        match = label_match.match_tags(names, every, [tag for tag in every if tag in present], labels)
        self.state |= {"labels": match.names, "scheme": scheme}
        return match.warning

    def check(self, rows: Rows, split: str) -> None:
        tally = Tally()
        sentences = sentences_of(rows)
        tags = tags_of(rows, sentences, self.scheme, tally, self.options.overlaps)
        settled(tags, sentences, self.scheme, tally)
        tally.warn()
        check_tags(tags, sentences, split, self.labels)
        warn_of_broken(tags, sentences, self.scheme, split, repaired=self.options.repair)

    def findings(self, rows: Rows) -> list[str]:
        return findings.findings(*self._gold(rows), self.scheme)

    def _gold(self, rows: Rows) -> tuple[Sentences, list[list[str]]]:
        """The sentences of rows, and their labelled tags."""
        for cached, sentences, tags in self._cached:
            if cached is rows:
                return sentences, tags
        sentences = sentences_of(rows)
        tags = settled(tags_of(rows, sentences, self.scheme, None, self.options.overlaps), sentences, self.scheme)
        if self.options.repair:
            tags = [schemes.repair(sentence, self.scheme)[0] for sentence in tags]
        if hasattr(rows, "column_names"):  # a list may change, a Dataset does not
            self._cached = [*self._cached[-2:], (rows, sentences, tags)]
        return sentences, tags

    def encode(self, rows: Rows, tokenizer: PreTrainedTokenizerBase, limit: int, *, answers: bool) -> Encoded:
        if not answers:
            return encode.encode(sentences_of(rows), tokenizer, limit, self.options, None)
        sentences, tags = self._gold(rows)
        number = {tag: i for i, tag in enumerate(self.labels)}
        labels = [[number[tag] for tag in sentence] for sentence in tags]
        return encode.encode(sentences, tokenizer, limit, self.options, labels)

    def messages(self, counts: Counts) -> tuple[list[str], list[str]]:
        return encode.messages(counts)

    def margin(self, limit: int) -> int:
        """A sentence around has a token at least."""
        return min(limit, self.options.max_length or limit) if self.options.context == "document" else 0

    def collator(self, tokenizer: PreTrainedTokenizerBase) -> Callable[[list[dict[str, Any]]], dict[str, Any]]:
        return functools.partial(texts.pad, tokenizer=tokenizer, first_tokens=-1, labels=IGNORED)

    def decode(self, outputs: Outputs, encoded: Encoded, rows: Rows) -> list[Answer]:
        """`{"words", "tags", "probabilities", "entities"}` per row, and its `text` if it has one.

        Words, tags and the tags' probabilities are lists. An entity has `type`, `text`, `confidence`, and the numbers
        of its words from `first_word` to `end_word` (exclusive); in a row with a text, also its characters from `start`
        to `end` (exclusive).
        """
        return decode.decode(
            *self._read(outputs, encoded, rows), scheme=self.scheme, by_word=not self.options.crf,
            temperature=self.state.get("temperature", 1.0) if self.options.calibrate else 1.0,
        )  # fmt: skip

    def calibrate(self, outputs: Outputs, encoded: Encoded, rows: Rows) -> None:
        self.state.pop("temperature", None)
        if not self.options.calibrate:
            return
        answers = self.decode(outputs, encoded, rows)
        right = [one for _, one in self.decisions(answers, rows)]
        words = self.word_probabilities(outputs, encoded, rows)
        if temperature := confidence.temperature_of(words, answers, right, self.labels):
            self.state["temperature"] = temperature

    def word_probabilities(self, outputs: Outputs, encoded: Encoded, rows: Rows) -> list[np.ndarray]:
        return decode.probabilities(*self._read(outputs, encoded, rows), by_word=not self.options.crf)

    def _read(self, outputs: Outputs, encoded: Encoded, rows: Rows) -> tuple[Any, ...]:
        """What the functions of decode.py take."""
        sentences = sentences_of(rows) if len(rows) else Sentences([])
        crf = [outputs[name] for name in ("crf_start", "crf_steps", "crf_end")] if self.options.crf else None
        rules = decode.rules(self.labels, self.scheme if self.options.constrained else None, crf)
        return outputs, encoded, sentences, self.labels, rules

    def compare(self, answers: list[Answer], rows: Rows, takes: str) -> tuple[list[list[str]], list[list[str]]]:
        gold = self._gold(rows)[1]
        return [scored(answer["tags"], self.scheme) for answer in answers], [scored(tags, self.scheme) for tags in gold]

    def check_metric(self, metric: Metric) -> None:
        if metric.takes != "tags":
            what = f"{metric.name}: takes {metric.takes}, not tags"
            raise RecipeError.at("metrics", what, "use entity_f1 or strict_entity_f1")

    def own_metrics(self) -> list[Metric]:
        from bertkit.metrics.entities import by_type

        return [by_type(self.types)]

    def verdicts(self, answers: list[Answer], rows: Rows) -> list[Verdict]:
        return verdicts.of_entities(answers, *self._gold(rows))

    def decisions(self, answers: list[Answer], rows: Rows) -> list[tuple[float, bool]]:
        return confidence.right_entities(answers, self.verdicts(answers, rows))

    def error_kinds(self, answers: list[Answer], rows: Rows) -> dict[str, dict[str, Any]]:
        return verdicts.entity_errors(*self.compare(answers, rows, "tags"), self._gold(rows)[0])

    def sanity_checks(self, answers: list[Answer], rows: Rows) -> list[str]:
        if not any(tag != "O" for answer in answers for tag in answer["tags"]):
            return ["no entity was predicted"]
        from bertkit.metrics import find_metric

        predicted, gold = self.compare(answers, rows, "tags")
        labelled = any(tag != "O" for tags in gold for tag in tags)
        if labelled and not find_metric("entity_f1", "tags")(predicted, gold)["entity_f1"]:
            return ["no predicted entity is correct"]
        return []

    def to_columns(self, answer: Answer, *, logits: bool = False) -> dict[str, Any]:
        """For a text its entities, in the form of `spans` and with their confidence; else one tag per word."""
        columns: dict[str, Any] = {"predicted_tags": answer["tags"]}
        if "text" in answer:
            keys = ("start", "end", "type", "text", "confidence")
            columns = {"predicted_entities": [{key: entity[key] for key in keys} for entity in answer["entities"]]}
        return columns | (self.probability_columns(answer) if logits else {})

    def confidence(self, answer: Answer) -> float | None:
        """That of the least sure entity; None where there is none."""
        return min((float(entity["confidence"]) for entity in answer["entities"]), default=None)

    def probability_columns(self, answer: Answer) -> dict[str, Any]:
        return {"tag_probabilities": answer["probabilities"]}

    def parse(self, columns: dict[str, Any], row: dict[str, Any]) -> Answer:
        sentences = sentences_of([row])
        if "predicted_tags" in columns:
            tags = parsing.tags(columns["predicted_tags"], len(sentences.words[0]))
            return {"tags": settled([tags], sentences, self.scheme)[0]}
        answer = {"text": row.get("text"), "spans": spans.spans(spans.cell(columns.get("predicted_entities")), str)}
        return {"tags": tags_of([answer], sentences_of([answer]), self.scheme)[0]}

    @property
    def example(self) -> dict[str, Any]:
        return {"text": "Anna Bell lives in Berlin."}

    def to_text(self, answer: Answer) -> str:
        shown = (f"{one['text']} {one['type']} ({one['confidence']:.2f})" for one in answer["entities"])
        return ", ".join(shown) or "no entity"

    def targets(self, answer: Answer, outputs: Outputs, examples: Examples) -> list[Target] | None:
        pooled, around = self.options.subtoken_pooling == "mean", self.options.context == "document"
        return targets(answer, examples, self.labels, pooled=pooled, around=around)

    def marks(self, answer: Answer) -> list[Mark]:
        if "text" not in answer:
            return []
        marks, done = [], 0
        for entity in answer["entities"]:
            marks.append(Mark(answer["text"][done : entity["start"]]))
            marks.append(Mark(entity["text"], entity["type"], entity["confidence"]))
            done = entity["end"]
        return [*marks, Mark(answer["text"][done:])]

    def tiny_rows(self) -> list[dict[str, Any]]:
        sentences = (
            ("anna|B-PER lives in berlin|B-LOC", "the|O"),
            ("john|B-PER smith|I-PER flies to new|B-LOC york|I-LOC", "tomorrow|O"),
            ("where is anna|B-PER bell|I-PER", "?|O"),
            ("paris|B-LOC is nice", "!|O"),
            ("my parcel is late again , when does it arrive", "?|O"),
            ("thank you , john|B-PER", ".|O"),
        )
        rows = []
        for tokens in sentences:
            pairs = [word.split("|") if "|" in word else [word, "O"] for part in tokens for word in part.split()]
            words, tags = zip(*pairs, strict=True)
            rows.append({"tokens": list(words), "tags": list(tags)})
        return rows
