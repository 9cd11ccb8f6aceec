"""Panel Evaluate: `bertkit bench retrieval`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bertkit.commands.shared import console
from bertkit.commands.shared.predictor import open_predictor
from bertkit.errors import DataError, RecipeError

if TYPE_CHECKING:
    from bertkit.bench.retrieval.ranking import Ranker
    from bertkit.bench.retrieval.table import RetrievalResults


def retrieval(
    data: Annotated[
        list[Path] | None,
        typer.Option("--data", help="Folder in BEIR's layout; repeatable: corpus.jsonl, queries.jsonl, qrels/."),
    ] = None,
    model: Annotated[
        list[str] | None,
        typer.Option(
            "--model", "-m", help="A Run with vectors, a model of sentence-transformers, or an encoder; repeatable."
        ),
    ] = None,
    rerank: Annotated[
        list[str] | None,
        typer.Option(
            "--rerank",
            metavar="MODEL",
            help="Re-ranks what the first --model finds: a Run of rerank, or a cross-encoder; repeatable.",
        ),
    ] = None,
    top: Annotated[
        int, typer.Option("--top", min=1, max=100, metavar="N", help="How many documents to re-rank for each query.")
    ] = 100,
    split: Annotated[
        str, typer.Option("--split", metavar="NAME", help="Judgements to score by: qrels/NAME.tsv.")
    ] = "test",
    windows: Annotated[
        bool, typer.Option("--windows", help="Read long documents in windows. Default: as the model's options say.")
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="Folder for vectors, run files and the table; a killed bench is continued."
        ),
    ] = None,
    trust_code: console.TrustCode = False,
) -> None:
    """Compare how well models find documents: nDCG@10 and others, with intervals and tests over queries.

    bertkit bench retrieval --data scifact --model runs/vectors -o runs/ir

    Every model searches all documents by the cosine of its vectors, and is compared with the first one.
    """
    if output is None:
        raise RecipeError.at("--output", "missing", "name a folder: --output runs/retrieval")
    from bertkit.bench.plan import check_output, claim
    from bertkit.bench.retrieval import run
    from bertkit.data.beir import read_collection
    from bertkit.files.lock import one_writer

    run.check_names(data or [], model or [], rerank or [])
    for folder in data or []:
        if output.resolve() == folder.resolve():
            raise DataError.at("--output", f"{output}: is the folder of --data", "name another folder")
    check_output(output, run.SUITE)
    collections = [read_collection(folder, split) for folder in data or []]
    models = [_ranker(name, "embed", trust_code) for name in model or []]
    rerankers = [_ranker(name, "rerank", trust_code) for name in rerank or []]
    request = run.RetrievalRequest(collections, models, rerankers, top, windows)
    claim(output, run.SUITE)
    with one_writer(output):
        results, notes = run.run(request, output, console.progress)
    _show(results, notes, output)


def _ranker(name: str, task: str, trust_code: bool) -> Ranker:
    """Open a model.

    Args:
        task: of one that is not a Run.
    """
    from bertkit.bench.retrieval.ranking import Ranker
    from bertkit.inference.bulk.identity import model_of
    from bertkit.run import Run
    from bertkit.search.reranking import check_reranker
    from bertkit.search.vectors import check_vectors

    other = None if Run(name).is_begun else task
    opened = open_predictor(name, None, on=None, task=other, labels=None, sets=None, trust_code=trust_code)
    check = check_vectors if task == "embed" else check_reranker
    check(opened.predictor, name)
    return Ranker(name, opened.predictor, model_of(opened.run, opened.predictor))


def _show(results: RetrievalResults, notes: list[str], output: Path) -> None:
    from bertkit.bench.retrieval.table import details, summary

    for note in notes:
        console.say(note)
    for name, scores in results.scores.items():
        console.say()
        console.say(name)
        console.table(*details(scores))
    if len(results.scores) > 1:
        console.say()
        console.say("all collections")
        console.table(*summary(results))
    if len(results.models) > 1:
        what = "difference and p: from the first model, by a paired test over queries"
        console.say(what + (", with Holm's correction" if len(results.models) > 2 else ""))
    console.say(f"written: {output / 'results.json'}, {output / 'table.md'}")
