"""The Recipe: a frozen record of one run. Data only; each block is explained where it is used.

`train:` is checked against `TrainingArguments` (train_block.py) and `options:` against the task's own `Options`, so
both are plain mappings here.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag, model_validator

from bertkit.recipe.references import ReferenceTo

MEMORY = "memory:"
"""How the name of rows begins that a program passed, and that lie in no file (data/read/held.py)."""


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _as_named(value: Any) -> Any:
    return {"name": value} if isinstance(value, str) else value


def _delimiter(value: str) -> str:
    value = value.replace("\\t", "\t")
    if any(character in value for character in '"\r\n'):
        raise ValueError("a delimiter can not hold a quote or a line end")
    return value


def _as_text(value: Any) -> Any:
    """Labels in YAML may be numbers, or words that YAML takes for true and false."""
    return str(value).lower() if isinstance(value, bool) else str(value) if isinstance(value, int | float) else value


def _as_texts(value: Any) -> Any:
    if isinstance(value, dict):
        return {_as_text(key): _as_text(name) for key, name in value.items()}
    return [_as_text(one) for one in value] if isinstance(value, list) else [_as_text(value)]


Name = Annotated[str, Field(min_length=1)]
Sources = Annotated[list[Name], BeforeValidator(_as_list), Field(min_length=1)]


def _kind(value: Any) -> str:
    return "list" if isinstance(value, list) else "text"


_Several = Annotated[list[Name], Field(min_length=1)]
FileColumns = Annotated[Annotated[str, Tag("text")] | Annotated[_Several, Tag("list")], Discriminator(_kind)]
"""A column of a file, or several that hold one value together. The tags keep one mistake from being reported twice."""


def _header_kind(value: Any) -> str:
    return "false" if isinstance(value, bool) else "list"


_ColumnNames = Annotated[list[str], Field(min_length=1)]
Header = Annotated[
    Annotated[_ColumnNames, Tag("list")] | Annotated[Literal[False], Tag("false")], Discriminator(_header_kind)
]


class Block(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class ModelBlock(Block):
    """Which encoder, and which layers are trained. `model: NAME` is short for `model: {name: NAME}`."""

    name: Name | None = None
    """A hub name, a folder, or `package:module/folder` (weights that an installed package carries)."""
    revision: str | None = None
    """Branch, tag or commit on the hub."""
    scratch: dict[str, Any] | None = None
    """Random weights: a Hugging Face configuration with its `model_type`, as in `config.json`."""
    tokenizer: Name | None = None
    """The tokenizer, if it is not beside the weights. `scratch` needs it."""
    freeze_embeddings: bool = False
    freeze_layers: int = Field(default=0, ge=0)
    """Number of encoder layers that are not trained, counted from the embeddings; implies `freeze_embeddings`."""
    padding_free: Literal["auto", "on", "off"] = "auto"
    """Whether the encoder runs without padding: same results in less time. `auto`: if a trial shows that it is
    exact."""


class Limits(Block):
    """Maximum rows per split, sampled with the recipe's seed and kept in order."""

    train: int | None = Field(default=None, ge=1)
    validation: int | None = Field(default=None, ge=1)
    test: int | None = Field(default=None, ge=1)


class DataBlock(Block):
    """Where the rows are and how to read them."""

    train: Sources | None = None
    """File, folder, glob, `file.json#key`, `file.xlsx#Sheet`, `file.zip#inner.csv`, `folder#table.txt`,
    `package:module/path`, `hub:name[:config][@revision]#split` or `-` (standard input); or a list of these.
    `memory:...` names rows that a program passed to `train(data=...)`."""
    validation: Sources | None = None
    test: Sources | None = None
    format: Annotated[str, ReferenceTo("reader")] | None = None
    """Reader, if the file's ending does not decide it: a built-in, an entry point or a Reference."""
    columns: dict[str, FileColumns] = {}
    """The task's column -> the file's column (in CoNLL also its number, "2"; inside of objects `doc.body`); also `id`,
    for the rows' own ids.
    Choices in separate columns are a list, `choices: [ending0, ending1]`, and so are labels with one column of 0 and 1
    each: `label: [negative, positive]`."""
    header: Header | None = None
    """For files without a header line (csv, tsv, CoNLL, lists in JSON): the names of the columns, or `false`: the
    columns are called by their numbers, "1", "2" and so on."""
    encoding: str = "utf-8"
    encoding_errors: Literal["error", "replace"] = "error"
    """What happens to a row with bytes that do not decode, or half of an emoji: it is a bad row (see `bad_rows`), or
    U+FFFD stands for them, counted."""
    delimiter: Annotated[str, Field(min_length=1), AfterValidator(_delimiter)] | None = None
    """Tables: the text between two columns, of any length (`;`, ` ||| `, `\\t`); also makes a table of a .txt or a file
    of unknown ending. Default: the comma, for .tsv the tab, or what the line `sep=;` of Excel says."""
    quoting: bool | None = None
    """Tables: whether texts may stand in quotes. Default: yes; no in .tsv, .txt and with a longer `delimiter`."""
    comment: Name | None = None
    """Tables: lines that begin with this text are skipped and counted."""
    extra_columns: Literal["error", "ignore", "join"] = "error"
    """Tables: what happens to a row with more fields than columns: it is a bad row, the last fields are left out, or
    they are joined to the last column by the delimiter; counted."""
    decimal: Literal[".", ","] = "."
    """What stands before the decimals of a number that is a text: `3.5`, or `3,5`."""
    allow_empty: Annotated[list[Name], BeforeValidator(_as_list)] = []
    """Columns of the task whose text may be empty: `[text_pair]`."""
    glued_digits: bool = False
    """CoNLL: each character is followed by a digit, its position in a segmented word; remove it."""
    label_names: list[str] | str | None = None
    """All label names, or a file with one per line. Default: those in the training rows, sorted."""
    label_ids: bool = False
    """The files hold positions in `label_names` (0, 1, ...) instead of names."""
    label_separator: str = Field(default=",", min_length=1)
    """Separates the labels of one row, in a task with several labels per row."""
    label_map: Annotated[dict[str, Name], BeforeValidator(_as_texts)] = {}
    """Label in the files -> its name: codes to names, or names to fewer names. A label that it lacks is an error,
    unless it is one of these names. Of entities, the type is mapped (`PER`), or the whole tag (`B-PER`)."""
    drop_labels: Annotated[list[str], BeforeValidator(_as_texts)] = []
    """Labels as the files write them, before `label_map` and `label_ids`: rows with one of them are left out and
    counted; in a task with several labels per row, only the label is. An empty text: rows without a label."""
    validation_ratio: float = Field(default=0.1, gt=0, lt=1)
    """Share of the training rows used for validation if there is no `validation`; stratified by label."""
    limit: Limits = Limits()
    max_characters: int = Field(default=100_000, ge=1)
    """A longer text is an error: an unclosed quote merges rows."""
    bad_rows: Literal["error", "skip"] = "error"
    """What happens to an unusable row: an error with its line, or it is skipped and counted."""

    @model_validator(mode="after")
    def _fits(self) -> DataBlock:
        if self.label_ids and self.label_names is None:
            raise ValueError("label_ids needs label_names: the names, in the order of their numbers")
        if self.label_ids and isinstance(self.columns.get("label"), list):
            raise ValueError("label_ids does not go with one column per label: the columns name the labels")
        if self.label_ids and self.label_map:
            raise ValueError("label_ids does not go with label_map, which may name numbers: {0: negative, 1: positive}")
        return self


Callback = Annotated[str, ReferenceTo("callback")]


class Recipe(Block):
    """One run. The first of `metrics` selects the best checkpoint; empty: the task's own metrics."""

    task: Annotated[str, ReferenceTo("task")]
    model: Annotated[ModelBlock, BeforeValidator(_as_named)] = ModelBlock()
    data: DataBlock = DataBlock()
    options: dict[str, Any] = {}
    train: dict[str, Any] = {}
    metrics: Annotated[list[Annotated[str, ReferenceTo("metric")]], BeforeValidator(_as_list)] = []
    callbacks: list[Callback | dict[Callback, dict[str, Any]]] = []
    """Names or References; `{early_stopping: {early_stopping_patience: 3}}` gives arguments."""
    seed: int = Field(default=42, ge=0, lt=2**32)
