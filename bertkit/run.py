"""Run: the folder that holds everything a training left. No other module spells a path inside it.

run.json            how this Run was made, from which Run, for which backend, and hashes of its model and task.json
recipe.yaml         the resolved recipe, which trains the same model again
model/              weights, configuration and tokenizer, as plain `AutoModel.from_pretrained` loads them
task.json           what the task learnt beside the weights: label names, thresholds
metrics.json        {"validation": {"accuracy": ...}, "test": {...}, "intervals": {"validation": {...}}, "rows": {...},
                    "warnings": [{"split": ..., "message": ...}], "abstention": [[threshold, answered, wrong]]}
log.jsonl           one line per logged step
data_map.npz        the probability of each training row's answer in each epoch, if the head tells it
environment.json    versions, machine, hashes of the weights and data that went in
local.json          where the data and the model lie on this machine, and the command line; not to be published
README.md           the model card
report.html         the page for people: figures, mistakes, calibration, curves
tensorboard/        the same log for TensorBoard
checkpoints/        the best and the last state of the training
code/               copies of the user's files that the recipe names
predictions/        answers to the test rows of a benchmark

On the hub, the files of `model/` are at the top (publish/folder.py), so a Run without this folder may have them there.
"""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from bertkit import hub, trust
from bertkit.errors import Parameter, Problem, RunError
from bertkit.files.lock import is_free
from bertkit.files.manifest import damage, manifest_of, sha256
from bertkit.files.run_files import About, Environment, Metrics, read_file
from bertkit.fs import folder_aside, sweep, write_json, write_text, writing
from bertkit.recipe.load import dump, dump_values, load_of_run, task_options
from bertkit.recipe.local import LOCAL, put_places, without_folders, write_local
from bertkit.recipe.schema import MEMORY, Recipe
from bertkit.recipe.source import RECIPE, read
from bertkit.run_code import code_in, copy_code, links_out
from bertkit.warn import Warned


class Run:
    """A Run folder. `Run.create` starts one; `Run.open` opens one whose training is finished."""

    def __init__(self, path: str | Path):
        self.path = Path(path)
        self.name = self.path.resolve().name
        """The name of its folder; of a Run that is built aside, the one that it will have."""
        self.recipe_file = self.path / RECIPE
        self.run_file = self.path / "run.json"
        self.model = self.path / "model"
        self.task_file = self.path / "task.json"
        self.metrics_file = self.path / "metrics.json"
        self.log_file = self.path / "log.jsonl"
        self.data_map_file = self.path / "data_map.npz"
        self.environment_file = self.path / "environment.json"
        self.local_file = self.path / LOCAL
        self.card_file = self.path / "README.md"
        self.report_file = self.path / "report.html"
        self.tensorboard = self.path / "tensorboard"
        self.checkpoints = self.path / "checkpoints"
        self.code = self.path / "code"
        self.predictions = self.path / "predictions"
        if not self.model.exists() and (self.path / "config.json").is_file():
            self.model = self.path

    def extra_file(self, name: str) -> Path:
        """A JSON file that the task writes about a split (`Task.files`)."""
        return self.path / f"{name}.json"

    @property
    def resume_command(self) -> str:
        """The command line that continues an unfinished training; with rows in memory, the call from Python."""
        if self.is_begun and f"- {MEMORY}" in self.recipe_file.read_text("utf-8", errors="replace"):
            return f"train({str(self.path)!r}, data=..., resume=True)"
        return f"bertkit train {shlex.quote(str(self.path))} --resume"

    def __repr__(self) -> str:
        return f"Run({str(self.path)!r})"

    @classmethod
    def create(cls, path: str | Path, recipe: Recipe, environment: dict[str, Any] | None = None) -> Run:
        """Start a Run in a new or empty folder: write the recipe, copy the user's code that it names.

        All of it is written aside: a process that is killed here leaves a Run that can be resumed, or a free folder.

        Args:
            environment: what its `environment.json` says, besides its code.

        Raises:
            RunError: the folder is not empty, or can not be made.
        """
        run = cls(path)
        run.check_free()
        sweep(run.path)
        with writing(path), folder_aside(run.path) as folder:
            aside = cls(folder)
            recipe, copies = copy_code(recipe, aside.code)
            if values := {**({"code": copies} if copies else {}), **(environment or {})}:
                write_json(aside.environment_file, values)
            write_json(aside.run_file, {"kind": "train", "backend": "torch", "parent": None})
            recipe, paths = without_folders(recipe)
            write_local(folder, paths)
            write_text(aside.recipe_file, dump(recipe))
        run.local_file.chmod(0o600)  # all others have got the permissions that the umask gives
        run.allow_code()
        return run

    def allow_code(self) -> None:
        """Write down that this user allows the code of this Run, which is that of the user's own recipe."""
        if self.is_begun:
            trust.allow(self._code())

    def move(self, recipe: Recipe) -> None:
        """Keep where a recipe's data and model lie now; all else of the Run's own recipe stays."""
        recipe, paths = without_folders(recipe)
        values = read(self.recipe_file).values
        put_places(values, recipe)
        write_local(self.path, paths)
        write_text(self.recipe_file, dump_values(values))

    def derive(self, path: str | Path, *, kind: str, backend: str = "torch") -> Run:
        """Start a Run that is made from this one (exported, quantised, distilled) in a new or empty folder.

        It gets this Run's recipe, task state, code and environment, and names this Run as its parent. The caller writes
        its model, calls `seal`, and writes its metrics, which make it a finished Run.

        Args:
            kind: how it is made: `export`, `quantize`.
            backend: the backend that computes its model (`Backend.name`).

        Raises:
            RunError: the folder is not empty, or can not be made.
        """
        derived = Run(path)
        derived.check_free()
        with writing(path):
            derived.path.mkdir(parents=True, exist_ok=True)
        weights = sorted(file for file in self.model.iterdir() if file.suffix in (".safetensors", ".onnx"))
        hashes = {file.name: sha256(file) for file in weights}
        write_json(
            derived.run_file,
            {"kind": kind, "backend": backend, "parent": {"name": self.name, "weights": hashes}},
        )
        with writing(path):
            if self.code.is_dir():
                shutil.copytree(self.code, derived.code)
            for name in (self.task_file.name, self.environment_file.name, RECIPE, LOCAL, ".gitignore"):
                if (self.path / name).is_file():
                    shutil.copy(self.path / name, derived.path / name)
        return derived

    def seal(self) -> None:
        """Record the hashes of the model's files and task.json, once they are written; see `check_content`."""
        files = [self.task_file, *(path for path in self.model.rglob("*") if path.is_file())]
        write_json(self.run_file, {**self._about, "files": manifest_of(self.path, files)})

    def check_content(self) -> None:
        """Raise a RunError if the model or task.json are not what was written; reads every byte, about 1 GB/s.

        Runs from before the hashes pass.
        """
        if harm := damage(self.path, self._about.get("files", {})):
            todo = 'copy the Run again; if you made the change yourself, delete "files" from its run.json'
            raise RunError.at(str(self.path), f"its model is damaged: {harm}", todo)

    @property
    def is_sealed(self) -> bool:
        """Whether it has the hashes that `check_content` compares."""
        return bool(self._about.get("files"))

    @property
    def is_begun(self) -> bool:
        """Whether a training was started here, finished or not."""
        return self.recipe_file.is_file()

    @property
    def is_finished(self) -> bool:
        """Whether it has metrics, which are written last."""
        return self.metrics_file.is_file()

    def check_free(self) -> None:
        """Raise a RunError if the folder is in use or can not be made; nothing is ever overwritten."""
        for parent in self.path.parents:
            if parent.exists() and not parent.is_dir():
                what = f"the folder can not be made: Not a directory: {parent}"
                raise RunError.at(str(self.path), what, "name another folder")
        if not is_free(self.path):
            if self.is_begun and not self.is_finished:
                what = f"{self.path}: holds an unfinished Run"
                raise RunError.at(Parameter("output"), what, f"{self.resume_command} continues it")
            raise RunError.at(Parameter("output"), f"{self.path}: in use", "name a new folder, or remove this one")

    def discard(self) -> None:
        """Remove the folder of a training that did not get to its first step, so that it is free again."""
        shutil.rmtree(self.path, ignore_errors=True)

    @classmethod
    def open(cls, path: str | Path, *, trust_code: bool = False) -> Run:
        """The finished Run in a folder, or on the hub (`hub:ORG/NAME[@revision]`), from where it is downloaded once.

        Args:
            trust_code: allow the code of this Run, from now on, if it is not the user's own (see trust.py).

        Raises:
            RunError: not a Run, an unfinished one, or one with code that is not allowed; or it can not be downloaded.
        """
        run = cls(hub.download_run(str(path)) if str(path).startswith(hub.RUN) else path)
        if not run.path.is_dir():
            raise RunError.at(str(path), "no such folder", "a Run is the folder that bertkit train writes")
        run._check_begun()
        missing = [file.name for file in (run.model, run.task_file, run.metrics_file) if not file.exists()]
        if missing:
            what = f"an unfinished Run: no {', '.join(missing)}"
            raise RunError.at(str(path), what, f"{run.resume_command} continues it")
        with trust.given(trust_code):
            trust.check(run._code(), "this Run", RunError)
        return run

    @classmethod
    def begun(cls, path: str | Path) -> Run:
        """The Run in a folder, finished or not, to resume it.

        Raises:
            RunError: not a Run, one with code that is not allowed, or with links that lead out of it.
        """
        run = cls(path)
        run._check_begun()
        trust.check(run._code(), "this Run", RunError)
        run.check_links()
        return run

    def check_links(self) -> None:
        """Raise a RunError if something in it is a link that leads elsewhere, before anything is written to it."""
        what, todo = "leads out of the Run, which is to be written to", "replace it by what it leads to"
        if links := [Problem(str(link), what, todo) for link in links_out(self.path)]:
            raise RunError(*links)

    def _check_begun(self) -> None:
        if not self.is_begun:
            what = f"not a Run: it has no {RECIPE}"
            raise RunError.at(str(self.path), what, "name the folder that bertkit train wrote")

    def _code(self) -> list[trust.Code]:
        return code_in(self.code, self.model, read(self.recipe_file))

    @property
    def recipe(self) -> Recipe:
        return self.recipe_with(())

    def recipe_with(self, sets: Sequence[str]) -> Recipe:
        """The Run's recipe with `--set KEY=VALUE` applied."""
        return load_of_run(self.recipe_file, sets)

    @property
    def metrics(self) -> dict[str, Any]:
        return read_file(self.metrics_file, Metrics)

    @property
    def warnings(self) -> list[Warned]:
        """What was warned of while it was trained and scored; empty in Runs from before these were kept."""
        return self.metrics.get("warnings", [])

    @property
    def kind(self) -> str:
        """How it was made: `train`, or the kind given to `derive`. Runs from before run.json are trainings."""
        return self._about.get("kind", "train")

    @property
    def backend(self) -> str:
        """The name of the backend that computes its model."""
        return self._about.get("backend", "torch")

    @property
    def parent(self) -> dict[str, Any] | None:
        """The Run it was made from: its name and the SHA-256 of its weights. None for a training."""
        return self._about.get("parent")

    @property
    def _about(self) -> dict[str, Any]:
        return read_file(self.run_file, About) if self.run_file.exists() else {}

    @property
    def task_state(self) -> dict[str, Any]:
        task, _ = task_options(self.recipe)
        return read_file(self.task_file, task.State)

    @property
    def environment(self) -> dict[str, Any]:
        return read_file(self.environment_file, Environment) if self.environment_file.exists() else {}


def default_folder(recipe: str | Path) -> Path:
    """`runs/<recipe>-<time>`, for a recipe file or name."""
    name = Path(recipe).stem if Path(recipe).is_file() else str(recipe).replace("/", "-")
    return Path("runs", f"{name}-{datetime.now():%Y%m%d-%H%M%S}")
