"""How a corpus is built from texts: the options that its rows depend on."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, ValidationError, model_validator

from bertkit.data.corpus import defaults
from bertkit.errors import DataError, Parameter, Problem
from bertkit.recipe.schema import Block


class Conflict(ValueError):
    """An option that does not go with another: its name, and why."""

    def __init__(self, key: str, reason: str):
        super().__init__(f"{key}: {reason}")
        self.key, self.reason = key, reason


class DocumentOptions(Block):
    """How texts become documents, sentences and rows; the `options:` of a recipe have these too."""

    documents: Literal["empty_line", "file", "line"] = defaults.DOCUMENTS
    """What separates the documents of a plain text. A row of JSON lines, Parquet or the hub is always a document."""
    empty_lines: int = Field(default=defaults.EMPTY_LINES, ge=1)
    """Number of empty lines in a row (or more) that separate documents; books often have two between chapters."""
    join_lines: bool = defaults.JOIN_LINES
    """The lines are hard-wrapped: lines up to an empty one are a paragraph. Otherwise each line is one."""
    split_sentences: bool = defaults.SPLIT_SENTENCES
    """False: each line (or joined paragraph) is already a sentence."""
    clean: bool = defaults.CLEAN
    """Unicode NFC, no control or invisible characters, single spaces."""
    deduplicate: bool = defaults.DEDUPLICATE
    """Keep only the first of documents with the same sentences."""
    short_share: float = Field(default=defaults.SHORT_SHARE, ge=0, le=1)
    """Share of rows with a random target length below `max_length`."""
    passes: int = Field(default=defaults.PASSES, ge=1)
    """How often pairs are drawn from each document, differently each time (Google's `dupe_factor`)."""


class CorpusOptions(DocumentOptions):
    """Everything that the rows of a text depend on, besides the tokenizer. Defaults are those of Google's script."""

    pairs: Literal["nsp", "sop", "none"] = defaults.PAIRS
    """Next sentences (Devlin et al. 2018), sentence order (Lan et al. 2020), or packed rows (Liu et al. 2019)."""
    max_length: int = Field(default=defaults.MAX_LENGTH, ge=8)
    """Most tokens per row, with [CLS] and [SEP]."""
    short_by: Literal["row", "document"] = defaults.SHORT_BY
    """Whether the target length is drawn per row or, as in Google's script, per document."""
    validation_ratio: float = Field(default=defaults.VALIDATION_RATIO, ge=0, lt=1)
    """Share of the documents used for validation."""
    seed: int = Field(default=defaults.SEED, ge=0, lt=2**32)

    @model_validator(mode="after")
    def _check(self) -> CorpusOptions:
        if self.documents == "line" and self.join_lines:
            raise Conflict("join_lines", "with documents: line every line is a document, so there is none to join")
        if self.documents != "empty_line" and self.empty_lines != 1:
            raise Conflict("empty_lines", "has an effect only with documents: empty_line")
        if self.pairs == "none" and self.passes != 1:
            raise Conflict("passes", "packed rows (pairs: none) are the same in every pass; leave it at 1")
        return self


def checked(values: dict[str, Any]) -> CorpusOptions:
    """The options of these values.

    Raises:
        DataError: some are invalid; one Problem each.
    """
    try:
        return CorpusOptions(**values)
    except ValidationError as error:
        raise DataError(*(_problem(dict(each)) for each in error.errors())) from error


def _problem(error: dict[str, Any]) -> Problem:
    cause = error.get("ctx", {}).get("error")
    if isinstance(cause, Conflict):
        return Problem(Parameter(cause.key), cause.reason)
    return Problem(Parameter(error["loc"][0]), f"{error['msg'][:1].lower()}{error['msg'][1:]}")
