"""`/v1/predict/{name}`: every task."""

from __future__ import annotations

from typing import Any

from fastapi import Request, Response

from bertkit.inference.ask import shares
from bertkit.inference.columns import AnswerColumns
from bertkit.inference.predictor import Prepared
from bertkit.serve.refusals import Refusal
from bertkit.serve.routes.shared import (
    check_texts,
    count,
    json_router,
    note_texts,
    reply,
    service_of,
    timeout_of,
    warnings_of,
)
from bertkit.serve.schemas import PredictReply, PredictRequest
from bertkit.serve.served.model import RowReply, Served
from bertkit.tasks.task import Task

router = json_router()
MOST_CANDIDATES = 100_000
"""Of all rows of a request."""


@router.post("/v1/predict/{name}", response_model=PredictReply, tags=["models"], summary="Answers to rows")
async def predict(name: str, asked: PredictRequest, request: Request) -> Response:
    """The answers of a model to rows, or to a question from each of several passages."""
    service = service_of(request)
    served = service.model(name)
    rows = _rows(asked, served)
    check_texts(service, "rows" if asked.rows else "contexts", rows)
    note_texts(service, request, rows)
    if asked.top_k * len(rows) > MOST_CANDIDATES:
        raise Refusal(413, f"top_k: {asked.top_k} of {len(rows):,} rows; send fewer rows at a time", "top_k")
    columns = AnswerColumns(asked.probabilities, asked.top_k, asked.logits, asked.abstain_below)

    def finish(prepared: Prepared, replies: list[RowReply]) -> Response:
        answers = [_answer(served.predictor.task, columns, one, marks=asked.marks) for one in replies]
        if asked.question is not None:
            answers = _ordered(answers, replies)
        usage = count(service, request, served, replies).model_dump()
        found = {"model": served.name, "hash": served.hash, "answers": answers, "usage": usage}
        return reply({**found, "warnings": warnings_of(served, prepared)})

    return await served.answer(rows, finish, timeout=timeout_of(request, service))


def _rows(asked: PredictRequest, served: Served) -> list[Any]:
    if asked.question is None:
        if asked.contexts:
            raise Refusal(422, "contexts: they go with a question", "contexts")
        if not asked.rows:
            raise Refusal(422, "rows: there are none; send texts, or a question with contexts", "rows")
        return list(asked.rows)
    if asked.rows:
        raise Refusal(422, "question: it stands in place of rows; leave one of them out", "question")
    names = [column.name for column in served.predictor.task.columns if not column.answer]
    if "question" not in names or "context" not in names:
        raise Refusal(422, f"question: the task of {served.name} takes {', '.join(names)}", "question")
    if not asked.contexts:
        raise Refusal(422, "contexts: a question needs at least one", "contexts")
    return [{"question": asked.question, "context": context} for context in asked.contexts]


def _answer(task: Task, columns: AnswerColumns, one: RowReply, *, marks: bool) -> dict[str, Any]:
    found = {
        "columns": columns.of(task, one.answer),
        "text": task.to_text(one.answer),
        "confidence": task.confidence(one.answer),
        "tokens": one.tokens,
        "windows": one.windows,
        "cut_tokens": one.cut,
    }
    return found | ({"marks": [mark._asdict() for mark in task.marks(one.answer)]} if marks else {})


def _ordered(answers: list[dict[str, Any]], replies: list[RowReply]) -> list[dict[str, Any]]:
    """The best context first, as `inference.ask.ask_question` has them."""
    parts = shares([one.answer for one in replies]) if len(replies) > 1 else None
    for number, answer in enumerate(answers):
        answer["context"] = number
        answer["share"] = parts[number] if parts else None
    order = sorted(range(len(answers)), key=lambda number: -float(replies[number].answer.get("score", 0)))
    return [answers[number] for number in order]
