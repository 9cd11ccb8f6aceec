"""A Predictor for a fine-tuned Hugging Face model that is no Run. A recipe says what it is to do.

    predictor = Checkpoint.adopt("textattack/bert-base-uncased-MNLI", load("glue/mnli"))
    evaluate(predictor, load("glue/mnli"), data=["dev_matched.tsv"])

The meaning of its outputs is matched to the data's labels by name (`Task.adopt`) when rows are scored: not before are
the data's labels known. What a Run has learnt beside its weights is missing: thresholds are at their defaults.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bertkit.engine.run import Progress
from bertkit.errors import ModelError
from bertkit.inference.predictor import Predictor, torch_backend
from bertkit.inference.score import Scores
from bertkit.models.build import load_tokenizer
from bertkit.models.weights import resolve
from bertkit.recipe.schema import ModelBlock, Recipe
from bertkit.run import Run
from bertkit.tasks.task import Rows, make_task

if TYPE_CHECKING:
    from bertkit.metrics import Metric

log = logging.getLogger("bertkit")


class Checkpoint(Predictor):
    """A fine-tuned model of others', ready to answer."""

    names: Sequence[str] = ()
    """Of its outputs, as its configuration has them."""
    labels: Sequence[str] = ()
    """What the outputs mean, in their order, whatever the configuration says."""
    order: Sequence[str] = ()
    """The data set's labels in its own order, for a model whose labels have no names."""
    _warned = ""

    @classmethod
    def adopt(
        cls,
        name: str,
        recipe: Recipe,
        *,
        labels: Sequence[str] = (),
        order: Sequence[str] = (),
        device: str | None = None,
    ) -> Checkpoint:
        """The predictor of a checkpoint.

        Args:
            name: a folder as `save_pretrained` writes it, its tokenizer in it, or a hub name.
            recipe: the task, its options, and how many labels the data names (`data.label_names`), if it does.
            labels, order: see the attributes.
            device: see `Predictor.open`.

        Raises:
            ModelError: no model, one without the task's head, or one whose head gives something else.
        """
        task = make_task(recipe)
        names = _names_of_outputs(name)
        if wrong := task.head.check_outputs(names):
            raise ModelError.at("MODEL", f"{name}: {wrong}, but the task is {recipe.task}", "is --on the right one?")
        task.adopt(names, None, recipe.data)
        block = ModelBlock(name=name, padding_free=recipe.model.padding_free)
        backend = torch_backend(task, block, device)
        model: Any = backend.model
        if new := sorted({key.rpartition(".")[0] for key in model.new_weights}):
            what = f"{name}: has no head for the task {recipe.task}: {', '.join(new[:3])} would be random"
            raise ModelError.at("MODEL", what, "name one that was fine-tuned for it, or train this one: bertkit train")
        predictor = cls(task, load_tokenizer(block), backend, recipe)
        predictor.names, predictor.labels, predictor.order = names, list(labels), list(order)
        return predictor

    def score(self, name: str, rows: Rows, metrics: Sequence[Metric], *, progress: Progress = iter) -> Scores:
        warning = self.task.adopt(self.names, rows, self.recipe.data, order=self.order, labels=self.labels)
        if warning and warning != self._warned:
            log.warning("%s", warning)
        self._warned = warning
        return super().score(name, rows, metrics, progress=progress)


def is_checkpoint(name: str) -> bool:
    """Whether a folder is a model and no Run."""
    return (Path(name) / "config.json").is_file() and not Run(name).is_begun


def _names_of_outputs(name: str) -> list[str]:
    """The names of a model's outputs as its configuration has them: LABEL_0, LABEL_1 where it says nothing."""
    from transformers import AutoConfig

    if Path(name).is_dir() and not (Path(name) / "config.json").is_file():
        what = f"{name}: neither a Run (no recipe.yaml) nor a checkpoint (no config.json)"
        raise ModelError.at("MODEL", what, "name the folder that bertkit train or save_pretrained wrote")
    try:
        config = AutoConfig.from_pretrained(**resolve(name, None, "MODEL"))
        return [str(config.id2label[i]) for i in range(config.num_labels)]
    except KeyError as error:
        what = f"{name}: the id2label of its config.json has no name for {error}"
        raise ModelError.at("MODEL", what, "it names the outputs from 0 on") from error
    except (ValueError, OSError) as error:
        what = f"{name}: its config.json can not be used: {' '.join(str(error).split()):.200}"
        raise ModelError.at("MODEL", what, "look at its model_type and id2label") from error
