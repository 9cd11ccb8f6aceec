"""Run: the folder that holds everything a training left.

run.json            what kind of Run this is: how it was made, of which Run, for which backend
recipe.yaml         the resolved recipe, which trains the same model again
model/              weights, configuration and tokenizer, as plain `AutoModel.from_pretrained` loads them
task.json           what the task learnt beside the weights: label names, thresholds
metrics.json        {"validation": {"accuracy": ...}, "test": {...}, "intervals": {"validation": {...}}}
log.jsonl           a line a logged step
environment.json    versions, machine, weights and data that went in
README.md           the model card
report.html         the page for people: figures, mistakes, calibration, curves
tensorboard/        the same log for TensorBoard
checkpoints/        the best and the last state of the training
code/               files of the user's that the recipe names
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import itertools
import json
import platform
import shutil
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bertkit import plugins
from bertkit.errors import Parameter, Problem, RunError
from bertkit.fs import cores, write_json, write_text
from bertkit.recipe.load import build, code_files, dump, map_references
from bertkit.recipe.references import Key
from bertkit.recipe.schema import Recipe
from bertkit.recipe.source import RECIPE, read

PACKAGES = (
    *("bertkit", "torch", "transformers", "tokenizers", "datasets", "accelerate", "evaluate"),
    *("seqeval", "scikit-learn", "scipy", "numpy", "pydantic", "ruamel.yaml", "typer"),
)


class Run:
    """A Run folder. `Run.create` starts one, `Run.open` loads one that a training finished."""

    def __init__(self, path: str | Path):
        self.path = Path(path)
        self.recipe_file = self.path / RECIPE
        self.run_file = self.path / "run.json"
        self.model = self.path / "model"
        self.task_file = self.path / "task.json"
        self.metrics_file = self.path / "metrics.json"
        self.log_file = self.path / "log.jsonl"
        self.environment_file = self.path / "environment.json"
        self.card_file = self.path / "README.md"
        self.report_file = self.path / "report.html"
        self.tensorboard = self.path / "tensorboard"
        self.checkpoints = self.path / "checkpoints"
        self.code = self.path / "code"

    def __repr__(self) -> str:
        return f"Run({str(self.path)!r})"

    @classmethod
    def create(cls, path: str | Path, recipe: Recipe) -> Run:
        """Start a Run in a new or empty folder: writes the recipe, copies the user's code it names.

        Raises:
            RunError: the folder holds something, or can not be made.
        """
        run = cls(path)
        run.check_free()
        try:
            run.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RunError.at(str(path), f"the folder can not be made: {error.strerror}") from error
        recipe = _with_code(recipe, run)
        write_json(run.run_file, {"kind": "train", "backend": "torch", "parent": None})
        write_text(run.recipe_file, dump(recipe))
        return run

    def derive(self, path: str | Path, *, kind: str, backend: str = "torch") -> Run:
        """Start a Run that is made of this one (exported, quantised, distilled) in a new or empty folder.

        It has this Run's recipe, task state, code and environment, and names it as its parent. Its model and metrics
        are for the caller to write, the metrics last: they make it a finished Run.

        Args:
            kind: how it is made: `export`, `quantize`.
            backend: what computes its model (`Backend.name`).

        Raises:
            RunError: the folder holds something, or can not be made.
        """
        derived = Run(path)
        derived.check_free()
        derived.path.mkdir(parents=True, exist_ok=True)
        weights = sorted(file for file in self.model.iterdir() if file.suffix in (".safetensors", ".onnx"))
        hashes = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in weights}
        write_json(
            derived.run_file,
            {"kind": kind, "backend": backend, "parent": {"name": self.path.resolve().name, "weights": hashes}},
        )
        if self.code.is_dir():
            shutil.copytree(self.code, derived.code)
        for source, copy in ((self.task_file, derived.task_file), (self.environment_file, derived.environment_file)):
            if source.is_file():
                shutil.copyfile(source, copy)
        shutil.copyfile(self.recipe_file, derived.recipe_file)
        return derived

    @property
    def is_begun(self) -> bool:
        """Whether a training began here, finished or not."""
        return self.recipe_file.is_file()

    @property
    def is_finished(self) -> bool:
        """Whether it has its metrics, which are written last."""
        return self.metrics_file.is_file()

    def check_free(self) -> None:
        """Raise a RunError where the folder is in use or can not be made; nothing is ever written over."""
        for parent in self.path.parents:
            if parent.exists() and not parent.is_dir():
                what = f"the folder can not be made: Not a directory: {parent}"
                raise RunError.at(str(self.path), what, "name another folder")
        if self.path.is_file() or (self.path.is_dir() and any(self.path.iterdir())):
            if self.is_begun and not self.is_finished:
                raise RunError.at(
                    Parameter("output"), f"{self.path}: holds an unfinished Run", "--resume goes on with it"
                )
            raise RunError.at(Parameter("output"), f"{self.path}: in use", "name a new folder, or remove this one")

    def discard(self) -> None:
        """Remove what `create` and a training that never began have written, so that the folder is free again."""
        shutil.rmtree(self.path, ignore_errors=True)

    @classmethod
    def open(cls, path: str | Path, *, trust_code: bool = False) -> Run:
        """The Run of a folder.

        Args:
            trust_code: whether code that the Run carries may be executed though it was not trained here with it.

        Raises:
            RunError: no Run, one whose training did not finish, or one with code that is not trusted.
        """
        run = cls(path)
        if not run.path.is_dir():
            raise RunError.at(str(path), "no such folder", "a Run is the folder that bertkit train writes")
        if not run.is_begun:
            raise RunError.at(str(path), "not a Run: it has no recipe.yaml", "name the folder that bertkit train wrote")
        missing = [f.name for f in (run.model, run.task_file, run.metrics_file) if not f.exists()]
        if missing:
            todo = f"bertkit train {path} --resume goes on with it"
            raise RunError.at(str(path), f"an unfinished Run: no {', '.join(missing)}", todo)
        if not trust_code:
            run._check_code()
        return run

    @classmethod
    def begun(cls, path: str | Path) -> Run:
        """The Run of a folder, finished or not: what `--resume` goes on with.

        Raises:
            RunError: no Run, or one with code that was not trained here.
        """
        run = cls(path)
        if not run.is_begun:
            raise RunError.at(str(path), "not a Run: it has no recipe.yaml", "name the folder that bertkit train wrote")
        run._check_code()
        return run

    def _check_code(self) -> None:
        """Code in a Run is executed unasked only where the very files it was copied from still stand unchanged."""
        known = self.environment.get("code", {})
        problems = []
        here = self.path.resolve()
        named = {file.resolve() for file in code_files(read(self.recipe_file))}
        for file in sorted(named | {file.resolve() for file in self.code.glob("*.py")}):
            record = known.get(file.name, {}) if file.parent == self.code.resolve() else {}
            source = Path(record.get("source", ""))
            outside = source.is_absolute() and here not in source.resolve().parents
            if not (outside and source.is_file() and source.read_bytes() == file.read_bytes()):
                what = "this Run executes code that was not trained here"
                problems.append(Problem(str(file), what, "read it, then use --trust-code"))
        for name in self._code_of_others():
            problems.append(Problem(name, "this Run loads code through evaluate", "read it, then use --trust-code"))
        if problems:
            raise RunError(*problems)

    def _code_of_others(self) -> list[str]:
        """Metrics that `evaluate` would fetch from somebody's account, or from a folder."""
        named = read(self.recipe_file).values.get("metrics") or []
        named = [named] if isinstance(named, str) else named
        return [
            name
            for name in named
            if isinstance(name, str)
            and name.startswith(plugins.EVALUATE)
            and plugins.file_of(name) is None
            and ("/" in name or Path(name.removeprefix(plugins.EVALUATE)).exists())
        ]

    @property
    def recipe(self) -> Recipe:
        return self.recipe_with(())

    def recipe_with(self, sets: Sequence[str]) -> Recipe:
        """The Run's recipe with `--set KEY=VALUE` applied."""
        return build(read(self.recipe_file, sets), of_run=True)

    @property
    def metrics(self) -> dict[str, Any]:
        return _read_json(self.metrics_file)

    @property
    def kind(self) -> str:
        """How it was made: `train`, or what `derive` was told. Runs of before run.json are trainings."""
        return self._about.get("kind", "train")

    @property
    def backend(self) -> str:
        """The name of what computes its model."""
        return self._about.get("backend", "torch")

    @property
    def parent(self) -> dict[str, Any] | None:
        """Name and weights' SHA-256 of the Run that it was made of."""
        return self._about.get("parent")

    @property
    def _about(self) -> dict[str, Any]:
        return _read_json(self.run_file) if self.run_file.is_file() else {}

    @property
    def task_state(self) -> dict[str, Any]:
        return _read_json(self.task_file)

    @property
    def environment(self) -> dict[str, Any]:
        return _read_json(self.environment_file) if self.environment_file.is_file() else {}


def _with_code(recipe: Recipe, run: Run) -> Recipe:
    """The recipe with each file it names copied into the Run and named there."""
    names: dict[Path, str] = {}

    def copied(key: Key, kind: str, reference: str) -> str:
        file = plugins.file_of(reference)
        if file is None or not file.is_file():
            return reference
        if file not in names:
            candidates = itertools.chain([file.name], (f"{file.stem}_{number}.py" for number in itertools.count(2)))
            names[file] = next(name for name in candidates if name not in names.values())
        return plugins.with_file(reference, f"./code/{names[file]}")

    recipe = map_references(recipe, copied)
    if names:
        run.code.mkdir()
        for file, name in names.items():
            shutil.copyfile(file, run.code / name)
        code = {
            name: {"source": str(file.absolute()), "sha256": hashlib.sha256(file.read_bytes()).hexdigest()}
            for file, name in names.items()
        }
        write_json(run.environment_file, {"code": code})
    return recipe


def default_folder(recipe: str | Path) -> Path:
    """`runs/<recipe>-<time>`, for a recipe's file or name."""
    name = Path(recipe).stem if Path(recipe).is_file() else str(recipe).replace("/", "-")
    return Path("runs", f"{name}-{datetime.now():%Y%m%d-%H%M%S}")


def environment() -> dict[str, Any]:
    """What this machine is: versions, processor, devices, time. Imports torch."""
    import torch

    versions = {}
    for package in PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            versions[package] = ""
    cuda = torch.cuda.device_count() if torch.cuda.is_available() else 0
    return {
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "processors": cores(),
        "threads": torch.get_num_threads(),
        "devices": [torch.cuda.get_device_name(i) for i in range(cuda)] or ["cpu"],
        "versions": versions,
        "command": sys.argv,
    }


def _read_json(file: Path) -> dict[str, Any]:
    try:
        return json.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise RunError.at(str(file), f"can not be read: {error}", "train it again") from error
