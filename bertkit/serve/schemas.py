"""Requests and replies, as OpenAPI describes them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

Texts = Annotated[list[str], Field(fail_fast=True)]
"""Lists end at their first fault: a message for each of a million would take longer than any answer."""
Row = str | Texts | dict[str, Any]
"""A text, the texts of the task's columns in their order, or an object with these columns."""


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid")


class PredictRequest(_Request):
    """Rows to answer, or a question and the passages that may hold its answer."""

    rows: Annotated[list[Row], Field(fail_fast=True)] = Field(
        default=[], description="Texts, lists of texts, or objects with the task's columns."
    )
    question: str | None = Field(default=None, description="In place of rows: a question for each of the contexts.")
    contexts: Texts = Field(default=[], description="Passages; they come back sorted, the best answer first.")
    probabilities: Literal["top", "all", "none"] = Field(
        default="top", description="Of each answer its confidence, all probabilities, or none."
    )
    top_k: int = Field(default=0, ge=0, le=1000, description="Add the most probable answers, this many.")
    logits: bool = Field(default=False, description="Add the model's raw scores.")
    abstain_below: float | None = Field(
        default=None, ge=0, le=1, description="Add the column `abstained`: whether the confidence is below this."
    )
    marks: bool = Field(default=False, description="Add the text in parts, where the task marks some, as entities.")


class MarkReply(BaseModel):
    text: str
    kind: str
    confidence: float


class AnswerReply(BaseModel):
    columns: dict[str, Any] = Field(description="What `bertkit predict` adds to a row; the answer is the first.")
    text: str = Field(description="The answer in a few words.")
    confidence: float | None = Field(description="0 to 1; null where the task has none.")
    tokens: int = Field(description="That the model read, special ones counted.")
    windows: int = Field(description="In how many parts a long text was read.")
    cut_tokens: int = Field(description="That the model did not read.")
    context: int | None = Field(default=None, description="With contexts: which one, counted from 0.")
    share: float | None = Field(default=None, description="With contexts: the probability that it holds the answer.")
    marks: list[MarkReply] | None = None


class Usage(BaseModel):
    tokens: int
    windows: int
    cut_tokens: int


class PredictReply(BaseModel):
    model: str
    hash: str = Field(description="Of the Run: equal for equal models.")
    answers: list[AnswerReply]
    usage: Usage
    warnings: list[str] = Field(description="What the model does not see of the texts.")


class EmbeddingsRequest(_Request):
    """As OpenAI's clients send it."""

    model_config = ConfigDict(extra="ignore")
    input: str | Annotated[Texts, Field(min_length=1)]
    model: str | None = Field(default=None, description="May be left out where one model gives vectors.")
    encoding_format: Literal["float", "base64"] | None = None
    dimensions: int | None = Field(default=None, ge=1, le=100_000)
    user: str | None = None

    @field_validator("input", mode="before")
    @classmethod
    def _check_input(cls, value: Any) -> Any:
        if isinstance(value, list) and value and isinstance(value[0], int | list):
            raise ValueError("token ids are not taken; send texts (LangChain: check_embedding_ctx_length=False)")
        return value


class EmbeddingReply(BaseModel):
    object: Literal["embedding"] = "embedding"
    index: int
    embedding: list[float] | str = Field(description="Numbers, or base64 of float32 in little-endian order.")


class EmbeddingsUsage(BaseModel):
    prompt_tokens: int
    total_tokens: int
    windows: int
    cut_tokens: int


class EmbeddingsReply(BaseModel):
    object: Literal["list"] = "list"
    data: list[EmbeddingReply]
    model: str
    hash: str
    usage: EmbeddingsUsage


class DocumentText(BaseModel):
    model_config = ConfigDict(extra="allow")
    text: str


class RerankRequest(_Request):
    """As Cohere's clients (`documents`) or those of Text Embeddings Inference (`texts`) send it."""

    model_config = ConfigDict(extra="ignore")
    query: str
    documents: Annotated[list[str | DocumentText], Field(fail_fast=True)] = []
    texts: Texts = []
    model: str | None = None
    top_n: int | None = Field(default=None, ge=1)
    return_documents: bool = False
    return_text: bool = False
    raw_scores: bool = Field(default=False, description="With `texts`: logits in place of their sigmoids.")


class RankedDocument(BaseModel):
    index: int
    relevance_score: float
    document: DocumentText | None = None


class RerankReply(BaseModel):
    """The reply to `documents`."""

    id: str
    results: list[RankedDocument]
    model: str
    hash: str
    usage: Usage


class RankedText(BaseModel):
    """The reply to `texts` is a list of these."""

    index: int
    score: float
    text: str | None = None


class KeywordsRequest(_Request):
    texts: Texts = Field(min_length=1)
    model: str | None = None
    top: int = Field(default=5, ge=1, le=1000)
    ngram: int = Field(default=3, ge=1, le=10)
    diversity: float = Field(default=0.2, ge=0, le=1)


class KeywordReply(BaseModel):
    phrase: str
    score: float
    offsets: list[list[int]] = Field(description="Start and end of each place, in characters (code points).")


class KeywordsReply(BaseModel):
    model: str
    hash: str
    keywords: list[list[KeywordReply]]
    usage: Usage
    warnings: list[str]


Ids = Annotated[list[Annotated[str, Field(max_length=1000)]], Field(max_length=1000), Field(fail_fast=True)]


class SearchRequest(_Request):
    query: str = ""
    index: str | None = Field(default=None, description="May be left out where one index is served.")
    top: int = Field(default=10, ge=1, le=1000)
    by: Literal["vectors", "words", "hybrid"] = "vectors"
    where: str | None = Field(
        default=None, max_length=10_000, description="A filter in SQL over the documents' columns."
    )
    liked: Ids = Field(default=[], description="Ids of documents that the query moves to.")
    disliked: Ids = Field(default=[], description="Ids of documents that the query moves away from.")
    skip: Ids = Field(default=[], description="Ids of documents to leave out.")
    rerank: str | None = Field(default=None, description="The name of a served re-ranker.")
    reader: str | None = Field(default=None, description="The name of a served reader: it looks for the answer.")


class HitReply(BaseModel):
    id: str
    score: float
    scores: dict[str, float]
    document: dict[str, Any]
    answer: str | None = Field(default=None, description="With a reader: what the document answers, if anything.")
    share: float | None = Field(default=None, description="With a reader: the probability that it holds the answer.")


class SearchReply(BaseModel):
    index: str
    hash: str
    hits: list[HitReply]
    answer: str | None = Field(default=None, description="With a reader: the answer; null: it is not in the hits.")


class ColumnReply(BaseModel):
    name: str
    kind: str
    required: bool


class ModelReply(BaseModel):
    """A model that is served; `id`, `object`, `created` and `owned_by` are OpenAI's."""

    id: str
    object: Literal["model"] = "model"
    created: int
    owned_by: Literal["bertkit"] = "bertkit"
    hash: str
    task: str
    backend: str
    max_tokens: int
    columns: list[ColumnReply]
    neighbours: int = Field(description="How many rows before and after a row its answer may depend on.")
    example: dict[str, Any]
    gives: list[str] = Field(description="Doors that take it: predict, embeddings, rerank, keywords, reader.")


class IndexReply(BaseModel):
    id: str
    documents: int
    columns: list[str]


class ModelsReply(BaseModel):
    object: Literal["list"] = "list"
    data: list[ModelReply]
    indexes: list[IndexReply]


class HealthReply(BaseModel):
    status: Literal["ok", "starting", "stopping"]
    bertkit: str


class ErrorBody(BaseModel):
    message: str
    type: str
    param: str | None = None
    code: str | None = None


class ErrorReply(BaseModel):
    """Every refusal has this form, which is OpenAI's."""

    error: ErrorBody
