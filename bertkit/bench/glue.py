"""GLUE (Wang et al. 2019, https://gluebenchmark.com): nine tasks, and the diagnostics that MNLI's model answers.

The table shows figures on the development rows, because the test labels are hidden. Published test figures stand beside
them under a name that says so; they are usually a little lower. The site scores `submission.zip`.

MNLI is validated on its matched development rows and tested on the mismatched ones.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from bertkit.bench import glue_layouts
from bertkit.bench.glue_layouts import GlueFiles, GlueLayout
from bertkit.bench.suite import Entry, Suite
from bertkit.errors import DataError
from bertkit.recipe.schema import DataBlock

log = logging.getLogger("bertkit")

BASE = "BERT-base, test"
LARGE = "BERT-large, test"
"""Devlin et al. 2019, table 1: the best of four learning rates on the development rows; percent there, of 1 here."""
SCRIPT = "bert-base-cased, run_glue.py, dev"
"""Hugging Face's examples/pytorch/text-classification/README.md: one seed; percent there, of 1 here."""

Published = dict[str, dict[str, float]]


@dataclass(frozen=True)
class GlueTask:
    name: str
    layout: GlueLayout
    figures: tuple[str, ...]
    published: Mapping[str, tuple[float | None, ...]]
    """Model -> its figures, in the order of `figures`."""
    from_mnli: bool = False
    """Whether the tuned recipe starts from the MNLI model."""


SENTENCES = ("sentence1", "sentence2")
ENTAILED = ("entailment", "not_entailment")
ACCURACY = ("validation/accuracy",)
F1 = ("validation/f1", "validation/accuracy")

TASKS = (
    GlueTask(
        "CoLA",
        GlueLayout(
            *("cola", ("sentence",), "label", ("sentence",), ("unacceptable", "acceptable")),
            header=("source", "label", "mark", "sentence"),
        ),
        ("validation/matthews",),
        {BASE: (0.521,), LARGE: (0.605,), SCRIPT: (0.565,)},
    ),
    GlueTask(
        "SST-2",
        GlueLayout("sst2", ("sentence",), "label", ("sentence",), ("negative", "positive")),
        ACCURACY,
        {BASE: (0.935,), LARGE: (0.949,), SCRIPT: (0.923,)},
    ),
    GlueTask(
        "MRPC",
        GlueLayout("mrpc", ("#1 String", "#2 String"), "Quality", SENTENCES, ("not_equivalent", "equivalent")),
        F1,
        {BASE: (0.889, None), LARGE: (0.893, None), SCRIPT: (0.889, 0.841)},
        from_mnli=True,
    ),
    GlueTask(
        "STS-B",
        GlueLayout("stsb", SENTENCES, "score", SENTENCES),
        ("validation/pearson", "validation/spearman"),
        {BASE: (None, 0.858), LARGE: (None, 0.865), SCRIPT: (0.886, 0.885)},
        from_mnli=True,
    ),
    GlueTask(
        "QQP",
        GlueLayout(
            *("qqp", ("question1", "question2"), "is_duplicate", ("question1", "question2")),
            names=("not_duplicate", "duplicate"),
        ),
        F1,
        {BASE: (0.712, None), LARGE: (0.721, None), SCRIPT: (0.875, 0.907)},
    ),
    GlueTask(
        "MNLI",
        GlueLayout(
            *("mnli", SENTENCES, "gold_label", ("premise", "hypothesis"), ("entailment", "neutral", "contradiction")),
            numbered=False,
            dev=("dev_matched", "dev_mismatched"),
            hub_dev=("validation_matched", "validation_mismatched"),
            tests={"MNLI-m": ("test_matched",) * 2, "MNLI-mm": ("test_mismatched",) * 2},
        ),
        ("validation/accuracy", "test/accuracy"),
        {BASE: (0.846, 0.834), LARGE: (0.867, 0.859), SCRIPT: (0.839, 0.841)},
    ),
    GlueTask(
        "QNLI",
        GlueLayout("qnli", ("question", "sentence"), "label", ("question", "sentence"), ENTAILED, numbered=False),
        ACCURACY,
        {BASE: (0.905,), LARGE: (0.927,), SCRIPT: (0.907,)},
    ),
    GlueTask(
        "RTE",
        GlueLayout("rte", SENTENCES, "label", SENTENCES, ENTAILED, numbered=False),
        ACCURACY,
        {BASE: (0.664,), LARGE: (0.701,), SCRIPT: (0.657,)},
        from_mnli=True,
    ),
    GlueTask(
        "WNLI",
        GlueLayout("wnli", SENTENCES, "label", SENTENCES, ("not_entailment", "entailment")),
        ACCURACY,
        {SCRIPT: (0.563,)},
    ),
)
NOT_TUNED = ("WNLI",)
"""Tasks without published tuned hyperparameters: their development rows mislead."""


def suite(data: Path | None, recipes: Literal["paper", "tuned"]) -> Suite:
    """The GLUE tasks whose files exist.

    Args:
        data: a folder in one of the layouts of glue_layouts.py; None: the hub, or its local cache.
        recipes: `paper`: `recipes/glue`; `tuned`: `recipes/glue/tuned`, where RTE, MRPC and STS-B start from the
            MNLI model.

    Raises:
        DataError: no such folder, or it holds no task.
    """
    if data is not None:
        data = data.absolute()
        if not data.is_dir():
            raise DataError.at(str(data), "no such folder", "name the one that holds CoLA, SST-2 and the others")
    files = {task.name: glue_layouts.find(data, task.name, task.layout) for task in TASKS}
    absent = {name: reason for name, reason in files.items() if isinstance(reason, str)}
    if len(absent) == len(TASKS):
        remedy = "expected files such as CoLA/train.tsv, or the hub's cola/train-*.parquet"
        raise DataError.at(str(data), "holds no task of GLUE", remedy)
    entries = tuple(_entry(one, own, data, recipes) for one in TASKS if isinstance(own := files[one.name], GlueFiles))
    return Suite("glue", entries, absent)


def of_file(recipe: str, file: str, block: DataBlock) -> tuple[str, ...]:
    """`KEY=VALUE` texts that read a single file of a recipe's task; none if it has other columns than the task's files.

    Args:
        recipe: `glue/mnli` or `glue/tuned/mnli`.
        block: how the user wants it read.
    """
    task = next((task for task in TASKS if task.layout.key == recipe.rpartition("/")[2]), None)
    settings = task and glue_layouts.of_file(file, task.layout, block)
    return _sets({**settings, **_bad_rows(task)}) if task and settings else ()


def _bad_rows(task: GlueTask) -> dict[str, str]:
    return {"data.bad_rows": "skip"} if task.name == "QQP" else {}  # its published files hold broken lines


def _entry(task: GlueTask, files: GlueFiles, data: Path | None, recipes: str) -> Entry:
    if files.note:
        log.warning("%s: %s", task.name, files.note)
    unlabelled = dict(files.unlabelled)
    if task.name == "MNLI" and (diagnostics := glue_layouts.find_ax(data)):
        unlabelled["AX"] = diagnostics
    tuned = recipes == "tuned" and task.name not in NOT_TUNED
    if recipes == "tuned" and not tuned:
        log.info("%s: no tuned hyperparameters are published; uses the recipe glue/%s", task.name, task.layout.key)
    return Entry(
        name=task.name,
        recipe=f"glue/tuned/{task.layout.key}" if tuned else f"glue/{task.layout.key}",
        sets=_sets({**files.settings, **_bad_rows(task)}),
        figures=task.figures,
        published=_published(task),
        starts_from="MNLI" if tuned and task.from_mnli else "",
        unlabelled={name: _sets({**settings, "data.bad_rows": "error"}) for name, settings in unlabelled.items()},
    )


def _sets(settings: Mapping[str, Any]) -> tuple[str, ...]:
    """`KEY=VALUE` texts. JSON is YAML, and quotes what YAML would read as something else."""
    return tuple(f"{key}={json.dumps(value, ensure_ascii=False)}" for key, value in settings.items())


def _published(task: GlueTask) -> Published:
    return {
        model: {figure: value for figure, value in zip(task.figures, values, strict=True) if value is not None}
        for model, values in task.published.items()
    }
