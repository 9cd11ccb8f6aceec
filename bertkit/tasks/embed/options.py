"""The options of `embed`."""

from __future__ import annotations

from typing import Any, ClassVar, Literal, NamedTuple

from pydantic import Field, field_validator

from bertkit.data.columns.column import Column
from bertkit.errors import did_you_mean
from bertkit.tasks.texts import TextOptions

Loss = Literal["in_batch", "cosine", "cosent", "supervised_contrastive", "simcse"]
Pooling = Literal["mean", "cls", "max", "mean_sqrt_len_tokens", "weightedmean"]
"""How the vectors of a text's tokens become one; the names are those of sentence-transformers."""


class Kind(NamedTuple):
    """What a loss learns from, and how vectors that were trained with it are scored."""

    columns: tuple[Column, ...]
    """Besides `text`."""
    takes: Literal["ranking", "scores", "labels"]
    metrics: tuple[str, ...]


PROMPTS = ("query", "document")
POSITIVE = (
    Column("positive", "text", answer=True),
    Column("negative", "text", required=False, answer=True),
    Column("negatives", "texts", required=False, answer=True),
)
PAIR = Column("text_pair", "text", required=False)
SCORED = (PAIR, Column("score", "number", answer=True))
CORRELATIONS = ("spearman", "pearson")
KINDS: dict[str, Kind] = {
    "in_batch": Kind(POSITIVE, "ranking", ("mrr@10", "ndcg@10")),
    "cosine": Kind(SCORED, "scores", CORRELATIONS),
    "cosent": Kind(SCORED, "scores", CORRELATIONS),
    "supervised_contrastive": Kind((Column("label", "label", answer=True),), "labels", ("accuracy", "macro_f1")),
    "simcse": Kind((PAIR, Column("score", "number", required=False, answer=True)), "scores", CORRELATIONS),
}


class EmbedOptions(TextOptions):
    only_with: ClassVar[dict[str, tuple[str, Any]]] = {**TextOptions.only_with, "score_range": ("loss", "cosine")}
    max_length: int | None = Field(default=None, ge=4)
    """Most tokens of a text, [CLS] and [SEP] included. Default: as the model was trained, else all that it can take."""
    loss: Loss = "in_batch"
    """`in_batch`: a text is nearer to its `positive` than to those of all other rows of the step and to every
    `negative` (Henderson et al. 2017, section 4.4). `cosine`: the cosine of a pair is its score. `cosent`: of two
    pairs, the one with the higher score has the higher cosine (CoSENT). `supervised_contrastive`: texts with one
    label are near each other (Khosla et al. 2020). `simcse`: texts alone, each its own positive under another dropout
    mask (Gao et al. 2021)."""
    scale: float = Field(default=20.0, gt=0)
    """What cosines are multiplied by: 1 / temperature. 20 is sentence-transformers' default."""
    matryoshka: tuple[int, ...] | None = None
    """Also train the first so many dimensions of a vector to be a vector of their own (Kusupati et al. 2022)."""
    score_range: tuple[float, float] | None = None
    """The lowest and the highest score, which become the cosines 0 and 1. STS-B: [0, 5]. Default: they are cosines."""
    pooling: Pooling | None = None
    """Default: that of the model, if it is one of sentence-transformers, else `mean`."""
    normalize: bool | None = None
    """Whether vectors have length 1. Default: as the model, else true."""
    layer: int = Field(default=-1, le=-1)
    """The layer that vectors are taken from: -1 the last, -2 the last but one. Layers above it are left out."""
    prompts: dict[str, str] | None = None
    """Texts put before a text: `query` before `text`, `document` before positives, negatives and second texts. Default:
    those of the model."""
    prompt: str | None = None
    """The name of the prompt before `text`, in place of `query`. Empty: none."""
    dimensions: int | None = Field(default=None, ge=1)
    """Vectors are cut to their first so many dimensions, and then scaled as `normalize` says. For models that were
    trained with `matryoshka`. Other libraries, which load the model alone, give all dimensions."""

    @field_validator("matryoshka", "score_range", mode="before")
    @classmethod
    def _as_tuple(cls, value: Any) -> Any:
        return tuple(value) if isinstance(value, list) else value

    @field_validator("matryoshka")
    @classmethod
    def _check_sizes(cls, sizes: tuple[int, ...] | None) -> tuple[int, ...] | None:
        if sizes is not None and (not sizes or min(sizes) < 1 or len({*sizes}) < len(sizes)):
            raise ValueError("expected different numbers of dimensions, 1 or more")
        return sizes

    @field_validator("score_range")
    @classmethod
    def _check_range(cls, ends: tuple[float, float] | None) -> tuple[float, float] | None:
        if ends is not None and not ends[0] < ends[1]:
            raise ValueError("expected the lowest score, then the highest")
        return ends

    @field_validator("prompts")
    @classmethod
    def _check_prompts(cls, prompts: dict[str, str] | None) -> dict[str, str] | None:
        if others := sorted({*(prompts or {})} - {*PROMPTS}):
            raise ValueError(f"{others[0]}: no such prompt; {did_you_mean(others[0], PROMPTS)}")
        return prompts

    @property
    def kind(self) -> Kind:
        return KINDS[self.loss]
