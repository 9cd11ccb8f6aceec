"""`ner`: the entities of a sentence, told by a tag a word.

A word's scores are those of its first token, or the mean of its tokens'. A sentence's tags are the likeliest of each
word, with `constrained` the likeliest sequence that keeps to the tag scheme; with `crf` the likeliest of a model of
whole sequences (models/crf.py). The loss is the mean over labelled tokens (with `crf`, over sentences) of the whole
effective batch. An entity is as sure as the least sure of its words.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal

from pydantic import model_validator

from bertkit.data.columns import schemes, spans
from bertkit.data.columns.column import Column
from bertkit.data.columns.labels import read_label_names
from bertkit.data.columns.schemes import PREFIXES, ROLES, Scheme
from bertkit.data.read.rows import Tally
from bertkit.errors import DataError, RecipeError
from bertkit.recipe.schema import DataBlock
from bertkit.tasks import label_match, parsing, texts, verdicts
from bertkit.tasks.ner import decode, encode
from bertkit.tasks.ner.encode import IGNORED, TaggingOptions
from bertkit.tasks.ner.head import NerHead
from bertkit.tasks.ner.sentences import (
    Sentences,
    all_tags,
    check_tags,
    scheme_of,
    sentences_of,
    tags_of,
    warn_of_broken,
)
from bertkit.tasks.task import Answer, Encoded, Mark, Outputs, Rows, Task, Verdict

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedTokenizerBase

    from bertkit.metrics import Metric

log = logging.getLogger("bertkit")


class NerOptions(TaggingOptions):
    scheme: Literal["auto", Scheme] = "auto"
    """What the tags are written in. Default: found in the training rows, and said."""
    repair: bool = False
    """Mend tags that break the scheme, in all splits, before they are learnt and scored."""
    constrained: bool = False
    """Predict only sequences that keep to the scheme."""
    crf: bool = False
    """Learn which tag follows which, and train and predict whole sequences (Lafferty et al. 2001)."""

    @model_validator(mode="after")
    def _fits(self) -> NerOptions:
        if self.crf and self.subtoken_pooling == "all":
            raise ValueError("crf goes with subtoken_pooling: first or mean: it needs one place a word")
        return self


class Ner(Task):
    Options = NerOptions
    Head = NerHead
    answer_columns = ("predicted_tags", "predicted_entities")
    takes = "tags"
    metrics = ("entity_f1", "strict_entity_f1")
    options: NerOptions

    def __init__(self, options: NerOptions, state: dict[str, Any] | None = None):
        super().__init__(options, state)
        self._read: list[tuple[Rows, Sentences, list[list[str]]]] = []  # the last splits, so that none is read twice

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
        """Tags; their order is the logits'."""
        return self.state["labels"]

    @property
    def scheme(self) -> Scheme:
        """What the tags are written in."""
        return self.state["scheme"]

    @property
    def types(self) -> list[str]:
        """Types of entities."""
        return list(dict.fromkeys(tag.partition("-")[2] for tag in self.labels if tag != "O"))

    def prepare(self, rows: Rows, data: DataBlock) -> None:
        sentences = sentences_of(rows)
        if self.options.context == "document" and sentences.documents is None:
            what = "document: the training rows do not say where documents begin"
            raise RecipeError.at("options.context", what, "a CoNLL file says it by -DOCSTART-, others by a `document`")
        named = self.options.scheme
        tags = tags_of(rows, sentences, "IOB2" if named == "auto" else named)
        check_tags(tags, sentences, "train")
        scheme = scheme_of(tags, sentences, "train") if named == "auto" else named
        if strange := sorted({t for row in tags for t in row if t[0] not in PREFIXES[scheme] + "O"}):
            what = f"{scheme}: the tag {strange[0]!r} is none of its; it has {', '.join(PREFIXES[scheme])}"
            raise RecipeError.at("options.scheme", what, "scheme: auto finds the right one")
        given = [name for name in read_label_names(data.label_names) or [] if name != "O"]
        if given:  # tags, or types alone
            given = [name if not schemes.check_tag(name) else f"{PREFIXES[scheme][0]}-{name}" for name in given]
        self.state |= {"scheme": scheme, "labels": all_tags([*tags, given], scheme)}
        if len(self.labels) == 1:
            raise DataError.at("train", "no row has an entity", "is tags the right column? data.columns.tags")
        log.info("tags: %s, %d types (%s)", scheme, len(self.types), ", ".join(self.types))

    def adopt(
        self,
        names: Sequence[str],
        rows: Rows | None,
        data: DataBlock,
        *,
        order: Sequence[str] = (),
        given: Sequence[str] = (),
    ) -> str:
        """Tags keep the model's order; the scheme is that of the rows."""
        own = _scheme_of_names(names)
        if rows is None:
            self.state |= {"labels": [*names], "scheme": own}
            return ""
        sentences = sentences_of(rows)
        tags = tags_of(rows, sentences, own)
        check_tags(tags, sentences, "the rows")
        scheme = scheme_of(tags, sentences, "the rows")
        every = all_tags(tags, scheme)
        if not names:
            self.state |= {"labels": every, "scheme": scheme}
            return ""
        present = {tag for row in tags for tag in row}
        match = label_match.match_tags(names, every, [tag for tag in every if tag in present], given)
        self.state |= {"labels": match.names, "scheme": scheme}
        return match.warning

    def check(self, rows: Rows, split: str) -> None:
        tally = Tally()
        sentences = sentences_of(rows)
        tags = tags_of(rows, sentences, self.scheme, tally)
        tally.warn()
        check_tags(tags, sentences, split, self.labels)
        warn_of_broken(tags, sentences, self.scheme, split, repaired=self.options.repair)

    def _gold(self, rows: Rows) -> tuple[Sentences, list[list[str]]]:
        """Words and right tags."""
        for known, sentences, tags in self._read:
            if known is rows:
                return sentences, tags
        sentences = sentences_of(rows)
        tags = tags_of(rows, sentences, self.scheme)
        if self.options.repair:
            tags = [schemes.repair(sentence, self.scheme)[0] for sentence in tags]
        if hasattr(rows, "column_names"):  # a Dataset does not change, a list may
            self._read = [*self._read[-2:], (rows, sentences, tags)]
        return sentences, tags

    def encode(self, rows: Rows, tokenizer: PreTrainedTokenizerBase, limit: int, *, answers: bool) -> Encoded:
        if not answers:
            return encode.encode(sentences_of(rows), tokenizer, limit, self.options, None)
        sentences, tags = self._gold(rows)
        number = {tag: i for i, tag in enumerate(self.labels)}
        labels = [[number[tag] for tag in sentence] for sentence in tags]
        return encode.encode(sentences, tokenizer, limit, self.options, labels)

    def collator(self, tokenizer: PreTrainedTokenizerBase) -> Callable[[list[dict[str, Any]]], dict[str, torch.Tensor]]:
        return functools.partial(texts.pad, tokenizer=tokenizer, first_tokens=-1, labels=IGNORED)

    def decode(self, outputs: Outputs, encoded: Encoded, rows: Rows) -> list[Answer]:
        """`{"words", "tags", "probabilities", "entities"}` a row, and `text` where it has one.

        Words, tags and each tag's probability are lists. An entity has `type`, `text`, `confidence` and the words from
        `first_word` to before `end_word`; in a row with a text, also the characters from `start` to before `end`.
        """
        sentences = sentences_of(rows) if len(rows) else Sentences([])
        learnt = [outputs[name] for name in ("crf_start", "crf_steps", "crf_end")] if self.options.crf else None
        rules = decode.rules(self.labels, self.scheme if self.options.constrained else None, learnt)
        return decode.decode(outputs, encoded, sentences, self.labels, rules, sure=not self.options.crf)

    def compare(self, answers: list[Answer], rows: Rows, takes: str) -> tuple[list[list[str]], list[list[str]]]:
        gold = self._gold(rows)[1]
        return [self._scored(answer["tags"]) for answer in answers], [self._scored(tags) for tags in gold]

    def _scored(self, tags: list[str]) -> list[str]:
        """Tags as metrics know them: IOB2 for IO and IOB1, which they can not tell from it, else BIOES's letters.

        What is wrong stays wrong: an IOB1 entity that a B begins where none of its type stands before it is written
        with an I, which the lenient count takes and the strict one does not. So does seqeval's strict mode; but after
        such a B it takes the words that go on, `O B-PER I-PER`, for an entity of their own, and where the word before
        has a B too, it forgets that one's. These are no entities that anyone wrote, so they are not followed.
        """
        if self.scheme in ("IO", "IOB1"):
            return schemes.as_iob2(tags)
        return tags if self.scheme in ("IOB2", "BIOES") else [ROLES.get(tag[0], "O") + tag[1:] for tag in tags]

    def check_metric(self, metric: Metric) -> None:
        if metric.takes != "tags":
            what = f"{metric.name}: takes {metric.takes}, not tags"
            raise RecipeError.at("metrics", what, "use entity_f1 or strict_entity_f1")

    def own_metrics(self) -> list[Metric]:
        from bertkit.metrics.entities import by_type

        return [by_type(self.types)]

    def verdicts(self, answers: list[Answer], rows: Rows) -> list[Verdict]:
        return verdicts.of_entities(answers, *self._gold(rows))

    def error_kinds(self, answers: list[Answer], rows: Rows) -> dict[str, dict[str, Any]]:
        return verdicts.entity_errors(*self.compare(answers, rows, "tags"), self._gold(rows)[0])

    def sanity_checks(self, answers: list[Answer], rows: Rows) -> list[str]:
        if any(tag != "O" for answer in answers for tag in answer["tags"]):
            return []
        return ["no entity was found: nothing was learnt"]

    def to_columns(self, answer: Answer, *, logits: bool = False) -> dict[str, Any]:
        """The entities of a text as `spans` are written, with their confidence; else a tag a word."""
        columns: dict[str, Any] = {"predicted_tags": answer["tags"]}
        if "text" in answer:
            keys = ("start", "end", "type", "text", "confidence")
            columns = {"predicted_entities": [{key: found[key] for key in keys} for found in answer["entities"]]}
        return columns | ({"tag_probabilities": answer["probabilities"]} if logits else {})

    def parse(self, columns: dict[str, Any], row: dict[str, Any]) -> Answer:
        sentences = sentences_of([row])
        if "predicted_tags" in columns:
            return {"tags": parsing.tags(columns["predicted_tags"], len(sentences.words[0]))}
        found = {"text": row.get("text"), "spans": spans.spans(spans.cell(columns.get("predicted_entities")), str)}
        return {"tags": tags_of([found], sentences_of([found]), self.scheme)[0]}

    @property
    def example(self) -> dict[str, Any]:
        return {"text": "Anna Bell lives in Berlin."}

    def to_text(self, answer: Answer) -> str:
        told = (f"{found['text']} {found['type']} ({found['confidence']:.2f})" for found in answer["entities"])
        return ", ".join(told) or "no entity"

    def marks(self, answer: Answer) -> list[Mark]:
        if "text" not in answer:
            return []
        marks, done = [], 0
        for found in answer["entities"]:
            marks.append(Mark(answer["text"][done : found["start"]]))
            marks.append(Mark(found["text"], found["type"], found["confidence"]))
            done = found["end"]
        return [*marks, Mark(answer["text"][done:])]

    def tiny_rows(self) -> list[dict[str, Any]]:
        said = (
            ("anna|B-PER lives in berlin|B-LOC", "the|O"),
            ("john|B-PER smith|I-PER flies to new|B-LOC york|I-LOC", "tomorrow|O"),
            ("where is anna|B-PER bell|I-PER", "?|O"),
            ("paris|B-LOC is nice", "!|O"),
            ("my parcel is late again , when does it arrive", "?|O"),
            ("thank you , john|B-PER", ".|O"),
        )
        rows = []
        for tokens in said:
            pairs = [word.split("|") if "|" in word else [word, "O"] for part in tokens for word in part.split()]
            words, tags = zip(*pairs, strict=True)
            rows.append({"tokens": list(words), "tags": list(tags)})
        return rows


def _scheme_of_names(tags: Sequence[str]) -> Scheme:
    """The first scheme that has all prefixes of these tags; IOB2 where they tell nothing."""
    letters = {tag[0] for tag in tags if "-" in tag}
    order: tuple[Scheme, ...] = ("IO", "IOB2", "BIOES", "BILOU", "BMES")
    return next((scheme for scheme in order if letters and letters <= {*PREFIXES[scheme]}), "IOB2")
