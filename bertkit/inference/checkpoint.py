"""Checkpoint: a Predictor for a fine-tuned Hugging Face model that is no Run. A recipe says what it is to do.

    checkpoint = Checkpoint("textattack/bert-base-uncased-MNLI", load("glue/mnli"))
    evaluate(checkpoint, load("glue/mnli"), data=["dev_matched.tsv"])

Its labels are matched to the data's by name (label_match.py), when the first rows are scored: not before are the data's
known. What a Run would have learnt beside its weights is missing: thresholds are at their defaults.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bertkit.data.columns.labels import HIDDEN, label_names, read_label_names
from bertkit.data.columns.schemes import PREFIXES, Scheme
from bertkit.engine.run import Progress, Scores
from bertkit.errors import ModelError
from bertkit.inference.predictor import Predictor
from bertkit.models.weights import resolve
from bertkit.recipe.schema import ModelBlock, Recipe
from bertkit.tasks.classify.task import Classify
from bertkit.tasks.label_match import MOST, best_order, in_order, match_labels, match_tags
from bertkit.tasks.ner import sentences as tagging_rows
from bertkit.tasks.ner.task import Ner
from bertkit.tasks.regress.task import Regress
from bertkit.tasks.squad.task import Squad
from bertkit.tasks.task import Answer, Rows, make_task

if TYPE_CHECKING:
    from bertkit.metrics import Metric

log = logging.getLogger("bertkit")


class Checkpoint(Predictor):
    """A fine-tuned model of others', ready to answer.

    Args:
        name: a folder as `save_pretrained` writes it, its tokenizer in it, or a hub name.
        recipe: the task, its options, and how many labels the data names (`data.label_names`), if it does.
        labels: what the model's outputs mean, in their order, whatever its configuration says.
        order: the data set's labels in its own order, for a model whose labels have no names.

    Raises:
        ModelError: no model, one without the task's head, or one whose head gives something else.
    """

    def __init__(
        self,
        name: str,
        recipe: Recipe,
        *,
        labels: Sequence[str] = (),
        order: Sequence[str] = (),
        device: str | None = None,
    ):
        self.labels, self.order, self._warned = list(labels), list(order), ""
        task = make_task(recipe)
        self._own = _labels_of(name)
        if isinstance(task, (Classify, Ner)):
            task.state["labels"] = [*self._own]
        if isinstance(task, Ner):
            task.state["scheme"] = _scheme(self._own)
        _check_head(name, recipe, self._own)
        self._load(recipe, task, ModelBlock(name=name, padding_free=recipe.model.padding_free), device)
        if new := sorted({key.rpartition(".")[0] for key in getattr(self.model, "new_weights", ())}):
            what = f"{name}: has no head for the task {recipe.task}: {', '.join(new[:3])} would be random"
            raise ModelError.at("MODEL", what, "name one that was fine-tuned for it, or train this one: bertkit train")
        if isinstance(task, Classify):
            self._index = list(range(len(self._own)))
            self.model.register_forward_hook(self._reorder)

    def score(self, name: str, rows: Rows, metrics: Sequence[Metric], *, progress: Progress = iter) -> Scores:
        self._fit(name, rows)
        return super().score(name, rows, metrics, progress=progress)

    def sanity_checks(self, answers: list[Answer], rows: Rows) -> list[str]:
        """Where another order of the labels would do much better, it is told, and how to give it."""
        if not isinstance(self.task, Classify) or self.task.options.multi_label or len(self.task.labels) > MOST:
            return super().sanity_checks(answers, rows)
        found = super().sanity_checks(answers, rows)
        names = self.task.labels
        predicted, right = self.task.compare(answers, rows, "labels")
        now, chance = float((predicted == right).mean()), 1 / len(names)
        meant, best = best_order(predicted, right, names)
        common = float(np.bincount(right).max() / len(right))
        if not found or best <= max(now, common):
            return found
        new = dict(zip(names, meant, strict=True))
        order = ",".join(new[names[self._index.index(output)]] for output in range(len(names)))
        below = f"accuracy {now:.3f} is {'below chance' if now < chance else 'no better than chance'} ({chance:.3f})"
        return [f"{below}; with the labels in another order it is {best:.3f}: --labels {order}"]

    def _fit(self, name: str, rows: Rows) -> None:
        """Name the outputs as the data's labels are named."""
        task = self.task
        if isinstance(task, Squad):
            task.prepare(rows, self.recipe.data)  # whether a question may have no answer
        if isinstance(task, Classify):
            known = read_label_names(self.recipe.data.label_names)
            found = [one for one in label_names(rows, "label") if one != HIDDEN]  # which the task's own check tells
            data = known or in_order(found, self.order)
            match = match_labels(self._own, data, self.labels)
            kept = [*data, *(one for one in match.names if one not in data)]
            self._index = [match.names.index(one) for one in kept]
            task.state["labels"] = kept
        elif isinstance(task, Ner):
            sentences = tagging_rows.sentences_of(rows)
            tags = tagging_rows.tags_of(rows, sentences, _scheme(self._own))
            tagging_rows.check_tags(tags, sentences, name)
            scheme = tagging_rows.scheme_of(tags, sentences, name)
            every = tagging_rows.all_tags(tags, scheme)
            seen = {tag for row in tags for tag in row}
            match = match_tags(self._own, every, [tag for tag in every if tag in seen], self.labels)
            task.state |= {"labels": match.names, "scheme": scheme}
        else:
            return
        if match.warning and match.warning != self._warned:
            log.warning("%s", match.warning)
        self._warned = match.warning

    def _reorder(self, _model: Any, _inputs: Any, outputs: Any) -> Any:
        """Logits `(batch, label)` in the order of the data's labels: any order of the outputs gives like figures."""
        outputs.logits = outputs.logits[:, self._index]
        return outputs


def is_checkpoint(name: str) -> bool:
    """Whether a folder is a model and no Run."""
    return (Path(name) / "config.json").is_file() and not (Path(name) / "recipe.yaml").is_file()


def _labels_of(name: str) -> list[str]:
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


def _check_head(name: str, recipe: Recipe, labels: Sequence[str]) -> None:
    """Raise a ModelError where the head gives as many numbers as no model for this task does."""
    task = make_task(recipe)
    if isinstance(task, Regress) and len(labels) != 1:
        what = f"{name}: tells {len(labels)} labels apart, and {recipe.task} wants one number"
        raise ModelError.at("MODEL", what, "is --on the right one?")
    if isinstance(task, (Classify, Ner)) and len(labels) < 2:
        what = f"{name}: gives one number (regression), and {recipe.task} wants labels"
        raise ModelError.at("MODEL", what, "is --on the right one?")
    if isinstance(task, Ner) and task.options.crf:
        what = "a checkpoint from elsewhere has no CRF of bertkit's"
        raise ModelError.at("options.crf", what, "--set options.crf=false")


def _scheme(tags: Sequence[str]) -> Scheme:
    """The first scheme that has all prefixes of these tags; IOB2 where they tell nothing."""
    letters = {tag[0] for tag in tags if "-" in tag}
    order: tuple[Scheme, ...] = ("IO", "IOB2", "BIOES", "BILOU", "BMES")
    return next((scheme for scheme in order if letters and letters <= {*PREFIXES[scheme]}), "IOB2")
