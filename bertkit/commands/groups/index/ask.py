"""Panel Use: `bertkit index ask | tune`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from bertkit.commands.groups.index.options import (
    Address,
    By,
    Depth,
    Model,
    Output,
    Rerank,
    Where,
    check_lines,
    one_writer,
    open_index,
    open_reranker,
    write_lines,
)
from bertkit.commands.shared import console
from bertkit.errors import DataError

if TYPE_CHECKING:
    from bertkit.search.index.asking import Known, Reply

Answer = Annotated[str, typer.Option("--answer", metavar="COLUMN", help="FAQ: the index's column with the answers.")]


def ask(
    index: Address,
    question: Annotated[str, typer.Argument(metavar="QUESTION", help="What to answer.")],
    reader: Annotated[
        str | None, typer.Option("--reader", metavar="RUN", help="A Run of squad: it finds the answer in the passages.")
    ] = None,
    faq: Annotated[
        bool, typer.Option("--faq", help="The documents are questions: give the answer of the nearest one.")
    ] = False,
    passages: Annotated[int, typer.Option("--passages", min=1, metavar="N", help="Documents to read.")] = 5,
    by: By = "vectors",
    where: Where = None,
    rerank: Rerank = None,
    depth: Depth = 100,
    answer: Answer = "answer",
    threshold: Annotated[
        float | None,
        typer.Option(metavar="COSINE", help="FAQ: least cosine of an answer.", show_default="that of index tune"),
    ] = None,
    output: Output = None,
    model: Model = None,
    trust_code: console.TrustCode = False,
) -> None:
    """Answer a question from the documents of an index, or say that they do not answer it.

    bertkit index ask runs/index "who fixed it?" --reader runs/squad

    bertkit index ask runs/faq "how do i get my money back" --faq
    """
    from bertkit.search.index import asking
    from bertkit.search.index.index import Query

    check_lines(output)
    if (reader is None) == (not faq):
        raise DataError.at("ask", "expected one of --reader and --faq", "name a Run of squad: --reader runs/squad")
    if threshold is not None and not threshold == threshold:
        raise DataError.at("--threshold", "nan is no cosine", "leave it out, or name a number")
    query = Query(question, passages, by, where)
    query.check()
    if faq:
        if by != "vectors" or rerank:
            raise DataError.at("--faq", "takes the nearest question by its vector", "leave --by and --rerank out")
        opened = open_index(index, model, trust_code)
        _show_known(question, asking.known(opened, query, answer, threshold), output)
        return
    reads = _open_reader(str(reader), trust_code)
    reranker = open_reranker(rerank, trust_code) if rerank else None
    reply = asking.ask(open_index(index, model, trust_code), reads, query, reranker=reranker, depth=depth)
    _show_reply(reply, output)


def tune(
    index: Address,
    questions: Annotated[str, typer.Argument(metavar="QUESTIONS", help="Rows with the columns text and answer.")],
    answer: Answer = "answer",
    model: Model = None,
    sets: console.Set = None,
    trust_code: console.TrustCode = False,
) -> None:
    """Choose the least cosine at which a known question answers a new one, and keep it in the index.

    bertkit index tune runs/faq dev.csv

    A row whose column answer is empty is a question that no known one answers; there must be some.
    """
    from bertkit.search.index import faq
    from bertkit.search.index.about import read_about

    opened = open_index(index, model, trust_code)
    texts, answers = _questions(questions, answer, sets)
    found = faq.outcomes(opened, texts, answers, answer)
    threshold = faq.tuned(found, answers)
    rates = faq.rates(found, answers, threshold)
    with one_writer(index):
        about = read_about(opened.store.about(), index)  # documents may have been added meanwhile
        opened.store.describe(about.model_copy(update={"threshold": threshold}).model_dump_json())
    console.table(
        ("threshold", "answered right", "answered wrong", "answered without an answer"),
        [(f"{threshold:.4f}", f"{rates.hits:.3f}", f"{rates.wrong:.3f}", f"{rates.false:.3f}")],
    )
    console.say(f"{len(texts):,} questions; the threshold is kept: {index}")


def _questions(source: str, answer: str, sets: list[str] | None) -> tuple[list[str], list[str | None]]:
    from bertkit.data.stream import stream
    from bertkit.recipe.load import load
    from bertkit.search.index.rows import COLUMNS

    block = load({"task": "embed"}, console.only(sets, "data")).data
    texts: list[str] = []
    answers: list[str | None] = []
    for taken in stream([source], COLUMNS, block, keeps_all=True):
        if answer not in taken.values:
            raise DataError.at(source, f"no column {answer}", "name the column with the answers: --answer COLUMN")
        given = taken.values[answer]
        texts.append(str((taken.row or {})["text"]))
        answers.append(str(given) if given is not None and str(given).strip() else None)
    return texts, answers


def _open_reader(name: str, trust_code: bool) -> Any:
    from bertkit.commands.shared.predictor import open_predictor
    from bertkit.search.index.asking import check_reader

    opened = open_predictor(name, None, on=None, task=None, labels=None, sets=None, trust_code=trust_code)
    check_reader(opened.predictor, name)
    return opened.predictor


def _show_known(question: str, known: Known, output: str | None) -> None:
    if output is not None:
        hit = known.hit
        row: dict[str, Any] = {"question": question, "answer": known.answer}
        row |= {"known": hit.document["text"], "id": hit.id, "cosine": hit.score} if hit else {}
        write_lines([row], output)
        return
    if known.hit is None:
        console.say("no known question")
        return
    console.say(known.answer if known.answer is not None else "not answered here")
    console.say(f"nearest known question, cosine {known.hit.score:.3f}: {known.hit.document['text']}")


def _show_reply(reply: Reply, output: str | None) -> None:
    rows = [
        {
            "rank": rank,
            "answer": passage.text or None,
            "share": passage.share,
            "id": passage.hit.id,
            "score": passage.hit.score,
            "text": passage.hit.document["text"],
        }
        for rank, passage in enumerate(reply.passages, 1)
    ]
    if output is not None:
        write_lines([{"question": reply.question, "answer": reply.text, "passages": rows}], output)
        return
    console.say(reply.text if reply.text is not None else "not answered here")
    console.table(
        ("answer", "share", "id", "score", "passage"),
        [
            (
                row["answer"] or "",
                "" if row["share"] is None else f"{row['share']:.2f}",
                row["id"],
                f"{row['score']:.4f}",
                f"{' '.join(row['text'].split()):.80}",
            )
            for row in rows
        ],
    )
