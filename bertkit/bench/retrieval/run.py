"""The whole of `bertkit bench retrieval`: collections and models -> rankings, figures and files.

All collections and models are in memory from the beginning, so that a mistake in the last one shows before any work.
The price is that memory.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bertkit.bench.retrieval.ranking import FOUND, Desk, Ranker, Ranking, rerank, search
from bertkit.bench.retrieval.scores import score_all
from bertkit.bench.retrieval.table import RetrievalResults, as_json, as_markdown, counts_of
from bertkit.bench.retrieval.trec import write_runs
from bertkit.data.beir import Collection
from bertkit.engine.run import Progress
from bertkit.errors import Parameter, Problem, RecipeError
from bertkit.files.run_files import environment
from bertkit.fs import write_json, write_text

SUITE = "retrieval"
VECTORS, RUNS = "vectors", "runs"


@dataclass(frozen=True)
class RetrievalRequest:
    """What is compared."""

    collections: Sequence[Collection]
    models: Sequence[Ranker]
    """They find documents; the others are compared with the first."""
    rerankers: Sequence[Ranker] = ()
    """They re-rank the first `top` documents of the first model."""
    top: int = FOUND
    windows: bool = False


def check_names(data: Sequence[Path], models: Sequence[str], rerankers: Sequence[str]) -> None:
    """Raise a RecipeError for something that is named twice, or nothing."""
    problems = []
    if not data:
        problems.append(Problem(Parameter("data"), "missing", "name a folder in BEIR's layout: --data scifact"))
    if not models:
        problems.append(Problem(Parameter("model"), "missing", "name a model with vectors: --model runs/vectors"))
    folders = [folder.resolve().name for folder in data]
    for parameter, names in (("data", folders), ("model", models), ("rerank", rerankers)):
        for name in dict.fromkeys(names):
            if list(names).count(name) > 1:
                problems.append(Problem(Parameter(parameter), f"{name} stands twice", "name each once"))
    if problems:
        raise RecipeError(*problems)


def run(
    request: RetrievalRequest, output: Path, progress: Callable[[str], Progress]
) -> tuple[RetrievalResults, list[str]]:
    """Rank, score, and write `results.json`, `table.md` and `runs/DATA/MODEL.trec`.

    Args:
        output: a folder; vectors and scores that it has already are not computed again.

    Returns:
        the results, and notes about the data and files, one per line.
    """
    desk = Desk(output / VECTORS, progress, request.windows)
    scores, notes = {}, []
    for collection in request.collections:
        notes += [f"{collection.name}: {line}" for line in collection.notes()]
        rankings = rank(request, collection, desk)
        scores[collection.name] = score_all(rankings, collection)
        notes += filter(None, [write_runs(output / RUNS / collection.name, rankings, collection)])
    settings = {"split": request.collections[0].split, "top": request.top, "windows": request.windows}
    versions = {name: version for name, version in environment()["versions"].items() if version}
    results = RetrievalResults(scores, counts_of(request.collections), settings, versions)
    write_json(output / "results.json", as_json(results))
    write_text(output / "table.md", as_markdown(results, notes))
    return results, notes


def rank(request: RetrievalRequest, collection: Collection, desk: Desk) -> dict[str, Ranking]:
    """The rankings of all models, by their names in the table."""
    rankings = {model.name: search(model, collection, desk) for model in request.models}
    first = request.models[0].name
    for model in request.rerankers:
        rankings[f"{first}, then {model.name}"] = rerank(model, rankings[first], request.top, collection, desk)
    return rankings
