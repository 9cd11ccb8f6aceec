"""How a corpus is made of texts: the options that its rows depend on."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from bertkit.recipe.schema import Block


class DocumentOptions(Block):
    """How texts are read and cut into rows; the `options:` of a recipe have these too."""

    documents: Literal["empty_line", "file", "line"] = "empty_line"
    """What a document of a plain text is. A row of JSON lines, Parquet or the hub is one in any case."""
    empty_lines: int = Field(default=1, ge=1)
    """So many empty lines in a row (or more) part documents; books often have two between chapters."""
    join_lines: bool = False
    """The lines are hard-wrapped: those between empty lines are one paragraph. Else each line stands for itself."""
    split_sentences: bool = True
    """False: each line (or joined paragraph) is a sentence as it stands."""
    clean: bool = False
    """Unicode's normal form C, no control or invisible characters, single spaces."""
    deduplicate: bool = False
    """Of documents with the same sentences the first one stays."""
    short_share: float = Field(default=0.1, ge=0, le=1)
    """How often a shorter length than the longest is aimed at."""
    passes: int = Field(default=1, ge=1)
    """So often each document is cut into pairs, always otherwise (Google's `dupe_factor`)."""


class CorpusOptions(DocumentOptions):
    """All that decides what rows a text becomes, beside the tokenizer. Defaults are those of Google's script."""

    pairs: Literal["nsp", "sop", "none"] = "nsp"
    """Next sentences (Devlin et al. 2018), sentence order (Lan et al. 2020), or packed rows (Liu et al. 2019)."""
    max_length: int = Field(default=128, ge=8)
    """Tokens of a row at most, with [CLS] and [SEP]."""
    short_by: Literal["row", "document"] = "row"
    """Whether that is drawn for each row or, as Google's script does it, once a document."""
    validation_ratio: float = Field(default=0.05, ge=0, lt=1)
    """Share of the documents that validates."""
    seed: int = Field(default=42, ge=0, lt=2**32)

    @model_validator(mode="after")
    def _fits(self) -> CorpusOptions:
        if self.documents == "line" and self.join_lines:
            raise ValueError("join_lines: with documents: line every line is a document, so there is none to join")
        if self.documents != "empty_line" and self.empty_lines != 1:
            raise ValueError("empty_lines: counts only with documents: empty_line")
        if self.pairs == "none" and self.passes != 1:
            raise ValueError("passes: packed rows (pairs: none) are the same in every pass; leave it at 1")
        return self
