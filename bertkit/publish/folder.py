"""The files of a Run as they lie on the hub: those of `model/` at the top, beside the card and the Run's records.

There transformers finds the model (`pipeline(task, "ORG/NAME")`), the hub the card, and bertkit the Run
(`bertkit predict hub:ORG/NAME`). What holds texts of the data or names this machine stays behind, so the files are
listed, not the folder's.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bertkit.errors import Parameter, Problem, RunError
from bertkit.files.json_file import read_json
from bertkit.files.run_files import About
from bertkit.run import Run

Files = dict[str, Path | bytes]
"""Path on the hub -> a file of this machine, or the content."""

MODEL_FILES = (".safetensors", ".bin", ".onnx", ".json", ".txt", ".model")
"""Endings of the files of a model, in a Run that does not list them."""

_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]+)*|multilingual|code")
_LICENSE = re.compile(r"[a-z0-9][a-z0-9.-]*")


def files_of(run: Run, *, license: str | None = None, languages: Sequence[str] = (), report: bool = False) -> Files:
    """What of a finished Run is uploaded.

    Args:
        license: the hub's id of a license (`apache-2.0`), for the card.
        languages: ISO 639 codes (`zh`), for the card.
        report: also the page `report.html`, which holds texts of the rows that were scored.

    Raises:
        RunError: the Run is damaged, its card can not be read, or an id is none.
    """
    check_ids(license, languages)
    run.check_content()
    files: Files = {path.relative_to(run.model).as_posix(): path for path in _model_files(run)}
    records = [run.recipe_file, run.task_file, run.metrics_file, run.environment_file, run.log_file]
    records += sorted(path for path in run.code.rglob("*.py") if path.is_file()) if run.code.is_dir() else []
    records += [run.report_file] if report else []
    for path in records:
        if path.is_file():
            files[path.relative_to(run.path).as_posix()] = path
    files[run.run_file.name] = _about(run)
    files[run.card_file.name] = _card(run.card_file, license, languages)
    return files


def _model_files(run: Run) -> list[Path]:
    """The files of the model; where they lie beside all others, as on the hub, those that `run.json` lists."""
    if run.model != run.path:
        return sorted(path for path in run.model.rglob("*") if path.is_file())
    about = (
        read_json(run.run_file, About, error=RunError, remedy="copy the Run again") if run.run_file.is_file() else {}
    )
    named = [run.path / name for name in about.get("files", {}) if _is_below(name)]
    own = {run.run_file, run.task_file, run.metrics_file, run.environment_file, run.report_file, run.local_file}
    there = named or [path for path in run.path.iterdir() if path.suffix in MODEL_FILES]
    return sorted(path for path in there if path.is_file() and path not in own)


def _is_below(name: str) -> bool:
    """Whether a file that a Run lists, which may be a stranger's, lies in its folder, and is not hidden there."""
    return not Path(name).is_absolute() and not any(part.startswith(".") for part in Path(name).parts)


def check_ids(license: str | None, languages: Sequence[str]) -> None:
    """Raise a RunError where a license or a language is not written as the hub writes them."""
    problems = []
    if license and not _LICENSE.fullmatch(license):
        todo = "such as apache-2.0, mit, cc-by-4.0 or other; see hf.co/docs/hub/repositories-licenses"
        problems.append(Problem(Parameter("license"), f"{license!r:.40} is no id of a license", todo))
    for language in languages:
        if not _LANGUAGE.fullmatch(language):
            todo = "such as en, zh or multilingual (ISO 639)"
            problems.append(Problem(Parameter("language"), f"{language!r:.40} is no code of a language", todo))
    if problems:
        raise RunError(*problems)


def _about(run: Run) -> bytes:
    """`run.json`, with the model's files at the top."""
    if not run.run_file.is_file():  # a Run from before it
        return json.dumps({"kind": "train"}).encode()
    about = read_json(run.run_file, About, error=RunError, remedy="copy the Run again")
    inside = "" if run.model == run.path else f"{run.model.name}/"
    files = {name.removeprefix(inside): value for name, value in about.get("files", {}).items()}
    return json.dumps({**about, "files": files}, indent=2).encode()


def _card(file: Path, license: str | None, languages: Sequence[str]) -> bytes:
    """The model card, with license and languages in its front matter."""
    from huggingface_hub import ModelCard

    try:
        card: Any = ModelCard(file.read_text("utf-8"))
    except OSError as error:
        raise RunError.at(str(file), f"can not be read: {error.strerror}", "copy the Run again") from error
    except Exception as error:  # the YAML's, or one of huggingface_hub's
        what = f"its front matter can not be read: {error}"
        raise RunError.at(str(file), what, "mend what stands between the two lines ---") from error
    if license:
        card.data.license = license
    if languages:
        card.data.language = list(languages)
    return str(card).encode()
