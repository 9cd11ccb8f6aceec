"""A Predictor for a fine-tuned Hugging Face model that is not a Run.

    Checkpoint.adopt("dslim/bert-base-NER").predict(["Anna lives in Berlin."])
    Checkpoint.adopt("textattack/bert-base-uncased-MNLI", load("glue/mnli"))

Its task is that of a recipe or, without one, what its configuration says. Its outputs are matched to labels by name
(`Task.adopt`): those of the rows that are scored, else those of the recipe. It lacks what a Run learns beside its
weights: thresholds have their default values.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from bertkit import hub, plugins
from bertkit.engine.backends.opening import Placement, check_as_it_is, torch_backend
from bertkit.engine.backends.static import WEIGHTS, StaticBackend
from bertkit.engine.run import Progress
from bertkit.errors import BertkitError, ModelError, Parameter, RecipeError
from bertkit.files.json_file import read_json
from bertkit.inference.predictor import Predictor, Prepared
from bertkit.inference.score import Scores
from bertkit.models.build import load_tokenizer
from bertkit.models.custom_code import content_of, with_trust
from bertkit.models.weights import folder_with, resolve
from bertkit.recipe.load import load
from bertkit.recipe.schema import ModelBlock, Recipe
from bertkit.run import Run
from bertkit.tasks import TASKS
from bertkit.tasks.task import Codec, Rows, Task, make_task
from bertkit.warn import warn

if TYPE_CHECKING:
    from bertkit.engine.backends.backend import Precision
    from bertkit.metrics import Metric


CONFIG, STATIC = "config.json", "model2vec"


class _Static(BaseModel):
    normalize: bool = False


class Checkpoint(Predictor):
    """A fine-tuned model that bertkit did not train, ready to answer."""

    names: Sequence[str] = ()
    """Names of its outputs in its configuration."""
    labels: Sequence[str] = ()
    """Class names of its outputs, in order; they overrule `names`."""
    order: Sequence[str] = ()
    """The data set's labels in the data set's own order, for a model whose outputs have no names."""
    _warned = ""
    _named = False

    @classmethod
    def adopt(
        cls,
        model: str,
        recipe: Recipe | None = None,
        *,
        labels: Sequence[str] = (),
        order: Sequence[str] = (),
        device: str | None = None,
        precision: Precision = "float32",
    ) -> Checkpoint:
        """The predictor of a checkpoint.

        Args:
            model: a folder as `save_pretrained` writes it, with the tokenizer in it, or a hub name.
            recipe: the task, its options, and the labels, if it has them (`data.label_names`). Default: see `guess`.
            labels, order: see the attributes.
            device, precision: see `Predictor.open`.

        Raises:
            ModelError: no model, one without the task's head or with another task's, or one with code that is not
                allowed.
            RecipeError: labels for a task that has none.
        """
        place = Placement(device, precision)
        place.check()
        if (table := _table(model)) is not None:
            check_as_it_is(model, place)
            return cls._of_table(table, recipe or load({"task": "embed"}))
        names, config = _outputs(model)
        recipe = recipe or _guess(model, names, config)
        task = make_task(recipe)
        if wrong := task.head.check_outputs(names):
            raise ModelError.at(model, f"{wrong}, but the task is {recipe.task}", "is this the right recipe?")
        task.adopt(names, None, recipe.data)
        if labels and not task.state.get("labels"):
            raise RecipeError.at(Parameter("labels"), f"the task {recipe.task} has no labels", "leave it out")
        block = ModelBlock(name=model, padding_free=recipe.model.padding_free)
        task.adopt_model(block)
        backend = torch_backend(task.head, block, place)
        loaded: Any = backend.model
        if new := sorted({key.rpartition(".")[0] for key in loaded.new_weights}):
            what = f"has no head for the task {recipe.task}: {', '.join(new[:3])} would be random"
            raise ModelError.at(model, what, "name one that was fine-tuned for this task, or train this one")
        predictor = cls(task, load_tokenizer(block), backend, recipe)
        predictor.names, predictor.labels, predictor.order = names, list(labels), list(order)
        return predictor

    @classmethod
    def _of_table(cls, folder: Path, recipe: Recipe) -> Checkpoint:
        """A static model, as model2vec writes it: a vector per token, normalised or not as its config.json says."""
        from transformers import PreTrainedTokenizerFast

        task = make_task(recipe)
        if type(task).vocabulary is Codec.vocabulary:
            what = f"a table of vectors, which does not answer the task {recipe.task}"
            raise ModelError.at(str(folder), what, "leave the task out, or name --task embed")
        about = _Static(**read_json(folder / CONFIG, _Static, error=ModelError, remedy="copy the model again"))
        if task.state.get("normalize") is None:
            task.state["normalize"] = about.normalize
        try:
            tokenizer: Any = PreTrainedTokenizerFast(tokenizer_file=str(folder / "tokenizer.json"))
        except Exception as error:  # tokenizers has no kind of its own
            raise ModelError.at(str(folder), f"no usable tokenizer.json: {error}", "copy the model again") from error
        unknown = getattr(tokenizer.backend_tokenizer.model, "unk_token", None)
        number = None if unknown is None else tokenizer.backend_tokenizer.token_to_id(unknown)
        tokenizer.pad_token = tokenizer.pad_token or tokenizer.convert_ids_to_tokens(0)
        tokenizer.model_max_length = StaticBackend.max_tokens
        return cls(task, tokenizer, StaticBackend(folder, task.head, unknown=number), recipe)

    def prepare(self, rows: Any, *, before: Rows = (), after: Rows = ()) -> Prepared:
        if not self._named:
            warning = self.task.adopt(self.names, (), self.recipe.data, order=self.order, labels=self.labels)
            if warning:
                warn(warning)
            self._named = True
        return super().prepare(rows, before=before, after=after)

    def score(self, name: str, rows: Rows, metrics: Sequence[Metric], *, progress: Progress = iter) -> Scores:
        warning = self.task.adopt(self.names, rows, self.recipe.data, order=self.order, labels=self.labels)
        if warning and warning != self._warned:
            warn(warning, name)
        self._warned, self._named = warning, True
        return super().score(name, rows, metrics, progress=progress)


def is_table(model: str) -> bool:
    """Whether a model is a table of vectors, as model2vec writes it."""
    return _table(model) is not None


def _table(model: str) -> Path | None:
    """The folder of a static model; None: it is none."""
    folder = folder_with(model, None, [CONFIG])
    if folder is None or not (folder / CONFIG).is_file():
        return None
    about = read_json(folder / CONFIG, dict[str, Any], error=ModelError, remedy="copy the model again", nan=True)
    if about.get("model_type") != STATIC:
        return None
    return folder_with(model, None, [CONFIG, "tokenizer.json", WEIGHTS])


def is_checkpoint(name: str) -> bool:
    """Whether a folder holds a model and is not a Run."""
    return (Path(name) / "config.json").is_file() and not Run(name).is_begun


def names_checkpoint(name: str) -> bool:
    """Whether this is the folder of a model that is not a Run, or may be the name of a model on the hub."""
    if name.startswith(hub.RUN):
        return False
    path = Path(name)
    if path.exists() or (len(path.parts) > 1 and path.parent.is_dir()):  # runs/mime: a mistyped folder
        return is_checkpoint(name)
    try:
        resolve(name, None, "")
    except BertkitError:
        return False
    return True


def guess(model: str, task: str = "", *, todo: str = ", or a recipe: --on") -> Recipe:
    """The recipe of a checkpoint: the task whose head its configuration names, with the options that this implies.

    Args:
        task: its task, if it is known.
        todo: what else than `--task` may name it.

    Raises:
        ModelError: its configuration names no head, or that of several tasks.
    """
    names, config = _outputs(model)
    if task:
        kind: type[Task] = plugins.find("task", task)
        return load({"task": task, "options": kind.Head.options_of(config)})
    return _guess(model, names, config, todo)


def _guess(model: str, names: list[str], config: dict[str, Any], todo: str = ", or a recipe: --on") -> Recipe:
    kinds = config.get("architectures") or []
    fitting: list[tuple[bool, str, dict[str, Any]]] = []
    for name in TASKS:
        kind: type[Task] = plugins.find("task", name)
        head = kind(kind.Options()).head
        ending = head.auto_class.removeprefix("AutoModel")  # BertForTokenClassification
        if not ending:  # an encoder alone, which every checkpoint has
            continue
        fits = any(str(one).endswith(ending) for one in kinds) and not head.check_outputs(names)
        if fits and (claimed := head.claims(config)) is not False:
            fitting.append((bool(claimed), name, head.options_of(config)))
    fitting = [one for one in fitting if one[0]] or fitting  # a task that the configuration names, if there is one
    if len(fitting) != 1:
        found = ", ".join(map(str, kinds)) or "none"
        what = f"its config.json does not tell the task that it was trained for (architectures: {found})"
        raise ModelError.at(model, what, f"name it: --task {'|'.join(TASKS)}{todo}")
    (_, task, options), *_ = fitting
    return load({"task": task, "options": options})


def _outputs(model: str) -> tuple[list[str], dict[str, Any]]:
    """The names of a model's outputs in its configuration (LABEL_0, LABEL_1, ... where it has none), and all of it."""
    from transformers import AutoConfig

    if Path(model).is_dir() and not (Path(model) / "config.json").is_file():
        what = "neither a Run (no recipe.yaml) nor a checkpoint (no config.json)"
        raise ModelError.at(model, what, "name a folder that bertkit train or save_pretrained wrote")
    place = with_trust(resolve(model, None, ""), model)
    try:
        config = AutoConfig.from_pretrained(**place)
        values = config.to_dict()
        if more := content_of(place, "config_sentence_transformers.json"):
            values["sentence_transformers"] = {**(values.get("sentence_transformers") or {}), **more}
        return [str(config.id2label[i]) for i in range(config.num_labels)], values
    except KeyError as error:
        what = f"the id2label of its config.json has no name for {error}"
        raise ModelError.at(model, what, "give each output a name, counting from 0") from error
    except Exception as error:  # hub and transformers each raise their own kinds for a wrong type
        what = f"its config.json can not be used: {' '.join(str(error).split()):.200}"
        raise ModelError.at(model, what, "check its model_type and id2label") from error
