"""`bertkit export`: a Run with a faster model, made from a trained one and scored against it.

`onnx` is a graph for ONNX Runtime, which must answer as the model does. `static` is a table of the tokens' vectors,
which is another model: what it costs is measured.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from bertkit import extras
from bertkit.engine.backends.onnx import MODEL, OnnxBackend
from bertkit.engine.cache import encode
from bertkit.engine.run import Progress
from bertkit.errors import DataError, Parameter, RunError
from bertkit.fs import folder_aside, settle, write_json, write_text
from bertkit.inference.differences import differences
from bertkit.inference.evaluate import read_rows
from bertkit.inference.predictor import Predictor
from bertkit.inference.score import Scores, Split
from bertkit.metrics import Metric, find_metric
from bertkit.report import run as run_page
from bertkit.report.card import card
from bertkit.run import Run
from bertkit.shrink import proof
from bertkit.tasks.confidence.abstention import curve_of
from bertkit.warn import Warned, collect, warn

log = logging.getLogger("bertkit")

MAX_DROP = 0.5
"""Points of the first metric that an export may cost."""
FLOAT, INT8, STATIC = "onnx float32", "onnx int8", "static"
FORMATS = ("onnx", "static")
WEIGHTS = (".safetensors", ".bin")


@dataclass(frozen=True)
class ExportRequest:
    """What to export, and how far it may differ."""

    run: Run
    output: Path
    to: str = "onnx"
    """One of `FORMATS`."""
    int8: bool = False
    max_drop: float | None = None
    """Points of the first metric that the export may cost. Default: `MAX_DROP` of a graph, any number of a table."""
    data: Sequence[str] = ()
    """Sources of rows with answers in place of the Run's own."""
    progress: Progress = iter


@dataclass
class _Parts:
    """What the steps of an export share."""

    source: Predictor
    splits: list[Split]
    metrics: list[Metric]
    engines: dict[str, Predictor] = field(default_factory=dict)
    folders: dict[str, Path] = field(default_factory=dict)
    """Of each engine its model folder."""
    record: dict[str, Any] = field(default_factory=dict)
    """`export` in `metrics.json`."""


def export(wish: ExportRequest) -> Run:
    """A Run of another format, scored on the rows of the Run that it is made from.

    Raises:
        ExtraError: a package of the extra `onnx` is not installed.
        RunError: the Run is exported already, its task can not be, the output is in use, or the graph's answers differ
            more than is allowed: then nothing is left behind.
        DataError: the Run's validation rows are not on this machine.
    """
    run = wish.run
    _check(wish)
    with collect() as warnings:
        source = Predictor.open(run, needs=["transformers"])
        parts = _Parts(source, _splits(source, wish.data), _metrics(source))
        with folder_aside(wish.output) as folder:
            derived = run.derive(folder, kind="export", backend=wish.to)
            derived.name = Path(wish.output).resolve().name
            scored = (_static if wish.to == "static" else _graph)(wish, parts, derived)
            _finish(derived, run, parts, scored, warnings)
    finished = Run(wish.output)
    if finished.local_file.is_file():
        finished.local_file.chmod(0o600)  # all others have got the permissions that the umask gives
    finished.allow_code()
    return finished


def check_format(name: str) -> None:
    """Raise a RunError for a format that there is not."""
    if name not in FORMATS:
        raise RunError.at(Parameter("to"), f"no such format: {name}", f"known: {', '.join(FORMATS)}")


def _check(wish: ExportRequest) -> None:
    """Raise an error for what can not be exported, before any work."""
    run = wish.run
    for module in extras.EXTRAS["onnx"] if wish.to == "onnx" else ():
        extras.need(module, extra="onnx", feature="export to ONNX")
    check_format(wish.to)
    if wish.int8 and wish.to != "onnx":
        raise RunError.at(Parameter("int8"), "is for onnx", "leave it out")
    if run.backend != "torch":
        raise RunError.at(str(run.path), "is an exported Run already", "name the Run that it was made from")
    if wish.max_drop is not None and not wish.max_drop >= 0:  # nor is NaN, which no drop exceeds
        raise RunError.at(Parameter("max_drop"), f"{wish.max_drop}: not a number of points", "0.5 is the default")
    Run(wish.output).check_free()


def _metrics(predictor: Predictor) -> list[Metric]:
    return [find_metric(name, predictor.task.takes) for name in predictor.recipe.metrics]


def _splits(predictor: Predictor, data: Sequence[str]) -> list[Split]:
    """The validation rows, then the test rows, if there are any; or `data` as validation rows."""
    recipe, task = predictor.recipe, predictor.task
    splits = []
    for name in ("validation", *(["test"] if recipe.data.test and not data else [])):
        try:
            _, rows = read_rows(task, recipe, data=data, split=None if data else name)
        except DataError as error:
            if data:
                raise
            todo = "name other rows with answers: --data FILE"
            raise DataError(*(replace(problem, remedy=todo) for problem in error.problems)) from error
        task.check(rows, name)
        splits.append(Split(name, rows, encode(task, rows, predictor.tokenizer, predictor.limit)))
    if data:
        warn(f"scored on {', '.join(data)}, not on the validation rows of the training", "validation")
    return splits


def _static(wish: ExportRequest, parts: _Parts, derived: Run) -> dict[str, Scores]:
    """Write the table of the tokens' vectors. Returns its scores by split; fills `parts.record`."""
    from bertkit.engine.backends.static import StaticBackend
    from bertkit.shrink import static

    source, dev = parts.source, parts.splits[0]
    parts.engines["torch"], parts.folders["torch"] = source, wish.run.model
    log.info("reading the vocabulary")
    static.write(source, derived.model, wish.progress)
    backend = StaticBackend(derived.model, source.task.head)
    parts.engines[STATIC] = Predictor(source.task, source.tokenizer, backend, source.recipe)
    parts.folders[STATIC] = derived.model
    log.info("scoring the model, then its export")
    before, after = (proof.measure(one, dev, parts.metrics, wish.progress) for one in parts.engines.values())
    parts.record |= {"precision": "float32", "float32_layers": [], "largest_difference": {}}
    return _scored(wish, parts, before, after)


def _graph(wish: ExportRequest, parts: _Parts, derived: Run) -> dict[str, Scores]:
    """Write the graph, in int8 if asked for, and prove it. Returns its scores by split; fills `parts.record`."""
    from bertkit.shrink.onnx_graph import write_model

    model, source, dev = derived.model, parts.source, parts.splits[0]
    log.info("tracing the model")
    written = write_model(wish.run, source, dev.encoded.examples, model)
    parts.record["attention_nodes"] = written.attention
    parts.engines["torch"], parts.folders["torch"] = source, wish.run.model
    log.info("scoring the model, then its export")
    before = proof.measure(source, dev, parts.metrics, wish.progress)
    name = FLOAT
    parts.engines[name], parts.folders[name] = _engine(source, model), model
    after = proof.measure(parts.engines[name], dev, parts.metrics, wish.progress)
    proof.check_equal(before.outputs, after.outputs)
    apart = {name: proof.largest_differences(before.outputs, after.outputs)}
    kept: list[str] = []
    if wish.int8:
        name, folder = INT8, derived.path / "int8"
        kept = _quantize(wish, parts, written.layers, before, folder)
        parts.engines[name], parts.folders[name] = _engine(source, folder), folder
        after = proof.measure(parts.engines[name], dev, parts.metrics, wish.progress)
        apart[name] = proof.largest_differences(before.outputs, after.outputs)
    parts.record |= {"precision": name.rpartition(" ")[2], "float32_layers": kept, "largest_difference": apart}
    scored = _scored(wish, parts, before, after)
    if wish.int8:
        for file in model.glob(f"{MODEL}*"):
            file.unlink()
        for file in parts.folders[name].glob(f"{MODEL}*"):
            file.rename(model / file.name)
        shutil.rmtree(parts.folders[name])
    return scored


def _scored(wish: ExportRequest, parts: _Parts, before: proof.Measured, after: proof.Measured) -> dict[str, Scores]:
    """The scores of the last engine by split, held against those of the first one; fills `parts.record`.

    Raises:
        RunError: the score drops by more than is allowed.
    """
    source, exported = parts.source, [*parts.engines.values()][-1]
    most = MAX_DROP if wish.max_drop is None and wish.to == "onnx" else wish.max_drop
    dropped = proof.points(parts.metrics[0], before.scores.figures, after.scores.figures)
    if most is not None and dropped > most:
        what = f"{parts.metrics[0].keys[0]} drops by {dropped:.2f} points"
        raise RunError.at(Parameter("max_drop"), what, "allow more, or keep the Run as it is")
    pairs = {parts.splits[0].name: [before.scores, after.scores]}
    for split in parts.splits[1:]:
        both = (proof.measure(engine, split, parts.metrics, wish.progress) for engine in (source, exported))
        pairs[split.name] = [measured.scores for measured in both]
    parts.record |= {"drop": dropped, "max_drop": most, "engines": _speeds(parts)}
    parts.record["differences"] = {
        split.name: [
            asdict(one) | {"difference": one.difference}
            for one in differences(source.task, [s.answers for s in pairs[split.name]], split.rows, parts.metrics)
        ]
        for split in parts.splits
    }
    return {split: scores[-1] for split, scores in pairs.items()}


def _engine(source: Predictor, folder: Path) -> Predictor:
    """The predictor of a model folder."""
    return Predictor(source.task, source.tokenizer, OnnxBackend(folder, source.task.head), source.recipe)


def _quantize(
    wish: ExportRequest, parts: _Parts, layers: dict[str, list[str]], before: proof.Measured, folder: Path
) -> list[str]:
    from bertkit.shrink.quantize import quantize

    dev = parts.splits[0]

    def measured(folder: Path) -> proof.Measured:
        return proof.measure(_engine(parts.source, folder), dev, parts.metrics, wish.progress)

    def drop(folder: Path) -> float:
        return proof.points(parts.metrics[0], before.scores.figures, measured(folder).scores.figures)

    def change(folder: Path) -> float:
        return proof.mean_change(before.outputs, measured(folder).outputs)

    log.info("converting to int8")
    return quantize(
        parts.folders[FLOAT],
        folder,
        layers,
        drop=drop,
        change=change,
        most=MAX_DROP if wish.max_drop is None else wish.max_drop,
    )


def _speeds(parts: _Parts) -> dict[str, dict[str, Any]]:
    """Size and speed of each engine."""
    log.info("timing")
    found = proof.speeds(parts.engines, parts.splits[0].encoded.examples)
    weights = {
        name: sum(file.stat().st_size for file in folder.iterdir() if ".onnx" in file.name or file.suffix in WEIGHTS)
        for name, folder in parts.folders.items()
    }
    return {name: {"bytes": weights[name], **asdict(speed)} for name, speed in found.items()}


def _finish(derived: Run, run: Run, parts: _Parts, scored: dict[str, Scores], warnings: list[Warned]) -> None:
    """Write what a finished Run has."""
    task = parts.source.task
    settle(derived.model)
    derived.seal()
    rows = {**run.metrics.get("rows", {}), **{split.name: len(split.rows) for split in parts.splits}}
    kept = [one for one in run.warnings if one["split"] in ("", "train")]
    warnings = [*kept, *(one for one in warnings if one not in kept)]
    metrics: dict[str, Any] = {split: scores.figures for split, scores in scored.items()}
    metrics |= {"intervals": {split: scores.intervals for split, scores in scored.items()}, "rows": rows}
    labels = {**run.metrics.get("labels", {}), **run_page.labels_of(task, {one.name: one.rows for one in parts.splits})}
    metrics |= {"labels": labels, "warnings": warnings, "export": parts.record}
    if dev := next((one for one in parts.splits if one.name == "validation"), None):
        metrics["abstention"] = curve_of(task.verdicts(scored[dev.name].answers, dev.rows))
    write_json(derived.metrics_file, metrics)
    if run.log_file.is_file():
        shutil.copy(run.log_file, derived.log_file)
    write_text(derived.card_file, card(run.recipe, task, scored, derived, warnings))
    run_page.write(derived, task, scored, {split.name: split.rows for split in parts.splits}, warnings=warnings)
