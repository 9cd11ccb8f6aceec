"""How well are questions answered from a collection, and what does each step cost?

`--squad DEV` and `--more FILE` are SQuAD JSON: all their passages are the collection, and the questions of DEV are
asked. `--reader RUN` is a Run of squad. Exact match and F1, in percent, of all questions and of both kinds:

- the reader gets the right passage alone, as in `bertkit eval`;
- the right passage and the four nearest others: what choosing among passages costs;
- the five nearest passages: what retrieval costs;
- the same without a threshold: every question gets the most likely text.

`--clinc FILE` is CLINC150's JSON: its training sentences are known questions whose answer is their intent, the
threshold is chosen on the validation sentences, and the test sentences are asked, those out of scope too.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from index_search import MINILM, quiet
from side_by_side import parser, record

from bertkit import Predictor
from bertkit.inference.ask import shares
from bertkit.metrics.squad import exact, f1
from bertkit.recipe.schema import DataBlock
from bertkit.search.index import faq
from bertkit.search.index.about import VectorModel
from bertkit.search.index.building import build
from bertkit.search.index.index import Index, Query
from bertkit.search.index.rows import Documents
from bertkit.search.index.store import TEXT

READ = 5


class Asked(NamedTuple):
    question: str
    golds: list[str]
    context: str


def questions(file: Path) -> Iterator[Asked]:
    for article in json.loads(file.read_text("utf-8"))["data"]:
        for part in article["paragraphs"]:
            for one in part["qas"]:
                yield Asked(one["question"], [answer["text"] for answer in one["answers"]], part["context"])


def index_of(rows: Sequence[dict[str, Any]], folder: Path) -> Index:
    file = folder / "documents.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    build(str(folder / "index"), Documents(str(file), DataBlock()), VectorModel(MINILM), quiet)
    return Index.open(str(folder / "index"))


def best(answers: Sequence[dict[str, Any]], *, refuse: bool = True) -> str:
    """The text of the most likely answer; empty: none."""
    parts = shares(answers) or [answer["score"] for answer in answers]
    texts = [answer["answer"] if refuse else _text(answer) for answer in answers]
    order = sorted(range(len(answers)), key=lambda i: (bool(texts[i]), parts[i]), reverse=True)
    return texts[order[0]] if order else ""


def _text(answer: dict[str, Any]) -> str:
    return next((entry["text"] for entry in answer["n_best"] if entry["text"]), "")


def read(reader: Predictor, asked: Sequence[Asked], contexts: Sequence[Sequence[str]]) -> list[list[dict[str, Any]]]:
    """The answers of each question from each of its contexts."""
    rows = [{"question": a.question, "context": c} for a, own in zip(asked, contexts, strict=True) for c in own]
    answers = iter(reader.predict(rows))
    return [[next(answers) for _ in own] for own in contexts]


def line(name: str, predictions: Sequence[str], asked: Sequence[Asked]) -> dict[str, Any]:
    golds = [a.golds or [""] for a in asked]
    scores = {
        "exact": np.array([exact(p, g) for p, g in zip(predictions, golds, strict=True)]),
        "F1": np.array([f1(p, g) for p, g in zip(predictions, golds, strict=True)]),
    }
    answered = np.array([bool(a.golds) for a in asked])
    found: dict[str, Any] = {"passages": name}
    for kind, mask in (("", answered | True), (", answerable", answered), (", unanswerable", ~answered)):
        found |= {f"{key}{kind}": f"{100 * own[mask].mean():.1f}" for key, own in scores.items()}
    return found


def squad(args: Any, folder: Path) -> tuple[dict[str, Any], list[str]]:
    asked = list(questions(args.squad))
    more = [one for file in args.more or () for one in questions(file)]
    contexts = list(dict.fromkeys(one.context for one in [*asked, *more]))
    index = index_of([{"id": str(n), "text": text} for n, text in enumerate(contexts)], folder)
    reader = Predictor.open(args.reader)
    hits = [[str(hit.document[TEXT]) for hit in index.search(Query(a.question, top=READ))] for a in asked]
    oracle = [own if a.context in own else [*own[:-1], a.context] for a, own in zip(asked, hits, strict=True)]
    alone = read(reader, asked, [[a.context] for a in asked])
    among, found = read(reader, asked, oracle), read(reader, asked, hits)
    lines = [
        line("the right one alone", [best(one) for one in alone], asked),
        line(f"the right one among {READ}", [best(one) for one in among], asked),
        line(f"the {READ} nearest", [best(one) for one in found], asked),
        line("the right one alone, no threshold", [best(one, refuse=False) for one in alone], asked),
        line(f"the {READ} nearest, no threshold", [best(one, refuse=False) for one in found], asked),
    ]
    there = [np.mean([a.context in own[:k] for a, own in zip(asked, hits, strict=True)]) for k in (1, READ)]
    note = f"the right passage is the nearest for {100 * there[0]:.1f}%, among {READ} for {100 * there[1]:.1f}%"
    caption = f"{len(asked):,} questions, {len(contexts):,} passages"
    return {caption: lines}, [note]


def clinc(args: Any, folder: Path) -> dict[str, Any]:
    parts = json.loads(args.clinc.read_text("utf-8"))
    known = [{"id": str(n), "text": text, "answer": intent} for n, (text, intent) in enumerate(parts["train"])]
    index = index_of(known, folder)

    def asked(split: str) -> tuple[list[str], list[str | None]]:
        inside, outside = parts[split], parts[f"oos_{split}"]
        return [text for text, _ in [*inside, *outside]], [*(intent for _, intent in inside), *([None] * len(outside))]

    texts, answers = asked("val")
    threshold = faq.tuned(faq.outcomes(index, texts, answers, "answer"), answers)
    lines = []
    for split in ("val", "test"):
        texts, answers = asked(split)
        found = faq.rates(faq.outcomes(index, texts, answers, "answer"), answers, threshold)
        shown = {"hit rate": found.hits, "wrong answers": found.wrong, "answers out of scope": found.false}
        lines.append({"split": split, "threshold": f"{threshold:.3f}", **{k: f"{v:.3f}" for k, v in shown.items()}})
    return {f"{len(known):,} known questions": lines}


def main() -> None:
    given = parser(__doc__, data=False)
    given.add_argument("--squad", type=Path)
    given.add_argument("--more", type=Path, action="append", help="SQuAD JSON with more passages")
    given.add_argument("--reader", help="a Run of squad")
    given.add_argument("--clinc", type=Path)
    args = given.parse_args()
    tables: dict[str, Any] = {}
    notes: list[str] = []
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        if args.squad:
            tables, notes = squad(args, Path(one))
        if args.clinc:
            tables |= clinc(args, Path(other))
    record("index_ask", tables, args, __doc__, notes=notes)


if __name__ == "__main__":
    main()
