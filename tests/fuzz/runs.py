"""Run folders whose files are damaged, swapped or missing; finished, and cut off in the middle."""

from __future__ import annotations

import json

from tests.fuzz.case import Case
from tests.fuzz.material import TASKS, Draw
from tests.fuzz.models import broken

TEXT = "where is my parcel ?"


def run(draw: Draw) -> Case:
    task = draw.one(*TASKS)
    folder = draw.copy(draw.material.run(task), "run")
    if draw.often(0.6):
        named = ["task.json", "run.json", "metrics.json", "environment.json", "recipe.yaml", "log.jsonl"]
        broken(draw, folder, [*named, "model/config.json", "model/tokenizer.json", "model/model.safetensors"])
    else:
        broken(draw, folder)
    draw.put("rows.jsonl", "".join(json.dumps(row) + "\n" for row in draw.material.rows(task)))
    way = draw.one("predict", "predict", "predict", "eval", "eval", "report", "resume", "calibration")
    if way == "calibration":
        return Case(["calibration", "run", "-o", "out.json"], output="out.json")
    if way == "report":
        return Case(["report", "run", "-o", "out.html"], output="out.html")
    if way == "resume":
        return Case(["train", "run", "--resume"], folders=("run",))
    if way == "eval":
        more = draw.one([], ["--data", "rows.jsonl"])
        return Case(["eval", "run", "-o", "out.json", *more], "rows.jsonl" if more else "", "out.json")
    if task == "classify" and draw.often(0.3):
        return Case(["predict", "run", "-t", TEXT])
    more = draw.one([], [], ["--error-rate", "0.5"], ["--abstain-below", "0.4"])
    return Case(["predict", "run", "rows.jsonl", "-o", "out.jsonl", *more], "rows.jsonl", "out.jsonl")


def compared(draw: Draw) -> Case:
    task = draw.one("classify", "ner")
    broken(draw, draw.copy(draw.material.run(task), "a"))
    draw.copy(draw.material.run(task), "b")
    return Case(["compare", *draw.one(["a", "b"], ["b", "a"]), "-o", "out.json"], output="out.json", folders=("a", "b"))


def resumed(draw: Draw) -> Case:
    """A training whose power was cut, and whose checkpoints are damaged."""
    folder = draw.copy(draw.material.unfinished("classify"), "run")
    broken(draw, folder / "checkpoints" if draw.often(0.8) else folder)
    return Case(["train", "run", "--resume"], folders=("run",))
