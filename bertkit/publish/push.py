"""A Run to the Hugging Face hub, as one commit: the repository is made if there is none; what it holds stays in its
history."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bertkit import hub
from bertkit.errors import BertkitError, Parameter, RunError
from bertkit.publish.folder import Files, files_of
from bertkit.run import Run


@dataclass(frozen=True)
class Pushed:
    """What was uploaded, or would be."""

    files: dict[str, int]
    """Path on the hub -> bytes."""
    missing: list[str]
    """Keys of the card that people look for, and that it lacks: `license`, `language`."""
    url: str = ""
    """Of the commit; empty for a dry run."""


def push(
    run: Run, name: str, *, license: str | None = None, languages: Sequence[str] = (), private: bool = False,
    report: bool = False, dry_run: bool = False,
) -> Pushed:  # fmt: skip
    """Upload a finished Run (folder.py says which of its files).

    Args:
        name: of the repository, `ORG/NAME`.
        private: whether a new repository is visible to its owners alone; one that exists stays as it is.
        dry_run: upload nothing; no network is needed.

    Raises:
        RunError: the Run or the name can not be used, or the hub refuses it.
    """
    _check_name(name)
    files = files_of(run, license=license, languages=languages, report=report)
    sizes = {path: len(what) if isinstance(what, bytes) else what.stat().st_size for path, what in files.items()}
    card = files[run.card_file.name]
    missing = _missing(card if isinstance(card, bytes) else card.read_bytes())
    return Pushed(sizes, missing, "" if dry_run else _upload(run, name, files, private=private))


def _check_name(name: str) -> None:
    from huggingface_hub.errors import HFValidationError
    from huggingface_hub.utils import validate_repo_id

    try:
        validate_repo_id(name)
    except HFValidationError as error:
        raise RunError.at(Parameter("name"), f"{name!r:.100} is no name on the hub", "write ORG/NAME") from error
    if "/" not in name:
        raise RunError.at(Parameter("name"), f"{name}: whose?", f"write ORG/{name}, with your name on the hub for ORG")


def _missing(card: bytes) -> list[str]:
    from huggingface_hub import ModelCard

    data = ModelCard(card.decode()).data
    return [key for key in ("license", "language") if not getattr(data, key, None)]


def _upload(run: Run, name: str, files: Files, *, private: bool) -> str:
    from huggingface_hub import CommitOperationAdd, HfApi, get_token

    if hub.asked_offline():
        raise RunError.at(name, "HF_HUB_OFFLINE is set, so nothing can be uploaded", "unset it")
    if get_token() is None:
        raise RunError.at(name, "you are not logged in to the hub", "hf auth login, or set HF_TOKEN")
    if not hub.reachable():
        raise RunError.at(name, "the hub can not be reached", "try again with a network; --dry-run shows the files")
    api = HfApi(library_name="bertkit")
    adds = [
        CommitOperationAdd(path, str(what) if isinstance(what, Path) else io.BytesIO(what))
        for path, what in files.items()
    ]
    try:
        api.create_repo(name, private=private, exist_ok=True, repo_type="model")
        done = api.create_commit(name, adds, commit_message=f"{run.path.resolve().name}, by bertkit", repo_type="model")
    except Exception as error:  # the library has twenty kinds, and httpx its own
        raise _refused(name, error) from error
    return done.commit_url


def _refused(name: str, error: Exception) -> BertkitError:
    status = getattr(getattr(error, "response", None), "status_code", None)
    if status == 401:
        return RunError.at(name, "the hub does not know your token", "hf auth login, or set HF_TOKEN to one")
    if status == 403:
        return RunError.at(name, f"you may not write to {name}", "use a token that can write, or another ORG")
    if said := hub.explain(error, name, "model"):
        return RunError.at(name, said.what, said.todo)
    return RunError.at(name, "the upload failed", "try again", detail=" ".join(str(error).split())[:300])
