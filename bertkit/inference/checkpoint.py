"""A Predictor for a fine-tuned Hugging Face model that is not a Run. A recipe names its task.

    Checkpoint.adopt("textattack/bert-base-uncased-MNLI", load("glue/mnli"))

Its outputs are matched to the data's labels by name (`Task.adopt`) when rows are scored, because the data's labels are
not known earlier. It lacks what a Run learns beside its weights: thresholds have their default values.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bertkit.engine.run import Progress
from bertkit.errors import ModelError
from bertkit.inference.predictor import Predictor, torch_backend
from bertkit.inference.score import Scores
from bertkit.models.build import load_tokenizer
from bertkit.models.custom_code import with_trust
from bertkit.models.weights import resolve
from bertkit.recipe.schema import ModelBlock, Recipe
from bertkit.run import Run
from bertkit.tasks.task import Rows, make_task
from bertkit.warn import warn

if TYPE_CHECKING:
    from bertkit.metrics import Metric


class Checkpoint(Predictor):
    """A fine-tuned model that bertkit did not train, ready to answer."""

    names: Sequence[str] = ()
    """Names of its outputs in its configuration."""
    labels: Sequence[str] = ()
    """Class names of its outputs, in order; they overrule `names`."""
    order: Sequence[str] = ()
    """The data set's labels in the data set's own order, for a model whose outputs have no names."""
    _warned = ""

    @classmethod
    def adopt(
        cls,
        model: str,
        recipe: Recipe,
        *,
        labels: Sequence[str] = (),
        order: Sequence[str] = (),
        device: str | None = None,
    ) -> Checkpoint:
        """The predictor of a checkpoint.

        Args:
            model: a folder as `save_pretrained` writes it, with the tokenizer in it, or a hub name.
            recipe: the task, its options, and the number of labels, if the recipe has it (`data.label_names`).
            labels, order: see the attributes.
            device: see `Predictor.open`.

        Raises:
            ModelError: no model, one without the task's head or with another task's, or one with code that is not
                allowed.
        """
        task = make_task(recipe)
        names = _names_of_outputs(model)
        if wrong := task.head.check_outputs(names):
            raise ModelError.at(model, f"{wrong}, but the task is {recipe.task}", "is this the right recipe?")
        task.adopt(names, None, recipe.data)
        block = ModelBlock(name=model, padding_free=recipe.model.padding_free)
        backend = torch_backend(task, block, device)
        loaded: Any = backend.model
        if new := sorted({key.rpartition(".")[0] for key in loaded.new_weights}):
            what = f"has no head for the task {recipe.task}: {', '.join(new[:3])} would be random"
            raise ModelError.at(model, what, "name one that was fine-tuned for this task, or train this one")
        predictor = cls(task, load_tokenizer(block), backend, recipe)
        predictor.names, predictor.labels, predictor.order = names, list(labels), list(order)
        return predictor

    def score(self, name: str, rows: Rows, metrics: Sequence[Metric], *, progress: Progress = iter) -> Scores:
        warning = self.task.adopt(self.names, rows, self.recipe.data, order=self.order, labels=self.labels)
        if warning and warning != self._warned:
            warn(warning, name)
        self._warned = warning
        return super().score(name, rows, metrics, progress=progress)


def is_checkpoint(name: str) -> bool:
    """Whether a folder holds a model and is not a Run."""
    return (Path(name) / "config.json").is_file() and not Run(name).is_begun


def _names_of_outputs(model: str) -> list[str]:
    """The names of a model's outputs in its configuration: LABEL_0, LABEL_1, ... where it has none."""
    from transformers import AutoConfig

    if Path(model).is_dir() and not (Path(model) / "config.json").is_file():
        what = "neither a Run (no recipe.yaml) nor a checkpoint (no config.json)"
        raise ModelError.at(model, what, "name a folder that bertkit train or save_pretrained wrote")
    place = with_trust(resolve(model, None, ""), model)
    try:
        config = AutoConfig.from_pretrained(**place)
        return [str(config.id2label[i]) for i in range(config.num_labels)]
    except KeyError as error:
        what = f"the id2label of its config.json has no name for {error}"
        raise ModelError.at(model, what, "give each output a name, counting from 0") from error
    except Exception as error:  # hub and transformers each raise their own kinds for a wrong type
        what = f"its config.json can not be used: {' '.join(str(error).split()):.200}"
        raise ModelError.at(model, what, "check its model_type and id2label") from error
