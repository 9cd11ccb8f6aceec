"""What an index knows of itself: which model gave its vectors, how it reads documents, and how well it finds them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel

from bertkit import __version__, hub
from bertkit.errors import ModelError, RunError
from bertkit.extras import PACKAGE
from bertkit.fs import is_remote
from bertkit.inference.bulk.identity import InputFile, model_of
from bertkit.inference.checkpoint import Checkpoint, guess, is_table
from bertkit.inference.predictor import Predictor
from bertkit.recipe.load import load
from bertkit.run import Run
from bertkit.search import vectors
from bertkit.tasks.task import make_task


class Recall(BaseModel):
    """How many of the nearest documents an index of vectors finds, against comparing all."""

    at: int
    recall: float
    """Mean over the queries: documents of the index, drawn at random, of which each is asked for its neighbours."""
    queries: int
    documents: int


class IndexRecord(BaseModel):
    """The record in an index."""

    format: Literal[1] = 1
    bertkit: str = __version__
    model: str
    """Its name; of a folder, its path from the index, if both are on one machine."""
    hashes: dict[str, str]
    """Of the model (inference/bulk/identity.py)."""
    reads: dict[str, Any]
    """How it reads documents: pooling, prompt, windows."""
    mapping: dict[str, str] = {}
    """Names of the columns `text` and `id` in the files of the build, if they are others."""
    title: str | None = None
    """A column that stands before the text."""
    numbered: bool = False
    """Whether ids are the numbers of the rows."""
    inputs: list[InputFile] = []
    """Of the build."""
    finished: bool = False
    recall: Recall | None = None
    threshold: float | None = None
    """Least cosine at which a known question answers a new one (faq.py)."""

    @property
    def text_columns(self) -> list[str]:
        return [*([self.title] if self.title else []), "text"]

    def check(self, model: VectorModel, address: str) -> None:
        """Raise a RunError for vectors of another model, or read in another way."""
        todo = f"name the one it was built with ({self.model}) as --model, or build the index again"
        if model.hashes != self.hashes:
            what = f"was built with another model than {model.name}, or that was changed since"
            raise RunError.at(address, what, todo)
        if model.reads != self.reads:
            keys = sorted(key for key in {*model.reads, *self.reads} if model.reads.get(key) != self.reads.get(key))
            what = (
                f"was built with another {', '.join(keys)}: {self.reads.get(keys[0])}, not {model.reads.get(keys[0])}"
            )
            raise RunError.at(address, what, todo)


def read_about(text: str, address: str) -> IndexRecord:
    """Raises RunError for the record of another version."""
    try:
        return IndexRecord.model_validate_json(text)
    except ValueError as error:
        todo = "upgrade bertkit, or build the index again"
        raise RunError.at(address, f"its record can not be used: {error}", todo) from error


class VectorModel:
    """A model that gives vectors of documents and queries.

    Args:
        name: a Run, a folder or a hub name.
    """

    def __init__(self, name: str, *, trust_code: bool = False):
        self.name = name
        run = None
        encoder = name
        if name.startswith(hub.RUN) or Run(name).is_begun:
            run = Run.open(name, trust_code=trust_code)
            if vectors.VECTOR not in make_task(run.recipe, run.task_state).answer_columns:
                encoder, run = str(run.model), None  # of another task, whose encoder is taken
        if run is not None:
            self.queries: Predictor = Predictor.open(run)
        elif is_table(encoder):
            self.queries = Checkpoint.adopt(encoder)
        else:
            recipe = load(guess(encoder, "embed").model_dump(include={"task", "options"}))
            self.queries = Checkpoint.adopt(encoder, recipe)
        vectors.check_vectors(self.queries, name)
        task = self.queries.task
        reads_windows = "long_text" in type(task.options).model_fields
        self.documents = vectors.for_documents(self.queries, windows=reads_windows)
        self.hashes = model_of(run, self.queries)
        self.reads: dict[str, Any] = self.documents.task.options.model_dump(mode="json")

    @property
    def size(self) -> int:
        """Numbers of a vector."""
        answers = self.documents.predict(["a"], quiet=True)
        return int(vectors.vectors_of(self.documents.task, answers).shape[1])


def from_index(model: str, address: str) -> str:
    """A model's name as an index keeps it: a folder's path from the index."""
    if is_remote(address) or model.startswith((PACKAGE, hub.RUN)) or not Path(model).exists():
        return model
    return os.path.relpath(Path(model).resolve(), Path(address).resolve())


def open_model(about: IndexRecord, address: str, *, trust_code: bool = False) -> VectorModel:
    """The model of an index.

    Raises:
        ModelError: it is not there any more.
        RunError: it is another one now.
    """
    near = Path(address, about.model)
    name = str(near) if not is_remote(address) and near.exists() else about.model
    try:
        model = VectorModel(name, trust_code=trust_code)
    except (RunError, ModelError) as error:
        todo = "name where it is now with --model"
        raise ModelError.at(about.model, f"the model of the index {address} can not be opened", todo) from error
    about.check(model, address)
    return model
